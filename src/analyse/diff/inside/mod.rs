//! What differs inside an isolated namespace, as values and as one sentence: one file per kind that
//! has much to tell.

mod mnt;
mod net;
mod small;
mod user;

pub use small::main_cgroup_path;

use super::Pair;
use super::value::{Difference, Value};
use crate::model::facts::Facts;
use crate::model::namespace::NsKey;
use crate::model::process::Details;
use crate::model::{NsKind, Process, Seen, Why};

/// What differs inside one namespace.
#[derive(Default)]
pub struct Inside {
    pub differences: Vec<Difference>,
    pub sentence: String,
}

/// What differs inside the namespaces of one kind that the two are in.
pub fn of(pair: &Pair<'_>, kind: NsKind) -> Inside {
    match kind {
        NsKind::User => user::user(pair),
        NsKind::Pid => small::pid(pair),
        NsKind::Mnt => mnt::mnt(pair),
        NsKind::Net => net::net(pair),
        NsKind::Ipc => small::ipc(pair),
        NsKind::Uts => small::uts(pair),
        NsKind::Cgroup => small::cgroup(pair),
        NsKind::Time => small::time(pair),
    }
}

impl Pair<'_> {
    /// Facts of the namespaces of a kind on both sides.
    fn facts(&self, kind: NsKind) -> (Facts, Facts) {
        let of = |inode: Option<u64>| {
            let namespace =
                inode.and_then(|inode| self.snapshot.namespaces.get(&NsKey { kind, inode }));
            namespace
                .map(|namespace| namespace.facts.clone())
                .unwrap_or_default()
        };
        (
            of(self.subject.links.own(kind).get()),
            of(self.reference.links.own(kind).get()),
        )
    }

    /// One detail of both processes.
    fn details<T: Clone>(&self, detail: impl Fn(&Details) -> Seen<T>) -> (Seen<T>, Seen<T>) {
        let of = |process: Option<&Process>| {
            let details = process.and_then(|process| process.details.as_deref());
            details.map_or(Seen::Unknown(Why::Skipped), &detail)
        };
        (of(Some(self.subject)), of(self.reference.process))
    }
}

fn difference<T>(
    what: &'static str,
    (subject, reference): (&Seen<T>, &Seen<T>),
    value: impl Fn(&T) -> Value,
) -> Difference {
    Difference {
        what,
        subject: subject.part(&value),
        reference: reference.part(&value),
    }
}

/// The value in words, or that and why it is not known.
fn told<T>(seen: &Seen<T>, what: &str, words: impl FnOnce(&T) -> String) -> String {
    match seen {
        Seen::Known(value) => words(value),
        Seen::Unknown(why) => format!("{what} unknown ({why})"),
    }
}

fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}
