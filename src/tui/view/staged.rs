//! Edits that wait, in their place in the grid: what a cell will hold with a mark at its edge,
//! new rows below the others, rows that go struck through. A mark always goes with the colour.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::edit::{first_new_row, is_needed};
use crate::app::layout::{ColumnPlace, Layout};
use crate::app::model::{Focus, Model};
use crate::app::panes::data::DataPane;
use crate::app::panes::data::columns::Sort;
use crate::db::edit::{RowEdit, Wanted};
use crate::db::page::Row;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::cell;
use crate::tui::widgets::line::{self, Align, Segment};

/// How many rows of this table are edited, after how many there are.
pub fn count(model: &Model, pane: &DataPane, out: &mut Vec<Segment<'static>>, look: &Look) {
    let counts = model.staged.counts(&pane.name);
    let parts = [
        (counts.changed, "changed", Role::Changed),
        (counts.added, "added", Role::Added),
        (counts.deleted, "deleted", Role::Deleted),
    ];
    let mut edits = Vec::new();
    for (count, word, role) in parts.into_iter().filter(|(count, ..)| *count > 0) {
        if !edits.is_empty() {
            edits.push(Segment::new(Role::Count, format!(" {} ", look.glyphs.dot)));
        }
        // Struck through, the count itself would read as gone.
        let role = if role == Role::Deleted { Role::Danger } else { role };
        edits.push(Segment::new(role, format!("{count} {word}")));
    }
    if !edits.is_empty() && !out.is_empty() {
        edits.push(Segment::new(Role::Count, format!(" {} ", look.glyphs.dot)));
    }
    edits.append(out);
    *out = edits;
}

/// The edit of a row that is drawn.
pub fn edit_of<'a>(model: &'a Model, pane: &DataPane, row: &Row) -> Option<&'a RowEdit> {
    if !model.staged.touches(&pane.name) {
        return None;
    }
    crate::app::edit::edit_of(model, pane.asked_for()?, row)
}

/// What a cell of an edited row is to hold.
pub fn wanted<'a>(edit: Option<&'a RowEdit>, pane: &DataPane, index: usize) -> Option<&'a Wanted> {
    let name = &pane.columns.get(index)?.name;
    match edit? {
        RowEdit::Changed { cells, .. } => cells.get(name).map(|cell| &cell.wanted),
        RowEdit::Added { cells } => cells.get(name),
        RowEdit::Deleted { .. } => None,
    }
}

/// A cell that is to hold something else than was read.
pub fn cell(
    pane: &DataPane,
    wanted: &Wanted,
    place: ColumnPlace,
    y: u16,
    over: Option<Style>,
    look: &Look,
    buf: &mut Buffer,
) {
    let Some(column) = pane.columns.get(place.index) else { return };
    let at = (place.x, y);
    let changed = look.style(Role::Changed);
    let style = over.map_or(changed, |over| changed.patch(over));
    if let Some(over) = over.filter(|over| over.bg.is_some() || !over.add_modifier.is_empty()) {
        buf.set_style(Rect { x: place.x, y, width: place.width, height: 1 }, over);
    }
    match wanted {
        _ if !pane.is_shown(place.index) => cell::mask(at, place.width, over, buf, look),
        Wanted::Default => {
            line::write(buf, at, place.width, "default", style, look);
        }
        Wanted::Row(from) => {
            line::write(buf, at, place.width, &from.words(), style, look);
        }
        Wanted::Value(value) => {
            cell::draw(value, column.sort, at, place.width, Some(style), buf, look);
        }
    }
}

/// The marks of an edited row: at its left that it goes, at the edge of each cell that changes.
pub fn mark(
    edit: Option<&RowEdit>,
    pane: &DataPane,
    _row: &Row,
    places: &Layout,
    y: u16,
    look: &Look,
    buf: &mut Buffer,
) {
    let left = places.grid_rows.x;
    match edit {
        Some(RowEdit::Deleted { .. }) => {
            let style = look.style(Role::Deleted);
            for place in &places.columns {
                buf.set_style(Rect { x: place.x, y, width: place.width, height: 1 }, style);
            }
            line::put(buf, (left, y), 1, look.glyphs.cross, look.style(Role::Danger));
        }
        Some(RowEdit::Changed { .. }) => {
            for place in &places.columns {
                if wanted(edit, pane, place.index).is_some() {
                    let x = place.x.saturating_sub(1);
                    line::put(buf, (x, y), 1, look.glyphs.edge, look.style(Role::Changed));
                }
            }
        }
        Some(RowEdit::Added { .. }) | None => {}
    }
}

/// The new rows.
pub fn new_rows(model: &Model, pane: &DataPane, look: &Look, places: &Layout, buf: &mut Buffer) {
    let area = places.new_rows;
    let added = model.staged.added(&pane.name);
    let first = first_new_row(pane.new_row, added.len(), usize::from(area.height));
    let shown = added.iter().enumerate().skip(first);
    for ((at, (_, cells)), y) in shown.zip(area.top()..area.bottom()) {
        let line_area = Rect { y, height: 1, ..area };
        let current = pane.new_row == Some(at);
        let here = model.focus == Focus::Main;
        if current {
            let role = if here { Role::Selection } else { Role::SelectionAway };
            line::paint(buf, line_area, role, look);
        }
        line::put(buf, (area.x, y), 1, "+", look.style(Role::Added));
        for place in &places.columns {
            let cursor = current && here && place.place == pane.columns.cursor();
            let over = cursor.then(|| look.style(Role::Cursor));
            let Some(column) = pane.columns.get(place.index) else { continue };
            match cells.get(&column.name) {
                Some(wanted @ (Wanted::Value(_) | Wanted::Row(_))) => {
                    new_cell(pane, wanted, *place, y, over, look, buf);
                }
                Some(Wanted::Default) | None => {
                    if let Some(over) = over {
                        buf.set_style(Rect { x: place.x, width: place.width, ..line_area }, over);
                    }
                    left_out(pane, *place, y, over, look, buf);
                }
            }
        }
    }
}

fn new_cell(
    pane: &DataPane,
    wanted: &Wanted,
    place: ColumnPlace,
    y: u16,
    over: Option<Style>,
    look: &Look,
    buf: &mut Buffer,
) {
    let added = look.style(Role::Added);
    let style = over.map_or(added, |over| added.patch(over));
    cell(pane, wanted, place, y, Some(style), look, buf);
}

/// A cell of a new row that is given nothing: what the database will do about it.
fn left_out(
    pane: &DataPane,
    place: ColumnPlace,
    y: u16,
    over: Option<Style>,
    look: &Look,
    buf: &mut Buffer,
) {
    let Some(column) = pane.columns.get(place.index) else { return };
    let known = pane.relation.as_ref().and_then(|relation| relation.column(&column.name));
    let Some(known) = known else { return };
    let (role, words) = if is_needed(known) {
        (Role::Warning, "needed")
    } else if known.generation.is_some() {
        (Role::Placeholder, "generated")
    } else if known.default.is_some() {
        (Role::Placeholder, "default")
    } else {
        (Role::Null, look.glyphs.null)
    };
    let plain = look.style(role);
    let style = over.map_or(plain, |over| plain.patch(over));
    let align = if column.sort == Sort::Number { Align::Right } else { Align::Left };
    line::write_aligned(buf, (place.x, y), place.width, words, align, style, look);
}
