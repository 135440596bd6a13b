//! A sheet: sections of lines with a cursor, made anew now and then without losing the place.
//! Its pictures are digits until they are drawn.

use crate::app::overlays::place::Scroll;
use crate::app::panes::schema::{LineKind, SchemaLine, widths};
use crate::app::span::{Ink, Span};
use crate::text;

/// The cells of a gauge.
const GAUGE: usize = 10;

/// Cells of a line.
pub type Cells = Vec<Vec<Span<'static>>>;

/// Sections of lines.
#[derive(Debug, Default)]
pub struct Sheet {
    /// The cursor among the lines.
    pub list: Scroll,
    lines: Vec<SchemaLine>,
    widths: Vec<Vec<u16>>,
}

impl Sheet {
    /// All lines.
    pub fn lines(&self) -> &[SchemaLine] {
        &self.lines
    }

    /// The widths the cells of a section want.
    pub fn widths(&self, section: usize) -> &[u16] {
        self.widths.get(section).map(Vec::as_slice).unwrap_or_default()
    }

    /// Puts other lines in; the cursor stays where it is, as far as it can.
    pub fn set(&mut self, lines: Vec<SchemaLine>) {
        self.widths = widths(&lines);
        self.lines = lines;
        self.list.cursor = self.list.cursor.min(self.lines.len().saturating_sub(1));
        self.list.top = self.list.top.min(self.list.cursor);
    }

    /// Moves the cursor by lines on a screen of `height` lines.
    pub fn move_by(&mut self, lines: isize, height: usize) {
        self.list.by(lines, self.lines.len(), height);
    }

    /// Moves the cursor to a line.
    pub fn move_to(&mut self, line: usize, height: usize) {
        self.list.to(line, self.lines.len(), height);
    }

    /// Turns the wheel.
    pub fn wheel(&mut self, lines: isize, height: usize) {
        self.list.wheel(lines, self.lines.len(), height);
    }
}

/// Lines on their way into a sheet.
#[derive(Default)]
pub struct Writing {
    /// The lines so far.
    pub lines: Vec<SchemaLine>,
    section: usize,
}

impl Writing {
    /// Begins a section; a count of 0 is not shown.
    pub fn heading(&mut self, name: &'static str, count: usize) {
        if !self.lines.is_empty() {
            self.section += 1;
            self.push(LineKind::Blank, Vec::new(), String::new());
        }
        let mut words = vec![Span::new(Ink::Group, name)];
        if count > 0 {
            words.push(Span::new(Ink::Muted, format!("  {}", text::grouped(count as u64))));
        }
        self.push(LineKind::Heading, vec![words], String::new());
    }

    /// Adds a line of cells.
    pub fn entry(&mut self, cells: Cells) {
        let plain: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        self.push(LineKind::Entry, cells, plain.join("\t"));
    }

    /// Adds a line with a label and a fact.
    pub fn fact(&mut self, label: &'static str, ink: Ink, fact: impl Into<String>) {
        self.entry(vec![one(Ink::Muted, label), one(ink, fact)]);
    }

    /// Adds a line over the whole width.
    pub fn detail(&mut self, ink: Ink, words: impl Into<String>) {
        let words = words.into();
        self.push(LineKind::Detail, vec![one(ink, words.clone())], words);
    }

    fn push(&mut self, kind: LineKind, cells: Cells, copy: String) {
        self.lines.push(SchemaLine { section: self.section, kind, cells, target: None, copy });
    }
}

/// The words of a cell, its pictures left out.
fn plain(cell: &[Span<'static>]) -> String {
    let words = cell.iter().filter(|span| !matches!(span.ink, Ink::Gauge | Ink::Spark));
    words.map(|span| span.text.as_ref()).collect()
}

/// A cell of one piece.
pub fn one(ink: Ink, words: impl Into<String>) -> Vec<Span<'static>> {
    vec![Span::new(ink, words.into())]
}

/// A gauge of a part, from 0 to 1: for each cell a digit, how many eighths of it are full.
pub fn gauge(part: f64) -> Span<'static> {
    let eighths = (part.clamp(0.0, 1.0) * (GAUGE * 8) as f64).round() as usize;
    let cell = |at: usize| eighths.saturating_sub(at * 8).min(8);
    let digits: String = (0..GAUGE).map(|at| digit(cell(at))).collect();
    Span::new(Ink::Gauge, digits)
}

/// A spark line of numbers: for each a digit from 0 to 7, its height beside the greatest.
pub fn spark(numbers: impl ExactSizeIterator<Item = f64> + Clone, cells: usize) -> Span<'static> {
    let greatest = numbers.clone().fold(0.0, f64::max);
    let skipped = numbers.len().saturating_sub(cells);
    let level = |number: f64| match greatest {
        most if most > 0.0 => (number / most * 7.0).round() as usize,
        _ => 0,
    };
    Span::new(Ink::Spark, numbers.skip(skipped).map(|it| digit(level(it))).collect::<String>())
}

fn digit(number: usize) -> char {
    u32::try_from(number).ok().and_then(|number| char::from_digit(number, 10)).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_digits() {
        assert_eq!(gauge(0.0).text, "0000000000");
        assert_eq!(gauge(0.55).text, "8888840000");
        assert_eq!(gauge(7.0).text, "8888888888");
        assert_eq!(spark([0.0, 5.0, 10.0].into_iter(), 2).text, "47");
        assert_eq!(spark([0.0; 3].into_iter(), 9).text, "000");
    }
}
