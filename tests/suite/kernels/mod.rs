//! The statically linked binary on other kernels than this machine's: each is booted once, in a
//! guest of qemu, and writes down what nsinspect answers there.
//!
//! `tests/run` fetches the kernels (`tests/fetch-kernels`); `tests/guest` has what runs in the guest.

use std::env;

use serde_json::Value;

mod boot;
mod compare;
mod discovery;
mod image;
mod list;
mod report;
mod shared;

use report::Report;

/// What sets these kernels apart, as `reference/kernel.md` has it. nsinspect itself never looks at
/// a version: that its probes come to the same is what the tests show.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    pub version: &'static str,
    /// `NS_GET_ID`, Linux 6.18.
    pub has_ids: bool,
    /// `NS_GET_MNTNS_ID`, Linux 6.11.
    pub has_mount_ids: bool,
    /// `NS_GET_TGID_FROM_PIDNS`, Linux 6.12.
    pub translates_pids: bool,
    /// The `pidns` option of procfs, Linux 6.18.
    pub lists_pid_namespaces: bool,
    /// `listns(2)`, Linux 6.19.
    pub lists_namespaces: bool,
}

const KERNELS: [Kernel; 3] = [
    Kernel {
        version: "6.1",
        has_ids: false,
        has_mount_ids: false,
        translates_pids: false,
        lists_pid_namespaces: false,
        lists_namespaces: false,
    },
    Kernel {
        version: "6.12",
        has_ids: false,
        has_mount_ids: true,
        translates_pids: true,
        lists_pid_namespaces: false,
        lists_namespaces: false,
    },
    Kernel {
        version: "7",
        has_ids: true,
        has_mount_ids: true,
        translates_pids: true,
        lists_pid_namespaces: true,
        lists_namespaces: true,
    },
];

/// A kernel that was booted, and what was reported from there.
pub struct Guest {
    pub kernel: Kernel,
    report: Report,
}

impl Guest {
    /// The JSON document that nsinspect answered with, after making sure that it did.
    pub fn document(&self, name: &str) -> Value {
        serde_json::from_str(self.answer(name))
            .unwrap_or_else(|error| panic!("{self}: {name}: {error}"))
    }

    /// The document of an answer that is a no, by exit code 1.
    pub fn refusal(&self, name: &str) -> Value {
        let answer = self.report.answer(name);
        assert_eq!(answer.exit, 1, "{self}: {name}: {}", answer.stderr);
        serde_json::from_str(&answer.stdout)
            .unwrap_or_else(|error| panic!("{self}: {name}: {error}"))
    }

    /// What the command wrote to stdout.
    pub fn answer(&self, name: &str) -> &str {
        let answer = self.report.answer(name);
        assert_eq!(answer.exit, 0, "{self}: {name}: {}", answer.stderr);
        &answer.stdout
    }

    /// A number that the guest's init noted, such as the PID of a process it started.
    pub fn fact(&self, name: &str) -> u64 {
        let facts = self.answer("facts").lines();
        let mut values = facts.filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        values
            .next()
            .unwrap_or_else(|| panic!("{self}: the guest noted no {name}"))
    }
}

impl std::fmt::Display for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Linux {}", self.kernel.version)
    }
}

/// The guests, or the end of the test: skipped, or failed where kernels are required.
macro_rules! booted {
    () => {
        match $crate::kernels::boot::guests() {
            Ok(guests) => guests,
            Err(reason) => {
                $crate::kernels::fail_if_required(reason);
                skip!("{reason}");
            }
        }
    };
}
use booted;

/// Where `tests/run` has fetched the kernels, one that does not boot is a broken fixture.
fn fail_if_required(reason: &str) {
    let required = env::var_os("NSINSPECT_REQUIRE_KERNELS").is_some_and(|value| value == "1");
    assert!(!required, "the required kernels did not boot: {reason}");
}
