//! NSA-500: it has left its container.

use crate::analyse::containers::cgroup_author;
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::machine::Known;
use crate::audit::need::Need;
use crate::audit::questions::traces::{is_named, named};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::{Author, NsKey, NsKind, Process, Seen, Snapshot};

pub static RULE: Rule = Rule {
    id: "NSA-500",
    title: "it has left its container",
    worst: Severity::Critical,
    why: "The cgroup tells which container a process belongs to, its namespaces tell where it is. A \
          process that is counted to a container and is in namespaces of the host has got out, or was \
          taken out by somebody. Engines' own helpers are told apart by standing above the container. \
          This is what a break-in looks like that has worked.",
    remedy: "treat the machine as taken: keep it for whoever investigates (nsinspect snapshot), stop the process, renew what the host knew",
    remedies: &[],
    references: &[ESCAPE],
    needs: &[Need::Namespaces, Need::Containers],
    asks: Asks::Everybody,
    gives_way: &[],
    check: Check::One(check),
};

/// Names in cgroups that are no containers of namespaces: virtual machines, and applications whose
/// helpers run on the host by design.
const NOT_CONTAINERS: [&str; 3] = ["libvirt-qemu", "flatpak", "snap"];

/// Kinds in which whoever has left its container is in other namespaces than its init.
const LEAVING: [NsKind; 6] = [
    NsKind::Mnt,
    NsKind::Pid,
    NsKind::User,
    NsKind::Net,
    NsKind::Ipc,
    NsKind::Uts,
];

fn check(case: &Case<'_>) -> Option<Finding> {
    let named = named(case.process)?;
    let author = cgroup_author(case.snapshot, &named.path);
    // What a user has called a cgroup accuses nobody; nor does what a container makes below its own.
    let claim = named.containers.first().map(|it| &it.container);
    let claim = claim.filter(|_| author <= Author::Unknown);
    let claim = claim.filter(|it| !NOT_CONTAINERS.contains(&it.runtime.as_str()));
    let by_cgroup = claim.and_then(|it| case.machine.by_id(&it.id));
    let (from, how) = match by_cgroup {
        Some(known) => (known, "its cgroup is that of"),
        None if claim.is_none() => (ancestor(case)?, "it was started from within"),
        None => return None,
    };
    let unchecked = match by_cgroup {
        Some(_) => (author != Author::Root).then_some(
            "root has made that cgroup, and no user of the host: it could not be checked from here",
        ),
        None => (from.identity.owner != Author::Root).then_some(
            "it was born in there: a process can also make namespaces after its children are born",
        ),
    };
    let init = from.init;
    if init.task() == case.process.task() || is_above(case.snapshot, case.process, init) {
        return orphan(case, from, &named.path);
    }
    let outside: Vec<NsKind> = LEAVING
        .into_iter()
        .filter(|kind| has_left(case, init, *kind))
        .collect();
    if outside.is_empty() {
        return None;
    }
    let list = names(&outside);
    let why = format!(
        "{how} {}, and its {list} {} not: it has left its container",
        from.name(),
        if outside.len() == 1 {
            "namespace is"
        } else {
            "namespaces are"
        }
    );
    let mut finding = Finding::new(&RULE, Severity::Critical, Verdict::Exploitable, why)
        .seen(case.file("cgroup"), named.path.clone());
    for kind in outside {
        let theirs = init.links.own(kind).get().unwrap_or_default();
        let theirs = format!("{kind}:[{theirs}]");
        finding = finding
            .with(case.link(kind))
            .seen(format!("/proc/{}/ns/{kind}", init.task()), theirs);
    }
    if let Some(unchecked) = unchecked {
        finding = finding.but(Verdict::Conditional).provided(unchecked);
    }
    Some(match is_runtime(case.process) {
        true => finding.but(Verdict::Conditional).provided(
            "it is still there in a moment: a runtime that sets a container up looks the same",
        ),
        false => finding,
    })
}

/// The container that a process on the host was started from: one above it is in there.
fn ancestor<'a>(case: &'a Case<'_>) -> Option<&'a Known<'a>> {
    if case.machine.by_place(case.process).is_some() {
        return None;
    }
    let parent = case.process.stat.known()?.ppid;
    let parent = case.snapshot.processes.get(parent)?;
    case.machine.by_place(parent)
}

/// Whether a process is in another namespace than the init of its container: in the host's, or in
/// that of another container.
fn has_left(case: &Case<'_>, init: &Process, kind: NsKind) -> bool {
    let (own, theirs) = (case.process.links.own(kind), init.links.own(kind));
    let (Seen::Known(own), Seen::Known(theirs)) = (own, theirs) else {
        return false;
    };
    let is_initial = |inode: u64| case.snapshot.is_initial(NsKey { kind, inode });
    if own == theirs || is_initial(*theirs) != Seen::Known(false) {
        return false;
    }
    is_initial(*own) == Seen::Known(true)
        || kind == NsKind::Mnt && is_in_anothers(case, NsKey { kind, inode: *own }, init)
}

