//! Every option of unshare(1) and nsenter(1), as far as the installed ones have them.

use std::process::Command;

use crate::support::run::{nsinspect, run};
use crate::support::skip::has_program;

/// Words of a help text that are options by their shape: `-m,`, `--mount[=<file>]`.
fn options(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim_start);
    let words = lines.filter(|line| line.starts_with('-')).flat_map(|line| {
        let options = line
            .split([' ', ',', '.'])
            .take_while(|word| word.starts_with('-') || word.is_empty());
        options.map(str::to_owned).collect::<Vec<_>>()
    });
    let names = words.map(|word| word.split(['[', '=']).next().unwrap_or("").to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// All but these are ours too.
fn assert_superset(theirs: &str, ours: &str, but: &[&str]) {
    if !has_program(theirs) {
        skip!("{theirs} is not installed");
    }
    let help = run(Command::new(theirs).arg("--help")).expect(0).stdout;
    let their_options = options(&help);
    assert!(their_options.contains(&"--mount".to_owned()), "{help}");
    let help = nsinspect(&[ours, "--help"]).expect(0).stdout;
    let our_options = options(&help);
    let missing = their_options.iter().filter(|it| !our_options.contains(it));
    let missing: Vec<_> = missing.filter(|it| !but.contains(&it.as_str())).collect();
    assert!(
        missing.is_empty(),
        "{missing:?} of {theirs} are not among {our_options:?}"
    );
}

#[test]
fn run_has_all_of_unshare() {
    let hidden = "--forward-signals";
    assert_superset(
        "unshare",
        "run",
        &["-V", "--version", "-l", "--load-interp", hidden],
    );
}

#[test]
fn enter_has_all_of_nsenter() {
    assert_superset(
        "nsenter",
        "enter",
        &["-V", "--version", "-Z", "--follow-context"],
    );
}
