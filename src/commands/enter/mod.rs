//! `nsinspect enter`: a program in namespaces that exist.

mod environment;
mod pinned;
mod rights;
mod surplus;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;

use self::environment::environment;
use self::pinned::Pinned;
use self::rights::Numbers;
use super::own_terminal;
use super::run::{finish, not_set_up, tell};
use super::source::Source;
use super::target::{Target, Typed, open_namespace};
use crate::cli::{EnterArgs, Global};
use crate::collect::{Collector, details};
use crate::error::{Error, Exit};
use crate::isolate::cgroups::{self, Joinable};
use crate::isolate::enter::{Entry, Opened, WorkingDirectory};
use crate::isolate::failure::During;
use crate::isolate::join::Wanted;
use crate::isolate::program::Program;
use crate::isolate::root::open_directory;
use crate::isolate::session::Session;
use crate::isolate::{Failure, Step};
use crate::model::namespace::NsKey;
use crate::model::process::CgroupEntry;
use crate::model::{CapabilitySet, LinkName, NsKind, Seen};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{child, nsfs, sockets};

pub fn run(global: &Global, args: &EnterArgs) -> Result<Exit, Error> {
    child::end_on_panic(Exit::NOT_SET_UP.code().into());
    let mut entry = resolve(global, args).map_err(not_set_up)?;
    let is_apart = entry.is_elsewhere() && !args.no_pty;
    own_terminal::run(is_apart, &own_terminal::STANDARD, |session| {
        entry.session = session;
        finish(entry.run()?, "")
    })
}

fn resolve(global: &Global, args: &EnterArgs) -> Result<Entry, Error> {
    let source = Source::open(global)?;
    let Source::Live(collector) = &source else {
        return Err(Error::Usage(
            "nobody can enter a snapshot: `enter` is for the running machine".to_owned(),
        ));
    };
    let target = args.target.as_ref().ok_or_else(|| {
        Error::Usage("there is no TARGET: enter TARGET [OPTIONS] -- COMMAND".to_owned())
    })?;
    let command = &args.words;
    let typed = Typed::parse(&target.to_string_lossy())?;
    match typed.resolve(&source, global)? {
        Target::Task(pid) => {
            let pinned = Pinned::open(collector, &source, pid)?;
            if let Typed::Pinned { pidfs, .. } = typed {
                pinned.must_be(pidfs)?;
            }
            of_process(global, &source, collector, args, &pinned, command)
        }
        Target::Namespace(key, opened) => {
            let fd = match opened {
                Some(fd) => fd,
                None => open_found(global, &source, collector, key)?,
            };
            let wanted = vec![Wanted { key, fd }];
            of_namespaces(global, &source, collector, args, wanted, command)
        }
    }
}

fn of_process(
    global: &Global,
    source: &Source,
    collector: &Collector,
    args: &EnterArgs,
    pinned: &Pinned,
    command: &[OsString],
) -> Result<Entry, Error> {
    let own = OwnNamespaces::hold()?;
    let mut all_of_target = true;
    let mut wanted = Vec::new();
    for kind in NsKind::ALL {
        let option = option(args, kind);
        let named = option.and_then(|option| option.as_deref());
        let found = match named {
            Some(named) => {
                all_of_target = false;
                Some(named_namespace(global, source, collector, kind, named)?)
            }
            None if option.is_some() || takes_all(args) => {
                let other = |key: &NsKey| !own.contains(*key);
                namespace_of(pinned, kind, other)?
            }
            None => None,
        };
        wanted.extend(found.filter(|it| !own.contains(it.key)));
    }
    if let Some(fd) = args.net_socket {
        all_of_target = false;
        wanted.retain(|it| it.key.kind != NsKind::Net);
        wanted.push(namespace_of_socket(pinned, fd)?);
    }
    if args.user_parent {
        all_of_target = false;
        move_to_parent(pinned, &mut wanted)?;
    }
    let rights = rights::of_process(args, pinned, numbers(pinned, &wanted))?;
    let root = root(args, pinned)?;
    if surplus::counts(&wanted, root.is_some(), args) {
        let user = pinned.task.namespace(NsKind::User);
        // Those over another user namespace are nothing over ours.
        let has = match user.is_some_and(|user| own.contains(user)) {
            true => pinned.permitted(),
            false => CapabilitySet::default(),
        };
        surplus::tell_of(&rights.inside, has);
    }
    let environment = environment(args, Some(pinned), &wanted, root.as_ref())?;
    Ok(Entry {
        // A second descriptor, since the first belongs to what may be asked again.
        of: match all_of_target && !wanted.is_empty() {
            true => pinned.pidfd.as_ref().and_then(|it| it.duplicate().ok()),
            false => None,
        },
        cgroups: cgroups_of(collector, args, pinned)?,
        root,
        working_directory: working_directory(args, pinned)?,
        groups_before: rights.groups_before,
        credentials: rights.inside,
        fork: !args.no_fork,
        program: program(command, environment),
        session: Session::Ours,
        wanted,
        tell,
    })
}

