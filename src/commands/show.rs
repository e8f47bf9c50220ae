//! `nsinspect show`: all that is known of one process or namespace.

use std::os::fd::OwnedFd;

use super::source::Source;
use super::target::{Target, Typed};
use crate::analyse::find;
use crate::cli::{Global, ShowArgs};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::namespace::NsKey;
use crate::model::{Pid, Process};
use crate::output;
use crate::output::text::show as text;
use crate::output::wire::namespace::NamespaceRecord;
use crate::output::wire::process::{ProcessRecord, Subject};
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &ShowArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    match Typed::parse(&args.target)?.resolve(&source, global)? {
        Target::Task(task) => show_process(global, &source, task),
        Target::Namespace(key, opened) => show_namespace(global, &source, key, opened),
    }
}

fn show_process(global: &Global, source: &Source, task: Pid) -> Result<Exit, Error> {
    let mut snapshot = source.read(task)?;
    let keys: Vec<(NsKey, Pid)> = snapshot.processes[task]
        .links
        .own_keys()
        .map(|key| (key, task))
        .collect();
    source.relate(&mut snapshot, |_| true);
    let cgroups = source.look_inside(&mut snapshot, &keys);
    source.look_at_cgroups(&mut snapshot, task, &cgroups);
    source.trace(&mut snapshot, &[task]);
    source.name_users(&mut snapshot);
    let process = &snapshot.processes[task];
    let document = || {
        let namespaces = keys
            .iter()
            .filter_map(|(key, _)| snapshot.namespaces.get(key));
        let subject = Subject {
            process: Some(ProcessRecord::new(&snapshot, process)),
            namespaces: namespaces
                .map(|it| NamespaceRecord::new(&snapshot, it).with_inside(it))
                .collect(),
        };
        Document::new(DocumentName::Process, &snapshot, subject)
    };
    let text = || text::process(&output::terminal(global), &snapshot, process);
    output::answer(global.format(), document, text)?;
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}

fn show_namespace(
    global: &Global,
    source: &Source,
    key: NsKey,
    opened: Option<OwnedFd>,
) -> Result<Exit, Error> {
    let mut snapshot = source.scan(Depth::Links)?;
    source.discover(&mut snapshot, global.reach(Reach::Full));
    if let Some(fd) = opened {
        source.relate_opened(&mut snapshot, key, fd);
    }
    let members = find::members(&snapshot, key);
    source.deepen(&mut snapshot, &members, Depth::Command);
    source.trace(&mut snapshot, &members);
    if let Some(first) = members.first() {
        source.look_inside(&mut snapshot, &[(key, *first)]);
    }
    source.name_users(&mut snapshot);
    let namespace = snapshot
        .namespaces
        .get(&key)
        .ok_or_else(|| Error::NoNamespace(key.to_string(), snapshot.namespaces.len()))?;
    let processes: Vec<&Process> = members
        .iter()
        .map(|pid| &snapshot.processes[*pid])
        .collect();
    let document = || {
        let subject = Subject {
            process: None,
            namespaces: vec![NamespaceRecord::new(&snapshot, namespace).with_inside(namespace)],
        };
        Document::new(DocumentName::Process, &snapshot, subject)
    };
    let text = || text::namespace(&output::terminal(global), &snapshot, namespace, &processes);
    output::answer(global.format(), document, text)?;
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}