fn is_in_anothers(case: &Case<'_>, key: NsKey, init: &Process) -> bool {
    let mut others = case.machine.within(key);
    others.any(|other| {
        other.init.task() != init.task()
            && other.identity.owner <= Author::Unknown
            && is_named(case.snapshot, other.init, other)
    })
}

/// The cgroup names a container of which nobody is in namespaces of its own.
fn orphan(case: &Case<'_>, from: &Known<'_>, path: &str) -> Option<Finding> {
    let is_alone = from.init.task() == case.process.task() && case.is_in_hosts(NsKind::Mnt);
    if !is_alone {
        return None;
    }
    let why = format!(
        "its cgroup is that of {}, it is in the host's namespaces, and nobody else of that container \
         is left",
        from.name()
    );
    let finding = Finding::new(&RULE, Severity::Critical, Verdict::Conditional, why)
        .seen(case.file("cgroup"), path)
        .with(case.link(NsKind::Mnt))
        .provided(
            "it is no monitor of a virtual machine (Kata, gVisor) and no runtime that sets a \
             container up: these look the same",
        );
    Some(finding)
}

/// The name that runtimes have while they set a container up. Anybody can call themselves so.
fn is_runtime(process: &Process) -> bool {
    let comm = process.stat.known().map(|stat| stat.comm.as_str());
    comm.is_some_and(|comm| {
        ["runc", "crun", "conmon"]
            .iter()
            .any(|it| comm.starts_with(it))
    })
}

/// Whether one process is above another: its monitor is never what has escaped from a container.
fn is_above(snapshot: &Snapshot, above: &Process, process: &Process) -> bool {
    let mut at = process.stat.known().map(|stat| stat.ppid);
    for _ in 0..LONGEST_LINE {
        match at {
            None | Some(0) => return false,
            Some(pid) if pid == above.pid => return true,
            Some(pid) => {
                let parent = snapshot.processes.get(pid);
                at = parent.and_then(|it| it.stat.known()).map(|stat| stat.ppid);
            }
        }
    }
    false
}

/// A line of parents is not followed further.
const LONGEST_LINE: usize = 64;

fn names(kinds: &[NsKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_500_who_is_on_the_host_with_the_cgroup_of_a_container_has_left_it_unless_above_it() {
        let docker = format!("/docker/{ID}");
        let snapshot = machine([container(10, ID, &[]), on_host(11, &docker)]);
        let critical = |verdict| Some((Severity::Critical, verdict));
        assert_eq!(judged(&snapshot, 11, "NSA-500"), critical(EXPLOITABLE));

        // By whoever could have made the cgroup: not if that is a user, and with a doubt if that could
        // not be checked.
        let path = format!("/x/docker/{ID}");
        for (author, expected) in [
            (Author::User(1000), None),
            (Author::Anyone, None),
            (Author::Unknown, critical(Verdict::Conditional)),
        ] {
            let mut snapshot = machine([container(10, ID, &[]), on_host(11, &path)]);
            snapshot.cgroup_authors.insert(path.clone(), author);
            assert_eq!(judged(&snapshot, 11, "NSA-500"), expected, "{author}");
        }

        // Nobody of the container is left: a monitor of a virtual machine looks the same.
        let snapshot = machine([on_host(11, &docker)]);
        assert_eq!(
            judged(&snapshot, 11, "NSA-500"),
            critical(Verdict::Conditional)
        );

        // systemd-nspawn watches from within the machine's own unit.
        let mut inside = container(20, ID, &[]);
        inside.cgroups = in_cgroup("/machine.slice/systemd-nspawn@m.service/payload");
        inside.stat = Seen::Known(Stat {
            ppid: 15,
            ..inside.stat.known().unwrap().clone()
        });
        let monitor = on_host(15, "/machine.slice/systemd-nspawn@m.service/supervisor");
        let snapshot = machine([monitor, inside]);
        assert_eq!(judged(&snapshot, 15, "NSA-500"), None);

        // Virtual machines, and helpers of applications, are on the host by design.
        for path in [
            "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
            "/user.slice/app-flatpak-org.example.App-42.scope",
            "/user.slice/snap.code.code.scope",
        ] {
            let snapshot = machine([on_host(11, path)]);
            assert_eq!(judged(&snapshot, 11, "NSA-500"), None, "{path}");
        }
    }

    #[test]
    fn nsa_500_who_was_started_from_within_a_container_and_is_on_the_host_has_left_it() {
        let mut child = on_host(11, "/");
        child.stat = Seen::Known(Stat {
            ppid: 10,
            ..child.stat.known().unwrap().clone()
        });
        let snapshot = machine([container(10, ID, &[]), child]);
        let critical = Some((Severity::Critical, EXPLOITABLE));
        assert_eq!(judged(&snapshot, 11, "NSA-500"), critical);
        let subjects = choose(&snapshot, Scope::Isolated);
        assert!(subjects.iter().any(|it| it.task == 11 && !it.held));
    }
}
