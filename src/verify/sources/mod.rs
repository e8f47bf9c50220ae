//! Where claims come from: options, a claims file, a shipped profile, the configuration of an OCI
//! runtime.

/// The claims file.
pub mod file;
/// The configuration of an OCI runtime -> claims.
pub mod oci;
/// Options of the command line.
pub mod options;
/// The claims files that are shipped.
pub mod profiles;
/// The text of a claims file.
pub mod read;
/// YAML that somebody else wrote, within bounds.
pub mod yaml;
