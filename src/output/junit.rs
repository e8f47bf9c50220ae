//! What came of claims as JUnit XML, as continuous integration reads it: a suite for each target, a
//! case for each claim; a claim that is undecided is an error, not a failure.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::sanitize::for_terminal;
use crate::verify::report::{Report, Verified};
use crate::verify::verdict::{Judged, Proof, Verdict};

/// The whole document.
pub fn document(report: &Report) -> String {
    let mut document = Document::new("nsinspect verify");
    document.add_test_suites(report.targets.iter().map(suite));
    // Writing to a string cannot fail.
    document.to_string().unwrap_or_default()
}

fn suite(target: &Verified) -> TestSuite {
    let name = clean(&target.name);
    let mut suite = TestSuite::new(&name);
    suite.add_test_cases(target.judged.iter().map(|judged| case(&name, judged)));
    suite
}

fn case(suite: &str, judged: &Judged) -> TestCase {
    let mut case = TestCase::new(clean(&judged.claim.to_string()), status(judged));
    case.set_classname(suite);
    case
}

fn status(judged: &Judged) -> TestCaseStatus {
    let kind = match judged.verdict {
        Verdict::Holds => return TestCaseStatus::success(),
        Verdict::Fails => NonSuccessKind::Failure,
        Verdict::Undecided => NonSuccessKind::Error,
    };
    let how = match judged.proof {
        Proof::Static => "read",
        Proof::Probed => "tried",
    };
    let message = match (&judged.reason, judged.verdict) {
        (Some(reason), Verdict::Undecided) => reason.clone(),
        _ => format!("{how}: {}", judged.did),
    };
    let facts = judged.evidence.iter();
    let facts: Vec<String> = facts
        .map(|fact| clean(&format!("{}: {}", fact.source, fact.value)))
        .collect();
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_message(clean(&message))
        .set_description(facts.join("\n"));
    status
}

/// The text with what XML 1.0 cannot hold written out: quick-junit would leave it away.
fn clean(text: &str) -> String {
    for_terminal(text)
        .replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    use crate::verify::claim::AnyClaim;
    use crate::verify::claims::hostname::Hostname;
    use crate::verify::claims::process::root::NotRoot;
    use crate::verify::claims::process::uid::Uid;
    use crate::verify::verdict::Evidence;

    fn judged(verdict: Verdict, claim: AnyClaim) -> Judged {
        Judged {
            claim,
            verdict,
            proof: Proof::Probed,
            did: "a < b & \"c\"\u{1b}[2J\u{ffff}".to_owned(),
            evidence: vec![Evidence::new("x", "1\n2")],
            reason: (verdict == Verdict::Undecided).then(|| "no way".to_owned()),
        }
    }

    #[test]
    fn a_failure_and_an_error_are_told_apart_and_nothing_breaks_out_of_its_quotes() {
        let report = Report {
            targets: vec![Verified {
                name: "docker:\"x\"".to_owned(),
                task: 7,
                container: None,
                nprocs: 1,
                judged: vec![
                    judged(Verdict::Holds, Rc::new(NotRoot)),
                    judged(Verdict::Fails, Rc::new(Hostname("<b>".to_owned()))),
                    judged(Verdict::Undecided, Rc::new(Uid(3))),
                ],
            }],
        };
        assert_eq!(
            document(&report),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nsinspect verify" tests="3" skipped="0" failures="1" errors="1">
    <testsuite name="docker:&quot;x&quot;" tests="3" skipped="0" errors="1" failures="1">
        <testcase name="not root" classname="docker:&quot;x&quot;"/>
        <testcase name="hostname &lt;b&gt;" classname="docker:&quot;x&quot;">
            <failure message="tried: a &lt; b &amp; &quot;c&quot;\x1b[2J\u{ffff}">x: 1\n2</failure>
        </testcase>
        <testcase name="uid 3" classname="docker:&quot;x&quot;">
            <error message="no way">x: 1\n2</error>
        </testcase>
    </testsuite>
</testsuites>
"#
        );
    }
}
