//! Devices: whether the target may open one, by its permission bits, its mount, and the device cgroup.
//! None is opened: that can have effects. access(2) asks the device cgroup too (inode_permission in
//! fs/namei.c).

use super::path::{self, Found, said};
use super::worker::{Line, Worker};
use super::{Case, Tried, fails, holds};
use crate::model::NsKind;
use crate::verify::claim::Access;

/// The target cannot open this device so.
pub fn is_refused(case: &Case<'_>, node: &str, access: Access) -> Result<Tried, String> {
    let place = case.pinned.place(&[NsKind::Mnt])?;
    let place = case.pinned.in_device_cgroup(place)?;
    let path = node.to_owned();
    let look = move |line: &Line| line.say(&path::look_at(&path));
    let found: Found = Worker::start(&place, case.deadline, look)?.hear()?;
    let evidence = vec![found.evidence(node)];
    let facts = match &found {
        Found::Nothing => {
            return Ok(holds(
                format!("looked for {node} inside: nothing is there"),
                evidence,
            ));
        }
        Found::Unreachable(number) => {
            let errno = nix::errno::Errno::from_raw(*number);
            let is_refused = matches!(errno, nix::errno::Errno::EACCES | nix::errno::Errno::EPERM);
            return match is_refused {
                true => Ok(holds(
                    format!("{node} cannot be reached inside: {errno}"),
                    evidence,
                )),
                false => Err(format!("{node} cannot be looked at inside: {errno}")),
            };
        }
        Found::There(facts) if !facts.is_device() => {
            return Err(format!("{node} is no device inside"));
        }
        Found::There(facts) => facts,
    };
    let (result, name) = match access {
        Access::Read => (facts.read, "read"),
        Access::Write => (facts.write, "write"),
    };
    Ok(match (facts.no_dev, result) {
        (true, _) => holds(
            format!("looked at {node} inside: its mount is nodev, so that no device can be opened"),
            evidence,
        ),
        (false, Ok(())) => fails(
            format!(
                "asked by access(2) inside, in the target's device cgroup: to {name} {node} is \
                     granted"
            ),
            evidence,
        ),
        (false, refused) => holds(
            format!(
                "asked by access(2) inside, in the target's device cgroup: to {name} {node} is \
                     refused ({})",
                said(refused)
            ),
            evidence,
        ),
    })
}
