//! Rules about namespaces that are not a container's own.

use super::{BASELINE, ESCAPE, Rule};

pub static USERNS_INITIAL: Rule = Rule {
    id: "NSA-001",
    title: "no user namespace of its own",
    remedy: "give it a user namespace whose root is an ordinary user outside",
    remedies: &[
        ("docker", "\"userns-remap\": \"default\" in daemon.json"),
        ("podman", "--userns=auto"),
        ("kubernetes", "hostUsers: false in the pod"),
        ("systemd", "PrivateUsers=yes"),
        ("systemd-nspawn", "-U"),
        ("lxc", "lxc.idmap, as for an unprivileged container"),
        (
            "runc",
            "linux.namespaces user, with uidMappings and gidMappings to ordinary ids",
        ),
    ],
    references: &[ESCAPE, "CIS Docker 2.9", "CIS Docker 5.31"],
};

pub static USERNS_MAPS_ROOT: Rule = Rule {
    id: "NSA-002",
    title: "its user namespace holds the host's root",
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
};

pub static USERNS_OVERLAP: Rule = Rule {
    id: "NSA-003",
    title: "ids shared with others on the host",
    remedy: "give every container a range of ids of its own",
    remedies: &[
        (
            "docker",
            "userns-remap gives all containers one range: a daemon, or podman, for each group that must not meet",
        ),
        (
            "podman",
            "--userns=auto, which picks ranges that nobody has",
        ),
        (
            "kubernetes",
            "hostUsers: false, which picks ranges that nobody has",
        ),
        ("systemd-nspawn", "--private-users=pick"),
    ],
    references: &[ESCAPE],
};

pub static PIDNS_HOST: Rule = Rule {
    id: "NSA-010",
    title: "the host's pid namespace",
    remedy: "give it a pid namespace of its own",
    remedies: &[
        ("docker", "start it without --pid=host"),
        ("podman", "start it without --pid=host"),
        ("kubernetes", "hostPID: false"),
        ("systemd", "PrivatePIDs=yes (systemd 257)"),
        ("runc", "an entry pid in linux.namespaces"),
        ("bwrap", "--unshare-pid"),
    ],
    references: &[ESCAPE, "CIS Docker 5.16", BASELINE, "Kubescape C-0038"],
};

pub static PROCESS_REACHABLE: Rule = Rule {
    id: "NSA-011",
    title: "files of processes outside are open to it",
    remedy: "give it a pid namespace of its own, and take CAP_SYS_PTRACE, CAP_SETUID and CAP_SETGID from it",
    remedies: &[
        ("docker", "start it without --pid=host; --cap-drop=ALL"),
        ("podman", "start it without --pid=host; --cap-drop=ALL"),
        ("kubernetes", "hostPID: false; capabilities: drop: [ALL]"),
        (
            "systemd",
            "PrivatePIDs=yes, or ProtectProc=invisible with another User=; CapabilityBoundingSet=",
        ),
        ("runc", "an entry pid in linux.namespaces"),
    ],
    references: &[ESCAPE, "CIS Docker 5.16", BASELINE, "Kubescape C-0038"],
};

pub static NETNS_HOST: Rule = Rule {
    id: "NSA-020",
    title: "the host's network namespace",
    remedy: "give it a network namespace of its own",
    remedies: &[
        ("docker", "start it without --network=host"),
        ("podman", "start it without --network=host"),
        ("kubernetes", "hostNetwork: false"),
        ("systemd", "PrivateNetwork=yes"),
        ("runc", "an entry network in linux.namespaces"),
        ("bwrap", "--unshare-net"),
        ("lxc", "lxc.net.0.type = veth, or empty"),
        ("systemd-nspawn", "--private-network"),
    ],
    references: &[
        ESCAPE,
        "ATT&CK T1557",
        "ATT&CK T1040",
        "CIS Docker 5.10",
        BASELINE,
        "Kubescape C-0041",
    ],
};

pub static NETNS_OF_OTHERS: Rule = Rule {
    id: "NSA-022",
    title: "network namespace shared with other containers",
    remedy: "give each its own, unless they are one service",
    remedies: &[
        ("docker", "start it without --network=container:"),
        (
            "podman",
            "start it without --network=container:, or put them into one pod",
        ),
        ("kubernetes", "put what must not meet into pods of its own"),
    ],
    references: &[],
};

pub static IPCNS_HOST: Rule = Rule {
    id: "NSA-030",
    title: "the host's ipc namespace",
    remedy: "give it an ipc namespace of its own",
    remedies: &[
        ("docker", "start it without --ipc=host"),
        ("podman", "start it without --ipc=host"),
        ("kubernetes", "hostIPC: false"),
        ("systemd", "PrivateIPC=yes"),
        ("runc", "an entry ipc in linux.namespaces"),
        ("bwrap", "--unshare-ipc"),
    ],
    references: &["CIS Docker 5.17", BASELINE, "Kubescape C-0038"],
};

pub static UTSNS_HOST: Rule = Rule {
    id: "NSA-031",
    title: "the host's uts namespace",
    remedy: "give it a uts namespace of its own",
    remedies: &[
        ("docker", "start it without --uts=host"),
        ("podman", "start it without --uts=host"),
        ("systemd", "ProtectHostname=yes"),
        ("runc", "an entry uts in linux.namespaces"),
        ("bwrap", "--unshare-uts"),
    ],
    references: &["CIS Docker 5.21"],
};

pub static CGROUPNS_HOST: Rule = Rule {
    id: "NSA-032",
    title: "the host's cgroup namespace",
    remedy: "give it a cgroup namespace of its own",
    remedies: &[
        ("docker", "--cgroupns=private"),
        ("podman", "--cgroupns=private"),
        ("systemd", "ProtectControlGroups=private (systemd 257)"),
        ("runc", "an entry cgroup in linux.namespaces"),
        ("bwrap", "--unshare-cgroup"),
    ],
    references: &[],
};

pub static TIMENS_HOST: Rule = Rule {
    id: "NSA-033",
    title: "the host's time namespace",
    remedy: "nothing to do: no runtime makes one unless it is told to",
    remedies: &[],
    references: &[],
};

pub static CHROOT_ONLY: Rule = Rule {
    id: "NSA-040",
    title: "a chroot is all that holds it",
    remedy: "chroot is no barrier against root: use a mount namespace with pivot_root, and drop CAP_SYS_CHROOT",
    remedies: &[(
        "systemd",
        "RootDirectory= with MountAPIVFS=yes, PrivateUsers=yes and an empty CapabilityBoundingSet=",
    )],
    references: &[ESCAPE],
};

/// In the order of their ids.
pub static ALL: [&Rule; 12] = [
    &USERNS_INITIAL,
    &USERNS_MAPS_ROOT,
    &USERNS_OVERLAP,
    &PIDNS_HOST,
    &PROCESS_REACHABLE,
    &NETNS_HOST,
    &NETNS_OF_OTHERS,
    &IPCNS_HOST,
    &UTSNS_HOST,
    &CGROUPNS_HOST,
    &TIMENS_HOST,
    &CHROOT_ONLY,
];
