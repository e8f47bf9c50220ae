//! The command line as it is typed; nothing is looked at yet.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::collect::Reach;
use crate::model::{CapabilitySet, NsKind, Pid};

const EXIT_CODES: &str = "\
Exit codes:
  0  answered; what was asked for holds
  1  answered, and the answer is no: a required kind is shared, something differs
     (--exit-code), a capability is not there (can), there is no such namespace
  2  could not answer: bad usage, not permitted, target gone, a capability that
     cannot be judged, --strict and a gap";

const TARGETS: &str = "\
A TARGET is a PID or TID, `self`, ns:INODE or net:[INODE], the path of an nsfs file such as
/run/netns/NAME, or a container: its name, its id or the start of it, or either with the
runtime before it, as docker:web.";

const RULES: &str = "\
Exits with 0 for yes (now, or after it has executed a program), with 1 for no, with 2 for unknown.

Each step of the reasoning names a rule of the kernel:
  R1  a capability counts over the user namespace that its holder is in, and over those below; the
      uid that made a user namespace has every capability in it
  R2  the same over the initial user namespace, which is the host's
  R3  each namespace is governed by the user namespace that owns it
  R4  access by ptrace: the same ids and no capability more, or CAP_SYS_PTRACE
  R5  an execve gives root of a user namespace its bounding set, unless no_new_privs is on
  R6  a process that is not dumpable takes CAP_SYS_PTRACE to be read
  R7  permission bits, and CAP_DAC_OVERRIDE where the file's ids have numbers in the user namespace
  R8  files below /proc/sys belong to the host's uid 0 and ask for no capability
Securebits cannot be seen and are taken for 0.";

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
    /// Answer from a saved snapshot instead of the running machine; `-` is standard input
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "proc")]
    pub from: Option<PathBuf>,
    /// How far to look for namespaces that no process is in: `full` looks at every thread,
    /// descriptor and socket too. Without it, as far as the question needs
    #[arg(long, global = true, value_name = "HOW", conflicts_with = "from")]
    pub depth: Option<Depth>,
    /// When to use colour; NO_COLOR in the environment turns `auto` off
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Exit with 2 if anything that was asked for could not be seen
    #[arg(long, global = true)]
    pub strict: bool,
    /// Say more about what could not be seen
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
pub struct ListArgs {
    /// Only namespaces of these kinds
    #[arg(short = 't', long = "type", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<NsKind>,
    /// Only the namespaces that this process is in
    #[arg(short = 'p', long = "task", value_name = "PID")]
    pub pid: Option<Pid>,
    /// Only namespaces that no process is in
    #[arg(short = 'P', long)]
    pub persistent: bool,
    /// The columns of the table, in this order
    #[arg(
        short = 'o',
        long,
        value_name = "COLS",
        value_delimiter = ',',
        ignore_case = true
    )]
    pub output: Vec<Column>,
    /// No line of column names
    #[arg(short = 'n', long)]
    pub noheadings: bool,
    /// One blank between columns, nothing cut, blanks in values as \x20
    #[arg(short = 'r', long)]
    pub raw: bool,
    /// List the members of this namespace: its inode number, `ns:INODE`, `net:[INODE]` or a path
    #[arg(value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// A column of `list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Column {
    /// Inode number
    Ns,
    /// Kind
    Type,
    /// The kernel's 64-bit id that is never reused
    NsId,
    /// Whether it is the one that the kernel booted with
    Initial,
    /// Number of processes
    Nprocs,
    /// Number of threads
    Nthreads,
    /// Lowest PID
    Pid,
    /// Parent of that process
    Ppid,
    /// Uid of that process
    Uid,
    /// Login name of that uid
    User,
    /// Command line of that process
    Command,
    /// Path of the namespace below /proc
    Path,
    /// Inode of the user namespace that governs it
    #[value(alias = "ons")]
    Owner,
    /// Uid of the creator of a user namespace
    OwnerUid,
    /// Inode of the enclosing user or pid namespace
    #[value(alias = "pns")]
    Parent,
    /// Container of that process
    Container,
    /// What keeps it alive
    Holders,
}

#[derive(Debug, Args)]
pub struct TreeArgs {
    /// What the branches are
    #[arg(long, value_name = "WHAT", default_value = "set")]
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Namespace sets, each below the one that it was made from
    Set,
    /// User namespaces, with what each governs
    User,
    /// Pid namespaces, with PIDs at every level
    Pid,
    /// Processes, with the changes of namespaces marked
    Process,
}

#[derive(Debug, Args)]
#[command(after_help = TARGETS, after_long_help = TARGETS)]
pub struct ShowArgs {
    /// What to show
    pub target: String,
}

#[derive(Debug, Args)]
#[command(after_help = TARGETS, after_long_help = TARGETS)]
pub struct DiffArgs {
    /// The process to look at
    pub target: String,
    /// What to compare it with, instead of PID 1
    pub reference: Option<String>,
    /// Exit with 1 if one of these kinds is shared, with 2 if that cannot be told
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub require: Vec<NsKind>,
    /// Exit with 1 if anything differs
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
#[command(after_help = TARGETS, after_long_help = TARGETS)]
pub struct PidArgs {
    /// The number to translate
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: Pid,
    /// Translate from and to the pid namespace of this target
    #[arg(long = "in", value_name = "TARGET")]
    pub within: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = RULES, after_long_help = RULES)]
pub struct CanArgs {
    /// The process to judge
    pub target: String,
    /// The capability, as sys_admin or CAP_SYS_ADMIN
    #[arg(value_parser = CapabilitySet::number_of)]
    pub capability: u32,
    /// Over the user namespace that owns this namespace, instead of the host's. A user namespace
    /// stands for itself, a process for the user namespace that it is in
    #[arg(long = "in", value_name = "NS")]
    pub within: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = TARGETS, after_long_help = TARGETS)]
pub struct ReachArgs {
    /// The process to judge
    pub target: String,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page to print; without one, that of nsinspect itself
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
