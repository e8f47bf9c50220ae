//! Inside a user namespace: its id maps, and whom its root is outside.

use super::{Inside, difference, told};
use crate::analyse::diff::{Pair, Value};
use crate::model::NsKind;
use crate::model::process::IdRange;

pub fn user(pair: &Pair<'_>) -> Inside {
    let uid_maps = pair.details(|details| details.uid_map.clone());
    let gid_maps = pair.details(|details| details.gid_map.clone());
    let setgroups = pair.details(|details| details.setgroups.clone());
    let roots = (
        uid_maps.0.part(|map| IdRange::outside_of(map, 0)),
        uid_maps.1.part(|map| IdRange::outside_of(map, 0)),
    );
    let map = |map: &Vec<IdRange>| Value::Map(map.clone());
    let root = |root: &Option<u32>| root.map_or(Value::Nothing, |uid| Value::Number(uid.into()));
    let mut sentence = told(&uid_maps.0, "uid map", |map| {
        root_in_words(pair, map, roots.0.get().flatten())
    });
    if setgroups
        .0
        .known()
        .is_some_and(|setgroups| setgroups == "deny")
    {
        sentence += "; setgroups denied";
    }
    Inside {
        differences: vec![
            difference("root_uid", (&roots.0, &roots.1), root),
            difference("uid_map", (&uid_maps.0, &uid_maps.1), map),
            difference("gid_map", (&gid_maps.0, &gid_maps.1), map),
            difference("setgroups", (&setgroups.0, &setgroups.1), |text| {
                Value::Text(text.clone())
            }),
        ],
        sentence,
    }
}

fn root_in_words(pair: &Pair<'_>, map: &[IdRange], root: Option<u32>) -> String {
    let where_ = outside(pair);
    if map.is_empty() {
        return "no id is mapped: everybody in there is the overflow uid".to_owned();
    }
    let ids: u64 = map.iter().map(|range| u64::from(range.count)).sum();
    let mapped = match ids {
        1 => "1 uid mapped".to_owned(),
        _ => format!("{ids} uids mapped"),
    };
    match root {
        None => format!("no root in there; {mapped}"),
        Some(0) => format!("its root IS root {where_}: uid 0 maps to 0; {mapped}"),
        Some(uid) => format!("its root is uid {} {where_}; {mapped}", named(pair, uid)),
    }
}

/// A uid with its login name where it has one.
fn named(pair: &Pair<'_>, uid: u32) -> String {
    match pair.snapshot.users.get(&uid) {
        Some(name) => format!("{uid} ({name})"),
        None => uid.to_string(),
    }
}

/// Whose ids the right-hand side of a map speaks of. A reader in the initial user namespace sees
/// the ids of the host; any other sees its own, or for its own map those of the parent.
fn outside(pair: &Pair<'_>) -> &'static str {
    let reader = pair.snapshot.reader.links.own(NsKind::User).get();
    if reader == Some(NsKind::User.initial_inode()) {
        "on the host"
    } else {
        "outside, as seen from here"
    }
}
