//! The ledger: dbstudio's own tables in a database, beside the history of the migrations' format.
//! It holds what was done, by whom and with which reasons; the texts as they were applied; and how
//! far a migration outside a transaction has come.
//!
//! Writing is SQL handed to whoever applies, so that it is part of the migration's own
//! transaction. A ledger is never needed to tell which migrations are applied: the history says so.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::state::HalfDone;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::Result;
use crate::sql::Dialect;

/// The schema of the ledger on PostgreSQL.
pub const SCHEMA: &str = crate::schema::model::LEDGER_SCHEMA;

/// The tables of the ledger in that schema.
pub const TABLES: [&str; 3] = ["operations", "texts", "progress"];

/// The tables of a ledger, as one engine names and makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    dialect: Dialect,
}

/// Whether a database can have a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has one.
    There,
    /// It has none, and one can be made.
    Absent,
    /// It cannot be used; why, in a sentence.
    Barred(String),
}

/// Something that was done, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation<'a> {
    /// The account of the operating system that did it, and its machine: `ada@laptop`.
    pub origin: &'a str,
    /// What was done: `migrate`, `rollback`, `baseline`, `repair`.
    pub what: &'a str,
    /// What it was done to: a migration's name.
    pub target: &'a str,
    /// The reasons, what was acknowledged, the evidence.
    pub detail: Value,
    /// What came of it: `done`, or why it failed.
    pub outcome: &'a str,
}

/// The word under which an operation's detail keeps the number that was the newest in a history of
/// one row when a migration was applied.
pub const ABOVE: &str = "above";

/// Something that was done to a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What was done: `migrate`, `rollback`, `baseline`, `repair`.
    pub what: String,
    /// What identifies the migration, where that was written down.
    pub key: Option<String>,
    /// The number that was the newest in the history then, where it is one of one row.
    pub above: Option<String>,
}

/// Something that was done, as it is told afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it was begun or written down, in UTC: `2026-01-31 12:00:00.123`.
    pub at: String,
    /// The role, or the account where an engine has no roles.
    pub who: String,
    /// The account of the operating system and the machine: `ada@laptop`.
    pub origin: String,
    /// What was done: `migrate`, `reset`, …
    pub what: String,
    /// What it was done to: a migration, a file, the database.
    pub target: String,
    /// The reasons, what was acknowledged, the evidence.
    pub detail: Value,
    /// What came of it: `done`, or in words why not.
    pub outcome: String,
}

/// How far a statement outside a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was begun; whether it came to its end is not known.
    Begun,
    /// It is done.
    Done,
}

/// How far a migration outside a transaction has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// What identifies the migration.
    pub key: String,
    /// Whether it was being taken back.
    pub down: bool,
    /// The checksum of the text that ran.
    pub checksum: String,
    /// The statements that are marked, counted from 0, in their order.
    pub marks: Vec<(usize, Mark)>,
}

impl Marked {
    /// How many statements are done.
    pub fn done(&self) -> usize {
        let done = self.marks.iter().filter(|(_, mark)| *mark == Mark::Done);
        done.map(|(at, _)| at + 1).max().unwrap_or(0)
    }

    /// Whether the statement after those was begun, and may be done too.
    pub fn is_unsure(&self) -> bool {
        self.marks.iter().any(|(at, mark)| *mark == Mark::Begun && *at >= self.done())
    }
}

impl From<&Marked> for HalfDone {
    fn from(marked: &Marked) -> Self {
        Self { key: marked.key.clone(), done: marked.done(), unsure: marked.is_unsure() }
    }
}

