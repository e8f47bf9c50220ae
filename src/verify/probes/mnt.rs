//! Mounts: a file system that is mounted outside, in a namespace of our own, is looked for inside, a
//! file that is planted outside too; and the mount tables of both sides tell whether what is mounted on
//! one side comes up on the other. To try that would change what the target uses.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde::{Deserialize, Serialize};

use super::worker::{Line, Place, Worker, random_name, temp_dir};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::model::mount::{Mount, below, join};
use crate::model::{NsKind, text};
use crate::sys::look;
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Mnt];

/// Shared mounts that are told one by one.
const MOST_TOLD: usize = 5;

/// The target shares no mount namespace with the other side, and no mount goes from one to the other.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    if sides.same(NsKind::Mnt)? {
        let did = "compared the mount namespaces: both are in one";
        return Ok(fails(did, Vec::new()));
    }
    let inside = sides.pinned.mounts()?;
    let outside = match sides.from {
        Some(from) => from.mounts()?,
        None => sides.pinned.our_mounts()?,
    };
    let peers = peers(&inside, &outside);
    let mut evidence: Vec<Evidence> = peers.iter().take(MOST_TOLD).map(|it| told(it)).collect();
    if let Some(first) = peers.first() {
        let more = match peers.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let did = format!(
            "compared the mount tables: what is mounted below {}{more} on one side comes up on the \
             other (shared)",
            first.mount_point
        );
        return Ok(fails(did, evidence));
    }
    let (path, seen) = private_mount(sides)?;
    evidence.push(seen.evidence(&format!("tmpfs mounted on {path} outside")));
    let mounted = format!("mounted a tmpfs on {path} in a namespace of our own");
    if matches!(seen, Sight::Seen) {
        return Ok(fails(format!("{mounted}: it is seen inside"), evidence));
    }
    // It decides nothing: file systems may well be mounted on both sides.
    evidence.push(planted(sides, &inside).unwrap_or_else(|reason| {
        Evidence::new(
            "a file planted outside",
            format!("not looked for: {reason}"),
        )
    }));
    let did = format!("{mounted}: not seen inside; no mount is shared with the outside");
    Ok(holds(did, evidence))
}

/// Mounts that are in a peer group with one of the other side: groups are numbered for the whole
/// machine (mnt_alloc_group_id in fs/namespace.c).
fn peers<'a>(inside: &'a [Mount], outside: &[Mount]) -> Vec<&'a Mount> {
    let groups = outside.iter().filter_map(|it| it.shared);
    let groups: BTreeSet<u32> = groups.collect();
    let is_peer = |it: &&Mount| it.shared.is_some_and(|group| groups.contains(&group));
    inside.iter().filter(is_peer).collect()
}

fn told(mount: &Mount) -> Evidence {
    let group = mount.shared.unwrap_or(0);
    Evidence::new(
        format!("mountinfo {} inside and outside", mount.id),
        format!("{} shared:{group}", mount.mount_point),
    )
}

/// What is seen inside of a file outside.
#[derive(Debug, Serialize, Deserialize)]
enum Sight {
    Seen,
    NotSeen,
    /// Something else stands there.
    Other,
    /// The error, as a number.
    Refused(i32),
}

impl Sight {
    fn evidence(&self, of: &str) -> Evidence {
        let value = match self {
            Sight::Seen => "seen inside".to_owned(),
            Sight::NotSeen => "not seen inside".to_owned(),
            Sight::Other => "another file stands there inside".to_owned(),
            Sight::Refused(number) => format!("cannot be looked at: {}", Errno::from_raw(*number)),
        };
        Evidence::new(of, value)
    }
}

/// Which file it is: device and inode number.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Planted {
    path: String,
    device: (u32, u32),
    inode: u64,
}

impl Planted {
    fn at(path: &str) -> Result<Planted, String> {
        let unseen = |errno: Errno| format!("{path} cannot be looked at outside: {errno}");
        let file = look::open_path(path).map_err(unseen)?;
        let seen = look::at(file.as_fd(), c"").map_err(unseen)?;
        Ok(Planted {
            path: path.to_owned(),
            device: seen.device,
            inode: seen.inode,
        })
    }

    /// Looks for it at a path.
    fn sight(&self, path: &str) -> Sight {
        let seen = look::open_path(path).and_then(|file| look::at(file.as_fd(), c""));
        match seen {
            Ok(seen) if (seen.device, seen.inode) == (self.device, self.inode) => Sight::Seen,
            Ok(_) => Sight::Other,
            Err(Errno::ENOENT | Errno::ENOTDIR) => Sight::NotSeen,
            Err(errno) => Sight::Refused(errno as i32),
        }
    }
}

/// Mounts a tmpfs outside, in a namespace that is gone with the child, and looks for it inside.
fn private_mount(sides: &Sides<'_>) -> Result<(String, Sight), NotTried> {
    let dir = temp_dir();
    let path = text::from_bytes(dir.as_os_str().as_bytes());
    let at = path.clone();
    let make = move |line: &Line| {
        let made = mount_privately(&dir).and_then(|()| Planted::at(&at));
        line.say(&made.map_err(|reason| format!("no tmpfs can be mounted outside: {reason}"))?)?;
        let _ = line.hear::<()>();
        Ok(())
    };
    let mut outside = Worker::start(&Place::Here, sides.deadline, make)?;
    let planted: Planted = outside.hear()?;
    let look = move |line: &Line| line.say(&planted.sight(&planted.path));
    let seen = Worker::start(&sides.inside(&KINDS)?, sides.deadline, look)?.hear()?;
    Ok((path, seen))
}

