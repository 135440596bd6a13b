//! One connection of our own that may write: what changes schemas works on it.
//!
//! Browsing has a pool of its own ([`super::Db`]) that only reads; nothing here is shared with
//! it. When a [`Stop`] is asked, the statement ends on the server before the answer comes.

use super::fault::Fault;
use super::import::{Import, Imported, Rows};
use super::stop::Stop;
use super::{Engine, postgres, sqlite};
use crate::config::{Address, Target};
use crate::problem::{Problem, Result};
use crate::schema::model::{Model, Scope};
use crate::schema::plan::Step;
use crate::sql::Dialect;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading the schema; the server refuses writes.
    Reads,
    /// Changing it.
    Writes,
    /// Work in a scratch database, which nobody misses: quick rather than durable.
    Scratch,
}

/// A connection of either engine.
#[derive(Debug)]
pub enum Connection {
    /// To PostgreSQL.
    Postgres(Box<postgres::Writer>),
    /// To a SQLite file, or to a database in memory.
    Sqlite(Box<sqlite::Writer>),
}

/// Why a plan could not be run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step that failed, counted from 0; `None` when it was none of them.
    pub step: Option<usize>,
    /// What failed, the server's words, and how things are now.
    pub problem: Problem,
    /// Whether the server had no room for the locks of the transaction (PostgreSQL's
    /// out_of_memory, 53200, with room to be had from `max_locks_per_transaction`).
    pub crowded: bool,
}

impl Connection {
    /// Opens a connection that may write; one that only reads where the target says so.
    ///
    /// # Errors
    /// Every way connecting can fail, told apart; refused when a SQLite file cannot be written.
    pub async fn open(target: &Target, stop: &Stop) -> Result<Self> {
        let access = if target.read_only { Access::Reads } else { Access::Writes };
        Self::with_access(target, access, stop).await
    }

    /// Opens a connection on which the server refuses writes.
    ///
    /// # Errors
    /// Every way connecting can fail, told apart.
    pub async fn open_reading(target: &Target, stop: &Stop) -> Result<Self> {
        Self::with_access(target, Access::Reads, stop).await
    }

    async fn with_access(target: &Target, access: Access, stop: &Stop) -> Result<Self> {
        match &target.address {
            Address::Postgres(address) => {
                let writer = postgres::Writer::open(address, target, access, stop).await?;
                Ok(Self::Postgres(Box::new(writer)))
            }
            Address::Sqlite(address) => {
                Ok(Self::Sqlite(Box::new(sqlite::Writer::open(address, access).await?)))
            }
        }
    }

