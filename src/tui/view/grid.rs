//! The rows of a table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::effect::Slot;
use crate::app::layout::{ColumnPlace, GUTTER, Layout};
use crate::app::model::{Focus, Model, PATIENCE};
use crate::app::panes::data::DataPane;
use crate::app::panes::data::columns::{GridColumn, Sort};
use crate::app::panes::data::motion::holds;
use crate::db::page::Row;
use crate::schema::RelationKind;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::frame::rows_text;
use crate::tui::view::tree::is_production;
use crate::tui::view::{cell, problem, staged};
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{scrollbar, spinner};

/// Draws the rows, or what to do when there are none.
pub fn draw(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let title = title(model, look);
    let pane = model.data.as_ref();
    let mut count = pane.map(|pane| count(pane, look)).unwrap_or_default();
    if let Some(pane) = pane {
        staged::count(model, pane, &mut count, look);
    }
    let foot = pane.map(|pane| foot(pane, look)).unwrap_or_default();
    let panel = Panel {
        title: &title,
        count: &count,
        foot: &foot,
        focused: model.focus == Focus::Main && model.overlays.is_empty(),
        danger: is_production(model),
        ..Panel::default()
    };
    panel.draw(places.main, buf, look);
    let Some(pane) = pane else {
        overview(model, look, places.body, buf);
        return;
    };
    if let Some(failure) = &pane.problem {
        problem::draw(failure, places.body, buf, look);
        return;
    }
    header(pane, look, places, buf);
    rows(model, pane, look, places, buf);
    staged::new_rows(model, pane, look, places, buf);
    filter(pane, look, places, buf);
    bar(pane, look, places, buf);
}

/// The relation's name; in front of it, when rows are long in coming, that they are.
fn title<'a>(model: &'a Model, look: &Look) -> Vec<Segment<'a>> {
    let mut out = Vec::new();
    let waiting = model
        .awaited()
        .filter(|slot| matches!(slot, Slot::Page | Slot::Relation | Slot::Peek | Slot::Count))
        .filter_map(|slot| model.tickets.elapsed(slot, model.now))
        .max()
        .filter(|time| *time >= PATIENCE);
    if let Some(time) = waiting {
        let sign = spinner::sign(time, &look.glyphs).unwrap_or_default();
        out.push(Segment::new(Role::Accent, format!("{sign} ")));
    }
    match (&model.opening, &model.data, waiting) {
        (Some(opening), _, Some(_)) | (Some(opening), None, _) => {
            out.push(Segment::new(Role::Title, model.tree.title(&opening.pane.name)));
        }
        (_, Some(pane), _) => out.push(Segment::new(Role::Title, model.tree.title(&pane.name))),
        (None, None, _) => out.push(Segment::new(Role::Title, "Rows")),
    }
    if let Some(time) = waiting {
        out.push(Segment::new(Role::Muted, format!(" {}", spinner::elapsed(time))));
    }
    out
}

/// How many rows there are, and the order they are in.
fn count(pane: &DataPane, look: &Look) -> Vec<Segment<'static>> {
    let mut out = Vec::new();
    let known = rows_text(pane.total());
    if !known.is_empty() {
        out.push(Segment::new(Role::Count, known));
    } else if !pane.filter.is_empty() && pane.window.is_loaded() {
        let least = format!("{}+ rows", text::grouped(pane.window.len() as u64));
        out.push(Segment::new(Role::Count, least));
    }
    if !pane.sort.is_empty() {
        let arrow = |descending| {
            if descending { look.glyphs.descending } else { look.glyphs.ascending }
        };
        let keys = pane.sort.iter().map(|key| format!("{} {}", key.column, arrow(key.descending)));
        let by = format!("by {}", keys.collect::<Vec<_>>().join(", "));
        if !out.is_empty() {
            out.push(Segment::new(Role::Count, format!(" {} ", look.glyphs.dot)));
        }
        out.push(Segment::new(Role::HeaderSorted, by));
    }
    out
}

/// The type of the column under the cursor, and which row it is.
fn foot(pane: &DataPane, look: &Look) -> Vec<Segment<'static>> {
    let mut parts = Vec::new();
    if !pane.marked.is_empty() {
        parts.push(format!("{} marked", pane.marked.len()));
    }
    if pane.columns.hidden() > 0 {
        parts.push(format!("{} hidden", pane.columns.hidden()));
    }
    if let Some(column) = pane.columns.current_column() {
        // SQLite's columns need no type, and a view's expressions have none.
        let gap = if column.type_name.is_empty() { "" } else { " " };
        parts.push(format!("{}{gap}{}", column.name, column.type_name));
    }
    if let (Some(offset), false) = (pane.window.offset(), pane.window.is_empty()) {
        parts.push(format!("row {}", text::grouped(offset + pane.row as u64 + 1)));
    }
    let between = format!(" {} ", look.glyphs.dot);
    vec![Segment::new(Role::Muted, parts.join(&between))]
}

