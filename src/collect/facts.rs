//! What is inside a namespace: read through a member's `/proc/PID` where that shows it, by a forked
//! child that joins the namespace where not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::net::if_::InterfaceFlags;
use serde::{Deserialize, Serialize};

use super::processes::living_task;
use super::{listening, open, parse};
use crate::model::facts::{Facts, Interface, Listening, SysvCounts, UtsNames};
use crate::model::namespace::NsKey;
use crate::model::process::CgroupEntry;
use crate::model::{LinkName, Links, NsKind, Pid, Seen, Why, text};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{child, entries, inside, ipc, mountfs, nsfs, why};

/// A child that has not answered by then is stuck.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A list of interfaces beyond this (bytes) is read no further.
const LARGEST_DEVICE_TABLE: usize = 4 << 20;

/// What a member of namespaces sees in them.
pub struct Inside {
    pub facts: Vec<(NsKey, Facts)>,
    /// Its cgroup paths below the root of its cgroup namespace, where that is not ours and was one
    /// of those to look into.
    pub cgroups: Option<Seen<Vec<CgroupEntry>>>,
}

/// Reads what is inside some of the namespaces that a process is in. Those that we are in ourselves,
/// with these links, need no joining.
pub fn read(root: &ProcRoot, own: &Links, keys: &[NsKey], member: Pid) -> Inside {
    let task = living_task(root, member);
    // Its number may have passed to another process since.
    let (there, gone): (Vec<NsKey>, Vec<NsKey>) = match &task {
        // Those of other kinds are known by the descriptor that they are joined by.
        Ok(task) => keys
            .iter()
            .partition(|key| key.kind != NsKind::Net || open::is_in(task, **key)),
        Err(_) => (Vec::new(), keys.to_vec()),
    };
    let reason = task.as_ref().err().map_or(Why::Gone, |errno| why(*errno));
    let unknown = |key: NsKey| {
        let mut facts = Facts::default();
        fill_unknown(&mut facts, key.kind, &reason);
        (key, facts)
    };
    let mut all: Vec<(NsKey, Facts)> = gone.into_iter().map(unknown).collect();
    let mut cgroups = None;
    if let Ok(task) = &task {
        let mut readings = readings(root, task, own, &there);
        let cgroup = there.iter().find(|key| key.kind == NsKind::Cgroup);
        let reading = cgroup.and_then(|key| readings.remove(key));
        cgroups = reading.map(|reading| Seen::from(cgroups_by(reading)));
        let facts = |key: NsKey| (key, facts(root, task, key, readings.remove(&key)));
        all.extend(there.into_iter().map(facts));
    }
    Inside {
        facts: all,
        cgroups,
    }
}

fn cgroups_by(reading: Result<Reading, Why>) -> Result<Vec<CgroupEntry>, Why> {
    match reading {
        Ok(Reading::Cgroup(contents)) => parse::cgroups(&contents)
            .ok_or_else(|| Why::failed("/proc/PID/cgroup has an unknown form")),
        other => Err(refusal(Some(other))),
    }
}

/// Whether there are facts of namespaces of this kind. What is inside the others is told by a member's
/// own files (maps, mount table, offsets).
pub const fn are_of(kind: NsKind) -> bool {
    match kind {
        NsKind::Cgroup | NsKind::Ipc | NsKind::Net | NsKind::Pid | NsKind::Uts => true,
        NsKind::Mnt | NsKind::Time | NsKind::User => false,
    }
}

/// What is known of one namespace that the task is in, with what a member of it has read.
fn facts(
    root: &ProcRoot,
    task: &TaskDir,
    key: NsKey,
    reading: Option<Result<Reading, Why>>,
) -> Facts {
    let mut facts = Facts::default();
    match (key.kind, reading) {
        (NsKind::Uts, Some(Ok(Reading::Uts(names)))) => facts.uts = Seen::Known(names),
        (NsKind::Ipc, Some(Ok(Reading::Ipc(sysv, mqueues)))) => {
            facts.sysv = known_or_text(sysv);
            facts.mqueues = known_or_text(mqueues);
        }
        (NsKind::Net, reading) => {
            let (interfaces, tcp) = match reading {
                Some(Ok(Reading::Net(interfaces, tcp))) => (known_or_text(interfaces), tcp),
                other => {
                    let names = names_of_interfaces(task);
                    let reason = || Seen::Unknown(refusal(other));
                    (names.map_or_else(reason, Seen::Known), None)
                }
            };
            facts.interfaces = interfaces;
            facts.listening = listening::read(task, tcp);
        }
        (NsKind::Pid, _) => {
            let fd = task
                .open_ns(LinkName::Own(NsKind::Pid))
                .and_then(|fd| same(fd, key));
            match fd {
                Ok(fd) => {
                    facts.init = init_of(&fd);
                    facts.processes = count_processes(root, &fd, key);
                }
                Err(errno) => fill_unknown(&mut facts, NsKind::Pid, &why(errno)),
            }
        }
        (NsKind::Uts | NsKind::Ipc, other) => fill_unknown(&mut facts, key.kind, &refusal(other)),
        // These are told by the member's own files (maps, mount table, offsets, cgroup path).
        (NsKind::Cgroup | NsKind::Mnt | NsKind::Time | NsKind::User, _) => {}
    }
    facts
}

