//! The lock that two migrators of one database cannot both hold.
//!
//! On PostgreSQL it is an advisory lock under the key the format's own tool uses, so that the tool
//! and this program exclude each other too. It is asked for again and again, never waited for in
//! the server: whoever waits there has a snapshot, and CREATE INDEX CONCURRENTLY would wait for
//! that. It has a session of its own, so that nothing a migration sets or unlocks touches it; the
//! same session looks who is in the way. On SQLite each migration's own transaction is the lock.

use std::time::{Duration, Instant};

use super::Format;
use crate::config::Target;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};

/// How long between two tries to get the lock.
const PAUSE: Duration = Duration::from_millis(100);

/// How often somebody who waits is told for whom.
const TOLD: Duration = Duration::from_secs(1);

/// How long the server's word that the lock is held is good, as long as its session is the same.
const GOOD: Duration = Duration::from_secs(1);

/// The key where the format's own tool takes no lock: the bytes of `dbstudio`.
const OURS: i64 = i64::from_be_bytes(*b"dbstudio");

/// The key Prisma uses (its schema engine, `72707369`).
const PRISMA: i64 = 72_707_369;

/// What sqlx multiplies the checksum of the database's name with.
const SQLX: i64 = 0x3d32_ad9e;

/// What golang-migrate multiplies it with (its `advisoryLockIDSalt`).
const GOLANG: u32 = 1_486_364_155;

/// Somebody whose lock is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The server's process.
    pub pid: i32,
    /// Role, program and address, as far as the server tells.
    pub who: String,
    /// What it runs or ran last.
    pub query: String,
    /// For how long its transaction, or else its session, has been open.
    pub since: Option<Duration>,
}

impl Holder {
    /// It in words: `process 4711 (postgres, psql, 10.0.0.7), since 12 s: SELECT …`.
    pub fn words(&self) -> String {
        let since = self.since.map(|since| format!(", since {} s", since.as_secs()));
        let mut query: String = self.query.split_whitespace().collect::<Vec<_>>().join(" ");
        if query.chars().count() > 100 {
            query = query.chars().take(99).chain(['…']).collect();
        }
        let query = if query.is_empty() { query } else { format!(": {query}") };
        format!("process {} ({}){}{query}", self.pid, self.who, since.unwrap_or_default())
    }
}

/// The lock while it is held.
#[derive(Debug)]
pub struct Lock {
    /// The session that holds it; none on SQLite.
    session: Option<Connection>,
    key: i64,
    /// When the server was last known to hold it for us.
    known: Instant,
}

impl Lock {
    /// Takes the lock of a format, waiting for it up to a limit. `waiting` is told now and then for
    /// whom.
    ///
    /// # Errors
    /// Somebody else holds it for longer than that; a transaction pooler is in front, where no
    /// lock of a session holds; the server cannot be reached.
    pub async fn take(
        target: &Target,
        format: Format,
        limit: Duration,
        stop: &Stop,
        waiting: &mut (dyn FnMut(Vec<Holder>) + Send),
    ) -> Result<Self> {
        if !matches!(target.address, crate::config::Address::Postgres(_)) {
            return Ok(Self { session: None, key: OURS, known: Instant::now() });
        }
        let mut session = Connection::open_reading(target, stop).await?;
        if session.is_pooled() {
            session.close().await;
            return Err(pooled());
        }
        let schema = match session.rows("SELECT current_schema()").await {
            Ok(rows) => rows.into_iter().flatten().flatten().next().unwrap_or_default(),
            Err(problem) => {
                session.close().await;
                return Err(problem);
            }
        };
        let key = key(format, &schema, session.database());
        match insist(&mut session, key, limit, stop, waiting).await {
            Ok(()) => Ok(Self { session: Some(session), key, known: Instant::now() }),
            Err(problem) => {
                session.close().await;
                Err(problem)
            }
        }
    }

