//! `can` as text.

use super::process;
use crate::analyse::power::can::Asked;
use crate::analyse::power::{Answer, Verdict, userns};
use crate::model::{CapabilitySet, Seen, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// The two answers, each with its reasons.
pub fn can(terminal: &Terminal, snapshot: &Snapshot, asked: &Asked) -> String {
    let who = snapshot
        .processes
        .get(asked.task)
        .map(|it| process(snapshot, it, terminal.width))
        .unwrap_or_default();
    let name = CapabilitySet::name_of(asked.capability);
    let user_ns = match &asked.user_ns {
        Seen::Known(inode) => userns::name(*inode),
        Seen::Unknown(why) => format!("a user namespace that is not known ({why})"),
    };
    let over = match asked.within {
        Some(key) if asked.user_ns.get() != Some(key.inode) => {
            format!("over {user_ns}, which governs {key}")
        }
        _ => format!("over {user_ns}"),
    };
    let mut text = format!("{}\n  {name} {over}\n\n", for_terminal(&who));
    let mut grid = Grid::new(Overflow::Wrap);
    for (when, answer) in [("now", &asked.now), ("after an exec", &asked.after_exec)] {
        add(&mut grid, when, answer);
    }
    text += &grid.render(terminal);
    text
}

/// The color of a verdict about what a process can do: "yes" is what hurts.
pub fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Yes => Tone::Bad,
        Verdict::Unknown => Tone::Doubtful,
        Verdict::No => Tone::Good,
    }
}

/// A line for each step, the verdict beside the first.
fn add(grid: &mut Grid, when: &str, answer: &Answer) {
    let mut first = [when.to_owned(), answer.verdict.name().to_owned()];
    for step in &answer.steps {
        let [when, verdict] = std::mem::take(&mut first);
        let says = match step.evidence.is_empty() {
            true => step.says.clone(),
            false => format!("{} [{}]", step.says, step.evidence),
        };
        grid.add(vec![
            item(&when, Tone::Strong),
            item(&verdict, tone(answer.verdict)),
            item(step.rule, Tone::Plain),
            item(&says, Tone::Plain),
        ]);
    }
}
