//! One connection at a time for one piece of work at a time, ended for real when asked.
//!
//! A statement of SQLite runs on in its thread after its future is dropped. So each
//! connection has a progress handler that reads a [`Watch`] every few thousand steps of the
//! statement and ends it when the work was stopped, took too long or was abandoned. A turn that
//! was abandoned is drained before the next one begins.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::MutexGuard;

use super::failure::{self, SQLITE_BUSY, SQLITE_INTERRUPT};
use crate::db::keyset::{Bind, Query};
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// Steps of SQLite's machine between two looks at the watch: about 0.1 ms.
const STEPS: i32 = 4_000;
/// How long to wait for somebody else's lock.
const BUSY_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait between two tries; SQLite itself waits for as long within each.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// What a connection's progress handler looks at.
#[derive(Debug, Default)]
struct Watch {
    state: Mutex<Watched>,
}

#[derive(Debug, Default)]
enum Watched {
    /// Nothing runs that may not.
    #[default]
    Idle,
    /// A turn is on.
    Working { stop: Stop, deadline: Option<Instant> },
    /// The turn ended on its deadline.
    Expired,
    /// The turn was dropped while its statement ran.
    Abandoned,
    /// The lane is closed for good.
    Closed,
}

impl Watch {
    fn set(&self, to: Watched) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*state, Watched::Closed) {
            *state = to;
        }
    }

    fn is(&self, wanted: impl Fn(&Watched) -> bool) -> bool {
        wanted(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep_going(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            Watched::Idle => true,
            Watched::Working { stop, .. } if stop.is_asked() => false,
            Watched::Working { deadline: Some(deadline), .. } if Instant::now() >= *deadline => {
                *state = Watched::Expired;
                false
            }
            Watched::Working { .. } => true,
            Watched::Expired | Watched::Abandoned | Watched::Closed => false,
        }
    }
}

/// A connection of its own for one kind of work, opened when first needed.
#[derive(Debug)]
pub(super) struct Lane {
    options: SqliteConnectOptions,
    timeout: Option<Duration>,
    open: tokio::sync::Mutex<Option<SqliteConnection>>,
    watch: Arc<Watch>,
}

impl Lane {
    /// A lane that opens its connection with these options and ends any statement after
    /// `timeout`.
    pub(super) fn new(options: SqliteConnectOptions, timeout: Option<Duration>) -> Self {
        Self { options, timeout, open: tokio::sync::Mutex::default(), watch: Arc::default() }
    }

    /// Waits for the connection to be free and takes it.
    pub(super) async fn turn(&self, stop: &Stop) -> Result<Turn<'_>> {
        let mut open = tokio::select! {
            biased;
            () = stop.asked() => return Err(failure::cancelled()),
            open = self.open.lock() => open,
        };
        if self.watch.is(|state| matches!(state, Watched::Closed)) {
            return Err(failure::closed());
        }
        match open.as_mut() {
            Some(connection) => {
                if self.watch.is(|state| matches!(state, Watched::Abandoned)) {
                    // Answered only once the statement that was left behind has ended.
                    connection.ping().await.map_err(|error| failure::explain(&error))?;
                }
            }
            None => {
                let connection = self.connect().await.map_err(|error| failure::explain(&error))?;
                *open = Some(connection);
            }
        }
        self.watch.set(Watched::Working { stop: stop.clone(), deadline: None });
        Ok(Turn { lane: self, open, stop: stop.clone(), running: false })
    }

    async fn connect(&self) -> std::result::Result<SqliteConnection, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let watch = Arc::clone(&self.watch);
        connection.lock_handle().await?.set_progress_handler(STEPS, move || watch.keep_going());
        Ok(connection)
    }

    /// Ends what runs, closes the connection and refuses further turns.
    pub(super) async fn close(&self) {
        self.watch.set(Watched::Closed);
        if let Some(connection) = self.open.lock().await.take() {
            // The file was only read: a failure to close it loses nothing.
            drop(connection.close().await);
        }
    }
}

