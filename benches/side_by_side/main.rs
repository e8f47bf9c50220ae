//! nsinspect beside lsns and ps, in one run on one machine: time and memory while thousands of
//! processes sleep, and failures while processes come and go as fast as they can.
//!
//! `cargo bench --bench side_by_side -- --help`; see `benches/README.md`.

mod crowd;
mod floor;
mod storm;
mod tool;
mod watched;

use std::io::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crowd::Crowd;
use tool::{Run, Tool};

/// nsinspect beside lsns and ps.
#[derive(Parser)]
struct Args {
    /// Processes that sleep while the tools run.
    #[arg(long, default_value_t = 5000)]
    processes: usize,
    /// How often each tool runs, in turn with the others.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long processes fork and exit around the tools.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=60))]
    storm_seconds: u64,
    /// How long the machine is watched, with a look each second.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=60))]
    watch_seconds: u64,
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
    compare(&tools, &lsns, args.rounds)?;
    if args.watch_seconds > 0 {
        watched::measure(nsinspect, Duration::from_secs(args.watch_seconds))?;
    }
    drop(crowd);

    if args.storm_seconds > 0 {
        let length = Duration::from_secs(args.storm_seconds);
        storm::compare(&[&tools[0], &tools[1], &lsns], length)?;
    }
    Ok(())
}

/// Runs everything in turn, so that a busy moment of the machine hits all alike.
fn compare(tools: &[Tool], yardstick: &Tool, rounds: u32) -> Result<(), Error> {
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); tools.len()];
    let mut floors: Vec<Vec<Duration>> = vec![Vec::new(); floor::THREADS.len()];
    let mut processes = 0;
    for _ in 0..rounds {
        for (tool, runs) in tools.iter().zip(&mut runs) {
            runs.push(tool.run()?);
        }
        for (threads, times) in floor::THREADS.into_iter().zip(&mut floors) {
            let (count, time) = floor::read_links(threads)?;
            processes = count;
            times.push(time);
        }
    }
    println!("{processes} processes, {rounds} rounds, times in ms, largest resident set in KiB\n");
    println!(
        "what                               min   median      CPU  lsns min / its  / floor  peak RSS"
    );
    let floor = floors.last().and_then(|times| times.iter().min().copied());
    let yardstick = tools
        .iter()
        .position(|tool| tool.name() == yardstick.name());
    let base = yardstick.map(|at| fastest(&runs[at]));
    for (tool, runs) in tools.iter().zip(&runs) {
        let times = runs.iter().map(|run| run.time).collect();
        row(&tool.name(), times, base, floor, Some(runs));
    }
    for (threads, times) in floor::THREADS.into_iter().zip(floors) {
        row(
            &format!("floor, {threads} thread(s)"),
            times,
            base,
            floor,
            None,
        );
    }
    for (tool, runs) in tools.iter().zip(&runs) {
        for complaint in runs.iter().filter_map(Run::complaint) {
            println!("FAILED: {}: {complaint}", tool.name());
        }
    }
    Ok(())
}

fn fastest(runs: &[Run]) -> Duration {
    runs.iter().map(|run| run.time).min().unwrap_or_default()
}

/// One line of the table; the minimum says most on a machine that others use too.
fn row(
    what: &str,
    mut times: Vec<Duration>,
    base: Option<Duration>,
    floor: Option<Duration>,
    runs: Option<&Vec<Run>>,
) {
    times.sort_unstable();
    let min = times.first().copied().unwrap_or_default();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let ratio = base.unwrap_or_default().as_secs_f64() / min.as_secs_f64();
    let above = min.as_secs_f64() / floor.unwrap_or_default().as_secs_f64();
    let usages = runs.into_iter().flatten().map(|run| run.usage);
    let peak = usages.clone().map(|usage| usage.peak_rss_kib).max();
    let cpu = usages.map(|usage| usage.cpu).min();
    let cpu = cpu.map_or_else(String::new, |cpu| format!("{:.1}", milliseconds(cpu)));
    let peak = peak.map_or_else(String::new, |peak| peak.to_string());
    println!(
        "{what:29} {:8.1} {:8.1} {cpu:>8} {ratio:15.1} {above:8.2} {peak:>9}",
        milliseconds(min),
        milliseconds(median),
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
