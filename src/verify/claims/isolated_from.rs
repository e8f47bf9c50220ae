//! Kinds of namespace in which it is not where another process or container is.

use std::rc::Rc;

use serde::Deserialize;

use super::isolated::Isolated;
use crate::verify::claim::AnyClaim;
use crate::verify::claims::{Resolve, Spec};
use crate::verify::values::{Others, by_weight};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(Vec<Others>);

impl Spec for Yaml {
    const ABOUT: &'static str = "The same against other processes or containers";
    const EXAMPLE: &'static str = "[{target: 'docker:db', kinds: [ipc]}]";

    fn claims<E>(&self, resolve: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let mut all: Vec<AnyClaim> = Vec::new();
        for other in &self.0 {
            let against = resolve(&other.target.0)?;
            for kind in by_weight(&other.kinds) {
                let against = against.clone();
                all.push(Rc::new(Isolated { kind, against }));
            }
        }
        Ok(all)
    }
}
