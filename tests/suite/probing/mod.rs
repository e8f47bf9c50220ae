//! Experiments on processes in namespaces that the tests make themselves: what is isolated is found to
//! be, what only looks so is not, and the target is what it was before.

mod root;
mod unprivileged;

use std::time::{Duration, Instant};

use nsinspect::model::NsKind;
use nsinspect::verify::claim::{Against, Claim};
use nsinspect::verify::claims::isolated::Isolated;
use nsinspect::verify::probes::{Target, Tried, try_it};
use nsinspect::verify::verdict::Verdict;

use crate::support::forked::let_nsinspect_fork;

/// How long an experiment may take.
pub const LIMIT: Duration = Duration::from_secs(5);

/// Tries it, and within its time.
pub fn tried(pid: i32, claim: &dyn Claim) -> Tried {
    let target = Target {
        pid,
        start_time: None,
    };
    let_nsinspect_fork();
    let start = Instant::now();
    let experiment = claim.experiment().expect("something to try");
    let tried = try_it(&target, &experiment, LIMIT);
    let took = start.elapsed();
    assert!(took < LIMIT + Duration::from_secs(3), "{took:?}: {tried:?}");
    tried
}

/// Isolated from us in this kind.
pub fn isolated(pid: i32, kind: NsKind) -> Tried {
    let against = Against::Caller;
    tried(pid, &Isolated { kind, against })
}

/// The claim that it is isolated from another process in this kind.
pub fn isolated_from(kind: NsKind, other: i32) -> Isolated {
    let target = Target {
        pid: other,
        start_time: None,
    };
    let name = other.to_string();
    let against = Against::Task { target, name };
    Isolated { kind, against }
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
