//! A mutator that makes the same inputs of the same seeds each time.

use serde_json::Value;

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators").
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below the limit, or 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mixed = usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap();
        mixed.checked_rem(limit).unwrap_or(0)
    }

    pub fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    /// A piece of at most so many bytes.
    fn piece(&mut self, of: &[u8], most: usize) -> std::ops::Range<usize> {
        let from = self.below(of.len());
        from..from + self.below((of.len() - from).min(most) + 1)
    }
}

/// What parsers stumble over.
const WORDS: [&str; 44] = [
    "0",
    "-1",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "1e999",
    "0x10",
    "NaN",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\n",
    "\0",
    " ",
    "/",
    "../../..",
    "/proc/self/mem",
    "\\040",
    "\\u0000",
    "\\ud800",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{e0101}",
    "é",
    "*a",
    "&a ",
    "!!binary ",
    "<<: ",
    "- ",
    "? ",
    "| ",
    "%TAG ! a\n",
    "net:[4026531840]",
    ")",
];

/// A piece that is repeated makes no more than this (bytes).
const MOST_REPEATED: usize = 64 << 10;

/// One input, of a seed and one more to take pieces of.
pub fn mutate(dice: &mut Dice, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => drop(bytes.drain(dice.piece(&bytes, 200))),
            3 => insert(&mut bytes, at, dice.one_of(&WORDS).as_bytes()),
            4 => replace_number(dice, &mut bytes),
            5 => {
                let piece = bytes[dice.piece(&bytes, 40)].to_vec();
                let times = dice.below(MOST_REPEATED / piece.len().max(1));
                insert(&mut bytes, at, &piece.repeat(times));
            }
            6 => insert(&mut bytes, at, &other[dice.piece(other, 400)]),
            7 => {
                let piece = bytes[dice.piece(&bytes, 100)].to_vec();
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece);
            }
            _ if dice.below(8) == 0 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// Puts one of the words in the place of a number, which leaves the structure as it is.
fn replace_number(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let start = dice.below(bytes.len());
    let is_digit = |at: &usize| bytes[*at].is_ascii_digit();
    if let Some(from) = (start..bytes.len()).find(is_digit) {
        let end = (from..bytes.len())
            .find(|at| !is_digit(at))
            .unwrap_or(bytes.len());
        bytes.splice(from..end, dice.one_of(&WORDS).bytes());
    }
}

/// The document with a few values that are others, not there, or there twice: still JSON.
pub fn mutate_json(dice: &mut Dice, document: &Value) -> Vec<u8> {
    let mut document = document.clone();
    for _ in 0..=dice.below(3) {
        let at = dice.below(count(&document));
        change(dice, &mut document, &mut { at });
    }
    document.to_string().into_bytes()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the value with this number, counted from the outermost.
fn change(dice: &mut Dice, value: &mut Value, at: &mut usize) -> bool {
    if *at == 0 {
        change_this(dice, value);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(values) => values.iter_mut().any(|it| change(dice, it, at)),
        Value::Object(fields) => fields.values_mut().any(|it| change(dice, it, at)),
        _ => false,
    }
}

fn change_this(dice: &mut Dice, value: &mut Value) {
    match (value, dice.below(3)) {
        (Value::Array(values), 0) if !values.is_empty() => {
            let again = values[dice.below(values.len())].clone();
            values.push(again);
        }
        (Value::Array(values), 1) if !values.is_empty() => {
            drop(values.remove(dice.below(values.len())));
        }
        (Value::Object(fields), 0 | 1) if !fields.is_empty() => {
            let name = fields.keys().nth(dice.below(fields.len())).cloned();
            drop(fields.remove(&name.unwrap_or_default()));
        }
        (Value::String(text), 0 | 1) => *text += dice.one_of(&WORDS),
        (Value::Number(number), 0 | 1) => {
            let other = *[0, 1, 30, 31, -1, 4_026_532_100, i64::MAX]
                .get(dice.below(7))
                .unwrap_or(&2);
            *number = other.into();
        }
        (value, _) => {
            let words = dice.one_of(&WORDS);
            *value = serde_json::from_str(words).unwrap_or(Value::Null);
        }
    }
}
