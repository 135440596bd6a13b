//! One connection of our own that may write: for changing a schema, never for browsing.
//!
//! It never creates a file. A statement runs on in SQLite's thread after its future is dropped,
//! so a progress handler looks every few thousand steps whether the work was stopped.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _};

use super::apply::{self, Failure, Guarded};
use super::{cell, connect, failure, model};
use crate::config::SqliteAddress;
use crate::db::connection::Access;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::db::transaction::Refusal;
use crate::db::value::Value;
use crate::problem::{Kind, Problem, Result};
use crate::schema::model::Model;
use crate::schema::plan::Step;

/// Steps of SQLite's machine between two looks: about 0.1 ms.
const STEPS: i32 = 4_000;
/// How long SQLite waits for somebody else's lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that may write.
#[derive(Debug)]
pub struct Writer {
    raw: SqliteConnection,
    /// What the progress handler looks at: the stop of the work that is on.
    watched: Arc<Mutex<Option<Stop>>>,
    /// The file's name without its folder.
    database: String,
    /// The transaction that is open, if one is.
    open: Option<Guarded>,
    /// Where the file is, for work that opens it once more.
    address: SqliteAddress,
}

impl Writer {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// There is none, it is of another format, or it may not be written.
    pub(in crate::db) async fn open(address: &SqliteAddress, access: Access) -> Result<Self> {
        let Some(file) = &address.file else { return Self::in_memory().await };
        // Absolute, because SQLite would read a name that begins with `file:` as a URI.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let writable = connect::check(&file)?;
        let only_read = access == Access::Reads || address.read_only || address.immutable;
        if access == Access::Writes && (only_read || !writable) {
            return Err(only_reads(&file));
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(false)
            .read_only(address.read_only || !writable)
            .immutable(address.immutable);
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut writer = Self::connect(options, name.unwrap_or_default())
            .await
            .map_err(|error| connect::said(&file, &failure::explain(&error)))?;
        // The first statement reads the file, which may be no database at all.
        let first = if only_read { "PRAGMA query_only = ON; " } else { "" };
        let look = format!("{first}SELECT count(*) FROM sqlite_schema");
        match writer.run(&look, &Stop::new()).await {
            Ok(()) => {
                writer.address = SqliteAddress { file: Some(file), ..address.clone() };
                writer.address.read_only |= only_read;
                Ok(writer)
            }
            Err(fault) => {
                let fix = "check the path, and that no other program has it locked";
                Err(connect::said(&file, &fault.problem("It cannot be read", fix)))
            }
        }
    }

    /// A database in memory that is gone with the connection.
    ///
    /// # Errors
    /// When there is no memory left.
    pub(in crate::db) async fn in_memory() -> Result<Self> {
        let options = SqliteConnectOptions::new().in_memory(true);
        let opened = Self::connect(options, ":memory:".to_owned()).await;
        opened.map_err(|error| failure::explain(&error))
    }

    async fn connect(options: SqliteConnectOptions, database: String) -> sqlx::Result<Self> {
        // Whether foreign keys are enforced is for the work to say: SQLite's own default is off.
        let options = options.foreign_keys(false).busy_timeout(PATIENCE);
        let mut raw = options.disable_statement_logging().connect().await?;
        let watched = Arc::default();
        install(&mut raw, &watched).await?;
        let address = SqliteAddress { file: None, read_only: false, immutable: false };
        Ok(Self { raw, watched, database, open: None, address })
    }

    /// The file's name without its folder.
    pub(in crate::db) fn database(&self) -> &str {
        &self.database
    }

    /// Where the file is.
    pub(super) fn address(&self) -> &SqliteAddress {
        &self.address
    }

    /// Runs one statement or several.
    pub(in crate::db) async fn run(
        &mut self,
        sql: &str,
        stop: &Stop,
    ) -> std::result::Result<(), Fault> {
        self.watch(stop)?;
        let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.raw).await;
        self.settle(ran.map(drop), sql)
    }

