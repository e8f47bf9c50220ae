//! Rule R5: the capabilities that a process has after an execve(2), and those that it can have at
//! most (capabilities(7), "Transformation of capabilities during execve()").

use super::{Answer, Credentials, Verdict};
use crate::model::{CapabilitySet, Process, Seen};

/// What an execve gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterExec {
    /// The effective set after the execve of an ordinary program.
    pub plain: Seen<CapabilitySet>,
    /// What a program could give that is set-user-ID for root or has file capabilities. Whether
    /// there is one was not looked for.
    pub by_file: CapabilitySet,
    /// Why, as sentences.
    pub because: Vec<(String, String)>,
}

impl AfterExec {
    /// Judges one process.
    pub fn of(credentials: &Credentials, process: &Process) -> AfterExec {
        let sets = credentials.capabilities;
        let status = |field: &str, value: String| {
            let task = credentials.task;
            format!("/proc/{task}/status {field} {value}")
        };
        // Linux before 4.10 does not tell: then it cannot be taken for set.
        let no_new_privs = credentials.no_new_privs == Some(true);
        let barred = no_new_privs.then(|| {
            let says = "no_new_privs is on: an execve gives nothing beyond its permitted set";
            (says.to_owned(), status("NoNewPrivs", "1".to_owned()))
        });
        let (is_root, root_says) = is_root(credentials);
        let bounding = status("CapBnd", format!("{:016x}", sets.bounding.0));
        let mut because = Vec::new();
        let plain = match is_root {
            Seen::Known(true) => {
                let full = CapabilitySet(sets.inheritable.0 | sets.bounding.0);
                let says = format!("{root_says}: an execve gives it its whole bounding set");
                because.push((says, bounding.clone()));
                Seen::Known(match no_new_privs {
                    // cap_bprm_creds_from_file: intersected with what was permitted before.
                    true => CapabilitySet(full.0 & sets.permitted.0),
                    false => full,
                })
            }
            Seen::Known(false) => {
                let ambient = status("CapAmb", format!("{:016x}", sets.ambient.0));
                let says = format!("{root_says}: an execve leaves it its ambient set");
                because.push((says, ambient));
                Seen::Known(sets.ambient)
            }
            Seen::Unknown(why) => {
                because.push((format!("{root_says} ({why})"), String::new()));
                Seen::Unknown(why)
            }
        };
        let by_file = match no_new_privs || is_nosuid_everywhere(process) {
            true => CapabilitySet::default(),
            false => CapabilitySet(sets.inheritable.0 | sets.bounding.0),
        };
        if !no_new_privs && by_file.is_empty() && !sets.bounding.is_empty() {
            let says = "every mount is nosuid: no program gives it anything";
            let mountinfo = format!("/proc/{}/mountinfo", credentials.task);
            because.push((says.to_owned(), mountinfo));
        }
        because.extend(barred);
        AfterExec {
            plain,
            by_file,
            because,
        }
    }

    /// The most that the process could get by itself: what it may raise now, what an execve of its
    /// own gives, and what a privileged program could give.
    pub fn ceiling(&self, credentials: &Credentials) -> CapabilitySet {
        let plain = self
            .plain
            .get()
            .unwrap_or(credentials.capabilities.bounding);
        CapabilitySet(credentials.capabilities.permitted.0 | plain.0 | self.by_file.0)
    }

    /// Whether the process would have a capability in its effective set after an execve.
    pub fn has(&self, capability: u32) -> Answer {
        let name = CapabilitySet::name_of(capability);
        let step = |verdict: Verdict, (says, evidence): &(String, String)| {
            Answer::new(verdict, "R5", says.clone(), evidence.clone())
        };
        let verdict = match &self.plain {
            Seen::Known(plain) => Verdict::from(plain.contains(capability)),
            Seen::Unknown(_) => Verdict::Unknown,
        };
        let mut steps = self.because.iter().map(|it| step(verdict, it));
        let first = steps.next();
        let mut answer = first.unwrap_or_else(|| Answer::new(verdict, "R5", String::new(), ""));
        for more in steps {
            answer.steps.extend(more.steps);
        }
        if verdict != Verdict::Yes && self.by_file.contains(capability) {
            answer.verdict = Verdict::Unknown;
            let says = format!(
                "a set-user-ID program of root, or one with file capabilities, could give it {name}; \
                 such programs were not looked for"
            );
            answer
                .steps
                .extend(Answer::new(Verdict::Unknown, "R5", says, "").steps);
        }
        answer
    }
}

