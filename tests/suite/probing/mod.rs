//! Experiments on processes in namespaces that the tests make themselves: what is isolated is found to
//! be, what only looks so is not, and the target is what it was before.

mod root;
mod unprivileged;

use std::time::{Duration, Instant};

use nsinspect::model::NsKind;
use nsinspect::verify::probes::{Question, Target, Tried, try_it};
use nsinspect::verify::verdict::Verdict;

use crate::support::forked::let_nsinspect_fork;

/// How long an experiment may take.
pub const LIMIT: Duration = Duration::from_secs(5);

/// Tries it, and within its time.
pub fn tried(pid: i32, question: &Question) -> Tried {
    let target = Target {
        pid,
        start_time: None,
    };
    let_nsinspect_fork();
    let start = Instant::now();
    let tried = try_it(&target, question, LIMIT);
    let took = start.elapsed();
    assert!(took < LIMIT + Duration::from_secs(3), "{took:?}: {tried:?}");
    tried
}

/// Isolated from us in this kind.
pub fn isolated(pid: i32, kind: NsKind) -> Tried {
    tried(pid, &Question::Isolated { kind, from: None })
}

/// The verdict and the words, in which random names and numbers that change are left out.
pub fn told(tried: &Tried) -> (Verdict, String) {
    (tried.verdict, plain(&tried.did))
}

/// Random names and every run of digits by a sign each.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            'n' if rest.starts_with("nsi-") => 15,
            _ if first.is_ascii_digit() => rest
                .find(|it: char| !it.is_ascii_digit())
                .unwrap_or(rest.len()),
            _ => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
        };
        plain.push(if first == 'n' { '*' } else { '#' });
        rest = &rest[length.min(rest.len())..];
    }
    plain
}
