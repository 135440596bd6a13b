//! What a table loses when a migration of another tool rebuilds it: its triggers, its indexes and
//! the counter of its keys go with the old table, and nobody says so. They are put back as they
//! were; what was dropped on purpose stays dropped.
//!
//! A rebuild of ours (through a table called `__dbs_…`) makes again what is to be there, so it is
//! left alone.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::facts::Tables;
use super::run;
use crate::db::sqlite::failure;
use crate::db::sqlite::faults::rows;
use crate::schema::model::{Definition, Word, each_word, names, words};
use crate::schema::plan::Step;
use crate::sql::Dialect;

/// What the names of the tables begin with through which our own plans rebuild.
const OURS: &str = "__dbs_";

/// An index or a trigger.
struct Kept {
    kind: String,
    name: String,
    /// Its table, in lower case.
    table: String,
    sql: String,
}

/// What tables have that a rebuild loses.
#[derive(Default)]
pub(super) struct Keepsakes {
    kept: Vec<Kept>,
    /// The counters of keys, by table.
    counters: BTreeMap<String, i64>,
}

impl Keepsakes {
    pub(super) async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let sql = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema \
                   WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid";
        let mut kept = Vec::new();
        for row in rows(connection, sql).await? {
            let table: String = row.try_get(2)?;
            kept.push(Kept {
                kind: row.try_get(0)?,
                name: row.try_get(1)?,
                table: table.to_ascii_lowercase(),
                sql: row.try_get(3)?,
            });
        }
        Ok(Self { kept, counters: counters(connection).await? })
    }

    /// Puts back what the statements have lost, and says so in sentences. The inner error is why
    /// something cannot be put back.
    pub(super) async fn restore(
        &self,
        connection: &mut SqliteConnection,
        steps: &[Step],
        tables: &Tables,
    ) -> sqlx::Result<Result<Vec<String>, String>> {
        let rebuilt = rebuilt(steps, tables);
        let mut told = Vec::new();
        if !rebuilt.is_empty() {
            let now = present(connection).await?;
            let lost = self.kept.iter().filter(|one| {
                rebuilt.contains(&one.table)
                    && !now.contains(&(one.kind.clone(), one.name.to_ascii_lowercase()))
                    && !is_dropped(one, steps)
            });
            for one in lost {
                let what = format!("the {} {} of {}", one.kind, one.name, one.table);
                match run(connection, &one.sql).await {
                    Ok(()) => told.push(format!("{what}, lost in the rebuild, was made again")),
                    Err(error)
                        if failure::code(&error).is_none_or(|code| code != 1 && code != 19) =>
                    {
                        return Err(error);
                    }
                    Err(error) => {
                        let words = failure::words(&error);
                        if one.kind == "index" && words.starts_with("no such column") {
                            told.push(format!("{what} is gone with its column"));
                            continue;
                        }
                        return Ok(Err(format!(
                            "{what} is lost in the rebuild, and cannot be made again: {words}"
                        )));
                    }
                }
            }
        }
        told.extend(self.recount(connection, steps).await?);
        Ok(Ok(told))
    }

    /// Sets the counters that are lower than they were.
    async fn recount(
        &self,
        connection: &mut SqliteConnection,
        steps: &[Step],
    ) -> sqlx::Result<Vec<String>> {
        let mut told = Vec::new();
        let on_purpose = steps.iter().any(|step| names(&step.sql).contains("sqlite_sequence"));
        if self.counters.is_empty() || on_purpose {
            return Ok(told);
        }
        let now = counters(connection).await?;
        let counting = "SELECT name FROM main.sqlite_schema WHERE type = 'table' \
                        AND sql LIKE '%autoincrement%'";
        let mut counted = BTreeSet::new();
        for row in rows(connection, counting).await? {
            counted.insert(row.try_get::<String, _>(0)?);
        }
        for (table, before) in &self.counters {
            if !counted.contains(table) || now.get(table).is_some_and(|now| now >= before) {
                continue;
            }
            let name = Dialect::Sqlite.literal(table);
            let sql = match now.get(table) {
                Some(_) => {
                    format!("UPDATE main.sqlite_sequence SET seq = {before} WHERE name = {name}")
                }
                None => format!(
                    "INSERT INTO main.sqlite_sequence (name, seq) VALUES ({name}, {before})"
                ),
            };
            run(connection, &sql).await?;
            told.push(format!("the counter of {table}, reset by the rebuild, is {before} again"));
        }
        Ok(told)
    }
}

