//! A fact is known, or it carries the reason why it is not.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a fact is not known. Never to be shown as "none", "different" or "ok".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The kernel refused us (EACCES, EPERM).
    Denied,
    /// It vanished while we looked, or a dead process no longer has it (ENOENT, ESRCH).
    Gone,
    /// This kernel does not have it (ENOSYS, ENOTTY, EINVAL).
    Unsupported,
    /// Anything else, in words. One machine word, for the sake of the thousands of inodes and uids
    /// that are known.
    Failed(Arc<String>),
    /// The question that was asked did not need it, so nobody looked.
    Skipped,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Denied => f.write_str("denied"),
            Why::Gone => f.write_str("gone"),
            Why::Unsupported => f.write_str("unsupported"),
            Why::Failed(reason) => write!(f, "failed: {reason}"),
            Why::Skipped => f.write_str("skipped"),
        }
    }
}

impl FromStr for Why {
    type Err = std::convert::Infallible;

    /// Reads what `Display` wrote; any other text becomes a failure in those words.
    fn from_str(text: &str) -> Result<Why, Self::Err> {
        Ok(match text {
            "denied" => Why::Denied,
            "gone" => Why::Gone,
            "unsupported" => Why::Unsupported,
            "skipped" => Why::Skipped,
            other => Why::failed(other.strip_prefix("failed: ").unwrap_or(other)),
        })
    }
}

impl Why {
    /// The reason in words that say what would help.
    pub fn words(&self) -> String {
        match self {
            Why::Denied => "permission denied".to_owned(),
            Why::Gone => "gone".to_owned(),
            Why::Unsupported => "not on this kernel".to_owned(),
            Why::Skipped => "not looked at".to_owned(),
            Why::Failed(reason) => reason.to_string(),
        }
    }

    /// A failure in words.
    pub fn failed(reason: impl Into<String>) -> Why {
        Why::Failed(Arc::new(reason.into()))
    }
}

/// A fact that is known, or the reason why it is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seen<T> {
    Known(T),
    Unknown(Why),
}

impl<T> Seen<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Seen::Known(value) => Some(value),
            Seen::Unknown(_) => None,
        }
    }

    /// The reason, where the value is not known.
    pub fn why(&self) -> Option<&Why> {
        match self {
            Seen::Known(_) => None,
            Seen::Unknown(why) => Some(why),
        }
    }

    pub fn is_known(&self) -> bool {
        self.known().is_some()
    }

    /// Borrows the value or the reason.
    pub fn as_ref(&self) -> Result<&T, &Why> {
        match self {
            Seen::Known(value) => Ok(value),
            Seen::Unknown(why) => Err(why),
        }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Seen::Known(value) => Seen::Known(f(value)),
            Seen::Unknown(why) => Seen::Unknown(why),
        }
    }

    pub fn and_then<U>(self, f: impl FnOnce(T) -> Seen<U>) -> Seen<U> {
        match self {
            Seen::Known(value) => f(value),
            Seen::Unknown(why) => Seen::Unknown(why),
        }
    }

    /// A part of the value, or the same reason.
    pub fn part<U>(&self, f: impl FnOnce(&T) -> U) -> Seen<U> {
        match self {
            Seen::Known(value) => Seen::Known(f(value)),
            Seen::Unknown(why) => Seen::Unknown(why.clone()),
        }
    }
}

impl<T: Copy> Seen<T> {
    /// A copy of the value, where it is known.
    pub fn get(&self) -> Option<T> {
        self.known().copied()
    }
}

impl<T> From<Result<T, Why>> for Seen<T> {
    fn from(result: Result<T, Why>) -> Seen<T> {
        match result {
            Ok(value) => Seen::Known(value),
            Err(why) => Seen::Unknown(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_survives_being_written_and_read() {
        for why in [
            Why::Denied,
            Why::Gone,
            Why::Unsupported,
            Why::Skipped,
            Why::failed("EIO: Input/output error"),
        ] {
            let Ok(read) = why.to_string().parse::<Why>();
            assert_eq!(read, why);
        }
    }
}
