//! Asks the linker to keep apart what a list of namespaces never runs.

use std::env::var;

/// A kernel that needs one page of a program maps the 64 KiB around it (fault_around_bytes in
/// mm/memory.c), so that a list would have nearly all of the program in memory. The compiler puts
/// functions that are `#[cold]` into sections of their own, `.text.unlikely.*`, and this has the linker
/// keep these together. GNU's does so anyway, and says that it does not know the option. Measured in
/// benches/README.md.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    // Somebody's own linker may not be driven by a C compiler, and it works without.
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if var("RUSTC_LINKER").is_err() && !flags.contains("linker") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,keep-text-section-prefix");
    }
}
