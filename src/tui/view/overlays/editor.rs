//! The box in which a cell is edited: its text, its choices, and what is wrong with it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::model::Model;
use crate::app::overlays::editor::Editor;
use crate::app::overlays::place::inside;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::thumb;
use crate::tui::view::problem::wrapped;
use crate::tui::widgets::dialog;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;

/// Draws it.
pub fn draw(it: &Editor, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let mut title = vec![Segment::new(Role::Title, it.name.as_str())];
    if !it.type_name.is_empty() {
        title.push(Segment::new(Role::Muted, format!("  {}", it.type_name)));
    }
    let count = if let Some(bytes) = it.too_long {
        vec![Segment::new(Role::Count, crate::text::short_bytes(bytes))]
    } else if it.rows > 1 {
        vec![Segment::new(Role::Count, format!("{} rows", it.rows))]
    } else {
        Vec::new()
    };
    let hints = hints(it, model);
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let (text, choices) = it.parts(area);
    if text.height > 0 {
        let new_row = it.of_new_row.as_deref();
        let placeholder = match () {
            () if new_row.is_some() => new_row.unwrap_or_default(),
            () if it.reading => "reading the whole value",
            () if it.too_long.is_some() => "too long to edit here; what you type takes its place",
            () if it.is_null => "NULL",
            () if it.is_default => "default",
            () if it.masked => "type a new value; what is there stays hidden",
            () => "the empty text",
        };
        let field = Field {
            lines: it.page.lines(),
            cursor: it.page.cursor(),
            placeholder,
            focused: it.picked.is_none(),
            masked: it.masked,
        };
        field.draw(text, buf, look);
    }
    list(it, choices, area, look, buf);
    complaint(it, model, area, look, buf);
}

/// What may be chosen.
fn list(it: &Editor, place: Rect, area: Rect, look: &Look, buf: &mut Buffer) {
    let wide = it.choices.iter().map(|choice| crate::text::width(&choice.text)).max();
    let wide = u16::try_from(wide.unwrap_or(0)).unwrap_or(u16::MAX).min(place.width / 2);
    let shown = it.choices.iter().enumerate().skip(it.list.top);
    for ((at, choice), y) in shown.zip(place.top()..place.bottom()) {
        let row = Rect { y, height: 1, ..place };
        let picked = it.picked == Some(at);
        if picked {
            line::paint(buf, row, Role::Selection, look);
            line::put(buf, (row.x, y), 1, look.glyphs.prompt, look.style(Role::Accent));
        }
        let role = if picked { Role::Strong } else { Role::Text };
        line::write(buf, (row.x + 2, y), wide, &choice.text, look.style(role), look);
        let x = row.x.saturating_add(wide + 4);
        let room = row.right().saturating_sub(x);
        line::write(buf, (x, y), room, &choice.label, look.style(Role::Muted), look);
    }
    let shown = usize::from(place.height);
    if it.choices.len() > shown {
        thumb(area, it.list.top, shown, it.choices.len(), buf, look);
    }
}

/// What is wrong, or that it is being found out; in the two lines above the border.
fn complaint(it: &Editor, model: &Model, area: Rect, look: &Look, buf: &mut Buffer) {
    let inner = inside(area);
    let y = inner.bottom().saturating_sub(2);
    if let Some(words) = &it.complaint {
        let rows = wrapped(words, usize::from(inner.width));
        for (words, y) in rows.iter().zip(y..inner.bottom()) {
            line::write(buf, (inner.x, y), inner.width, words, look.style(Role::Danger), look);
        }
    } else if model.editing.waiting.is_some()
        && model
            .tickets
            .elapsed(Slot::Edit, model.now)
            .is_some_and(|elapsed| elapsed >= crate::app::model::PATIENCE)
    {
        let words = "asking the database what it makes of it";
        line::write(buf, (inner.x, y), inner.width, words, look.style(Role::Muted), look);
    }
}

fn hints(it: &Editor, model: &Model) -> Vec<Hint<'static>> {
    if model.editing.waiting.is_some() {
        return vec![Hint::new("esc", "back")];
    }
    let mut hints = vec![Hint::new("enter", "stage")];
    if it.may_be_null {
        hints.push(Hint::new("ctrl+n", "NULL"));
    }
    if it.has_default {
        hints.push(Hint::new("ctrl+t", "DEFAULT"));
    }
    if it.is_json() {
        hints.push(Hint::new("ctrl+o", "lay out"));
    }
    if it.is_bytes() || it.too_long.is_some() {
        hints.push(Hint::new("ctrl+l", "from a file"));
        hints.push(Hint::new("ctrl+s", "to a file"));
    } else if !it.is_closed() {
        hints.push(Hint::new("ctrl+j", "line"));
    }
    hints.push(Hint::new("esc", "leave"));
    hints
}
