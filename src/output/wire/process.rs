//! `nsinspect.process/1`, whose record snapshots are made of too.

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use super::container::ContainerRecord;
use super::namespace::NamespaceRecord;
use crate::analyse::containers::identity;
use crate::analyse::diff::main_cgroup_path;
use crate::analyse::pids::{PidIn, pids_of};
use crate::model::mount::Mount;
use crate::model::process::{
    Capabilities, CgroupEntry, Details, IdRange, Ids, More, RootDir, Seccomp, Stat, Status, Thread,
    TimeOffsets,
};
use crate::model::{CapabilitySet, LinkName, Links, NsKind, Pid, Process, Seen, Snapshot, Why};

/// All that is known of one process, or of one namespace: the other is `null`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Subject {
    pub process: Option<ProcessRecord>,
    /// The namespaces of the process with their owners, or the one that was asked for
    pub namespaces: Vec<NamespaceRecord>,
}

/// One process, or one thread where a TID was asked for.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ProcessRecord {
    pub pid: Pid,
    /// The thread that was asked for, where it is not the process's first
    pub tid: Option<Pid>,
    /// Clock ticks after boot: with the PID, what tells a process from its successor
    pub start_time: Option<u64>,
    pub ppid: Option<Pid>,
    /// `R`, `S`, `D`, `Z` … as in ps(1)
    pub state: Option<char>,
    /// A thread of the kernel itself
    pub kernel_thread: Option<bool>,
    pub comm: Option<String>,
    /// Arguments; empty for kernel threads and zombies
    /// of more than 32 KiB the rest is left out, and `…` is the last
    pub cmdline: Option<Vec<String>>,
    /// Number of threads
    pub nthreads: u32,
    /// Effective uid, as numbered in the reader's user namespace
    pub uid: Option<u32>,
    /// Effective gid
    pub gid: Option<u32>,
    pub uids: Option<Ids>,
    pub gids: Option<Ids>,
    /// Supplementary groups
    pub groups: Option<Vec<u32>>,
    /// Its number in every pid namespace, from the reader's inwards
    pub pids: Vec<PidRecord>,
    /// Inode by kind
    pub namespaces: BTreeMap<String, Option<u64>>,
    /// Inode of the pid namespace that its next child will be in
    pub pid_for_children: Option<u64>,
    /// Inode of the time namespace that its next child will be in
    pub time_for_children: Option<u64>,
    /// Threads that are in other namespaces than the process
    pub threads: Option<Vec<ThreadRecord>>,
    pub uid_map: Option<Vec<IdRange>>,
    pub gid_map: Option<Vec<IdRange>>,
    /// Owner of its files in /proc: root instead of its uid where it is not dumpable
    pub files_owner: Option<u32>,
    /// `allow` or `deny`
    pub setgroups: Option<String>,
    /// Names by set: effective, permitted, bounding, inheritable, ambient
    pub capabilities: Option<BTreeMap<String, Vec<String>>>,
    pub no_new_privs: Option<bool>,
    /// `disabled`, `strict` or `filter`
    pub seccomp: Option<String>,
    /// Label of the security module; `null` and not in `unknown`: none is active
    pub lsm: Option<String>,
    /// Root directory, as seen from the reader's root; `/` is its mount namespace's own
    pub root: Option<String>,
    pub root_id: Option<RootRecord>,
    /// The program that it runs, as seen from the reader's root
    #[serde(default)]
    pub exe: Option<String>,
    /// The path that says most; all are in `cgroups`
    pub cgroup: Option<String>,
    pub cgroups: Option<Vec<CgroupEntry>>,
    /// The same as the process itself sees them
    pub cgroups_inside: Option<Vec<CgroupEntry>>,
    pub timens_offsets: Option<TimeOffsets>,
    pub mounts: Option<Vec<Mount>>,
    pub container: Option<ContainerRecord>,
    pub unknown: Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct PidRecord {
    /// Inode of the pid namespace; `null` above what the reader may see
    pub ns: Option<u64>,
    pub pid: Pid,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ThreadRecord {
    pub tid: Pid,
    pub comm: String,
    /// The links below /proc/TID/ns in which it differs
    pub namespaces: BTreeMap<String, u64>,
}

/// Which directory the root is.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct RootRecord {
    pub device: u64,
    pub inode: u64,
}

impl From<&PidIn> for PidRecord {
    fn from(pid: &PidIn) -> PidRecord {
        PidRecord {
            ns: pid.ns,
            pid: pid.pid,
        }
    }
}

