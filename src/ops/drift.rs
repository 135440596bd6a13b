//! Drift: how a database differs from what its applied migrations give, and the SQL that leads
//! back or keeps it; and the three ways a project can be apart: what the schema says, what the
//! migrations make, what the database has.
//!
//! The migrations are replayed in a scratch database, from nothing; the person's database is only
//! read. Of a file that is gone or has changed the text runs that was applied, where the ledger has
//! kept it; what cannot be replayed exactly is said.

use super::as_applied::{self, Applied};
use super::change::{Answers, Change, Setting, Settled, Side};
use super::difference::{Difference, differences};
use super::proof::Proof;
use super::push;
use super::review::{self, Review};
use super::standing::Standing;
use super::{desired, history, replay};
use crate::config::SchemaSource;
use crate::db::connection::Connection;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::{Entry, Migration, State};
use crate::problem::{Kind as Sort, Problem, Result};
use crate::schema::hazard::Facts;
use crate::schema::model::{Key, Kind, Model, Unmodelled};
use crate::schema::rename::Rename;

/// How schema, migrations and database stand to each other. In each list the first of the two is
/// named first.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// How many migrations are applied, as far as they could be replayed.
    pub applied: usize,
    /// The schema of the database, without what keeps the history of migrations.
    pub live: Model,
    /// What the applied migrations give.
    pub replayed: Model,
    /// The database against its applied migrations: the drift.
    pub drift: Vec<Difference>,
    /// All migrations against the schema: what no migration was written for. `None` where the
    /// project has no schema to compare with, or its migrations do not run.
    pub unwritten: Option<Vec<Difference>>,
    /// The database against the schema. `None` where the project has none.
    pub behind: Option<Vec<Difference>>,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
    /// Why the migrations that are not applied do not run on those that are, if so.
    pub trouble: Option<Problem>,
}

/// The SQL that leads out of a drift, one way or the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Ways {
    /// Makes the database what its migrations give; measured in the database.
    pub repair: Way,
    /// Makes what the migrations give into what the database has: the migration that keeps it.
    pub adopt: Way,
}

/// One way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// The plan that was tried.
    pub proof: Proof,
    /// The plan as it is looked at.
    pub review: Review,
}

/// Whether schemas are compared with the project's schema as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The database with its applied migrations.
    Drift,
    /// The project's schema too.
    ThreeWays,
}

/// Finds out how the database stands to its migrations and, on request, to the schema.
///
/// # Errors
/// The database cannot be read, no scratch database can be made, or the applied migrations do not
/// run.
pub async fn survey(
    setting: &Setting,
    standing: &Standing,
    reach: Reach,
    stop: &Stop,
) -> Result<Survey> {
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let outcome = look(&mut scratch, setting, standing, reach, stop).await;
    let closed = scratch.close().await;
    // What failed first is what the person must know.
    let survey = outcome?;
    closed.map(|()| survey)
}

async fn look(
    scratch: &mut Scratch,
    setting: &Setting,
    standing: &Standing,
    reach: Reach,
    stop: &Stop,
) -> Result<Survey> {
    let mut live = Connection::open_reading(&setting.target, stop).await?;
    let read = live.model(&setting.scope, stop).await;
    let texts = as_applied::texts(standing, &mut live).await;
    live.close().await;
    let mut live = read?;
    let applied = as_applied::all(standing, &texts?, live.dialect);
    let mut replayed = replay_all(scratch, setting, &applied.migrations, stop).await?;
    history::spare(&mut live, &replayed);
    spare_named(&mut live, &replayed, standing.history.as_deref());
    let mut drift = differences(&live, &replayed);
    if !drift.is_empty()
        && let Some(order) = by_time(standing, &applied)
        && let Ok(other) = replay_all(scratch, setting, &order, stop).await
        && differences(&live, &other).len() < drift.len()
    {
        drift = differences(&live, &other);
        replayed = other;
    }
    let mut notes = applied.notes;
    notes.extend(uncompared(&live, &replayed));
    let mut survey = Survey {
        applied: applied.migrations.len(),
        live,
        replayed,
        drift,
        unwritten: None,
        behind: None,
        notes,
        trouble: None,
    };
    if reach == Reach::ThreeWays {
        against_schema(scratch, setting, standing, &mut survey, stop).await?;
    }
    Ok(survey)
}

/// Compares with the project's schema, if it has one.
async fn against_schema(
    scratch: &mut Scratch,
    setting: &Setting,
    standing: &Standing,
    survey: &mut Survey,
    stop: &Stop,
) -> Result<()> {
    let all: Vec<Migration> =
        standing.entries.iter().filter_map(|entry| entry.migration.clone()).collect();
    let is_other = |entry: &Entry| matches!(entry.state, State::Changed | State::Missing);
    let as_filed = !standing.entries.iter().any(is_other);
    let is_whole = survey.applied == all.len() && standing.pending().next().is_none();
    let made = if as_filed && is_whole {
        Some(survey.replayed.clone())
    } else {
        match replay_all(scratch, setting, &all, stop).await {
            Ok(made) => Some(made),
            Err(problem) if matches!(problem.kind, Sort::Cancelled | Sort::Disconnected) => {
                return Err(problem);
            }
            Err(problem) => {
                survey.trouble = Some(problem);
                None
            }
        }
    };
    let there = match &setting.project.schema {
        SchemaSource::Command(_) => true,
        SchemaSource::Paths(paths) => !paths.is_empty() && paths.iter().all(|path| path.exists()),
    };
    if !there {
        survey.notes.push("there is no schema to compare with; only migrations were".to_owned());
        return Ok(());
    }
    let scripts = desired::sources(&setting.project, stop).await?;
    scratch.reset(stop).await?;
    let connection = scratch.connection()?;
    desired::execute(connection, &scripts, stop).await?;
    let wanted = connection.model(&setting.scope, stop).await?;
    survey.unwritten = made.map(|made| differences(&made, &wanted));
    survey.behind = Some(differences(&survey.live, &wanted));
    Ok(())
}

