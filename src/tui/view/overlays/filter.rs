//! The filter form: conditions in force above, the new one below, a WHERE as text last.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::filter::{FilterForm, Spot};
use crate::app::overlays::place::inside;
use crate::app::panes::data::filter::{condition_text, operator_text};
use crate::db::page::Operator;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{dialogs, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;

/// The cells of the names of the lines.
const LABEL: u16 = 10;

/// Draws it.
pub fn draw(it: &FilterForm, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "Filter");
    let name = model.data.as_ref().map(|pane| model.tree.title(&pane.name)).unwrap_or_default();
    let count = words(Role::Count, name);
    let hints = hints(it);
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let inner = inside(area);
    for (spot, place) in it.places(model) {
        one(it, spot, place, look, buf);
    }
    if let Some(complaint) = &it.complaint {
        let at = (inner.x, inner.bottom().saturating_sub(1));
        line::write(buf, at, inner.width, complaint, look.style(Role::Danger), look);
    }
}

fn hints(it: &FilterForm) -> Vec<Hint<'static>> {
    let mut hints = vec![Hint::new("enter", "apply")];
    match it.spot {
        Spot::Kept(_) => hints.push(Hint::new("del", "remove")),
        Spot::Column | Spot::Operator => hints.push(Hint::new("left right", "choose")),
        _ => {}
    }
    hints.push(Hint::new("up down", "line"));
    hints.push(Hint::new("tab", if it.spot == Spot::Raw { "by parts" } else { "as text" }));
    hints.push(Hint::new("esc", "close"));
    hints
}

fn one(it: &FilterForm, spot: Spot, place: Rect, look: &Look, buf: &mut Buffer) {
    let here = it.spot == spot;
    if here {
        line::paint(buf, place, Role::Selection, look);
    }
    let label = match spot {
        Spot::Kept(0) => "in force",
        Spot::Kept(_) => "and",
        Spot::Column => "column",
        Spot::Operator => "operator",
        Spot::Value(0) if it.chosen() == Operator::JsonPath => "path",
        Spot::Value(0) if it.chosen() == Operator::In => "values",
        Spot::Value(0) => "value",
        Spot::Value(_) if it.chosen() == Operator::JsonPath => "equals",
        Spot::Value(_) => "and",
        Spot::Raw => "or WHERE",
    };
    let style = look.style(if here { Role::Accent } else { Role::Muted });
    line::write(buf, (place.x, place.y), LABEL, label, style, look);
    let rest = Rect {
        x: place.x.saturating_add(LABEL),
        width: place.width.saturating_sub(LABEL),
        ..place
    };
    match spot {
        Spot::Kept(at) => {
            let text = it.kept.get(at).map(condition_text).unwrap_or_default();
            line::write(buf, (rest.x, rest.y), rest.width, &text, look.style(Role::Text), look);
        }
        Spot::Column => column(it, here, rest, look, buf),
        Spot::Operator => operators(it, rest, look, buf),
        Spot::Value(at) => {
            if let Some(field) = it.values.get(at) {
                dialogs::field(field, &it.placeholder(at), here, rest, look, buf);
            }
        }
        Spot::Raw => {
            let placeholder = "status = 'paid' and total > 10";
            dialogs::field(&it.raw, placeholder, here, rest, look, buf);
        }
    }
}

fn column(it: &FilterForm, here: bool, rest: Rect, look: &Look, buf: &mut Buffer) {
    let Some(choice) = it.choice() else { return };
    let (left, right) = (look.glyphs.more_left, look.glyphs.more_right);
    let mark = if here { Role::Accent } else { Role::Muted };
    let segments = [
        Segment::new(mark, format!("{left} ")),
        Segment::new(Role::Strong, choice.name.as_str()),
        Segment::new(mark, format!(" {right}")),
        Segment::new(Role::Muted, format!("  {}", choice.type_name)),
    ];
    line::write_segments(buf, (rest.x, rest.y), rest.width, &segments, look);
}

/// All operators in a row as far as there is room, the chosen one lit.
fn operators(it: &FilterForm, rest: Rect, look: &Look, buf: &mut Buffer) {
    let all = it.choice().map(|choice| choice.operators.as_slice()).unwrap_or_default();
    let wide = |operator: &Operator| operator_text(*operator).len() + 2;
    let room = usize::from(rest.width);
    // The first operator that has to be shown for the chosen one to be in view.
    let mut first = it.operator;
    let mut used = all.get(first).map_or(0, wide);
    while first > 0 {
        let before = all.get(first - 1).map_or(0, wide);
        if used + before > room.saturating_sub(4) {
            break;
        }
        used += before;
        first -= 1;
    }
    let mut x = rest.x;
    for (at, operator) in all.iter().enumerate().skip(first) {
        let cells = u16::try_from(wide(operator)).unwrap_or(u16::MAX);
        if x.saturating_add(cells) > rest.right() {
            line::put(buf, (x, rest.y), 1, look.glyphs.more_right, look.style(Role::Muted));
            break;
        }
        let role = if at == it.operator { Role::Cursor } else { Role::Muted };
        let text = format!(" {} ", operator_text(*operator));
        line::write(buf, (x, rest.y), cells, &text, look.style(role), look);
        x += cells;
    }
}
