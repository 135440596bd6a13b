//! Undo capsules: what migrations destroyed, kept in the database itself beside the ledger, so that
//! taking one back brings it back too, and masked values never leave the database.
//!
//! An index lists the capsules; what each holds is in tables of its own ([`store`]). Writing is SQL
//! handed to whoever applies, so that it is part of the migration's own transaction.

pub mod store;
pub mod table;

use serde::{Deserialize, Serialize};

use super::ledger::SCHEMA;
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::schema::RelationName;
use crate::schema::hazard::{bytes, counted};
use crate::sql::Dialect;

/// What sort of thing was destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// A table was dropped: all its rows.
    Table,
    /// Columns were dropped: their values, by the table's key.
    Columns,
    /// Columns got other values, by a change of type or by a statement: those there were.
    Values,
    /// Rows were deleted or replaced: those there were.
    Rows,
}

/// A column as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the engine prints it.
    pub type_name: String,
    /// Its name after the migration, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<String>,
}

/// How far the numbering of a column had come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The column; empty on SQLite, where a table has one counter.
    pub column: String,
    /// The last number given out.
    pub last: i64,
}

/// What a capsule holds of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The table's schema; `main` on SQLite.
    pub schema: String,
    /// The table, as it was called before the migration.
    pub table: String,
    /// What the table is called after the migration, where that is another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<(String, String)>,
    /// What was destroyed.
    pub sort: Sort,
    /// The columns whose values were destroyed; empty where whole rows were.
    pub values: Vec<String>,
    /// Every column that is kept, in its order, those of the key included.
    pub columns: Vec<Column>,
    /// The columns a row is found by; empty where it has no key.
    pub key: Vec<String>,
    /// Whether the rows' numbers are kept too (SQLite).
    pub rowid: bool,
    /// The table that holds it, without its schema.
    pub store: String,
    /// How many rows are kept.
    pub rows: u64,
    /// How many bytes they take, as far as the engine tells.
    pub bytes: Option<u64>,
    /// How far the numbering of the table's columns had come.
    pub counters: Vec<Counter>,
}

impl Item {
    /// The table.
    pub fn relation(&self) -> RelationName {
        RelationName::new(&self.schema, &self.table)
    }

    /// The table, by the name it has after the migration.
    pub fn relation_later(&self) -> RelationName {
        let later = self.later.as_ref();
        later.map_or_else(|| self.relation(), |(schema, name)| RelationName::new(schema, name))
    }

    /// What it holds: `customers.note`, `orders`.
    pub fn what(&self) -> String {
        named(&self.relation(), &self.values)
    }

    /// What it holds, how many, and how large: `customers.note, 1,204 rows, 80.1 kB`.
    pub fn words(&self) -> String {
        let size = self.bytes.map_or(String::new(), |size| format!(", {}", bytes(size)));
        format!("{}, {}{size}", self.what(), counted(self.rows, "row", "rows"))
    }
}

/// A table, or columns of it, as a person reads them; the schema where tables go by default is not
/// said.
pub fn named(table: &RelationName, columns: &[String]) -> String {
    let usual = ["public", "main"].contains(&table.schema.as_str());
    let table = if usual { table.name.clone() } else { table.to_string() };
    match columns {
        [] => table,
        columns => format!("{table}.{}", columns.join(", ")),
    }
}

/// How a capsule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its migration is still running, or was cut off.
    Open,
    /// It is what its migration destroyed; taking that back uses it.
    Kept,
    /// What could not be put back when its migration was taken back.
    Rest,
    /// Its migration was applied again since.
    Old,
}

impl State {
    /// The word for it, as the index has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "kept",
            Self::Rest => "rest",
            Self::Old => "old",
        }
    }

    fn of(word: &str) -> Self {
        let all = [Self::Open, Self::Kept, Self::Rest];
        all.into_iter().find(|state| state.word() == word).unwrap_or(Self::Old)
    }
}

/// A capsule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capsule {
    /// Its number.
    pub id: i64,
    /// When it was made, as the database prints it.
    pub at: String,
    /// The account of the operating system that ran the migration, and its machine.
    pub origin: String,
    /// What identifies the migration.
    pub key: String,
    /// The migration's number and name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// What it holds.
    pub items: Vec<Item>,
}

impl Capsule {
    /// How many rows it holds.
    pub fn rows(&self) -> u64 {
        self.items.iter().map(|item| item.rows).sum()
    }

    /// How many bytes it takes, as far as the engine tells.
    pub fn bytes(&self) -> Option<u64> {
        self.items.iter().map(|item| item.bytes).sum()
    }
}

/// The index of the capsules, as one engine names and makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    dialect: Dialect,
}

