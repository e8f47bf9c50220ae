//! Likely causes of refusals, with what would help: "Operation not permitted" alone is what people
//! complain about most. Each is looked for on the running machine and not guessed.

use std::fs;

use nix::errno::Errno;

use super::failure::Step;
use crate::model::{CapabilitySet, NsKind};
use crate::sys::capabilities;

/// The likely cause of a refusal, where there is more to say than the errno says.
pub fn cause(step: &Step, errno: Errno) -> Option<String> {
    match (step, errno) {
        (Step::Unshare(kinds), _) => unshare(kinds, errno),
        (Step::WriteMap { file, writer }, _) => write_map(file, writer, errno),
        (Step::MountProc(_), Errno::EPERM) => Some(mount_proc()),
        (Step::MountProc(_), Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Some(
            "there is no such directory: make it, or leave the procfs out with --no-mount-proc"
                .to_owned(),
        ),
        (Step::Fork, Errno::ENOMEM) => Some(
            "the init of the pid namespace has ended, and nobody can be born into it any more \
             (pid_namespaces(7))"
                .to_owned(),
        ),
        (Step::Fork, Errno::EAGAIN) => Some(
            "a limit on processes is reached: that of the user (ulimit -u), of the cgroup \
             (pids.max) or of the machine"
                .to_owned(),
        ),
        (Step::Bind { kind, .. }, _) => bind(kind, errno),
        (Step::PivotRoot(_) | Step::Chroot(_), Errno::EPERM) => Some(lacks(
            CapabilitySet::SYS_ADMIN,
            "changing the root takes CAP_SYS_CHROOT, mounting takes CAP_SYS_ADMIN",
        )),
        (Step::PivotRoot(_), Errno::EINVAL) => Some(
            "pivot_root(2) refuses where the current root is no mount of its own (a chroot, an \
             initramfs): -R takes chroot instead"
                .to_owned(),
        ),
        (Step::TimeOffset(_), Errno::ERANGE) => {
            Some("the clock would stand before 0 or beyond 146 years".to_owned())
        }
        (Step::TimeOffset(_), Errno::ENOENT) => {
            Some("this kernel has no time namespaces (Linux 5.6)".to_owned())
        }
        (Step::Uid(id), Errno::EINVAL) => Some(unmapped("uid", *id)),
        (Step::Gid(id), Errno::EINVAL) => Some(unmapped("gid", *id)),
        (Step::Uid(_) | Step::Gid(_) | Step::Groups, Errno::EPERM) => Some(
            "it takes CAP_SETUID or CAP_SETGID in the user namespace that we are in".to_owned(),
        ),
        (Step::Hostname(_), Errno::EPERM) => {
            Some(lacks(CapabilitySet::SYS_ADMIN, "it takes CAP_SYS_ADMIN"))
        }
        (Step::Hostname(_), Errno::EINVAL) => Some("a host name has at most 64 bytes".to_owned()),
        (Step::Seal, Errno::ENOEXEC) => Some(
            "there is no stub for this processor, and without it a program of a foreign root \
             could overwrite nsinspect (CVE-2019-5736)"
                .to_owned(),
        ),
        (Step::Seal, Errno::EACCES) => Some(
            "vm.memfd_noexec forbids executables in memory: sysctl vm.memfd_noexec=0 allows them"
                .to_owned(),
        ),
        (Step::Execute(program), Errno::ENOENT) => Some(format!(
            "no such file in there{}",
            if program.contains('/') {
                ""
            } else {
                ", in no directory of PATH"
            }
        )),
        (Step::Interpret(_), Errno::ENOENT) => Some(
            "the interpreter that its first line names, or its loader and libraries, are not in \
             there"
                .to_owned(),
        ),
        (Step::Execute(_), Errno::EACCES) => {
            Some("it is no file that may be executed there".to_owned())
        }
        (Step::Execute(_), Errno::ENOEXEC) => Some(
            "it is no program for this machine, or a script without #! in its first line"
                .to_owned(),
        ),
        (Step::JoinCgroup(_), Errno::EACCES | Errno::EPERM) => Some(
            "the cgroup belongs to another user: joining takes the right to write its \
             cgroup.procs"
                .to_owned(),
        ),
        (Step::Open(_), Errno::EACCES | Errno::EPERM) => Some(
            "it takes the rights of its user, or CAP_SYS_PTRACE over it (ptrace(2))".to_owned(),
        ),
        (Step::Open(_) | Step::Pin(_), Errno::ENOENT | Errno::ESRCH) => {
            Some("it has ended meanwhile".to_owned())
        }
        _ => None,
    }
}

fn unshare(kinds: &[String], errno: Errno) -> Option<String> {
    let has_user = kinds.iter().any(|kind| kind == NsKind::User.name());
    let may =
        capabilities::get().is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    match errno {
        Errno::ENOSPC | Errno::EUSERS => Some(limit(kinds)),
        Errno::EINVAL => Some("this kernel does not have all of these kinds".to_owned()),
        Errno::ENOSYS => seccomp(),
        Errno::EPERM if has_user => Some(user_refused()),
        Errno::EPERM if may => Some(seccomp().unwrap_or_else(|| {
            "we have CAP_SYS_ADMIN, so that it is a security module that forbids it".to_owned()
        })),
        Errno::EPERM => Some(
            "it takes CAP_SYS_ADMIN; in a user namespace of one's own everybody has that: add -r \
             (--map-root-user) or -c (--map-current-user)"
                .to_owned(),
        ),
        _ => None,
    }
}

/// A limit on the number of namespaces, or on their depth (namespaces(7)).
fn limit(kinds: &[String]) -> String {
    let exhausted = kinds.iter().find_map(|kind| {
        let name = format!("user.max_{kind}_namespaces");
        let value = sysctl(&name)?;
        (value == "0").then(|| format!("{name} is 0: sysctl -w {name}=10000 allows some"))
    });
    exhausted.unwrap_or_else(|| {
        "a limit is reached: user.max_*_namespaces of this or an outer user namespace, or 32 \
         levels of nesting (namespaces(7))"
            .to_owned()
    })
}

fn user_refused() -> String {
    if sysctl("kernel.unprivileged_userns_clone").as_deref() == Some("0") {
        return "kernel.unprivileged_userns_clone is 0: sysctl -w \
                kernel.unprivileged_userns_clone=1 allows it to ordinary users"
            .to_owned();
    }
    if is_chrooted() {
        return "we run in a chroot, and the kernel makes no user namespace there".to_owned();
    }
    seccomp().unwrap_or_else(|| {
        "we run in a chroot, a security module forbids it, or our uid is not mapped in the user \
         namespace that we are in (user_namespaces(7))"
            .to_owned()
    })
}

fn seccomp() -> Option<String> {
    let is_filtered = status_field("Seccomp").as_deref() == Some("2");
    is_filtered
        .then(|| "a seccomp filter may forbid it, as those of container runtimes do".to_owned())
}

fn write_map(file: &str, writer: &str, errno: Errno) -> Option<String> {
    if !matches!(errno, Errno::EPERM | Errno::EACCES | Errno::EINVAL) {
        return None;
    }
    if sysctl("kernel.apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        return Some(
            "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor lets programs without a \
             profile make user namespaces, and gives them no rights there; sysctl -w \
             kernel.apparmor_restrict_unprivileged_userns=0, or a profile for nsinspect"
                .to_owned(),
        );
    }
    Some(match (file, errno) {
        (_, Errno::EINVAL) => "the ranges overlap, or there are more than 340".to_owned(),
        ("setgroups", _) => {
            "setgroups(2) is denied in the user namespace that we are in, and so in all below it"
                .to_owned()
        }
        ("gid_map", _) if writer == "by hand" => {
            "ids other than one's own take CAP_SETGID outside, and one's own takes --setgroups deny"
                .to_owned()
        }
        _ => {
            "ids other than one's own take CAP_SETUID (CAP_SETGID) over the outer user namespace, \
              where they must be mapped too"
                .to_owned()
        }
    })
}

