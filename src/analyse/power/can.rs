//! One question: has a process a capability over the user namespace that governs a namespace, now
//! and after an execve?

use super::capable::ns_capable;
use super::exec::AfterExec;
use super::{Answer, Credentials, Verdict, userns};
use crate::model::{CapabilitySet, NsKey, NsKind, Pid, Process, Seen, Snapshot, Why};

/// What was asked, and the two answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub task: Pid,
    pub capability: u32,
    /// The namespace that was named; `None`: the host.
    pub within: Option<NsKey>,
    /// The user namespace that governs it.
    pub user_ns: Seen<u64>,
    pub now: Answer,
    pub after_exec: Answer,
}

impl Asked {
    /// It can if it has the capability, or gets it by an execve of its own.
    pub fn verdict(&self) -> Verdict {
        self.now.verdict.max(self.after_exec.verdict)
    }
}

/// Judges a process that was read closely.
///
/// # Errors
/// Why its credentials are not known.
pub fn ask(
    snapshot: &Snapshot,
    process: &Process,
    capability: u32,
    within: Option<NsKey>,
) -> Result<Asked, Why> {
    let credentials = Credentials::of(snapshot, process)?;
    let user_ns = match within {
        Some(key) => userns::governing(snapshot, key),
        None => Seen::Known(NsKind::User.initial_inode()),
    };
    let judge = |effective: CapabilitySet| match &user_ns {
        Seen::Known(user_ns) => {
            let credentials = credentials.with_effective(effective);
            ns_capable(snapshot, &credentials, *user_ns, capability)
        }
        Seen::Unknown(why) => Answer::unknown("R3", "the user namespace that owns it", why),
    };
    let exec = AfterExec::of(&credentials, process).has(capability);
    // With every capability in its effective set, would it count there? And with none?
    let with_all = judge(CapabilitySet(u64::MAX));
    let with_none = judge(CapabilitySet(0));
    let after_exec = match with_all.verdict {
        _ if with_none.is_yes() => with_none,
        Verdict::Yes => exec,
        Verdict::No => with_all,
        Verdict::Unknown => exec.and(|| with_all),
    };
    Ok(Asked {
        task: process.task(),
        capability,
        within,
        now: judge(credentials.capabilities.effective),
        after_exec,
        user_ns,
    })
}
