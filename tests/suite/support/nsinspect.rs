//! Running the built nsinspect hermetically: nothing of the tester's environment reaches it, and a
//! run that hangs is a failure with a name.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use super::leftovers;
use super::process::Spawned;

/// Uid and gid of `nobody`, who owns no process.
pub const NOBODY: u32 = 65534;

/// Longer than any answer takes on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The program by a descriptor: another user may not be able to reach the path of a build.
static PROGRAM: LazyLock<File> =
    LazyLock::new(|| File::open(env!("CARGO_BIN_EXE_nsinspect")).expect("the program is built"));

/// One run that is still to be started.
pub struct Run {
    command: Command,
    stdin: Vec<u8>,
    time_limit: Duration,
}

/// What a run answered.
#[derive(Debug)]
pub struct Answer {
    /// None: it was killed by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A run of nsinspect with these arguments.
pub fn nsinspect<'a>(args: impl IntoIterator<Item = &'a str>) -> Run {
    let mut command = Command::new(format!("/proc/self/fd/{}", PROGRAM.as_raw_fd()));
    command.arg0("nsinspect").args(args);
    Run::of(command)
}

/// The document that nsinspect answers with; it must succeed.
pub fn json<'a>(args: impl IntoIterator<Item = &'a str>) -> Value {
    nsinspect(args).arg("--json").run().document()
}

impl Run {
    /// Any other command, in the same empty environment.
    pub fn of(mut command: Command) -> Run {
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LANG", "C.UTF-8");
        leftovers::watch(&mut command);
        Run {
            command,
            stdin: Vec::new(),
            time_limit: TIME_LIMIT,
        }
    }

    /// A shell script in which `$0` is the program and `$@` are the arguments: for what has to
    /// happen in the same namespaces before nsinspect starts there.
    pub fn script<'a>(
        around: &[&str],
        script: &str,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Run {
        let (first, rest) = around.split_first().unwrap_or((&"env", &[]));
        let mut command = Command::new(first);
        command
            .args(rest)
            .args(["sh", "-c", script, env!("CARGO_BIN_EXE_nsinspect")])
            .args(args);
        Run::of(command)
    }

    pub fn arg(mut self, arg: &str) -> Run {
        self.command.arg(arg);
        self
    }

    /// The tree at this path instead of `/proc`.
    pub fn proc(mut self, path: &Path) -> Run {
        self.command.arg("--proc").arg(path);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Run {
        self.command.env(name, value);
        self
    }

    /// As another user, without any of our groups; takes root.
    #[allow(clippy::wrong_self_convention, reason = "it reads as what it does")]
    pub fn as_user(mut self, uid: u32) -> Run {
        self.command.uid(uid).gid(uid);
        self
    }

    /// Has the child do something before it becomes the program: set a limit, enter a cgroup.
    pub fn first(
        mut self,
        work: impl FnMut() -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Run {
        // SAFETY: the callers make system calls only, with what was made before.
        unsafe { self.command.pre_exec(work) };
        self
    }

    /// No more of something than this (setrlimit(2)).
    pub fn limit(self, resource: Resource, limit: u64) -> Run {
        self.first(move || Ok(setrlimit(resource, limit, limit)?))
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Run {
        self.stdin = bytes.into();
        self
    }

    /// Less time than usual, where hanging is what the test is about.
    pub fn within(mut self, time_limit: Duration) -> Run {
        self.time_limit = time_limit;
        self
    }

    /// Runs it to its end. Output goes through files: whatever its size, nobody waits for us.
    pub fn run(mut self) -> Answer {
        let mut stdin = scratch_file();
        stdin.write_all(&self.stdin).unwrap();
        stdin.rewind().unwrap();
        let (mut stdout, mut stderr) = (scratch_file(), scratch_file());
        self.command
            .stdin(stdin)
            .stdout(handle(&stdout))
            .stderr(handle(&stderr));
        let mut running = Spawned::start(&mut self.command).unwrap();
        if let Err(late) = running.wait_ended(self.time_limit) {
            // A script is not all there is to end; its number is that of its group.
            let _ = killpg(Pid::from_raw(running.pid()), Signal::SIGKILL);
            panic!("{:?}: {late}", self.command);
        }
        let status = running.ended().expect("it has ended");
        leftovers::assert_nobody_left(running.pid(), &self.command);
        Answer {
            code: status.code(),
            stdout: text_of(&mut stdout),
            stderr: text_of(&mut stderr),
        }
    }
}

impl Answer {
    /// Standard output as JSON; the run must have succeeded.
    pub fn document(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.document_at_any_rate()
    }

    /// Standard output as JSON, however the run ended.
    pub fn document_at_any_rate(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:.200}: {}", self.stdout, self.stderr))
    }

    /// Standard output; the run must have succeeded.
    pub fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        &self.stdout
    }

    /// The exit code and the first line of standard error, after `nsinspect: `; there must be more
    /// lines behind it, and nothing on standard output.
    pub fn refusal(&self) -> (Option<i32>, &str) {
        assert_eq!(self.stdout, "");
        let (first, hint) = self.stderr.split_once('\n').expect("an error is told");
        assert!(!hint.trim().is_empty(), "no hint: {first}");
        (self.code, first.trim_start_matches("nsinspect: "))
    }
}

fn scratch_file() -> File {
    tempfile::tempfile().expect("a file for output")
}

fn handle(file: &File) -> Stdio {
    Stdio::from(file.try_clone().expect("a file for output"))
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).expect("output is UTF-8, whatever the machine holds")
}
