//! Claims about isolation, judged: what was read tells much, and an experiment beats it.
//!
//! Claims come from `sources`. Each is a file below `claims`, which says how it is read
//! (`reading`) and how it is tried (`probes`); `judge` decides between the two.

/// What a claim is.
pub mod claim;
/// The claims, one file each.
pub mod claims;
/// Claims -> verdicts.
pub mod judge;
/// Experiments, in a forked child that is where the target is.
pub mod probes;
/// What was read, and what that says.
pub mod reading;
/// What came of all claims.
pub mod report;
/// Where claims come from.
pub mod sources;
/// The words and numbers of a claims file.
pub mod values;
/// What comes out.
pub mod verdict;
