//! Its whole uid map; the gid map is the same claim about another file.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::process::IdRange;
use crate::model::{NsKind, Process, Seen};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading, details, file_of};
use crate::verify::values::Range;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(Vec<Range>);

impl Spec for Yaml {
    const ABOUT: &'static str = "The whole map, in the order of its file";
    const EXAMPLE: &'static str = "[{inside: 0, outside: 100000, count: 65536}]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let map = self.0.iter().map(Range::ids).collect();
        let ids = Ids::Uid;
        Ok(vec![Rc::new(IdMap { ids, map })])
    }
}

/// Which ids a map is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    Uid,
    Gid,
}

impl Ids {
    pub const fn name(self) -> &'static str {
        match self {
            Ids::Uid => "uid",
            Ids::Gid => "gid",
        }
    }

    /// The map of a process.
    pub fn map_of(self, process: &Process) -> Result<&[IdRange], crate::model::Why> {
        let details = details(process)?;
        let map: &Seen<Vec<IdRange>> = match self {
            Ids::Uid => &details.uid_map,
            Ids::Gid => &details.gid_map,
        };
        map.as_ref().map(Vec::as_slice).map_err(Clone::clone)
    }
}

#[derive(Clone, Debug)]
pub struct IdMap {
    pub ids: Ids,
    pub map: Vec<IdRange>,
}

impl fmt::Display for IdMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} map {}", self.ids.name(), in_words(&self.map))
    }
}

impl Claim for IdMap {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::User)
    }

    fn explain(&self) -> String {
        format!("reads /proc/PID/{}_map", self.ids.name())
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        let name = format!("{}_map", self.ids.name());
        match self.ids.map_of(process) {
            Ok(map) => {
                let says = match map.is_empty() {
                    true => "no id is mapped".to_owned(),
                    false => format!("the map is {}", in_words(map)),
                };
                // The kernel sorts what it was given if there is much of it.
                let sorted = |map: &[IdRange]| {
                    let mut map = map.to_vec();
                    map.sort_by_key(|range| range.inside);
                    map
                };
                Reading::holds_if(sorted(map) == sorted(&self.map), says)
                    .sure()
                    .seen(file_of(process, &name), in_words(map))
            }
            Err(why) => Reading::unknown(&format!("its {name}"), &why),
        }
    }
}

/// A map as its file has it, one range after the other.
pub fn in_words(map: &[IdRange]) -> String {
    let ranges = map
        .iter()
        .map(|it| format!("{} {} {}", it.inside, it.outside, it.count));
    ranges.collect::<Vec<_>>().join(", ")
}
