//! A checklist from the wish to the run: its evidence is gathered, things are done about its items,
//! and what does not hold any more just before the run opens it again.
//!
//! Everything is asked for in the slot [`Slot::Op`].

use std::sync::Arc;

use crate::app::change;
use crate::app::effect::{Effect, Slot};
use crate::app::migrations;
use crate::app::model::{Model, Tone};
use crate::app::operations;
use crate::app::overlays::Overlay;
use crate::app::overlays::checklist::{Checklist, Doing, Work};
use crate::app::overlays::plan::{PlanReview, Subject};
use crate::app::overlays::working::{self, Words, Working};
use crate::ops::checklist::{Gathered, Signed};
use crate::ops::migrations_desk::Ask;
use crate::ops::operations_desk;
use crate::ops::session::Request;
use crate::problem::{Kind, Problem};

const GATHERING: Words =
    Words { running: "Gathering the evidence", failed: "The evidence was not gathered" };

/// Gathers the evidence for what is looked at; the list follows.
pub fn ask(model: &mut Model, work: &Work, effects: &mut Vec<Effect>) {
    let Some(request) = request(model, work, Doing::Gathering) else { return };
    let steps = vec!["Asking the database, the environments and the records".to_owned()];
    let working = Working::new(working::Doing::Migrations(&GATHERING), steps, false);
    change::work(model, working, request, effects);
}

/// Begins to do something about a list that is shown; whether that could begin.
pub fn begin(model: &mut Model, work: &Work, doing: Doing, effects: &mut Vec<Effect>) -> bool {
    let Some(request) = request(model, work, doing) else { return false };
    model.notice = None;
    model.start(Slot::Op, request, effects);
    true
}

fn request(model: &Model, work: &Work, doing: Doing) -> Option<Request> {
    match (work, doing) {
        (Work::Push(prepared), Doing::Gathering) => {
            Some(Request::Gather(Arc::clone(prepared), None))
        }
        (Work::Push(prepared), Doing::Aiding(aid)) => {
            Some(Request::Gather(Arc::clone(prepared), Some(aid)))
        }
        (Work::Operation(plan), Doing::Gathering) => {
            operations::request(model, operations_desk::Ask::Gather(Arc::clone(plan)))
        }
        (Work::Operation(plan), Doing::Aiding(aid)) => {
            operations::request(model, operations_desk::Ask::Aid(Arc::clone(plan), aid))
        }
        (Work::Run(plan, read), Doing::Gathering) => {
            migrations::request(model, Ask::Gather(Arc::clone(plan), read.clone()))
        }
        (Work::Run(plan, read), Doing::Aiding(aid)) => {
            migrations::request(model, Ask::Aid(Arc::clone(plan), aid, read.clone()))
        }
    }
}

/// The list that is shown.
fn shown(model: &mut Model) -> Option<&mut Checklist> {
    model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Checklist(list) => Some(&mut **list),
        _ => None,
    })
}

/// What was seen and said on the list that is shown; nothing where there is none.
pub fn signed(model: &Model) -> Signed {
    let list = model.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Checklist(list) => Some(list.signed()),
        _ => None,
    });
    list.unwrap_or_default()
}

/// Evidence was gathered: the list that is shown takes it, or a list comes.
pub fn gathered(model: &mut Model, gathered: Gathered) {
    change::worked(model);
    if let Some(list) = shown(model) {
        return list.take(gathered);
    }
    let Some(review) = under_review(model) else { return };
    let Some(work) = review.work() else { return };
    let list = Checklist::new(work, gathered, review.said.clone());
    model.overlays.push(Overlay::Checklist(Box::new(list)));
}

fn under_review(model: &Model) -> Option<&PlanReview> {
    model.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Plan(review) => Some(&**review),
        _ => None,
    })
}

/// Something did not hold just before the run: nothing ran, and the list says what.
pub fn reopened(model: &mut Model, found: Gathered) {
    model.overlays.retain(|it| !matches!(it, Overlay::Running(_) | Overlay::Working(_)));
    gathered(model, found);
    model.notify(Tone::Bad, "Nothing was run: something on the checklist does not hold any more");
}

/// Keeps the reason to go on without the item under the cursor.
pub fn waive(model: &mut Model, reason: String) {
    if let Some(list) = shown(model) {
        list.waive(reason);
    }
}

/// What was done about a list did not work or was stopped; whether that was it.
pub fn failed(model: &mut Model, problem: &Problem) -> bool {
    let Some(list) = shown(model).filter(|list| list.doing.is_some()) else { return false };
    if problem.kind == Kind::Cancelled {
        list.doing = None;
        model.notify(Tone::Plain, "Stopped; nothing was changed");
    } else {
        list.fail(problem.clone());
    }
    true
}

/// Whether what is looked at has a checklist here.
pub fn has_items(subject: &Subject) -> bool {
    match subject {
        Subject::Run(plan) => !plan.items.is_empty(),
        Subject::Operation(plan) => !plan.gathered.items.is_empty(),
        Subject::Amendment(_) => false,
    }
}
