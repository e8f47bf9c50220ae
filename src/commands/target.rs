//! What a TARGET names: first what was typed, then what that is on this machine.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::source::Source;
use crate::analyse::find;
use crate::analyse::reference::Reference;
use crate::cli::Global;
use crate::collect::{Depth, Reach};
use crate::error::Error;
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Process, Seen, Snapshot};
use crate::output::text::container;
use crate::sys::nsfs;
use crate::sys::pidfd::PidFd;

/// So many characters engines print of a container's id. One in 280 has no letter among them, and no
/// PID is as long.
const SHORT_ID: usize = 12;

/// A target as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    Task(Pid),
    /// A process that only the one with this number in pidfs is.
    Pinned {
        pid: Pid,
        pidfs: u64,
    },
    /// A namespace by the kernel's id.
    Id(u64),
    Myself,
    /// The process that others are compared with.
    Host,
    Namespace {
        kind: Option<NsKind>,
        inode: u64,
    },
    Path(PathBuf),
    Container(String),
}

/// What a target is.
pub enum Target {
    Task(Pid),
    /// A namespace, with a descriptor where it was named by its path.
    Namespace(NsKey, Option<OwnedFd>),
}

impl Typed {
    /// Reads a target as the manual describes it.
    pub fn parse(text: &str) -> Result<Typed, Error> {
        let bad = || Error::BadTarget(text.to_owned());
        match text {
            "self" => return Ok(Typed::Myself),
            "host" => return Ok(Typed::Host),
            _ => {}
        }
        if text.contains('/') {
            return Ok(Typed::Path(Path::new(text).to_owned()));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() < SHORT_ID {
            let pid = text.parse().ok().filter(|pid| *pid > 0);
            return pid.map(Typed::Task).ok_or_else(bad);
        }
        if let Some(id) = text.strip_prefix(':') {
            return id.parse().map(Typed::Id).map_err(|_| bad());
        }
        if let Some((pid, pidfs)) = text.split_once(':')
            && let (Ok(pid), Ok(pidfs)) = (pid.parse(), pidfs.parse())
        {
            return Ok(Typed::Pinned { pid, pidfs });
        }
        if let Some(key) = NsKey::parse(text) {
            return Ok(Typed::Namespace {
                kind: Some(key.kind),
                inode: key.inode,
            });
        }
        if let Some(inode) = text.strip_prefix("ns:") {
            let inode = inode.parse().map_err(|_| bad())?;
            return Ok(Typed::Namespace { kind: None, inode });
        }
        match text.trim_matches(':').is_empty() {
            true => Err(bad()),
            false => Ok(Typed::Container(text.to_owned())),
        }
    }

    /// Reads a target that can only be a namespace: a bare number is an inode.
    pub fn parse_namespace(text: &str) -> Result<Typed, Error> {
        match text.parse() {
            Ok(inode) => Ok(Typed::Namespace { kind: None, inode }),
            Err(_) => Typed::parse(text),
        }
    }

    /// Finds what it names.
    pub fn resolve(&self, source: &Source, global: &Global) -> Result<Target, Error> {
        match self {
            Typed::Task(pid) => Ok(Target::Task(*pid)),
            Typed::Pinned { pid, pidfs } => match PidFd::open(*pid).and_then(|it| it.inode()) {
                Ok(inode) if inode == *pidfs => Ok(Target::Task(*pid)),
                _ => Err(source.no_process(*pid)),
            },
            Typed::Id(id) => {
                let mut snapshot = source.scan(Depth::Links)?;
                source.discover(&mut snapshot, global.reach(Reach::Full));
                find::by_id(&snapshot, *id)
                    .map(|key| Target::Namespace(key, None))
                    .ok_or_else(|| Error::NoNamespace(format!(":{id}"), snapshot.namespaces.len()))
            }
            Typed::Myself => myself(source).map(Target::Task),
            Typed::Host => host(source).map(Target::Task),
            Typed::Namespace { kind, inode } => {
                let mut snapshot = source.scan(Depth::Links)?;
                // Asked for by its number, it need not have a process.
                source.discover(&mut snapshot, global.reach(Reach::Full));
                find_namespace(&snapshot, *kind, *inode).map(|key| Target::Namespace(key, None))
            }
            Typed::Path(path) => open_namespace(path),
            Typed::Container(word) => find_container(source, word).map(Target::Task),
        }
    }
}

fn myself(source: &Source) -> Result<Pid, Error> {
    match source {
        Source::Live(collector) => collector.own_pid(),
        Source::Saved(_) => Err(Error::Usage(
            "nsinspect itself is not in a snapshot: `self` is for the running machine".to_owned(),
        )),
    }
}

/// PID 1, or what stands in for it, of the machine and not of a container.
fn host(source: &Source) -> Result<Pid, Error> {
    let mut snapshot = source.scan(Depth::Links)?;
    for pid in [Process::INIT, Process::KTHREADD] {
        source.add(&mut snapshot, pid);
    }
    // It takes its name to tell a kernel thread.
    source.deepen(
        &mut snapshot,
        &[Process::INIT, Process::KTHREADD],
        Depth::Command,
    );
    let reference = Reference::choose(&snapshot);
    let process = reference.process.filter(|process| {
        let links = &process.links;
        let kind = NsKind::Pid;
        let inode = links.own(kind).get();
        inode.is_some_and(|inode| snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true))
    });
    process.map(Process::task).ok_or(Error::NoHost)
}

