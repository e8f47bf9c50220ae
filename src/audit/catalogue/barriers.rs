//! Rules about barriers beside namespaces and capabilities.

use super::{BASELINE, RESTRICTED, Rule};

pub static SECCOMP_OFF: Rule = Rule {
    id: "NSA-400",
    title: "no seccomp filter",
    remedy: "filter its system calls",
    remedies: &[
        (
            "docker",
            "start it without --security-opt=seccomp=unconfined, and without --privileged",
        ),
        (
            "podman",
            "start it without --security-opt=seccomp=unconfined, and without --privileged",
        ),
        ("kubernetes", "seccompProfile: type: RuntimeDefault"),
        ("systemd", "SystemCallFilter=@system-service"),
        ("bwrap", "--seccomp FD"),
        (
            "lxc",
            "lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp",
        ),
        ("runc", "linux.seccomp"),
    ],
    references: &["CIS Docker 5.22", RESTRICTED],
};

pub static NO_NEW_PRIVS_OFF: Rule = Rule {
    id: "NSA-401",
    title: "no_new_privs is off",
    remedy: "turn it on, unless it needs set-user-ID programs",
    remedies: &[
        ("docker", "--security-opt=no-new-privileges"),
        ("podman", "--security-opt=no-new-privileges"),
        ("kubernetes", "allowPrivilegeEscalation: false"),
        ("systemd", "NoNewPrivileges=yes"),
        ("runc", "process.noNewPrivileges: true"),
        ("lxc", "lxc.no_new_privs = 1"),
        ("systemd-nspawn", "--no-new-privileges=yes"),
    ],
    references: &["CIS Docker 5.26", RESTRICTED, "Kubescape C-0016"],
};

pub static LSM_UNCONFINED: Rule = Rule {
    id: "NSA-402",
    title: "no security module confines it",
    remedy: "put it under a profile that is enforced",
    remedies: &[
        (
            "docker",
            "--security-opt=apparmor=docker-default, or --selinux-enabled for the daemon",
        ),
        (
            "podman",
            "start it without --security-opt=label=disable and apparmor=unconfined",
        ),
        (
            "kubernetes",
            "appArmorProfile: type: RuntimeDefault; no seLinuxOptions of type spc_t",
        ),
        ("systemd", "AppArmorProfile=, or SELinuxContext="),
        ("lxc", "lxc.apparmor.profile = generated"),
    ],
    references: &[
        "CIS Docker 5.1",
        "CIS Docker 5.2",
        BASELINE,
        "CVE-2025-52881",
        "CVE-2019-19921",
    ],
};

pub static MAKES_USER_NAMESPACES: Rule = Rule {
    id: "NSA-403",
    title: "can make user namespaces",
    remedy: "forbid it by seccomp, or on the host by user.max_user_namespaces=0 where nobody needs them",
    remedies: &[
        (
            "docker",
            "start it without --security-opt=seccomp=unconfined: the engine's filter forbids it",
        ),
        (
            "podman",
            "start it without --security-opt=seccomp=unconfined: the engine's filter forbids it",
        ),
        ("kubernetes", "seccompProfile: type: RuntimeDefault"),
        ("systemd", "RestrictNamespaces=yes"),
        ("bwrap", "--disable-userns"),
        (
            "runc",
            "linux.seccomp that refuses unshare and clone with CLONE_NEWUSER",
        ),
    ],
    references: &["CVE-2022-0185", "Kubescape C-0079"],
};

pub static KEYRING_SHARED: Rule = Rule {
    id: "NSA-404",
    title: "the host's keyrings",
    remedy: "give it a user namespace, or forbid keyctl, add_key and request_key by seccomp",
    remedies: &[
        (
            "docker",
            "\"userns-remap\": \"default\" in daemon.json, or the engine's own seccomp filter",
        ),
        (
            "podman",
            "--userns=auto, or the engine's own seccomp filter",
        ),
        (
            "kubernetes",
            "hostUsers: false, or seccompProfile: type: RuntimeDefault",
        ),
        (
            "systemd",
            "KeyringMode=private and SystemCallFilter=~@keyring",
        ),
    ],
    references: &[],
};

pub static HOST_SYSCTLS: Rule = Rule {
    id: "NSA-405",
    title: "settings of the host that leave more than need be",
    remedy: "set them in /etc/sysctl.d, where nothing needs what they leave",
    remedies: &[],
    references: &[],
};

/// In the order of their ids.
pub static ALL: [&Rule; 6] = [
    &SECCOMP_OFF,
    &NO_NEW_PRIVS_OFF,
    &LSM_UNCONFINED,
    &MAKES_USER_NAMESPACES,
    &KEYRING_SHARED,
    &HOST_SYSCTLS,
];
