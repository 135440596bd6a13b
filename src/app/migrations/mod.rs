//! The migrations view: what its commands do, what it asks for, what follows from the answers.
//!
//! What is asked about goes through the slots [`Slot::Standing`] and [`Slot::Examine`], in the
//! background; what changes a database through [`Slot::Op`], after a review and a yes.

mod mending;
mod rehearsal;
mod run;

pub use mending::{Mending, mend};
pub use run::{
    carry, carry_out, go_on, intent, is_free, order, progressed, read_before, run_failed,
    under_review, verb, whole_intent,
};

use crate::app::change;
use crate::app::checklist;
use crate::app::command::CommandId;
use crate::app::effect::{Effect, Slot};
use crate::app::layout::layout;
use crate::app::model::{Focus, Link, Model, Tone, View};
use crate::app::overlays::guide;
use crate::app::panes::migrations::{Known, MigrationsPane, Place, REST, Row, Side};
use crate::app::update::screen;
use crate::config::{Protection, Target};
use crate::db::Engine;
use crate::ops::migrations_desk::{Ask, Order, State, Told};
use crate::ops::preparation::Intent;
use crate::ops::session::Request;
use crate::ops::standing::Standing;
use crate::problem::{Kind, Problem};
use crate::sql::Dialect;
use crate::text;

/// Shows the view; what is not known yet is read.
pub fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    model.view = View::Migrations;
    model.focus = Focus::Tree;
    if model.migrations.standing.is_none() && !model.tickets.is_running(Slot::Standing) {
        read(model, effects);
    }
}

/// Reads how the migrations stand.
pub fn read(model: &mut Model, effects: &mut Vec<Effect>) {
    if matches!(model.link, Link::Open(_)) {
        ask(model, Slot::Standing, Ask::Standing, effects);
    }
}

pub(in crate::app) fn request(model: &Model, what: Ask) -> Option<Request> {
    let target = model.target.clone()?;
    Some(Request::Migrations(Box::new(target), Box::new(what)))
}

fn ask(model: &mut Model, slot: Slot, what: Ask, effects: &mut Vec<Effect>) {
    if let Some(request) = request(model, what) {
        model.start(slot, request, effects);
    }
}

/// Another database is open: nothing of the one before counts.
pub fn forget(model: &mut Model, effects: &mut Vec<Effect>) {
    for slot in [Slot::Standing, Slot::Examine, Slot::Origins, Slot::Timeline] {
        model.abandon(slot, effects);
    }
    model.migrations = MigrationsPane::default();
    if model.view == View::Migrations {
        read(model, effects);
    }
}

/// Takes an answer.
pub fn told(model: &mut Model, told: Told, effects: &mut Vec<Effect>) {
    match told {
        Told::Standing(standing, texts) => {
            if model.migrations.show(standing, texts) {
                // Other files may have made other columns.
                model.schema.asked = false;
            }
            guide::learned(model, Slot::Standing, effects);
        }
        Told::Examined(examined) => model.migrations.learn(examined),
        Told::Timeline(entries) => model.migrations.recall(entries),
        Told::Origins(origins) => {
            model.schema.origins = Some(origins);
            if let Some(relation) = model.schema.relation.clone() {
                let engine = model.engine();
                model.schema.show(relation, engine);
            }
        }
        Told::Planned(plan) => run::planned(model, plan, effects),
        Told::Gathered(found) => checklist::gathered(model, *found),
        Told::Reopened(found) => checklist::reopened(model, *found),
        Told::Carried(carried) => run::carried(model, &carried, effects),
        Told::Rehearsed(found) => rehearsal::ended(model, &found, effects),
        Told::Amendment(amendment) => mending::planned(model, amendment),
        Told::Amended(amendment) => mending::written(model, &amendment, effects),
    }
}

/// A question was not answered.
pub fn failed(model: &mut Model, slot: Slot, problem: Problem) {
    let is_stopped = problem.kind == Kind::Cancelled;
    match slot {
        // It is only a note; without a project there is none.
        Slot::Origins => {}
        Slot::Timeline => model.notify(Tone::Bad, problem.to_string()),
        Slot::Examine => model.migrations.give_up(Some(problem).filter(|_| !is_stopped)),
        _ if is_stopped => model.notify(Tone::Plain, "Stopped; R reads the migrations again"),
        // What is here stays, and is only a little older.
        _ if model.migrations.standing.is_some() => model.notify(Tone::Bad, problem.to_string()),
        _ => model.migrations.problem = Some(problem),
    }
}

