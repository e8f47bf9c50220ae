//! `nsinspect run`: a program in new namespaces.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, raise};

use super::own_terminal;
use super::verify::launched;
use crate::cli::{Global, PropagationArg, RunArgs, SetgroupsArg};
use crate::error::{Error, Exit};
use crate::isolate::credentials::{Credentials, Keep};
use crate::isolate::environment::{self, Preserved};
use crate::isolate::id_map::{Block, Ids, Maker, Maps, Setgroups, Wish};
use crate::isolate::launch::Launch;
use crate::isolate::outside::Bind;
use crate::isolate::program::Program;
use crate::isolate::root::{NewRoot, Propagation, View};
use crate::isolate::session::Session;
use crate::isolate::supervise::Ended;
use crate::model::{CapabilitySet, LinkName, NsKind};
use crate::output;
use crate::sys::{accounts, capabilities, child, exec};

pub fn run(global: &Global, args: &RunArgs) -> Result<Exit, Error> {
    child::end_on_panic(Exit::NOT_SET_UP.code().into());
    let mut launch = resolve(args).map_err(not_set_up)?;
    let mut descriptors = own_terminal::STANDARD.to_vec();
    descriptors.extend(&args.preserve_fd);
    let is_apart = launch.is_elsewhere() && !args.no_pty;
    own_terminal::run(is_apart, &descriptors, |session| {
        launch.session = session;
        launch.gate = launched::gate(global, args, &launch).map_err(not_set_up)?;
        let also = match launch.kinds.contains(&NsKind::Pid) {
            true => ", and with it all that was in its pid namespace",
            false => "",
        };
        finish(launch.run()?, also)
    })
}

/// Passes the program's end on; that it was killed is said, since a code alone could be its own.
pub fn finish(ended: Ended, also: &str) -> Result<Exit, Error> {
    if ended == Ended::Killed(Signal::SIGINT) {
        // A shell goes on with its script unless what it waits for was ended by Ctrl-C too; for it
        // this is 128+2 all the same.
        let _ = raise(Signal::SIGINT);
    }
    if let Ended::Killed(signal) = ended {
        tell(&format!("the program was killed by {signal}{also}"));
    }
    Ok(Exit::Program(ended.exit_code()))
}

/// Whatever kept us from starting is told by 125, never by a code that the program could have.
pub fn not_set_up(error: Error) -> Error {
    match error {
        Error::Isolate(failure) => Error::Isolate(failure),
        other => Error::NotSetUp(Box::new(other)),
    }
}

pub fn tell(line: &str) {
    output::note(&format!(
        "nsinspect: {}",
        output::sanitize::for_terminal(line)
    ));
}

fn resolve(args: &RunArgs) -> Result<Launch, Error> {
    let mut kinds = kinds(args);
    let maker = maker(args)?;
    let mut users = wish(Ids::Users, &maker, args)?;
    let mut groups = wish(Ids::Groups, &maker, args)?;
    let is_mapped = users != Wish::default() || groups != Wish::default();
    if args.all && !is_mapped {
        (users.ourselves, groups.ourselves) = (Some(0), Some(0));
    }
    let mut keep = match args.keep_caps {
        true => Keep::Ambient,
        false => Keep::Usual,
    };
    if !kinds.is_empty() && !kinds.contains(&NsKind::User) && !may_unshare() {
        tell(
            "without CAP_SYS_ADMIN new namespaces need a user namespace: one is made, with the \
             same ids inside and all capabilities over what is new",
        );
        kinds.insert(NsKind::User);
        users.ourselves = Some(maker.uid);
        groups.ourselves = Some(maker.gid);
        keep = Keep::Ambient;
    }
    let setgroups = args.setgroups.map(|how| match how {
        SetgroupsArg::Allow => Setgroups::Allow,
        SetgroupsArg::Deny => Setgroups::Deny,
    });
    Ok(Launch {
        binds: binds(args),
        maps: Maps::resolve(&maker, &users, &groups, setgroups)?,
        maker,
        monotonic: args.monotonic,
        boottime: args.boottime,
        fork: args.fork || args.kill_child.is_some(),
        init: args.init,
        kill_signal: kill_signal(args)?,
        view: view(args, &kinds)?,
        hostname: args.hostname.clone(),
        loopback: kinds.contains(&NsKind::Net) && !args.no_lo,
        working_directory: args.wd.clone(),
        credentials: Credentials {
            uid: args.setuid,
            gid: args.setgid,
            groups: args.setgid.map(|_| Vec::new()),
            keep,
            ..Credentials::default()
        },
        program: program(args)?,
        gate: None,
        session: Session::Ours,
        kinds,
        tell,
    })
}

