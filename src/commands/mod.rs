//! One file per subcommand: arguments -> snapshot -> analysis -> output.

mod audit;
mod can;
mod diff;
mod doctor;
mod enter;
mod explain;
mod generate;
mod list;
mod own_terminal;
mod pid;
mod reach;
mod run;
mod show;
mod snapshot;
mod source;
mod target;
mod tree;
mod verify;
mod watch;

use crate::cli::{Cli, Command, Format, Global};
use crate::error::{Error, Exit};
use crate::model::Snapshot;
use crate::output;
use crate::output::text::coverage;

/// Runs the command that was typed.
pub fn dispatch(cli: &Cli) -> Result<Exit, Error> {
    let global = &cli.global;
    let misplaced = match (global.format(), &cli.command) {
        (Format::Sarif, Command::Audit(_)) | (Format::Junit, Command::Verify(_)) => None,
        (Format::Sarif, _) => {
            Some("--format sarif is for findings, which only `nsinspect audit` has")
        }
        (Format::Junit, _) => {
            Some("--format junit is for claims, which only `nsinspect verify` tries")
        }
        _ => None,
    };
    if let Some(message) = misplaced {
        return Err(Error::Usage(message.to_owned()));
    }
    match &cli.command {
        Command::List(args) => list::run(global, args),
        Command::Tree(args) => tree::run(global, args),
        Command::Show(args) => show::run(global, args),
        Command::Diff(args) => diff::run(global, args),
        Command::Pid(args) => pid::run(global, args),
        Command::Can(args) => can::run(global, args),
        Command::Reach(args) => reach::run(global, args),
        Command::Snapshot => snapshot::run(global),
        Command::Run(args) => run::run(global, args),
        Command::Enter(args) => enter::run(global, args),
        Command::Audit(args) => audit::run(global, args),
        Command::Explain(args) => explain::run(global, args),
        Command::Verify(args) => verify::run(global, args),
        Command::Doctor => doctor::run(global),
        Command::Completions(args) => generate::completions(args),
        Command::Man(args) => generate::man(args),
        Command::Schema(args) => generate::schema(args),
    }
}

/// How a command ends; what has gone wrong is said on standard error.
pub fn exit_of(outcome: Result<Exit, Error>) -> Exit {
    outcome.unwrap_or_else(|error| {
        if error.is_worth_telling() {
            output::complain(&error);
        }
        error.exit()
    })
}

/// Says on standard error what could not be seen; with --strict that is no answer.
fn conclude(global: &Global, snapshot: &Snapshot, exit: Exit) -> Exit {
    let skipped = match global.depth {
        None => coverage::skipped(&snapshot.coverage),
        // Whoever says how far to look needs no telling.
        Some(_) => None,
    };
    let lines = coverage::lines(&snapshot.coverage, global.verbose);
    for line in lines.into_iter().chain(skipped) {
        output::note(&output::sanitize::for_terminal(&line));
    }
    if global.strict && !snapshot.coverage.is_complete() {
        return Exit::Unanswered;
    }
    exit
}