/// In a user namespace the kernel wants to see a procfs of which nothing is hidden
/// (mount_too_revealing in fs/namespace.c).
fn mount_proc() -> String {
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let masked = masked_below_proc(&table);
    match masked.is_empty() {
        false => format!(
            "parts of the /proc out here are masked ({}), and in a user namespace the kernel \
             mounts no procfs that shows more; --no-mount-proc goes without",
            masked.join(", ")
        ),
        true => lacks(
            CapabilitySet::SYS_ADMIN,
            "it takes CAP_SYS_ADMIN over the mount and the pid namespace: -p comes with a user \
             namespace for those who do not have it",
        ),
    }
}

/// Directories below /proc that are always empty, so that a mount there hides nothing
/// (sysctl_mount_point in kernel/sysctl.c, proc_create_mount_point in fs/proc/generic.c).
const HIDE_NOTHING: [&str; 3] = [
    "/proc/sys/fs/binfmt_misc",
    "/proc/fs/nfsd",
    "/proc/openprom",
];

/// As many as a message can name.
const NAMED: usize = 3;

fn masked_below_proc(table: &[u8]) -> Vec<String> {
    let text = crate::model::text::from_bytes(table);
    let points = text.lines().filter_map(|line| line.split(' ').nth(4));
    let masks = points.filter(|point| point.starts_with("/proc/"));
    let masks = masks.filter(|point| !HIDE_NOTHING.contains(point));
    masks.take(NAMED).map(str::to_owned).collect()
}

