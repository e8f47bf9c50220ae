//! Snapshots, claims files and OCI configurations.

use std::fs;

use tempfile::NamedTempFile;

use super::Tally;
use super::mutator::{Dice, mutate, mutate_json};
use crate::support::fake_proc::{FakeProc, Task};
use crate::support::nsinspect::nsinspect;

const CLAIMS: [&[u8]; 4] = [
    include_bytes!("seeds/claims/readme.yaml"),
    include_bytes!("seeds/claims/aliases.yaml"),
    include_bytes!("../../../src/verify/sources/profiles/pss-restricted.yaml"),
    include_bytes!("../../../src/verify/sources/profiles/sandbox.yaml"),
];

const OCI: &[u8] = include_bytes!("seeds/oci/config.json");

fn tree() -> FakeProc {
    let id = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";
    FakeProc::with([
        Task::new(30)
            .args(&["nginx", "-g", "daemon off;"])
            .cgroup(&format!("/docker/{id}"))
            .numbers(&[30, 1])
            .within(&[
                ("pid", 4_026_532_100),
                ("net", 4_026_532_101),
                ("user", 4_026_532_102),
            ]),
        Task::new(31).parent(30).within(&[("mnt", 4_026_532_103)]),
    ])
}

/// Each is asked something else of a snapshot that may say anything.
const QUESTIONS: [&[&str]; 12] = [
    &["list", "--json"],
    &["list", "--output-all"],
    &["tree"],
    &["tree", "--by=user", "--json"],
    &["tree", "--by=pid"],
    &["tree", "--by=process"],
    &["show", "30"],
    &["show", "30", "--json"],
    &["diff", "30"],
    &["audit"],
    &["audit", "--json"],
    &["snapshot", "--format=yaml"],
];

#[test]
fn snapshots_that_say_anything_are_answered_or_refused() {
    let proc = tree();
    let whole = nsinspect(["snapshot"]).proc(proc.path()).run();
    let (seed, document) = (whole.text().as_bytes(), whole.document());
    let file = NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let (mut dice, mut tally) = (Dice::new(11), Tally::default());
    for at in 0..960 {
        let input = match dice.below(4) {
            0 => mutate(&mut dice, seed, OCI),
            _ => mutate_json(&mut dice, &document),
        };
        fs::write(path, &input).unwrap();
        let args = [QUESTIONS[at % QUESTIONS.len()], &["--from", path]].concat();
        tally.run(nsinspect(args.iter().copied()), &args, &input);
    }
    tally.assert_share(10..=90);
}

#[test]
fn claims_files_that_say_anything_are_answered_or_refused() {
    let proc = tree();
    let file = NamedTempFile::new().unwrap();
    let args = [
        "verify",
        "30",
        "--static-only",
        "--claims",
        file.path().to_str().unwrap(),
    ];
    let (mut dice, mut tally) = (Dice::new(12), Tally::default());
    for at in 0..960 {
        let seed = CLAIMS[at % CLAIMS.len()];
        let other = dice.one_of(&CLAIMS);
        let input = mutate(&mut dice, seed, other);
        fs::write(file.path(), &input).unwrap();
        tally.run(nsinspect(args).proc(proc.path()), &args, &input);
    }
    tally.assert_share(5..=95);
}

#[test]
fn oci_configurations_that_say_anything_are_answered_or_refused() {
    let proc = tree();
    let file = NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let args = ["verify", "30", "--static-only", "--json", "--oci", path];
    let (mut dice, mut tally) = (Dice::new(13), Tally::default());
    let document = serde_json::from_slice(OCI).unwrap();
    for _ in 0..640 {
        let input = match dice.below(2) {
            0 => mutate(&mut dice, OCI, CLAIMS[0]),
            _ => mutate_json(&mut dice, &document),
        };
        fs::write(path, &input).unwrap();
        tally.run(nsinspect(args).proc(proc.path()), &args, &input);
    }
    tally.assert_share(5..=95);
}
