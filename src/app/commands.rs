//! What each command does to the model.

use crate::app::command::CommandId;
use crate::app::effect::{Effect, Slot};
use crate::app::layout::{Layout, layout};
use crate::app::model::{Focus, Link, Model, Tone, View};
use crate::app::overlays::Overlay;
use crate::app::overlays::filter::FilterForm;
use crate::app::overlays::guide;
use crate::app::overlays::palette::Palette;
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::overlays::record::Record;
use crate::app::panes::tree::Item;
use crate::app::update::{close, screen};
use crate::app::{
    browse, change, clipboard, edit, edit_apply, export, migrations, operations, status,
};
use crate::ops::operations_desk::Wish;
use crate::ops::preparation::Intent;
use crate::ops::session::Request;
use crate::text;

/// Runs a command.
pub fn run(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) {
    use CommandId as C;
    match id {
        C::Quit => effects.push(Effect::Quit),
        C::Close => close(model, effects),
        C::Suspend => effects.push(Effect::Suspend),
        C::Cancel => cancel(model, effects),
        C::Escape => escape(model),
        C::NextPane => {
            model.focus = if model.focus == Focus::Tree { Focus::Main } else { Focus::Tree };
        }
        C::DataView => show_view(model, View::Data, effects),
        C::SchemaView => show_view(model, View::Schema, effects),
        C::MigrationsView => show_view(model, View::Migrations, effects),
        C::StatusView => show_view(model, View::Status, effects),
        C::Refresh => browse::refresh(model, effects),
        C::Theme => next_theme(model),
        C::Mouse => {
            model.mouse = !model.mouse;
            effects.push(Effect::CaptureMouse(model.mouse));
            let text =
                if model.mouse { "The mouse is dbstudio's" } else { "The mouse is the terminal's" };
            model.notify(Tone::Plain, text);
        }
        C::Connections => prompt(model, Purpose::Address, ""),
        C::Generate => change::begin(model, Intent::Generate, effects),
        C::Push => change::begin(model, Intent::Push, effects),
        C::Compare => change::begin(model, Intent::Compare, effects),
        C::SetUp => operations::begin_chain(model, false, effects),
        C::Fresh => operations::begin_chain(model, true, effects),
        C::Seed => operations::order(model, Wish::Seed, effects),
        C::SeedRows => prompt(model, Purpose::Rows, "100"),
        C::Reset => operations::order(model, Wish::Reset, effects),
        C::Backup => operations::order(model, Wish::Backup, effects),
        C::Backups => operations::list(model, effects),
        C::Palette => {
            let palette = Box::new(Palette::new(model));
            model.overlays.push(Overlay::Palette(palette));
        }
        C::Guide => guide::open(model, effects),
        C::Help => model.overlays.push(Overlay::Help(Box::default())),
        C::Find => find(model),
        C::Back if model.view == View::Schema => browse::back_to_structure(model, effects),
        C::Back => browse::back(model, effects),
        C::ReviewEdits => edit_apply::review(model, effects),
        C::UnlockEdits | C::RestoreEdits => {
            edit::command(model, id, effects);
        }
        _ if model.view == View::Migrations => {
            migrations::run(model, id, effects);
        }
        _ if model.view == View::Status => status::run(model, id, effects),
        _ if model.focus == Focus::Tree => tree(model, id, effects),
        _ if model.view == View::Schema => schema(model, id, effects),
        _ => grid(model, id, effects),
    }
}

fn prompt(model: &mut Model, purpose: Purpose, text: &str) {
    model.overlays.push(Overlay::Prompt(Box::new(Prompt::new(purpose, text))));
}

fn find(model: &mut Model) {
    if matches!(model.view, View::Migrations | View::Status) {
        return;
    }
    if model.focus == Focus::Tree {
        // Looking for something else starts from everything.
        model.tree.set_find("");
        prompt(model, Purpose::FindTables, "");
    } else if model.view == View::Data {
        prompt(model, Purpose::FindRows, "");
    }
}

/// Cancels what a person waits for; with nothing to cancel, leaves as `q` does.
fn cancel(model: &mut Model, effects: &mut Vec<Effect>) {
    let running: Vec<Slot> = model.awaited().collect();
    if running.is_empty() {
        close(model, effects);
        return;
    }
    for slot in running {
        if model.tickets.cancel(slot) {
            effects.push(Effect::Cancel(slot));
        }
    }
}

/// One level out: what is marked or found first, then the pane; it never leaves.
fn escape(model: &mut Model) {
    model.notice = None;
    if model.focus == Focus::Tree && matches!(model.view, View::Data | View::Schema) {
        model.tree.set_find("");
        return;
    }
    if let Some(pane) = model.data.as_mut().filter(|_| model.view == View::Data) {
        if !pane.find.is_empty() {
            pane.find.clear();
            return;
        }
        if pane.range.take().is_some() {
            return;
        }
        if !pane.marked.is_empty() {
            pane.marked.clear();
            return;
        }
    }
    model.focus = Focus::Tree;
}

