//! nsinspect beside lsns and ps, in one run on one machine: time and memory while thousands of
//! processes sleep, and failures while processes come and go as fast as they can.
//!
//! `cargo bench --bench side_by_side -- --help`; see `benches/README.md`.

mod compare;
mod crowd;
mod floor;
mod hyperfine;
mod storm;
mod tool;
mod watched;

use std::io::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crowd::{Crew, Crowd};
use tool::Tool;

/// nsinspect beside lsns and ps.
#[derive(Parser)]
struct Args {
    /// Processes that sleep while the tools run.
    #[arg(long, default_value_t = 5000)]
    processes: usize,
    /// How often each tool has its turn: a run for its memory, and three by hyperfine.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long processes fork and exit around the tools.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=60))]
    storm_seconds: u64,
    /// How long the machine is watched, with a look each second.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=60))]
    watch_seconds: u64,
    /// Threads of a process beside which the machine is watched once more.
    #[arg(long, default_value_t = 500)]
    threads: usize,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        // `cargo test --all-targets` runs benchmarks too, and wants no measurement.
        println!("nothing is measured but by `cargo bench --bench side_by_side`");
        return ExitCode::SUCCESS;
    }
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("side_by_side: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<(), Error> {
    let nsinspect = env!("CARGO_BIN_EXE_nsinspect");
    let lsns = Tool::new("lsns", &["-n"]);
    let hyperfine = hyperfine::version()?;
    let crowd = Crowd::gather(args.processes)?;
    let one = crowd.somebody().to_string();
    let tools = [
        Tool::new(nsinspect, &["list"]),
        Tool::new(nsinspect, &["list", "--json"]),
        Tool::new(nsinspect, &["list", "--json", "--threads", "1"]),
        Tool::new(nsinspect, &["tree"]),
        // A question about one process, beside all the others.
        Tool::new(nsinspect, &["diff", &one]),
        lsns.clone(),
        Tool::new("ps", &["-e"]),
        // What a program costs that does nothing: below this no time and no memory can be.
        Tool::new("true", &[]),
    ];
    println!("{hyperfine}");
    compare::compare(&tools, &lsns, args.rounds)?;
    if args.watch_seconds > 0 {
        let time = Duration::from_secs(args.watch_seconds);
        watched::measure(nsinspect, time)?;
        println!("beside a process of {} threads", args.threads);
        let _crew = Crew::gather(args.threads)?;
        watched::measure(nsinspect, time)?;
    }
    drop(crowd);

    if args.storm_seconds > 0 {
        let length = Duration::from_secs(args.storm_seconds);
        storm::compare(&[&tools[0], &tools[1], &lsns], length)?;
    }
    Ok(())
}
