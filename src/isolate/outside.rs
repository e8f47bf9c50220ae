//! A process that stays in the old namespaces while we move to new ones: it writes the maps that
//! only somebody outside may write, and binds the namespaces on files that only those outside see.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::fcntl::readlink;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigSet;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::failure::{During, Failure, Step};
use super::id_map::{Map, Maps, Writer};
use crate::model::LinkName;
use crate::sys::child;

/// A namespace that is kept by a bind mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    pub link: LinkName,
    pub file: PathBuf,
}

/// The process that stays outside. Until [`Outside::keep`] it undoes its binds when we are gone.
pub struct Outside {
    process: Pid,
    stream: BufReader<UnixStream>,
}

#[derive(Serialize, Deserialize)]
enum Order {
    WriteMaps,
    /// Binds those of the list whose positions are named.
    Bind(Vec<usize>),
    Keep,
}

impl Outside {
    /// Forks it; call it before any namespace is left.
    pub fn stay(maps: &Maps, binds: &[Bind]) -> Result<Outside, Failure> {
        let mover = own_number()?;
        let (ours, theirs) = UnixStream::pair().during(|| Step::Prepare)?;
        let process = child::spawn(|| {
            // With a copy of our end it would never see that end.
            let _ = nix::unistd::close(ours.as_raw_fd());
            // What ends the others, such as Ctrl-C, must not keep it from undoing what it did.
            let _ = SigSet::all().thread_block();
            let mut servant = Servant {
                mover,
                maps,
                binds,
                bound: Vec::new(),
            };
            servant.serve(&theirs)
        })
        .during(|| Step::Fork)?;
        Ok(Outside {
            process,
            stream: BufReader::new(ours),
        })
    }

    /// Has the maps written of the user namespace that we are in now.
    pub fn write_maps(&mut self) -> Result<(), Failure> {
        self.order(&Order::WriteMaps)
    }

    /// Has those of the binds made that are for these links.
    pub fn bind(&mut self, wanted: fn(LinkName) -> bool, binds: &[Bind]) -> Result<(), Failure> {
        let positions = (0..binds.len()).filter(|at| wanted(binds[*at].link));
        self.order(&Order::Bind(positions.collect()))
    }

    /// The binds are to stay, whatever becomes of us.
    pub fn keep(&mut self) -> Result<(), Failure> {
        self.order(&Order::Keep)
    }

    fn order(&mut self, order: &Order) -> Result<(), Failure> {
        send(self.stream.get_ref(), order)?;
        receive(&mut self.stream)?.unwrap_or_else(|| Err(Failure::new(Step::Prepare, Errno::EPIPE)))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.stream.get_ref().shutdown(Shutdown::Both);
        let _ = waitpid(self.process, None);
    }
}

/// Our number in this /proc, which need not be that of our pid namespace.
fn own_number() -> Result<String, Failure> {
    let number = readlink("/proc/self").during(|| Step::Open("/proc/self".to_owned()))?;
    Ok(number.to_string_lossy().into_owned())
}

/// The other side of [`Outside`].
struct Servant<'a> {
    /// The process that moves to new namespaces.
    mover: String,
    maps: &'a Maps,
    binds: &'a [Bind],
    bound: Vec<&'a Path>,
}

impl Servant<'_> {
    fn serve(&mut self, stream: &UnixStream) -> i32 {
        let mut orders = BufReader::new(stream);
        while let Ok(Some(order)) = receive::<Order>(&mut orders) {
            let done = match order {
                Order::WriteMaps => self.write_maps(),
                Order::Bind(positions) => self.bind(&positions),
                Order::Keep => {
                    self.bound.clear();
                    Ok(())
                }
            };
            if send(stream, &done).is_err() {
                break;
            }
        }
        for file in &self.bound {
            let _ = umount2(*file, MntFlags::MNT_DETACH);
        }
        0
    }

    fn write_maps(&self) -> Result<(), Failure> {
        if let Some(setgroups) = self.maps.setgroups {
            write(&self.mover, "setgroups", &setgroups.to_string())?;
        }
        for map in [&self.maps.uid, &self.maps.gid].into_iter().flatten() {
            match map.writer {
                Writer::Inside => {}
                Writer::Outside => write(&self.mover, map.ids.file(), &map.lines())?,
                Writer::Helper => write_by_helper(&self.mover, map)?,
            }
        }
        Ok(())
    }

    fn bind(&mut self, positions: &[usize]) -> Result<(), Failure> {
        for bind in positions.iter().filter_map(|at| self.binds.get(*at)) {
            let namespace = format!("/proc/{}/ns/{}", self.mover, bind.link.name());
            let flags = MsFlags::MS_BIND;
            mount(
                Some(namespace.as_str()),
                &bind.file,
                None::<&str>,
                flags,
                None::<&str>,
            )
            .during(|| Step::Bind {
                kind: bind.link.kind().to_string(),
                file: bind.file.display().to_string(),
            })?;
            self.bound.push(&bind.file);
        }
        Ok(())
    }
}

/// Writes one of the files of a process (its number, or `self`) that are written once and whole.
pub fn write(process: &str, file: &str, contents: &str) -> Result<(), Failure> {
    let path = format!("/proc/{process}/{file}");
    let mut open = File::options().write(true).open(path);
    let written = match &mut open {
        Ok(opened) => opened.write_all(contents.as_bytes()),
        Err(_) => open.map(drop),
    };
    written.during(|| Step::WriteMap {
        file: file.to_owned(),
        writer: "by hand".to_owned(),
    })
}

fn write_by_helper(process: &str, map: &Map) -> Result<(), Failure> {
    let helper = map.ids.helper();
    let step = || Step::WriteMap {
        file: map.ids.file().to_owned(),
        writer: helper.to_owned(),
    };
    let numbers = map.ranges.iter().flat_map(|range| {
        [range.inside, range.outside, range.count].map(|number| number.to_string())
    });
    let output = Command::new(helper).arg(process).args(numbers).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = crate::model::text::from_bytes(output.stderr.trim_ascii());
            let cause = format!("{said}; {}", map.ids.given());
            Err(Failure::because(step(), cause))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::because(
            step(),
            format!(
                "{helper} is not installed: it comes with the package uidmap (or shadow-utils)"
            ),
        )),
        Err(error) => Err(error).during(step),
    }
}

/// Sends a message.
pub(super) fn send(mut stream: &UnixStream, message: &impl Serialize) -> Result<(), Failure> {
    // Serialising plain data cannot fail.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    stream.write_all(&line).during(|| Step::Prepare)
}

/// The next message; `None` at the end.
pub(super) fn receive<T: for<'de> Deserialize<'de>>(
    stream: &mut BufReader<impl std::io::Read>,
) -> Result<Option<T>, Failure> {
    let mut line = Vec::new();
    stream
        .read_until(b'\n', &mut line)
        .during(|| Step::Prepare)?;
    Ok(serde_json::from_slice(&line).ok())
}
