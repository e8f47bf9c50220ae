//! Running nsinspect to its end, with nothing of the developer's environment in it.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use serde_json::Value;

use super::leftovers;
use super::process::Spawned;

/// An ordinary user, the same number on every machine.
pub const NOBODY: u32 = 65534;

/// Far longer than any answer takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a run of a program left behind.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// The document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}) but {self:?}"))
    }

    /// The same answer, after a look at its exit code.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// `nsinspect ARGS` as whoever runs the tests.
pub fn nsinspect(args: &[&str]) -> Answer {
    run(Command::new(env!("CARGO_BIN_EXE_nsinspect")).args(args))
}

/// `nsinspect ARGS` as an ordinary user, which root becomes for it.
pub fn nsinspect_as_nobody(args: &[&str]) -> Answer {
    run(as_nobody(Command::new(program_for_everyone()).args(args)))
}

/// The command as an ordinary user without groups; std drops the groups of root with the uid.
pub fn as_nobody(command: &mut Command) -> &mut Command {
    if super::skip::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Above any number that a script uses itself, as by `exec 7<FILE`.
const OUT_OF_THE_WAY: RawFd = 100;

/// A path of the program that works whatever folder it lies in, which an ordinary user may have
/// no way into: that of a descriptor which every process we start inherits.
pub fn program_for_everyone() -> String {
    static PROGRAM: LazyLock<RawFd> = LazyLock::new(|| {
        let file = File::open(env!("CARGO_BIN_EXE_nsinspect"));
        let file = file.expect("the program that cargo has built");
        let inherited = fcntl(&file, FcntlArg::F_DUPFD(OUT_OF_THE_WAY));
        inherited.expect("a free descriptor")
    });
    format!("/proc/self/fd/{}", *PROGRAM)
}

/// Runs a command in an environment of PATH alone. Panics when it does not end in time, or leaves
/// anybody behind.
pub fn run(command: &mut Command) -> Answer {
    let (answer, pid) = run_alone(command);
    leftovers::assert_nobody_left(pid, command);
    answer
}

/// The same without a look at who is left; the number is that of the process group.
pub fn run_alone(command: &mut Command) -> (Answer, i32) {
    let mut stdout = tempfile::tempfile().expect("a file for output");
    let mut stderr = tempfile::tempfile().expect("a file for output");
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("LC_ALL", "C");
    command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().expect("a file for output"))
        .stderr(stderr.try_clone().expect("a file for output"));
    leftovers::watch(command);
    let mut running = Spawned::start(command).expect("a program that can be started");
    running.wait_ended(DEADLINE).expect("an answer in time");
    let code = running.ended().and_then(|status| status.code());
    let answer = Answer {
        code: code.expect("an exit code and no signal"),
        stdout: text_of(&mut stdout),
        stderr: text_of(&mut stderr),
    };
    (answer, running.pid())
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().expect("our own file");
    file.read_to_end(&mut bytes).expect("our own file");
    String::from_utf8(bytes).expect("output in UTF-8")
}
