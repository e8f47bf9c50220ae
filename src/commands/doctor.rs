//! `nsinspect doctor`: what can be seen from here, and what that hides.

use super::source::Source;
use crate::analyse::doctor::examine;
use crate::cli::Global;
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::output;
use crate::output::text::doctor as text;
use crate::output::wire::doctor::{CheckRecord, Diagnosis};
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    // The stat of PID 2 says whether it is kthreadd.
    let mut snapshot = source.scan(Depth::Stat)?;
    source.discover(&mut snapshot, global.reach(Reach::Full));
    source.try_features(&mut snapshot);
    let checks = examine(&snapshot);
    let document = || {
        let checks = checks.iter().map(CheckRecord::from).collect();
        Document::new(DocumentName::Doctor, &snapshot, Diagnosis { checks })
    };
    let text = || text::doctor(&output::terminal(global), &checks);
    output::answer(global.format(), document, text)?;
    // The gaps are the answer here: they are not told once more on standard error.
    let complete = snapshot.coverage.is_complete();
    Ok(match global.strict && !complete {
        true => Exit::Unanswered,
        false => Exit::Yes,
    })
}
