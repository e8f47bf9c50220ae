//! None of its user ids is root's, neither in there nor on the host.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use super::{in_words, own_uids, uids};
use crate::model::Process;
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, file_of, only_own_ids};
use crate::verify::values::No;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(No);

impl Spec for Yaml {
    const ABOUT: &'static str = "`false`: it is root neither in there nor on the host";
    const EXAMPLE: &'static str = "false";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(NotRoot)])
    }
}

#[derive(Clone, Debug)]
pub struct NotRoot;

impl fmt::Display for NotRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not root")
    }
}

impl Claim for NotRoot {
    fn explain(&self) -> String {
        "reads Uid in /proc/PID/status and uid_map".to_owned()
    }

    fn read(&self, context: &Context<'_>, process: &Process) -> Reading {
        let (outside, inside) = match (uids(process), own_uids(context, process)) {
            (Ok(outside), Ok(inside)) => (outside, inside),
            (Err(why), _) | (_, Err(why)) => return Reading::unknown("its uid", &why),
        };
        let says = format!("its uids are {}", in_words(inside));
        let reads_as_host = context.reads_as_host();
        let is_root = inside.contains(&Some(0)) || reads_as_host && outside.contains(&0);
        let reading = match !is_root && !reads_as_host {
            true => Reading::unknown(
                &format!("{says}, and whose they are on the host"),
                &only_own_ids(),
            ),
            false => Reading::holds_if(!is_root, says),
        };
        reading
            .sure()
            .seen(file_of(process, "status Uid"), in_words(outside.map(Some)))
    }
}
