//! The one integration test binary, in tiers: fake /proc trees, namespaces an ordinary user may
//! make, namespaces only root may make, containers of real runtimes, and other kernels. A test
//! which cannot run on this machine says so with `skip!` and never just passes in silence.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    unsafe_code,
    reason = "processes are forked that do what no command does"
)]

#[macro_use]
mod support;

mod architecture;
mod bounds;
mod discovery;
mod entering;
mod explain;
mod fake_proc;
mod fuzzed;
mod generated;
mod kernels;
mod launch;
mod live;
mod probing;
mod robust;
mod runtimes;
mod sarif;
mod scarce;
mod schema;
mod text;
mod verifying;
mod watching;
