//! The connections of one database: opened when needed, few, lent to one piece of work at a
//! time, thrown away as soon as anything about them is in doubt.
//!
//! A [`Lease`] that is dropped before it is settled belonged to work that was dropped in the
//! middle: its connection is closed, and the statement it left behind is ended on the server
//! before the next work begins. Nothing here knows what the work is.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::connect::Dialer;
use super::failure::{self, Answered};
use super::fields::Fields;
use super::session::{Pinned, Wishes, setup_failed};
use crate::db::keyset::Bind;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// The most pieces of work at once. Cancelling borrows an idle connection or opens one more.
const MOST: usize = 4;

/// One session on the server.
pub(super) struct Connection {
    pub(super) raw: PgConnection,
    /// The server's process that serves it, zero while unknown.
    pub(super) pid: Arc<AtomicI32>,
}

/// The connections of one database.
pub(super) struct Pool {
    dialer: tokio::sync::Mutex<Dialer>,
    wishes: Wishes,
    pinned: Pinned,
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    /// Processes at work for a lease.
    busy: Mutex<Vec<Arc<AtomicI32>>>,
    /// Processes whose lease was dropped while they worked.
    orphans: Mutex<Vec<i32>>,
    closed: AtomicBool,
}

/// A connection lent to one piece of work.
pub(super) struct Lease {
    pub(super) pool: Arc<Pool>,
    connection: Option<Connection>,
    /// Whether the connection served other work before, and so may have died meanwhile.
    pub(super) reused: bool,
    _slot: OwnedSemaphorePermit,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A pool around its first connection, which is set up here, and how long the server took
    /// to answer that.
    pub(super) async fn start(
        dialer: Dialer,
        wishes: Wishes,
        pinned: Pinned,
        first: PgConnection,
    ) -> Result<(Arc<Self>, Duration)> {
        let pool = Self {
            dialer: tokio::sync::Mutex::new(dialer),
            wishes,
            pinned,
            slots: Arc::new(Semaphore::new(MOST)),
            idle: Mutex::new(Vec::new()),
            busy: Mutex::new(Vec::new()),
            orphans: Mutex::new(Vec::new()),
            closed: AtomicBool::new(false),
        };
        let asked = Instant::now();
        let mut first = pool.set_up(first).await?;
        if pool.pinned.pooled {
            let pong = first.raw.ping().await;
            pong.map_err(|error| setup_failed(&error, &pool.wishes))?;
        }
        let latency = asked.elapsed();
        locked(&pool.idle).push(first);
        Ok((Arc::new(pool), latency))
    }

    /// What every session is set to.
    pub(super) fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// The limit on one statement that we set.
    pub(super) fn statement_timeout(&self) -> Option<Duration> {
        self.wishes.statement_timeout()
    }

