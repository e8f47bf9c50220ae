//! Which devices matter, and whether a process may open one: by the device cgroup, and by what the
//! driver asks for.

use crate::analyse::power::capable::capable;
use crate::analyse::power::files::Access;
use crate::analyse::power::{operations, userns};
use crate::audit::case::Case;
use crate::audit::finding::Severity;
use crate::audit::mounts;
use crate::audit::questions::ability::Ability;
use crate::model::exposure::{DeviceRules, File, FileKind};
use crate::model::mount::Mount;
use crate::model::{CapabilitySet, NsKind, Seen};

/// What a device is, and what its driver asks for beside the permission to open it.
#[derive(Clone, Copy)]
pub struct Class {
    pub name: &'static str,
    pub severity: Severity,
    takes: Takes,
}

#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    /// A capability over the host.
    Host(u32),
    /// To mount, in a mount namespace that is the host's.
    Mounting,
    /// CAP_NET_ADMIN, in a network namespace that is the host's.
    Network,
}

const fn class(name: &'static str, severity: Severity, takes: Takes) -> Option<Class> {
    Some(Class {
        name,
        severity,
        takes,
    })
}

/// What a device node stands for; `None`: nothing that the host would miss (devices.txt in the
/// kernel's Documentation/admin-guide).
pub fn class_of(file: &File, driver: Option<&str>) -> Option<Class> {
    use Severity::{Critical, High};
    let (major, minor) = file.device?;
    if file.kind == FileKind::Block {
        return class("a block device", Critical, Takes::Nothing);
    }
    let raw = Takes::Host(CapabilitySet::SYS_RAWIO);
    match (major, minor, driver.unwrap_or_default()) {
        (1, 1, _) => class("the memory of the machine", Critical, raw),
        (1, 2, _) => class("the memory of the kernel", Critical, raw),
        (1, 4, _) => class("the ports of the machine", Critical, raw),
        (1, 11, _) => class(
            "the log of the kernel",
            High,
            Takes::Host(CapabilitySet::SYSLOG),
        ),
        (10, 196, _) | (_, _, "vfio") => {
            class("devices of the bus (vfio)", Critical, Takes::Nothing)
        }
        (10, 200, _) => class("tun", High, Takes::Network),
        (10, 223, _) => class("uinput", High, Takes::Nothing),
        (10, 229, _) => class("fuse", High, Takes::Mounting),
        (10, 232, _) => class("kvm", High, Takes::Nothing),
        (10, 236, _) => {
            let admin = Takes::Host(CapabilitySet::SYS_ADMIN);
            class("the device mapper", Critical, admin)
        }
        (10, 237, _) => class("loop-control", High, Takes::Nothing),
        (202, _, "cpu/msr") => class("registers of the processor", High, raw),
        (_, _, "nvme-generic" | "nvme") => class("an NVMe disk", Critical, Takes::Nothing),
        (21, _, _) | (_, _, "sg") => class("a SCSI device", Critical, Takes::Nothing),
        (162, _, _) => class("a raw block device", Critical, Takes::Nothing),
        (90, _, _) => class("flash memory", Critical, Takes::Nothing),
        _ => None,
    }
}

impl Class {
    /// Whether it has what the driver asks for.
    pub fn is_of_use(&self, case: &Case<'_>) -> Ability {
        let snapshot = case.snapshot;
        match self.takes {
            Takes::Nothing => Ability::Yes,
            Takes::Host(capability) => Ability::of(case, |it| capable(snapshot, it, capability)),
            Takes::Mounting => is_hosts(case, NsKind::Mnt).and(|| Ability::to_mount(case)),
            Takes::Network => is_hosts(case, NsKind::Net).and(|| {
                let operation = operations::Operation::ConfigureNetwork;
                Ability::of(case, |it| {
                    operations::may(snapshot, it, case.process, operation)
                })
            }),
        }
    }
}

/// Whether its namespace of a kind is owned by the host's user namespace.
fn is_hosts(case: &Case<'_>, kind: NsKind) -> Ability {
    let owner = case
        .key(kind)
        .and_then(|key| userns::governing(case.snapshot, key));
    match owner {
        Seen::Known(owner) if owner == NsKind::User.initial_inode() => Ability::Yes,
        Seen::Known(_) => Ability::No(format!("its {kind} namespace is not owned by the host")),
        Seen::Unknown(why) => Ability::Unknown(format!("who owns its {kind} namespace ({why})")),
    }
}

