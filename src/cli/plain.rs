//! Command lines of `run`, `enter` and `list`, and of questions about one process, that hold plain
//! flags and no values, read without clap: to tell it of all the options takes as long as to make a
//! namespace, and brings its code and all help texts into memory.
//! Whatever holds more, or is wrong, is left to clap; a test holds the two readings against each other.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::{Cli, Command, DiffArgs, EnterArgs, Global, ListArgs, PidArgs, RunArgs, ShowArgs};

/// What was typed; `None` where it takes clap to say that.
pub fn read(line: &[OsString]) -> Option<Cli> {
    let words = &line[2.min(line.len())..];
    let command = match line.get(1)?.as_bytes() {
        b"run" => run(words)?,
        b"enter" => enter(words)?,
        b"list" => return list(words),
        b"diff" | b"show" | b"pid" => return ask(line[1].to_str()?, words),
        _ => return None,
    };
    let global = Global::default();
    Some(Cli { global, command })
}

fn list(words: &[OsString]) -> Option<Cli> {
    let mut global = Global::default();
    let mut args = ListArgs::default();
    for word in words {
        let Word::Flags(flags) = Word::of(word) else {
            return None;
        };
        flags.read(|flag| match flag {
            b"P" | b"persistent" => set(&mut args.persistent),
            b"n" | b"noheadings" => set(&mut args.noheadings),
            b"r" | b"raw" => set(&mut args.raw),
            b"u" | b"notruncate" => set(&mut args.notruncate),
            _ => of_every_command(&mut global, flag),
        })?;
    }
    let command = Command::List(args);
    Some(Cli { global, command })
}

/// A question about one process.
fn ask(command: &str, words: &[OsString]) -> Option<Cli> {
    let mut global = Global::default();
    let mut exit_code = false;
    let mut named = Vec::new();
    for word in words {
        match Word::of(word) {
            Word::Ends => return None,
            Word::Is => named.push(word.to_str()?.to_owned()),
            Word::Flags(flags) => flags.read(|flag| match flag {
                b"exit-code" if command == "diff" => set(&mut exit_code),
                _ => of_every_command(&mut global, flag),
            })?,
        }
    }
    let command = match (command, named.as_slice()) {
        ("diff", [target, reference @ ..]) if reference.len() < 2 => Command::Diff(DiffArgs {
            target: target.clone(),
            reference: reference.first().cloned(),
            require: Vec::new(),
            exit_code,
        }),
        ("show", [target]) => Command::Show(ShowArgs {
            target: target.clone(),
        }),
        ("pid", [pid]) => Command::Pid(PidArgs {
            pid: pid.parse().ok().filter(|pid| *pid > 0)?,
            within: None,
        }),
        _ => return None,
    };
    Some(Cli { global, command })
}

fn run(words: &[OsString]) -> Option<Command> {
    let mut args = RunArgs::default();
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        match Word::of(word) {
            Word::Ends => {
                words = rest;
                break;
            }
            Word::Is => break,
            Word::Flags(flags) => flags.read(|flag| launches(&mut args, flag))?,
        }
        words = rest;
    }
    args.command = words.to_vec();
    Some(Command::Run(Box::new(args)))
}

fn enter(words: &[OsString]) -> Option<Command> {
    let mut args = EnterArgs::default();
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        match Word::of(word) {
            Word::Ends => {
                words = rest;
                break;
            }
            Word::Is if args.target.is_none() => args.target = Some(word.clone()),
            Word::Is => break,
            Word::Flags(Flags::Short(b"t")) => {
                let (target, rest) = rest.split_first()?;
                let is_first = args.target.is_none() && matches!(Word::of(target), Word::Is);
                args.target = is_first.then(|| target.clone());
                args.target.as_ref()?;
                words = rest;
                continue;
            }
            Word::Flags(flags) => flags.read(|flag| enters(&mut args, flag))?,
        }
        words = rest;
    }
    // Without a target there is something to say, or the first word is one.
    args.target.as_ref()?;
    args.words = words.to_vec();
    Some(Command::Enter(Box::new(args)))
}

/// A word of the command line.
enum Word<'a> {
    /// `--`: no flags come after it.
    Ends,
    Flags(Flags<'a>),
    /// Any other.
    Is,
}

impl Word<'_> {
    fn of(word: &OsStr) -> Word<'_> {
        match word.as_bytes() {
            b"--" => Word::Ends,
            [b'-', b'-', name @ ..] => Word::Flags(Flags::Long(name)),
            [b'-', letters @ ..] => Word::Flags(Flags::Short(letters)),
            _ => Word::Is,
        }
    }
}

/// `-fp` or `--fork`.
enum Flags<'a> {
    Short(&'a [u8]),
    Long(&'a [u8]),
}

impl Flags<'_> {
    /// Reads each; `None` where one is not read.
    fn read(self, mut read: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
        match self {
            // A dash alone, and a letter as a name, are no flags.
            Flags::Short([]) | Flags::Long([_]) => None,
            Flags::Short(letters) => letters.chunks(1).try_for_each(read),
            Flags::Long(name) => read(name),
        }
    }
}

fn of_every_command(global: &mut Global, flag: &[u8]) -> Option<()> {
    match flag {
        b"J" | b"json" => set(&mut global.json),
        b"v" | b"verbose" => set(&mut global.verbose),
        _ => None,
    }
}

