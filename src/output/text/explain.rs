//! `explain` as text: what a rule is about, why it matters, what to do.

use crate::audit::rule::{How, Rule};
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// One line for each rule.
pub fn list(terminal: &Terminal, rules: &[&Rule]) -> String {
    let mut grid = Grid::with_head(Overflow::Wrap, &["ID", "AT WORST", "TITLE"]);
    for rule in rules {
        grid.add(vec![
            item(rule.id, Tone::Strong),
            item(rule.worst.name(), Tone::Plain),
            item(rule.title, Tone::Plain),
        ]);
    }
    grid.render(terminal)
}

/// Several, with a blank line between.
pub fn rules(terminal: &Terminal, rules: &[&Rule]) -> String {
    let all: Vec<String> = rules.iter().map(|it| rule(terminal, it)).collect();
    all.join("\n")
}

/// All of one rule.
pub fn rule(terminal: &Terminal, rule: &Rule) -> String {
    let mut grid = Grid::new(Overflow::Wrap);
    grid.add(vec![
        item(rule.id, Tone::Strong),
        item(rule.title, Tone::Strong),
    ]);
    let mut line = |name: &str, words: &str| {
        grid.add(vec![item(name, Tone::Plain), item(words, Tone::Plain)]);
    };
    line("at worst", rule.worst.name());
    line("why", rule.why);
    line("fix", rule.remedy);
    for (runtime, remedy) in rule.remedies {
        line(&format!("  {runtime}"), remedy);
    }
    if !rule.references.is_empty() {
        line("see", &rule.references.join(", "));
    }
    line("reads", &needs(rule));
    for way in rule.gives_way {
        line("unless", &yields(way.to, way.how));
    }
    grid.render(terminal)
}

/// What is read for it, in words.
pub fn needs(rule: &Rule) -> String {
    let needs: Vec<&str> = rule.needs.iter().map(|need| need.says()).collect();
    needs.join("; ")
}

/// That another rule leaves nothing to say for this one.
pub fn yields(to: &Rule, how: How) -> String {
    match how {
        How::Dropped => format!(
            "{} says it already: then it is no finding of its own",
            to.id
        ),
        How::Folded => format!(
            "{} is proven, from which it follows: then only -v shows it",
            to.id
        ),
    }
}
