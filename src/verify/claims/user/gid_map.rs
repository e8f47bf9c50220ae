//! Its whole gid map.

use std::rc::Rc;

use serde::Deserialize;

use super::uid_map::{IdMap, Ids};
use crate::verify::claim::AnyClaim;
use crate::verify::claims::{Resolve, Spec};
use crate::verify::values::Range;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(Vec<Range>);

impl Spec for Yaml {
    const ABOUT: &'static str = "The same of groups";
    const EXAMPLE: &'static str = "[{inside: 0, outside: 100000, count: 65536}]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let map = self.0.iter().map(Range::ids).collect();
        let ids = Ids::Gid;
        Ok(vec![Rc::new(IdMap { ids, map })])
    }
}
