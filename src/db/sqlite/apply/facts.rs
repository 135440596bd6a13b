//! What must not get worse while statements run with foreign keys off: rows that name missing
//! rows, the rows of tables the statements do not name, views and triggers that work, and the
//! file itself. It reads; it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::db::sqlite::faults::{Look, faults, is_foreign, lenient, rows};
use crate::schema::model::{Form, Key, each_word, is_history_table, names};
use crate::schema::plan::Step;
use crate::sql::Dialect;

/// Up to this size a file is checked in full; above it, its indexes are not compared with their
/// tables.
const SMALL_FILE: i64 = 64 * 1024 * 1024;
/// The most findings SQLite's own check lists.
const MOST_FINDINGS: usize = 100;
/// How many tables are counted with one question.
const COUNTED: usize = 100;
/// How many findings a message shows.
const SHOWN: usize = 3;

/// The tables and triggers there are before the statements run.
#[derive(Default)]
pub(super) struct Tables {
    /// By name in lower case: the name as written, and whether its rows can be counted at no risk:
    /// what a virtual table does is its module's.
    tables: BTreeMap<String, (String, bool)>,
    /// The table of each trigger and all names in it, in lower case.
    triggers: Vec<(String, BTreeSet<String>)>,
}

impl Tables {
    pub(super) async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let sql = "SELECT name, type = 'table' FROM pragma_table_list WHERE schema = 'main' \
                   AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        let mut tables = BTreeMap::new();
        for row in rows(connection, sql).await? {
            let name: String = row.try_get(0)?;
            let countable = row.try_get::<i64, _>(1)? != 0;
            tables.insert(name.to_ascii_lowercase(), (name, countable));
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

    /// Whether something of that name is a table, or has a trigger.
    fn knows(&self, name: &str) -> bool {
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let has = |name: &str| {
            self.tables.contains_key(name) || self.triggers.iter().any(|(table, _)| table == name)
        };
        if is_lower { has(name) } else { has(&name.to_ascii_lowercase()) }
    }

    /// The tables that no statement names, nor any trigger that can fire meanwhile.
    pub(super) fn bystanders(&self, steps: &[Step]) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for word in steps.iter().flat_map(|step| each_word(&step.sql)) {
            let name = word.as_name();
            if word.form != Form::Other && self.knows(&name) && !named.contains(&*name) {
                named.insert(name.to_ascii_lowercase());
            }
        }
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
        let quiet = self
            .tables
            .iter()
            .filter(|(name, (_, countable))| *countable && !named.contains(*name))
            .filter(|(name, _)| !is_history_table(name));
        quiet.map(|(_, (name, _))| name.clone()).collect()
    }
}

/// How much has to be looked at: what statements cannot touch need not be, and looking at all rows
/// takes the longer the more there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Care {
    /// The statements add to the schema or change it in place: only views and triggers can break.
    Schema,
    /// They change rows.
    Rows,
    /// They drop tables, as a rebuild does, or write the schema's own table.
    Everything,
}

impl Care {
    /// What these statements call for.
    pub(super) fn of(steps: &[Step]) -> Self {
        steps.iter().map(|step| Self::of_one(&step.sql)).max().unwrap_or(Self::Schema)
    }

    fn of_one(sql: &str) -> Self {
        let mut words = each_word(sql);
        let words = [words.next(), words.next()];
        let is = |at: usize, word: &str| {
            words.get(at).and_then(Option::as_ref).is_some_and(|found| found.is(word))
        };
        let names = ["create", "alter", "reindex", "analyze", "explain"];
        if names.iter().any(|name| is(0, name)) {
            return Self::Schema;
        }
        if is(0, "drop") {
            return if is(1, "table") { Self::Everything } else { Self::Schema };
        }
        if is(0, "pragma") {
            return Self::Everything;
        }
        Self::Rows
    }
}