impl Index {
    /// The index of an engine.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect }
    }

    /// A table of the capsules, for SQL.
    pub fn sql(self, name: &str) -> String {
        match self.dialect {
            Dialect::Postgres => self.dialect.relation(SCHEMA, name),
            Dialect::Sqlite => self.dialect.relation("main", name),
        }
    }

    fn name(self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "capsule",
            Dialect::Sqlite => "_dbstudio_capsule",
        }
    }

    fn table(self) -> String {
        self.sql(self.name())
    }

    /// The name of the table that holds the part of a capsule with this number.
    pub fn store(self, id: i64, part: usize) -> String {
        format!("{}_{id}_{part}", self.name())
    }

    /// The statement that makes the index where it is not there. The ledger is there before.
    pub fn making(self) -> String {
        let (id, at) = match self.dialect {
            Dialect::Postgres => {
                ("bigint", "timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp()")
            }
            Dialect::Sqlite => {
                ("INTEGER", "text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))")
            }
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {} (id {id} PRIMARY KEY, at {at}, origin text NOT NULL, \
             key text NOT NULL, name text NOT NULL, state text NOT NULL, detail text NOT NULL)",
            self.table()
        )
    }

    /// Whether a database has capsules that this role can read.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn is_there(self, connection: &mut Connection, stop: &Stop) -> Result<bool, Fault> {
        let sql = match self.dialect {
            Dialect::Postgres => format!(
                "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
                 ON n.oid = c.relnamespace WHERE n.nspname = '{SCHEMA}' AND c.relname = '{}' \
                 AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
                 AND pg_catalog.has_table_privilege(c.oid, 'SELECT')",
                self.name()
            ),
            Dialect::Sqlite => format!(
                "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '{}'",
                self.name()
            ),
        };
        Ok(!connection.query(&sql, stop).await?.is_empty())
    }

    /// The number of the next capsule.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn next(self, connection: &mut Connection, stop: &Stop) -> Result<i64, Fault> {
        let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {}", self.table());
        let rows = connection.query(&sql, stop).await?;
        Ok(rows.into_iter().flatten().flatten().next().and_then(|id| id.parse().ok()).unwrap_or(1))
    }

    /// The capsules of a migration, or all, the newest first; none where there is no index.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn list(
        self,
        connection: &mut Connection,
        key: Option<&str>,
        stop: &Stop,
    ) -> Result<Vec<Capsule>, Fault> {
        if !self.is_there(connection, stop).await? {
            return Ok(Vec::new());
        }
        let of = key.map_or(String::new(), |key| format!(" WHERE key = {}", self.literal(key)));
        let sql = format!(
            "SELECT id, at, origin, key, name, state, detail FROM {}{of} ORDER BY id DESC",
            self.table()
        );
        let rows = connection.query(&sql, stop).await?;
        let read = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().map(Option::unwrap_or_default);
            let mut cell = || cells.next().unwrap_or_default();
            Some(Capsule {
                id: cell().parse().ok()?,
                at: cell(),
                origin: cell(),
                key: cell(),
                name: cell(),
                state: State::of(&cell()),
                items: serde_json::from_str(&cell()).unwrap_or_default(),
            })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The statement that writes a new capsule down.
    pub fn enter(self, capsule: &Capsule) -> String {
        format!(
            "INSERT INTO {} (id, origin, key, name, state, detail) VALUES ({}, {}, {}, {}, '{}', {})",
            self.table(),
            capsule.id,
            self.literal(&capsule.origin),
            self.literal(&capsule.key),
            self.literal(&capsule.name),
            capsule.state.word(),
            self.detail(capsule),
        )
    }

    /// The statement that writes down what a capsule holds now.
    pub fn update(self, capsule: &Capsule) -> String {
        format!(
            "UPDATE {} SET state = '{}', detail = {} WHERE id = {}",
            self.table(),
            capsule.state.word(),
            self.detail(capsule),
            capsule.id
        )
    }

    /// The statement that makes a migration's earlier capsules old: it is applied anew.
    pub fn supersede(self, key: &str) -> String {
        format!(
            "UPDATE {} SET state = '{}' WHERE key = {} AND state IN ('{}', '{}')",
            self.table(),
            State::Old.word(),
            self.literal(key),
            State::Kept.word(),
            State::Open.word(),
        )
    }

    /// The statements that take a capsule away with all it holds.
    pub fn drop(self, capsule: &Capsule) -> Vec<String> {
        let stores = capsule.items.iter().map(|item| self.drop_store(&item.store));
        let row = format!("DELETE FROM {} WHERE id = {}", self.table(), capsule.id);
        stores.chain([row]).collect()
    }

    /// The statement that takes a part of a capsule away.
    pub fn drop_store(self, store: &str) -> String {
        format!("DROP TABLE IF EXISTS {}", self.sql(store))
    }

    /// The capsules that are older than so many days, the newest first; none where there is no
    /// index.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn older(
        self,
        connection: &mut Connection,
        days: u64,
        stop: &Stop,
    ) -> Result<Vec<Capsule>, Fault> {
        let all = self.list(connection, None, stop).await?;
        if all.is_empty() {
            return Ok(all);
        }
        let moment = match self.dialect {
            Dialect::Postgres => format!("pg_catalog.now() - interval '{days} days'"),
            Dialect::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{days} days')"),
        };
        let sql = format!("SELECT id FROM {} WHERE at < {moment}", self.table());
        let rows = connection.query(&sql, stop).await?;
        let old: Vec<i64> =
            rows.into_iter().flatten().flatten().filter_map(|id| id.parse().ok()).collect();
        Ok(all.into_iter().filter(|one| old.contains(&one.id)).collect())
    }

    fn detail(self, capsule: &Capsule) -> String {
        let detail = serde_json::to_string(&capsule.items).unwrap_or_else(|_| "[]".to_owned());
        self.literal(&detail)
    }

    fn literal(self, text: &str) -> String {
        self.dialect.literal(text)
    }
}
