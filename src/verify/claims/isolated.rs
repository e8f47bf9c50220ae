//! A kind of namespace in which it is not where the host is, or where somebody else is.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::analyse::reference::Reference;
use crate::model::{NsKey, NsKind, Process, Seen, Why};
use crate::verify::claim::{Against, AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, cgroup, ipc, mnt, net, pid, time, user, uts};
use crate::verify::reading::{Context, Reading, details, file_of};
use crate::verify::values::{Kind, by_weight};
use crate::verify::verdict::Verdict;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(BTreeSet<Kind>);

impl Spec for Yaml {
    const ABOUT: &'static str = "Kinds of namespace in which it is not where the host is";
    const EXAMPLE: &'static str = "[pid, net, uts]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(by_weight(&self.0).map(from_host).collect())
    }
}

/// Isolated from the host in a kind.
pub fn from_host(kind: NsKind) -> AnyClaim {
    let against = Against::Host;
    Rc::new(Isolated { kind, against })
}

#[derive(Clone, Debug)]
pub struct Isolated {
    pub kind: NsKind,
    pub against: Against,
}

impl fmt::Display for Isolated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} isolated{}", self.kind, self.against.words("from"))
    }
}

impl Claim for Isolated {
    fn kind(&self) -> Option<NsKind> {
        Some(self.kind)
    }

    fn needs(&self) -> Needs {
        self.against.needs()
    }

    fn explain(&self) -> String {
        let tries = match self.kind {
            NsKind::Pid => "to name a process of outside from inside, by number and by any procfs",
            NsKind::Net => "to reach, from inside, a socket and a port opened outside, and back",
            NsKind::Ipc => "to find, inside, a System V object and a POSIX queue made outside",
            NsKind::Uts => "to read both names on both sides",
            NsKind::Mnt => "to find, inside, a file planted outside, and a mount made outside",
            NsKind::User => "who root inside is outside, by a message, and what it may do there",
            NsKind::Cgroup => "to read its cgroup paths on both sides",
            NsKind::Time => "to read both clocks on both sides",
        };
        format!(
            "reads /proc/PID/ns/{} on both sides; tries: {tries}",
            self.kind
        )
    }

    fn read(&self, context: &Context<'_>, process: &Process) -> Reading {
        read(context, process, self.kind, &self.against)
    }

    fn of_others(&self) -> Option<AnyClaim> {
        Some(Rc::new(self.clone()))
    }

    fn experiment(&self) -> Option<Experiment> {
        let try_it = match self.kind {
            NsKind::Cgroup => cgroup::isolated,
            NsKind::Ipc => ipc::isolated,
            NsKind::Mnt => mnt::isolated,
            NsKind::Net => net::isolated,
            NsKind::Pid => pid::isolated,
            NsKind::Time => time::isolated,
            NsKind::User => user::isolated,
            NsKind::Uts => uts::isolated,
        };
        let experiment = Experiment::new(try_it).search();
        Some(match &self.against {
            Against::Host => experiment.on_host(self.kind),
            Against::Caller => experiment,
            Against::Task { target, .. } => experiment.from(target.clone()),
        })
    }
}

/// Whether a process is in another namespace than the other side, by the numbers that the kernel gives
/// them.
pub fn read(context: &Context<'_>, process: &Process, kind: NsKind, against: &Against) -> Reading {
    let (theirs, whose) = match other_side(context, kind, against) {
        Ok(found) => found,
        Err(read) => return read,
    };
    let own = match process.links.own(kind) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => return Reading::unknown(&format!("its {kind} namespace"), why),
    };
    // Where the kernel booted is the host's, even if its init should be elsewhere.
    let is_initial = |inode: u64| {
        *against == Against::Host
            && context.snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true)
    };
    let is_theirs = |inode: u64| theirs == Seen::Known(inode) || is_initial(inode);
    let source = file_of(process, &format!("ns/{kind}"));
    if is_theirs(own) {
        return Reading::new(Verdict::Fails, format!("it is in {kind}:[{own}], {whose}"))
            .sure()
            .seen(source, format!("{kind}:[{own}]"));
    }
    let threads = match details(process).map(|details| &details.threads) {
        Ok(Seen::Known(threads)) => threads.as_slice(),
        // Nothing says that they are where the process is.
        Ok(Seen::Unknown(why)) if *why != Why::Skipped => {
            return Reading::unknown("where its threads are", why);
        }
        _ => &[],
    };
    let there = threads.iter().find_map(|thread| {
        let mut links = thread.differs.iter();
        let link = links.find(|(link, inode)| link.kind() == kind && is_theirs(*inode));
        Some((thread.tid, link?.1))
    });
    if let Some((tid, inode)) = there {
        let says = format!("its thread {tid} is in {kind}:[{inode}], {whose}");
        return Reading::new(Verdict::Fails, says).sure().seen(
            file_of(process, &format!("task/{tid}/ns/{kind}")),
            format!("{kind}:[{inode}]"),
        );
    }
    let theirs = match theirs {
        Seen::Known(inode) => inode,
        Seen::Unknown(why) => {
            let what = match against {
                Against::Host | Against::Caller => format!("{whose} {kind} namespace"),
                Against::Task { name, .. } => format!("the {kind} namespace of {name}"),
            };
            return Reading::unknown(&what, &why).seen(source, format!("{kind}:[{own}]"));
        }
    };
    Reading::new(
        Verdict::Holds,
        format!("it is in {kind}:[{own}], {whose} is {theirs}"),
    )
    .seen(source, format!("{kind}:[{own}]"))
    .seen("the reference", format!("{kind}:[{theirs}]"))
}

/// The namespace of the other side, and whose it is.
fn other_side(
    context: &Context<'_>,
    kind: NsKind,
    against: &Against,
) -> Result<(Seen<u64>, String), Reading> {
    Ok(match against {
        Against::Host => {
            let host = Reference::host(context.snapshot);
            let theirs = match (host.process, host.links.own(kind)) {
                (None, Seen::Unknown(_)) => Seen::Unknown(no_number(&host)),
                (_, theirs) => theirs.clone(),
            };
            (theirs, "the host's".to_owned())
        }
        Against::Caller => {
            let own = context.snapshot.reader.links.own(kind);
            (own.clone(), "the caller's".to_owned())
        }
        Against::Task { target, name } => match context.snapshot.processes.get(target.pid) {
            Some(other) => (other.links.own(kind).clone(), format!("that of {name}")),
            None => {
                return Err(Reading::unknown(
                    &format!("the namespace of {name}"),
                    &Why::Gone,
                ));
            }
        },
    })
}

/// Why the host's namespace is not known where no process of the host can be read.
fn no_number(host: &Reference<'_>) -> Why {
    let init = match host.host_init {
        Some(false) => "PID 1 here is not the host's init",
        _ => "neither PID 1 nor kthreadd of the host can be read",
    };
    Why::failed(format!(
        "this kernel is not known to fix a number for it, and {init}"
    ))
}