    /// Runs one query; every value comes as text.
    pub(in crate::db) async fn query(
        &mut self,
        sql: &str,
        stop: &Stop,
    ) -> std::result::Result<Vec<Vec<Option<String>>>, Fault> {
        self.watch(stop)?;
        let found = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.raw).await;
        let rows = self.settle(found, sql)?;
        let undecodable = |problem: Problem| Fault { message: problem.why, ..Fault::default() };
        rows.iter().map(texts).collect::<Result<_>>().map_err(undecodable)
    }

    /// A digest of the rows of a query in which their order does not count. They stream by, so that
    /// none is kept.
    pub(in crate::db) async fn digest(
        &mut self,
        sql: &str,
        stop: &Stop,
    ) -> std::result::Result<u64, Fault> {
        self.watch(stop)?;
        let summed = sum(&mut self.raw, sql).await;
        self.settle(summed, sql)
    }

    /// Reads the schema.
    pub(in crate::db) async fn model(&mut self, stop: &Stop) -> std::result::Result<Model, Fault> {
        self.watch(stop)?;
        let read = model::read(&mut self.raw).await;
        self.settle(read, "")
    }

    /// Runs the steps of a plan, all of them or none.
    pub(in crate::db) async fn apply(
        &mut self,
        steps: &[Step],
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> std::result::Result<(), Failure> {
        let applied = apply::apply(&mut self.raw, steps, PATIENCE, stop, on_step).await;
        // It has a progress handler of its own, which it takes off.
        let installed = install(&mut self.raw, &self.watched).await;
        applied?;
        installed.map_err(|error| Failure::around(failure::explain(&error)))
    }

    /// Begins a guarded transaction for these statements, if nobody has the file locked.
    pub(in crate::db) async fn begin(
        &mut self,
        steps: &[Step],
        stop: &Stop,
    ) -> std::result::Result<(), Refusal> {
        self.watch(stop)?;
        let opened = Guarded::open(&mut self.raw, steps, Duration::ZERO, stop).await;
        self.unwatch();
        match opened {
            Ok(guarded) => self.open = Some(guarded),
            Err(failure) if failure.busy => return Err(Refusal::Busy),
            Err(failure) => return Err(refusal(failure)),
        }
        Ok(())
    }

    /// Runs one of the statements the transaction was begun for.
    pub(in crate::db) async fn step(
        &mut self,
        steps: &[Step],
        number: usize,
        stop: &Stop,
    ) -> std::result::Result<(), Fault> {
        self.watch(stop)?;
        let sql = steps.get(number).map_or("", |step| &step.sql);
        let looked = apply::literal(&mut self.raw, sql).await;
        if let Some(fault) = self.settle(looked, sql)? {
            return Err(fault);
        }
        self.watch(stop)?;
        let ran = match &self.open {
            Some(guarded) => guarded.step(&mut self.raw, steps, number).await,
            None => Ok(()),
        };
        self.settle(ran, sql)
    }

    /// Commits, if nothing is worse than it was.
    pub(in crate::db) async fn commit(
        &mut self,
        steps: &[Step],
        stop: &Stop,
    ) -> std::result::Result<Vec<String>, Refusal> {
        let Some(guarded) = self.open.take() else { return Ok(Vec::new()) };
        if let Err(fault) = self.watch(stop) {
            drop(guarded.abandon(&mut self.raw).await);
            return Err(Refusal::Fault(fault));
        }
        let closed = guarded.close(&mut self.raw, steps, PATIENCE, stop).await;
        self.unwatch();
        closed.map_err(refusal)
    }

    /// Rolls back what is open.
    pub(in crate::db) async fn rollback(&mut self) {
        if let Some(guarded) = self.open.take() {
            // A connection that cannot even do this is closed, which undoes it too.
            drop(guarded.abandon(&mut self.raw).await);
        }
    }

    fn unwatch(&self) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Closes the connection; what was not committed is undone.
    pub(in crate::db) async fn close(self) {
        // A failure to close loses nothing: whatever was committed is on the disk.
        drop(self.raw.close().await);
    }

    /// The connection itself, for statements with parameters; [`Writer::watch`] comes before one,
    /// [`Writer::settle`] after it.
    pub(super) fn raw(&mut self) -> &mut SqliteConnection {
        &mut self.raw
    }

    /// Lets the progress handler look at this work's stop.
    pub(super) fn watch(&self, stop: &Stop) -> std::result::Result<(), Fault> {
        if stop.is_asked() {
            return Err(Fault::stopped());
        }
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop.clone());
        Ok(())
    }

    /// What came of a statement, in words.
    pub(super) fn settle<T>(
        &self,
        done: sqlx::Result<T>,
        sql: &str,
    ) -> std::result::Result<T, Fault> {
        self.unwatch();
        done.map_err(|error| failure::fault(&error, sql))
    }
}

/// Has SQLite look every few thousand steps whether the work that is on was stopped.
async fn install(
    raw: &mut SqliteConnection,
    watched: &Arc<Mutex<Option<Stop>>>,
) -> sqlx::Result<()> {
    let watch = Arc::clone(watched);
    raw.lock_handle().await?.set_progress_handler(STEPS, move || {
        let watched = watch.lock().unwrap_or_else(PoisonError::into_inner);
        !watched.as_ref().is_some_and(Stop::is_asked)
    });
    Ok(())
}

async fn sum(raw: &mut SqliteConnection, sql: &str) -> sqlx::Result<u64> {
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch(raw);
    let mut sum = 0_u64;
    while let Some(row) = rows.try_next().await? {
        let mut hasher = DefaultHasher::new();
        for at in 0..row.len() {
            let value = cell::value(&row, at);
            let value = value.map_err(|problem| sqlx::Error::Protocol(problem.why))?;
            mem::discriminant(&value).hash(&mut hasher);
            match &value {
                Value::Integer(number) => number.hash(&mut hasher),
                Value::Real(number) => number.to_bits().hash(&mut hasher),
                Value::Text(text) => text.hash(&mut hasher),
                Value::Blob(bytes) | Value::Malformed(bytes) => bytes.hash(&mut hasher),
                Value::Null | Value::Truncated(_) => {}
            }
        }
        sum = sum.wrapping_add(hasher.finish());
    }
    Ok(sum)
}

/// The values of a row as text.
fn texts(row: &SqliteRow) -> Result<Vec<Option<String>>> {
    let text = |at| {
        let value = cell::value(row, at)?;
        Ok((!value.is_null()).then(|| value.plain().into_owned()))
    };
    (0..row.len()).map(text).collect()
}

/// What is said of a transaction that could not be begun or ended.
fn refusal(failure: Failure) -> Refusal {
    match failure.problem.kind {
        Kind::Cancelled => Refusal::Fault(Fault::stopped()),
        _ if failure.unsound => Refusal::Unsound(failure.problem.why),
        _ => Refusal::Fault(Fault { message: failure.problem.why, ..Fault::default() }),
    }
}

pub(super) fn only_reads(file: &Path) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("{} may not be changed", file.display()),
        "it is opened for reading only, or its permissions say so",
        "take mode=ro or --read-only away, or run dbstudio as a user who may write to the file",
    )
}
