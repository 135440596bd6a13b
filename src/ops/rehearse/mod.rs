//! A rehearsal: the migrations that wait are run on a scratch that holds the live schema (on
//! SQLite on a copy of the file with its data; on PostgreSQL with rows where that was asked for),
//! up, down and up again, before anything is applied. It tells whether they run, how long each
//! takes, what is hazardous about it, whether its way back leads back, what happens to the rows,
//! and whether the outcome is the schema that is wanted.
//!
//! The person's database is only read. Everything tried on is removed on every way out.

mod rows;
mod sample;
mod stage;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::change::Setting;
use super::difference::{Difference, differences, of_person};
use super::evidence::{Bond, Cabinet, Evidence, Sort};
use super::examine::Examined;
use super::standing::{self, Standing};
use super::{desired, history, proof, replay};
use crate::config::SchemaSource;
use crate::db::connection::Connection;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::{Migration, State};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::{Hazard, Rule};
use crate::schema::model::Model;
use crate::sql::Dialect;
use rows::Holdings;
pub use rows::RowChange;
use stage::Stage;

/// Which rows it is rehearsed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// As is usual: all of them on SQLite, none on PostgreSQL.
    Usual,
    /// Up to this many of each table (PostgreSQL).
    Sample(u64),
    /// All of them.
    All,
}

/// What a rehearsal found.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// What it was rehearsed on, in words.
    pub on: String,
    /// The migrations that ran, in their order.
    pub scripts: Vec<Rehearsed>,
    /// The one that did not, and why: the file, the line, the engine's words.
    pub failure: Option<Failure>,
    /// The schema afterwards against the one that is wanted; `None` where the project has none, or
    /// a migration failed.
    pub outcome: Option<Vec<Difference>>,
    /// The live schema it began with, without what keeps the history.
    pub live: Model,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
}

/// A migration that did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Number and name.
    pub name: String,
    /// Why.
    pub problem: Problem,
}

/// A migration that was rehearsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// Number and name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// How long it took on what it was rehearsed on.
    pub took: Duration,
    /// What it does to rows of tables whose columns it leaves alone.
    pub rows: Vec<RowChange>,
    /// Its way back.
    pub back: Back,
    /// What is hazardous about it.
    pub hazards: Vec<Hazard>,
    /// The rules among these that the configuration refuses.
    pub refused: Vec<Rule>,
}

/// What came of taking a migration back and applying it once more.
#[derive(Debug, Clone, PartialEq)]
pub enum Back {
    /// It has no way back.
    None,
    /// It was not tried; why, in a sentence.
    Untried(String),
    /// It was tried.
    Tried {
        /// How long going back took.
        took: Duration,
        /// How the schema differs from the one before; empty where it is the same.
        schema: Vec<Difference>,
        /// The rows that did not come back, or that changed.
        rows: Vec<RowChange>,
        /// How the schema differs after applying it again from what it was the first time.
        again: Vec<Difference>,
    },
    /// Going back failed, or applying it once more did.
    Failed(Problem),
}

impl Back {
    /// Whether it leads to the schema there was, and the migration can be applied again.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Tried { schema, again, .. } if schema.is_empty() && again.is_empty())
    }
}

impl Rehearsal {
    /// Whether everything ran, nothing is refused, and no way back that there is fails or leads
    /// elsewhere.
    pub fn is_passed(&self) -> bool {
        let stands = |one: &Rehearsed| {
            let back = matches!(one.back, Back::None | Back::Untried(_)) || one.back.is_proven();
            one.refused.is_empty() && back
        };
        self.failure.is_none() && self.scripts.iter().all(stands)
    }

    /// What came of it as evidence.
    pub fn evidence(&self, bond: Bond) -> Evidence {
        let word = if self.is_passed() { "passed" } else { "failed" };
        let summary = format!("rehearsed on {}: {word}", self.on);
        let detail = json!({
            "passed": self.is_passed(),
            "reversible": self.is_reversible(),
            "on": self.on,
            "one_way": self.one_way(),
            "lost": self.lost(),
            "migrations": self.scripts.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            "outcome": self.outcome.as_ref().map(Vec::len),
        });
        Evidence::now(Sort::Rehearsal, bond, summary, detail)
    }

