//! One connection of our own that may write: for changing a schema, never for browsing.
//!
//! It is not one of the pool's, so that what a script sets on it touches nobody else. Every
//! setting that changes how the server reads or prints SQL is pinned, so that two sessions of it
//! read the same model from the same schema. A statement that is stopped ends on the server.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Either, Row as _};
use tokio::time::timeout;

use super::cancel::{self, Ending};
use super::connect::{DIRECT, Dialer, settings};
use super::fields::{self, Fields};
use super::{failure, model};
use crate::config::{PostgresAddress, Target};
use crate::db::connection::Access;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::schema::model::{Model, Scope};
use crate::sql::Dialect;

/// The oldest server whose catalogue is understood.
const OLDEST: i64 = 130_000;

/// How often a schema that changes while it is read is read at the most.
const READINGS: u32 = 3;

/// How long the server may take to answer a statement that ends or resets something.
const SOON: Duration = Duration::from_secs(10);

/// How long a server may go on committing after somebody asked to stop.
const COMMITTING: Duration = Duration::from_secs(20);

/// What a database is, as far as making another like it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::db) struct Facts {
    /// `server_version_num`.
    pub(in crate::db) version: i64,
    /// The database's name.
    pub(in crate::db) database: String,
    /// The role that logged in.
    pub(in crate::db) user: String,
    /// The database's encoding.
    pub(super) encoding: String,
    /// `LC_COLLATE`.
    pub(super) collate: String,
    /// `LC_CTYPE`.
    pub(super) ctype: String,
    /// `c`, `i` or `b`: libc, ICU or builtin; `None` before PostgreSQL 15.
    pub(super) provider: Option<String>,
    /// The locale of ICU or of the builtin provider.
    pub(super) locale: Option<String>,
    /// ICU's own rules.
    pub(super) rules: Option<String>,
    /// The server's process of this session; 0 behind a pooler, where it is another's each time.
    pid: i32,
}

/// A connection that may write.
pub struct Writer {
    raw: PgConnection,
    dialer: Dialer,
    facts: Facts,
    /// The statement that sets the session up.
    setup: String,
    /// Whether a transaction pooler is in front, as far as is known.
    pooled: bool,
    /// Whether nothing has run since the session was put back to what it was.
    fresh: bool,
    /// Whether the next transaction was begun with the end of the last.
    ahead: bool,
}

/// Puts a session back to what it was before anything ran. Statements the library has prepared
/// stay: it would not know that they are gone. The first statement's answer has a column by whose
/// name it is known: where it comes behind COMMIT in one message, that was done.
const RESET: &str = "SELECT pg_catalog.pg_advisory_unlock_all() AS dbstudio_reset; CLOSE ALL; \
    SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; DISCARD PLANS; DISCARD SEQUENCES; \
    DISCARD TEMP";

