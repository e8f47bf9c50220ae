//! What stands at a path inside the target, and what it may do there.

use std::fmt;
use std::rc::Rc;

use nix::errno::Errno;
use serde::Deserialize;

use crate::audit::mounts::is_writable;
use crate::collect::paths::There;
use crate::model::Process;
use crate::model::exposure::FileKind;
use crate::model::mount::Mount;
use crate::verify::claim::{AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::path::Found;
use crate::verify::probes::{self, Experiment, NotTried, Sides, Tried, fails, holds};
use crate::verify::reading::{Context, Reading};
use crate::verify::values::AbsolutePath;
use crate::verify::verdict::Verdict;

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(deny_unknown_fields, default)]
pub struct Yaml {
    /// Nothing is there
    absent: Vec<AbsolutePath>,
    /// The target cannot read it
    unreadable: Vec<AbsolutePath>,
    /// Nothing can be read through it: /dev/null or an empty directory lies on it
    masked: Vec<AbsolutePath>,
    /// It is on a read-only mount
    read_only: Vec<AbsolutePath>,
    /// The target cannot write there, by whatever barrier
    not_writable: Vec<AbsolutePath>,
    /// It is on a mount where set-user-ID counts for nothing
    nosuid: Vec<AbsolutePath>,
    mounted: Vec<AbsolutePath>,
    not_mounted: Vec<AbsolutePath>,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "Paths as the target names them";
    const EXAMPLE: &'static str = "{absent: [/host], unreadable: [/etc/shadow], masked: [/proc/kcore], read_only: [/proc/sys], \
         not_writable: [/etc/passwd], nosuid: [/tmp], mounted: [/proc], not_mounted: [/mnt]}";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let lists = [
            (State::Absent, &self.absent),
            (State::Unreadable, &self.unreadable),
            (State::Masked, &self.masked),
            (State::ReadOnly, &self.read_only),
            (State::NotWritable, &self.not_writable),
            (State::NoSuid, &self.nosuid),
            (State::Mounted, &self.mounted),
            (State::NotMounted, &self.not_mounted),
        ];
        let claims = lists.into_iter().flat_map(|(is, paths)| {
            let claim = move |path: &AbsolutePath| Path::claim(&path.0, is);
            paths.iter().map(claim)
        });
        Ok(claims.collect())
    }
}

/// What is claimed of a path inside the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is there.
    Absent,
    /// It cannot be read by the target.
    Unreadable,
    /// Nothing can be read through it: an empty directory, /dev/null, or absent.
    Masked,
    /// Its mount is read-only, whoever asks.
    ReadOnly,
    /// The target cannot write there, by whatever barrier.
    NotWritable,
    /// Set-user-ID bits count for nothing there.
    NoSuid,
    /// It is a mount point.
    Mounted,
    /// It is no mount point.
    NotMounted,
}

impl State {
    const fn words(self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Unreadable => "unreadable",
            State::Masked => "masked",
            State::ReadOnly => "read-only",
            State::NotWritable => "not writable",
            State::NoSuid => "nosuid",
            State::Mounted => "a mount point",
            State::NotMounted => "no mount point",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Path {
    pub path: String,
    pub is: State,
}

impl Path {
    pub fn claim(path: &str, is: State) -> AnyClaim {
        let path = path.to_owned();
        Rc::new(Path { path, is })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.is.words())
    }
}

impl Claim for Path {
    fn needs(&self) -> Needs {
        Needs::path(&self.path)
    }

    fn explain(&self) -> String {
        match self.is {
            State::Absent => "looks below its root directory; looks in there, as the target",
            State::Unreadable => "asks access(2) in there, as the target",
            State::Masked => "reads what lies on it; looks in there, as the target",
            State::ReadOnly | State::NoSuid => {
                "reads the options of its mount, from outside and in there"
            }
            State::NotWritable => {
                "reads the options of its mount; asks access(2) in there, as the target"
            }
            State::Mounted | State::NotMounted => "reads /proc/PID/mountinfo",
        }
        .to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        read(context, &self.path, self.is)
    }

