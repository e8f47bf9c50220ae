//! Rules about capabilities that count over the host.

use super::{BASELINE, ESCAPE, RESTRICTED, Rule};

pub static SYS_ADMIN: Rule = Rule {
    id: "NSA-100",
    title: "CAP_SYS_ADMIN over the host",
    remedy: "take the capability, or give it a user namespace",
    remedies: &[
        ("docker", "--cap-drop=SYS_ADMIN, and no --privileged"),
        ("podman", "--cap-drop=SYS_ADMIN, and no --privileged"),
        ("kubernetes", "capabilities: drop: [ALL]; privileged: false"),
        ("systemd", "CapabilityBoundingSet=~CAP_SYS_ADMIN"),
        ("systemd-nspawn", "-U, or --drop-capability=CAP_SYS_ADMIN"),
        ("lxc", "lxc.cap.drop = sys_admin, or lxc.idmap"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static SYS_MODULE: Rule = Rule {
    id: "NSA-101",
    title: "CAP_SYS_MODULE over the host",
    remedy: "take the capability; kernel.modules_disabled=1 once the machine is up",
    remedies: &[
        ("docker", "--cap-drop=SYS_MODULE, and no --privileged"),
        ("podman", "--cap-drop=SYS_MODULE, and no --privileged"),
        ("kubernetes", "capabilities: drop: [ALL]; privileged: false"),
        ("systemd", "ProtectKernelModules=yes"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static PTRACE: Rule = Rule {
    id: "NSA-102",
    title: "CAP_SYS_PTRACE over the host",
    remedy: "take the capability; a pid namespace of its own hides the host's processes",
    remedies: &[
        ("docker", "--cap-drop=SYS_PTRACE, and no --pid=host"),
        ("podman", "--cap-drop=SYS_PTRACE, and no --pid=host"),
        ("kubernetes", "capabilities: drop: [ALL]; hostPID: false"),
        ("systemd", "CapabilityBoundingSet=~CAP_SYS_PTRACE"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static DAC_READ_SEARCH: Rule = Rule {
    id: "NSA-103",
    title: "CAP_DAC_READ_SEARCH over the host",
    remedy: "take the capability, or give it a user namespace",
    remedies: &[
        ("docker", "--cap-drop=DAC_READ_SEARCH"),
        ("podman", "--cap-drop=DAC_READ_SEARCH"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "CapabilityBoundingSet=~CAP_DAC_READ_SEARCH"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static RAWIO: Rule = Rule {
    id: "NSA-104",
    title: "CAP_SYS_RAWIO over the host",
    remedy: "take the capability",
    remedies: &[
        ("docker", "--cap-drop=SYS_RAWIO, and no --privileged"),
        ("podman", "--cap-drop=SYS_RAWIO, and no --privileged"),
        ("kubernetes", "capabilities: drop: [ALL]; privileged: false"),
        (
            "systemd",
            "CapabilityBoundingSet=~CAP_SYS_RAWIO, PrivateDevices=yes",
        ),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static BPF: Rule = Rule {
    id: "NSA-105",
    title: "CAP_BPF or CAP_PERFMON over the host",
    remedy: "take the capabilities",
    remedies: &[
        ("docker", "--cap-drop=BPF --cap-drop=PERFMON"),
        ("podman", "--cap-drop=BPF --cap-drop=PERFMON"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "CapabilityBoundingSet=~CAP_BPF CAP_PERFMON"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static MKNOD: Rule = Rule {
    id: "NSA-106",
    title: "CAP_MKNOD over the host",
    remedy: "take the capability, and keep the device cgroup closed",
    remedies: &[
        ("docker", "--cap-drop=MKNOD"),
        ("podman", "--cap-drop=MKNOD"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "PrivateDevices=yes"),
    ],
    references: &["CIS Docker 5.4", RESTRICTED],
};

pub static NET: Rule = Rule {
    id: "NSA-107",
    title: "CAP_NET_ADMIN or CAP_NET_RAW over the host's network",
    remedy: "give it a network namespace of its own, or take the capabilities",
    remedies: &[
        (
            "docker",
            "start it without --network=host, or --cap-drop=NET_ADMIN --cap-drop=NET_RAW",
        ),
        (
            "podman",
            "start it without --network=host, or --cap-drop=NET_ADMIN --cap-drop=NET_RAW",
        ),
        (
            "kubernetes",
            "hostNetwork: false, or capabilities: drop: [ALL]",
        ),
        (
            "systemd",
            "PrivateNetwork=yes, or CapabilityBoundingSet=~CAP_NET_ADMIN CAP_NET_RAW",
        ),
    ],
    references: &[
        "ATT&CK T1557",
        "ATT&CK T1040",
        "CIS Docker 5.4",
        BASELINE,
        "Kubescape C-0046",
    ],
};

pub static OTHERS: Rule = Rule {
    id: "NSA-108",
    title: "other capabilities over the host",
    remedy: "take those that it does not need",
    remedies: &[
        ("docker", "--cap-drop=ALL, and --cap-add what it needs"),
        ("podman", "--cap-drop=ALL, and --cap-add what it needs"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "CapabilityBoundingSet= with what it needs"),
    ],
    references: &["CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
};

pub static PRIVILEGED: Rule = Rule {
    id: "NSA-110",
    title: "privileged in every respect",
    remedy: "start it without privileges, and give it the one device or capability that it needs",
    remedies: &[
        (
            "docker",
            "start it without --privileged; --device and --cap-add for what it needs",
        ),
        (
            "podman",
            "start it without --privileged; --device and --cap-add for what it needs",
        ),
        ("kubernetes", "privileged: false"),
        (
            "systemd",
            "CapabilityBoundingSet=, SystemCallFilter=@system-service, ProtectKernelTunables=yes",
        ),
        ("systemd-nspawn", "-U"),
    ],
    references: &[ESCAPE, "CIS Docker 5.5", BASELINE, "Kubescape C-0057"],
};

pub static REGAINED: Rule = Rule {
    id: "NSA-111",
    title: "an execve gives capabilities back",
    remedy: "turn on no_new_privs, or empty the bounding set",
    remedies: &[
        (
            "docker",
            "--security-opt=no-new-privileges, or --cap-drop=ALL",
        ),
        (
            "podman",
            "--security-opt=no-new-privileges, or --cap-drop=ALL",
        ),
        (
            "kubernetes",
            "allowPrivilegeEscalation: false, or capabilities: drop: [ALL]",
        ),
        ("systemd", "NoNewPrivileges=yes, or CapabilityBoundingSet="),
        (
            "runc",
            "process.noNewPrivileges, or an empty process.capabilities.bounding",
        ),
    ],
    references: &["CIS Docker 5.26", RESTRICTED, "Kubescape C-0016"],
};

pub static INHERITABLE: Rule = Rule {
    id: "NSA-112",
    title: "inheritable or ambient capabilities",
    remedy: "empty both sets",
    remedies: &[
        (
            "docker",
            "update the engine: releases before 20.10.14 fill the inheritable set",
        ),
        (
            "podman",
            "update the engine: releases before 4.0.3 fill the inheritable set",
        ),
        ("systemd", "AmbientCapabilities= empty"),
        ("runc", "empty process.capabilities.inheritable and ambient"),
    ],
    references: &["CVE-2022-24769", "CVE-2022-27649"],
};

/// In the order of their ids.
pub static ALL: [&Rule; 12] = [
    &SYS_ADMIN,
    &SYS_MODULE,
    &PTRACE,
    &DAC_READ_SEARCH,
    &RAWIO,
    &BPF,
    &MKNOD,
    &NET,
    &OTHERS,
    &PRIVILEGED,
    &REGAINED,
    &INHERITABLE,
];
