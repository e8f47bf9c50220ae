#![no_main]

mod shared;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shared::fake_proc::FakeProc;

static TREE: LazyLock<FakeProc> = LazyLock::new(shared::tree);

const FILES: [&str; 9] = [
    "stat",
    "status",
    "cmdline",
    "cgroup",
    "uid_map",
    "gid_map",
    "setgroups",
    "mountinfo",
    "timens_offsets",
];

// The first byte says which file of process 30 the others are.
fuzz_target!(|input: &[u8]| {
    let Some((which, contents)) = input.split_first() else {
        return;
    };
    let file = TREE.file(30, FILES[usize::from(*which) % FILES.len()]);
    let usual = std::fs::read(&file).expect("a file of our own");
    shared::put(&file, contents);
    let tree = TREE.path().to_str().expect("a path of our own");
    for question in [
        &["list", "--json"][..],
        &["tree"],
        &["show", "30"],
        &["diff", "30"],
        &["audit"],
    ] {
        shared::ask(&[question, &["--proc", tree]].concat());
    }
    shared::put(&file, &usual);
});