fn refusal(reading: Option<Result<Reading, Why>>) -> Why {
    match reading {
        Some(Err(why)) => why,
        _ => Why::failed("the child gave another answer"),
    }
}

fn fill_unknown(facts: &mut Facts, kind: NsKind, reason: &Why) {
    let why = || reason.clone();
    match kind {
        NsKind::Uts => facts.uts = Seen::Unknown(why()),
        NsKind::Ipc => {
            facts.sysv = Seen::Unknown(why());
            facts.mqueues = Seen::Unknown(why());
        }
        NsKind::Net => {
            facts.interfaces = Seen::Unknown(why());
            facts.listening = Seen::Unknown(why());
        }
        NsKind::Pid => {
            facts.init = Seen::Unknown(why());
            facts.processes = Seen::Unknown(why());
        }
        NsKind::Cgroup | NsKind::Mnt | NsKind::Time | NsKind::User => {}
    }
}

/// The descriptor, if it is still the namespace that was asked for.
fn same(fd: OwnedFd, key: NsKey) -> Result<OwnedFd, Errno> {
    if nsfs::identity(&fd)?.inode == key.inode {
        Ok(fd)
    } else {
        Err(Errno::ESRCH)
    }
}

/// What the child reads, as it comes over the pipe. Reasons travel as their text.
#[derive(Serialize, Deserialize)]
enum Reading {
    Uts(UtsNames),
    /// The interfaces, and who listens on TCP, where the kernel has a table of listeners.
    Net(Result<Vec<Interface>, String>, Option<Vec<Listening>>),
    Ipc(Result<SysvCounts, String>, Result<u64, String>),
    Cgroup(Vec<u8>),
    Refused(String),
    /// To join it takes its owner first, from which the way to the others may be barred.
    Apart,
}

fn known_or_text<T>(result: Result<T, String>) -> Seen<T> {
    Seen::from(result.map_err(|reason| read_why(&reason)))
}

fn read_why(reason: &str) -> Why {
    let Ok(why) = reason.parse();
    why
}

/// What members of the namespaces see, of the kinds that nobody else sees: one child joins all that
/// are not our own, one after another.
fn readings(
    root: &ProcRoot,
    task: &TaskDir,
    own: &Links,
    keys: &[NsKey],
) -> BTreeMap<NsKey, Result<Reading, Why>> {
    let is_inner = |kind| match kind {
        NsKind::Cgroup | NsKind::Ipc | NsKind::Net | NsKind::Uts => true,
        NsKind::Mnt | NsKind::Pid | NsKind::Time | NsKind::User => false,
    };
    let mut readings = BTreeMap::new();
    let mut others = Vec::new();
    for key in keys.iter().copied().filter(|key| is_inner(key.kind)) {
        let is_own = own.own(key.kind).get() == Some(key.inode);
        if is_own && key.kind == NsKind::Cgroup {
            // As we see them ourselves.
            continue;
        }
        if is_own {
            readings.insert(key, told(read_here(root, task, key.kind)));
            continue;
        }
        let opened = task.open_ns(LinkName::Own(key.kind));
        match opened.and_then(|fd| same(fd, key)) {
            Ok(fd) => others.push((key, fd)),
            Err(errno) => {
                readings.insert(key, Err(why(errno)));
            }
        }
    }
    readings.extend(join_and_read(root, task, &others));
    readings
}

