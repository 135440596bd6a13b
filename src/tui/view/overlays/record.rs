//! The record view: name, type and value of each column.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::record::Record;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::ink;
use crate::tui::view::overlays::{dialogs, thumb, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line;
use crate::tui::widgets::panel::Panel;

/// Draws it.
pub fn draw(it: &Record, model: &Model, look: &Look, buf: &mut Buffer) {
    let Some(pane) = &model.data else { return };
    let area = it.area(model);
    let title = words(Role::Title, model.tree.title(&pane.name));
    let position = match pane.window.offset() {
        Some(before) => format!("row {}", text::grouped(before + pane.row as u64 + 1)),
        None => String::new(),
    };
    let count = words(Role::Count, position);
    let hints = [
        Hint::new("enter", "open"),
        Hint::new("n p", "next, previous row"),
        Hint::new("/", "narrow"),
        Hint::new("y", "copy"),
        Hint::new("esc", "close"),
    ];
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    let inner = dialog::draw(&panel, area, buf, look);
    let lines = it.lines(area);
    let columns = it.columns(pane);
    if columns.is_empty() {
        let text = "No column's name holds this";
        line::write(buf, (lines.x, lines.y), lines.width, text, look.style(Role::Muted), look);
    }
    items(it, model, lines, look, buf);
    let shown = it.items(model).len();
    thumb(area, it.list.top, shown, columns.len(), buf, look);
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    if let Some(field) = &it.find {
        line::put(buf, (bottom.x, bottom.y), 2, "/", look.style(Role::Accent));
        let place = Rect { x: bottom.x + 2, width: bottom.width.saturating_sub(2), ..bottom };
        dialogs::field(field, "a column's name", true, place, look, buf);
    } else if !it.wanted().is_empty() {
        let text = format!("/ {}   esc shows all", it.wanted());
        line::write(buf, (bottom.x, bottom.y), bottom.width, &text, look.style(Role::Muted), look);
    }
}

fn items(it: &Record, model: &Model, lines: Rect, look: &Look, buf: &mut Buffer) {
    let widths = it.widths(model);
    let mut y = lines.y;
    for (at, item) in it.items(model).iter().enumerate() {
        if y >= lines.bottom() {
            break;
        }
        let rows = u16::try_from(item.rows.len()).unwrap_or(1).min(lines.bottom() - y);
        if it.list.top + at == it.list.cursor {
            line::paint(buf, Rect { y, height: rows, ..lines }, Role::Selection, look);
        }
        ink::write(buf, (lines.x, y), widths.name, &item.name, look);
        let x = lines.x + widths.name + 2;
        line::write(buf, (x, y), widths.type_name, &item.type_name, look.style(Role::Muted), look);
        let x = x + widths.type_name + 2;
        for (row, y) in item.rows.iter().zip(y..lines.bottom()) {
            ink::write(buf, (x, y), widths.value, row, look);
        }
        y += rows;
    }
}
