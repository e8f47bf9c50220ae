//! It sees no more processes than this.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, procfs};
use crate::verify::reading::{Context, Reading};
use crate::verify::verdict::Evidence;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(usize);

impl Spec for Yaml {
    const ABOUT: &'static str = "How many processes it sees, itself with them";
    const EXAMPLE: &'static str = "16";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(AtMostProcesses(self.0))])
    }
}

#[derive(Clone, Debug)]
pub struct AtMostProcesses(pub usize);

impl fmt::Display for AtMostProcesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sees at most {} processes", self.0)
    }
}

impl Claim for AtMostProcesses {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Pid)
    }

    fn explain(&self) -> String {
        "reads /proc/*/ns/pid; tries to count in there".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        match context.fact(NsKind::Pid, |facts| &facts.processes) {
            Ok(count) => {
                let holds = usize::try_from(*count).is_ok_and(|count| count <= self.0);
                Reading::holds_if(holds, format!("{count} are in its pid namespace"))
                    .seen("/proc/*/ns/pid", count.to_string())
            }
            Err(why) => Reading::unknown("how many are in its pid namespace", &why),
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let most = self.0;
        Some(Experiment::new(move |sides| try_it(sides, most)))
    }
}

/// The target sees no more processes than this, by the procfs that shows most.
fn try_it(sides: &Sides<'_>, most: usize) -> Result<Tried, NotTried> {
    let looks = procfs::look_for(sides, &[], 0, true)?;
    let evidence: Vec<Evidence> = looks.iter().map(procfs::Look::evidence).collect();
    let counts = looks.iter().filter_map(|it| Some((it.count()?, it)));
    let Some((count, look)) = counts.max_by_key(|(count, _)| *count) else {
        return Err("there is no procfs inside that could be looked at".into());
    };
    let did = format!(
        "saw {} through {}",
        procfs::processes(count),
        look.mount_point
    );
    Ok(match count <= most {
        true => holds(did, evidence),
        false => fails(did, evidence),
    })
}