    /// Makes sure that it is still held. A session's lock goes with the session, so between two
    /// looks at the server's locks it is enough that this is still the same one; that question
    /// costs a third.
    ///
    /// # Errors
    /// Its session was ended, and somebody else may hold it by now.
    pub async fn check(&mut self) -> Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let held = format!("SELECT count(*) FROM pg_catalog.pg_locks WHERE {}", is_it(self.key));
        let held = format!("{held} AND pid = pg_catalog.pg_backend_pid()");
        let pid = session.pid().map(|pid| pid.to_string());
        let asked = Instant::now();
        let same = pid.filter(|_| self.known.elapsed() < GOOD);
        let (question, wanted) = match &same {
            Some(pid) => ("SELECT pg_catalog.pg_backend_pid()", pid.as_str()),
            None => (held.as_str(), "1"),
        };
        let answer = session.rows(question).await.map_err(|problem| lost(&problem.why))?;
        if answer.into_iter().flatten().flatten().next().as_deref() != Some(wanted) {
            return Err(lost(""));
        }
        if same.is_none() {
            self.known = asked;
        }
        Ok(())
    }

    /// Whose locks a process of the server waits for; nobody where that cannot be found out.
    pub async fn blockers(&mut self, pid: i32) -> Vec<Holder> {
        let Some(session) = &mut self.session else { return Vec::new() };
        let which = format!("a.pid = ANY (pg_catalog.pg_blocking_pids({pid}))");
        holders(session, &which).await
    }

    /// Whether a process of the server is still at work for a session that was lost.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn is_alive(&mut self, pid: i32) -> Result<bool> {
        let Some(session) = &mut self.session else { return Ok(false) };
        let sql = format!("SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = {pid}");
        Ok(!session.rows(&sql).await?.is_empty())
    }

    /// Gives the lock back. A session that cannot say so has lost it already.
    pub async fn release(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

async fn insist(
    session: &mut Connection,
    key: i64,
    limit: Duration,
    stop: &Stop,
    waiting: &mut (dyn FnMut(Vec<Holder>) + Send),
) -> Result<()> {
    // A session that holds the lock is idle for as long as a migration takes.
    let idle = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
                WHERE name = 'idle_session_timeout'";
    session.rows(idle).await?;
    let ask = format!("SELECT pg_catalog.pg_try_advisory_lock({key})");
    let (until, mut told) = (Instant::now() + limit, None::<Instant>);
    loop {
        if stop.is_asked() {
            return Err(Problem::cancelled(
                "Stopped while waiting for the lock; nothing was changed",
            ));
        }
        let got = session.rows(&ask).await?.into_iter().flatten().flatten().next();
        if got.as_deref() == Some("t") {
            return Ok(());
        }
        let is_over = Instant::now() >= until;
        if is_over || told.is_none_or(|told| told.elapsed() >= TOLD) {
            let which = format!(
                "a.pid IN (SELECT pid FROM pg_catalog.pg_locks WHERE {} AND granted)",
                is_it(key)
            );
            let holders = holders(session, &which).await;
            if is_over {
                return Err(held(&holders, limit));
            }
            waiting(holders);
            told = Some(Instant::now());
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.asked() => {}
        }
    }
}

/// What is said where the lock is not held any more; with the server's words, if it has any.
fn lost(words: &str) -> Problem {
    let words = if words.is_empty() { String::new() } else { format!(" ({words})") };
    Problem::failed(
        "The lock against other migrators was lost",
        format!("the session that held it was ended{words}, so another migrator may be running"),
        "run the command again",
    )
}

/// The rows of `pg_locks` that are the lock with this key (manual, section 54.12).
fn is_it(key: i64) -> String {
    let (high, low) = ((key >> 32) & 0xffff_ffff, key & 0xffff_ffff);
    format!(
        "locktype = 'advisory' AND objsubid = 1 AND classid = {high}::oid AND objid = {low}::oid \
         AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    )
}

async fn holders(session: &mut Connection, which: &str) -> Vec<Holder> {
    let sql = format!(
        "SELECT a.pid, concat_ws(', ', a.usename, nullif(a.application_name, ''), host(a.client_addr)),
                a.query,
                extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))::bigint
         FROM pg_catalog.pg_stat_activity a WHERE {which} ORDER BY a.pid"
    );
    // Who it is matters less than what is being done: a question that fails tells nothing.
    let rows = session.query(&sql, &Stop::new()).await.unwrap_or_default();
    let holder = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter();
        let mut cell = || cells.next().flatten();
        Some(Holder {
            pid: cell()?.parse().ok()?,
            who: cell().unwrap_or_default(),
            query: cell().unwrap_or_default(),
            since: cell().and_then(|since| since.parse().ok()).map(Duration::from_secs),
        })
    };
    rows.into_iter().filter_map(holder).collect()
}

fn held(holders: &[Holder], limit: Duration) -> Problem {
    let by: Vec<String> = holders.iter().map(Holder::words).collect();
    let by = if by.is_empty() { "somebody".to_owned() } else { by.join("; ") };
    Problem::failed(
        "Somebody else is migrating this database; nothing was changed",
        format!("{by} has held the lock for longer than {} s", limit.as_secs()),
        "run it again when the other migrator is done; if that session is dead, end it with \
         SELECT pg_terminate_backend(PID)",
    )
}

fn pooled() -> Problem {
    Problem::new(
        Kind::Refused,
        "Migrations are not run through a transaction pooler",
        "behind it no session is ours, so the lock that keeps two migrators apart does not hold",
        "use the server's own address; if there is no pooler, say transaction_pooler = false in \
         the environment",
    )
}

/// The key of the lock.
fn key(format: Format, schema: &str, database: &str) -> i64 {
    match format {
        Format::Native | Format::Plain => SQLX.wrapping_mul(i64::from(crc32(database.as_bytes()))),
        Format::Golang => {
            let name = format!("{schema}\0schema_migrations\0{database}");
            i64::from(crc32(name.as_bytes()).wrapping_mul(GOLANG))
        }
        Format::Prisma => PRISMA,
        Format::Drizzle | Format::DrizzleFolders | Format::Dbmate | Format::Refinery => OURS,
    }
}

/// The checksum of IEEE 802.3, section 3.2.9, as zip and both tools use it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_tools() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(key(Format::Native, "public", "123456789"), 0x3d32_ad9e * 0xcbf4_3926);
        assert_eq!(key(Format::Prisma, "public", "any"), 72_707_369);
        assert!(u32::try_from(key(Format::Golang, "public", "shop")).is_ok());
    }
}
