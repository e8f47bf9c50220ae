//! Some thousand inputs, broken in ways that are the same each time: whatever is read, nothing panics,
//! hangs or takes all memory, and every answer is one of those that are documented. The same inputs,
//! made without end, are in `fuzz/`. There is no reader of Pod or compose files yet.

mod documents;
mod mutator;
mod trees;

use std::ops::RangeInclusive;
use std::time::Duration;

use nix::sys::resource::Resource;
use serde_json::Value;

use crate::support::nsinspect::Run;

/// A hundred times what the worst of them takes.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// What a debug build maps beside its heap included.
const MOST_MEMORY: u64 = 512 << 20;

/// How many runs answered, and how many were refused.
#[derive(Default)]
struct Tally {
    answered: usize,
    refused: usize,
}

impl Tally {
    /// Runs one input, which is told if its answer is none that is known.
    fn run(&mut self, run: Run, args: &[&str], input: &[u8]) {
        let answer = run
            .within(TIME_LIMIT)
            .limit(Resource::RLIMIT_AS, MOST_MEMORY)
            .run();
        let told = || {
            let start = &input[..input.len().min(2_000)];
            format!(
                "{args:?}: {answer:?}\nof {} bytes: {}",
                input.len(),
                start.escape_ascii()
            )
        };
        match answer.code {
            Some(0 | 1) => self.answered += 1,
            Some(2) => {
                self.refused += 1;
                let is_said = answer.stderr.contains("nsinspect: ") || !answer.stdout.is_empty();
                assert!(is_said, "{}", told());
            }
            _ => panic!("{}", told()),
        }
        for word in ["panicked", "no memory left", "internal error"] {
            assert!(!answer.stderr.contains(word), "{}", told());
        }
        let is_control = |it: char| it.is_control() && it != '\n' || it == '\u{202e}';
        assert!(!answer.stdout.contains(is_control), "{}", told());
        assert!(!answer.stderr.contains(is_control), "{}", told());
        if args.contains(&"--json") && !answer.stdout.is_empty() {
            let document: Result<Value, _> = serde_json::from_str(&answer.stdout);
            assert!(
                document.is_ok_and(|it| it["schema"].is_string()),
                "{}",
                told()
            );
        }
    }

    /// Inputs that are all refused would try next to nothing.
    fn assert_share(&self, percent_answered: RangeInclusive<usize>) {
        let percent = self.answered * 100 / (self.answered + self.refused);
        eprintln!("{} answered, {} refused", self.answered, self.refused);
        assert!(percent_answered.contains(&percent), "{percent} %");
    }
}
