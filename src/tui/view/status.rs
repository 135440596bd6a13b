//! The status view: two sheets of lines beside each other, or one above the other where the
//! screen is narrow. What was there stays while it is asked for again, so nothing flickers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::layout::Layout;
use crate::app::model::{Focus, Model};
use crate::app::panes::status::Sheet;
use crate::config::Protection;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::schema;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::scrollbar;

/// Draws both sheets.
pub fn draw(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let status = &model.status;
    let first = [Segment::new(Role::Title, "Database")];
    one(
        model,
        look,
        (places.tree, places.tree_lines),
        (&first, &status.database, Focus::Tree),
        buf,
    );
    let mut second = vec![Segment::new(Role::Title, "Activity")];
    if let Some(problem) = &status.problem {
        second.push(Segment::new(Role::Warning, format!("  {}", problem.what)));
    }
    one(model, look, (places.main, places.body), (&second, &status.activity, Focus::Main), buf);
}

fn one(
    model: &Model,
    look: &Look,
    (frame, body): (Rect, Rect),
    (title, sheet, focus): (&[Segment<'_>], &Sheet, Focus),
    buf: &mut Buffer,
) {
    let focused = model.focus == focus && model.overlays.is_empty();
    let danger =
        model.target.as_ref().is_some_and(|target| target.protection == Protection::Production);
    Panel { title, focused, danger, ..Panel::default() }.draw(frame, buf, look);
    if sheet.lines().is_empty() {
        let reading = model.tickets.is_running(Slot::Status);
        let words = if reading { "Reading…" } else { "Nothing is known yet; R reads again" };
        let style = look.style(Role::Muted);
        line::write(buf, (body.x + 1, body.y), body.width.saturating_sub(1), words, style, look);
        return;
    }
    let widths = |section| sheet.widths(section);
    schema::lines(sheet.lines(), &widths, (sheet.list, focused), body, look, buf);
    let (all, height) = (sheet.lines().len(), usize::from(body.height));
    if all > height {
        let part = |lines: usize| lines as f64 / all as f64;
        scrollbar::draw(frame, part(sheet.list.top), part(sheet.list.top + height), buf, look);
    }
}
