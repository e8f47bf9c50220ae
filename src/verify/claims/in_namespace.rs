//! It is in the namespace that a path led to when the claim was made.

use std::fmt;

use crate::model::{NsKind, Process, Seen};
use crate::verify::claim::Claim;
use crate::verify::reading::{Context, Reading, file_of};

pub const ABOUT: &str = "It is in the namespace that a path of its OCI configuration leads to";

#[derive(Clone, Debug)]
pub struct InNamespace {
    pub kind: NsKind,
    pub path: String,
    pub inode: Seen<u64>,
}

impl fmt::Display for InNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.kind, self.path)
    }
}

impl Claim for InNamespace {
    fn kind(&self) -> Option<NsKind> {
        Some(self.kind)
    }

    fn explain(&self) -> String {
        format!("reads /proc/PID/ns/{} on both sides", self.kind)
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        let kind = self.kind;
        let wanted = match &self.inode {
            Seen::Known(inode) => *inode,
            Seen::Unknown(why) => return Reading::unknown(&self.path, why),
        };
        match process.links.own(self.kind) {
            Seen::Known(own) => {
                Reading::holds_if(*own == wanted, format!("it is in {kind}:[{own}]"))
                    .sure()
                    .seen(
                        file_of(process, &format!("ns/{kind}")),
                        format!("{kind}:[{own}]"),
                    )
                    .seen(&self.path, format!("{kind}:[{wanted}]"))
            }
            Seen::Unknown(why) => Reading::unknown(&format!("its {kind} namespace"), why),
        }
    }
}
