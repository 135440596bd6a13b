//! What must not get worse while statements run with foreign keys off: rows that name missing
//! rows, the rows of tables the statements do not name, views and triggers that work, and the
//! file itself. It reads; it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::failure;
use crate::schema::model::{names, words};
use crate::schema::plan::Step;
use crate::sql::Dialect;

/// Up to this size a file is checked in full; above it, its indexes are not compared with their
/// tables.
const SMALL_FILE: i64 = 64 * 1024 * 1024;
/// The most findings SQLite's own check lists.
const MOST_FINDINGS: usize = 100;
/// How many findings a message shows.
const SHOWN: usize = 3;

/// The tables and triggers there are before the statements run.
pub(super) struct Tables {
    /// By name in lower case: the name as written.
    tables: BTreeMap<String, String>,
    /// The table of each trigger and all names in it, in lower case.
    triggers: Vec<(String, BTreeSet<String>)>,
}

impl Tables {
    pub(super) async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
                   AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        let mut tables = BTreeMap::new();
        for row in rows(connection, sql).await? {
            let name: String = row.try_get(0)?;
            tables.insert(name.to_ascii_lowercase(), name);
        }
        let sql = "SELECT tbl_name, sql FROM main.sqlite_schema WHERE type = 'trigger'";
        let mut triggers = Vec::new();
        for row in rows(connection, sql).await? {
            let (table, text): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            triggers.push((table.to_ascii_lowercase(), names(&text)));
        }
        Ok(Self { tables, triggers })
    }

    /// Whether there was a table of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tables.contains_key(&name.to_ascii_lowercase())
    }

    /// The tables that no statement names, nor any trigger that can fire meanwhile.
    pub(super) fn bystanders(&self, steps: &[Step]) -> BTreeSet<String> {
        let mut named: BTreeSet<String> = steps.iter().flat_map(|step| names(&step.sql)).collect();
        loop {
            let before = named.len();
            for (table, names) in &self.triggers {
                if named.contains(table) {
                    named.extend(names.iter().cloned());
                }
            }
            if named.len() == before {
                break;
            }
        }
        let quiet = self.tables.iter().filter(|(name, _)| !named.contains(*name));
        quiet.map(|(_, name)| name.clone()).collect()
    }
}

/// What is so at one moment.
pub(super) struct Facts {
    /// Child table, rowid and parent table of each row that names a missing one.
    orphans: BTreeSet<(String, Option<i64>, String)>,
    /// How many rows each bystander has.
    counts: BTreeMap<String, i64>,
    /// What does not work and why: a view, or the triggers of a table.
    broken: BTreeMap<String, String>,
    /// What SQLite's own check found.
    damage: BTreeSet<String>,
}

impl Facts {
    pub(super) async fn read(
        connection: &mut SqliteConnection,
        bystanders: &BTreeSet<String>,
    ) -> sqlx::Result<Self> {
        let mut counts = BTreeMap::new();
        for table in bystanders {
            let sql = format!("SELECT count(*) FROM {}", Dialect::Sqlite.relation("main", table));
            // A table that was dropped under a name not written out shows as one without rows.
            if let Some(found) = lenient(rows(connection, &sql).await)? {
                let count = found.first().map(|row| row.try_get(0)).transpose()?;
                counts.insert(table.clone(), count.unwrap_or(0));
            }
        }
        Ok(Self {
            orphans: orphans(connection).await?,
            counts,
            broken: broken(connection).await?,
            damage: damage(connection).await?,
        })
    }

    /// What is worse now than it was, in a sentence; `None` if nothing is.
    pub(super) fn worse_than(&self, before: &Self) -> Option<String> {
        let orphans: Vec<_> = self.orphans.difference(&before.orphans).collect();
        if let Some((child, _, parent)) = orphans.first() {
            let same = orphans.iter().filter(|(one, _, other)| one == child && other == parent);
            let rowids: Vec<String> = same
                .clone()
                .filter_map(|(_, rowid, _)| *rowid)
                .take(SHOWN)
                .map(|id| id.to_string())
                .collect();
            let which = if rowids.is_empty() {
                String::new()
            } else {
                format!(" (rowid {})", rowids.join(", "))
            };
            return Some(format!(
                "{} rows of {child} name rows of {parent} that are not there{which}",
                same.count()
            ));
        }
        for (table, count) in &before.counts {
            let now = self.counts.get(table).copied().unwrap_or(0);
            if now != *count {
                return Some(format!(
                    "{table}, which no statement names, had {count} rows and would have {now}"
                ));
            }
        }
        for (what, why) in &self.broken {
            if !before.broken.contains_key(what) {
                return Some(format!("{what} would no longer work: {why}"));
            }
        }
        if before.damage.len() >= MOST_FINDINGS {
            return None;
        }
        let damage: Vec<&str> =
            self.damage.difference(&before.damage).take(SHOWN).map(String::as_str).collect();
        (!damage.is_empty())
            .then(|| format!("SQLite's check of the file says: {}", damage.join("; ")))
    }
}

