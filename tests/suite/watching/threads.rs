//! Threads go their own ways: what one does is told while the first thread of its process sleeps.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::pause;
use serde_json::{Value, json};

use super::watch::{Watch, born_as, is_about, is_of};
use crate::support::facts::{find, inode, own_pid, try_inode};
use crate::support::forked::{exit_this_thread, own_tid};
use crate::support::process::wait_until;
use crate::support::telling::{Telling, telling_and_then};

const OFTEN: &str = "0.1";
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that does one thing after another when told to.
pub struct Crew {
    process: Telling,
    orders: PipeWriter,
}

/// What the process waits for before it goes on.
pub struct Orders(PipeReader);

impl Orders {
    pub fn wait(&mut self) {
        let _ = self.0.read_exact(&mut [0]);
    }
}

impl Crew {
    /// A process that tells numbers of its threads, and what its first thread does then.
    fn start(threads: impl FnOnce(Orders) -> Vec<u64>, then: impl FnOnce()) -> Crew {
        let (reader, orders) = pipe().unwrap();
        let process = telling_and_then(|| threads(Orders(reader)), then);
        Crew { process, orders }
    }

    /// A process with a second thread that does this work while the first one sleeps.
    pub fn with_thread(work: impl FnOnce(&mut Orders) + Send + 'static) -> Crew {
        let threads = |mut orders| vec![thread(move || work(&mut orders))];
        Crew::start(threads, || ())
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// The number of a thread that was told.
    pub fn tid(&self, index: usize) -> i32 {
        i32::try_from(self.process.told[index]).unwrap()
    }

    fn step(&mut self) {
        self.orders.write_all(b"g").unwrap();
    }
}

/// Starts a thread of the calling process and returns its number.
fn thread(work: impl FnOnce() + Send + 'static) -> u64 {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(own_tid().unsigned_abs().into());
        work();
    });
    told.recv().expect("the thread tells")
}

fn leave_for_a_new_uts_namespace() {
    unshare(CloneFlags::CLONE_NEWUTS).expect("root may");
}

fn sleep_for_ever() {
    loop {
        pause();
    }
}

fn is_of_thread(event: &Value, tid: i32) -> bool {
    event["event"] == "thread_moved" && event["tid"] == tid
}

#[test]
fn a_thread_that_unshares_and_then_joins_is_told_while_the_first_sleeps() {
    needs_root!();
    let home = inode(own_pid(), "uts");
    let back = File::open("/proc/self/ns/uts").unwrap();
    let mut crew = Crew::with_thread(move |orders| {
        orders.wait();
        leave_for_a_new_uts_namespace();
        orders.wait();
        setns(&back, CloneFlags::CLONE_NEWUTS).expect("root may");
        sleep_for_ever();
    });
    let (pid, tid) = (crew.pid(), crew.tid(0));
    let mut watch = Watch::start(&["list", "--watch", OFTEN]);

    crew.step();
    let events = watch.events_until(|event| is_of_thread(event, tid));
    let own = inode(tid, "uts");
    let born = born_as(&events, own).clone();
    assert_eq!((&born["nprocs"], &born["pid"]), (&json!(0), &json!(null)));
    let holder = find(&born["holders"], "by", "thread");
    assert_eq!((&holder["pid"], &holder["tid"]), (&json!(pid), &json!(tid)));
    let moved = events.last().unwrap();
    let moves = json!([{"link": "uts", "from": home, "to": own}]);
    assert_eq!(
        (&moved["process"]["pid"], &moved["moves"]),
        (&json!(pid), &moves)
    );
    let has_stayed = |events: &[Value]| !events.iter().any(|it| is_of(it, "process_moved", pid));
    assert!(has_stayed(&events), "the process itself did not move");

    crew.step();
    let events = watch.events_until(|event| is_about(event, "namespace_gone", &born));
    let moved = events.iter().find(|it| is_of_thread(it, tid)).unwrap();
    assert_eq!(
        moved["moves"],
        json!([{"link": "uts", "from": own, "to": home}])
    );
    assert!(has_stayed(&events));
}

#[test]
fn a_namespace_that_only_a_thread_holds_goes_with_the_thread() {
    needs_root!();
    let mut crew = Crew::with_thread(|orders| {
        orders.wait();
        leave_for_a_new_uts_namespace();
        orders.wait();
    });
    let tid = crew.tid(0);
    let mut watch = Watch::start(&["list", "--watch", OFTEN, "-t", "uts"]);
    crew.step();
    let events = watch.events_until(|event| is_of_thread(event, tid));
    let born = born_as(&events, inode(tid, "uts")).clone();
    crew.step();
    let events = watch.events_until(|event| is_about(event, "namespace_gone", &born));
    let has_moved = events.iter().any(|event| is_of_thread(event, tid));
    assert!(!has_moved, "it is not elsewhere, it is no more");
}

#[test]
fn of_a_process_whose_first_thread_has_ended_the_others_are_watched() {
    needs_root!();
    let threads = |mut orders: Orders| {
        let standing_for_the_process = thread(sleep_for_ever);
        let other = thread(move || {
            orders.wait();
            leave_for_a_new_uts_namespace();
            sleep_for_ever();
        });
        vec![standing_for_the_process, other]
    };
    let mut crew = Crew::start(threads, exit_this_thread);
    let (pid, tid) = (crew.pid(), crew.tid(1));
    let is_dead = || try_inode(pid, "mnt").is_none();
    wait_until(PATIENCE, "the first thread to end", is_dead).unwrap();
    let mut watch = Watch::start(&["tree", "--watch", OFTEN]);
    crew.step();
    let moved = watch.event(|event| is_of_thread(event, tid));
    assert_eq!(moved["process"]["pid"], pid);
    assert_eq!(moved["moves"][0]["to"], inode(tid, "uts"));
}

