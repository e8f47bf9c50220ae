//! Commands that show and compare.

use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};

use super::TARGETS;
use crate::model::{NsKind, Pid};

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
    /// Look every so many seconds, 1 unless told otherwise, and print what changed: namespaces that
    /// are born, empty or gone, and processes or threads that move; with -v processes that come and
    /// go too
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1")]
    #[arg(value_parser = seconds)]
    #[arg(conflicts_with_all = ["pid", "persistent", "output", "output_all", "namespace"])]
    pub watch: Option<Duration>,
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
    /// Look every so many seconds, 1 unless told otherwise, and print what changed: sets that come
    /// and go, and processes or threads that move; with -v processes that come and go too
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1")]
    #[arg(value_parser = seconds)]
    pub watch: Option<Duration>,
}

/// A pause between two looks. Less than a hundredth of a second is no pause, and more than a day
/// would be a mistake.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|it| (0.01..=86_400.0).contains(it));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a number of seconds from 0.01 to 86400 is wanted".to_owned())
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
