//! Trees that look like a procfs, with a file or link that says anything.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;

use super::Tally;
use super::mutator::{Dice, mutate};
use crate::support::fake_proc::{FakeProc, Task};
use crate::support::nsinspect::nsinspect;

const FILES: [&str; 12] = [
    "stat",
    "status",
    "cmdline",
    "cgroup",
    "uid_map",
    "gid_map",
    "setgroups",
    "mountinfo",
    "timens_offsets",
    "ns/net",
    "ns/pid",
    "ns/user",
];

const QUESTIONS: [&[&str]; 10] = [
    &["list", "--json"],
    &["tree"],
    &["tree", "--by=pid", "--json"],
    &["tree", "--by=process"],
    &["show", "30"],
    &["diff", "30", "--json"],
    &["pid", "30"],
    &["audit", "--json"],
    &["snapshot"],
    &["verify", "30", "--static-only", "--profile=docker-default"],
];

/// A mount table that has something to break.
const MOUNTS: &str = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n\
    23 22 0:5 / /proc rw,nosuid master:2 - proc proc rw\n\
    24 22 0:4 net:[4026532101] /run/netns/a rw shared:3 - nsfs nsfs rw\n\
    25 22 0:44 / /a\\040b ro propagate_from:1 - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n";

#[test]
fn trees_that_say_anything_are_answered_or_refused() {
    let proc = FakeProc::with([
        Task::new(30)
            .numbers(&[30, 1])
            .mountinfo(MOUNTS.to_owned())
            .within(&[("pid", 4_026_532_100), ("net", 4_026_532_101)]),
        Task::new(31).parent(30).cgroup("/system.slice/a.service"),
    ]);
    let (mut dice, mut tally) = (Dice::new(14), Tally::default());
    for at in 0..900 {
        let pid = [1, 30, 31][dice.below(3)];
        let file = proc.file(pid, FILES[at % FILES.len()]);
        let is_link = file.is_symlink();
        let seed = match is_link {
            true => fs::read_link(&file).unwrap().into_os_string().into_vec(),
            false => fs::read(&file).unwrap(),
        };
        let input = mutate(&mut dice, &seed, MOUNTS.as_bytes());
        if !put(&file, is_link, &input) {
            continue;
        }
        let args = QUESTIONS[dice.below(QUESTIONS.len())];
        tally.run(
            nsinspect(args.iter().copied()).proc(proc.path()),
            args,
            &input,
        );
        assert!(put(&file, is_link, &seed));
    }
    // One broken process is told as that, and the others are answered for.
    tally.assert_share(50..=100);
}

/// Whether there can be such a file: no link is empty, has a NUL, or is longer than a path.
fn put(file: &std::path::Path, is_link: bool, contents: &[u8]) -> bool {
    if !is_link {
        fs::write(file, contents).unwrap();
        return true;
    }
    if contents.is_empty() || contents.len() > 4_000 || contents.contains(&0) {
        return false;
    }
    fs::remove_file(file).unwrap();
    symlink(std::ffi::OsString::from_vec(contents.to_vec()), file).unwrap();
    true
}
