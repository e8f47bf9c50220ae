//! `enter` on processes in namespaces that the tests make themselves.

pub mod root;
mod unprivileged;

use crate::support::nsinspect::{Answer, nsinspect};

/// Prints the namespaces of a shell that runs it.
pub const OWN_NAMESPACES: &str =
    "cd /proc/self/ns && readlink cgroup ipc mnt net pid time user uts";

/// `enter TARGET OPTIONS -- sh -c SCRIPT`.
pub fn enter(target: &str, options: &[&str], script: &str) -> Answer {
    let words = ["enter", target].into_iter().chain(options.iter().copied());
    nsinspect(words.chain(["--", "sh", "-c", script])).run()
}

/// Code, standard output and standard error.
pub fn all_of(answer: &Answer) -> (Option<i32>, &str, &str) {
    (answer.code, &answer.stdout, &answer.stderr)
}
