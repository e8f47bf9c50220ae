//! NSA-002: its user namespace maps uid or gid 0 of the host.

use crate::analyse::power::userns;
use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::mounts;
use crate::audit::need::Need;
use crate::audit::questions::ids::map_text;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::process::IdRange;
use crate::model::{CapabilitySet, NsKind, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-002",
    title: "its user namespace holds the host's root",
    worst: Severity::Critical,
    why: "A user namespace protects because root in there is nobody out here. This one maps an id of \
          its own to the host's uid 0 or group 0, and that protection is gone: files that belong to \
          root, such as all below /proc/sys, are written by whoever has that uid, and no capability is \
          asked for. Tools that look at capabilities, or at whether there is a user namespace, see \
          nothing wrong.",
    remedy: "map to ids that own nothing on the host; with root's own rights no user namespace protects",
    remedies: &[
        (
            "docker",
            "\"userns-remap\": \"default\" in daemon.json, with ranges in /etc/subuid that begin at 100000 or above",
        ),
        ("podman", "--userns=auto instead of a map that holds 0"),
        ("kubernetes", "hostUsers: false in the pod"),
        ("systemd", "PrivateUsers=yes with User= of an ordinary user"),
        ("systemd-nspawn", "--private-users=pick instead of identity"),
        (
            "bwrap",
            "start bwrap as an ordinary user: root's own user namespace keeps the host's uid 0",
        ),
        ("lxc", "lxc.idmap that begins at 100000 or above"),
        ("runc", "hostID of uidMappings at 100000 or above"),
    ],
    references: &[ESCAPE],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Label,
        Need::Mounts,
        Need::Procfs,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if case.shares_host(NsKind::User) != Seen::Known(false) {
        return None;
    }
    let details = case.details()?;
    let of_root = |map: &Seen<Vec<IdRange>>| match map {
        Seen::Known(map) => IdRange::inside_of(map, 0),
        Seen::Unknown(_) => None,
    };
    let evidence = |finding: Finding| {
        finding
            .seen(case.file("uid_map"), map_text(&details.uid_map))
            .seen(case.file("gid_map"), map_text(&details.gid_map))
            .with(case.line("Uid"))
    };
    if let (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) = (&details.uid_map, &details.gid_map)
    {
        let why =
            format!("whether its user namespace maps the host's root could not be read ({why})");
        let finding = Finding::new(&RULE, Severity::Critical, Verdict::Unknown, why);
        return Some(evidence(finding));
    }
    let (uid, gid) = (of_root(&details.uid_map), of_root(&details.gid_map));
    if uid.is_none() && gid.is_none() {
        return None;
    }
    let credentials = case.credentials().ok();
    if credentials.is_none_or(|it| !it.ids_are_exact) {
        let why = "it maps what the reader sees as uid 0, and who that is on the host cannot be seen \
                   from the reader's user namespace";
        let finding = Finding::new(&RULE, Severity::Critical, Verdict::Unknown, why);
        return Some(evidence(finding));
    }
    let Some(uid) = uid else {
        let why = "it maps the host's group 0: what the group of root may read or write, so may it";
        let finding = Finding::new(&RULE, Severity::High, Verdict::Conditional, why)
            .provided("a file of the host that group 0 may use is in sight");
        return Some(evidence(finding));
    };
    let surface = surface(case);
    let severity = match surface {
        Some(_) => Severity::Critical,
        None => Severity::High,
    };
    let (by_what, first) = match surface {
        Some(surface) => (format!("; {}", surface.by_what), surface.first),
        None => (String::new(), Some(FILE_OF_ROOT)),
    };
    let why = format!(
        "its uid {uid} is the host's root, and files below /proc/sys ask for that uid and for no \
         capability{by_what}"
    );
    let mut finding = Finding::new(&RULE, severity, Verdict::Exploitable, why);
    if let Some(first) = first {
        finding = finding.but(Verdict::Conditional).provided(first);
    }
    finding = becomes_root(case, uid)
        .into_iter()
        .fold(finding, |finding, first| {
            finding.but(Verdict::Conditional).provided(first)
        });
    if let Some(label) = case.confined_by() {
        let why = format!("the label {label:?} forbids writing there");
        finding = finding.but(Verdict::Mitigated).provided(why);
    }
    Some(evidence(finding))
}

