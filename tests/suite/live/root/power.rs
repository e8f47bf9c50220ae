//! What a process may do is predicted from outside, then the process itself tries: both must agree.
//! The subjects are forked children in real namespaces with real capabilities.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{pipe, read, write};

use nsinspect::analyse::power::exec::AfterExec;
use nsinspect::analyse::power::operations::{self, Operation};
use nsinspect::analyse::power::{Answer, Credentials, Verdict, ptrace, setns as joining};
use nsinspect::collect::{Collector, Depth};
use nsinspect::model::{NsKey, NsKind, Process, Snapshot};

use crate::runtimes::started;
use crate::support::facts::{inode, own_pid};
use crate::support::forked::{Forked, let_nsinspect_fork, wait_for_ever};
use crate::support::process::{Spawned, comm_of, wait_until};
use crate::support::sandbox::{Sandbox, then_sleep};

const USER: CloneFlags = CloneFlags::CLONE_NEWUSER;
const OTHERS: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWCGROUP);
const NONE: CloneFlags = CloneFlags::empty();

/// The capabilities that docker leaves to a container.
const DOCKERS: u64 = 0xa804_25fb;

/// Who tries.
struct Subject {
    name: &'static str,
    unshares: CloneFlags,
    /// What it keeps of its capabilities; `None`: all.
    keeps: Option<u64>,
    uid: u32,
}

const fn subject(
    name: &'static str,
    unshares: CloneFlags,
    keeps: Option<u64>,
    uid: u32,
) -> Subject {
    Subject {
        name,
        unshares,
        keeps,
        uid,
    }
}

const SUBJECTS: [Subject; 11] = [
    subject("root of the host", NONE, None, 0),
    subject("root of the host in namespaces of its own", OTHERS, None, 0),
    subject("root without capabilities", NONE, Some(0), 0),
    subject(
        "root with the capabilities of docker",
        NONE,
        Some(DOCKERS),
        0,
    ),
    subject("root with CAP_SYS_ADMIN alone", OTHERS, Some(1 << 21), 0),
    subject("root with CAP_BPF alone", NONE, Some(1 << 39), 0),
    subject("root with CAP_SYS_PTRACE alone", NONE, Some(1 << 19), 0),
    subject("root of an identity-mapped user namespace", USER, None, 0),
    subject(
        "the same in namespaces of its own",
        USER.union(OTHERS),
        None,
        0,
    ),
    subject("uid 1000", NONE, None, 1000),
    subject("uid 1001", NONE, None, 1001),
];

/// Those to whom something is done: each in its own way out of reach for somebody.
struct Victims {
    /// Uid 1000 without capabilities, started by an exec: dumpable.
    user: Spawned,
    root: Spawned,
    /// Root without capabilities.
    capless: Spawned,
    /// In a user namespace that uid 1000 made.
    inside: Sandbox,
}

impl Victims {
    fn start() -> Result<Victims, String> {
        let setpriv = |args: &[&str]| {
            let mut command = Command::new("setpriv");
            command.args(args).args(["sleep", "300"]);
            Spawned::start(&mut command)
        };
        let user = ["--reuid", "1000", "--regid", "1000", "--clear-groups"];
        let mut unshare = Command::new("setpriv");
        unshare.args(user).args(["unshare", "--user", "sh", "-c"]);
        let victims = Victims {
            user: setpriv(&user)?,
            root: setpriv(&[])?,
            capless: setpriv(&["--bounding-set=-all"])?,
            inside: Sandbox::run(unshare.arg(then_sleep("")))?,
        };
        for pid in victims.all() {
            wait_until(std::time::Duration::from_secs(20), "a victim", || {
                comm_of(pid).as_deref() == Some("sleep")
            })?;
        }
        Ok(victims)
    }

    fn all(&self) -> [i32; 4] {
        [
            self.user.pid(),
            self.root.pid(),
            self.capless.pid(),
            self.inside.pid,
        ]
    }
}

/// What a subject tries, made ready before it is forked.
struct Attempts {
    folder: CString,
    node: CString,
    hierarchy: CString,
    hostname: Vec<u8>,
    root_dir: File,
    handle: Vec<u8>,
    victims: Vec<(i32, CString)>,
    /// Namespaces to join, the user namespace last: joining changes who one is.
    joins: Vec<(NsKey, File)>,
}