/// The user namespace among those that will be joined.
fn user_namespace(wanted: &[Wanted]) -> Option<NsKey> {
    let mut keys = wanted.iter().map(|it| it.key);
    keys.find(|key| key.kind == NsKind::User)
}

fn numbers(pinned: &Pinned, wanted: &[Wanted]) -> Numbers {
    match user_namespace(wanted) {
        None => Numbers::Ours,
        joined if joined == pinned.task.namespace(NsKind::User) => Numbers::Targets,
        Some(_) => Numbers::Others,
    }
}

/// Namespaces that were named themselves, without a process whose rights could be taken over.
fn of_namespaces(
    global: &Global,
    source: &Source,
    collector: &Collector,
    args: &EnterArgs,
    mut wanted: Vec<Wanted>,
    command: &[OsString],
) -> Result<Entry, Error> {
    let of_a_process = args.as_target
        || args.env
        || args.join_cgroup
        || args.net_socket.is_some()
        || matches!(args.root, Some(None))
        || matches!(args.wd, Some(None));
    if of_a_process {
        return Err(Error::Usage(
            "the target is a namespace and no process: --as-target, -e, -c, -N, -r and -w without \
             a directory take a process"
                .to_owned(),
        ));
    }
    for kind in NsKind::ALL {
        match option(args, kind) {
            Some(Some(named)) => {
                wanted.push(named_namespace(global, source, collector, kind, named)?);
            }
            Some(None) if wanted.iter().any(|it| it.key.kind == kind) => {}
            Some(None) => {
                return Err(Error::Usage(format!(
                    "the target is a namespace and no process: --{kind} takes a file"
                )));
            }
            None => {}
        }
    }
    let own = OwnNamespaces::hold()?;
    wanted.retain(|it| !own.contains(it.key));
    let numbers = match user_namespace(&wanted) {
        Some(_) => Numbers::Others,
        None => Numbers::Ours,
    };
    let rights = rights::of_namespaces(args, numbers)?;
    let root = match &args.root {
        Some(Some(dir)) => Some(opened(dir)?),
        _ => None,
    };
    let environment = environment(args, None, &wanted, root.as_ref())?;
    Ok(Entry {
        of: None,
        cgroups: Vec::new(),
        root,
        working_directory: match (&args.wd, &args.wdns) {
            (Some(Some(dir)), _) => Some(WorkingDirectory::Opened(opened(dir)?)),
            (_, Some(dir)) => Some(WorkingDirectory::Inside(dir.clone())),
            _ => None,
        },
        groups_before: rights.groups_before,
        credentials: rights.inside,
        fork: !args.no_fork,
        program: program(command, environment),
        session: Session::Ours,
        wanted,
        tell,
    })
}

