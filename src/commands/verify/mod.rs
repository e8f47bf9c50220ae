//! `nsinspect verify`: whether claims hold.

mod frozen;
pub mod launched;
mod plan;
mod progress;
mod subject;

use std::collections::BTreeSet;

use super::source::Source;
use crate::audit::subjects;
use crate::cli::{Format, Global, VerifyArgs};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::{Pid, Process, Snapshot};
use crate::output;
use crate::output::text::verify as text;
use crate::output::wire::verify::VerifyBody;
use crate::output::wire::{Document, DocumentName};
use crate::verify::claim::AnyClaim;
use crate::verify::claims;
use crate::verify::report::{Report, Verified};
use crate::verify::sources::profiles;
use crate::verify::verdict::Verdict;
use plan::{Entry, plan};
use progress::Progress;
use subject::Subject;

pub fn run(global: &Global, args: &VerifyArgs) -> Result<Exit, Error> {
    if let Some(name) = &args.show_profile {
        return show_profile(name.as_deref());
    }
    if args.explain && args.claims_nothing() {
        output::print(&claims::overview())?;
        return Ok(Exit::Yes);
    }
    let source = Source::open(global)?;
    let entries = plan(global, args, &source)?;
    let mut snapshot = look_around(global, &source, &entries)?;
    let subjects = subject::resolve(global, &source, &mut snapshot, entries)?;
    if args.explain {
        output::print(&explanation(&subjects))?;
        return Ok(Exit::Yes);
    }
    let untried = match args.static_only {
        true => Some("an experiment was not allowed"),
        false => source.untried(),
    };
    if untried.is_none() {
        frozen::tell_of(&source, &subjects);
    }
    let report = prove(&source, &mut snapshot, &subjects, untried);
    source.name_users(&mut snapshot);
    answer(global, &snapshot, &report)?;
    let exit = match report.verdict() {
        Verdict::Holds => Exit::Yes,
        Verdict::Fails => Exit::No,
        Verdict::Undecided => Exit::Unanswered,
    };
    Ok(super::conclude(global, &snapshot, exit))
}

fn show_profile(name: Option<&str>) -> Result<Exit, Error> {
    let text = match name {
        Some(name) => plan::profile(name)?.text.to_owned(),
        None => profiles::ALL
            .iter()
            .map(|profile| format!("{}\n", profile.name))
            .collect(),
    };
    output::print(&text)?;
    Ok(Exit::Yes)
}

/// All that claims of any kind are judged by: of the whole machine, unless they are about processes
/// that were named by their numbers.
fn look_around(global: &Global, source: &Source, entries: &[Entry]) -> Result<Snapshot, Error> {
    let alone = entries
        .iter()
        .map(|entry| entry.one_process(source, global));
    let alone: Option<Vec<Pid>> = alone.collect();
    if let Some([first, ..]) = alone.as_deref() {
        let mut snapshot = source.read(*first)?;
        for stand_in in [Process::INIT, Process::KTHREADD] {
            source.add(&mut snapshot, stand_in);
        }
        source.look_at_settings(&mut snapshot);
        return Ok(snapshot);
    }
    let mut snapshot = source.scan(Depth::Status)?;
    if entries
        .iter()
        .flat_map(|entry| &entry.claims)
        .any(|claim| claim.needs().audit)
    {
        source.discover(&mut snapshot, global.reach(Reach::Fast));
        let roots = subjects::in_hosts_mounts(&snapshot);
        source.look_at_roots(&mut snapshot, &roots);
    }
    source.look_at_settings(&mut snapshot);
    let everybody: Vec<Pid> = snapshot.processes.tasks().collect();
    source.trace(&mut snapshot, &everybody);
    for stand_in in [Process::INIT, Process::KTHREADD] {
        source.deepen(&mut snapshot, &[stand_in], Depth::Everything);
    }
    Ok(snapshot)
}

/// How each claim would be tried.
fn explanation(subjects: &[Subject]) -> String {
    let mut text = String::new();
    for subject in subjects {
        let name = output::sanitize::for_terminal(&subject.name).into_owned();
        text += &format!("{name} (process {})\n", subject.task);
        for claim in &subject.claims {
            let words = format!("{claim}: {}", claim.explain());
            text += &format!("  {}\n", output::sanitize::for_terminal(&words));
        }
    }
    text
}

/// Judges every claim of every subject; where there is a reason to try nothing, by reading alone.
fn prove(
    source: &Source,
    snapshot: &mut Snapshot,
    subjects: &[Subject],
    untried: Option<&str>,
) -> Report {
    let total = subjects.iter().map(|subject| subject.claims.len()).sum();
    let mut progress = Progress::new(total);
    let mut targets: Vec<Verified> = Vec::new();
    let mut seen = BTreeSet::new();
    let all_read = subject::look(source, snapshot, subjects);
    for (subject, read) in subjects.iter().zip(&all_read) {
        // Twice the same claim of the same process proves nothing more.
        let is_new = |claim: &&AnyClaim| seen.insert((subject.task, format!("{claim:?}")));
        let claims: Vec<&AnyClaim> = subject.claims.iter().filter(is_new).collect();
        targets.push(subject::judge(
            snapshot,
            subject,
            &claims,
            read,
            &mut |claim| {
                progress.next(&format!("{}: {claim}", subject.name));
            },
            untried,
        ));
    }
    progress.end();
    Report { targets }
}

fn answer(global: &Global, snapshot: &Snapshot, report: &Report) -> Result<(), Error> {
    if global.format() == Format::Junit {
        return output::print(&output::junit::document(report));
    }
    let document = || Document::new(DocumentName::Verify, snapshot, VerifyBody::new(report));
    let text = || text::verify(&output::terminal(global), snapshot, report, global.verbose);
    output::answer(global.format(), document, text)
}