fn header(pane: &DataPane, look: &Look, places: &Layout, buf: &mut Buffer) {
    let y = places.grid_header.y;
    for place in &places.columns {
        let Some(column) = pane.columns.get(place.index) else { continue };
        column_name(pane, column, *place, y, look, buf);
    }
    let (first, body) = (pane.columns.left(), places.body);
    if first > pane.columns.pinned() {
        line::put(buf, (body.x, y), 1, look.glyphs.more_left, look.style(Role::Muted));
    }
    let last = places.columns.last().map_or(0, |place| place.place + 1);
    if last < pane.columns.shown().len() {
        let x = body.right().saturating_sub(1);
        line::put(buf, (x, y), 1, look.glyphs.more_right, look.style(Role::Muted));
    }
}

fn column_name(
    pane: &DataPane,
    column: &GridColumn,
    place: ColumnPlace,
    y: u16,
    look: &Look,
    buf: &mut Buffer,
) {
    let glyphs = &look.glyphs;
    let sorted = pane.sort.iter().find(|key| key.column == column.name);
    let name = if sorted.is_some() { Role::HeaderSorted } else { Role::Header };
    let mut parts = Vec::new();
    if column.primary {
        parts.push(Segment::new(Role::KeyMark, format!("{} ", glyphs.key)));
    }
    parts.push(Segment::new(name, column.name.as_str()));
    if column.foreign {
        parts.push(Segment::new(Role::LinkMark, format!(" {}", glyphs.leads)));
    }
    if let Some(key) = sorted {
        let arrow = if key.descending { glyphs.descending } else { glyphs.ascending };
        parts.push(Segment::new(Role::HeaderSorted, arrow));
    }
    let wide = u16::try_from(line::segments_width(&parts, look)).unwrap_or(u16::MAX);
    let right = column.sort == Sort::Number && wide < place.width;
    let x = if right { place.x + place.width - wide } else { place.x };
    line::write_segments(buf, (x, y), place.width, &parts, look);
}

fn rows(model: &Model, pane: &DataPane, look: &Look, places: &Layout, buf: &mut Buffer) {
    let area = places.grid_rows;
    if pane.window.is_empty() && pane.window.is_loaded() {
        if places.new_rows.height == 0 {
            empty(pane, look, area, buf);
        }
        return;
    }
    let waiting = model.tickets.elapsed(Slot::Page, model.now).is_some_and(|it| it >= PATIENCE)
        || (model.opening.is_some()
            && [Slot::Relation, Slot::Peek].into_iter().any(|slot| {
                model.tickets.elapsed(slot, model.now).is_some_and(|it| it >= PATIENCE)
            }));
    let stale = waiting.then(|| look.style(Role::Stale));
    let wanted = pane.find.to_lowercase();
    let height = usize::from(area.height);
    let shown = pane.window.rows().enumerate().skip(pane.top).take(height);
    let picked = pane.range_rows();
    for ((index, row), y) in shown.zip(area.y..) {
        let line_area = Rect { y, height: 1, ..area };
        let current = index == pane.row && pane.new_row.is_none();
        let edit = staged::edit_of(model, pane, row);
        if picked.as_ref().is_some_and(|range| range.contains(&index)) || pane.is_marked(row) {
            line::paint(buf, line_area, Role::Marked, look);
            line::put(buf, (area.x, y), GUTTER, look.glyphs.marked, look.style(Role::Accent));
        }
        if current {
            let here = model.focus == Focus::Main;
            let role = if here { Role::Selection } else { Role::SelectionAway };
            line::paint(buf, line_area, role, look);
        }
        for place in &places.columns {
            let cursor = current && place.place == pane.columns.cursor();
            let over = over(model, look, cursor).or(stale);
            match staged::wanted(edit, pane, place.index) {
                Some(wanted) => staged::cell(pane, wanted, *place, y, over, look, buf),
                None => value(pane, row, *place, y, over, &wanted, look, buf),
            }
        }
        staged::mark(edit, pane, row, places, y, look, buf);
    }
}

/// What lies over the colours of the cell under the cursor.
fn over(model: &Model, look: &Look, cursor: bool) -> Option<Style> {
    (cursor && model.focus == Focus::Main).then(|| look.style(Role::Cursor))
}

