//! Claims about isolation, judged: what was read tells much, and an experiment beats it.
//!
//! A `claim::Claim` is plain data, whatever it comes from. It is judged by the snapshot, and tried
//! by a probe where a harmless one exists (`probes`); a `verdict::Judged` says which it was.

/// What can be claimed.
pub mod claim;
/// How a claim is found out, told beforehand.
pub mod explain;
/// Claims -> verdicts.
pub mod judge;
/// Experiments, in a forked child that is where the target is.
pub mod probes;
/// What can be tried for a claim.
pub mod question;
/// What came of all claims.
pub mod report;
/// Where claims come from.
pub mod sources;
/// What comes out.
pub mod verdict;
