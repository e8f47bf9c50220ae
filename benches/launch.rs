//! Time to launch and to enter: `nsinspect run` beside unshare(1) and `nsinspect enter` beside
//! nsenter(1) with the same words, in turn, in one run on one machine.
//!
//! `cargo bench --bench launch -- --help`; see `benches/README.md`.

use std::fs;
use std::io::Error;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Parser;

/// nsinspect run beside unshare, nsinspect enter beside nsenter.
#[derive(Parser)]
struct Args {
    /// How often each is started, in turn with the other.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

const NSINSPECT: &str = env!("CARGO_BIN_EXE_nsinspect");

/// Words that mean the same to `run` and to unshare(1).
const LAUNCHES: [(&str, &str); 7] = [
    ("-u", "-u"),
    ("-r", "-r"),
    ("-f", "-f"),
    ("-m", "-m"),
    ("-n --no-lo", "-n"),
    ("-fp --mount-proc", "-fp --mount-proc"),
    ("--all --no-lo", "-muinpUCT -rf --mount-proc"),
];

/// Words that mean the same to `enter` and to nsenter(1).
const ENTRIES: [&str; 7] = ["-u", "-m", "-n", "-p", "-U", "-m -p", "-a"];

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        // `cargo test --all-targets` runs benchmarks too, and wants no measurement.
        println!("nothing is measured but by `cargo bench --bench launch`");
        return ExitCode::SUCCESS;
    }
    match measure(args.rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("launch: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(rounds: u32) -> Result<(), Error> {
    println!("{rounds} rounds, ms from fork to exit of `true` inside\n");
    println!("words                    nsinspect  util-linux  ratio of minima  of medians");
    for (ours, theirs) in LAUNCHES {
        let ours = [&["run"], words(ours).as_slice()].concat();
        compare(rounds, &ours, "unshare", &words(theirs))?;
    }
    let target = Target::start()?;
    for entry in ENTRIES {
        let entry = [&["-t", &target.number], words(entry).as_slice()].concat();
        compare(rounds, &[&["enter"], &*entry].concat(), "nsenter", &entry)?;
    }
    Ok(())
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn compare(rounds: u32, ours: &[&str], other: &str, theirs: &[&str]) -> Result<(), Error> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        times[0].push(time(NSINSPECT, ours)?);
        times[1].push(time(other, theirs)?);
    }
    let [[our_min, our_median], [their_min, their_median]] = times.map(|mut times| {
        times.sort_unstable();
        [times[0], times[times.len() / 2]].map(|time| time.as_secs_f64() * 1000.0)
    });
    println!(
        "{:24} {our_min:9.3} {their_min:11.3} {:16.2} {:11.2}",
        ours.join(" "),
        our_min / their_min,
        our_median / their_median,
    );
    Ok(())
}

fn time(program: &str, words: &[&str]) -> Result<Duration, Error> {
    let mut command = Command::new(program);
    command.args(words).arg("/bin/true").stdin(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let time = start.elapsed();
    match status.success() {
        true => Ok(time),
        false => Err(Error::other(format!("{program} {words:?}: {status}"))),
    }
}

/// A process in namespaces of its own. It reads from a pipe that only we hold, and ends with us.
struct Target {
    number: String,
    launcher: Child,
}

impl Target {
    fn start() -> Result<Target, Error> {
        let launcher = Command::new("unshare")
            .args(["-muinpUCT", "-rf", "--mount-proc", "cat"])
            .stdin(Stdio::piped())
            .spawn()?;
        let number = launcher.id();
        let mut target = Target {
            number: String::new(),
            launcher,
        };
        let started = Instant::now();
        while target.number.is_empty() {
            if started.elapsed() > Duration::from_secs(10) {
                return Err(Error::other("there is no process to enter"));
            }
            sleep(Duration::from_millis(10));
            let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"))?;
            let child = children.trim();
            let name = fs::read_to_string(format!("/proc/{child}/comm"));
            if name.is_ok_and(|name| name == "cat\n") {
                target.number = child.to_owned();
            }
        }
        Ok(target)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.launcher.stdin.take());
        let _ = self.launcher.wait();
    }
}
