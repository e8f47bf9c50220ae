//! A machine with subordinate ids, as one mount namespace sees it: the host's files stay as they
//! are.

use std::process::Command;

use crate::support::run::{Answer, NOBODY, program_for_everyone, run};

/// Runs a command line of `nsinspect run` as an ordinary user to whom /etc/subuid and /etc/subgid
/// give these blocks. Takes root.
pub fn launch_with(blocks: &str, words: &[&str]) -> Answer {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("subids");
    std::fs::write(&file, blocks).unwrap();
    let become_user = format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups");
    let script = format!(
        "set -e; for file in /etc/subuid /etc/subgid; do mount --bind {} $file; done\n\
         exec {become_user} {} run \"$@\"",
        file.display(),
        program_for_everyone(),
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c", &script, "sh"]);
    run(command.args(words))
}

/// Why a test cannot do that here.
pub fn lacking() -> Option<&'static str> {
    if !crate::support::skip::is_root() {
        return Some("needs root");
    }
    let exist = ["/etc/subuid", "/etc/subgid"].map(|file| std::path::Path::new(file).exists());
    if exist != [true; 2] {
        return Some("no /etc/subuid and /etc/subgid to mount over");
    }
    match crate::support::skip::has_program("newuidmap") {
        true => None,
        false => Some("newuidmap is not installed"),
    }
}
