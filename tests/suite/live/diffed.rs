//! The answer of `nsinspect diff`, by its parts.

use serde_json::{Value, json};

use crate::support::facts::{find, inode, kinds};
use crate::support::run::nsinspect;

pub struct Diffed(pub Value);

impl Diffed {
    /// `nsinspect diff ARGS`, which has to be answered.
    pub fn of(args: &[&str]) -> Self {
        let answer = nsinspect(&[&["diff", "--json"], args].concat());
        Diffed(answer.expect(0).json())
    }

    /// A process compared with the usual reference.
    pub fn of_pid(pid: i32) -> Self {
        Diffed::of(&[&pid.to_string()])
    }

    pub fn kind(&self, kind: &str) -> &Value {
        find(&self.0["namespaces"], "type", kind)
    }

    pub fn state(&self, kind: &str) -> &str {
        self.kind(kind)["state"].as_str().expect("a state")
    }

    /// What is inside both namespaces of a kind; `null` on a side that is not known.
    pub fn inside(&self, kind: &str, what: &str) -> (Value, Value) {
        let found = find(&self.kind(kind)["differences"], "what", what);
        (found["subject"].clone(), found["reference"].clone())
    }

    pub fn beyond(&self, what: &str) -> &Value {
        find(&self.0["beyond"], "what", what)
    }

    /// Every kind is what it has to be: the inodes are those of the two processes, the states
    /// follow from them, and exactly the given kinds are isolated.
    pub fn assert_isolated(&self, pid: i32, isolated: &[&str]) {
        let reference = self.0["reference"]["pid"].as_i64().expect("a reference");
        let reference = i32::try_from(reference).unwrap();
        for kind in kinds() {
            let found = self.kind(kind);
            let expected = match isolated.contains(&kind) {
                true => "isolated",
                false => "shared",
            };
            assert_eq!(found["subject"], inode(pid, kind), "{kind}");
            assert_eq!(found["reference"], inode(reference, kind), "{kind}");
            assert_eq!(found["state"], expected, "{kind}");
            assert_eq!(found["unknown"], json!({}), "{kind}");
            let grants = found["grants"].as_array().expect("grants");
            assert_eq!(grants.is_empty(), expected == "isolated", "{found:#}");
        }
        assert_eq!(sorted(&self.0["summary"]["isolated"]), isolated);
        let shared: Vec<_> = kinds()
            .into_iter()
            .filter(|kind| !isolated.contains(kind))
            .collect();
        assert_eq!(sorted(&self.0["summary"]["shared"]), shared);
        let unknown = self.0["summary"]["unknown"].as_array().expect("kinds");
        assert_eq!(unknown.len(), 8 - kinds().len());
    }
}

fn sorted(array: &Value) -> Vec<&str> {
    let array = array.as_array().expect("an array");
    let mut words: Vec<_> = array.iter().map(|word| word.as_str().unwrap()).collect();
    words.sort_unstable();
    words
}
