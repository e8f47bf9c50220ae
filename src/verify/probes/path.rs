//! What stands at a path inside, and what the target may do with it. Nothing is opened but for
//! looking: neither a FIFO nor a device can keep us waiting or notice.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::stat::SFlag;
use nix::sys::statfs::fstatfs;
use nix::sys::statvfs::FsFlags;
use nix::unistd::AccessFlags;
use serde::{Deserialize, Serialize};

use super::worker::{Line, Worker};
use super::{NotTried, Sides};
use crate::model::NsKind;
use crate::sys::look::{self, Look};
use crate::verify::verdict::Evidence;

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub enum Found {
    /// Nothing stands there.
    Nothing,
    /// What is there cannot be reached, by this error.
    Unreachable(i32),
    There(Facts),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Type and permission bits.
    mode: u32,
    rdev: (u32, u32),
    pub read_only: bool,
    pub no_suid: bool,
    pub no_dev: bool,
    /// The error, as a number, where it may not.
    pub read: Result<(), i32>,
    pub write: Result<(), i32>,
    /// Of a directory that can be read: whether nothing is in it.
    pub empty: Option<bool>,
}

impl Facts {
    fn kind(&self) -> SFlag {
        SFlag::from_bits_truncate(self.mode) & SFlag::S_IFMT
    }

    /// The bits of /dev/null, by which runtimes mask files.
    pub fn is_null(&self) -> bool {
        self.kind() == SFlag::S_IFCHR && self.rdev == (1, 3)
    }

    pub fn is_device(&self) -> bool {
        matches!(self.kind(), SFlag::S_IFCHR | SFlag::S_IFBLK)
    }

    fn what(&self) -> &'static str {
        match self.kind() {
            SFlag::S_IFDIR => "directory",
            SFlag::S_IFREG => "file",
            SFlag::S_IFCHR => "character device",
            SFlag::S_IFBLK => "block device",
            SFlag::S_IFIFO => "FIFO",
            SFlag::S_IFSOCK => "socket",
            _ => "file of another kind",
        }
    }

    pub fn words(&self) -> String {
        let mut words = vec![self.what().to_owned()];
        if self.is_device() {
            words.push(format!("{}:{}", self.rdev.0, self.rdev.1));
        }
        if self.empty == Some(true) {
            words.push("empty".to_owned());
        }
        let flags = [
            (self.read_only, "read-only mount"),
            (self.no_suid, "nosuid"),
            (self.no_dev, "nodev"),
        ];
        let set = flags.into_iter().filter(|(is_set, _)| *is_set);
        words.extend(set.map(|(_, name)| name.to_owned()));
        words.push(format!("read: {}", said(self.read)));
        words.push(format!("write: {}", said(self.write)));
        words.join(", ")
    }
}

pub fn said(result: Result<(), i32>) -> String {
    match result {
        Ok(()) => "granted".to_owned(),
        Err(number) => format!("{:?}", Errno::from_raw(number)),
    }
}

impl Found {
    pub fn evidence(&self, path: &str) -> Evidence {
        let value = match self {
            Found::Nothing => "nothing".to_owned(),
            Found::Unreachable(number) => Errno::from_raw(*number).to_string(),
            Found::There(facts) => facts.words(),
        };
        Evidence::new(format!("{path} inside"), value)
    }
}

pub fn look_at(path: &str) -> Found {
    match facts(path) {
        Ok(facts) => Found::There(facts),
        Err(Errno::ENOENT | Errno::ENOTDIR) => Found::Nothing,
        Err(errno) => Found::Unreachable(errno as i32),
    }
}

fn facts(path: &str) -> Result<Facts, Errno> {
    let file = look::open_path(path)?;
    let Look { mode, rdev, .. } = look::at(file.as_fd(), c"")?;
    let flags = fstatfs(&file)?.flags();
    // ST_NODEV of statfs(2), which nix calls by its name too.
    let has = |flag| flags.contains(flag);
    let may = |mode| look::may(file.as_fd(), mode).map_err(|errno| errno as i32);
    let is_directory = SFlag::from_bits_truncate(mode) & SFlag::S_IFMT == SFlag::S_IFDIR;
    Ok(Facts {
        mode,
        rdev,
        read_only: has(FsFlags::ST_RDONLY),
        no_suid: has(FsFlags::ST_NOSUID),
        no_dev: has(FsFlags::ST_NODEV),
        read: may(AccessFlags::R_OK),
        write: may(AccessFlags::W_OK),
        empty: is_directory.then(|| look::is_empty(&file)).flatten(),
    })
}

/// Looks at a path inside, with the target's rights.
pub fn found(sides: &Sides<'_>, path: &str) -> Result<Found, NotTried> {
    let place = sides.pinned.place(&[NsKind::Mnt])?;
    let path = path.to_owned();
    let look = move |line: &Line| line.say(&look_at(&path));
    Worker::start(&place, sides.deadline, look)?.hear()
}
