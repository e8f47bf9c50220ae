//! A program that is measured: run once, with what it took and whether it did its work.

use std::fs::File;
use std::io::{Error, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;

/// A command line.
#[derive(Clone)]
pub struct Tool {
    program: String,
    args: Vec<String>,
}

/// How one run of it went.
pub struct Run {
    pub usage: Usage,
    status: ExitStatus,
    pub stdout: Vec<u8>,
    stderr: String,
}

/// What it took, as wait4(2) says it.
#[derive(Clone, Copy)]
pub struct Usage {
    /// On all cores together, in the program and in the kernel.
    pub cpu: Duration,
    pub peak_rss_kib: u64,
}

impl Tool {
    pub fn new(program: &str, args: &[&str]) -> Tool {
        Tool {
            program: program.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }

    /// The command line without the path of the program.
    pub fn name(&self) -> String {
        let program = self.program.rsplit('/').next().unwrap_or_default();
        let args = self.args.iter().map(String::as_str);
        let words: Vec<&str> = std::iter::once(program).chain(args).collect();
        words.join(" ")
    }

    /// The command line as a shell would be told, which is how hyperfine wants it.
    pub fn quoted(&self) -> String {
        let quote = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
        let args = self.args.iter().map(quote);
        let words: Vec<String> = std::iter::once(quote(&self.program)).chain(args).collect();
        words.join(" ")
    }

    /// Runs it until it is interrupted after some time; its output goes nowhere.
    pub fn run_for(&self, time: Duration) -> Result<Usage, Error> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        dies_with_us(&mut command);
        let child = command.spawn()?;
        std::thread::sleep(time);
        let pid = libc::pid_t::try_from(child.id()).map_err(Error::other)?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGINT)?;
        Ok(wait_measuring(&child)?.1)
    }

    /// Runs it once. Its output goes to files, so that nobody has to read while it runs.
    pub fn run(&self) -> Result<Run, Error> {
        let mut stdout = tempfile::tempfile()?;
        let mut stderr = tempfile::tempfile()?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(stdout.try_clone()?)
            .stderr(stderr.try_clone()?);
        dies_with_us(&mut command);
        let child = command.spawn()?;
        let (status, usage) = wait_measuring(&child)?;
        Ok(Run {
            usage,
            status,
            stdout: contents(&mut stdout)?,
            stderr: String::from_utf8_lossy(&contents(&mut stderr)?).into_owned(),
        })
    }
}

impl Run {
    /// What was wrong with it, apart from what it printed.
    pub fn complaint(&self) -> Option<String> {
        let last_words = self.stderr.lines().last().unwrap_or_default();
        (!self.status.success()).then(|| format!("{}: {last_words}", self.status))
    }
}

fn contents(file: &mut File) -> Result<Vec<u8>, Error> {
    let mut contents = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut contents)?;
    Ok(contents)
}

/// Has the kernel kill the command when the benchmark dies. A command with something to do before
/// exec is forked, too, and not started by vfork: a child of vfork has our own memory until it
/// executes, which the kernel would count as its largest resident set.
#[allow(unsafe_code)]
pub fn dies_with_us(command: &mut Command) {
    // SAFETY: prctl is a plain system call, which is allowed between fork and exec.
    unsafe {
        command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?));
    }
}

/// Waits for a child, and says what it took.
#[allow(unsafe_code)]
fn wait_measuring(child: &Child) -> Result<(ExitStatus, Usage), Error> {
    let pid = libc::pid_t::try_from(child.id()).map_err(Error::other)?;
    let mut status = 0;
    // SAFETY: a struct of numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to variables of ours. That `Child` does not learn of its end
        // does no harm: nobody waits through it or kills it.
        let result = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) => break,
        }
    }
    let duration = |time: libc::timeval| {
        let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
        whole + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or_default())
    };
    let usage = Usage {
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        peak_rss_kib: u64::try_from(usage.ru_maxrss).unwrap_or_default(),
    };
    Ok((ExitStatus::from_raw(status), usage))
}
