//! A plan that has been tried: made from the schema that is in a scratch database and the one that
//! is wanted, run there, and found to lead exactly there, and back.
//!
//! What a plan leaves undone shows in the schema read afterwards; a second plan for the rest is
//! added and tried as well. A plan that does not arrive is a mistake of this program and is said
//! to be one: it is never shown as if it were good. Nothing here touches a person's database.

use std::ops::Range;

use tokio::sync::Semaphore;

use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::schema::hazard::Context;
use crate::schema::model::{Kind, Model, Scope};
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
    /// The plan in parts, where the way back was asked for: what runs in one transaction is a part,
    /// and so is each statement that runs by itself.
    pub stages: Vec<Stage>,
}

impl Proof {
    /// What the plan is examined against.
    pub fn context(&self, online: bool) -> Context<'_> {
        Context { current: &self.current, desired: &self.desired, online, elsewhere: false }
    }
}

/// A part of a plan that is done or not done, and how it is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The statements.
    pub up: Plan,
    /// The statements that take them back.
    pub down: Plan,
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
    /// Whether others use the database meanwhile.
    pub online: bool,
}

impl Question {
    /// The renames of the way back.
    fn back(&self) -> Vec<Rename> {
        self.renames.iter().rev().map(Rename::reversed).collect()
    }

    /// How the way there is planned.
    fn way<'a>(&'a self, renames: &'a [Rename], online: bool) -> Way<'a> {
        Way { renames, online, scope: &self.scope }
    }
}

/// How one way is planned.
#[derive(Debug, Clone, Copy)]
struct Way<'a> {
    renames: &'a [Rename],
    online: bool,
    scope: &'a Scope,
}

/// Proves the plan from `current`, the schema a scratch database holds, to the desired one. The
/// scratch is left holding the desired schema, or, with the way back, the one it held.
///
/// # Errors
/// A statement fails on the scratch, or the plan does not arrive.
pub async fn prove(
    scratch: &mut Connection,
    current: Model,
    desired: &Model,
    question: &Question,
    stop: &Stop,
) -> Result<Proof> {
    let there = question.way(&question.renames, question.online);
    let led = lead(scratch, &current, desired, there, stop).await.map_err(Unled::told)?;
    finish(scratch, led, (current, desired), question, stop).await
}

/// The same with the way back, which is tried at once in another scratch database: one that holds
/// the desired schema as it was made. Answers also whether that is the one that holds the schema
/// the plan starts from afterwards, and the first the desired one; otherwise only the first is of
/// any use. There are no renames in the question.
///
/// # Errors
/// As [`prove`].
pub async fn prove_at_once(
    (scratch, other): (&mut Connection, &mut Connection),
    current: Model,
    desired: &Model,
    question: &Question,
    stop: &Stop,
) -> Result<(Proof, bool)> {
    let mut there =
        Leg { scratch, from: &current, to: desired, way: question.way(&[], question.online) };
    let mut back =
        Leg { scratch: other, from: desired, to: &current, way: question.way(&[], false) };
    let both = 2 * locks(&current, desired);
    let fits = there.scratch.lock_room().await?.is_none_or(|room| both <= room / 5 * 4);
    // The two share the server's table of locks; each alone may have room in it.
    let turns = Semaphore::new(if fits { 2 } else { 1 });
    let (led, led_back) = tokio::join!(there.lead(&turns, stop), back.lead(&turns, stop));
    let led = if fits { there.where_crowded(led, stop).await } else { led };
    let led = led.map_err(Unled::told)?;
    let back = if fits { back.where_crowded(led_back, stop).await } else { led_back };
    let is_exact = led.arrived.as_ref() == Some(desired);
    match back {
        // What was tried from there holds from where the way there leads only if that is the same.
        Ok(back) if is_exact && question.down => {
            let up = led.plan;
            let down = Some(back.plan);
            let mut proof =
                Proof { current, desired: desired.clone(), up, down, stages: Vec::new() };
            proof.stages = stages(other, &proof, question, stop).await?;
            Ok((proof, true))
        }
        _ => {
            let proof = finish(scratch, led, (current, desired), question, stop).await?;
            Ok((proof, false))
        }
    }
}

/// One of two ways that are tried at once.
struct Leg<'a> {
    /// Where it is tried.
    scratch: &'a mut Connection,
    /// The schema that holds.
    from: &'a Model,
    /// The schema it leads to.
    to: &'a Model,
    way: Way<'a>,
}