/// Finds the SQL that leads out of a drift, tried in a scratch database both ways; what repairing
/// would lose is counted in the database. What may have been renamed by hand, from what the
/// migrations give to what the database has, is taken to be unless the answers say no: a rename
/// keeps what is in it, either way.
///
/// # Errors
/// The database cannot be read, an answer fits nothing, or a plan does not hold.
pub async fn ways(
    setting: &Setting,
    survey: &Survey,
    answers: Answers,
    stop: &Stop,
) -> Result<Ways> {
    let (live, replayed) = (&survey.live, &survey.replayed);
    let mut adopting = between(setting, (replayed, live), stop).await?;
    let adopt = adopt(&mut adopting, answers, stop).await;
    let closed = adopting.close().await;
    let adopt = adopt?;
    closed?;
    let renames = adopt.review.renames.iter().rev().map(Rename::reversed).collect();
    let mut repairing = between(setting, (live, replayed), stop).await?;
    let repair = repair(&mut repairing, renames, stop).await;
    let closed = repairing.close().await;
    let repair = repair?;
    closed?;
    Ok(Ways { repair, adopt })
}

async fn between(setting: &Setting, sides: (&Model, &Model), stop: &Stop) -> Result<Change> {
    let side = |model: &Model| Side::Read(Box::new(model.clone()));
    Change::between(setting.clone(), side(sides.0), side(sides.1), stop).await
}

/// The migration that keeps what the database has; a migration needs a way back.
async fn adopt(change: &mut Change, mut answers: Answers, stop: &Stop) -> Result<Way> {
    let renames = loop {
        match change.settle(&answers, stop).await? {
            Settled::Renames(renames) => break renames,
            Settled::Open(open) => {
                answers.yes.extend(open.into_iter().take(1).map(|first| first.rename));
            }
        }
    };
    let proof = change.prove(renames.clone(), true, stop).await?;
    let effects = change.watch(&proof, true, stop).await?;
    let facts = Facts { effects, ..Facts::default() };
    let mut review = review::of_change(change, &proof, &renames, &facts)?;
    review.notes.extend(renames.iter().map(|rename| {
        format!("{rename} is taken for a rename; --no-renames takes it for another thing")
    }));
    Ok(Way { proof, review })
}

async fn repair(change: &mut Change, renames: Vec<Rename>, stop: &Stop) -> Result<Way> {
    let proof = change.prove(renames.clone(), false, stop).await?;
    let effects = change.watch(&proof, false, stop).await?;
    let mut live = Connection::open_reading(&change.setting.target, stop).await?;
    let measured = push::measure(&mut live, change, &proof, stop).await;
    live.close().await;
    let facts = Facts { effects, measures: measured? };
    let review = review::of_change(change, &proof, &renames, &facts)?;
    Ok(Way { proof, review })
}

/// What is applied in the order in which the history says it was, if that is another than the
/// files'.
fn by_time(standing: &Standing, applied: &Applied) -> Option<Vec<Migration>> {
    let when = |migration: &Migration| {
        let entry = standing.entries.iter().find(|entry| entry.key == migration.key)?;
        entry.record.as_ref()?.when.clone()
    };
    let mut timed: Vec<(Option<String>, &Migration)> =
        applied.migrations.iter().map(|one| (when(one), one)).collect();
    if timed.iter().any(|(when, _)| when.is_none()) || timed.is_sorted_by_key(|(when, _)| when) {
        return None;
    }
    timed.sort_by(|one, other| one.0.cmp(&other.0));
    Some(timed.into_iter().map(|(_, migration)| migration.clone()).collect())
}

async fn replay_all(
    scratch: &mut Scratch,
    setting: &Setting,
    migrations: &[Migration],
    stop: &Stop,
) -> Result<Model> {
    scratch.reset(stop).await?;
    let connection = scratch.connection()?;
    replay::replay(connection, migrations, stop).await?;
    connection.model(&setting.scope, stop).await
}

/// Takes the history's table out of what the database has, by the name the project gave it, and
/// the schema that holds nothing else.
fn spare_named(live: &mut Model, replayed: &Model, history: Option<&str>) {
    let Some(history) = history else { return };
    let is_it = |key: &Key| {
        let (full, own) = (format!("{}.{}", key.schema, key.name), key.name.as_str());
        key.kind == Kind::Table && (history == full || history == own)
    };
    let tables: Vec<Key> = live
        .objects
        .keys()
        .filter(|key| is_it(key) && !replayed.objects.contains_key(*key))
        .cloned()
        .collect();
    for table in tables {
        let belongs = |key: &Key| key.kind.is_part() && key.table() == table;
        live.objects
            .retain(|key, object| *key != table && !belongs(key) && !object.needs.contains(&table));
    }
    let Some((schema, _)) = history.rsplit_once('.') else { return };
    let key = Key::global(Kind::Schema, schema);
    let is_used = live.objects.keys().any(|other| other.schema == schema);
    if !is_used && !replayed.objects.contains_key(&key) {
        live.objects.remove(&key);
    }
}

/// What one side has or both have that is not compared.
fn uncompared(one: &Model, other: &Model) -> Vec<String> {
    let told = |one: &Unmodelled| format!("{} {} is not compared", one.kind, one.name);
    one.unmodelled.union(&other.unmodelled).map(told).collect()
}
