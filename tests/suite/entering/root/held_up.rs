//! What somebody in there can do to a program so that no signal ends it: the supervisor ends all the
//! same, in bounded time, and says what it leaves.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::launch::root::hang_up::{assert_all_gone, program_at};
use crate::launch::running::{End, Running, SOON, state, wait_for_state, wait_gone};
use crate::launch::terminal::Terminal;
use crate::runtimes::started;
use crate::support::hung_fuse::{Root, has_fuse, mount_fuse};
use crate::support::process::{children, wait_until};
use crate::support::run::program_for_everyone;
use crate::support::sandbox::Sandbox;
use crate::support::telling::{Telling, telling};

use super::sandbox;

/// A process that this thread traces, as one in there could that has the right; let go when dropped.
struct Traced(i32);

fn ptrace(request: libc::c_uint, pid: i32) -> Result<(), nix::errno::Errno> {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: neither the address nor the data of these requests is looked at.
    let result = unsafe { libc::ptrace(request, pid, nothing, nothing) };
    nix::errno::Errno::result(result).map(drop)
}

/// Waits for a stop or the end of what is traced.
fn wait_traced(pid: i32) {
    // SAFETY: it writes no status.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL) };
}

impl Traced {
    fn seize(pid: i32) -> Traced {
        ptrace(libc::PTRACE_SEIZE, pid).expect("a process that may be traced");
        Traced(pid)
    }

    fn stop(self) -> Traced {
        ptrace(libc::PTRACE_INTERRUPT, self.0).expect("a traced process");
        wait_for_state(self.0, &['t']);
        self
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0), Signal::SIGKILL);
        wait_traced(self.0);
    }
}

/// `WORDS -- sh -c SCRIPT`, and its program once that says `ready`.
fn started_with(words: &[&str], script: &str) -> (Running, i32) {
    let mut command = Command::new(program_for_everyone());
    command.args(words).args(["--", "sh", "-c", script]);
    let mut running = Running::of(&mut command);
    assert_eq!(running.line(), "ready");
    let all = children(running.pid());
    let [program] = all[..] else {
        panic!("one child and not {all:?}")
    };
    (running, program)
}

fn entered(it: &Sandbox, script: &str) -> (Running, i32) {
    started_with(&["enter", &it.pid.to_string(), "-a"], script)
}

const SLEEP: &str = "echo ready; exec sleep 1000";

#[test]
fn a_program_that_is_stopped_by_a_tracer_is_ended_by_the_second_interrupt() {
    needs_root!();
    let it = started!(sandbox());
    let (mut running, program) = entered(&it, SLEEP);
    let traced = Traced::seize(program).stop();
    // In the kernel's eyes it is a thread that traces.
    let tracer = nix::unistd::gettid();
    running.send(Signal::SIGINT);
    let says = format!(
        "nsinspect: the program (process {program}) is stopped by process {tracer}, which traces it, \
         so that SIGINT has no effect: once more ends it by SIGKILL\n"
    );
    running.hear(&says);
    assert_eq!(state(program), Some('t'), "the first does it no harm");
    running.send(Signal::SIGINT);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Code(137), "{stderr}");
    assert!(
        stderr.ends_with("nsinspect: the program was killed by SIGKILL\n"),
        "{stderr}"
    );
    drop(traced);
    wait_gone(program);
}

#[test]
fn a_program_that_is_stopped_by_a_tracer_is_ended_by_one_request_to_end() {
    needs_root!();
    let it = started!(sandbox());
    let run = ["run", "-fp", "--mount-proc"];
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        for is_entered in [true, false] {
            let (running, program) = match is_entered {
                true => entered(&it, SLEEP),
                false => started_with(&run, SLEEP),
            };
            let _traced = Traced::seize(program).stop();
            let begin = Instant::now();
            running.send(signal);
            let (end, stderr) = running.end();
            assert_eq!(end, End::Code(137), "{signal}: {stderr}");
            assert!(begin.elapsed() < Duration::from_secs(10), "{stderr}");
        }
    }
}

#[test]
fn a_program_whose_tracer_does_not_let_it_go_has_ended_all_the_same() {
    needs_root!();
    let it = started!(sandbox());
    let (running, program) = entered(&it, "echo ready; exec sleep 2");
    let traced = Traced::seize(program);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Code(0), "{stderr}");
    let says = format!(
        "nsinspect: the program (process {program}) has ended, and whoever traces it keeps that from \
         us: its remains are left behind\n"
    );
    assert_eq!(stderr, says);
    assert_eq!(state(program), Some('Z'));
    drop(traced);
}