/// What the ledger identifies a text by: the SHA-256 of its bytes in hexadecimal digits.
pub fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Ledger {
    /// The ledger of an engine.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect }
    }

    /// The name of one of its tables, for SQL.
    fn table(self, name: &str) -> String {
        match self.dialect {
            Dialect::Postgres => format!("{SCHEMA}.{name}"),
            Dialect::Sqlite => format!("main._dbstudio_{name}"),
        }
    }

    /// Whether a database has a ledger, or can have one.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn find(self, connection: &mut Connection) -> Result<Found> {
        if self.dialect == Dialect::Sqlite {
            let sql = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name IN \
                       ('_dbstudio_operations', '_dbstudio_texts', '_dbstudio_progress')";
            let whole = one(connection, sql).await?.as_deref() == Some("3");
            return Ok(if whole { Found::There } else { Found::Absent });
        }
        let tables = "(VALUES ('operations'), ('texts'), ('progress')) t (name)";
        let rights = "SELECT, INSERT, UPDATE, DELETE";
        let each = rights.split(", ").map(|right| {
            format!("pg_catalog.has_table_privilege('{SCHEMA}.' || t.name, '{right}')")
        });
        let each = each.collect::<Vec<_>>().join(" AND ");
        let sql = format!(
            "SELECT CASE
               WHEN pg_catalog.to_regnamespace('{SCHEMA}') IS NULL THEN
                 CASE WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
                 THEN 'absent' ELSE 'create' END
               WHEN NOT pg_catalog.has_schema_privilege('{SCHEMA}', 'USAGE') THEN 'usage'
               WHEN (SELECT bool_and(pg_catalog.to_regclass('{SCHEMA}.' || t.name) IS NOT NULL)
                     FROM {tables}) THEN
                 CASE WHEN (SELECT bool_and({each}) FROM {tables}) THEN 'there' ELSE 'usage' END
               WHEN pg_catalog.has_schema_privilege('{SCHEMA}', 'CREATE') THEN 'absent'
               ELSE 'usage' END"
        );
        Ok(match one(connection, &sql).await?.as_deref() {
            Some("there") => Found::There,
            Some("absent") => Found::Absent,
            Some("create") => Found::Barred(
                "the role may not make a schema in this database (GRANT CREATE ON DATABASE)"
                    .to_owned(),
            ),
            _ => Found::Barred(format!("the role may not use the schema {SCHEMA}")),
        })
    }

    /// The statements that make the ledger where it is not there.
    pub fn making(self) -> Vec<String> {
        let (id, at, schema) = match self.dialect {
            Dialect::Postgres => (
                "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp()",
                Some(format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}")),
            ),
            Dialect::Sqlite => (
                "INTEGER PRIMARY KEY",
                "text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
                None,
            ),
        };
        let tables = [
            (
                "operations",
                format!(
                    "id {id}, at {at}, who text NOT NULL, origin text NOT NULL, what text NOT NULL, \
                     target text NOT NULL, detail text NOT NULL, outcome text NOT NULL"
                ),
            ),
            (
                "texts",
                format!(
                    "key text NOT NULL, checksum text NOT NULL, up text NOT NULL, down text, \
                     at {at}, PRIMARY KEY (key, checksum)"
                ),
            ),
            (
                "progress",
                "key text NOT NULL, way text NOT NULL, checksum text NOT NULL, \
                 statement integer NOT NULL, state text NOT NULL, PRIMARY KEY (key, way, statement)"
                    .to_owned(),
            ),
        ];
        let made = tables.map(|(name, columns)| {
            format!("CREATE TABLE IF NOT EXISTS {} ({columns})", self.table(name))
        });
        schema.into_iter().chain(made).collect()
    }

    /// The statement that writes an operation down.
    pub fn enter(self, operation: &Operation<'_>) -> String {
        let quoted = |text: &str| self.dialect.literal(text);
        let who = match self.dialect {
            Dialect::Postgres => "session_user".to_owned(),
            Dialect::Sqlite => quoted(operation.origin),
        };
        format!(
            "INSERT INTO {} (who, origin, what, target, detail, outcome) VALUES ({who}, {}, {}, {}, {}, {})",
            self.table("operations"),
            quoted(operation.origin),
            quoted(operation.what),
            quoted(operation.target),
            quoted(&operation.detail.to_string()),
            quoted(operation.outcome),
        )
    }

    /// The statement that keeps the texts of a migration as they are applied.
    pub fn keep(self, key: &str, up: &str, down: Option<&str>) -> String {
        let quoted = |text: &str| self.dialect.literal(text);
        format!(
            "INSERT INTO {} (key, checksum, up, down) VALUES ({}, {}, {}, {}) \
             ON CONFLICT (key, checksum) DO UPDATE SET down = excluded.down, at = excluded.at",
            self.table("texts"),
            quoted(key),
            quoted(&checksum(up)),
            quoted(up),
            down.map_or_else(|| "NULL".to_owned(), quoted),
        )
    }

    /// The texts of a migration as they were applied, the newest last: up and down.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn texts(
        self,
        connection: &mut Connection,
        key: &str,
    ) -> Result<Vec<(String, Option<String>)>> {
        let sql = format!(
            "SELECT up, down FROM {} WHERE key = {} ORDER BY at",
            self.table("texts"),
            self.dialect.literal(key)
        );
        let rows = connection.rows(&sql).await?;
        let pair = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter();
            Some((cells.next()??, cells.next()?))
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// The statement that marks a statement of a migration.
    pub fn mark(self, key: &str, down: bool, checksum: &str, at: usize, mark: Mark) -> String {
        let quoted = |text: &str| self.dialect.literal(text);
        let state = if mark == Mark::Done { "done" } else { "begun" };
        format!(
            "INSERT INTO {} (key, way, checksum, statement, state) VALUES ({}, '{}', {}, {at}, '{state}') \
             ON CONFLICT (key, way, statement) DO UPDATE SET state = excluded.state, \
             checksum = excluded.checksum",
            self.table("progress"),
            quoted(key),
            way(down),
            quoted(checksum),
        )
    }

    /// The statement that takes the mark of a statement away.
    pub fn unmark(self, key: &str, down: bool, at: usize) -> String {
        format!("{} AND statement = {at}", self.forget(key, down))
    }

    /// The statement that forgets how far a migration had come.
    pub fn forget(self, key: &str, down: bool) -> String {
        format!(
            "DELETE FROM {} WHERE key = {} AND way = '{}'",
            self.table("progress"),
            self.dialect.literal(key),
            way(down)
        )
    }

    /// The statement that forgets how far any migration had come.
    pub fn forget_all(self) -> String {
        format!("DELETE FROM {}", self.table("progress"))
    }

    /// The migrations that stopped halfway.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn marked(self, connection: &mut Connection) -> Result<Vec<Marked>> {
        let sql = format!(
            "SELECT key, way, checksum, statement, state FROM {} ORDER BY key, way, statement",
            self.table("progress")
        );
        let mut found: Vec<Marked> = Vec::new();
        for row in connection.rows(&sql).await? {
            let mut cells = row.into_iter().flatten();
            let mut cell = || cells.next().unwrap_or_default();
            let (key, down, checksum) = (cell(), cell() == "down", cell());
            let Ok(at) = cell().parse() else { continue };
            let mark = if cell() == "done" { Mark::Done } else { Mark::Begun };
            match found.last_mut().filter(|last| last.key == key && last.down == down) {
                Some(last) => last.marks.push((at, mark)),
                None => found.push(Marked { key, down, checksum, marks: vec![(at, mark)] }),
            }
        }
        Ok(found)
    }

    /// To what something was done, and by whom, the newest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn authors(
        self,
        connection: &mut Connection,
        stop: &Stop,
    ) -> Result<Vec<(String, String)>> {
        let sql = format!(
            "SELECT target, who FROM {} WHERE outcome = 'done' ORDER BY id DESC",
            self.table("operations")
        );
        let rows = self.operations(connection, &sql, stop).await?;
        Ok(rows.into_iter().map(|[target, who]| (target, who)).collect())
    }

    /// What was done to migrations and came to its end, the oldest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn done(self, connection: &mut Connection, stop: &Stop) -> Result<Vec<Done>> {
        let sql = format!(
            "SELECT what, detail FROM {} WHERE outcome = 'done' ORDER BY id",
            self.table("operations")
        );
        let rows = self.operations(connection, &sql, stop).await?;
        let done = |[what, detail]: [String; 2]| {
            // What another version wrote there may be anything.
            let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
            let word = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
            Done { what, key: word("key"), above: word(ABOVE) }
        };
        Ok(rows.into_iter().map(done).collect())
    }

    async fn operations<const N: usize>(
        self,
        connection: &mut Connection,
        sql: &str,
        stop: &Stop,
    ) -> Result<Vec<[String; N]>> {
        let rows = connection.query(sql, stop).await;
        let rows = rows.map_err(|fault| {
            fault.problem("The ledger could not be read", "have the role granted its tables")
        })?;
        let row = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().map(Option::unwrap_or_default);
            [(); N].map(|()| cells.next().unwrap_or_default())
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl Ledger {
    /// The newest operations, the newest first. Asks once, whatever there is.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn newest(self, connection: &mut Connection, count: usize) -> Result<Vec<Entry>> {
        let at = match self.dialect {
            Dialect::Postgres => {
                "pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"
            }
            Dialect::Sqlite => "substr(replace(at, 'T', ' '), 1, 23)",
        };
        let sql = format!(
            "SELECT {at}, who, origin, what, target, detail, outcome FROM {} ORDER BY id DESC \
             LIMIT {count}",
            self.table("operations")
        );
        let told = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().map(Option::unwrap_or_default);
            let mut cell = || cells.next().unwrap_or_default();
            Entry {
                at: cell(),
                who: cell(),
                origin: cell(),
                what: cell(),
                target: cell(),
                detail: serde_json::from_str(&cell()).unwrap_or_default(),
                outcome: cell(),
            }
        };
        Ok(connection.rows(&sql).await?.into_iter().map(told).collect())
    }

    /// Whether an operation with this number is written down.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn has(self, connection: &mut Connection, id: &str) -> Result<bool> {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE detail LIKE {}",
            self.table("operations"),
            self.dialect.literal(&format!("%\"id\":\"{id}\"%"))
        );
        Ok(one(connection, &sql).await?.is_some_and(|count| count != "0"))
    }

    /// All of its operations as statements that write them down again as they were, the oldest
    /// first; what is there already is passed over.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn copied(self, connection: &mut Connection) -> Result<Vec<String>> {
        let (at, same) = match self.dialect {
            Dialect::Postgres => ("at::text", "IS NOT DISTINCT FROM"),
            Dialect::Sqlite => ("at", "IS"),
        };
        let table = self.table("operations");
        let sql = format!(
            "SELECT {at}, who, origin, what, target, detail, outcome FROM {table} ORDER BY id"
        );
        let columns = ["at", "who", "origin", "what", "target", "detail", "outcome"];
        let typed = |name: &str, value: String| match (self.dialect, name) {
            (Dialect::Postgres, "at") => {
                format!("{}::timestamp with time zone", self.dialect.literal(&value))
            }
            _ => self.dialect.literal(&value),
        };
        let statement = |row: Vec<Option<String>>| {
            let values =
                columns.iter().zip(row).map(|(name, value)| typed(name, value.unwrap_or_default()));
            let values: Vec<String> = values.collect();
            let is_there = ["at", "what", "target"].iter().filter_map(|name| {
                let at = columns.iter().position(|column| column == name)?;
                Some(format!("{name} {same} {}", values.get(at)?))
            });
            let is_there: Vec<String> = is_there.collect();
            format!(
                "INSERT INTO {table} ({}) SELECT {} WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {})",
                columns.join(", "),
                values.join(", "),
                is_there.join(" AND ")
            )
        };
        Ok(connection.rows(&sql).await?.into_iter().map(statement).collect())
    }
}

fn way(down: bool) -> &'static str {
    if down { "down" } else { "up" }
}

async fn one(connection: &mut Connection, sql: &str) -> Result<Option<String>> {
    Ok(connection.rows(sql).await?.into_iter().flatten().flatten().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_how_far_it_is() {
        let halfway = |marks: &[(usize, Mark)]| Marked {
            key: "1".to_owned(),
            down: false,
            checksum: String::new(),
            marks: marks.to_vec(),
        };
        let one = halfway(&[(0, Mark::Done), (1, Mark::Done), (2, Mark::Begun)]);
        assert_eq!((one.done(), one.is_unsure()), (2, true));
        let one = halfway(&[(0, Mark::Done)]);
        assert_eq!((one.done(), one.is_unsure()), (1, false));
        let one = halfway(&[(0, Mark::Begun)]);
        assert_eq!((one.done(), one.is_unsure()), (0, true));
    }
}
