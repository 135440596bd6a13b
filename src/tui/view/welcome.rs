//! The screens before a database is open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::layout::Layout;
use crate::app::model::{Link, Model, PATIENCE};
use crate::app::welcome::{WAYS, can_make};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::problem;
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::spinner;

/// Draws the welcome, the wait for a connection, or why there is none.
pub fn draw(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    match &model.link {
        Link::Failed(failure) => {
            let mut hints = vec![
                Hint::new("r", "try again"),
                Hint::new("u", "another URL"),
                Hint::new("w", "welcome"),
                Hint::new("q", "leave"),
            ];
            if can_make(model) {
                hints.insert(0, Hint::new("n", "make it, empty"));
            }
            let title = [Segment::new(Role::Title, "Not connected")];
            let panel = Panel { title: &title, hints: &hints, focused: true, ..Panel::default() };
            panel.draw(places.main, buf, look);
            problem::draw(failure, places.body, buf, look);
        }
        Link::Opening => opening(model, look, places, buf),
        _ => welcome(model, look, places, buf),
    }
}

fn opening(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    Panel::default().draw(places.main, buf, look);
    let Some(time) = model.tickets.elapsed(Slot::Connect, model.now) else { return };
    if time < PATIENCE {
        return;
    }
    let place = model.target.as_ref().map(|target| target.address.to_string()).unwrap_or_default();
    let body = places.body;
    let sign = spinner::sign(time, &look.glyphs).unwrap_or_default();
    let segments = [
        Segment::new(Role::Accent, format!("{sign} ")),
        Segment::new(Role::Text, "connecting to "),
        Segment::new(Role::Strong, place),
        Segment::new(Role::Muted, format!("  {}", spinner::elapsed(time))),
    ];
    let wide = u16::try_from(line::segments_width(&segments, look)).unwrap_or(u16::MAX);
    let wide = wide.min(body.width);
    let at = (body.x + (body.width - wide) / 2, body.y + body.height * 2 / 5);
    line::write_segments(buf, at, wide, &segments, look);
    let hint = "esc stops";
    let x = body.x + body.width.saturating_sub(9) / 2;
    line::write(buf, (x, at.1 + 2), body.width, hint, look.style(Role::Muted), look);
}

fn welcome(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let title = [Segment::new(Role::Title, "Welcome")];
    let hints = [Hint::new("enter", "choose"), Hint::new("j k", "move"), Hint::new("q", "leave")];
    let panel = Panel { title: &title, hints: &hints, focused: true, ..Panel::default() };
    panel.draw(places.main, buf, look);
    let body = places.body;
    let width = body.width.saturating_sub(6).min(72);
    let x = body.x + (body.width - width) / 2;
    let lines = 6 + WAYS.len() + model.choices.len();
    let lines = u16::try_from(lines).unwrap_or(u16::MAX).min(body.height);
    let mut y = body.y + (body.height - lines) / 3;
    let mut say = |role: Role, words: &str, y: &mut u16| {
        if *y < body.bottom() {
            line::write(buf, (x, *y), width, words, look.style(role), look);
        }
        *y += 1;
    };
    say(Role::Strong, "A database studio for the terminal", &mut y);
    say(Role::Muted, "Browse PostgreSQL and SQLite, and change their schemas safely.", &mut y);
    y += 1;
    for (line_no, (key, what)) in WAYS.iter().enumerate() {
        entry(model, line_no, &key.to_string(), what, Rect::new(x, y, width, 1), buf, look);
        y += 1;
    }
    if model.choices.is_empty() || y + 2 >= body.bottom() {
        return;
    }
    y += 1;
    line::write(buf, (x, y), width, "Known databases", look.style(Role::Muted), look);
    y += 1;
    for (at, choice) in model.choices.iter().enumerate() {
        if y >= body.bottom() {
            return;
        }
        let what = format!("{}  {}", choice.name, choice.address);
        entry(model, WAYS.len() + at, " ", &what, Rect::new(x, y, width, 1), buf, look);
        y += 1;
    }
}

fn entry(
    model: &Model,
    at: usize,
    key: &str,
    what: &str,
    place: Rect,
    buf: &mut Buffer,
    look: &Look,
) {
    if model.choice == at {
        line::paint(buf, place, Role::Selection, look);
        line::put(buf, (place.x, place.y), 1, look.glyphs.edge, look.style(Role::Accent));
    }
    let segments =
        [Segment::new(Role::HintKey, format!("{key}  ")), Segment::new(Role::Text, what)];
    line::write_segments(buf, (place.x + 2, place.y), place.width - 2, &segments, look);
}
