//! One value in one line: what a cell of the grid, and a line of a record, show.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use crate::app::panes::data::columns::Sort;
use crate::db::value::{Value, hex};
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line::{self, Align, Segment};

/// The role of a value of that sort.
pub fn role(value: &Value, sort: Sort) -> Role {
    match value {
        Value::Null => Role::Null,
        Value::Integer(_) | Value::Real(_) => Role::Number,
        Value::Blob(_) => Role::Muted,
        Value::Malformed(_) => Role::Warning,
        Value::Text(_) if sort == Sort::Number => Role::Number,
        Value::Text(_) => Role::Text,
        Value::Truncated(long) => role(&long.prefix, sort),
    }
}

/// Whether the value is set to the right: numbers, and what stands for them.
fn align(value: &Value, sort: Sort) -> Align {
    match value.peek() {
        Value::Integer(_) | Value::Real(_) => Align::Right,
        Value::Null | Value::Text(_) if sort == Sort::Number => Align::Right,
        _ => Align::Left,
    }
}

/// Draws a value into `cells` cells. `over` lies over the value's own colours, such as the
/// ground of the row under the cursor.
pub fn draw(
    value: &Value,
    sort: Sort,
    at: (u16, u16),
    cells: u16,
    over: Option<Style>,
    buf: &mut Buffer,
    look: &Look,
) {
    let plain = look.style(role(value, sort));
    let style = over.map_or(plain, |over| plain.patch(over));
    let room = usize::from(cells);
    let long = matches!(value, Value::Truncated(_));
    match value.peek() {
        Value::Null => {
            let sign = look.glyphs.null;
            line::write_aligned(buf, at, cells, sign, align(value, sort), style, look);
        }
        Value::Text(all) if sort == Sort::Json && over.is_none_or(|over| over.fg.is_none()) => {
            json(all, at, cells, over, buf, look);
        }
        Value::Text(all) => {
            let used = line::write_aligned(buf, at, cells, all, align(value, sort), style, look);
            if long && used < cells {
                line::put(buf, (at.0 + used, at.1), 1, look.glyphs.ellipsis, style);
            }
        }
        Value::Blob(bytes) => {
            let start = bytes.get(..bytes.len().min(room)).unwrap_or_default();
            line::write(buf, at, cells, &format!("x'{}'", hex(start)), style, look);
        }
        other => {
            let plain = other.plain();
            let start = text::head(&plain, room.saturating_mul(8));
            line::write_aligned(buf, at, cells, start, align(other, sort), style, look);
        }
    }
}

/// Dots in the place of a masked value: always as many, so that not even its length shows.
pub fn mask(at: (u16, u16), cells: u16, over: Option<Style>, buf: &mut Buffer, look: &Look) {
    let plain = look.style(Role::Masked);
    let style = over.map_or(plain, |over| plain.patch(over));
    line::write(buf, at, cells, &look.glyphs.mask.repeat(6), style, look);
}

/// A document on one line, its punctuation dim.
fn json(all: &str, at: (u16, u16), cells: u16, over: Option<Style>, buf: &mut Buffer, look: &Look) {
    let start = text::head(all, usize::from(cells).saturating_mul(32));
    let mut segments: Vec<Segment<'_>> = Vec::new();
    let mut rest = start;
    while let Some(first) = rest.chars().next() {
        let dim = is_punctuation(first);
        let end = rest.find(|next| is_punctuation(next) != dim).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let role = if dim { Role::JsonPunctuation } else { Role::Text };
        segments.push(Segment::new(role, piece));
        rest = after;
    }
    let mut used = line::write_segments(buf, at, cells, &segments, look);
    if start.len() < all.len() && used < cells {
        let style = look.style(Role::JsonPunctuation);
        used += line::put(buf, (at.0 + used, at.1), 1, look.glyphs.ellipsis, style);
    }
    if let Some(over) = over {
        let area = ratatui::layout::Rect { x: at.0, y: at.1, width: used, height: 1 };
        buf.set_style(area.intersection(buf.area), over);
    }
}

fn is_punctuation(character: char) -> bool {
    matches!(character, '{' | '}' | '[' | ']' | ',' | ':' | '"')
}
