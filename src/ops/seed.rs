//! Filling a database: with the project's seeds, or with rows made from the schema alone. All of it
//! in one transaction, so that there is all or nothing of it. Nothing here asks anybody.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use super::change::Setting;
use super::checklist::{Item, Matter};
use super::chronicle::{Begun, Chronicle};
use super::migrate::Account;
use super::reset::refuse;
use super::seeds::{self, Content, SeedFile, Shape};
pub use super::seeds::{Filled, Wanted};
use super::status::{DatabaseStatus, RelationStatus, Rows};
use crate::config::Target;
use crate::db::Db;
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::migrations::ledger::SCHEMA;
use crate::problem::{Kind, Problem, Result};
use crate::schema::model::is_history_table;
use crate::schema::{RelationKind, RelationName};
use crate::sql::Dialect;

/// The seed where none is given: the same rows every time.
pub const USUAL_SEED: u64 = 1;

/// A seeding that can be looked at and carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Seed {
    /// The database.
    pub target: Target,
    /// Its name as the server reports it.
    pub database: String,
    /// What there is to know of it, in sentences.
    pub notes: Vec<String>,
    /// The tables that have rows already, and how many, of those that may get more.
    pub there: Vec<(RelationName, Rows)>,
    /// Whether rows whose key is there are changed instead.
    pub upsert: bool,
    /// Who does it, and what was said on the checklist, for the ledger.
    pub account: Account,
    state: PathBuf,
    shape: Shape,
    work: Work,
}

/// What is put in.
#[derive(Debug, Clone, PartialEq)]
enum Work {
    /// The project's files.
    Files(Vec<SeedFile>),
    /// Rows that are made, for these tables.
    Made(Wanted, BTreeSet<RelationName>),
}

/// What came of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A file of SQL, and how many statements ran.
    Script(String, usize),
    /// A file of rows, its table, and how many rows there were.
    File(String, RelationName, usize),
    /// A table that was filled.
    Made(Filled),
}

/// What came of it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The parts, in their order.
    pub parts: Vec<Part>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Refuses what may never be seeded.
///
/// # Errors
/// A production database, whatever else was said; a connection that only reads.
pub fn permit(target: &Target) -> Result<()> {
    refuse(target, "This database is not seeded", "sample rows have no place there")
}

/// Finds out what a seeding would do. Only reads.
///
/// # Errors
/// It is refused here, a file is not what it should be, or the database cannot be read.
pub async fn plan(
    setting: &Setting,
    upsert: bool,
    wanted: Option<Wanted>,
    stop: &Stop,
) -> Result<Seed> {
    let target = &setting.target;
    permit(target)?;
    let shape = seeds::shape(target, &setting.scope, stop).await?;
    let mut notes = Vec::new();
    let work =
        match wanted {
            Some(wanted) => {
                let chosen = chosen(&shape, &wanted)?;
                Work::Made(wanted, chosen)
            }
            None => {
                let project = &setting.project;
                let (files, others) = seeds::read(&project.seeds, &project.folder, &shape)?;
                notes.extend(others.iter().map(|name| {
                    format!("{name} is passed over: a seed ends in .sql, .csv or .jsonl")
                }));
                Work::Files(files)
            }
        };
    let db = Db::connect(target, stop).await?;
    let status = DatabaseStatus::gather(&db, false, stop).await;
    let database = db.server().database.clone();
    db.close().await;
    let touched = touched(&work);
    let status = status?;
    if matches!(&work, Work::Made(wanted, _) if wanted.tables.is_empty()) {
        notes.extend(status.relations.iter().filter_map(unmade));
    }
    let there = status.relations.into_iter().filter_map(|relation| {
        let holds = matches!(
            relation.kind,
            RelationKind::Table | RelationKind::Partition | RelationKind::PartitionedTable
        );
        let is_touched = touched.as_ref().is_none_or(|touched| touched.contains(&relation.name));
        let rows = relation.rows.filter(|rows| *rows != Rows::Exactly(0))?;
        (holds && is_touched && !is_record(&relation.name)).then_some((relation.name, rows))
    });
    let there = there.collect();
    let (target, state) = (target.clone(), setting.state.clone());
    let account = Account::default();
    Ok(Seed { target, database, notes, there, upsert, account, state, shape, work })
}

/// Why no rows are made for a relation that can have some, in a sentence; nothing where they are.
fn unmade(relation: &RelationStatus) -> Option<String> {
    let what = match relation.kind {
        RelationKind::VirtualTable => "a virtual table: its module decides what a row is",
        RelationKind::ForeignTable => "a foreign table: its rows are another server's",
        _ => return None,
    };
    Some(format!(
        "{} is passed over, {what}; SQL in the folder of seeds can fill it",
        relation.name
    ))
}

/// Whether a table keeps what was done to the database: no sample rows belong into it.
fn is_record(name: &RelationName) -> bool {
    name.schema == SCHEMA || is_history_table(&name.name)
}

