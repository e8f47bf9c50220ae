//! NSA-012, NSA-021, NSA-041 and NSA-200 to NSA-210.

use super::{ESCAPE, Rule};

pub static PROCFS_OF_FOREIGN_PIDNS: Rule = Rule {
    id: "NSA-012",
    title: "a procfs of another pid namespace is mounted",
    remedy: "do not bind /proc of the host; let the container mount its own",
    remedies: &[
        ("docker", "drop -v /proc:…"),
        ("podman", "drop -v /proc:…"),
        ("kubernetes", "drop the hostPath volume of /proc"),
        ("systemd-nspawn", "drop --bind=/proc"),
    ],
    references: &[ESCAPE],
};

pub static ABSTRACT_SOCKET: Rule = Rule {
    id: "NSA-021",
    title: "abstract sockets of others can be connected to",
    remedy: "give it a network namespace of its own",
    remedies: &[
        ("docker", "drop --network=host"),
        ("podman", "drop --network=host"),
        ("kubernetes", "hostNetwork: false in the pod"),
        ("systemd", "PrivateNetwork=yes"),
        ("systemd-nspawn", "--private-network"),
    ],
    references: &[ESCAPE, "CVE-2020-15257"],
};

pub static HIDDEN_MOUNTS: Rule = Rule {
    id: "NSA-041",
    title: "mounts outside of its root are still in its mount namespace",
    remedy: "let the runtime use pivot_root(2) and unmount the old root",
    remedies: &[
        ("runc", "drop --no-pivot"),
        ("docker", "unset DOCKER_RAMDISK for dockerd"),
        (
            "containerd",
            "no_pivot = false for the runtime in config.toml",
        ),
    ],
    references: &[ESCAPE],
};

pub static CONTROL_SOCKET: Rule = Rule {
    id: "NSA-200",
    title: "a socket of the host's can be connected to",
    remedy: "do not give it the socket: a read-only mount does not stop connect(2)",
    remedies: &[
        ("docker", "drop the -v of the socket"),
        ("podman", "drop the -v of the socket"),
        ("kubernetes", "drop the hostPath volume of the socket"),
        ("systemd", "InaccessiblePaths= for the socket"),
    ],
    references: &[
        ESCAPE,
        "ATT&CK T1552.007",
        "ATT&CK T1610",
        "CIS Docker 5.32",
        "Kubescape C-0074",
    ],
};

pub static HOST_BIND_WRITABLE: Rule = Rule {
    id: "NSA-201",
    title: "files of the host can be written",
    remedy: "mount it read-only, or only the files that are needed",
    remedies: &[
        ("docker", "append :ro to the -v, or use a volume"),
        ("podman", "append :ro to the -v, or use a volume"),
        (
            "kubernetes",
            "readOnly: true for the mount, or no hostPath volume",
        ),
        ("systemd-nspawn", "--bind-ro= instead of --bind="),
        ("bwrap", "--ro-bind instead of --bind"),
        ("systemd", "ProtectSystem=strict, ReadOnlyPaths="),
    ],
    references: &[
        ESCAPE,
        "CIS Docker 5.6",
        "Kubescape C-0045",
        "Kubescape C-0048",
        "Pod Security Standards baseline: hostPath",
    ],
};

pub static HOST_ROOT_VISIBLE: Rule = Rule {
    id: "NSA-202",
    title: "secrets of the host can be read",
    remedy: "mount only the files that are needed, or give it a user namespace",
    remedies: &[],
    references: &[
        ESCAPE,
        "Kubescape C-0048",
        "Pod Security Standards baseline: hostPath",
    ],
};

pub static PROPAGATION: Rule = Rule {
    id: "NSA-203",
    title: "what it mounts appears on the host",
    remedy: "mount it with private or slave propagation",
    remedies: &[
        ("docker", "drop :shared and :rshared from the -v"),
        ("podman", "drop :shared and :rshared from the -v"),
        ("kubernetes", "mountPropagation: None or HostToContainer"),
        ("systemd", "MountFlags=slave"),
    ],
    references: &[ESCAPE, "CIS Docker 5.20"],
};

