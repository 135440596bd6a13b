//! The cell view: one value in full, as what it is: a document, bytes, text, NULL.
//!
//! It keeps the value it shows, so rows may come and go below it. A value of which only the
//! beginning came with the page is asked for whole at once, and can be let go of. A masked
//! value is not even kept here until it is revealed.

pub mod json;
mod keys;
mod lines;
pub mod wrap;

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use crate::app::clipboard;
use crate::app::effect::{Effect, Slot};
use crate::app::model::Model;
use crate::app::msg::Event;
use crate::app::overlays::cell::json::Document;
use crate::app::overlays::cell::wrap::Pieces;
use crate::app::overlays::place::{centred, inside};
use crate::app::panes::data::columns::Sort;
use crate::app::update::screen;
use crate::db::value::Value;
use crate::ops::session::{Answer, Request};
use crate::problem::Problem;

pub use lines::Row;

/// A cell in full.
#[derive(Debug)]
pub struct Cell {
    /// The column's name.
    pub name: String,
    /// The column's type as the catalogue prints it.
    pub type_name: String,
    /// The size of the whole value in bytes.
    pub bytes: u64,
    /// Whether all of it is here.
    pub state: State,
    /// What it is shown as.
    pub content: Content,
    /// Whether long lines go on below, or to the right.
    pub wrap: bool,
    /// Whether a document is shown as it was stored.
    pub raw: bool,
    index: usize,
    sort: Sort,
    base_type: String,
    value: Value,
    /// The pieces of the text; empty until text is shown.
    pieces: Pieces,
    folds: Folds,
    top: Spot,
    /// The line of a document under the cursor.
    cursor: usize,
    left: usize,
    ascii: bool,
}

/// How much of the value is here.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// All of it.
    Whole,
    /// Its beginning; the rest is on its way.
    Reading,
    /// Its beginning; reading the rest failed or was stopped.
    Stopped(Problem),
    /// Its beginning; its row is not there any more.
    Gone,
}

/// What a value is shown as.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Dots.
    Masked,
    /// NULL.
    Null,
    /// A value of no length.
    Empty,
    /// Text.
    Text,
    /// A JSON document.
    Json(Document),
    /// Bytes: those of the value itself, or those its text stands for.
    Bytes(Option<Vec<u8>>),
}

/// Which objects and arrays of a document are folded.
#[derive(Debug, Default)]
struct Folds {
    all: bool,
    but: BTreeSet<usize>,
}

/// A row on the screen: a piece, a line or sixteen bytes, and the row within it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    item: usize,
    row: usize,
}

