//! What a process holds. A descriptor needs no path, so that neither mount namespace nor root
//! directory stand in its way.

use std::collections::BTreeSet;

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity};
use crate::audit::questions::exposed::{told, unknown};
use crate::audit::rule::Rule;
use crate::model::Why;
use crate::model::exposure::Handle;

/// What one handle is by a rule.
type OfHandle = fn(&Case<'_>, &Origins, &Handle) -> Option<Finding>;

/// What a rule finds among all that a process holds; where not all could be looked at and nothing is
/// proven, that, with the worst that it could have been.
pub fn by_handle(
    case: &Case<'_>,
    rule: &'static Rule,
    worst: Severity,
    judge: OfHandle,
) -> Vec<Finding> {
    let gap = |why: &Why| unknown(rule, worst, "what it holds open", why);
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return vec![gap(&why)],
    };
    let handles = exposure.handles.found.iter();
    let found = handles.filter_map(|it| judge(case, case.origins(), it));
    told(gap, exposure.handles.gap.as_ref(), found.collect())
}

/// Which mounts are whose, by their ids: the kernel gives each to one mount of the whole machine.
pub struct Origins {
    pub own: BTreeSet<i32>,
    /// In the host's table, or in its own mount namespace where no path leads.
    outside: BTreeSet<i32>,
}

impl Origins {
    pub fn of(case: &Case<'_>) -> Origins {
        let ids = |mounts: &[crate::model::mount::Mount]| {
            mounts
                .iter()
                .map(|mount| mount.id)
                .collect::<BTreeSet<i32>>()
        };
        let mut own = ids(case.mounts().unwrap_or_default());
        let mut outside = case
            .snapshot
            .host_mounts
            .known()
            .map_or_else(BTreeSet::new, |it| ids(it));
        let exposure = case.exposure().ok();
        let hidden = exposure.and_then(|it| it.hidden_mounts.known());
        let hidden = hidden.into_iter().flatten().map(|mount| mount.id);
        // In a chroot its mount table shows a part, and the rest is still its own.
        let root = case.details().and_then(|details| details.root.known());
        match root.is_some_and(|root| root.path != "/") {
            true => {
                own.extend(hidden);
                let handles = exposure.into_iter().flat_map(|it| &it.handles.found);
                own.extend(
                    handles
                        .filter(|it| it.name == "root")
                        .filter_map(|it| it.mount),
                );
            }
            false => outside.extend(hidden),
        }
        Origins { own, outside }
    }

    pub fn is_outside(&self, mount: i32) -> bool {
        !self.own.contains(&mount) && self.outside.contains(&mount)
    }
}

/// The handle as evidence names it.
pub fn source(handle: &Handle) -> String {
    format!("/proc/{}/{}", handle.tid, handle.name)
}

/// The finding with where the handle leads.
pub fn evidence_of(finding: Finding, handle: &Handle) -> Finding {
    let finding = finding.seen(source(handle), handle.target.clone());
    match handle.mount {
        Some(mount) => finding.seen(
            format!("statx of {}", source(handle)),
            format!("mount {mount}, which is not in its mountinfo"),
        ),
        None => finding,
    }
}

/// O_PATH and O_ACCMODE (include/uapi/asm-generic/fcntl.h).
pub const O_PATH: i32 = 0o10_000_000;
pub const ACCESS_MODE: i32 = 3;
