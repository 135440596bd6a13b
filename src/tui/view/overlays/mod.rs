//! What lies over the panes, drawn from the lowest to the topmost.

mod backups;
mod cell;
mod change;
mod checklist;
mod dialogs;
mod edit_review;
mod editor;
mod filter;
mod guide;
mod help;
mod migrations;
mod palette;
mod record;
mod references;
mod review;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::overlays::Overlay;
use crate::app::overlays::prompt::Purpose;
use crate::app::overlays::review::lines::{Line, LineKind, Row};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::ink;
use crate::tui::widgets::line::{self, Align, Segment};
use crate::tui::widgets::{dialog, scrollbar};

/// Draws all overlays over what is there. What is behind one is dimmed, unless it is a line at
/// the bottom of a pane, which is better typed in sight of what it changes.
pub fn draw(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let is_drawn = |overlay: &&Overlay| match overlay {
        Overlay::Working(it) => it.is_drawn(model),
        _ => true,
    };
    for overlay in model.overlays.iter().filter(is_drawn) {
        if !at_the_bottom(overlay) {
            dialog::dim(buf, area, look);
        }
        match overlay {
            Overlay::Confirm(it) => dialogs::confirm(it, area, look, buf),
            Overlay::Prompt(it) if at_the_bottom(overlay) => dialogs::find(it, model, look, buf),
            Overlay::Prompt(it) => dialogs::prompt(it, model, area, look, buf),
            Overlay::Cell(it) => cell::draw(it, model, look, buf),
            Overlay::Record(it) => record::draw(it, model, look, buf),
            Overlay::Filter(it) => filter::draw(it, model, look, buf),
            Overlay::References(it) => references::draw(it, model, look, buf),
            Overlay::Palette(it) => palette::draw(it, model, look, buf),
            Overlay::Guide(it) => guide::draw(it, model, look, buf),
            Overlay::Help(it) => help::draw(it, model, look, buf),
            Overlay::Working(it) => change::working(it, model, look, buf),
            Overlay::Renames(it) => change::renames(it, model, look, buf),
            Overlay::Review(it) => review::draw(it, model, look, buf),
            Overlay::Checklist(it) => checklist::draw(it, model, look, buf),
            Overlay::Outcome(it) => change::outcome(it, model, look, buf),
            Overlay::Plan(it) => migrations::plan(it, model, look, buf),
            Overlay::Backups(it) => backups::draw(it, model, look, buf),
            Overlay::Running(it) => migrations::running(it, model, look, buf),
            Overlay::Resume(it) => migrations::resume(it, model, look, buf),
            Overlay::Editor(it) => editor::draw(it, model, look, buf),
            Overlay::EditReview(it) => edit_review::draw(it, model, look, buf),
        }
    }
}

fn at_the_bottom(overlay: &Overlay) -> bool {
    let purpose = match overlay {
        Overlay::Prompt(prompt) => Some(prompt.purpose),
        _ => None,
    };
    matches!(purpose, Some(Purpose::FindRows | Purpose::FindTables))
}

/// The thumb on a dialog's right border for a list of which some lines are in view.
fn thumb(area: Rect, top: usize, shown: usize, all: usize, buf: &mut Buffer, look: &Look) {
    if all > shown {
        let part = |lines: usize| lines as f64 / all as f64;
        scrollbar::draw(area, part(top), part(top + shown), buf, look);
    }
}

/// A row of statements to read: their numbers at the left, the row under the cursor lit.
fn numbered(
    found: &Line,
    row: &Row,
    gutter: u16,
    (place, is_here): (Rect, bool),
    look: &Look,
    buf: &mut Buffer,
) {
    if is_here {
        line::paint(buf, place, Role::Selection, look);
    }
    if let Some(number) = found.statement.filter(|_| found.kind == LineKind::Head)
        && row.is_first
    {
        let number = (number + 1).to_string();
        let (cells, style) = (gutter.saturating_sub(2), look.style(Role::Muted));
        line::write_aligned(buf, (place.x, place.y), cells, &number, Align::Right, style, look);
    }
    let skip = gutter.saturating_add(row.indent);
    let room = place.width.saturating_sub(skip);
    ink::write(buf, (place.x.saturating_add(skip), place.y), room, &row.spans, look);
}

/// Words of one role.
fn words<'a>(role: Role, text: impl Into<std::borrow::Cow<'a, str>>) -> [Segment<'a>; 1] {
    [Segment::new(role, text)]
}
