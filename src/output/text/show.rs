//! `show` as text: a word and what is known under it, a line each.

use super::{command, container, holder};
use crate::analyse::containers::{Identity, identity};
use crate::analyse::diff::main_cgroup_path;
use crate::analyse::pids::pids_of;
use crate::model::facts::Facts;
use crate::model::namespace::{Namespace, NsKey};
use crate::model::process::{Details, IdRange, Ids, Seccomp, Status, Thread};
use crate::model::{Holder, LinkName, NsKind, Process, Seen, Snapshot, Why};
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

type Lines = Vec<(String, String)>;

fn table(terminal: &Terminal, lines: Lines) -> String {
    let mut grid = Grid::new(Overflow::Wrap);
    for (name, words) in lines {
        grid.add(vec![item(&name, Tone::Strong), item(&words, Tone::Plain)]);
    }
    grid.render(terminal)
}

/// The value in words, or why it is not known.
fn told<T>(seen: &Seen<T>, words: impl FnOnce(&T) -> String) -> String {
    match seen {
        Seen::Known(value) => words(value),
        Seen::Unknown(why) => format!("unknown ({})", why.words()),
    }
}

/// All that is known of a process.
pub fn process(terminal: &Terminal, snapshot: &Snapshot, process: &Process) -> String {
    let mut lines: Lines = Vec::new();
    let mut line = |name: &str, words: String| lines.push((name.to_owned(), words));
    line("pid", pid(process));
    line("command", command(process));
    line("parent", told(&process.stat, |stat| stat.ppid.to_string()));
    line(
        "started",
        told(&process.stat, |stat| after_boot(stat.start_time)),
    );
    line("state", told(&process.stat, |stat| stat.state.to_string()));
    if let Some(found) = identity(snapshot, process) {
        of_container(&found, &mut line);
    }
    if let Some(details) = &process.details {
        of_status(snapshot, &details.status, &mut line);
        of_details(process, details, &mut line);
    }
    let pids: Vec<String> = pids_of(snapshot, process)
        .iter()
        .map(|pid| match pid.ns {
            Some(ns) => format!("{} in pid:[{ns}]", pid.pid),
            None => pid.pid.to_string(),
        })
        .collect();
    line("pids", pids.join(" → "));
    table(terminal, lines) + "\nNamespaces\n" + &namespaces_of(terminal, snapshot, process)
}

/// A start time in words. The kernel counts in ticks of USER_HZ, which is 100 on every machine that
/// Rust knows (proc_pid_stat(5); include/asm-generic/param.h).
fn after_boot(ticks: u64) -> String {
    let (seconds, hundredths) = (ticks / 100, ticks % 100);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600 % 24);
    let clock = format!(
        "{hours:02}:{minutes:02}:{:02}.{hundredths:02}",
        seconds % 60
    );
    match seconds / 86400 {
        0 => format!("{clock} after boot"),
        1 => format!("1 day {clock} after boot"),
        days => format!("{days} days {clock} after boot"),
    }
}

fn of_container(found: &Identity, line: &mut impl FnMut(&str, String)) {
    let confidence = found.confidence.name();
    line(
        "container",
        format!("{}, {confidence} confidence", container(found)),
    );
    if let Some(doubt) = found.all_doubts() {
        line("but", doubt);
    }
    let pod = found.pod.iter();
    let parts = pod.flat_map(|pod| {
        [
            ("namespace", &pod.namespace),
            ("name", &pod.name),
            ("uid", &pod.uid),
        ]
    });
    let pod: Vec<String> = parts
        .filter_map(|(what, value)| Some(format!("{what} {}", value.as_ref()?)))
        .collect();
    if !pod.is_empty() {
        line("pod", pod.join(", "));
    }
    if let Some(image) = &found.image {
        line("image", image.clone());
    }
    for outer in &found.around {
        line(
            "inside of",
            format!("{} {}", outer.runtime, outer.short_id()),
        );
    }
}

fn pid(process: &Process) -> String {
    match process.tid {
        Some(tid) => format!("{}, thread {tid}", process.pid),
        None if process.nthreads > 1 => format!("{}, {} threads", process.pid, process.nthreads),
        None => process.pid.to_string(),
    }
}

