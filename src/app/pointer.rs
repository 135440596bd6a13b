//! The mouse: what a click or a turn of the wheel means where it happened.

use ratatui::layout::{Position, Rect};

use crate::app::browse;
use crate::app::commands;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::app::key::{Mouse, MouseAction};
use crate::app::layout::{Layout, layout};
use crate::app::model::{Focus, Link, Model, View};
use crate::app::panes::migrations::Row;
use crate::app::update::{screen, with_overlay};

/// Lines one turn of the wheel moves.
const WHEEL: isize = 3;

/// Takes the mouse.
pub fn mouse(model: &mut Model, mouse: Mouse, effects: &mut Vec<Effect>) {
    model.touch();
    if let Some(overlay) = model.overlays.pop() {
        with_overlay(model, overlay, effects, |overlay, model, effects| {
            overlay.mouse(mouse, model, effects)
        });
        return;
    }
    if !matches!(model.link, Link::Open(_) | Link::Lost(_)) {
        return;
    }
    let places = layout(model, screen(model));
    let at = Position::new(mouse.x, mouse.y);
    if model.view == View::Migrations {
        on_migrations(model, mouse, &places);
    } else if model.view == View::Status {
        on_status(model, mouse, &places);
    } else if places.tree.contains(at) {
        on_tree(model, mouse, &places, effects);
    } else if places.main.contains(at) && model.view == View::Data {
        on_grid(model, mouse, &places, effects);
    } else if places.main.contains(at) {
        on_schema(model, mouse, &places);
    }
}

fn line_of(area: Rect, mouse: Mouse) -> Option<usize> {
    area.contains(Position::new(mouse.x, mouse.y)).then(|| usize::from(mouse.y - area.y))
}

fn on_status(model: &mut Model, mouse: Mouse, places: &Layout) {
    let at = Position::new(mouse.x, mouse.y);
    let (focus, area, sheet) = if places.tree.contains(at) {
        (Focus::Tree, places.tree_lines, &mut model.status.database)
    } else if places.main.contains(at) {
        (Focus::Main, places.body, &mut model.status.activity)
    } else {
        return;
    };
    let height = usize::from(area.height);
    match mouse.action {
        MouseAction::WheelUp => sheet.wheel(-WHEEL, height),
        MouseAction::WheelDown => sheet.wheel(WHEEL, height),
        MouseAction::Press => {
            if let Some(line) = line_of(area, mouse) {
                sheet.move_to(sheet.list.top + line, height);
            }
            model.focus = focus;
        }
        _ => {}
    }
}

fn on_tree(model: &mut Model, mouse: Mouse, places: &Layout, effects: &mut Vec<Effect>) {
    let height = places.tree_height();
    match mouse.action {
        MouseAction::WheelUp => model.tree.move_by(-WHEEL, height),
        MouseAction::WheelDown => model.tree.move_by(WHEEL, height),
        MouseAction::Press => {
            model.focus = Focus::Tree;
            let Some(line) = line_of(places.tree_lines, mouse) else { return };
            let line = model.tree.top + line;
            if line < model.tree.lines().len() {
                model.tree.move_to(line, height);
                commands::open_line(model, effects);
            }
        }
        _ => {}
    }
}

fn on_grid(model: &mut Model, mouse: Mouse, places: &Layout, effects: &mut Vec<Effect>) {
    let (height, cells) = (places.grid_height(), places.grid_width());
    let place = places
        .columns
        .iter()
        .find(|column| (column.x..column.x + column.width).contains(&mouse.x))
        .map(|column| column.place);
    let Some(pane) = &mut model.data else { return };
    match mouse.action {
        MouseAction::WheelUp => pane.wheel(-WHEEL, height),
        MouseAction::WheelDown => pane.wheel(WHEEL, height),
        MouseAction::WheelLeft => pane.columns.move_by(-1, cells),
        MouseAction::WheelRight => pane.columns.move_by(1, cells),
        MouseAction::Press => {
            model.focus = Focus::Main;
            let Some(place) = place else { return };
            pane.columns.move_to(place, cells);
            if line_of(places.grid_header, mouse).is_some() {
                browse::sort(model, false, effects);
            } else if let Some(line) = line_of(places.new_rows, mouse) {
                edit::click_new_row(model, line, places);
            } else if let Some(line) = line_of(places.grid_rows, mouse) {
                pane.new_row = None;
                pane.row = (pane.top + line).min(pane.window.len().saturating_sub(1));
            }
        }
        _ => {}
    }
}

fn on_schema(model: &mut Model, mouse: Mouse, places: &Layout) {
    let height = usize::from(places.body.height);
    match mouse.action {
        MouseAction::WheelUp => model.schema.wheel(-WHEEL, height),
        MouseAction::WheelDown => model.schema.wheel(WHEEL, height),
        MouseAction::Press => {
            model.focus = Focus::Main;
            if let Some(line) = line_of(places.body, mouse) {
                let line = model.schema.list.top + line;
                if line < model.schema.lines().len() {
                    model.schema.move_to(line, height);
                }
            }
        }
        _ => {}
    }
}

fn on_migrations(model: &mut Model, mouse: Mouse, places: &Layout) {
    let in_list = places.tree.contains(Position::new(mouse.x, mouse.y));
    let (list, text) = (places.tree_height(), usize::from(places.text.height));
    match (mouse.action, in_list) {
        (MouseAction::WheelUp, true) => model.migrations.move_by(-WHEEL, list),
        (MouseAction::WheelDown, true) => model.migrations.move_by(WHEEL, list),
        (MouseAction::WheelUp, false) => model.migrations.wheel(-WHEEL, text),
        (MouseAction::WheelDown, false) => model.migrations.wheel(WHEEL, text),
        (MouseAction::Press, true) => {
            model.focus = Focus::Tree;
            if let Some(line) = line_of(places.tree_lines, mouse) {
                let row = model.migrations.list.top + line;
                if model.migrations.rows().get(row).is_some_and(Row::is_chosen) {
                    model.migrations.move_to(row, false, list);
                }
            }
        }
        (MouseAction::Press, false) => {
            model.focus = Focus::Main;
            if let Some(line) = line_of(places.text, mouse) {
                model.migrations.scroll_to(model.migrations.text.top + line, text);
            }
        }
        _ => {}
    }
}