/// The SQL that is spoken here.
pub fn dialect(model: &Model) -> Dialect {
    match model.engine() {
        Some(Engine::Postgres) => Dialect::Postgres,
        Some(Engine::Sqlite) | None => Dialect::Sqlite,
    }
}

/// After every message: makes what is shown for the screen there is, and examines what the cursor
/// rests on.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.view != View::Migrations {
        model.migrations.due = None;
        trace(model, effects);
        return;
    }
    look_ahead(model, effects);
    let places = layout(model, screen(model));
    let (dialect, tries) = (dialect(model), tries_unasked(model));
    let Model { migrations, keymap, ascii, .. } = model;
    let list = places.tree_lines.width.saturating_sub(2);
    let place = Place { width: places.text_width(), list, ascii: *ascii, dialect, keymap, tries };
    migrations.fit(&place);
    let places = layout(model, screen(model));
    let (list, text) = (places.tree_height(), usize::from(places.text.height));
    let (row, line) = (model.migrations.list.cursor, model.migrations.text.cursor);
    model.migrations.move_to(row, false, list);
    model.migrations.scroll_to(line, text);
    model.migrations.note_read(text);
}

/// Finds out which migration made each column, once somebody looks at columns.
fn trace(model: &mut Model, effects: &mut Vec<Effect>) {
    let looks = model.view == View::Schema && model.schema.relation.is_some();
    if looks && !model.schema.asked && matches!(model.link, Link::Open(_)) && tries_unasked(model) {
        model.schema.asked = true;
        ask(model, Slot::Origins, Ask::Origins, effects);
    }
}

/// Examines the migration under the cursor once the cursor has rested on it.
fn look_ahead(model: &mut Model, effects: &mut Vec<Effect>) {
    let wanted = model.migrations.current().filter(|entry| entry.migration.is_some());
    let wanted = wanted.map(|entry| entry.key.clone());
    let is_open =
        wanted.as_ref().is_some_and(|key| matches!(model.migrations.known(key), Known::Nothing));
    if !is_open || !matches!(model.link, Link::Open(_)) {
        model.migrations.due = None;
        return;
    }
    match model.migrations.due {
        None => model.migrations.due = Some(model.now + REST),
        Some(due) if due <= model.now => {
            if let Some(key) = wanted {
                examine(model, key, effects);
            }
        }
        Some(_) => {}
    }
}

/// Whether a migration is tried without being asked for: never on a server that others use, where
/// that makes a database.
fn tries_unasked(model: &Model) -> bool {
    let is_ours = |target: &Target| target.protection == Protection::Development;
    model.engine() == Some(Engine::Sqlite) || model.target.as_ref().is_some_and(is_ours)
}

fn examine(model: &mut Model, key: String, effects: &mut Vec<Effect>) {
    let Some(standing) = model.migrations.standing.clone() else { return };
    model.migrations.begin(key.clone());
    let texts = model.migrations.texts();
    ask(model, Slot::Examine, Ask::Examine(standing, texts, key), effects);
}

/// A command of the view; whether it was one.
pub fn run(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) -> bool {
    use CommandId as C;
    let side = match id {
        C::DownSide => Some(Side::Down),
        C::PictureSide => Some(Side::Picture),
        C::TextsSide => Some(Side::Texts),
        C::PendingScript => Some(Side::Pending),
        _ => None,
    };
    if let Some(side) = side {
        turn(model, side);
        return true;
    }
    match id {
        C::Timeline => {
            turn(model, Side::Timeline);
            if model.migrations.side() == Side::Timeline {
                model.focus = Focus::Main;
                ask(model, Slot::Timeline, Ask::Timeline, effects);
            }
        }
        C::Open if model.focus == Focus::Main && model.migrations.unfold() => {}
        C::Examine => {
            if let Some(key) = model.migrations.current().map(|entry| entry.key.clone()) {
                examine(model, key, effects);
            }
        }
        C::ApplyAll => order(model, Order::Apply { to: None }, effects),
        C::ApplyTo => run::up_to(model, true, effects),
        C::RollBack => order(model, Order::RollBack { to: None }, effects),
        C::RollBackTo => run::up_to(model, false, effects),
        C::EditFile => edit(model, effects),
        C::Rehearse => rehearsal::begin(model, effects),
        C::Repair => mending::repair(model),
        C::Unapply => mending::ask(model, Mending::NotApplied),
        C::Baseline => mending::baseline(model, effects),
        C::NextHazard => hazard(model, true),
        C::PreviousHazard => hazard(model, false),
        C::CopyFile => copy(model, effects),
        C::WriteNext => change::begin(model, Intent::Generate, effects),
        C::Open | C::Right if model.focus == Focus::Tree => model.focus = Focus::Main,
        C::Left => model.focus = Focus::Tree,
        _ => return moved(model, id),
    }
    true
}

