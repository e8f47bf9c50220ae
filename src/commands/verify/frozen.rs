//! Targets whose cgroup is frozen: that is said, since experiments do not go there.

use super::subject::Subject;
use crate::collect::details;
use crate::commands::run::tell;
use crate::commands::source::Source;
use crate::isolate::cgroups;

/// Says of each subject whether it is frozen, as far as that can be read.
pub fn tell_of(source: &Source, subjects: &[Subject]) {
    let Source::Live(collector) = source else {
        return;
    };
    let Ok(own) = collector.root().own_task() else {
        return;
    };
    let hierarchies = details::cgroup_hierarchies(&own);
    for subject in subjects {
        let Ok(task) = collector.root().task(subject.task) else {
            continue;
        };
        let cgroups = details::cgroups_of(&task);
        if let (Some(hierarchies), Some(cgroups)) = (hierarchies.known(), cgroups.known())
            && let Some((path, why)) = cgroups::frozen(cgroups, hierarchies)
        {
            tell(&format!(
                "{} stands still with its cgroup {path}: {why}; what would have to join that is not \
                 tried",
                subject.name
            ));
        }
    }
}
