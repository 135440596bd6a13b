//! Questions and single lines to type.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::change;
use crate::app::layout::layout;
use crate::app::model::Model;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::confirm::Confirm;
use crate::app::overlays::place::inside;
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::update::screen;
use crate::config::{Protection, veiled};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::words;
use crate::tui::widgets::dialog;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line;
use crate::tui::widgets::panel::Panel;

/// A question of yes or no.
pub fn confirm(it: &Confirm, area: Rect, look: &Look, buf: &mut Buffer) {
    let width = dialog::narrow(area, 44);
    let room = usize::from(width.saturating_sub(4));
    let rows = wrap::rows(&it.text, room, look.glyphs.ascii);
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(4);
    let title = words(Role::Title, it.title.as_str());
    let hints = [Hint::new("y", it.yes.as_str()), Hint::new("n", "stay")];
    let panel = Panel { title: &title, hints: &hints, focused: true, ..Panel::default() };
    let inner = dialog::draw(&panel, dialog::centred(area, width, height), buf, look);
    for (row, y) in rows.into_iter().zip(inner.y.saturating_add(1)..inner.bottom()) {
        let text = it.text.get(row).unwrap_or("");
        line::write(buf, (inner.x, y), inner.width, text, look.style(Role::Text), look);
    }
}

fn is_production(model: &Model) -> bool {
    model.target.as_ref().is_none_or(|target| target.protection == Protection::Production)
}

/// A line to type in a dialog of its own.
pub fn prompt(it: &Prompt, model: &Model, area: Rect, look: &Look, buf: &mut Buffer) {
    let (name, placeholder, enter) = match it.purpose {
        Purpose::FindRows | Purpose::FindTables => ("Find", "", "find"),
        Purpose::GoTo => ("Go to a place in the table", "percent, 0 to 100", "go"),
        Purpose::Export => (
            "Export these rows to a file",
            "its ending says the format: csv, tsv, jsonl, json, sql, md",
            "write",
        ),
        Purpose::FromFile => ("Read the value from a file", "its path; up to 16 MiB", "read"),
        Purpose::ToFile => ("Write the value to a file", "a path that is not there yet", "write"),
        Purpose::Address => {
            ("Open a database", "postgres://…, a SQLite file, or an environment", "open")
        }
        Purpose::Waiver => {
            ("Why go on without it?", "the reason is kept in the history", "waive it")
        }
        Purpose::Reason(mending) => (mending.question(), "the reason is kept", "go on"),
        Purpose::DatabaseName if is_production(model) => {
            ("This is production: type the database's name", "its name", "run it")
        }
        Purpose::DatabaseName => ("To make sure: type the database's name", "its name", "run it"),
        Purpose::Rows => ("How many rows for each table?", "a number, as 100", "go on"),
        Purpose::Migration => ("Name of the migration", "what it does, in a few words", "write"),
    };
    let title = words(Role::Title, name);
    let esc = match it.purpose {
        Purpose::Migration => "back to the plan",
        Purpose::DatabaseName => "back",
        Purpose::Waiver => "back to the checklist",
        _ => "close",
    };
    let hints = [Hint::new("enter", enter), Hint::new("esc", esc)];
    let panel = Panel { title: &title, hints: &hints, focused: true, ..Panel::default() };
    let least = if it.purpose == Purpose::GoTo { 40 } else { 64 };
    let width = if least == 40 { 40 } else { dialog::narrow(area, least) };
    let at = dialog::centred(area, width, 5);
    let inner = dialog::draw(&panel, at, buf, look);
    let top = model.overlays.last();
    let focused = matches!(top, Some(crate::app::overlays::Overlay::Prompt(_)));
    // Whoever looks over the shoulder shall not read a password.
    let text = match it.purpose {
        Purpose::Address => veiled(it.field.text()),
        _ => it.field.text().to_owned(),
    };
    let (lines, cursor) = ([text], (0, it.field.cursor()));
    let shown = Field { lines: &lines, cursor, placeholder, focused, masked: false };
    shown.draw(Rect { height: 1, ..inner }, buf, look);
    if let Some(complaint) = &it.complaint {
        let y = inner.y.saturating_add(2).min(inner.bottom().saturating_sub(1));
        line::write(buf, (inner.x, y), inner.width, complaint, look.style(Role::Danger), look);
    } else if let Some(review) = change::under_review(model) {
        let y = inner.y.saturating_add(2).min(inner.bottom().saturating_sub(1));
        let drafts = review.prepared.drafts(it.field.text());
        let first = drafts.first().map_or("", |draft| draft.name.as_str());
        let files = match drafts.len() {
            0 | 1 => format!("{first}.up.sql and .down.sql"),
            many => format!("{many} migrations, from {first} on"),
        };
        line::write(buf, (inner.x, y), inner.width, &files, look.style(Role::Muted), look);
    }
}

/// A line to type at the bottom border of the pane it is about.
pub fn find(it: &Prompt, model: &Model, look: &Look, buf: &mut Buffer) {
    let places = layout(model, screen(model));
    let pane = if it.purpose == Purpose::FindTables { places.tree } else { places.main };
    if pane.width < 8 || pane.height < 3 {
        return;
    }
    let within = inside(Rect { height: 3, ..pane });
    let y = pane.bottom() - 1;
    let row = Rect { x: pane.x + 1, y, width: pane.width - 2, height: 1 };
    line::clear(buf, row, Role::Field, look);
    line::write(buf, (row.x, y), 2, "/ ", look.style(Role::Accent), look);
    let place = Rect { x: within.x + 1, y, width: within.width.saturating_sub(1), height: 1 };
    let placeholder =
        if it.purpose == Purpose::FindTables { "a table" } else { "text in the loaded rows" };
    field(&it.field, placeholder, true, place, look, buf);
}

/// A field of the core, drawn.
pub fn field(
    field: &crate::app::field::Field,
    placeholder: &str,
    focused: bool,
    area: Rect,
    look: &Look,
    buf: &mut Buffer,
) {
    let lines = [field.text().to_owned()];
    let cursor = (0, field.cursor());
    Field { lines: &lines, cursor, placeholder, focused, masked: false }.draw(area, buf, look);
}
