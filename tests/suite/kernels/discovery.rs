//! Namespaces without a process, found on each kernel as far as it can tell.

use serde_json::Value;

use super::{Guest, booted};

#[test]
fn a_network_namespace_that_only_a_mount_holds_is_found_with_the_mount() {
    for guest in booted!() {
        let holder = holder(guest, "net", "kept_net", "mount");
        assert_eq!(holder["path"], "/run/netns/kept", "{guest}");
    }
}

#[test]
fn a_namespace_that_only_a_descriptor_holds_is_found_with_its_process_and_number() {
    for guest in booted!() {
        let holder = holder(guest, "uts", "fd_held_uts", "fd");
        assert_eq!(holder["pid"], guest.fact("fd_holder"), "{guest}");
        assert_eq!(holder["fd"], 3, "{guest}");
    }
}

#[test]
fn a_namespace_that_only_a_message_in_flight_holds_is_found_where_the_kernel_lists_them() {
    for guest in booted!() {
        if guest.kernel.lists_namespaces {
            holder(guest, "ipc", "in_flight_ipc", "kernel");
        } else {
            let found = record(guest, "ipc", "in_flight_ipc");
            assert!(found.is_none(), "{guest}: {found:?}");
        }
    }
}

#[test]
fn the_list_of_the_kernel_is_done_where_there_is_one_and_unsupported_where_not() {
    for guest in booted!() {
        let state = match guest.kernel.lists_namespaces {
            true => "done",
            false => "unsupported",
        };
        let list = guest.document("list-full");
        let layer = &list["coverage"]["layers"]["kernel_list"];
        assert_eq!(layer, state, "{guest}");
    }
}

/// By statmount where the kernel has it, by entering on 6.1.
#[test]
fn what_is_mounted_where_no_process_is_is_found_on_every_kernel() {
    for guest in booted!() {
        let holder = holder(guest, "net", "inner_net", "mount");
        assert_eq!(holder["path"], "/run/netns/inner", "{guest}");
        assert_eq!(holder["mnt_ns"], guest.fact("fd_held_mnt"), "{guest}");
        let mnt = record(guest, "mnt", "fd_held_mnt").unwrap();
        let user = guest.document("list")["namespaces"].clone();
        let user = user
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["type"] == "user");
        assert_eq!(mnt["owner"], user.unwrap()["ns"], "{guest}");
    }
}

/// To an ordinary user, and to root below the initial pid namespace, listns(2) lists a few and says
/// nothing of the others.
#[test]
fn a_list_that_leaves_out_what_we_may_not_see_is_refused_and_not_done() {
    for guest in booted!() {
        for name in ["list-full-as-nobody", "list-full-in-pid-namespace"] {
            let coverage = &guest.document(name)["coverage"];
            let expected = match guest.kernel.lists_namespaces {
                true => "denied",
                false => "unsupported",
            };
            assert_eq!(
                coverage["layers"]["kernel_list"], expected,
                "{guest}: {name}"
            );
            assert_eq!(coverage["complete"], false, "{guest}: {name}");
        }
    }
}

#[test]
fn a_message_in_flight_is_counted_whether_or_not_the_kernel_says_what_is_in_it() {
    for guest in booted!() {
        let list = guest.document("list-full");
        assert_eq!(list["coverage"]["in_flight"], 1, "{guest}");
        assert_eq!(list["coverage"]["complete"], true, "{guest}");
    }
}

/// The one holder of a namespace in which no process is.
fn holder(guest: &Guest, kind: &str, fact: &str, by: &str) -> Value {
    let record = record(guest, kind, fact);
    let record = record.unwrap_or_else(|| panic!("{guest}: {kind} {fact} was not found"));
    assert_eq!(record["nprocs"], 0, "{guest}: {record}");
    assert_eq!(record["initial"], false, "{guest}: {record}");
    let holders = record["holders"].as_array().unwrap();
    assert_eq!(holders.len(), 1, "{guest}: {record}");
    assert_eq!(holders[0]["by"], by, "{guest}: {record}");
    holders[0].clone()
}

/// What the full list has of the namespace whose inode the guest noted.
fn record(guest: &Guest, kind: &str, fact: &str) -> Option<Value> {
    let inode = guest.fact(fact);
    let list = guest.document("list-full");
    let mut records = list["namespaces"].as_array().unwrap().iter();
    records
        .find(|record| record["type"] == kind && record["ns"] == inode)
        .cloned()
}
