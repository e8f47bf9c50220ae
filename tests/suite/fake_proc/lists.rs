//! Lists, numbers and containers.

use super::*;

fn inodes(proc: &FakeProc, args: &[&str]) -> Vec<u64> {
    let document = document(proc, args);
    let all = document["namespaces"].as_array().unwrap();
    all.iter().map(|it| it["ns"].as_u64().unwrap()).collect()
}

#[test]
fn list_filters_by_kind_by_process_and_by_both() {
    let proc = with_container();
    assert_eq!(
        inodes(&proc, &["list", "-t", "uts"]),
        [4_026_531_838, 4_026_532_104]
    );
    assert_eq!(
        inodes(&proc, &["list", "-t", "net,uts"]),
        inodes(&proc, &["list", "--type", "net", "-t", "uts"])
    );
    assert_eq!(
        inodes(&proc, &["list", "-p", "32"]),
        [
            4_026_531_835,
            4_026_532_103,
            4_026_532_101,
            4_026_532_105,
            4_026_532_100,
            4_026_531_834,
            4_026_531_837,
            4_026_532_104,
        ]
    );
    assert_eq!(
        inodes(&proc, &["list", "-p", "32", "-t", "net"]),
        [4_026_532_105]
    );
    assert_eq!(inodes(&proc, &["list", "-P"]), [] as [u64; 0]);
}

#[test]
fn list_has_the_columns_that_were_asked_for_in_their_order() {
    let proc = with_container();
    let args = ["list", "-t", "net", "-o", "PID,ns,Type", "-n", "-r"];
    let answer = on(&proc, &args).run();
    assert_eq!(
        answer.text(),
        "1 4026531833 net\n30 4026532102 net\n32 4026532105 net\n"
    );
    let answer = on(&proc, &["list", "-t", "net", "-o", "pid,ns", "-r"]).run();
    assert_eq!(answer.text().lines().next(), Some("PID NS"));
    let answer = on(
        &proc,
        &["list", "-t", "net", "-o", "container,command", "-n"],
    )
    .run();
    let second = answer.text().lines().nth(1).unwrap();
    assert!(second.contains("docker 4f4dddfccada") && second.ends_with("nginx: master"));
}

#[test]
fn list_of_one_namespace_names_its_members_however_it_is_written() {
    let proc = with_container();
    for name in ["4026532102", "ns:4026532102", "net:[4026532102]"] {
        let document = document(&proc, &["list", name]);
        assert_eq!(document["schema"], "nsinspect.members/1");
        assert_eq!(document["namespace"]["ns"], 4_026_532_102_u64);
        let members: Value = document["processes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| fields(it, &["pid", "ppid", "command"]))
            .collect();
        assert_eq!(
            members,
            json!([[30, 20, "nginx: master"], [31, 30, "nginx: worker"]])
        );
    }
}

#[test]
fn a_pid_is_translated_by_what_its_status_says() {
    let proc = with_container();
    let document = document(&proc, &["pid", "31"]);
    assert_eq!(
        document["pids"],
        json!([{"ns": null, "pid": 31}, {"ns": 4_026_532_100_u64, "pid": 7}])
    );
    let document = self::document(&proc, &["pid", "7", "--in", "30"]);
    assert_eq!(
        fields(&document, &["within", "to_inside", "to_here"]),
        json!([4_026_532_100_u64, null, 31])
    );
    let document = self::document(&proc, &["pid", "31", "--in", "30"]);
    assert_eq!(
        fields(&document, &["to_inside", "to_here"]),
        json!([7, null])
    );
    let answer = on(&proc, &["pid", "999", "--in", "30"]).run();
    assert_eq!(answer.code, Some(1), "{answer:?}");
}

#[test]
fn containers_are_found_by_runtime_and_by_the_start_of_their_id() {
    let proc = with_container();
    for name in ["4f4", "4f4dddfccada", "docker:4f4dddfc", CONTAINER] {
        let document = document(&proc, &["show", name]);
        assert_eq!(document["process"]["pid"], 30, "{name}");
    }
    for name in ["4f", "podman:4f4dddfc", "web"] {
        let answer = on(&proc, &["show", name]).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(2));
        assert!(message.contains("no container is called"), "{message}");
    }
}

// What cannot be answered.
