//! Edits before a yes: the statements with their numbers, and under each before and after.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::edit_rows::is_production;
use crate::app::effect::Slot;
use crate::app::model::{Model, PATIENCE};
use crate::app::overlays::edit_review::EditReview;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{dialogs, numbered, thumb, words};
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{dialog, spinner};

/// Draws it.
pub fn draw(it: &EditReview, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let database = model.facts().map_or("", |facts| facts.database.as_str());
    let title = words(Role::Title, format!("Edits of {database}"));
    let count = count(it, model, look);
    let hints = hints(it, model);
    let panel = Panel {
        title: &title,
        count: &count,
        hints: &hints,
        focused: true,
        danger: is_production(model),
        ..Panel::default()
    };
    dialog::draw(&panel, area, buf, look);
    let (body, below) = it.parts(area);
    let rows = it.rows_for(model, area.width);
    let gutter = it.gutter();
    for ((at, row), y) in rows.iter().enumerate().skip(it.list.top).zip(body.top()..body.bottom()) {
        if let Some(found) = it.line(row) {
            let place = Rect { y, height: 1, ..body };
            numbered(found, row, gutter, (place, at == it.list.cursor), look, buf);
        }
    }
    thumb(area, it.list.top, usize::from(body.height), rows.len(), buf, look);
    if let Some(field) = &it.confirm {
        let asked = format!("Type {database} to apply: ");
        let used = line::write(
            buf,
            (below.x, below.y),
            below.width,
            &asked,
            look.style(Role::Danger),
            look,
        );
        let place = Rect {
            x: below.x.saturating_add(used),
            width: below.width.saturating_sub(used),
            ..below
        };
        dialogs::field(field, "", true, place, look, buf);
    }
}

/// How much it is, or for how long it has been running.
fn count(it: &EditReview, model: &Model, look: &Look) -> Vec<Segment<'static>> {
    let running = model.tickets.elapsed(Slot::Edit, model.now).filter(|time| *time >= PATIENCE);
    match running {
        Some(time) => {
            let sign = spinner::sign(time, &look.glyphs).unwrap_or_default();
            let text = format!("{sign} applying {}", spinner::elapsed(time));
            vec![Segment::new(Role::Accent, text)]
        }
        None => {
            let mut count = vec![Segment::new(Role::Count, it.counted())];
            let conflicts = it.conflicts.len();
            if conflicts > 0 {
                let plural = if conflicts == 1 { "" } else { "s" };
                let text = format!(" {} {conflicts} conflict{plural}", look.glyphs.dot);
                count.push(Segment::new(Role::Warning, text));
            }
            count
        }
    }
}

fn hints(it: &EditReview, model: &Model) -> Vec<Hint<'static>> {
    if model.tickets.is_running(Slot::Edit) {
        return vec![Hint::new("ctrl+c", "stop")];
    }
    if it.confirm.is_some() {
        return vec![Hint::new("enter", "apply"), Hint::new("esc", "back")];
    }
    let mut hints = Vec::new();
    if it.conflict_here().is_some() {
        hints.push(Hint::new("m", "keep mine"));
        hints.push(Hint::new("t", "take theirs"));
    }
    if it.conflicts.is_empty() {
        hints.push(Hint::new("a", "apply"));
    }
    hints.push(Hint::new("e", "edit"));
    hints.push(Hint::new("x", "take out"));
    hints.push(Hint::new("y", "copy"));
    hints.push(Hint::new("esc", "leave"));
    hints
}
