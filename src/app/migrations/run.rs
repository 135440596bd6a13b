//! Running migrations from the studio: the plan, the yes, the run, what came of it.
//!
//! Nothing runs before a yes, and what runs is what was looked at.

use std::sync::Arc;

use crate::app::browse;
use crate::app::change;
use crate::app::effect::{Effect, Slot};
use crate::app::model::{Link, Model, Tone};
use crate::app::overlays::Overlay;
use crate::app::overlays::outcome::Outcome;
use crate::app::overlays::plan::{PlanReview, Subject};
use crate::app::overlays::resume::Resume;
use crate::app::overlays::running::Running;
use crate::app::overlays::working::{Doing, Words, Working};
use crate::app::panes::migrations::lasting;
use crate::app::span::Ink;
use crate::ops::migrate::open_at;
use crate::ops::migrations_desk::{Ask, Carried, Difference, Fate, Order, Plan};
use crate::ops::run::{Direction, Progress, Scheduled};
use crate::problem::{Kind, Problem};
use crate::text;

/// The most lines that say what changed.
const MOST_CHANGES: usize = 12;

const PLANNING: Words = Words { running: "Looking at what would run", failed: "Nothing was run" };

/// Whether work can begin; why not is said.
pub(super) fn is_free(model: &mut Model) -> bool {
    let is_open = matches!(model.link, Link::Open(_));
    let why = if model.tickets.is_running(Slot::Op) {
        "Something else is still being worked on; ctrl+c stops it"
    } else if is_open {
        return true;
    } else {
        "The database is not connected; R connects again"
    };
    model.notify(Tone::Plain, why);
    false
}

/// Begins with an order: what it would run is looked at first.
pub fn order(model: &mut Model, order: Order, effects: &mut Vec<Effect>) {
    begin(model, Ask::Plan(order), effects);
}

fn begin(model: &mut Model, what: Ask, effects: &mut Vec<Effect>) {
    if !is_free(model) {
        return;
    }
    let Some(request) = super::request(model, what) else { return };
    let steps = ["Reading the migrations and their history", "Trying them in a scratch database"];
    let steps = steps.iter().map(|step| (*step).to_owned()).collect();
    let working = Working::new(Doing::Migrations(&PLANNING), steps, false);
    change::work(model, working, request, effects);
}

/// Begins with an order anew where a person has said how far its first migration had come.
pub fn go_on(model: &mut Model, order: Order, done: usize, effects: &mut Vec<Effect>) {
    model.overlays.retain(|overlay| !matches!(overlay, Overlay::Outcome(_)));
    begin(model, Ask::Resume(order, done), effects);
}

/// Begins with an order that ends at the migration under the cursor: applying up to it, or taking
/// back what came after it.
pub fn up_to(model: &mut Model, up: bool, effects: &mut Vec<Effect>) {
    let Some(entry) = model.migrations.current() else { return };
    let to = Some(entry.key.clone());
    order(model, if up { Order::Apply { to } } else { Order::RollBack { to } }, effects);
}

/// The plan is here.
pub fn planned(model: &mut Model, plan: Arc<Plan>) {
    change::worked(model);
    if plan.run.scripts.is_empty() {
        let said = match &plan.order {
            Order::Apply { to: None } => "Every migration is applied.",
            Order::Apply { to: Some(_) } => "Nothing is pending up to this one.",
            Order::RollBack { to: None } => "No migration is applied that could be taken back.",
            Order::RollBack { to: Some(_) } => "None that is applied comes after this one.",
        };
        let mut paragraphs = vec![(Ink::Text, said.to_owned())];
        paragraphs.extend(plan.run.notes.iter().map(|note| (Ink::Muted, text::capital(note))));
        let outcome = Outcome::of("Nothing to do", paragraphs);
        model.overlays.push(Overlay::Outcome(Box::new(outcome)));
        return;
    }
    let review = PlanReview::new(Subject::Run(plan), model);
    model.overlays.push(Overlay::Plan(Box::new(review)));
}

/// What is looked at.
pub fn under_review(model: &Model) -> Option<Subject> {
    model.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Plan(review) => Some(review.subject.clone()),
        _ => None,
    })
}

/// Carries out what is looked at.
pub fn carry(model: &mut Model, effects: &mut Vec<Effect>) {
    let plan = match under_review(model) {
        Some(Subject::Run(plan)) => plan,
        Some(Subject::Amendment(amendment)) => {
            return super::mending::write(model, amendment, effects);
        }
        None => return,
    };
    let Some(request) = super::request(model, Ask::Carry(Arc::clone(&plan))) else { return };
    model.notice = None;
    model.overlays.push(Overlay::Running(Box::new(Running::new(plan))));
    model.start(Slot::Op, request, effects);
}

/// A run has come so far.
pub fn progressed(model: &mut Model, progress: &Progress) {
    let now = model.now;
    for overlay in &mut model.overlays {
        if let Overlay::Running(running) = overlay {
            running.go_on(progress, now);
        }
    }
}

/// Takes away what showed the run, and what was asked before it; whether there was a run.
fn ended(model: &mut Model) -> Option<Arc<Plan>> {
    let is_it = |overlay: &Overlay| matches!(overlay, Overlay::Running(_));
    let at = model.overlays.iter().position(is_it)?;
    let Overlay::Running(running) = model.overlays.remove(at) else { return None };
    model.overlays.retain(|it| !matches!(it, Overlay::Plan(_)));
    Some(running.plan)
}

