//! What the threads of a process hold: working and root directories, the program, descriptors.
//! Only what the mount table of the process does not lead to is kept, and what is no file; of its
//! own root directory always which mount it is in.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::os::fd::AsFd;

use nix::errno::Errno;

use super::{Looker, late, too_many};
use crate::collect::discover::tables;
use crate::model::exposure::{Anchor, File, FileKind, Handle, Listener, Part};
use crate::model::mount::Mount;
use crate::model::{Pid, Process, Seen, text};
use crate::sys::look::{self, Look};
use crate::sys::procfs::TaskDir;
use crate::sys::{nsfs, why};

/// Of one process so many descriptors and threads are looked at.
const MOST_FDS: usize = 4096;
const MOST_THREADS: usize = 256;

pub fn of(looker: &Looker<'_>, process: &Process, task: &TaskDir, table: &[Mount]) -> Part<Handle> {
    let mut search = Search {
        looker,
        own: table.iter().map(|mount| mount.id).collect(),
        part: Part::default(),
    };
    search.links(process.task(), task, None);
    search.threads(process, task);
    search.descriptors(process);
    search.part
}

/// Root and working directory, as far as they tell two threads apart.
type Directories = [Option<(Option<i32>, u64)>; 2];

struct Search<'a> {
    looker: &'a Looker<'a>,
    /// Ids of the mounts in its mount table.
    own: BTreeSet<i32>,
    part: Part<Handle>,
}