const OPERATIONS: [Operation; 7] = [
    Operation::SetHostname,
    Operation::RawSocket,
    Operation::Mount,
    Operation::MountNewCgroupHierarchy,
    Operation::MakeDeviceNode,
    Operation::OpenByHandle,
    Operation::BpfAdmin,
];

impl Attempts {
    fn new(folder: &Path, victims: &Victims) -> Attempts {
        let text = |text: String| CString::new(text).unwrap();
        let root_dir = File::open("/").unwrap();
        let ours = [NsKind::Mnt, NsKind::Net, NsKind::Uts].map(|kind| (kind, own_pid()));
        let theirs = [(NsKind::User, victims.inside.pid)];
        let joins = ours.into_iter().chain(theirs).map(|(kind, pid)| {
            let inode = inode(pid, kind.name());
            let file = File::open(format!("/proc/{pid}/ns/{kind}")).unwrap();
            (NsKey { kind, inode }, file)
        });
        let hostname = fs::read("/proc/sys/kernel/hostname").unwrap();
        Attempts {
            folder: text(folder.join("mount").display().to_string()),
            node: text(folder.join("node").display().to_string()),
            hierarchy: text(format!("none,name=nsi{}", own_pid())),
            hostname: hostname.trim_ascii_end().to_vec(),
            handle: handle_of_root(),
            root_dir,
            victims: victims
                .all()
                .map(|pid| (pid, text(format!("/proc/{pid}/root/."))))
                .to_vec(),
            joins: joins.collect(),
        }
    }

    fn number(&self) -> usize {
        OPERATIONS.len() + 2 * self.victims.len() + self.joins.len()
    }

    /// Tries all and tells each errno, 0 for success. Only system calls: this is a forked child.
    fn try_all(&self, tell: &OwnedFd) {
        let told = |result: Result<(), Errno>| {
            let errno = result.map_or_else(|errno| errno as i32, |()| 0);
            let _ = write(tell, &errno.to_ne_bytes());
        };
        for operation in OPERATIONS {
            told(self.operate(operation));
        }
        for (pid, path) in &self.victims {
            told(call(|| {
                // SAFETY: all-zero is a valid stat buffer, and the path ends in NUL.
                let mut stat: libc::stat = unsafe { std::mem::zeroed() };
                // SAFETY: as above; the kernel writes one stat.
                unsafe { libc::stat(path.as_ptr(), &raw mut stat) }.into()
            }));
            // SAFETY: plain numbers; signal 0 only asks.
            told(call(|| unsafe { libc::kill(*pid, 0) }.into()));
        }
        for (_, file) in &self.joins {
            told(setns(file, NONE));
        }
    }

