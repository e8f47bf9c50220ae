//! The cgroup path that it sees itself at.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::analyse::diff::main_cgroup_path;
use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, cgroup, fails, holds};
use crate::verify::reading::{Context, Reading, detail};
use crate::verify::values::AbsolutePath;
use crate::verify::verdict::Evidence;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(AbsolutePath);

impl Spec for Yaml {
    const ABOUT: &'static str = "The path that it sees itself at";
    const EXAMPLE: &'static str = "/";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(CgroupPath(self.0.0.clone()))])
    }
}

#[derive(Clone, Debug)]
pub struct CgroupPath(pub String);

impl fmt::Display for CgroupPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cgroup path {}", self.0)
    }
}

impl Claim for CgroupPath {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Cgroup)
    }

    fn explain(&self) -> String {
        "reads /proc/PID/cgroup as it sees it".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        match detail(context.subject, |details| &details.cgroups_inside) {
            Ok(entries) => {
                let path = main_cgroup_path(entries);
                Reading::holds_if(path == self.0, format!("it sees itself at {path}"))
                    .seen("/proc/self/cgroup as it sees it", path)
            }
            Err(why) => Reading::unknown("the path at which it sees itself", &why),
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let path = self.0.clone();
        Some(Experiment::new(move |sides| try_it(sides, &path)))
    }
}

/// The target sees itself at this path.
fn try_it(sides: &Sides<'_>, path: &str) -> Result<Tried, NotTried> {
    let own = main_cgroup_path(&cgroup::seen(sides)?.target);
    let evidence = vec![Evidence::new("cgroup of the target, seen inside", &own)];
    let did = format!("looked at cgroups inside: the target is at {own}");
    Ok(match own == path {
        true => holds(did, evidence),
        false => fails(did, evidence),
    })
}
