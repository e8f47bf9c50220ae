//! What cannot be launched even as root.

use crate::launch::beside::{launch, refused, script};

#[test]
fn a_file_that_a_namespace_cannot_be_kept_on_says_why() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().display();
    let text = format!(
        "unshare -m sh -ec \"mount -t tmpfs it {at}; mount --make-shared {at}; touch {at}/f; exec $NSINSPECT run -m={at}/f true\""
    );
    refused(
        script(&text),
        125,
        &format!(
            "nsinspect: cannot keep the mnt namespace by a bind mount on {at}/f: Invalid argument \
             (EINVAL)\n  a mount namespace can only be bound on a file whose mount is not shared: \
             mount --bind DIR DIR && mount --make-private DIR makes it so \
             (mount_namespaces(7))\n"
        ),
    );
    refused(
        launch(&["-u=/nonexistent/uts", "true"]),
        125,
        "nsinspect: cannot keep the uts namespace by a bind mount on /nonexistent/uts: No such \
         file or directory (ENOENT)\n  the file must be there: touch it first\n",
    );
}

#[test]
fn what_cannot_be_set_inside_is_told_by_its_step() {
    needs_root!();
    let long = "x".repeat(65);
    refused(
        launch(&["--hostname", &long, "true"]),
        125,
        &format!(
            "nsinspect: cannot set the host name \"{long}\": Invalid argument (EINVAL)\n  a host name has at most 64 bytes\n"
        ),
    );
    refused(
        launch(&["--boottime=-999999999999", "true"]),
        125,
        "nsinspect: cannot set the boottime offset: Math result not representable (ERANGE)\n  the clock would stand before 0 or beyond 146 years\n",
    );
    refused(
        launch(&["-u", "-w", "/nonexistent", "true"]),
        125,
        "nsinspect: cannot change the directory to /nonexistent: No such file or directory (ENOENT)\n",
    );
    refused(
        launch(&["-pm", "-R", "/usr", "true"]),
        125,
        "nsinspect: cannot mount a procfs on /proc: No such file or directory (ENOENT)\n  there is no such directory: make it, or leave the procfs out with --no-mount-proc\n",
    );
}
