//! All user ids of the process are this, as it numbers them itself.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use super::{in_words, own_uids};
use crate::model::Process;
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, file_of};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(u32);

impl Spec for Yaml {
    const ABOUT: &'static str = "As it numbers it itself";
    const EXAMPLE: &'static str = "1000";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(Uid(self.0))])
    }
}

#[derive(Clone, Debug)]
pub struct Uid(pub u32);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}", self.0)
    }
}

impl Claim for Uid {
    fn explain(&self) -> String {
        "reads Uid in /proc/PID/status and uid_map".to_owned()
    }

    fn read(&self, context: &Context<'_>, process: &Process) -> Reading {
        match own_uids(context, process) {
            Ok(own) => {
                let holds = own.iter().all(|uid| *uid == Some(self.0));
                Reading::holds_if(holds, format!("its uids are {}", in_words(own)))
                    .sure()
                    .seen(file_of(process, "status Uid"), in_words(own))
            }
            Err(why) => Reading::unknown("its uid", &why),
        }
    }
}