/// The name of that column.
const RESETTING: &str = "dbstudio_reset";

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Writer {
    /// Opens a connection and sets it up.
    ///
    /// # Errors
    /// Every way connecting can fail, told apart; cancelled when stopped.
    pub(in crate::db) async fn open(
        address: &PostgresAddress,
        target: &Target,
        access: Access,
        stop: &Stop,
    ) -> Result<Self> {
        let mut dialer = Dialer::new(address, target);
        let mut raw = dialer.dial(stop).await?;
        let meeting = meet(&mut raw, dialer.sends_options());
        let met = tokio::select! {
            biased;
            () = stop.asked() => return Err(Problem::cancelled("Connecting was stopped")),
            met = timeout(SOON, meeting) => met,
        };
        let failed = |error: &sqlx::Error| {
            failure::statement(error, "The session could not be set up", None)
        };
        let (mut facts, direct) = met
            .map_err(|_| failure::timeout(address, Some(SOON)))?
            .map_err(|error| failed(&error))?;
        if facts.version < OLDEST {
            return Err(failure::too_old(&(facts.version / 10_000).to_string()));
        }
        let pooled = target.session.transaction_pooler.unwrap_or(!direct);
        if pooled {
            facts.pid = 0;
        }
        let setup = setup(address, target, access, &dialer);
        let mut writer = Self { raw, dialer, facts, setup, pooled, fresh: false, ahead: false };
        writer.set_up().await.map_err(|error| failed(&error))?;
        Ok(writer)
    }

    /// What was found when it was opened.
    pub(in crate::db) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Runs one statement or several, with the simple protocol.
    pub(in crate::db) async fn run(
        &mut self,
        sql: &str,
        stop: &Stop,
    ) -> std::result::Result<(), Fault> {
        refuse_stopped(stop)?;
        self.fresh = false;
        let (dialer, pid) = (&self.dialer, self.facts.pid);
        let work = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.raw);
        let ending = cancel::drive(stop, || ask(dialer.clone(), pid), work).await;
        self.settle(ending).await.map(drop)
    }

    /// Runs one query; every value comes as the server prints it.
    pub(in crate::db) async fn query(
        &mut self,
        sql: &str,
        stop: &Stop,
    ) -> std::result::Result<Vec<Vec<Option<String>>>, Fault> {
        refuse_stopped(stop)?;
        let (dialer, pid) = (&self.dialer, self.facts.pid);
        let work = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.raw);
        let ending = cancel::drive(stop, || ask(dialer.clone(), pid), work).await;
        let rows = self.settle(ending).await?;
        let rows: sqlx::Result<_> = rows.iter().map(texts).collect();
        rows.map_err(|error| failure::fault(&error))
    }

    /// Reads the schema. Where somebody drops something just then it is read again.
    pub(in crate::db) async fn model(
        &mut self,
        scope: &Scope,
        stop: &Stop,
    ) -> std::result::Result<Model, Fault> {
        for _ in 1..READINGS {
            match self.model_once(scope, stop).await {
                Err(fault) if is_gone_meanwhile(&fault) => {}
                read => return read,
            }
        }
        self.model_once(scope, stop).await
    }

    async fn model_once(
        &mut self,
        scope: &Scope,
        stop: &Stop,
    ) -> std::result::Result<Model, Fault> {
        refuse_stopped(stop)?;
        let (dialer, pid) = (&self.dialer, self.facts.pid);
        let work = model::read(&mut self.raw, scope, self.facts.version);
        let ending = cancel::drive(stop, || ask(dialer.clone(), pid), work).await;
        self.settle(ending).await
    }

    /// Puts the session back to what it was when it was opened, unless it is.
    pub(in crate::db) async fn reset(&mut self) -> std::result::Result<(), Fault> {
        if self.fresh {
            return Ok(());
        }
        self.end(&format!("{RESET}; {}", self.setup)).await?;
        self.fresh = true;
        Ok(())
    }

    /// A short statement of ours that runs whether or not anybody asked to stop.
    pub(super) async fn end(&mut self, sql: &str) -> std::result::Result<(), Fault> {
        let sql = AssertSqlSafe(sql.to_owned());
        match timeout(SOON, sqlx::raw_sql(sql).execute(&mut self.raw)).await {
            Ok(ran) => ran.map(drop).map_err(|error| failure::fault(&error)),
            Err(_) => Err(Fault::lost("the server did not answer in time")),
        }
    }

    /// Begins a transaction whose statements wait only so long for a lock; 0 is for ever.
    pub(in crate::db) async fn begin(
        &mut self,
        limit: Duration,
        stop: &Stop,
    ) -> std::result::Result<(), Fault> {
        if std::mem::take(&mut self.ahead) {
            let refused = refuse_stopped(stop);
            if refused.is_err() {
                self.rollback().await;
            }
            return refused;
        }
        self.run(&beginning(limit), stop).await
    }

    /// Commits. Once it is sent, only the server knows what became of it: a stop gives it a
    /// little more time, and then says that nobody knows.
    pub(in crate::db) async fn commit(&mut self, stop: &Stop) -> std::result::Result<(), Fault> {
        self.answered("COMMIT", stop).await.map(drop)
    }

    /// Runs the last statements of a transaction, commits, and puts the session back to what it
    /// was when it was opened, with one question; `ahead` has the next transaction begun with it too, as
    /// [`Writer::begin`] would with this limit. Where it fails everything is rolled back.
    pub(in crate::db) async fn commit_and_reset(
        &mut self,
        last: &str,
        ahead: Option<Duration>,
        stop: &Stop,
    ) -> std::result::Result<(), Fault> {
        let last = if last.is_empty() { String::new() } else { format!("{last};\n") };
        // The reset is a transaction of its own, or it would be undone with the next.
        let sql = match ahead.map(beginning) {
            None => format!("{last}COMMIT; {RESET}; {}", self.setup),
            Some(next) => format!("{last}COMMIT; BEGIN; {RESET}; {}; COMMIT; {next}", self.setup),
        };
        let ended = match refuse_stopped(stop) {
            Ok(()) => self.answered(&sql, stop).await,
            Err(fault) => Err(fault),
        };
        match ended {
            Ok(is_fresh) => {
                (self.fresh, self.ahead) = (is_fresh, is_fresh && ahead.is_some());
                if !is_fresh && ahead.is_some() {
                    self.rollback().await;
                }
                Ok(())
            }
            Err(fault) => {
                if !fault.lost {
                    self.rollback().await;
                }
                Err(fault)
            }
        }
    }

    /// Sends statements that commit; answers whether all of them ran. What fails once it is
    /// committed, as the first answer of [`RESET`] shows, changes nothing about that.
    async fn answered(&mut self, sql: &str, stop: &Stop) -> std::result::Result<bool, Fault> {
        let given_up = async {
            stop.asked().await;
            tokio::time::sleep(COMMITTING).await;
        };
        let mut committed = false;
        let work = async {
            let sql = AssertSqlSafe(sql.to_owned());
            let mut answers = sqlx::raw_sql(sql).fetch_many(&mut self.raw);
            while let Some(answer) = answers.try_next().await? {
                committed |= is_resetting(&answer);
            }
            Ok::<(), sqlx::Error>(())
        };
        let ended = tokio::select! {
            biased;
            done = work => done.map_err(|error| failure::fault(&error)),
            () = given_up => Err(Fault::lost("the server did not answer in time")),
        };
        match ended {
            Err(fault) if !committed => Err(fault),
            ended => Ok(ended.is_ok()),
        }
    }

    /// Rolls back; where the connection is gone the server does so by itself.
    pub(in crate::db) async fn rollback(&mut self) {
        drop(self.end("ROLLBACK").await);
    }

    /// The server's process of this session; 0 behind a transaction pooler.
    pub(in crate::db) fn pid(&self) -> i32 {
        self.facts.pid
    }

    /// Whether a transaction pooler is in front, as far as is known.
    pub(in crate::db) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Closes the connection. What it left open on the server ends with it.
    pub(in crate::db) async fn close(self) {
        // Its transactions are over by now: a failure to say goodbye loses nothing.
        drop(timeout(Duration::from_secs(2), self.raw.close()).await);
    }

    /// Finds out which process serves the transaction that has just begun.
    pub(super) async fn learn_pid(&mut self) -> std::result::Result<(), Fault> {
        if self.pooled {
            let rows = self.query("SELECT pg_catalog.pg_backend_pid()", &Stop::new()).await?;
            let pid = rows.into_iter().flatten().flatten().next();
            self.facts.pid = pid.and_then(|pid| pid.parse().ok()).unwrap_or(0);
        }
        Ok(())
    }

    /// Forgets the process once its transaction is over: it may serve somebody else now.
    pub(super) fn forget_pid(&mut self) {
        if self.pooled {
            self.facts.pid = 0;
        }
    }

    /// The connection itself, for what is neither a statement nor a query.
    pub(super) fn raw(&mut self) -> &mut PgConnection {
        &mut self.raw
    }

    /// What it takes to have the server end what this session executes.
    pub(super) fn canceller(&self) -> (Dialer, i32) {
        (self.dialer.clone(), self.facts.pid)
    }

    async fn set_up(&mut self) -> sqlx::Result<()> {
        let setup = AssertSqlSafe(self.setup.clone());
        match timeout(SOON, sqlx::raw_sql(setup).execute(&mut self.raw)).await {
            Ok(ran) => ran.map(drop),
            Err(_) => Err(sqlx::Error::Protocol("the server did not answer in time".to_owned())),
        }
    }

    /// What came of driven work; a connection whose work was stopped is used again only once
    /// nothing can hit it any more.
    pub(super) async fn settle<T>(
        &mut self,
        ending: Ending<sqlx::Result<T>>,
    ) -> std::result::Result<T, Fault> {
        match ending {
            Ending::ByItself(done) => done.map_err(|error| failure::fault(&error)),
            Ending::Stopped(done) => {
                let lost = done.as_ref().is_err_and(failure::is_lost);
                // A request still under way hits nothing but this.
                let lost = lost || self.end("SELECT 1").await.is_err_and(|fault| fault.lost);
                Err(Fault { lost, ..Fault::stopped() })
            }
            Ending::Never => Err(Fault { lost: true, ..Fault::stopped() }),
        }
    }
}