/// The option of a kind.
fn option(args: &EnterArgs, kind: NsKind) -> Option<&Option<String>> {
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

/// All namespaces of the target: when asked for, and when nothing else is.
fn takes_all(args: &EnterArgs) -> bool {
    let named = NsKind::ALL
        .into_iter()
        .any(|kind| option(args, kind).is_some());
    args.all || args.as_target || !(named || args.net_socket.is_some() || args.user_parent)
}

/// Our own namespaces, by the real /proc, in whatever procfs the target was looked up.
struct OwnNamespaces(TaskDir);

impl OwnNamespaces {
    fn hold() -> Result<OwnNamespaces, Failure> {
        let own = ProcRoot::open("/proc".as_ref()).and_then(|proc| proc.own_task());
        let own = own.during(|| Step::Open("/proc/self".to_owned()))?;
        Ok(OwnNamespaces(own))
    }

    fn contains(&self, key: NsKey) -> bool {
        self.0.namespace(key.kind) == Some(key)
    }
}

fn key_of(kind: NsKind, fd: &OwnedFd) -> Result<NsKey, Failure> {
    let inode = nsfs::identity(fd)
        .during(|| Step::Open(kind.to_string()))?
        .inode;
    Ok(NsKey { kind, inode })
}

/// Opens the target's namespace of a kind if that is one that is wanted. `None` also where this
/// kernel does not have the kind.
fn namespace_of(
    pinned: &Pinned,
    kind: NsKind,
    is_wanted: impl FnOnce(&NsKey) -> bool,
) -> Result<Option<Wanted>, Failure> {
    // Where its link cannot be read, opening it says why.
    if pinned
        .task
        .namespace(kind)
        .is_some_and(|key| !is_wanted(&key))
    {
        return Ok(None);
    }
    let name = || Step::Open(pinned.name(&format!("ns/{kind}")));
    match pinned.task.open_ns(LinkName::Own(kind)) {
        Ok(fd) => {
            let key = key_of(kind, &fd)?;
            Ok(Some(Wanted { key, fd }))
        }
        Err(Errno::ENOENT) if is_unknown_here(kind) => Ok(None),
        Err(errno) => Err(errno).during(name),
    }
}

/// Whether this kernel does not have the kind at all: then we have none ourselves.
fn is_unknown_here(kind: NsKind) -> bool {
    let path = format!("/proc/self/ns/{kind}");
    std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// A namespace by the path of its file, or as `:NS_ID`.
fn named_namespace(
    global: &Global,
    source: &Source,
    collector: &Collector,
    kind: NsKind,
    named: &str,
) -> Result<Wanted, Error> {
    let target = match named.starts_with(':') {
        true => Typed::parse(named)?.resolve(source, global)?,
        false => open_namespace(Path::new(named))?,
    };
    let Target::Namespace(key, opened) = target else {
        return Err(Error::NotANamespace(named.into()));
    };
    if key.kind != kind {
        return Err(Error::Usage(format!(
            "{named} is a {} namespace, and --{kind} takes a {kind} namespace",
            key.kind
        )));
    }
    let fd = match opened {
        Some(fd) => fd,
        None => open_found(global, source, collector, key)?,
    };
    Ok(Wanted { key, fd })
}

/// Opens a namespace that was found by its number, through whatever holds it.
fn open_found(
    global: &Global,
    source: &Source,
    collector: &Collector,
    key: NsKey,
) -> Result<OwnedFd, Error> {
    use crate::collect::{Depth, Reach};
    let mut snapshot = source.scan(Depth::Links)?;
    source.discover(&mut snapshot, global.reach(Reach::Full));
    let opened = collector.open_namespace(&snapshot, key);
    opened.map_err(|why| {
        let step = Step::Open(key.to_string());
        Failure::because(step, format!("no way in by what holds it: {why}")).into()
    })
}

fn namespace_of_socket(pinned: &Pinned, fd: i32) -> Result<Wanted, Failure> {
    let step = || Step::Open(pinned.name(&format!("fd/{fd}")));
    let Some(pidfd) = &pinned.pidfd else {
        return Err(Failure::because(
            step(),
            "it takes a process, and one of our own procfs",
        ));
    };
    let socket = pidfd.copy_fd(fd).during(step)?;
    let net = sockets::namespace(&socket).during(step)?;
    let key = key_of(NsKind::Net, &net)?;
    Ok(Wanted { key, fd: net })
}

/// Takes the user namespace around that which would be entered, or which governs what would be.
fn move_to_parent(pinned: &Pinned, wanted: &mut Vec<Wanted>) -> Result<(), Failure> {
    let user = wanted.iter().position(|it| it.key.kind == NsKind::User);
    let user = user.map(|at| wanted.remove(at));
    let step = || Step::Open("the parent user namespace".to_owned());
    let parent = match (user, wanted.first()) {
        (Some(user), _) => nsfs::parent(&user.fd).during(step)?,
        (None, Some(other)) => nsfs::owner(&other.fd).during(step)?,
        (None, None) => {
            let own = namespace_of(pinned, NsKind::User, |_| true)?.map(|it| it.fd);
            let own = own.ok_or_else(|| Failure::because(step(), "the target has none"))?;
            nsfs::parent(&own).during(step)?
        }
    };
    let key = key_of(NsKind::User, &parent)?;
    wanted.push(Wanted { key, fd: parent });
    Ok(())
}

fn cgroups_of(
    collector: &Collector,
    args: &EnterArgs,
    pinned: &Pinned,
) -> Result<Vec<Joinable>, Failure> {
    if !(args.join_cgroup || args.as_target) {
        return Ok(Vec::new());
    }
    let own = collector.root().own_task();
    let own = own.during(|| Step::Open("/proc/self".to_owned()))?;
    // Those that we are in already are joined without the right to write there.
    let ours = details::cgroups_of(&own);
    let is_ours = |it: &CgroupEntry| ours.known().is_some_and(|ours| ours.contains(it));
    let mut theirs = pinned.cgroups()?;
    theirs.retain(|it| !is_ours(it));
    match details::cgroup_hierarchies(&own) {
        Seen::Known(hierarchies) => {
            let ours = ours.known().map_or(&[] as &[_], Vec::as_slice);
            cgroups::open(&theirs, ours, &hierarchies)
        }
        Seen::Unknown(why) => Err(Failure::because(
            Step::Open("/proc/self/mountinfo".to_owned()),
            format!("it cannot be read: {why}"),
        )),
    }
}

fn opened(dir: &Path) -> Result<Opened, Failure> {
    Ok(Opened {
        fd: open_directory(dir)?,
        name: dir.display().to_string(),
    })
}

/// A directory of the target, by the link of its /proc.
fn of_target(pinned: &Pinned, link: &str) -> Result<Opened, Failure> {
    let name = pinned.name(link);
    let fd = pinned.task.open_directory(link);
    Ok(Opened {
        fd: fd.during(|| Step::Open(name.clone()))?,
        name,
    })
}

fn root(args: &EnterArgs, pinned: &Pinned) -> Result<Option<Opened>, Failure> {
    match &args.root {
        Some(Some(dir)) => opened(dir).map(Some),
        Some(None) => of_target(pinned, "root").map(Some),
        None if args.as_target => of_target(pinned, "root").map(Some),
        None => Ok(None),
    }
}

fn working_directory(
    args: &EnterArgs,
    pinned: &Pinned,
) -> Result<Option<WorkingDirectory>, Failure> {
    Ok(match (&args.wd, &args.wdns) {
        (Some(Some(dir)), _) => Some(WorkingDirectory::Opened(opened(dir)?)),
        (Some(None), _) => Some(WorkingDirectory::Opened(of_target(pinned, "cwd")?)),
        (None, Some(dir)) => Some(WorkingDirectory::Inside(dir.clone())),
        (None, None) => None,
    })
}

fn program(command: &[OsString], environment: Vec<OsString>) -> Program {
    let mut program = Program::new(command, environment);
    program.usual_path_too = true;
    program
}
