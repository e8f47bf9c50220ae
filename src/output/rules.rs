//! The pages about all rules, made from the rules themselves: nsinspect-rules(7), and docs/rules.md.

use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::text::explain::{needs, yields};
use crate::audit::rules;

const INTRODUCTION: &str = "The rules of `nsinspect audit`, in the order of their ids. Ids are never \
    reused and never change their meaning. `nsinspect explain ID` prints one of them. The severity is \
    the worst that a finding can have; a finding itself says how bad it is, and how far that is proven.";

/// nsinspect-rules(7).
pub fn man_page() -> String {
    let mut page = Roff::new();
    page.control("TH", ["nsinspect-rules", "7", "", "nsinspect"]);
    page.control("SH", ["NAME"]);
    page.text([roman(
        "nsinspect-rules - what the findings of nsinspect-audit(1) mean",
    )]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(INTRODUCTION.replace('`', ""))]);
    for rule in rules::by_id() {
        let title = format!("{} {}", rule.id, rule.title);
        page.control("SH", [title.as_str()]);
        page.text([roman(format!("At worst {}.", rule.worst.name()))]);
        page.control("PP", []);
        page.text([roman(rule.why)]);
        let mut paragraph = |name: &str, words: Vec<Inline>| {
            page.control("TP", []);
            page.text([bold(name)]);
            page.text(words);
        };
        paragraph("What to do", vec![roman(rule.remedy)]);
        for (runtime, remedy) in rule.remedies {
            paragraph(runtime, vec![roman(*remedy)]);
        }
        if !rule.references.is_empty() {
            paragraph("References", vec![roman(rule.references.join(", "))]);
        }
        paragraph("Reads", vec![roman(needs(rule))]);
        for sentence in yields(rule) {
            paragraph("Note", vec![roman(sentence)]);
        }
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([roman("nsinspect-audit(1), nsinspect-explain(1)")]);
    page.to_roff()
}

/// docs/rules.md.
#[cfg(test)]
fn markdown() -> String {
    use std::fmt::Write;
    let mut page = format!(
        "<!-- made by NSINSPECT_REGENERATE=1 cargo test --lib rules -->\n# Rules\n\n{INTRODUCTION}\n\n\
         | id | at worst | title |\n|---|---|---|\n"
    );
    let anchor = |id: &str| id.to_lowercase();
    for rule in rules::by_id() {
        let (id, worst, title) = (rule.id, rule.worst.name(), rule.title);
        writeln!(page, "| [{id}](#{}) | {worst} | {title} |", anchor(id)).unwrap();
    }
    for rule in rules::by_id() {
        let (id, worst, title) = (rule.id, rule.worst.name(), rule.title);
        write!(page, "\n## {id}\n\n**{title}**; at worst {worst}.\n\n").unwrap();
        write!(page, "{}\n\nWhat to do: {}.\n\n", rule.why, rule.remedy).unwrap();
        for (runtime, remedy) in rule.remedies {
            writeln!(page, "- {runtime}: {remedy}").unwrap();
        }
        if !rule.remedies.is_empty() {
            page.push('\n');
        }
        if !rule.references.is_empty() {
            write!(page, "References: {}.\n\n", rule.references.join(", ")).unwrap();
        }
        writeln!(page, "Reads: {}.", needs(rule)).unwrap();
        for sentence in yields(rule) {
            write!(page, "\nNote: {sentence}.\n").unwrap();
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_committed_page_of_rules_is_made_from_the_rules() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
        if std::env::var_os("NSINSPECT_REGENERATE").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, markdown()).unwrap();
        }
        assert!(
            fs::read_to_string(&file).unwrap_or_default() == markdown(),
            "docs/rules.md is not made from today's rules; run \
             NSINSPECT_REGENERATE=1 cargo test --lib rules"
        );
    }
}
