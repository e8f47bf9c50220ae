//! The configuration that a runtime was given for a container: `config.json` of its OCI bundle,
//! found by the monitor above the container or by what runc and crun have written down.

use serde_json::Value;

use super::host::Host;
use crate::collect::details;
use crate::model::container::{Monitor, Traces, cgroup_path, is_hash};
use crate::model::{Author, Pid, Snapshot};
use crate::sys::procfs::ProcRoot;

/// A configuration that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    pub path: String,
    pub text: Vec<u8>,
}

/// Looks where the traces of a container lead.
///
/// # Errors
/// The places that were looked at in vain.
pub fn find(
    root: &ProcRoot,
    snapshot: &Snapshot,
    traces: &Traces,
) -> Result<Configuration, Vec<String>> {
    let Some(host) = Host::reach(root, snapshot) else {
        return Err(Vec::new());
    };
    let named = traces.cgroups.known().map(|it| cgroup_path::named(it));
    let innermost = named.unwrap_or_default().containers.pop();
    let innermost = innermost.map(|it| it.container.id);
    let monitors = traces.monitors.known().into_iter().flatten();
    // What a container's own process names is the container's.
    let vouched = |author: Author| matches!(author, Author::Root | Author::User(_));
    let mut folders: Vec<(String, Author)> = monitors
        .filter(|it| vouched(it.author))
        .filter_map(|it| Some((beside(it, innermost.as_deref())?, it.author)))
        .take(1)
        .collect();
    let states = traces
        .records
        .iter()
        .filter(|it| it.init.is_some() && vouched(it.author));
    folders.extend(states.filter_map(|record| {
        let state = host.read_named_by(record.author, &record.source)?;
        Some((bundle_in(&state)?, record.author))
    }));
    // Engines give the folder to the root of the container's user namespace.
    let own_root = root_outside(root, traces.task).map(Author::of);
    let mut looked_at = Vec::new();
    for (folder, author) in folders {
        let path = format!("{folder}/config.json");
        let authors: Vec<Author> = std::iter::once(author).chain(own_root).collect();
        match host.read_of_one_of(&authors, &path) {
            Some(text) => return Ok(Configuration { path, text }),
            None => looked_at.push(path),
        }
    }
    Err(looked_at)
}

/// Whose uid of the host the root of a container has.
fn root_outside(root: &ProcRoot, task: Pid) -> Option<u32> {
    let map = details::id_map_of(&root.task(task).ok()?, "uid_map");
    let map = map.known()?;
    map.iter().find(|it| it.inside == 0).map(|it| it.outside)
}

/// The bundle of the container that a monitor watches over. One shim serves all containers of a pod,
/// whose bundles lie side by side.
fn beside(monitor: &Monitor, innermost: Option<&str>) -> Option<String> {
    let bundle = monitor.bundle.as_deref()?;
    let (Some(_), Some(own)) = (&monitor.namespace, &monitor.id) else {
        return Some(bundle.to_owned());
    };
    let id = innermost.filter(|id| is_hash(id)).unwrap_or(own);
    let (folder, _) = bundle.rsplit_once('/')?;
    Some(format!("{folder}/{id}"))
}

/// The bundle that the state of runc or crun names.
fn bundle_in(state: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(state).ok()?;
    // runc keeps it as a label (libcontainer's `bundle`), crun as a field.
    let labels = value["config"]["labels"].as_array().into_iter().flatten();
    let mut labels = labels.filter_map(|label| label.as_str()?.strip_prefix("bundle="));
    let bundle = labels.next().or_else(|| value["bundle"].as_str())?;
    bundle.starts_with('/').then(|| bundle.to_owned())
}
