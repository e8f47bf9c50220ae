//! The small formats of `/proc/PID` as pure functions on bytes. None of them trusts what a process
//! can write into its own files.

use crate::model::process::{CgroupEntry, IdRange, Offset, Stat, TimeOffsets};
use crate::model::text;
use crate::model::{LinkName, NsKey};

/// PF_KTHREAD (include/linux/sched.h).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// The inode in the target of a namespace link, if it is one of the right kind.
pub fn ns_link(link: LinkName, target: &[u8]) -> Option<u64> {
    let key = NsKey::parse(std::str::from_utf8(target).ok()?)?;
    (key.kind == link.kind()).then_some(key.inode)
}

/// `/proc/PID/stat`. The name stands in parentheses and may hold anything but NUL, so it ends at
/// the last `)` of the file.
pub fn stat(contents: &[u8]) -> Option<Stat> {
    let open = contents.iter().position(|byte| *byte == b'(')?;
    let close = contents.iter().rposition(|byte| *byte == b')')?;
    let comm = contents.get(open + 1..close)?;
    let rest = std::str::from_utf8(contents.get(close + 1..)?).ok()?;
    // Field 3 of proc_pid_stat(5) is the first here.
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let ppid = fields.next()?.parse().ok()?;
    let flags: u64 = fields.nth(9 - 5)?.parse().ok()?;
    let start_time = fields.nth(22 - 10)?.parse().ok()?;
    Some(Stat {
        comm: text::from_bytes(comm),
        state,
        ppid,
        kernel_thread: flags & KERNEL_THREAD != 0,
        start_time,
    })
}

/// `/proc/PID/cmdline`: arguments that end in NUL. A process may overwrite them, so that the last
/// NUL can be missing (setproctitle) and empty ones can trail.
pub fn cmdline(contents: &[u8]) -> Vec<String> {
    let end = contents
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    if end == 0 {
        return Vec::new();
    }
    contents[..end]
        .split(|byte| *byte == 0)
        .map(text::from_bytes)
        .collect()
}

/// `/proc/PID/cgroup`. Lines are split at a newline: the kernel refuses one in the name of a v2
/// cgroup and of a v1 cgroup alike (cgroup_mkdir in kernel/cgroup/cgroup.c).
pub fn cgroups(contents: &[u8]) -> Option<Vec<CgroupEntry>> {
    text::from_bytes(contents)
        .lines()
        .map(|line| {
            let mut fields = line.splitn(3, ':');
            Some(CgroupEntry {
                hierarchy: fields.next()?.parse().ok()?,
                controllers: fields.next()?.to_owned(),
                path: fields.next()?.to_owned(),
            })
        })
        .collect()
}

/// `uid_map` and `gid_map`: empty until somebody has written one.
pub fn id_map(contents: &[u8]) -> Option<Vec<IdRange>> {
    std::str::from_utf8(contents)
        .ok()?
        .lines()
        .map(|line| {
            let mut fields = line.split_ascii_whitespace().map(str::parse::<u32>);
            Some(IdRange {
                inside: fields.next()?.ok()?,
                outside: fields.next()?.ok()?,
                count: fields.next()?.ok()?,
            })
        })
        .collect()
}

/// `timens_offsets` (time_namespaces(7)).
pub fn time_offsets(contents: &[u8]) -> Option<TimeOffsets> {
    let mut offsets = TimeOffsets::default();
    for line in std::str::from_utf8(contents).ok()?.lines() {
        let mut fields = line.split_ascii_whitespace();
        let clock = match fields.next()? {
            "monotonic" | "1" => &mut offsets.monotonic,
            "boottime" | "7" => &mut offsets.boottime,
            _ => continue,
        };
        *clock = Offset {
            seconds: fields.next()?.parse().ok()?,
            nanoseconds: fields.next()?.parse().ok()?,
        };
    }
    Some(offsets)
}

/// Undoes the octal escapes of mountinfo and of the like (mangle_path in fs/seq_file.c).
pub fn unmangle(field: &str) -> String {
    let bytes = text::to_bytes(field);
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some((&first, tail)) = rest.split_first() {
        match rest {
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ] => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => {
                plain.push(first);
                rest = tail;
            }
        }
    }
    text::from_bytes(&plain)
}

/// Abstract names of `/proc/PID/net/unix` on which somebody listens (proc_net(5)): the flag
/// __SO_ACCEPTCON is set and the path begins with `@`.
pub fn abstract_listeners(contents: &[u8]) -> Vec<String> {
    const ACCEPTS: u32 = 1 << 16;
    text::from_bytes(contents)
        .lines()
        .skip(1)
        .filter_map(|line| {
            // Num RefCount Protocol Flags Type St Inode Path; the path may hold blanks.
            let (flags, after_flags) = field(line, 3)?;
            let (_, path) = field(after_flags, 2)?;
            let path = path.strip_prefix(' ')?;
            let accepts = u32::from_str_radix(flags, 16).ok()? & ACCEPTS != 0;
            (accepts && path.starts_with('@')).then(|| path.to_owned())
        })
        .collect()
}

