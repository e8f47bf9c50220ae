//! What isolates a process, or fails to, beside namespaces.

use super::inside::main_cgroup_path;
use super::{Pair, Value};
use crate::model::process::{Details, Ids, RootDir, Status};
use crate::model::{LinkName, Process, Seen, Why};

/// One row: the same thing of both processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    pub what: &'static str,
    pub subject: Seen<Value>,
    pub reference: Seen<Value>,
    /// `None` where one side is not known.
    pub same: Option<bool>,
}

type Reader = fn(&Process) -> Seen<Value>;

/// The rows, in the order in which they are shown.
const ROWS: [(&str, Reader); 14] = [
    ("uid", |it| status(it, |status| ids(status.uids))),
    ("gid", |it| status(it, |status| ids(status.gids))),
    ("groups", |it| {
        status(it, |status| Value::Numbers(status.groups.clone()))
    }),
    ("capabilities.effective", |it| {
        status(it, |status| names(status, 0))
    }),
    ("capabilities.permitted", |it| {
        status(it, |status| names(status, 1))
    }),
    ("capabilities.bounding", |it| {
        status(it, |status| names(status, 2))
    }),
    ("capabilities.inheritable", |it| {
        status(it, |status| names(status, 3))
    }),
    ("capabilities.ambient", |it| {
        status(it, |status| names(status, 4))
    }),
    ("seccomp", |it| {
        of_status(it, |status| {
            status.seccomp.map(|mode| Value::Text(mode.name().into()))
        })
    }),
    ("no_new_privs", |it| {
        of_status(it, |status| status.no_new_privs.map(Value::Flag))
    }),
    ("lsm", |it| {
        detail(it, |details| {
            details
                .lsm
                .part(|label| label.clone().map_or(Value::Nothing, Value::Text))
        })
    }),
    ("cgroup", |it| {
        it.cgroups
            .part(|entries| Value::Text(main_cgroup_path(entries)))
    }),
    ("threads_elsewhere", |it| {
        detail(it, |details| {
            details
                .threads
                .part(|threads| Value::Number(threads.len() as i64))
        })
    }),
    ("children_elsewhere", |it| {
        Seen::Known(Value::Words(children_elsewhere(it)))
    }),
];

/// All rows for a pair of processes.
pub fn rows(pair: &Pair<'_>) -> Vec<Beyond> {
    let compare = |(what, read): &(&'static str, Reader)| {
        let subject = read(pair.subject);
        let reference = pair
            .reference
            .process
            .map_or(Seen::Unknown(Why::Skipped), read);
        let same = match (&subject, &reference) {
            (Seen::Known(subject), Seen::Known(reference)) => Some(subject == reference),
            _ => None,
        };
        Beyond {
            what,
            subject,
            reference,
            same,
        }
    };
    let mut rows = vec![root(pair)];
    rows.extend(ROWS.iter().map(compare));
    rows
}

/// The path of a root directory means something only within one mount namespace: two containers
/// both say `/`. Whether it is the same directory is told by device and inode.
fn root(pair: &Pair<'_>) -> Beyond {
    let path = |process: &Process| {
        detail(process, |details| {
            details
                .root
                .part(|root: &RootDir| Value::Text(root.path.clone()))
        })
    };
    Beyond {
        what: "root",
        subject: path(pair.subject),
        reference: pair
            .reference
            .process
            .map_or(Seen::Unknown(Why::Skipped), path),
        same: pair.same_root(),
    }
}

fn detail<T>(process: &Process, read: impl Fn(&Details) -> Seen<T>) -> Seen<T> {
    process
        .details
        .as_deref()
        .map_or(Seen::Unknown(Why::Skipped), read)
}

fn status(process: &Process, read: impl Fn(&Status) -> Value) -> Seen<Value> {
    detail(process, |details| details.status.part(&read))
}

/// A field that older kernels do not have.
fn of_status(process: &Process, read: impl Fn(&Status) -> Option<Value>) -> Seen<Value> {
    detail(process, |details| details.status.part(&read))
        .and_then(|value| value.map_or(Seen::Unknown(Why::Unsupported), Seen::Known))
}

fn ids(ids: Ids) -> Value {
    Value::Numbers(vec![ids.real, ids.effective, ids.saved, ids.fs])
}

fn names(status: &Status, set: usize) -> Value {
    Value::Words(status.capabilities.by_name()[set].1.names())
}

/// Kinds in which the next child will be in another namespace than the process itself.
fn children_elsewhere(process: &Process) -> Vec<String> {
    [LinkName::PidForChildren, LinkName::TimeForChildren]
        .into_iter()
        .filter(|link| {
            let own = process.links.own(link.kind()).get();
            match process.links.get(*link) {
                Seen::Known(next) => own.is_some_and(|own| own != *next),
                // A new pid namespace is not named before its first process is there
                // (pidns_for_children_get in kernel/pid_namespace.c).
                Seen::Unknown(Why::Gone) => !process.is_zombie() && own.is_some(),
                Seen::Unknown(_) => false,
            }
        })
        .map(|link| link.kind().to_string())
        .collect()
}
