#![no_main]

mod shared;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| NamedTempFile::new().expect("a file"));

fuzz_target!(|input: &[u8]| {
    let path = shared::put(FILE.path(), input);
    for question in [
        &["list", "--json"][..],
        &["tree"],
        &["tree", "--by=process"],
        &["show", "30"],
        &["audit"],
    ] {
        shared::ask(&[question, &["--from", path]].concat());
    }
});
