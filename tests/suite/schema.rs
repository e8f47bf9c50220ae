//! Real documents fit the schemas that `nsinspect schema` prints, field by field: a field that the
//! schema does not name fails here.

use std::process::Command;

use serde_json::{Value, json};

#[test]
fn every_document_fits_its_schema() {
    let own = std::process::id().to_string();
    for (name, args) in [
        ("namespaces", vec!["list"]),
        ("tree", vec!["tree"]),
        ("tree", vec!["tree", "--by", "user"]),
        ("tree", vec!["tree", "--by", "pid"]),
        ("tree", vec!["tree", "--by", "process"]),
        ("process", vec!["show", &own]),
        ("diff", vec!["diff", &own]),
        ("pid", vec!["pid", &own]),
        ("pid", vec!["pid", &own, "--in", &own]),
        ("can", vec!["can", &own, "sys_admin"]),
        ("reach", vec!["reach", &own]),
        ("snapshot", vec!["snapshot"]),
        ("audit", vec!["audit", "--all"]),
        ("audit", vec!["audit", &own]),
        ("doctor", vec!["doctor"]),
        ("rule", vec!["explain", "NSA-110"]),
        ("rules", vec!["explain"]),
        ("rules", vec!["explain", "nsa-105", "403"]),
        (
            "verify",
            vec!["verify", &own, "--require", "pid", "--profile", "sandbox"],
        ),
    ] {
        let document = run(&args, "--json");
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["schema"], format!("nsinspect.{name}/1"));
        fits(&strict(schema(name)), &document, &args);
    }
}

#[test]
fn every_document_of_a_watch_fits_its_schema() {
    let schema = strict(schema("watch"));
    for command in ["list", "tree"] {
        // In a shell, whose children come and go; some end in a set of their own, if they may.
        // Often enough that a busy machine has looked before the last of them.
        let script = "\"$0\" $1 --watch 0.1 --json & watch=$!; \
            for i in $(seq 10); do unshare -U -r -u sleep 0.3; done; kill -INT $watch; wait $watch";
        let output = Command::new("bash")
            .args(["-mc", script, env!("CARGO_BIN_EXE_nsinspect"), command])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.lines().count() > 1,
            "{command}: something has happened"
        );
        for line in text.lines() {
            fits(&schema, &serde_json::from_str(line).unwrap(), &[command]);
        }
    }
}

#[test]
fn the_members_of_a_namespace_fit_their_schema() {
    let link = std::fs::read_link("/proc/self/ns/net").unwrap();
    let args = ["list", link.to_str().unwrap()];
    let document = serde_json::from_str(&run(&args, "--json")).unwrap();
    fits(&strict(schema("members")), &document, &args);
}

#[test]
fn yaml_is_the_same_document_as_json() {
    let own = std::process::id().to_string();
    let args = ["pid", own.as_str()];
    let mut json: Value = serde_json::from_str(&run(&args, "--json")).unwrap();
    let mut yaml: Value = serde_yaml::from_str(&run(&args, "--format=yaml")).unwrap();
    // Two runs need not be in the same second.
    json["taken_at"].take();
    yaml["taken_at"].take();
    assert_eq!(json, yaml);
}

#[test]
fn the_list_of_schemas_names_all_of_them() {
    assert_eq!(
        run(&["schema"], "--json"),
        "namespaces\nmembers\ntree\nprocess\ndiff\npid\ncan\nreach\nsnapshot\naudit\ndoctor\nwatch\nverify\nrule\nrules\nclaims\n"
    );
}

#[test]
fn claims_that_are_read_fit_the_schema_of_the_claims_file_and_others_do_not() {
    let schema = schema("claims");
    let schema = jsonschema::validator_for(&schema).unwrap();
    let names = run(&["verify", "--show-profile"], "--color=never");
    let profile = |name| run(&["verify", "--show-profile", name], "--color=never");
    let mut texts: Vec<String> = names.lines().map(profile).collect();
    let readme = include_str!("../../README.md");
    let (_, rest) = readme
        .split_once("read by the tests -->\n```yaml\n")
        .unwrap();
    texts.push(rest.split_once("```\n").unwrap().0.to_owned());
    for text in texts {
        let claims: Value = serde_yaml::from_str(&text).unwrap();
        assert!(schema.is_valid(&claims), "{text}");
    }
    for text in [
        "version: 1\nclaims: {isolate: [pid]}",
        "claims: {isolated: [pid]}",
        "version: 1\nclaims: {no_new_privs: 1}",
        "version: 1\ntargets: [{target: [x]}]",
    ] {
        let claims: Value = serde_yaml::from_str(text).unwrap();
        assert!(!schema.is_valid(&claims), "{text}");
    }
}

#[test]
fn a_field_that_the_schema_does_not_name_would_be_noticed() {
    let mut document: Value = serde_json::from_str(&run(&["list"], "--json")).unwrap();
    document["namespaces"][0]["surprise"] = json!(1);
    let schema = jsonschema::validator_for(&strict(schema("namespaces"))).unwrap();
    assert!(!schema.is_valid(&document));
}

fn fits(schema: &Value, document: &Value, args: &[&str]) {
    let schema = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "nsinspect {args:?}: {errors:#?}");
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&run(&["schema", name], "--json")).unwrap()
}

/// The schema with unknown fields denied, which published schemas leave open: fields may be added.
fn strict(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(object) => {
            let names_fields = object.contains_key("properties");
            for (key, value) in object.iter_mut() {
                if key != "properties" {
                    *value = strict(value.take());
                    continue;
                }
                for field in value.as_object_mut().unwrap().values_mut() {
                    *field = strict(field.take());
                }
            }
            if names_fields {
                object.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = strict(item.take());
            }
        }
        _ => {}
    }
    schema
}

fn run(args: &[&str], format: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_nsinspect"))
        .env_clear()
        .args(args)
        .arg(format)
        .output()
        .unwrap();
    // These say their answer by the code as well.
    let is_answered = output.status.success() || matches!(args[0], "can" | "verify");
    assert!(is_answered, "nsinspect {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
