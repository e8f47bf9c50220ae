//! `nsinspect explain`: why a finding of audit matters, and what to do about it.

use crate::audit::rule::Rule;
use crate::audit::rules;
use crate::cli::{ExplainArgs, Global};
use crate::error::{Error, Exit};
use crate::output;
use crate::output::text::explain as text;
use crate::output::wire::rule::{RuleDocument, RulesDocument};

pub fn run(global: &Global, args: &ExplainArgs) -> Result<Exit, Error> {
    let wanted: Vec<&Rule> = match args.rules.as_slice() {
        [] => rules::by_id(),
        ids => ids.iter().map(|id| find(id)).collect::<Result<_, _>>()?,
    };
    let terminal = output::terminal(global);
    let format = global.format();
    match (args.rules.len(), wanted.as_slice()) {
        (1, [rule]) => {
            let text = || text::rule(&terminal, rule);
            output::answer(format, || RuleDocument::new(rule), text)?;
        }
        (0, all) => {
            let text = || text::list(&terminal, all);
            output::answer(format, || RulesDocument::new(all), text)?;
        }
        (_, several) => {
            let text = || text::rules(&terminal, several);
            output::answer(format, || RulesDocument::new(several), text)?;
        }
    }
    Ok(Exit::Yes)
}

fn find(text: &str) -> Result<&'static Rule, Error> {
    rules::named(text).ok_or_else(|| {
        let nearest = rules::nearest(text).into_iter();
        Error::NoRule {
            text: text.to_owned(),
            nearest: nearest.map(|rule| rule.id.to_owned()).collect(),
        }
    })
}
