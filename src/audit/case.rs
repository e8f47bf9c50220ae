//! One process under audit, with what all rules ask about it.

use std::cell::OnceCell;

use super::finding::{Finding, Verdict};
use super::machine::Machine;
use super::questions::handles::Origins;
use super::questions::host_files::{self, Bind};
use crate::analyse::containers::Identity;
use crate::analyse::power::capable::{capable, capable_over};
use crate::analyse::power::exec::AfterExec;
use crate::analyse::power::{self, Answer, Credentials};
use crate::model::namespace::NsKey;
use crate::model::process::{Details, Seccomp, Status};
use crate::model::{CapabilitySet, NsKind, Process, Seen, Snapshot, Why};

/// A process, the machine around it, and the container that it is in.
pub struct Case<'a> {
    pub snapshot: &'a Snapshot,
    pub machine: &'a Machine<'a>,
    pub process: &'a Process,
    pub container: Option<Identity>,
    rights: Result<(Credentials, AfterExec), Why>,
    /// What several rules ask and is costly to tell: told once.
    binds: OnceCell<Vec<Bind<'a>>>,
    origins: OnceCell<Origins>,
}

/// How a process comes by a capability that counts where it is asked for (rule R5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It is in its effective set.
    Now,
    /// It may raise it: capset(2).
    ByRaising,
    /// An execve of any program gives it.
    ByExec,
    /// A program could that is set-user-ID for root or has file capabilities, which was not looked
    /// for.
    ByFile,
    Never,
    Unknown(String),
}

impl Holds {
    /// What has to happen first, as a precondition of a finding.
    fn first(&self) -> Option<&'static str> {
        match self {
            Holds::ByRaising => Some("it raises a capability that it is permitted (capset)"),
            Holds::ByExec => {
                Some("it executes a program: root without no_new_privs then gets its bounding set")
            }
            Holds::ByFile => Some(
                "it finds a program that is set-user-ID for root or has file capabilities, which \
                 was not looked for",
            ),
            _ => None,
        }
    }

    /// A finding whose verdict follows from how the capability is come by.
    pub fn judge(&self, mut finding: Finding) -> Finding {
        if let Some(first) = self.first() {
            finding.verdict = finding.verdict.min(Verdict::Conditional);
            finding.preconditions.insert(0, first.to_owned());
        }
        if let Holds::Unknown(why) = self {
            finding.verdict = Verdict::Unknown;
            finding.why = format!("it cannot be told: {why}");
        }
        finding
    }
}

