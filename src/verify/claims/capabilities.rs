//! What may and what must be in a set of capabilities.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::{CapabilitySet, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, file_of, status};
use crate::verify::values::Capability;

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(deny_unknown_fields, default)]
pub struct Yaml {
    effective: Option<Bounds>,
    permitted: Option<Bounds>,
    bounding: Option<Bounds>,
    inheritable: Option<Bounds>,
    ambient: Option<Bounds>,
}

/// What may and what must be in a set
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Bounds {
    at_most: Option<Vec<Capability>>,
    at_least: Option<Vec<Capability>>,
    exactly: Option<Vec<Capability>>,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "The five sets of capabilities";
    const EXAMPLE: &'static str = "{effective: {at_most: [chown, kill]}, ambient: {exactly: []}}";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let sets = [
            (Set::Effective, &self.effective),
            (Set::Permitted, &self.permitted),
            (Set::Bounding, &self.bounding),
            (Set::Inheritable, &self.inheritable),
            (Set::Ambient, &self.ambient),
        ];
        let mut all: Vec<AnyClaim> = Vec::new();
        for (set, bounds) in sets {
            let Some(bounds) = bounds else { continue };
            for (bound, names) in [
                (Bound::Exactly, &bounds.exactly),
                (Bound::AtMost, &bounds.at_most),
                (Bound::AtLeast, &bounds.at_least),
            ] {
                let Some(names) = names else { continue };
                let bits = names.iter().fold(0, |bits, name| bits | 1 << name.0);
                let capabilities = CapabilitySet(bits);
                all.push(Rc::new(Capabilities {
                    set,
                    bound,
                    capabilities,
                }));
            }
        }
        Ok(all)
    }
}

/// A set of capabilities of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    Effective,
    Permitted,
    Bounding,
    Inheritable,
    Ambient,
}

/// How much may be in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    AtMost,
    AtLeast,
    Exactly,
}

impl Set {
    const fn name(self) -> &'static str {
        match self {
            Set::Effective => "effective",
            Set::Permitted => "permitted",
            Set::Bounding => "bounding",
            Set::Inheritable => "inheritable",
            Set::Ambient => "ambient",
        }
    }
}

impl Bound {
    const fn words(self) -> &'static str {
        match self {
            Bound::AtMost => "at most",
            Bound::AtLeast => "at least",
            Bound::Exactly => "exactly",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Capabilities {
    pub set: Set,
    pub bound: Bound,
    pub capabilities: CapabilitySet,
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.set.name();
        match self.capabilities.is_empty() {
            true => write!(f, "no {set} capabilities"),
            false => {
                let names: Vec<String> = self.capabilities.short_names().collect();
                let names = names.join(" ");
                write!(f, "{set} capabilities {} {names}", self.bound.words())
            }
        }
    }
}

impl Claim for Capabilities {
    fn explain(&self) -> String {
        "reads Cap… in /proc/PID/status".to_owned()
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        let sets = match status(process) {
            Ok(status) => status.capabilities,
            Err(why) => return Reading::unknown("its capabilities", &why),
        };
        let (own, line) = match self.set {
            Set::Effective => (sets.effective, "CapEff"),
            Set::Permitted => (sets.permitted, "CapPrm"),
            Set::Bounding => (sets.bounding, "CapBnd"),
            Set::Inheritable => (sets.inheritable, "CapInh"),
            Set::Ambient => (sets.ambient, "CapAmb"),
        };
        let wanted = self.capabilities;
        let more = CapabilitySet(own.0 & !wanted.0);
        let less = CapabilitySet(wanted.0 & !own.0);
        let holds = match self.bound {
            Bound::AtMost => more.is_empty(),
            Bound::AtLeast => less.is_empty(),
            Bound::Exactly => more.is_empty() && less.is_empty(),
        };
        let says = match (self.bound, holds) {
            (_, true) => format!("it has {}", own.in_words()),
            (Bound::AtLeast, _) => format!("it lacks {}", less.names_in_words()),
            (Bound::Exactly, _) if more.is_empty() => format!("it lacks {}", less.names_in_words()),
            _ => format!("it has {} too", more.names_in_words()),
        };
        Reading::holds_if(holds, says).sure().seen(
            file_of(process, &format!("status {line}")),
            format!("{:016x}", own.0),
        )
    }

    /// No other may have more; less is no matter.
    fn of_others(&self) -> Option<AnyClaim> {
        let bound = match self.bound {
            Bound::AtMost | Bound::Exactly => Bound::AtMost,
            Bound::AtLeast => return None,
        };
        Some(Rc::new(Capabilities {
            bound,
            ..self.clone()
        }))
    }
}
