//! What was read of the exposure of a case, in the words that several rules ask in.

use crate::analyse::power::files::Inode;
use crate::audit::case::Case;
use crate::audit::finding::{Evidence, Finding, Severity, Verdict};
use crate::audit::mounts::{self, HostPath};
use crate::audit::rule::Rule;
use crate::model::exposure::{Exposure, File, FileKind, MountPoint};
use crate::model::mount::Mount;
use crate::model::{NsKey, NsKind, Pid, Place, Process, Seen, Why};

/// Of things that are alike so many are named.
const NAMED: usize = 8;

impl<'a> Case<'a> {
    pub fn exposure(&self) -> Result<&'a Exposure, Why> {
        let exposure = self.snapshot.exposures.get(&self.process.task());
        exposure.ok_or(Why::Skipped)
    }

    /// Its mount table.
    pub fn mounts(&self) -> Result<&'a [Mount], Why> {
        let details = self.details().ok_or(Why::Skipped)?;
        details
            .mounts
            .as_ref()
            .map(Vec::as_slice)
            .map_err(Clone::clone)
    }

    /// A mount of its table.
    pub fn mount(&self, id: i32) -> Option<&'a Mount> {
        self.mounts().ok()?.iter().find(|mount| mount.id == id)
    }

    /// Each of its mounts that a path leads to, with what stands there.
    pub fn shown(&self) -> impl Iterator<Item = (&'a Mount, &'a MountPoint)> {
        let points = self.exposure().map(|it| it.mount_points.found.as_slice());
        let mounts = self.mounts().unwrap_or_default();
        let find = move |point: &'a MountPoint| {
            let mount = mounts.iter().find(|mount| mount.id == point.mount)?;
            Some((mount, point))
        };
        points.unwrap_or_default().iter().filter_map(find)
    }

    /// Where on the host a mount is, by file system and directory; `None`: it is nowhere on the
    /// host, or a file system of the kernel.
    pub fn on_host(&self, mount: &Mount) -> Option<HostPath<'a>> {
        mounts::on_host(self.snapshot, mount)
    }

    /// Whether a process is in the same container or sandbox, as far as is known.
    pub fn is_inside(&self, pid: Pid) -> Option<bool> {
        let other = self.snapshot.processes.get(pid)?;
        match (Place::of(self.process), Place::of(other)) {
            (Place::Task(_), _) | (_, Place::Task(_)) => None,
            (own, other) => Some(own == other),
        }
    }

    /// Line of its mount table, as evidence.
    pub fn mount_line(&self, mount: &Mount) -> Evidence {
        Evidence {
            source: self.file("mountinfo"),
            value: format!(
                "{} {} {} {} {} - {}",
                mount.id, mount.device, mount.root, mount.mount_point, mount.options, mount.fstype
            ),
        }
    }
}

/// What the rules for files look at.
pub fn inode(file: File) -> Inode {
    Inode {
        uid: file.uid,
        gid: file.gid,
        mode: file.mode & 0o777,
        is_directory: file.kind == FileKind::Directory,
    }
}

/// Owner and bits of a file, as evidence.
pub fn bits(path: &str, file: &File) -> Evidence {
    Evidence {
        source: format!("statx of {path}"),
        value: format!("uid {} gid {} mode {:04o}", file.uid, file.gid, file.mode),
    }
}

/// Whether a process is one of the host's, and in no container. What is not known is taken for the
/// host: that is the worse of the two.
pub fn is_on_host(case: &Case<'_>, process: &Process) -> bool {
    let initial = |kind: NsKind| {
        let inode = process.links.own(kind).get();
        inode.map(|inode| case.snapshot.is_initial(NsKey { kind, inode }))
    };
    [NsKind::Pid, NsKind::User]
        .into_iter()
        .all(|kind| initial(kind) != Some(Seen::Known(false)))
}

/// What a process is called in a sentence.
pub fn called(process: Option<&Process>, pid: Pid) -> String {
    let comm = process.and_then(|process| process.stat.known());
    match comm {
        Some(stat) => format!("{} ({pid})", stat.comm),
        None => format!("process {pid}"),
    }
}

/// One finding for several of one rule: the worst, with the evidence of those that are as bad, and
/// the number of all.
pub fn merged(mut all: Vec<Finding>) -> Option<Finding> {
    all.sort_by_key(|finding| std::cmp::Reverse(crate::audit::weight(finding)));
    let mut all = all.into_iter();
    let mut first = all.next()?;
    let same = |other: &Finding| {
        other.verdict == first.verdict
            && other.severity == first.severity
            && other.preconditions == first.preconditions
    };
    let alike: Vec<Finding> = all.filter(same).collect();
    for other in alike.iter().take(NAMED) {
        for fact in &other.evidence {
            if !first.evidence.contains(fact) {
                first.evidence.push(fact.clone());
            }
        }
    }
    match alike.len() {
        0 => {}
        1 => first.why += "; and one more like it",
        more => first.why += &format!("; and {more} more like it"),
    }
    Some(first)
}

/// That something which decides could not be looked at.
pub fn unknown(rule: &'static Rule, severity: Severity, what: &str, why: &Why) -> Finding {
    let says = format!("{what} could not be looked at");
    Finding::new(rule, severity, Verdict::Unknown, says).seen(what, why.to_string())
}

/// What was found by a rule, as one finding; and where something could not be looked at and nothing
/// is proven, that.
pub fn told(
    unknown: impl Fn(&Why) -> Finding,
    gap: Option<&Why>,
    found: Vec<Finding>,
) -> Vec<Finding> {
    let found = merged(found);
    let is_proven = found.as_ref().is_some_and(Finding::is_live);
    let gap = gap.filter(|_| !is_proven).map(unknown);
    found.into_iter().chain(gap).collect()
}

/// Why the host's mount table is not known, if it is not.
pub fn no_host_table(case: &Case<'_>) -> Option<Why> {
    match &case.snapshot.host_mounts {
        Seen::Known(_) => None,
        Seen::Unknown(why) => Some(why.clone()),
    }
}