/// What is so at one moment.
pub(super) struct Facts {
    /// Child table, rowid and parent table of each row that names a missing one.
    orphans: BTreeSet<(String, Option<i64>, String)>,
    /// How many rows each bystander has.
    counts: BTreeMap<String, i64>,
    /// The views and triggers there are, and why one does not work.
    looks: BTreeMap<Look, Option<String>>,
    /// What SQLite's own check found.
    damage: BTreeSet<String>,
}

impl Facts {
    pub(super) async fn read(
        connection: &mut SqliteConnection,
        bystanders: &BTreeSet<String>,
        care: Care,
    ) -> sqlx::Result<Self> {
        let counts = match care >= Care::Rows {
            true => counts(connection, bystanders).await?,
            false => BTreeMap::new(),
        };
        Ok(Self {
            orphans: match care >= Care::Rows {
                true => orphans(connection).await?,
                false => BTreeSet::new(),
            },
            counts,
            looks: faults(connection).await?,
            damage: match care {
                Care::Everything => damage(connection).await?,
                _ => BTreeSet::new(),
            },
        })
    }

    /// What is worse now than it was, in a sentence; `None` if nothing is.
    /// `planned` are the objects that a plan makes.
    pub(super) fn worse_than(&self, before: &Self, planned: &BTreeSet<&Key>) -> Option<String> {
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
            return Some(match same.count() {
                1 => format!("a row of {child} names a row of {parent} that is not there{which}"),
                many => format!(
                    "{many} rows of {child} name rows of {parent} that are not there{which}"
                ),
            });
        }
        for (table, count) in &before.counts {
            let now = self.counts.get(table).copied().unwrap_or(0);
            if now != *count {
                return Some(format!(
                    "{table}, which no statement names, had {count} rows and would have {now}"
                ));
            }
        }
        for (look, why) in &self.looks {
            let Some(why) = why.as_deref().filter(|why| !is_foreign(why)) else { continue };
            let worked = match before.looks.get(look) {
                Some(fault) => fault.as_deref().is_none_or(is_foreign),
                // What a plan adds is as its schema has it; what is wrong there, the model says.
                None => !look.is_among(planned),
            };
            if worked {
                return Some(format!("{look} would not work: {why}"));
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

/// How many rows each of the tables has.
async fn counts(
    connection: &mut SqliteConnection,
    tables: &BTreeSet<String>,
) -> sqlx::Result<BTreeMap<String, i64>> {
    let count = |table: &&String| {
        format!("SELECT count(*) FROM {}", Dialect::Sqlite.relation("main", table))
    };
    let mut counts = BTreeMap::new();
    let tables: Vec<&String> = tables.iter().collect();
    for some in tables.chunks(COUNTED) {
        let all: Vec<String> = some.iter().map(|table| format!("({})", count(table))).collect();
        let together = rows(connection, &format!("SELECT {}", all.join(", "))).await;
        if let Some(row) = lenient(together)?.iter().flatten().next() {
            for (at, table) in some.iter().enumerate() {
                counts.insert((*table).clone(), row.try_get(at)?);
            }
            continue;
        }
        for table in some {
            // A table that was dropped under a name not written out shows as one without rows.
            if let Some(found) = lenient(rows(connection, &count(table)).await)? {
                let count = found.first().map(|row| row.try_get(0)).transpose()?;
                counts.insert((*table).clone(), count.unwrap_or(0));
            }
        }
    }
    Ok(counts)
}

async fn orphans(
    connection: &mut SqliteConnection,
) -> sqlx::Result<BTreeSet<(String, Option<i64>, String)>> {
    let mut found = BTreeSet::new();
    if let Some(all) = lenient(rows(connection, "PRAGMA main.foreign_key_check").await)? {
        for orphan in all {
            let (table, parent): (String, String) = (orphan.try_get(0)?, orphan.try_get(2)?);
            let names = (table.to_ascii_lowercase(), parent.to_ascii_lowercase());
            found.insert((names.0, orphan.try_get(1)?, names.1));
        }
        return Ok(found);
    }
    let sql =
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE '%references%'";
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
