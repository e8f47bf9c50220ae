//! What the device cgroup allows: a list in version 1, programs of BPF in version 2.

use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::os::fd::AsFd;

use crate::collect::details;
use crate::model::exposure::DeviceRules;
use crate::model::mount::{Hierarchy, below, join};
use crate::model::process::CgroupEntry;
use crate::model::{Process, Seen, Why, text};
use crate::sys::procfs::ProcRoot;
use crate::sys::{bpf, files, why};

/// A list beyond this (bytes) is not read.
const LONGEST_LIST: usize = 64 << 10;

/// Where the hierarchies of cgroups are mounted for us.
pub struct Hierarchies(Seen<Vec<Hierarchy>>);

impl Hierarchies {
    pub fn read(root: &ProcRoot) -> Hierarchies {
        let own = Seen::from(root.own_task().map_err(why));
        Hierarchies(own.and_then(|own| details::cgroup_hierarchies(&own)))
    }

    pub fn rules_of(&self, process: &Process) -> Seen<DeviceRules> {
        let entries = match &process.cgroups {
            Seen::Known(entries) => entries,
            Seen::Unknown(why) => return Seen::Unknown(why.clone()),
        };
        let has_devices =
            |entry: &&CgroupEntry| entry.controllers.split(',').any(|it| it == "devices");
        let (list, source) = match entries.iter().find(has_devices) {
            None => (None, None),
            Some(entry) => match self.list(entry) {
                Ok((list, source)) => (Some(list), Some(source)),
                Err(why) => return Seen::Unknown(why),
            },
        };
        let unified = entries.iter().find(|entry| entry.hierarchy == 0);
        Seen::Known(DeviceRules {
            list,
            source,
            programs: unified.map_or(Some(0), |entry| self.programs(entry)),
        })
    }

    fn list(&self, entry: &CgroupEntry) -> Result<(Vec<String>, String), Why> {
        let folder = self.folder(entry, "devices")?;
        let file = join(&folder, "devices.list");
        let contents = files::read_regular(path(&file).as_path(), LONGEST_LIST).map_err(why)?;
        let lines = text::from_bytes(&contents);
        Ok((lines.lines().map(str::to_owned).collect(), file))
    }

    fn programs(&self, entry: &CgroupEntry) -> Option<u32> {
        let folder = self.folder(entry, "").ok()?;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let cgroup = open(path(&folder).as_path(), flags, Mode::empty()).ok()?;
        bpf::device_programs(cgroup.as_fd()).ok()
    }

    /// The folder of a cgroup; without a controller that of version 2.
    fn folder(&self, entry: &CgroupEntry, controller: &str) -> Result<String, Why> {
        let hierarchies = self.0.as_ref().map_err(Clone::clone)?;
        let is_it = |hierarchy: &&Hierarchy| match controller {
            "" => hierarchy.controllers.is_empty(),
            name => hierarchy.controllers.iter().any(|it| it == name),
        };
        let fitting = hierarchies.iter().filter(is_it);
        // Above the root of our own cgroup namespace the path starts with `/..`.
        let is_hidden = entry.path.split('/').any(|part| part == "..");
        fitting
            .filter(|_| !is_hidden)
            .find_map(|it| Some(join(&it.mount_point, below(&it.root, &entry.path)?)))
            .ok_or_else(|| Why::failed("its cgroup is not below a mount of ours"))
    }
}

fn path(text: &str) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(&text::to_bytes(text))).to_owned()
}
