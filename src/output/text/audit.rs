//! `audit` as text: worst first; what, why it is real, what to do.

use std::collections::HashMap;

use super::process;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::{Audit, Audited};
use crate::model::{Place, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// All subjects with their findings, and a line that counts them.
pub fn audit(terminal: &Terminal, snapshot: &Snapshot, audit: &Audit<'_>, verbose: bool) -> String {
    let layout = Layout {
        terminal,
        snapshot,
        verbose,
    };
    let mut blocks: Vec<String> = groups(&audit.audited)
        .iter()
        .map(|group| layout.group(group))
        .collect();
    blocks.push(layout.summary(audit));
    blocks.join("\n")
}

/// Subjects of one container together, in the order in which the first of each stands.
fn groups<'g, 'a>(audited: &'g [Audited<'a>]) -> Vec<Vec<&'g Audited<'a>>> {
    let mut index: HashMap<Key, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Audited<'_>>> = Vec::new();
    for subject in audited {
        let at = *index.entry(key(subject)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(subject),
            None => groups.push(vec![subject]),
        }
    }
    groups
}

/// The place, and the container by its runtime and id.
type Key = (Place, Option<(String, String)>);

fn key(subject: &Audited<'_>) -> Key {
    let container = subject.container.as_ref().map(|it| &it.container);
    let container = container.map(|it| (it.runtime.clone(), it.id.clone()));
    (Place::of(subject.process), container)
}

struct Layout<'a> {
    terminal: &'a Terminal,
    snapshot: &'a Snapshot,
    verbose: bool,
}

