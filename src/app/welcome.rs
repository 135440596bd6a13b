//! The screens before a database is open: the welcome, and a connection that failed.

use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Key};
use crate::app::model::{Link, Model, Tone};
use crate::app::overlays::Overlay;
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::update::close;
use crate::config::{Address, Choice, Target};
use crate::ops::session::Request;
use crate::problem::Kind;

/// The ways to begin that are always there, in front of the choices: key and what it does.
pub const WAYS: [(char, &str); 3] = [
    ('d', "open the demo: a sample project in SQLite"),
    ('i', "start a project in this folder"),
    ('u', "connect to a URL, or open a file"),
];

/// A project was made: its databases can be chosen from, the first one under the cursor.
pub fn made(model: &mut Model, files: &[String], choices: Vec<Choice>) {
    let said = match files {
        [] => "The project is there already; enter opens its database".to_owned(),
        files => format!("Made {}; enter opens its database", files.join(", ")),
    };
    model.notify(Tone::Good, said);
    if !choices.is_empty() {
        model.choice = WAYS.len();
    }
    model.choices = choices;
}

/// Whether what cannot be opened is a SQLite file that is not there, and can be made.
pub fn can_make(model: &Model) -> bool {
    let is_file = |target: &Target| matches!(target.address, Address::Sqlite(_));
    matches!(&model.link, Link::Failed(problem) if problem.kind == Kind::Absent)
        && model.target.as_ref().is_some_and(is_file)
}

/// Takes a key on these screens.
pub fn key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let plain = key.typed();
    let quit = plain == Some('q') || (key.ctrl && key.code == Code::Char('c'));
    if matches!(model.link, Link::Opening) {
        if quit || key.code == Code::Esc {
            stop_opening(model, quit, effects);
        }
        return;
    }
    if quit {
        close(model, effects);
        return;
    }
    if matches!(model.link, Link::Failed(_)) {
        failed_key(model, key, effects);
        return;
    }
    let lines = WAYS.len() + model.choices.len();
    match key.code {
        Code::Up | Code::Char('k') => model.choice = model.choice.saturating_sub(1),
        Code::Down | Code::Char('j') => model.choice = (model.choice + 1).min(lines - 1),
        Code::Enter => choose(model, model.choice, effects),
        Code::Char('d') => choose(model, 0, effects),
        Code::Char('i') => choose(model, 1, effects),
        Code::Char('u') => choose(model, 2, effects),
        _ => {}
    }
}

/// Stops connecting: back to the welcome screen, or out.
fn stop_opening(model: &mut Model, leave: bool, effects: &mut Vec<Effect>) {
    model.abandon(Slot::Connect, effects);
    model.link = Link::None;
    if leave {
        effects.push(Effect::Quit);
    }
}

fn failed_key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    match key.code {
        Code::Char('r' | 'R') | Code::Enter => {
            if let Some(target) = model.target.clone() {
                model.link = Link::Opening;
                model.start(Slot::Connect, Request::Connect(Box::new(target)), effects);
            }
        }
        Code::Char('n') if can_make(model) => {
            if let Some(target) = model.target.clone() {
                model.start(Slot::Project, Request::Create(Box::new(target)), effects);
            }
        }
        Code::Char('u') => {
            let prompt = Prompt::new(Purpose::Address, "");
            model.overlays.push(Overlay::Prompt(Box::new(prompt)));
        }
        Code::Esc | Code::Char('w') => model.link = Link::None,
        _ => {}
    }
}

fn choose(model: &mut Model, line: usize, effects: &mut Vec<Effect>) {
    match line {
        0 => model.start(Slot::Project, Request::Demo, effects),
        1 => model.start(Slot::Project, Request::Init, effects),
        2 => model.overlays.push(Overlay::Prompt(Box::new(Prompt::new(Purpose::Address, "")))),
        _ => {
            if let Some(choice) = model.choices.get(line - WAYS.len()) {
                let choice = Box::new(choice.clone());
                model.start(Slot::Project, Request::Choose(choice), effects);
            }
        }
    }
}
