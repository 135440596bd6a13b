//! Who refers to a row: two lines each, the table with its count, the key below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::browse::Referrer;
use crate::app::effect::Slot;
use crate::app::model::Model;
use crate::app::overlays::references::{Counts, References};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{thumb, words};
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Align, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{dialog, spinner};

/// Draws it.
pub fn draw(it: &References, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "Rows that refer to this one");
    let hints = [
        Hint::new("enter", "open them"),
        Hint::new("ctrl+o", "leads back"),
        Hint::new("esc", "close"),
    ];
    let foot = match (&it.counts, model.tickets.elapsed(Slot::References, model.now)) {
        (Counts::Reading, Some(elapsed)) => match spinner::sign(elapsed, &look.glyphs) {
            Some(sign) => format!("{sign} counting {}", spinner::elapsed(elapsed)),
            None => String::new(),
        },
        _ => String::new(),
    };
    let foot = words(Role::Muted, foot);
    let panel =
        Panel { title: &title, hints: &hints, foot: &foot, focused: true, ..Panel::default() };
    let inner = dialog::draw(&panel, area, buf, look);
    if let Counts::Failed(problem) = &it.counts {
        let style = look.style(Role::Warning);
        let text = format!("Not counted: {}", problem.what);
        line::write(buf, (inner.x, inner.y), inner.width, &text, style, look);
    }
    let lines = References::lines(area);
    let shown = usize::from(lines.height / 2);
    for (at, referrer) in it.referrers.iter().enumerate().skip(it.list.top).take(shown) {
        let row = u16::try_from((at - it.list.top) * 2).unwrap_or(u16::MAX);
        let place = Rect { y: lines.y.saturating_add(row), height: 2, ..lines };
        if at == it.list.cursor {
            line::paint(buf, Rect { height: 1, ..place }, Role::Selection, look);
        }
        let name = model.tree.title(&referrer.incoming.source);
        let reading = matches!(it.counts, Counts::Reading);
        one(referrer, &name, it.count(at), reading, place, look, buf);
    }
    thumb(area, it.list.top, shown, it.referrers.len(), buf, look);
}

fn one(
    referrer: &Referrer,
    name: &str,
    count: Option<String>,
    reading: bool,
    place: Rect,
    look: &Look,
    buf: &mut Buffer,
) {
    let incoming = &referrer.incoming;
    let empty = count.as_deref() == Some("no rows");
    let said = count.unwrap_or_else(|| if reading { "loading…" } else { "?" }.to_owned());
    let role = if empty { Role::Muted } else { Role::Strong };
    let room = place.width.saturating_sub(18);
    line::write(buf, (place.x, place.y), room, name, look.style(role), look);
    let x = place.right().saturating_sub(16);
    let style = look.style(if empty || reading { Role::Muted } else { Role::Number });
    line::write_aligned(buf, (x, place.y), 16.min(place.width), &said, Align::Right, style, look);
    let mut parts = vec![
        Segment::new(Role::Muted, incoming.source_columns.join(", ")),
        Segment::new(Role::Muted, " "),
        Segment::new(Role::LinkMark, look.glyphs.leads),
        Segment::new(Role::Muted, " "),
        Segment::new(Role::Muted, incoming.columns.join(", ")),
    ];
    // What goes with this row when it goes is worth a word.
    match incoming.on_delete.as_str() {
        "" | "NO ACTION" | "RESTRICT" => {}
        "CASCADE" => parts.push(Segment::new(Role::Warning, "  deleted with it")),
        other => {
            let text = format!("  on delete {}", other.to_lowercase());
            parts.push(Segment::new(Role::Muted, text));
        }
    }
    let at = (place.x.saturating_add(2), place.y.saturating_add(1));
    line::write_segments(buf, at, place.width.saturating_sub(2), &parts, look);
}