fn program(args: &RunArgs) -> Result<Program, Error> {
    if let Some(fd) = args.preserve_fd.iter().find(|fd| !exec::is_open(**fd)) {
        let message = format!("--preserve-fd wants open descriptors, and {fd} is not open");
        return Err(Error::Usage(message));
    }
    let preserved = preserved(args.preserve_env.as_ref())?;
    let is_from_elsewhere = args.rootfs.is_some() || args.root.is_some();
    let environment = match (args.clear_env, is_from_elsewhere) {
        (true, _) => Vec::new(),
        (false, true) => environment::foreign(environment::usual(), &preserved),
        (false, false) => environment::own(),
    };
    let mut program = Program::new(&args.command, environment);
    program.descriptors.clone_from(&args.preserve_fd);
    Ok(program)
}

/// What `--preserve-env` hands over of our environment to a program that comes from elsewhere.
pub fn preserved(option: Option<&Option<String>>) -> Result<Preserved, Error> {
    let Some(list) = option else {
        return Ok(Preserved::Usual);
    };
    let Some(list) = list else {
        return Ok(Preserved::All);
    };
    let names: Vec<&str> = list.split(',').filter(|name| !name.is_empty()).collect();
    if let Some(name) = names.iter().find(|name| name.contains('=')) {
        return Err(Error::Usage(format!(
            "--preserve-env takes names of variables, and {name} gives a value: env {name} \
             nsinspect …"
        )));
    }
    Ok(Preserved::Named(
        names.into_iter().map(Into::into).collect(),
    ))
}

/// The option of a kind.
fn option(args: &RunArgs, kind: NsKind) -> Option<&Option<PathBuf>> {
    match kind {
        NsKind::Cgroup => args.cgroup.as_ref(),
        NsKind::Ipc => args.ipc.as_ref(),
        NsKind::Mnt => args.mount.as_ref(),
        NsKind::Net => args.net.as_ref(),
        NsKind::Pid => args.pid.as_ref(),
        NsKind::Time => args.time.as_ref(),
        NsKind::User => args.user.as_ref(),
        NsKind::Uts => args.uts.as_ref(),
    }
}

fn kinds(args: &RunArgs) -> BTreeSet<NsKind> {
    if args.all {
        return NsKind::ALL.into_iter().collect();
    }
    let mut kinds: BTreeSet<NsKind> = NsKind::ALL
        .into_iter()
        .filter(|kind| option(args, *kind).is_some())
        .collect();
    let is_mapped = args.map_root_user
        || args.map_current_user
        || args.map_auto
        || args.map_subids
        || args.map_user.is_some()
        || args.map_group.is_some()
        || !args.map_users.is_empty()
        || !args.map_groups.is_empty()
        || args.owner.is_some();
    let implied = [
        (NsKind::User, is_mapped),
        (
            NsKind::Mnt,
            args.rootfs.is_some() || args.mount_proc.is_some(),
        ),
        (NsKind::Uts, args.hostname.is_some()),
        (
            NsKind::Time,
            args.monotonic.is_some() || args.boottime.is_some(),
        ),
        (NsKind::Pid, args.init),
    ];
    kinds.extend(
        implied
            .into_iter()
            .filter(|(_, it)| *it)
            .map(|(kind, _)| kind),
    );
    kinds
}

fn binds(args: &RunArgs) -> Vec<Bind> {
    let bind = |kind| {
        let file = option(args, kind)?.clone()?;
        let link = LinkName::for_children(kind).unwrap_or(LinkName::Own(kind));
        Some(Bind { link, file })
    };
    NsKind::ALL.into_iter().filter_map(bind).collect()
}

