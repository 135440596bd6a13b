//! `update`: a message changes the model and asks for effects. No I/O, no waiting.

use std::time::Instant;

use ratatui::layout::Rect;

use crate::app::command::{CommandId, Scope};
use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Input, Key};
use crate::app::keymap::Lookup;
use crate::app::layout::layout;
use crate::app::model::{Focus, Link, Model, PATIENCE, Tone, View};
use crate::app::msg::Msg;
use crate::app::overlays::{Next, Overlay};
use crate::app::{
    browse, commands, edit, edit_paste, migrations, operations, pointer, replies, status, welcome,
};
use crate::ops::session::Request;

/// The whole screen of the model's size.
pub fn screen(model: &Model) -> Rect {
    Rect::new(0, 0, model.size.0, model.size.1)
}

/// Lets a message change the model; what is to be done outside is added to `effects`.
pub fn update(model: &mut Model, msg: Msg, effects: &mut Vec<Effect>) {
    match msg {
        Msg::Tick(now) => tick(model, now, effects),
        Msg::Resized(width, height) => resized(model, (width, height)),
        Msg::Input(Input::Key(key)) => key_pressed(model, key, effects),
        Msg::Input(Input::Paste(text)) => pasted(model, &text, effects),
        Msg::Input(Input::Mouse(mouse)) => pointer::mouse(model, mouse, effects),
        Msg::Reply(slot, ticket, event) => replies::reply(model, slot, ticket, event, effects),
        Msg::Run(id) => {
            model.touch();
            commands::run(model, id, effects);
        }
        Msg::Carry => {
            model.touch();
            migrations::carry(model, effects);
        }
        Msg::Edited => {
            model.touch();
            migrations::read(model, effects);
        }
        Msg::Drafted { text, trouble } => {
            model.touch();
            edit::drafted(model, text, trouble, effects);
        }
        Msg::Open(name) => {
            model.touch();
            model.focus = Focus::Main;
            match model.view {
                View::Data | View::Migrations | View::Status => {
                    browse::open(model, name, Vec::new(), false, effects);
                }
                View::Schema => browse::go_to_structure(model, name, effects),
            }
        }
        Msg::Trouble(problem) => {
            model.touch();
            model.notify(Tone::Bad, problem.to_string());
        }
    }
    operations::after(model, effects);
    read_ahead(model, effects);
    browse::peek_ahead(model, effects);
    migrations::settle(model, effects);
    status::settle(model, effects);
    let owed = model.staged.take_owed();
    if !owed.is_empty() {
        effects.push(Effect::Journal(owed));
    }
}

fn tick(model: &mut Model, now: Instant, effects: &mut Vec<Effect>) {
    model.now = now;
    let slow = model
        .awaited()
        .chain([Slot::Extend])
        .any(|slot| model.tickets.elapsed(slot, now).is_some_and(|elapsed| elapsed >= PATIENCE));
    if slow {
        model.touch();
    }
    if model.notice.as_ref().is_some_and(|notice| notice.until <= now) {
        model.notice = None;
        model.touch();
    }
    if matches!(model.link, Link::Lost(_)) && !model.tickets.is_running(Slot::Connect) {
        // The seconds to the next attempt are on the screen.
        model.touch();
    }
    let due = matches!(&model.link, Link::Lost(lost) if lost.retry_at <= now);
    if due
        && !model.tickets.is_running(Slot::Connect)
        && let Some(target) = model.target.clone()
    {
        model.start(Slot::Connect, Request::Connect(Box::new(target)), effects);
        model.touch();
    }
}

fn resized(model: &mut Model, size: (u16, u16)) {
    model.size = size;
    model.touch();
    let places = layout(model, screen(model));
    let (height, cells) = (places.grid_height(), places.grid_width());
    if let Some(pane) = &mut model.data {
        pane.keep_visible(height);
        let place = pane.columns.cursor();
        pane.columns.move_to(place, cells);
    }
    let line = model.tree.cursor;
    model.tree.move_to(line, places.tree_height());
}