fn refuse_stopped(stop: &Stop) -> std::result::Result<(), Fault> {
    if stop.is_asked() { Err(Fault::stopped()) } else { Ok(()) }
}

/// What begins a transaction whose statements wait only so long for a lock; 0 is for ever.
fn beginning(limit: Duration) -> String {
    format!("BEGIN; SET LOCAL lock_timeout = {}", limit.as_millis())
}

/// Whether this is the answer of the first statement of [`RESET`].
fn is_resetting<T>(answer: &Either<T, PgRow>) -> bool {
    let Either::Right(row) = answer else { return false };
    row.columns().first().is_some_and(|column| column.name() == RESETTING)
}

/// The values of a row as the server prints them.
fn texts(row: &PgRow) -> sqlx::Result<Vec<Option<String>>> {
    let text = |at| {
        let bytes = fields::bytes(row, at)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    };
    (0..row.len()).map(text).collect()
}

/// Asks the server to end what a process executes (manual, section 9.28.2).
pub(super) async fn ask(mut dialer: Dialer, pid: i32) -> Result<()> {
    if pid == 0 {
        return Ok(());
    }
    let mut connection = dialer.dial(&Stop::new()).await?;
    let sql = format!("SELECT pg_catalog.pg_cancel_backend({pid})");
    let asking = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection);
    let asked = timeout(Duration::from_secs(2), asking).await;
    drop(timeout(Duration::from_secs(1), connection.close()).await);
    match asked {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(failure::statement(&error, "The statement could not be ended", None)),
        Err(_) => Err(Problem::disconnected("the server did not answer in time")),
    }
}

