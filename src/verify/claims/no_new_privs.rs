//! Whether no_new_privs is set, with which execve(2) grants no rights.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::{Process, Why};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, file_of, status};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(bool);

impl Spec for Yaml {
    const ABOUT: &'static str = "Whether no_new_privs is set: no program grants it more rights";
    const EXAMPLE: &'static str = "true";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(NoNewPrivs(self.0))])
    }
}

#[derive(Clone, Debug)]
pub struct NoNewPrivs(pub bool);

impl fmt::Display for NoNewPrivs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            true => "no_new_privs on",
            false => "no_new_privs off",
        })
    }
}

impl Claim for NoNewPrivs {
    fn explain(&self) -> String {
        "reads NoNewPrivs in /proc/PID/status".to_owned()
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        match status(process).map(|status| status.no_new_privs) {
            Ok(Some(on)) => {
                Reading::holds_if(on == self.0, if on { "it is on" } else { "it is off" })
                    .sure()
                    .seen(
                        file_of(process, "status NoNewPrivs"),
                        u8::from(on).to_string(),
                    )
            }
            Ok(None) => Reading::unknown("no_new_privs", &Why::Unsupported),
            Err(why) => Reading::unknown("no_new_privs", &why),
        }
    }

    fn of_others(&self) -> Option<AnyClaim> {
        Some(Rc::new(self.clone()))
    }
}
