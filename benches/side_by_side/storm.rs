//! Processes that fork and exit without a pause, half of their children in new namespaces, while
//! the tools run again and again: what is listed is gone before it is read.

use std::fs;
use std::io::Error;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::crowd::{Lifeline, fork_child, is_over};
use crate::tool::{Run, Tool};

/// How many fork at the same time: more than this machine has cores, so that the tools have to
/// fight for theirs.
const FORKERS: usize = 4;

/// Namespaces that are cheap enough to be made and destroyed thousands of times in a second.
const SHORT_LIVED: CloneFlags = CloneFlags::CLONE_NEWUTS.union(CloneFlags::CLONE_NEWIPC);

/// The forkers; dropping it ends them.
struct Storm {
    lifeline: Option<Lifeline>,
    forkers: Vec<Pid>,
}

impl Storm {
    fn start() -> Result<Storm, Error> {
        let lifeline = Lifeline::new()?;
        let mut storm = Storm {
            lifeline: None,
            forkers: Vec::new(),
        };
        for forker in 0..FORKERS {
            let namespaces = match forker % 2 {
                0 => CloneFlags::empty(),
                _ => SHORT_LIVED,
            };
            let forker = lifeline.fork(|over| fork_and_exit(namespaces, over))?;
            storm.forkers.push(forker);
        }
        storm.lifeline = Some(lifeline);
        Ok(storm)
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.lifeline = None;
        for forker in &self.forkers {
            let _ = waitpid(*forker, None);
        }
    }
}

fn fork_and_exit(namespaces: CloneFlags, over: &OwnedFd) {
    while !is_over(over) {
        // Without the privilege the child is in no namespace of its own, and the storm goes on.
        let child = fork_child(|| {
            let _ = unshare(namespaces);
        });
        if let Ok(child) = child {
            let _ = waitpid(child, None);
        }
    }
}

/// Runs the tools in turn for so long, and prints how often each of them ran and failed.
pub fn compare(tools: &[&Tool], length: Duration) -> Result<(), Error> {
    let mut complaints: Vec<Vec<String>> = vec![Vec::new(); tools.len()];
    let own = own_namespaces()?;
    let storm = Storm::start()?;
    let (start, forks) = (Instant::now(), forks_since_boot()?);
    let mut rounds = 0;
    while start.elapsed() < length {
        for (tool, complaints) in tools.iter().zip(&mut complaints) {
            complaints.extend(complaint(&tool.run()?, &own));
        }
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = (forks_since_boot()? - forks) as f64 / seconds;
    drop(storm);
    println!("\nfork storm of {seconds:.0} s, {rate:.0} forks/s\n");
    println!("what                      runs   failed");
    for (tool, complaints) in tools.iter().zip(&complaints) {
        println!("{:22} {rounds:7} {:8}", tool.name(), complaints.len());
        if let Some(first) = complaints.first() {
            println!("  the first of these: {first}");
        }
    }
    Ok(())
}

/// What was wrong with a run, if anything: it failed, or its answer is not whole. Our own
/// namespaces are there all the time, so every answer has to name all of them.
fn complaint(run: &Run, own: &[String]) -> Option<String> {
    let text = String::from_utf8_lossy(&run.stdout);
    run.complaint()
        .or_else(|| (!text.ends_with('\n')).then(|| "the output is cut".to_owned()))
        .or_else(|| {
            let missing = own.iter().find(|inode| !text.contains(inode.as_str()))?;
            Some(format!("the namespace {missing} is missing"))
        })
}

/// The inodes of the namespaces that the benchmark itself is in.
fn own_namespaces() -> Result<Vec<String>, Error> {
    let mut inodes = Vec::new();
    for link in fs::read_dir("/proc/self/ns")? {
        let target = fs::read_link(link?.path())?;
        let target = target.to_string_lossy();
        let inode = target.split(['[', ']']).nth(1).unwrap_or_default();
        inodes.push(inode.to_owned());
    }
    Ok(inodes)
}

/// The line `processes` of /proc/stat (proc_stat(5)): forks since boot.
fn forks_since_boot() -> Result<u64, Error> {
    let stat = fs::read_to_string("/proc/stat")?;
    let forks = stat
        .lines()
        .find_map(|line| line.strip_prefix("processes "));
    forks
        .and_then(|forks| forks.trim().parse().ok())
        .ok_or_else(|| Error::other("/proc/stat does not count forks"))
}
