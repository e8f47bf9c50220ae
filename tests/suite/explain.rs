//! `explain`: rules of audit by their ids, the same from every side.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::run::nsinspect;

fn all() -> Vec<Value> {
    let document = nsinspect(&["explain", "--json"]).expect(0).json();
    document["rules"].as_array().unwrap().clone()
}

#[test]
fn one_rule_is_told_with_why_it_matters_and_what_to_do() {
    let text = nsinspect(&["explain", "nsa-404"]).expect(0).stdout;
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        text,
        "NSA-404 the host's keyrings at worst low why The kernel's keyrings hold keys of encrypted \
         file systems, Kerberos tickets and tokens. They belong to a uid in a user namespace, and not \
         to a container: without a user namespace of its own, a container shares those of its uid with \
         the host and with every other container of that uid. The seccomp filters of engines forbid \
         the calls. fix give it a user namespace, or forbid keyctl, add_key and request_key by seccomp \
         docker \"userns-remap\": \"default\" in daemon.json, or the engine's own seccomp filter podman \
         --userns=auto, or the engine's own seccomp filter kubernetes hostUsers: false, or \
         seccompProfile: type: RuntimeDefault systemd KeyringMode=private and \
         SystemCallFilter=~@keyring reads its namespaces, who is in them and who owns them; its ids, \
         id maps, capabilities and seccomp mode"
    );
}

#[test]
fn a_rule_is_found_by_its_id_in_any_case_and_by_its_number() {
    let one = nsinspect(&["explain", "NSA-105"]).expect(0).stdout;
    for id in ["nsa-105", "105", "nsa105"] {
        assert_eq!(nsinspect(&["explain", id]).expect(0).stdout, one);
    }
    let two = nsinspect(&["explain", "105", "001"]).expect(0).stdout;
    let other = nsinspect(&["explain", "1"]).expect(0).stdout;
    assert_eq!(two, format!("{one}\n{other}"));
    let document = nsinspect(&["explain", "105", "-J"]).expect(0).json();
    assert_eq!(document["schema"], "nsinspect.rule/1");
    assert_eq!(document["id"], "NSA-105");
    let document = nsinspect(&["explain", "105", "001", "-J"]).expect(0).json();
    assert_eq!(document["schema"], "nsinspect.rules/1");
    assert_eq!(document["rules"][1]["id"], "NSA-001");
}

#[test]
fn without_an_id_all_rules_are_listed_in_the_order_of_their_ids() {
    let text = nsinspect(&["explain"]).expect(0).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].split_whitespace().next(), Some("ID"));
    let ids: Vec<&str> = lines[1..].iter().map(|line| &line[..7]).collect();
    assert!(ids.is_sorted());
    let told: Vec<String> = all()
        .iter()
        .map(|it| it["id"].as_str().unwrap().into())
        .collect();
    assert_eq!(ids, told);
}

#[test]
fn an_unknown_id_is_no_answer_and_the_nearest_are_named() {
    let refused = nsinspect(&["explain", "NSA-001", "NSA-109"]).expect(2);
    assert_eq!(refused.stdout, "");
    assert_eq!(
        refused.stderr,
        "nsinspect: there is no rule \"NSA-109\"\n  the nearest: NSA-108, NSA-107, NSA-106; `nsinspect \
         explain` lists all\n"
    );
    let refused = nsinspect(&["explain", "xyzzy"]).expect(2);
    assert!(refused.stderr.ends_with("lists all rules with their ids\n"));
    let refused = nsinspect(&["explain", "105", "--format=sarif"]).expect(2);
    assert_eq!(refused.stdout, "");
}

/// Why a rule matters, what to do and who else speaks of it have one source.
#[test]
fn explain_sarif_the_man_page_and_the_docs_say_the_same_of_every_rule() {
    let own = std::process::id().to_string();
    let sarif = nsinspect(&["audit", "--format=sarif", &own])
        .expect(0)
        .json();
    let described = sarif["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(&nsinspect(&["man", "rules"]).expect(0).stdout);
    // As roff(7) wants it.
    let page = page
        .replace("\\-", "-")
        .replace("\\(aq", "'")
        .replace("\\*(Aq", "'");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let docs = words(&fs::read_to_string(docs).unwrap());
    let rules = all();
    assert_eq!(described.len(), rules.len());
    for (rule, described) in rules.iter().zip(described) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, why) = (text(&rule["id"]), text(&rule["why"]));
        assert_eq!(described["id"], id);
        assert_eq!(described["fullDescription"]["text"], why);
        for told in [&page, &docs] {
            assert!(told.contains(&why), "{id}: {why}\n{told}");
        }
        let tags = described["properties"]["tags"].as_array().unwrap();
        for reference in rule["references"].as_array().unwrap() {
            assert!(tags.contains(reference), "{id} {reference}");
            assert!(docs.contains(&text(reference)) && page.contains(&text(reference)));
        }
        for remedy in rule["remedies"].as_array().unwrap() {
            let remedy = text(&remedy["remedy"]);
            assert!(text(&described["help"]["text"]).contains(&remedy), "{id}");
            assert!(
                docs.contains(&remedy) && page.contains(&remedy),
                "{id} {remedy}"
            );
        }
        let parts = described.get("relationships").and_then(Value::as_array);
        let wholes = parts
            .into_iter()
            .flatten()
            .map(|it| it["target"]["id"].clone());
        let gives_way = rule["gives_way"].as_array().unwrap();
        let gives_way = gives_way.iter().map(|it| it["to"].clone());
        assert!(wholes.eq(gives_way), "{id}");
    }
}

/// Steps of reasoning are named R1, R2 … in answers and in the code: what they mean is in one table.
#[test]
fn every_rule_of_reasoning_that_the_code_names_is_in_the_table_and_no_other() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(repository.join("docs/reasoning.md")).unwrap();
    let rows = docs.lines().filter_map(|line| line.strip_prefix("| R"));
    let rows: Vec<(u32, &str)> = rows
        .map(|row| {
            let (number, rest) = row.split_once(" | ").unwrap();
            (number.parse().unwrap(), rest.split_once(" | ").unwrap().0)
        })
        .collect();
    let mut named = BTreeSet::new();
    collect_names(&repository.join("src"), &mut named);
    assert_eq!(named, rows.iter().map(|(number, _)| *number).collect());
    let help = nsinspect(&["can", "--help"]).expect(0).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for (number, says) in rows.iter().filter(|(number, _)| *number <= 8) {
        assert!(
            help.contains(&format!("R{number} {says}")),
            "R{number} {says}"
        );
    }
}

fn collect_names(folder: &Path, named: &mut BTreeSet<u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_names(&path, named);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let words = text.split(|it: char| !it.is_ascii_alphanumeric());
        let numbers = words.filter_map(|word| word.strip_prefix('R')?.parse::<u32>().ok());
        named.extend(numbers);
    }
}
