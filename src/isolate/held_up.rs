//! What keeps a program from the signals that should end it, when that is not its own will: it is
//! frozen, stopped or traced, or waits in the kernel. A supervisor must not wait for it for ever.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::cgroups::Joinable;
use super::held_signals::ENDS;
use super::supervise::{Ended, Tell};
use crate::sys::child;
use crate::sys::procfs::{ProcRoot, TaskDir};

/// After so long it is said that a signal has had no effect.
const SAID_AFTER: Duration = Duration::from_secs(2);

/// A program that nothing keeps from a signal has had it by then, and does with it as it likes.
const HAS_HAD_IT: Duration = Duration::from_secs(10);

/// How often is looked while a signal may have no effect, and while a cgroup may be frozen.
const LOOKS: Duration = Duration::from_millis(250);
const LOOKS_AT_FREEZERS: Duration = Duration::from_secs(1);

/// What a program is kept from its signals by.
#[derive(Debug, PartialEq, Eq)]
pub enum HeldUp {
    /// By its cgroup, as these words say.
    Frozen(String),
    Stopped {
        tracer: Option<i32>,
    },
    /// It runs, and who traces it may keep a signal from it.
    Traced {
        tracer: i32,
    },
    /// The signal has not reached it: it waits in the kernel, or gets no time to run.
    Waits,
}

impl HeldUp {
    /// How long a signal that is meant to end it may have no effect until SIGKILL follows: a program
    /// that is able to ends in its own time.
    fn patience(&self) -> Duration {
        match self {
            HeldUp::Frozen(_) | HeldUp::Stopped { .. } => SAID_AFTER,
            HeldUp::Waits => Duration::from_secs(5),
            HeldUp::Traced { .. } => HAS_HAD_IT,
        }
    }

    /// In words that follow "the program (process 7) ".
    fn words(&self) -> String {
        match self {
            HeldUp::Frozen(why) => format!("stands still, as its cgroup does: {why}"),
            HeldUp::Stopped { tracer: Some(pid) } => {
                format!("is stopped by process {pid}, which traces it")
            }
            HeldUp::Stopped { tracer: None } => "is stopped".to_owned(),
            HeldUp::Traced { tracer } => {
                format!("is traced by process {tracer}, which can keep signals from it")
            }
            HeldUp::Waits => {
                "waits in the kernel, as for a file system that does not answer, or gets no time \
                 to run"
                    .to_owned()
            }
        }
    }
}

/// Watches what becomes of the signals that should end a program.
pub struct Vigil<'a> {
    program: Pid,
    proc: Option<&'a ProcRoot>,
    cgroups: &'a [Joinable],
    tell: Tell,
    asked: Option<Asked>,
    has_said_frozen: bool,
}

/// A signal that should have ended the program.
struct Asked {
    signal: Signal,
    at: Instant,
    again: bool,
    /// Since when something keeps it from the program.
    held_up_since: Option<Instant>,
    is_said: bool,
}

impl Asked {
    /// Whether SIGKILL may follow. ^C alone is also how one talks to an interactive program.
    fn is_firm(&self) -> bool {
        self.signal != Signal::SIGINT || (self.again && self.is_said)
    }
}