/// The themes in the order `theme` goes through them.
pub const THEMES: [&str; 4] = ["dark", "light", "high-contrast", "none"];

fn next_theme(model: &mut Model) {
    let now = model.theme.as_deref().unwrap_or("dark");
    let at = THEMES.iter().position(|name| *name == now).unwrap_or(0);
    let next = THEMES.iter().cycle().nth(at + 1).copied().unwrap_or("dark");
    model.theme = Some(next.to_owned());
    model.notify(Tone::Plain, format!("Theme: {next}"));
}

fn show_view(model: &mut Model, view: View, effects: &mut Vec<Effect>) {
    if model.view == view {
        return;
    }
    model.view = view;
    match view {
        View::Migrations => migrations::open(model, effects),
        // It is asked for after every message, as long as it is shown.
        View::Status => {}
        View::Schema => {
            let name = model.data.as_ref().map(|pane| pane.name.clone());
            if let Some(name) = name {
                browse::show_structure(model, name, effects);
            }
        }
        View::Data => {
            let wanted = model.schema.wanted.clone();
            let other =
                wanted.filter(|name| model.data.as_ref().is_none_or(|pane| pane.name != *name));
            if let Some(name) = other {
                browse::open(model, name, Vec::new(), false, effects);
            }
        }
    }
}

fn tree(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) {
    use CommandId as C;
    let height = layout(model, screen(model)).tree_height();
    let page = isize::try_from(height).unwrap_or(isize::MAX);
    match id {
        C::Up => model.tree.move_by(-1, height),
        C::Down => model.tree.move_by(1, height),
        C::PageUp => model.tree.move_by(-page, height),
        C::PageDown => model.tree.move_by(page, height),
        C::HalfUp => model.tree.move_by(-(page / 2), height),
        C::HalfDown => model.tree.move_by(page / 2, height),
        C::First | C::FirstColumn => model.tree.move_to(0, height),
        C::Last | C::LastColumn => model.tree.move_to(usize::MAX, height),
        C::Fold => model.tree.fold(height),
        C::Unfold => unfold(model, height, effects),
        C::Open => open_line(model, effects),
        _ => {}
    }
}

/// Right on a table with nothing to unfold goes over to its rows.
fn unfold(model: &mut Model, height: usize, effects: &mut Vec<Effect>) {
    let leaf = matches!(
        model.tree.current().map(|line| &line.item),
        Some(Item::Relation(leaf)) if leaf.open.is_none()
    );
    if leaf { open_line(model, effects) } else { model.tree.unfold(height) }
}

/// Opens the relation under the cursor, or folds what is there.
pub fn open_line(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(line) = model.tree.current() else { return };
    match &line.item {
        Item::Relation(leaf) => {
            let name = leaf.name.clone();
            model.focus = Focus::Main;
            match model.view {
                View::Data => browse::open(model, name, Vec::new(), false, effects),
                View::Schema => browse::show_structure(model, name, effects),
                View::Migrations | View::Status => {}
            }
        }
        Item::Branch(..) => {
            model.tree.toggle_current();
        }
        Item::Object(sort, definition) => {
            let text = format!("{sort} {}: {}", line.label, definition.join(", "));
            model.notify(Tone::Plain, text);
        }
    }
}

fn grid(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) {
    use CommandId as C;
    if edit::moved(model, id) || edit::command(model, id, effects) {
        return;
    }
    let places = layout(model, screen(model));
    if moved(model, id, &places, effects) || arranged(model, id, &places, effects) {
        return;
    }
    match id {
        C::Filter => {
            if let Some(form) = FilterForm::new(model) {
                model.overlays.push(Overlay::Filter(Box::new(form)));
            }
        }
        C::Record => {
            if let Some(record) = Record::new(model) {
                model.overlays.push(Overlay::Record(Box::new(record)));
            }
        }
        C::Follow => browse::peek(model, effects),
        C::ClearFilter => browse::clear_filter(model, effects),
        C::Sort => browse::sort(model, false, effects),
        C::SortMore => browse::sort(model, true, effects),
        C::FindNext => find_next(model, true, &places),
        C::FindPrevious => find_next(model, false, &places),
        C::GoTo if model.data.is_some() => prompt(model, Purpose::GoTo, ""),
        C::Export => {
            if let Some(name) = export::proposed(model) {
                prompt(model, Purpose::Export, &name);
            }
        }
        C::Count => count(model, effects),
        C::Cell => browse::enter_cell(model, effects),
        C::Referencing => browse::referencing(model, effects),
        C::CopyCell => clipboard::cell(model, effects),
        C::CopyRow | C::CopyJson | C::CopySql | C::CopyMarkdown => {
            clipboard::rows(model, id, effects);
        }
        C::Mark => mark(model, &places),
        C::Reveal => reveal(model),
        _ => {}
    }
}

