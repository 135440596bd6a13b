//! Several operations one after the other: setting a database up (the schema as a migration, the
//! migrations applied, how it stands then), and making it afresh (emptied, set up, filled). Each is
//! looked at by itself; where one is left or fails, the others do not begin, and what was done before
//! stays and is said.

use crate::app::change;
use crate::app::effect::{Effect, Slot};
use crate::app::migrations;
use crate::app::model::{Model, Tone, View};
use crate::app::overlays::Overlay;
use crate::app::overlays::outcome::Outcome;
use crate::app::span::Ink;
use crate::ops::migrations_desk::Order;
use crate::ops::operations_desk::Wish;
use crate::ops::preparation::Intent;

/// One of the operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The database is emptied.
    Reset,
    /// What the schema has and the migrations have not becomes a migration.
    Generate,
    /// What is pending is applied.
    Migrate,
    /// The seeds are put in.
    Seed,
    /// How it stands is shown.
    Status,
}

/// A row of operations under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whether the database is emptied first and filled last.
    pub is_fresh: bool,
    /// The one that is on, counted from 0.
    pub at: usize,
    /// What was done, a line each.
    pub done: Vec<String>,
}

impl Chain {
    fn stages(&self) -> &'static [Stage] {
        use Stage as S;
        match self.is_fresh {
            true => &[S::Reset, S::Generate, S::Migrate, S::Seed, S::Status],
            false => &[S::Generate, S::Migrate, S::Status],
        }
    }

    fn stage(&self) -> Option<Stage> {
        self.stages().get(self.at).copied()
    }

    /// Where it is, in a few words: `2 of 5: write what the schema has as a migration`.
    fn words(&self) -> String {
        let word = match self.stage() {
            Some(Stage::Reset) => "empty the database",
            Some(Stage::Generate) => "write what the schema has as a migration",
            Some(Stage::Migrate) => "apply the migrations",
            Some(Stage::Seed) => "put the seeds in",
            Some(Stage::Status) | None => "see how it stands",
        };
        format!("{} of {}: {word}", self.at + 1, self.stages().len())
    }
}

/// Begins: setting up, or afresh.
pub fn begin(model: &mut Model, is_fresh: bool, effects: &mut Vec<Effect>) {
    if migrations::is_free(model) {
        model.chain = Some(Chain { is_fresh, at: 0, done: Vec::new() });
        start(model, effects);
    }
}

fn start(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(chain) = model.chain.clone() else { return };
    match chain.stage() {
        Some(Stage::Reset) => super::order(model, Wish::Reset, effects),
        Some(Stage::Generate) => change::begin(model, Intent::Generate, effects),
        Some(Stage::Migrate) => migrations::order(model, Order::Apply { to: None }, effects),
        Some(Stage::Seed) => super::order(model, Wish::Seed, effects),
        Some(Stage::Status) | None => return end(model, &chain),
    }
    if model.tickets.is_running(Slot::Op) {
        model.notify(Tone::Plain, chain.words());
    }
}

/// All of it is done: what was, and the status below it.
fn end(model: &mut Model, chain: &Chain) {
    model.chain = None;
    model.view = View::Status;
    let paragraphs = chain.done.iter().map(|told| (Ink::Text, told.clone()));
    let title = if chain.is_fresh { "Afresh" } else { "Set up" };
    let outcome = Outcome::of(title, paragraphs.collect());
    model.overlays.push(Overlay::Outcome(Box::new(outcome)));
}

/// Whether a row of operations is on, and at one of these.
pub fn is_at(model: &Model, stages: &[Stage]) -> bool {
    let at = model.chain.as_ref().and_then(Chain::stage);
    at.is_some_and(|at| stages.contains(&at))
}

/// The one that is on is done: this came of it, and the next one begins.
pub fn next(model: &mut Model, said: String, effects: &mut Vec<Effect>) {
    if let Some(chain) = &mut model.chain {
        chain.done.push(said);
        chain.at += 1;
    }
    start(model, effects);
}

/// A row of operations that somebody left, or of which one failed, is over.
pub fn settle(model: &mut Model) {
    if model.chain.is_some() && model.overlays.is_empty() && !model.tickets.is_running(Slot::Op) {
        model.chain = None;
    }
}

/// What came of one, with what was done before it.
pub fn with_done(model: &Model, outcome: Outcome) -> Outcome {
    let done = model.chain.iter().flat_map(|chain| &chain.done);
    let told: Vec<(Ink, String)> =
        done.map(|told| (Ink::Muted, format!("Before it, and stays: {told}"))).collect();
    outcome.and(told)
}
