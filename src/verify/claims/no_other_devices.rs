//! No device nodes but those that a runtime was told to make.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{Process, Why};
use crate::verify::claim::Claim;
use crate::verify::reading::{Context, Reading};
use crate::verify::verdict::Verdict;

pub const ABOUT: &str = "No device nodes but those of its OCI configuration, and those that every \
                         runtime makes";

/// No device nodes but these, by major and minor number.
#[derive(Clone, Debug)]
pub struct NoOtherDevices(pub BTreeSet<(u32, u32)>);

impl fmt::Display for NoOtherDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no devices but those that are configured")
    }
}

impl Claim for NoOtherDevices {
    fn explain(&self) -> String {
        "reads below its /dev".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        read(context, &self.0)
    }
}

fn read(context: &Context<'_>, allowed: &BTreeSet<(u32, u32)>) -> Reading {
    let Some(exposure) = context.snapshot.exposures.get(&context.task()) else {
        return Reading::unknown("its device nodes", &Why::Skipped);
    };
    let other = exposure.devices.found.iter().find(|node| {
        let device = node.file.device;
        device.is_none_or(|(major, minor)| !is_usual(major) && !allowed.contains(&(major, minor)))
    });
    match (other, &exposure.devices.gap) {
        (Some(node), _) => {
            let (major, minor) = node.file.device.unwrap_or_default();
            let says = format!("{} is device {major}:{minor}", node.path);
            Reading::new(Verdict::Fails, says)
                .sure()
                .seen(&node.path, format!("{major}:{minor}"))
        }
        (None, Some(why)) => Reading::unknown("whether it has more device nodes", why),
        (None, None) => {
            let count = exposure.devices.found.len();
            Reading::new(
                Verdict::Holds,
                format!("all {count} device nodes are those"),
            )
            .sure()
        }
    }
}

/// Terminals of the container's own devpts (Documentation/admin-guide/devices.txt).
fn is_usual(major: u32) -> bool {
    (136..=143).contains(&major)
}
