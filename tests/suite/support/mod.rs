//! What every tier shares: skipping visibly, processes that end with their test, commands that end.

#[macro_use]
pub mod skip;

pub mod command;
pub mod facts;
pub mod fake_proc;
pub mod forked;
pub mod freezer;
pub mod hung_fuse;
pub mod leftovers;
pub mod nsinspect;
pub mod process;
pub mod run;
pub mod sandbox;
pub mod seccomp;
pub mod telling;
pub mod users;
