//! Operations on the whole database from the studio: what would be done is looked at, its checklist
//! gone through, the work followed, and what is on the screen read again after it.
//!
//! Everything is asked for in the slot [`Slot::Op`]; nothing runs before a yes.

mod chain;
mod words;

pub use chain::{Chain, Stage, begin as begin_chain, is_at, next, with_done};
pub use words::{copying, intent, lines, reading, verb};

use std::sync::Arc;

use crate::app::browse;
use crate::app::change;
use crate::app::checklist;
use crate::app::effect::{Effect, Slot};
use crate::app::migrations;
use crate::app::model::{Focus, Link, Model, Tone};
use crate::app::overlays::Overlay;
use crate::app::overlays::backups::BackupList;
use crate::app::overlays::outcome::{Outcome, sentence};
use crate::app::overlays::plan::{PlanReview, Subject};
use crate::app::overlays::working::{Doing, Words, Working};
use crate::app::panes::migrations::lasting;
use crate::app::panes::schema::SchemaPane;
use crate::app::span::Ink;
use crate::ops::checklist::Signed;
use crate::ops::operations_desk::{Ask, Carried, Plan, Told, Wish, Work};
use crate::ops::session::Request;
use crate::problem::Problem;

const RESETTING: Words = Words { running: "Resetting", failed: "Not reset" };
const SEEDING: Words = Words { running: "Seeding", failed: "Not seeded" };
const BACKING_UP: Words = Words { running: "Backing up", failed: "Not backed up" };
const RESTORING: Words = Words { running: "Restoring", failed: "Not restored" };
const LISTING: Words = Words { running: "Looking for backups", failed: "Not looked for backups" };

fn words_of(wish: &Wish) -> &'static Words {
    match wish {
        Wish::Reset => &RESETTING,
        Wish::Seed | Wish::Rows(_) => &SEEDING,
        Wish::Backup => &BACKING_UP,
        Wish::Restore(_) => &RESTORING,
    }
}

/// A question about an operation on the database that is open.
pub fn request(model: &Model, what: Ask) -> Option<Request> {
    let target = model.target.clone()?;
    Some(Request::Operations(Box::new(target), Box::new(what)))
}

/// Begins with a wish: what it would do is looked at first.
pub fn order(model: &mut Model, wish: Wish, effects: &mut Vec<Effect>) {
    let replaces = matches!(wish, Wish::Reset | Wish::Restore(_));
    if !migrations::is_free(model) {
        return;
    }
    if replaces && !model.staged.is_empty() {
        model.notify(Tone::Bad, "Edits are staged on what would go: apply or discard them first");
        return;
    }
    let words = words_of(&wish);
    let ask = Ask::Plan(wish);
    let lets_go = ask.replaces();
    let Some(request) = request(model, ask) else { return };
    if lets_go {
        let_go(model, effects);
    }
    let steps = vec!["Looking at what would be done".to_owned()];
    change::work(model, Working::new(Doing::Migrations(words), steps, false), request, effects);
}

/// Lists the backups.
pub fn list(model: &mut Model, effects: &mut Vec<Effect>) {
    if !migrations::is_free(model) {
        return;
    }
    let Some(request) = request(model, Ask::Backups) else { return };
    let steps = vec!["Reading their index".to_owned()];
    change::work(model, Working::new(Doing::Migrations(&LISTING), steps, false), request, effects);
}

/// The database is let go of: another one takes its place. It is opened again once nothing about
/// that is on the screen any more.
fn let_go(model: &mut Model, effects: &mut Vec<Effect>) {
    let reading = [
        Slot::Outline,
        Slot::Relation,
        Slot::Peek,
        Slot::Page,
        Slot::Extend,
        Slot::Count,
        Slot::Value,
        Slot::References,
        Slot::Status,
        Slot::Drift,
        Slot::Standing,
        Slot::Examine,
        Slot::Origins,
    ];
    for slot in reading {
        model.abandon(slot, effects);
    }
    model.link = Link::Opening;
}

/// Opens the database again that was let go of, once nothing about it is asked or under way.
fn open_again(model: &mut Model, effects: &mut Vec<Effect>) {
    let is_said = |overlay: &Overlay| matches!(overlay, Overlay::Outcome(_));
    let is_over = !model.tickets.is_running(Slot::Op) && model.overlays.iter().all(is_said);
    let is_gone = matches!(model.link, Link::Opening) && !model.tickets.is_running(Slot::Connect);
    if is_gone
        && is_over
        && let Some(target) = model.target.clone()
    {
        model.start(Slot::Connect, Request::Connect(Box::new(target)), effects);
    }
}

/// Takes an answer.
pub fn told(model: &mut Model, told: Told, effects: &mut Vec<Effect>) {
    match told {
        Told::Nothing(wish, notes) => nothing(model, &wish, notes, effects),
        Told::Planned(plan) => {
            change::worked(model);
            model.overlays.retain(|it| !matches!(it, Overlay::Backups(_)));
            let review = PlanReview::new(Subject::Operation(plan), model);
            model.overlays.push(Overlay::Plan(Box::new(review)));
        }
        Told::Gathered(found) => checklist::gathered(model, *found),
        Told::Reopened(found) => checklist::reopened(model, *found),
        Told::Carried(carried) => done(model, &carried, effects),
        Told::Backups(found) => {
            change::worked(model);
            model.overlays.push(Overlay::Backups(Box::new(BackupList::new(*found))));
        }
    }
}