impl<'a> Vigil<'a> {
    /// The procfs is that of our own pid namespace, if there is one.
    pub fn over(
        program: Pid,
        proc: Option<&'a ProcRoot>,
        cgroups: &'a [Joinable],
        tell: Tell,
    ) -> Vigil<'a> {
        Vigil {
            program,
            proc,
            cgroups,
            tell,
            asked: None,
            has_said_frozen: false,
        }
    }

    /// A signal has come that the program has been sent too.
    pub fn sent(&mut self, signal: Signal) {
        if !ENDS.contains(&signal) {
            return;
        }
        let before = self.asked.take();
        let firmest = before.as_ref().map_or(signal, |it| it.signal);
        self.asked = Some(Asked {
            signal: match signal {
                Signal::SIGINT => firmest,
                firm => firm,
            },
            at: Instant::now(),
            again: before.is_some(),
            held_up_since: before.as_ref().and_then(|it| it.held_up_since),
            is_said: before.is_some_and(|it| it.is_said),
        });
    }

    /// Whether it has been asked to end and has not had the signal yet: nobody may stop it any more
    /// then.
    pub fn is_to_end(&self) -> bool {
        let asked = self.asked.as_ref().filter(|it| it.is_firm());
        asked.is_some_and(|it| {
            let status = self.proc.and_then(|proc| status_of(proc, self.program));
            status.is_some_and(|status| is_waiting(&status, it.signal))
        })
    }

    /// How long may be waited until it is looked again.
    pub fn limit(&self) -> Option<Duration> {
        match &self.asked {
            Some(_) => Some(LOOKS),
            None if self.cgroups.iter().any(Joinable::can_freeze) => Some(LOOKS_AT_FREEZERS),
            None => None,
        }
    }

    /// Looks; the signal that was to end it, once nothing but SIGKILL is left.
    pub fn look(&mut self) -> Option<Signal> {
        let Some(asked) = &mut self.asked else {
            self.say_once_if_frozen();
            return None;
        };
        let Some(by) = held_up(self.proc, self.program, asked.signal, self.cgroups) else {
            (asked.held_up_since, asked.is_said) = (None, false);
            if asked.at.elapsed() >= HAS_HAD_IT {
                self.asked = None;
            }
            return None;
        };
        let waited = asked.held_up_since.get_or_insert_with(Instant::now);
        let waited = waited.elapsed();
        let (signal, is_firm) = (asked.signal, asked.is_firm());
        let is_over = is_firm && waited >= by.patience();
        if is_over || (waited >= SAID_AFTER && !asked.is_said) {
            asked.is_said = true;
            let then = match (is_over, is_firm) {
                (true, _) => "it is ended by SIGKILL",
                (false, true) => "it is ended by SIGKILL if that does not change",
                (false, false) => "once more ends it by SIGKILL",
            };
            let by = by.words();
            self.say(&format!("{by}, so that {signal} has no effect: {then}"));
        }
        is_over.then_some(signal)
    }

    fn say_once_if_frozen(&mut self) {
        if self.has_said_frozen {
            return;
        }
        if let Some(why) = self.cgroups.iter().find_map(Joinable::frozen) {
            self.has_said_frozen = true;
            self.say(&format!(
                "stands still, as its cgroup does: {why}; it goes on when that is thawed, and \
                 SIGTERM ends it"
            ));
        }
    }

    fn say(&self, words: &str) {
        (self.tell)(&format!("the program (process {}) {words}", self.program));
    }

    /// Ends it by SIGKILL, out of a frozen cgroup, in which cgroup v1 would not let it end. `None`: it
    /// is still there, and that is said.
    pub fn end(&self) -> Option<Ended> {
        end_out_of(self.cgroups, self.program).or_else(|| {
            let ended = unreaped(self.proc, self.program);
            if ended.is_none() {
                self.say("is left behind: it ends when the kernel lets it");
            }
            ended
        })
    }

    /// How it has ended, where we, its parent, are not told: whoever traces it is told first, and
    /// perhaps does not care (wait_consider_task in kernel/exit.c). `None`: it is as it should be.
    pub fn end_kept_from_us(&self) -> Option<Ended> {
        child::reap(self.program).and_then(Ended::of).or_else(|| {
            self.say(
                "has ended, and whoever traces it keeps that from us: its remains are left behind",
            );
            Some(unreaped(self.proc, self.program).unwrap_or(Ended::Killed(Signal::SIGKILL)))
        })
    }
}

/// Ends a child by SIGKILL, wherever its cgroup is frozen. `None`: it has not ended in good time.
pub fn end_out_of(cgroups: &[Joinable], child: Pid) -> Option<Ended> {
    let _ = nix::sys::signal::kill(child, Signal::SIGKILL);
    let frozen = cgroups.iter().filter(|it| it.frozen().is_some());
    let ways = frozen.filter_map(Joinable::way_back);
    ways.for_each(|way| way.take(child));
    child::reap(child).and_then(Ended::of)
}

/// How a process has ended that nobody has waited for, as far as its exit code is ours to read
/// (field 52 of proc_pid_stat(5)).
fn unreaped(proc: Option<&ProcRoot>, process: Pid) -> Option<Ended> {
    let stat = task(proc?, process)?.read("stat").ok()?;
    ended_by_stat(process, &String::from_utf8_lossy(&stat))
}

fn ended_by_stat(process: Pid, stat: &str) -> Option<Ended> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    if !matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let status: i32 = fields.get(52 - 3)?.parse().ok()?;
    Ended::of(WaitStatus::from_raw(process, status).ok()?)
}

fn task(proc: &ProcRoot, process: Pid) -> Option<TaskDir> {
    let is_ours = proc.is_procfs() && proc.is_ours();
    is_ours.then(|| proc.task(process.as_raw()).ok())?
}