/// The tables that are named, or all.
fn chosen(shape: &Shape, wanted: &Wanted) -> Result<BTreeSet<RelationName>> {
    if wanted.tables.is_empty() {
        return Ok(shape.tables.keys().filter(|name| !is_record(name)).cloned().collect());
    }
    let mut chosen = BTreeSet::new();
    for text in &wanted.tables {
        let fits = |name: &&RelationName| {
            name.name == *text || name.to_string() == *text || {
                shape.dialect == Dialect::Sqlite && name.name.eq_ignore_ascii_case(text)
            }
        };
        let found: Vec<&RelationName> = shape.tables.keys().filter(fits).collect();
        match found.as_slice() {
            [one] => drop(chosen.insert((*one).clone())),
            [] if shape.tables.is_empty() => {
                return Err(Problem::usage(
                    format!("There is no table {text}"),
                    "the database has no table yet",
                    "set it up first: dbstudio setup, or migrate",
                ));
            }
            [] => {
                let names: Vec<String> = shape.tables.keys().map(ToString::to_string).collect();
                return Err(Problem::usage(
                    format!("There is no table {text}"),
                    format!("there are {}", names.join(", ")),
                    "name one of these with --table",
                ));
            }
            several => {
                let names: Vec<String> = several.iter().map(|name| name.to_string()).collect();
                return Err(Problem::usage(
                    format!("There are several tables {text}"),
                    names.join(" and "),
                    "name the schema too: --table auth.sessions",
                ));
            }
        }
    }
    Ok(chosen)
}

/// The tables that get rows; `None` where only the SQL knows.
fn touched(work: &Work) -> Option<BTreeSet<RelationName>> {
    match work {
        Work::Made(_, chosen) => Some(chosen.clone()),
        Work::Files(files) => files
            .iter()
            .map(|file| match &file.content {
                Content::Sql(_) => None,
                Content::Rows(rows) => Some(rows.table.clone()),
            })
            .collect(),
    }
}

impl Seed {
    /// Whether there is nothing to put in.
    pub fn is_nothing(&self) -> bool {
        match &self.work {
            Work::Files(files) => files.is_empty(),
            Work::Made(wanted, chosen) => chosen.is_empty() || wanted.rows == 0,
        }
    }

    /// What would be done, a line each.
    pub fn lines(&self) -> Vec<String> {
        match &self.work {
            Work::Files(files) => files
                .iter()
                .map(|file| match &file.content {
                    Content::Sql(_) => format!("{}: SQL, run as it is", file.name),
                    Content::Rows(rows) => {
                        let how = if self.upsert { ", changed where the key is there" } else { "" };
                        format!("{}: {} rows for {}{how}", file.name, rows.count(), rows.table)
                    }
                })
                .collect(),
            Work::Made(wanted, chosen) => chosen
                .iter()
                .map(|name| format!("{name}: {} rows made from the schema", wanted.rows))
                .collect(),
        }
    }

    /// The tables that may get rows, and how many they have together, where all were counted.
    fn before(&self) -> (Vec<String>, Option<u64>) {
        let touched = touched(&self.work);
        let touched = touched.unwrap_or_else(|| self.shape.tables.keys().cloned().collect());
        let rows =
            touched.iter().map(|name| match self.there.iter().find(|(there, _)| there == name) {
                None => Some(0),
                Some((_, Rows::Exactly(rows))) => Some(*rows),
                Some((_, Rows::About(_))) => None,
            });
        let rows = rows.sum();
        (touched.iter().map(ToString::to_string).collect(), rows)
    }

    /// What its checklist is gathered for, with what is known of its own items.
    pub fn matter(&self) -> Matter {
        let count = |(name, rows): &(RelationName, Rows)| match rows {
            Rows::Exactly(1) => format!("{name} has 1 row"),
            Rows::Exactly(rows) => format!("{name} has {rows} rows"),
            Rows::About(rows) => format!("{name} has about {rows} rows"),
        };
        let own = vec![
            Item::environment(&self.target, &self.database),
            Item {
                id: "rows",
                title: "the rows that are there may get company, or be changed",
                shown: self.there.is_empty(),
                evidence: match self.there.is_empty() {
                    true => vec!["the tables are empty".to_owned()],
                    false => self.there.iter().map(count).collect(),
                },
            },
        ];
        Matter { what: self.lines().join("\n"), ..Matter::new("seed", &self.database, own) }
    }