    /// Lends a connection, an idle one if there is one.
    pub(super) async fn lease(self: &Arc<Self>, stop: &Stop) -> Result<Lease> {
        if stop.is_asked() {
            return Err(stopped());
        }
        let slot = tokio::select! {
            biased;
            () = stop.asked() => return Err(stopped()),
            slot = Arc::clone(&self.slots).acquire_owned() => slot,
        };
        let (Ok(slot), false) = (slot, self.closed.load(Ordering::SeqCst)) else {
            return Err(Problem::disconnected("this connection was closed"));
        };
        self.end_orphans().await;
        let idle = locked(&self.idle).pop();
        let reused = idle.is_some();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open(stop).await?,
        };
        locked(&self.busy).push(Arc::clone(&connection.pid));
        Ok(Lease { pool: Arc::clone(self), connection: Some(connection), reused, _slot: slot })
    }

    /// Opens one more connection. A server that cannot be reached any more is a lost connection
    /// to whoever asked: trying again later may well succeed.
    async fn open(&self, stop: &Stop) -> Result<Connection> {
        let mut dialer = self.dialer.lock().await;
        let opened = dialer.dial(stop).await;
        drop(dialer);
        let opened = opened.map_err(|problem| match problem.kind {
            Kind::Failed => Problem { kind: Kind::Disconnected, ..problem },
            _ => problem,
        })?;
        self.set_up(opened).await
    }

    /// Makes a fresh connection like all the others.
    async fn set_up(&self, mut raw: PgConnection) -> Result<Connection> {
        let pid = Arc::new(AtomicI32::new(0));
        if !self.pinned.pooled {
            let found = begin(&mut raw, &self.pinned.setup(false)).await;
            pid.store(found.map_err(|e| setup_failed(&e, &self.wishes))?, Ordering::SeqCst);
        }
        Ok(Connection { raw, pid })
    }

    /// A connection of its own, set up like all others, for work that writes.
    pub(super) async fn fresh(&self, stop: &Stop) -> Result<Connection> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Problem::disconnected("this connection was closed"));
        }
        self.open(stop).await
    }

    /// A connection to cancel with: an idle one, or a new one.
    async fn spare(&self) -> Result<Connection> {
        let idle = locked(&self.idle).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => self.open(&Stop::new()).await,
        }
    }

    /// Asks the server to end what the process is executing (manual, section 9.28.2).
    pub(super) async fn cancel(&self, pid: i32) -> Result<()> {
        if pid == 0 {
            return Ok(());
        }
        let mut last = Problem::disconnected("no connection could be opened to cancel with");
        // An idle connection may have died; the second try then opens a new one.
        for _ in 0..2 {
            let mut spare = self.spare().await?;
            let sql = format!("SELECT pg_catalog.pg_cancel_backend({pid})");
            let asked = timeout(
                Duration::from_secs(2),
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut spare.raw),
            );
            match asked.await {
                Ok(Ok(_)) => {
                    self.keep(spare);
                    return Ok(());
                }
                Ok(Err(error)) => {
                    last = failure::statement(&error, "The statement could not be ended", None);
                }
                Err(_) => last = Problem::disconnected("the server did not answer in time"),
            }
        }
        Err(last)
    }

    /// Ends what dropped work left running. It is tried once: a server that notices the closed
    /// socket ends it by itself.
    async fn end_orphans(&self) {
        let orphans = std::mem::take(&mut *locked(&self.orphans));
        for pid in orphans {
            if self.cancel(pid).await.is_err() {
                break;
            }
        }
    }

    /// Keeps a connection for later, unless there are enough.
    fn keep(&self, connection: Connection) {
        let mut idle = locked(&self.idle);
        if idle.len() <= MOST && !self.closed.load(Ordering::SeqCst) {
            idle.push(connection);
        }
    }

    /// Throws idle connections away: one was found dead, so the others are in doubt.
    pub(super) fn distrust(&self) {
        locked(&self.idle).clear();
    }

    /// Ends everything, in bounded time.
    pub(super) async fn close(&self) {
        if self.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        self.slots.close();
        let ending = async {
            loop {
                let busy: Vec<i32> =
                    locked(&self.busy).iter().map(|pid| pid.load(Ordering::SeqCst)).collect();
                locked(&self.orphans).extend(busy.iter().filter(|pid| **pid != 0));
                self.end_orphans().await;
                if busy.is_empty() {
                    break;
                }
                // A request that came between two statements hit neither, so it is repeated
                // until the work has given its connection back.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let idle = std::mem::take(&mut *locked(&self.idle));
            for connection in idle {
                if connection.raw.close().await.is_err() {
                    break;
                }
            }
        };
        // What does not end politely within this time is dropped with the pool.
        if timeout(Duration::from_secs(2), ending).await.is_err() {
            self.distrust();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("pinned", &self.pinned).finish_non_exhaustive()
    }
}

fn stopped() -> Problem {
    Problem::cancelled("Stopped")
}

/// Sets a session (or a transaction) up and answers with its process id.
async fn begin(raw: &mut PgConnection, sql: &str) -> sqlx::Result<i32> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(raw).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let pid = Fields::new(row).integer(0)?;
    i32::try_from(pid).map_err(|error| sqlx::Error::Decode(error.into()))
}

