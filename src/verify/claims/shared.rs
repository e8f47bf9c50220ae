//! A kind of namespace in which it is where the host is, or where somebody else is.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use super::isolated;
use crate::model::{NsKind, Process};
use crate::verify::claim::{Against, AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading};
use crate::verify::values::{Kind, by_weight};
use crate::verify::verdict::Verdict;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(BTreeSet<Kind>);

impl Spec for Yaml {
    const ABOUT: &'static str = "Kinds in which it is where the host is";
    const EXAMPLE: &'static str = "[user, time]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let with_host = |kind| -> AnyClaim {
            let against = Against::Host;
            Rc::new(Shared { kind, against })
        };
        Ok(by_weight(&self.0).map(with_host).collect())
    }
}

#[derive(Clone, Debug)]
pub struct Shared {
    pub kind: NsKind,
    pub against: Against,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} shared{}", self.kind, self.against.words("with"))
    }
}

impl Claim for Shared {
    fn kind(&self) -> Option<NsKind> {
        Some(self.kind)
    }

    fn needs(&self) -> Needs {
        self.against.needs()
    }

    fn explain(&self) -> String {
        format!("reads /proc/PID/ns/{} on both sides", self.kind)
    }

    fn read(&self, context: &Context<'_>, process: &Process) -> Reading {
        let reading = isolated::read(context, process, self.kind, &self.against).opposite();
        // That it is another namespace is the end of it.
        match reading.verdict {
            Verdict::Fails => reading.sure(),
            _ => reading,
        }
    }

    fn of_others(&self) -> Option<AnyClaim> {
        Some(Rc::new(self.clone()))
    }
}
