//! The cell view: what the core made of the value, and how much of it is here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::model::Model;
use crate::app::overlays::cell::{Cell, Content, State};
use crate::app::overlays::place::inside;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::ink;
use crate::tui::view::overlays::words;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{dialog, scrollbar, spinner};

/// Draws it.
pub fn draw(it: &Cell, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = [
        Segment::new(Role::Title, it.name.as_str()),
        Segment::new(Role::Muted, if it.type_name.is_empty() { "" } else { "  " }),
        Segment::new(Role::Muted, it.type_name.as_str()),
    ];
    let count = words(Role::Count, said_of(it));
    let hints = hints(it);
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let body = it.body(area);
    for (row, y) in it.rows(body.width, body.height).iter().zip(body.top()..body.bottom()) {
        if row.current {
            line::paint(buf, Rect { y, height: 1, ..body }, Role::Selection, look);
        }
        ink::write(buf, (body.x, y), body.width, &row.spans, look);
    }
    if it.content == Content::Masked {
        let at = (body.x, body.y.saturating_add(2));
        let text = "This column is masked. z reveals it until you leave the table.";
        if at.1 < body.bottom() {
            line::write(buf, at, body.width, text, look.style(Role::Muted), look);
        }
    }
    let (from, to) = it.view(body.height);
    scrollbar::draw(area, from, to, buf, look);
    status(it, model, area, look, buf);
}

fn said_of(it: &Cell) -> String {
    let size = text::short_bytes(it.bytes);
    match &it.content {
        Content::Masked => "masked".to_owned(),
        Content::Null => "NULL".to_owned(),
        Content::Empty => "empty".to_owned(),
        Content::Json(_) if it.raw => format!("JSON as stored · {size}"),
        Content::Json(_) => format!("JSON · {size}"),
        Content::Bytes(_) => format!("bytes · {size}"),
        Content::Text => size,
    }
}

fn hints(it: &Cell) -> Vec<Hint<'static>> {
    let mut hints = Vec::new();
    match &it.content {
        Content::Masked => hints.push(Hint::new("z", "reveal")),
        Content::Json(_) if it.raw => hints.push(Hint::new("t", "format")),
        Content::Json(_) => {
            hints.push(Hint::new("enter", "fold"));
            hints.push(Hint::new("z", "fold all"));
            hints.push(Hint::new("t", "as stored"));
        }
        Content::Text => hints.push(Hint::new("w", if it.wrap { "no wrap" } else { "wrap" })),
        _ => {}
    }
    hints.push(Hint::new("[ ]", "column"));
    hints.push(Hint::new("n p", "row"));
    if it.content != Content::Masked && it.content != Content::Null {
        hints.push(Hint::new("y", "copy"));
    }
    hints.push(Hint::new("esc", "close"));
    hints
}

/// How much of the value is here, where it is not all of it.
fn status(it: &Cell, model: &Model, area: Rect, look: &Look, buf: &mut Buffer) {
    let inner = inside(area);
    let at = (inner.x, inner.bottom().saturating_sub(1));
    let segments = match &it.state {
        State::Whole => return,
        State::Reading => {
            let elapsed = model.tickets.elapsed(Slot::Value, model.now).unwrap_or_default();
            let sign = spinner::sign(elapsed, &look.glyphs).unwrap_or(" ");
            let doing = if model.tickets.is_cancelling(Slot::Value) {
                "stopping".to_owned()
            } else {
                format!("reading all of it, {}", text::short_bytes(it.bytes))
            };
            vec![
                Segment::new(Role::Accent, sign),
                Segment::new(Role::Muted, format!(" {doing} … {}", spinner::elapsed(elapsed))),
                Segment::new(Role::Muted, "   ctrl+c stops"),
            ]
        }
        State::Stopped(problem) => vec![
            Segment::new(Role::Warning, "Only the beginning. "),
            Segment::new(Role::Text, problem.what.as_str()),
            Segment::new(Role::Muted, "   enter reads all of it"),
        ],
        State::Gone => vec![Segment::new(
            Role::Warning,
            "Only the beginning: its row is gone. R reads the table again",
        )],
    };
    line::write_segments(buf, at, inner.width, &segments, look);
}
