//! Barriers beside namespaces and capabilities.

use serde_json::{Value, json};

use super::{case, give, judge, map_to};

/// A filter that forbids one call, as a stand-in for one of which nobody knows what it forbids.
pub fn filter(config: &mut Value) {
    config["linux"]["seccomp"] = json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}],
    });
}

#[test]
fn nsa_400_no_seccomp_filter_and_one_of_whatever_content() {
    judge!([
        case("NSA-400", "none", |_| (), Some(("medium", "exploitable"))),
        case("NSA-400", "a filter", filter, None),
    ]);
}

#[test]
fn nsa_401_no_new_privs() {
    judge!([
        case(
            "NSA-401",
            "off",
            |it| it["process"]["noNewPrivileges"] = json!(false),
            Some(("low", "exploitable")),
        ),
        case("NSA-401", "on", |_| (), None),
    ]);
}

#[test]
fn nsa_403_user_namespaces_can_be_made_unless_a_filter_may_forbid_it() {
    judge!([
        case(
            "NSA-403",
            "no filter",
            |it| give(it, &[]),
            Some(("medium", "exploitable"))
        ),
        case(
            "NSA-403",
            "a filter of unknown content",
            |it| {
                give(it, &[]);
                filter(it);
            },
            Some(("low", "conditional")),
        ),
        case(
            "NSA-403",
            "CAP_SYS_ADMIN over the host has it all without",
            |it| give(it, &["CAP_SYS_ADMIN"]),
            None,
        ),
    ]);
}

#[test]
fn nsa_404_keyrings_are_parted_by_a_user_namespace_only() {
    judge!([
        case(
            "NSA-404",
            "the host's",
            |_| (),
            Some(("low", "conditional"))
        ),
        case("NSA-404", "its own", |it| map_to(it, 6_000_000), None),
    ]);
}