    fn experiment(&self) -> Option<Experiment> {
        let Path { path, is } = self.clone();
        match is {
            State::Mounted | State::NotMounted => None,
            _ => Some(Experiment::new(move |sides| try_it(sides, &path, is))),
        }
    }
}

/// What lies on masked files.
const NULL_DEVICE: Option<(u32, u32)> = Some((1, 3));

fn read(context: &Context<'_>, path: &str, is: State) -> Reading {
    if matches!(is, State::Mounted | State::NotMounted) {
        return mounted(context, path, is);
    }
    let there = match context.look(path) {
        Ok(Some(there)) => there,
        Ok(None) => return Reading::new(Verdict::Holds, "nothing is there"),
        Err(why) => return Reading::unknown("what is there", &why),
    };
    let on_mount = |test: fn(&Mount) -> bool, words: [&str; 2]| match context.mount_of(path, there)
    {
        Ok(mount) => {
            let holds = test(mount);
            let says = format!(
                "its mount at {} is {}",
                mount.mount_point,
                words[usize::from(!holds)]
            );
            Reading::holds_if(holds, says).seen(
                context.file("mountinfo"),
                format!("{} {} {}", mount.id, mount.mount_point, mount.options),
            )
        }
        Err(why) => Reading::unknown("its mount", &why),
    };
    match is {
        State::Absent => Reading::new(Verdict::Fails, "something is there").sure(),
        State::Masked => masked(there),
        State::ReadOnly => on_mount(|mount| !is_writable(mount), ["read-only", "writable"]),
        State::NoSuid => on_mount(|mount| mount.has_option("nosuid"), ["nosuid", "not nosuid"]),
        State::NotWritable => {
            let read = on_mount(|mount| !is_writable(mount), ["read-only", "writable"]);
            match read.verdict {
                // Other barriers may stand in the way still.
                Verdict::Fails => {
                    Reading::untold("whether more than its mount keeps it from writing")
                }
                _ => read,
            }
        }
        State::Unreadable => Reading::untold("whether it can read that"),
        State::Mounted | State::NotMounted => mounted(context, path, is),
    }
}

fn masked(there: &There) -> Reading {
    let file = there.file;
    match file.kind {
        FileKind::Char if file.device == NULL_DEVICE => {
            Reading::new(Verdict::Holds, "/dev/null lies on it")
        }
        FileKind::Directory => match there.empty {
            Some(true) => Reading::new(Verdict::Holds, "it is an empty directory"),
            Some(false) => Reading::new(Verdict::Fails, "it is a directory with something in it"),
            None => Reading::untold("whether something is in it"),
        },
        _ => Reading::new(Verdict::Fails, "nothing lies on it"),
    }
}

fn mounted(context: &Context<'_>, path: &str, is: State) -> Reading {
    let wanted = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    match context.mounts() {
        Ok(table) => {
            let found = table.iter().find(|mount| mount.mount_point == wanted);
            let says = match found {
                Some(mount) => format!("{} is mounted there", mount.fstype),
                None => "nothing is mounted there".to_owned(),
            };
            let read = Reading::holds_if(found.is_some() == (is == State::Mounted), says).sure();
            let point = found.map_or("", |mount| &mount.mount_point);
            read.seen(context.file("mountinfo"), point)
        }
        Err(why) => Reading::unknown("its mount table", &why),
    }
}

/// The state of a path inside is this.
fn try_it(sides: &Sides<'_>, path: &str, state: State) -> Result<Tried, NotTried> {
    let found = probes::path::found(sides, path)?;
    let evidence = vec![found.evidence(path)];
    let facts = match (&found, state) {
        (Found::There(facts), _) => facts,
        (Found::Nothing, State::Mounted) => {
            return Ok(fails(
                format!("looked at {path} inside: nothing is there"),
                evidence,
            ));
        }
        (Found::Nothing, _) => {
            return Ok(holds(
                format!("looked at {path} inside: nothing is there"),
                evidence,
            ));
        }
        (Found::Unreachable(number), State::Unreadable | State::Masked | State::NotWritable)
            if matches!(Errno::from_raw(*number), Errno::EACCES | Errno::EPERM) =>
        {
            let did = format!("looked at {path} inside: the target cannot reach it");
            return Ok(holds(did, evidence));
        }
        (Found::Unreachable(number), _) => {
            let errno = Errno::from_raw(*number);
            return Err(format!("{path} cannot be looked at inside: {errno}").into());
        }
    };
    let is_refused = |result| match result {
        Err(number) if Errno::from_raw(number) == Errno::ENOSYS => Err(NotTried::from(
            "this kernel has no faccessat2(2) (Linux 5.8)",
        )),
        result => Ok(result.is_err()),
    };
    let is_so = match state {
        State::Absent => false,
        State::Unreadable => is_refused(facts.read)?,
        State::Masked => facts.is_null() || facts.empty == Some(true) || is_refused(facts.read)?,
        State::ReadOnly => facts.read_only,
        State::NotWritable => is_refused(facts.write)?,
        State::NoSuid => facts.no_suid,
        State::Mounted | State::NotMounted => {
            return Err("mount points are read, and not tried".into());
        }
    };
    let did = format!("looked at {path} inside: {}", facts.words());
    Ok(match is_so {
        true => holds(did, evidence),
        false => fails(did, evidence),
    })
}