    fn operate(&self, operation: Operation) -> Result<(), Errno> {
        let folder = self.folder.as_ptr();
        let umount = || {
            // SAFETY: the path ends in NUL.
            call(|| unsafe { libc::umount2(folder, libc::MNT_DETACH) }.into())
        };
        let mount = |kind: &std::ffi::CStr, options: *const libc::c_char| {
            // SAFETY: all strings end in NUL, and the options may be null.
            call(|| unsafe {
                libc::mount(c"none".as_ptr(), folder, kind.as_ptr(), 0, options.cast()).into()
            })
        };
        match operation {
            Operation::SetHostname => call(|| {
                let name = &self.hostname;
                // SAFETY: the buffer is as long as is said. It is the name that is there already.
                unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }.into()
            }),
            Operation::RawSocket => {
                // SAFETY: plain numbers; the descriptor ends with this process.
                call(|| unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0) }.into())
            }
            Operation::Mount => mount(c"tmpfs", std::ptr::null()).and_then(|()| umount()),
            Operation::MountNewCgroupHierarchy => {
                mount(c"cgroup", self.hierarchy.as_ptr()).and_then(|()| umount())
            }
            Operation::MakeDeviceNode => {
                let node = self.node.as_ptr();
                let null = libc::makedev(1, 3);
                // SAFETY: the path ends in NUL.
                call(|| unsafe { libc::mknod(node, libc::S_IFCHR | 0o600, null) }.into())?;
                // SAFETY: as above.
                call(|| unsafe { libc::unlink(node) }.into())
            }
            Operation::OpenByHandle => call(|| {
                let handle = self.handle.as_ptr().cast_mut();
                let fd = self.root_dir.as_raw_fd();
                let number = libc::SYS_open_by_handle_at;
                // SAFETY: the handle is one that the kernel has made.
                unsafe { libc::syscall(number, fd, handle, libc::O_PATH) }
            }),
            Operation::BpfAdmin => {
                const GET_NEXT_PROGRAM_ID: i32 = 11;
                let attributes = [0_u32; 3];
                let size = size_of_val(&attributes);
                let asked = call(|| {
                    let pointer = attributes.as_ptr();
                    // SAFETY: the attributes of this command are three numbers.
                    unsafe { libc::syscall(libc::SYS_bpf, GET_NEXT_PROGRAM_ID, pointer, size) }
                });
                // There need not be a program.
                asked.or_else(|errno| {
                    if errno == Errno::ENOENT {
                        Ok(())
                    } else {
                        Err(errno)
                    }
                })
            }
            _ => Err(Errno::ENOSYS),
        }
    }

    /// The same in the same order, by the rules.
    fn predict(&self, snapshot: &Snapshot, process: &Process) -> Vec<(String, Answer)> {
        let who = Credentials::of(snapshot, process).unwrap();
        let mut answers: Vec<(String, Answer)> = Vec::new();
        for operation in OPERATIONS {
            let answer = operations::may(snapshot, &who, process, operation);
            answers.push((format!("{operation:?}"), answer));
        }
        for (pid, _) in &self.victims {
            let other = &snapshot.processes[*pid];
            let reads = ptrace::may_read(snapshot, &who, process, other);
            answers.push((format!("/proc/{pid}/root"), reads));
            let kills = operations::may_kill(snapshot, &who, process, other);
            answers.push((format!("kill {pid}"), kills));
        }
        for (key, _) in &self.joins {
            let answer = joining::may_join(snapshot, &who, process, *key);
            answers.push((format!("setns {key}"), answer));
        }
        answers
    }
}

fn call(call: impl FnOnce() -> libc::c_long) -> Result<(), Errno> {
    Errno::result(call()).map(drop)
}

/// The handle of `/`, with the head that the kernel wants (open_by_handle_at(2)).
fn handle_of_root() -> Vec<u8> {
    const LONGEST: u32 = 128;
    let mut handle = vec![0_u8; 8 + LONGEST as usize];
    handle[..4].copy_from_slice(&LONGEST.to_ne_bytes());
    let mut mount_id = 0_i32;
    // SAFETY: the buffer is as long as its head says, and the path ends in NUL.
    let result = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            handle.as_mut_ptr(),
            &raw mut mount_id,
            0,
        )
    };
    Errno::result(result).expect("a handle of the root directory");
    handle
}

impl Subject {
    /// Becomes the subject, in a forked child.
    fn become_it(&self) -> Result<(), Errno> {
        if self.unshares.contains(CloneFlags::CLONE_NEWNS) && !self.unshares.contains(USER) {
            let flags = libc::MS_REC | libc::MS_PRIVATE;
            let (none, root) = (c"none".as_ptr(), c"/".as_ptr());
            // SAFETY: all strings end in NUL; null stands for no type and no data.
            call(|| unsafe {
                libc::mount(none, root, std::ptr::null(), flags, std::ptr::null()).into()
            })?;
        }
        if self.uid != 0 {
            let (uid, gid) = (self.uid.into(), self.uid.into());
            nix::unistd::setgroups(&[])?;
            nix::unistd::setresgid(gid, gid, gid)?;
            nix::unistd::setresuid(uid, uid, uid)?;
        }
        self.keeps.map_or(Ok(()), keep_capabilities)
    }
}

/// capset(2), version 3: two words for each of effective, permitted and inheritable.
fn keep_capabilities(set: u64) -> Result<(), Errno> {
    let header = [0x2008_0522_u32, 0];
    let (low, high) = (set as u32, (set >> 32) as u32);
    let data = [low, low, 0, high, high, 0];
    // SAFETY: both buffers have the form of version 3.
    call(|| unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) })
}

