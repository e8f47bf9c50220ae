//! The same words for nsinspect and for unshare(1).

use std::process::Command;

use crate::support::run::{Answer, as_nobody, program_for_everyone, run};

/// What a command line for `nsinspect run` answers.
pub fn launch(words: &[&str]) -> Answer {
    run(Command::new(program_for_everyone()).arg("run").args(words))
}

/// The same as an ordinary user.
pub fn launch_as_nobody(words: &[&str]) -> Answer {
    run(as_nobody(
        Command::new(program_for_everyone()).arg("run").args(words),
    ))
}

/// A shell script in which `$NSINSPECT` is the program: for what has to be so before it starts.
pub fn script(text: &str) -> Answer {
    run(&mut shell(text))
}

/// The same as an ordinary user.
pub fn script_as_nobody(text: &str) -> Answer {
    run(as_nobody(&mut shell(text)))
}

fn shell(text: &str) -> Command {
    let mut shell = Command::new("sh");
    let program = program_for_everyone();
    shell.args(["-c", &format!("set -e\nNSINSPECT={program}\n{text}")]);
    shell
}

/// What both answer to the same words, which must be the same but for what they say on standard
/// error.
pub fn both(words: &[&str]) -> Answer {
    let unshare = run(Command::new("unshare").args(words));
    equal(launch(words), &unshare)
}

/// The same as an ordinary user.
pub fn both_as_nobody(words: &[&str]) -> Answer {
    let unshare = run(as_nobody(Command::new("unshare").args(words)));
    equal(launch_as_nobody(words), &unshare)
}

fn equal(ours: Answer, theirs: &Answer) -> Answer {
    assert_eq!(ours.stdout, theirs.stdout, "{ours:?} and {theirs:?}");
    assert_eq!(ours.code, theirs.code, "{ours:?} and {theirs:?}");
    ours
}

/// Holds a refusal against its code and its whole message.
pub fn refused(answer: Answer, code: i32, stderr: &str) {
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (code, ""),
        "{answer:?}"
    );
    assert_eq!(answer.stderr, stderr);
}
