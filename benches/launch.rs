//! Time to launch: `nsinspect run` beside unshare(1) with the same words, in turn, in one run on one
//! machine.
//!
//! `cargo bench --bench launch -- --help`; see `benches/README.md`.

use std::io::Error;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;

/// nsinspect run beside unshare.
#[derive(Parser)]
struct Args {
    /// How often each launches, in turn with the other.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Words that mean the same to both.
const LAUNCHES: [(&[&str], &[&str]); 7] = [
    (&["-u"], &["-u"]),
    (&["-r"], &["-r"]),
    (&["-f"], &["-f"]),
    (&["-m"], &["-m"]),
    (&["-n", "--no-lo"], &["-n"]),
    (&["-fp", "--mount-proc"], &["-fp", "--mount-proc"]),
    (&["--all", "--no-lo"], &["-muinpUCT", "-rf", "--mount-proc"]),
];

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
    println!("words                    nsinspect  unshare  ratio of minima  of medians");
    for (ours, theirs) in LAUNCHES {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            times[0].push(time(
                env!("CARGO_BIN_EXE_nsinspect"),
                &[&["run"], ours].concat(),
            )?);
            times[1].push(time("unshare", theirs)?);
        }
        let [ours_min, theirs_min] = times.each_mut().map(|times| {
            times.sort_unstable();
            milliseconds(times[0])
        });
        let [ours_median, theirs_median] = times.map(|times| milliseconds(times[times.len() / 2]));
        println!(
            "{:24} {ours_min:9.3} {theirs_min:8.3} {:16.2} {:11.2}",
            ours.join(" "),
            ours_min / theirs_min,
            ours_median / theirs_median,
        );
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
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
