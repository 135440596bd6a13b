//! The screens: each a function of the model, drawing straight into the frame's buffer.
//!
//! A view takes the model as it is and decides nothing; where things stand is `app::layout`'s
//! business, colours are roles of the theme, and every text that is not ours passes
//! `visible()` on its way to a cell.

mod cell;
mod frame;
mod grid;
mod ink;
mod migrations;
mod overlays;
mod problem;
mod schema;
mod staged;
mod status;
mod tree;
mod welcome;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layout::{SMALLEST, layout};
use crate::app::model::{Link, Model, View};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line;

/// Draws the whole screen.
pub fn view(model: &Model, look: &Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    draw(model, look, area, frame.buffer_mut());
}

/// Draws the whole screen into a buffer.
pub fn draw(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    line::clear(buf, area, Role::Ground, look);
    let places = layout(model, area);
    if places.too_small {
        too_small(area, buf, look);
        return;
    }
    frame::header(model, look, &places, buf);
    match &model.link {
        Link::None | Link::Opening | Link::Failed(_) => welcome::draw(model, look, &places, buf),
        Link::Open(_) | Link::Lost(_) => {
            if matches!(model.view, View::Data | View::Schema) {
                tree::draw(model, look, &places, buf);
            }
            match model.view {
                View::Status => status::draw(model, look, &places, buf),
                View::Migrations => migrations::draw(model, look, &places, buf),
                View::Data => grid::draw(model, look, &places, buf),
                View::Schema => schema::draw(model, look, &places, buf),
            }
        }
    }
    frame::footer(model, look, &places, buf);
    overlays::draw(model, look, area, buf);
}

fn too_small(area: Rect, buf: &mut Buffer, look: &Look) {
    let (width, height) = SMALLEST;
    let words = [
        format!("{} x {} is too small", area.width, area.height),
        format!("dbstudio needs {width} x {height}"),
    ];
    let top = area.y + area.height.saturating_sub(2) / 2;
    for (at, text) in (0..).zip(words) {
        let wide = u16::try_from(text.len()).unwrap_or(u16::MAX);
        let x = area.x + area.width.saturating_sub(wide) / 2;
        if top + at < area.bottom() {
            line::write(buf, (x, top + at), area.width, &text, look.style(Role::Text), look);
        }
    }
}
