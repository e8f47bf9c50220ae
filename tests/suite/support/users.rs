//! Ordinary users whom nobody else on this machine is.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use std::os::unix::process::CommandExt;

use super::skip::is_root;

/// Beyond the accounts of people, and below what is given away as subordinate ids.
const FIRST: u32 = 54_321;

/// Two uids that no process and no account of this machine has: whatever is found about processes or
/// files of theirs is of the test alone.
pub fn strangers() -> [u32; 2] {
    static UIDS: LazyLock<[u32; 2]> = LazyLock::new(|| {
        let taken: BTreeSet<u32> = of_processes().chain(of_accounts()).collect();
        let mut free = (FIRST..).filter(|uid| !taken.contains(uid));
        [(); 2].map(|()| free.next().expect("a uid"))
    });
    *UIDS
}

/// The command as the first of them, where root may become somebody; others stay who they are.
pub fn as_stranger(command: &mut Command) -> &mut Command {
    if is_root() {
        let [uid, _] = strangers();
        command.uid(uid).gid(uid);
    }
    command
}

fn of_processes() -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").expect("procfs").flatten();
    let statuses = processes.filter_map(|it| fs::read_to_string(it.path().join("status")).ok());
    statuses.flat_map(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let words = line.unwrap_or_default().split_whitespace();
        words
            .filter_map(|word| word.parse().ok())
            .collect::<Vec<_>>()
    })
}

fn of_accounts() -> impl Iterator<Item = u32> {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let uids = accounts
        .lines()
        .filter_map(|line| line.split(':').nth(2)?.parse().ok());
    uids.collect::<Vec<_>>().into_iter()
}