impl ProcessRecord {
    /// The record of a process.
    pub fn new(snapshot: &Snapshot, process: &Process) -> ProcessRecord {
        let mut unknown = Unknown::default();
        let details = process
            .details
            .clone()
            .map_or_else(nothing_looked_at, |details| *details);
        let status = details.status;
        let stat = process.stat.clone();
        let since = |field: Option<_>| field.map_or(Seen::Unknown(Why::Unsupported), Seen::Known);
        ProcessRecord {
            pid: process.pid,
            tid: process.tid,
            start_time: unknown.note("start_time", stat.part(|stat| stat.start_time)),
            ppid: unknown.note("ppid", stat.part(|stat| stat.ppid)),
            state: unknown.note("state", stat.part(|stat| stat.state)),
            kernel_thread: unknown.note("kernel_thread", stat.part(|stat| stat.kernel_thread)),
            comm: unknown.note("comm", stat.map(|stat| stat.comm)),
            cmdline: unknown.note("cmdline", process.cmdline.clone()),
            nthreads: process.nthreads,
            uid: unknown.note("uid", process.uid.clone()),
            gid: unknown.note("gid", status.part(|status| status.gids.effective)),
            uids: unknown.note("uids", status.part(|status| status.uids)),
            gids: unknown.note("gids", status.part(|status| status.gids)),
            groups: unknown.note("groups", status.part(|status| status.groups.clone())),
            pids: pids(snapshot, process, &status, &mut unknown),
            namespaces: namespaces(&process.links, &mut unknown),
            pid_for_children: unknown.note(
                "pid_for_children",
                process.links.get(LinkName::PidForChildren).clone(),
            ),
            time_for_children: unknown.note(
                "time_for_children",
                process.links.get(LinkName::TimeForChildren).clone(),
            ),
            threads: unknown.note(
                "threads",
                details
                    .threads
                    .map(|all| all.iter().map(ThreadRecord::from).collect()),
            ),
            uid_map: unknown.note("uid_map", details.uid_map),
            gid_map: unknown.note("gid_map", details.gid_map),
            files_owner: unknown.note("files_owner", details.files_owner),
            setgroups: unknown.note("setgroups", details.setgroups),
            capabilities: unknown.note(
                "capabilities",
                status.part(|status| capability_names(&status.capabilities)),
            ),
            no_new_privs: unknown.note(
                "no_new_privs",
                status.part(|status| status.no_new_privs).and_then(since),
            ),
            seccomp: unknown.note(
                "seccomp",
                status
                    .part(|status| status.seccomp.map(|mode| mode.name().to_owned()))
                    .and_then(|mode| mode.map_or(Seen::Unknown(Why::Unsupported), Seen::Known)),
            ),
            lsm: unknown.note("lsm", details.lsm).flatten(),
            root: unknown.note("root", details.root.part(|root| root.path.clone())),
            root_id: unknown.note(
                "root_id",
                details.root.part(|root| RootRecord {
                    device: root.device,
                    inode: root.inode,
                }),
            ),
            exe: unknown.note("exe", details.exe),
            cgroup: unknown.note(
                "cgroup",
                process.cgroups.part(|entries| main_cgroup_path(entries)),
            ),
            cgroups: unknown.note("cgroups", process.cgroups.clone()),
            cgroups_inside: unknown.note("cgroups_inside", details.cgroups_inside),
            timens_offsets: unknown.note("timens_offsets", details.timens_offsets),
            mounts: unknown.note("mounts", details.mounts),
            container: identity(snapshot, process).map(ContainerRecord::from),
            unknown,
        }
    }

    /// The process of a saved snapshot.
    pub fn into_model(self) -> Result<Process, String> {
        let unknown = self.unknown;
        let stat = self
            .comm
            .zip(self.state)
            .zip(self.start_time)
            .zip(self.ppid);
        let stat = stat.zip(self.kernel_thread);
        let stat = stat.map(
            |((((comm, state), start_time), ppid), kernel_thread)| Stat {
                comm,
                state,
                ppid,
                kernel_thread,
                start_time,
            },
        );
        let status = match (self.uids, self.gids, self.groups, self.capabilities) {
            (Some(uids), Some(gids), Some(groups), Some(capabilities)) => Some(Status {
                tgid: self.pid,
                uids,
                gids,
                groups,
                nspid: (!unknown.0.contains_key("pids"))
                    .then(|| self.pids.iter().map(|pid| pid.pid).collect()),
                capabilities: capability_sets(&capabilities)?,
                no_new_privs: self.no_new_privs,
                seccomp: self.seccomp.as_deref().map(seccomp_named).transpose()?,
            }),
            _ => None,
        };
        let root = self.root.zip(self.root_id).map(|(path, id)| RootDir {
            path,
            device: id.device,
            inode: id.inode,
        });
        let threads = self
            .threads
            .map(|all| all.into_iter().map(ThreadRecord::into_model).collect())
            .transpose()?;
        let details = Details {
            status: unknown.seen("uids", status),
            uid_map: unknown.seen("uid_map", self.uid_map),
            gid_map: unknown.seen("gid_map", self.gid_map),
            files_owner: unknown.seen("files_owner", self.files_owner),
            setgroups: unknown.seen("setgroups", self.setgroups),
            lsm: unknown.seen_or_none("lsm", self.lsm),
            root: unknown.seen("root", root),
            exe: unknown.seen("exe", self.exe),
            mounts: unknown.seen("mounts", self.mounts),
            timens_offsets: unknown.seen("timens_offsets", self.timens_offsets),
            cgroups_inside: unknown.seen("cgroups_inside", self.cgroups_inside),
            threads: unknown.seen("threads", threads),
        };
        let links = Links::read(|link| {
            let inode = match link {
                LinkName::Own(kind) => self.namespaces.get(kind.name()).copied().flatten(),
                LinkName::PidForChildren => self.pid_for_children,
                LinkName::TimeForChildren => self.time_for_children,
            };
            unknown.seen(&field_of(link), inode)
        });
        let more = More {
            tid: self.tid,
            stat: unknown.seen("comm", stat),
            cmdline: unknown.seen("cmdline", self.cmdline),
            cgroups: unknown.seen("cgroups", self.cgroups),
            details: Some(Box::new(details)),
        };
        Ok(Process {
            pid: self.pid,
            nthreads: self.nthreads,
            links,
            uid: unknown.seen("uid", self.uid),
            more: Some(Box::new(more)),
        })
    }
}