fn key_pressed(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    model.touch();
    if key == Key::ctrl('z') {
        effects.push(Effect::Suspend);
        return;
    }
    if let Some(overlay) = model.overlays.pop() {
        with_overlay(model, overlay, effects, |overlay, model, effects| {
            overlay.key(key, model, effects)
        });
        return;
    }
    if !matches!(model.link, Link::Open(_) | Link::Lost(_)) {
        welcome::key(model, key, effects);
        return;
    }
    if key.code == Code::Esc && !model.chord.is_empty() {
        model.chord.clear();
        return;
    }
    if key.alt && is_free(model, key) {
        // Escape and the key after it, sent so close together that they look like Alt.
        key_pressed(model, Key::plain(Code::Esc), effects);
        key_pressed(model, Key { alt: false, ..key }, effects);
        return;
    }
    model.chord.push(key);
    match model.keymap.look_up(&model.chord, &scopes(model)) {
        Lookup::Command(id) => {
            model.chord.clear();
            commands::run(model, id, effects);
        }
        Lookup::Prefix => {}
        Lookup::Nothing => model.chord.clear(),
    }
}

/// Whether a key begins nothing here.
fn is_free(model: &Model, key: Key) -> bool {
    model.keymap.look_up(&[key], &scopes(model)) == Lookup::Nothing
}

/// Hands something to an overlay that was taken off the stack, and does what it answers.
pub fn with_overlay(
    model: &mut Model,
    mut overlay: Overlay,
    effects: &mut Vec<Effect>,
    act: impl FnOnce(&mut Overlay, &mut Model, &mut Vec<Effect>) -> Next,
) {
    let place = model.overlays.len();
    match act(&mut overlay, model, effects) {
        // What came meanwhile lies over it.
        Next::Stay => {
            let place = place.min(model.overlays.len());
            model.overlays.insert(place, overlay);
        }
        Next::Close => {}
        Next::Over(other) => {
            model.overlays.push(overlay);
            model.overlays.push(*other);
        }
        Next::Then(msg) => update(model, msg, effects),
    }
}

fn pasted(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    model.touch();
    if let Some(overlay) = model.overlays.pop() {
        with_overlay(model, overlay, effects, |overlay, model, _| overlay.paste(text, model));
        return;
    }
    edit_paste::pasted(model, text, effects);
}

/// Where the keys apply now, the nearest first.
pub fn scopes(model: &Model) -> Vec<Scope> {
    let here = match (model.focus, model.view) {
        (_, View::Migrations) => Scope::Migrations,
        (_, View::Status) => Scope::Status,
        (Focus::Tree, _) => Scope::Tree,
        (Focus::Main, View::Data) => Scope::Grid,
        (Focus::Main, View::Schema) => Scope::Schema,
    };
    vec![here, Scope::Moving, Scope::Everywhere]
}

/// Reads on before the cursor reaches the edge of what is here.
fn read_ahead(model: &mut Model, effects: &mut Vec<Effect>) {
    let busy = model.tickets.is_running(Slot::Page) || model.tickets.is_running(Slot::Extend);
    if busy || !matches!(model.link, Link::Open(_)) || model.data.is_none() {
        return;
    }
    let height = layout(model, screen(model)).grid_height();
    let Some(pane) = &mut model.data else { return };
    if pane.problem.is_some() || pane.stalled {
        return;
    }
    let Some((side, place)) = pane.ahead(height) else { return };
    let Some(request) = pane.request(place, height) else { return };
    pane.extending = Some(side);
    model.start(Slot::Extend, Request::Page(Box::new(request)), effects);
}

/// Leaves, or asks first when something a person waits for is running.
pub fn close(model: &mut Model, effects: &mut Vec<Effect>) {
    let waited_for = model.tickets.running().find(|slot| {
        model.tickets.elapsed(*slot, model.now).is_some_and(|elapsed| elapsed >= PATIENCE)
            && slot.is_awaited()
            && *slot != Slot::Connect
    });
    match waited_for {
        None if !model.staged.is_empty() => {
            let (count, staged) = match model.staged.total() {
                1 => ("1 row".to_owned(), "is"),
                many => (format!("{many} rows"), "are"),
            };
            let text = format!(
                "Edits of {count} {staged} staged and not applied. They are kept in the journal \
                 and offered when you open this database again; ctrl+s reviews them now."
            );
            model.overlays.push(Overlay::Confirm(crate::app::overlays::confirm::Confirm {
                title: "Leave with edits that are not applied?".to_owned(),
                text,
                yes: "leave".to_owned(),
                then: Msg::Run(CommandId::Quit),
            }));
        }
        None => effects.push(Effect::Quit),
        Some(slot) => {
            model.overlays.push(Overlay::Confirm(crate::app::overlays::confirm::Confirm {
                title: "Leave while work is running?".to_owned(),
                text: format!("dbstudio is {}. Leaving cancels it on the server.", slot.doing()),
                yes: "leave".to_owned(),
                then: Msg::Run(CommandId::Quit),
            }))
        }
    }
}