/// Whether a command would do something now, for the footer.
pub fn applies(model: &Model, id: CommandId) -> bool {
    use CommandId as C;
    let pane = &model.migrations;
    let Some(standing) = &pane.standing else {
        return matches!(id, C::Palette | C::Help | C::Refresh);
    };
    let entry = pane.current();
    let state = entry.map(|entry| &entry.state);
    let has_file = entry.is_some_and(|entry| entry.migration.is_some());
    let is_waiting = standing.pending().next().is_some();
    match id {
        C::ApplyAll | C::Rehearse | C::PendingScript => is_waiting,
        C::RollBack => standing.format.has_downs() && is_any_applied(standing),
        C::Repair => {
            matches!(
                state,
                Some(State::Changed | State::Missing | State::Failed | State::HalfDone { .. })
            )
        }
        C::Baseline => standing.history.is_none() && entry.is_some(),
        C::DownSide => {
            entry.and_then(|entry| entry.migration.as_ref()).is_some_and(|it| it.down.is_some())
        }
        C::TextsSide => entry.is_some_and(|entry| pane.applied_text(entry).is_some()),
        C::PictureSide | C::CopyFile => has_file,
        C::EditFile => has_file || matches!(pane.row(), Some(Row::Misfit(_))),
        C::Find => false,
        _ => true,
    }
}

fn is_any_applied(standing: &Standing) -> bool {
    standing.entries.iter().any(|entry| matches!(entry.state, State::Applied | State::Changed))
}

fn turn(model: &mut Model, side: Side) {
    let before = model.migrations.side();
    model.migrations.turn(side);
    if side != before && model.migrations.side() != side {
        let why = match side {
            Side::Down => "There is no way back in the folder",
            Side::Texts => "The text that was applied is not known, or it is the file's",
            _ => "There is nothing to show",
        };
        model.notify(Tone::Plain, why);
    }
}

fn hazard(model: &mut Model, forward: bool) {
    let height = usize::from(layout(model, screen(model)).text.height);
    model.focus = Focus::Main;
    if !model.migrations.next_hazard(forward, height) {
        model.notify(Tone::Plain, "There is no hazard further on");
    }
}

/// Opens the file that is shown in the person's editor.
fn edit(model: &mut Model, effects: &mut Vec<Effect>) {
    let pane = &model.migrations;
    let standing = pane.standing.as_ref();
    let file = match (pane.row(), pane.current()) {
        (_, Some(entry)) => entry.migration.as_ref().and_then(|migration| {
            let script = match pane.side() {
                Side::Down => migration.down.as_ref(),
                _ => Some(&migration.up),
            };
            script.map(|script| script.name.clone())
        }),
        (Some(Row::Misfit(at)), _) => standing
            .and_then(|standing| standing.misfits.get(*at))
            .and_then(|misfit| misfit.path.to_str().map(str::to_owned)),
        _ => None,
    };
    match file {
        Some(file) => effects.push(Effect::Edit(file)),
        None => model.notify(Tone::Plain, "There is no file to open here"),
    }
}

fn copy(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(copied) = model.migrations.copied() else { return };
    let size = text::short_bytes(copied.len() as u64);
    effects.push(Effect::Copy(copied));
    model.notify(Tone::Good, format!("Copied the text, {size}"));
}

/// Commands that move a cursor; whether this was one.
fn moved(model: &mut Model, id: CommandId) -> bool {
    use CommandId as C;
    let places = layout(model, screen(model));
    let in_list = model.focus == Focus::Tree;
    let height = if in_list { places.tree_height() } else { usize::from(places.text.height) };
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    let step = match id {
        C::Up => -1,
        C::Down => 1,
        C::PageUp => -page,
        C::PageDown => page,
        C::HalfUp => -(page / 2),
        C::HalfDown => page / 2,
        C::First | C::FirstColumn => isize::MIN,
        C::Last | C::LastColumn => isize::MAX,
        _ => return false,
    };
    match in_list {
        true => model.migrations.move_by(step, height),
        false => model.migrations.scroll(step, height),
    }
    true
}
