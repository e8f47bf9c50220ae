//! Whether a cgroup runs out of memory while a program is in it: the kernel kills with SIGKILL then,
//! as anybody may, and only a counter says that it was the kernel.

use super::cgroups::Spot;

/// How often that had happened when we began.
pub(super) struct OutOfMemory {
    spot: Spot,
    file: &'static str,
    before: u64,
}

impl OutOfMemory {
    /// Of a cgroup in a hierarchy of these controllers, where it counts: v2, or v1 with `memory`
    /// (Linux 4.13).
    pub fn of(controllers: &str, spot: &Spot) -> Option<OutOfMemory> {
        let file = match controllers {
            "" => "memory.events",
            names if names.split(',').any(|name| name == "memory") => "memory.oom_control",
            _ => return None,
        };
        let spot = spot.clone();
        let before = count(&spot.read(file)?)?;
        Some(OutOfMemory { spot, file, before })
    }

    /// What says that it has happened since, if it has.
    pub fn killed_since(&self) -> Option<String> {
        let now = count(&self.spot.read(self.file)?)?;
        let (file, before) = (self.file, self.before);
        (now > before).then(|| format!("{file}: oom_kill {now}, and {before} before"))
    }
}

fn count(text: &str) -> Option<u64> {
    let count = text
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_counted_in_the_files_of_both_versions() {
        assert_eq!(
            count("low 0\noom 1\noom_kill 3\noom_group_kill 9\n"),
            Some(3)
        );
        assert_eq!(
            count("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"),
            Some(0)
        );
        assert_eq!(count("oom_kill_disable 0\n"), None);
    }
}
