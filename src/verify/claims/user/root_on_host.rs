//! Root in there is not root on the host, and has none of its rights. What takes a capability over the
//! host is tried in there, in ways that change nothing where they succeed.

use std::fmt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::unistd::geteuid;
use serde::Deserialize;

use super::uid_map::{Ids, in_words};
use crate::model::process::IdRange;
use crate::model::{NsKey, NsKind, Process, Seen};
use crate::sys::files;
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::worker::{Line, Place, Worker, random_name, temp_dir};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, said};
use crate::verify::reading::{Context, Reading, file_of, only_own_ids};
use crate::verify::values::No;
use crate::verify::verdict::{Evidence, Verdict};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(No);

impl Spec for Yaml {
    const ABOUT: &'static str = "`false`: root in there is not root on the host";
    const EXAMPLE: &'static str = "false";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(RootNotHostRoot)])
    }
}

#[derive(Clone, Debug)]
pub struct RootNotHostRoot;

impl fmt::Display for RootNotHostRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("root is not the host's root")
    }
}

impl Claim for RootNotHostRoot {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::User)
    }

    fn explain(&self) -> String {
        "reads uid_map and gid_map; tries in there what takes a capability over the host and changes \
         nothing"
            .to_owned()
    }

    fn read(&self, context: &Context<'_>, process: &Process) -> Reading {
        read(context, process)
    }

    fn of_others(&self) -> Option<AnyClaim> {
        Some(Rc::new(self.clone()))
    }

    fn experiment(&self) -> Option<Experiment> {
        Some(Experiment::new(try_it).search().on_host(NsKind::User))
    }
}

fn read(context: &Context<'_>, process: &Process) -> Reading {
    let kind = NsKind::User;
    let is_initial = match process.links.own(kind) {
        Seen::Known(inode) => {
            let inode = *inode;
            context.snapshot.is_initial(NsKey { kind, inode })
        }
        Seen::Unknown(why) => return Reading::unknown("its user namespace", why),
    };
    match is_initial {
        Seen::Known(true) => {
            return Reading::new(
                Verdict::Fails,
                "it is in the host's user namespace, whose root is the host's",
            )
            .sure()
            .seen(
                file_of(process, "ns/user"),
                format!("user:[{}]", kind.initial_inode()),
            );
        }
        Seen::Known(false) => {}
        Seen::Unknown(why) => {
            return Reading::unknown("whether its user namespace is the host's", &why);
        }
    }
    if !context.reads_as_host() {
        return Reading::unknown("whose ids it has on the host", &only_own_ids());
    }
    for (ids, name) in [(Ids::Uid, "user"), (Ids::Gid, "group")] {
        let map = match ids.map_of(process) {
            Ok(map) => map,
            Err(why) => return Reading::unknown(&format!("its {} map", ids.name()), &why),
        };
        if let Some(inside) = IdRange::inside_of(map, 0) {
            let says = format!("{name} {inside} in there is {name} 0 of the host");
            return Reading::new(Verdict::Fails, says).sure().seen(
                file_of(process, &format!("{}_map", ids.name())),
                in_words(map),
            );
        }
    }
    let map = Ids::Uid.map_of(process).unwrap_or_default();
    let says = match IdRange::outside_of(map, 0) {
        Some(uid) => format!("root in there is user {uid} of the host"),
        None => "nobody is root in there".to_owned(),
    };
    Reading::new(Verdict::Holds, says).seen(file_of(process, "uid_map"), in_words(map))
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
fn try_it(sides: &Sides<'_>) -> Result<Tried, NotTried> {
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
        true => Some(Worker::start_tidy(&Place::Here, sides.deadline, plant)?),
        false => None,
    };
    let file: Option<PathBuf> = outside.as_mut().map(Worker::hear).transpose()?;
    let attempts = move |line: &Line| line.say(&attempts(file.as_deref()));
    // In our own mount namespace: what is asked is the rights, and not the path.
    let place = sides.inside(&[])?;
    let tried: Vec<(String, Result<(), i32>)> =
        Worker::start(&place, sides.deadline, attempts)?.hear()?;
    let is_told = |number: i32| [Errno::EACCES, Errno::EPERM].contains(&Errno::from_raw(number));
    let untold = |(what, result): &(String, Result<(), i32>)| {
        let number = result.err().filter(|number| !is_told(*number))?;
        Some(format!("{what}: {}", Errno::from_raw(number)))
    };
    if let Some(reason) = tried.iter().find_map(untold) {
        return Err(reason.into());
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
