//! Claims about isolation, judged: what was read tells much, and an experiment beats it.
//!
//! A `claim::Claim` is plain data, whatever it comes from. It is judged by the snapshot, and tried
//! by a probe where a harmless one exists (`probes`); a `verdict::Judged` says which it was.

/// What can be claimed.
pub mod claim;
/// How a claim is found out, told beforehand.
pub mod explain;
/// The claims file.
pub mod file;
/// Claims -> verdicts.
pub mod judge;
/// The configuration of an OCI runtime -> claims.
pub mod oci;
/// Experiments, in a forked child that is where the target is.
pub mod probes;
/// The claims files that are shipped.
pub mod profiles;
/// What can be tried for a claim.
pub mod question;
/// A claims file -> claims.
pub mod read;
/// What came of all claims.
pub mod report;
/// What comes out.
pub mod verdict;
/// The words of a claims file.
pub mod words;
/// YAML that somebody else wrote, within bounds.
pub mod yaml;
