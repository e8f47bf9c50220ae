//! runc by hand: a bundle from `runc spec`, no engine above it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::command::output_of;

use super::workdir::Workdir;
use super::{Container, PROGRAM, Start, read_pid, rootfs};

/// Runs a container whose `config.json` the test may edit: runc has no arguments for what it is.
pub fn run(edit: impl FnOnce(&mut Value)) -> Start {
    run_with("", &[], edit)
}

/// The same with redirections of a shell, such as `3</`, and more options of `runc run`.
pub fn run_with(redirect: &str, options: &[&str], edit: impl FnOnce(&mut Value)) -> Start {
    let begin = || begin(redirect, options, edit, false);
    Container::start_as_root(&["runc", "busybox"], begin)
}

/// The same with its state where runc keeps it unless told otherwise.
pub fn run_in_the_usual_place(edit: impl FnOnce(&mut Value)) -> Start {
    Container::start_as_root(&["runc", "busybox"], || begin("", &[], edit, true))
}

/// Starts the program in a container once more, as `runc exec ARGS` does it, and gives its PID. It
/// ends with the container.
pub fn exec(container: &Container, args: &[&str]) -> Result<i32, String> {
    let pid_file = container.folder.join("exec-pid");
    let mut exec = Command::new("runc");
    exec.arg("--root").arg(container.folder.join("state"));
    exec.args(["exec", "--detach", "--pid-file"]).arg(&pid_file);
    exec.args(args).arg(&container.id).args(PROGRAM);
    output_of(&mut exec)?;
    let pid = read_pid(&pid_file)?;
    super::wait_for_program(pid)?;
    Ok(pid)
}

fn begin(
    redirect: &str,
    options: &[&str],
    edit: impl FnOnce(&mut Value),
    in_the_usual_place: bool,
) -> Start {
    let bundle = Workdir::new()?;
    rootfs::build(&bundle, "rootfs")?;
    write_spec(&bundle, edit)?;
    let id = bundle.unique_name();
    let guard = Guard {
        id,
        bundle,
        in_the_usual_place,
    };
    let pid_file = guard.bundle.join("pid");
    let mut run = Command::new("sh");
    run.args(["-c", &format!("exec \"$0\" \"$@\" {redirect}")]);
    let runc = guard.runc();
    run.arg(runc.get_program()).args(runc.get_args());
    run.args(["run", "--detach", "--pid-file"]).arg(&pid_file);
    run.args(options)
        .arg("--bundle")
        .arg(guard.bundle.path())
        .arg(&guard.id);
    output_of(&mut run)?;
    Ok(Container {
        pid: read_pid(&pid_file)?,
        runtime: "runc",
        id: guard.id.clone(),
        name: None,
        folder: guard.bundle.path().to_owned(),
        guard: Some(Box::new(guard)),
    })
}

fn write_spec(bundle: &Workdir, edit: impl FnOnce(&mut Value)) -> Result<(), String> {
    let mut spec = Command::new("runc");
    spec.args(["spec", "--bundle"]).arg(bundle.path());
    output_of(&mut spec)?;
    let mut config = read_json(&bundle.join("config.json"))?;
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!(PROGRAM);
    edit(&mut config);
    bundle.write("config.json", &config.to_string())?;
    Ok(())
}

fn read_json(file: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
}

struct Guard {
    id: String,
    bundle: Workdir,
    in_the_usual_place: bool,
}

impl Guard {
    fn runc(&self) -> Command {
        let mut runc = Command::new("runc");
        if !self.in_the_usual_place {
            runc.arg("--root").arg(self.bundle.join("state"));
        }
        runc
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // With --force a container that never came to be is no error.
        if let Err(error) = output_of(self.runc().args(["delete", "--force", &self.id])) {
            eprintln!("{error}");
        }
    }
}

/// A user namespace whose root is this uid outside.
pub fn map_to(config: &mut Value, host_id: u32) {
    let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
    namespaces.push(json!({"type": "user"}));
    let map = json!([{"containerID": 0, "hostID": host_id, "size": 65536}]);
    config["linux"]["uidMappings"] = map.clone();
    config["linux"]["gidMappings"] = map;
    // Of a sysfs or mqueue that the host has too, the runtime would need more than it has.
    let mounts = config["mounts"].as_array_mut().unwrap();
    mounts.retain(|it| !it["destination"].as_str().unwrap().starts_with("/sys"));
}
