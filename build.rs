//! Asks the linker to keep apart what a list of namespaces never runs.

/// A kernel that needs one page of a program maps the 64 KiB around it (fault_around_bytes in
/// mm/memory.c), so that a list would have nearly all of the program in memory. The compiler puts
/// functions that are `#[cold]` into sections of their own, `.text.unlikely.*`, and this has the linker
/// keep these together. GNU's does so anyway; one that does not know the option says so and goes on.
/// Measured in benches/README.md.
fn main() {
    println!("cargo::rustc-link-arg-bins=-Wl,-z,keep-text-section-prefix");
    println!("cargo::rerun-if-changed=build.rs");
}
