//! `nsinspect run`: programs in new namespaces, beside what unshare(1) does with the same words.

mod beside;
mod errors;
mod root;
mod running;
mod subordinate;
mod terminal;
mod unprivileged;