async fn rows(connection: &mut SqliteConnection, sql: &str) -> sqlx::Result<Vec<SqliteRow>> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await
}

/// An ordinary error of a statement becomes nothing; a lock, a damaged file or a stop does not.
fn lenient<T>(outcome: sqlx::Result<T>) -> sqlx::Result<Option<T>> {
    match outcome {
        Err(error) if failure::code(&error) == Some(1) => Ok(None),
        other => other.map(Some),
    }
}

async fn orphans(
    connection: &mut SqliteConnection,
) -> sqlx::Result<BTreeSet<(String, Option<i64>, String)>> {
    let sql =
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE '%references%'";
    let mut found = BTreeSet::new();
    for row in rows(connection, sql).await? {
        let table: String = row.try_get(0)?;
        let sql = format!("PRAGMA main.foreign_key_check({})", Dialect::Sqlite.ident(&table));
        // A key that names no unique columns is a fault of the schema, not of the rows.
        for orphan in lenient(rows(connection, &sql).await)?.unwrap_or_default() {
            let parent: String = orphan.try_get(2)?;
            found.insert((
                table.to_ascii_lowercase(),
                orphan.try_get(1)?,
                parent.to_ascii_lowercase(),
            ));
        }
    }
    Ok(found)
}

/// Makes SQLite compile every view and trigger.
async fn broken(connection: &mut SqliteConnection) -> sqlx::Result<BTreeMap<String, String>> {
    let sql = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema \
               WHERE type IN ('view', 'trigger')";
    let mut looks = BTreeMap::new();
    for row in rows(connection, sql).await? {
        let (kind, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (of, text): (String, String) = (row.try_get(2)?, row.try_get(3)?);
        if kind == "view" {
            let view = Dialect::Sqlite.relation("main", &name);
            looks.insert(
                format!("The view {}", name.to_ascii_lowercase()),
                format!("SELECT * FROM {view} LIMIT 0"),
            );
        } else if let Some(event) = event(&text) {
            let look = fires(connection, &of, event).await?;
            let what = format!("The {event} trigger of {}", of.to_ascii_lowercase());
            looks.extend(look.map(|look| (what, look)));
        }
    }
    let mut found = BTreeMap::new();
    for (what, sql) in looks {
        match rows(connection, &sql).await {
            Ok(_) => {}
            Err(error) if failure::code(&error) == Some(1) => {
                let why = failure::words(&error);
                // What another program brings along is not missing from the schema.
                let foreign = ["no such function", "no such module", "no such collation"];
                if !foreign.iter().any(|start| why.contains(start)) {
                    found.insert(what, why);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// What makes a trigger fire.
fn event(sql: &str) -> Option<&'static str> {
    let words = words(sql);
    let after_name = words.iter().skip(3);
    let events = ["delete", "insert", "update"];
    after_name.into_iter().find_map(|word| events.into_iter().find(|event| word.is(event)))
}

/// A statement that compiles the triggers of a table and runs nothing.
async fn fires(
    connection: &mut SqliteConnection,
    table: &str,
    event: &str,
) -> sqlx::Result<Option<String>> {
    let name = Dialect::Sqlite.relation("main", table);
    Ok(match event {
        "delete" => Some(format!("EXPLAIN DELETE FROM {name}")),
        "insert" => Some(format!("EXPLAIN INSERT INTO {name} DEFAULT VALUES")),
        _ => {
            let sql = format!(
                "SELECT name FROM pragma_table_xinfo({}, 'main') WHERE hidden = 0",
                Dialect::Sqlite.literal(table)
            );
            let mut sets = Vec::new();
            for row in lenient(rows(connection, &sql).await)?.unwrap_or_default() {
                let column = Dialect::Sqlite.ident(&row.try_get::<String, _>(0)?);
                sets.push(format!("{column} = {column}"));
            }
            (!sets.is_empty()).then(|| format!("EXPLAIN UPDATE {name} SET {}", sets.join(", ")))
        }
    })
}

/// What SQLite's own check of the file finds; nothing where it needs what another program
/// brings along.
async fn damage(connection: &mut SqliteConnection) -> sqlx::Result<BTreeSet<String>> {
    let sql = "SELECT (SELECT page_count FROM pragma_page_count) * \
               (SELECT page_size FROM pragma_page_size)";
    let size: i64 = match rows(connection, sql).await?.first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    let check = if size <= SMALL_FILE { "integrity_check" } else { "quick_check" };
    let sql = format!("PRAGMA main.{check}({MOST_FINDINGS})");
    let mut found = BTreeSet::new();
    for row in lenient(rows(connection, &sql).await)?.unwrap_or_default() {
        let line: String = row.try_get(0)?;
        if line != "ok" {
            found.insert(line);
        }
    }
    Ok(found)
}
