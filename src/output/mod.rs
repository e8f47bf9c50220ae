//! Answers -> bytes: text for people, versioned documents for scripts.

pub mod junit;
pub mod sanitize;
pub mod terminal;
pub mod text;
pub mod wire;

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
        Format::Yaml => print(&yaml(&document())?),
        // Refused before anything was looked at, by all but one.
        Format::Sarif | Format::Junit => Ok(()),
    }
}

/// Writes a document as JSON, piece by piece: that of a whole machine is long.
pub fn document(document: &impl Serialize) -> Result<(), Error> {
    let mut stdout = BufWriter::with_capacity(PIECE, std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut stdout, document).map_err(std::io::Error::from)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

/// Writes one document of several: a line of JSON, or a YAML document with its mark before it.
pub fn line(format: Format, document: &impl Serialize) -> Result<(), Error> {
    let text = match format {
        Format::Yaml => format!("---\n{}", yaml(document)?),
        _ => serde_json::to_string(document).map_err(std::io::Error::other)? + "\n",
    };
    print(&text)
}

/// Writes to standard output in one go.
pub fn print(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// What JSON says, in YAML: each document need be known to one writer only, which keeps the program
/// small. With [`crate::verify::sources::read`] the only use of serde_yaml, which is archived: a successor is a
/// change of a few lines.
fn yaml(document: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(document).map_err(std::io::Error::other)?;
    let value: serde_yaml::Value = serde_json::from_str(&json).map_err(std::io::Error::other)?;
    Ok(serde_yaml::to_string(&value).map_err(std::io::Error::other)?)
}

/// Says on standard error why there is no answer, and what to do.
pub fn complain(error: &Error) {
    let message = sanitize::for_terminal(&error.to_string()).into_owned();
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
