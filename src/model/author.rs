//! Who could have written a fact. What a process, a container or an ordinary user can write names
//! nobody but themselves: see SECURITY.md.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least mighty one who could have written a fact, in falling trust.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "String", from = "String")]
#[cfg_attr(test, derive(JsonSchema), schemars(with = "String"))]
pub enum Author {
    /// Root of the host, in the host's own namespaces.
    Root,
    /// It could not be checked. Good enough for a name, never for an accusation.
    #[default]
    Unknown,
    /// The user with this uid of the host.
    User(u32),
    /// Whoever is in the container that is around it.
    Container,
    /// Anybody.
    Anyone,
}

impl Author {
    /// Whoever has this uid on the host.
    pub const fn of(uid: u32) -> Author {
        match uid {
            0 => Author::Root,
            uid => Author::User(uid),
        }
    }

    /// Who could have written what takes the work of either: one part of a path belongs to root, and
    /// the next to a user, who then decides what stands there.
    pub fn or(self, other: Author) -> Author {
        match (self, other) {
            (Author::User(one), Author::User(other)) if one != other => Author::Anyone,
            (one, other) => one.max(other),
        }
    }

    /// Where names of this author stand among others: a name of a lower number is meant before one of
    /// a higher.
    pub const fn rank(self) -> u8 {
        match self {
            Author::Root | Author::Unknown => 0,
            Author::User(_) => 1,
            Author::Container => 2,
            Author::Anyone => 3,
        }
    }
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Author::Root => f.write_str("root"),
            Author::Unknown => f.write_str("unknown"),
            Author::User(uid) => write!(f, "user:{uid}"),
            Author::Container => f.write_str("container"),
            Author::Anyone => f.write_str("anyone"),
        }
    }
}

impl From<Author> for String {
    fn from(author: Author) -> String {
        author.to_string()
    }
}

impl From<String> for Author {
    /// A word that is not known vouches for nothing.
    fn from(text: String) -> Author {
        let user = || text.strip_prefix("user:")?.parse().ok();
        match text.as_str() {
            "root" => Author::Root,
            "container" => Author::Container,
            "anyone" => Author::Anyone,
            _ => user().map_or(Author::Unknown, Author::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_the_work_of_two_is_the_lesser_ones() {
        let (alice, bob) = (Author::of(1000), Author::of(1001));
        for (one, other, expected) in [
            (Author::of(0), Author::Root, Author::Root),
            (Author::Root, alice, alice),
            (alice, alice, alice),
            (alice, bob, Author::Anyone),
            (alice, Author::Container, Author::Container),
            (Author::Unknown, Author::Root, Author::Unknown),
        ] {
            assert_eq!(one.or(other), expected);
            assert_eq!(other.or(one), expected);
        }
    }

    #[test]
    fn authors_are_written_and_read_back() {
        for author in [
            Author::Root,
            Author::Unknown,
            Author::User(1000),
            Author::Container,
            Author::Anyone,
        ] {
            assert_eq!(Author::from(author.to_string()), author);
        }
        assert_eq!(Author::from("user:x".to_owned()), Author::Unknown);
    }
}
