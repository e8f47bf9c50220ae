//! `verify` as text: what fails first, each claim with how it was found out.

use super::{container, process};
use crate::model::Snapshot;
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item, width};
use crate::verify::report::{Report, Verified};
use crate::verify::verdict::{Judged, Proof, Verdict};

/// The whole answer: a block for each target.
pub fn verify(terminal: &Terminal, snapshot: &Snapshot, report: &Report, verbose: bool) -> String {
    let mut text = String::new();
    for target in &report.targets {
        text += &format!("{}\n", for_terminal(&head(terminal, snapshot, target)));
        text += &claims(terminal, target, verbose);
        text.push('\n');
    }
    text += &summary(report);
    text
}

fn head(terminal: &Terminal, snapshot: &Snapshot, target: &Verified) -> String {
    let who = match snapshot.processes.get(target.task) {
        Some(found) => process(snapshot, found, terminal.width),
        None => match &target.container {
            Some(found) => format!("{} {}", target.task, container(found)),
            None => target.task.to_string(),
        },
    };
    match target.nprocs {
        1 => who,
        count => format!("{who}\n  and {} more in there", count - 1),
    }
}

fn claims(terminal: &Terminal, target: &Verified, verbose: bool) -> String {
    let mut grid = Grid::new(Overflow::Wrap);
    for verdict in Verdict::ALL {
        let with = target.judged.iter().filter(|it| it.verdict == verdict);
        for judged in with {
            let (word, tone) = match verdict {
                Verdict::Holds => ("holds", Tone::Good),
                Verdict::Fails => ("FAILS", Tone::Bad),
                Verdict::Undecided => ("undecided", Tone::Doubtful),
            };
            let claim = judged.claim.to_string();
            let how = how(judged);
            let mut add = |word: &str, claim: &str, how: &str| {
                let (claim, how) = (item(claim, Tone::Plain), item(how, Tone::Plain));
                grid.add(vec![item(word, tone), claim, how]);
            };
            // A long one would leave no room for the rest.
            match width(&claim) <= LONGEST_CLAIM {
                true => add(word, &claim, &how),
                false => {
                    add(word, "", &claim);
                    add("", "", &how);
                }
            }
            for fact in judged.evidence.iter().filter(|_| verbose) {
                add("", "", &format!("[{}: {}]", fact.source, fact.value));
            }
        }
    }
    grid.render(terminal)
}

/// A claim that is longer (columns) stands above how it was found out.
const LONGEST_CLAIM: usize = 26;

/// How it was found out.
fn how(judged: &Judged) -> String {
    match (judged.verdict, judged.proof, &judged.reason) {
        (Verdict::Undecided, _, Some(reason)) => reason.clone(),
        (_, Proof::Probed, _) => format!("tried: {}", judged.did),
        (_, Proof::Static, None) => format!("read: {}", judged.did),
        (_, Proof::Static, Some(reason)) => format!("read: {}; {reason}", judged.did),
    }
}

fn summary(report: &Report) -> String {
    let counts = report.counts();
    let counts: Vec<String> = Verdict::ALL
        .into_iter()
        .filter_map(|verdict| {
            let word = match (verdict, counts[&verdict]) {
                (_, 0) => return None,
                (Verdict::Fails, 1) => "fails",
                (Verdict::Fails, _) => "fail",
                (Verdict::Undecided, _) => "undecided",
                (Verdict::Holds, 1) => "holds",
                (Verdict::Holds, _) => "hold",
            };
            Some(format!("{} {word}", counts[&verdict]))
        })
        .collect();
    match counts.is_empty() {
        true => "nothing was claimed of anybody\n".to_owned(),
        false => format!("{}\n", counts.join(", ")),
    }
}
