//! Processes that runtimes leave to watch over their containers, by their command lines.

use crate::model::container::Monitor;
use crate::model::{Author, Pid};

/// So much of a command line is kept as evidence (characters).
const KEPT: usize = 200;

/// Names under which the kernel knows monitors, or how these begin. That of LXC keeps the name of
/// who started it.
const NAMES: [&str; 10] = [
    "containerd-shim",
    "conmon",
    "lxc",
    "lxd",
    "incus",
    "systemd-nspawn",
    "bwrap",
    "firejail",
    "runc",
    "crun",
];

/// Whether a process of this name can be a monitor.
pub fn may_be(comm: &str) -> bool {
    NAMES.iter().any(|name| comm.starts_with(name))
}

/// The monitor that a process with these arguments is.
pub fn read(pid: Pid, uid: Option<u32>, args: &[String]) -> Option<Monitor> {
    let first = args.first()?;
    // LXC writes `[lxc monitor] PATH NAME` over its arguments (lxc_set_proctitle).
    if let Some(rest) = first.strip_prefix("[lxc monitor] ") {
        let name = rest.rsplit_once(' ').map(|(_, name)| name.to_owned());
        return Some(monitor(pid, uid, args, "lxc", name.clone(), name));
    }
    let program = first.rsplit('/').next()?;
    let value = |names: &[&str]| option(args, names);
    let found = |runtime, id, name| Some(monitor(pid, uid, args, runtime, id, name));
    match program {
        _ if program.starts_with("containerd-shim") => shim(pid, uid, args),
        "conmon" => Some(conmon(pid, uid, args)),
        "lxc-start" | "lxc-execute" => {
            let name = value(&["-n", "--name"]);
            found("lxc", name.clone(), name)
        }
        "systemd-nspawn" => {
            let name = value(&["-M", "--machine"]).or_else(|| {
                let root = value(&["-D", "--directory", "-i", "--image"])?;
                let file = root.trim_end_matches('/').rsplit('/').next()?.to_owned();
                Some(file.trim_end_matches(".raw").to_owned())
            });
            found("systemd-nspawn", name.clone(), name)
        }
        // Neither has an id: what tells one from another is the process itself.
        "bwrap" => found("bwrap", Some(pid.to_string()), None),
        "firejail" => found("firejail", Some(pid.to_string()), value(&["--name"])),
        "runc" | "crun" if args.iter().any(|arg| arg == "run") => {
            let id = args.last().filter(|id| !id.starts_with('-'));
            found(runtime_called(program), id.cloned(), None)
        }
        _ => None,
    }
}

fn runtime_called(program: &str) -> &'static str {
    if program == "crun" { "crun" } else { "runc" }
}

/// `containerd-shim-runc-v2 -namespace N -id ID -address SOCKET`; version 1 has
/// `-workdir …/NAMESPACE/ID` instead of an id.
fn shim(pid: Pid, uid: Option<u32>, args: &[String]) -> Option<Monitor> {
    let namespace = option(args, &["-namespace"]);
    let id = option(args, &["-id"]).or_else(|| {
        let folder = option(args, &["-workdir"])?;
        folder.rsplit('/').next().map(str::to_owned)
    })?;
    // The engine of Docker is called moby there.
    let runtime = match namespace.as_deref() {
        Some("moby") => "docker",
        _ => "containerd",
    };
    Some(Monitor {
        namespace,
        ..monitor(pid, uid, args, runtime, Some(id), None)
    })
}

/// `conmon -c ID -n NAME -b BUNDLE …`, which CRI-O uses too, with folders of its own.
fn conmon(pid: Pid, uid: Option<u32>, args: &[String]) -> Monitor {
    let of_crio = args.iter().any(|arg| arg.contains("/crio"));
    let runtime = if of_crio { "cri-o" } else { "podman" };
    let id = option(args, &["-c", "--cid"]);
    let name = option(args, &["-n", "--name"]);
    Monitor {
        bundle: option(args, &["-b", "--bundle"]),
        ..monitor(pid, uid, args, runtime, id, name)
    }
}

