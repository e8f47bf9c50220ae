//! A process that is pinned while it is looked at, and the way to where it is.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::Target;
use super::worker::Place;
use crate::collect::details;
use crate::collect::processes::stat_of;
use crate::isolate::cgroups;
use crate::isolate::join::Wanted;
use crate::isolate::target_user::TargetUser;
use crate::isolate::visit::Visit;
use crate::model::mount::Mount;
use crate::model::namespace::NsKey;
use crate::model::process::{CgroupEntry, Seccomp, Status};
use crate::model::{CapabilitySet, LinkName, NsKind, Pid, Seen};
use crate::sys::look;
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::verify::verdict::Evidence;

/// A process that nobody else can take the number of while we look at it. The error of everything is
/// the reason in words why it was not tried.
pub struct Pinned {
    pub pid: Pid,
    task: TaskDir,
    pidfd: PidFd,
    /// Our own, by our own /proc.
    own: TaskDir,
}

impl Pinned {
    pub fn open(target: &Target) -> Result<Pinned, String> {
        let gone = || format!("process {} has ended", target.pid);
        let proc = ProcRoot::open("/proc".as_ref());
        let proc = proc.map_err(|errno| format!("our /proc cannot be read: {errno:?}"))?;
        if !proc.is_procfs() || !proc.is_ours() {
            return Err("our /proc is not of our own pid namespace".to_owned());
        }
        let own = proc.own_task();
        let own = own.map_err(|errno| format!("/proc/self cannot be read: {errno:?}"))?;
        let pidfd = PidFd::open(target.pid).map_err(|errno| match errno {
            // Which of the two depends on the kernel.
            Errno::EINVAL | Errno::ENOENT => format!("{} is a thread, and no process", target.pid),
            _ => gone(),
        })?;
        let task = proc.task(target.pid).map_err(|_| gone())?;
        let started = stat_of(&task).known().map(|stat| stat.start_time);
        let is_same = target.start_time.is_none_or(|time| started == Some(time));
        match is_same && pidfd.is_alive() == Ok(true) {
            true => Ok(Pinned {
                pid: target.pid,
                task,
                pidfd,
                own,
            }),
            false => Err(gone()),
        }
    }

    /// The namespace of a kind that it is in.
    pub fn namespace(&self, kind: NsKind) -> Result<NsKey, String> {
        namespace(&self.task, kind, self.pid)
    }

    /// Ours.
    pub fn our_namespace(&self, kind: NsKind) -> Result<NsKey, String> {
        namespace(&self.own, kind, std::process::id().cast_signed())
    }

    /// Whether its namespace of a kind is ours too.
    pub fn is_in_our(&self, kind: NsKind) -> Result<bool, String> {
        Ok(self.namespace(kind)? == self.our_namespace(kind)?)
    }

    /// Whether a process that is known to us by this number and start time is in no pid namespace of the
    /// target's, nor below that: it has fewer numbers, or is in another as deep.
    pub fn is_outside(&self, pid: Pid, start_time: u64) -> Result<bool, String> {
        let proc = ProcRoot::open("/proc".as_ref());
        let Ok(task) = proc.and_then(|proc| proc.task(pid)) else {
            return Ok(false);
        };
        let is_it = stat_of(&task).known().map(|it| it.start_time) == Some(start_time);
        let levels = |status: &Status| status.nspid.as_ref().map_or(0, Vec::len);
        let theirs = details::status_of(&task).known().map(levels);
        let own = levels(&self.status()?);
        let apart = match task.namespace(NsKind::Pid) {
            Some(key) if theirs == Some(own) => key != self.namespace(NsKind::Pid)?,
            _ => theirs.is_some_and(|theirs| theirs < own),
        };
        Ok(is_it && apart)
    }

    pub fn status(&self) -> Result<Status, String> {
        self.known("status", details::status_of(&self.task))
    }