fn join_and_read(
    root: &ProcRoot,
    task: &TaskDir,
    namespaces: &[(NsKey, OwnedFd)],
) -> Vec<(NsKey, Result<Reading, Why>)> {
    let join = match namespaces {
        [] => return Vec::new(),
        [_] => inside::join,
        _ => inside::join_plainly,
    };
    let read = |(key, fd): &(NsKey, OwnedFd)| match join(fd) {
        Ok(()) => read_here(root, task, key.kind),
        Err(Errno::EPERM) if namespaces.len() > 1 => Reading::Apart,
        Err(errno) => Reading::Refused(why(errno).to_string()),
    };
    let mut answers = in_child(|| namespaces.iter().map(read).collect()).map(Vec::into_iter);
    let answer = |it: &(NsKey, OwnedFd)| {
        let answer = match &mut answers {
            Ok(answers) => answers.next().ok_or(Why::Gone),
            Err(why) => Err(why.clone()),
        };
        match answer {
            Ok(Reading::Apart) => join_and_read(root, task, std::slice::from_ref(it)),
            answer => vec![(it.0, answer.and_then(told))],
        }
    };
    namespaces.iter().flat_map(answer).collect()
}

fn in_child(work: impl FnOnce() -> Vec<Reading>) -> Result<Vec<Reading>, Why> {
    // Serialising plain data cannot fail.
    let work = || serde_json::to_vec(&work()).unwrap_or_default();
    let answer = child::in_child(TIME_LIMIT, work).map_err(|errno| match errno {
        Errno::ETIMEDOUT => Why::failed("no answer from inside the namespace in 5 s"),
        Errno::EPIPE => Why::failed("the child that joined the namespace died"),
        Errno::EDEADLK => Why::failed("nothing can be forked beside other threads"),
        other => why(other),
    })?;
    serde_json::from_slice(&answer).map_err(|error| Why::failed(error.to_string()))
}

fn told(reading: Reading) -> Result<Reading, Why> {
    match reading {
        Reading::Refused(reason) => Err(read_why(&reason)),
        reading => Ok(reading),
    }
}

/// What a member of the namespace sees: runs in the child that has joined it.
fn read_here(root: &ProcRoot, task: &TaskDir, kind: NsKind) -> Reading {
    match kind {
        NsKind::Uts => match nix::sys::utsname::uname() {
            Ok(names) => Reading::Uts(UtsNames {
                hostname: text::from_bytes(names.nodename().as_encoded_bytes()),
                domainname: text::from_bytes(names.domainname().as_encoded_bytes()),
            }),
            Err(errno) => Reading::Refused(why(errno).to_string()),
        },
        NsKind::Net => {
            let interfaces = interfaces().map_err(|errno| why(errno).to_string());
            Reading::Net(interfaces, listening::on_tcp().ok())
        }
        NsKind::Ipc => Reading::Ipc(
            sysv_counts(root).map_err(|errno| why(errno).to_string()),
            mqueues().map_err(|errno| why(errno).to_string()),
        ),
        NsKind::Cgroup => match task.read_records("cgroup", 1) {
            Ok(contents) => Reading::Cgroup(contents),
            Err(errno) => Reading::Refused(why(errno).to_string()),
        },
        NsKind::Mnt | NsKind::Pid | NsKind::Time | NsKind::User => {
            Reading::Refused(format!("failed: nothing to read in a {kind} namespace"))
        }
    }
}

/// Interfaces with their flags and addresses (getifaddrs(3)), in the kernel's order.
fn interfaces() -> Result<Vec<Interface>, Errno> {
    let mut order = Vec::new();
    let mut found: BTreeMap<String, Interface> = BTreeMap::new();
    for entry in nix::ifaddrs::getifaddrs()? {
        let name = entry.interface_name;
        let interface = found.entry(name.clone()).or_insert_with(|| {
            order.push(name.clone());
            Interface {
                name,
                up: Some(entry.flags.contains(InterfaceFlags::IFF_UP)),
                addresses: Vec::new(),
            }
        });
        let address = entry.address.and_then(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip())))
        });
        interface.addresses.extend(address.map(|ip| ip.to_string()));
    }
    Ok(order.iter().filter_map(|name| found.remove(name)).collect())
}

/// Names of the interfaces by a member's `net/dev`, which takes no privilege.
fn names_of_interfaces(task: &TaskDir) -> Option<Vec<Interface>> {
    let contents = task.read_up_to("net/dev", LARGEST_DEVICE_TABLE).ok()?;
    let text = text::from_bytes(&contents);
    let interfaces = text.lines().skip(2).filter_map(|line| {
        let (name, _) = line.split_once(':')?;
        Some(Interface {
            name: name.trim_start().to_owned(),
            up: None,
            addresses: Vec::new(),
        })
    });
    Some(interfaces.collect())
}

