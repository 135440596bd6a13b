//! Emptying a database so that its project can be set up anew: which objects go and how many rows
//! with them, what stays, whether the project could be rebuilt, and the dropping itself.
//!
//! Everything goes in one transaction, or nothing does. What is shown is what runs: the database is
//! read once more before, and must still be what the plan was made for. Nothing here asks anybody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::change::Setting;
use super::checklist::{Item, Matter};
use super::chronicle::{Begun, Chronicle};
use super::migrate::Account;
use super::standing;
use super::status::{DatabaseStatus, Rows};
use crate::config::{Protection, Target};
use crate::db::Db;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::ledger::{Found as Ledgers, Ledger, SCHEMA};
use crate::migrations::{Entry, State};
use crate::problem::{Kind as Sort, Problem, Result};
use crate::schema::RelationName;
use crate::schema::model::{Key, Kind, Model, is_history_table};
use crate::schema::plan::{Action, Step, groups};
use crate::sql::Dialect;

mod goal;
mod rebuild;

pub use rebuild::Rebuild;

/// A reset that can be looked at and carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Reset {
    /// The database.
    pub target: Target,
    /// Its name as the server reports it.
    pub database: String,
    /// The statements that run, in one transaction.
    pub steps: Vec<Step>,
    /// How many objects of each kind go, in the order of the kinds.
    pub objects: Vec<(Kind, usize)>,
    /// The tables that go with the rows that go with them; `None` where nobody counted them.
    pub tables: Vec<(RelationName, Option<Rows>)>,
    /// What stays although it is there, in sentences.
    pub kept: Vec<String>,
    /// Whether the project can be set up anew afterwards.
    pub rebuild: Rebuild,
    /// Who does it, and what was said on the checklist, for the ledger.
    pub account: Account,
    /// What was read of it, to be held against it before anything runs.
    basis: Basis,
}

/// What a reset was made for.
#[derive(Debug, Clone, PartialEq)]
struct Basis {
    setting: Setting,
    current: Model,
    /// What stays.
    goal: Model,
    /// The history tables the schema that was read does not show.
    histories: Vec<RelationName>,
}

/// Refuses what may never be reset.
///
/// # Errors
/// A production database, whatever else was said; a connection that only reads.
pub fn permit(target: &Target) -> Result<()> {
    refuse(target, "This database is not reset", "a reset drops everything in it")
}

/// The refusal of destroying in production, and where nothing may be written.
pub(super) fn refuse(target: &Target, what: &str, why: &str) -> Result<()> {
    if target.protection == Protection::Production {
        let name = target.name.as_deref().unwrap_or("an address no environment names");
        return Err(Problem::new(
            Sort::Refused,
            what,
            format!("it is production ({name}), and {why}"),
            "name a development or staging database; if this one is, say so with protection in \
             its environment",
        ));
    }
    if target.read_only {
        return Err(Problem::new(
            Sort::Refused,
            what,
            "it is opened for reading only",
            "take --read-only, or read_only of the environment, away",
        ));
    }
    Ok(())
}

/// Finds out what a reset of the setting's database would do. Only reads, but for the scratch
/// database in which it is tried whether the project can be rebuilt.
///
/// # Errors
/// It is refused here, the database cannot be read, or the work was stopped.
pub async fn plan(setting: Setting, stop: &Stop) -> Result<Reset> {
    permit(&setting.target)?;
    let mut live = Connection::open_reading(&setting.target, stop).await?;
    let read = read(&mut live, &setting, stop).await;
    let database = live.database().to_owned();
    live.close().await;
    let Found { current, histories, strangers, ledger, mut notes } = read?;
    let rebuild = rebuild::tried(&setting, stop).await?;
    let goal = goal::goal(&current, &rebuild.extensions);
    let mut steps = goal::steps(&current, &goal, &histories, strangers);
    if let Some(step) = ledger.filter(|_| !steps.is_empty()) {
        steps.push(step);
        notes.push("the ledger of what was done stays, with this reset in it".to_owned());
    }
    if groups(&steps).len() > 1 {
        return Err(Problem::failed(
            "The reset would not be all or nothing",
            "a statement of it cannot run together with the others",
            "report this as a bug; until then drop the schema by hand",
        ));
    }
    let status = counted(&setting.target, stop).await?;
    let gone = |key: &&Key| !goal.objects.contains_key(key);
    let mut objects: BTreeMap<Kind, usize> = BTreeMap::new();
    for key in current.objects.keys().filter(gone).filter(|key| !key.kind.is_part()) {
        *objects.entry(key.kind).or_default() += 1;
    }
    let dropped: BTreeSet<RelationName> = current
        .of_kind(Kind::Table)
        .map(|(key, _)| RelationName::new(&key.schema, &key.name))
        .chain(histories.iter().cloned())
        .collect();
    *objects.entry(Kind::Table).or_default() += histories.len();
    objects.retain(|_, count| *count > 0);
    let rows = |name: &RelationName| status.relations.iter().find(|one| one.name == *name)?.rows;
    let tables = dropped.iter().map(|name| (name.clone(), rows(name))).collect();
    Ok(Reset {
        target: setting.target.clone(),
        database,
        steps,
        objects: objects.into_iter().collect(),
        tables,
        kept: goal::kept(&current, &goal).into_iter().chain(notes).collect(),
        rebuild,
        account: Account::default(),
        basis: Basis { setting, current, goal, histories },
    })
}

