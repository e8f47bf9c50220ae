//! What this kernel, these privileges and this procfs allow, and what that hides.

use super::reference::{Reference, Source};
use crate::model::{CapabilitySet, LayerState, NsKind, Process, Seen, Snapshot, Why};

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// It works in part.
    Limited,
    Missing,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: &'static str,
    pub verdict: Verdict,
    pub found: String,
    /// What that hides and what would help; `None` where nothing is hidden.
    pub consequence: Option<String>,
}

/// All checks, in the order in which one thing explains the next.
pub fn examine(snapshot: &Snapshot) -> Vec<Check> {
    let mut checks = vec![
        user_namespace(snapshot),
        capability(
            snapshot,
            "CAP_SYS_PTRACE",
            CapabilitySet::SYS_PTRACE,
            "namespaces of other users' processes stay unknown",
        ),
        capability(
            snapshot,
            "CAP_SYS_ADMIN",
            CapabilitySet::SYS_ADMIN,
            "what is inside other namespaces (names, interfaces, queues) stays unknown",
        ),
        pid_namespace(snapshot),
        reference(snapshot),
        hidden(snapshot),
        processes(snapshot),
    ];
    checks.extend(LAYERS.iter().filter_map(|layer| layer.check(snapshot)));
    checks.extend(
        FEATURES
            .iter()
            .filter_map(|feature| feature.check(snapshot)),
    );
    checks
}

fn check(what: &'static str, found: impl Into<String>) -> Check {
    Check {
        what,
        verdict: Verdict::Ok,
        found: found.into(),
        consequence: None,
    }
}

impl Check {
    fn but(mut self, verdict: Verdict, consequence: impl Into<String>) -> Check {
        self.verdict = verdict;
        self.consequence = Some(consequence.into());
        self
    }
}

fn user_namespace(snapshot: &Snapshot) -> Check {
    const WHAT: &str = "user namespace";
    match snapshot.reader.links.own(NsKind::User) {
        Seen::Known(inode) if *inode == NsKind::User.initial_inode() => check(WHAT, "the initial one"),
        Seen::Known(inode) => check(WHAT, format!("user:[{inode}], not the initial one")).but(
            Verdict::Limited,
            "capabilities count in it and below only, and ids are as it maps them: look from the host",
        ),
        Seen::Unknown(why) => check(WHAT, format!("unknown ({why})")).but(
            Verdict::Missing,
            "this procfs does not show us: --proc names that of another pid namespace, or none",
        ),
    }
}

fn capability(
    snapshot: &Snapshot,
    what: &'static str,
    number: u32,
    without: &'static str,
) -> Check {
    match &snapshot.reader.capabilities {
        Seen::Known(set) if set.contains(number) => check(what, "effective"),
        Seen::Known(_) => check(what, format!("not effective (uid {})", snapshot.reader.uid))
            .but(Verdict::Missing, format!("{without}: run as root")),
        Seen::Unknown(why) => {
            check(what, format!("unknown ({why})")).but(Verdict::Missing, without)
        }
    }
}

fn pid_namespace(snapshot: &Snapshot) -> Check {
    const WHAT: &str = "pid namespace";
    match snapshot.reader.links.own(NsKind::Pid) {
        Seen::Known(inode) if *inode == NsKind::Pid.initial_inode() => {
            check(WHAT, "the initial one")
        }
        Seen::Known(inode) => check(WHAT, format!("pid:[{inode}], not the initial one")).but(
            Verdict::Limited,
            "processes outside it cannot be seen, and PID 1 here is not the host's init: look from \
             the host",
        ),
        Seen::Unknown(why) => {
            check(WHAT, format!("unknown ({why})")).but(Verdict::Missing, "PIDs cannot be placed")
        }
    }
}

fn reference(snapshot: &Snapshot) -> Check {
    const WHAT: &str = "reference";
    let reference = Reference::choose(snapshot);
    match (reference.source, reference.host_init) {
        (Source::Given | Source::Pid1, Some(false)) => {
            check(WHAT, "PID 1, which is not the host's init").but(
                Verdict::Limited,
                "what is shared with PID 1 here need not be shared with the host",
            )
        }
        (Source::Given | Source::Pid1, Some(true)) => check(WHAT, "PID 1"),
        (Source::Given | Source::Pid1, None) => check(
            WHAT,
            "PID 1, of which is not known whether it is the host's init",
        )
        .but(
            Verdict::Limited,
            "what is shared with PID 1 here need not be shared with the host",
        ),
        (Source::Kthreadd, _) => check(WHAT, "kthreadd (PID 2)").but(
            Verdict::Limited,
            "the namespaces of PID 1 are refused to us; kthreadd is in the initial ones, which is \
             as good unless PID 1 has left them",
        ),
        (Source::InitialInodes, _) => check(WHAT, "the numbers of the initial namespaces").but(
            Verdict::Limited,
            "neither PID 1 nor kthreadd can be read, so `diff` compares with numbers only: run as \
             root, on the host",
        ),
    }
}

fn hidden(snapshot: &Snapshot) -> Check {
    const WHAT: &str = "hidepid";
    match &snapshot.coverage.hidden_by {
        None => check(WHAT, "nothing is hidden"),
        Some(option) => check(WHAT, format!("mounted with {option}")).but(
            Verdict::Missing,
            "processes of others are not even listed, and how many there are cannot be known: run \
             as root",
        ),
    }
}