fn may_unshare() -> bool {
    capabilities::get().is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

fn wish(ids: Ids, maker: &Maker, args: &RunArgs) -> Result<Wish, Error> {
    let (named, blocks) = match ids {
        Ids::Users => (&args.map_user, &args.map_users),
        Ids::Groups => (&args.map_group, &args.map_groups),
    };
    let named = named.as_deref().map(|name| id(ids, name)).transpose()?;
    let ourselves = named
        .or(args.map_root_user.then_some(0))
        .or(args.map_current_user.then_some(maker.own(ids)));
    let mut blocks = blocks.clone();
    blocks.extend(args.map_auto.then_some(Block::Auto));
    blocks.extend(args.map_subids.then_some(Block::Subids));
    Ok(Wish { ourselves, blocks })
}

/// The number of a user or group that was given by number or by name.
fn id(ids: Ids, name: &str) -> Result<u32, Error> {
    match name.parse() {
        // To the kernel that means "as it is" (setresuid(2)).
        Ok(u32::MAX) => return Err(Error::Usage(format!("{name} is nobody's number"))),
        Ok(number) => return Ok(number),
        Err(_) => {}
    }
    let found = match ids {
        Ids::Users => accounts::uid_of(name),
        Ids::Groups => accounts::gid_of(name),
    };
    let what = match ids {
        Ids::Users => "user",
        Ids::Groups => "group",
    };
    found.ok_or_else(|| Error::Usage(format!("there is no {what} {name:?} here")))
}

fn maker(args: &RunArgs) -> Result<Maker, Error> {
    let Some(text) = &args.owner else {
        return Ok(Maker::ourselves());
    };
    let (user, group) = text
        .split_once(':')
        .ok_or_else(|| Error::Usage(format!("--owner wants UID:GID, and {text:?} is not that")))?;
    Ok(Maker::other(id(Ids::Users, user)?, id(Ids::Groups, group)?))
}

fn kill_signal(args: &RunArgs) -> Result<Signal, Error> {
    match &args.kill_child {
        Some(Some(name)) => signal(name),
        _ => Ok(Signal::SIGKILL),
    }
}

/// A signal by its number, or by its name with or without SIG.
fn signal(name: &str) -> Result<Signal, Error> {
    let by_number = name.parse::<i32>().ok();
    let by_number = by_number.and_then(|number| Signal::try_from(number).ok());
    let upper = name.to_uppercase();
    let full = match upper.starts_with("SIG") {
        true => upper,
        false => format!("SIG{upper}"),
    };
    by_number
        .or_else(|| full.parse().ok())
        .ok_or_else(|| Error::Usage(format!("{name:?} is not a signal")))
}

fn view(args: &RunArgs, kinds: &BTreeSet<NsKind>) -> Result<View, Error> {
    let is_apart = matches!(
        args.propagation,
        PropagationArg::Private | PropagationArg::Slave
    );
    if args.rootfs.is_some() && !is_apart {
        let message = "--rootfs wants --propagation private or slave: what it mounts would show \
                       up outside, and pivot_root(2) refuses shared mounts";
        return Err(Error::Usage(message.to_owned()));
    }
    let root = match (&args.rootfs, &args.root) {
        (Some(dir), _) => Some(NewRoot::Pivot {
            dir: dir.clone(),
            read_only: args.read_only,
        }),
        (None, Some(dir)) => Some(NewRoot::Chroot(dir.clone())),
        (None, None) => None,
    };
    let fresh = kinds.contains(&NsKind::Pid) && kinds.contains(&NsKind::Mnt);
    let usual = (fresh && !args.no_mount_proc).then(|| Path::new("/proc").to_owned());
    let asked = args
        .mount_proc
        .as_ref()
        .map(|dir| dir.clone().unwrap_or_else(|| "/proc".into()));
    Ok(View {
        propagation: match args.propagation {
            PropagationArg::Private => Propagation::Private,
            PropagationArg::Slave => Propagation::Slave,
            PropagationArg::Shared => Propagation::Shared,
            PropagationArg::Unchanged => Propagation::Unchanged,
        },
        root,
        proc: asked.or(usual),
    })
}
