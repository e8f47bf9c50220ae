//! The command line as it is typed; nothing is looked at yet.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::analyse::audit::finding::Severity;
use crate::collect::Reach;
use crate::isolate::id_map::Block;
use crate::model::{CapabilitySet, NsKind, Pid};

const EXIT_CODES: &str = "\
Exit codes:
  0  answered; what was asked for holds
  1  answered, and the answer is no: a required kind is shared, something differs
     (--exit-code), a capability is not there (can), a finding is as severe as
     --fail-on says, there is no such namespace
  2  could not answer: bad usage, not permitted, target gone, a capability or a
     finding that cannot be judged, --strict and a gap";

const RUN_EXIT_CODES: &str = "\
Exit codes: that of the program, or
  125    the namespaces could not be set up; standard error says which step failed and why
  126    the program cannot be executed
  127    the program was not found
  128+N  the program was killed by signal N";

const ENTER_NOTES: &str = "\
A TARGET is a PID or TID, PID:PIDFD-INODE (which no later process has), `self`, the path of an nsfs
file, ns:INODE or net:[INODE], :NS_ID (the kernel's id that is never reused), or a container. For
single namespaces, FILE is the path of an nsfs file, or :NS_ID.

Exit codes: that of the program, or
  125    something could not be entered; standard error says which step failed and why
  126    the program cannot be executed
  127    the program was not found
  128+N  the program was killed by signal N";

const TARGETS: &str = "\
A TARGET is a PID or TID, `self`, ns:INODE or net:[INODE], the path of an nsfs file such as
/run/netns/NAME, or a container: its name, its id or the start of it, or either with the
runtime before it, as docker:web.";

const FINDINGS: &str = "\
A TARGET is a PID or TID, `self`, ns:INODE or net:[INODE], the path of an nsfs file such as
/run/netns/NAME, or a container: its name, its id or the start of it, or either with the
runtime before it, as docker:web. A target is judged as if something were meant to hold it; of
other processes of the host only signs of an escape are told.

The severity is the worst that follows without one more bug. Without a word beside it a finding
is proven (exploitable); else it is
  conditional  it holds if what is said does
  unknown      what decides could not be read: never \"ok\"
  mitigated    a barrier is known that stands in the way
  shared-only  shared, but of no use with these credentials
The last two, and those of severity info, are shown with -v and counted always. Nothing is entered,
mounted or written. --fail-on exits with 1 if a finding is so severe and not mitigated or
shared-only, with 2 if that cannot be told.";

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

impl Cli {
    /// Reads a command line. For `enter` the first word is the target, after which more options may
    /// stand: what follows it is read once more, as if the target had been given by -t.
    pub fn read(line: &[OsString]) -> Result<Cli, clap::Error> {
        let cli = Cli::parse(line)?;
        match &cli.command {
            Command::Enter(args) if args.target.is_none() && !args.words.is_empty() => {
                let at = line.len() - args.words.len();
                let before = line[..at]
                    .strip_suffix(&["--".into()])
                    .unwrap_or(&line[..at]);
                let mut option = OsString::from("--target=");
                option.push(&line[at]);
                Cli::parse(&[before, &[option], &line[at + 1..]].concat())
            }
            _ => Ok(cli),
        }
    }

    /// A command is read alone if it can be: to tell clap of all the other commands takes as long as
    /// to enter a namespace, and a quarter of a megabyte. Whatever is wrong is said by the whole.
    fn parse(line: &[OsString]) -> Result<Cli, clap::Error> {
        let alone = match line.get(1).and_then(|word| word.to_str()) {
            Some("list") => parse_alone("list", Command::List, line),
            Some("ls") => parse_alone("ls", Command::List, line),
            Some("tree") => parse_alone("tree", Command::Tree, line),
            Some("show") => parse_alone("show", Command::Show, line),
            Some("diff") => parse_alone("diff", Command::Diff, line),
            Some("pid") => parse_alone("pid", Command::Pid, line),
            Some("can") => parse_alone("can", Command::Can, line),
            Some("reach") => parse_alone("reach", Command::Reach, line),
            Some("run") => parse_alone("run", |args| Command::Run(Box::new(args)), line),
            Some("enter") => parse_alone("enter", |args| Command::Enter(Box::new(args)), line),
            Some("audit") => parse_alone("audit", Command::Audit, line),
            _ => None,
        };
        alone.map_or_else(|| Cli::try_parse_from(line), Ok)
    }
}

fn parse_alone<A: Args>(
    name: &'static str,
    command: fn(A) -> Command,
    line: &[OsString],
) -> Option<Cli> {
    let alone = Global::augment_args(clap::Command::new("nsinspect"))
        .subcommand(A::augment_args(clap::Command::new(name)));
    let matches = alone.try_get_matches_from(line).ok()?;
    Some(Cli {
        global: Global::from_arg_matches(&matches).ok()?,
        command: command(A::from_arg_matches(matches.subcommand_matches(name)?).ok()?),
    })
}

/// Whether the command line, however wrong, is one of `run` or `enter`.
pub fn is_launch() -> bool {
    let lenient = Cli::command().ignore_errors(true).try_get_matches();
    lenient.is_ok_and(|words| matches!(words.subcommand_name(), Some("run" | "enter")))
}

impl ValueEnum for Severity {
    fn value_variants<'a>() -> &'a [Severity] {
        &Severity::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
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
    /// The columns of the table, in this order; +COLS adds to the usual ones
    #[arg(
        short = 'o',
        long,
        value_name = "COLS",
        value_delimiter = ',',
        ignore_case = true,
        value_parser = ColumnParser
    )]
    pub output: Vec<ChosenColumn>,
    /// All columns
    #[arg(long, conflicts_with = "output")]
    pub output_all: bool,
    /// No line of column names
    #[arg(short = 'n', long)]
    pub noheadings: bool,
    /// One blank between columns, nothing cut, blanks in values as \x20
    #[arg(short = 'r', long)]
    pub raw: bool,
    /// Cut nothing, however wide the terminal is
    #[arg(short = 'u', long)]
    pub notruncate: bool,
    /// A list, and no row of two lines: as always here. Taken since lsns takes it
    #[arg(
        short = 'l',
        long = "list",
        short_alias = 'W',
        alias = "nowrap",
        hide = true
    )]
    pub as_list: bool,
    /// List the members of this namespace: its inode number, `ns:INODE`, `net:[INODE]` or a path
    #[arg(value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// A column that was asked for, and whether it comes on top of the usual ones.
