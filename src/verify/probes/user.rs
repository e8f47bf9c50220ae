//! Users: who root inside is outside, by the kernel's own word on a message; and what takes a
//! capability over the host is tried in there, in ways that change nothing where they succeed.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, geteuid, getgroups, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};

use super::pinned::Pinned;
use super::worker::{Line, Place, Worker, random_name, temp_dir};
use super::{Case, Tried, fails, holds, said};
use crate::model::NsKind;
use crate::sys::{child, files};
use crate::verify::verdict::Evidence;

/// What root inside tells of itself.
#[derive(Serialize, Deserialize)]
struct Root {
    /// The error, as a number, where nobody in there can be root.
    became: Result<(), i32>,
    /// Whether a capability over the host is there.
    host_capability: Result<(), i32>,
    setgroups: Result<(), i32>,
}

fn be_root(line: &Line) -> Result<(), String> {
    let number = |result: Result<(), Errno>| result.map_err(|errno| errno as i32);
    let same_groups = || setgroups(&getgroups()?);
    let setgroups = number(same_groups());
    let root = || {
        let (gid, uid) = (Gid::from_raw(0), Uid::from_raw(0));
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)
    };
    let became = number(root());
    child::harden();
    line.say(&Root {
        became,
        host_capability: number(files::try_swapoff()),
        setgroups,
    })
}

/// Who root at a place is outside, as we number uids.
fn root_of(pinned: &Pinned, case: &Case<'_>) -> Result<(Root, u32), String> {
    let place = pinned.root_in_user_namespace()?;
    Worker::start(&place, case.deadline, be_root)?.hear_with_uid()
}

/// The target shares no user namespace with the other side, and root in there is not root outside.
pub fn isolated(case: &Case<'_>) -> Result<Tried, String> {
    if case.same(NsKind::User)? {
        let did = "compared the user namespaces: both are in one";
        return Ok(fails(did, Vec::new()));
    }
    let (root, uid) = root_of(case.pinned, case)?;
    let root_outside = match case.from {
        None => 0,
        Some(from) if from.is_in_our(NsKind::User)? => 0,
        Some(from) => root_of(from, case)?.1,
    };
    let host = said(root.host_capability);
    let mut evidence = vec![
        Evidence::new("setresuid(0) inside", said(root.became)),
        Evidence::new(
            "uid of the sender outside (SCM_CREDENTIALS)",
            uid.to_string(),
        ),
        Evidence::new("swapoff(\"\") inside, with all rights in there", &host),
        Evidence::new("setgroups(the same) inside", said(root.setgroups)),
    ];
    // Where we are refused too, a refusal inside says nothing.
    let control = files::try_swapoff();
    if control.is_err_and(|errno| errno == Errno::EPERM) {
        evidence.push(Evidence::new(
            "swapoff(\"\") outside",
            "EPERM: the refusal tells nothing",
        ));
    }
    let reaches_host = root.host_capability.map_err(Errno::from_raw) != Err(Errno::EPERM);
    Ok(match (root.became, uid == root_outside, reaches_host) {
        (_, _, true) => fails(
            format!("a capability of the host is there inside: swapoff(2) says {host}"),
            evidence,
        ),
        (Ok(()), true, false) => fails(
            format!("became root inside: outside that is uid {uid}, which is root there too"),
            evidence,
        ),
        (Ok(()), false, false) => holds(
            format!("became root inside: outside that is uid {uid}, and host rights are refused"),
            evidence,
        ),
        (Err(_), _, false) => holds(
            "nobody can become root inside, and host rights are refused",
            evidence,
        ),
    })
}

/// A file of ours that nobody else may read, in a directory that everybody may reach; removed with it.
struct Plant {
    dir: PathBuf,
    file: PathBuf,
}

impl Plant {
    fn new(dir: PathBuf) -> std::io::Result<Plant> {
        std::fs::DirBuilder::new().mode(0o711).create(&dir)?;
        let file = dir.join("private");
        let plant = Plant { dir, file };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(&plant.file)?;
        Ok(plant)
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
        let _ = std::fs::remove_dir(&self.dir);
    }
}

/// What takes a capability over the host, or to be its root, is refused to the target.
pub fn is_refused_by_host(case: &Case<'_>) -> Result<Tried, String> {
    let dir = temp_dir().join(random_name());
    let plant = move |line: &Line| {
        let plant = Plant::new(dir);
        let plant = plant.map_err(|error| format!("no file can be made outside: {error}"))?;
        line.say(&plant.file)?;
        let _ = line.hear::<()>();
        Ok(())
    };
    // Only a file of root is the host's root's.
    let mut outside = match geteuid().is_root() {
        true => Some(Worker::start_tidy(&Place::Here, case.deadline, plant)?),
        false => None,
    };
    let file: Option<PathBuf> = outside.as_mut().map(Worker::hear).transpose()?;
    let attempts = move |line: &Line| line.say(&attempts(file.as_deref()));
    // In our own mount namespace: what is asked is the rights, and not the path.
    let place = case.inside(&[])?;
    let tried: Vec<(String, Result<(), i32>)> =
        Worker::start(&place, case.deadline, attempts)?.hear()?;
    let is_told = |number: i32| [Errno::EACCES, Errno::EPERM].contains(&Errno::from_raw(number));
    let untold = |(what, result): &(String, Result<(), i32>)| {
        let number = result.err().filter(|number| !is_told(*number))?;
        Some(format!("{what}: {}", Errno::from_raw(number)))
    };
    if let Some(reason) = tried.iter().find_map(untold) {
        return Err(reason);
    }
    let evidence = tried
        .iter()
        .map(|(what, result)| Evidence::new(what, said(*result)));
    let evidence: Vec<Evidence> = evidence.collect();
    let granted = tried.iter().filter(|(_, result)| result.is_ok());
    let granted: Vec<&str> = granted.map(|(what, _)| what.as_str()).collect();
    Ok(match granted.is_empty() {
        true => holds(
            "tried with the target's rights what takes those of the host: all refused",
            evidence,
        ),
        false => fails(
            format!("granted to the target's rights: {}", granted.join("; ")),
            evidence,
        ),
    })
}

fn attempts(file: Option<&Path>) -> Vec<(String, Result<(), i32>)> {
    let swapoff = match files::try_swapoff() {
        Err(Errno::EPERM) => Err(Errno::EPERM as i32),
        _ => Ok(()),
    };
    let mut tried = vec![("swapoff(2), which takes CAP_SYS_ADMIN".to_owned(), swapoff)];
    if let Some(file) = file {
        let opened = std::fs::File::open(file).map(drop);
        let number = |error: std::io::Error| error.raw_os_error().unwrap_or(Errno::EIO as i32);
        let what = "reading a file of the host's root that is for nobody else";
        tried.push((what.to_owned(), opened.map_err(number)));
    }
    tried
}
