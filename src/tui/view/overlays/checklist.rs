//! A checklist: each item with how it stands and its evidence, below them where that comes from, and
//! in the border the keys that do something now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::model::Model;
use crate::app::overlays::checklist::{Checklist, Doing, INDENT, Mark};
use crate::app::overlays::place::inside;
use crate::ops::checklist::Aid;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::ink;
use crate::tui::view::overlays::{thumb, words};
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{dialog, spinner};

/// Draws it.
pub fn draw(it: &Checklist, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, it.title(model));
    let elapsed = it.doing.and(model.tickets.elapsed(Slot::Op, model.now));
    let open = it.open();
    let count = match (elapsed, open) {
        (Some(elapsed), _) => words(Role::Count, spinner::elapsed(elapsed)),
        (None, 0) => words(Role::Good, "all hold"),
        (None, open) => words(Role::Warning, format!("{open} open")),
    };
    let hints = hints(it, model);
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let body = Checklist::body(area);
    let rows = it.fitted(model);
    let top = it.top(&rows, usize::from(body.height));
    for (row, y) in rows.iter().skip(top).zip(body.top()..body.bottom()) {
        if let Some(item) = row.item.filter(|_| row.is_head) {
            if item == it.cursor {
                line::paint(buf, Rect { y, height: 1, ..body }, Role::Selection, look);
            }
            mark(it, item, (body.x, y), (model, look), buf);
        }
        let x = body.x.saturating_add(INDENT);
        ink::write(buf, (x, y), body.width.saturating_sub(INDENT), &row.spans, look);
    }
    thumb(area, top, usize::from(body.height), rows.len(), buf, look);
    let source = it.source();
    let inner = inside(area);
    if !source.is_empty() && body.bottom() + 1 < inner.bottom() {
        let at = (body.x.saturating_add(INDENT), body.bottom() + 1);
        let room = body.width.saturating_sub(INDENT);
        let told = format!("from {source}");
        line::write(buf, at, room, &told, look.style(Role::Muted), look);
    }
}

/// The box in front of an item.
fn mark(
    it: &Checklist,
    item: usize,
    at: (u16, u16),
    (model, look): (&Model, &Look),
    buf: &mut Buffer,
) {
    line::put(buf, at, 3, "[ ]", look.style(Role::Muted));
    let elapsed = model.tickets.elapsed(Slot::Op, model.now).unwrap_or_default();
    let running = spinner::sign(elapsed, &look.glyphs).unwrap_or(look.glyphs.pending);
    let (sign, role) = match it.mark(item) {
        Mark::Open => return,
        Mark::Shown => (look.glyphs.check, Role::Good),
        Mark::Ticked => (look.glyphs.check, Role::Accent),
        Mark::Waived => ("~", Role::Warning),
        Mark::Busy => (running, Role::Accent),
    };
    line::put(buf, (at.0.saturating_add(1), at.1), 1, sign, look.style(role));
}

fn hints(it: &Checklist, model: &Model) -> Vec<Hint<'static>> {
    if model.tickets.is_cancelling(Slot::Op) && it.doing.is_some() {
        return vec![Hint::new("stopping", "")];
    }
    match it.doing {
        Some(Doing::Gathering | Doing::Aiding(_)) => return vec![Hint::new("esc", "stop")],
        None => {}
    }
    let mut hints = Vec::new();
    if it.is_complete() {
        hints.push(Hint::new("enter", it.verb()));
    }
    if it.can_tick() {
        hints.push(Hint::new("space", "tick"));
    }
    for aid in it.aids() {
        hints.push(match aid {
            Aid::Backup => Hint::new("b", "back up"),
            Aid::Rehearse => Hint::new("r", "rehearse"),
            Aid::Notify => Hint::new("n", "notify"),
        });
    }
    if it.can_waive() {
        hints.push(Hint::new("w", "waive"));
    }
    hints.push(Hint::new("R", "look again"));
    hints.push(Hint::new("esc", "back"));
    hints
}
