//! Where text goes: how wide it may be, whether it may have colour, and the tables that fit it.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Row, Table};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::sanitize::for_terminal;
use crate::cli::Color;

/// The terminal, or whatever is in its place.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Columns; `None` where nothing limits them, as in a file.
    pub width: Option<u16>,
    pub color: bool,
}

/// What a piece of text means, which its colour says once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    /// Isolated.
    Good,
    /// Shared with somebody it should perhaps not be shared with.
    Bad,
    /// Could not be seen.
    Doubtful,
    /// A column's name, or what the eye should find first.
    Strong,
}

impl Terminal {
    /// Looks at standard output and at the environment (NO_COLOR, COLUMNS, TERM).
    pub fn detect(color: Color) -> Terminal {
        let is_terminal = std::io::stdout().is_terminal();
        let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        // COLUMNS speaks for a pipe too, as in ps(1); a terminal knows better.
        let columns = given("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
        let of_terminal = is_terminal.then(|| Table::new().width()).flatten();
        let is_dumb = given("TERM").is_some_and(|term| term == "dumb");
        Terminal {
            width: of_terminal.or(columns).map(|width| width.max(NARROWEST)),
            color: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => is_terminal && !is_dumb && given("NO_COLOR").is_none(),
            },
        }
    }

    /// Whether a column that is not needed has room from this width on.
    pub fn is_at_least(&self, width: u16) -> bool {
        self.width.is_none_or(|own| own >= width)
    }

    /// A table without lines, as wide as the terminal at most.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(NOTHING).force_no_tty();
        table.set_truncation_indicator("…");
        if self.color {
            table.enforce_styling();
        }
        if let Some(width) = self.width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        table
    }
}

/// Below this many columns nothing can be laid out.
const NARROWEST: u16 = 40;

/// A cell with text from anywhere, made harmless.
pub fn cell(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(for_terminal(text));
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(comfy_table::Color::Green),
        Tone::Bad => cell
            .fg(comfy_table::Color::Red)
            .add_attribute(Attribute::Bold),
        Tone::Doubtful => cell.fg(comfy_table::Color::Yellow),
        Tone::Strong => cell.add_attribute(Attribute::Bold),
    }
}

/// A row that takes one line: its last cell is cut where it would need more.
pub fn one_line(cells: Vec<Cell>) -> Row {
    let mut row = Row::from(cells);
    row.max_height(1);
    row
}

/// The finished table: all columns but the last keep the width of their content, two blanks stand
/// between columns and none at either end of a line.
pub fn render(mut table: Table) -> String {
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        if index != last {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// The text cut to a number of terminal columns, with a sign where something is missing.
pub fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let kept = text.chars().take_while(|character| {
        used += character.width().unwrap_or(0);
        used < width
    });
    let mut short: String = kept.collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_not_by_characters() {
        assert_eq!(shorten("sleep 300", 9), "sleep 300");
        assert_eq!(shorten("sleep 300", 8), "sleep 3…");
        assert_eq!(shorten("日本語", 5), "日本…");
    }

    #[test]
    fn a_table_fits_the_width_by_cutting_its_last_column() {
        let terminal = Terminal {
            width: Some(40),
            color: false,
        };
        let mut table = terminal.table();
        table.set_header(vec![cell("NS", Tone::Plain), cell("COMMAND", Tone::Plain)]);
        let command = "a command line that goes on and on for long";
        table.add_row(one_line(vec![
            cell("4026531833", Tone::Plain),
            cell(command, Tone::Plain),
        ]));
        let text = render(table);
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert!(text.contains('…'), "{text}");
    }
}
