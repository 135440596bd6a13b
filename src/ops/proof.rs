//! A plan that has been tried: made from the schema that is in a scratch database and the one that
//! is wanted, run there, and found to lead exactly there, and back.
//!
//! What a plan leaves undone shows in the schema read afterwards; a second plan for the rest is
//! added and tried as well. A plan that does not arrive is a mistake of this program and is said
//! to be one: it is never shown as if it were good. Nothing here touches a person's database.

use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::schema::model::{Model, Scope};
use crate::schema::plan::{self, Plan, Step};
use crate::schema::rename::Rename;

/// How often a rest is planned for before the proof is given up.
const ROUNDS: usize = 4;

/// A plan that leads from one schema to another, and the way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The schema it starts from.
    pub current: Model,
    /// The schema it leads to.
    pub desired: Model,
    /// The plan.
    pub up: Plan,
    /// The plan that leads back, where it was asked for.
    pub down: Option<Plan>,
}

/// What a proof is made for.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// What of the databases is compared.
    pub scope: Scope,
    /// The renames that were answered for.
    pub renames: Vec<Rename>,
    /// Whether the way back is wanted too.
    pub down: bool,
}

/// Proves the plan from the schema a scratch database holds to the desired one. The scratch is
/// left holding the desired schema, or, with the way back, the one it held.
///
/// # Errors
/// A statement fails on the scratch, or the plan does not arrive.
pub async fn prove(
    scratch: &mut Connection,
    desired: &Model,
    question: &Question,
    stop: &Stop,
) -> Result<Proof> {
    let current = scratch.model(&question.scope, stop).await?;
    let up = lead(scratch, desired, &question.renames, &question.scope, stop).await?;
    let down = if question.down {
        let back: Vec<Rename> = question.renames.iter().rev().map(Rename::reversed).collect();
        Some(lead(scratch, &current, &back, &question.scope, stop).await?)
    } else {
        None
    };
    Ok(Proof { current, desired: desired.clone(), up, down })
}

/// Makes a schema in an empty scratch database from its model alone.
///
/// # Errors
/// A statement fails, or what was made is not the model.
pub async fn build(
    scratch: &mut Connection,
    model: &Model,
    scope: &Scope,
    stop: &Stop,
) -> Result<()> {
    lead(scratch, model, &[], scope, stop).await.map(|_| ())
}

/// Plans, runs and looks again until nothing is left to do.
async fn lead(
    scratch: &mut Connection,
    desired: &Model,
    renames: &[Rename],
    scope: &Scope,
    stop: &Stop,
) -> Result<Plan> {
    let mut current = scratch.model(scope, stop).await?;
    let mut whole = Plan::empty(desired.dialect);
    if !renames.is_empty() {
        let steps = plan::rename_steps(renames, &current)?;
        run(scratch, &steps, stop).await?;
        whole.steps.extend(steps);
        current = scratch.model(scope, stop).await?;
    }
    for round in 0..ROUNDS {
        let Plan { steps, notes, .. } = plan::plan(&current, desired);
        if round == 0 {
            whole.notes = notes;
        }
        if steps.is_empty() {
            break;
        }
        run(scratch, &steps, stop).await?;
        whole.steps.extend(steps);
        current = scratch.model(scope, stop).await?;
    }
    match plan::differences(&current, desired).first() {
        None => Ok(whole),
        Some(key) => {
            let why = format!("{} {key} is still not as it should be", key.kind.word());
            Err(unproven(&why, ""))
        }
    }
}

async fn run(scratch: &mut Connection, steps: &[Step], stop: &Stop) -> Result<()> {
    let ran = scratch.apply(steps, stop, &mut |_| {}).await;
    ran.map_err(|failure| {
        let sql = failure.step.and_then(|step| steps.get(step)).map(|step| step.sql.as_str());
        unproven(&failure.problem.why, sql.unwrap_or_default())
    })
}

fn unproven(why: &str, sql: &str) -> Problem {
    Problem::failed(
        "The plan for this change does not hold",
        format!("tried in a scratch database, {why}\n{sql}"),
        "nothing was changed; this is a mistake of dbstudio, please report it with both schemas",
    )
}
