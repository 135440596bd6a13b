//! Correcting what a database remembers of its migrations: the reason, what would be written, the
//! yes, and what was written. No migration runs.

use std::sync::Arc;

use crate::app::change;
use crate::app::effect::Effect;
use crate::app::migrations::run::is_free;
use crate::app::model::{Model, Tone};
use crate::app::overlays::Overlay;
use crate::app::overlays::outcome::Outcome;
use crate::app::overlays::plan::{PlanReview, Subject};
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::overlays::working::{Doing, Words, Working};
use crate::app::span::Ink;
use crate::ops::migrations_desk::{Amendment, Ask, State, Wanted};
use crate::text;

const LOOKING: Words = Words { running: "Reading the history", failed: "Nothing was written" };
const WRITING: Words = Words { running: "Writing the history", failed: "Nothing was written" };

/// What is to be written of the migration under the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// That what its file is now is what was applied.
    Accept,
    /// That it is applied.
    Applied,
    /// That it is not applied.
    NotApplied,
}

impl Mending {
    /// What the person is asked.
    pub fn question(self) -> &'static str {
        match self {
            Self::Accept => "Why is the new text what was applied?",
            Self::Applied => "Why does it count as applied?",
            Self::NotApplied => "Why does it count as not applied?",
        }
    }
}

/// Begins to repair the migration under the cursor in the way that fits how it stands.
pub fn repair(model: &mut Model) {
    let Some(entry) = model.migrations.current() else { return };
    match entry.state {
        State::Changed => ask(model, Mending::Accept),
        State::Missing => ask(model, Mending::NotApplied),
        State::Applied | State::Duplicate(_) => {
            model.notify(Tone::Plain, "There is nothing to repair: it is what was applied");
        }
        _ => ask(model, Mending::Applied),
    }
}

/// Asks for the reason.
pub fn ask(model: &mut Model, mending: Mending) {
    if model.migrations.current().is_some() && is_free(model) {
        let prompt = Prompt::new(Purpose::Reason(mending), "");
        model.overlays.push(Overlay::Prompt(Box::new(prompt)));
    }
}

/// Looks at what would be written of the migration under the cursor.
pub fn mend(
    model: &mut Model,
    mending: Mending,
    reason: Option<String>,
    effects: &mut Vec<Effect>,
) {
    let Some(key) = model.migrations.current().map(|entry| entry.key.clone()) else { return };
    let wanted = match mending {
        Mending::Accept => Wanted::Accepted(key),
        Mending::Applied => Wanted::Applied(key),
        Mending::NotApplied => Wanted::NotApplied(key),
    };
    look(model, wanted, reason, effects);
}

/// Looks at what would be written for those up to the one under the cursor to count as applied.
pub fn baseline(model: &mut Model, effects: &mut Vec<Effect>) {
    let to = model.migrations.current().map(|entry| entry.key.clone());
    if is_free(model) {
        look(model, Wanted::Baseline(to), None, effects);
    }
}

fn look(model: &mut Model, wanted: Wanted, reason: Option<String>, effects: &mut Vec<Effect>) {
    let Some(request) = super::request(model, Ask::Amend(wanted, reason)) else { return };
    let steps = vec!["Reading the migrations and their history".to_owned()];
    let working = Working::new(Doing::Migrations(&LOOKING), steps, false);
    change::work(model, working, request, effects);
}

/// What would be written is here.
pub fn planned(model: &mut Model, amendment: Arc<Amendment>) {
    change::worked(model);
    if amendment.corrections.is_empty() {
        let mut paragraphs =
            vec![(Ink::Text, "The history says what it should already.".to_owned())];
        paragraphs.extend(amendment.notes.iter().map(|note| (Ink::Muted, text::capital(note))));
        let outcome = Outcome::of("Nothing to do", paragraphs);
        model.overlays.push(Overlay::Outcome(Box::new(outcome)));
        return;
    }
    let review = PlanReview::new(Subject::Amendment(amendment), model);
    model.overlays.push(Overlay::Plan(Box::new(review)));
}

/// Writes what is looked at.
pub fn write(model: &mut Model, amendment: Arc<Amendment>, effects: &mut Vec<Effect>) {
    let Some(request) = super::request(model, Ask::Write(amendment)) else { return };
    let steps = vec!["Writing, under the lock that keeps migrators apart".to_owned()];
    let working = Working::new(Doing::Migrations(&WRITING), steps, false);
    change::work(model, working, request, effects);
}

/// It is written: how the migrations stand is read again.
pub fn written(model: &mut Model, amendment: &Amendment, effects: &mut Vec<Effect>) {
    change::worked(model);
    model.overlays.retain(|overlay| !matches!(overlay, Overlay::Plan(_)));
    let said = match amendment.corrections.as_slice() {
        [one] => format!("{}: {}", one.name, one.becomes),
        many => format!("{} migrations count as applied", text::grouped(many.len() as u64)),
    };
    model.notify(Tone::Good, said);
    super::read(model, effects);
}