impl<'a> Case<'a> {
    pub fn new(
        machine: &'a Machine<'a>,
        process: &'a Process,
        container: Option<Identity>,
    ) -> Case<'a> {
        let snapshot = machine.snapshot;
        let rights = Credentials::of(snapshot, process).map(|credentials| {
            let after_exec = AfterExec::of(&credentials, process);
            (credentials, after_exec)
        });
        Case {
            snapshot,
            machine,
            process,
            container,
            rights,
            binds: OnceCell::new(),
            origins: OnceCell::new(),
        }
    }

    pub fn details(&self) -> Option<&'a Details> {
        self.process.details.as_deref()
    }

    pub fn status(&self) -> Option<&'a Status> {
        self.details()?.status.known()
    }

    /// Its credentials.
    ///
    /// # Errors
    /// Why they are not known.
    pub fn credentials(&self) -> Result<&Credentials, &Why> {
        self.rights.as_ref().map(|(credentials, _)| credentials)
    }

    /// The same with what an execve makes of them.
    ///
    /// # Errors
    /// Why they are not known.
    pub fn rights(&self) -> Result<&(Credentials, AfterExec), &Why> {
        self.rights.as_ref()
    }

    /// Files and directories of the host within its mounts.
    pub fn binds(&self) -> &[Bind<'a>] {
        self.binds.get_or_init(|| host_files::binds(self))
    }

    /// Which mounts are its own, and which are not.
    pub fn origins(&self) -> &Origins {
        self.origins.get_or_init(|| Origins::of(self))
    }

    /// What an execve gives it.
    pub fn after_exec(&self) -> Option<&AfterExec> {
        self.rights.as_ref().ok().map(|(_, exec)| exec)
    }

    /// The capabilities that it can have at most, wherever they count.
    pub fn ceiling(&self) -> CapabilitySet {
        match &self.rights {
            Ok((credentials, exec)) => exec.ceiling(credentials),
            Err(_) => CapabilitySet::default(),
        }
    }

    /// Its namespace of a kind.
    pub fn key(&self, kind: NsKind) -> Seen<NsKey> {
        let inode = self.process.links.own(kind);
        inode.part(|inode| NsKey {
            kind,
            inode: *inode,
        })
    }

    /// Whether it is in the namespace of a kind that the kernel booted with: the host's.
    pub fn shares_host(&self, kind: NsKind) -> Seen<bool> {
        self.key(kind).and_then(|key| self.snapshot.is_initial(key))
    }

    /// The same where only a sure yes counts.
    pub fn is_in_hosts(&self, kind: NsKind) -> bool {
        self.shares_host(kind) == Seen::Known(true)
    }

    /// How it comes by a capability over the host (rules R2 and R5).
    pub fn holds(&self, capability: u32) -> Holds {
        self.holds_by(capability, |credentials| {
            capable(self.snapshot, credentials, capability)
        })
    }

    /// The same over the owner of its own namespace of a kind (rules R1, R3 and R5).
    pub fn holds_over_own(&self, kind: NsKind, capability: u32) -> Holds {
        match self.key(kind) {
            Seen::Known(key) => self.holds_by(capability, |credentials| {
                capable_over(self.snapshot, credentials, key, capability)
            }),
            Seen::Unknown(why) => {
                Holds::Unknown(format!("its {kind} namespace is not known ({why})"))
            }
        }
    }

    /// The same over the user namespace that it is in itself.
    pub fn holds_in_own_user_ns(&self, capability: u32) -> Holds {
        self.holds_over_own(NsKind::User, capability)
    }

    fn holds_by(&self, capability: u32, ask: impl Fn(&Credentials) -> Answer) -> Holds {
        let (credentials, exec) = match &self.rights {
            Ok(known) => known,
            Err(why) => return Holds::Unknown(format!("its credentials are not known ({why})")),
        };
        if ask(credentials).is_yes() {
            return Holds::Now;
        }
        // Would it count there if the process had every capability?
        let at_most = ask(&credentials.with_effective(CapabilitySet(u64::MAX)));
        match at_most.verdict {
            power::Verdict::No => return Holds::Never,
            power::Verdict::Unknown => return Holds::Unknown(at_most.reason().to_owned()),
            power::Verdict::Yes => {}
        }
        if credentials.capabilities.permitted.contains(capability) {
            return Holds::ByRaising;
        }
        match &exec.plain {
            Seen::Known(plain) if plain.contains(capability) => Holds::ByExec,
            _ if exec.by_file.contains(capability) => Holds::ByFile,
            Seen::Known(_) => Holds::Never,
            Seen::Unknown(why) => {
                Holds::Unknown(format!("what an execve gives it is not known ({why})"))
            }
        }
    }

    /// A file of the process as evidence names it.
    pub fn file(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.process.task())
    }

    /// The link of a namespace as evidence.
    pub fn link(&self, kind: NsKind) -> (String, String) {
        let value = match self.key(kind) {
            Seen::Known(key) => key.to_string(),
            Seen::Unknown(why) => why.to_string(),
        };
        (self.file(&format!("ns/{kind}")), value)
    }

    /// A line of its status file as evidence.
    pub fn line(&self, field: &str) -> (String, String) {
        let value = self.status().map_or(String::new(), |status| {
            let sets = &status.capabilities;
            let four = |ids: &crate::model::process::Ids| {
                format!("{} {} {} {}", ids.real, ids.effective, ids.saved, ids.fs)
            };
            match field {
                "Uid" => four(&status.uids),
                "Gid" => four(&status.gids),
                "CapEff" => format!("{:016x}", sets.effective.0),
                "CapPrm" => format!("{:016x}", sets.permitted.0),
                "CapBnd" => format!("{:016x}", sets.bounding.0),
                "CapInh" => format!("{:016x}", sets.inheritable.0),
                "CapAmb" => format!("{:016x}", sets.ambient.0),
                "NoNewPrivs" => number(status.no_new_privs.map(u8::from)),
                "Seccomp" => number(status.seccomp.map(|mode| mode as u8)),
                _ => String::new(),
            }
        });
        (self.file(&format!("status {field}")), value)
    }

    /// That a system call which takes a capability may be filtered. An engine that was told to add
    /// the capability lets its calls through in the filter of its own, so that such a filter is no
    /// barrier (rule R9).
    pub fn filter_against(&self, capability: u32) -> Option<&'static str> {
        let added = !DOCKERS_DEFAULT.contains(capability);
        let by_engine = self
            .container
            .as_ref()
            .is_some_and(|it| ENGINES.contains(&it.container.runtime.as_str()));
        match (self.filter(), added && by_engine) {
            (Some(_), true) | (None, _) => None,
            (filter, false) => filter,
        }
    }

    /// That its system calls are filtered; by which rules cannot be seen.
    pub fn filter(&self) -> Option<&'static str> {
        match self.status()?.seccomp {
            Some(Seccomp::Filter) => Some(
                "its seccomp filter, whose rules cannot be seen, lets the system calls through",
            ),
            _ => None,
        }
    }

    /// The label of a security module that is known to forbid reaching out (rule R10).
    pub fn confined_by(&self) -> Option<&'a str> {
        let label = self.details()?.lsm.known()?.as_deref()?;
        is_confining(label).then_some(label)
    }
}

fn number(value: Option<u8>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Labels that are enforced and that are known to keep containers from the host. Others may or may
/// not: `unconfined`, `spc_t` and profiles in complain mode do not.
pub fn is_confining(label: &str) -> bool {
    matches!(
        label,
        "docker-default (enforce)" | "cri-containerd.apparmor.d (enforce)"
    ) || label.contains(":container_t:")
}

/// AppArmor's `unconfined` and `NAME (complain)`, SELinux's types for what is trusted.
pub fn is_unconfined(label: &str) -> bool {
    let selinux = ["spc_t", "unconfined_t", "unconfined_service_t", "kernel_t"];
    label == "unconfined"
        || label.ends_with("(complain)")
        || label.ends_with("(unconfined)")
        || label
            .split(':')
            .nth(2)
            .is_some_and(|part| selinux.contains(&part))
}

/// Engines whose own seccomp filter follows from the capabilities that they give.
const ENGINES: [&str; 6] = [
    "docker",
    "podman",
    "containerd",
    "cri-o",
    "kubernetes",
    "oci",
];

/// What Docker gives to a container that asks for nothing.
pub const DOCKERS_DEFAULT: CapabilitySet = CapabilitySet(0xa804_25fb);