    /// Puts the rows in, all of them or none. `tell` is told what is being filled, and how many
    /// rows it has so far.
    ///
    /// # Errors
    /// What fails, with its file, line and column; everything is then as it was.
    pub async fn carry_out(
        &self,
        stop: &Stop,
        tell: &mut (dyn FnMut(&str, usize) + Send),
    ) -> Result<Done> {
        permit(&self.target)?;
        let begun = Instant::now();
        let mut live = Connection::open(&self.target, stop).await?;
        let (tables, rows_before) = self.before();
        let account = self.account.with(json!({
            "plan": self.lines(), "upsert": self.upsert, "tables": tables,
            "rows_before": rows_before,
        }));
        let chronicle = Chronicle::of(&self.state, &self.target);
        let noted = chronicle.begin("seed", &self.database, &account);
        let outcome = self.transaction((&mut live, &noted), stop, tell).await;
        live.close().await;
        let said = noted.ended(&outcome, matches!(outcome, Ok((_, true))));
        let (parts, _) = outcome?;
        Ok(Done { parts, notes: said.into_iter().collect(), took: begun.elapsed() })
    }

    async fn transaction(
        &self,
        (live, noted): (&mut Connection, &Begun),
        stop: &Stop,
        tell: &mut (dyn FnMut(&str, usize) + Send),
    ) -> Result<(Vec<Part>, bool)> {
        let begin: &[&str] = match live.dialect() {
            Dialect::Postgres => &["BEGIN"],
            // Rows may come before those they refer to, as long as all are there in the end.
            Dialect::Sqlite => {
                &["PRAGMA foreign_keys = ON", "BEGIN IMMEDIATE", "PRAGMA defer_foreign_keys = ON"]
            }
        };
        let deferred = matches!(self.work, Work::Files(_));
        for sql in begin.iter().filter(|sql| deferred || !sql.contains("defer")) {
            let ran = live.run(sql, stop).await;
            ran.map_err(|fault| {
                let fix = "somebody else may be writing: try again when they are done";
                fault.problem("The seeding could not begin; nothing was changed", fix)
            })?;
        }
        let done = match self.parts(live, stop, tell).await {
            Ok(parts) => entered(live, noted).await.map(|in_ledger| (parts, in_ledger)),
            Err(problem) => Err(problem),
        };
        let ended = match done {
            Ok(done) => match live.run("COMMIT", &Stop::new()).await {
                Ok(()) => return Ok(done),
                Err(fault) => Err(uncommitted(live, &fault).await),
            },
            Err(problem) if problem.kind == Kind::Cancelled => {
                Err(Problem::cancelled("Stopped: the rows were taken back, nothing was changed"))
            }
            Err(problem) => Err(problem),
        };
        // Where the connection is gone the server takes it back by itself.
        drop(live.run("ROLLBACK", &Stop::new()).await);
        ended
    }

    async fn parts(
        &self,
        live: &mut Connection,
        stop: &Stop,
        tell: &mut (dyn FnMut(&str, usize) + Send),
    ) -> Result<Vec<Part>> {
        let shape = &self.shape;
        match &self.work {
            Work::Files(files) => {
                let mut parts = Vec::new();
                for file in files {
                    tell(&file.name, 0);
                    let count = seeds::load(live, shape, file, self.upsert, stop).await?;
                    parts.push(match &file.content {
                        Content::Sql(_) => Part::Script(file.name.clone(), count),
                        Content::Rows(rows) => {
                            Part::File(file.name.clone(), rows.table.clone(), count)
                        }
                    });
                }
                Ok(parts)
            }
            Work::Made(wanted, chosen) => {
                let mut tell = |name: &RelationName, rows| tell(&name.to_string(), rows);
                let filled = seeds::fill(live, shape, chosen, wanted, stop, &mut tell).await?;
                Ok(filled.into_iter().map(Part::Made).collect())
            }
        }
    }
}

/// Writes it into the ledger that is there, in the same transaction; whether there is one.
async fn entered(live: &mut Connection, noted: &Begun) -> Result<bool> {
    let Some(step) = noted.step(live).await? else { return Ok(false) };
    let ran = live.run(&step.sql, &Stop::new()).await;
    ran.map(|()| true).map_err(|fault| {
        let fix = "have the role granted the ledger's tables, or say ledger = false in the \
                   environment";
        fault.problem("What was done could not be written down; nothing was changed", fix)
    })
}

/// Why a transaction could not be committed.
async fn uncommitted(live: &mut Connection, fault: &Fault) -> Problem {
    let what = "The rows could not be kept; nothing was changed";
    if live.dialect() == Dialect::Sqlite && fault.message.contains("FOREIGN KEY") {
        let sql = "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check
                   GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 5";
        let rows = live.rows(sql).await.unwrap_or_default();
        let told = |row: &Vec<Option<String>>| match row.as_slice() {
            [Some(table), Some(parent), Some(count)] => {
                Some(format!("{count} of {table} name a missing row of {parent}"))
            }
            _ => None,
        };
        let rows: Vec<String> = rows.iter().filter_map(told).collect();
        return Problem::failed(
            what,
            rows.join("; "),
            "add the rows that are named, or correct it",
        );
    }
    fault.problem(what, "the server's words say why")
}
