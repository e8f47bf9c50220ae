//! The command that launches namespaces.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::isolate::id_map::Block;

const RUN_EXIT_CODES: &str = "\
Exit codes: that of the program, or
  125    the namespaces could not be set up, or not all that is claimed of them was proven;
         standard error says which step failed and why
  126    the program cannot be executed
  127    the program was not found
  128+N  the program was killed by signal N";

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
    #[arg(long, help_heading = "Inside", conflicts_with = "preserve_env")]
    pub clear_env: bool,
    /// Hand these variables over below --rootfs and --root too, or all: a program from there gets
    /// TERM and the locale otherwise, and any other program gets all
    #[arg(
        long,
        value_name = "LIST",
        require_equals = true,
        help_heading = "Inside"
    )]
    pub preserve_env: Option<Option<String>>,

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
    /// Let the program use our own terminal. Without this, a program in another user, mount or pid
    /// namespace or below another root gets one of its own, and cannot type into the shell that
    /// has started it
    #[arg(long, help_heading = "Process")]
    pub no_pty: bool,
    /// Descriptors that the program inherits, beside standard input, output and error
    #[arg(
        long,
        value_name = "FD",
        value_delimiter = ',',
        help_heading = "Process"
    )]
    #[arg(conflicts_with_all = ["root", "rootfs"], value_parser = clap::value_parser!(i32).range(3..))]
    pub preserve_fd: Vec<i32>,
    /// Prove that the new namespaces isolate before the program is started, by experiments that
    /// would harm others elsewhere too; else it is not started
    #[arg(long, help_heading = "Process")]
    pub verify: bool,
    /// Prove what this claims file claims, too
    #[arg(long, value_name = "FILE", help_heading = "Process")]
    pub claims: Vec<PathBuf>,
    /// Pass signals on to the program: always done
    #[arg(long, hide = true)]
    pub forward_signals: bool,

    /// The program and its arguments; without it, the shell
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// A number of a user or group, without the highest: to the kernel that means "as it is"
/// (setresuid(2)).
fn id() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(..i64::from(u32::MAX))
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
