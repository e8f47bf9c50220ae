//! Answers -> bytes: text for people, versioned documents for scripts.

mod json;
pub mod junit;
pub mod rules;
pub mod sanitize;
pub mod terminal;
pub mod text;
mod unseen;
pub mod wire;
mod yaml;

use std::io::{BufWriter, Write};

use serde::Serialize;

use crate::cli::Format;
use crate::error::Error;
use terminal::Terminal;

/// About what is written at once (bytes): what a pipe holds (pipe(7)).
const PIECE: usize = 64 << 10;

/// Writes an answer to standard output: the document to scripts, the text to people.
pub fn answer<D: Serialize>(
    format: Format,
    document: impl FnOnce() -> D,
    text: impl FnOnce() -> String,
) -> Result<(), Error> {
    match format {
        Format::Table => print(&text()),
        Format::Json => self::document(&document()),
        Format::Yaml => print(&yaml::text(&document())?),
        // Refused before anything was looked at, by all but one.
        Format::Sarif | Format::Junit => Ok(()),
    }
}

/// Writes a document as JSON, piece by piece: that of a whole machine is long.
pub fn document(document: &impl Serialize) -> Result<(), Error> {
    let mut stdout = BufWriter::with_capacity(PIECE, std::io::stdout().lock());
    json::write_pretty(&mut stdout, document)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

/// Writes one document of several: a line of JSON, or a YAML document with its mark before it.
pub fn line(format: Format, document: &impl Serialize) -> Result<(), Error> {
    match format {
        Format::Yaml => print(&format!("---\n{}", yaml::text(document)?)),
        _ => write(&json::line(document)?),
    }
}

/// Writes to standard output in one go.
pub fn print(text: &str) -> Result<(), Error> {
    write(text.as_bytes())
}

fn write(bytes: &[u8]) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    Ok(stdout.flush()?)
}

/// Columns of a message: what is wrong in a file can be a word of a megabyte.
const LONGEST_MESSAGE: usize = 2_000;

/// Says on standard error why there is no answer, and what to do.
pub fn complain(error: &Error) {
    let message = error.to_string();
    let message = terminal::shorten(&sanitize::for_terminal(&message), LONGEST_MESSAGE);
    note(&format!("nsinspect: {message}"));
    if let Some(hint) = error.hint() {
        note(&format!("  {}", sanitize::for_terminal(&hint)));
    }
}

/// A line of commentary on standard error; nobody is left to tell if that is closed.
pub fn note(line: &str) {
    // Standard error is not buffered: in one piece.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// The terminal that the answer goes to.
pub fn terminal(global: &crate::cli::Global) -> Terminal {
    Terminal::detect(global.color)
}
