//! What an ordinary user can try: his own sandboxes, since he has all rights in their user namespaces.

use serde_json::Value;

use crate::support::run::nsinspect_as_nobody;
use crate::support::sandbox::Sandbox;

/// The verdicts of `nsinspect verify PID --require KINDS` as an ordinary user.
fn verified(pid: i32, kinds: &str) -> Vec<(String, String, String)> {
    let answer = nsinspect_as_nobody(&["verify", &pid.to_string(), "--require", kinds, "-J"]);
    let document = answer.json();
    let claims = document["claims"].as_array().unwrap().iter();
    let word = |claim: &Value, field: &str| claim[field].as_str().unwrap_or("").to_owned();
    claims
        .map(|it| (word(it, "claim"), word(it, "verdict"), word(it, "proof")))
        .collect()
}

#[test]
fn a_user_tries_a_sandbox_of_his_own() {
    let kinds = ["-rmuinpC", "--mount-proc", "--kill-child", "-f"];
    let sandbox = match Sandbox::start_as_nobody(&kinds, "hostname inside") {
        Ok(sandbox) => sandbox,
        Err(reason) => skip!("{reason}"),
    };
    let claims = verified(sandbox.pid, "pid,net,ipc,uts,mnt,user,cgroup");
    assert_eq!(claims.len(), 7);
    for (claim, verdict, proof) in claims {
        assert_eq!((&*verdict, &*proof), ("holds", "probed"), "{claim}");
    }
}

#[test]
fn what_a_user_may_not_join_is_not_tried_and_that_is_said() {
    let sandbox = match Sandbox::start(&["-n"], "true") {
        Ok(sandbox) => sandbox,
        Err(reason) => skip!("{reason}"),
    };
    let pid = sandbox.pid.to_string();
    let answer = nsinspect_as_nobody(&["verify", &pid, "--require", "net", "-J"]);
    if nix::unistd::geteuid().is_root() {
        assert!(answer.stdout.contains("not tried: "), "{answer:?}");
        assert!(!answer.stdout.contains("\"probed\""), "{answer:?}");
    }
}
