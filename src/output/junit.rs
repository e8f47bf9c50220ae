//! What came of claims as JUnit XML, as continuous integration reads it: a suite for each target, a
//! case for each claim; a claim that is undecided is an error, not a failure.

use std::fmt::Write;

use crate::verify::report::{Report, Verified};
use crate::verify::verdict::{Judged, Proof, Verdict};

/// The whole document.
pub fn document(report: &Report) -> String {
    let counts = report.counts();
    let total: usize = counts.values().sum();
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "<testsuites name=\"nsinspect verify\" tests=\"{total}\" failures=\"{}\" errors=\"{}\">",
        counts[&Verdict::Fails],
        counts[&Verdict::Undecided],
    );
    for target in &report.targets {
        suite(&mut text, target);
    }
    text += "</testsuites>\n";
    text
}

fn suite(text: &mut String, target: &Verified) {
    let count = |verdict| {
        let all = target.judged.iter();
        all.filter(|judged| judged.verdict == verdict).count()
    };
    let name = escaped(&target.name);
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        target.judged.len(),
        count(Verdict::Fails),
        count(Verdict::Undecided),
    );
    for judged in &target.judged {
        case(text, &name, judged);
    }
    *text += "  </testsuite>\n";
}

fn case(text: &mut String, suite: &str, judged: &Judged) {
    let name = escaped(&judged.claim.to_string());
    let _ = write!(text, "    <testcase classname=\"{suite}\" name=\"{name}\"");
    let element = match judged.verdict {
        Verdict::Holds => {
            *text += "/>\n";
            return;
        }
        Verdict::Fails => "failure",
        Verdict::Undecided => "error",
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
        .map(|fact| format!("{}: {}", fact.source, fact.value))
        .collect();
    let _ = writeln!(
        text,
        ">\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>",
        escaped(&message),
        escaped(&facts.join("\n"))
    );
}

/// Text for XML 1.0, in which control characters cannot be written at all.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\t' => escaped += "&#9;",
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(escaped, "\\x{:02x}", u32::from(character));
            }
            other => escaped.push(other),
        }
    }
    escaped
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
            did: "a < b & \"c\"\u{1b}[2J".to_owned(),
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
<testsuites name="nsinspect verify" tests="3" failures="1" errors="1">
  <testsuite name="docker:&quot;x&quot;" tests="3" failures="1" errors="1">
    <testcase classname="docker:&quot;x&quot;" name="not root"/>
    <testcase classname="docker:&quot;x&quot;" name="hostname &lt;b&gt;">
      <failure message="tried: a &lt; b &amp; &quot;c&quot;\x1b[2J">x: 1&#10;2</failure>
    </testcase>
    <testcase classname="docker:&quot;x&quot;" name="uid 3">
      <error message="no way">x: 1&#10;2</error>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }
}
