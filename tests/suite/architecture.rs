//! The picture in ARCHITECTURE.md is that of the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Uses = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The table "Who may use whom".
fn told() -> Uses {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = page.split("## Who may use whom").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let words = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let part = words(cells[1]).into_iter().next().unwrap();
        (part, words(cells[2]))
    })
    .collect()
}

fn files(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false if path.extension().is_some_and(|it| it == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The parts that each part names, in code that is not for tests.
fn found() -> Uses {
    let src = root().join("src");
    let mut all = Vec::new();
    files(&src, &mut all);
    let mut uses = Uses::new();
    for path in all {
        let below = path.strip_prefix(&src).unwrap();
        let part = below.iter().next().unwrap().to_str().unwrap();
        let part = part.trim_end_matches(".rs").to_owned();
        let is_test = below
            .iter()
            .any(|it| it == "tests.rs" || it == "tests" || it == "testing");
        if part == "main" || part == "lib" || is_test {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let own = uses.entry(part.clone()).or_default();
        for line in lines {
            let named = line
                .match_indices("crate::")
                .map(|(at, it)| &line[at + it.len()..]);
            let named = named.map(|rest| {
                let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_');
                rest[..end.unwrap_or(rest.len())].to_owned()
            });
            own.extend(named.filter(|it| !it.is_empty() && *it != part));
        }
    }
    uses
}

#[test]
fn who_may_use_whom_is_what_the_code_does() {
    let (told, found) = (told(), found());
    let parts: BTreeSet<&String> = told.keys().collect();
    assert_eq!(parts, found.keys().collect());
    for (part, uses) in &found {
        let uses: BTreeSet<&String> = uses.iter().filter(|it| parts.contains(it)).collect();
        let may: BTreeSet<&String> = told[part].iter().collect();
        assert_eq!(uses, may, "{part}");
    }
}

#[test]
fn nothing_uses_the_commands() {
    for (part, uses) in found() {
        assert!(!uses.contains("commands"), "{part}");
    }
}