#[expect(clippy::too_many_arguments, reason = "one cell: what, where, and how it looks")]
fn value(
    pane: &DataPane,
    row: &Row,
    place: ColumnPlace,
    y: u16,
    over: Option<Style>,
    wanted: &str,
    look: &Look,
    buf: &mut Buffer,
) {
    let (Some(value), Some(column)) = (row.cells.get(place.index), pane.columns.get(place.index))
    else {
        return;
    };
    let at = (place.x, y);
    let shown = pane.is_shown(place.index);
    let found = shown && !wanted.is_empty() && holds(value, wanted);
    let over = match (over, found) {
        (Some(over), _) => Some(over),
        (None, true) => Some(look.style(Role::Match)),
        (None, false) => None,
    };
    if let Some(over) = over.filter(|over| over.bg.is_some() || !over.add_modifier.is_empty()) {
        buf.set_style(Rect { x: place.x, y, width: place.width, height: 1 }, over);
    }
    if shown {
        cell::draw(value, column.sort, at, place.width, over, buf, look);
    } else {
        cell::mask(at, place.width, over, buf, look);
    }
}

/// No rows: why, and what to do.
fn empty(pane: &DataPane, look: &Look, area: Rect, buf: &mut Buffer) {
    let (what, next) = if !pane.filter.is_empty() {
        ("No row meets the filter", "F clears it, f changes it")
    } else if matches!(pane.kind(), Some(RelationKind::View | RelationKind::MaterializedView)) {
        ("This view has no rows", "2 shows how it is defined")
    } else {
        ("This table is empty", "a adds a row, 2 shows its structure, R reads it again")
    };
    let y = area.y + area.height * 2 / 5;
    for (at, (role, words)) in (0..).zip([(Role::Text, what), (Role::Muted, next)]) {
        let wide = u16::try_from(text::width(words)).unwrap_or(u16::MAX);
        let x = area.x + area.width.saturating_sub(wide) / 2;
        line::write(buf, (x, y + at), area.width, words, look.style(role), look);
    }
}

/// The conditions all rows meet.
fn filter(pane: &DataPane, look: &Look, places: &Layout, buf: &mut Buffer) {
    let area = places.filter;
    if area.height == 0 {
        return;
    }
    let segments = [
        Segment::new(Role::Muted, "filter: "),
        Segment::new(Role::Information, pane.filter_text()),
    ];
    let room = area.width.saturating_sub(2);
    line::write_segments(buf, (area.x + GUTTER, area.y), room, &segments, look);
}

/// Where in all the rows the screen is, as far as it is known.
fn bar(pane: &DataPane, look: &Look, places: &Layout, buf: &mut Buffer) {
    let height = places.grid_height() as f64;
    let Some((total, _)) = pane.total() else { return };
    let total = (total as f64).max(pane.window.len() as f64).max(1.0);
    let from = match pane.window.offset() {
        Some(offset) => (offset as f64 + pane.top as f64) / total,
        None if !pane.window.more_after() => {
            1.0 - (pane.window.len().saturating_sub(pane.top)) as f64 / total
        }
        None => return,
    };
    let from = from.clamp(0.0, 1.0);
    scrollbar::draw(places.main, from, (from + height / total).min(1.0), buf, look);
}

/// Before any table is open: what is here, and how to go on.
fn overview(model: &Model, look: &Look, body: Rect, buf: &mut Buffer) {
    let Some(facts) = model.facts() else { return };
    let tables = model.tree.relation_count();
    let mut lines: Vec<(Role, String)> = vec![
        (Role::Strong, facts.database.clone()),
        (Role::Muted, format!("{} {} at {}", facts.engine.name(), facts.version, facts.place)),
    ];
    let mut more = Vec::new();
    more.extend(facts.user.as_ref().map(|user| format!("as {user}")));
    more.extend(facts.bytes.map(text::short_bytes));
    more.push(match tables {
        1 => "1 table or view".to_owned(),
        count => format!("{} tables and views", text::grouped(count as u64)),
    });
    more.extend(facts.time_zone.as_ref().map(|zone| format!("times in {zone}")));
    lines.push((Role::Muted, more.join(&format!(" {} ", look.glyphs.dot))));
    lines.push((Role::Ground, String::new()));
    let next = if tables == 0 {
        "There is no table yet. R looks again."
    } else {
        "Enter opens the table under the cursor, / finds one by name."
    };
    lines.push((Role::Text, next.to_owned()));
    let width = body.width.saturating_sub(4).min(70);
    let x = body.x + (body.width - width) / 2;
    let y = body.y + body.height / 3;
    let wrapped = lines.iter().flat_map(|(role, words)| {
        problem::wrapped(words, usize::from(width)).into_iter().map(|words| (*role, words))
    });
    for ((role, words), y) in wrapped.zip(y..body.bottom()) {
        line::write(buf, (x, y), width, &words, look.style(role), look);
    }
}