/// Whether root's rule applies: its real or effective uid is 0 in its own user namespace, whatever
/// that is outside. SECBIT_NOROOT would undo it, which cannot be seen.
fn is_root(credentials: &Credentials) -> (Seen<bool>, String) {
    let root = match credentials.root_uid() {
        Seen::Known(Some(root)) => root,
        Seen::Known(None) => {
            return (
                Seen::Known(false),
                "its user namespace has no root".to_owned(),
            );
        }
        Seen::Unknown(why) => {
            let says = "who is root in its user namespace is not known";
            return (Seen::Unknown(why), says.to_owned());
        }
    };
    let uids = credentials.uids;
    let is_root = [uids.real, uids.effective]
        .into_iter()
        .any(|uid| credentials.same_id(uid, root) == Some(true));
    let says = match is_root {
        true => "it is root in its user namespace",
        false => "it is not root in its user namespace",
    };
    (Seen::Known(is_root), says.to_owned())
}

/// Whether no file of its mount namespace can give anything (mount(2), MS_NOSUID). A table that is
/// empty says nothing: that of a process in a chroot is.
fn is_nosuid_everywhere(process: &Process) -> bool {
    let details = process.details.as_deref();
    let mounts = details.and_then(|details| details.mounts.known());
    mounts.is_some_and(|mounts| {
        !mounts.is_empty() && mounts.iter().all(|mount| mount.has_option("nosuid"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::power::sample::{ALL, who};
    use crate::model::NsKind;
    use crate::model::process::IdRange;

    const ADMIN: u32 = CapabilitySet::SYS_ADMIN;

    fn nobodys_files() -> Process {
        crate::analyse::power::sample::process(42)
    }

    fn has(credentials: &Credentials) -> Verdict {
        AfterExec::of(credentials, &nobodys_files())
            .has(ADMIN)
            .verdict
    }

    #[test]
    fn root_regains_its_bounding_set_and_others_need_a_privileged_program() {
        let initial = NsKind::User.initial_inode();
        let capless_root = who(initial, 0, 0);
        assert_eq!(has(&capless_root), Verdict::Yes);
        let mut without = capless_root.clone();
        without.capabilities.bounding = CapabilitySet(ALL & !(1 << ADMIN));
        assert_eq!(has(&without), Verdict::No);
        let mut barred = capless_root;
        barred.no_new_privs = Some(true);
        assert_eq!(has(&barred), Verdict::No);

        let user = who(initial, 1000, 0);
        assert_eq!(has(&user), Verdict::Unknown);
        let mut barred = user.clone();
        barred.no_new_privs = Some(true);
        assert_eq!(has(&barred), Verdict::No);
        let mut bounded = user.clone();
        bounded.capabilities.bounding = CapabilitySet(0);
        assert_eq!(has(&bounded), Verdict::No);
        let mut ambient = user;
        ambient.capabilities.ambient = CapabilitySet(1 << ADMIN);
        assert_eq!(has(&ambient), Verdict::Yes);
    }

    #[test]
    fn root_is_who_has_uid_0_in_its_own_user_namespace() {
        let mut mapped = who(0xF000_000A, 100_000, 0);
        mapped.uid_map = Seen::Known(vec![IdRange {
            inside: 0,
            outside: 100_000,
            count: 65_536,
        }]);
        assert_eq!(has(&mapped), Verdict::Yes);
        // A map without root: nobody is root in there.
        mapped.uid_map = Seen::Known(vec![IdRange {
            inside: 1000,
            outside: 100_000,
            count: 1,
        }]);
        assert_eq!(has(&mapped), Verdict::Unknown);
        mapped.uid_map = Seen::Unknown(crate::model::Why::Denied);
        assert_eq!(has(&mapped), Verdict::Unknown);
    }
}