/// What it has to do first to act as the host's root; `None`: nothing.
fn becomes_root(case: &Case<'_>, inside: u32) -> Option<String> {
    let credentials = case.credentials().ok()?;
    if credentials.uids.effective == 0 {
        return None;
    }
    let set = CapabilitySet::SETUID;
    match credentials.capabilities.effective.contains(set) {
        true => None,
        false => Some(format!(
            "it becomes uid {inside}, by CAP_SETUID or a set-user-ID program"
        )),
    }
}

const FILE_OF_ROOT: &str = "a file that belongs to the host's root is in sight and can be written";

/// By what the host's root can be harmful in there.
struct Surface {
    by_what: String,
    /// What has to be so besides.
    first: Option<&'static str>,
}

impl Surface {
    fn proven(by_what: String) -> Surface {
        let first = None;
        Surface { by_what, first }
    }
}

fn surface(case: &Case<'_>) -> Option<Surface> {
    let table = case.details()?.mounts.known()?;
    let sysctl = mounts::covering(table, "/proc/sys/kernel/core_pattern");
    if let Some(mount) = sysctl
        && mount.fstype == "proc"
        && mounts::is_writable(mount)
    {
        let point = &mount.mount_point;
        return Some(Surface::proven(format!(
            "/proc/sys is writable in there (mount {point} rw)"
        )));
    }
    let bind = table.iter().find(|mount| mounts::is_writable_bind(mount));
    let bind = bind.map(|mount| {
        let point = &mount.mount_point;
        Surface::proven(format!("{point} is a directory of the host and writable"))
    });
    let admin = case.holds_over_own(NsKind::Mnt, CapabilitySet::SYS_ADMIN);
    if !matches!(admin, Holds::Now | Holds::ByRaising) {
        return bind;
    }
    // Masks and read-only mounts are taken off again by whoever governs the mount namespace, unless
    // they have come from one that others govern: then no procfs is mounted beside them either
    // (MNT_LOCKED in mount_namespaces(7), mount_too_revealing in fs/namespace.c).
    let by_what =
        "it may mount a procfs of its own, as it has CAP_SYS_ADMIN over its mount namespace";
    let first = match has_mounted_proc(case) {
        true => None,
        false => Some("what hides parts of its /proc was mounted in there, and is not locked"),
    };
    let by_mounting = Surface {
        by_what: by_what.to_owned(),
        first,
    };
    match bind {
        Some(proven) if first.is_some() => Some(proven),
        _ => Some(by_mounting),
    }
}

/// Whether its procfs was mounted from within its user namespace, and so what lies on it: it shows
/// its own pid namespace, and that is younger than the user namespace which owns it.
fn has_mounted_proc(case: &Case<'_>) -> bool {
    let Seen::Known(pid_ns) = case.key(NsKind::Pid) else {
        return false;
    };
    let own = case.key(NsKind::User).part(|user| user.inode);
    let instances = case.exposure().map(|it| it.procfs.found.as_slice());
    let mut instances = instances.unwrap_or_default().iter();
    own.get().is_some()
        && userns::governing(case.snapshot, pid_ns) == own
        && instances.any(|it| it.mount_point == "/proc" && it.pid_ns == Some(pid_ns.inode))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_002_a_reader_that_does_not_see_the_hosts_ids_cannot_tell_who_uid_0_is() {
        let mut it = container(10, ID, &[]);
        within_user_namespace(&mut it, 4_026_550_000, 0);
        let mut snapshot = machine([it]);
        let critical = |verdict| Some((Severity::High, verdict));
        assert_eq!(
            judged(&snapshot, 10, "NSA-002"),
            critical(Verdict::Conditional)
        );
        snapshot.reader.links = Links::read(|link| match link.kind() {
            NsKind::User => Seen::Known(4_026_560_000),
            kind => Seen::Known(kind.initial_inode()),
        });
        let unknown = Some((Severity::Critical, Verdict::Unknown));
        assert_eq!(judged(&snapshot, 10, "NSA-002"), unknown);
    }
}
