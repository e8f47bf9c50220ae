//! Device nodes: below `/dev` of a process, and those that are mounted by themselves anywhere.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

use nix::dir::Type;
use nix::errno::Errno;

use super::{Looker, mounts, too_many};
use crate::collect::open::TIME_LIMIT;
use crate::model::exposure::{DeviceNode, File, FileKind, MountPoint, Part};
use crate::model::mount::Mount;
use crate::model::{Why, text};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{child, look, why};

/// So deep, and so many entries, are looked at below `/dev`.
const DEEPEST: usize = 4;
const MOST_ENTRIES: usize = 4096;

/// File systems that no server stands behind, so that reading a directory never waits.
const IN_MEMORY: [&str; 3] = ["devtmpfs", "ramfs", "tmpfs"];

/// Drivers by whether they are for block devices, and their major number (/proc/devices).
pub struct Drivers(BTreeMap<(bool, u32), String>);

impl Drivers {
    pub fn read(root: &ProcRoot) -> Drivers {
        let text = root.read("devices").unwrap_or_default();
        let mut drivers = BTreeMap::new();
        let mut is_block = false;
        for line in String::from_utf8_lossy(&text).lines() {
            is_block |= line.starts_with("Block");
            if let Some((major, name)) = line.trim().split_once(' ')
                && let Ok(major) = major.parse()
            {
                drivers.insert((is_block, major), name.to_owned());
            }
        }
        Drivers(drivers)
    }

    fn of(&self, file: &File) -> Option<String> {
        let major = file.device?.0;
        self.0.get(&(file.kind == FileKind::Block, major)).cloned()
    }
}

pub fn of(
    looker: &Looker<'_>,
    task: &TaskDir,
    table: &[Mount],
    points: &Part<MountPoint>,
) -> Part<DeviceNode> {
    let mut nodes = below_dev(task, table);
    for point in &points.found {
        let mount = table.iter().find(|mount| mount.id == point.mount);
        if let (Some(mount), Some(_)) = (mount, point.file.device) {
            nodes.found.push(DeviceNode {
                path: mount.mount_point.clone(),
                mount: Some(mount.id),
                file: point.file,
                driver: None,
            });
        }
    }
    for node in &mut nodes.found {
        node.driver = looker.drivers.of(&node.file);
    }
    nodes
}

fn below_dev(task: &TaskDir, table: &[Mount]) -> Part<DeviceNode> {
    let in_memory = table
        .iter()
        .filter(|mount| mount.mount_point == "/dev" && IN_MEMORY.contains(&mount.fstype.as_str()))
        .find_map(|mount| mounts::open(task, table, mount).ok().flatten());
    if let Some((dev, _)) = in_memory {
        return walk(&dev);
    }
    // A directory of whatever file system: a child may wait for it.
    let walked = child::in_child(TIME_LIMIT, || {
        let nodes = match task.open_in_root(b"/dev") {
            Ok(dev) => walk(&dev),
            Err(Errno::ENOENT) => Part::default(),
            Err(errno) => Part::unknown(why(errno)),
        };
        let gap = nodes.gap.map(|why| why.to_string());
        serde_json::to_vec(&(nodes.found, gap)).unwrap_or_default()
    });
    let walked = walked.map_err(why).and_then(|answer| {
        serde_json::from_slice::<(Vec<DeviceNode>, Option<String>)>(&answer)
            .map_err(|error| Why::failed(error.to_string()))
    });
    match walked {
        Ok((found, gap)) => Part {
            found,
            gap: gap.map(|why| {
                let Ok(why) = why.parse();
                why
            }),
        },
        Err(why) => Part::unknown(why),
    }
}

/// The device nodes of a directory and of those in it, in one mount.
fn walk(dev: &OwnedFd) -> Part<DeviceNode> {
    let mut nodes = Part::default();
    let mut entries = 0;
    let mut todo = vec![(b".".to_vec(), 0)];
    while let Some((directory, depth)) = todo.pop() {
        let mut opened = match look::read_dir_in_mount(dev, &directory) {
            Ok(opened) => opened,
            // Another mount, or gone.
            Err(Errno::EXDEV | Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => continue,
            Err(errno) => {
                nodes.miss(why(errno));
                continue;
            }
        };
        for entry in opened.iter() {
            let Ok(entry) = entry else { break };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            entries += 1;
            if entries > MOST_ENTRIES {
                nodes.miss(too_many());
                return nodes;
            }
            let path = [directory.as_slice(), b"/", name].concat();
            match entry.file_type() {
                Some(Type::Directory) if depth + 1 < DEEPEST => todo.push((path, depth + 1)),
                Some(Type::Directory) => nodes.miss(too_many()),
                Some(Type::BlockDevice | Type::CharacterDevice) | None => {
                    nodes.found.extend(node(dev, &path));
                }
                Some(_) => {}
            }
        }
    }
    nodes.found.sort_by(|one, other| one.path.cmp(&other.path));
    nodes
}

fn node(dev: &OwnedFd, path: &[u8]) -> Option<DeviceNode> {
    let name = CString::new(path).ok()?;
    let look = look::without_following(dev.as_fd(), &name).ok()?;
    let file = File::from(look);
    let below = path.strip_prefix(b"./").unwrap_or(path);
    file.device?;
    Some(DeviceNode {
        path: format!("/dev/{}", text::from_bytes(below)),
        mount: look.mount,
        file,
        driver: None,
    })
}