#[derive(Clone, Copy, Debug)]
pub struct ChosenColumn {
    pub column: Column,
    pub is_added: bool,
}

/// Parses the name of a column, with `+` before it or without.
#[derive(Clone)]
struct ColumnParser;

impl TypedValueParser for ColumnParser {
    type Value = ChosenColumn;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<ChosenColumn, clap::Error> {
        let name = value.as_bytes().strip_prefix(b"+");
        let is_added = name.is_some();
        let name = name.map_or(value, std::ffi::OsStr::from_bytes);
        let column = EnumValueParser::<Column>::new().parse_ref(command, arg, name)?;
        Ok(ChosenColumn { column, is_added })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let columns = Column::value_variants().iter();
        Some(Box::new(columns.filter_map(Column::to_possible_value)))
    }
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
    /// Where it can be opened
    Path,
    /// Where it is mounted
    Nsfs,
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
#[command(after_help = RUN_EXIT_CODES, after_long_help = RUN_EXIT_CODES)]
pub struct RunArgs {
    /// A new mount namespace; with FILE it is kept by a bind mount there
    #[arg(short = 'm', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub mount: Option<Option<PathBuf>>,
    /// A new uts namespace: host name and domain name
    #[arg(short = 'u', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub uts: Option<Option<PathBuf>>,
    /// A new ipc namespace
    #[arg(short = 'i', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub ipc: Option<Option<PathBuf>>,
    /// A new network namespace, with its loopback interface up
    #[arg(short = 'n', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub net: Option<Option<PathBuf>>,
    /// A new pid namespace; implies --fork, and with a new mount namespace a fresh /proc
    #[arg(short = 'p', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub pid: Option<Option<PathBuf>>,
    /// A new user namespace
    #[arg(short = 'U', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub user: Option<Option<PathBuf>>,
    /// A new cgroup namespace
    #[arg(short = 'C', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub cgroup: Option<Option<PathBuf>>,
    /// A new time namespace; implies --fork
    #[arg(short = 'T', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub time: Option<Option<PathBuf>>,
    /// All eight; the user becomes root in there unless a map says otherwise
    #[arg(short = 'a', long, help_heading = "Namespaces")]
    pub all: bool,

