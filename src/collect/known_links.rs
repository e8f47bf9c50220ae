//! The links of thousands of processes, each kind of them in memory once.

use std::collections::HashSet;

use crate::model::Links;
use crate::model::process::EachLink;

/// The different links that were read so far, and the last of them: neighbours tend to have the
/// same ones.
#[derive(Default)]
pub struct KnownLinks {
    all: HashSet<Links>,
    last: Option<Links>,
}

impl KnownLinks {
    /// The links, in the memory of those that were read first.
    pub fn share(&mut self, each: &EachLink) -> Links {
        if let Some(last) = &self.last
            && last.each() == each
        {
            return last.clone();
        }
        let known = match self.all.get(each) {
            Some(known) => known.clone(),
            None => {
                let new = Links::from(each.clone());
                self.all.insert(new.clone());
                new
            }
        };
        self.last.insert(known).clone()
    }
}
