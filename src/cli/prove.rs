//! The command that proves.

use std::path::PathBuf;

use clap::Args;

use crate::model::NsKind;

const CLAIMS: &str = "\
A TARGET is a PID or TID, `self`, `host`, ns:INODE or net:[INODE], the path of an nsfs file such as
/run/netns/NAME, or a container: its name, its id or the start of it, or either with the
runtime before it, as docker:web. What is claimed of a container is claimed of all in it.

Each claim holds, FAILS or is undecided. What is read from /proc decides first; where an
experiment exists that harms nothing, it is done, and decides against what was read: by a child
that joins the target's namespaces with the target's rights, and one outside. The answer says
which it was (read, or tried). Within a container the host is known by the fixed numbers of
its namespaces, as far as the kernel has such, and nothing can be tried against it.

Exit codes:
  0  every claim holds
  1  one fails
  2  none fails, and one is undecided; or bad usage, not permitted, target gone";

#[derive(Debug, Args)]
#[command(after_help = CLAIMS, after_long_help = CLAIMS)]
pub struct VerifyArgs {
    /// Of whom the claims are; a claims file can name others too
    pub target: Option<String>,
    /// Kinds of namespace in which it must not be where the host is
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        help_heading = "Claims"
    )]
    pub require: Vec<NsKind>,
    /// Claims in YAML, of at most 1 MiB (`nsinspect schema claims`; README.md has examples)
    #[arg(long, value_name = "FILE", help_heading = "Claims")]
    pub claims: Vec<PathBuf>,
    /// A shipped profile: docker-default, pss-baseline, pss-restricted, rootless or sandbox
    #[arg(long, value_name = "NAME", help_heading = "Claims")]
    pub profile: Vec<String>,
    /// What its OCI runtime was told to do: the path of a config.json of at most 4 MiB, or `auto` to
    /// find that of a running container of runc, crun, docker, containerd, podman or CRI-O
    #[arg(long, value_name = "FILE", help_heading = "Claims")]
    pub oci: Option<PathBuf>,
    /// Try nothing: tell by what can be read
    #[arg(long)]
    pub static_only: bool,
    /// Say how each claim would be tried, and do nothing; without claims, list what can be claimed
    #[arg(long)]
    pub explain: bool,
    /// Print a profile as the claims file that it is; without NAME, list them
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    #[arg(conflicts_with_all = ["target", "require", "claims", "profile", "oci"])]
    pub show_profile: Option<Option<String>>,
}

impl VerifyArgs {
    /// Whether neither a target nor any claim is given.
    pub fn claims_nothing(&self) -> bool {
        self.target.is_none()
            && self.require.is_empty()
            && self.claims.is_empty()
            && self.profile.is_empty()
            && self.oci.is_none()
    }
}
