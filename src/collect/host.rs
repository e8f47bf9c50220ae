//! The machine, the reader, and what this procfs shows to it.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::utsname::uname;
use nix::unistd::{getegid, geteuid, getgroups};

use super::details;
use super::processes::{MissingLinks, Own, read_links, stat_of};
use crate::model::snapshot::{FEATURES, Host, Reader};
use crate::model::{CapabilitySet, LinkName, Links, NsKind, Process, Seen, Why, text};
use crate::sys::procfs::ProcRoot;
use crate::sys::{mountfs, nsfs, why};

pub fn host(root: &ProcRoot) -> Host {
    let line = |file| {
        Seen::from(root.read_record(file).map_err(why))
            .map(|bytes| text::from_bytes(bytes.trim_ascii()))
    };
    let boot_id = line("sys/kernel/random/boot_id");
    // A procfs shows the names of whoever reads it (get_uts in kernel/utsname_sysctl.c).
    match root.is_procfs().then(uname) {
        Some(Ok(names)) => Host {
            hostname: Seen::Known(text::from_bytes(names.nodename().as_encoded_bytes())),
            kernel: Seen::Known(text::from_bytes(names.release().as_encoded_bytes())),
            boot_id,
        },
        _ => Host {
            hostname: line("sys/kernel/hostname"),
            kernel: line("sys/kernel/osrelease"),
            boot_id,
        },
    }
}

pub fn reader(root: &ProcRoot, own: Result<&Own, &Errno>) -> Reader {
    let own = own.map_err(|errno| why(*errno));
    let status = match &own {
        Ok(own) => details::status_of(&own.task),
        Err(why) => Seen::Unknown(why.clone()),
    };
    Reader {
        pid: match &status {
            Seen::Known(status) => Seen::Known(status.tgid),
            Seen::Unknown(_) => Seen::from(root.own_pid().map_err(why)),
        },
        uid: geteuid().as_raw(),
        capabilities: status.part(|status| status.capabilities.effective),
        links: match &own {
            Ok(own) => own.links.clone(),
            Err(why) => Links::unknown(why),
        },
    }
}

/// Device of nsfs, and the inodes of the initial network and mount namespace.
pub struct Nsfs {
    pub device: Seen<u64>,
    pub initial_net: Seen<u64>,
    pub initial_mnt: Seen<u64>,
}

/// The two inodes are fixed since Linux 6.17. NS_GET_ID tells a kernel that surely has them, since
/// it came one release later; on others kthreadd tells, where it can be read.
pub fn nsfs(root: &ProcRoot, own: Result<&Own, &Errno>, missing: &MissingLinks) -> Nsfs {
    let own = own
        .map_err(|errno| *errno)
        .and_then(|own| own.task.open_ns(LinkName::Own(NsKind::Net)))
        // A procfs that does not show us still shows namespaces of this kernel.
        .or_else(|errno| match root.is_procfs() {
            true => nsfs::own(NsKind::Net),
            false => Err(errno),
        });
    let device = own
        .as_ref()
        .map_err(|errno| *errno)
        .and_then(|fd| Ok(nsfs::identity(fd)?.device));
    let has_ids = own.is_ok_and(|fd| nsfs::id(fd, NsKind::Net).is_ok());
    let initial = |kind: NsKind| match has_ids {
        true => Seen::Known(kind.initial_inode()),
        false => kthreadd_link(root, missing, kind),
    };
    Nsfs {
        device: Seen::from(device.map_err(why)),
        initial_net: initial(NsKind::Net),
        initial_mnt: initial(NsKind::Mnt),
    }
}

fn kthreadd_link(root: &ProcRoot, missing: &MissingLinks, kind: NsKind) -> Seen<u64> {
    let task = match root.task(Process::KTHREADD) {
        Ok(task) => task,
        Err(errno) => return Seen::Unknown(why(errno)),
    };
    if !stat_of(&task)
        .known()
        .is_some_and(|stat| stat.kernel_thread)
    {
        return Seen::Unknown(Why::Unsupported);
    }
    read_links(&task, missing).own(kind).clone()
}

/// How this procfs hides the processes of others from us (`hidepid=`, proc(5)), as its mount
/// option says it; `None` where it does not.
pub fn hidden_by(root: &ProcRoot, reader: &Reader) -> Option<String> {
    let own = root.own_task().ok()?;
    let fdinfo = own.read(&format!("fdinfo/{}", root.as_raw_fd())).ok()?;
    let id = std::str::from_utf8(&fdinfo)
        .ok()?
        .lines()
        .find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok())?;
    let options = details::super_options(&own, id)?;
    let hidepid = options.get("hidepid")?.as_deref()?;
    let (hides, group_exempts) = match hidepid {
        "2" | "invisible" => (true, true),
        "4" | "ptraceable" => (true, false),
        _ => (false, false),
    };
    // Without the option it is the group 0 that is exempt, and the kernel does not print it.
    let group = options.get("gid").and_then(Option::as_deref);
    let exempt = group_exempts && in_group(group.unwrap_or("0"));
    (hides && !exempt && !sees_everything(reader)).then(|| format!("hidepid={hidepid}"))
}

fn in_group(gid: &str) -> bool {
    let gid = gid.parse().ok();
    let groups = getgroups().unwrap_or_default();
    std::iter::once(getegid())
        .chain(groups)
        .any(|group| Some(group.as_raw()) == gid)
}

/// CAP_SYS_PTRACE over the initial user namespace: what hidepid yields to.
fn sees_everything(reader: &Reader) -> bool {
    let initial = reader.links.own(NsKind::User).get() == Some(NsKind::User.initial_inode());
    let capabilities = reader.capabilities.get();
    initial && capabilities.is_some_and(|set| set.contains(CapabilitySet::SYS_PTRACE))
}

/// CAP_SYS_ADMIN over the initial pid namespace, and being in it: what the kernel's lists of
/// namespaces take (may_see_all_namespaces in kernel/nscommon.c).
pub fn sees_all_namespaces(reader: &Reader) -> bool {
    let is_initial = |kind: NsKind| reader.links.own(kind).get() == Some(kind.initial_inode());
    let capabilities = reader.capabilities.get();
    [NsKind::Pid, NsKind::User].into_iter().all(is_initial)
        && capabilities.is_some_and(|set| set.contains(CapabilitySet::SYS_ADMIN))
}

/// Tries what the kernel lets us do; nothing of it touches anything that is not ours.
pub fn features(root: &ProcRoot) -> BTreeMap<&'static str, Seen<()>> {
    let open = |kind| root.own_task()?.open_ns(LinkName::Own(kind));
    let tried: [Result<(), Errno>; FEATURES.len()] = [
        open(NsKind::Net).and_then(nsfs::owner).map(drop),
        open(NsKind::Net)
            .and_then(|net| nsfs::id(net, NsKind::Net))
            .map(drop),
        open(NsKind::Pid)
            .and_then(|pidns| nsfs::process_from(pidns, 1))
            .map(drop),
        open(NsKind::Pid).and_then(mountfs::procfs_of).map(drop),
        mountfs::mqueues().map(drop),
    ];
    let seen = tried.map(|result| {
        Seen::from(result.map_err(|errno| match errno {
            // What the ioctls and fsconfig answer on a kernel that does not know the request.
            Errno::EINVAL => Why::Unsupported,
            other => why(other),
        }))
    });
    FEATURES.into_iter().zip(seen).collect()
}
