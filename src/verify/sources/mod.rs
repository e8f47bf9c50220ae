//! Where claims come from: a claims file, a shipped profile, the configuration of an OCI runtime.

/// The claims file.
pub mod file;
/// The configuration of an OCI runtime -> claims.
pub mod oci;
/// The claims files that are shipped.
pub mod profiles;
/// A claims file -> claims.
pub mod read;
/// The words and numbers of a claims file.
pub mod values;