/// Steps of a subject, told to the test by a byte and answered by one.
struct Steps {
    told: OwnedFd,
    answered: OwnedFd,
}

impl Steps {
    fn wait(&self) {
        let _ = write(&self.told, b"r");
        let _ = read(&self.answered, &mut [0]);
    }
}

#[test]
fn what_is_predicted_is_what_happens() {
    needs_root!();
    needs_program!("setpriv");
    needs_program!("unshare");
    let folder = tempfile::tempdir().unwrap();
    let everyone = fs::Permissions::from_mode(0o777);
    fs::create_dir(folder.path().join("mount")).unwrap();
    fs::set_permissions(folder.path(), everyone).unwrap();
    let victims = started!(Victims::start());
    let attempts = Attempts::new(folder.path(), &victims);
    let mut seen = std::collections::BTreeMap::new();
    for subject in &SUBJECTS {
        for ((what, answer), errno) in observe(subject, &attempts, &victims) {
            let context = format!("{}: {what}: {errno:?}, {:#?}", subject.name, answer.steps);
            match answer.verdict {
                Verdict::Yes => assert_eq!(errno, None, "{context}"),
                Verdict::No => assert!(refused(errno), "{context}"),
                // The one thing that cannot be seen from outside: whether root is dumpable.
                Verdict::Unknown => assert!(
                    answer.steps.iter().any(|step| step.rule == "R6"),
                    "{context}"
                ),
            }
            *seen.entry((what, answer.verdict.name())).or_insert(0) += 1;
        }
    }
    // The table has both answers for everything: none of this passes because all is refused.
    for operation in OPERATIONS {
        for verdict in ["yes", "no"] {
            let key = (format!("{operation:?}"), verdict);
            assert!(seen.contains_key(&key), "{key:?}");
        }
    }
    for verdict in ["yes", "no"] {
        let any = |start: &str| {
            seen.keys()
                .any(|(what, it)| what.starts_with(start) && *it == verdict)
        };
        for start in [
            "/proc/",
            "kill",
            "setns mnt",
            "setns net",
            "setns uts",
            "setns user",
        ] {
            assert!(any(start), "{start} {verdict}");
        }
    }
}

/// Without CAP_SYS_PTRACE, but with CAP_SETUID it becomes one who may: that uid 1000 may is observed.
fn assert_route_by_setuid(snapshot: &Snapshot, pid: i32, victim: i32) {
    let (process, victim) = (&snapshot.processes[pid], &snapshot.processes[victim]);
    let who = Credentials::of(snapshot, process).unwrap();
    assert!(ptrace::may_read(snapshot, &who, process, victim).is_no());
    let route = ptrace::route(snapshot, &who, process, victim);
    assert_eq!(route.after_becoming, Some((1000, 1000)));
    assert!(route.answer.is_yes(), "{:#?}", route.answer.steps);
}

fn refused(errno: Option<Errno>) -> bool {
    matches!(errno, Some(Errno::EPERM | Errno::EACCES | Errno::EINVAL))
}

type Observed = ((String, Answer), Option<Errno>);

