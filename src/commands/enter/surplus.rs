//! How much more than its target a program may do that runs in there with our own capabilities: said
//! once, before it does.

use nix::unistd::geteuid;

use crate::cli::EnterArgs;
use crate::commands::run::tell;
use crate::isolate::credentials::{Credentials, Keep};
use crate::isolate::join::Wanted;
use crate::model::{CapabilitySet, NsKind};
use crate::sys::capabilities;

/// So many are named, these before others.
const NAMED: usize = 4;
const WORST: [&str; 4] = ["sys_admin", "sys_module", "sys_ptrace", "sys_rawio"];

/// Whether that counts: where the program comes from elsewhere, and its capabilities are over what we
/// rule and not over a user namespace of its own.
pub fn counts(wanted: &[Wanted], has_root: bool, args: &EnterArgs) -> bool {
    let joins = |kind| wanted.iter().any(|it| it.key.kind == kind);
    let is_foreign = joins(NsKind::Mnt) || has_root;
    is_foreign && !args.as_target && !joins(NsKind::User)
}

/// Says it, where it is more than the target has.
pub fn tell_of(inside: &Credentials, has: CapabilitySet) {
    let surplus = CapabilitySet(of_program(inside).0 & !has.0);
    if !surplus.is_empty() {
        tell(&format!(
            "the program gets our own capabilities, {} more than the target has ({}): --as-target \
             gives it the target's rights",
            surplus.len(),
            named(surplus)
        ));
    }
}

/// The worst of them by name.
fn named(surplus: CapabilitySet) -> String {
    let is_worst = |name: &String| WORST.contains(&name.as_str());
    let (mut names, others): (Vec<String>, Vec<String>) = surplus.short_names().partition(is_worst);
    names.extend(others);
    match names.len().saturating_sub(NAMED) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} others", names[..NAMED].join(", ")),
    }
}

/// What the program has once it is executed: root all that is permitted, others what is ambient
/// (capabilities(7), "Capabilities and execution of programs by root").
fn of_program(inside: &Credentials) -> CapabilitySet {
    let ours = capabilities::get().map_or(CapabilitySet(0), |sets| sets.permitted);
    let is_root = inside.uid.unwrap_or_else(|| geteuid().as_raw()) == 0;
    match is_root || inside.keep == Keep::Ambient {
        true => CapabilitySet(ours.0 & !inside.drop.0),
        false => CapabilitySet(0),
    }
}