    pub fn mounts(&self) -> Result<Vec<Mount>, String> {
        self.known("mountinfo", details::mounts_of(&self.task))
    }

    pub fn our_mounts(&self) -> Result<Vec<Mount>, String> {
        self.known("mountinfo", details::mounts_of(&self.own))
    }

    pub fn cgroups(&self) -> Result<Vec<CgroupEntry>, String> {
        self.known("cgroup", details::cgroups_of(&self.task))
    }

    pub fn our_cgroups(&self) -> Result<Vec<CgroupEntry>, String> {
        self.known("cgroup", details::cgroups_of(&self.own))
    }

    pub fn start_time(&self) -> Result<u64, String> {
        self.known("stat", stat_of(&self.task))
            .map(|stat| stat.start_time)
    }

    fn known<T>(&self, file: &str, seen: Seen<T>) -> Result<T, String> {
        match seen {
            Seen::Known(value) => Ok(value),
            Seen::Unknown(why) => Err(format!("/proc/{}/{file} cannot be read: {why}", self.pid)),
        }
    }

    /// What keeps the target from more than it keeps a probe from: that is not taken over.
    pub fn barriers(&self) -> Vec<Evidence> {
        let mut barriers = Vec::new();
        if self
            .status()
            .is_ok_and(|it| it.seccomp != Some(Seccomp::Disabled))
        {
            barriers.push(Evidence::new(
                format!("/proc/{}/status", self.pid),
                "a seccomp filter, which the probe does not have: the target may be able to do less",
            ));
        }
        if let Some(Some(label)) = details::lsm_of(&self.task).known() {
            barriers.push(Evidence::new(
                format!("/proc/{}/attr/current", self.pid),
                format!(
                    "{label}, which the probe is not confined by: the target may be able to do less"
                ),
            ));
        }
        barriers
    }

    /// Its namespaces of these kinds, and its rights: with them goes its user namespace. With the mount
    /// namespace goes its root directory.
    pub fn place(&self, kinds: &[NsKind]) -> Result<Place, String> {
        let mut wanted = Vec::new();
        let others = kinds.iter().filter(|kind| **kind != NsKind::User);
        for kind in others.chain([&NsKind::User]) {
            wanted.extend(self.other(*kind)?);
        }
        let root = match kinds.contains(&NsKind::Mnt) {
            true => self.root()?,
            false => None,
        };
        let user = self.user()?;
        let credentials = user.credentials(CapabilitySet(0));
        let mut credentials = credentials.map_err(|failure| words(&failure))?;
        let mut groups_before = user.groups_before();
        if user.has_our_groups() {
            // There is nothing to change, which would take rights that we may not have.
            (credentials.groups, groups_before) = (None, None);
        }
        Ok(Place::Of(Visit {
            of: self.pidfd()?,
            wanted,
            root,
            cgroups: Vec::new(),
            groups_before,
            credentials: Some(credentials),
        }))
    }

    fn pidfd(&self) -> Result<PidFd, String> {
        let pidfd = self.pidfd.duplicate();
        pidfd.map_err(|errno| format!("no descriptor is left: {errno:?}"))
    }

    /// The same place in its device cgroup: that of cgroup v1 where there is one, since what governs
    /// devices is there then, else its cgroup (cgroups(7)).
    pub fn in_device_cgroup(&self, place: Place) -> Result<Place, String> {
        let theirs = self.cgroups()?;
        let is_v1 = |it: &CgroupEntry| it.controllers.split(',').any(|name| name == "devices");
        let has_v1 = theirs.iter().any(is_v1);
        self.in_cgroups(place, |it| match has_v1 {
            true => is_v1(it),
            false => it.controllers.is_empty(),
        })
    }

