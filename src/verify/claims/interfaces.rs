//! Exactly these network interfaces.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, net};
use crate::verify::reading::{Context, Reading};
use crate::verify::verdict::Evidence;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(BTreeSet<String>);

impl Spec for Yaml {
    const ABOUT: &'static str = "Exactly these network interfaces";
    const EXAMPLE: &'static str = "[lo]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(Interfaces(self.0.clone()))])
    }
}

#[derive(Clone, Debug)]
pub struct Interfaces(pub BTreeSet<String>);

impl fmt::Display for Interfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        match names.is_empty() {
            true => f.write_str("no interfaces"),
            false => write!(f, "interfaces {}", names.join(" ")),
        }
    }
}

impl Claim for Interfaces {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Net)
    }

    fn explain(&self) -> String {
        "reads its net namespace; tries to list in there".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        match context.fact(NsKind::Net, |facts| &facts.interfaces) {
            Ok(interfaces) => {
                let own: BTreeSet<String> = interfaces.iter().map(|it| it.name.clone()).collect();
                let names = own.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                let says = match own.is_empty() {
                    true => "it has none".to_owned(),
                    false => format!("it has {names}"),
                };
                Reading::holds_if(own == self.0, says)
                    .seen("interfaces of its net namespace", names)
            }
            Err(why) => Reading::unknown("its interfaces", &why),
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let names: Vec<String> = self.0.iter().cloned().collect();
        Some(Experiment::new(move |sides| try_it(sides, &names)))
    }
}

/// The target sees exactly these interfaces.
fn try_it(sides: &Sides<'_>, expected: &[String]) -> Result<Tried, NotTried> {
    let names = net::interfaces_inside(sides)?;
    let evidence = vec![Evidence::new("interfaces inside", names.join(", "))];
    let others = |of: &[String], without: &[String]| -> Vec<String> {
        let missing = of.iter().filter(|name| !without.contains(name));
        missing.cloned().collect()
    };
    let (more, fewer) = (others(&names, expected), others(expected, &names));
    Ok(match (more.is_empty(), fewer.is_empty()) {
        (true, true) => holds("listed the interfaces inside", evidence),
        (false, _) => fails(format!("saw {} too inside", more.join(", ")), evidence),
        (true, false) => fails(format!("saw no {} inside", fewer.join(", ")), evidence),
    })
}