fn launches(args: &mut RunArgs, flag: &[u8]) -> Option<()> {
    match flag {
        b"m" | b"mount" => ask_for(&mut args.mount),
        b"u" | b"uts" => ask_for(&mut args.uts),
        b"i" | b"ipc" => ask_for(&mut args.ipc),
        b"n" | b"net" => ask_for(&mut args.net),
        b"p" | b"pid" => ask_for(&mut args.pid),
        b"U" | b"user" => ask_for(&mut args.user),
        b"C" | b"cgroup" => ask_for(&mut args.cgroup),
        b"T" | b"time" => ask_for(&mut args.time),
        b"a" | b"all" => set(&mut args.all),
        b"r" | b"map-root-user" => set(&mut args.map_root_user),
        b"mount-proc" => ask_for(&mut args.mount_proc),
        b"no-lo" => set(&mut args.no_lo),
        b"f" | b"fork" => set(&mut args.fork),
        b"init" => set(&mut args.init),
        _ => None,
    }
}

fn enters(args: &mut EnterArgs, flag: &[u8]) -> Option<()> {
    match flag {
        b"m" | b"mount" => ask_for(&mut args.mount),
        b"u" | b"uts" => ask_for(&mut args.uts),
        b"i" | b"ipc" => ask_for(&mut args.ipc),
        b"n" | b"net" => ask_for(&mut args.net),
        b"p" | b"pid" => ask_for(&mut args.pid),
        b"U" | b"user" => ask_for(&mut args.user),
        b"C" | b"cgroup" => ask_for(&mut args.cgroup),
        b"T" | b"time" => ask_for(&mut args.time),
        b"a" | b"all" => set(&mut args.all),
        b"as-target" => set(&mut args.as_target),
        b"r" | b"root" => ask_for(&mut args.root),
        _ => None,
    }
}

/// An option without its value. Twice is wrong.
fn ask_for<T>(option: &mut Option<Option<T>>) -> Option<()> {
    option.replace(None).is_none().then_some(())
}

fn set(flag: &mut bool) -> Option<()> {
    (!std::mem::replace(flag, true)).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_usual_forms_are_read() {
        for text in [
            "nsinspect run",
            "nsinspect run sh -c x",
            "nsinspect run -- -x",
            "nsinspect run -fp --mount-proc sh",
            "nsinspect run --all --no-lo -- true",
            "nsinspect run -r -muinUCT --init top -b -- -m",
            "nsinspect enter 42",
            "nsinspect enter docker:web -m --net -- ls -- -l",
            "nsinspect enter -t 42 -a sh",
            "nsinspect enter -mu -t 42 --as-target -r",
            "nsinspect list",
            "nsinspect list --json",
            "nsinspect list -nurPJ -v",
            "nsinspect diff 42",
            "nsinspect diff -Jv 42 docker:web --exit-code",
            "nsinspect show --json net:[4026531833]",
            "nsinspect show self --verbose",
            "nsinspect pid 42 -J",
        ] {
            let line = words(text);
            let read = read(&line).unwrap();
            let by_clap = Cli::read_by_clap(&line).unwrap();
            assert_eq!(format!("{read:?}"), format!("{by_clap:?}"), "{text}");
        }
    }

    #[test]
    fn what_has_values_or_is_wrong_is_left_to_clap() {
        for text in [
            "nsinspect run -m=/f",
            "nsinspect run -mm",
            "nsinspect run --m",
            "nsinspect run -",
            "nsinspect run -J",
            "nsinspect run --help",
            "nsinspect run --mount-proc=/p",
            "nsinspect -J run",
            "nsinspect enter",
            "nsinspect enter -m",
            "nsinspect enter -- 42",
            "nsinspect enter -t 42 -t 42",
            "nsinspect enter -t -m",
            "nsinspect enter -mt 42",
            "nsinspect list 42",
            "nsinspect list --format json",
            "nsinspect list -JJ",
            "nsinspect list -p 42",
            "nsinspect list --watch",
            "nsinspect tree",
            "nsinspect diff",
            "nsinspect diff 42 1 2",
            "nsinspect diff 42 -J -J",
            "nsinspect diff 42 --require pid",
            "nsinspect diff 42 --format=json",
            "nsinspect diff -- 42",
            "nsinspect diff 42 -h",
            "nsinspect show 42 1",
            "nsinspect show 42 --exit-code",
            "nsinspect show -5",
            "nsinspect pid 0",
            "nsinspect pid self",
            "nsinspect pid 42 --in 1",
            "nsinspect",
        ] {
            assert!(read(&words(text)).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_what_clap_reads(
            command in prop::sample::select(vec!["run", "enter", "list", "diff", "show", "pid"]),
            rest in prop::collection::vec(prop::sample::select(vec![
                "-m", "-u", "-i", "-n", "-p", "-U", "-C", "-T", "-a", "-r", "-f", "-t", "-c", "-v",
                "-mu", "-fp", "-pt", "-Ur", "--mount", "--uts", "--ipc", "--net", "--pid", "--user",
                "--cgroup", "--time", "--all", "--map-root-user", "--mount-proc", "--no-lo",
                "--fork", "--init", "--as-target", "--root", "--no-mount-proc", "--", "-", "",
                "42", "sh", "-x", "--json", "--verbose", "--exit-code", "-J", "-Jv", "-P", "--raw", "-nu", "--f", "--forkx", "-m=/f",
            ]), 0..6),
        ) {
            let line: Vec<OsString> = ["nsinspect", command].into_iter().chain(rest).map(OsString::from).collect();
            if let Some(read) = read(&line) {
                let by_clap = Cli::read_by_clap(&line);
                prop_assert!(by_clap.is_ok(), "{line:?}: {}", by_clap.unwrap_err());
                prop_assert_eq!(format!("{read:?}"), format!("{:?}", by_clap.unwrap()), "{:?}", line);
            }
        }
    }
}