/// What is there.
struct Found {
    /// The schema.
    current: Model,
    /// The history tables it does not show.
    histories: Vec<RelationName>,
    /// Statements for what a model has no place for: those that run first, those that run last.
    strangers: (Vec<Step>, Vec<Step>),
    /// The statement that has the ledger forget what goes, where there is a ledger.
    ledger: Option<Step>,
    /// What stays of history tables, in sentences.
    notes: Vec<String>,
}

async fn read(live: &mut Connection, setting: &Setting, stop: &Stop) -> Result<Found> {
    let mut current = live.model(&setting.scope, stop).await?;
    let keeps = setting.target.session.ledger;
    if live.dialect() == Dialect::Sqlite {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let names = live.rows(sql).await?.into_iter().flatten().flatten();
        // What undo capsules hold are rows of what goes.
        let is_ledger = |name: &str| {
            let name = name.to_ascii_lowercase();
            keeps && name.starts_with("_dbstudio_") && !name.starts_with("_dbstudio_capsule")
        };
        let histories = names.filter(|name| is_history_table(name) && !is_ledger(name));
        let histories: Vec<RelationName> =
            histories.map(|name| RelationName::new("main", name)).collect();
        let ledger = ledger_step(live, setting).await?;
        let strangers = Default::default();
        return Ok(Found { current, histories, strangers, ledger, notes: Vec::new() });
    }
    if keeps {
        let is_capsule = |key: &Key| {
            let table = if key.kind.is_part() { &key.of } else { &key.name };
            table.starts_with("capsule")
        };
        current.objects.retain(|key, _| {
            let is_ledger = key.schema == SCHEMA && !is_capsule(key);
            let is_its_schema = key.kind == Kind::Schema && key.name == SCHEMA;
            !is_ledger && !is_its_schema
        });
    }
    let rows = live.rows(&goal::strangers(&setting.scope)).await?;
    let (histories, notes) = match &setting.scope.schemas {
        Some(schemas) => elsewhere(live, setting, schemas, stop).await?,
        None => (Vec::new(), Vec::new()),
    };
    let ledger = ledger_step(live, setting).await?;
    Ok(Found { current, histories, strangers: goal::stranger_steps(rows), ledger, notes })
}

/// The history tables outside the project's schemas. They may be another project's: one goes only
/// where all it remembers are this project's migrations.
async fn elsewhere(
    live: &mut Connection,
    setting: &Setting,
    schemas: &[String],
    stop: &Stop,
) -> Result<(Vec<RelationName>, Vec<String>)> {
    let stays = |why: String| Ok((Vec::new(), vec![why]));
    // Where the folder cannot be read, the checklist says so, and its history stays.
    let Ok(standing) = standing::read(&setting.project, live, &[], stop).await else {
        return Ok((Vec::new(), Vec::new()));
    };
    if !standing.book.is_there {
        return Ok((Vec::new(), Vec::new()));
    }
    let table = Dialect::Postgres.literal(&standing.book.table.sql(Dialect::Postgres));
    let sql = format!(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = pg_catalog.to_regclass({table})"
    );
    let row = live.rows(&sql).await?.into_iter().next().unwrap_or_default();
    let [Some(schema), Some(name)] = row.as_slice() else { return Ok((Vec::new(), Vec::new())) };
    if schemas.contains(schema) {
        return Ok((Vec::new(), Vec::new()));
    }
    let missing = |entry: &Entry| entry.state == State::Missing;
    if standing.entries.iter().any(missing) {
        return stays(format!(
            "table {schema}.{name} stays: it remembers migrations of others too"
        ));
    }
    Ok((vec![RelationName::new(schema, name)], Vec::new()))
}

/// The ledger is what was done, by this project and by others, and stays; what it knows of
/// migrations that stopped halfway goes with the history: the statement, where there is a ledger.
async fn ledger_step(live: &mut Connection, setting: &Setting) -> Result<Option<Step>> {
    let ledger = Ledger::new(live.dialect());
    if !setting.target.session.ledger || ledger.find(live).await? != Ledgers::There {
        return Ok(None);
    }
    Ok(Some(Step::new(ledger.forget_all(), vec![Action::Setting])))
}

async fn counted(target: &Target, stop: &Stop) -> Result<DatabaseStatus> {
    let db = Db::connect(target, stop).await?;
    let status = DatabaseStatus::gather(&db, false, stop).await;
    db.close().await;
    status
}

