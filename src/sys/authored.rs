//! Reading what stands at a path of the host together with who decides what stands there: whoever
//! owns, or may write to, any directory on the way. Nothing is read that could have an effect or
//! could wait for anybody: no file servers, no kernel interfaces, no devices, no pipes.

use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, readlinkat};
use nix::sys::stat::Mode;

use super::look::{self, Look};
use crate::model::Author;

/// As many links the kernel follows (MAXSYMLINKS in include/linux/namei.h).
const MOST_LINKS: usize = 40;

/// A path is not longer (bytes; PATH_MAX).
const LONGEST_PATH: usize = 4096;

/// Whether another file system, found at this path of the host, may be entered.
pub type Crossing<'a> = &'a dyn Fn(&[u8]) -> bool;

/// What is done with a symbolic link on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Root may have put a directory elsewhere.
    OfRoot,
    /// ELOOP.
    Refuse,
}

/// Something at a path of the host.
#[derive(Debug)]
pub struct Reached {
    fd: OwnedFd,
    /// Its path, without links.
    pub path: Vec<u8>,
    /// Who decides what stands there, and what it says.
    pub author: Author,
    /// Whether nobody but root comes this way, whoever owns what is below: engines give a container's
    /// folder to the root of its user namespace.
    is_closed: bool,
    look: Look,
}

impl Reached {
    /// Begins at the root directory of the host.
    ///
    /// # Errors
    /// Of statx(2).
    pub fn root(fd: OwnedFd) -> Result<Reached, Errno> {
        Reached::new(fd, Vec::new(), Author::Root, false)
    }

    fn new(fd: OwnedFd, path: Vec<u8>, above: Author, is_closed: bool) -> Result<Reached, Errno> {
        let look = look::at(fd.as_fd(), c"")?;
        let author = match is_closed {
            true => above,
            false => above.or(writers(&look)),
        };
        Ok(Reached {
            fd,
            path,
            author,
            is_closed: is_closed || author == Author::Root && is_roots_alone(&look),
            look,
        })
    }

    fn duplicate(&self) -> Result<Reached, Errno> {
        let fd = self.fd.try_clone();
        Ok(Reached {
            fd: fd.map_err(|_| Errno::EMFILE)?,
            path: self.path.clone(),
            ..*self
        })
    }

    /// Goes on from a directory by a path below it.
    ///
    /// # Errors
    /// ELOOP: a link that is not followed. EXDEV: another file system that may not be entered.
    /// Whatever else openat2(2) says.
    pub fn walk(
        &self,
        path: &[u8],
        links: Links,
        may_cross: Crossing<'_>,
    ) -> Result<Reached, Errno> {
        let mut way = vec![self.duplicate()?];
        let mut ahead = parts(path);
        let mut followed = 0;
        while let Some(name) = ahead.pop() {
            let here = way.last().ok_or(Errno::ENOENT)?;
            if name == b".." {
                // Not above where it began.
                if way.len() > 1 {
                    way.pop();
                }
                continue;
            }
            match here.step(&name, may_cross)? {
                Step::To(next) => way.push(next),
                Step::Link(target) => {
                    followed += 1;
                    if links == Links::Refuse || followed > MOST_LINKS {
                        return Err(Errno::ELOOP);
                    }
                    if target.starts_with(b"/") {
                        way.truncate(1);
                    }
                    ahead.extend(parts(&target));
                }
            }
        }
        way.pop().ok_or(Errno::ENOENT)
    }

    fn step(&self, name: &[u8], may_cross: Crossing<'_>) -> Result<Step, Errno> {
        let mut path = self.path.clone();
        path.push(b'/');
        path.extend(name);
        if path.len() > LONGEST_PATH {
            return Err(Errno::ENAMETOOLONG);
        }
        let opened = match look::open_in_mount(&self.fd, name) {
            Err(Errno::ELOOP) => return self.link(name),
            Err(Errno::EXDEV) if may_cross(&path) => look::open_on_top(&self.fd, name),
            other => other,
        };
        Reached::new(opened?, path, self.author, self.is_closed).map(Step::To)
    }

