//! Ids of the process.

use crate::model::process::IdRange;
use crate::model::{NsKind, Process, Why};
use crate::verify::reading::{Context, detail, status};

section!("Ids of the process":
    uid,
    root,
);

/// Real, effective, saved and file-system uid, as the reader numbers them.
fn uids(process: &Process) -> Result<[u32; 4], Why> {
    let ids = status(process)?.uids;
    Ok([ids.real, ids.effective, ids.saved, ids.fs])
}

/// The same as the process itself numbers them; `None`: it has no number for one.
fn own_uids(context: &Context<'_>, process: &Process) -> Result<[Option<u32>; 4], Why> {
    let kind = NsKind::User;
    let own = process.links.own(kind).as_ref().map_err(Clone::clone)?;
    if context.snapshot.reader.links.own(kind).get() == Some(*own) {
        // There both number alike, and the map tells what its parent makes of the ids.
        return Ok(uids(process)?.map(Some));
    }
    let map = detail(process, |details| &details.uid_map)?;
    Ok(uids(process)?.map(|uid| IdRange::inside_of(map, uid)))
}

fn in_words(uids: [Option<u32>; 4]) -> String {
    let words = uids.map(|uid| uid.map_or_else(|| "unmapped".to_owned(), |uid| uid.to_string()));
    words.join(" ")
}
