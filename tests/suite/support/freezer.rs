//! A cgroup that the test makes, with one below it for processes: what is done to the upper one
//! concerns them too. Both are gone with the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::process::wait_until;

const SOON: Duration = Duration::from_secs(10);

/// Which freezer, or another controller of v1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    FreezerV1,
    V2,
    V1(&'static str),
}

pub struct MadeCgroup {
    hierarchy: Hierarchy,
    upper: PathBuf,
}

impl MadeCgroup {
    /// The error is why this machine cannot have one.
    pub fn make(hierarchy: Hierarchy, name: &str) -> Result<MadeCgroup, String> {
        let mounts: &[&str] = match hierarchy {
            Hierarchy::FreezerV1 => &["/sys/fs/cgroup/freezer"],
            Hierarchy::V2 => &["/sys/fs/cgroup/unified", "/sys/fs/cgroup"],
            Hierarchy::V1(name) => &[&format!("/sys/fs/cgroup/{name}")],
        };
        let file = match hierarchy {
            Hierarchy::V2 => "cgroup.controllers",
            _ => "tasks",
        };
        let mounted = mounts.iter().find(|it| Path::new(it).join(file).exists());
        let mounted = mounted.ok_or_else(|| format!("no {hierarchy:?} is mounted here"))?;
        let name = format!("nst-{name}-{}", std::process::id());
        let it = MadeCgroup {
            hierarchy,
            upper: Path::new(mounted).join(name),
        };
        fs::create_dir_all(it.lower()).map_err(|error| error.to_string())?;
        match hierarchy == Hierarchy::V2 && !it.upper.join("cgroup.freeze").exists() {
            true => Err("cgroups have no freezer here (Linux 5.2)".to_owned()),
            false => Ok(it),
        }
    }

    fn lower(&self) -> PathBuf {
        self.upper.join("inner")
    }

    /// Its path as `/proc/PID/cgroup` has it, as far as we are at the root.
    pub fn path(&self) -> String {
        let name = self.upper.file_name().unwrap().to_str().unwrap();
        format!("/{name}/inner")
    }

    pub fn take(&self, pid: i32) {
        fs::write(self.lower().join("cgroup.procs"), pid.to_string()).unwrap();
    }

    pub fn members(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.lower().join("cgroup.procs")).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Writes a file of the upper one.
    pub fn set(&self, file: &str, value: &str) {
        fs::write(self.upper.join(file), value).unwrap();
    }

    /// Freezes the upper one, and returns when all that is below stands still.
    pub fn freeze(&self) {
        self.start_to_freeze();
        let (file, word) = match self.hierarchy {
            Hierarchy::V2 => ("cgroup.events", "frozen 1"),
            _ => ("freezer.state", "FROZEN"),
        };
        wait_until(SOON, word, || {
            fs::read_to_string(self.lower().join(file)).is_ok_and(|text| text.contains(word))
        })
        .unwrap();
    }

    pub fn start_to_freeze(&self) {
        match self.hierarchy {
            Hierarchy::V2 => self.set("cgroup.freeze", "1"),
            _ => self.set("freezer.state", "FROZEN"),
        }
    }

    pub fn thaw(&self) {
        match self.hierarchy {
            Hierarchy::V2 => self.set("cgroup.freeze", "0"),
            Hierarchy::FreezerV1 => self.set("freezer.state", "THAWED"),
            Hierarchy::V1(_) => {}
        }
    }
}

impl Drop for MadeCgroup {
    fn drop(&mut self) {
        self.thaw();
        let gone = wait_until(SOON, "a cgroup to be empty", || {
            let _ = fs::remove_dir(self.lower());
            fs::remove_dir(&self.upper).is_ok() || !self.upper.exists()
        });
        if let Err(late) = gone {
            let left = format!("{} is left behind: {late}", self.upper.display());
            assert!(std::thread::panicking(), "{left}");
            eprintln!("{left}");
        }
    }
}
