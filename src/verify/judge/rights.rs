//! Ids, capabilities and barriers, and what an audit makes of all.

use super::{Case, Read, detail, file_of, status};
use crate::analyse::audit::case::is_unconfined;
use crate::analyse::audit::finding::{Severity, Verdict as Danger};
use crate::model::process::{IdRange, Seccomp};
use crate::model::{CapabilitySet, NsKey, NsKind, Process, Seen, Why};
use crate::verify::claim::{Bound, CapSet, IdKind, map_in_words};
use crate::verify::verdict::Verdict;

pub fn root_not_host_root(case: &Case<'_>, process: &Process) -> Read {
    let kind = NsKind::User;
    let is_initial = match process.links.own(kind) {
        Seen::Known(inode) => {
            let inode = *inode;
            case.snapshot.is_initial(NsKey { kind, inode })
        }
        Seen::Unknown(why) => return Read::unknown("its user namespace", why),
    };
    match is_initial {
        Seen::Known(true) => {
            return Read::new(
                Verdict::Fails,
                "it is in the host's user namespace, whose root is the host's",
            )
            .sure()
            .seen(
                file_of(process, "ns/user"),
                format!("user:[{}]", kind.initial_inode()),
            );
        }
        Seen::Known(false) => {}
        Seen::Unknown(why) => {
            return Read::unknown("whether its user namespace is the host's", &why);
        }
    }
    if !case.reads_as_host() {
        return Read::unknown("whose ids it has on the host", &own_ids());
    }
    for (ids, name) in [(IdKind::Uid, "user"), (IdKind::Gid, "group")] {
        let map = match map_of(process, ids) {
            Ok(map) => map,
            Err(why) => return Read::unknown(&format!("its {} map", ids.name()), &why),
        };
        if let Some(inside) = IdRange::inside_of(map, 0) {
            let says = format!("{name} {inside} in there is {name} 0 of the host");
            return Read::new(Verdict::Fails, says).sure().seen(
                file_of(process, &format!("{}_map", ids.name())),
                map_in_words(map),
            );
        }
    }
    let map = map_of(process, IdKind::Uid).unwrap_or_default();
    let says = match IdRange::outside_of(map, 0) {
        Some(uid) => format!("root in there is user {uid} of the host"),
        None => "nobody is root in there".to_owned(),
    };
    Read::new(Verdict::Holds, says).seen(file_of(process, "uid_map"), map_in_words(map))
}

/// Why ids of the host are not known.
fn own_ids() -> Why {
    Why::failed("nsinspect is in a user namespace of its own, and sees its ids only")
}

fn map_of(process: &Process, ids: IdKind) -> Result<&[IdRange], Why> {
    let map = match ids {
        IdKind::Uid => detail(process, |details| &details.uid_map)?,
        IdKind::Gid => detail(process, |details| &details.gid_map)?,
    };
    Ok(map)
}

pub fn id_map(process: &Process, ids: IdKind, wanted: &[IdRange]) -> Read {
    let name = format!("{}_map", ids.name());
    match map_of(process, ids) {
        Ok(map) => {
            let says = match map.is_empty() {
                true => "no id is mapped".to_owned(),
                false => format!("the map is {}", map_in_words(map)),
            };
            // The kernel sorts what it was given if there is much of it.
            let sorted = |map: &[IdRange]| {
                let mut map = map.to_vec();
                map.sort_by_key(|range| range.inside);
                map
            };
            Read::holds_if(sorted(map) == sorted(wanted), says)
                .sure()
                .seen(file_of(process, &name), map_in_words(map))
        }
        Err(why) => Read::unknown(&format!("its {name}"), &why),
    }
}

pub fn setgroups(process: &Process, allowed: bool) -> Read {
    match detail(process, |details| &details.setgroups) {
        Ok(text) => Read::holds_if((text == "allow") == allowed, format!("it says {text}"))
            .sure()
            .seen(file_of(process, "setgroups"), text),
        Err(why) => Read::unknown("its setgroups", &why),
    }
}

/// Real, effective, saved and file-system uid, as the reader numbers them.
fn uids(process: &Process) -> Result<[u32; 4], Why> {
    let ids = status(process)?.uids;
    Ok([ids.real, ids.effective, ids.saved, ids.fs])
}

/// The same as the process itself numbers them; `None`: it has no number for one.
fn own_uids(case: &Case<'_>, process: &Process) -> Result<[Option<u32>; 4], Why> {
    let kind = NsKind::User;
    let own = process.links.own(kind).as_ref().map_err(Clone::clone)?;
    if case.snapshot.reader.links.own(kind).get() == Some(*own) {
        // There both number alike, and the map tells what its parent makes of the ids.
        return Ok(uids(process)?.map(Some));
    }
    let map = map_of(process, IdKind::Uid)?;
    Ok(uids(process)?.map(|uid| IdRange::inside_of(map, uid)))
}

pub fn uid(case: &Case<'_>, process: &Process, wanted: u32) -> Read {
    match own_uids(case, process) {
        Ok(own) => {
            let holds = own.iter().all(|uid| *uid == Some(wanted));
            Read::holds_if(holds, format!("its uids are {}", in_words(own)))
                .sure()
                .seen(file_of(process, "status Uid"), in_words(own))
        }
        Err(why) => Read::unknown("its uid", &why),
    }
}

