//! Cgroups that are frozen, or have no room: who is to join them is told, waits for nothing and leaves
//! nobody behind.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::entering::{all_of, enter};
use crate::launch::root::hang_up::{assert_all_gone, program_at};
use crate::launch::running::{End, Running, SOON, wait_gone};
use crate::launch::terminal::Terminal;
use crate::runtimes::started;
use crate::support::freezer::{Hierarchy, MadeCgroup};
use crate::support::nsinspect::nsinspect;
use crate::support::process::{children, wait_until};
use crate::support::run::program_for_everyone;
use crate::support::sandbox::Sandbox;

use super::sandbox;

/// Longer than an answer takes that waits for nothing.
const AT_ONCE: Duration = Duration::from_secs(15);

/// A cgroup with a sandbox in it, which has to end before the cgroup does: the fields of this in their
/// order, names that are bound to them in the reverse.
struct Held {
    it: Sandbox,
    cgroup: MadeCgroup,
}

fn held(hierarchy: Hierarchy, name: &str) -> Result<Held, String> {
    let cgroup = MadeCgroup::make(hierarchy, name)?;
    let it = sandbox()?;
    cgroup.take(it.pid);
    Ok(Held { it, cgroup })
}

const FREEZERS: [Hierarchy; 2] = [Hierarchy::FreezerV1, Hierarchy::V2];

fn why(hierarchy: Hierarchy) -> &'static str {
    match hierarchy {
        Hierarchy::V2 => "it is frozen (cgroup.events: frozen 1)",
        _ => "it is frozen (freezer.state: FROZEN)",
    }
}

#[test]
fn nobody_joins_a_frozen_cgroup_and_that_is_said() {
    needs_root!();
    for hierarchy in FREEZERS {
        let Held { cgroup, it } = started!(held(hierarchy, "asked"));
        let pid = it.pid.to_string();
        // The one above it is frozen, and so is it.
        cgroup.freeze();
        let said = format!(
            "nsinspect: cannot join the cgroup {}\n  {}: whoever joins it stands still until it is \
             thawed (docker unpause, podman unpause, runc resume)\n",
            cgroup.path(),
            why(hierarchy)
        );
        for options in [
            &["-c"] as &[&str],
            &["-n", "-c"],
            &["-a", "-c", "-F"],
            &["--as-target"],
        ] {
            let begin = Instant::now();
            let answer = enter(&pid, options, "echo not run");
            assert_eq!(all_of(&answer), (Some(125), "", &*said), "{options:?}");
            assert!(begin.elapsed() < AT_ONCE);
        }
        let plain = enter(&pid, &[], "hostname");
        assert_eq!(all_of(&plain), (Some(0), "inside\n", ""));
        assert_eq!(cgroup.members(), [it.pid], "{hierarchy:?}");
        cgroup.thaw();
        let thawed = enter(&pid, &["-c"], "cat /proc/self/cgroup");
        assert_eq!(thawed.code, Some(0), "{thawed:?}");
    }
}

#[test]
fn claims_about_what_is_frozen_are_judged_in_time_and_it_is_said() {
    needs_root!();
    for hierarchy in FREEZERS {
        let Held { cgroup, it } = started!(held(hierarchy, "verify"));
        let pid = it.pid.to_string();
        cgroup.freeze();
        let begin = Instant::now();
        let answer = nsinspect(["verify", &pid, "--require", "pid,mnt,net,uts,ipc"]).run();
        assert!(begin.elapsed() < AT_ONCE, "{answer:?}");
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let said = format!(
            "nsinspect: {pid} stands still with its cgroup {}: {}; what would have to join that is \
             not tried\n",
            cgroup.path(),
            why(hierarchy)
        );
        assert!(answer.stderr.contains(&said), "{answer:?}");
        assert_eq!(cgroup.members(), [it.pid], "{hierarchy:?}");
    }
}

/// `enter TARGET -a -c -- sleep`, once it runs in the cgroup.
fn sleeping(held: &Held) -> (Running, i32) {
    let mut command = Command::new(program_for_everyone());
    command.args(["enter", &held.it.pid.to_string(), "-a", "-c", "--"]);
    let running = Running::of(command.args(["sleep", "1000"]));
    let mut program = None;
    wait_until(SOON, "the program in the cgroup", || {
        let members = held.cgroup.members();
        let all = children(running.pid());
        program = all.into_iter().find(|child| {
            members.contains(child)
                && crate::support::process::comm_of(*child).as_deref() == Some("sleep")
        });
        program.is_some()
    })
    .unwrap();
    (running, program.unwrap())
}

