//! What a test knows by itself: read from /proc in the plainest way, to hold answers against.

use std::fs;

use serde_json::Value;

/// The kinds that this kernel has, in alphabetical order.
pub fn kinds() -> Vec<&'static str> {
    ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
        .into_iter()
        .filter(|kind| fs::read_link(format!("/proc/self/ns/{kind}")).is_ok())
        .collect()
}

/// The inode of the namespace that a link below /proc/PID/ns names.
pub fn inode(pid: i32, link: &str) -> u64 {
    try_inode(pid, link).unwrap_or_else(|| panic!("/proc/{pid}/ns/{link} cannot be read"))
}

pub fn try_inode(pid: i32, link: &str) -> Option<u64> {
    let target = fs::read_link(format!("/proc/{pid}/ns/{link}")).ok()?;
    let text = target.to_str()?;
    text.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

pub fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// A file below /proc/PID, whole.
pub fn proc_file(pid: i32, file: &str) -> String {
    let path = format!("/proc/{pid}/{file}");
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The words after `FIELD:` in /proc/PID/status.
pub fn status(pid: i32, field: &str) -> Vec<String> {
    let text = proc_file(pid, "status");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let line = line.unwrap_or_else(|| panic!("no {field} in /proc/{pid}/status"));
    line.split_whitespace().map(str::to_owned).collect()
}

/// The field after the name in /proc/PID/stat, counted as proc_pid_stat(5) does.
pub fn stat(pid: i32, field: usize) -> String {
    let text = proc_file(pid, "stat");
    let (_, rest) = text.rsplit_once(") ").expect("a name in brackets");
    let after_the_name = 3;
    rest.split_whitespace()
        .nth(field - after_the_name)
        .expect("enough fields")
        .to_owned()
}

pub fn numbers(words: &[String]) -> Vec<u64> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

/// The one element of an array whose field has this value.
pub fn find<'a>(array: &'a Value, field: &str, value: &str) -> &'a Value {
    let all = array.as_array().expect("an array");
    let mut fitting = all.iter().filter(|element| element[field] == value);
    let first = fitting.next();
    assert!(fitting.next().is_none(), "{value} is there more than once");
    first.unwrap_or_else(|| panic!("no {field} {value} in {array:#}"))
}
