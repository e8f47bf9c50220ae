//! What paths of a process lead to, looked at from outside: its links are followed below its own
//! root directory, as it would follow them. A forked child goes, since a file server on the way can
//! keep whoever comes waiting.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::model::exposure::{File, FileKind};
use crate::model::{Pid, Seen, Why, text};
use crate::sys::procfs::ProcRoot;
use crate::sys::{child, look, why};

/// A child that has not looked by then waits for a file server.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// The same for one path alone, once one of them is known to keep whoever comes waiting.
const TIME_LIMIT_ALONE: Duration = Duration::from_millis(500);

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct There {
    pub file: File,
    /// The mount that it is on, as in the mount table; `None` before Linux 5.8.
    pub mount: Option<i32>,
    /// Of a directory: whether nothing is in it, where that could be read.
    pub empty: Option<bool>,
}

/// By path; `None`: nothing is there.
pub type Looks = BTreeMap<String, Seen<Option<There>>>;

/// Looks at paths as a process names them.
pub fn look_at<'a>(root: &ProcRoot, task: Pid, paths: impl IntoIterator<Item = &'a str>) -> Looks {
    let paths: Vec<&str> = paths.into_iter().collect();
    if paths.is_empty() {
        return Looks::new();
    }
    let all = ask(root, task, &paths, TIME_LIMIT);
    // One that never answers must not hide the others.
    let one_by_one = all.is_err() && paths.len() > 1;
    let answers: Vec<Seen<Option<There>>> = match all {
        Ok(answers) => answers,
        Err(_) if one_by_one => {
            let alone = paths
                .iter()
                .map(|path| ask(root, task, &[*path], TIME_LIMIT_ALONE));
            let first = |answers: Vec<_>| answers.into_iter().next();
            alone
                .map(|answer| match answer.map(first) {
                    Ok(Some(seen)) => seen,
                    Ok(None) => Seen::Unknown(Why::Gone),
                    Err(why) => Seen::Unknown(why),
                })
                .collect()
        }
        Err(why) => vec![Seen::Unknown(why)],
    };
    let paths = paths.into_iter().map(str::to_owned);
    paths.zip(answers).collect()
}

fn ask(
    root: &ProcRoot,
    task: Pid,
    paths: &[&str],
    limit: Duration,
) -> Result<Vec<Seen<Option<There>>>, Why> {
    let answer = child::in_child(limit, || {
        let looks: Vec<_> = paths
            .iter()
            .map(|path| one(root, task, path).map_err(|errno| errno as i32))
            .collect();
        // Plain data always serialises.
        serde_json::to_vec(&looks).unwrap_or_default()
    });
    let bytes = answer.map_err(|errno| match errno {
        Errno::ETIMEDOUT => Why::failed("a file server on the way did not answer in time"),
        other => why(other),
    })?;
    let looks: Vec<Result<Option<There>, i32>> =
        serde_json::from_slice(&bytes).map_err(|error| Why::failed(error.to_string()))?;
    let seen = |look: Result<_, i32>| Seen::from(look.map_err(|raw| why(Errno::from_raw(raw))));
    Ok(looks.into_iter().map(seen).collect())
}

fn one(root: &ProcRoot, task: Pid, path: &str) -> Result<Option<There>, Errno> {
    let task = root.task(task)?;
    // The dead have no root directory, which says nothing of a path.
    task.open_directory("root").map_err(|errno| match errno {
        Errno::ENOENT => Errno::ESRCH,
        other => other,
    })?;
    let opened = match task.open_in_root(&text::to_bytes(path)) {
        Ok(opened) => opened,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    let look = look::at(opened.as_fd(), c"")?;
    let file = File::from(look);
    let empty = (file.kind == FileKind::Directory).then(|| look::is_empty(&opened));
    Ok(Some(There {
        file,
        mount: look.mount,
        empty: empty.flatten(),
    }))
}