fn nothing(model: &mut Model, wish: &Wish, notes: Vec<String>, effects: &mut Vec<Effect>) {
    change::worked(model);
    let said = match wish {
        Wish::Reset => "The database is empty.",
        Wish::Seed => {
            "The folder of seeds holds none. Rows can be made from the schema alone: the command \
             is “Make sample rows from the schema”."
        }
        Wish::Rows(_) => "There is no table to make rows for.",
        Wish::Backup | Wish::Restore(_) => "There is nothing to do.",
    };
    if is_at(model, &[Stage::Reset, Stage::Seed]) {
        let said = match wish {
            Wish::Reset => "The database was empty",
            _ => "There is no seed",
        };
        return next(model, said.to_owned(), effects);
    }
    let mut paragraphs = vec![(Ink::Text, said.to_owned())];
    paragraphs.extend(notes.iter().map(|note| (Ink::Muted, sentence(note))));
    let outcome = Outcome::of("Nothing to do", paragraphs);
    model.overlays.push(Overlay::Outcome(Box::new(outcome)));
}

/// Begins to carry out what is looked at with what was said on its checklist; what shows the work.
pub fn carry_out(
    model: &mut Model,
    plan: Arc<Plan>,
    signed: Signed,
    effects: &mut Vec<Effect>,
) -> Option<Overlay> {
    let request = request(model, Ask::Carry(Arc::clone(&plan), Box::new(signed)))?;
    let mut steps = vec![match plan.gathered.items.is_empty() {
        true => "Looking at the database".to_owned(),
        false => "Gathering the evidence once more".to_owned(),
    }];
    if let Work::Reset(reset) = &plan.work {
        let line = |sql: &str| sql.lines().next().unwrap_or_default().to_owned();
        steps.extend(reset.steps.iter().map(|step| line(&step.sql)));
    }
    if matches!(plan.work, Work::Backup(_)) {
        steps = vec![copying(None)];
    }
    model.notice = None;
    model.start(Slot::Op, request, effects);
    let working = Working::new(Doing::Operation(words_of(&plan.wish)), steps, true)
        .from(1)
        .about(words::about(&plan).unwrap_or_default());
    Some(Overlay::Working(Box::new(working)))
}

/// Takes away what was asked about an operation.
pub fn forget(model: &mut Model) {
    model.overlays.retain(|it| !matches!(it, Overlay::Plan(_) | Overlay::Checklist(_)));
}

/// It is carried out: what is on the screen is read again.
fn done(model: &mut Model, carried: &Carried, effects: &mut Vec<Effect>) {
    change::worked(model);
    forget(model);
    if carried.plan.wish == Wish::Reset {
        // Nothing of what they show is there any more.
        model.data = None;
        model.opening = None;
        model.trail.clear();
        model.schema = SchemaPane::default();
        model.focus = Focus::Tree;
    }
    read_again(model, effects);
    let elapsed = lasting(carried.elapsed);
    let stages = match carried.plan.work {
        Work::Reset(_) => Stage::Reset,
        _ => Stage::Seed,
    };
    if is_at(model, &[stages]) {
        return next(model, format!("{} ({elapsed})", carried.done.join("; ")), effects);
    }
    let title = match carried.plan.wish {
        Wish::Reset => "Reset",
        Wish::Seed | Wish::Rows(_) => "Seeded",
        Wish::Backup => "Backed up",
        Wish::Restore(_) => "Restored",
    };
    let mut paragraphs = vec![(Ink::Strong, format!("Done in {elapsed}."))];
    paragraphs.extend(carried.done.iter().map(|told| (Ink::Text, told.clone())));
    paragraphs.extend(carried.notes.iter().map(|note| (Ink::Muted, sentence(note))));
    if carried.plan.wish == Wish::Reset {
        let then = "W leads on: setting it up makes the tables again.";
        paragraphs.push((Ink::Muted, then.to_owned()));
    }
    model.overlays.push(Overlay::Outcome(Box::new(Outcome::of(title, paragraphs))));
}

/// Reads again what is on the screen, and what was read before of what may be gone.
pub fn read_again(model: &mut Model, effects: &mut Vec<Effect>) {
    if !matches!(model.link, Link::Open(_)) {
        return;
    }
    browse::refresh(model, effects);
    model.status.expire();
}

/// An operation failed or was stopped.
pub fn failed(
    model: &mut Model,
    words: &'static Words,
    problem: Problem,
    effects: &mut Vec<Effect>,
) {
    forget(model);
    let outcome = Outcome::of_problem(words.failed, problem);
    model.overlays.push(Overlay::Outcome(Box::new(with_done(model, outcome))));
    // Not all of it may have been taken back.
    read_again(model, effects);
}

/// What follows from all that happened: a database that was let go of is opened again, and a row of
/// operations that somebody left is over.
pub fn after(model: &mut Model, effects: &mut Vec<Effect>) {
    chain::settle(model);
    open_again(model, effects);
}
