//! Claims files that are shipped, for what people mean by a word.

/// A claims file by its name.
pub struct Profile {
    pub name: &'static str,
    pub text: &'static str,
}

/// All of them, in the order of their names.
pub const ALL: [Profile; 5] = [
    Profile {
        name: "docker-default",
        text: include_str!("profiles/docker-default.yaml"),
    },
    Profile {
        name: "pss-baseline",
        text: include_str!("profiles/pss-baseline.yaml"),
    },
    Profile {
        name: "pss-restricted",
        text: include_str!("profiles/pss-restricted.yaml"),
    },
    Profile {
        name: "rootless",
        text: include_str!("profiles/rootless.yaml"),
    },
    Profile {
        name: "sandbox",
        text: include_str!("profiles/sandbox.yaml"),
    },
];

/// The profile with a name.
pub fn named(name: &str) -> Option<&'static Profile> {
    ALL.iter().find(|profile| profile.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::sources::read;

    #[test]
    fn every_profile_is_a_claims_file_for_the_target_of_the_command_line() {
        for profile in &ALL {
            let file = read::parse(profile.text).unwrap();
            assert!(file.targets.is_empty(), "{}", profile.name);
            assert!(file.description.is_some(), "{}", profile.name);
            assert!(named(profile.name).is_some());
        }
        assert!(named("nosuch").is_none());
    }
}