fn monitor(
    pid: Pid,
    uid: Option<u32>,
    args: &[String],
    runtime: &str,
    id: Option<String>,
    name: Option<String>,
) -> Monitor {
    Monitor {
        pid,
        uid,
        command: args.join(" ").chars().take(KEPT).collect(),
        runtime: runtime.to_owned(),
        id,
        name,
        namespace: None,
        bundle: None,
        author: Author::Unknown,
    }
}

/// How the files of the programs begin that a runtime leaves as its monitors.
pub fn programs_of(runtime: &str) -> &'static [&'static str] {
    match runtime {
        "docker" | "containerd" => &["containerd-shim"],
        "podman" | "cri-o" => &["conmon"],
        "lxc" => &["lxc", "lxd", "incus"],
        "systemd-nspawn" => &["systemd-nspawn"],
        "bwrap" => &["bwrap"],
        "firejail" => &["firejail"],
        "runc" => &["runc"],
        "crun" => &["crun"],
        _ => &[],
    }
}

/// The value of an option in one of its spellings: `-n VALUE`, `--name VALUE`, `--name=VALUE`.
pub fn option(args: &[String], names: &[&str]) -> Option<String> {
    let mut args = args.iter().skip(1);
    while let Some(arg) = args.next() {
        if names.contains(&arg.as_str()) {
            return args.next().cloned();
        }
        let joined = arg.split_once('=');
        if let Some((name, value)) = joined
            && names.contains(&name)
        {
            return Some(value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> Option<(String, Option<String>, Option<String>)> {
        let args: Vec<String> = line.split('|').map(str::to_owned).collect();
        let monitor = read(7, Some(0), &args)?;
        Some((monitor.runtime, monitor.id, monitor.name))
    }

    #[test]
    fn the_monitors_of_all_runtimes_are_understood() {
        let web = || Some("web".to_owned());
        let seven = || Some("7".to_owned());
        for (line, runtime, id, name) in [
            (
                "/usr/bin/containerd-shim-runc-v2|-namespace|moby|-id|4f|-address|/run/c.sock",
                "docker",
                Some("4f".to_owned()),
                None,
            ),
            (
                "containerd-shim-runc-v2|-namespace|k8s.io|-id|web|-address|/run/c.sock",
                "containerd",
                web(),
                None,
            ),
            (
                "containerd-shim|-namespace|moby|-workdir|/var/lib/x/moby/4f|-address|/c.sock",
                "docker",
                Some("4f".to_owned()),
                None,
            ),
            (
                "/usr/bin/conmon|--api-version|1|-c|4f|-u|4f|-b|/run/4f/userdata|-n|web",
                "podman",
                Some("4f".to_owned()),
                web(),
            ),
            (
                "/usr/bin/conmon|-c|4f|--exit-dir|/var/run/crio/exits|-n|web",
                "cri-o",
                Some("4f".to_owned()),
                web(),
            ),
            ("[lxc monitor] /var/lib/lxc web", "lxc", web(), web()),
            ("lxc-start|-n|web|-F", "lxc", web(), web()),
            (
                "systemd-nspawn|--machine=web|-D|/x",
                "systemd-nspawn",
                web(),
                web(),
            ),
            (
                "systemd-nspawn|-D|/srv/web/",
                "systemd-nspawn",
                web(),
                web(),
            ),
            ("bwrap|--unshare-all|sh", "bwrap", seven(), None),
            ("firejail|--name=web|sh", "firejail", seven(), web()),
            ("runc|--root|/x|run|--bundle|/b|web", "runc", web(), None),
        ] {
            assert_eq!(
                read_line(line),
                Some((runtime.to_owned(), id, name)),
                "{line}"
            );
        }
    }

    #[test]
    fn other_programs_are_no_monitors() {
        for line in [
            "sh|-c|conmon -c 4f",
            "runc|list",
            "containerd",
            "",
            "lxc-ls|-n|web",
        ] {
            assert_eq!(read_line(line), None, "{line}");
        }
    }
}