/// Whether the server looked for something that was dropped since the catalogue named it: its
/// functions that print definitions see the catalogue as it is by then (manual, section 9.26
/// "System Information Functions and Operators"). These messages are never translated.
fn is_gone_meanwhile(fault: &Fault) -> bool {
    let words = ["could not open relation with OID", "cache lookup failed for"];
    fault.code.as_deref() == Some("XX000")
        && words.iter().any(|words| fault.message.starts_with(words))
}

/// Asks a new session who it is, and whether the startup options reached it.
async fn meet(raw: &mut PgConnection, sent_options: bool) -> sqlx::Result<(Facts, bool)> {
    let sql = format!(
        "SELECT current_setting('server_version_num'), d.datname, session_user,
                pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
                f ->> 'datlocprovider', coalesce(f ->> 'datlocale', f ->> 'daticulocale'),
                f ->> 'daticurules', pg_backend_pid(),
                coalesce(current_setting('{DIRECT}', true), '') = 'on'
         FROM pg_catalog.pg_database d, pg_catalog.to_jsonb(d) f
         WHERE d.datname = current_database()"
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(raw).await?;
    let fields = Fields::new(rows.first().ok_or(sqlx::Error::RowNotFound)?);
    let pid = i32::try_from(fields.integer(9)?);
    let facts = Facts {
        version: fields.integer(0)?,
        database: fields.text(1)?,
        user: fields.text(2)?,
        encoding: fields.text(3)?,
        collate: fields.text(4)?,
        ctype: fields.text(5)?,
        provider: fields.optional(6)?,
        locale: fields.optional(7)?,
        rules: fields.optional(8)?,
        pid: pid.map_err(|error| sqlx::Error::Decode(error.into()))?,
    };
    Ok((facts, sent_options && fields.flag(10)?))
}

/// The statement that sets a session up (manual, chapter 20, for each setting).
fn setup(address: &PostgresAddress, target: &Target, access: Access, dialer: &Dialer) -> String {
    let zone = target.session.time_zone.as_deref().unwrap_or("UTC");
    let limit = target.session.statement_timeout.filter(|_| access == Access::Writes);
    let limit = limit.map_or(0, |limit| limit.as_millis().max(1)).to_string();
    let read_only = if access == Access::Reads { "on" } else { "off" };
    let synchronous =
        if access == Access::Scratch { Some(("synchronous_commit", "off")) } else { None };
    let pinned = [
        ("TimeZone", zone),
        ("DateStyle", "ISO, MDY"),
        ("IntervalStyle", "postgres"),
        ("extra_float_digits", "1"),
        ("bytea_output", "hex"),
        ("standard_conforming_strings", "on"),
        ("client_min_messages", "warning"),
        ("quote_all_identifiers", "off"),
        ("check_function_bodies", "on"),
        ("default_transaction_read_only", read_only),
        ("statement_timeout", &limit),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("jit", "off"),
    ];
    let given = settings(address.options.as_deref());
    // The startup packet has carried these, unless a pooler refused it.
    let given = given.iter().filter(|_| !dialer.sends_options());
    let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
    let quoted = |text| Dialect::Postgres.literal(text);
    let all = given.chain(pinned).chain(synchronous);
    let calls: Vec<String> = all
        .map(|(name, value)| {
            format!("pg_catalog.set_config({}, {}, false)", quoted(name), quoted(value))
        })
        .collect();
    format!("SELECT {}", calls.join(", "))
}