fn bind(kind: &str, errno: Errno) -> Option<String> {
    Some(match errno {
        Errno::EINVAL if kind == NsKind::Mnt.name() => {
            "a mount namespace can only be bound on a file whose mount is not shared: mount --bind \
             DIR DIR && mount --make-private DIR makes it so (mount_namespaces(7))"
                .to_owned()
        }
        Errno::ENOENT => "the file must be there: touch it first".to_owned(),
        Errno::EPERM => "bind mounts take CAP_SYS_ADMIN outside of the new namespaces".to_owned(),
        _ => return None,
    })
}

fn unmapped(what: &str, id: u32) -> String {
    let file = if what == "uid" { "uid_map" } else { "gid_map" };
    format!("{what} {id} is not mapped in this user namespace (/proc/self/{file})")
}

/// The sentence, and whether we have the capability after all.
fn lacks(capability: u32, sentence: &str) -> String {
    let has = capabilities::get().is_ok_and(|sets| sets.effective.contains(capability));
    match has {
        true => format!("{sentence}; we have it, but only over our own user namespace"),
        false => sentence.to_owned(),
    }
}

/// The value of a sysctl by its dotted name; `None` where the kernel does not have it.
fn sysctl(name: &str) -> Option<String> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn status_field(name: &str) -> Option<String> {
    let status = fs::read("/proc/self/status").ok()?;
    let text = String::from_utf8_lossy(&status);
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.strip_prefix(':')?.trim().to_owned())
}

/// Whether our root is another directory than that of our mount namespace: its mount table does
/// not begin at `/` then.
fn is_chrooted() -> bool {
    let Ok(table) = fs::read("/proc/self/mountinfo") else {
        return false;
    };
    let text = String::from_utf8_lossy(&table);
    !text.lines().any(|line| line.split(' ').nth(4) == Some("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_below_proc_are_found_in_a_mount_table() {
        let table = b"22 1 0:5 / /proc rw - proc proc rw\n\
                      23 22 0:6 /null /proc/kcore rw - tmpfs tmpfs rw\n\
                      25 22 0:9 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n\
                      24 1 0:7 / /process rw - tmpfs tmpfs rw\n";
        assert_eq!(masked_below_proc(table), ["/proc/kcore"]);
    }

    #[test]
    fn a_dead_pid_namespace_is_named_where_a_fork_fails_for_want_of_memory() {
        let cause = cause(&Step::Fork, Errno::ENOMEM).unwrap();
        assert!(
            cause.contains("init of the pid namespace has ended"),
            "{cause}"
        );
    }
}
