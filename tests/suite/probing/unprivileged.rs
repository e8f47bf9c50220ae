//! What an ordinary user can try on sandboxes of his own: user namespaces make it possible.

use nsinspect::model::NsKind;
use nsinspect::verify::verdict::Verdict;

use super::{isolated, told};
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;

/// The kinds with their verdicts.
fn verdicts(pid: i32) -> Vec<(NsKind, Verdict)> {
    let verdict = |kind| (kind, isolated(pid, kind).verdict);
    NsKind::ALL.map(verdict).to_vec()
}

#[test]
fn a_user_tries_a_sandbox_of_his_own() {
    if is_root() {
        skip!("needs an ordinary user");
    }
    let sandbox = Sandbox::start(
        &["-rmuinpC", "--mount-proc", "--kill-child", "-f"],
        "hostname x",
    );
    let sandbox = match sandbox {
        Ok(sandbox) => sandbox,
        Err(reason) => skip!("{reason}"),
    };
    for (kind, verdict) in verdicts(sandbox.pid) {
        let expected = match kind {
            NsKind::Time => Verdict::Fails,
            _ => Verdict::Holds,
        };
        assert_eq!(
            verdict,
            expected,
            "{kind}: {:?}",
            isolated(sandbox.pid, kind)
        );
    }
}

#[test]
fn what_a_user_may_not_join_is_undecided_with_the_reason() {
    if is_root() {
        skip!("needs an ordinary user");
    }
    // The init of the machine, or of the container that the tests are in, is somebody else's.
    let (verdict, did) = told(&isolated(1, NsKind::Net));
    assert_eq!(
        (verdict, &*did),
        (Verdict::Undecided, "/proc/#/ns/net cannot be read")
    );
}