fn of_status(snapshot: &Snapshot, status: &Seen<Status>, line: &mut impl FnMut(&str, String)) {
    let status = match status {
        Seen::Known(status) => status,
        Seen::Unknown(why) => {
            line("credentials", format!("unknown ({})", why.words()));
            return;
        }
    };
    let user = |uid: u32| match snapshot.users.get(&uid) {
        Some(name) => format!("{uid} ({name})"),
        None => uid.to_string(),
    };
    line("user", ids(status.uids, &user));
    line("group", ids(status.gids, &|gid| gid.to_string()));
    let groups: Vec<String> = status.groups.iter().map(u32::to_string).collect();
    line("groups", or_none(groups.join(" ")));
    let effective = status.capabilities.effective;
    for (name, set) in status.capabilities.by_name() {
        let words = match set == effective && name != "effective" && !set.is_empty() {
            true => "the same".to_owned(),
            false => set.in_words(),
        };
        line(name, words);
    }
    let since = |value: Option<&str>| value.unwrap_or("unknown (not on this kernel)").to_owned();
    line("seccomp", since(status.seccomp.map(Seccomp::name)));
    let on_or_off = |flag: bool| if flag { "on" } else { "off" };
    line("no_new_privs", since(status.no_new_privs.map(on_or_off)));
}

fn ids(ids: Ids, name: &dyn Fn(u32) -> String) -> String {
    if [ids.effective, ids.saved, ids.fs] == [ids.real; 3] {
        return name(ids.real);
    }
    format!(
        "real {}, effective {}, saved {}, fs {}",
        name(ids.real),
        name(ids.effective),
        name(ids.saved),
        name(ids.fs)
    )
}

fn or_none(words: String) -> String {
    if words.is_empty() {
        "none".to_owned()
    } else {
        words
    }
}

fn of_details(process: &Process, details: &Details, line: &mut impl FnMut(&str, String)) {
    let label = |label: &Option<String>| label.clone().unwrap_or_else(|| "none".to_owned());
    line("lsm", told(&details.lsm, label));
    line("root", told(&details.root, |root| root.path.clone()));
    line(
        "mounts",
        told(&details.mounts, |mounts| mounts.len().to_string()),
    );
    line(
        "cgroup",
        told(&process.cgroups, |entries| main_cgroup_path(entries)),
    );
    line(
        "cgroup inside",
        told(&details.cgroups_inside, |entries| main_cgroup_path(entries)),
    );
    line("uid map", told(&details.uid_map, |map| map_in_words(map)));
    line("gid map", told(&details.gid_map, |map| map_in_words(map)));
    line("setgroups", told(&details.setgroups, String::clone));
    line(
        "time offsets",
        told(&details.timens_offsets, |offsets| {
            format!(
                "monotonic {:+} s, boottime {:+} s",
                offsets.monotonic.seconds, offsets.boottime.seconds
            )
        }),
    );
    match &details.threads {
        Seen::Known(threads) => {
            for thread in threads {
                line("thread", thread_in_words(thread));
            }
        }
        Seen::Unknown(why) => line("threads", format!("unknown ({})", why.words())),
    }
}

fn map_in_words(map: &[IdRange]) -> String {
    let ranges: Vec<String> = map
        .iter()
        .map(|range| format!("{} → {} ({})", range.inside, range.outside, range.count))
        .collect();
    or_none(ranges.join(", "))
}

fn thread_in_words(thread: &Thread) -> String {
    let differs: Vec<String> = thread
        .differs
        .iter()
        .map(|(link, inode)| format!("{}:[{inode}]", link.name()))
        .collect();
    format!("{} {} is in {}", thread.tid, thread.comm, differs.join(" "))
}

/// The ten links with what is known of the namespaces behind them.
fn namespaces_of(terminal: &Terminal, snapshot: &Snapshot, process: &Process) -> String {
    let mut grid = Grid::new(Overflow::Wrap);
    for (link, seen) in process.links.iter() {
        let own = process.links.own(link.kind());
        let is_for_children = !matches!(link, LinkName::Own(_));
        // The two for children are news only where they differ.
        if is_for_children && (seen == own || !seen.is_known()) {
            continue;
        }
        let (inode, words) = match seen {
            Seen::Known(inode) => {
                let key = NsKey {
                    kind: link.kind(),
                    inode: *inode,
                };
                let namespace = snapshot.namespaces.get(&key);
                (
                    inode.to_string(),
                    namespace.map(in_short).unwrap_or_default(),
                )
            }
            Seen::Unknown(why) => ("?".to_owned(), why.words()),
        };
        grid.add(vec![
            item(link.name(), Tone::Strong),
            item(&inode, Tone::Plain),
            item(&words, Tone::Plain),
        ]);
    }
    grid.render(terminal)
}

fn in_short(namespace: &Namespace) -> String {
    let mut parts = Vec::new();
    match &namespace.initial {
        Seen::Known(true) => parts.push("initial".to_owned()),
        Seen::Known(false) => {}
        Seen::Unknown(_) => parts.push("initial or not is unknown".to_owned()),
    }
    parts.extend(inside(namespace.key.kind, &namespace.facts));
    if let Seen::Known(Some(uid)) = &namespace.owner_uid {
        parts.push(format!("made by uid {uid}"));
    }
    if let Seen::Known(Some(owner)) = &namespace.owner {
        parts.push(format!("owned by user:[{owner}]"));
    }
    if let Seen::Known(id) = &namespace.ns_id {
        parts.push(format!("id {id}"));
    }
    parts.join(", ")
}