/// The connection, for as long as one piece of work has it.
pub(super) struct Turn<'a> {
    lane: &'a Lane,
    open: MutexGuard<'a, Option<SqliteConnection>>,
    stop: Stop,
    running: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.lane.watch.set(if self.running { Watched::Abandoned } else { Watched::Idle });
    }
}

impl Turn<'_> {
    /// Runs one statement and hands over its rows one by one.
    ///
    /// A lock somebody else holds is waited for, as long as the work is not stopped.
    pub(super) async fn each(
        &mut self,
        query: &Query,
        mut row: impl FnMut(&SqliteRow) -> Result<()> + Send,
    ) -> Result<()> {
        let patience = Instant::now() + BUSY_PATIENCE;
        loop {
            let deadline = self.lane.timeout.map(|timeout| Instant::now() + timeout);
            self.lane.watch.set(Watched::Working { stop: self.stop.clone(), deadline });
            if self.stop.is_asked() {
                return Err(failure::cancelled());
            }
            self.running = true;
            let mut begun = false;
            let outcome = self
                .run(query, |found| {
                    begun = true;
                    row(found)
                })
                .await;
            let error = match outcome {
                Ok(outcome) => {
                    self.running = outcome.is_err();
                    return outcome;
                }
                Err(error) => error,
            };
            self.running = false;
            let code = failure::code(&error);
            if code == Some(SQLITE_INTERRUPT) {
                return Err(self.interrupted());
            }
            if code != Some(SQLITE_BUSY) || begun || Instant::now() >= patience {
                return Err(failure::explain(&error));
            }
            tokio::select! {
                () = self.stop.asked() => return Err(failure::cancelled()),
                () = tokio::time::sleep(BUSY_PAUSE) => {}
            }
        }
    }

    fn interrupted(&self) -> Problem {
        if self.lane.watch.is(|state| matches!(state, Watched::Closed)) {
            return failure::closed();
        }
        match self.lane.timeout {
            Some(timeout) if self.lane.watch.is(|state| matches!(state, Watched::Expired)) => {
                failure::too_slow(timeout)
            }
            _ => failure::cancelled(),
        }
    }

    /// The outer error is SQLite's, the inner one of whoever takes the rows.
    async fn run(
        &mut self,
        query: &Query,
        mut row: impl FnMut(&SqliteRow) -> Result<()> + Send,
    ) -> std::result::Result<Result<()>, sqlx::Error> {
        let connection = self.open.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        let arguments = arguments(&query.binds).map_err(sqlx::Error::Encode)?;
        let mut rows =
            sqlx::query_with(AssertSqlSafe(query.sql.clone()), arguments).fetch(connection);
        while let Some(found) = rows.try_next().await? {
            if let Err(problem) = row(&found) {
                return Ok(Err(problem));
            }
        }
        Ok(Ok(()))
    }

    /// Runs one statement without parameters that we wrote ourselves.
    pub(super) async fn each_of(
        &mut self,
        sql: impl Into<String> + Send,
        row: impl FnMut(&SqliteRow) -> Result<()> + Send,
    ) -> Result<()> {
        self.each(&Query { sql: sql.into(), binds: Vec::new() }, row).await
    }
}

fn arguments(
    binds: &[Bind],
) -> std::result::Result<SqliteArguments, Box<dyn std::error::Error + Send + Sync>> {
    let mut arguments = SqliteArguments::default();
    for bind in binds {
        match bind {
            Bind::Text(text) => arguments.add(text.clone())?,
            Bind::Integer(number) => arguments.add(*number)?,
            Bind::Real(number) => arguments.add(*number)?,
            Bind::Blob(bytes) => arguments.add(bytes.clone())?,
            Bind::Null => arguments.add(None::<i64>)?,
        }
    }
    Ok(arguments)
}
