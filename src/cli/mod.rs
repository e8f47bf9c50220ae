//! The command line as it is typed; nothing is looked at yet.

mod enter;
mod judge;
mod prove;
mod run;
mod see;

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use enter::{EnterArgs, IdArg};
pub use judge::{AuditArgs, CanArgs, ExplainArgs, ReachArgs};
pub use prove::VerifyArgs;
pub use run::{PropagationArg, RunArgs, SetgroupsArg};
pub use see::{By, ChosenColumn, Column, DiffArgs, ListArgs, PidArgs, ShowArgs, TreeArgs};

use crate::collect::Reach;

const EXIT_CODES: &str = "\
Exit codes:
  0  answered; what was asked for holds
  1  answered, and the answer is no: a required kind is shared, something differs
     (--exit-code), a capability is not there (can), a finding is as severe as
     --fail-on says, a claim fails (verify), there is no such namespace
  2  could not answer: bad usage, not permitted, target gone, a capability, a
     finding or a claim that cannot be judged, --strict and a gap";

const TARGETS: &str = "\
A TARGET is a PID or TID, `self`, `host`, ns:INODE or net:[INODE], the path of an nsfs file such as
/run/netns/NAME, or a container: its name, its id or the start of it, or either with the
runtime before it, as docker:web.";

/// See, compare and prove the isolation of Linux namespaces
#[derive(Debug, Parser)]
#[command(name = "nsinspect", version, after_help = EXIT_CODES, after_long_help = EXIT_CODES)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line. For `enter` the first word is the target, after which more options may
    /// stand: what follows it is read once more, as if the target had been given by -t.
    pub fn read(line: &[OsString]) -> Result<Cli, clap::Error> {
        let cli = Cli::try_parse_from(line)?;
        match &cli.command {
            Command::Enter(args) if args.target.is_none() && !args.words.is_empty() => {
                let at = line.len() - args.words.len();
                let before = line[..at]
                    .strip_suffix(&["--".into()])
                    .unwrap_or(&line[..at]);
                let mut option = OsString::from("--target=");
                option.push(&line[at]);
                Cli::try_parse_from([before, &[option], &line[at + 1..]].concat())
            }
            _ => Ok(cli),
        }
    }
}

/// Whether the command line, however wrong, is one of `run` or `enter`.
pub fn is_launch(line: &[OsString]) -> bool {
    let lenient = Cli::command().ignore_errors(true);
    let lenient = lenient.try_get_matches_from(line);
    lenient.is_ok_and(|words| matches!(words.subcommand_name(), Some("run" | "enter")))
}

/// Options that every command has.
#[derive(Debug, Args)]
pub struct Global {
    /// Print JSON: short for --format json
    #[arg(short = 'J', long, global = true, conflicts_with = "format")]
    pub json: bool,
    /// How to print the answer
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Read this procfs instead of /proc
    #[arg(long, global = true, value_name = "DIR", default_value = "/proc")]
    pub proc: PathBuf,
    /// Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB;
    /// `-` is standard input
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "proc")]
    pub from: Option<PathBuf>,
    /// How far to look for namespaces that no process is in: `full` looks at every thread,
    /// descriptor and socket too. Without it, as far as the question needs
    #[arg(long, global = true, value_name = "HOW", conflicts_with = "from")]
    pub depth: Option<Depth>,
    /// How many threads read /proc at most; one for each core, unless there is too little to read
    #[arg(long, global = true, value_name = "NUMBER")]
    pub threads: Option<NonZero<usize>>,
    /// When to use colour; NO_COLOR in the environment turns `auto` off
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full`
    /// unless told otherwise
    #[arg(long, global = true)]
    pub strict: bool,
    /// Say more: a line for each set in trees, and all that could not be seen
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Global {
    /// The format, after `-J`.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// How far to look, where the question itself would look so far.
    pub fn reach(&self, usual: Reach) -> Reach {
        match self.depth {
            // Who wants no gap wants nothing passed over.
            None if self.strict => Reach::Full,
            None => usual,
            Some(Depth::Fast) => Reach::Fast,
            Some(Depth::Full) => Reach::Full,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Table,
    Json,
    /// The same document as JSON
    Yaml,
    /// SARIF 2.1.0 for code scanning, of `audit` only
    Sarif,
    /// JUnit XML for continuous integration, of `verify` only
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    /// Processes, bind mounts, owners and parents, and the kernel's own list where it has one
    Fast,
    /// Also threads, file descriptors, sockets, and mount namespaces that no process is in
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every namespace, one row each; or the members of one
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Who is isolated from whom
    Tree(TreeArgs),
    /// All that is known of one process or namespace
    Show(ShowArgs),
    /// How a process is isolated from PID 1, or from another process
    Diff(DiffArgs),
    /// Translate a PID between pid namespaces
    Pid(PidArgs),
    /// Whether a process has a capability where it counts: over the host, or over a namespace
    Can(CanArgs),
    /// Which namespaces a process could join, and which processes of others it could read
    Reach(ReachArgs),
    /// Everything that can be collected, as one JSON document for --from
    Snapshot,
    /// Run a program in new namespaces
    Run(Box<RunArgs>),
    /// Run a program in the namespaces of a process, or in any that exist
    Enter(Box<EnterArgs>),
    /// What containers and sandboxes could do to the host, with evidence
    Audit(AuditArgs),
    /// Why a finding of audit matters, and what to do about it
    Explain(ExplainArgs),
    /// Whether claims about the isolation of a process or container hold, by trying them
    Verify(VerifyArgs),
    /// What this kernel, these privileges and this /proc allow, and what that hides
    Doctor,
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Print a man page, or write all of them into a directory
    Man(ManArgs),
    /// Print the JSON Schema of a document
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page to print, or `rules`; without one, that of nsinspect itself
    pub command: Option<String>,
    /// Write the pages of all commands into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The document; without one, their names are listed
    pub document: Option<crate::output::wire::DocumentName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(words: &str) -> EnterArgs {
        let line: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        match Cli::read(&line).unwrap().command {
            Command::Enter(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_of_enter_may_stand_before_and_behind_its_target() {
        for words in [
            "nsinspect enter -t 42 -m --net=/f ls -la -- -t",
            "nsinspect enter 42 -m --net=/f ls -la -- -t",
            "nsinspect enter -m 42 --net=/f -- ls -la -- -t",
            "nsinspect enter -m --net=/f -- 42 ls -la -- -t",
        ] {
            let args = enter(words);
            assert_eq!(args.target.unwrap(), "42", "{words}");
            assert_eq!(
                (args.mount, args.net),
                (Some(None), Some(Some("/f".to_owned()))),
                "{words}"
            );
            assert_eq!(args.words, ["ls", "-la", "--", "-t"], "{words}");
        }
    }
}