/// What is inside, in words; nothing where nobody looked.
fn inside(kind: NsKind, facts: &Facts) -> Option<String> {
    if *facts == Facts::default() {
        return None;
    }
    Some(match kind {
        NsKind::Uts => told(&facts.uts, |names| {
            format!("host name {}, domain {}", names.hostname, names.domainname)
        }),
        NsKind::Net => told(&facts.interfaces, |all| {
            let names: Vec<&str> = all
                .iter()
                .map(|interface| interface.name.as_str())
                .collect();
            format!("interfaces {}", or_none(names.join(" ")))
        }),
        NsKind::Ipc => told(&facts.sysv, |counts| {
            format!(
                "{} shared memory segments, {} semaphore sets, {} queues",
                counts.shared_memory, counts.semaphores, counts.queues
            )
        }),
        NsKind::Pid => format!(
            "init {}, processes {}",
            told(&facts.init, ToString::to_string),
            told(&facts.processes, ToString::to_string)
        ),
        NsKind::Cgroup | NsKind::Mnt | NsKind::Time | NsKind::User => return None,
    })
}

/// All that is known of a namespace.
pub fn namespace(
    terminal: &Terminal,
    snapshot: &Snapshot,
    namespace: &Namespace,
    members: &[&Process],
) -> String {
    let mut lines: Lines = Vec::new();
    let mut line = |name: &str, words: String| lines.push((name.to_owned(), words));
    let yes_or_no = |yes: &bool| if *yes { "yes" } else { "no" }.to_owned();
    line("namespace", namespace.key.to_string());
    line("initial", told(&namespace.initial, yes_or_no));
    line("id", told(&namespace.ns_id, u64::to_string));
    line("owner", relative(NsKind::User, &namespace.owner));
    if namespace.key.kind == NsKind::User {
        let user = |uid: u32| snapshot.user(uid);
        line(
            "made by",
            told(&namespace.owner_uid, |uid| uid.map_or(String::new(), user)),
        );
    }
    if namespace.key.kind.is_hierarchical() {
        line("parent", relative(namespace.key.kind, &namespace.parent));
    }
    if let Some(words) = inside(namespace.key.kind, &namespace.facts) {
        line("inside", words);
    }
    for words in holders(snapshot, &namespace.holders) {
        line("held by", words);
    }
    if namespace.holders.is_empty() {
        line("held by", "nothing that was looked at".to_owned());
    }
    let mut text = table(terminal, lines);
    let (dull, told): (Vec<&Process>, Vec<&Process>) =
        members.iter().partition(|member| is_dull(member));
    if !told.is_empty() {
        text += "\nMembers\n";
        text += &super::list::members(terminal, true, snapshot, &told);
    }
    if !dull.is_empty() {
        text += &format!(
            "{} kernel threads are not shown: `nsinspect list {}` has them\n",
            dull.len(),
            namespace.key.inode
        );
    }
    text
}

/// Kernel threads, of which every machine has the same hundreds in its initial namespaces; the one
/// that all others come from stands for them.
fn is_dull(process: &Process) -> bool {
    process.is_kernel_thread() && process.pid != Process::KTHREADD
}

/// What keeps a namespace alive, a line each; its children on one line, for the initial user
/// namespace owns nearly all that there are.
fn holders(snapshot: &Snapshot, holders: &[Holder]) -> Vec<String> {
    let (children, others): (Vec<&Holder>, Vec<&Holder>) = holders
        .iter()
        .partition(|it| matches!(it, Holder::Child { .. }));
    let mut lines: Vec<String> = others.iter().map(|it| holder(snapshot, it)).collect();
    if children.len() <= FEW_CHILDREN {
        lines.extend(children.iter().map(|it| holder(snapshot, it)));
        return lines;
    }
    let count = |kind: NsKind| {
        let is_one =
            |it: &&&Holder| matches!(it, Holder::Child { namespace } if namespace.kind == kind);
        children.iter().filter(is_one).count()
    };
    let counts = NsKind::BY_WEIGHT.map(|kind| (count(kind), kind));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    lines.push(format!("its children: {}", counts.join(", ")));
    lines
}

/// As many children as have a line each.
const FEW_CHILDREN: usize = 8;

fn relative(kind: NsKind, seen: &Seen<Option<u64>>) -> String {
    match seen {
        Seen::Known(Some(inode)) => NsKey {
            kind,
            inode: *inode,
        }
        .to_string(),
        Seen::Known(None) => "none".to_owned(),
        Seen::Unknown(Why::Denied) => "above what may be seen from here".to_owned(),
        Seen::Unknown(why) => format!("unknown ({})", why.words()),
    }
}