/// The field of a line after so many others, and what follows it.
fn field(line: &str, skipped: usize) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(' ');
    let end = line.find(' ').unwrap_or(line.len());
    match skipped {
        _ if line.is_empty() => None,
        0 => Some(line.split_at(end)),
        more => field(&line[end..], more - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NsKind;
    use proptest::prelude::*;

    fn stat_line(comm: &[u8]) -> Vec<u8> {
        let mut line = b"42 (".to_vec();
        line.extend_from_slice(comm);
        line.extend_from_slice(
            b") S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1000 100 18446744073709551615",
        );
        line
    }

    #[test]
    fn a_stat_line_gives_name_state_parent_and_start_time() {
        let read = stat(&stat_line(b"sleep")).unwrap();
        assert_eq!(
            read,
            Stat {
                comm: "sleep".into(),
                state: 'S',
                ppid: 7,
                kernel_thread: false,
                start_time: 987_654,
            }
        );
    }

    #[test]
    fn a_name_that_looks_like_the_rest_of_the_line_fools_nobody() {
        let read = stat(&stat_line(b"x) Z 1 (y\n")).unwrap();
        assert_eq!((read.comm.as_str(), read.ppid), ("x) Z 1 (y\n", 7));
    }

    #[test]
    fn a_kernel_thread_is_told_by_its_flag_and_not_by_its_name() {
        let line = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 19 0 0";
        assert!(stat(line).unwrap().kernel_thread);
        assert!(!stat(&stat_line(b"kthreadd")).unwrap().kernel_thread);
    }

    #[test]
    fn a_link_of_another_kind_or_none_is_refused() {
        let net = LinkName::Own(NsKind::Net);
        assert_eq!(ns_link(net, b"net:[4026531833]"), Some(4_026_531_833));
        assert_eq!(ns_link(net, b"uts:[4026531833]"), None);
        assert_eq!(ns_link(net, b"net:[x]"), None);
        assert_eq!(ns_link(LinkName::PidForChildren, b"pid:[7]"), Some(7));
    }

    #[test]
    fn arguments_are_split_at_nul_and_trailing_empty_ones_dropped() {
        assert_eq!(cmdline(b"sleep\0\x00300\0\0\0"), ["sleep", "", "300"]);
        assert_eq!(cmdline(b"nginx: master"), ["nginx: master"]);
        assert!(cmdline(b"").is_empty());
        assert!(cmdline(b"\0\0").is_empty());
    }

    #[test]
    fn a_cgroup_path_may_hold_colons() {
        let read = cgroups(b"4:cpu,cpuacct:/a:b\n0::/\n").unwrap();
        assert_eq!(
            read,
            [
                CgroupEntry {
                    hierarchy: 4,
                    controllers: "cpu,cpuacct".into(),
                    path: "/a:b".into(),
                },
                CgroupEntry {
                    hierarchy: 0,
                    controllers: String::new(),
                    path: "/".into(),
                },
            ]
        );
    }

    #[test]
    fn id_maps_are_read_line_by_line() {
        let read = id_map(b"         0     100000      65536\n     65536          0          1\n");
        let ranges: Vec<_> = read
            .unwrap()
            .iter()
            .map(|range| (range.inside, range.outside, range.count))
            .collect();
        assert_eq!(ranges, [(0, 100_000, 65_536), (65_536, 0, 1)]);
        assert_eq!(id_map(b""), Some(Vec::new()));
        assert_eq!(id_map(b"0 0\n"), None);
    }

    #[test]
    fn offsets_of_both_clocks_are_read() {
        let read = time_offsets(b"monotonic    -86400         5\nboottime       3600         0\n");
        assert_eq!(
            read,
            Some(TimeOffsets {
                monotonic: Offset {
                    seconds: -86_400,
                    nanoseconds: 5,
                },
                boottime: Offset {
                    seconds: 3_600,
                    nanoseconds: 0,
                },
            })
        );
    }

    #[test]
    fn octal_escapes_of_paths_are_undone_without_loss() {
        assert_eq!(unmangle(r"/a\040b\134x41"), r"/a b\x5cx41");
        assert_eq!(unmangle("/a\\xffb"), "/a\\xffb");
    }

    #[test]
    fn only_abstract_names_that_accept_are_listeners() {
        let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 16384 @nsi 1\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 16385 /run/x.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 16385 /run/x @y\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 16386 @connected\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 16387\n";
        assert_eq!(abstract_listeners(table), ["@nsi 1"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(bytes: Vec<u8>) {
            let _ = stat(&bytes);
            let _ = cmdline(&bytes);
            let _ = cgroups(&bytes);
            let _ = id_map(&bytes);
            let _ = time_offsets(&bytes);
            let _ = abstract_listeners(&bytes);
            let _ = unmangle(&text::from_bytes(&bytes));
        }

        #[test]
        fn any_name_is_read_back_from_a_stat_line(comm in prop::collection::vec(1u8.., 0..16)) {
            let read = stat(&stat_line(&comm)).unwrap();
            prop_assert_eq!(text::to_bytes(&read.comm), comm);
            prop_assert_eq!(read.start_time, 987_654);
        }
    }
}
