//! The status view: asks how the database is doing as long as it is on the screen, and moves
//! through the two sheets. It reads no clock: time comes with the ticks.

use std::time::Duration;

use crate::app::command::CommandId;
use crate::app::effect::{Effect, Slot};
use crate::app::layout::layout;
use crate::app::model::{Focus, Link, Model, Tone, View};
use crate::app::panes::status::Sheet;
use crate::app::update::screen;
use crate::ops::dashboard::{Dashboard, Drifting};
use crate::ops::session::Request;
use crate::problem::{Kind, Problem};
use crate::text;

/// Whether the view is on the screen of an open database.
fn is_shown(model: &Model) -> bool {
    model.view == View::Status && matches!(model.link, Link::Open(_))
}

/// After every message: asks again when it is time.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    let is_due = is_shown(model)
        && !model.tickets.is_running(Slot::Status)
        && model.status.due_in(model.now).is_zero();
    let target = model.target.clone().filter(|_| is_due);
    if let Some(target) = target.map(Box::new) {
        let whole = model.status.ask(model.now);
        model.start(Slot::Status, Request::Dashboard { whole, target }, effects);
    }
}

/// How soon a tick is wanted.
pub fn wake(model: &Model) -> Option<Duration> {
    let waits = is_shown(model) && !model.tickets.is_running(Slot::Status);
    waits.then(|| model.status.due_in(model.now))
}

/// Takes an answer.
pub fn told(model: &mut Model, found: Dashboard) {
    let Link::Open(facts) = &model.link else { return };
    model.status.take(found, (facts, model.target.as_ref()), model.now);
}

/// Takes the failure of a question.
pub fn failed(model: &mut Model, problem: Problem) {
    if problem.kind != Kind::Cancelled {
        model.status.problem = Some(problem);
    }
}

/// Looks for drift: in a scratch database, so only when somebody asks for it.
fn look_for_drift(model: &mut Model, effects: &mut Vec<Effect>) {
    let target = model.target.clone().filter(|_| is_shown(model));
    if let Some(target) = target.filter(|_| !model.tickets.is_running(Slot::Drift)) {
        model.start(Slot::Drift, Request::Drift(Box::new(target)), effects);
        model.status.looking = true;
        write(model);
    }
}

/// Takes what was found of drift; nothing where it could not be looked for.
pub fn drifted(model: &mut Model, found: Option<Drifting>) {
    model.status.looking = false;
    if let Some(found) = found {
        model.status.drift = Some(found);
    }
    write(model);
}

/// Drift could not be looked for; what was found before stays. Where it was looked for on the way
/// and nobody has asked, nobody is told.
pub fn not_drifted(model: &mut Model, problem: &Problem) {
    let is_asked = model.status.looking;
    drifted(model, None);
    if is_asked {
        model.notify(Tone::Bad, problem.to_string());
    }
}

/// Makes the lines anew.
fn write(model: &mut Model) {
    let Link::Open(facts) = &model.link else { return };
    model.status.write((facts, model.target.as_ref()));
}

/// The sheet that has the keys, and its lines on this screen.
fn sheet(model: &mut Model) -> (&mut Sheet, usize) {
    let places = layout(model, screen(model));
    match model.focus {
        Focus::Tree => (&mut model.status.database, usize::from(places.tree_lines.height)),
        Focus::Main => (&mut model.status.activity, usize::from(places.body.height)),
    }
}

/// Runs a command of the view.
pub fn run(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) {
    use CommandId as C;
    if id == C::LookForDrift {
        return look_for_drift(model, effects);
    }
    let (sheet, height) = sheet(model);
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    match id {
        C::Up => sheet.move_by(-1, height),
        C::Down => sheet.move_by(1, height),
        C::PageUp => sheet.move_by(-page, height),
        C::PageDown => sheet.move_by(page, height),
        C::HalfUp => sheet.move_by(-(page / 2), height),
        C::HalfDown => sheet.move_by(page / 2, height),
        C::First | C::FirstColumn => sheet.move_to(0, height),
        C::Last | C::LastColumn => sheet.move_to(usize::MAX, height),
        C::Left => model.focus = Focus::Tree,
        C::Right => model.focus = Focus::Main,
        C::CopyStatus => {
            let Some(line) = sheet.lines().get(sheet.list.cursor) else { return };
            let copied = line.copy.clone();
            let size = text::short_bytes(copied.len() as u64);
            effects.push(Effect::Copy(copied));
            model.notify(Tone::Good, format!("Copied the line, {size}"));
        }
        _ => {}
    }
}
