//! `nsinspect tree`: who is isolated from whom.

use super::source::Source;
use super::watch::{self, Watch};
use crate::analyse::{alike, hierarchy, process_tree, sets};
use crate::cli::{By, Global, TreeArgs};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::{NsKind, Pid, Snapshot};
use crate::output;
use crate::output::text::tree as text;
use crate::output::wire::tree::{
    Branch, PidNamespaceRecord, ProcessNodeRecord, Roots, SetRecord, Trees, UserRecord,
};
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &TreeArgs) -> Result<Exit, Error> {
    match (args.watch, args.by) {
        (Some(pause), By::Set) => return watch::run(global, &Watch::Sets, pause),
        (Some(_), _) => {
            return Err(Error::Usage(
                "--watch is for namespace sets, and for no other tree".to_owned(),
            ));
        }
        (None, _) => {}
    }
    let source = Source::open(global)?;
    let snapshot = match args.by {
        By::Set => by_set(global, &source)?,
        By::User => by_user(global, &source)?,
        By::Pid => by_pid(global, &source)?,
        By::Process => by_process(global, &source)?,
    };
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}

fn by_set(global: &Global, source: &Source) -> Result<Snapshot, Error> {
    let mut snapshot = source.scan(Depth::Stat)?;
    let founders = sets::founders(&snapshot);
    source.deepen(&mut snapshot, &founders, Depth::Command);
    source.trace(&mut snapshot, &founders);
    let trees = sets::tree(&snapshot);
    let roots = || Roots::Set(Branch::all(&trees, &|set| SetRecord::new(&snapshot, set)));
    answer(global, "set", &snapshot, roots, || {
        let lines = match global.verbose {
            true => alike::apart(&trees),
            false => alike::fold(&snapshot, &trees),
        };
        text::sets(&output::terminal(global), &snapshot, &lines)
    })?;
    Ok(snapshot)
}

fn by_user(global: &Global, source: &Source) -> Result<Snapshot, Error> {
    let mut snapshot = source.scan(Depth::Links)?;
    source.discover(&mut snapshot, global.reach(Reach::Fast));
    let user_namespaces = snapshot
        .namespaces
        .values()
        .filter(|it| it.key.kind == NsKind::User);
    let lowest: Vec<_> = user_namespaces
        .filter_map(|namespace| namespace.lowest)
        .collect();
    source.deepen(&mut snapshot, &lowest, Depth::Status);
    source.trace(&mut snapshot, &lowest);
    source.name_users(&mut snapshot);
    let trees = hierarchy::by_user(&snapshot);
    let roots = || {
        Roots::User(Branch::all(&trees, &|node| {
            UserRecord::new(&snapshot, node)
        }))
    };
    answer(global, "user", &snapshot, roots, || {
        text::users(&output::terminal(global), &snapshot, &trees)
    })?;
    Ok(snapshot)
}

fn by_pid(global: &Global, source: &Source) -> Result<Snapshot, Error> {
    let mut snapshot = source.scan(Depth::Status)?;
    source.discover(&mut snapshot, global.reach(Reach::Fast));
    source.name_users(&mut snapshot);
    let trees = hierarchy::by_pid(&snapshot);
    let record = |node: &hierarchy::PidNode<'_>| PidNamespaceRecord::new(&snapshot, node);
    let roots = || Roots::Pid(Branch::all(&trees, &record));
    answer(global, "pid", &snapshot, roots, || {
        text::pids(&output::terminal(global), &trees)
    })?;
    Ok(snapshot)
}

fn by_process(global: &Global, source: &Source) -> Result<Snapshot, Error> {
    let mut snapshot = source.scan(Depth::Command)?;
    let everybody: Vec<Pid> = snapshot.processes.tasks().collect();
    source.trace(&mut snapshot, &everybody);
    let trees = process_tree::tree(&snapshot);
    let roots = || Roots::Process(Branch::all(&trees, &ProcessNodeRecord::new));
    answer(global, "process", &snapshot, roots, || {
        text::processes(&output::terminal(global), &snapshot, &trees)
    })?;
    Ok(snapshot)
}

fn answer(
    global: &Global,
    by: &str,
    snapshot: &Snapshot,
    roots: impl FnOnce() -> Roots,
    text: impl FnOnce() -> String,
) -> Result<(), Error> {
    let document = || {
        let trees = Trees {
            by: by.to_owned(),
            roots: roots(),
        };
        Document::new(DocumentName::Tree, snapshot, trees)
    };
    output::answer(global.format(), document, text)
}
