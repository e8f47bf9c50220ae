#![no_main]

mod shared;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shared::fake_proc::FakeProc;
use tempfile::NamedTempFile;

static TREE: LazyLock<FakeProc> = LazyLock::new(shared::tree);
static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| NamedTempFile::new().expect("a file"));

fuzz_target!(|input: &[u8]| {
    let path = shared::put(FILE.path(), input);
    let tree = TREE.path().to_str().expect("a path of our own");
    shared::ask(&[
        "verify",
        "30",
        "--static-only",
        "--proc",
        tree,
        "--oci",
        path,
    ]);
});