/// It is carried out: what is on the screen is read again.
pub fn carried(model: &mut Model, carried: &Carried, effects: &mut Vec<Effect>) {
    ended(model);
    let outcome = Outcome::of(title(carried.plan.order.direction()), paragraphs(carried));
    model.overlays.push(Overlay::Outcome(Box::new(outcome)));
    browse::refresh(model, effects);
}

/// The run failed or was stopped; whether it was a run.
pub fn run_failed(model: &mut Model, problem: &Problem, effects: &mut Vec<Effect>) -> bool {
    let Some(plan) = ended(model) else { return false };
    let heading = match (problem.kind, plan.order.direction()) {
        (Kind::Cancelled, _) => "Stopped",
        (_, Direction::Up) => "Not all was applied",
        (_, Direction::Down) => "Not all was taken back",
    };
    let outcome = Outcome::of_problem(heading, problem.clone());
    model.overlays.push(Overlay::Outcome(Box::new(outcome)));
    if let Some(question) = where_to_go_on(&plan, problem) {
        model.overlays.push(Overlay::Resume(Box::new(question)));
    }
    // Some of it may have been done.
    browse::refresh(model, effects);
    true
}

/// The question how far a migration had come, where only a person can tell.
fn where_to_go_on(plan: &Plan, problem: &Problem) -> Option<Resume> {
    let of = |script: &Scheduled| (script.migration.name(), script.statements.len());
    let (script, done) =
        plan.run.scripts.iter().filter(|one| !one.transaction).find_map(|one| {
            let (name, count) = of(one);
            Some((one, open_at(problem, &name, count)?))
        })?;
    let line = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let statements = script.statements.iter().map(|one| line(&one.sql)).collect();
    let why = format!("{}. Which statement is the last that is done?", problem.what);
    let name = script.migration.name();
    Some(Resume::new(plan.order.clone(), (name, statements), done, why))
}

fn title(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "Applied",
        Direction::Down => "Taken back",
    }
}

/// A plan in a few words, and the database it is for: `Apply 2 migrations to shop`.
pub fn whole_intent(plan: &Plan) -> String {
    let preposition = match plan.order.direction() {
        Direction::Up => "to",
        Direction::Down => "on",
    };
    format!("{} {preposition} {}", intent(plan), plan.run.database)
}

/// One word for carrying out a plan.
pub fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "apply",
        Direction::Down => "roll back",
    }
}

/// A plan in a few words: `Apply 2 migrations`.
pub fn intent(plan: &Plan) -> String {
    let verb = match plan.order.direction() {
        Direction::Up => "Apply",
        Direction::Down => "Roll back",
    };
    match plan.run.scripts.as_slice() {
        [one] => format!("{verb} {}", one.migration.name()),
        many => format!("{verb} {} migrations", text::grouped(many.len() as u64)),
    }
}

fn paragraphs(carried: &Carried) -> Vec<(Ink, String)> {
    let count = carried.done.len();
    let plural = if count == 1 { "" } else { "s" };
    let verb = title(carried.plan.order.direction());
    let elapsed = lasting(carried.elapsed);
    let mut out = vec![(Ink::Strong, format!("{verb} {count} migration{plural} in {elapsed}."))];
    out.extend(
        carried.done.iter().map(|(name, took)| (Ink::Muted, format!("{name}  {}", lasting(*took)))),
    );
    for name in &carried.by_others {
        out.push((Ink::Information, format!("{name} was run by somebody else meanwhile.")));
    }
    for told in &carried.capsules {
        out.push((Ink::Information, format!("Capsule: {told}.")));
    }
    out.extend(carried.notes.iter().map(|note| (Ink::Information, note.clone())));
    let changes: Vec<&Difference> = carried.plan.pictures.iter().flatten().collect();
    let shown: Vec<&Difference> = whole(&changes);
    if shown.is_empty() {
        return out;
    }
    out.push((Ink::Text, String::new()));
    for change in shown.iter().take(MOST_CHANGES) {
        let (sign, ink) = match change.fate {
            Fate::Added => ("+", Ink::Good),
            Fate::Changed => ("~", Ink::Warning),
            Fate::Removed => ("-", Ink::Danger),
        };
        out.push((ink, format!("{sign} {} {}", change.key.kind.word(), change.key)));
    }
    if shown.len() > MOST_CHANGES {
        let more = shown.len() - MOST_CHANGES;
        out.push((Ink::Muted, format!("and {more} more")));
    }
    out
}

/// The changes, without the parts of what came or went as a whole.
fn whole<'a>(changes: &[&'a Difference]) -> Vec<&'a Difference> {
    let tops: Vec<&Difference> = changes
        .iter()
        .filter(|change| !change.key.kind.is_part() && change.fate != Fate::Changed)
        .copied()
        .collect();
    let is_within = |part: &Difference| {
        let owns =
            |top: &&Difference| top.key.schema == part.key.schema && top.key.name == part.key.of;
        part.key.kind.is_part() && tops.iter().any(owns)
    };
    changes.iter().filter(|change| !is_within(change)).copied().collect()
}