impl Layout<'_> {
    /// The first of a container with all that is found; of the others what is not said yet.
    fn group(&self, group: &[&Audited<'_>]) -> String {
        let mut text = String::new();
        let mut said: Vec<&Finding> = Vec::new();
        let mut nothing_more = 0;
        for subject in group {
            let is_first = said.is_empty() && text.is_empty();
            let is_news = |finding: &&Finding| !said.iter().any(|it| covers(it, finding));
            let news: Vec<&Finding> = subject.findings.iter().filter(is_news).collect();
            let is_worth_it = news.iter().any(|finding| self.is_shown(finding));
            if is_first || self.verbose && !news.is_empty() || is_worth_it {
                text += &self.subject(subject, &news);
                said.extend(news);
            } else {
                nothing_more += subject.alike;
            }
        }
        text + &match nothing_more {
            0 => String::new(),
            1 => "  1 other process in there: nothing more\n".to_owned(),
            more => format!("  {more} other processes in there: nothing more\n"),
        }
    }

    fn subject(&self, subject: &Audited<'_>, findings: &[&Finding]) -> String {
        let mut text = process(self.snapshot, subject.process, self.terminal.width);
        text += &match subject.alike {
            1 => String::new(),
            2 => ", and one like it".to_owned(),
            more => format!(", and {} like it", more - 1),
        };
        text.push('\n');
        if let Some(note) = &subject.note {
            text += &self.lines(&[("note", note)]);
        }
        let mut consequences: Vec<&str> = findings
            .iter()
            .filter(|finding| self.is_folded(finding))
            .map(|finding| finding.rule.id)
            .collect();
        consequences.sort_unstable();
        let shown: Vec<&&Finding> = findings.iter().filter(|it| self.is_shown(it)).collect();
        for finding in &shown {
            text += &self.finding(subject, finding);
        }
        if !consequences.is_empty() {
            let ids = consequences.join(", ");
            text += &self.lines(&[("also", &format!("{ids}, which follow from it (-v)"))]);
        }
        if shown.is_empty() {
            text += match subject.findings.iter().any(Finding::is_live) {
                true => "  nothing above severity info\n",
                false => "  nothing found\n",
            };
        }
        text
    }

    fn is_shown(&self, finding: &Finding) -> bool {
        self.verbose || finding.is_shown()
    }

    fn is_folded(&self, finding: &Finding) -> bool {
        !self.verbose && finding.folded_into.is_some()
    }

    fn finding(&self, subject: &Audited<'_>, finding: &Finding) -> String {
        let tone = match (finding.verdict, finding.severity) {
            (Verdict::Unknown, _) => Tone::Doubtful,
            (_, Severity::Critical | Severity::High) => Tone::Bad,
            _ => Tone::Strong,
        };
        let mut grid = Grid::new(Overflow::Wrap);
        let severity = format!("  {:<8}", finding.severity.name().to_uppercase());
        let verdict = match finding.verdict {
            Verdict::Exploitable => String::new(),
            other => format!(" ({})", other.name()),
        };
        let title = format!("{}  {}{verdict}", finding.rule.id, finding.rule.title);
        grid.add(vec![item(&severity, tone), item(&title, Tone::Strong)]);
        // What is low need not be read before the rest is mended.
        if finding.severity <= Severity::Low && !self.verbose {
            return grid.render(self.terminal);
        }
        let mut line = |name: &str, words: &str| {
            let name = format!("  {name:<8}");
            grid.add(vec![item(&name, Tone::Plain), item(words, Tone::Plain)]);
        };
        line("why", &finding.why);
        for precondition in &finding.preconditions {
            let name = match finding.verdict {
                Verdict::Mitigated => "but",
                _ => "if",
            };
            line(name, precondition);
        }
        if !finding.evidence.is_empty() {
            line("seen", &self.evidence(subject, finding));
        }
        line("fix", finding.rule.remedy_for(subject.runtime()));
        if self.verbose && !finding.rule.references.is_empty() {
            line("see", &finding.rule.references.join(", "));
        }
        grid.render(self.terminal)
    }

    /// What it rests on; files of the subject itself without the number that stands above.
    fn evidence(&self, subject: &Audited<'_>, finding: &Finding) -> String {
        let own = format!("/proc/{}/", subject.process.task());
        let most = if self.verbose { usize::MAX } else { FACTS };
        let facts = finding.evidence.iter().take(most).map(|fact| {
            let source = fact.source.strip_prefix(&own).unwrap_or(&fact.source);
            format!("{} {}", for_terminal(source), for_terminal(&fact.value))
        });
        let mut facts: Vec<String> = facts.collect();
        if let Some(more @ 1..) = finding.evidence.len().checked_sub(most) {
            facts.push(format!("{more} more"));
        }
        facts.join("; ")
    }

    /// Lines below a subject that are no finding.
    fn lines(&self, lines: &[(&str, &str)]) -> String {
        let mut grid = Grid::new(Overflow::Wrap);
        for (name, words) in lines {
            let name = format!("  {name:<8}");
            grid.add(vec![item(&name, Tone::Plain), item(words, Tone::Plain)]);
        }
        grid.render(self.terminal)
    }

    fn summary(&self, audit: &Audit<'_>) -> String {
        let all = || audit.audited.iter().flat_map(|it| &it.findings);
        let live = |severity: Severity| {
            all()
                .filter(|it| it.is_live() && it.severity == severity)
                .count()
        };
        let counts: Vec<String> = Severity::ALL
            .into_iter()
            .map(|severity| (live(severity), severity.name()))
            .chain([Verdict::Mitigated, Verdict::SharedOnly].map(|verdict| {
                let count = all().filter(|it| it.verdict == verdict).count();
                (count, verdict.name())
            }))
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        let found = match counts.is_empty() {
            true => "nothing found".to_owned(),
            false => counts.join(", "),
        };
        let subjects = match audit.audited.len() {
            0 => "no container or sandbox was found".to_owned(),
            1 => "1 subject".to_owned(),
            several => format!("{several} subjects"),
        };
        let mut text = format!("{subjects}: {found}\n");
        let is_hidden = |it: &Finding| !it.is_live() || it.severity == Severity::Info;
        if !self.verbose && all().any(is_hidden) {
            text += "what is info, mitigated or shared-only is not shown: -v shows it\n";
        }
        if audit.unsuspicious > 0 {
            text += &format!(
                "{} processes of the host itself show no sign of an escape\n",
                audit.unsuspicious
            );
        }
        text
    }
}

/// So many facts are shown of a finding, unless more is asked for.
const FACTS: usize = 4;

/// Whether one finding says all that another does.
fn covers(one: &Finding, other: &Finding) -> bool {
    let weight = |it: &Finding| (it.is_live(), it.severity, it.verdict);
    one.rule.id == other.rule.id && weight(one) >= weight(other)
}
