//! The structure of one relation: sections of lines, cells of a section below each other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::layout::Layout;
use crate::app::model::{Focus, Model};
use crate::app::overlays::place::Scroll;
use crate::app::panes::schema::{LineKind, SchemaLine, SchemaPane};
use crate::config::Protection;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::ink;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{scrollbar, spinner};

/// The blank cells between two columns.
const GAP: u16 = 2;

/// Draws the main pane of the schema view.
pub fn draw(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let pane = &model.schema;
    let focused = model.focus == Focus::Main;
    let danger =
        model.target.as_ref().is_some_and(|target| target.protection == Protection::Production);
    let title = title(model, look);
    let count = match &pane.relation {
        Some(relation) => {
            let columns = relation.columns.len();
            let noun = if columns == 1 { "column" } else { "columns" };
            vec![Segment::new(Role::Count, format!("{} {noun}", text::grouped(columns as u64)))]
        }
        None => Vec::new(),
    };
    let panel = Panel { title: &title, count: &count, focused, danger, ..Panel::default() };
    panel.draw(places.main, buf, look);
    let body = places.body;
    if pane.relation.is_none() {
        nothing(model, body, look, buf);
        return;
    }
    lines(pane.lines(), &|section| pane.widths(section), (pane.list, focused), body, look, buf);
    if stale(pane) {
        line::paint(buf, body, Role::Stale, look);
    }
    let (all, height) = (pane.lines().len(), usize::from(body.height));
    if all > height {
        let part = |lines: usize| lines as f64 / all as f64;
        scrollbar::draw(places.main, part(pane.list.top), part(pane.list.top + height), buf, look);
    }
}

/// Draws sections of lines; `widths` are those the cells of a section want.
pub fn lines<'a>(
    all: &[SchemaLine],
    widths: &dyn Fn(usize) -> &'a [u16],
    (list, focused): (Scroll, bool),
    body: Rect,
    look: &Look,
    buf: &mut Buffer,
) {
    let mut columns: (Option<usize>, Vec<u16>) = (None, Vec::new());
    let shown = all.iter().enumerate().skip(list.top);
    for ((at, found), y) in shown.zip(body.top()..body.bottom()) {
        if columns.0 != Some(found.section) {
            columns = (Some(found.section), fitted(widths(found.section), body.width));
        }
        let row = Rect { y, height: 1, ..body };
        if at == list.cursor {
            let role = if focused { Role::Selection } else { Role::SelectionAway };
            line::paint(buf, row, role, look);
        }
        one(found, row, &columns.1, look, buf);
    }
}

/// Whether another relation than the one on the screen is on its way.
fn stale(pane: &SchemaPane) -> bool {
    let shown = pane.relation.as_ref().map(|relation| &relation.name);
    shown.is_some() && shown != pane.wanted.as_ref()
}

fn title<'a>(model: &'a Model, look: &Look) -> Vec<Segment<'a>> {
    let pane = &model.schema;
    let name = match (&pane.relation, &pane.wanted) {
        (Some(relation), _) => model.tree.title(&relation.name),
        (None, Some(wanted)) => model.tree.title(wanted),
        (None, None) => "Structure".to_owned(),
    };
    let mut title = vec![Segment::new(Role::Title, name)];
    if let Some(elapsed) = model.tickets.elapsed(Slot::Relation, model.now)
        && let Some(sign) = spinner::sign(elapsed, &look.glyphs)
    {
        let what = match &pane.wanted {
            Some(wanted) if stale(pane) => format!("reading {wanted}"),
            _ => "reading".to_owned(),
        };
        let words = format!("  {sign} {what} {}", spinner::elapsed(elapsed));
        title.push(Segment::new(Role::Muted, words));
    }
    title
}

/// Nothing is shown yet: what to do next.
fn nothing(model: &Model, body: Rect, look: &Look, buf: &mut Buffer) {
    let reading = model.tickets.is_running(Slot::Relation);
    let (first, then) = match (&model.schema.wanted, reading) {
        (Some(_), true) => ("Reading the structure…", "ctrl+c stops"),
        (Some(_), false) => ("The structure could not be read", "R reads it again"),
        (None, _) => ("No table is chosen", "Go to one on the left and press enter"),
    };
    let y = body.y.saturating_add(body.height / 3);
    for (text, role, y) in [(first, Role::Text, y), (then, Role::Muted, y.saturating_add(1))] {
        if y >= body.bottom() {
            break;
        }
        let wide = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        let x = body.x + body.width.saturating_sub(wide) / 2;
        line::write(buf, (x, y), body.width, text, look.style(role), look);
    }
}

fn one(found: &SchemaLine, row: Rect, columns: &[u16], look: &Look, buf: &mut Buffer) {
    if found.kind != LineKind::Entry {
        let indent = u16::from(found.kind == LineKind::Sql) * 2;
        if let Some(spans) = found.cells.first() {
            let at = (row.x.saturating_add(indent), row.y);
            ink::write(buf, at, row.width.saturating_sub(indent), spans, look);
        }
        return;
    }
    let mut x = row.x;
    let last = found.cells.iter().rposition(|cell| !cell.is_empty()).unwrap_or(0);
    for (at, (cell, width)) in found.cells.iter().zip(columns).enumerate() {
        // The last cell of a line may use all that is left of it.
        let room = row.right().saturating_sub(x);
        let cells = if at == last { room } else { room.min(*width) };
        ink::write(buf, (x, row.y), cells, cell, look);
        if *width > 0 {
            x = x.saturating_add(*width + GAP);
        }
        if x >= row.right() {
            break;
        }
    }
}

/// The widths of a section's columns on this screen: as they want, and where that is too much
/// the widest give first. The last one has what is left.
fn fitted(wanted: &[u16], room: u16) -> Vec<u16> {
    let mut widths: Vec<u16> = wanted.iter().map(|width| (*width).min(44)).collect();
    let Some((last, before)) = widths.split_last_mut() else { return widths };
    // Something of the last one should stay in sight.
    let least = (*last).min(room / 4);
    loop {
        let used: u16 = before
            .iter()
            .filter(|width| **width > 0)
            .fold(0, |sum: u16, width| sum.saturating_add(*width + GAP));
        let Some(widest) = before.iter_mut().max_by_key(|width| **width) else { break };
        if used.saturating_add(least) <= room || *widest <= 8 {
            break;
        }
        *widest -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_first() {
        assert_eq!(fitted(&[10, 12, 8, 90], 100), [10, 12, 8, 44]);
        let tight = fitted(&[30, 12, 8, 90], 58);
        assert_eq!(tight[1..3], [12, 8]);
        assert!(tight[0] + tight[1] + tight[2] + 3 * GAP + 58 / 4 <= 58);
        assert_eq!(fitted(&[], 10), Vec::<u16>::new());
        assert_eq!(fitted(&[0, 0, 5], 3), [0, 0, 5]);
    }
}
