//! `nsinspect run`: programs in new namespaces, beside what unshare(1) does with the same words.

mod beside;
mod errors;
mod options;
pub mod root;
pub mod running;
mod subordinate;
pub mod terminal;
mod unprivileged;
