//! Names and numbers of users and groups: by the lists of this machine's own accounts (passwd(5),
//! group(5)), and what is not in them by the name service (nsswitch.conf(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;

use nix::unistd::{Group, User};

use super::files;
use crate::model::text;

/// A list is searched so far (bytes).
const LONGEST_LIST: usize = 1 << 20;

/// Nobody is known by the name service in a program that is linked statically. glibc has such a
/// program load the modules of the name service and another libc with them, and that ends with a
/// segmentation fault wherever nsswitch.conf(5) names libnss_systemd, as on Debian.
const HAS_NAME_SERVICE: bool = cfg!(not(target_feature = "crt-static"));

/// The accounts in the lines of passwd(5) or group(5), as name and number; lines of another form are
/// passed over.
pub fn parse(contents: &str) -> impl Iterator<Item = (&str, u32)> {
    contents.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        Some((name, fields.nth(1)?.parse().ok()?))
    })
}

/// Login names of uids. The name service takes five times as many system calls as the list.
pub fn user_names(uids: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    if !uids.is_empty() {
        names = names_in(&list("/etc/passwd"), uids);
    }
    for uid in uids {
        if HAS_NAME_SERVICE
            && !names.contains_key(uid)
            && let Ok(Some(user)) = User::from_uid((*uid).into())
        {
            names.insert(*uid, user.name);
        }
    }
    names
}

/// The login name of a single uid.
pub fn user_name(uid: u32) -> Option<String> {
    user_names(&BTreeSet::from([uid])).remove(&uid)
}

/// The home directory of a user.
pub fn home_of(uid: u32) -> Option<String> {
    let list = list("/etc/passwd");
    let mut homes = list.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, number, _, _, home, ..] = *fields.as_slice() else {
            return None;
        };
        (is_ours(name) && number.parse() == Ok(uid)).then(|| home.to_owned())
    });
    let by_service = || {
        let user = User::from_uid(uid.into()).ok()??;
        Some(text::from_bytes(user.dir.as_os_str().as_bytes()))
    };
    let home = homes.next();
    home.or_else(|| HAS_NAME_SERVICE.then(by_service).flatten())
        .filter(|home| home.starts_with('/'))
}

/// The uid of a user.
pub fn uid_of(name: &str) -> Option<u32> {
    let by_service = || Some(User::from_name(name).ok()??.uid.as_raw());
    number_in(&list("/etc/passwd"), name).or_else(|| HAS_NAME_SERVICE.then(by_service).flatten())
}

/// The gid of a group.
pub fn gid_of(name: &str) -> Option<u32> {
    let by_service = || Some(Group::from_name(name).ok()??.gid.as_raw());
    number_in(&list("/etc/group"), name).or_else(|| HAS_NAME_SERVICE.then(by_service).flatten())
}

fn list(path: &str) -> String {
    whole_lines(&files::read_start(path, LONGEST_LIST).unwrap_or_default())
}

/// Where there is more than was read, the last line may be half of one.
fn whole_lines(read: &[u8]) -> String {
    let end = match read.len() < LONGEST_LIST {
        true => read.len(),
        false => read.iter().rposition(|byte| *byte == b'\n').unwrap_or(0),
    };
    text::from_bytes(&read[..end])
}

/// Lines that point elsewhere are nobody's (internal_getpwuid_r in nss/nss_files/files-pwd.c).
fn is_ours(name: &str) -> bool {
    !name.starts_with(['+', '-', '#'])
}

/// Of several accounts with one number it is the first that the name service finds.
fn names_in(list: &str, uids: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    for (name, uid) in parse(list) {
        if uids.contains(&uid) && is_ours(name) {
            names.entry(uid).or_insert_with(|| name.to_owned());
        }
    }
    names
}

fn number_in(list: &str, wanted: &str) -> Option<u32> {
    let mut all = parse(list).filter(|(name, _)| is_ours(name));
    all.find(|(name, _)| *name == wanted).map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_called_by_the_first_whole_line_that_has_it() {
        let passwd = b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n+web:x:33:33::/:\n\
            a:x:1000:1000::/:\nlast:x:1001:";
        let uids = BTreeSet::from([0, 33, 100, 1000, 1001]);
        let expected = |names: &[(u32, &str)]| -> BTreeMap<u32, String> {
            let name = |(uid, name): &(u32, &str)| (*uid, (*name).to_owned());
            names.iter().map(name).collect()
        };
        let names = names_in(&whole_lines(passwd), &uids);
        assert_eq!(names, expected(&[(0, "root"), (1000, "a"), (1001, "last")]));
        // As much as is read, and no more.
        let mut long = passwd.to_vec();
        long.insert(0, b'\n');
        long.splice(0..0, vec![b'#'; LONGEST_LIST - long.len() - 11]);
        long.extend(b"\nhalf:x:100");
        assert_eq!(long.len(), LONGEST_LIST);
        let names = names_in(&whole_lines(&long), &uids);
        assert_eq!(names, expected(&[(0, "root"), (1000, "a"), (1001, "last")]));
        assert_eq!(names_in("", &BTreeSet::from([0])), BTreeMap::new());
    }

    #[test]
    fn the_list_of_accounts_and_the_name_service_call_everybody_the_same() {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
        let uids: BTreeSet<u32> = parse(&passwd).map(|(_, uid)| uid).collect();
        assert!(uids.contains(&0), "{uids:?}");
        for (uid, name) in user_names(&uids) {
            let user = User::from_uid(uid.into()).unwrap().unwrap();
            assert_eq!(name, user.name, "{uid}");
        }
    }

    #[test]
    fn users_and_groups_have_the_numbers_that_the_name_service_gives_them() {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
        for (name, _) in parse(&passwd) {
            let user = User::from_name(name).unwrap().map(|it| it.uid.as_raw());
            assert_eq!(uid_of(name), user, "{name}");
        }
        let groups = std::fs::read_to_string("/etc/group").unwrap();
        assert!(parse(&groups).count() > 0);
        for (name, _) in parse(&groups) {
            let group = Group::from_name(name).unwrap().map(|it| it.gid.as_raw());
            assert_eq!(gid_of(name), group, "{name}");
        }
        assert_eq!(uid_of("no such user, by no list"), None);
        assert_eq!(number_in("+x:x:7:7::/:\nx:x:8:8::/:\n", "+x"), None);
    }
}
