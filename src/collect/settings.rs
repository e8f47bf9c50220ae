//! What holds for the whole machine: settings of the kernel, accounts.

use std::path::Path;

use nix::errno::Errno;

use crate::model::settings::{Account, SYSCTLS, Settings};
use crate::model::{Seen, Why, text};
use crate::sys::procfs::ProcRoot;
use crate::sys::{accounts, files, why};

/// A list of accounts beyond this (bytes) is not read.
const LARGEST_PASSWD: usize = 4 << 20;

const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

pub fn read(root: &ProcRoot) -> Settings {
    let sysctl = |name| {
        let seen = match root.read(&format!("sys/{name}")) {
            Ok(value) => Seen::Known(text::from_bytes(value.trim_ascii())),
            Err(Errno::ENOENT) => Seen::Unknown(Why::Unsupported),
            Err(errno) => Seen::Unknown(why(errno)),
        };
        (name, seen)
    };
    Settings {
        sysctls: SYSCTLS.map(sysctl).into(),
        // Files outside of procfs belong to the machine that we run on, which need not be the one
        // that the procfs shows.
        lockdown: ours(root, LOCKDOWN, lockdown),
        accounts: ours(root, "/etc/passwd", users),
    }
}

fn ours<T>(root: &ProcRoot, path: &str, parse: impl FnOnce(&str) -> T) -> Seen<T> {
    if !root.is_ours() {
        return Seen::Unknown(Why::Unsupported);
    }
    match files::read_regular(Path::new(path), LARGEST_PASSWD) {
        Ok(contents) => Seen::Known(parse(&text::from_bytes(&contents))),
        Err(Errno::ENOENT) => Seen::Unknown(Why::Unsupported),
        Err(errno) => Seen::Unknown(why(errno)),
    }
}

/// `none [integrity] confidentiality`: the word in brackets is in force.
fn lockdown(contents: &str) -> String {
    let chosen = contents.split_once('[').map(|(_, rest)| rest);
    let chosen = chosen.and_then(|rest| Some(rest.split_once(']')?.0));
    chosen.unwrap_or(contents.trim()).to_owned()
}

/// The accounts in passwd(5).
fn users(contents: &str) -> Vec<Account> {
    let account = |(name, uid): (&str, u32)| Account {
        name: name.to_owned(),
        uid,
    };
    accounts::parse(contents).map(account).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_brackets_is_the_state_of_lockdown() {
        assert_eq!(lockdown("none [integrity] confidentiality\n"), "integrity");
        assert_eq!(lockdown("surprise\n"), "surprise");
    }

    #[test]
    fn accounts_are_names_with_uids_and_other_lines_are_passed_over() {
        let read = users("root:x:0:0:root:/root:/bin/sh\n+::::::\nnobody:x:65534:65534::/:\n");
        let account = |name: &str, uid| Account {
            name: name.to_owned(),
            uid,
        };
        assert_eq!(read, [account("root", 0), account("nobody", 65534)]);
    }
}
