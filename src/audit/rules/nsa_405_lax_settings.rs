//! NSA-405: settings of the host that leave more than need be.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::{Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-405",
    title: "settings of the host that leave more than need be",
    worst: Severity::Info,
    why: "These settings hold for the whole host, and decide how much is left to a program that has \
          got in: whether it can trace its neighbours, read addresses of the kernel, which exploits \
          mostly need, or its log, and load BPF programs without a capability. None is a hole by \
          itself.",
    remedy: "set them in /etc/sysctl.d, where nothing needs what they leave",
    remedies: &[],
    references: &[],
    needs: &[Need::Sysctls],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

/// Settings of the host that leave processes more than need be: the value that does, and what it
/// leaves. An empty value stands for a file that is not there.
const LAX: [(&str, &[&str], &str); 6] = [
    (
        "kernel/yama/ptrace_scope",
        &["0", ""],
        "tracing any process of one's uid",
    ),
    ("kernel/kptr_restrict", &["0"], "addresses of the kernel"),
    ("kernel/dmesg_restrict", &["0"], "the kernel's log"),
    (
        "kernel/unprivileged_bpf_disabled",
        &["0"],
        "bpf programs without a capability",
    ),
    (
        "kernel/perf_event_paranoid",
        &["-1", "0", "1"],
        "measuring the kernel",
    ),
    (
        "fs/suid_dumpable",
        &["1"],
        "core dumps of set-user-ID programs",
    ),
];

fn check(case: &Case<'_>) -> Option<Finding> {
    let settings = &case.snapshot.settings;
    let lax = LAX.iter().filter_map(|(path, values, leaves)| {
        let value = match settings.sysctl(path) {
            Seen::Known(value) => value,
            Seen::Unknown(Why::Unsupported) => "",
            Seen::Unknown(_) => return None,
        };
        values.contains(&value).then_some((*path, value, *leaves))
    });
    let lax: Vec<(&str, &str, &str)> = lax.collect();
    let leaves: Vec<&str> = lax.iter().map(|(.., leaves)| *leaves).collect();
    if leaves.is_empty() {
        return None;
    }
    let why = format!("the host leaves to every process: {}", leaves.join(", "));
    let finding = Finding::new(&RULE, Severity::Info, Verdict::Exploitable, why);
    Some(lax.iter().fold(finding, |finding, (path, value, _)| {
        let value = if value.is_empty() { "not there" } else { value };
        finding.seen(format!("/proc/sys/{path}"), value)
    }))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_405_names_the_settings_that_are_lax_and_is_silent_where_none_is() {
        let mut snapshot = machine([container(10, ID, &[])]);
        set(&mut snapshot, "kernel/yama/ptrace_scope", "1");
        assert_eq!(judged(&snapshot, 10, "NSA-405"), None);
        set(&mut snapshot, "kernel/dmesg_restrict", "0");
        assert_eq!(
            judged(&snapshot, 10, "NSA-405"),
            Some((Severity::Info, EXPLOITABLE))
        );
    }
}
