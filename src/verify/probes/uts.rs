//! Names of the host: read on both sides. Nothing is changed, so that two sides which are called alike
//! are told apart by their namespaces alone.

use nix::sys::utsname::uname;
use serde::{Deserialize, Serialize};

use super::worker::{Line, Place, Worker};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::model::{NsKind, text};
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Uts];

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub host: String,
    domain: String,
}

fn read(line: &Line) -> Result<(), String> {
    use std::os::unix::ffi::OsStrExt;
    let names = uname().map_err(|errno| format!("uname(2): {errno}"))?;
    line.say(&Names {
        host: text::from_bytes(names.nodename().as_bytes()),
        domain: text::from_bytes(names.domainname().as_bytes()),
    })
}

pub fn names(place: &Place, sides: &Sides<'_>) -> Result<Names, NotTried> {
    Worker::start(place, sides.deadline, read)?.hear()
}

/// The target shares no uts namespace with the other side.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let outside = names(&sides.outside(&KINDS)?, sides)?;
    let inside = names(&sides.inside(&KINDS)?, sides)?;
    let evidence = vec![
        Evidence::new("hostname outside", &outside.host),
        Evidence::new("hostname inside", &inside.host),
        Evidence::new("domainname outside", &outside.domain),
        Evidence::new("domainname inside", &inside.domain),
    ];
    Ok(match (inside == outside, sides.same(NsKind::Uts)?) {
        (false, _) => holds(
            format!(
                "read the names on both sides: {}, and outside {}",
                inside.host, outside.host
            ),
            evidence,
        ),
        (true, false) => holds(
            "read the names on both sides: they are alike, in two namespaces",
            evidence,
        ),
        (true, true) => fails(
            format!(
                "read the names on both sides: {} in one namespace",
                inside.host
            ),
            evidence,
        ),
    })
}