pub const fn letter(file: &File) -> &'static str {
    match file.kind {
        FileKind::Block => "b",
        _ => "c",
    }
}

/// What the device cgroup says: the list of version 1 and the programs of version 2 must both agree.
pub fn allowed(rules: &Seen<DeviceRules>, file: &File, access: Access) -> Ability {
    let rules = match rules {
        Seen::Known(rules) => rules,
        Seen::Unknown(why) => return Ability::Unknown(format!("its device cgroup ({why})")),
    };
    let by_list = match &rules.list {
        Some(list) if !list.iter().any(|line| matches(line, file, access)) => {
            Ability::No("its device cgroup does not allow it".to_owned())
        }
        _ => Ability::Yes,
    };
    by_list.and(|| match rules.programs {
        Some(0) => Ability::Yes,
        Some(_) => Ability::If("the BPF program of its device cgroup allows it".to_owned()),
        None => Ability::If("no BPF program of its device cgroup forbids it".to_owned()),
    })
}

/// One line of `devices.list`, as `c 1:3 rwm` or `a *:* rwm` (devcgroup_seq_show in
/// security/device_cgroup.c).
fn matches(line: &str, file: &File, access: Access) -> bool {
    let mut fields = line.split_whitespace();
    let (Some(kind), Some(device), Some(modes)) = (fields.next(), fields.next(), fields.next())
    else {
        return false;
    };
    let Some(((major, minor), (own_major, own_minor))) = device.split_once(':').zip(file.device)
    else {
        return false;
    };
    let is = |pattern: &str, own: u32| pattern == "*" || pattern.parse() == Ok(own);
    let mode = match access {
        Access::Write => 'w',
        _ => 'r',
    };
    (kind == "a" || kind == letter(file))
        && is(major, own_major)
        && is(minor, own_minor)
        && modes.contains(mode)
}

/// Whether it could open one of the host's disks, had it a node of that: what CAP_MKNOD is worth.
pub fn may_open_a_disk(case: &Case<'_>) -> Ability {
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return Ability::Unknown(format!("its device cgroup ({why})")),
    };
    let is_open = |mount: &&Mount| !mount.has_option("nodev") && mounts::is_writable(mount);
    if let Ok(table) = case.mounts()
        && !table.is_empty()
        && !table.iter().any(|mount| is_open(&mount))
    {
        return Ability::No("every mount is nodev or read-only".to_owned());
    }
    let disks = case.snapshot.host_mounts.known().into_iter().flatten();
    let disks = disks.filter_map(|mount| {
        let (major, minor) = mount.device.split_once(':')?;
        let device = (major.parse().ok()?, minor.parse().ok()?);
        (device.0 != 0).then_some(device)
    });
    let by_disk = disks.map(|device| allowed(&exposure.device_rules, &disk(device), Access::Write));
    by_disk
        .reduce(|one, other| one.or(|| other))
        .unwrap_or_else(|| Ability::Unknown("which disks the host has".to_owned()))
}

const fn disk(device: (u32, u32)) -> File {
    File {
        kind: FileKind::Block,
        inode: 0,
        uid: 0,
        gid: 0,
        mode: 0o600,
        device: Some(device),
    }
}

/// For a descriptor that is open already: what is asked for at opening was asked.
pub fn open_already(case: &Case<'_>, file: &File) -> Option<(Class, Ability)> {
    let class = class_of(file, None)?;
    let of_use = match class.takes {
        // check_syslog_permissions, open_port and msr_open look at who opens.
        Takes::Host(CapabilitySet::SYSLOG | CapabilitySet::SYS_RAWIO) => Ability::Yes,
        _ => class.is_of_use(case),
    };
    Some((class, of_use))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(major: u32, minor: u32) -> File {
        File {
            kind: FileKind::Block,
            inode: 1,
            uid: 0,
            gid: 0,
            mode: 0o660,
            device: Some((major, minor)),
        }
    }

    #[test]
    fn a_line_of_the_device_cgroup_allows_what_it_names_and_no_more() {
        for (line, read, write) in [
            ("a *:* rwm", true, true),
            ("b 7:0 r", true, false),
            ("b 7:* rw", true, true),
            ("b *:* m", false, false),
            ("b 7:1 rwm", false, false),
            ("c 7:0 rwm", false, false),
            ("garbage", false, false),
            ("b 7 rwm", false, false),
        ] {
            assert_eq!(matches(line, &block(7, 0), Access::Read), read, "{line}");
            assert_eq!(matches(line, &block(7, 0), Access::Write), write, "{line}");
        }
    }
}
