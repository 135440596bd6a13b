//! The rows of a cell's value on the screen, and the way from one to the next. Only those in
//! view are ever made.

use crate::app::overlays::cell::json::{Kind, Line};
use crate::app::overlays::cell::wrap::{beyond, rows, span_rows};
use crate::app::overlays::cell::{Cell, Content, Spot};
use crate::app::span::{Ink, Span};
use crate::text;

/// One row to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What stands on it.
    pub spans: Vec<Span<'static>>,
    /// Whether the cursor is on it.
    pub current: bool,
}

/// The most of one value of a document that is shown on its line, in bytes.
const MOST_OF_A_LINE: usize = 4096;

/// The bytes a row of the hex form shows, as people expect them.
const BYTES_A_ROW: usize = 16;

impl Cell {
    /// The rows in view.
    pub fn rows(&self, width: u16, height: u16) -> Vec<Row> {
        let (width, height) = (usize::from(width), usize::from(height));
        let mut out = Vec::with_capacity(height);
        let mut spot = self.top;
        while out.len() < height && spot.item < self.items() {
            let all = self.item_rows(spot.item, width);
            for spans in all.into_iter().skip(spot.row).take(height - out.len()) {
                out.push(Row { spans, current: self.has_cursor() && spot.item == self.cursor });
            }
            match self.next(spot.item) {
                Some(item) => spot = Spot { item, row: 0 },
                None => break,
            }
        }
        out
    }

    /// The part of the value in view, as fractions of all of it.
    pub fn view(&self, height: u16) -> (f64, f64) {
        let items = self.items().max(1) as f64;
        let mut last = self.top;
        for _ in 0..height {
            match self.next(last.item) {
                Some(item) => last = Spot { item, row: 0 },
                None => return (self.top.item as f64 / items, 1.0),
            }
        }
        (self.top.item as f64 / items, last.item as f64 / items)
    }

    /// How many rows there are, counted up to `most`.
    pub(super) fn count_rows(&self, width: usize, most: usize) -> usize {
        let (mut count, mut item) = (0, 0);
        while count < most && item < self.items() {
            count += self.item_rows(item, width).len();
            match self.next(item) {
                Some(next) => item = next,
                None => break,
            }
        }
        count.min(most)
    }

    /// Whether there is a cursor: a document has one, to fold at.
    pub(super) fn has_cursor(&self) -> bool {
        self.document().is_some()
    }

    fn items(&self) -> usize {
        match &self.content {
            Content::Masked | Content::Null | Content::Empty => 1,
            Content::Json(document) if !self.raw => document.lines().len(),
            Content::Json(_) | Content::Text => self.pieces.len(),
            Content::Bytes(_) => self.byte_slice().len().div_ceil(BYTES_A_ROW).max(1),
        }
    }

    fn line(&self, item: usize) -> Option<&Line> {
        self.document()?.lines().get(item)
    }

    /// Whether the object or array that opens there is folded.
    pub(super) fn is_folded(&self, item: usize) -> bool {
        let Some(line) = self.line(item) else { return false };
        line.kind == Kind::Open
            && ((self.folds.all && line.depth > 0) != self.folds.but.contains(&item))
    }

    /// Folds or unfolds what opens there.
    pub(super) fn set_folded(&mut self, item: usize, folded: bool) {
        if self.is_folded(item) != folded && !self.folds.but.remove(&item) {
            self.folds.but.insert(item);
        }
    }

    /// The item that follows on the screen.
    pub(super) fn next(&self, item: usize) -> Option<usize> {
        let next = match self.line(item) {
            Some(line) if self.is_folded(item) => line.partner as usize + 1,
            _ => item + 1,
        };
        (next < self.items()).then_some(next)
    }

    /// The item before on the screen.
    pub(super) fn previous(&self, item: usize) -> Option<usize> {
        let before = item.checked_sub(1)?;
        // What closes there may be folded into the line that opens it.
        match self.line(before) {
            Some(line) if line.kind == Kind::Close && self.is_folded(line.partner as usize) => {
                Some(line.partner as usize)
            }
            _ => Some(before),
        }
    }

    /// The last item on the screen.
    pub(super) fn last(&self) -> usize {
        self.previous(self.items()).unwrap_or(0)
    }

