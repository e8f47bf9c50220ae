//! Whether a cgroup is frozen: by itself or with one above it, and also where that has only begun.

use super::cgroups::Spot;
use crate::model::mount::join;

/// The freezer of a cgroup.
pub(super) struct Freezer {
    spot: Spot,
    version: Version,
}

#[derive(Clone, Copy)]
enum Version {
    V1,
    V2,
}

impl Freezer {
    /// The freezer of a cgroup in a hierarchy of these controllers, where they have one: each cgroup
    /// of v2 has (Linux 5.2), and those of the v1 controller `freezer`.
    pub fn of(controllers: &str, spot: Spot) -> Option<Freezer> {
        let version = match controllers {
            "" => Version::V2,
            names if names.split(',').any(|name| name == "freezer") => Version::V1,
            _ => return None,
        };
        Some(Freezer { spot, version })
    }

    /// Why processes in it stand still, or are about to, in words. What cannot be read is taken for
    /// thawed: the root of a hierarchy has no such files, and cannot be frozen.
    pub fn frozen(&self) -> Option<String> {
        match self.version {
            Version::V1 => self.frozen_v1(),
            Version::V2 => self.frozen_v2(),
        }
    }

    /// `freezer.state` says it with all that lies above (freezer_read in
    /// kernel/cgroup/legacy_freezer.c).
    fn frozen_v1(&self) -> Option<String> {
        let state = self.spot.read("freezer.state")?;
        match state.trim() {
            "THAWED" => None,
            state => Some(format!("it is frozen (freezer.state: {state})")),
        }
    }

    /// `cgroup.events` says it with all that lies above, once all have come to rest; what has been
    /// asked for stands in `cgroup.freeze` of the cgroup itself, or of one above it.
    fn frozen_v2(&self) -> Option<String> {
        let events = self.spot.read("cgroup.events").unwrap_or_default();
        if events.lines().any(|line| line == "frozen 1") {
            return Some("it is frozen (cgroup.events: frozen 1)".to_owned());
        }
        let is_asked = |below: &&str| {
            let spot = Spot {
                mount_point: self.spot.mount_point.clone(),
                below: (*below).to_owned(),
            };
            spot.read("cgroup.freeze")
                .is_some_and(|text| text.trim() == "1")
        };
        let asked = and_above(&self.spot.below).find(is_asked)?;
        let file = join(&join(&self.spot.mount_point, asked), "cgroup.freeze");
        Some(format!("it is being frozen ({file}: 1)"))
    }
}

/// A relative path, and each above it: the last, which is empty, is where the mount begins.
fn and_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| match path.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None => (!path.is_empty()).then_some(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freezer(controllers: &str, files: &[(&str, &str)]) -> Option<String> {
        let mount = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(mount.path().join("a/b")).unwrap();
        for (file, text) in files {
            std::fs::write(mount.path().join(file), text).unwrap();
        }
        let spot = Spot {
            mount_point: mount.path().to_str().unwrap().to_owned(),
            below: "a/b".to_owned(),
        };
        let frozen = Freezer::of(controllers, spot)?.frozen();
        frozen.map(|text| text.replace(mount.path().to_str().unwrap(), ""))
    }

    #[test]
    fn what_is_only_being_frozen_counts_and_what_is_above_too() {
        let freezing = "it is frozen (freezer.state: FREEZING)";
        let state = |text| freezer("freezer,devices", &[("a/b/freezer.state", text)]);
        assert_eq!(state("FREEZING\n").as_deref(), Some(freezing));
        assert_eq!(state("THAWED\n"), None);
        let v2 = |file, text| freezer("", &[("a/b/cgroup.events", "frozen 0\n"), (file, text)]);
        let being = "it is being frozen (/a/cgroup.freeze: 1)";
        assert_eq!(v2("a/cgroup.freeze", "1\n").as_deref(), Some(being));
        assert_eq!(v2("a/cgroup.freeze", "0\n"), None);
        assert_eq!(freezer("cpu", &[("a/b/freezer.state", "FROZEN")]), None);
        assert_eq!(freezer("", &[]), None, "a kernel without it");
    }

    #[test]
    fn what_lies_above_a_cgroup_is_named_up_to_the_mount() {
        let all: Vec<&str> = and_above("a/b/c").collect();
        assert_eq!(all, ["a/b/c", "a/b", "a", ""]);
        assert_eq!(and_above("").collect::<Vec<_>>(), [""]);
    }
}
