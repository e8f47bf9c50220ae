//! Where text goes: how wide it may be, whether it may have colour, and the tables that fit it.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table,
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::sanitize::for_terminal;
use crate::cli;

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
    pub fn detect(color: cli::Color) -> Terminal {
        let is_terminal = std::io::stdout().is_terminal();
        let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        // COLUMNS speaks for a pipe too, as in ps(1); a terminal knows better.
        let columns = given("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
        let of_terminal = is_terminal.then(|| Table::new().width()).flatten();
        let is_dumb = given("TERM").is_some_and(|term| term == "dumb");
        Terminal {
            width: of_terminal.or(columns).map(|width| width.max(NARROWEST)),
            color: match color {
                cli::Color::Always => true,
                cli::Color::Never => false,
                cli::Color::Auto => is_terminal && !is_dumb && given("NO_COLOR").is_none(),
            },
        }
    }

    /// Whether a column that is not needed has room from this width on.
    pub fn is_at_least(&self, width: u16) -> bool {
        self.width.is_none_or(|own| own >= width)
    }
}

/// Below this many columns nothing can be laid out.
const NARROWEST: u16 = 40;

/// One cell: text from anywhere, made harmless, and what it means.
#[derive(Clone, Debug)]
pub struct Item {
    text: String,
    tone: Tone,
    is_number: bool,
}

/// A cell of words.
pub fn item(text: &str, tone: Tone) -> Item {
    Item {
        text: for_terminal(text).into_owned(),
        tone,
        is_number: false,
    }
}

/// A cell that is set to the right, so that digits stand below digits.
pub fn number(value: impl ToString) -> Item {
    Item {
        is_number: true,
        ..item(&value.to_string(), Tone::Plain)
    }
}

impl Item {
    fn into_cell(self) -> Cell {
        let cell = Cell::new(self.text);
        let cell = match self.is_number {
            true => cell.set_alignment(CellAlignment::Right),
            false => cell,
        };
        match self.tone {
            Tone::Plain => cell,
            Tone::Good => cell.fg(Color::Green),
            Tone::Bad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
            Tone::Doubtful => cell.fg(Color::Yellow),
            Tone::Strong => cell.add_attribute(Attribute::Bold),
        }
    }
}

/// What happens to a last column that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It is cut: one line a row, for tables that one runs the eye down.
    Cut,
    /// It goes on in the next line, for sentences.
    Wrap,
}

/// Rows of cells that stand below each other: two blanks between columns, no lines, and only the
/// last column gives way where the terminal is too narrow.
pub struct Grid {
    overflow: Overflow,
    rows: Vec<Vec<Item>>,
    has_head: bool,
}

impl Grid {
    pub fn new(overflow: Overflow) -> Grid {
        Grid {
            overflow,
            rows: Vec::new(),
            has_head: false,
        }
    }

    /// A grid whose first row names the columns; a name is set as the cells below it are.
    pub fn with_head(overflow: Overflow, names: &[&str]) -> Grid {
        let names = names.iter().map(|name| item(name, Tone::Strong)).collect();
        Grid {
            overflow,
            rows: vec![names],
            has_head: true,
        }
    }

    /// Adds a row; all rows have the same number of cells.
    pub fn add(&mut self, row: Vec<Item>) {
        if self.has_head && self.rows.len() == 1 {
            for (name, cell) in self.rows[0].iter_mut().zip(&row) {
                name.is_number = cell.is_number;
            }
        }
        self.rows.push(row);
    }

    /// The text, with a line break at its end; empty where there are no rows.
    pub fn render(mut self, terminal: &Terminal) -> String {
        let Some(columns) = self.rows.first().map(Vec::len) else {
            return String::new();
        };
        if let Some(width) = terminal.width
            && self.overflow == Overflow::Cut
        {
            self.cut(columns, usize::from(width));
        }
        let mut table = Table::new();
        table.load_style(NOTHING).force_no_tty();
        if terminal.color {
            table.enforce_styling();
        }
        if let Some(width) = terminal.width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        for row in self.rows {
            table.add_row(row.into_iter().map(Item::into_cell).collect::<Vec<_>>());
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            let is_last = index + 1 == columns;
            column.set_padding((0, if is_last { 0 } else { GAP }));
            if !is_last {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        text
    }

    fn cut(&mut self, columns: usize, width: usize) {
        let widest = |column: usize| self.rows.iter().map(|row| row[column].text.width()).max();
        let others: usize = (0..columns - 1)
            .map(|column| widest(column).unwrap_or(0) + usize::from(GAP))
            .sum();
        let room = width.saturating_sub(others).max(1);
        for last in self.rows.iter_mut().filter_map(|row| row.last_mut()) {
            last.text = shorten(&last.text, room);
        }
    }
}

/// Blanks between two columns.
const GAP: u16 = 2;

/// How many columns of a terminal a text takes.
pub fn width(text: &str) -> usize {
    text.width()
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

    const NARROW: Terminal = Terminal {
        width: Some(40),
        color: false,
    };
    const COMMAND: &str = "a command line that goes on and on for long";

    #[test]
    fn a_grid_fits_the_width_by_cutting_its_last_column() {
        let mut grid = Grid::with_head(Overflow::Cut, &["NS", "PROCS", "COMMAND"]);
        grid.add(vec![
            item("4026531833", Tone::Plain),
            number(7),
            item(COMMAND, Tone::Plain),
        ]);
        assert_eq!(
            grid.render(&NARROW),
            "NS          PROCS  COMMAND\n\
             4026531833      7  a command line that …\n"
        );
    }

    #[test]
    fn a_grid_of_sentences_wraps_them() {
        let mut grid = Grid::new(Overflow::Wrap);
        grid.add(vec![item("user", Tone::Strong), item(COMMAND, Tone::Plain)]);
        assert_eq!(
            grid.render(&NARROW),
            "user  a command line that goes on and on\n      for long\n"
        );
    }

    #[test]
    fn a_grid_for_a_file_is_as_wide_as_it_needs_to_be() {
        let mut grid = Grid::new(Overflow::Cut);
        grid.add(vec![item("7", Tone::Plain), item(COMMAND, Tone::Plain)]);
        let file = Terminal {
            width: None,
            color: false,
        };
        assert_eq!(grid.render(&file), format!("7  {COMMAND}\n"));
    }
}
