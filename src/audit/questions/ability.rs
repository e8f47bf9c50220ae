//! Whether a process could do something: with the credentials that it has, or with those that it can
//! get by itself (rule R5). What needs more than the first is a precondition of the finding.

use crate::analyse::power::exec::AfterExec;
use crate::analyse::power::{Answer, Credentials, Verdict as Power, operations};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Verdict};
use crate::model::process::Ids;
use crate::model::{CapabilitySet, NsKind, Seen};

/// How far a process can do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ability {
    Yes,
    /// If this holds besides.
    If(String),
    /// What is not known.
    Unknown(String),
    /// Why not.
    No(String),
}

impl Ability {
    /// Asks the rules of the kernel for the credentials of the case, and for those that it can
    /// become.
    pub fn of(case: &Case<'_>, rule: impl Fn(&Credentials) -> Answer) -> Ability {
        let (credentials, exec) = match case.rights() {
            Ok(rights) => rights,
            Err(why) => return Ability::Unknown(format!("its credentials ({why})")),
        };
        // What is permitted can be made effective at any time (capset(2)).
        let now = rule(&with(credentials, credentials.capabilities.permitted));
        match now.verdict {
            Power::Yes if now.barriers.is_empty() => return Ability::Yes,
            Power::Yes => {
                let barriers = now.barriers.join(" and ");
                return Ability::If(format!("it is not stopped by {barriers}"));
            }
            Power::Unknown => return Ability::Unknown(now.reason().to_owned()),
            Power::No => {}
        }
        let plain = exec.plain.get().unwrap_or_default();
        if rule(&with(credentials, plain)).is_yes() {
            return Ability::If(
                "an execve gives it the capabilities of its bounding set".to_owned(),
            );
        }
        if let Some((root, precondition)) = as_root(credentials, exec)
            && rule(&root).is_yes()
        {
            return Ability::If(precondition.to_owned());
        }
        Ability::No(now.reason().to_owned())
    }

    pub fn is_no(&self) -> bool {
        matches!(self, Ability::No(_))
    }

    /// Both must hold; the weaker decides.
    pub fn and(self, other: impl FnOnce() -> Ability) -> Ability {
        match self {
            Ability::Yes => other(),
            Ability::No(_) => self,
            Ability::If(one) => match other() {
                Ability::Yes => Ability::If(one),
                Ability::If(other) if other == one => Ability::If(one),
                Ability::If(other) => Ability::If(format!("{one}; {other}")),
                weaker => weaker,
            },
            Ability::Unknown(what) => match other() {
                Ability::No(why) => Ability::No(why),
                _ => Ability::Unknown(what),
            },
        }
    }

    /// One is enough; the stronger decides.
    pub fn or(self, other: impl FnOnce() -> Ability) -> Ability {
        let rank = |ability: &Ability| match ability {
            Ability::Yes => 3,
            Ability::If(_) => 2,
            Ability::Unknown(_) => 1,
            Ability::No(_) => 0,
        };
        if self == Ability::Yes {
            return self;
        }
        let other = other();
        if rank(&other) > rank(&self) {
            other
        } else {
            self
        }
    }

    /// The verdict of a finding that rests on it, where what it cannot do is to be named.
    pub fn verdict(&self, otherwise: Verdict) -> Verdict {
        match self {
            Ability::Yes => Verdict::Exploitable,
            Ability::If(_) => Verdict::Conditional,
            Ability::Unknown(_) => Verdict::Unknown,
            Ability::No(_) => otherwise,
        }
    }

    /// The finding with what it needs besides, or what is not known.
    pub fn settle(&self, finding: Finding) -> Finding {
        match self {
            Ability::If(precondition) => finding.provided(precondition.clone()),
            Ability::Unknown(what) => finding.provided(format!("not known: {what}")),
            Ability::Yes | Ability::No(_) => finding,
        }
    }

    /// CAP_SYS_ADMIN over the user namespace that owns its mount namespace: to mount and unmount.
    pub fn to_mount(case: &Case<'_>) -> Ability {
        let operation = operations::Operation::Mount;
        Ability::of(case, |credentials| {
            operations::may(case.snapshot, credentials, case.process, operation)
        })
    }
}

fn with(credentials: &Credentials, more: CapabilitySet) -> Credentials {
    let effective = credentials.capabilities.effective.0 | more.0;
    credentials.with_effective(CapabilitySet(effective))
}

/// As root of its own user namespace, if it can become that: by CAP_SETUID, or by a program that is
/// set-user-ID for root.
fn as_root(credentials: &Credentials, exec: &AfterExec) -> Option<(Credentials, &'static str)> {
    let Seen::Known(Some(root)) = credentials.root_uid() else {
        return None;
    };
    let by_capability = credentials
        .capabilities
        .permitted
        .contains(CapabilitySet::SETUID);
    let (capabilities, precondition) = match (by_capability, exec.by_file.is_empty()) {
        (true, _) => (
            credentials.capabilities.permitted,
            "it makes itself root with CAP_SETUID",
        ),
        (false, false) => (
            exec.by_file,
            "there is a set-user-ID program of root in its mounts",
        ),
        (false, true) => return None,
    };
    let uids = Ids {
        real: root,
        effective: root,
        saved: root,
        fs: root,
    };
    let root = Credentials {
        uids,
        ..credentials.clone()
    };
    Some((with(&root, capabilities), precondition))
}

/// Whether the mount namespace is owned by the host's user namespace: then nothing in it is locked,
/// and whoever may mount there may undo what is mounted (mount_namespaces(7), MNT_LOCKED).
pub fn mounts_are_hosts(case: &Case<'_>) -> bool {
    let owner = case
        .key(NsKind::Mnt)
        .and_then(|key| crate::analyse::power::userns::governing(case.snapshot, key));
    owner == Seen::Known(NsKind::User.initial_inode())
}
