//! What a guest reported, as `tests/guest/init` writes it: for each command a head with its name
//! and exit code, its stdout, and its stderr.

use std::collections::BTreeMap;

/// What one command answered in the guest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

pub struct Report(BTreeMap<String, Answer>);

impl Report {
    /// The error says why this is not the report of a guest that came to its end.
    pub fn parse(text: &str) -> Result<Report, String> {
        let mut answers = BTreeMap::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (answer, after) = rest
                .split_once("\n=== end\n")
                .ok_or("the report breaks off")?;
            let (name, answer) = parse_answer(answer).ok_or("the report has an unknown form")?;
            answers.insert(name, answer);
            rest = after;
        }
        match answers.is_empty() {
            true => Err("nothing was reported".to_owned()),
            false => Ok(Report(answers)),
        }
    }

    /// Every command that was run, by name.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &Answer)> {
        self.0.iter().map(|(name, answer)| (name.as_str(), answer))
    }

    pub fn answer(&self, name: &str) -> &Answer {
        let answer = self.0.get(name);
        answer.unwrap_or_else(|| panic!("the guest did not report {name}"))
    }
}

fn parse_answer(text: &str) -> Option<(String, Answer)> {
    let (head, rest) = text.strip_prefix("=== ")?.split_once('\n')?;
    let (name, exit) = head.split_once(" exit ")?;
    // At the end of a command that wrote nothing to stderr, its newline is that of the end mark.
    let rest = format!("\n{rest}\n");
    let (stdout, stderr) = rest.split_once("\n=== stderr\n")?;
    let answer = Answer {
        exit: exit.parse().ok()?,
        stdout: stdout.strip_prefix('\n').unwrap_or(stdout).to_owned(),
        stderr: stderr.to_owned(),
    };
    Some((name.to_owned(), answer))
}

#[test]
fn a_report_has_exit_code_and_both_outputs_of_each_command() {
    let text = "=== a exit 0\n{}\n=== stderr\n=== end\n=== b exit 2\n=== stderr\nno\n=== end\n";
    let report = Report::parse(text).unwrap();
    assert_eq!(report.answer("a").stdout, "{}");
    assert_eq!(report.answer("a").stderr, "");
    assert_eq!((report.answer("b").exit, report.answers().count()), (2, 2));
    assert_eq!(report.answer("b").stderr, "no\n");
}

#[test]
fn a_report_that_breaks_off_is_none() {
    assert!(Report::parse("").is_err());
    assert!(Report::parse("=== a exit 0\n{\"namesp").is_err());
}
