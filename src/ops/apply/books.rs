//! What is written down of a migration, in its own transaction: the history as its format's tool
//! writes it, and dbstudio's ledger. Nothing here decides what runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::LOCK_TIMEOUT;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::ledger::{ABOVE, Ledger, Operation, checksum};
use crate::migrations::{Format, History};
use crate::ops::run::{Direction, Scheduled};
use crate::problem::Result;
use crate::sql::Dialect;

/// The history and the ledger of a run.
#[derive(Debug)]
pub(in crate::ops) struct Books {
    pub(in crate::ops) history: History,
    /// The ledger, where there is one.
    pub(super) ledger: Option<Ledger>,
    /// Whether the ledger is there already.
    pub(in crate::ops) has_ledger: bool,
    /// Who runs it: the account and the machine.
    pub(super) origin: String,
    /// What the person gave reasons for, and the evidence, for the ledger.
    pub(super) detail: Value,
    /// What the session was set to when it was opened, so that a migration's settings do not
    /// touch what is written down (PostgreSQL).
    own: String,
    /// The keys the history must hold, as far as this run knows.
    keys: Vec<String>,
    /// The number SQLite changes when somebody else writes to the file.
    version: Option<String>,
}

/// The time since 1970.
pub(in crate::ops) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Books {
    /// Opens the books of a database.
    ///
    /// # Errors
    /// The database does not answer.
    pub(in crate::ops) async fn open(
        connection: &mut Connection,
        history: History,
        ledger: Option<Ledger>,
        origin: String,
        detail: Value,
    ) -> Result<Self> {
        let mut own = String::new();
        if connection.dialect() == Dialect::Postgres {
            let sql = "SELECT current_setting('search_path'), current_setting('role')";
            let row = connection.rows(sql).await?.into_iter().next().unwrap_or_default();
            let mut cells = row.into_iter().map(Option::unwrap_or_default);
            let quoted =
                |text: Option<String>| Dialect::Postgres.literal(&text.unwrap_or_default());
            own = format!(
                "SET LOCAL SESSION AUTHORIZATION DEFAULT; SELECT \
                 pg_catalog.set_config('search_path', {}, true), \
                 pg_catalog.set_config('role', {}, true), \
                 pg_catalog.set_config('standard_conforming_strings', 'on', true), \
                 pg_catalog.set_config('lock_timeout', '{}', true);\n",
                quoted(cells.next()),
                quoted(cells.next()),
                LOCK_TIMEOUT.as_millis(),
            );
        }
        Ok(Self {
            history,
            ledger,
            has_ledger: false,
            origin,
            detail,
            own,
            keys: Vec::new(),
            version: None,
        })
    }

    /// The statements that make the tables that are not there.
    pub(super) fn making(&self) -> Vec<String> {
        let mut making = self.history.prepare();
        let ledger = self.ledger.filter(|_| !self.has_ledger);
        making.extend(ledger.iter().flat_map(|ledger| ledger.making()));
        making
    }

    /// Reads which migrations the history holds now, as what it must hold before the next one.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(in crate::ops) async fn learn(
        &mut self,
        connection: &mut Connection,
        stop: &Stop,
    ) -> Result<()> {
        self.version = data_version(connection).await?;
        self.keys = self.read(connection, stop).await?;
        Ok(())
    }

    /// Whether the history still holds what it must; asked inside the migration's transaction,
    /// where nobody can change it any more.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(super) async fn hold(&mut self, connection: &mut Connection, stop: &Stop) -> Result<bool> {
        let locks = matches!(
            self.history.format,
            Format::Native | Format::Plain | Format::Golang | Format::Prisma
        );
        if connection.dialect() == Dialect::Postgres && locks {
            // Whoever else writes it waits for the lock that is held.
            return Ok(true);
        }
        let version = data_version(connection).await?;
        if version.is_some() && version == self.version {
            return Ok(true);
        }
        let same = self.read(connection, stop).await? == self.keys;
        self.version = version;
        Ok(same)
    }

    async fn read(&mut self, connection: &mut Connection, stop: &Stop) -> Result<Vec<String>> {
        let records = self.history.read(connection, stop).await?.unwrap_or_default();
        let held = records.into_iter().filter(|one| one.finished && !one.rolled_back);
        let mut keys: Vec<String> = held.map(|one| one.key).collect();
        keys.sort();
        Ok(keys)
    }

    /// Notes that this run has changed the history itself.
    pub(super) fn changed(&mut self, direction: Direction, key: &str) {
        if self.history.format == Format::Golang {
            // Its one row stays the newest's where one was applied late.
            let number = |key: &String| key.parse::<i128>().unwrap_or_default();
            let own = key.to_owned();
            let newest = self.keys.drain(..).chain([own]).max_by_key(number);
            self.keys.extend(newest.filter(|_| direction == Direction::Up));
            return;
        }
        self.keys.retain(|held| held != key);
        if direction == Direction::Up {
            self.keys.push(key.to_owned());
            self.keys.sort();
        }
    }

    /// What is written down when a migration is done.
    pub(super) fn entry(
        &self,
        direction: Direction,
        scheduled: &Scheduled,
        took: Duration,
    ) -> String {
        let (migration, before) = (&scheduled.migration, scheduled.before.as_ref());
        let mut sql = match direction {
            Direction::Up => self.history.enter(migration, Some(took), now()),
            Direction::Down => self.history.remove(&migration.key, before, now()),
        };
        if let Some(ledger) = self.ledger {
            let down = migration.down.as_ref().map(|script| script.text.as_str());
            if direction == Direction::Up {
                sql.push(ledger.keep(&migration.key, &migration.up.text, down));
            }
            if !scheduled.transaction {
                sql.push(ledger.forget(&migration.key, direction == Direction::Down));
            }
            sql.push(self.operation(ledger, direction, scheduled, took, "done"));
        }
        self.framed(&sql)
    }

    /// What is written down of one that failed; none without a ledger.
    pub(super) fn failed(
        &self,
        direction: Direction,
        scheduled: &Scheduled,
        took: Duration,
        why: &str,
    ) -> Option<String> {
        let ledger = self.ledger?;
        let why = why.lines().next().unwrap_or_default();
        let outcome = format!("failed: {why}").replace('\0', " ");
        Some(self.operation(ledger, direction, scheduled, took, &outcome))
    }

    fn operation(
        &self,
        ledger: Ledger,
        direction: Direction,
        scheduled: &Scheduled,
        took: Duration,
        outcome: &str,
    ) -> String {
        let mut detail = json!({
            "key": scheduled.migration.key,
            "checksum": checksum(&scheduled.script(direction).text),
            "statements": scheduled.statements.len(),
            "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "dbstudio": env!("CARGO_PKG_VERSION"),
        });
        if let (Some(detail), Format::Golang, Direction::Up) =
            (detail.as_object_mut(), self.history.format, direction)
        {
            let newest = self.keys.last().map_or("0", String::as_str);
            detail.insert(ABOVE.to_owned(), newest.into());
        }
        if let (Some(detail), Value::Object(given)) = (detail.as_object_mut(), &self.detail) {
            detail.extend(given.clone());
        }
        ledger.enter(&Operation {
            origin: &self.origin,
            what: match direction {
                Direction::Up => "migrate",
                Direction::Down => "rollback",
            },
            target: &scheduled.migration.name(),
            detail,
            outcome,
        })
    }

    /// What sets the session as it was when it was opened, until the end of the transaction.
    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// Statements of ours, run as the session was when it was opened.
    pub(super) fn framed(&self, sql: &[String]) -> String {
        format!("{}{}", self.own, sql.join(";\n"))
    }
}

/// The number SQLite changes when somebody else writes to the file; none on PostgreSQL.
async fn data_version(connection: &mut Connection) -> Result<Option<String>> {
    if connection.dialect() == Dialect::Postgres {
        return Ok(None);
    }
    let rows = connection.rows("PRAGMA data_version").await?;
    Ok(rows.into_iter().flatten().flatten().next())
}
