//! "What do you want to do?": two lines a way, what it is for and what it does.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::guide::Guide;
use crate::app::overlays::place::inside;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{thumb, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line;
use crate::tui::widgets::panel::Panel;

/// Draws it.
pub fn draw(it: &Guide, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "What do you want to do?");
    let hints = [Hint::new("enter", "begin"), Hint::new("esc", "close")];
    let panel = Panel { title: &title, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let lines = inside(area);
    let shown = it.height(model);
    for (at, way) in it.ways.iter().enumerate().skip(it.list.top).take(shown) {
        let row = u16::try_from((at - it.list.top) * 2).unwrap_or(u16::MAX);
        let place = Rect { y: lines.y.saturating_add(row), height: 1, ..lines };
        if at == it.list.cursor {
            line::paint(buf, place, Role::Selection, look);
        }
        let mark = if way.fits { look.glyphs.leads } else { " " };
        line::write(buf, (place.x, place.y), 1, mark, look.style(Role::Accent), look);
        let (x, room) = (place.x.saturating_add(2), place.width.saturating_sub(2));
        line::write(buf, (x, place.y), room, &way.wish, look.style(Role::Strong), look);
        let style = look.style(Role::Muted);
        line::write(buf, (x, place.y.saturating_add(1)), room, &way.detail, style, look);
    }
    thumb(area, it.list.top, shown, it.ways.len(), buf, look);
}
