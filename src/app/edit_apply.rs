//! From what is staged to what is in the database: the review, the apply and what came of it, what
//! takes an apply back, and what a studio that is gone left behind.
//!
//! Nothing runs that was not reviewed.

use std::sync::Arc;

use crate::app::browse;
use crate::app::command::CommandId;
use crate::app::edit::{may_edit, settle_cursor};
use crate::app::edit_rows::is_production;
use crate::app::effect::{Effect, Slot};
use crate::app::model::{Model, Tone};
use crate::app::msg::Msg;
use crate::app::overlays::Overlay;
use crate::app::overlays::confirm::Confirm;
use crate::app::overlays::edit_review::EditReview;
use crate::app::overlays::outcome::Outcome;
use crate::app::staged::Editable;
use crate::db::edit::{Applied, TableEdits};
use crate::ops::edit::{Plan, Request};
use crate::ops::journal::Recovered;
use crate::ops::session;

/// Offers what a studio that is gone did not apply.
pub fn offer(model: &mut Model, rows: usize) {
    let counted = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    let text = format!(
        "dbstudio ended before edits of {counted} were applied. They can be staged again; \
         otherwise they are offered the next time."
    );
    model.overlays.push(Overlay::Confirm(Confirm {
        title: "Bring back edits that were not applied?".to_owned(),
        text,
        yes: "bring back".to_owned(),
        then: Msg::Run(CommandId::RestoreEdits),
    }));
}

pub(super) fn restored(model: &mut Model, back: Recovered, effects: &mut Vec<Effect>) {
    let tables = masked(model, back.tables);
    let first = tables.first().map(|table| table.relation.name.clone());
    model.staged.restore(tables);
    settle_cursor(model);
    if !back.notes.is_empty() {
        model.overlays.push(Overlay::Outcome(Box::new(Outcome::restored(&back.notes))));
    }
    let count = model.staged.total();
    if count > 0 {
        let plural = if count == 1 { "" } else { "s" };
        let text = format!("Edits of {count} row{plural} are back; ctrl+s reviews them");
        model.notify(Tone::Good, text);
    }
    if let Some(name) = first.filter(|_| model.data.is_none()) {
        model.focus = crate::app::model::Focus::Main;
        browse::open(model, name, Vec::new(), false, effects);
    }
}

/// The same edits, with the columns that are masked here.
fn masked(model: &Model, mut tables: Vec<TableEdits>) -> Vec<TableEdits> {
    for table in &mut tables {
        let name = &table.relation.name;
        let columns = table.relation.columns.iter().map(|column| &column.name);
        let masks = |column: &&String| {
            let target = model.target.as_ref();
            target.is_some_and(|it| it.masks(&name.schema, &name.name, column))
        };
        table.masked = columns.filter(masks).cloned().collect();
    }
    tables
}

/// Asks for the statements of everything that is staged.
pub fn review(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.staged.is_empty() {
        model
            .notify(Tone::Plain, "Nothing is staged: e edits a cell, a adds a row, dd deletes one");
        return;
    }
    let Some(target) = model.target.clone() else { return };
    let tables = model.staged.tables();
    let request = session::Request::Edit(Request::Review(Box::new(target), tables));
    model.start(Slot::Edit, request, effects);
}

pub(super) fn reviewed(model: &mut Model, plan: Arc<Plan>) {
    model.overlays.retain(|overlay| !matches!(overlay, Overlay::EditReview(_)));
    let review = EditReview::new(plan, model);
    model.overlays.push(Overlay::EditReview(Box::new(review)));
}

/// Runs what was reviewed.
pub fn apply(model: &mut Model, plan: Arc<Plan>, effects: &mut Vec<Effect>) {
    model.start(Slot::Edit, session::Request::Edit(Request::Apply(plan)), effects);
}

pub(super) fn applied_or_not(
    model: &mut Model,
    applied: Applied,
    elapsed: std::time::Duration,
    effects: &mut Vec<Effect>,
) {
    let is_it = |overlay: &Overlay| matches!(overlay, Overlay::EditReview(_));
    let at = model.overlays.iter().position(is_it);
    let review = match at.map(|at| model.overlays.remove(at)) {
        Some(Overlay::EditReview(review)) => Some(review),
        _ => None,
    };
    match (applied, review) {
        (Applied::Done(written), _) => {
            let count = written.len();
            model.staged.clear();
            settle_cursor(model);
            let plural = if count == 1 { "" } else { "s" };
            let millis = elapsed.as_millis().max(1);
            let text = format!("Applied {count} change{plural} in {millis} ms; U takes it back");
            model.notify(Tone::Good, text);
            browse::reread(model, effects);
        }
        (Applied::Conflicts(conflicts), Some(mut review)) => {
            review.take_conflicts(conflicts, model);
            model.overlays.push(Overlay::EditReview(review));
        }
        (Applied::Refused { statement, problem }, Some(mut review)) => {
            review.refused(statement, problem, model);
            model.overlays.push(Overlay::EditReview(review));
        }
        (Applied::Conflicts(_), None) => {
            model.notify(Tone::Bad, "Nothing was changed: rows are not as they were read");
        }
        (Applied::Refused { problem, .. }, None) => {
            model.notify(Tone::Bad, problem.to_string());
        }
    }
}

/// Forgets everything that is staged, after a yes.
pub(super) fn discard(model: &mut Model) {
    if model.staged.is_empty() {
        model.notify(Tone::Plain, "Nothing is staged");
        return;
    }
    // It is a step like any other: u brings it back.
    for table in model.staged.tables() {
        let of =
            Editable { relation: table.relation, identity: table.identity, masked: table.masked };
        let rows = table.rows.into_iter().map(|(row, _)| (row, None)).collect();
        model.staged.put(&of, rows);
    }
    settle_cursor(model);
    model.notify(Tone::Plain, "Nothing is staged any more; u brings it back");
}

/// Stages what takes the latest applied edits back, and shows it.
pub(super) fn take_back(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.staged.is_empty() {
        model.notify(Tone::Plain, "Apply or take back what is staged first: ctrl+s shows it");
        return;
    }
    if is_production(model) && !model.editing.unlocked {
        may_edit(model);
        return;
    }
    model.start(Slot::Edit, session::Request::Edit(Request::TakeBack), effects);
}

/// Stages what takes the latest apply back, and asks for its review.
pub(super) fn taken_back(model: &mut Model, back: Recovered, effects: &mut Vec<Effect>) {
    if !back.notes.is_empty() {
        model.overlays.push(Overlay::Outcome(Box::new(Outcome::restored(&back.notes))));
    }
    if back.tables.is_empty() {
        if back.notes.is_empty() {
            model.notify(Tone::Plain, "Nothing was applied that could be taken back");
        }
        return;
    }
    let tables = masked(model, back.tables);
    model.staged.restore(tables);
    settle_cursor(model);
    review(model, effects);
}
