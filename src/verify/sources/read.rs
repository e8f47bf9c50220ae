//! The text of a claims file -> what it says.

use super::file::ClaimsFile;
use super::yaml;
use crate::verify::claim::Against;
use crate::verify::claims::{Spec, Yaml};

/// A file beyond this (bytes) is not read.
pub const LARGEST: usize = 1 << 20;

/// Reads the text of a claims file.
///
/// # Errors
/// What is wrong, with line and column where the text has them.
pub fn parse(text: &str) -> Result<ClaimsFile, Malformed> {
    let file: ClaimsFile = yaml::read(text).map_err(Malformed::Yaml)?;
    let is_empty = |claims: &Yaml| {
        let found = claims.claims::<()>(&mut |_| Ok(Against::Host));
        found.is_ok_and(|found| found.is_empty())
    };
    if file.claims.is_none() && file.targets.is_empty() {
        return Err(Malformed::Nothing);
    }
    if file.claims.as_ref().is_some_and(is_empty) {
        return Err(Malformed::Empty);
    }
    for (at, entry) in file.targets.iter().enumerate() {
        if entry.target.is_some() == entry.select.is_some() {
            return Err(Malformed::Whom(at));
        }
        if entry.profile.is_none() && entry.claims.as_ref().is_none_or(is_empty) {
            return Err(Malformed::EmptyTarget(at));
        }
    }
    Ok(file)
}

/// Why a claims file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// With line and column where the text has them.
    #[error("{0}")]
    Yaml(String),
    #[error("it claims nothing: neither `claims` nor `targets` is there")]
    Nothing,
    #[error("`claims` is empty: nothing would be proven")]
    Empty,
    #[error("targets[{0}] wants one of `target` and `select`")]
    Whom(usize),
    #[error("targets[{0}] claims nothing")]
    EmptyTarget(usize),
}

#[cfg(test)]
mod tests;
