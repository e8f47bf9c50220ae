//! The files that are made from the program are what the program makes today: completions, man
//! pages, and the usage in README.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REGENERATE: &str = "NSINSPECT_REGENERATE=1 cargo test --test suite generated::";

#[test]
fn completions_are_what_the_binary_generates() {
    for (shell, file) in [
        ("bash", "completions/nsinspect.bash"),
        ("zsh", "completions/_nsinspect"),
        ("fish", "completions/nsinspect.fish"),
    ] {
        check(&repository().join(file), &run(&["completions", shell]));
    }
}

#[test]
fn man_pages_are_what_the_binary_generates_and_no_page_is_left_over() {
    let fresh = tempfile::tempdir().unwrap();
    run(&["man", "--dir", fresh.path().to_str().unwrap()]);
    let committed = repository().join("man");
    for name in names_in(fresh.path()) {
        let page = fs::read_to_string(fresh.path().join(&name)).unwrap();
        check(&committed.join(&name), &page);
    }
    assert_eq!(
        names_in(&committed),
        names_in(fresh.path()),
        "run {REGENERATE}"
    );
}

#[test]
fn one_man_page_is_printed_by_the_name_of_its_command() {
    let page = fs::read_to_string(repository().join("man/nsinspect-diff.1")).unwrap();
    assert_eq!(run(&["man", "diff"]), page);
}

#[test]
fn the_usage_in_readme_is_the_help_of_the_binary() {
    const BEGIN: &str = "<!-- usage: made by nsinspect -h -->\n```text\n";
    const END: &str = "```\n<!-- end of usage -->";
    let path = repository().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("README.md has its usage");
    let (_, after) = rest.split_once(END).expect("the usage has an end");
    check(
        &path,
        &format!("{before}{BEGIN}{}{END}{after}", run(&["-h"])),
    );
}

/// Compares a committed file with what was generated, or writes it when asked to.
fn check(file: &Path, generated: &str) {
    if std::env::var_os("NSINSPECT_REGENERATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, generated).unwrap();
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == generated,
        "{} is not what the binary generates; run {REGENERATE}",
        file.display()
    );
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn names_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn run(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_nsinspect"))
        .env_clear()
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "nsinspect {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
