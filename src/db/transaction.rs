//! A transaction on a connection of our own, statement by statement, so that whoever runs it may
//! read and write its own records in between.
//!
//! On SQLite it is the guarded one: foreign keys are off, and at its end nothing may be worse than
//! at its beginning. Nothing here tries again or decides what to run.

use std::time::Duration;

use super::connection::Connection;
use super::fault::Fault;
use super::stop::Stop;
use crate::schema::plan::Step;

/// Why a transaction could not be begun or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else has the lock; nothing was begun.
    Busy,
    /// The engine said no; nothing of the transaction is left.
    Fault(Fault),
    /// The database would not be sound, for this reason; everything was rolled back.
    Unsound(String),
    /// The connection was lost while the server committed: it may have, or not.
    Uncertain(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Connection {
    /// Begins the transaction in which these statements are to run. A statement waits no longer
    /// than `limit` for somebody's lock on a table (PostgreSQL; 0 is for ever).
    ///
    /// # Errors
    /// Busy where a SQLite file is locked; the engine's words.
    pub async fn begin(
        &mut self,
        steps: &[Step],
        limit: Duration,
        stop: &Stop,
    ) -> Result<(), Refusal> {
        match self {
            Self::Postgres(writer) => Ok(writer.begin(limit, stop).await?),
            Self::Sqlite(writer) => writer.begin(steps, stop).await,
        }
    }

    /// Runs one of the statements the transaction was begun for.
    ///
    /// # Errors
    /// The engine's words; the transaction can then only be rolled back.
    pub async fn step(&mut self, steps: &[Step], number: usize, stop: &Stop) -> Result<(), Fault> {
        let Some(step) = steps.get(number) else { return Ok(()) };
        match self {
            Self::Postgres(writer) => writer.run(&step.sql, stop).await,
            Self::Sqlite(writer) => writer.step(steps, number, stop).await,
        }
    }

    /// Commits. Answers with what was made good before, in sentences: on SQLite what a rebuild of
    /// a table had lost.
    ///
    /// # Errors
    /// Whether the transaction is gone, or may have been committed.
    pub async fn commit(&mut self, steps: &[Step], stop: &Stop) -> Result<Vec<String>, Refusal> {
        match self {
            Self::Postgres(writer) => committed(writer.commit(stop).await),
            Self::Sqlite(writer) => writer.commit(steps, stop).await,
        }
    }

    /// As [`Connection::commit`], after these last statements of the transaction; and puts the
    /// session's settings back to what they were when it was opened (PostgreSQL). The server is
    /// asked once for all of it. With a limit in `ahead` the next thing asked must be
    /// [`Connection::begin`] with that limit: it is done with the same question.
    ///
    /// # Errors
    /// Whether the transaction is gone, or may have been committed.
    pub async fn commit_and_reset(
        &mut self,
        steps: &[Step],
        last: &str,
        ahead: Option<Duration>,
        stop: &Stop,
    ) -> Result<Vec<String>, Refusal> {
        match self {
            Self::Postgres(writer) => committed(writer.commit_and_reset(last, ahead, stop).await),
            Self::Sqlite(writer) => {
                if let Err(fault) = writer.run(last, stop).await {
                    writer.rollback().await;
                    return Err(fault.into());
                }
                writer.commit(steps, stop).await
            }
        }
    }

    /// Rolls back. Where that cannot be said any more the connection is gone, and with it the
    /// transaction.
    pub async fn rollback(&mut self) {
        match self {
            Self::Postgres(writer) => writer.rollback().await,
            Self::Sqlite(writer) => writer.rollback().await,
        }
    }

    /// The server's process of this session; none on SQLite, and behind a transaction pooler.
    pub fn pid(&self) -> Option<i32> {
        match self {
            Self::Postgres(writer) => Some(writer.pid()).filter(|pid| *pid != 0),
            Self::Sqlite(_) => None,
        }
    }

    /// Whether a transaction pooler stands between, so that nothing of a session holds.
    pub fn is_pooled(&self) -> bool {
        match self {
            Self::Postgres(writer) => writer.is_pooled(),
            Self::Sqlite(_) => false,
        }
    }
}

/// What a server's answer to COMMIT means.
fn committed(answer: Result<(), Fault>) -> Result<Vec<String>, Refusal> {
    match answer {
        Ok(()) => Ok(Vec::new()),
        Err(fault) if fault.lost => Err(Refusal::Uncertain(fault)),
        Err(fault) => Err(Refusal::Fault(fault)),
    }
}
