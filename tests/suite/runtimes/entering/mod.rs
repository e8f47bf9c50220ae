//! `enter` into containers of real runtimes: with which rights, and what a hostile one gets hold of.

mod containers;
pub(super) mod hostile;
pub(super) mod inside;
mod paused;
mod rights;
mod sandboxes;
