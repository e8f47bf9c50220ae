//! Making new namespaces and running a program in them.
//!
//! The order is the kernel's: all namespaces by one unshare(2), of which it makes the user namespace
//! first, so that the others belong to it; the offsets of the clocks before anybody is in the time
//! namespace; the maps; the fork, since pid and time are for children only; what is mounted, by the
//! child, since a procfs is of the pid namespace of who mounts it; ids and capabilities last.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, chdir, setgroups, sethostname, setresgid, setresuid};

use super::bindable;
use super::birth::{Birth, start};
use super::credentials::Credentials;
use super::failure::{During, Failure, Step};
use super::gate::Gate;
use super::held_signals::HeldSignals;
use super::id_map::{Maker, Maps, Writer};
use super::init::become_init;
use super::outside::{self, Bind, Outside};
use super::program::Program;
use super::root::View;
use super::session::Session;
use super::supervise::{Ended, Role, Supervisor, Tell};
use crate::model::{LinkName, NsKind};
use crate::sys::interfaces;
use crate::sys::nsfs::clone_flag;
use crate::sys::procfs::ProcRoot;

/// Everything that was asked for.
pub struct Launch {
    pub kinds: BTreeSet<NsKind>,
    /// Namespaces that are to stay, by a bind mount on a file.
    pub binds: Vec<Bind>,
    pub maps: Maps,
    /// Who makes the user namespace, and so owns it.
    pub maker: Maker,
    /// Offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME, in seconds.
    pub monotonic: Option<i64>,
    pub boottime: Option<i64>,
    pub fork: bool,
    pub init: bool,
    /// What the program is sent when we end.
    pub kill_signal: Signal,
    pub view: View,
    pub hostname: Option<String>,
    pub loopback: bool,
    pub working_directory: Option<PathBuf>,
    pub credentials: Credentials,
    pub program: Program,
    /// Who is to say that it may start.
    pub gate: Option<Gate>,
    pub session: Session,
    pub tell: Tell,
}

impl Launch {
    /// Whether the program is in another view of the machine than whoever has started it, and so is not
    /// to reach the terminal of that.
    pub fn is_elsewhere(&self) -> bool {
        let kinds = [NsKind::User, NsKind::Mnt, NsKind::Pid];
        kinds.iter().any(|kind| self.kinds.contains(kind)) || self.view.root.is_some()
    }

    /// Makes the namespaces and runs the program. Without a fork this becomes the program and does
    /// not return.
    pub fn run(&self) -> Result<Ended, Failure> {
        // Who has no handler is seen in /proc; a machine without it can do without that.
        let is_init = self.kinds.contains(&NsKind::Pid) && !self.init;
        let proc = ProcRoot::open("/proc".as_ref()).ok();
        let mut outside = match self.maps.need_outside() || !self.binds.is_empty() {
            true => Some(Outside::stay(&self.maps, &self.binds)?),
            false => None,
        };
        let old = self
            .binds
            .iter()
            .any(|bind| bind.link.kind() == NsKind::Mnt);
        let old = old.then(bindable::number).flatten();
        self.leave()?;
        if let Some(old) = old {
            bindable::outnumber(old).during(|| Step::Unshare(vec![NsKind::Mnt.to_string()]))?;
        }
        self.set_offsets()?;
        self.write_maps(outside.as_mut())?;
        if let Some(outside) = outside.as_mut() {
            outside.bind(|link| !is_for_children(link), &self.binds)?;
        }
        if !self.forks() {
            // Nobody would reap it once we are the program.
            drop(outside);
            self.session.begin_ourselves().during(|| Step::Prepare)?;
            return Err(self.become_program());
        }
        let held = HeldSignals::hold()?;
        let started = start(
            &held,
            |birth| self.be_born(birth),
            // Until there is a child, nothing names the namespaces for children.
            || match outside.as_mut() {
                Some(outside) => outside.bind(is_for_children, &self.binds),
                None => Ok(()),
            },
        )?;
        if let Some(outside) = outside.as_mut() {
            outside.keep()?;
        }
        drop(outside);
        let supervisor = Supervisor {
            held: &held,
            init_in: proc.as_ref().filter(|_| is_init),
            proc: proc.as_ref(),
            stops: self.init.then_some(started.line.as_fd()),
            cgroups: &[],
            role: Role::Outer,
            session: self.session,
            tell: self.tell,
        };
        supervisor.wait(started.process)
    }

