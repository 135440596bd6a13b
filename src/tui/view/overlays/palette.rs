//! The palette: a field, and below it what matches.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use crate::app::model::Model;
use crate::app::overlays::palette::{Choice, Palette};
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{dialogs, thumb, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Align, Segment};
use crate::tui::widgets::panel::Panel;

/// Draws it.
pub fn draw(it: &Palette, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, "Go to, or do");
    let found = if it.hits().len() == it.len() {
        text::grouped(it.len() as u64)
    } else {
        format!("{} of {}", it.hits().len(), text::grouped(it.len() as u64))
    };
    let count = words(Role::Count, found);
    let hints = [Hint::new("enter", "choose"), Hint::new("esc", "close")];
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    let inner = dialog::draw(&panel, area, buf, look);
    let mark = look.glyphs.prompt;
    line::put(buf, (inner.x, inner.y), 2, mark, look.style(Role::Accent));
    let place = Rect {
        x: inner.x.saturating_add(2),
        width: inner.width.saturating_sub(2),
        height: inner.height.min(1),
        ..inner
    };
    dialogs::field(&it.field, "a command or a table", true, place, look, buf);
    let lines = Palette::lines(area);
    hits(it, lines, look, buf);
    thumb(area, it.list.top, usize::from(lines.height), it.hits().len(), buf, look);
}

fn hits(it: &Palette, lines: Rect, look: &Look, buf: &mut Buffer) {
    if it.hits().len() == 0 {
        let text = "Nothing matches; try fewer letters";
        line::write(buf, (lines.x, lines.y), lines.width, text, look.style(Role::Muted), look);
    }
    for ((at, (hit, entry)), y) in
        it.hits().enumerate().skip(it.list.top).zip(lines.top()..lines.bottom())
    {
        let Some(entry) = entry else { continue };
        let row = Rect { y, height: 1, ..lines };
        if at == it.list.cursor {
            line::paint(buf, row, Role::Selection, look);
        }
        let detail = text::width(&text::visible(&entry.detail, look.glyphs.ascii));
        let detail = u16::try_from(detail).unwrap_or(u16::MAX).min(lines.width / 2);
        let (sign, role) = match &entry.choice {
            Choice::Run(..) => (look.glyphs.prompt, Role::Muted),
            Choice::Open(_) => (look.glyphs.leaf, Role::Muted),
        };
        line::put(buf, (row.x, y), 1, sign, look.style(role));
        let room = row.width.saturating_sub(detail + 4);
        let label = highlighted(&entry.label, &hit.matched);
        line::write_segments(buf, (row.x + 2, y), room, &label, look);
        let x = row.right().saturating_sub(detail);
        let style = look.style(match &entry.choice {
            Choice::Run(..) => Role::HintKey,
            Choice::Open(_) => Role::Muted,
        });
        line::write_aligned(buf, (x, y), detail, &entry.detail, Align::Right, style, look);
    }
}

/// The label with the matched clusters lit.
fn highlighted<'a>(label: &'a str, matched: &[u32]) -> Vec<Segment<'a>> {
    let mut segments: Vec<Segment<'a>> = Vec::new();
    let (mut start, mut lit) = (0, false);
    for (count, (at, _)) in label.grapheme_indices(true).enumerate() {
        let hit = u32::try_from(count).is_ok_and(|count| matched.binary_search(&count).is_ok());
        if hit != lit {
            let role = if lit { Role::Match } else { Role::Text };
            segments.push(Segment::new(role, label.get(start..at).unwrap_or("")));
            (start, lit) = (at, hit);
        }
    }
    let role = if lit { Role::Match } else { Role::Text };
    segments.push(Segment::new(role, label.get(start..).unwrap_or("")));
    segments.retain(|segment| !segment.text.is_empty());
    segments
}