    /// A SQLite database in memory that is gone with the connection.
    ///
    /// # Errors
    /// When there is no memory left.
    pub async fn in_memory() -> Result<Self> {
        Ok(Self::Sqlite(Box::new(sqlite::Writer::in_memory().await?)))
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Postgres(_) => Engine::Postgres,
            Self::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The server's version as one number (`server_version_num`); `None` on SQLite, which is
    /// part of this program.
    pub fn version(&self) -> Option<i64> {
        match self {
            Self::Postgres(writer) => Some(writer.facts().version),
            Self::Sqlite(_) => None,
        }
    }

    /// The database's name as the server reports it; a file's name without its folder.
    pub fn database(&self) -> &str {
        match self {
            Self::Postgres(writer) => &writer.facts().database,
            Self::Sqlite(writer) => writer.database(),
        }
    }

    /// The role we are; none on SQLite.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Postgres(writer) => Some(&writer.facts().user),
            Self::Sqlite(_) => None,
        }
    }

    /// Runs one statement or several, and throws their rows away.
    ///
    /// # Errors
    /// The engine's words; of several statements those before the failed one may have run
    /// (SQLite), or been undone with it (PostgreSQL).
    pub async fn run(&mut self, sql: &str, stop: &Stop) -> std::result::Result<(), Fault> {
        match self {
            Self::Postgres(writer) => writer.run(sql, stop).await,
            Self::Sqlite(writer) => writer.run(sql, stop).await,
        }
    }

    /// Runs a query and answers with its rows, every value as text.
    ///
    /// # Errors
    /// The engine's words.
    pub async fn query(
        &mut self,
        sql: &str,
        stop: &Stop,
    ) -> std::result::Result<Vec<Vec<Option<String>>>, Fault> {
        match self {
            Self::Postgres(writer) => writer.query(sql, stop).await,
            Self::Sqlite(writer) => writer.query(sql, stop).await,
        }
    }

    /// The rows of a small question to the catalogue, every value as text.
    ///
    /// # Errors
    /// The question cannot be answered.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let rows = self.query(sql, &Stop::new()).await;
        rows.map_err(|fault| {
            let fix = "try again; if it stays, report it as a bug";
            fault.problem("The catalogue could not be read", fix)
        })
    }

    /// Reads the schema.
    ///
    /// # Errors
    /// The catalogue cannot be read, or the work was stopped.
    pub async fn model(&mut self, scope: &Scope, stop: &Stop) -> Result<Model> {
        let read = match self {
            Self::Postgres(writer) => writer.model(scope, stop).await,
            Self::Sqlite(writer) => writer.model(stop).await,
        };
        read.map_err(|fault| {
            let fix = "try again; if it stays, report it as a bug";
            fault.problem("The schema could not be read", fix)
        })
    }

    /// Runs the steps of a plan: those that may in one transaction, so that a failure leaves
    /// everything as it was. `on_step` is told of each before it runs.
    ///
    /// # Errors
    /// Which step failed, the engine's words, and how things are now.
    pub async fn apply(
        &mut self,
        steps: &[Step],
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> std::result::Result<(), Failure> {
        match self {
            Self::Postgres(writer) => writer.apply(steps, stop, on_step).await,
            Self::Sqlite(writer) => writer.apply(steps, stop, on_step).await.map_err(|failed| {
                Failure { step: failed.step, problem: failed.problem, crowded: false }
            }),
        }
    }

    /// Runs the steps of a plan in a scratch database, as [`Connection::apply`] does, but without
    /// anybody being told of each.
    ///
    /// # Errors
    /// As there.
    pub async fn try_out(
        &mut self,
        steps: &[Step],
        stop: &Stop,
    ) -> std::result::Result<(), Failure> {
        match self {
            Self::Postgres(writer) => writer.try_out(steps, stop).await,
            Self::Sqlite(_) => self.apply(steps, stop, &mut |_| {}).await,
        }
    }

    /// How many locks the server has room for at once, for all of its sessions together (manual,
    /// section 20.12 "Lock Management"); none on SQLite, which has no such table.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn lock_room(&mut self) -> Result<Option<usize>> {
        let Self::Postgres(_) = self else { return Ok(None) };
        let sql = "SELECT current_setting('max_locks_per_transaction')::int8 * \
                   (current_setting('max_connections')::int8 + \
                   current_setting('max_prepared_transactions')::int8)";
        let rows = self.rows(sql).await?;
        let cell = rows.into_iter().flatten().flatten().next();
        Ok(cell.and_then(|text| text.parse().ok()))
    }

    /// Runs statements of a scratch database in one transaction, without waiting for each
    /// (PostgreSQL). Answers whether it did: if not, nothing was done, and running them one by one
    /// tells why.
    ///
    /// # Errors
    /// The connection is lost, or the work was stopped.
    pub async fn run_together(
        &mut self,
        statements: &[&str],
        stop: &Stop,
    ) -> std::result::Result<bool, Fault> {
        let Self::Postgres(writer) = self else { return Ok(false) };
        match writer.transaction_of(statements, stop).await {
            Ok(()) => Ok(true),
            Err(fault) if fault.lost || fault.stopped => Err(fault),
            Err(_) => Ok(false),
        }
    }

    /// Writes rows into a table, all of them or none, or batch by batch.
    ///
    /// # Errors
    /// A row that does not fit, with its line; the rows cannot be read; what the engine refused.
    pub async fn import(
        &mut self,
        import: &Import,
        rows: &mut impl Rows,
        stop: &Stop,
    ) -> Result<Imported> {
        match self {
            Self::Postgres(writer) => writer.import(import, rows, stop).await,
            Self::Sqlite(writer) => writer.import(import, rows, stop).await,
        }
    }

    /// Puts the session's settings back to what they were when it was opened (PostgreSQL).
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn reset(&mut self) -> Result<()> {
        let Self::Postgres(writer) = self else { return Ok(()) };
        let reset = writer.reset().await;
        reset.map_err(|fault| fault.problem("The session could not be reset", "try again"))
    }

    /// Closes the connection; what was not committed is undone.
    pub async fn close(self) {
        match self {
            Self::Postgres(writer) => writer.close().await,
            Self::Sqlite(writer) => writer.close().await,
        }
    }
}
