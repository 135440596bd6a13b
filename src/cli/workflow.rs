//! `setup` and `fresh`: several commands one after the other, each as it is by itself. The first
//! that fails or is refused ends it, and what was done before stays, which is said.

use std::collections::BTreeSet;

use super::args::{Global, Planning, Running};
use super::print::{self, Paint, Role};
use super::{change, migrate, reset, run, seed};
use crate::config::checklist_items;
use crate::ops::migrate::Wishes;
use crate::problem::{Kind, Problem, Result};

/// Announces a part of the work.
fn announce(part: usize, of: usize, words: &str) {
    let paint = Paint::of_talk();
    let head = paint.text(Role::Heading, &format!("{part} of {of}: {words}"));
    print::talk(&format!("{head}\n"));
}

/// A problem of a part, with what was done before it.
fn after(done: &str, problem: Problem) -> Problem {
    if problem.kind == Kind::Cancelled && done.is_empty() {
        return problem;
    }
    let why = match (problem.why.is_empty(), done.is_empty()) {
        (_, true) => problem.why,
        (true, false) => format!("{done} before it, and stays"),
        (false, false) => format!("{}\n{done} before it, and stays", problem.why),
    };
    Problem { why, ..problem }
}

/// `dbstudio setup`: generate, migrate, status.
pub(super) fn setup(planning: &Planning, confirm: Option<String>, global: &Global) -> Result<u8> {
    build(planning, confirm, global, (0, 3))?;
    announce(3, 3, "status");
    run::show_status(None, false, global)
}

/// Writes what the schema has and the migrations have not, and applies what is pending.
fn build(
    planning: &Planning,
    confirm: Option<String>,
    global: &Global,
    (before, of): (usize, usize),
) -> Result<()> {
    announce(before + 1, of, "generate");
    let done = if before == 0 { "" } else { "The database was emptied" };
    change::generate(None, planning, false, false, global)
        .map_err(|problem| after(done, problem))?;
    announce(before + 2, of, "migrate");
    let running = Running { dry_run: false, one_transaction: false, resume_after: None, confirm };
    let done = match before {
        0 => "The migration was written, if there was one to write,",
        _ => "The database was emptied",
    };
    migrate::migrate(&Wishes::default(), &running, global)
        .map_err(|problem| after(done, problem))?;
    Ok(())
}

/// `dbstudio fresh`: reset, setup, seed.
pub(super) fn fresh(planning: &Planning, confirm: Option<String>, global: &Global) -> Result<u8> {
    let is_known = |given: &str, known: &[&str]| {
        let name = given.split('=').next().unwrap_or(given).trim();
        name == "all" || known.contains(&name)
    };
    let [resetting, migrating, seeding] = ["reset", "migrate", "seed"].map(checklist_items);
    let mut all = [resetting, seeding, migrating].concat();
    let mut before = BTreeSet::new();
    all.retain(|item| before.insert(*item));
    if let Some(unknown) = global.ack.iter().find(|given| !is_known(given, &all)) {
        return Err(Problem::usage(
            format!("{unknown} is no item of a checklist of fresh"),
            format!("they are {}", all.join(", ")),
            "take it away, or write it as it stands there",
        ));
    }
    let part = |known: &[&str]| Global {
        ack: global.ack.iter().filter(|given| is_known(given, known)).cloned().collect(),
        ..global.clone()
    };
    announce(1, 5, "reset");
    reset::reset(false, confirm.as_deref(), &part(resetting))?;
    build(planning, confirm.clone(), &part(migrating), (1, 5))?;
    announce(4, 5, "seed");
    let seeding = part(seeding);
    seed::seed(false, false, None, confirm.as_deref(), &seeding)
        .map_err(|problem| after("The database was emptied and set up", problem))?;
    announce(5, 5, "status");
    run::show_status(None, false, global)
}
