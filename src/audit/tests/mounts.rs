//! Mounts that no test machine has, and the network of a pod.

use super::*;

#[test]
fn nsa_022_containers_of_one_pod_share_a_network_by_design() {
    const POD: &str = "7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
    const OTHER_POD: &str = "8d2f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
    for (pod, severity) in [(POD, Severity::Info), (OTHER_POD, Severity::Medium)] {
        let mut one = container(10, ID, &[]);
        let mut other = container(20, OTHER_ID, &[]);
        one.cgroups = in_cgroup(&format!("/kubepods/pod{POD}/{ID}"));
        other.cgroups = in_cgroup(&format!("/kubepods/pod{pod}/{OTHER_ID}"));
        let (own, theirs) = (other.links.clone(), one.links.clone());
        other.links = Links::read(|link| match link.kind() {
            NsKind::Net => theirs.get(link).clone(),
            _ => own.get(link).clone(),
        });
        let snapshot = machine([one, other]);
        for pid in [10, 20] {
            assert_eq!(
                judged(&snapshot, pid, "NSA-022"),
                Some((severity, EXPLOITABLE))
            );
        }
    }
}

#[test]
fn nsa_209_a_file_system_of_a_daemon_of_the_host_that_can_be_written() {
    let at = |fstype: &str, root: &str, read_only: bool| {
        let fuse = Mount {
            id: 7,
            parent: 1,
            device: "0:99".to_owned(),
            root: root.to_owned(),
            mount_point: "/srv/fuse".to_owned(),
            fstype: fstype.to_owned(),
            read_only,
            ..root_mount("/")
        };
        let mut it = container(10, ID, &[]);
        details(&mut it).mounts = Seen::Known(vec![root_mount("/srv/rootfs"), fuse.clone()]);
        let mut snapshot = machine([it]);
        let of_host = Mount {
            root: "/".to_owned(),
            mount_point: "/var/lib/lxcfs".to_owned(),
            ..fuse
        };
        snapshot.host_mounts = Seen::Known(vec![root_mount("/"), of_host]);
        let of_container = judged(&snapshot, 10, "NSA-209");
        // A daemon of the container's own acts for nobody else.
        snapshot.host_mounts = Seen::Known(vec![root_mount("/")]);
        assert_eq!(judged(&snapshot, 10, "NSA-209"), None);
        of_container
    };
    let told = Some((Severity::High, Verdict::Conditional));
    assert_eq!(at("fuse.sshfs", "/", false), told);
    assert_eq!(at("fuse.lxcfs", "/cgroup", false), told);
    assert_eq!(
        at("fuse.lxcfs", "/proc/meminfo", false),
        None,
        "lent by design"
    );
    assert_eq!(at("fuse.sshfs", "/", true), None, "read-only");
    assert_eq!(at("ext4", "/", false), None);
}