/// The tables that were there and are made anew under their name, in lower case.
fn rebuilt(steps: &[Step], tables: &Tables) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, step) in steps.iter().enumerate() {
        if !alters(&step.sql) {
            continue;
        }
        let words = words(&step.sql);
        let Some((from, to)) = renamed(&words) else { continue };
        if from.starts_with(OURS) || to.starts_with(OURS) {
            continue;
        }
        let later = steps.get(at + 1..).unwrap_or_default();
        if tables.has(&to) {
            found.insert(to);
        } else if tables.has(&from) && later.iter().any(|step| makes(&step.sql, &from)) {
            found.insert(from);
        }
    }
    found
}

/// Whether any of the statements renames something, as every rebuild does.
pub(super) fn rename(steps: &[Step]) -> bool {
    let renames =
        |step: &Step| alters(&step.sql) && each_word(&step.sql).any(|word| word.is("rename"));
    steps.iter().any(renames)
}

/// Whether a statement begins as an ALTER does.
pub(super) fn alters(sql: &str) -> bool {
    each_word(sql).next().is_some_and(|word| word.is("alter"))
}

/// The old and the new name, in lower case, if a statement renames a table.
fn renamed(words: &[Word]) -> Option<(String, String)> {
    let [alter, table, rest @ ..] = words else { return None };
    if !alter.is("alter") || !table.is("table") {
        return None;
    }
    let rest = match rest {
        [_, dot, rest @ ..] if dot.is_mark(".") => rest,
        _ => rest,
    };
    match rest {
        [from, rename, to, target] if rename.is("rename") && to.is("to") => {
            Some((from.as_name().to_ascii_lowercase(), target.as_name().to_ascii_lowercase()))
        }
        _ => None,
    }
}

/// Whether a statement makes a table of this name.
fn makes(sql: &str, name: &str) -> bool {
    Definition::read(sql).is_some_and(|made| {
        let made = words(sql.get(made.name).unwrap_or_default());
        made.first().is_some_and(|made| made.as_name().eq_ignore_ascii_case(name))
    })
}

/// Whether a statement drops it.
fn is_dropped(one: &Kept, steps: &[Step]) -> bool {
    steps.iter().any(|step| {
        let words = words(&step.sql);
        let [drop, kind, ..] = words.as_slice() else { return false };
        drop.is("drop")
            && kind.is(&one.kind)
            && names(&step.sql).contains(&one.name.to_ascii_lowercase())
    })
}

/// The indexes and triggers there are.
async fn present(connection: &mut SqliteConnection) -> sqlx::Result<BTreeSet<(String, String)>> {
    let sql = "SELECT type, lower(name) FROM main.sqlite_schema WHERE type IN ('index', 'trigger')";
    let mut found = BTreeSet::new();
    for row in rows(connection, sql).await? {
        found.insert((row.try_get(0)?, row.try_get(1)?));
    }
    Ok(found)
}

/// The counters of keys; none where no table counts.
async fn counters(connection: &mut SqliteConnection) -> sqlx::Result<BTreeMap<String, i64>> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
    let mut found = BTreeMap::new();
    if rows(connection, sql).await?.is_empty() {
        return Ok(found);
    }
    for row in rows(connection, "SELECT name, seq FROM main.sqlite_sequence").await? {
        // Anybody may write anything there; what is no number is no counter.
        if let (Ok(name), Ok(counter)) = (row.try_get(0), row.try_get(1)) {
            found.insert(name, counter);
        }
    }
    Ok(found)
}