/// In a mount namespace of our own from which nothing propagates.
fn mount_privately(dir: &Path) -> Result<(), String> {
    let own = |flags| unshare(flags).map_err(|errno| errno.to_string());
    if own(CloneFlags::CLONE_NEWNS).is_err() {
        own(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
    }
    let nothing = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let harmless = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(nothing, "/", nothing, private, nothing)
        .and_then(|()| {
            mount(
                Some("nsinspect"),
                dir,
                Some("tmpfs"),
                harmless,
                Some("size=64k"),
            )
        })
        .map_err(|errno| errno.to_string())
}

/// A file of ours, removed with this.
struct Plant(PathBuf);

impl Drop for Plant {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Plants a file outside where the file systems of both sides meet, and looks for it inside: a mount
/// namespace hides mounts, and not the file systems that are mounted on both sides.
fn planted(sides: &Sides<'_>, inside: &[Mount]) -> Result<Evidence, NotTried> {
    let path = temp_dir().join(random_name());
    let plant = {
        let path = path.clone();
        move |line: &Line| {
            let mut options = std::fs::OpenOptions::new();
            let made = options.write(true).create_new(true).open(&path);
            made.map_err(|error| format!("no file can be made outside: {error}"))?;
            let plant = Plant(path);
            let bytes = plant.0.as_os_str().as_bytes();
            line.say(&Planted::at(&text::from_bytes(bytes))?)?;
            let _ = line.hear::<()>();
            Ok(())
        }
    };
    let mut outside = Worker::start_tidy(&Place::Here, sides.deadline, plant)?;
    let planted: Planted = outside.hear()?;
    let places = places_inside(&planted, inside, &sides.pinned.our_mounts()?);
    if places.is_empty() {
        let what = format!("{}, planted outside", planted.path);
        return Ok(Evidence::new(what, "its file system is not mounted inside"));
    }
    let place = sides.pinned.place(&KINDS)?;
    let look = {
        let planted = planted.clone();
        move |line: &Line| {
            let seen = places
                .into_iter()
                .find(|it| matches!(planted.sight(it), Sight::Seen));
            line.say(&seen)
        }
    };
    let seen: Option<String> = Worker::start(&place, sides.deadline, look)?.hear()?;
    let value = match seen {
        Some(path) => format!("seen inside at {path}: it is in a file system of the outside"),
        None => "not seen inside".to_owned(),
    };
    Ok(Evidence::new(
        format!("{}, planted outside", planted.path),
        value,
    ))
}

/// Paths inside at which a file outside would be seen, by the mounts of its file system on both sides.
fn places_inside(planted: &Planted, inside: &[Mount], ours: &[Mount]) -> Vec<String> {
    let device = format!("{}:{}", planted.device.0, planted.device.1);
    // The mount that leads to it out here is the last of those above it.
    let above = |it: &&Mount| below(&it.mount_point, &planted.path).is_some();
    let Some(leads) = ours.iter().rfind(|it| above(it) && it.device == device) else {
        return Vec::new();
    };
    let rest = below(&leads.mount_point, &planted.path).unwrap_or("");
    let within = join(&leads.root, rest);
    let same = inside.iter().filter(|it| it.device == device);
    same.filter_map(|it| Some(join(&it.mount_point, below(&it.root, &within)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(id: i32, root: &str, mount_point: &str, shared: Option<u32>) -> Mount {
        Mount {
            id,
            parent: 0,
            device: "8:1".to_owned(),
            root: root.to_owned(),
            mount_point: mount_point.to_owned(),
            fstype: "ext4".to_owned(),
            source: "/dev/sda1".to_owned(),
            read_only: false,
            options: "rw".to_owned(),
            super_options: "rw".to_owned(),
            shared,
            master: None,
            unbindable: false,
        }
    }

    #[test]
    fn a_mount_is_a_peer_when_the_other_side_has_one_of_its_group() {
        let inside = [
            mount(1, "/", "/", Some(7)),
            mount(2, "/a", "/a", Some(8)),
            mount(3, "/b", "/b", None),
        ];
        let outside = [mount(9, "/", "/", Some(8)), mount(10, "/", "/x", None)];
        let ids: Vec<i32> = peers(&inside, &outside).iter().map(|it| it.id).collect();
        assert_eq!(ids, [2]);
    }

    #[test]
    fn a_file_outside_is_looked_for_by_every_mount_of_its_file_system() {
        let planted = Planted {
            path: "/data/tmp/nsi-1".to_owned(),
            device: (8, 1),
            inode: 1,
        };
        let ours = [mount(1, "/", "/data", None)];
        let inside = [
            mount(2, "/tmp", "/mnt", None),
            mount(3, "/other", "/other", None),
            mount(4, "/", "/host", None),
        ];
        assert_eq!(
            places_inside(&planted, &inside, &ours),
            ["/mnt/nsi-1", "/host/tmp/nsi-1"]
        );
    }
}
