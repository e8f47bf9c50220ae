//! Joining namespaces in an order in which each step has the right to the next.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};

use super::failure::{Failure, Step};
use crate::model::namespace::NsKey;
use crate::model::{CapabilitySet, NsKind};
use crate::sys::nsfs::{self, clone_flag};
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{capabilities, child};

/// A namespace that is to be joined.
pub struct Wanted {
    pub key: NsKey,
    pub fd: OwnedFd,
}

impl Wanted {
    fn join(&self) -> Result<(), Errno> {
        setns(&self.fd, flags([self]))
    }
}

fn flags<'a>(wanted: impl IntoIterator<Item = &'a Wanted>) -> CloneFlags {
    let all = wanted
        .into_iter()
        .fold(0, |all, it| all | clone_flag(it.key.kind));
    // nix does not know CLONE_NEWTIME.
    CloneFlags::from_bits_retain(all)
}

/// Joins all of them, none of which may be our own: by one setns(2) on their process where they are
/// all of one, which joins all or none (Linux 5.8), else one by one.
///
/// # Errors
/// The first that stays out of reach, and why.
pub fn all(of: Option<&PidFd>, wanted: Vec<Wanted>) -> Result<(), Failure> {
    let at_once = of.is_some_and(|process| setns(process, flags(&wanted)).is_ok());
    let result = match at_once {
        true => Ok(()),
        false => one_by_one(wanted),
    };
    // Joining a user namespace makes us reachable again.
    child::hide();
    result
}

/// What we have the right to now comes first, since joining a user namespace takes away all rights
/// outside of it; then the way down to the wanted user namespace, one level at a time, for what its
/// ancestors own: a sandbox may have given up its rights by one more user namespace within that
/// which owns its mounts, as bubblewrap does.
fn one_by_one(mut wanted: Vec<Wanted>) -> Result<(), Failure> {
    let own = Own::hold();
    let user = wanted.iter().position(|it| it.key.kind == NsKind::User);
    let user = user.map(|at| wanted.remove(at));
    let mut way = match &user {
        Some(user) => way_down(user, &own)?,
        None => Vec::new(),
    };
    // The root directory changes with the mount namespace: that comes last.
    wanted.sort_by_key(|it| it.key.kind == NsKind::Mnt);
    loop {
        let mut refused = None;
        wanted.retain(|it| match it.join() {
            Ok(()) => false,
            Err(errno) => {
                refused.get_or_insert(errno);
                true
            }
        });
        let Some(next) = way.pop() else {
            return match (refused, wanted.first()) {
                (Some(errno), Some(first)) => Err(failure(first, errno, &own)),
                _ => Ok(()),
            };
        };
        if let Err(errno) = next.join() {
            return Err(failure(&next, errno, &own));
        }
    }
}

/// The user namespaces from the wanted one up to, and without, our own: the next is at the end.
fn way_down(user: &Wanted, own: &Own) -> Result<Vec<Wanted>, Failure> {
    let ours = own.user_namespace();
    let key = |fd: &OwnedFd| {
        let inode = nsfs::identity(fd)?.inode;
        Ok::<_, Errno>(NsKey {
            kind: NsKind::User,
            inode,
        })
    };
    let mut way = Vec::new();
    let mut next = user.fd.try_clone().map_err(|_| Errno::EMFILE);
    while let Ok(fd) = next {
        let key = key(&fd).map_err(|errno| failure(user, errno, own))?;
        if Some(key.inode) == ours {
            return Ok(way);
        }
        next = nsfs::parent(&fd);
        way.push(Wanted { key, fd });
    }
    // It does not lie below our own: let the kernel say so.
    way.truncate(1);
    Ok(way)
}

/// Our own process in our own procfs, held from before anything is joined: what stands at `/proc`
/// in there is the work of somebody else.
struct Own(Option<TaskDir>);

impl Own {
    fn hold() -> Own {
        Own(ProcRoot::open("/proc".as_ref())
            .and_then(|proc| proc.own_task())
            .ok())
    }

    /// The user namespace that we are in now.
    fn user_namespace(&self) -> Option<u64> {
        self.0.as_ref()?.namespace(NsKind::User)?.inode.into()
    }
}

fn failure(it: &Wanted, errno: Errno, own: &Own) -> Failure {
    let step = Step::Join {
        kind: it.key.kind.to_string(),
        namespace: it.key.to_string(),
    };
    let failure = Failure::new(step, errno);
    match cause(it, errno, own) {
        Some(cause) => failure.caused_by(cause),
        None => failure,
    }
}

fn cause(it: &Wanted, errno: Errno, own: &Own) -> Option<String> {
    match errno {
        Errno::EPERM => Some(refusal(it, own)),
        Errno::EINVAL => invalid(it.key.kind).map(str::to_owned),
        _ => None,
    }
}

/// What EINVAL means (setns(2)).
fn invalid(kind: NsKind) -> Option<&'static str> {
    match kind {
        NsKind::User => {
            Some("we are in it already, or share our root directory with another process")
        }
        NsKind::Pid => Some(
            "it is no descendant of our own pid namespace, and pid namespaces can only be entered \
             downwards (setns(2))",
        ),
        NsKind::Cgroup | NsKind::Ipc | NsKind::Mnt | NsKind::Net | NsKind::Time | NsKind::Uts => {
            None
        }
    }
}

/// Who governs it, and what that means for us (the table in setns(2)).
fn refusal(it: &Wanted, own: &Own) -> String {
    let governs = match it.key.kind == NsKind::User {
        true => Ok(it.key.inode),
        false => nsfs::owner(&it.fd).and_then(|owner| Ok(nsfs::identity(owner)?.inode)),
    };
    let own = own.user_namespace();
    let effective = capabilities::get().map(|sets| sets.effective);
    let lacks = |number| effective.is_ok_and(|set| !set.contains(number));
    let takes = match it.key.kind {
        NsKind::Mnt => "CAP_SYS_ADMIN over that, and CAP_SYS_ADMIN and CAP_SYS_CHROOT over our own",
        NsKind::User => "CAP_SYS_ADMIN over that",
        NsKind::Cgroup | NsKind::Ipc | NsKind::Net | NsKind::Pid | NsKind::Time | NsKind::Uts => {
            "CAP_SYS_ADMIN over that and over our own"
        }
    };
    let who = match governs {
        Ok(inode) => format!("user:[{inode}] governs it"),
        Err(_) => "a user namespace above our own governs it".to_owned(),
    };
    let we = match (&governs, own) {
        (Ok(inode), Some(own)) if *inode == own && it.key.kind != NsKind::User => {
            if lacks(CapabilitySet::SYS_ADMIN) {
                "that is our own, in which we do not have CAP_SYS_ADMIN".to_owned()
            } else {
                "that is our own: CAP_SYS_CHROOT is missing, or a security module refuses"
                    .to_owned()
            }
        }
        (_, Some(own)) if lacks(CapabilitySet::SYS_ADMIN) => format!(
            "we are in user:[{own}] without CAP_SYS_ADMIN, and only who made a user namespace has \
             all rights in it: run as its maker or as root, with -U"
        ),
        (_, Some(own)) => format!("we are in user:[{own}], whose rights do not reach there"),
        (_, None) => "our own is not known".to_owned(),
    };
    format!("{who}; joining takes {takes}; {we}")
}
