//! `verify` on real containers: for each claim a container of which it holds and one of which it
//! fails.

use serde_json::Value;

use crate::support::run::nsinspect;

mod claims;
mod oci;
mod profiles;
mod reached;

/// What came of the claims about one target.
struct Verified {
    code: i32,
    document: Value,
}

impl Verified {
    fn of(target: &str, args: &[&str]) -> Verified {
        let mut all = vec!["verify", "--json", target];
        all.extend(args);
        let answer = nsinspect(&all);
        assert!((0..=2).contains(&answer.code), "{answer:?}");
        assert!(!answer.stdout.is_empty(), "{answer:?}");
        Verified {
            code: answer.code,
            document: answer.json(),
        }
    }

    fn claims(&self) -> &Vec<Value> {
        self.document["claims"].as_array().expect("claims")
    }

    /// The claims with a verdict, in the order in which they are told.
    fn with(&self, verdict: &str) -> Vec<&str> {
        let all = self.claims().iter().filter(|it| it["verdict"] == verdict);
        all.map(|it| it["claim"].as_str().expect("a claim"))
            .collect()
    }

    /// Everything holds, and of that there is something.
    #[track_caller]
    fn all_hold(&self) {
        let bad = self.claims().iter().filter(|it| it["verdict"] != "holds");
        let bad: Vec<String> = bad.map(|it| format!("{it:#}")).collect();
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        assert!(!self.claims().is_empty());
        assert_eq!(self.code, 0);
    }

    /// These fail, and nothing else.
    #[track_caller]
    fn only_fail(&self, claims: &[&str]) {
        assert_eq!(self.with("fails"), claims, "{:#}", self.document["claims"]);
        assert_eq!(self.code, 1);
    }
}