    /// Where a link of root's leads.
    fn link(&self, name: &[u8]) -> Result<Step, Errno> {
        let name = std::ffi::CString::new(name).map_err(|_| Errno::EINVAL)?;
        let look = look::without_following(self.fd.as_fd(), &name)?;
        if look.mode & libc::S_IFMT != libc::S_IFLNK
            || self.author.or(Author::of(look.uid)) != Author::Root
        {
            return Err(Errno::ELOOP);
        }
        let target = readlinkat(&self.fd, name.as_c_str())?;
        Ok(Step::Link(std::os::unix::ffi::OsStringExt::into_vec(
            target,
        )))
    }

    /// The contents of a regular file, if they are not longer than the limit (bytes).
    ///
    /// # Errors
    /// EINVAL: it is no regular file. EFBIG: it is too long. EAGAIN: its owner holds a lease on it
    /// (fcntl(2)), for which everybody else would wait.
    pub fn read(&self, limit: usize) -> Result<Vec<u8>, Errno> {
        if self.look.mode & libc::S_IFMT != libc::S_IFREG {
            return Err(Errno::EINVAL);
        }
        let file = File::from(self.reopen(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)?);
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut contents = Vec::new();
        file.take(most)
            .read_to_end(&mut contents)
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
        match contents.len() > limit {
            true => Err(Errno::EFBIG),
            false => Ok(contents),
        }
    }

    /// By the descriptor, so that it is what was looked at.
    fn reopen(&self, flags: OFlag) -> Result<OwnedFd, Errno> {
        use std::os::fd::AsRawFd;
        let same = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        open(same.as_str(), flags | OFlag::O_CLOEXEC, Mode::empty())
    }
}

enum Step {
    To(Reached),
    /// A link, by what it holds.
    Link(Vec<u8>),
}

/// The parts of a path, last first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/').rev();
    parts
        .filter(|part| !part.is_empty() && *part != b".")
        .map(<[u8]>::to_vec)
        .collect()
}

/// Who decides what stands in a directory or file: its owner, and whoever else may write to it. An
/// access control list shows in the bits of the group (acl(5)).
fn writers(look: &Look) -> Author {
    let owner = Author::of(look.uid);
    let is_directory = look.mode & libc::S_IFMT == libc::S_IFDIR;
    // Whoever may write to a sticky directory can neither remove nor replace what others have there.
    let is_sticky = is_directory && look.mode & libc::S_ISVTX != 0;
    let by_others = look.mode & libc::S_IWOTH != 0;
    // root's own group, and that which a user is alone in by the custom of distributions.
    let by_group = look.mode & libc::S_IWGRP != 0 && look.gid != 0 && look.gid != look.uid;
    match (by_others || by_group) && !is_sticky {
        true => Author::Anyone,
        false => owner,
    }
}

/// Whether only root can go below a directory: nobody else may search it. Where a list gives that to
/// others, the bits of the group show it (acl(5)).
fn is_roots_alone(look: &Look) -> bool {
    let is_directory = look.mode & libc::S_IFMT == libc::S_IFDIR;
    is_directory && look.uid == 0 && look.mode & (libc::S_IXGRP | libc::S_IXOTH) == 0
}