impl Leg<'_> {
    /// Leads there. It is planned while the other runs; `turns` says whether both may run at once.
    async fn lead(&mut self, turns: &Semaphore, stop: &Stop) -> std::result::Result<Led, Unled> {
        lead_in_turn(self.scratch, (self.from, self.to), self.way, turns, stop).await
    }

    /// Leads there once more where the server had no room for the locks of both.
    async fn where_crowded(
        &mut self,
        led: std::result::Result<Led, Unled>,
        stop: &Stop,
    ) -> std::result::Result<Led, Unled> {
        match led {
            Err(failed) if failed.crowded => {
                let untouched = untouched(self.scratch, self.from, self.way.scope, failed, stop);
                untouched.await.map_err(Unled::of)?;
                lead(self.scratch, self.from, self.to, self.way, stop).await
            }
            led => led,
        }
    }
}

/// How many locks a transaction holds, at the most, that leads from one schema to the other: for
/// each object that differs one for everything the server drops with it, such as the types of a
/// table's rows and the table of its long values.
fn locks(current: &Model, desired: &Model) -> usize {
    let of = |kind: Kind| match kind {
        Kind::Table | Kind::MaterializedView => 5,
        Kind::View => 4,
        Kind::Constraint | Kind::Sequence => 2,
        Kind::Column => 0,
        _ => 1,
    };
    let differ = current.beside(desired).filter(|(_, have, want)| have != want);
    differ.map(|(key, _, _)| of(key.kind)).sum()
}

/// A proof of a plan that has arrived; on request its way back is tried.
async fn finish(
    scratch: &mut Connection,
    led: Led,
    (current, desired): (Model, &Model),
    question: &Question,
    stop: &Stop,
) -> Result<Proof> {
    let Led { plan: up, arrived } = led;
    let mut proof = Proof { current, desired: desired.clone(), up, down: None, stages: Vec::new() };
    if question.down {
        let renames = question.back();
        let back = question.way(&renames, false);
        let from = arrived.as_ref().unwrap_or(&proof.current);
        let down = lead(scratch, from, &proof.current, back, stop).await;
        let down = down.map_err(Unled::told)?.plan;
        proof.down = Some(down);
        proof.stages = stages(scratch, &proof, question, stop).await?;
    }
    Ok(proof)
}

/// Parts a proven plan, and proves the way back of each part. The scratch holds the schema the
/// plan starts from, before and after.
async fn stages(
    scratch: &mut Connection,
    proof: &Proof,
    question: &Question,
    stop: &Stop,
) -> Result<Vec<Stage>> {
    let part = |range| proof.up.steps.get::<Range<usize>>(range).map(<[Step]>::to_vec);
    let parts: Vec<Vec<Step>> =
        plan::groups(&proof.up.steps).into_iter().filter_map(part).collect();
    let plan = |steps| Plan { dialect: proof.up.dialect, steps, notes: Vec::new() };
    if parts.len() < 2 {
        let down = proof.down.clone().unwrap_or_else(|| plan(Vec::new()));
        return Ok(vec![Stage { up: proof.up.clone(), down }]);
    }
    let mut before = vec![proof.current.clone()];
    for part in &parts {
        run(scratch, part, stop).await.map_err(Unled::told)?;
        before.push(scratch.model(&question.scope, stop).await?);
    }
    let Some(mut held) = before.pop() else { return Ok(Vec::new()) };
    let renames = question.back();
    let mut stages = Vec::new();
    for (at, (part, before)) in parts.into_iter().zip(before).enumerate().rev() {
        // Renames run first, so they are in the first part.
        let renames = if at == 0 { renames.as_slice() } else { &[] };
        let way = question.way(renames, false);
        let back = lead(scratch, &held, &before, way, stop).await.map_err(Unled::told)?;
        stages.push(Stage { up: plan(part), down: back.plan });
        held = back.arrived.unwrap_or(held);
    }
    stages.reverse();
    Ok(stages)
}

/// Makes a schema in an empty scratch database from its model alone, and reads it there.
///
/// # Errors
/// A statement fails, or what was made is not the model.
pub async fn build(
    scratch: &mut Connection,
    model: &Model,
    scope: &Scope,
    stop: &Stop,
) -> Result<Model> {
    let way = Way { renames: &[], online: false, scope };
    let empty = scratch.model(scope, stop).await?;
    let led = lead(scratch, &empty, model, way, stop).await.map_err(Unled::told)?;
    Ok(led.arrived.unwrap_or(empty))
}

