//! The help: keys and what they do, in columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::help::{GAP, Help, Line};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{dialogs, thumb, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;

/// The cells the keys of a command have.
const KEYS: u16 = 16;

/// Draws it.
pub fn draw(it: &Help, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "Keys");
    let hints = [Hint::new("type", "to narrow"), Hint::new("esc", "close")];
    let panel = Panel { title: &title, hints: &hints, focused: true, ..Panel::default() };
    let inner = dialog::draw(&panel, area, buf, look);
    line::put(buf, (inner.x, inner.y), 2, look.glyphs.prompt, look.style(Role::Accent));
    let place = Rect {
        x: inner.x.saturating_add(2),
        width: inner.width.saturating_sub(2).min(40),
        height: inner.height.min(1),
        ..inner
    };
    dialogs::field(&it.field, "what to look for", true, place, look, buf);
    let body = Help::body(area);
    let columns = it.columns(model);
    let count = u16::try_from(columns.len()).unwrap_or(1).max(1);
    let each = (body.width + GAP) / count - GAP.min((body.width + GAP) / count);
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    if rows == 0 {
        let text = "No command or key matches";
        line::write(buf, (body.x, body.y), body.width, text, look.style(Role::Muted), look);
    }
    for (column, x) in columns.iter().zip((body.x..).step_by(usize::from(each + GAP))) {
        for (line, y) in column.iter().skip(it.top).zip(body.top()..body.bottom()) {
            one(line, (x, y), each, look, buf);
        }
    }
    thumb(area, it.top, usize::from(body.height), rows, buf, look);
}

fn one(found: &Line, at: (u16, u16), cells: u16, look: &Look, buf: &mut Buffer) {
    match found {
        Line::Blank => {}
        Line::Group(name) => {
            line::write(buf, at, cells, name, look.style(Role::Group), look);
        }
        Line::Command(keys, title) => {
            let mut parts: Vec<Segment<'_>> = Vec::new();
            for key in keys {
                if !parts.is_empty() {
                    parts.push(Segment::new(Role::Muted, " "));
                }
                parts.push(Segment::new(Role::HintKey, key.as_str()));
            }
            let keys = KEYS.min(cells / 3);
            line::write_segments(buf, at, keys, &parts, look);
            let x = at.0.saturating_add(keys + 1);
            let room = cells.saturating_sub(keys + 1);
            line::write(buf, (x, at.1), room, title, look.style(Role::Text), look);
        }
    }
}
