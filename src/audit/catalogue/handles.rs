//! NSA-300 to NSA-303.

use super::{ESCAPE, Rule};

const CLOSE: &str = "close what is not needed before the program starts (O_CLOEXEC), and update \
    the runtime";

pub static FOREIGN_HANDLE: Rule = Rule {
    id: "NSA-300",
    title: "it holds a file or directory outside of its mounts",
    remedy: CLOSE,
    remedies: &[("runc", "drop --preserve-fds; 1.1.12 or newer")],
    references: &[ESCAPE, "CVE-2024-21626"],
};

pub static NAMESPACE_HELD: Rule = Rule {
    id: "NSA-301",
    title: "it holds a namespace or process outside of it",
    remedy: CLOSE,
    remedies: &[("runc", "drop --preserve-fds")],
    references: &[ESCAPE],
};

pub static FOREIGN_EXE: Rule = Rule {
    id: "NSA-302",
    title: "its program is a file outside of its mounts",
    remedy: "let the runtime start from a sealed copy of itself (memfd) or a read-only one",
    remedies: &[],
    references: &[ESCAPE, "CVE-2019-5736"],
};

pub static DEVICE_OR_SOCKET_HELD: Rule = Rule {
    id: "NSA-303",
    title: "it holds a device of the host or a connection to it",
    remedy: CLOSE,
    remedies: &[("runc", "drop --preserve-fds")],
    references: &[ESCAPE],
};

/// In the order of their ids.
pub static HANDLES: [&Rule; 4] = [
    &FOREIGN_HANDLE,
    &NAMESPACE_HELD,
    &FOREIGN_EXE,
    &DEVICE_OR_SOCKET_HELD,
];
