//! A terminal with a shell at it, driven as a person would.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};

use crate::launch::running::SOON;
use crate::support::process::{Spawned, children, comm_of, wait_until};
use crate::support::run::program_for_everyone;

pub const CTRL_C: &str = "\x03";
pub const CTRL_Z: &str = "\x1a";

/// A pseudo terminal whose session leader is a command.
pub struct Terminal {
    leader: Spawned,
    master: File,
    /// Kept open so that the modes can be read also when nobody else has it open.
    slave: OwnedFd,
    reader: Reader,
    shown: Arc<Mutex<String>>,
    /// How much of it has been looked at.
    seen: usize,
}

/// A pseudo terminal of which nobody inherits the master: it is hung up once that is closed.
fn new_pair() -> std::io::Result<(File, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = open(ptsname_r(&master)?.as_str(), flags, Mode::empty())?;
    Ok((File::from(OwnedFd::from(master)), slave))
}

fn set_size(master: &File, size: &Winsize) {
    // SAFETY: the kernel reads one size.
    let result = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, size) };
    assert_eq!(result, 0);
}

/// The thread that reads the master, until it is told that it is over.
struct Reader {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

/// The last of a line of descendants that has this comm: those before it are of nsinspect.
fn last_called(pid: i32, comm: &str) -> Option<i32> {
    let below = children(pid).into_iter().rev();
    let is_it = comm_of(pid).as_deref() == Some(comm);
    below
        .filter_map(|child| last_called(child, comm))
        .next()
        .or(is_it.then_some(pid))
}

impl Terminal {
    /// An interactive shell with job control, whose `$N` is nsinspect.
    pub fn with_shell() -> Terminal {
        let mut bash = Command::new("bash");
        bash.args(["--norc", "--noprofile", "--noediting", "-i"]);
        let mut terminal = Terminal::with(&mut bash);
        terminal.expect("ready> ");
        terminal
    }

    /// Any command.
    pub fn with(command: &mut Command) -> Terminal {
        let size = Winsize {
            ws_row: 24,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let (master, slave) = new_pair().unwrap();
        set_size(&master, &size);
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        command
            .env("PS1", "ready> ")
            .env("TERM", "xterm")
            .env("N", program_for_everyone())
            .env_remove("PROMPT_COMMAND")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio());
        // SAFETY: two system calls between fork and exec.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let leader = Spawned::start(command).unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let mut reader = master.try_clone().unwrap();
        let screen = Arc::clone(&shown);
        let is_over = Arc::new(AtomicBool::new(false));
        let is_told = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while !is_told.load(Ordering::Relaxed) {
                let mut ready = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
                if poll(&mut ready, PollTimeout::from(50u8)) == Ok(0) {
                    continue;
                }
                // EIO when the last who had the terminal is gone.
                let Ok(length @ 1..) = reader.read(&mut chunk) else {
                    return;
                };
                let text = String::from_utf8_lossy(&chunk[..length]);
                screen.lock().unwrap().push_str(&text);
            }
        });
        let reader = Reader { is_over, thread };
        Terminal {
            leader,
            master,
            slave,
            reader,
            shown,
            seen: 0,
        }
    }

    pub fn leader(&self) -> i32 {
        self.leader.pid()
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Types a line. What the terminal echoes counts as seen: only what comes of it does not.
    pub fn enter(&mut self, line: &str) {
        self.press(line);
        self.expect(line);
        self.press("\n");
    }

    /// Waits until the text shows up after what was seen before, and returns what stood there.
    pub fn expect(&mut self, text: &str) -> String {
        let mut found = None;
        let all = || self.shown.lock().unwrap().clone();
        let waited = wait_until(SOON, text, || {
            found = all()[self.seen..].find(text).map(|at| self.seen + at);
            found.is_some()
        });
        let all = all();
        waited.unwrap_or_else(|late| panic!("{late}, but there is {:?}", &all[self.seen..]));
        let begin = std::mem::replace(&mut self.seen, found.unwrap() + text.len());
        all[begin..found.unwrap()].to_owned()
    }

    /// Works at a vi that was called with this file, which is not there yet, until that has ended:
    /// stopped and fetched back it draws again.
    pub fn write_by_vi(&mut self, file: &Path) {
        self.expect("~");
        self.press("ihello from inside\x1b");
        self.expect("inside");
        self.press(CTRL_Z);
        self.expect("ready> ");
        self.enter("fg");
        self.expect("hello from inside");
        self.press(":wq\n");
        self.expect("ready> ");
        let written = std::fs::read_to_string(file).unwrap();
        assert_eq!(written, "hello from inside\n");
    }

    /// Makes the window as large as this, and tells who is in the foreground.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        set_size(&self.master, &size);
    }

    /// Whether keys are handed on as they are pressed.
    pub fn is_raw(&self) -> bool {
        !self.modes().0.local_flags.contains(LocalFlags::ICANON)
    }

    /// nsinspect as the one child of the session leader, and the program as the last below it that is
    /// called so.
    pub fn launched(&self, program: &str) -> (i32, i32) {
        let mut found = None;
        wait_until(SOON, "the program to run", || {
            let first = children(self.leader()).first().copied();
            found = first.zip(first.and_then(|first| last_called(first, program)));
            found.is_some()
        })
        .unwrap();
        found.unwrap()
    }

    /// Everybody that the session leader has started, itself among them.
    pub fn everybody(&self) -> Vec<i32> {
        let mut all = vec![self.leader()];
        let mut seen = 0;
        while let Some(pid) = all.get(seen).copied() {
            all.extend(children(pid));
            seen += 1;
        }
        all
    }

    /// The terminal goes away, as with a server of terminals that is killed.
    pub fn hang_up(self) -> Spawned {
        let Terminal {
            leader,
            master,
            slave,
            reader,
            ..
        } = self;
        reader.is_over.store(true, Ordering::Relaxed);
        reader.thread.join().unwrap();
        drop((master, slave));
        leader
    }

    /// The modes of the line, and the foreground group.
    pub fn modes(&self) -> (Termios, i32) {
        // The master can ask too, and from outside of the session.
        let mut group = 0;
        // SAFETY: the kernel writes one number.
        let result =
            unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCGPGRP, &raw mut group) };
        assert_eq!(result, 0);
        (tcgetattr(&self.slave).unwrap(), group)
    }
}