/// Commands in the structure of a relation.
fn schema(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) {
    use CommandId as C;
    let height = usize::from(layout(model, screen(model)).body.height);
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    match id {
        C::Up => model.schema.move_by(-1, height),
        C::Down => model.schema.move_by(1, height),
        C::PageUp => model.schema.move_by(-page, height),
        C::PageDown => model.schema.move_by(page, height),
        C::HalfUp => model.schema.move_by(-(page / 2), height),
        C::HalfDown => model.schema.move_by(page / 2, height),
        C::First | C::FirstColumn => model.schema.move_to(0, height),
        C::Last | C::LastColumn => model.schema.move_to(usize::MAX, height),
        C::Left => model.schema.section(false, height),
        C::Right => model.schema.section(true, height),
        C::Open => match model.schema.current().and_then(|line| line.target.clone()) {
            Some(name) => browse::go_to_structure(model, name, effects),
            None => model.notify(Tone::Plain, "This line leads nowhere"),
        },
        C::CopyCell => {
            let Some(copied) = model.schema.copied() else { return };
            let size = text::short_bytes(copied.len() as u64);
            effects.push(Effect::Copy(copied));
            model.notify(Tone::Good, format!("Copied the line, {size}"));
        }
        _ => {}
    }
}

/// Commands that move the cursor; whether this was one.
fn moved(model: &mut Model, id: CommandId, places: &Layout, effects: &mut Vec<Effect>) -> bool {
    use CommandId as C;
    let (height, cells) = (places.grid_height(), places.grid_width());
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    let Some(pane) = &mut model.data else { return false };
    let need = match id {
        C::First => pane.to_first(height),
        C::Last => pane.to_last(height),
        _ => crate::app::panes::data::motion::Need::Nothing,
    };
    match id {
        C::Up => pane.move_by(-1, height),
        C::Down => pane.move_by(1, height),
        C::PageUp => pane.scroll_by(-page, height),
        C::PageDown => pane.scroll_by(page, height),
        C::HalfUp => pane.scroll_by(-(page / 2), height),
        C::HalfDown => pane.scroll_by(page / 2, height),
        C::Left => pane.columns.move_by(-1, cells),
        C::Right => pane.columns.move_by(1, cells),
        C::FirstColumn => pane.columns.move_to(0, cells),
        C::LastColumn => pane.columns.move_to(usize::MAX, cells),
        C::First | C::Last => {}
        _ => return false,
    }
    if let crate::app::panes::data::motion::Need::Page(place, awaiting) = need {
        model.read_page(place, awaiting, effects);
    }
    true
}

/// Commands that arrange the columns; whether this was one. What they leave is remembered.
fn arranged(model: &mut Model, id: CommandId, places: &Layout, effects: &mut Vec<Effect>) -> bool {
    use CommandId as C;
    let cells = places.grid_width();
    let Some(pane) = &mut model.data else { return false };
    match id {
        C::Hide => pane.columns.hide(),
        C::ShowHidden => pane.columns.show_all(),
        C::Pin => pane.columns.pin(),
        C::Narrower => pane.columns.resize(-2, cells),
        C::Wider => pane.columns.resize(2, cells),
        _ => return false,
    }
    let place = pane.columns.cursor();
    pane.columns.move_to(place, cells);
    browse::remember_look(model, effects);
    true
}

fn find_next(model: &mut Model, forward: bool, places: &Layout) {
    let Some(pane) = &mut model.data else { return };
    if pane.find.is_empty() {
        model.notify(Tone::Plain, "Nothing to find yet: / asks what");
    } else if !pane.find_next(forward, places.grid_height(), places.grid_width()) {
        let text = format!("No loaded row holds “{}”; f filters on the server", pane.find);
        model.notify(Tone::Plain, text);
    }
}

fn count(model: &mut Model, effects: &mut Vec<Effect>) {
    let selection = model.data.as_mut().and_then(|pane| pane.selection().cloned());
    if let (Some(selection), Link::Open(_)) = (selection, &model.link) {
        model.start(Slot::Count, Request::Count(Box::new(selection)), effects);
    }
}

fn mark(model: &mut Model, places: &Layout) {
    let Some(pane) = &mut model.data else { return };
    let Some(anchor) = pane.current_row().map(|row| row.anchor.clone()) else { return };
    match pane.marked.iter().position(|marked| *marked == anchor) {
        Some(at) => {
            pane.marked.swap_remove(at);
        }
        None => pane.marked.push(anchor),
    }
    pane.move_by(1, places.grid_height());
}

fn reveal(model: &mut Model) {
    let Some(pane) = &mut model.data else { return };
    let Some(index) = pane.columns.current() else { return };
    if !pane.columns.get(index).is_some_and(|column| column.masked) {
        model.notify(Tone::Plain, "This column is not masked");
    } else if !pane.revealed.remove(&index) {
        pane.revealed.insert(index);
    }
}
