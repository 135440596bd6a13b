//! One connection of our own that may write: for changing a schema, never for browsing.
//!
//! It never creates a file. A statement runs on in SQLite's thread after its future is dropped,
//! so a progress handler looks every few thousand steps whether the work was stopped.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _};

use super::apply::{self, Failure};
use super::{cell, connect, failure, model};
use crate::config::SqliteAddress;
use crate::db::connection::Access;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
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
            Ok(()) => Ok(writer),
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
        Ok(Self { raw, watched, database })
    }

    /// The file's name without its folder.
    pub(in crate::db) fn database(&self) -> &str {
        &self.database
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
        installed.map_err(|error| Failure { step: None, problem: failure::explain(&error) })
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
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = None;
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

/// The values of a row as text.
fn texts(row: &SqliteRow) -> Result<Vec<Option<String>>> {
    let text = |at| {
        let value = cell::value(row, at)?;
        Ok((!value.is_null()).then(|| value.plain().into_owned()))
    };
    (0..row.len()).map(text).collect()
}

fn only_reads(file: &Path) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("{} may not be changed", file.display()),
        "it is opened for reading only, or its permissions say so",
        "take mode=ro or --read-only away, or run dbstudio as a user who may write to the file",
    )
}