impl Search<'_> {
    /// The links of one thread; those of others only where they differ.
    fn links(&mut self, tid: Pid, task: &TaskDir, usual: Option<Directories>) -> Directories {
        let names = [c"root", c"cwd", c"exe"];
        let mut directories = [None; 2];
        for (at, name) in names.into_iter().enumerate() {
            let look = match look::at(task.as_fd(), name) {
                Ok(look) => look,
                // A dead thread has none.
                Err(Errno::ENOENT | Errno::ESRCH) => continue,
                Err(errno) => {
                    self.part.miss(why(errno));
                    continue;
                }
            };
            let is_root = at == 0 && usual.is_none();
            let is_usual = match usual {
                Some(_) if at == 2 => true,
                Some(usual) => usual[at] == Some((look.mount, look.inode)),
                None => false,
            };
            if at < 2 {
                directories[at] = Some((look.mount, look.inode));
            }
            if !is_usual && (is_root || self.is_foreign(&look)) {
                let name = name.to_string_lossy();
                self.keep(tid, &name, task, Some(look), None, None);
            }
        }
        directories
    }

    fn threads(&mut self, process: &Process, task: &TaskDir) {
        if process.nthreads < 2 {
            return;
        }
        let own = task.tids().unwrap_or_default();
        if own.len() > MOST_THREADS {
            self.part.miss(too_many());
        }
        let stat = |link| look::at(task.as_fd(), link).ok();
        let usual = [c"root", c"cwd"].map(|link| stat(link).map(|it| (it.mount, it.inode)));
        for tid in own.into_iter().take(MOST_THREADS) {
            if let (true, Ok(thread)) = (tid != process.task(), task.thread(tid)) {
                self.links(tid, &thread, Some(usual));
            }
        }
    }

    fn descriptors(&mut self, process: &Process) {
        match tables::of_process(self.looker.root, process) {
            Ok(table) => self.table(&table),
            Err(errno) => self.part.miss(why(errno)),
        }
        match tables::of_threads(self.looker.root, process) {
            Ok(tables) => {
                for table in tables.flatten() {
                    self.table(&table);
                }
            }
            Err(errno) => self.part.miss(why(errno)),
        }
    }

    fn table(&mut self, table: &tables::Table) {
        if table.fds.len() > MOST_FDS {
            self.part.miss(too_many());
        }
        for fd in table.fds.iter().take(MOST_FDS) {
            if self.looker.is_late() {
                return self.part.miss(late());
            }
            let name = format!("fd/{fd}");
            let link = CString::new(name.as_str()).unwrap_or_default();
            // One that was closed meanwhile holds nothing.
            if let Ok(look) = look::at(table.task.as_fd(), &link) {
                self.descriptor(table, *fd, &name, look);
            }
        }
    }

    fn descriptor(&mut self, table: &tables::Table, fd: i32, name: &str, look: Look) {
        let file = File::from(look);
        let (tid, task) = (table.tid, &table.task);
        let device = libc::makedev(look.device.0, look.device.1);
        if self.looker.snapshot.nsfs_dev.get() == Some(device) {
            return match namespace(task, fd) {
                Ok(Some(anchor)) => self.keep(tid, name, task, None, Some(fd), Some(anchor)),
                Ok(None) | Err(Errno::ENOENT | Errno::EBADF) => {}
                Err(errno) => self.part.miss(why(errno)),
            };
        }
        match file.kind {
            FileKind::Fifo | FileKind::Link => {}
            FileKind::Socket => {
                if let Some(listener) = self.peer(look.inode) {
                    let anchor = Anchor::Peer { listener };
                    self.keep(tid, name, task, None, Some(fd), Some(anchor));
                }
            }
            FileKind::Block | FileKind::Char => {
                self.keep(tid, name, task, Some(look), Some(fd), None);
            }
            FileKind::Regular | FileKind::Directory | FileKind::Anonymous => {
                if self.is_foreign(&look) {
                    self.file(table, fd, name, look);
                }
            }
        }
    }

    /// A file that no mount of its table leads to; a process, where that is what it stands for.
    fn file(&mut self, table: &tables::Table, fd: i32, name: &str, look: Look) {
        let task = &table.task;
        let target = task.link(name).unwrap_or_default();
        if target == b"anon_inode:[pidfd]" {
            if let Some(pid) = pid_of(task, fd) {
                let anchor = Anchor::Process { pid };
                self.keep(table.tid, name, task, None, Some(fd), Some(anchor));
            }
        } else if File::from(look).kind != FileKind::Anonymous {
            self.keep(table.tid, name, task, Some(look), Some(fd), None);
        }
    }

    fn is_foreign(&self, look: &Look) -> bool {
        look.mount.is_none_or(|mount| !self.own.contains(&mount))
    }

    /// The listener that a socket is connected to, where both are in our network namespace.
    fn peer(&self, inode: u64) -> Option<Listener> {
        let Seen::Known(sockets) = &self.looker.sockets else {
            return None;
        };
        // What accept(2) returns has the name of the listener.
        let peer = sockets.get(&sockets.get(&inode)?.peer?)?;
        peer.name.as_ref()?;
        Some(Listener::from(peer))
    }

    fn keep(
        &mut self,
        tid: Pid,
        name: &str,
        task: &TaskDir,
        look: Option<Look>,
        fd: Option<i32>,
        what: Option<Anchor>,
    ) {
        let target = task.link(name).unwrap_or_default();
        self.part.found.push(Handle {
            tid,
            name: name.to_owned(),
            target: text::from_bytes(&target),
            mount: look.and_then(|look| look.mount),
            file: look.map(File::from),
            flags: fd.and_then(|fd| flags_of(task, fd)),
            what,
        });
    }
}

fn namespace(task: &TaskDir, fd: i32) -> Result<Option<Anchor>, Errno> {
    let Some(opened) = nsfs::reopen(&task.open_fd(fd)?)? else {
        return Ok(None);
    };
    Ok(Some(Anchor::Namespace {
        kind: nsfs::kind(&opened)?.name().to_owned(),
        inode: nsfs::identity(&opened)?.inode,
    }))
}

/// A field of `/proc/PID/fdinfo/FD` (proc_pid_fdinfo(5)).
fn field(task: &TaskDir, fd: i32, name: &str) -> Option<String> {
    let contents = task.read(&format!("fdinfo/{fd}")).ok()?;
    let contents = String::from_utf8_lossy(&contents).into_owned();
    let value = contents.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().to_owned())
}

fn flags_of(task: &TaskDir, fd: i32) -> Option<u32> {
    u32::from_str_radix(&field(task, fd, "flags:")?, 8).ok()
}

/// The process that a pidfd stands for; none once that has ended, or where it has no number here.
fn pid_of(task: &TaskDir, fd: i32) -> Option<Pid> {
    let pid = field(task, fd, "Pid:")?.parse().ok()?;
    (pid > 0).then_some(pid)
}