#[test]
fn a_program_that_is_frozen_later_says_so_and_is_taken_out_to_end() {
    needs_root!();
    for hierarchy in FREEZERS {
        for signal in [Signal::SIGTERM, Signal::SIGHUP] {
            let held = started!(held(hierarchy, "later"));
            let (mut running, program) = sleeping(&held);
            held.cgroup.freeze();
            running.hear("stands still, as its cgroup does: ");
            running.send(signal);
            let (end, stderr) = running.end();
            assert_eq!(end, End::Code(128 + signal as i32), "{stderr}");
            wait_gone(program);
            // Nothing of ours stays in there, frozen as it is.
            assert_eq!(held.cgroup.members(), [held.it.pid], "{hierarchy:?}");
        }
    }
}

#[test]
fn a_program_that_is_frozen_ends_with_the_terminal() {
    needs_root!();
    for hierarchy in FREEZERS {
        for options in ["-a -c", "-a -c --no-pty"] {
            let held = started!(held(hierarchy, "hung-up"));
            let mut sh = Command::new("sh");
            let line = format!("exec $N enter {} {options} -- sleep 1000", held.it.pid);
            let terminal = Terminal::with(sh.args(["-c", &line]));
            let program = program_at(&terminal);
            wait_until(SOON, "the program in the cgroup", || {
                held.cgroup.members().contains(&program)
            })
            .unwrap();
            let everybody = terminal.everybody();
            held.cgroup.freeze();
            let mut leader = terminal.hang_up();
            assert_eq!(leader.wait_ended(SOON), Ok(()), "{hierarchy:?} {options}");
            assert_all_gone(&everybody, options);
            assert_eq!(held.cgroup.members(), [held.it.pid], "{hierarchy:?}");
        }
    }
}

#[test]
fn what_is_frozen_when_its_supervisor_is_killed_is_gone_once_it_is_thawed() {
    needs_root!();
    for hierarchy in FREEZERS {
        let held = started!(held(hierarchy, "killed"));
        let (running, program) = sleeping(&held);
        held.cgroup.freeze();
        running.send(Signal::SIGKILL);
        assert_eq!(running.end().0, End::Signal(9));
        held.cgroup.thaw();
        wait_gone(program);
        assert_eq!(held.cgroup.members(), [held.it.pid]);
    }
}

#[test]
fn a_cgroup_that_is_frozen_and_thawed_all_the_time_keeps_nobody_for_ever() {
    needs_root!();
    for hierarchy in FREEZERS {
        let Held { cgroup, it } = started!(held(hierarchy, "always"));
        let pid = it.pid.to_string();
        let is_over = AtomicBool::new(false);
        let codes = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    cgroup.start_to_freeze();
                    std::thread::sleep(Duration::from_millis(15));
                    cgroup.thaw();
                    std::thread::sleep(Duration::from_millis(30));
                }
            });
            // Each run also looks whether it has left anybody behind.
            let codes: Vec<Option<i32>> = (0..40)
                .map(|_| enter(&pid, &["-a", "-c"], "true").code)
                .collect();
            is_over.store(true, Ordering::SeqCst);
            codes
        });
        let is_right = |code: &Option<i32>| matches!(code, Some(0 | 125));
        assert!(codes.iter().all(is_right), "{codes:?}");
        assert_eq!(cgroup.members(), [it.pid], "{hierarchy:?}");
    }
}

#[test]
fn a_cgroup_without_room_for_another_process_is_entered() {
    needs_root!();
    let Held { cgroup, it } = started!(held(Hierarchy::V1("pids"), "full"));
    cgroup.set("pids.max", "1");
    let answer = enter(&it.pid.to_string(), &["-a", "-c"], "echo in there");
    assert_eq!(all_of(&answer), (Some(0), "in there\n", ""));
    let fork = enter(
        &it.pid.to_string(),
        &["-a", "-c"],
        "/bin/true; echo not here",
    );
    assert_eq!((fork.code, &*fork.stdout), (Some(2), ""), "{fork:?}");
}

#[test]
fn a_program_that_the_kernel_ends_for_want_of_memory_is_told_from_one_that_somebody_ends() {
    needs_root!();
    let Held { cgroup, it } = started!(held(Hierarchy::V1("memory"), "small"));
    let pid = it.pid.to_string();
    let killed = enter(&pid, &["-a", "-c"], "kill -9 $$");
    let only = "nsinspect: the program was killed by SIGKILL\n";
    assert_eq!(all_of(&killed), (Some(137), "", only));
    cgroup.set("memory.limit_in_bytes", "16M");
    let grows = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
    let answer = enter(&pid, &["-a", "-c"], grows);
    let said = format!(
        "nsinspect: the memory of its cgroup {} was used up (",
        cgroup.path()
    );
    assert_eq!(answer.code, Some(137), "{answer:?}");
    assert!(answer.stderr.starts_with(&said), "{answer:?}");
    assert!(answer.stderr.ends_with(only), "{answer:?}");
}
