//! A machine on which `/` is shared, as systemd makes it: what is mounted in a mount namespace whose
//! mounts are left as they are turns up on the host.

use super::booted;

#[test]
fn mounts_that_would_appear_on_a_host_whose_root_is_shared_are_noticed() {
    for guest in booted!() {
        let document = guest.refusal("verify-shared");
        let claim = &document["claims"][0];
        assert_eq!(claim["verdict"], "fails", "{guest}: {document:#}");
        assert_eq!(claim["claim"], "mounts below / do not reach the host");
        assert_eq!(claim["did"], "/ and / of the host are peers", "{guest}");
        for propagation in ["slave", "private"] {
            let document = guest.document(&format!("verify-{propagation}"));
            let verdict = &document["claims"][0]["verdict"];
            assert_eq!(verdict, "holds", "{guest}: {propagation}: {document:#}");
        }
    }
}
