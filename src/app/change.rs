//! Changing the schema from the studio: what follows what, from the wish to the result.
//!
//! Each part is asked for as data in the slot [`Slot::Op`], which refuses while it is busy. What
//! runs, what is asked and what came of it lie over the panes; nothing runs before a yes.

use std::sync::Arc;
use std::time::Duration;

use crate::app::browse;
use crate::app::checklist;
use crate::app::effect::{Effect, Slot};
use crate::app::migrations;
use crate::app::model::{Link, Model, Tone};
use crate::app::operations;
use crate::app::overlays::Overlay;
use crate::app::overlays::checklist::{Checklist, Sayings, Work};
use crate::app::overlays::outcome::Outcome;
use crate::app::overlays::renames::Renames;
use crate::app::overlays::review::Review;
use crate::app::overlays::working::{Doing, Working};
use crate::ops::change::Answers;
use crate::ops::checklist::{Gathered, Signed};
use crate::ops::preparation::{self, Intent, Preparation, Prepared};
use crate::ops::session::Request;
use crate::problem::{Kind, Problem};
use crate::text;

/// Begins to prepare a change.
pub fn begin(model: &mut Model, intent: Intent, effects: &mut Vec<Effect>) {
    if model.tickets.is_running(Slot::Op) {
        model.notify(Tone::Plain, "Something else is still being worked on; ctrl+c stops it");
    } else if !matches!(model.link, Link::Open(_)) {
        model.notify(Tone::Plain, "The database is not connected; R connects again");
    } else {
        prepare(model, intent, Answers::default(), effects);
    }
}

/// Prepares a change with these answers about renames.
pub fn prepare(model: &mut Model, intent: Intent, answers: Answers, effects: &mut Vec<Effect>) {
    let Some(target) = model.target.clone() else { return };
    let steps = intent.phases().iter().map(|phase| text::capital(phase)).collect();
    // What follows an answer is drawn at once: the screen must not flash in between.
    let at_once = answers != Answers::default();
    let working = Working::new(Doing::Preparing(intent), steps, at_once).after(answers.clone());
    let request = Request::Prepare(Box::new(Preparation { intent, target, answers }));
    work(model, working, request, effects);
}

/// Carries out a change on the database.
pub fn push(model: &mut Model, prepared: Arc<Prepared>, signed: Signed, effects: &mut Vec<Effect>) {
    let steps = prepared.review.statements.iter().map(|statement| match &*statement.what {
        "" => statement.sql.clone(),
        what => text::capital(what),
    });
    let working = Working::new(Doing::Pushing, steps.collect(), true);
    work(model, working, Request::Push(prepared, Box::new(signed)), effects);
}

/// Writes a change as a migration.
pub fn write(model: &mut Model, prepared: Arc<Prepared>, name: String, effects: &mut Vec<Effect>) {
    let steps = vec!["Writing the files".to_owned()];
    let working = Working::new(Doing::Writing, steps, false);
    work(model, working, Request::Write(prepared, name), effects);
}

/// Starts work that is shown while it runs.
pub(super) fn work(
    model: &mut Model,
    working: Working,
    request: Request,
    effects: &mut Vec<Effect>,
) {
    model.notice = None;
    model.overlays.push(Overlay::Working(Box::new(working)));
    model.start(Slot::Op, request, effects);
}

/// Leaves a change whose renames nobody wants to answer for.
pub fn let_go(model: &mut Model, effects: &mut Vec<Effect>) {
    model.notify(Tone::Plain, "Nothing was changed");
    model.start(Slot::Scratch, Request::LetGo, effects);
}

/// The review a line is typed over.
pub fn under_review(model: &Model) -> Option<&Review> {
    model.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Review(review) => Some(&**review),
        _ => None,
    })
}

/// What came of preparing.
pub fn prepared(model: &mut Model, outcome: preparation::Outcome, effects: &mut Vec<Effect>) {
    let Some(working) = worked(model) else { return };
    let Doing::Preparing(intent) = working.doing else { return };
    if matches!(outcome, preparation::Outcome::Nothing(_))
        && operations::is_at(model, &[operations::Stage::Generate])
    {
        let said = "No migration had to be written: they make the schema".to_owned();
        return operations::next(model, said, effects);
    }
    model.overlays.push(match outcome {
        preparation::Outcome::Nothing(notes) => {
            Overlay::Outcome(Box::new(Outcome::nothing(intent, notes)))
        }
        preparation::Outcome::Open(candidates) => {
            Overlay::Renames(Box::new(Renames::new(intent, candidates, working.answers)))
        }
        preparation::Outcome::Ready(prepared) => {
            Overlay::Review(Box::new(Review::new(prepared, model)))
        }
    });
}

/// What the checklist of a push showed is other by now: the list comes again, with nothing ticked.
pub fn reopened(model: &mut Model, found: Gathered) {
    worked(model);
    let Some(prepared) = under_review(model).map(|review| Arc::clone(&review.prepared)) else {
        return;
    };
    let list = Checklist::new(Work::Push(prepared), found, Sayings::new());
    model.overlays.push(Overlay::Checklist(Box::new(list)));
    model.notify(Tone::Bad, "Nothing was run: what the checklist showed is other by now");
}

/// A change was carried out on the database: what is on the screen is read again.
pub fn pushed(model: &mut Model, elapsed: Duration, effects: &mut Vec<Effect>) {
    worked(model);
    let count = under_review(model).map_or(0, |review| review.prepared.review.statements.len());
    forget(model);
    model.overlays.push(Overlay::Outcome(Box::new(Outcome::pushed(count, elapsed))));
    browse::refresh(model, effects);
}

/// A migration was written.
pub fn written(model: &mut Model, files: &[String], effects: &mut Vec<Effect>) {
    worked(model);
    forget(model);
    if model.migrations.standing.is_some() {
        migrations::read(model, effects);
    }
    if operations::is_at(model, &[operations::Stage::Generate]) {
        return operations::next(model, format!("Wrote {}", files.join(", ")), effects);
    }
    model.overlays.push(Overlay::Outcome(Box::new(Outcome::written(files))));
}

/// The work failed, was refused or was stopped.
pub fn failed(model: &mut Model, problem: Problem, effects: &mut Vec<Effect>) {
    if checklist::failed(model, &problem) || migrations::run_failed(model, &problem, effects) {
        return;
    }
    let doing = worked(model).map(|working| working.doing);
    if let Some(Doing::Operation(words)) = doing {
        return operations::failed(model, words, problem, effects);
    }
    let is_pushing = doing == Some(Doing::Pushing);
    if is_pushing {
        // Some of it may have been done.
        browse::refresh(model, effects);
    }
    if problem.kind == Kind::Cancelled && !is_pushing {
        model.notify(Tone::Plain, "Stopped; nothing was changed");
        return;
    }
    model.notice = None;
    let outcome = operations::with_done(model, Outcome::failed(doing, problem));
    model.overlays.push(Overlay::Outcome(Box::new(outcome)));
}

/// Takes away what showed the work.
pub(super) fn worked(model: &mut Model) -> Option<Working> {
    let is_it = |overlay: &Overlay| matches!(overlay, Overlay::Working(_));
    let at = model.overlays.iter().position(is_it)?;
    match model.overlays.remove(at) {
        Overlay::Working(working) => Some(*working),
        _ => None,
    }
}

/// Takes away what was asked about a change that is done.
fn forget(model: &mut Model) {
    model.overlays.retain(|it| !matches!(it, Overlay::Review(_) | Overlay::Checklist(_)));
}
