//! Making a development database match the schema, without files: the rules that forbid it
//! elsewhere, the checklist with the evidence that is gathered, and the running itself.
//!
//! Nothing is changed that was not shown: the database is read once more before the plan runs,
//! and must still have the schema the plan was made for.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::change::{Change, Setting};
use super::checklist::{Item, Matter};
use super::chronicle::Chronicle;
use super::history;
use super::migrate::Account;
use super::proof::Proof;
use crate::config::{Address, Protection, Target};
use crate::db::connection::Connection;
use crate::db::measure::Bounds;
use crate::db::stop::Stop;
use crate::problem::{Kind as Sort, Problem, Result};
use crate::schema::hazard::{Measures, Reading};
use crate::schema::model::{Model, Scope};
use crate::schema::plan::Plan;

/// Refuses what may never be pushed to.
///
/// # Errors
/// A staging or production database; a connection that only reads.
pub fn permit(target: &Target) -> Result<()> {
    let refused = |why: String, fix: &str| {
        Err(Problem::new(Sort::Refused, "Nothing is pushed to this database", why, fix))
    };
    if target.protection != Protection::Development {
        return refused(
            format!(
                "it is {} ({}), and a push leaves no migration behind",
                target.protection.word(),
                target.name.as_deref().unwrap_or("an address without an environment")
            ),
            "write a migration with dbstudio generate; if the database is a development one, say \
             protection = \"development\" in its environment",
        );
    }
    if target.read_only {
        return refused(
            "it is opened for reading only".to_owned(),
            "take --read-only, or read_only of the environment, away",
        );
    }
    Ok(())
}

/// Whether the target is a SQLite file that is not there yet: a push then makes it.
pub fn is_to_be_made(target: &Target) -> bool {
    file(target).is_some_and(|file| !file.exists())
}

fn file(target: &Target) -> Option<&Path> {
    match &target.address {
        Address::Sqlite(address) => address.file.as_deref(),
        Address::Postgres(_) => None,
    }
}

/// Makes the SQLite file of a target, empty, and opens it.
///
/// # Errors
/// Something of that name is there by now, or its folder cannot be written.
pub(super) async fn make(target: &Target, stop: &Stop) -> Result<Connection> {
    if let Some(file) = file(target) {
        std::fs::File::create_new(file).map_err(|why| {
            Problem::failed(
                format!("The database {} cannot be made", file.display()),
                why.to_string(),
                "make sure that its folder is there and can be written to",
            )
        })?;
    }
    Connection::open(target, stop).await
}

/// Takes back the making of a target's file, after a push that did not arrive.
pub(super) fn unmake(target: &Target) {
    if let Some(file) = file(target) {
        // It is empty; if it stays, the next push finds it and goes on from there.
        drop(std::fs::remove_file(file));
    }
}

/// Asks the live database what the plan would destroy and fail on.
///
/// # Errors
/// The work was stopped or the connection lost; what cannot be counted is no failure.
pub async fn measure(
    live: &mut Connection,
    change: &Change,
    proof: &Proof,
    stop: &Stop,
) -> Result<Measures> {
    measured(live, &change.setting.target, (&change.current, &proof.up, &change.desired), stop)
        .await
}

/// The same for a plan from one schema to another.
pub(super) async fn measured(
    live: &mut Connection,
    target: &Target,
    (current, plan, desired): (&Model, &Plan, &Model),
    stop: &Stop,
) -> Result<Measures> {
    let bounds = Bounds { masked: target.masked.clone(), ..Bounds::default() };
    live.measure(plan, (current, desired), &bounds, stop).await
}

/// Whether an answer is about something that would be lost.
pub(super) fn is_loss(reading: &Reading) -> bool {
    !reading.subject.fails() && !reading.clears()
}