impl Lease {
    pub(super) fn raw(&mut self) -> sqlx::Result<&mut PgConnection> {
        let open = self.connection.as_mut().map(|connection| &mut connection.raw);
        open.ok_or(sqlx::Error::PoolClosed)
    }

    /// The process at work, which behind a pooler is known only inside a transaction.
    pub(super) fn pid(&self) -> Arc<AtomicI32> {
        self.connection.as_ref().map(|connection| Arc::clone(&connection.pid)).unwrap_or_default()
    }

    /// Begins the work: behind a pooler with a transaction that is set up like a session.
    pub(super) async fn begin(&mut self) -> Answered<()> {
        if self.pool.pinned.pooled {
            let sql = format!("BEGIN READ ONLY; {}", self.pool.pinned.setup(true));
            let pid = begin(self.raw()?, &sql).await?;
            self.pid().store(pid, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Ends the work. After a failure the transaction has nothing worth keeping.
    pub(super) async fn end(&mut self, good: bool) -> Answered<()> {
        if self.pool.pinned.pooled {
            let sql = if good { "COMMIT" } else { "ROLLBACK" };
            sqlx::raw_sql(sql).execute(self.raw()?).await?;
            self.pid().store(0, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Statements without parameters, in one round trip; every field comes as text.
    pub(super) async fn simple(&mut self, sql: String) -> sqlx::Result<Vec<PgRow>> {
        sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(self.raw()?).await
    }

    /// One statement with parameters. All its columns must be text. It is planned for its
    /// parameters each time, so that no generic plan is kept that fits none of them.
    pub(super) async fn query(&mut self, sql: String, binds: &[Bind]) -> sqlx::Result<Vec<PgRow>> {
        let mut arguments = PgArguments::default();
        for bind in binds {
            match bind {
                Bind::Text(text) => arguments.add(text.as_str()),
                Bind::Integer(number) => arguments.add(number.to_string()),
                Bind::Real(number) => arguments.add(number.to_string()),
                Bind::Blob(bytes) => arguments.add(bytes.as_slice()),
                Bind::Null => arguments.add(None::<&str>),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(false);
        query.fetch_all(self.raw()?).await
    }

    /// Sets how many parallel workers a statement may have, behind a pooler for this transaction
    /// only; returns what it was.
    pub(super) async fn limit_workers(&mut self, most: &str) -> Answered<String> {
        let local = self.pool.pinned.pooled;
        let most = Dialect::Postgres.literal(most);
        let name = "'max_parallel_workers_per_gather'";
        // The old value is read below a fence, so that it is read before the new one is set.
        let sql = format!(
            "SELECT old, pg_catalog.set_config({name}, {most}, {local}) \
             FROM (SELECT pg_catalog.current_setting({name}) AS old OFFSET 0) AS before"
        );
        let rows = self.simple(sql).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Fields::new(row).text(0)?)
    }

    /// Gives the connection back for other work.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.forget(&connection.pid);
            self.pool.keep(connection);
        }
    }

    /// Throws the connection away; what it executes was cancelled, or is left to the server.
    pub(super) fn throw_away(mut self) {
        if let Some(connection) = self.connection.take() {
            self.forget(&connection.pid);
        }
    }

    fn forget(&self, pid: &Arc<AtomicI32>) {
        locked(&self.pool.busy).retain(|busy| !Arc::ptr_eq(busy, pid));
    }

    /// Makes sure that a cancellation still under way hits nothing but this.
    pub(super) async fn rinse(&mut self) -> bool {
        let Ok(raw) = self.raw() else {
            return false;
        };
        let rinsed = timeout(Duration::from_secs(1), sqlx::raw_sql("SELECT 1").execute(raw)).await;
        match rinsed {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => failure::state(&error) == Some("57014"),
            Err(_) => false,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.forget(&connection.pid);
            let pid = connection.pid.load(Ordering::SeqCst);
            // Behind a pooler the process may already serve somebody else.
            if pid != 0 && !self.pool.pinned.pooled {
                locked(&self.pool.orphans).push(pid);
            }
        }
    }
}
