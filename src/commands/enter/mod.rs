//! `nsinspect enter`: a program in namespaces that exist.

mod pinned;
mod rights;

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use self::pinned::Pinned;
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
use crate::isolate::{Failure, Step};
use crate::model::namespace::NsKey;
use crate::model::{LinkName, NsKind, Seen, Why};
use crate::sys::{nsfs, sockets};

pub fn run(global: &Global, args: &EnterArgs) -> Result<Exit, Error> {
    let entry = resolve(global, args).map_err(not_set_up)?;
    finish(entry.run()?, "")
}

/// The target, and the command behind it. With -t the first word belongs to the command.
fn words(args: &EnterArgs) -> Result<(String, Vec<OsString>), Error> {
    let mut command = args.command.clone();
    if let Some(target) = &args.target_option {
        command.splice(0..0, args.target.clone());
        return Ok((target.clone(), command));
    }
    let target = args.target.as_ref().ok_or_else(|| {
        Error::Usage("there is no TARGET: enter TARGET [OPTIONS] -- COMMAND".to_owned())
    })?;
    Ok((target.to_string_lossy().into_owned(), command))
}

fn resolve(global: &Global, args: &EnterArgs) -> Result<Entry, Error> {
    let source = Source::open(global)?;
    let Source::Live(collector) = &source else {
        return Err(Error::Usage(
            "nobody can enter a snapshot: `enter` is for the running machine".to_owned(),
        ));
    };
    let (target, command) = words(args)?;
    let typed = Typed::parse(&target)?;
    match typed.resolve(&source, global)? {
        Target::Task(pid) => {
            let pinned = Pinned::open(collector, &source, pid)?;
            if let Typed::Pinned { pidfs, .. } = typed {
                pinned.must_be(pidfs)?;
            }
            of_process(global, &source, collector, args, &pinned, &command)
        }
        Target::Namespace(key, opened) => {
            let fd = match opened {
                Some(fd) => fd,
                None => open_found(global, &source, collector, key)?,
            };
            let wanted = vec![Wanted { key, fd }];
            of_namespaces(global, &source, collector, args, wanted, &command)
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
    let own = own_namespaces()?;
    let mut all_of_target = true;
    let mut wanted = Vec::new();
    for (kind, option) in options(args) {
        let named = option.and_then(|option| option.as_deref());
        let found = match named {
            Some(named) => {
                all_of_target = false;
                Some(named_namespace(global, source, collector, kind, named)?)
            }
            None if option.is_some() || takes_all(args) => namespace_of(pinned, kind)?,
            None => None,
        };
        wanted.extend(found.filter(|it| !own.contains(&it.key)));
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
    let joins_user = wanted.iter().any(|it| it.key.kind == NsKind::User);
    Ok(Entry {
        // A second descriptor, since the first belongs to what may be asked again.
        of: match all_of_target && !wanted.is_empty() {
            true => pinned.pidfd.as_ref().and_then(|it| it.duplicate().ok()),
            false => None,
        },
        cgroups: cgroups_of(collector, args, pinned)?,
        root: root(args, pinned)?,
        working_directory: working_directory(args, pinned)?,
        credentials: rights::of_process(args, pinned, joins_user)?,
        fork: !args.no_fork,
        program: Program::new(command, environment(args, pinned)?),
        wanted,
        tell,
    })
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
    for (kind, option) in options(args) {
        match option {
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
    let own = own_namespaces()?;
    wanted.retain(|it| !own.contains(&it.key));
    let joins_user = wanted.iter().any(|it| it.key.kind == NsKind::User);
    Ok(Entry {
        of: None,
        cgroups: Vec::new(),
        root: match &args.root {
            Some(Some(dir)) => Some(opened(dir)?),
            _ => None,
        },
        working_directory: match (&args.wd, &args.wdns) {
            (Some(Some(dir)), _) => Some(WorkingDirectory::Opened(opened(dir)?)),
            (_, Some(dir)) => Some(WorkingDirectory::Inside(dir.clone())),
            _ => None,
        },
        credentials: rights::of_namespaces(args, joins_user)?,
        fork: !args.no_fork,
        program: Program::new(command, Program::own_environment()),
        wanted,
        tell,
    })
}

/// Each kind with its option, in the order of [`NsKind::ALL`].
fn options(args: &EnterArgs) -> [(NsKind, Option<&Option<String>>); 8] {
    [
        (NsKind::Cgroup, args.cgroup.as_ref()),
        (NsKind::Ipc, args.ipc.as_ref()),
        (NsKind::Mnt, args.mount.as_ref()),
        (NsKind::Net, args.net.as_ref()),
        (NsKind::Pid, args.pid.as_ref()),
        (NsKind::Time, args.time.as_ref()),
        (NsKind::User, args.user.as_ref()),
        (NsKind::Uts, args.uts.as_ref()),
    ]
}

/// All namespaces of the target: when asked for, and when nothing else is.
fn takes_all(args: &EnterArgs) -> bool {
    let named = options(args).iter().any(|(_, option)| option.is_some());
    args.all || args.as_target || !(named || args.net_socket.is_some() || args.user_parent)
}

/// Our own are those of the real /proc, in whatever procfs the target was looked up.
fn own_namespaces() -> Result<Vec<NsKey>, Failure> {
    let open = |kind| {
        let path = format!("/proc/self/ns/{kind}");
        let fd = nsfs::open(path.as_ref()).during(|| Step::Open(path.clone()))?;
        fd.map(|fd| key_of(kind, &fd)).transpose()
    };
    let keys: Result<Vec<Option<NsKey>>, Failure> = NsKind::ALL.into_iter().map(open).collect();
    Ok(keys?.into_iter().flatten().collect())
}

fn key_of(kind: NsKind, fd: &OwnedFd) -> Result<NsKey, Failure> {
    let inode = nsfs::identity(fd)
        .during(|| Step::Open(kind.to_string()))?
        .inode;
    Ok(NsKey { kind, inode })
}

/// `None`: this kernel does not have the kind.
fn namespace_of(pinned: &Pinned, kind: NsKind) -> Result<Option<Wanted>, Failure> {
    let link = LinkName::Own(kind);
    if pinned.process.links.own(kind).why() == Some(&Why::Unsupported) {
        return Ok(None);
    }
    let name = || Step::Open(pinned.name(&format!("ns/{kind}")));
    let fd = pinned.task.open_ns(link).during(name)?;
    let key = key_of(kind, &fd)?;
    Ok(Some(Wanted { key, fd }))
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
            let own = namespace_of(pinned, NsKind::User)?.map(|it| it.fd);
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
    let hierarchies = details::cgroup_hierarchies(&own);
    match (&pinned.process.cgroups, &hierarchies) {
        (Seen::Known(entries), Seen::Known(hierarchies)) => cgroups::open(entries, hierarchies),
        _ => Err(pinned.unreadable("cgroup")),
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

/// An environment beyond this (bytes) is cut; execve(2) takes no more than a few MiB either.
const LARGEST_ENVIRONMENT: usize = 1 << 20;

fn environment(args: &EnterArgs, pinned: &Pinned) -> Result<Vec<OsString>, Failure> {
    if !args.env {
        return Ok(Program::own_environment());
    }
    let contents = pinned.task.read_up_to("environ", LARGEST_ENVIRONMENT);
    let contents = contents.during(|| Step::Open(pinned.name("environ")))?;
    let entries = contents.split(|byte| *byte == 0);
    Ok(entries
        .filter(|entry| entry.contains(&b'='))
        .map(|entry| OsStr::from_bytes(entry).to_owned())
        .collect())
}