fn sysv_counts(root: &ProcRoot) -> Result<SysvCounts, Errno> {
    // A security module may allow to read the tables and not that.
    let [shared_memory, semaphores, queues] = ipc::counts().or_else(|_| sysv_lines(root))?;
    Ok(SysvCounts {
        shared_memory,
        semaphores,
        queues,
    })
}

/// Counts the lines below the heads of the three tables (sysvipc(5)).
fn sysv_lines(root: &ProcRoot) -> Result<[u64; 3], Errno> {
    let count = |file| {
        let contents = root.read(file)?;
        let lines = contents.iter().filter(|byte| **byte == b'\n').count();
        Ok(lines.saturating_sub(1) as u64)
    };
    Ok([
        count("sysvipc/shm")?,
        count("sysvipc/sem")?,
        count("sysvipc/msg")?,
    ])
}

fn mqueues() -> Result<u64, Errno> {
    let queues = mountfs::mqueues()?;
    entries::count(queues.as_fd())
}

/// The init of a pid namespace, as numbered here (NS_GET_TGID_FROM_PIDNS, Linux 6.12).
fn init_of(pidns: &OwnedFd) -> Seen<Pid> {
    Seen::from(nsfs::process_from(pidns, 1).map_err(|errno| match errno {
        Errno::EINVAL => Why::Unsupported,
        other => why(other),
    }))
}

/// Number of processes that a member of the pid namespace sees. A procfs of that namespace lists
/// them; a kernel that cannot mount one from outside makes us look at every process.
fn count_processes(root: &ProcRoot, pidns: &OwnedFd, key: NsKey) -> Seen<u64> {
    let listed = mountfs::procfs_of(pidns).and_then(|procfs| mountfs::pids_in(procfs.as_fd()));
    match listed {
        Ok(pids) => Seen::Known(pids.len() as u64),
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::EPERM) => count_by_links(root, key),
        Err(errno) => Seen::Unknown(why(errno)),
    }
}

fn count_by_links(root: &ProcRoot, key: NsKey) -> Seen<u64> {
    let mut inside: BTreeMap<u64, bool> = BTreeMap::from([(key.inode, true)]);
    let mut count = 0;
    let pids = match root.pids() {
        Ok(pids) => pids,
        Err(errno) => return Seen::Unknown(why(errno)),
    };
    for pid in pids {
        let Ok(task) = root.task(pid) else { continue };
        let mut buffer = [0; 64];
        let link = LinkName::Own(NsKind::Pid);
        match task
            .ns_link(link, &mut buffer)
            .map(|target| parse::ns_link(link, target))
        {
            Ok(Some(inode)) => {
                let within = inside
                    .entry(inode)
                    .or_insert_with(|| is_below(&task, key.inode));
                count += u64::from(*within);
            }
            Ok(None) | Err(Errno::ENOENT | Errno::ESRCH) => {}
            // One that is hidden from us may be in there.
            Err(errno) => return Seen::Unknown(why(errno)),
        }
    }
    Seen::Known(count)
}

/// Whether the task's pid namespace lies below another.
fn is_below(task: &TaskDir, ancestor: u64) -> bool {
    let mut next = task.open_ns(LinkName::Own(NsKind::Pid));
    while let Ok(fd) = next {
        if nsfs::identity(&fd).is_ok_and(|it| it.inode == ancestor) {
            return true;
        }
        next = nsfs::parent(&fd);
    }
    false
}

/// The cgroup paths of a process as it sees them itself, below the root of its cgroup namespace.
pub fn cgroups_inside(root: &ProcRoot, member: Pid) -> Seen<Vec<CgroupEntry>> {
    let link = LinkName::Own(NsKind::Cgroup);
    let read = || {
        let task = root.task(member).map_err(why)?;
        let mut buffer = [0; 64];
        let target = task.ns_link(link, &mut buffer).map_err(why)?;
        let inode = parse::ns_link(link, target).ok_or(Why::failed("not a cgroup namespace"))?;
        let key = NsKey {
            kind: NsKind::Cgroup,
            inode,
        };
        // We are not in it, or would not ask.
        let nowhere = Links::unknown(&Why::Skipped);
        let reading = readings(root, &task, &nowhere, &[key]).remove(&key);
        reading.map_or(Err(Why::Gone), cgroups_by)
    };
    Seen::from(read())
}
