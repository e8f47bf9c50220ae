//! Targets that put something in the way of whoever looks at them: an answer comes in time, and it is
//! right or undecided.

use std::fs;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nsinspect::model::NsKind;
use nsinspect::verify::claim::{Against, Claim};
use nsinspect::verify::claims::isolated::Isolated;
use nsinspect::verify::claims::paths::{Path, State};
use nsinspect::verify::probes::Tried;
use nsinspect::verify::verdict::Verdict;

use crate::probing::{isolated, told, tried};
use crate::support::forked::let_nsinspect_fork;
use crate::support::hung_fuse::{Root, has_fuse, mount_fuse};
use crate::support::sandbox::Sandbox;
use crate::support::telling::{Telling, telling};

const STATES: [State; 6] = [
    State::Absent,
    State::Unreadable,
    State::Masked,
    State::ReadOnly,
    State::NotWritable,
    State::NoSuid,
];

fn path(pid: i32, path: &str, is: State) -> Tried {
    let path = path.to_owned();
    tried(pid, &Path { path, is })
}

#[test]
fn a_fifo_keeps_nobody_waiting() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let sandbox = Sandbox::start(&["-m"], "true").unwrap();
    for is in STATES {
        let tried = path(sandbox.pid, fifo.to_str().unwrap(), is);
        assert_eq!(tried.verdict, Verdict::Fails, "{is:?}: {tried:?}");
    }
}

#[test]
fn a_thousand_links_lead_nowhere() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let link = |number: usize| folder.path().join(number.to_string());
    fs::write(link(0), "").unwrap();
    for number in 1..=1000 {
        std::os::unix::fs::symlink(link(number - 1), link(number)).unwrap();
    }
    let sandbox = Sandbox::start(&["-m"], "true").unwrap();
    let last = link(1000);
    for is in STATES {
        let tried = path(sandbox.pid, last.to_str().unwrap(), is);
        assert_eq!(tried.verdict, Verdict::Undecided, "{is:?}: {tried:?}");
        assert!(tried.did.contains("ELOOP"), "{tried:?}");
    }
}

#[test]
fn a_magic_link_is_not_taken_for_what_it_leads_to() {
    needs_root!();
    let sandbox = Sandbox::start(&["-m"], "true").unwrap();
    let tried = path(sandbox.pid, "/proc/self/root/etc", State::Absent);
    assert_eq!(tried.verdict, Verdict::Undecided, "{tried:?}");
}

/// A process in a mount namespace of its own, in which a file server that never answers is mounted.
fn hung(at: &std::path::Path, kinds: CloneFlags) -> Telling {
    telling(|| {
        unshare(CloneFlags::CLONE_NEWNS | kinds).expect("root may unshare");
        let none = None::<&str>;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(none, "/", none, private, none).expect("mounts of its own");
        mount_fuse(at, Root::Folder).hang();
        Vec::new()
    })
}

#[test]
fn a_file_server_that_never_answers_is_waited_for_until_the_time_is_up() {
    needs_root!();
    if !has_fuse() {
        skip!("no FUSE here");
    }
    let folder = tempfile::tempdir().unwrap();
    let target = hung(folder.path(), CloneFlags::empty());
    let file = folder.path().join("file");
    let ask = || told(&path(target.pid(), file.to_str().unwrap(), State::Absent));
    let late = "it gave no answer in time: something in there keeps it waiting, or has stopped it";
    assert_eq!(ask(), (Verdict::Undecided, late.to_owned()));
    // Nor is it waited for once more for each of a hundred claims.
    let start = Instant::now();
    while ask().1 == late {}
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        ask(),
        (
            Verdict::Undecided,
            "what is in there has kept experiments waiting for too long already".to_owned()
        )
    );
}

#[test]
fn a_file_server_over_proc_hides_it_and_keeps_nobody_waiting() {
    needs_root!();
    if !has_fuse() {
        skip!("no FUSE here");
    }
    let target = hung("/proc".as_ref(), CloneFlags::CLONE_NEWNET);
    let tried = isolated(target.pid(), NsKind::Pid);
    // It is in our pid namespace: named by number, whatever lies over /proc.
    assert_eq!(
        told(&tried),
        (
            Verdict::Fails,
            "named outside process # from inside, by kill(#) with signal #".to_owned()
        )
    );
    assert_eq!(isolated(target.pid(), NsKind::Net).verdict, Verdict::Holds);
}

#[test]
fn a_forged_proc_shows_nothing_and_hides_nothing() {
    needs_root!();
    // It looks as if a procfs of the host were there, with an entry for everybody.
    let forged = "mount -t tmpfs proc /proc; mkdir /proc/1; ln -s 1 /proc/self; \
                  echo '1 (init) S 0 1 1 0 -1 0' >/proc/1/stat";
    let sandbox = Sandbox::start(&["-mpf", "--mount-proc", "--kill-child"], forged).unwrap();
    assert_eq!(
        told(&isolated(sandbox.pid, NsKind::Pid)),
        (
            Verdict::Holds,
            "started process # outside: nobody inside can see it by number (there is no procfs)"
                .to_owned()
        )
    );
    // One of its own lies over that of the host, which is hidden and not gone; and the other way round.
    let own_on_top = Sandbox::start(&["-mpf", "--mount-proc", "--kill-child"], "true").unwrap();
    assert_eq!(
        isolated(own_on_top.pid, NsKind::Pid).verdict,
        Verdict::Holds
    );
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    let script = format!(
        "mount --bind /proc {at}; mount -t proc proc /proc; mount --bind {at} /proc; umount {at}"
    );
    let hosts_on_top = Sandbox::start(&["-mpf", "--kill-child"], &script).unwrap();
    let found = isolated(hosts_on_top.pid, NsKind::Pid);
    assert_eq!(found.verdict, Verdict::Fails, "{found:?}");
}

#[test]
fn a_target_that_has_ended_is_not_mistaken_for_its_successor() {
    needs_root!();
    let sandbox = Sandbox::start(&["-n"], "true").unwrap();
    let target = nsinspect::verify::probes::Target {
        pid: sandbox.pid,
        start_time: Some(1),
    };
    let claim = Isolated {
        kind: NsKind::Net,
        against: Against::Caller,
    };
    let_nsinspect_fork();
    let experiment = claim.experiment().unwrap();
    let tried = nsinspect::verify::probes::try_it(&target, &experiment, crate::probing::LIMIT);
    assert_eq!(
        told(&tried),
        (Verdict::Undecided, "process # has ended".to_owned())
    );
}