pub static HOST_DEVICE: Rule = Rule {
    id: "NSA-204",
    title: "a device of the host can be opened",
    remedy: "do not give it the device, or deny it in its device cgroup",
    remedies: &[
        ("docker", "drop --device and --privileged"),
        ("podman", "drop --device and --privileged"),
        (
            "kubernetes",
            "privileged: false, no hostPath volume of /dev",
        ),
        ("systemd", "PrivateDevices=yes, DevicePolicy=closed"),
        ("lxc", "lxc.cgroup.devices.deny, lxc.cgroup2.devices.deny"),
    ],
    references: &[ESCAPE, "CIS Docker 5.18"],
};

pub static KERNEL_CONTROL: Rule = Rule {
    id: "NSA-205",
    title: "settings of the kernel can be written",
    remedy: "mount /proc/sys and /sys read-only, or give it a user namespace",
    remedies: &[
        (
            "docker",
            "drop --privileged and --security-opt systempaths=unconfined",
        ),
        ("podman", "drop --privileged and --security-opt unmask"),
        ("kubernetes", "privileged: false, procMount: Default"),
        ("runc", "linux.readonlyPaths in config.json"),
        ("systemd", "ProtectKernelTunables=yes"),
        ("lxc", "lxc.mount.auto = proc:mixed sys:ro"),
    ],
    references: &[
        ESCAPE,
        "Pod Security Standards baseline: procMount, sysctls",
    ],
};

pub static MASKS: Rule = Rule {
    id: "NSA-206",
    title: "files of the kernel are not masked",
    remedy: "mask what container runtimes mask by default, and update the runtime",
    remedies: &[
        (
            "docker",
            "drop --privileged and --security-opt systempaths=unconfined",
        ),
        ("podman", "drop --privileged and --security-opt unmask"),
        ("kubernetes", "privileged: false, procMount: Default"),
        (
            "runc",
            "linux.maskedPaths in config.json; 1.2.8, 1.3.3 or newer",
        ),
    ],
    references: &[
        ESCAPE,
        "CVE-2025-31133",
        "CVE-2025-52565",
        "Pod Security Standards baseline: procMount",
    ],
};

pub static RELEASE_AGENT: Rule = Rule {
    id: "NSA-207",
    title: "the kernel can be made to run a program by release_agent",
    remedy: "drop CAP_SYS_ADMIN, or give it a cgroup namespace of its own",
    remedies: &[
        (
            "docker",
            "drop --privileged and --cap-add SYS_ADMIN; --cgroupns=private",
        ),
        (
            "podman",
            "drop --privileged and --cap-add SYS_ADMIN; --cgroupns=private",
        ),
        (
            "kubernetes",
            "privileged: false, no SYS_ADMIN in capabilities.add",
        ),
    ],
    references: &[ESCAPE, "CVE-2022-0492"],
};

pub static CGROUPFS: Rule = Rule {
    id: "NSA-208",
    title: "cgroups of others can be changed",
    remedy: "mount /sys/fs/cgroup read-only, or give it a cgroup namespace of its own",
    remedies: &[
        ("docker", "drop -v /sys/fs/cgroup:…; --cgroupns=private"),
        ("podman", "drop -v /sys/fs/cgroup:…; --cgroupns=private"),
        ("kubernetes", "drop the hostPath volume of /sys/fs/cgroup"),
        ("lxc", "lxc.mount.auto = cgroup:mixed"),
        ("systemd", "ProtectControlGroups=yes"),
    ],
    references: &[ESCAPE],
};

pub static FUSE: Rule = Rule {
    id: "NSA-209",
    title: "a file system of a daemon of the host can be written",
    remedy: "mount it read-only, or only the files that are needed",
    remedies: &[(
        "lxc",
        "bind single files of lxcfs, and not its root or cgroup folder",
    )],
    references: &[ESCAPE],
};

pub static SETUID_ON_HOST: Rule = Rule {
    id: "NSA-210",
    title: "set-user-ID programs of root can be left on the host",
    remedy: "mount the file system with nosuid on the host, or give it a user namespace",
    remedies: &[],
    references: &[ESCAPE],
};

/// In the order of their ids.
pub static MOUNTS: [&Rule; 14] = [
    &PROCFS_OF_FOREIGN_PIDNS,
    &ABSTRACT_SOCKET,
    &HIDDEN_MOUNTS,
    &CONTROL_SOCKET,
    &HOST_BIND_WRITABLE,
    &HOST_ROOT_VISIBLE,
    &PROPAGATION,
    &HOST_DEVICE,
    &KERNEL_CONTROL,
    &MASKS,
    &RELEASE_AGENT,
    &CGROUPFS,
    &FUSE,
    &SETUID_ON_HOST,
];