    /// Whether the program has to be a child: only children are in a new pid or time namespace, and
    /// only a supervisor can do something when it ends.
    fn forks(&self) -> bool {
        let for_children = [NsKind::Pid, NsKind::Time];
        self.fork
            || self.init
            || !self.binds.is_empty()
            || self.gate.is_some()
            || for_children.iter().any(|kind| self.kinds.contains(kind))
    }

    fn leave(&self) -> Result<(), Failure> {
        let flags = self
            .kinds
            .iter()
            .fold(0, |all, kind| all | clone_flag(*kind));
        if self.maker.is_another {
            self.become_maker()?;
        }
        // A seccomp filter may forbid even to ask for none.
        if flags == 0 {
            return Ok(());
        }
        // nix does not know CLONE_NEWTIME.
        unshare(CloneFlags::from_bits_retain(flags))
            .during(|| Step::Unshare(self.kinds.iter().map(NsKind::to_string).collect()))
    }

    /// Whoever makes a user namespace owns it (create_user_ns in kernel/user_namespace.c). Nothing of
    /// us stays behind: the program could become that again.
    fn become_maker(&self) -> Result<(), Failure> {
        let Maker { uid, gid, .. } = self.maker;
        setgroups(&[]).during(|| Step::Groups)?;
        let id = Gid::from_raw(gid);
        setresgid(id, id, id).during(|| Step::Gid(gid))?;
        let id = Uid::from_raw(uid);
        setresuid(id, id, id).during(|| Step::Uid(uid))?;
        self.session.end_with_leader().during(|| Step::Prepare)
    }

    fn set_offsets(&self) -> Result<(), Failure> {
        let clocks = [("monotonic", self.monotonic), ("boottime", self.boottime)];
        for (clock, offset) in clocks {
            let Some(offset) = offset else { continue };
            fs::write("/proc/self/timens_offsets", format!("{clock} {offset} 0\n"))
                .during(|| Step::TimeOffset(clock.to_owned()))?;
        }
        Ok(())
    }

    fn write_maps(&self, outside: Option<&mut Outside>) -> Result<(), Failure> {
        match outside {
            Some(outside) => outside.write_maps()?,
            None => {
                if let Some(setgroups) = self.maps.setgroups {
                    outside::write("self", "setgroups", &setgroups.to_string())?;
                }
            }
        }
        for map in [&self.maps.uid, &self.maps.gid].into_iter().flatten() {
            if map.writer == Writer::Inside {
                outside::write("self", map.ids.file(), &map.lines())?;
            }
        }
        Ok(())
    }

    fn be_born(&self, birth: &mut Birth) -> Failure {
        if let Err(failure) = self.session.begin().during(|| Step::Prepare) {
            return failure;
        }
        if !self.init {
            return self.settle_and_become(Some(birth));
        }
        // The init has what it needs; ids and capabilities are the program's.
        match self.settle() {
            Ok(()) => become_init(
                birth,
                self.kill_signal,
                self.session,
                || self.become_with_credentials(None),
                self.tell,
            ),
            Err(failure) => failure,
        }
    }

    fn become_program(&self) -> Failure {
        self.settle_and_become(None)
    }

    fn settle_and_become(&self, birth: Option<&Birth>) -> Failure {
        match self.settle() {
            Ok(()) => self.become_with_credentials(birth),
            Err(failure) => failure,
        }
    }

    /// Makes the new namespaces what they are to be.
    fn settle(&self) -> Result<(), Failure> {
        self.view.arrange(self.kinds.contains(&NsKind::Mnt))?;
        if let Some(name) = &self.hostname {
            sethostname(name).during(|| Step::Hostname(name.clone()))?;
        }
        if self.loopback {
            interfaces::loopback_up().during(|| Step::Loopback)?;
        }
        if let Some(directory) = &self.working_directory {
            chdir(directory).during(|| Step::WorkingDirectory(directory.display().to_string()))?;
        }
        Ok(())
    }

    fn become_with_credentials(&self, birth: Option<&Birth>) -> Failure {
        let ready = || {
            self.credentials.take_on()?;
            match birth {
                Some(birth) => birth.end_with_supervisor(self.kill_signal)?,
                None if self.forks() => {}
                None => self.session.end_with_leader().during(|| Step::Prepare)?,
            }
            self.gate.as_ref().map_or(Ok(()), Gate::pass)
        };
        match (ready(), &self.view.root) {
            (Err(failure), _) => failure,
            (Ok(()), None) => self.program.replace_us(),
            // What lies below another root is not ours.
            (Ok(()), Some(_)) => self.program.replace_us_by_stub(),
        }
    }
}

const fn is_for_children(link: LinkName) -> bool {
    matches!(link, LinkName::PidForChildren | LinkName::TimeForChildren)
}