    /// Become root in a new user namespace: --map-user 0 --map-group 0
    #[arg(short = 'r', long, help_heading = "Ids")]
    pub map_root_user: bool,
    /// Keep one's own ids in a new user namespace
    #[arg(
        short = 'c',
        long,
        help_heading = "Ids",
        conflicts_with = "map_root_user"
    )]
    pub map_current_user: bool,
    /// The user that one becomes in a new user namespace
    #[arg(long, value_name = "UID", help_heading = "Ids")]
    pub map_user: Option<String>,
    /// The group that one becomes in a new user namespace
    #[arg(long, value_name = "GID", help_heading = "Ids")]
    pub map_group: Option<String>,
    /// More users: INSIDE:OUTSIDE:COUNT, `auto` (the first block of /etc/subuid, from 0 on),
    /// `subids` (all blocks under their own numbers), `all` (everybody who is mapped here)
    #[arg(long, value_name = "BLOCK", help_heading = "Ids")]
    pub map_users: Vec<Block>,
    /// More groups, in the same ways
    #[arg(long, value_name = "BLOCK", help_heading = "Ids")]
    pub map_groups: Vec<Block>,
    /// --map-users auto --map-groups auto
    #[arg(long, help_heading = "Ids")]
    pub map_auto: bool,
    /// --map-users subids --map-groups subids
    #[arg(long, help_heading = "Ids", conflicts_with = "map_auto")]
    pub map_subids: bool,
    /// Whether setgroups(2) is allowed in a new user namespace
    #[arg(long, value_name = "HOW", help_heading = "Ids")]
    pub setgroups: Option<SetgroupsArg>,
    /// Let another user make and own the new user namespace: become it out here first. Takes root,
    /// who writes the maps
    #[arg(long, value_name = "UID:GID", help_heading = "Ids")]
    pub owner: Option<String>,
    /// Run the program as this user
    #[arg(short = 'S', long, value_name = "UID", help_heading = "Ids", value_parser = id())]
    pub setuid: Option<u32>,
    /// Run the program with this group and no others
    #[arg(short = 'G', long, value_name = "GID", help_heading = "Ids", value_parser = id())]
    pub setgid: Option<u32>,
    /// Keep the capabilities of a new user namespace, also as a user that is not root in there
    #[arg(long, help_heading = "Ids")]
    pub keep_caps: bool,

    /// How mounts propagate between the new mount namespace and the old one
    #[arg(
        long,
        value_name = "HOW",
        default_value = "private",
        help_heading = "Files"
    )]
    pub propagation: PropagationArg,
    /// Mount a fresh procfs, on /proc unless DIR says where; implies --mount
    #[arg(
        long,
        value_name = "DIR",
        require_equals = true,
        help_heading = "Files"
    )]
    #[arg(conflicts_with = "no_mount_proc")]
    pub mount_proc: Option<Option<PathBuf>>,
    /// Leave /proc as it is
    #[arg(long, help_heading = "Files")]
    pub no_mount_proc: bool,
    /// Make a directory the root by pivot_root(2), so that the old one is gone; implies --mount
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Files",
        conflicts_with = "root"
    )]
    pub rootfs: Option<PathBuf>,
    /// Make all that lies below --rootfs read-only, but for a fresh procfs
    #[arg(long, help_heading = "Files", requires = "rootfs")]
    pub read_only: bool,
    /// Make a directory the root by chroot(2)
    #[arg(short = 'R', long, value_name = "DIR", help_heading = "Files")]
    pub root: Option<PathBuf>,
    /// Run the program in this directory, below the new root
    #[arg(short = 'w', long, value_name = "DIR", help_heading = "Files")]
    pub wd: Option<PathBuf>,

    /// Set the host name; implies --uts
    #[arg(long, value_name = "NAME", help_heading = "Inside")]
    pub hostname: Option<String>,
    /// Leave the loopback interface of a new network namespace down
    #[arg(long, help_heading = "Inside")]
    pub no_lo: bool,
    /// Offset of CLOCK_MONOTONIC; implies --time
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Inside",
        allow_negative_numbers = true
    )]
    pub monotonic: Option<i64>,
    /// Offset of CLOCK_BOOTTIME; implies --time
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Inside",
        allow_negative_numbers = true
    )]
    pub boottime: Option<i64>,
    /// Start with an empty environment
    #[arg(long, help_heading = "Inside")]
    pub clear_env: bool,

    /// Run the program as a child, and wait for it
    #[arg(short = 'f', long, help_heading = "Process")]
    pub fork: bool,
    /// Be PID 1 of a new pid namespace ourselves, passing signals on and reaping orphans
    #[arg(long, help_heading = "Process")]
    pub init: bool,
    /// What the program is sent when we are killed: KILL unless said otherwise; implies --fork
    #[arg(
        long,
        value_name = "SIGNAL",
        require_equals = true,
        help_heading = "Process"
    )]
    pub kill_child: Option<Option<String>>,
    /// Descriptors that the program inherits, beside standard input, output and error
    #[arg(
        long,
        value_name = "FD",
        value_delimiter = ',',
        help_heading = "Process"
    )]
    #[arg(conflicts_with_all = ["root", "rootfs"], value_parser = clap::value_parser!(i32).range(3..))]
    pub preserve_fd: Vec<i32>,
    /// Pass signals on to the program: always done
    #[arg(long, hide = true)]
    pub forward_signals: bool,

    /// The program and its arguments; without it, the shell
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = ENTER_NOTES, after_long_help = ENTER_NOTES)]
#[command(override_usage = "nsinspect enter TARGET [OPTIONS] [--] [COMMAND]...")]
pub struct EnterArgs {
    /// The mount namespace
    #[arg(short = 'm', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub mount: Option<Option<String>>,
    /// The uts namespace: host name and domain name
    #[arg(short = 'u', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub uts: Option<Option<String>>,
    /// The ipc namespace
    #[arg(short = 'i', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub ipc: Option<Option<String>>,
    /// The network namespace
    #[arg(short = 'n', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub net: Option<Option<String>>,
    /// The network namespace of a socket that the target has open under this number
    #[arg(short = 'N', long, value_name = "FD", help_heading = "Namespaces")]
    pub net_socket: Option<i32>,
    /// The pid namespace; the program is a child then
    #[arg(short = 'p', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub pid: Option<Option<String>>,
    /// The user namespace; the program becomes root in there unless -S, -G or
    /// --preserve-credentials say otherwise
    #[arg(short = 'U', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub user: Option<Option<String>>,
    /// The user namespace around the one that would be entered
    #[arg(long, help_heading = "Namespaces")]
    pub user_parent: bool,
    /// The cgroup namespace
    #[arg(short = 'C', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub cgroup: Option<Option<String>>,
    /// The time namespace
    #[arg(short = 'T', long, value_name = "FILE", require_equals = true)]
    #[arg(help_heading = "Namespaces")]
    pub time: Option<Option<String>>,
    /// All in which the target is and we are not; so it is too when none is named
    #[arg(short = 'a', long, help_heading = "Namespaces")]
    pub all: bool,