impl Reset {
    /// Whether there is nothing to drop.
    pub fn is_nothing(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many rows go, as far as they were counted, and whether that is exact.
    pub fn rows(&self) -> (u64, bool) {
        let mut exact = true;
        let mut rows = 0u64;
        for (_, found) in &self.tables {
            match found {
                Some(Rows::Exactly(count)) => rows = rows.saturating_add(*count),
                Some(Rows::About(count)) => {
                    exact = false;
                    rows = rows.saturating_add(*count);
                }
                None => exact = false,
            }
        }
        (rows, exact)
    }

    /// What its checklist is gathered for, with what is known of its own items.
    pub fn matter(&self) -> Matter {
        let is_empty = self.rows() == (0, true);
        let spared = is_empty.then(|| "no table has a row: there is nothing to back up".to_owned());
        let own = vec![
            Item::environment(&self.target, &self.database),
            Item {
                id: "rebuild",
                title: "the project can be set up anew",
                shown: self.rebuild.works,
                evidence: vec![self.rebuild.evidence.clone()],
            },
        ];
        let what = self.steps.iter().map(|step| format!("{};\n", step.sql)).collect();
        Matter { what, spared, ..Matter::new("reset", &self.database, own) }
    }

    /// Drops what was shown, in one transaction; `on_step` is told of each statement before it
    /// runs. Returns what there is to say of it, in sentences.
    ///
    /// # Errors
    /// The database has changed since the plan was made, a statement fails (then everything is as
    /// it was), or something is left.
    pub async fn carry_out(
        &self,
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Result<Vec<String>> {
        permit(&self.target)?;
        let mut live = Connection::open(&self.target, stop).await?;
        let chronicle = Chronicle::of(&self.basis.setting.state, &self.target);
        let begun = chronicle.begin("reset", &self.database, &self.recorded());
        let outcome = self.run((&mut live, &begun), stop, on_step).await;
        live.close().await;
        let said = begun.ended(&outcome, matches!(outcome, Ok((_, true))));
        outcome.map(|(told, _)| told.into_iter().chain(said).collect())
    }

    /// Who does it, with what goes.
    fn recorded(&self) -> Account {
        let (rows, exact) = self.rows();
        let tables: Vec<String> = self.tables.iter().map(|(name, _)| name.to_string()).collect();
        self.account.with(json!({
            "statements": self.steps.len(), "tables": tables, "rows": rows, "rows_exact": exact,
        }))
    }

    async fn run(
        &self,
        (live, begun): (&mut Connection, &Begun),
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(Vec<String>, bool)> {
        let basis = &self.basis;
        let now = read(live, &basis.setting, stop).await?;
        if now.current.objects != basis.current.objects || now.histories != basis.histories {
            return Err(self.changed(&now.current));
        }
        let entry = begun.step(live).await?;
        let in_ledger = entry.is_some();
        let steps: Vec<Step> = self.steps.iter().cloned().chain(entry).collect();
        let applied = live.apply(&steps, stop, on_step).await;
        // From here on it is done: whether somebody asks to stop no longer matters.
        let stop = &Stop::new();
        if let Err(failure) = applied {
            let is_final = matches!(failure.problem.kind, Sort::Cancelled | Sort::Disconnected);
            if !is_final {
                let now = read(live, &basis.setting, stop).await?.current;
                if now.objects != basis.current.objects {
                    return Err(self.changed(&now));
                }
            }
            return Err(failure.problem);
        }
        let left = read(live, &basis.setting, stop).await?;
        let rest = left.current.objects.keys();
        let rest = rest.filter(|key| !basis.goal.objects.contains_key(key));
        let mut rest: Vec<String> = rest.map(|key| format!("{} {key}", key.kind.word())).collect();
        rest.extend(left.histories.iter().map(ToString::to_string));
        if !rest.is_empty() {
            return Err(Problem::failed(
                "The reset ran, but not everything is gone",
                format!("there still is: {}", rest.join(", ")),
                "somebody may have made it meanwhile: run the reset again",
            ));
        }
        let mut said = Vec::new();
        if live.dialect() == Dialect::Sqlite
            && let Err(fault) = live.run("VACUUM", stop).await
        {
            said.push(format!("the file keeps its size: {}", fault.words()));
        }
        Ok((said, in_ledger))
    }

    /// The problem of a database that is not what the plan was made for.
    fn changed(&self, now: &Model) -> Problem {
        let goal = &self.basis.goal;
        if now.objects.keys().all(|key| goal.objects.contains_key(key)) {
            return Problem::failed(
                "Somebody else has emptied the database meanwhile",
                "nothing is left in it to drop; this run has changed nothing",
                "set it up anew with dbstudio setup, unless they already do",
            );
        }
        Problem::failed(
            "The database has changed since the reset was planned",
            "somebody else changed its schema; this run has changed nothing",
            "run the reset again to see what there is now",
        )
    }
}
