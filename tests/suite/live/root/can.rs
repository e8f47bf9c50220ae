//! `can` and `reach`: the answers, their reasons and their exit codes.

use serde_json::{Value, json};

use crate::runtimes::started;
use crate::support::facts::{inode, own_pid};
use crate::support::run::nsinspect;
use crate::support::sandbox::Sandbox;

const HOST: u64 = 4_026_531_837;

#[test]
fn root_of_a_user_namespace_has_everything_in_there_and_nothing_over_the_host() {
    needs_root!();
    let it = started!(Sandbox::start(&["--user", "--map-root-user"], ""));
    let pid = it.pid.to_string();
    let own = inode(it.pid, "user");
    let name = format!("user:[{own}]");
    nsinspect(&["can", &pid, "sys_admin"]).expect(1);
    nsinspect(&["can", &pid, "CAP_SYS_ADMIN", "--in", &name]).expect(0);
    // Its network is the host's, and so is what governs it.
    let net = format!("/proc/{pid}/ns/net");
    nsinspect(&["can", &pid, "net_admin", "--in", &net]).expect(1);
    // A process stands for its user namespace, which was made by our uid 0.
    nsinspect(&["can", &own_pid().to_string(), "net_admin", "--in", &pid]).expect(0);
    nsinspect(&["can", &pid, "fly"]).expect(2);

    let answer = nsinspect(&["can", &pid, "sys_admin"]).expect(1);
    let says = format!(
        "R1  it is in {name}, below user:[{HOST}] (the host's): capabilities do not reach upwards \
         [NS_GET_PARENT: {own} < {HOST}]"
    );
    assert_eq!(
        answer.stdout,
        format!(
            "{pid} sleep 300\n  CAP_SYS_ADMIN over user:[{HOST}] (the host's)\n\n\
             now            no  {says}\n\
             after an exec  no  {says}\n"
        )
    );
}

#[test]
fn what_an_exec_brings_back_counts_unless_no_new_privs_is_on() {
    needs_root!();
    needs_program!("setpriv");
    let sleeping = |args: &[&str]| {
        let mut command = std::process::Command::new("setpriv");
        command.args(args).args(["sh", "-c"]);
        Sandbox::run(command.arg(crate::support::sandbox::then_sleep("")))
    };
    let user = ["--reuid=1000", "--regid=1000", "--clear-groups"];
    let plain = started!(sleeping(&user));
    let barred = started!(sleeping(&[user.as_slice(), &["--no-new-privs"]].concat()));
    for (it, code, now, after) in [(&plain, 2, "no", "unknown"), (&barred, 1, "no", "no")] {
        let answer = nsinspect(&["can", "--json", &it.pid.to_string(), "sys_admin"]).expect(code);
        let document = answer.json();
        assert_eq!(document["now"]["verdict"], now);
        assert_eq!(document["after_exec"]["verdict"], after, "{document:#}");
        assert_eq!(document["user_namespace"], HOST);
        assert_eq!(document["within"], Value::Null);
    }
    let document = nsinspect(&["can", "--json", &barred.pid.to_string(), "sys_admin"]).json();
    assert_eq!(
        document["now"]["steps"],
        json!([{
            "rule": "R1",
            "says": format!("it is in user:[{HOST}] (the host's), and CAP_SYS_ADMIN is not in its effective set"),
            "evidence": format!("/proc/{}/status CapEff 0000000000000000", barred.pid),
        }])
    );
}

#[test]
fn reach_says_of_each_namespace_whether_it_could_be_joined_and_why_not() {
    needs_root!();
    let free = started!(Sandbox::start(&["--mount", "--uts"], ""));
    let locked = started!(Sandbox::start(
        &["--user", "--map-root-user", "--mount", "--uts"],
        ""
    ));
    let reach = |pid: i32| {
        nsinspect(&["reach", "--json", &pid.to_string()])
            .expect(0)
            .json()
    };

    let document = reach(free.pid);
    let joining = |ns: u64| {
        let all = document["namespaces"].as_array().unwrap();
        all.iter().find(|it| it["ns"] == ns).unwrap().clone()
    };
    let host = joining(inode(own_pid(), "uts"));
    assert_eq!(
        (&host["verdict"], &host["member"]),
        (&json!("yes"), &json!(false))
    );
    assert_eq!(joining(inode(free.pid, "uts"))["member"], true);
    assert_eq!(joining(inode(locked.pid, "uts"))["verdict"], "yes");
    // Nobody joins the user namespace that they are in.
    assert_eq!(joining(HOST)["verdict"], "no");
    let readable = document["processes"].as_array().unwrap();
    let ours = readable.iter().find(|it| it["pid"] == locked.pid).unwrap();
    assert_eq!(ours["answer"]["verdict"], "yes");

    let document = reach(locked.pid);
    let all = document["namespaces"].as_array().unwrap();
    // Of those that end while it looks it may be unknown whose they are.
    for joining in all.iter().filter(|it| it["member"] == false) {
        assert_ne!(joining["verdict"], "yes", "{joining:#}");
        assert_ne!(joining["permission"]["steps"], json!([]));
    }
    for pid in [own_pid(), free.pid] {
        for kind in ["uts", "mnt"] {
            let ns = inode(pid, kind);
            let joining = all.iter().find(|it| it["ns"] == ns).unwrap();
            assert_eq!(joining["verdict"], "no", "{joining:#}");
        }
    }
    let readable = document["processes"].as_array().unwrap();
    let sure = readable
        .iter()
        .filter(|it| it["answer"]["verdict"] == "yes");
    assert_eq!(sure.count(), 0, "{readable:#?}");
}
