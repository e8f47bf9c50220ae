//! A running watch, of which a test reads the documents.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::process::{Spawned, wait_until};
use crate::support::run::{as_nobody, program_for_everyone};

const PATIENCE: Duration = Duration::from_secs(30);

/// A watch that prints JSON, killed with the test.
pub struct Watch {
    process: Spawned,
    documents: Receiver<String>,
    events: VecDeque<Value>,
}

impl Watch {
    /// Starts it and waits for its first look.
    pub fn start(args: &[&str]) -> Watch {
        Watch::of(Command::new(env!("CARGO_BIN_EXE_nsinspect")).args(args))
    }

    pub fn start_as_nobody(args: &[&str]) -> Watch {
        Watch::of(as_nobody(Command::new(program_for_everyone()).args(args)))
    }

    /// Any command that ends in such a watch.
    pub fn of(command: &mut Command) -> Watch {
        command
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = Spawned::start(command).unwrap();
        let stdout = process.child().stdout.take().unwrap();
        let (sender, documents) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut watch = Watch {
            process,
            documents,
            events: VecDeque::new(),
        };
        let first = watch.document();
        assert_eq!(
            (&first["look"], &first["events"]),
            (&1.into(), &Value::Array(vec![]))
        );
        watch
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// The next document, each of which has a line of its own.
    pub fn document(&mut self) -> Value {
        let line = self
            .documents
            .recv_timeout(PATIENCE)
            .expect("a document in time");
        let document: Value = serde_json::from_str(&line).expect("a whole document in a line");
        assert_eq!(document["schema"], "nsinspect.watch/1");
        document
    }

    /// The next event that is wanted; those before it are lost.
    pub fn event(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            while let Some(event) = self.events.pop_front() {
                if wanted(&event) {
                    return event;
                }
            }
            let document = self.document();
            self.events
                .extend(document["events"].as_array().unwrap().iter().cloned());
        }
        panic!("the event did not come");
    }

    /// All events up to the one that is wanted, this included.
    pub fn events_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let event = self.event(|_| true);
            all.push(event.clone());
            if wanted(&event) {
                return all;
            }
        }
    }

    /// Writes a line to the command, the standard input of which has to be a pipe.
    pub fn tell(&mut self, line: &str) {
        self.process.tell(line);
    }

    pub fn interrupt(&self) {
        kill(Pid::from_raw(self.pid()), Signal::SIGINT).unwrap();
    }

    /// Waits for its end; the exit code.
    pub fn end(&mut self) -> Option<i32> {
        self.process.wait_ended(PATIENCE).unwrap();
        self.process.ended().unwrap().code()
    }
}

/// A process that does one thing after another when told to, and remains the same process.
pub struct Puppet(Spawned);

impl Puppet {
    /// Starts a shell which replaces itself by each of the commands in turn, at a word each.
    pub fn start(steps: &[&str], prepare: impl FnOnce(&mut Command)) -> Puppet {
        let last = "read go; exec true".to_owned();
        let script = steps.iter().rev().fold(last, |then, step| {
            let then = then.replace('\'', "'\\''");
            format!("read go; exec {step} sh -c '{then}'")
        });
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdin(Stdio::piped());
        prepare(&mut command);
        Puppet(Spawned::start(&mut command).unwrap())
    }

    pub fn pid(&self) -> i32 {
        self.0.pid()
    }

    /// Has it do its next step.
    pub fn step(&mut self) {
        self.0.tell("go");
    }

    /// Has it do its last step, and waits for its end.
    pub fn finish(&mut self) {
        self.step();
        wait_until(PATIENCE, "the puppet to end", || self.0.ended().is_some()).unwrap();
    }
}

/// Whether an event is of this name and about this process.
pub fn is_of(event: &Value, name: &str, pid: i32) -> bool {
    event["event"] == name && event["process"]["pid"] == pid
}

/// The namespace that has this inode now, as its birth tells it: the last that was born with it, since
/// other tests have namespaces too, and an inode is used again at once.
pub fn born_as(events: &[Value], inode: u64) -> &Value {
    let is_born =
        |event: &&Value| event["event"] == "namespace_born" && event["namespace"]["ns"] == inode;
    let born = events.iter().rfind(is_born);
    &born.expect("the birth is told before the move")["namespace"]
}

/// Whether an event is of this name and about this namespace, and no other of that inode.
pub fn is_about(event: &Value, name: &str, namespace: &Value) -> bool {
    let is_same = |field: &str| event["namespace"][field] == namespace[field];
    event["event"] == name && ["ns", "ns_id"].iter().all(|field| is_same(field))
}
