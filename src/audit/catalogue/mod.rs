//! The findings that there are: stable ids, titles, what to do, and who else speaks of them. One
//! file for each group; ids are never reused and never change their meaning.

pub mod barriers;
pub mod capabilities;
pub mod handles;
pub mod mounts;
pub mod sharing;
pub mod traces;

pub use handles::*;
pub use mounts::*;

/// One kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `NSA-` and three digits.
    pub id: &'static str,
    pub title: &'static str,
    /// What to do about it with any runtime.
    pub remedy: &'static str,
    /// What to do with one runtime, by its name.
    pub remedies: &'static [(&'static str, &'static str)],
    /// Identifiers of MITRE ATT&CK and CVE, and names in other catalogues.
    pub references: &'static [&'static str],
}

impl Rule {
    /// What to do about it where this runtime, or none that is known, has made the container.
    pub fn remedy_for(&self, runtime: Option<&str>) -> &'static str {
        let own = runtime.and_then(|runtime| {
            let of_runtime = self.remedies.iter().find(|(name, _)| *name == runtime);
            of_runtime.map(|(_, remedy)| *remedy)
        });
        own.unwrap_or(self.remedy)
    }
}

/// All that follow from being able to leave the container are this technique.
pub(super) const ESCAPE: &str = "ATT&CK T1611";

/// Pod Security Standards of Kubernetes.
const BASELINE: &str = "Pod Security baseline";
const RESTRICTED: &str = "Pod Security restricted";

/// Every rule, in the order of their ids.
pub fn all() -> Vec<&'static Rule> {
    let groups: [&[&Rule]; 6] = [
        &sharing::ALL,
        &capabilities::ALL,
        &mounts::MOUNTS,
        &handles::HANDLES,
        &barriers::ALL,
        &traces::ALL,
    ];
    let mut all = groups.concat();
    all.sort_by_key(|rule| rule.id);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rules_have_one_id_and_every_id_is_the_word_and_three_digits() {
        let all = all();
        assert!(all.windows(2).all(|pair| pair[0].id != pair[1].id));
        for rule in all {
            let digits = rule.id.strip_prefix("NSA-").unwrap();
            assert!(digits.len() == 3 && digits.bytes().all(|it| it.is_ascii_digit()));
        }
    }

    /// Their numbers change between versions, and the secondary sources disagree.
    #[test]
    fn no_rule_gives_a_number_of_the_cis_benchmark_for_kubernetes() {
        let references = || all().into_iter().flat_map(|rule| rule.references);
        assert!(references().all(|it| !it.starts_with("CIS Kubernetes")));
    }
}
