//! Threads that went their own ways between two looks.

use std::sync::Arc;

use super::{Change, Move, is_in, moves};
use crate::model::process::{Stat, ThreadLinks};
use crate::model::{NsKind, Process, Snapshot};

/// Threads that are elsewhere than they were. The first of each process moves the process.
pub fn moved<'a>(before: &'a Snapshot, after: &'a Snapshot) -> Vec<Change<'a>> {
    let mut all = Vec::new();
    for (pid, threads) in &after.threads {
        let Some(process) = after.processes.get(*pid) else {
            continue;
        };
        let then = is_in(before, process);
        let were = then.and_then(|_| before.threads.get(pid));
        if were.is_some_and(|were| Arc::ptr_eq(were, threads)) {
            continue;
        }
        let were = were.map_or(&[][..], |were| were);
        let stands_in = stand_in(process, threads);
        let others = threads.iter().filter(|it| Some(it.tid) != stands_in);
        all.extend(others.filter_map(|thread| {
            let known = were.binary_search_by_key(&thread.tid, |it| it.tid);
            let moves = match known {
                Ok(at) => moves(&were[at].links, &thread.links),
                Err(_) => moves_of_new(then, process, thread),
            };
            let tid = thread.tid;
            (!moves.is_empty()).then_some(Change::ThreadMoved {
                process,
                tid,
                moves,
            })
        }));
    }
    all
}

/// Where a new thread is that the first one of its process neither is nor was: it may have gone
/// there since.
fn moves_of_new(then: Option<&Process>, now: &Process, thread: &ThreadLinks) -> Vec<Move> {
    let mut moves = moves(&now.links, &thread.links);
    moves.retain(|it| then.is_none_or(|then| then.links.get(it.link).get() != Some(it.to)));
    moves
}

/// The thread whose moves are those of its process, since the first one has ended.
fn stand_in(process: &Process, threads: &[ThreadLinks]) -> Option<i32> {
    let has_ended = process.stat.known().is_some_and(Stat::is_zombie);
    let mut living = threads
        .iter()
        .filter(|it| it.links.own(NsKind::Mnt).is_known());
    living.next().filter(|_| has_ended).map(|it| it.tid)
}
