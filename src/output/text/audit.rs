//! `audit` as text: worst first; what, why it is real, what to do.

use super::process;
use crate::analyse::audit::Audited;
use crate::analyse::audit::finding::{Finding, Severity, Verdict};
use crate::model::Snapshot;
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// All subjects with their findings, and a line that counts them.
pub fn audit(
    terminal: &Terminal,
    snapshot: &Snapshot,
    audited: &[Audited<'_>],
    verbose: bool,
) -> String {
    let mut text = String::new();
    for subject in audited {
        text += &head(terminal, snapshot, subject);
        for finding in subject.findings.iter().filter(|it| verbose || it.is_live()) {
            text += &one(terminal, finding, subject.runtime());
        }
        text.push('\n');
    }
    text + &summary(audited)
}

fn head(terminal: &Terminal, snapshot: &Snapshot, subject: &Audited<'_>) -> String {
    let who = process(snapshot, subject.process, terminal.width);
    let others = match subject.alike {
        1 => String::new(),
        2 => ", and one like it".to_owned(),
        more => format!(", and {} like it", more - 1),
    };
    let nothing = match subject.findings.iter().any(Finding::is_live) {
        true => "",
        false => "\n  nothing found",
    };
    format!("{who}{others}{nothing}\n")
}

fn one(terminal: &Terminal, finding: &Finding, runtime: Option<&str>) -> String {
    let tone = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => Tone::Doubtful,
        (_, Severity::Critical | Severity::High) => Tone::Bad,
        _ => Tone::Strong,
    };
    let mut grid = Grid::new(Overflow::Wrap);
    let line = |name: &str, words: &str| {
        vec![
            item(&format!("  {name}"), Tone::Plain),
            item(words, Tone::Plain),
        ]
    };
    let severity = format!("  {:<8}", finding.severity.name().to_uppercase());
    let verdict = match finding.verdict {
        Verdict::Exploitable => String::new(),
        other => format!(" ({})", other.name()),
    };
    let title = format!("{}  {}{verdict}", finding.rule.id, finding.rule.title);
    grid.add(vec![item(&severity, tone), item(&title, Tone::Strong)]);
    grid.add(line("why", &finding.why));
    for precondition in &finding.preconditions {
        grid.add(line("if", precondition));
    }
    if !finding.evidence.is_empty() {
        let facts: Vec<String> = finding
            .evidence
            .iter()
            .map(|fact| format!("{}: {}", fact.source, for_terminal(&fact.value)))
            .collect();
        grid.add(line("seen", &facts.join("; ")));
    }
    grid.add(line("fix", finding.rule.remedy_for(runtime)));
    grid.render(terminal)
}

fn summary(audited: &[Audited<'_>]) -> String {
    let live = || {
        audited
            .iter()
            .flat_map(|it| &it.findings)
            .filter(|finding| finding.is_live())
    };
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .map(|severity| {
            (
                live().filter(|it| it.severity == severity).count(),
                severity,
            )
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {}", severity.name()))
        .collect();
    let found = match counts.is_empty() {
        true => "nothing found".to_owned(),
        false => counts.join(", "),
    };
    let subjects = match audited.len() {
        0 => "no container or sandbox was found".to_owned(),
        1 => "1 subject".to_owned(),
        several => format!("{several} subjects"),
    };
    format!("{subjects}: {found}\n")
}