/// Opens a directory of ours to begin at.
///
/// # Errors
/// Of open(2).
pub fn open_directory(path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    open(path, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    const NEVER: Crossing<'static> = &|_| false;

    /// A folder that everybody may search, as the root directory is.
    fn begin(folder: &Path) -> Reached {
        if folder != Path::new("/") {
            mode(folder, 0o755);
        }
        let path = std::ffi::CString::new(folder.as_os_str().as_encoded_bytes()).unwrap();
        Reached::root(open_directory(&path).unwrap()).unwrap()
    }

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn me() -> Author {
        Author::of(nix::unistd::geteuid().as_raw())
    }

    #[test]
    fn whoever_may_write_on_the_way_has_written_it() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, file) = (folder.path().join("dir"), folder.path().join("dir/file"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(&file, "12345").unwrap();
        let author = |of_dir: u32, of_file: u32| {
            mode(&dir, of_dir);
            mode(&file, of_file);
            let reached = begin(folder.path()).walk(b"dir/file", Links::Refuse, NEVER);
            reached.unwrap().author
        };
        assert_eq!(author(0o755, 0o644), me());
        assert_eq!(author(0o777, 0o644), Author::Anyone);
        assert_eq!(author(0o755, 0o666), Author::Anyone);
        // As /tmp is: what is another's there cannot be replaced.
        assert_eq!(author(0o1777, 0o644), me());
    }

    #[test]
    fn below_a_directory_that_only_root_may_search_everything_is_roots() {
        if me() != Author::Root {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (closed, dir) = (
            folder.path().join("closed"),
            folder.path().join("closed/dir"),
        );
        std::fs::create_dir_all(&dir).unwrap();
        std::os::unix::fs::chown(&dir, Some(1000), Some(1000)).unwrap();
        let author = |of_closed: u32| {
            mode(&closed, of_closed);
            let reached = begin(folder.path()).walk(b"closed/dir", Links::Refuse, NEVER);
            reached.unwrap().author
        };
        assert_eq!(author(0o700), Author::Root);
        assert_eq!(author(0o710), Author::User(1000));
        assert_eq!(author(0o701), Author::User(1000));
    }

    #[test]
    fn only_regular_files_of_a_fair_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "12345").unwrap();
        nix::unistd::mkfifo(&folder.path().join("fifo"), Mode::S_IRWXU).unwrap();
        let begin = begin(folder.path());
        let read = |name: &[u8], limit| {
            let reached = begin.walk(name, Links::Refuse, NEVER)?;
            reached.read(limit)
        };
        assert_eq!(read(b"file", 5), Ok(b"12345".to_vec()));
        assert_eq!(read(b"file", 4), Err(Errno::EFBIG));
        assert_eq!(read(b"fifo", 5), Err(Errno::EINVAL));
        assert_eq!(read(b".", 5), Err(Errno::EINVAL));
        assert_eq!(read(b"none", 5), Err(Errno::ENOENT));
    }

    #[test]
    fn links_are_followed_above_a_data_root_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/real")).unwrap();
        std::fs::write(folder.path().join("a/real/file"), "x").unwrap();
        symlink("../a/real", folder.path().join("a/link")).unwrap();
        symlink("/a/link", folder.path().join("top")).unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        let begin = begin(folder.path());
        let walk = |path: &[u8], links| begin.walk(path, links, NEVER).map(|it| it.path);
        assert_eq!(walk(b"top/file", Links::Refuse), Err(Errno::ELOOP));
        assert_eq!(walk(b"loop", Links::OfRoot), Err(Errno::ELOOP));
        if me() == Author::Root {
            assert_eq!(
                walk(b"top/file", Links::OfRoot),
                Ok(b"/a/real/file".to_vec())
            );
        } else {
            assert_eq!(walk(b"top/file", Links::OfRoot), Err(Errno::ELOOP));
        }
    }

    #[test]
    fn another_file_system_is_entered_only_where_that_is_said() {
        let begin = begin("/".as_ref());
        let walk = |may_cross: Crossing<'_>| {
            let walked = begin.walk(b"proc/self", Links::Refuse, may_cross);
            walked.map(|it| it.path).unwrap_err()
        };
        assert_eq!(walk(NEVER), Errno::EXDEV);
        // It was entered: what refuses is the link in there.
        assert_eq!(walk(&|path| path == b"/proc"), Errno::ELOOP);
    }
}
