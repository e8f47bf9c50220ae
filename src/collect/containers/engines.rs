//! Engines that run on the host, and the folders that they were told to keep their containers in.

use serde_json::Value;

use super::author;
use super::host::Host;
use crate::collect::processes::{cmdline_of, stat_of};
use crate::model::container::is_hash;
use crate::model::{Author, Pid, Snapshot, text};
use crate::sys::procfs::{ProcRoot, TaskDir};

/// Programs whose arguments name such a folder.
const PROGRAMS: [&str; 2] = ["dockerd", "conmon"];

/// The folders, each with who has started the engine.
pub fn running(proc: &ProcRoot, snapshot: &Snapshot, host: &Host<'_>) -> Vec<(Vec<u8>, Author)> {
    let tasks: Vec<Pid> = match snapshot.has_all_processes() {
        true => snapshot.processes.tasks().collect(),
        false => proc.pids().unwrap_or_default(),
    };
    let mut found = Vec::new();
    for task in tasks {
        let known = snapshot.processes.get(task);
        let known = known.and_then(|it| it.stat.known());
        if known.is_some_and(|stat| !PROGRAMS.contains(&stat.comm.as_str())) {
            continue;
        }
        found.extend(folders_of(proc, snapshot, host, task));
    }
    found.sort();
    found.dedup();
    found
}

fn folders_of(
    proc: &ProcRoot,
    snapshot: &Snapshot,
    host: &Host<'_>,
    task: Pid,
) -> Vec<(Vec<u8>, Author)> {
    let is_engine = |dir: &TaskDir| {
        let stat = stat_of(dir);
        stat.known()
            .is_some_and(|stat| PROGRAMS.contains(&stat.comm.as_str()))
    };
    let Some(dir) = proc.task(task).ok().filter(is_engine) else {
        return Vec::new();
    };
    let args = cmdline_of(&dir);
    let Some(args) = args.known() else {
        return Vec::new();
    };
    let author = author::of_process(&dir, snapshot, &PROGRAMS);
    if !matches!(author, Author::Root | Author::User(_)) {
        return Vec::new();
    }
    let mut folders: Vec<String> = args.iter().filter_map(|arg| store_in(arg)).collect();
    folders.extend(data_root(args, host));
    folders
        .into_iter()
        .map(|folder| (text::to_bytes(&folder), author))
        .collect()
}

/// The root of the store that a path of conmon's is in: `ROOT/overlay-containers/ID/userdata…`.
fn store_in(arg: &str) -> Option<String> {
    let parts: Vec<&str> = arg.split('/').collect();
    let at = parts
        .windows(3)
        .position(|it| it[0].ends_with("-containers") && is_hash(it[1]) && it[2] == "userdata")?;
    let root = parts[..at].join("/");
    root.starts_with('/').then_some(root)
}

/// Where dockerd keeps its data: by its arguments, else by its configuration.
fn data_root(args: &[String], host: &Host<'_>) -> Option<String> {
    if !args.first()?.ends_with("dockerd") {
        return None;
    }
    let value = |names: &[&str]| super::monitor::option(args, names);
    let told = value(&["--data-root", "-g", "--graph"]).or_else(|| {
        let file = value(&["--config-file"]).unwrap_or_else(|| "/etc/docker/daemon.json".into());
        let settings: Value = serde_json::from_slice(&host.read_of_root(&file)?).ok()?;
        Some(settings["data-root"].as_str()?.to_owned())
    })?;
    told.starts_with('/').then_some(told)
}
