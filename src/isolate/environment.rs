//! What a program is handed over of our environment, which may hold secrets: all of it where the
//! program is of our own file system, and next to nothing where it comes from elsewhere.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Where programs are looked for without a PATH (_PATH_DEFPATH in paths.h, and /sbin for what
/// people enter containers for).
pub const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables of ours that a program gets that comes from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preserved {
    /// Which terminal it is, and the locale.
    Usual,
    /// These too.
    Named(Vec<OsString>),
    All,
}

impl Preserved {
    fn has(&self, name: &OsStr) -> bool {
        is_of_terminal_or_locale(name)
            || match self {
                Preserved::Usual => false,
                Preserved::Named(names) => names.iter().any(|it| it == name),
                Preserved::All => true,
            }
    }
}

/// locale(7): LANGUAGE is gettext's.
fn is_of_terminal_or_locale(name: &OsStr) -> bool {
    let name = name.as_bytes();
    matches!(name, b"TERM" | b"LANG" | b"LANGUAGE") || name.starts_with(b"LC_")
}

/// Our own environment, `NAME=value` each.
pub fn own() -> Vec<OsString> {
    std::env::vars_os()
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name
        })
        .collect()
}

/// What is there, and over it what is preserved of ours.
pub fn foreign(there: Vec<OsString>, preserved: &Preserved) -> Vec<OsString> {
    with(there, own(), preserved)
}

fn with(mut there: Vec<OsString>, ours: Vec<OsString>, preserved: &Preserved) -> Vec<OsString> {
    for entry in ours.into_iter().filter(|it| preserved.has(name_of(it))) {
        there.retain(|it| name_of(it) != name_of(&entry));
        there.push(entry);
    }
    there
}

/// What a program starts with where nothing is there that would say it.
pub fn usual() -> Vec<OsString> {
    vec![format!("PATH={USUAL_PATH}").into(), "HOME=/".into()]
}

/// Of the environment of a program that runs there: where programs are, and where home is. Without a
/// PATH it is the usual one.
pub fn path_and_home(theirs: &[OsString]) -> Vec<OsString> {
    let entry = |name: &str| {
        let found = theirs.iter().find(|it| name_of(it) == name);
        found.cloned()
    };
    let path = entry("PATH").unwrap_or_else(|| format!("PATH={USUAL_PATH}").into());
    [Some(path), entry("HOME")].into_iter().flatten().collect()
}

/// The value of a variable.
pub fn value(environment: &[OsString], name: &str) -> Option<OsString> {
    let entry = environment.iter().find(|it| name_of(it) == name)?;
    Some(OsString::from_vec(
        entry.as_bytes()[name.len() + 1..].to_vec(),
    ))
}

/// The name before the first `=`; empty where there is none.
fn name_of(entry: &OsStr) -> &OsStr {
    let bytes = entry.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b'=');
    OsStr::from_bytes(&bytes[..end.unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(texts: &[&str]) -> Vec<OsString> {
        texts.iter().map(OsString::from).collect()
    }

    #[test]
    fn terminal_and_locale_are_handed_over_and_more_only_where_it_is_asked_for() {
        let ours = [
            "TOKEN=x",
            "TERM=xterm",
            "LANG=de",
            "LC_ALL=C",
            "LANGUAGE=en",
            "PATH=/o",
            "LC=1",
            "TERMINFO=/t",
        ];
        let there = ["PATH=/t", "HOME=/root"];
        let got = |preserved| with(entries(&there), entries(&ours), &preserved);
        assert_eq!(
            got(Preserved::Usual),
            [
                "PATH=/t",
                "HOME=/root",
                "TERM=xterm",
                "LANG=de",
                "LC_ALL=C",
                "LANGUAGE=en"
            ]
        );
        let named = Preserved::Named(entries(&["TOKEN", "PATH", "NONE"]));
        assert_eq!(
            got(named),
            [
                "HOME=/root",
                "TOKEN=x",
                "TERM=xterm",
                "LANG=de",
                "LC_ALL=C",
                "LANGUAGE=en",
                "PATH=/o"
            ]
        );
        assert_eq!(got(Preserved::All).len(), 9);
    }

    #[test]
    fn path_and_home_are_the_first_of_their_name_and_nothing_else_is_taken() {
        let theirs = [
            "A=1",
            "XPATH=/x",
            "PATH=/a",
            "PATH=/b",
            "LD_PRELOAD=/evil",
            "HOME=",
        ];
        assert_eq!(path_and_home(&entries(&theirs)), ["PATH=/a", "HOME="]);
        let usual = format!("PATH={USUAL_PATH}");
        assert_eq!(path_and_home(&[]), [&*usual]);
        assert_eq!(value(&entries(&theirs), "PATH"), Some("/a".into()));
        assert_eq!(value(&entries(&theirs), "P"), None);
    }
}