    /// Whether every migration has a way back that was proven.
    pub fn is_reversible(&self) -> bool {
        self.failure.is_none() && self.scripts.iter().all(|one| one.back.is_proven())
    }

    /// The tables whose rows a way back does not bring back, each with what is lost.
    fn lost(&self) -> Vec<String> {
        let rows = self.scripts.iter().flat_map(|one| match &one.back {
            Back::Tried { rows, .. } => rows.as_slice(),
            _ => &[],
        });
        rows.map(|change| match change.before == change.after {
            true => format!("what rows of {} held", change.table),
            false => {
                format!("rows of {}: {}, were {}", change.table, change.after, change.before)
            }
        })
        .collect()
    }

    /// The migrations that cannot be rolled back, by name.
    pub fn one_way(&self) -> Vec<&str> {
        let lacks = |one: &&Rehearsed| !one.back.is_proven();
        self.scripts.iter().filter(lacks).map(|one| one.name.as_str()).collect()
    }
}

/// The pending migrations as they would run now: of one that is half done only what is left.
/// With `to`, those up to that one.
///
/// # Errors
/// `to` names no migration that waits.
pub fn pending(standing: &Standing, dialect: Dialect, to: Option<&str>) -> Result<Vec<Migration>> {
    let mut waiting = Vec::new();
    let last = match to {
        None => None,
        Some(text) => {
            Some(standing.find(text).filter(|entry| entry.state.is_pending()).ok_or_else(|| {
                Problem::usage(
                    format!("There is no migration {text} that waits"),
                    "dbstudio status says which do",
                    "name one of these, or leave --to out",
                )
            })?)
        }
    };
    for entry in standing.pending() {
        let Some(migration) = &entry.migration else { continue };
        waiting.push(match entry.state {
            State::HalfDone { done, .. } => stage::rest(migration, done, dialect),
            _ => migration.clone(),
        });
        if last.is_some_and(|last| last.key == entry.key) {
            break;
        }
    }
    Ok(waiting)
}

