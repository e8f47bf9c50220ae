//! Inside a network namespace: its interfaces and who listens.

use super::{Inside, difference, told};
use crate::analyse::diff::{Pair, Value};
use crate::model::facts::{Interface, Listening};
use crate::model::{NsKind, Seen};

pub fn net(pair: &Pair<'_>) -> Inside {
    let (subject, reference) = pair.facts(NsKind::Net);
    let sockets = told(&subject.listening, "sockets", |sockets| {
        listening_in_words(sockets)
    });
    let mut sentence = format!(
        "{}; {sockets}",
        told(
            &subject.interfaces,
            "interfaces",
            |all| interfaces_in_words(all)
        )
    );
    if let Seen::Known(theirs) = &reference.interfaces {
        let names: Vec<_> = theirs
            .iter()
            .map(|interface| interface.name.as_str())
            .collect();
        sentence += &format!("; {}: {}", pair.noun, shortened(&names));
    }
    Inside {
        differences: vec![
            difference(
                "interfaces",
                (&subject.interfaces, &reference.interfaces),
                |all| Value::Interfaces(all.clone()),
            ),
            difference(
                "listening",
                (&subject.listening, &reference.listening),
                |all| Value::Listening(all.clone()),
            ),
        ],
        sentence,
    }
}

/// As many names as fit a line and still can be read.
const NAMED: usize = 5;

fn shortened(names: &[&str]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

fn interfaces_in_words(interfaces: &[Interface]) -> String {
    let named = |wanted: Option<bool>| -> Vec<&str> {
        interfaces
            .iter()
            .filter(|interface| interface.up == wanted)
            .map(|interface| interface.name.as_str())
            .collect()
    };
    let groups = [(Some(true), " up"), (Some(false), " down"), (None, "")];
    let parts: Vec<String> = groups
        .into_iter()
        .map(|(state, word)| (named(state), word))
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, word)| format!("{}{word}", shortened(&names)))
        .collect();
    if parts.is_empty() {
        "no interface".to_owned()
    } else {
        parts.join(", ")
    }
}

fn listening_in_words(sockets: &[Listening]) -> String {
    let named: Vec<String> = sockets
        .iter()
        .map(|socket| format!("{} {}", socket.protocol, socket.address))
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    match named.len() {
        0 => "nothing listens".to_owned(),
        _ => format!("listens on {}", shortened(&named)),
    }
}
