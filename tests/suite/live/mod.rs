//! nsinspect on processes in real namespaces, held against what the tests read themselves.

pub mod diffed;
mod root;
mod unprivileged;
