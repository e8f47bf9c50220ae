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
use super::{Case, Tried, fails, holds};
use crate::model::NsKind;
use crate::sys::look::{self, Look};
use crate::verify::claim::PathState;
use crate::verify::verdict::Evidence;

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Found {
    /// Nothing stands there.
    Nothing,
    /// What is there cannot be reached, by this error.
    Unreachable(i32),
    There(Facts),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Type and permission bits.
    mode: u32,
    rdev: (u32, u32),
    read_only: bool,
    no_suid: bool,
    pub(super) no_dev: bool,
    /// The error, as a number, where it may not.
    pub(super) read: Result<(), i32>,
    pub(super) write: Result<(), i32>,
    /// Of a directory that can be read: whether nothing is in it.
    empty: Option<bool>,
}

impl Facts {
    fn kind(&self) -> SFlag {
        SFlag::from_bits_truncate(self.mode) & SFlag::S_IFMT
    }

    /// The bits of /dev/null, by which runtimes mask files.
    fn is_null(&self) -> bool {
        self.kind() == SFlag::S_IFCHR && self.rdev == (1, 3)
    }

    pub(super) fn is_device(&self) -> bool {
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

    fn words(&self) -> String {
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

pub(super) fn said(result: Result<(), i32>) -> String {
    match result {
        Ok(()) => "granted".to_owned(),
        Err(number) => format!("{:?}", Errno::from_raw(number)),
    }
}

impl Found {
    pub(super) fn evidence(&self, path: &str) -> Evidence {
        let value = match self {
            Found::Nothing => "nothing".to_owned(),
            Found::Unreachable(number) => Errno::from_raw(*number).to_string(),
            Found::There(facts) => facts.words(),
        };
        Evidence::new(format!("{path} inside"), value)
    }
}

pub(super) fn look_at(path: &str) -> Found {
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
pub(super) fn found(case: &Case<'_>, path: &str) -> Result<Found, String> {
    let place = case.pinned.place(&[NsKind::Mnt])?;
    let path = path.to_owned();
    let look = move |line: &Line| line.say(&look_at(&path));
    Worker::start(&place, case.deadline, look)?.hear()
}

/// The state of a path inside is this.
pub fn is(case: &Case<'_>, path: &str, state: PathState) -> Result<Tried, String> {
    let found = found(case, path)?;
    let evidence = vec![found.evidence(path)];
    let facts = match (&found, state) {
        (Found::There(facts), _) => facts,
        (Found::Nothing, PathState::Mounted) => {
            return Ok(fails(
                format!("looked at {path} inside: nothing is there"),
                evidence,
            ));
        }
        (Found::Nothing, _) => {
            return Ok(holds(
                format!("looked at {path} inside: nothing is there"),
                evidence,
            ));
        }
        (
            Found::Unreachable(number),
            PathState::Unreadable | PathState::Masked | PathState::NotWritable,
        ) if matches!(Errno::from_raw(*number), Errno::EACCES | Errno::EPERM) => {
            let did = format!("looked at {path} inside: the target cannot reach it");
            return Ok(holds(did, evidence));
        }
        (Found::Unreachable(number), _) => {
            let errno = Errno::from_raw(*number);
            return Err(format!("{path} cannot be looked at inside: {errno}"));
        }
    };
    let is_refused = |result| match result {
        Err(number) if Errno::from_raw(number) == Errno::ENOSYS => {
            Err("this kernel has no faccessat2(2) (Linux 5.8)".to_owned())
        }
        result => Ok(result.is_err()),
    };
    let is_so = match state {
        PathState::Absent => false,
        PathState::Unreadable => is_refused(facts.read)?,
        PathState::Masked => {
            facts.is_null() || facts.empty == Some(true) || is_refused(facts.read)?
        }
        PathState::ReadOnly => facts.read_only,
        PathState::NotWritable => is_refused(facts.write)?,
        PathState::NoSuid => facts.no_suid,
        PathState::Mounted | PathState::NotMounted => {
            return Err("mount points are read, and not tried".to_owned());
        }
    };
    let did = format!("looked at {path} inside: {}", facts.words());
    Ok(match is_so {
        true => holds(did, evidence),
        false => fails(did, evidence),
    })
}