    /// With the target's rights, exactly: all its namespaces, its root directory, ids, groups,
    /// capabilities, no_new_privs and cgroups
    #[arg(long, help_heading = "Rights")]
    #[arg(conflicts_with_all = ["setuid", "setgid", "preserve_credentials", "keep_caps"])]
    pub as_target: bool,
    /// Run the program as this user; `follow` is the target's
    #[arg(short = 'S', long, value_name = "UID", help_heading = "Rights")]
    pub setuid: Option<IdArg>,
    /// Run the program with this group and no others; `follow` is the target's, and its others too
    #[arg(short = 'G', long, value_name = "GID", help_heading = "Rights")]
    pub setgid: Option<IdArg>,
    /// Keep our ids when entering a user namespace
    #[arg(long, help_heading = "Rights")]
    pub preserve_credentials: bool,
    /// Keep all capabilities, also as a user that is not root
    #[arg(long, help_heading = "Rights")]
    pub keep_caps: bool,
    /// Capabilities that the program loses for good, such as sys_admin
    #[arg(
        long,
        value_name = "CAPS",
        value_delimiter = ',',
        help_heading = "Rights"
    )]
    pub cap_drop: Vec<String>,
    /// Join the target's cgroups
    #[arg(short = 'c', long, help_heading = "Rights")]
    pub join_cgroup: bool,

    /// Use the target's root directory, or this one
    #[arg(
        short = 'r',
        long,
        value_name = "DIR",
        require_equals = true,
        help_heading = "Files"
    )]
    pub root: Option<Option<PathBuf>>,
    /// Start in the target's working directory, or in this one, looked up out here
    #[arg(
        short = 'w',
        long,
        value_name = "DIR",
        require_equals = true,
        help_heading = "Files"
    )]
    #[arg(conflicts_with = "wdns")]
    pub wd: Option<Option<PathBuf>>,
    /// Start in this directory, looked up in there
    #[arg(short = 'W', long, value_name = "DIR", help_heading = "Files")]
    pub wdns: Option<PathBuf>,
    /// Use the target's environment
    #[arg(short = 'e', long, help_heading = "Files")]
    pub env: bool,

    /// Do not fork: the program itself stays out of a pid namespace that is entered, its children
    /// are in it
    #[arg(short = 'F', long, help_heading = "Process")]
    pub no_fork: bool,
    /// The process to enter, or a single namespace, for hands that know nsenter; without it, the
    /// first word is that
    #[arg(short = 't', long, value_name = "TARGET", help_heading = "Process")]
    pub target: Option<OsString>,

    /// What to enter; then options; then the program and its arguments, or without it, the shell
    #[arg(trailing_var_arg = true, value_name = "TARGET [OPTIONS] [--] COMMAND")]
    pub words: Vec<OsString>,
}

