//! The least that any scan of `/proc` has to do: open each process and read its ten links. No
//! parsing, no memory, no output.

use std::io::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use nsinspect::model::{LinkName, Pid};
use nsinspect::sys::procfs::ProcRoot;

/// Numbers of threads that it is measured with.
pub const THREADS: [usize; 2] = [1, 2];

/// Reads the links of every process; says how many processes there were and how long it took,
/// listing them included.
pub fn read_links(threads: usize) -> Result<(usize, Duration), Error> {
    let proc = ProcRoot::open(Path::new("/proc"))?;
    let start = Instant::now();
    let pids = proc.pids()?;
    std::thread::scope(|scope| {
        for share in pids.chunks(pids.len().div_ceil(threads)) {
            let proc = &proc;
            scope.spawn(move || share.iter().for_each(|pid| read_one(proc, *pid)));
        }
    });
    Ok((pids.len(), start.elapsed()))
}

fn read_one(proc: &ProcRoot, pid: Pid) {
    let Ok(task) = proc.task(pid) else { return };
    let mut buffer = [0; 64];
    for link in LinkName::all() {
        let _ = std::hint::black_box(task.ns_link(link, &mut buffer));
    }
}
