//! Device nodes and the device cgroup.

use std::path::Path;

use serde_json::{Value, json};

use crate::runtimes::started;

use super::{Spec, container, is, judged, succeeded};

/// A loop device that nothing is bound to: it can be opened, and there is nothing in it.
fn with_loop_device(spec: &mut Spec<'_>, rule: Option<&str>) {
    let node = json!({
        "path": "/dev/nsi", "type": "b", "major": 7, "minor": 0, "fileMode": 0o600, "uid": 0, "gid": 0,
    });
    spec.linux("devices", json!([node]));
    let rules = &mut spec.0["linux"]["resources"]["devices"];
    let mut all: Vec<Value> = rules.as_array().cloned().unwrap_or_default();
    // runc allows by itself what is listed in `devices`: what comes last counts.
    all.push(json!({"allow": false, "type": "b", "major": 7, "minor": 0, "access": "rwm"}));
    if let Some(access) = rule {
        all.push(json!({"allow": true, "type": "b", "major": 7, "minor": 0, "access": access}));
    }
    *rules = json!(all);
}

#[test]
fn a_block_device_is_judged_by_its_cgroup_its_bits_and_its_uid() {
    if !Path::new("/dev/loop0").exists() || !Path::new("/sys/fs/cgroup/devices").exists() {
        skip!("no loop device, or no device cgroup of version 1");
    }
    let (reads, writes) = ("exec 3</dev/nsi", "exec 3<>/dev/nsi");
    for (rule, uid, expected, opens) in [
        (Some("rw"), 0, is("critical", "exploitable"), [true, true]),
        (Some("r"), 0, is("high", "exploitable"), [true, false]),
        (Some("m"), 0, is("critical", "mitigated"), [false, false]),
        (
            Some("rw"),
            1000,
            is("critical", "mitigated"),
            [false, false],
        ),
    ] {
        for (script, opens) in [(reads, opens[0]), (writes, opens[1])] {
            let it = started!(container(|spec| {
                with_loop_device(spec, rule);
                spec.capabilities(&[]).user(uid).tries(script);
            }));
            assert_eq!(judged(it.pid, "NSA-204"), expected, "{rule:?} uid {uid}");
            assert_eq!(succeeded(&it), opens, "{rule:?} uid {uid}: {script}");
        }
    }
}

#[test]
fn the_devices_that_every_container_has_are_no_finding() {
    let it = started!(container(|_| ()));
    assert_eq!(judged(it.pid, "NSA-204"), None);
}

#[test]
fn a_device_on_a_mount_that_says_nodev_opens_for_nobody() {
    if !Path::new("/dev/loop0").exists() {
        skip!("no loop device");
    }
    let it = started!(container(|spec| {
        spec.bind("/dev/loop0", "/dev/nsi", &["nodev"])
            .tries("exec 3</dev/nsi");
    }));
    assert_eq!(judged(it.pid, "NSA-204"), is("critical", "mitigated"));
    assert!(!succeeded(&it));
}
