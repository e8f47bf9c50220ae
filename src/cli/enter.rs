//! The command that enters namespaces.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

const ENTER_NOTES: &str = "\
A TARGET is a PID or TID, PID:PIDFD-INODE (which no later process has), `self`, the path of an nsfs
file, ns:INODE or net:[INODE], :NS_ID (the kernel's id that is never reused), or a container. For
single namespaces, FILE is the path of an nsfs file, or :NS_ID.

Exit codes: that of the program, or
  125    something could not be entered; standard error says which step failed and why
  126    the program cannot be executed
  127    the program was not found
  128+N  the program was killed by signal N";

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
    /// Use the target's environment; without it, a program of its file systems gets PATH and HOME of
    /// that, and TERM and the locale of ours, and a program of ours gets ours
    #[arg(short = 'e', long, help_heading = "Files")]
    pub env: bool,
    /// Hand these variables of ours over too, or all
    #[arg(
        long,
        value_name = "LIST",
        require_equals = true,
        help_heading = "Files"
    )]
    pub preserve_env: Option<Option<String>>,

    /// Do not fork: the program itself stays out of a pid namespace that is entered, its children
    /// are in it
    #[arg(short = 'F', long, help_heading = "Process")]
    pub no_fork: bool,
    /// Let the program use our own terminal. Without this, a program in another user, mount or pid
    /// namespace or below another root gets one of its own, and cannot type into the shell that
    /// has started it
    #[arg(long, help_heading = "Process")]
    pub no_pty: bool,
    /// The process to enter, or a single namespace, for hands that know nsenter; without it, the
    /// first word is that
    #[arg(short = 't', long, value_name = "TARGET", help_heading = "Process")]
    pub target: Option<OsString>,

    /// What to enter; then options; then the program and its arguments, or without it, the shell
    #[arg(trailing_var_arg = true, value_name = "TARGET [OPTIONS] [--] COMMAND")]
    pub words: Vec<OsString>,
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
