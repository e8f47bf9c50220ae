//! Naming a namespace instead of a process.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MntFlags, umount2};
use serde_json::json;
use tempfile::TempDir;

use crate::live::diffed::Diffed;
use crate::runtimes::started;
use crate::support::command::output_of;
use crate::support::facts::{find, inode, own_pid};
use crate::support::run::nsinspect;
use crate::support::sandbox::Sandbox;

#[test]
fn every_way_to_name_a_namespace_leads_to_the_process_in_it() {
    needs_root!();
    let it = started!(Sandbox::start(&["-n"], ""));
    let net = inode(it.pid, "net");
    for target in [
        format!("net:[{net}]"),
        format!("ns:{net}"),
        format!("/proc/{}/ns/net", it.pid),
    ] {
        let diff = Diffed::of(&[&target]);
        assert_eq!(diff.0["subject"]["pid"], it.pid, "{target}");
        diff.assert_isolated(it.pid, &["net"]);

        let shown = nsinspect(&["show", "--json", &target]).expect(0).json();
        assert_eq!(shown["process"], json!(null));
        let namespaces = shown["namespaces"].as_array().unwrap();
        assert_eq!(namespaces.len(), 1);
        let shown = &namespaces[0];
        assert_eq!(shown["ns"], net);
        assert_eq!(shown["type"], "net");
        assert_eq!(shown["nprocs"], 1);
        assert_eq!(shown["pid"], it.pid);
        assert_eq!(shown["initial"], false);
        assert_eq!(shown["owner"], inode(own_pid(), "user"));
        let lo = find(&shown["inside"]["interfaces"], "name", "lo");
        assert_eq!(lo["up"], false);
    }
    // A kind that the inode is not of.
    let wrong = nsinspect(&["show", &format!("uts:[{net}]")]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
}

#[test]
fn a_namespace_that_only_a_mount_keeps_can_be_shown_but_nobody_in_it_compared() {
    needs_root!();
    let kept = started!(Kept::net());
    let path = kept.file.to_str().unwrap();
    let net = fs::metadata(&kept.file).unwrap().ino();

    let shown = nsinspect(&["show", "--json", path]).expect(0).json();
    assert_eq!(shown["process"], json!(null));
    let shown = &shown["namespaces"][0];
    assert_eq!(shown["ns"], net);
    assert_eq!(shown["type"], "net");
    assert_eq!(shown["nprocs"], 0);
    assert_eq!(shown["pid"], json!(null));
    assert_eq!(shown["command"], json!(null));
    assert_eq!(shown["initial"], false);
    assert_eq!(shown["owner"], inode(own_pid(), "user"));

    let text = nsinspect(&["show", path]).expect(0).stdout;
    assert!(text.contains(&net.to_string()), "{text}");
    let compared = nsinspect(&["diff", path]).expect(2);
    assert!(compared.stderr.contains("no process is in"), "{compared:?}");
    assert!(compared.stderr.contains(&net.to_string()), "{compared:?}");
    assert_eq!(compared.stdout, "");

    let members = nsinspect(&["list", "--json", path]).expect(0).json();
    assert_eq!(members["processes"], json!([]));
    assert_eq!(members["namespace"]["ns"], net);
}

/// A namespace that is bind-mounted on a file, as `ip netns add` does.
struct Kept {
    file: PathBuf,
    _folder: TempDir,
}

impl Kept {
    fn net() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("net");
        File::create(&file).map_err(|error| error.to_string())?;
        let kept = Kept {
            file,
            _folder: folder,
        };
        let option = format!("--net={}", kept.file.display());
        output_of(Command::new("unshare").args([&option, "true"]))?;
        Ok(kept)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = umount2(Path::new(&self.file), MntFlags::MNT_DETACH);
    }
}