/// The name under which a link's reason stands in `unknown`.
fn field_of(link: LinkName) -> String {
    match link {
        LinkName::Own(kind) => format!("namespaces.{kind}"),
        LinkName::PidForChildren | LinkName::TimeForChildren => link.name().to_owned(),
    }
}

fn namespaces(links: &Links, unknown: &mut Unknown) -> BTreeMap<String, Option<u64>> {
    NsKind::ALL
        .into_iter()
        .map(|kind| {
            let link = LinkName::Own(kind);
            let inode = unknown.note(&field_of(link), links.get(link).clone());
            (kind.to_string(), inode)
        })
        .collect()
}

fn pids(
    snapshot: &Snapshot,
    process: &Process,
    status: &Seen<Status>,
    unknown: &mut Unknown,
) -> Vec<PidRecord> {
    let known = status
        .part(|status| status.nspid.is_some())
        .and_then(|known| match known {
            true => Seen::Known(()),
            false => Seen::Unknown(Why::Unsupported),
        });
    unknown.note("pids", known);
    let pids = pids_of(snapshot, process);
    note_levels(&pids, unknown);
    pids.iter().map(PidRecord::from).collect()
}

/// Says that not every level of `pids` has its namespace: parents are followed from the innermost
/// one as far as was asked for and may be seen.
pub fn note_levels(pids: &[PidIn], unknown: &mut Unknown) {
    if pids.iter().any(|pid| pid.ns.is_none()) {
        let why = Why::failed("not all parents of its pid namespace are known");
        unknown.note("pids.ns", Seen::<()>::Unknown(why));
    }
}

fn capability_names(capabilities: &Capabilities) -> BTreeMap<String, Vec<String>> {
    capabilities
        .by_name()
        .into_iter()
        .map(|(name, set)| (name.to_owned(), set.names()))
        .collect()
}

fn capability_sets(names: &BTreeMap<String, Vec<String>>) -> Result<Capabilities, String> {
    let set = |name: &str| {
        let names = names
            .get(name)
            .ok_or_else(|| format!("no set of {name} capabilities"))?;
        CapabilitySet::from_names(names.iter().map(String::as_str))
    };
    Ok(Capabilities {
        effective: set("effective")?,
        permitted: set("permitted")?,
        inheritable: set("inheritable")?,
        bounding: set("bounding")?,
        ambient: set("ambient")?,
    })
}

fn seccomp_named(name: &str) -> Result<Seccomp, String> {
    [Seccomp::Disabled, Seccomp::Strict, Seccomp::Filter]
        .into_iter()
        .find(|mode| mode.name() == name)
        .ok_or_else(|| format!("{name:?} is no mode of seccomp"))
}

/// Details of a process of which only the links were read.
fn nothing_looked_at() -> Details {
    const fn skipped<T>() -> Seen<T> {
        Seen::Unknown(Why::Skipped)
    }
    Details {
        status: skipped(),
        uid_map: skipped(),
        gid_map: skipped(),
        files_owner: skipped(),
        setgroups: skipped(),
        lsm: skipped(),
        root: skipped(),
        exe: skipped(),
        mounts: skipped(),
        timens_offsets: skipped(),
        cgroups_inside: skipped(),
        threads: skipped(),
    }
}

impl From<&Thread> for ThreadRecord {
    fn from(thread: &Thread) -> ThreadRecord {
        let differs = thread.differs.iter();
        ThreadRecord {
            tid: thread.tid,
            comm: thread.comm.clone(),
            namespaces: differs
                .map(|(link, inode)| (link.name().to_owned(), *inode))
                .collect(),
        }
    }
}

impl ThreadRecord {
    fn into_model(self) -> Result<Thread, String> {
        let link = |name: &str| {
            LinkName::all()
                .find(|link| link.name() == name)
                .ok_or_else(|| format!("{name:?} is no link to a namespace"))
        };
        let differs = self
            .namespaces
            .iter()
            .map(|(name, inode)| Ok((link(name)?, *inode)));
        Ok(Thread {
            tid: self.tid,
            comm: self.comm,
            differs: differs.collect::<Result<_, String>>()?,
        })
    }
}
