//! The mode of its seccomp filter.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::process::Seccomp;
use crate::model::{Process, Why};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, file_of, status};

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(rename_all = "lowercase")]
pub enum Yaml {
    Disabled,
    Strict,
    Filter,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "`disabled`, `strict` or `filter`";
    const EXAMPLE: &'static str = "filter";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(InSeccomp(match self {
            Yaml::Disabled => Seccomp::Disabled,
            Yaml::Strict => Seccomp::Strict,
            Yaml::Filter => Seccomp::Filter,
        }))])
    }
}

#[derive(Clone, Debug)]
pub struct InSeccomp(pub Seccomp);

impl fmt::Display for InSeccomp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seccomp {}", self.0.name())
    }
}

impl Claim for InSeccomp {
    fn explain(&self) -> String {
        "reads Seccomp in /proc/PID/status".to_owned()
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        match status(process).map(|status| status.seccomp) {
            Ok(Some(mode)) => Reading::holds_if(mode == self.0, format!("it is {}", mode.name()))
                .sure()
                .seen(file_of(process, "status Seccomp"), mode.name()),
            Ok(None) => Reading::unknown("seccomp", &Why::Unsupported),
            Err(why) => Reading::unknown("seccomp", &why),
        }
    }

    fn of_others(&self) -> Option<AnyClaim> {
        Some(Rc::new(self.clone()))
    }
}
