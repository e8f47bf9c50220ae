//! Tells whether a task has run since its links were read.

use std::cell::Cell;
use std::rc::Rc;

use crate::model::Pid;
use crate::sys::procfs::ProcRoot;
use crate::sys::schedstat::{Moment, SchedStat, raise_open_files};

/// How far a task had come before its links were read.
pub struct Clock {
    /// Held open where there was room for it.
    held: Option<Held>,
    moment: Moment,
}

/// How many more files may be held open.
#[derive(Clone)]
pub struct Room(Rc<Cell<usize>>);

/// A file that takes its place of the room while it is held.
struct Held {
    file: SchedStat,
    room: Room,
}

/// For all else that a look opens.
const OTHER_FILES: usize = 256;

/// The kernel keeps a page for each such file that was read (`seq_read_iter` in fs/seq_file.c),
/// 128 MiB for so many. A machine may have a hundred thousand threads.
const MOST_HELD: usize = 32 << 10;

impl Room {
    /// As much as the limit of open files leaves, which is raised as far as may be.
    pub fn new() -> Room {
        let free = raise_open_files().saturating_sub(OTHER_FILES);
        Room(Rc::new(Cell::new(free.min(MOST_HELD))))
    }

    fn hold(&self, file: SchedStat) -> Option<Held> {
        self.0.set(self.0.get().checked_sub(1)?);
        let room = self.clone();
        Some(Held { file, room })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Room(free) = &self.room;
        free.set(free.get() + 1);
    }
}

impl Clock {
    /// The clock of a task whose links are about to be read: whoever moves after this will be seen
    /// to have run. The file of the look before is used again while it is that of a living task.
    pub fn start(root: &ProcRoot, tid: Pid, before: Option<Clock>, room: &Room) -> Option<Clock> {
        let before = before.and_then(|clock| clock.held);
        if let Some(held) = before
            && let Ok(Some(moment)) = held.file.read()
        {
            let held = Some(held);
            return Some(Clock { held, moment });
        }
        let file = SchedStat::open(root, tid).ok()?;
        let moment = file.read().ok()??;
        let held = room.hold(file);
        Some(Clock { held, moment })
    }

    /// Whether the task has run since, or is gone.
    pub fn has_run(&self, root: &ProcRoot, tid: Pid) -> bool {
        let now = match &self.held {
            Some(held) => held.file.read(),
            None => SchedStat::open(root, tid).and_then(|it| it.read()),
        };
        now != Ok(Some(self.moment))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_let_go_of_makes_room_and_without_room_a_clock_still_goes() {
        let root = ProcRoot::open(Path::new("/proc")).unwrap();
        let room = Room(Rc::new(Cell::new(1)));
        let own = nix::unistd::gettid().as_raw();
        let start = |before| Clock::start(&root, own, before, &room).unwrap();
        let (first, second) = (start(None), start(None));
        assert_eq!((first.held.is_some(), second.held.is_some()), (true, false));
        let first = start(Some(first));
        assert!(first.held.is_some(), "it keeps its place");
        drop(first);
        assert!(start(Some(second)).held.is_some(), "there is room again");
    }
}