    /// The rows that one item takes.
    fn item_rows(&self, item: usize, width: usize) -> Vec<Vec<Span<'static>>> {
        match &self.content {
            Content::Masked => vec![vec![Span::new(Ink::Masked, "••••••••")]],
            Content::Null => vec![vec![Span::null(), Span::new(Ink::Muted, "  NULL, no value")]],
            Content::Empty => vec![vec![Span::new(Ink::Muted, "a value of no length")]],
            Content::Bytes(_) => vec![self.byte_row(item)],
            Content::Json(_) if !self.raw => {
                let spans = self.json_spans(item);
                if self.wrap { span_rows(&spans, width, self.ascii) } else { vec![spans] }
            }
            Content::Json(_) | Content::Text => {
                let all = self.value.plain();
                let piece = self.pieces.get(&all, item);
                let span = |words: &str| vec![Span::new(Ink::Text, words.to_owned())];
                if !self.wrap {
                    return vec![span(beyond(piece, self.left, self.ascii))];
                }
                let ranges = rows(piece, width, self.ascii);
                ranges.into_iter().map(|row| span(piece.get(row).unwrap_or(""))).collect()
            }
        }
    }

    fn json_spans(&self, item: usize) -> Vec<Span<'static>> {
        let Some(line) = self.line(item) else { return Vec::new() };
        let all = self.value.plain();
        let words = |range: std::ops::Range<usize>| all.get(range).unwrap_or("");
        // Very deep documents would be indented out of sight.
        let depth = (line.depth as usize * 2).min(40);
        let mut spans = vec![Span::new(Ink::Text, " ".repeat(depth))];
        let key = words(line.key());
        if !key.is_empty() {
            spans.push(Span::new(Ink::JsonKey, text::head(key, MOST_OF_A_LINE).to_owned()));
            spans.push(Span::new(Ink::Punctuation, ": "));
        }
        let value = words(line.value());
        let folded = self.is_folded(item);
        match line.kind {
            Kind::Open if folded => {
                let (dots, noun) = match (value, line.members) {
                    ("{", 1) => ("{…}", "member"),
                    ("{", _) => ("{…}", "members"),
                    (_, 1) => ("[…]", "item"),
                    _ => ("[…]", "items"),
                };
                spans.push(Span::new(Ink::Punctuation, dots));
                let count = text::grouped(u64::from(line.members));
                spans.push(Span::new(Ink::Muted, format!(" {count} {noun}")));
            }
            Kind::Empty => {
                let pair = if value.starts_with('{') { "{}" } else { "[]" };
                spans.push(Span::new(Ink::Punctuation, pair));
            }
            kind => {
                let ink = match kind {
                    Kind::String => Ink::String,
                    Kind::Number => Ink::Number,
                    Kind::Word => Ink::Keyword,
                    _ => Ink::Punctuation,
                };
                let start = text::head(value, MOST_OF_A_LINE);
                spans.push(Span::new(ink, start.to_owned()));
                if start.len() < value.len() {
                    let rest = text::short_bytes((value.len() - start.len()) as u64);
                    spans.push(Span::new(Ink::Muted, format!("… {rest} more; t shows the text")));
                }
            }
        }
        let close = line.partner as usize;
        let comma = if folded { self.line(close).is_some_and(|it| it.comma) } else { line.comma };
        if comma {
            spans.push(Span::new(Ink::Punctuation, ","));
        }
        spans
    }

    fn byte_row(&self, item: usize) -> Vec<Span<'static>> {
        let bytes = self.byte_slice();
        let start = item * BYTES_A_ROW;
        let row = bytes.get(start..bytes.len().min(start + BYTES_A_ROW)).unwrap_or_default();
        let digits = if bytes.len() > 0xff_ffff { 8 } else { 6 };
        let mut hex = String::new();
        let mut letters = String::new();
        for at in 0..BYTES_A_ROW {
            if at == BYTES_A_ROW / 2 {
                hex.push(' ');
            }
            match row.get(at) {
                Some(byte) => {
                    hex.push_str(&format!("{byte:02x} "));
                    let letter = char::from(*byte);
                    letters.push(if (' '..='~').contains(&letter) { letter } else { '.' });
                }
                None => hex.push_str("   "),
            }
        }
        vec![
            Span::new(Ink::Muted, format!("{start:0digits$x}  ")),
            Span::new(Ink::Text, hex),
            Span::new(Ink::Muted, " "),
            Span::new(Ink::String, letters),
        ]
    }

    /// `count` rows below a row.
    pub(super) fn below(&self, mut spot: Spot, count: usize, width: usize) -> Spot {
        let mut left = count;
        loop {
            let rows = self.item_rows(spot.item, width).len().max(1);
            if spot.row + left < rows {
                return Spot { row: spot.row + left, ..spot };
            }
            left -= rows - spot.row.min(rows);
            match self.next(spot.item) {
                Some(item) => spot = Spot { item, row: 0 },
                None => return Spot { row: rows - 1, ..spot },
            }
        }
    }

    /// `count` rows above a row.
    pub(super) fn above(&self, mut spot: Spot, count: usize, width: usize) -> Spot {
        let mut left = count;
        loop {
            if left <= spot.row {
                return Spot { row: spot.row - left, ..spot };
            }
            left -= spot.row + 1;
            match self.previous(spot.item) {
                Some(item) => {
                    let rows = self.item_rows(item, width).len().max(1);
                    spot = Spot { item, row: rows - 1 };
                }
                None => return Spot::default(),
            }
        }
    }

    /// The last row of an item.
    pub(super) fn end_of(&self, item: usize, width: usize) -> Spot {
        Spot { item, row: self.item_rows(item, width).len().saturating_sub(1) }
    }
}
