//! The JSON Schemas of the documents. schemars makes them from the wire types, but only in the test
//! below: in the program, the code for that would be a tenth of it, and be mapped by every command.

use super::DocumentName;

/// The JSON Schema of a document. A new document starts with an empty file.
pub const fn of(document: DocumentName) -> &'static str {
    match document {
        DocumentName::Namespaces => include_str!("../../../schemas/namespaces.json"),
        DocumentName::Members => include_str!("../../../schemas/members.json"),
        DocumentName::Tree => include_str!("../../../schemas/tree.json"),
        DocumentName::Process => include_str!("../../../schemas/process.json"),
        DocumentName::Diff => include_str!("../../../schemas/diff.json"),
        DocumentName::Pid => include_str!("../../../schemas/pid.json"),
        DocumentName::Can => include_str!("../../../schemas/can.json"),
        DocumentName::Reach => include_str!("../../../schemas/reach.json"),
        DocumentName::Snapshot => include_str!("../../../schemas/snapshot.json"),
        DocumentName::Audit => include_str!("../../../schemas/audit.json"),
        DocumentName::Doctor => include_str!("../../../schemas/doctor.json"),
        DocumentName::Watch => include_str!("../../../schemas/watch.json"),
        DocumentName::Verify => include_str!("../../../schemas/verify.json"),
        DocumentName::Rule => include_str!("../../../schemas/rule.json"),
        DocumentName::Rules => include_str!("../../../schemas/rules.json"),
        DocumentName::Claims => include_str!("../../../schemas/claims.json"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use schemars::{Schema, schema_for};

    use super::super::{
        Document, audit, can, diff, doctor, namespace, pid, process, reach, rule, snapshot, tree,
        verify, watch,
    };
    use super::*;

    const REGENERATE: &str = "NSINSPECT_REGENERATE=1 cargo test --lib schema";

    fn made_from_types(document: DocumentName) -> Schema {
        match document {
            DocumentName::Namespaces => schema_for!(Document<namespace::Namespaces>),
            DocumentName::Members => schema_for!(Document<namespace::Members>),
            DocumentName::Tree => schema_for!(Document<tree::Trees>),
            DocumentName::Process => schema_for!(Document<process::Subject>),
            DocumentName::Diff => schema_for!(Document<diff::DiffBody>),
            DocumentName::Pid => schema_for!(Document<pid::Translation>),
            DocumentName::Can => schema_for!(Document<can::CanBody>),
            DocumentName::Reach => schema_for!(Document<reach::ReachBody>),
            DocumentName::Snapshot => schema_for!(Document<snapshot::Everything>),
            DocumentName::Audit => schema_for!(Document<audit::AuditBody>),
            DocumentName::Doctor => schema_for!(Document<doctor::Diagnosis>),
            DocumentName::Watch => schema_for!(Document<watch::Watched>),
            DocumentName::Verify => schema_for!(Document<verify::VerifyBody>),
            DocumentName::Rule => schema_for!(rule::RuleDocument),
            DocumentName::Rules => schema_for!(rule::RulesDocument),
            DocumentName::Claims => schema_for!(crate::verify::sources::file::ClaimsFile),
        }
    }

    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let is_to_be_written = std::env::var_os("NSINSPECT_REGENERATE").is_some();
        for document in DocumentName::ALL {
            let schema = serde_json::to_string_pretty(&made_from_types(document)).unwrap() + "\n";
            if is_to_be_written {
                fs::write(folder.join(format!("{}.json", document.name())), schema).unwrap();
                continue;
            }
            assert!(
                of(document) == schema,
                "schemas/{}.json is not made from today's types; run {REGENERATE}",
                document.name()
            );
        }
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, DocumentName::ALL.len(), "a schema is left over");
    }
}
