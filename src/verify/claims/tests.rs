use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::*;
use crate::verify::probes::Target;
use crate::verify::sources::read;

const REGENERATE: &str = "NSINSPECT_REGENERATE=1 cargo test --lib claims::";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The claims of an entry's example, by the way of every claims file.
fn made_by(entry: &Entry) -> Vec<AnyClaim> {
    let against = |name: &str| -> Result<Against, ()> {
        let (pid, start_time, name) = (7, None, name.to_owned());
        let target = Target { pid, start_time };
        Ok(Against::Task { target, name })
    };
    let file = read::parse(&entry.file()).unwrap_or_else(|error| panic!("{}: {error}", entry.key));
    file.claims.unwrap().claims(&mut { against }).unwrap()
}

/// The page of all claims.
fn page() -> String {
    let mut page = "# What can be claimed\n\n\
        <!-- made from src/verify/claims by the tests -->\n\n\
        Each is a key below `claims` in a claims file (`nsinspect verify --claims FILE`). An example says \
        what stands there,\nand below it stands what that claims, and how it is found out.\n"
        .to_owned();
    for entry in entries() {
        write!(page, "\n## {}\n\n{}.\n\n", entry.key, entry.about).unwrap();
        write!(page, "```yaml\n{}```\n\n", entry.file()).unwrap();
        for claim in made_by(&entry) {
            writeln!(page, "- **{claim}**: {}", claim.explain()).unwrap();
        }
    }
    page += "\n## Not in a file\n\n";
    for about in MADE {
        writeln!(page, "- {about}.").unwrap();
    }
    page
}

#[test]
fn the_page_of_claims_is_made_from_them() {
    let file = repository().join("docs/claims.md");
    if std::env::var_os("NSINSPECT_REGENERATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, page()).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == page(),
        "docs/claims.md is not what the claims say of themselves; run {REGENERATE}"
    );
}

#[test]
fn every_key_makes_claims_that_say_what_they_are_and_how_they_are_found_out() {
    let mut keys = BTreeSet::new();
    for entry in entries() {
        let claims = made_by(&entry);
        assert!(!claims.is_empty(), "{}", entry.key);
        assert!(!entry.about.is_empty(), "{}", entry.key);
        for claim in claims {
            let (sentence, how) = (claim.to_string(), claim.explain());
            assert!(!sentence.is_empty() && !how.is_empty(), "{}", entry.key);
        }
        assert!(keys.insert(entry.key.clone()), "{} twice", entry.key);
    }
}

#[test]
fn a_key_without_a_value_is_refused() {
    for entry in entries() {
        let file = Entry {
            example: "",
            ..entry
        };
        assert!(read::parse(&file.file()).is_err(), "{}", file.key);
    }
}

/// Every source file below a folder.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.extend((path.extension() == Some("rs".as_ref())).then_some(path)),
        }
    }
}

/// A new claim is one file, and one name in the list of its section: whatever else judges, tries, reads
/// a claims file, or prints, knows no claim by its name.
#[test]
fn a_claim_is_one_file_and_one_name_in_a_list() {
    let mut files = Vec::new();
    sources(&repository().join("src"), &mut files);
    let claims = repository().join("src/verify/claims");
    // These make claims of their own: of a runtime's configuration, of an option, of what is launched.
    let makers = [
        "src/verify/sources/oci.rs",
        "src/verify/sources/options.rs",
        "src/commands/verify/launched.rs",
    ]
    .map(|file| repository().join(file));
    let is_other =
        |file: &&std::path::PathBuf| !file.starts_with(&claims) && !makers.contains(file);
    for entry in entries() {
        let module = entry.key.replace('.', "::");
        let own = claims.join(format!("{}.rs", entry.key.replace('.', "/")));
        assert!(own.is_file(), "{} has no file", entry.key);
        for file in files.iter().filter(is_other) {
            let text = fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let named = format!("claims::{module}::");
            assert!(!text.contains(&named), "{} knows {module}", file.display());
        }
        let section = match entry.key.rsplit_once('.') {
            Some((section, _)) => claims.join(section).join("mod.rs"),
            None => claims.join("mod.rs"),
        };
        let leaf = entry.key.rsplit('.').next().unwrap();
        let text = fs::read_to_string(section).unwrap();
        let listed = text.lines().filter(|line| *line == format!("    {leaf},"));
        assert_eq!(listed.count(), 1, "{}", entry.key);
    }
}