fn processes(snapshot: &Snapshot) -> Check {
    const WHAT: &str = "processes";
    let coverage = &snapshot.coverage;
    let refused = coverage.unreadable.len();
    let found = format!("{} read, {refused} refused", coverage.seen);
    if refused == 0 {
        return check(WHAT, found);
    }
    let who = match only_init_refuses(snapshot) {
        true => "PID 1 is in no row: its security policy refuses even root".to_owned(),
        false => format!("{refused} processes are in no row: reading them takes CAP_SYS_PTRACE"),
    };
    check(WHAT, found).but(Verdict::Limited, who)
}

/// A layer of the search for namespaces and what it takes.
struct Layer {
    key: &'static str,
    what: &'static str,
    finds: &'static str,
    takes: &'static str,
}

const LAYERS: [Layer; 8] = [
    Layer {
        key: "threads",
        what: "threads",
        finds: "threads in other namespaces than their process",
        takes: "CAP_SYS_PTRACE over each process",
    },
    Layer {
        key: "fds",
        what: "descriptors",
        finds: "namespaces held by an open file descriptor",
        takes: "CAP_SYS_PTRACE over each process",
    },
    Layer {
        key: "thread_fds",
        what: "threads' descriptors",
        finds: "namespaces held by a thread with descriptors of its own",
        takes: "CAP_SYS_PTRACE over each process",
    },
    Layer {
        key: "sockets",
        what: "sockets",
        finds: "network namespaces held by a socket",
        takes: "CAP_SYS_PTRACE over each process, CAP_NET_ADMIN and a procfs of our own pid namespace",
    },
    Layer {
        key: "mounts",
        what: "bind mounts",
        finds: "namespaces bind-mounted where a process can see them",
        takes: "CAP_SYS_PTRACE over a process in each mount namespace, CAP_SYS_ADMIN where all of \
                them run in a chroot",
    },
    Layer {
        key: "mount_namespaces",
        what: "mount namespaces",
        finds: "mount namespaces without a process, and what is mounted in them",
        takes: "CAP_SYS_ADMIN in the initial pid namespace, and Linux 6.12 for the list of all",
    },
    Layer {
        key: "relations",
        what: "relations",
        finds: "owners and parents, which need not have a process",
        takes: "looking from the user and pid namespace above",
    },
    Layer {
        key: "kernel_list",
        what: "the kernel's list",
        finds: "all else, such as what is held by a descriptor in flight between sockets",
        takes: "Linux 6.19 and CAP_SYS_ADMIN in the initial pid namespace",
    },
];

impl Layer {
    fn check(&self, snapshot: &Snapshot) -> Option<Check> {
        let hidden = || format!("hides {}; takes {}", self.finds, self.takes);
        Some(match snapshot.coverage.layers.get(self.key)? {
            LayerState::Done => check(self.what, "searched"),
            // PID 1 refuses these to everybody where it refuses its namespaces.
            LayerState::Denied if only_init_refuses(snapshot) && self.takes_tracing() => {
                check(self.what, "searched, without PID 1")
                    .but(Verdict::Limited, "what PID 1 alone holds stays hidden")
            }
            LayerState::Denied => {
                check(self.what, "refused in part").but(Verdict::Limited, hidden())
            }
            LayerState::Unsupported => {
                let in_flight = match (self.key, snapshot.coverage.in_flight) {
                    ("kernel_list", 1..) => format!(
                        "; file descriptors in flight now: {}",
                        snapshot.coverage.in_flight
                    ),
                    _ => String::new(),
                };
                check(self.what, "not in this kernel").but(Verdict::Limited, hidden() + &in_flight)
            }
            LayerState::Skipped => check(self.what, "not searched").but(
                Verdict::Limited,
                format!("hides {}: --depth full searches it", self.finds),
            ),
        })
    }

    fn takes_tracing(&self) -> bool {
        self.takes.starts_with("CAP_SYS_PTRACE")
    }
}

fn only_init_refuses(snapshot: &Snapshot) -> bool {
    let unreadable = &snapshot.coverage.unreadable;
    !unreadable.is_empty() && unreadable.iter().all(|it| it.pid == Process::INIT)
}

/// A feature of the kernel and what its absence hides.
struct Feature {
    key: &'static str,
    what: &'static str,
    without: &'static str,
    since: &'static str,
}

const FEATURES: [Feature; 5] = [
    Feature {
        key: "owners",
        what: "owners and parents",
        without: "who governs a namespace stays unknown",
        since: "Linux 4.9",
    },
    Feature {
        key: "namespace_ids",
        what: "namespace ids",
        without: "a namespace and its successor with the same inode cannot be told apart",
        since: "Linux 6.18",
    },
    Feature {
        key: "pid_translation",
        what: "PID translation",
        without: "the init of a pid namespace stays unknown to `diff`, and `pid --in` scans",
        since: "Linux 6.12",
    },
    Feature {
        key: "pid_namespace_listing",
        what: "pid namespace listing",
        without: "`diff` and `show` look at every process to count those of one pid namespace",
        since: "Linux 6.18 and CAP_SYS_ADMIN",
    },
    Feature {
        key: "message_queue_listing",
        what: "POSIX queue listing",
        without: "POSIX message queues stay uncounted",
        since: "Linux 5.2 and CAP_SYS_ADMIN",
    },
];

impl Feature {
    fn check(&self, snapshot: &Snapshot) -> Option<Check> {
        let seen = snapshot.features.get(self.key)?;
        Some(match seen {
            Seen::Known(()) => check(self.what, "works"),
            Seen::Unknown(why) => check(
                self.what,
                match why {
                    Why::Unsupported => "not in this kernel".to_owned(),
                    other => other.to_string(),
                },
            )
            .but(
                Verdict::Limited,
                format!("{}: takes {}", self.without, self.since),
            ),
        })
    }
}
