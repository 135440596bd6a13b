//! Making a development database match the schema, without files: the rules that forbid it
//! elsewhere, the checklist with the evidence that is gathered, and the running itself.
//!
//! Nothing is changed that was not shown: the database is read once more before the plan runs,
//! and must still have the schema the plan was made for.

use std::collections::BTreeSet;

use super::change::Setting;
use super::{history, wording};
use crate::config::{Protection, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Kind as Sort, Problem, Result};
use crate::schema::model::{Key, Kind, Model};
use crate::schema::plan::{Action, Plan};
use crate::schema::rename::Rename;
use crate::sql::Dialect;

/// Something to be sure of before a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, as `--ack` takes it.
    pub id: &'static str,
    /// What it asks.
    pub title: &'static str,
    /// Whether the evidence alone shows it.
    pub shown: bool,
    /// The evidence, in sentences.
    pub evidence: Vec<String>,
}

/// What one statement destroys, counted in the live database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The step, counted from 0.
    pub step: usize,
    /// What is lost: `rows of public.orders`.
    pub what: String,
    /// How much of it; `None` where it could not be counted.
    pub amount: Option<u64>,
}

impl Loss {
    /// The loss as a sentence without its full stop.
    pub fn words(&self) -> String {
        match self.amount {
            Some(amount) => format!("{amount} {}", self.what),
            None => format!("an unknown number of {}", self.what),
        }
    }
}

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

/// Counts what the plan destroys in the live database.
///
/// # Errors
/// The work was stopped or the connection lost; what cannot be counted is no failure.
pub async fn losses(
    live: &mut Connection,
    plan: &Plan,
    renames: &[Rename],
    stop: &Stop,
) -> Result<Vec<Loss>> {
    let dialect = plan.dialect;
    let tables: BTreeSet<&Key> = plan
        .steps
        .iter()
        .flat_map(|step| &step.actions)
        .filter_map(|action| match action {
            Action::Drop(key) if key.kind == Kind::Table => Some(key),
            _ => None,
        })
        .collect();
    let mut losses = Vec::new();
    for (step, one) in plan.steps.iter().enumerate() {
        for action in &one.actions {
            let Action::Drop(key) = action else { continue };
            let was = before(key, renames);
            let (what, question) = match key.kind {
                Kind::Table => (format!("rows of {was}"), count(dialect, &was, "*")),
                Kind::Column if !tables.contains(&key.table()) => {
                    let column = dialect.ident(&was.name);
                    (format!("values of {was}"), count(dialect, &was.table(), &column))
                }
                _ => continue,
            };
            let amount = match live.query(&question, stop).await {
                Ok(rows) => rows.into_iter().flatten().flatten().next(),
                Err(fault) if fault.stopped || fault.lost => return Err(fault.problem("", "")),
                Err(_) => None,
            };
            let amount = amount.and_then(|amount| amount.parse().ok());
            if amount != Some(0) {
                losses.push(Loss { step, what, amount });
            }
        }
    }
    Ok(losses)
}

fn count(dialect: Dialect, table: &Key, what: &str) -> String {
    format!("SELECT count({what}) FROM {}", dialect.relation(&table.schema, &table.name))
}

/// A thing's key before the renames of the plan.
fn before(key: &Key, renames: &[Rename]) -> Key {
    let mut was = key.clone();
    for rename in renames.iter().rev() {
        let Rename::Object { from, to } = rename else { continue };
        if *to == was {
            was = from.clone();
        } else if was.kind.is_part() && to.kind == Kind::Table && was.table() == *to {
            was = Key::part(was.kind, from.schema.clone(), from.name.clone(), was.name);
        }
    }
    was
}

/// The checklist of a push, with what is known for each item.
pub fn checklist(target: &Target, plan: &Plan, losses: &[Loss]) -> Vec<Item> {
    let told: Vec<String> = losses.iter().map(Loss::words).collect();
    let nothing = "no row and no value is lost".to_owned();
    let possible = wording::losses(plan);
    vec![
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
            title: "what is in the affected tables is not important",
            shown: losses.is_empty(),
            evidence: if told.is_empty() { vec![nothing.clone()] } else { possible },
        },
        Item {
            id: "can-afford-the-loss",
            title: "what is lost can be done without",
            shown: losses.is_empty(),
            evidence: if told.is_empty() { vec![nothing] } else { told },
        },
    ]
}

/// The refusal of a push whose checklist is not complete.
pub fn incomplete(open: &[&Item]) -> Problem {
    let line = |item: &&Item| format!("{}: {} ({})", item.id, item.title, item.evidence.join("; "));
    let ids: Vec<&str> = open.iter().map(|item| item.id).collect();
    Problem::new(
        Sort::Refused,
        "The checklist of this push is not complete",
        open.iter().map(line).collect::<Vec<_>>().join("\n"),
        format!("look at the plan, then say so with --ack {}", ids.join(",")),
    )
}

/// Runs a plan on the live database, if it still has the schema the plan was made for.
///
/// # Errors
/// The schema has changed meanwhile, or a statement fails; then how things are is said.
pub async fn run(
    live: &mut Connection,
    setting: &Setting,
    planned_for: &Model,
    desired: &Model,
    plan: &Plan,
    stop: &Stop,
    on_step: &mut (dyn FnMut(usize) + Send),
) -> Result<()> {
    let mut now = live.model(&setting.scope, stop).await?;
    history::spare(&mut now, desired);
    if now.objects != planned_for.objects {
        return Err(Problem::failed(
            "The database has changed since the plan was made",
            "somebody else changed its schema, and the plan may not fit any more",
            "run the command again to see the plan that fits now",
        ));
    }
    live.apply(&plan.steps, stop, on_step).await.map_err(|failure| failure.problem)
}
