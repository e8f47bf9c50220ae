//! Whether setgroups(2) is allowed.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, detail, file_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(rename_all = "lowercase")]
pub enum Yaml {
    Allow,
    Deny,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "Whether groups can be set in there: setgroups(2)";
    const EXAMPLE: &'static str = "deny";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let allowed = *self == Yaml::Allow;
        Ok(vec![Rc::new(Setgroups { allowed })])
    }
}

#[derive(Clone, Debug)]
pub struct Setgroups {
    pub allowed: bool,
}

impl fmt::Display for Setgroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.allowed {
            true => "setgroups allowed",
            false => "setgroups denied",
        })
    }
}

impl Claim for Setgroups {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::User)
    }

    fn explain(&self) -> String {
        "reads /proc/PID/setgroups".to_owned()
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        match detail(process, |details| &details.setgroups) {
            Ok(text) => {
                let holds = (text == "allow") == self.allowed;
                Reading::holds_if(holds, format!("it says {text}"))
                    .sure()
                    .seen(file_of(process, "setgroups"), text)
            }
            Err(why) => Reading::unknown("its setgroups", &why),
        }
    }
}
