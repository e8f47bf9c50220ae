//! Whether it may open a device, by its permission bits, its mount, and the device cgroup. None is opened:
//! that can have effects. access(2) asks the device cgroup too (inode_permission in fs/namei.c).

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::exposure::FileKind;
use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::path::{self, Found, said};
use crate::verify::probes::worker::{Line, Worker};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds};
use crate::verify::reading::{Context, Reading};
use crate::verify::values::AbsolutePath;
use crate::verify::verdict::Verdict;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(Vec<DeviceClaim>);

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct DeviceClaim {
    path: AbsolutePath,
    access: Access,
    /// Whether it can be opened so
    allowed: bool,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "Whether it may open devices";
    const EXAMPLE: &'static str = "[{path: /dev/mem, access: read, allowed: false}]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let claim = |it: &DeviceClaim| -> AnyClaim {
            Rc::new(Device {
                path: it.path.0.clone(),
                access: it.access,
                allowed: it.allowed,
            })
        };
        Ok(self.0.iter().map(claim).collect())
    }
}

/// What is to be done with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

impl Access {
    const fn name(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Device {
    pub path: String,
    pub access: Access,
    pub allowed: bool,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.allowed {
            true => "opens",
            false => "does not open",
        };
        write!(f, "{} {verdict} to {}", self.path, self.access.name())
    }
}

impl Claim for Device {
    fn needs(&self) -> Needs {
        Needs::path(&self.path)
    }

    fn explain(&self) -> String {
        "reads what is there; asks access(2) as the target".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        let refused = read_refused(context, &self.path, self.access);
        match self.allowed {
            true => refused.opposite(),
            false => refused,
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let Device {
            path,
            access,
            allowed,
        } = self.clone();
        let experiment = Experiment::new(move |sides| try_refused(sides, &path, access));
        Some(experiment.opposite_if(allowed))
    }
}

fn read_refused(context: &Context<'_>, path: &str, access: Access) -> Reading {
    match context.look(path) {
        Ok(Some(there)) => match there.file.kind {
            FileKind::Block | FileKind::Char => match context.mount_of(path, there) {
                Ok(mount) if mount.has_option("nodev") => {
                    let says = format!("its mount at {} is nodev", mount.mount_point);
                    Reading::new(Verdict::Holds, says)
                        .seen(context.file("mountinfo"), mount.options.clone())
                }
                _ => Reading::untold(&format!("whether it can open that to {}", access.name())),
            },
            _ => Reading::new(Verdict::Holds, "what is there is no device").sure(),
        },
        Ok(None) => Reading::new(Verdict::Holds, "nothing is there"),
        Err(why) => Reading::unknown("what is there", &why),
    }
}

/// The target cannot open this device so.
fn try_refused(sides: &Sides<'_>, node: &str, access: Access) -> Result<Tried, NotTried> {
    let place = sides.pinned.place(&[NsKind::Mnt])?;
    let place = sides.pinned.in_device_cgroup(place)?;
    let path = node.to_owned();
    let look = move |line: &Line| line.say(&path::look_at(&path));
    let found: Found = Worker::start(&place, sides.deadline, look)?.hear()?;
    let evidence = vec![found.evidence(node)];
    let facts = match &found {
        Found::Nothing => {
            return Ok(holds(
                format!("looked for {node} inside: nothing is there"),
                evidence,
            ));
        }
        Found::Unreachable(number) => {
            let errno = nix::errno::Errno::from_raw(*number);
            let is_refused = matches!(errno, nix::errno::Errno::EACCES | nix::errno::Errno::EPERM);
            return match is_refused {
                true => Ok(holds(
                    format!("{node} cannot be reached inside: {errno}"),
                    evidence,
                )),
                false => Err(format!("{node} cannot be looked at inside: {errno}").into()),
            };
        }
        Found::There(facts) if !facts.is_device() => {
            return Err(format!("{node} is no device inside").into());
        }
        Found::There(facts) => facts,
    };
    let (result, name) = match access {
        Access::Read => (facts.read, "read"),
        Access::Write => (facts.write, "write"),
    };
    Ok(match (facts.no_dev, result) {
        (true, _) => holds(
            format!("looked at {node} inside: its mount is nodev, so that no device can be opened"),
            evidence,
        ),
        (false, Ok(())) => fails(
            format!(
                "asked by access(2) inside, in the target's device cgroup: to {name} {node} is \
                     granted"
            ),
            evidence,
        ),
        (false, refused) => holds(
            format!(
                "asked by access(2) inside, in the target's device cgroup: to {name} {node} is \
                     refused ({})",
                said(refused)
            ),
            evidence,
        ),
    })
}
