//! What lies over the panes while the schema is changed: the work, the questions, the result.

use ratatui::buffer::Buffer;

use crate::app::effect::Slot;
use crate::app::model::Model;
use crate::app::overlays::outcome::Outcome;
use crate::app::overlays::place::inside;
use crate::app::overlays::renames::Renames;
use crate::app::overlays::working::{Doing, Working};
use crate::ops::preparation::Intent;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::ink;
use crate::tui::view::overlays::{thumb, words};
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{dialog, spinner};

/// Work that runs: its parts, those that are done, the one that runs, those to come.
pub fn working(it: &Working, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = match it.doing {
        Doing::Preparing(Intent::Generate) => "Preparing a migration",
        Doing::Preparing(Intent::Push) => "Preparing a push",
        Doing::Preparing(Intent::Compare) => "Comparing",
        Doing::Pushing => "Pushing",
        Doing::Writing => "Writing the migration",
        Doing::Migrations(words) | Doing::Operation(words) => words.running,
    };
    let elapsed = model.tickets.elapsed(Slot::Op, model.now).unwrap_or_default();
    let time = spinner::elapsed(elapsed);
    let time = match it.doing {
        Doing::Pushing => format!("{} of {}  {time}", it.at + 1, it.steps.len()),
        _ => time,
    };
    let stopping = model.tickets.is_cancelling(Slot::Op);
    let hint = match (stopping, it.doing) {
        (true, _) => Hint::new("stopping", ""),
        (false, Doing::Pushing) => Hint::new("ctrl+c", "stop"),
        (false, _) => Hint::new("esc", "stop"),
    };
    let (title, count) = (words(Role::Title, title), words(Role::Count, time));
    let panel =
        Panel { title: &title, count: &count, hints: &[hint], focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let inner = inside(area);
    let mut first = inner.y.saturating_add(1);
    let heading = it.heading(inner.width);
    for (words, y) in heading.iter().zip(first..inner.bottom()) {
        line::write(buf, (inner.x, y), inner.width, words, look.style(Role::Text), look);
        first = y.saturating_add(2);
    }
    for ((at, step), y) in it.shown().zip(first..inner.bottom()) {
        let running = spinner::sign(elapsed, &look.glyphs).unwrap_or(look.glyphs.pending);
        let (sign, mark, role) = match at.cmp(&it.at) {
            std::cmp::Ordering::Less => (look.glyphs.check, Role::Good, Role::Muted),
            std::cmp::Ordering::Equal => (running, Role::Accent, Role::Text),
            std::cmp::Ordering::Greater => (look.glyphs.pending, Role::Muted, Role::Muted),
        };
        line::put(buf, (inner.x, y), 1, sign, look.style(mark));
        let room = inner.width.saturating_sub(2);
        line::write(buf, (inner.x.saturating_add(2), y), room, step, look.style(role), look);
    }
}

/// The question of a rename that stands.
pub fn renames(it: &Renames, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "Renamed?");
    let count = match it.candidates.len() {
        1 => String::new(),
        many => format!("{} of {many}", it.at + 1),
    };
    let count = words(Role::Count, count);
    let mut hints = vec![Hint::new("y", "rename"), Hint::new("n", "drop and add")];
    if it.at > 0 {
        hints.push(Hint::new("backspace", "back"));
    }
    hints.push(Hint::new("esc", "leave"));
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let body = Renames::body(area);
    let rows = it.rows(usize::from(body.width), look.glyphs.ascii);
    for (row, y) in rows.iter().zip(body.top()..body.bottom()) {
        ink::write(buf, (body.x, y), body.width, row, look);
    }
}

/// What came of it.
pub fn outcome(it: &Outcome, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, it.title);
    let hints = [Hint::new("enter", "close")];
    let panel = Panel {
        title: &title,
        hints: &hints,
        focused: true,
        danger: it.is_bad,
        ..Panel::default()
    };
    dialog::draw(&panel, area, buf, look);
    let body = Outcome::body(area);
    let rows = it.rows(usize::from(body.width), look.glyphs.ascii);
    for (row, y) in rows.iter().skip(it.top).zip(body.top()..body.bottom()) {
        ink::write(buf, (body.x, y), body.width, row, look);
    }
    thumb(area, it.top, usize::from(body.height), rows.len(), buf, look);
}