/// Rehearses what is pending, up to the migration `to` where one is named, and keeps what came of
/// it as evidence in the state folder.
///
/// # Errors
/// As [`rehearse`], or the evidence cannot be written.
pub async fn pending_of(
    setting: &Setting,
    state: &Path,
    (to, data): (Option<&str>, Data),
    stop: &Stop,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Rehearsal> {
    let standing = standing::at(&setting.project, &setting.target, stop).await?;
    standing.readable()?;
    let dialect = standing.book.dialect;
    let migrations = pending(&standing, dialect, to)?;
    let rehearsal = rehearse(setting, &migrations, data, stop, tell).await?;
    if !migrations.is_empty() {
        let mut connection = Connection::open_reading(&setting.target, stop).await?;
        let (target, live) = (&setting.target, &rehearsal.live);
        // Of one that is half done only the rest ran; its file is the whole.
        let whole = |rest: &Migration| {
            let entry = standing.entries.iter().find(|entry| entry.key == rest.key);
            entry.and_then(|entry| entry.migration.clone())
        };
        let files: Vec<Migration> = migrations.iter().filter_map(whole).collect();
        let bond = Bond::of(&mut connection, target, &files, live).await;
        connection.close().await;
        let bond = bond?;
        Cabinet::of(state, &bond.database).keep(&rehearsal.evidence(bond))?;
    }
    Ok(rehearsal)
}

/// Rehearses migrations on the live schema. `tell` is told the name of each before it runs.
///
/// # Errors
/// The database cannot be read, or nothing to rehearse on can be made. A migration that fails is
/// no error: the rehearsal says so.
pub async fn rehearse(
    setting: &Setting,
    migrations: &[Migration],
    data: Data,
    stop: &Stop,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Rehearsal> {
    let mut connection = Connection::open_reading(&setting.target, stop).await?;
    let read = connection.model(&setting.scope, stop).await;
    connection.close().await;
    let full = read?;
    let live = of_person(full.clone());
    let mut rehearsal = Rehearsal {
        on: String::new(),
        scripts: Vec::new(),
        failure: None,
        outcome: None,
        live,
        notes: Vec::new(),
    };
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let acted = act(&mut scratch, setting, (&full, migrations, data), &mut rehearsal, stop, tell);
    let acted = acted.await;
    let closed = scratch.close().await;
    // What failed first is what the person must know.
    acted?;
    closed.map(|()| rehearsal)
}

async fn act(
    scratch: &mut Scratch,
    setting: &Setting,
    (full, migrations, data): (&Model, &[Migration], Data),
    rehearsal: &mut Rehearsal,
    stop: &Stop,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<()> {
    proof::build(scratch.connection()?, full, &setting.scope, stop).await?;
    let hazards = match examined(scratch.connection()?, setting, migrations, stop).await? {
        Examination::Whole(hazards) => hazards,
        Examination::Failed(failure, hazards) => {
            // The same failure comes with the data; without, it is the outcome.
            if full.dialect == Dialect::Postgres && data == Data::Usual {
                rehearsal.on = stage::SCHEMA_ALONE.to_owned();
                rehearsal.scripts = hazards.into_iter().map(Rehearsed::unrun).collect();
                rehearsal.failure = Some(failure);
                return Ok(());
            }
            hazards
        }
    };
    let mut stage = Stage::set(scratch, setting, full, data, stop).await?;
    rehearsal.on.clone_from(&stage.on);
    rehearsal.notes.append(&mut stage.notes);
    let played = play(&mut stage, setting, migrations, hazards, rehearsal, stop, tell).await;
    let last = match &played {
        Ok(()) if rehearsal.failure.is_none() => {
            Some(stage.connection()?.model(&setting.scope, stop).await)
        }
        _ => None,
    };
    stage.close().await;
    played?;
    if let Some(last) = last.transpose()? {
        compare(scratch, setting, last, rehearsal, stop).await?;
    }
    Ok(())
}

/// What came of examining the migrations.
enum Examination {
    Whole(Vec<Examined>),
    Failed(Failure, Vec<Examined>),
}

async fn examined(
    connection: &mut Connection,
    setting: &Setting,
    migrations: &[Migration],
    stop: &Stop,
) -> Result<Examination> {
    let mut found = Vec::new();
    for migration in migrations {
        match Examined::on(connection, setting, migration, stop).await {
            Ok(examined) => found.push(examined),
            Err(problem) if is_final(&problem) => return Err(problem),
            Err(problem) => {
                let failure = Failure { name: migration.name(), problem };
                return Ok(Examination::Failed(failure, found));
            }
        }
    }
    Ok(Examination::Whole(found))
}

/// Whether a problem is none of a migration's.
fn is_final(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Cancelled | Kind::Disconnected)
}

/// Runs every migration up, down and up again.
async fn play(
    stage: &mut Stage<'_>,
    setting: &Setting,
    migrations: &[Migration],
    examined: Vec<Examined>,
    rehearsal: &mut Rehearsal,
    stop: &Stop,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<()> {
    let mut examined = examined.into_iter();
    let mut before = Moment::of(stage, setting, stop).await?;
    for migration in migrations {
        tell(&migration.name());
        let begun = Instant::now();
        let ran = replay::run(stage.connection()?, &migration.up, migration.alone, stop).await;
        let took = begun.elapsed();
        match ran {
            Ok(()) => {}
            Err(problem) if is_final(&problem) => return Err(problem),
            Err(problem) => {
                rehearsal.failure = Some(Failure { name: migration.name(), problem });
                return Ok(());
            }
        }
        let after = Moment::of(stage, setting, stop).await?;
        let mut rehearsed = Rehearsed {
            took,
            rows: rows::changes(&before.holdings, &after.holdings, &migration.up.text),
            ..examined.next().map_or_else(|| Rehearsed::plain(migration), Rehearsed::unrun)
        };
        rehearsed.back = back(stage, setting, migration, (&before, &after), stop).await?;
        let is_lost = matches!(rehearsed.back, Back::Failed(_));
        rehearsal.scripts.push(rehearsed);
        if is_lost && migration.name() != migrations.last().map(Migration::name).unwrap_or_default()
        {
            rehearsal.notes.push(format!(
                "what comes after {} was not rehearsed, since its way back failed",
                migration.name()
            ));
            return Ok(());
        }
        before = Moment::of(stage, setting, stop).await?;
    }
    Ok(())
}

/// The schema and the rows at one moment.
struct Moment {
    model: Model,
    holdings: Holdings,
}

impl Moment {
    async fn of(stage: &mut Stage<'_>, setting: &Setting, stop: &Stop) -> Result<Self> {
        let has_rows = stage.has_rows;
        let connection = stage.connection()?;
        let model = connection.model(&setting.scope, stop).await?;
        let holdings = match has_rows {
            true => Holdings::of(connection, &model, stop).await?,
            false => Holdings::default(),
        };
        Ok(Self { model, holdings })
    }
}

/// Takes a migration back and applies it again.
async fn back(
    stage: &mut Stage<'_>,
    setting: &Setting,
    migration: &Migration,
    (before, after): (&Moment, &Moment),
    stop: &Stop,
) -> Result<Back> {
    let Some(down) = &migration.down else { return Ok(Back::None) };
    if down.text.trim().is_empty() {
        return Ok(Back::Untried("its way back is empty".to_owned()));
    }
    let begun = Instant::now();
    let ran = replay::run(stage.connection()?, down, migration.down_alone, stop).await;
    let took = begun.elapsed();
    match ran {
        Ok(()) => {}
        Err(problem) if is_final(&problem) => return Err(problem),
        Err(problem) => return Ok(Back::Failed(problem)),
    }
    let returned = Moment::of(stage, setting, stop).await?;
    let again = replay::run(stage.connection()?, &migration.up, migration.alone, stop).await;
    match again {
        Ok(()) => {}
        Err(problem) if is_final(&problem) => return Err(problem),
        Err(problem) => {
            let what = format!("After its way back it cannot be applied again: {}", problem.what);
            return Ok(Back::Failed(Problem { what, ..problem }));
        }
    }
    let repeated = Moment::of(stage, setting, stop).await?;
    Ok(Back::Tried {
        took,
        schema: differences(&returned.model, &before.model),
        rows: rows::changes(&before.holdings, &returned.holdings, &down.text),
        again: differences(&repeated.model, &after.model),
    })
}

/// Compares the schema afterwards with the one that is wanted.
async fn compare(
    scratch: &mut Scratch,
    setting: &Setting,
    mut last: Model,
    rehearsal: &mut Rehearsal,
    stop: &Stop,
) -> Result<()> {
    let there = match &setting.project.schema {
        SchemaSource::Command(_) => true,
        SchemaSource::Paths(paths) => !paths.is_empty() && paths.iter().all(|path| path.exists()),
    };
    if !there {
        return Ok(());
    }
    let scripts = desired::sources(&setting.project, stop).await?;
    scratch.reset(stop).await?;
    let connection = scratch.connection()?;
    desired::execute(connection, &scripts, stop).await?;
    let wanted = connection.model(&setting.scope, stop).await?;
    history::spare(&mut last, &wanted);
    rehearsal.outcome = Some(differences(&last, &wanted));
    Ok(())
}

impl Rehearsed {
    /// One of which only the hazards are known so far.
    fn unrun(examined: Examined) -> Self {
        Self {
            name: examined.name,
            file: examined.file,
            took: Duration::ZERO,
            rows: Vec::new(),
            back: Back::Untried("a later one failed".to_owned()),
            hazards: examined.hazards,
            refused: examined.refused,
        }
    }

    /// One whose hazards are not known.
    fn plain(migration: &Migration) -> Self {
        Self {
            name: migration.name(),
            file: migration.up.name.clone(),
            took: Duration::ZERO,
            rows: Vec::new(),
            back: Back::None,
            hazards: Vec::new(),
            refused: Vec::new(),
        }
    }
}
