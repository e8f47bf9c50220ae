//! The configuration that a runtime was given for a container: `config.json` of its OCI bundle,
//! found by the monitor above the container or by what runc and crun have written down.

use serde_json::Value;

use super::{LARGEST_RECORD, cgroup_path, is_hash, own_uid};
use crate::model::container::{Monitor, Traces};
use crate::model::text;
use crate::sys::files;

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
pub fn find(traces: &Traces) -> Result<Configuration, Vec<String>> {
    let named = traces.cgroups.known().map(|it| cgroup_path::named(it));
    let innermost = named.unwrap_or_default().containers.pop();
    let innermost = innermost.map(|it| it.container.id);
    let monitor = traces.monitor.known().and_then(Option::as_ref);
    // Paths that a user's own process names are the user's: not to be read with our rights.
    let trusted = monitor.filter(|it| it.uid == Some(0) || it.uid == Some(own_uid()));
    let mut folders: Vec<String> = trusted
        .and_then(|monitor| beside(monitor, innermost.as_deref()))
        .into_iter()
        .collect();
    let states = traces.records.iter().filter(|it| it.init.is_some());
    folders.extend(states.filter_map(|record| bundle_in(&record.source)));
    let mut looked_at = Vec::new();
    for folder in folders {
        let path = format!("{folder}/config.json");
        match read(&path) {
            Some(text) => return Ok(Configuration { path, text }),
            None => looked_at.push(path),
        }
    }
    Err(looked_at)
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
fn bundle_in(state: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(&read(state)?).ok()?;
    // runc keeps it as a label (libcontainer's `bundle`), crun as a field.
    let labels = value["config"]["labels"].as_array().into_iter().flatten();
    let mut labels = labels.filter_map(|label| label.as_str()?.strip_prefix("bundle="));
    let bundle = labels.next().or_else(|| value["bundle"].as_str())?;
    bundle.starts_with('/').then(|| bundle.to_owned())
}

fn read(path: &str) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    let real = std::ffi::OsString::from_vec(text::to_bytes(path));
    files::read_regular(real.as_ref(), LARGEST_RECORD).ok()
}
