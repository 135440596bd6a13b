//! The backups there are: two lines each, when and how big, and of what and with what.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::backups::BackupList;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{thumb, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Align};
use crate::tui::widgets::panel::Panel;

/// Draws it.
pub fn draw(it: &BackupList, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "Backups");
    let count = words(Role::Count, it.found.all.len().to_string());
    let mut hints = vec![Hint::new("b", "make one"), Hint::new("esc", "close")];
    if !it.found.all.is_empty() {
        hints.insert(0, Hint::new("enter", "look at a restore"));
    }
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let lines = BackupList::lines(area);
    if it.found.all.is_empty() {
        let none = "There is no backup yet; b makes one.";
        line::write(buf, (lines.x, lines.y), lines.width, none, look.style(Role::Text), look);
        let folder = format!("They go into {}.", it.found.folder.display());
        let at = (lines.x, lines.y.saturating_add(1));
        line::write(buf, at, lines.width, &folder, look.style(Role::Muted), look);
        return;
    }
    let shown = it.height(model);
    for (at, (one, age, there)) in it.found.all.iter().enumerate().skip(it.list.top).take(shown) {
        let row = u16::try_from((at - it.list.top) * 2).unwrap_or(u16::MAX);
        let place = Rect { y: lines.y.saturating_add(row), height: 1, ..lines };
        if at == it.list.cursor {
            line::paint(buf, place, Role::Selection, look);
        }
        let (head, role) = match there {
            true => (format!("{age} ago"), Role::Strong),
            false => (format!("{age} ago, its file is gone"), Role::Danger),
        };
        line::write(buf, (place.x, place.y), place.width, &head, look.style(role), look);
        let size = text::short_bytes(one.bytes);
        let style = look.style(Role::Text);
        line::write_aligned(buf, (place.x, place.y), place.width, &size, Align::Right, style, look);
        let s = if one.tables == 1 { "" } else { "s" };
        let detail = format!(
            "{} {} {} table{s} {} {}",
            one.file, look.glyphs.dot, one.tables, look.glyphs.dot, one.tool
        );
        let below = (place.x, place.y.saturating_add(1));
        line::write(buf, below, place.width, &detail, look.style(Role::Muted), look);
    }
    thumb(area, it.list.top, shown, it.found.all.len(), buf, look);
}
