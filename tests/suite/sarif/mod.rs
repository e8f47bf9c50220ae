//! `audit --format sarif` against the schema that OASIS has published for SARIF 2.1.0
//! (sarif-schema-2.1.0.json, beside this file), which allows no field that it does not name.

use serde_json::Value;

use crate::support::run::nsinspect;
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;

/// A process that has something to be told of: the tests' own.
fn log(args: &[&str]) -> Value {
    let own = std::process::id().to_string();
    let all = [&["audit", "--format=sarif"], args, &[own.as_str()]].concat();
    nsinspect(&all).expect(0).json()
}

#[test]
fn a_log_fits_the_published_schema() {
    let mut schema: Value = serde_json::from_str(include_str!("schema.json")).unwrap();
    // Its one mistake: an unmatched bracket in a pattern for languages, which we do not name.
    for who in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][who]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern");
    }
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut log = log(&[]);
    let errors: Vec<String> = schema
        .iter_errors(&log)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    log["runs"][0]["surprise"] = Value::Bool(true);
    assert!(!schema.is_valid(&log), "an unknown field would be noticed");
}

#[test]
fn each_result_has_its_rule_with_help_its_level_and_where_it_is() {
    let log = log(&[]);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &rules[index];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty());
        let verdict = result["properties"]["verdict"].as_str().unwrap();
        let severity = result["properties"]["severity"].as_str().unwrap();
        let expected = match (verdict, severity) {
            ("unknown", _) => ("open", "none"),
            ("mitigated" | "shared-only", _) => ("informational", "none"),
            (_, "critical" | "high") => ("fail", "error"),
            (_, "medium") => ("fail", "warning"),
            _ => ("fail", "note"),
        };
        let found = (
            result["kind"].as_str().unwrap(),
            result["level"].as_str().unwrap(),
        );
        assert_eq!(found, expected, "{result:#}");
        let place = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert_eq!(*place, format!("process/{}", std::process::id()));
    }
}

#[test]
fn two_logs_of_one_state_are_the_same_bytes() {
    if !is_root() {
        skip!("needs root");
    }
    let it = Sandbox::start(&["--pid", "--fork", "--mount-proc"], "").unwrap();
    let snapshot = nsinspect(&["snapshot"]).expect(0);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), snapshot.stdout).unwrap();
    let from = [
        "--from",
        file.path().to_str().unwrap(),
        "audit",
        "--format=sarif",
    ];
    let one = nsinspect(&from).expect(0).stdout;
    assert_eq!(one, nsinspect(&from).expect(0).stdout);
    assert!(
        one.contains(&format!("process/{}\"", it.pid)),
        "the sandbox is in it"
    );
}

#[test]
fn other_commands_have_no_findings_to_tell_so() {
    let refused = nsinspect(&["list", "--format=sarif"]).expect(2);
    assert!(
        refused.stderr.contains("only `nsinspect audit` has"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stdout, "");
}
