//! A security module confines it, by any label or by this one.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::audit::case::is_unconfined;
use crate::model::Process;
use crate::verify::claim::{AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, detail, file_of};
use crate::verify::verdict::Verdict;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(String);

impl Spec for Yaml {
    const ABOUT: &'static str =
        "The label that its security module gives it; `*` is any that confines it";
    const EXAMPLE: &'static str = "docker-default";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let label = (self.0 != "*").then(|| self.0.clone());
        Ok(vec![Rc::new(Label(label))])
    }
}

#[derive(Clone, Debug)]
pub struct Label(pub Option<String>);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("confined by a security module"),
            Some(label) => write!(f, "security label {label}"),
        }
    }
}

impl Claim for Label {
    fn needs(&self) -> Needs {
        Needs {
            labels: true,
            ..Needs::default()
        }
    }

    fn explain(&self) -> String {
        "reads /proc/PID/attr/current".to_owned()
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        let label = match detail(process, |details| &details.lsm) {
            Ok(label) => label.as_deref(),
            Err(why) => return Reading::unknown("its security label", &why),
        };
        let Some(label) = label else {
            return Reading::new(Verdict::Fails, "no security module is active here")
                .sure()
                .seen(file_of(process, "attr/current"), "");
        };
        // AppArmor says its mode behind the name, and one that only complains holds nothing.
        let bare = label.strip_suffix(" (enforce)").unwrap_or(label);
        let holds = match self.0.as_deref() {
            None => !is_unconfined(label) && !label.starts_with("unconfined"),
            Some(wanted) => bare == wanted || label == wanted,
        };
        Reading::holds_if(holds, format!("its label is {label}"))
            .sure()
            .seen(file_of(process, "attr/current"), label)
    }

    fn of_others(&self) -> Option<AnyClaim> {
        Some(Rc::new(self.clone()))
    }
}