fn find_namespace(snapshot: &Snapshot, kind: Option<NsKind>, inode: u64) -> Result<NsKey, Error> {
    let name = match kind {
        Some(kind) => NsKey { kind, inode }.to_string(),
        None => inode.to_string(),
    };
    find::namespace(snapshot, kind, inode)
        .ok_or(Error::NoNamespace(name, snapshot.namespaces.len()))
}

pub fn open_namespace(path: &Path) -> Result<Target, Error> {
    let failed = |errno| Error::Path {
        path: path.to_owned(),
        errno,
    };
    let fd = nsfs::open(path)
        .map_err(failed)?
        .ok_or_else(|| Error::NotANamespace(path.to_owned()))?;
    let key = NsKey {
        kind: nsfs::kind(&fd).map_err(failed)?,
        inode: nsfs::identity(&fd).map_err(failed)?.inode,
    };
    Ok(Target::Namespace(key, Some(fd)))
}

fn find_container(source: &Source, word: &str) -> Result<Pid, Error> {
    let mut snapshot = source.scan(Depth::Command)?;
    let everybody: Vec<Pid> = snapshot.processes.tasks().collect();
    source.trace(&mut snapshot, &everybody);
    container_in(&snapshot, word)
}

/// The init of a container, of which all processes were read with their traces.
pub fn container_in(snapshot: &Snapshot, word: &str) -> Result<Pid, Error> {
    let found = find::containers(snapshot, word);
    match found.as_slice() {
        [(_, init)] => Ok(*init),
        [] => Err(Error::NoContainer {
            text: word.to_owned(),
            looked_at: snapshot.processes.len(),
        }),
        several => Err(Error::Ambiguous {
            text: word.to_owned(),
            candidates: several
                .iter()
                .map(|(found, init)| format!("{} (process {init})", container(found)))
                .collect(),
        }),
    }
}

impl Target {
    /// The process that the target is, or the lowest in the namespace that it is.
    pub fn task(self, source: &Source) -> Result<Pid, Error> {
        match self {
            Target::Task(pid) => Ok(pid),
            Target::Namespace(key, _) => {
                let snapshot = source.scan(Depth::Links)?;
                find::lowest_member(&snapshot, key).ok_or(Error::NoMember(key))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_target_is_understood() {
        let inode = 4_026_531_833;
        let namespace = |kind| Typed::Namespace { kind, inode };
        for (text, expected) in [
            ("42", Typed::Task(42)),
            ("self", Typed::Myself),
            ("host", Typed::Host),
            ("docker:self", Typed::Container("docker:self".into())),
            ("docker:host", Typed::Container("docker:host".into())),
            ("docker:77", Typed::Container("docker:77".into())),
            ("ns:4026531833", namespace(None)),
            ("net:[4026531833]", namespace(Some(NsKind::Net))),
            ("/run/netns/x", Typed::Path("/run/netns/x".into())),
            ("docker:web", Typed::Container("docker:web".into())),
            ("4f4dddfc", Typed::Container("4f4dddfc".into())),
            ("000000031337", Typed::Container("000000031337".into())),
            (":77", Typed::Id(77)),
            (
                "42:1234",
                Typed::Pinned {
                    pid: 42,
                    pidfs: 1234,
                },
            ),
        ] {
            assert_eq!(Typed::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_target_is_refused() {
        for text in ["", "0", "99999999999", "ns:", "ns:x", ":"] {
            assert!(
                matches!(Typed::parse(text), Err(Error::BadTarget(_))),
                "{text}"
            );
        }
    }
}