/// Forks the subject, predicts what it can do, and lets it try.
fn observe(subject: &Subject, attempts: &Attempts, victims: &Victims) -> Vec<Observed> {
    let (told, tell) = pipe().unwrap();
    let (answered, answer) = pipe().unwrap();
    let steps = Steps {
        told: tell,
        answered,
    };
    let child = Forked::start_unannounced(|| {
        let unshared = unshare(subject.unshares);
        steps.wait();
        let became = unshared.and_then(|()| subject.become_it());
        steps.wait();
        match became {
            Ok(()) => attempts.try_all(&steps.told),
            Err(errno) => {
                let _ = write(&steps.told, &(errno as i32).to_ne_bytes());
            }
        }
        wait_for_ever();
    });
    drop(steps.told);
    let mut told = File::from(told);
    let mut next = || {
        let mut byte = [0];
        told.read_exact(&mut byte).unwrap();
    };
    next();
    if subject.unshares.contains(USER) {
        for map in ["uid_map", "gid_map"] {
            let path = format!("/proc/{}/{map}", child.pid());
            fs::write(path, "0 0 4294967295\n").unwrap();
        }
    }
    write(&answer, b"g").unwrap();
    next();
    let_nsinspect_fork();
    let collector = Collector::open(Path::new("/proc")).unwrap();
    let mut all = vec![child.pid()];
    all.extend(victims.all());
    all.sort_unstable();
    let mut snapshot = collector.read(&all, Depth::Everything);
    collector.relate(&mut snapshot, |_| true);
    if subject.keeps == Some(DOCKERS) {
        assert_route_by_setuid(&snapshot, child.pid(), victims.user.pid());
    }
    let predicted = attempts.predict(&snapshot, &snapshot.processes[child.pid()]);
    write(&answer, b"g").unwrap();
    let errnos = (0..attempts.number()).map(|_| {
        let mut number = [0; 4];
        told.read_exact(&mut number).expect(subject.name);
        let errno = i32::from_ne_bytes(number);
        (errno != 0).then(|| Errno::from_raw(errno))
    });
    let errnos: Vec<Option<Errno>> = errnos.collect();
    predicted.into_iter().zip(errnos).collect()
}

/// Programs that wait for a line and then show the status that they have after an exec.
const BY_EXEC: [(&str, &[&str]); 6] = [
    ("root", &[]),
    (
        "root that has dropped all but its bounding set",
        &["--inh-caps=-all"],
    ),
    (
        "root with a smaller bounding set",
        &["--bounding-set=-sys_admin"],
    ),
    (
        "uid 1000",
        &["--reuid=1000", "--regid=1000", "--clear-groups"],
    ),
    (
        "uid 1000 with an ambient set",
        &[
            "--reuid=1000",
            "--regid=1000",
            "--clear-groups",
            "--inh-caps=+net_raw",
            "--ambient-caps=+net_raw",
        ],
    ),
    (
        "uid 1000 without new privileges",
        &[
            "--reuid=1000",
            "--regid=1000",
            "--clear-groups",
            "--no-new-privs",
        ],
    ),
];

#[test]
fn what_an_exec_gives_is_predicted() {
    needs_root!();
    needs_program!("setpriv");
    for (name, args) in BY_EXEC {
        let mut command = Command::new("setpriv");
        command.args(args);
        command.args([
            "sh",
            "-c",
            "echo ready; read line; exec cat /proc/self/status",
        ]);
        let (child, mut output) = waiting(&mut command);
        let predicted = after_exec(child.0.pid());
        let observed = child.go_on(&mut output);
        assert_eq!(predicted, observed, "{name}");
    }
    // And from nothing at all: capabilities given up by the process itself.
    for (no_new_privs, expected) in [(false, true), (true, false)] {
        let child = Forked::start(|| {
            if no_new_privs {
                nix::sys::prctl::set_no_new_privs().unwrap();
            }
            keep_capabilities(0).unwrap();
        });
        let regained = after_exec(child.pid()) != 0;
        assert_eq!(regained, expected, "no_new_privs {no_new_privs}");
    }
}

/// The effective set after an exec, by the rules.
fn after_exec(pid: i32) -> u64 {
    let_nsinspect_fork();
    let collector = Collector::open(Path::new("/proc")).unwrap();
    let snapshot = collector.read(&[pid], Depth::Everything);
    let process = &snapshot.processes[pid];
    let who = Credentials::of(&snapshot, process).unwrap();
    AfterExec::of(&who, process).plain.get().unwrap().0
}

/// A program that has said that it waits.
struct Waiting(Spawned);

fn waiting(command: &mut Command) -> (Waiting, BufReader<std::process::ChildStdout>) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Spawned::start(command).unwrap();
    let mut output = BufReader::new(child.child().stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (Waiting(child), output)
}

impl Waiting {
    fn go_on(mut self, output: &mut impl BufRead) -> u64 {
        self.0.tell("");
        let mut lines = output.lines().map(Result::unwrap);
        let line = lines.find_map(|line| Some(line.strip_prefix("CapEff:")?.trim().to_owned()));
        u64::from_str_radix(&line.unwrap(), 16).unwrap()
    }
}