#[test]
fn the_thread_that_stands_for_a_process_without_its_first_moves_the_process() {
    needs_root!();
    let threads = |mut orders: Orders| {
        vec![thread(move || {
            orders.wait();
            leave_for_a_new_uts_namespace();
            sleep_for_ever();
        })]
    };
    let mut crew = Crew::start(threads, exit_this_thread);
    let (pid, tid) = (crew.pid(), crew.tid(0));
    let is_dead = || try_inode(pid, "mnt").is_none();
    wait_until(PATIENCE, "the first thread to end", is_dead).unwrap();
    let mut watch = Watch::start(&["list", "--watch", OFTEN]);
    crew.step();
    let is_told = |event: &Value| is_of(event, "process_moved", pid) || is_of_thread(event, tid);
    let moved = watch.event(is_told);
    assert_eq!(
        (&moved["event"], &moved["tid"]),
        (&json!("process_moved"), &json!(null))
    );
    assert_eq!(moved["moves"][0]["to"], inode(tid, "uts"));
}

#[test]
fn a_process_that_becomes_one_of_several_threads_is_watched_in_all_of_them() {
    needs_root!();
    let (reader, mut orders) = pipe().unwrap();
    let child = telling_and_then(Vec::new, move || {
        let mut orders = Orders(reader);
        orders.wait();
        thread(move || {
            orders.wait();
            leave_for_a_new_uts_namespace();
            sleep_for_ever();
        });
    });
    let pid = child.pid();
    let mut watch = Watch::start(&["list", "--watch", OFTEN]);
    orders.write_all(b"g").unwrap();
    let threads = || std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    wait_until(PATIENCE, "a second thread", || threads().count() == 2).unwrap();
    // Looks that find all asleep come before the move.
    std::thread::sleep(Duration::from_millis(500));
    orders.write_all(b"g").unwrap();
    let moved =
        watch.event(|event| event["event"] == "thread_moved" && event["process"]["pid"] == pid);
    let tid = i32::try_from(moved["tid"].as_i64().unwrap()).unwrap();
    assert_ne!(tid, pid);
    assert_eq!(moved["moves"][0]["to"], inode(tid, "uts"));
}

#[test]
fn threads_are_watched_where_few_files_may_be_open_too() {
    needs_root!();
    let mut crew = Crew::with_thread(|orders| {
        orders.wait();
        leave_for_a_new_uts_namespace();
        sleep_for_ever();
    });
    let tid = crew.tid(0);
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_nsinspect");
    let script = format!("ulimit -n 64; exec {program} list --watch {OFTEN} --json");
    let mut watch = Watch::of(command.args(["-c", &script]));
    std::thread::sleep(Duration::from_millis(500));
    crew.step();
    let moved = watch.event(|event| is_of_thread(event, tid));
    assert_eq!(moved["moves"][0]["to"], inode(tid, "uts"));
}

#[test]
fn a_moved_thread_is_named_in_text_with_its_process() {
    needs_root!();
    let mut crew = Crew::with_thread(|orders| {
        orders.wait();
        leave_for_a_new_uts_namespace();
        sleep_for_ever();
    });
    let (pid, tid) = (crew.pid(), crew.tid(0));
    let home = inode(pid, "uts");
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nsinspect"));
    command
        .args(["list", "--watch", OFTEN, "-t", "uts"])
        .stdout(log.reopen().unwrap());
    let _watch = crate::support::process::Spawned::start(&mut command).unwrap();
    let text = || std::fs::read_to_string(log.path()).unwrap();
    wait_until(PATIENCE, "the first look", || {
        text().contains("Ctrl-C ends")
    })
    .unwrap();
    crew.step();
    let who = format!("{tid} (thread of {pid}) ");
    let is_told = || {
        text()
            .lines()
            .any(|line| line.contains(" moved ") && line.contains(&who))
    };
    wait_until(PATIENCE, "the move", is_told).unwrap();
    let text = text();
    let line = |word: &str| {
        let mut lines = text.lines().filter(|line| line.contains(&who));
        lines
            .find(|line| line.contains(word))
            .unwrap_or_else(|| panic!("{word} in {text}"))
    };
    let own = inode(tid, "uts");
    assert!(
        line(" born ").contains(&format!("uts {own}: {who}")),
        "{text}"
    );
    assert!(
        line(" moved ").ends_with(&format!(": uts {home} -> {own}")),
        "{text}"
    );
}

/// Threads that come and go while all are read: whoever is passed over at one look must be seen at
/// the next.
#[test]
fn a_thread_is_told_among_others_that_come_and_go_as_fast_as_they_can() {
    needs_root!();
    const LATEST: usize = 20;
    let mut crew = Crew::start(
        |mut orders| {
            thread(move || {
                orders.wait();
                // Made in the midst of it, asleep from then on but for this one call.
                for _ in 0..LATEST {
                    thread(|| {
                        leave_for_a_new_uts_namespace();
                        sleep_for_ever();
                    });
                    std::thread::sleep(Duration::from_millis(10));
                }
                sleep_for_ever();
            });
            for _ in 0..2 {
                thread(|| {
                    loop {
                        let _ = std::thread::spawn(|| ()).join();
                    }
                });
            }
            Vec::new()
        },
        || (),
    );
    let pid = crew.pid();
    let mut watch = Watch::start(&["list", "--watch", "0.01", "-t", "uts"]);
    crew.step();
    for _ in 0..LATEST {
        watch.event(|event| event["event"] == "thread_moved" && event["process"]["pid"] == pid);
    }
}
