//! The tree of everything there is, at the left.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::layout::Layout;
use crate::app::model::{Focus, Model, PATIENCE};
use crate::app::panes::tree::{Item, Leaf, Line};
use crate::config::Protection;
use crate::schema::RelationKind;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::scrollbar;
use crate::tui::widgets::spinner;

/// Draws the tree.
pub fn draw(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let focused = model.focus == Focus::Tree && model.overlays.is_empty();
    let reading = model.tickets.elapsed(Slot::Outline, model.now);
    let mut title = vec![Segment::new(Role::Title, "Tables")];
    if let Some(time) = reading.filter(|time| *time >= PATIENCE) {
        let sign = spinner::sign(time, &look.glyphs).unwrap_or_default();
        title.push(Segment::new(Role::Accent, format!(" {sign}")));
    }
    let total = model.tree.relation_count();
    let count = [Segment::new(Role::Count, text::grouped(total as u64))];
    let find = format!("/ {}", model.tree.find());
    let foot = [Segment::new(Role::Accent, find)];
    let panel = Panel {
        title: &title,
        count: &count,
        foot: if model.tree.find().is_empty() { &[] } else { &foot },
        focused,
        danger: is_production(model),
        ..Panel::default()
    };
    panel.draw(places.tree, buf, look);
    let area = places.tree_lines;
    let lines = model.tree.lines();
    if lines.is_empty() && reading.is_none() {
        let words = if model.tree.find().is_empty() { "no tables yet" } else { "no such table" };
        let room = area.width.saturating_sub(1);
        line::write(buf, (area.x + 1, area.y), room, words, look.style(Role::Muted), look);
        if !model.tree.find().is_empty() && area.height > 1 {
            let at = (area.x + 1, area.y + 1);
            line::write(buf, at, room, "esc shows all", look.style(Role::Muted), look);
        }
        return;
    }
    let shown = lines.iter().enumerate().skip(model.tree.top).take(usize::from(area.height));
    for ((index, row), y) in shown.zip(area.y..) {
        let place = Rect { y, height: 1, ..area };
        if index == model.tree.cursor {
            let role = if focused { Role::Selection } else { Role::SelectionAway };
            line::paint(buf, place, role, look);
        }
        draw_line(row, is_open(model, row), place, buf, look);
        if index == model.tree.cursor && focused {
            line::put(buf, (place.x, y), 1, look.glyphs.edge, look.style(Role::Accent));
        }
    }
    let (from, all) = (model.tree.top as f64, lines.len().max(1) as f64);
    let to = from + f64::from(area.height);
    scrollbar::draw(places.tree, from / all, (to / all).min(1.0), buf, look);
}

/// Whether the frame has to warn.
pub fn is_production(model: &Model) -> bool {
    model.target.as_ref().is_some_and(|target| target.protection == Protection::Production)
}

/// Whether the line's relation is the one whose rows are on the screen.
fn is_open(model: &Model, row: &Line) -> bool {
    let Item::Relation(leaf) = &row.item else { return false };
    model.data.as_ref().is_some_and(|pane| pane.name == leaf.name)
}

fn draw_line(row: &Line, open: bool, place: Rect, buf: &mut Buffer, look: &Look) {
    let glyphs = &look.glyphs;
    let (sign, role, count) = match &row.item {
        Item::Branch(_, unfolded, count) => {
            let sign = if *unfolded { glyphs.open } else { glyphs.closed };
            (sign, Role::Group, Some(text::grouped(*count as u64)))
        }
        Item::Relation(leaf) => {
            let sign = match leaf.open {
                Some(true) => glyphs.open,
                Some(false) => glyphs.closed,
                None => leaf_sign(leaf.kind, look),
            };
            let role = match (open, leaf.readable) {
                (true, _) => Role::Accent,
                (false, true) => Role::Text,
                (false, false) => Role::Muted,
            };
            (sign, role, rows(leaf))
        }
        Item::Object(..) => (glyphs.dot, Role::Muted, None),
    };
    let indent = 1 + row.depth.min(8) * 2;
    let x = place.x.saturating_add(indent);
    let room = place.width.saturating_sub(indent);
    line::put(buf, (x, place.y), 1, sign, look.style(Role::Muted));
    let count = count.unwrap_or_default();
    let wide = u16::try_from(text::width(&count)).unwrap_or(u16::MAX);
    // The name matters more than the count: the count goes where both do not fit.
    let named = text::width(&text::visible(&row.label, look.glyphs.ascii));
    let fits = named + usize::from(wide) + 4 <= usize::from(room);
    let kept = if wide > 0 && fits { wide + 2 } else { 0 };
    let name = room.saturating_sub(2 + kept);
    line::write(buf, (x + 2, place.y), name, &row.label, look.style(role), look);
    if kept > 0 {
        let at = (place.right().saturating_sub(wide + 1), place.y);
        line::write(buf, at, wide, &count, look.style(Role::Count), look);
    }
}

fn leaf_sign(kind: RelationKind, look: &Look) -> &'static str {
    match kind {
        RelationKind::View | RelationKind::MaterializedView => look.glyphs.leaf_view,
        RelationKind::ForeignTable => look.glyphs.leads,
        _ => look.glyphs.leaf,
    }
}

fn rows(leaf: &Leaf) -> Option<String> {
    if !leaf.readable {
        return Some("no access".to_owned());
    }
    leaf.rows.map(|rows| format!("~{}", text::short_count(rows).replace(' ', "")))
}
