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
    for sentence in yields(rule) {
        line("note", &sentence);
    }
    grid.render(terminal)
}

/// What is read for it, in words.
pub fn needs(rule: &Rule) -> String {
    let needs: Vec<&str> = rule.needs.iter().map(|need| need.says()).collect();
    needs.join("; ")
}

/// Where other rules leave nothing to say for this one, in sentences.
pub fn yields(rule: &Rule) -> Vec<String> {
    let of = |how: How| {
        let ways = rule.gives_way.iter().filter(move |way| way.how == how);
        let ids: Vec<&str> = ways.map(|way| way.to.id).collect();
        (!ids.is_empty()).then(|| ids.join(" or "))
    };
    let dropped = of(How::Dropped).map(|ids| format!("not told where {ids} says it already"));
    let folded = of(How::Folded).map(|ids| {
        format!("follows from {ids}: where that is proven, the short text of audit only names it")
    });
    dropped.into_iter().chain(folded).collect()
}
