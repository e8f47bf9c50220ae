//! Its host name.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, uts};
use crate::verify::reading::{Context, Reading};
use crate::verify::verdict::Evidence;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(String);

impl Spec for Yaml {
    const ABOUT: &'static str = "Its host name";
    const EXAMPLE: &'static str = "web";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(Hostname(self.0.clone()))])
    }
}

#[derive(Clone, Debug)]
pub struct Hostname(pub String);

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hostname {}", self.0)
    }
}

impl Claim for Hostname {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Uts)
    }

    fn explain(&self) -> String {
        "reads its uts namespace; tries uname(2) in there".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        match context.fact(NsKind::Uts, |facts| &facts.uts) {
            Ok(names) => Reading::holds_if(
                names.hostname == self.0,
                format!("it is {}", names.hostname),
            )
            .seen("uname(2) in its uts namespace", &names.hostname),
            Err(why) => Reading::unknown("its hostname", &why),
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let name = self.0.clone();
        Some(Experiment::new(move |sides| try_it(sides, &name)))
    }
}

/// The target is called so.
fn try_it(sides: &Sides<'_>, name: &str) -> Result<Tried, NotTried> {
    let inside = uts::names(&sides.inside(&[NsKind::Uts])?, sides)?.host;
    let evidence = vec![Evidence::new("hostname inside", &inside)];
    Ok(match inside == name {
        true => holds("read the hostname inside", evidence),
        false => fails(format!("read the hostname inside: {inside}"), evidence),
    })
}
