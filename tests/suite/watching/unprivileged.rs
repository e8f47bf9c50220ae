//! What an ordinary user sees of what is their own.

use super::watch::{Puppet, Watch, born_as, is_about, is_of};
use crate::support::facts::inode;
use crate::support::run::as_nobody;

#[test]
fn the_user_sees_their_own_process_move_and_that_its_namespace_is_left() {
    let mut puppet = Puppet::start(&["unshare -U -r -u"], |command| {
        as_nobody(command);
    });
    let pid = puppet.pid();
    let mut watch = Watch::start_as_nobody(&["list", "--watch", "0.1"]);
    puppet.step();
    // unshare makes all of them in one call, and they are told of together.
    let events = watch.events_until(|event| is_of(event, "process_moved", pid));
    let moved = events.last().unwrap();
    let links: Vec<&str> = moved["moves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["link"].as_str().unwrap())
        .collect();
    assert_eq!(links, ["user", "uts"]);
    let own = inode(pid, "uts");
    assert_eq!(moved["moves"][1]["to"], own);
    let born = born_as(&events, own);

    puppet.finish();
    // Whether it lives on takes a right that they do not have; root of a kernel that tells knows.
    let left = watch.event(|event| {
        ["namespace_left", "namespace_gone"]
            .iter()
            .any(|name| is_about(event, name, born))
    });
    if left["event"] == "namespace_left" {
        assert!(left["unknown"]["alive"].is_string(), "{left}");
    }
}