impl Cell {
    /// The cell under the cursor of the grid.
    pub fn under_cursor(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Box<Self>> {
        let index = model.data.as_ref()?.columns.current()?;
        Self::at(model, index, effects)
    }

    /// The cell of a column, by its index in the catalogue's order, in the row under the cursor.
    pub fn at(model: &mut Model, index: usize, effects: &mut Vec<Effect>) -> Option<Box<Self>> {
        let pane = model.data.as_ref()?;
        let column = pane.columns.get(index)?;
        let value = pane.current_row()?.cells.get(index)?;
        let shown = pane.is_shown(index);
        let catalogue = pane.relation.as_ref().and_then(|relation| relation.column(&column.name));
        let mut cell = Self {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            bytes: 0,
            state: State::Whole,
            content: Content::Masked,
            wrap: true,
            raw: false,
            index,
            sort: column.sort,
            base_type: catalogue.map(|column| column.base_type.clone()).unwrap_or_default(),
            value: Value::Null,
            pieces: Pieces::default(),
            folds: Folds::default(),
            top: Spot::default(),
            cursor: 0,
            left: 0,
            ascii: model.ascii,
        };
        if shown {
            let value = value.clone();
            let long = matches!(value, Value::Truncated(_));
            cell.take(value);
            if long {
                cell.read(model, effects);
            }
        }
        Some(Box::new(cell))
    }

    /// Asks for all of a value whose beginning is here.
    fn read(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if let Some(request) = clipboard::whole(model, self.index) {
            model.start(Slot::Value, Request::Value(Box::new(request)), effects);
            self.state = State::Reading;
        }
    }

    /// Shows a value from its beginning on.
    fn take(&mut self, value: Value) {
        self.bytes = match &value {
            Value::Truncated(long) => long.bytes,
            Value::Blob(bytes) | Value::Malformed(bytes) => bytes.len() as u64,
            other => other.plain().len() as u64,
        };
        let whole = !matches!(value, Value::Truncated(_));
        self.content = content(&value, self.sort, &self.base_type, whole);
        self.value = value;
        self.pieces = Pieces::default();
        self.cut();
    }

    /// Cuts the text into pieces where text is shown.
    fn cut(&mut self) {
        let text = matches!(self.content, Content::Text) || (self.is_json() && self.raw);
        if text && self.pieces.is_empty() {
            self.pieces = Pieces::cut(&self.value.plain());
        }
    }

    /// Whether a document is shown, formatted or as it was stored.
    pub fn is_json(&self) -> bool {
        matches!(self.content, Content::Json(_))
    }

    /// The document, where it is shown formatted.
    fn document(&self) -> Option<&Document> {
        match &self.content {
            Content::Json(document) if !self.raw => Some(document),
            _ => None,
        }
    }

    fn byte_slice(&self) -> &[u8] {
        match (&self.content, self.value.peek()) {
            (Content::Bytes(Some(bytes)), _) => bytes,
            (_, Value::Blob(bytes) | Value::Malformed(bytes)) => bytes,
            _ => &[],
        }
    }

    /// Takes the whole value; whether the answer was for it.
    pub fn reply(&mut self, slot: Slot, event: &Event) -> bool {
        if slot != Slot::Value || self.state != State::Reading {
            return false;
        }
        match event {
            Event::Done(Answer::Value(Some(value))) => {
                self.state = State::Whole;
                self.take(value.clone());
            }
            Event::Done(Answer::Value(None)) => self.state = State::Gone,
            Event::Done(_) | Event::Progress(_) | Event::Ran(_) | Event::Said(_) => {
                return false;
            }
            Event::Failed(problem) => self.state = State::Stopped(problem.clone()),
        }
        true
    }

    /// Where it stands: as high as the value needs, and no higher than the screen allows.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = screen.width.saturating_sub(2).min(112);
        let most = screen.height.saturating_sub(4);
        let room = usize::from(width.saturating_sub(4));
        let status = u16::from(self.state != State::Whole);
        let rows = match self.state {
            State::Reading => usize::from(most),
            _ => self.count_rows(room, usize::from(most)),
        };
        let height = u16::try_from(rows).unwrap_or(most).max(3).saturating_add(2 + status);
        centred(screen, width, height.min(most))
    }

    /// Where the value stands in there; what is left out below says how much of it is here.
    pub fn body(&self, area: Rect) -> Rect {
        let inner = inside(area);
        let status = u16::from(self.state != State::Whole);
        Rect { height: inner.height.saturating_sub(status), ..inner }
    }
}

/// What a value is shown as. A document of which only the beginning is here is still text.
fn content(value: &Value, sort: Sort, base_type: &str, whole: bool) -> Content {
    match value.peek() {
        Value::Null => Content::Null,
        Value::Blob(bytes) if bytes.is_empty() => Content::Empty,
        Value::Blob(_) | Value::Malformed(_) => Content::Bytes(None),
        Value::Text(text) if text.is_empty() => Content::Empty,
        Value::Text(text) if base_type == "bytea" => match unhex(text) {
            Some(bytes) => Content::Bytes(Some(bytes)),
            None => Content::Text,
        },
        Value::Text(text) => {
            let opens = text.trim_start().starts_with(['{', '[']);
            let document = whole && (sort == Sort::Json || opens);
            match document.then(|| Document::read(text)).flatten() {
                Some(document) => Content::Json(document),
                None => Content::Text,
            }
        }
        _ => Content::Text,
    }
}

/// The bytes of PostgreSQL's hex form of `bytea` (manual 8.4.1); a digit without its twin, at
/// the end of a beginning, is left out.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    digits.chunks_exact(2).map(pair).collect()
}