    /// All of its namespaces, its root directory, and its cgroups: for a process that can be seen in
    /// there. Whoever may trace it there would otherwise have by it what it still has of ours.
    pub fn whole_place(&self) -> Result<Place, String> {
        let is_known = |kind: &NsKind| self.own.namespace(*kind).is_some();
        let kinds: Vec<NsKind> = NsKind::ALL.into_iter().filter(is_known).collect();
        // Not into what may be frozen, where it could not even be ended (freezer of cgroups(7)).
        let is_joined = |it: &CgroupEntry| !it.controllers.split(',').any(|name| name == "freezer");
        match self.in_cgroups(self.place(&kinds)?, is_joined) {
            // An ordinary user has nothing in his own cgroup that his sandboxes have not.
            Err(_) if !geteuid().is_root() => self.place(&kinds),
            place => place,
        }
    }

    fn in_cgroups(
        &self,
        place: Place,
        is_wanted: impl Fn(&CgroupEntry) -> bool,
    ) -> Result<Place, String> {
        let Place::Of(mut visit) = place else {
            return Ok(place);
        };
        let ours = self.our_cgroups()?;
        let mut wanted = self.cgroups()?;
        wanted.retain(|it| is_wanted(it) && !ours.contains(it));
        let hierarchies = details::cgroup_hierarchies(&self.own);
        let hierarchies = self.known("mountinfo", hierarchies)?;
        let opened = cgroups::open(&wanted, &ours, &hierarchies);
        visit.cgroups = opened.map_err(|failure| words(&failure))?;
        Ok(Place::Of(visit))
    }

    /// Its user namespace alone, in which all rights are ours after joining, where it is not our own.
    pub fn root_in_user_namespace(&self) -> Result<Place, String> {
        Ok(Place::Of(Visit {
            of: self.pidfd()?,
            wanted: self.other(NsKind::User)?.into_iter().collect(),
            root: None,
            cgroups: Vec::new(),
            groups_before: None,
            credentials: None,
        }))
    }

    fn user(&self) -> Result<TargetUser, String> {
        let is_ours = self.namespace(NsKind::User)? == self.our_namespace(NsKind::User)?;
        let map = |file| self.known(file, details::id_map_of(&self.task, file));
        Ok(TargetUser {
            name: format!("/proc/{}", self.pid),
            status: self.status()?,
            maps: match is_ours {
                true => None,
                false => Some([map("uid_map")?, map("gid_map")?]),
            },
        })
    }

    /// Its namespace of a kind, where that is not ours too.
    fn other(&self, kind: NsKind) -> Result<Option<Wanted>, String> {
        let key = self.namespace(kind)?;
        if key == self.our_namespace(kind)? {
            return Ok(None);
        }
        let fd = self.task.open_ns(LinkName::Own(kind));
        let fd = fd.map_err(|errno| format!("its {kind} namespace cannot be opened: {errno:?}"))?;
        Ok(Some(Wanted { key, fd }))
    }

    /// Its root directory, where that is not ours too.
    fn root(&self) -> Result<Option<OwnedFd>, String> {
        let open = |task: &TaskDir| {
            let fd = task.open_directory("root")?;
            let seen = look::at(fd.as_fd(), c"")?;
            Ok::<_, Errno>((fd, (seen.mount, seen.device, seen.inode)))
        };
        let (theirs, ours) = (open(&self.task), open(&self.own));
        let no_root = |errno| format!("its root directory cannot be opened: {errno:?}");
        let (fd, place) = theirs.map_err(no_root)?;
        Ok((ours.ok().map(|(_, ours)| ours) != Some(place)).then_some(fd))
    }
}

fn namespace(task: &TaskDir, kind: NsKind, pid: Pid) -> Result<NsKey, String> {
    task.namespace(kind)
        .ok_or_else(|| format!("/proc/{pid}/ns/{kind} cannot be read"))
}

/// A failure with its cause, in one sentence.
pub fn words(failure: &crate::isolate::Failure) -> String {
    match &failure.cause {
        Some(cause) => format!("{failure} ({cause})"),
        None => failure.to_string(),
    }
}
