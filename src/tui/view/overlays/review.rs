//! A plan before a yes: statements with their numbers, and under each what there is to know.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::review::Review;
use crate::ops::preparation::Intent;
use crate::schema::hazard::Severity;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{numbered, thumb, words};
use crate::tui::widgets::dialog;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::Segment;
use crate::tui::widgets::panel::Panel;

/// Draws it.
pub fn draw(it: &Review, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let database = model.facts().map_or("", |facts| facts.database.as_str());
    let title = words(
        Role::Title,
        match it.prepared.intent {
            Intent::Generate => "The next migration".to_owned(),
            Intent::Push => format!("Push to {database}"),
            Intent::Compare => format!("From {database} to the schema"),
        },
    );
    let count = count(it, look);
    let hints = hints(it);
    let danger = it.hazards(Severity::Danger) > 0;
    let panel = Panel {
        title: &title,
        count: &count,
        hints: &hints,
        focused: true,
        danger,
        ..Panel::default()
    };
    dialog::draw(&panel, area, buf, look);
    let body = Review::body(area);
    let rows = it.rows(model, area.width);
    let gutter = it.gutter();
    for ((at, row), y) in rows.iter().enumerate().skip(it.list.top).zip(body.top()..body.bottom()) {
        if let Some(found) = it.line(row) {
            let place = Rect { y, height: 1, ..body };
            numbered(found, row, gutter, (place, at == it.list.cursor), look, buf);
        }
    }
    thumb(area, it.list.top, usize::from(body.height), rows.len(), buf, look);
}

/// How much it is, and how dangerous.
fn count(it: &Review, look: &Look) -> Vec<Segment<'static>> {
    let mut count = vec![Segment::new(Role::Count, it.counted())];
    for (severity, role) in [(Severity::Danger, Role::Danger), (Severity::Warning, Role::Warning)] {
        let number = it.hazards(severity);
        if number > 0 {
            let plural = if number == 1 { "" } else { "s" };
            count.push(Segment::new(Role::Muted, format!(" {} ", look.glyphs.dot)));
            count.push(Segment::new(role, format!("{number} {}{plural}", severity.word())));
        }
    }
    count
}

fn hints(it: &Review) -> Vec<Hint<'static>> {
    let mut hints = Vec::new();
    let is_refused = !it.prepared.review.refused.is_empty();
    match it.prepared.intent {
        _ if is_refused => {}
        Intent::Push => hints.push(Hint::new("a", "apply")),
        Intent::Generate => hints.push(Hint::new("w", "write")),
        Intent::Compare => {}
    }
    let all = [Severity::Danger, Severity::Warning, Severity::Notice];
    if all.into_iter().any(|severity| it.hazards(severity) > 0) {
        hints.push(Hint::new("n", "next hazard"));
    }
    hints.push(Hint::new("y", "copy"));
    hints.push(Hint::new("Y", "all"));
    hints.push(Hint::new("esc", "leave"));
    hints
}
