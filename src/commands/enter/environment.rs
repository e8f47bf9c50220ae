//! The environment of a program that is run in there.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use super::pinned::Pinned;
use crate::cli::EnterArgs;
use crate::commands::run::{preserved, tell};
use crate::error::Error;
use crate::isolate::Step;
use crate::isolate::enter::Opened;
use crate::isolate::environment::{foreign, own, path_and_home, usual};
use crate::isolate::failure::During;
use crate::isolate::join::Wanted;
use crate::isolate::root::open_directory;
use crate::model::NsKind;
use crate::sys::look;

/// An environment beyond this (bytes) is cut; execve(2) takes no more than a few MiB either.
const LARGEST_ENVIRONMENT: usize = 1 << 20;

/// What the program gets: where it comes from other file systems than ours, nothing of ours that was
/// not asked for.
pub fn environment(
    args: &EnterArgs,
    pinned: Option<&Pinned>,
    wanted: &[Wanted],
    root: Option<&Opened>,
) -> Result<Vec<OsString>, Error> {
    let preserved = preserved(args.preserve_env.as_ref())?;
    if let (true, Some(pinned)) = (args.env, pinned) {
        let theirs = environment_of(pinned);
        let theirs = theirs.during(|| Step::Open(pinned.name("environ")))?;
        return Ok(match args.preserve_env {
            Some(_) => foreign(theirs, &preserved),
            None => theirs,
        });
    }
    if !is_from_elsewhere(wanted, root) {
        return Ok(own());
    }
    Ok(foreign(pinned.map_or_else(usual, of_there), &preserved))
}

/// Whether the program is none of our own file system.
fn is_from_elsewhere(wanted: &[Wanted], root: Option<&Opened>) -> bool {
    let place = |fd: &OwnedFd| look::at(fd.as_fd(), c"").map(|it| (it.mount, it.device, it.inode));
    let ours = open_directory("/".as_ref()).ok();
    let ours = ours.and_then(|ours| place(&ours).ok());
    let is_ours = |root: &Opened| ours.is_some() && place(&root.fd).ok() == ours;
    let joins_mounts = wanted.iter().any(|it| it.key.kind == NsKind::Mnt);
    joins_mounts || root.is_some_and(|root| !is_ours(root))
}

/// PATH and HOME of the target, or what is usual where they cannot be read, which is said.
fn of_there(pinned: &Pinned) -> Vec<OsString> {
    match environment_of(pinned) {
        Ok(theirs) => path_and_home(&theirs),
        Err(errno) => {
            tell(&format!(
                "PATH and HOME of the target cannot be read ({}: {}): the program gets the usual \
                 PATH",
                pinned.name("environ"),
                errno.desc()
            ));
            usual()
        }
    }
}

/// The kernel reads it from memory that no file stands behind, so that no file server can keep us
/// waiting (environ_read in fs/proc/base.c, Linux 4.17).
fn environment_of(pinned: &Pinned) -> Result<Vec<OsString>, Errno> {
    let contents = pinned.task.read_up_to("environ", LARGEST_ENVIRONMENT)?;
    let entries = contents.split(|byte| *byte == 0);
    Ok(entries
        .filter(|entry| entry.contains(&b'='))
        .map(|entry| OsStr::from_bytes(entry).to_owned())
        .collect())
}