/// What the checklist of a push is gathered for, with what is known of its own items. `script` is
/// what would run.
pub fn matter(target: &Target, measures: &Measures, script: String) -> Matter {
    let losses: Vec<&Reading> = measures.readings.iter().filter(|one| is_loss(one)).collect();
    let told = |one: &&Reading| format!("{}: {}", one.object, one.words());
    let lost: Vec<String> = losses.iter().map(told).collect();
    let objects: BTreeSet<String> =
        losses.iter().map(|one| format!("{} {}", one.object.kind.word(), one.object)).collect();
    let nothing = || vec!["no row and no value is lost".to_owned()];
    let shown = losses.is_empty();
    let own = vec![
        Item {
            id: "development",
            title: "this is a development database",
            shown: target.protection == Protection::Development,
            evidence: vec![format!(
                "{} is protected as {}",
                target.address,
                target.protection.word()
            )],
        },
        Item {
            id: "no-important-data",
            title: "no important data is affected",
            shown,
            evidence: if shown { nothing() } else { objects.into_iter().collect() },
        },
        Item {
            id: "can-afford-the-loss",
            title: "the loss can be afforded",
            shown,
            evidence: if shown { nothing() } else { lost },
        },
    ];
    let is_there = !is_to_be_made(target);
    Matter { what: script, is_there, ..Matter::new("push", &target.address.database(), own) }
}

/// What a plan was made for; the database is held against it before the plan runs.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// What of a database is compared.
    pub scope: &'a Scope,
    /// The schema there was.
    pub current: &'a Model,
    /// The schema wanted.
    pub desired: &'a Model,
}

impl<'a> Basis<'a> {
    /// That of a change.
    pub fn of(change: &'a Change) -> Self {
        Self { scope: &change.setting.scope, current: &change.current, desired: &change.desired }
    }
}

/// Runs a plan on a setting's database as [`carry_out`] does, and writes down that it was done, by
/// whom and what was said on its checklist. Returns what there is to say of that.
///
/// # Errors
/// As [`carry_out`].
pub async fn record(
    setting: &Setting,
    (basis, account): (Basis<'_>, &Account),
    plan: &Plan,
    stop: &Stop,
    on_step: &mut (dyn FnMut(usize) + Send),
) -> Result<Option<String>> {
    let target = &setting.target;
    let statements: Vec<&str> = plan.steps.iter().map(|step| step.sql.as_str()).collect();
    let account = account.with(json!({ "statements": statements }));
    let database = target.address.database();
    let begun = Chronicle::of(&setting.state, target).begin("push", &database, &account);
    let ran = carry_out(target, basis, plan, stop, on_step).await;
    let said = begun.end(&ran).await;
    ran.map(|()| said)
}

/// Runs a plan on a target's database, if it still has the schema the plan was made for; a SQLite
/// file that is not there is made, and goes again where the plan fails. `on_step` is told of each
/// statement before it runs.
///
/// # Errors
/// The database cannot be reached, its schema has changed meanwhile, or a statement fails; then
/// how things are is said.
pub async fn carry_out(
    target: &Target,
    basis: Basis<'_>,
    plan: &Plan,
    stop: &Stop,
    on_step: &mut (dyn FnMut(usize) + Send),
) -> Result<()> {
    let is_new = is_to_be_made(target);
    let mut live = match is_new {
        true => make(target, stop).await?,
        false => Connection::open(target, stop).await?,
    };
    let ran = run(&mut live, basis, plan, stop, on_step).await;
    live.close().await;
    if is_new && ran.is_err() {
        unmake(target);
    }
    ran
}

async fn run(
    live: &mut Connection,
    basis: Basis<'_>,
    plan: &Plan,
    stop: &Stop,
    on_step: &mut (dyn FnMut(usize) + Send),
) -> Result<()> {
    let mut now = live.model(basis.scope, stop).await?;
    history::spare(&mut now, basis.desired);
    if now.objects != basis.current.objects {
        return Err(Problem::failed(
            "The database has changed since the plan was made",
            "somebody else changed its schema, and the plan may not fit any more",
            "push again to see the plan that fits now",
        ));
    }
    live.apply(&plan.steps, stop, on_step).await.map_err(|failure| failure.problem)
}
