//! It sees no process that is not in its own pid namespace, by any procfs.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::analyse::power::ptrace;
use crate::model::exposure::ProcInstance;
use crate::model::{NsKind, Process, Seen, Why};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, procfs};
use crate::verify::reading::{Context, Reading};
use crate::verify::values::No;
use crate::verify::verdict::{Evidence, Verdict};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(No);

impl Spec for Yaml {
    const ABOUT: &'static str =
        "`false`: it sees those of its own pid namespace only, by any procfs";
    const EXAMPLE: &'static str = "false";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(OnlyOwnProcesses)])
    }
}

#[derive(Clone, Debug)]
pub struct OnlyOwnProcesses;

impl fmt::Display for OnlyOwnProcesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sees no processes of others")
    }
}

impl Claim for OnlyOwnProcesses {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Pid)
    }

    fn explain(&self) -> String {
        "reads which pid namespace each of its procfs shows; tries to find a process of outside in them".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        let own = match context.subject.links.own(NsKind::Pid) {
            Seen::Known(inode) => *inode,
            Seen::Unknown(why) => return Reading::unknown("its pid namespace", why),
        };
        if own == NsKind::Pid.initial_inode() {
            return Reading::new(Verdict::Fails, "it is in the host's pid namespace")
                .sure()
                .seen(context.file("ns/pid"), format!("pid:[{own}]"));
        }
        let Some(exposure) = context.snapshot.exposures.get(&context.task()) else {
            return Reading::unknown("which procfs it has", &Why::Skipped);
        };
        let instances = &exposure.procfs;
        let foreign = instances
            .found
            .iter()
            .find_map(|it| Some((it, whose(context, it, own)?)));
        if let Some((foreign, shown)) = foreign {
            let says = format!("{} is a procfs of pid:[{shown}]", foreign.mount_point);
            return Reading::new(Verdict::Fails, says).seen(
                format!("the procfs on {}", foreign.mount_point),
                format!("pid:[{shown}]"),
            );
        }
        if let Some(untold) = instances.found.iter().find(|it| it.pid_ns.is_none()) {
            let what = format!("which processes {} shows", untold.mount_point);
            return Reading::unknown(&what, &Why::failed("its number 1 does not say where it is"));
        }
        match &instances.gap {
            Some(why) => Reading::unknown("which procfs it has", why),
            None => Reading::new(
                Verdict::Holds,
                format!("every procfs that it has is of pid:[{own}], its own"),
            )
            .seen(context.file("ns/pid"), format!("pid:[{own}]")),
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        Some(Experiment::new(try_it).search())
    }
}

/// The pid namespace that a procfs shows, if that is neither its own nor below it.
fn whose(context: &Context<'_>, instance: &ProcInstance, own: u64) -> Option<u64> {
    match (instance.pid_ns, &instance.own) {
        (Some(shown), _) if shown == own => None,
        (Some(shown), _) => {
            let is_below = ptrace::is_below(context.snapshot, shown, own);
            (is_below != Seen::Known(true)).then_some(shown)
        }
        // Its number 1 does not say where it is, and it shows us: it is ours or encloses ours.
        (None, Some(_)) => {
            let ours = context.snapshot.reader.links.own(NsKind::Pid).get();
            ours.filter(|ours| *ours != own)
        }
        (None, None) => None,
    }
}

/// The target sees no process that is not in its own pid namespace, by any procfs.
fn try_it(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    if sides.pinned.namespace(NsKind::Pid)? == sides.pinned.our_namespace(NsKind::Pid)? {
        return Err(
            "nsinspect is in its pid namespace too, and nobody outside can be looked for".into(),
        );
    }
    let looks = procfs::look_for(sides, &[], 0, true)?;
    let evidence: Vec<Evidence> = looks.iter().map(procfs::Look::evidence).collect();
    let is_foreign =
        |it: &&procfs::Look| it.is_outside() || matches!(it.seen, procfs::Seen::Foreign);
    if let Some(look) = looks.iter().find(is_foreign) {
        let did = format!(
            "saw processes through {} that are not its own",
            look.mount_point
        );
        return Ok(fails(did, evidence));
    }
    if let Some(look) = looks
        .iter()
        .find(|it| matches!(it.seen, procfs::Seen::Refused(_)))
    {
        return Err(format!("{} could not be looked at", look.mount_point).into());
    }
    Ok(holds("looked through every procfs inside", evidence))
}