/// A number of a user or group, without the highest: to the kernel that means "as it is"
/// (setresuid(2)).
fn id() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(..i64::from(u32::MAX))
}

/// An id by number, or that of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdArg {
    Number(u32),
    Follow,
}

impl FromStr for IdArg {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<IdArg, Self::Err> {
        match text {
            "follow" => Ok(IdArg::Follow),
            number => number.parse().map(IdArg::Number),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SetgroupsArg {
    Allow,
    Deny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PropagationArg {
    /// Neither sees what the other mounts
    Private,
    /// What is mounted outside shows up inside
    Slave,
    /// What is mounted on either side shows up on the other
    Shared,
    /// As it was
    Unchanged,
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
#[command(after_help = FINDINGS, after_long_help = FINDINGS)]
pub struct AuditArgs {
    /// What to look at; without one, all containers and sandboxes
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Look at every process of the machine
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// Exit with 1 if a finding that is not mitigated is at least this severe, with 2 if that
    /// cannot be told
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Vec<OsString> {
        words.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_command_that_is_read_alone_is_read_as_by_the_whole() {
        for words in [
            "nsinspect list -J -t net,mnt -o +path --depth full",
            "nsinspect ls -nP --proc /p 4026531836",
            "nsinspect tree --by pid --from -",
            "nsinspect show self --format yaml",
            "nsinspect diff -v 1 2 --require pid --exit-code --color never",
            "nsinspect pid 7 --in 8",
            "nsinspect can 1 sys_admin --strict",
            "nsinspect reach 1",
            "nsinspect audit",
            "nsinspect run",
            "nsinspect run --proc /p -mfp --mount-proc --kill-child=TERM -- sh -c x",
            "nsinspect run -J -S 5 --map-users 0:1:2 top -b",
            "nsinspect enter -t 42 -a",
            "nsinspect enter -t 42 -m --net=/f -S follow -v ls -la -- -t",
        ] {
            let line = line(words);
            let whole = Cli::try_parse_from(&line).unwrap();
            let read = Cli::read(&line).unwrap();
            assert_eq!(format!("{read:?}"), format!("{whole:?}"), "{words}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_command_is_said_by_the_whole() {
        for words in [
            "nsinspect list --json --format yaml",
            "nsinspect ls -t nosuch",
            "nsinspect diff",
            "nsinspect tree --proc /p --from f",
            "nsinspect run --nosuch",
            "nsinspect enter -S x",
            "nsinspect run --help",
        ] {
            let line = line(words);
            let whole = Cli::try_parse_from(&line).unwrap_err().to_string();
            assert_eq!(Cli::read(&line).unwrap_err().to_string(), whole);
        }
    }
}