/// Makes a schema in a scratch database that holds part of it, rows and all.
///
/// # Errors
/// A statement fails, as where rows do not fit, or what was made is not the model.
pub(super) async fn lead_to(
    scratch: &mut Connection,
    held: &Model,
    model: &Model,
    scope: &Scope,
    stop: &Stop,
) -> Result<()> {
    let way = Way { renames: &[], online: false, scope };
    lead(scratch, held, model, way, stop).await.map(drop).map_err(Unled::told)
}

/// Where a plan has led.
struct Led {
    plan: Plan,
    /// The schema there is now; none if there was nothing to do.
    arrived: Option<Model>,
}

/// Plans, runs and looks again until nothing is left to do. `held` is the schema the scratch holds.
async fn lead(
    scratch: &mut Connection,
    held: &Model,
    desired: &Model,
    way: Way<'_>,
    stop: &Stop,
) -> std::result::Result<Led, Unled> {
    lead_in_turn(scratch, (held, desired), way, &Semaphore::new(1), stop).await
}

/// The same beside another, which may have to be let run first.
async fn lead_in_turn(
    scratch: &mut Connection,
    (held, desired): (&Model, &Model),
    way: Way<'_>,
    turns: &Semaphore,
    stop: &Stop,
) -> std::result::Result<Led, Unled> {
    let mut arrived: Option<Model> = None;
    let mut whole = Plan::empty(desired.dialect);
    if !way.renames.is_empty() {
        let steps = plan::rename_steps(way.renames, held).map_err(Unled::of)?;
        run(scratch, &steps, stop).await?;
        whole.steps.extend(steps);
        arrived = Some(scratch.model(way.scope, stop).await.map_err(Unled::of)?);
    }
    for round in 0..ROUNDS {
        let current = arrived.as_ref().unwrap_or(held);
        if current == desired {
            return Ok(Led { plan: whole, arrived });
        }
        let Plan { steps, notes, .. } = plan::plan(current, desired, way.online);
        if round == 0 {
            whole.notes = notes;
        }
        if steps.is_empty() {
            break;
        }
        // Nobody closes it: without a turn it would run all the same.
        let turn = turns.acquire().await;
        run(scratch, &steps, stop).await?;
        drop(turn);
        whole.steps.extend(steps);
        arrived = Some(scratch.model(way.scope, stop).await.map_err(Unled::of)?);
    }
    match plan::differences(arrived.as_ref().unwrap_or(held), desired).first() {
        None => Ok(Led { plan: whole, arrived }),
        Some(key) => {
            let why = format!("{} {key} is still not as it should be", key.kind.word());
            Err(Unled::of(unproven(&why, "")))
        }
    }
}

/// Why a plan led nowhere.
struct Unled {
    problem: Problem,
    /// Whether the server had no room for the locks of its transaction.
    crowded: bool,
}

impl Unled {
    fn of(problem: Problem) -> Self {
        Self { problem, crowded: false }
    }

    fn told(self) -> Problem {
        self.problem
    }
}

/// Makes sure that a scratch still holds a schema after a plan failed in it.
///
/// # Errors
/// It does not: why the plan failed; or it cannot be read.
async fn untouched(
    scratch: &mut Connection,
    held: &Model,
    scope: &Scope,
    failed: Unled,
    stop: &Stop,
) -> Result<()> {
    let now = scratch.model(scope, stop).await?;
    if now == *held { Ok(()) } else { Err(failed.problem) }
}

async fn run(
    scratch: &mut Connection,
    steps: &[Step],
    stop: &Stop,
) -> std::result::Result<(), Unled> {
    let ran = scratch.try_out(steps, stop).await;
    ran.map_err(|failure| {
        if failure.crowded {
            let what = "The plan for this change does not fit into one transaction here".to_owned();
            let problem = Problem { what, ..failure.problem };
            return Unled { problem, crowded: true };
        }
        let sql = failure.step.and_then(|step| steps.get(step)).map(|step| step.sql.as_str());
        Unled::of(unproven(&failure.problem.why, sql.unwrap_or_default()))
    })
}

fn unproven(why: &str, sql: &str) -> Problem {
    Problem::failed(
        "The plan for this change does not hold",
        format!("tried in a scratch database, {why}\n{sql}"),
        "nothing was changed; this is a mistake of dbstudio, please report it with both schemas",
    )
}