pub fn not_root(case: &Case<'_>, process: &Process) -> Read {
    let (outside, inside) = match (uids(process), own_uids(case, process)) {
        (Ok(outside), Ok(inside)) => (outside, inside),
        (Err(why), _) | (_, Err(why)) => return Read::unknown("its uid", &why),
    };
    let says = format!("its uids are {}", in_words(inside));
    let is_root = inside.contains(&Some(0)) || case.reads_as_host() && outside.contains(&0);
    let read = match !is_root && !case.reads_as_host() {
        true => Read::unknown(
            &format!("{says}, and whose they are on the host"),
            &own_ids(),
        ),
        false => Read::holds_if(!is_root, says),
    };
    read.sure()
        .seen(file_of(process, "status Uid"), in_words(outside.map(Some)))
}

fn in_words(uids: [Option<u32>; 4]) -> String {
    let words = uids.map(|uid| uid.map_or_else(|| "unmapped".to_owned(), |uid| uid.to_string()));
    words.join(" ")
}

pub fn capabilities(process: &Process, set: CapSet, bound: Bound, wanted: CapabilitySet) -> Read {
    let sets = match status(process) {
        Ok(status) => status.capabilities,
        Err(why) => return Read::unknown("its capabilities", &why),
    };
    let (own, line) = match set {
        CapSet::Effective => (sets.effective, "CapEff"),
        CapSet::Permitted => (sets.permitted, "CapPrm"),
        CapSet::Bounding => (sets.bounding, "CapBnd"),
        CapSet::Inheritable => (sets.inheritable, "CapInh"),
        CapSet::Ambient => (sets.ambient, "CapAmb"),
    };
    let more = CapabilitySet(own.0 & !wanted.0);
    let less = CapabilitySet(wanted.0 & !own.0);
    let holds = match bound {
        Bound::AtMost => more.is_empty(),
        Bound::AtLeast => less.is_empty(),
        Bound::Exactly => more.is_empty() && less.is_empty(),
    };
    let says = match (bound, holds) {
        (_, true) => format!("it has {}", own.in_words()),
        (Bound::AtLeast, _) => format!("it lacks {}", less.names_in_words()),
        (Bound::Exactly, _) if more.is_empty() => format!("it lacks {}", less.names_in_words()),
        _ => format!("it has {} too", more.names_in_words()),
    };
    Read::holds_if(holds, says).sure().seen(
        file_of(process, &format!("status {line}")),
        format!("{:016x}", own.0),
    )
}

pub fn no_new_privs(process: &Process, wanted: bool) -> Read {
    match status(process).map(|status| status.no_new_privs) {
        Ok(Some(on)) => Read::holds_if(on == wanted, if on { "it is on" } else { "it is off" })
            .sure()
            .seen(
                file_of(process, "status NoNewPrivs"),
                u8::from(on).to_string(),
            ),
        Ok(None) => Read::unknown("no_new_privs", &Why::Unsupported),
        Err(why) => Read::unknown("no_new_privs", &why),
    }
}

pub fn seccomp(process: &Process, wanted: Seccomp) -> Read {
    match status(process).map(|status| status.seccomp) {
        Ok(Some(mode)) => Read::holds_if(mode == wanted, format!("it is {}", mode.name()))
            .sure()
            .seen(file_of(process, "status Seccomp"), mode.name()),
        Ok(None) => Read::unknown("seccomp", &Why::Unsupported),
        Err(why) => Read::unknown("seccomp", &why),
    }
}

pub fn lsm(process: &Process, wanted: Option<&str>) -> Read {
    let label = match detail(process, |details| &details.lsm) {
        Ok(label) => label.as_deref(),
        Err(why) => return Read::unknown("its security label", &why),
    };
    let Some(label) = label else {
        return Read::new(Verdict::Fails, "no security module is active here")
            .sure()
            .seen(file_of(process, "attr/current"), "");
    };
    // AppArmor says its mode behind the name, and one that only complains holds nothing.
    let bare = label.strip_suffix(" (enforce)").unwrap_or(label);
    let holds = match wanted {
        None => !is_unconfined(label) && !label.starts_with("unconfined"),
        Some(wanted) => bare == wanted || label == wanted,
    };
    Read::holds_if(holds, format!("its label is {label}"))
        .sure()
        .seen(file_of(process, "attr/current"), label)
}

pub fn findings(case: &Case<'_>, tolerated: Severity) -> Read {
    let Some(findings) = case.findings else {
        return Read::unknown("what an audit finds", &Why::Skipped);
    };
    let above: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity > tolerated && finding.is_live())
        .collect();
    let is_known = |verdict: Danger| verdict != Danger::Unknown;
    let worst = above
        .iter()
        .find(|it| is_known(it.verdict))
        .or(above.first());
    let Some(worst) = worst else {
        return Read::new(Verdict::Holds, "an audit finds none").sure();
    };
    let verdict = match is_known(worst.verdict) {
        true => Verdict::Fails,
        false => Verdict::Undecided,
    };
    let more = match above.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let title = format!(
        "{} {} ({}, {}){more}",
        worst.rule.id,
        worst.rule.title,
        worst.severity.name(),
        worst.verdict.name()
    );
    Read {
        evidence: worst.evidence.clone(),
        ..Read::new(verdict, title).sure()
    }
}