fn held_up(
    proc: Option<&ProcRoot>,
    program: Pid,
    signal: Signal,
    cgroups: &[Joinable],
) -> Option<HeldUp> {
    if let Some(why) = cgroups.iter().find_map(Joinable::frozen) {
        return Some(HeldUp::Frozen(why));
    }
    held_up_by_status(&status_of(proc?, program)?, signal)
}

fn status_of(proc: &ProcRoot, process: Pid) -> Option<String> {
    let status = task(proc, process)?.read("status").ok()?;
    Some(String::from_utf8_lossy(&status).into_owned())
}

/// A field of a `status` (proc_pid_status(5)).
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = status.lines().filter_map(|line| line.split_once(':'));
    fields.find_map(|(key, value)| (key == name).then_some(value.trim()))
}

/// Whether a signal has been sent to it, and it would take it, but has not yet.
fn is_waiting(status: &str, signal: Signal) -> bool {
    let has = |set: &str| {
        let set = field(status, set).and_then(|set| u64::from_str_radix(set, 16).ok());
        set.is_some_and(|set| set >> (signal as u32 - 1) & 1 == 1)
    };
    (has("ShdPnd") || has("SigPnd")) && !has("SigBlk")
}

fn held_up_by_status(status: &str, signal: Signal) -> Option<HeldUp> {
    let tracer = field(status, "TracerPid").and_then(|pid| pid.parse().ok());
    let tracer = tracer.filter(|pid| *pid != 0);
    let state = field(status, "State")?.chars().next()?;
    match (state, tracer) {
        // It has ended, and is for whoever waits for it.
        ('Z' | 'X', _) => None,
        ('t', tracer) => Some(HeldUp::Stopped { tracer }),
        (_, Some(tracer)) => Some(HeldUp::Traced { tracer }),
        (_, None) if !is_waiting(status, signal) => None,
        ('T', None) => Some(HeldUp::Stopped { tracer: None }),
        (_, None) => Some(HeldUp::Waits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(state: &str, tracer: i32, pending: u64, blocked: u64) -> Option<HeldUp> {
        let status = format!(
            "Name:\tx\nState:\t{state}\nTracerPid:\t{tracer}\nSigPnd:\t0000000000000000\n\
             ShdPnd:\t{pending:016x}\nSigBlk:\t{blocked:016x}\nSigIgn:\t0000000000000000\n"
        );
        held_up_by_status(&status, Signal::SIGTERM)
    }

    #[test]
    fn a_program_that_could_act_on_a_signal_is_not_held_up() {
        const TERM: u64 = 1 << 14;
        assert_eq!(by("S (sleeping)", 0, 0, 0), None, "it has had it");
        assert_eq!(by("S (sleeping)", 0, TERM, TERM), None, "its own will");
        assert_eq!(by("D (disk sleep)", 0, 0, 0), None, "it works on its end");
        assert_eq!(by("Z (zombie)", 7, 0, 0), None);
        assert_eq!(by("T (stopped)", 0, 0, 0), None, "somebody else's will");
        assert_eq!(by("D (disk sleep)", 0, TERM, 0), Some(HeldUp::Waits));
        let stopped = Some(HeldUp::Stopped { tracer: None });
        assert_eq!(by("T (stopped)", 0, TERM, 0), stopped);
        let tracer = Some(7);
        assert_eq!(
            by("t (tracing stop)", 7, TERM, 0),
            Some(HeldUp::Stopped { tracer })
        );
        assert_eq!(
            by("t (tracing stop)", 0, 0, 0),
            Some(HeldUp::Stopped { tracer: None })
        );
        assert_eq!(
            by("S (sleeping)", 7, 0, 0),
            Some(HeldUp::Traced { tracer: 7 })
        );
    }

    #[test]
    fn the_end_of_a_process_that_is_not_reaped_stands_in_its_stat() {
        let stat = |state: &str, code: i32| format!("7 (a) b) {state} {}{code}\n", "0 ".repeat(48));
        let process = Pid::from_raw(7);
        let ended = |state, code| ended_by_stat(process, &stat(state, code));
        assert_eq!(ended("Z", 9), Some(Ended::Killed(Signal::SIGKILL)));
        assert_eq!(ended("Z", 3 << 8), Some(Ended::Exited(3)));
        assert_eq!(ended("S", 0), None);
    }
}