#[test]
fn the_end_of_the_terminal_ends_us_whoever_traces_the_program() {
    needs_root!();
    let it = started!(sandbox());
    let enter = format!("enter {}", it.pid);
    for way in [
        &format!("{enter} -a"),
        &format!("{enter} -m"),
        &format!("{enter} -a --no-pty"),
        "run -fp",
        "run --init",
        "run -fp --no-pty",
    ] {
        for is_stopped in [true, false] {
            let mut sh = Command::new("sh");
            sh.args(["-c", &format!("exec $N {way} -- sleep 1000")]);
            let terminal = Terminal::with(&mut sh);
            let program = program_at(&terminal);
            let traced = Traced::seize(program);
            let traced = match is_stopped {
                true => traced.stop(),
                false => traced,
            };
            let mut everybody = terminal.everybody();
            everybody.retain(|pid| *pid != program);
            let begin = Instant::now();
            let mut leader = terminal.hang_up();
            assert_eq!(leader.wait_ended(SOON), Ok(()), "{way}");
            assert!(begin.elapsed() < Duration::from_secs(15), "{way}");
            // Of a pid namespace whose program is traced its init cannot end before.
            drop(traced);
            assert_all_gone(&everybody, way);
            wait_gone(program);
        }
    }
}

#[test]
fn a_program_that_waits_for_a_hung_file_server_is_left_behind_and_that_is_said() {
    needs_root!();
    if !has_fuse() {
        skip!("no /dev/fuse");
    }
    let (hung, other) = (hung(), started!(sandbox()));
    let (pid, pid_namespace) = (
        hung.pid().to_string(),
        format!("-p=/proc/{}/ns/pid", other.pid),
    );
    let words = ["enter", &pid, "-m", &pid_namespace];
    let (running, program) = started_with(&words, "echo ready; exec cat /mnt/x/y");
    wait_for_state(program, &['S', 'D']);
    std::thread::sleep(Duration::from_millis(300));
    running.send(Signal::SIGTERM);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Signal(15), "{stderr}");
    let says = format!("nsinspect: the program (process {program}) is left behind: ");
    assert!(stderr.contains(&says), "{stderr}");
    drop(hung);
    wait_gone(program);
}

/// A process in a mount namespace of its own, in whose /mnt a file server hangs.
fn hung() -> Telling {
    telling(|| {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
        mount_fuse("/mnt".as_ref(), Root::Folder).hang();
        Vec::new()
    })
}

#[test]
fn who_stops_the_program_again_and_again_does_not_keep_its_supervisor_from_ending() {
    needs_root!();
    let it = started!(sandbox());
    let (running, program) = entered(&it, SLEEP);
    let supervisor = running.pid();
    let (over, is_over) = std::sync::mpsc::channel::<()>();
    let end = std::thread::scope(|scope| {
        scope.spawn(move || {
            while is_over.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                let _ = kill(Pid::from_raw(program), Signal::SIGSTOP);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        wait_for_state(supervisor, &['T']);
        // As a shell ends a job that is stopped.
        running.send(Signal::SIGTERM);
        running.send(Signal::SIGCONT);
        let ended = wait_until(SOON, "the supervisor to end", || {
            !matches!(state(supervisor), Some('S' | 'R' | 'T' | 'D'))
        });
        drop(over);
        ended.map(|()| running.end())
    });
    let (end, stderr) = end.unwrap();
    assert!(matches!(end, End::Code(137 | 143)), "{end:?}: {stderr}");
}

#[test]
fn a_program_that_can_act_on_a_signal_is_not_hurried() {
    needs_root!();
    let it = started!(sandbox());
    let slowly = "trap 'sleep 4; exit 7' TERM; echo ready; while :; do sleep 0.1; done";
    let (running, _) = entered(&it, slowly);
    running.send(Signal::SIGTERM);
    assert_eq!(running.end(), (End::Code(7), String::new()));
    let deaf = "trap '' INT; echo ready; sleep 5; exit 8";
    let (running, _) = entered(&it, deaf);
    running.send(Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(2500));
    running.send(Signal::SIGINT);
    assert_eq!(running.end(), (End::Code(8), String::new()));
}
