//! All programs in turn, round after round, so that a busy moment of the machine hits all alike;
//! and the table of what came of it.

use std::cmp::Ordering;
use std::io::Error;

use crate::floor;
use crate::hyperfine;
use crate::tool::Tool;

/// The kernel counts the pages of a process on each CPU apart, and adds them up only now and then
/// (commit f1a7941243c1): one run may say a few hundred KiB more than the next.
const RUNS_FOR_MEMORY: usize = 3;

/// What was measured of a program, or of the floor, in all rounds.
#[derive(Default)]
struct Measured {
    name: String,
    /// Of each run, in seconds.
    times: Vec<f64>,
    /// The least of all rounds, in seconds.
    cpu: Option<f64>,
    /// The largest resident set of each run.
    peaks_kib: Vec<u64>,
}

/// Measures the programs and the floor, and prints them beside the yardstick's time and the least
/// time of the floor.
pub fn compare(tools: &[Tool], yardstick: &Tool, rounds: u32) -> Result<(), Error> {
    let mut programs: Vec<Measured> = tools.iter().map(|tool| named(tool.name())).collect();
    let mut floors = floor::THREADS.map(|threads| named(format!("floor, {threads} thread(s)")));
    let mut processes = 0;
    for _ in 0..rounds {
        for (tool, measured) in tools.iter().zip(&mut programs) {
            measured.add(tool)?;
        }
        for (threads, measured) in floor::THREADS.into_iter().zip(&mut floors) {
            let (count, time) = floor::read_links(threads)?;
            processes = count;
            measured.times.push(time.as_secs_f64());
        }
    }
    let runs = rounds * hyperfine::RUNS;
    println!("{processes} processes, {rounds} rounds, {runs} runs of each program");
    println!("times in ms, median of the largest resident sets in KiB\n");
    println!(
        "what                               min   median      CPU  lsns min / its  / floor  peak RSS"
    );
    let is_yardstick = |measured: &&Measured| measured.name == yardstick.name();
    let base = programs.iter().find(is_yardstick).map(Measured::min);
    let floor = floors.last().map(Measured::min);
    for measured in programs.iter().chain(&floors) {
        measured.print(base.unwrap_or_default(), floor.unwrap_or_default());
    }
    Ok(())
}

fn named(name: String) -> Measured {
    Measured {
        name,
        ..Measured::default()
    }
}

fn median<T: Copy>(values: &[T], order: impl Fn(&T, &T) -> Ordering) -> Option<T> {
    let mut values = values.to_vec();
    values.sort_unstable_by(order);
    values.get(values.len() / 2).copied()
}

impl Measured {
    /// One round: a few runs for its memory, and a few for the time.
    fn add(&mut self, tool: &Tool) -> Result<(), Error> {
        for _ in 0..RUNS_FOR_MEMORY {
            let run = tool.run()?;
            if let Some(complaint) = run.complaint() {
                return Err(Error::other(format!("{}: {complaint}", self.name)));
            }
            self.peaks_kib.push(run.usage.peak_rss_kib);
        }
        let timing = hyperfine::time(tool)?;
        self.cpu = Some(self.cpu.unwrap_or(f64::INFINITY).min(timing.cpu()));
        self.times.extend(timing.times);
        Ok(())
    }

    /// It says most on a machine that others use too.
    fn min(&self) -> f64 {
        self.times.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// One line of the table.
    fn print(&self, base: f64, floor: f64) {
        let (min, middle) = (self.min(), median(&self.times, f64::total_cmp));
        let cpu = self.cpu.map(|cpu| format!("{:.1}", cpu * 1000.0));
        let peak = median(&self.peaks_kib, Ord::cmp).map(|peak| peak.to_string());
        println!(
            "{:29} {:8.1} {:8.1} {:>8} {:15.1} {:8.2} {:>9}",
            self.name,
            min * 1000.0,
            middle.unwrap_or_default() * 1000.0,
            cpu.unwrap_or_default(),
            base / min,
            min / floor,
            peak.unwrap_or_default(),
        );
    }
}
