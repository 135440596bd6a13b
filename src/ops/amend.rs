//! Changing what a database remembers of its migrations, and nothing else: `baseline` writes down
//! that migrations are applied which somebody ran otherwise, `repair` corrects one. No migration
//! runs. What is written is shown first, and is what runs; nothing here asks anybody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::change::Setting;
use super::chronicle::Chronicle;
use super::migrate::Account;
use super::standing::{self, Standing};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::db::transaction::Refusal;
use crate::migrations::ledger::{Found, Ledger, Operation};
use crate::migrations::{Entry, Format, Holder, Lock, Migration, State};
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// How long somebody else's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long between two tries to get the lock on a SQLite file.
const PAUSE: Duration = Duration::from_millis(20);

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// That those that wait are applied, up to the one a person names.
    Baseline(Option<String>),
    /// That one is applied.
    Applied(String),
    /// That one is not applied.
    NotApplied(String),
    /// That what the file of one is now is what was applied.
    Accepted(String),
    /// In a history of our own, what another tool's says.
    Adopted,
}

impl Wanted {
    /// What it is called in the ledger.
    fn word(&self) -> &'static str {
        match self {
            Self::Baseline(_) => "baseline",
            Self::Applied(_) | Self::NotApplied(_) | Self::Accepted(_) => "repair",
            Self::Adopted => "adopt",
        }
    }
}

/// A migration of which something else is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// What identifies it.
    pub key: String,
    /// Number and name.
    pub name: String,
    /// How it stands.
    pub was: State,
    /// What is written down of it, in words.
    pub becomes: &'static str,
}

/// What is going to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Amendment {
    /// What it is for.
    pub wanted: Wanted,
    /// The migrations it is about, in their order.
    pub corrections: Vec<Correction>,
    /// The statements, all of which run in one transaction.
    pub statements: Vec<String>,
    /// What to know before, in sentences.
    pub notes: Vec<String>,
    /// The database's name as the server reports it.
    pub database: String,
    /// The form of the migrations.
    pub format: Format,
    /// Why and by whom.
    pub cause: Cause,
    /// How every migration stood when this was made.
    pub(super) fingerprint: Vec<(String, State)>,
}

/// Why and by whom it is done, for the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The account of the operating system and the machine: `ada@laptop`.
    pub origin: String,
    /// The person's reason.
    pub reason: Option<String>,
}

/// Looks what would be written. Only reads.
///
/// # Errors
/// There is no such migration, it does not stand so that this could be written of it, or its
/// format cannot hold it.
pub async fn plan(
    setting: &Setting,
    wanted: Wanted,
    cause: &Cause,
    stop: &Stop,
) -> Result<Amendment> {
    let mut connection = Connection::open_reading(&setting.target, stop).await?;
    let looked = look(setting, &mut connection, stop).await;
    let database = connection.database().to_owned();
    connection.close().await;
    let (standing, ledger) = looked?;
    amendment(&standing, ledger.as_ref(), wanted, cause, database, now())
}

/// Writes it down, under the lock that keeps migrators apart, if the migrations still stand as
/// they did. `waiting` is told for whom it waits.
///
/// # Errors
/// They stand otherwise now; somebody else holds the lock; the database says no. Nothing is
/// written then.
pub async fn carry_out(
    setting: &Setting,
    amendment: &Amendment,
    stop: &Stop,
    waiting: &mut (dyn FnMut(Vec<Holder>) + Send),
) -> Result<()> {
    if setting.target.read_only {
        return Err(Problem::new(
            Kind::Refused,
            "Nothing is written in this database",
            "it is opened for reading only",
            "take --read-only, or read_only of the environment, away",
        ));
    }
    let mut lock = Lock::take(&setting.target, amendment.format, PATIENCE, stop, waiting).await?;
    let (what, subject, account) = amendment.in_words();
    let begun = Chronicle::of(&setting.state, &setting.target).begin(what, &subject, &account);
    let outcome = locked(setting, amendment, &mut lock, stop).await;
    lock.release().await;
    // Where there is a ledger it is among the statements; that this machine's log could not be
    // written is no reason to say that the work failed.
    begun.ended(&outcome, outcome.is_ok());
    outcome
}

impl Amendment {
    /// What it does, to which migrations, and by whom, as it is written down.
    fn in_words(&self) -> (&'static str, String, Account) {
        let names: Vec<&str> = self.corrections.iter().map(|one| one.name.as_str()).collect();
        let subject = match names.as_slice() {
            [] => self.database.clone(),
            [one] => (*one).to_owned(),
            [first, .., last] => format!("{first} to {last}"),
        };
        let account = Account {
            origin: self.cause.origin.clone(),
            detail: json!({ "reason": self.cause.reason, "migrations": names }),
        };
        (self.wanted.word(), subject, account)
    }
}

async fn locked(
    setting: &Setting,
    amendment: &Amendment,
    lock: &mut Lock,
    stop: &Stop,
) -> Result<()> {
    let mut connection = Connection::open(&setting.target, stop).await?;
    let outcome = written(setting, amendment, &mut connection, lock, stop).await;
    connection.close().await;
    outcome
}

async fn written(
    setting: &Setting,
    amendment: &Amendment,
    connection: &mut Connection,
    lock: &mut Lock,
    stop: &Stop,
) -> Result<()> {
    begin(connection, stop).await?;
    let outcome = async {
        let (standing, _) = look(setting, connection, stop).await?;
        if fingerprint(&standing) != amendment.fingerprint {
            return Err(moved());
        }
        lock.check().await?;
        for sql in &amendment.statements {
            connection.run(sql, stop).await.map_err(|fault| told(Refusal::Fault(fault)))?;
        }
        Ok(())
    }
    .await;
    match outcome {
        Ok(()) => connection.commit(&[], stop).await.map(drop).map_err(told),
        Err(problem) => {
            connection.rollback().await;
            Err(problem)
        }
    }
}

/// Begins the transaction; on SQLite it waits for whoever has the file locked.
async fn begin(connection: &mut Connection, stop: &Stop) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match connection.begin(&[], PATIENCE, stop).await {
            Err(Refusal::Busy) if Instant::now() < until && !stop.is_asked() => {}
            begun => return begun.map_err(told),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.asked() => {}
        }
    }
}

/// How the migrations stand, and whether there is a ledger; none where it is turned off.
pub(super) async fn look(
    setting: &Setting,
    connection: &mut Connection,
    stop: &Stop,
) -> Result<(Standing, Option<Found>)> {
    let ledger = match setting.target.session.ledger {
        true => Some(Ledger::new(connection.dialect()).find(connection).await?),
        false => None,
    };
    let standing = standing::read(&setting.project, connection, &[], stop).await?;
    standing.readable()?;
    Ok((standing, ledger))
}

pub(super) fn fingerprint(standing: &Standing) -> Vec<(String, State)> {
    standing.entries.iter().map(|entry| (entry.key.clone(), entry.state.clone())).collect()
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What is to be written, from how things stand. Pure.
fn amendment(
    standing: &Standing,
    ledger: Option<&Found>,
    wanted: Wanted,
    cause: &Cause,
    database: String,
    now: Duration,
) -> Result<Amendment> {
    let chosen = match &wanted {
        Wanted::Baseline(to) => waiting_up_to(standing, to.as_deref())?,
        Wanted::Applied(text) | Wanted::NotApplied(text) | Wanted::Accepted(text) => {
            vec![found(standing, text)?]
        }
        Wanted::Adopted => Vec::new(),
    };
    let (mut statements, mut corrections) = (standing.book.prepare(), Vec::new());
    for entry in &chosen {
        let (sql, becomes) = entry_sql(standing, entry, &wanted, now)?;
        statements.extend(sql);
        corrections.push(Correction {
            key: entry.key.clone(),
            name: entry.name.clone(),
            was: entry.state.clone(),
            becomes,
        });
    }
    let mut notes = Vec::new();
    match (ledger, &wanted) {
        (None, _) => {
            notes.push("the ledger is turned off: who did this and why is not kept".to_owned())
        }
        (Some(Found::Barred(why)), Wanted::Baseline(_)) => {
            notes.push(format!("there is no ledger here ({why}): who did this is not kept"));
        }
        (Some(Found::Barred(why)), _) => return Err(unkept(why)),
        (Some(ledger), _) => {
            let dialect = standing.book.dialect;
            statements.extend(ledger_sql(dialect, ledger, &chosen, &wanted, cause));
        }
    }
    if standing.history.is_none() {
        notes.push(format!(
            "the table {} is made, in which {} remembers what is applied",
            standing.book.table.shown(),
            standing.format.tool()
        ));
    }
    if corrections.is_empty() {
        statements.clear();
    }
    let (format, fingerprint) = (standing.format, fingerprint(standing));
    let cause = cause.clone();
    Ok(Amendment { wanted, corrections, statements, notes, database, format, cause, fingerprint })
}

/// Those that wait, up to the one that is named.
fn waiting_up_to<'a>(standing: &'a Standing, to: Option<&str>) -> Result<Vec<&'a Entry>> {
    let last = to.map(|text| found(standing, text)).transpose()?;
    let mut chosen = Vec::new();
    for entry in &standing.entries {
        match &entry.state {
            State::Pending | State::OutOfOrder | State::Skipped => chosen.push(entry),
            State::Failed | State::HalfDone { .. } => {
                return Err(refused(
                    format!("{} is {}", entry.name, entry.state.word()),
                    "whether it is applied cannot be said together with others",
                    "look at what is there, and say it with dbstudio repair",
                ));
            }
            State::Duplicate(why) => {
                return Err(refused(
                    format!("{} cannot be told from another", entry.name),
                    why,
                    "give the one that is not applied anywhere yet the next number",
                ));
            }
            State::Applied | State::Changed | State::Missing => {}
        }
        if last.is_some_and(|last| last.key == entry.key) {
            break;
        }
    }
    if let Some(misfit) = standing.misfits.first() {
        return Err(misfit.problem());
    }
    Ok(chosen)
}

fn found<'a>(standing: &'a Standing, text: &str) -> Result<&'a Entry> {
    standing.find(text).ok_or_else(|| {
        Problem::usage(
            format!("There is no migration {text}"),
            format!("{} has none of this number or name", standing.folder),
            "dbstudio status lists the migrations",
        )
    })
}

/// What is written of one migration, and that in words.
fn entry_sql(
    standing: &Standing,
    entry: &Entry,
    wanted: &Wanted,
    now: Duration,
) -> Result<(Vec<String>, &'static str)> {
    let book = &standing.book;
    let before = before(standing, &entry.key);
    match wanted {
        Wanted::Baseline(_) | Wanted::Applied(_) | Wanted::Adopted => {
            let migration = applicable(entry)?;
            let mut sql = Vec::new();
            if entry.record.as_ref().is_some_and(|record| record.key == entry.key) {
                sql = book.remove(&entry.key, before, now);
            }
            sql.extend(book.enter(migration, None, now));
            Ok((sql, "applied"))
        }
        Wanted::NotApplied(_) => {
            removable(standing, entry)?;
            let key = entry.record.as_ref().map_or(&entry.key, |record| &record.key);
            let sql =
                if entry.record.is_some() { book.remove(key, before, now) } else { Vec::new() };
            Ok((sql, "not applied"))
        }
        Wanted::Accepted(_) => {
            let sql = entry.migration.as_ref().map(|migration| book.accept(migration));
            match (&entry.state, sql) {
                (State::Changed, Some(sql)) if !sql.is_empty() => Ok((sql, "applied as it is now")),
                _ => Err(refused(
                    format!("{} has not changed since it was applied", entry.name),
                    &format!("it is {}", entry.state.word()),
                    "dbstudio status lists those that have",
                )),
            }
        }
    }
}

/// The newest of the migrations that stay applied when this one does not.
fn before<'a>(standing: &'a Standing, key: &str) -> Option<&'a Migration> {
    let own = standing.entries.iter().position(|entry| entry.key == key)?;
    let is_applied = |entry: &&Entry| matches!(entry.state, State::Applied | State::Changed);
    standing.entries.iter().take(own).rev().find(is_applied)?.migration.as_ref()
}

fn applicable(entry: &Entry) -> Result<&Migration> {
    match (&entry.state, &entry.migration) {
        (State::Applied, _) => Err(refused(
            format!("{} is applied already", entry.name),
            "the history says so",
            "nothing needs to be done",
        )),
        (State::Changed, _) => Err(refused(
            format!("{} is applied already, and its file has changed since", entry.name),
            "the history has the checksum of another text",
            "bring the old text back; or accept the new one with dbstudio repair --accept",
        )),
        (State::Duplicate(why), _) => Err(refused(
            format!("{} cannot be told from another", entry.name),
            why,
            "give the one that is not applied anywhere yet the next number",
        )),
        (_, Some(migration)) => Ok(migration),
        (_, None) => Err(refused(
            format!("{} has no file", entry.name),
            "only a migration that is in the folder can be written down as applied",
            "bring the file back",
        )),
    }
}

fn removable(standing: &Standing, entry: &Entry) -> Result<()> {
    if entry.state.is_pending() && !matches!(entry.state, State::HalfDone { .. }) {
        return Err(refused(
            format!("{} is not applied", entry.name),
            "the history says nothing of it",
            "nothing needs to be done",
        ));
    }
    let is_older = entry.record.as_ref().is_some_and(|record| record.key != entry.key);
    if standing.format == Format::Golang && is_older {
        return Err(refused(
            format!("{} cannot be taken out of the history alone", entry.name),
            "golang-migrate remembers only the newest migration",
            "take the newer ones out first, newest first",
        ));
    }
    Ok(())
}

/// What the ledger is told: who did what to which migration, and why; and that nobody goes on
/// halfway any more.
pub(super) fn ledger_sql(
    dialect: Dialect,
    found: &Found,
    chosen: &[&Entry],
    wanted: &Wanted,
    cause: &Cause,
) -> Vec<String> {
    let ledger = Ledger::new(dialect);
    let mut sql = if *found == Found::Absent { ledger.making() } else { Vec::new() };
    let what = wanted.word();
    let does = match wanted {
        Wanted::Baseline(_) | Wanted::Applied(_) | Wanted::Adopted => "applied",
        Wanted::NotApplied(_) => "not applied",
        Wanted::Accepted(_) => "accepted",
    };
    let reason = cause.reason.as_deref().map_or(Value::Null, Value::from);
    let mut seen = BTreeSet::new();
    for entry in chosen.iter().filter(|entry| seen.insert(&entry.key)) {
        let is_unfinished = matches!(entry.state, State::HalfDone { .. });
        if is_unfinished && *found == Found::There {
            sql.extend([ledger.forget(&entry.key, false), ledger.forget(&entry.key, true)]);
        }
        if let (Wanted::Accepted(_), Some(migration)) = (wanted, &entry.migration) {
            let down = migration.down.as_ref().map(|script| script.text.as_str());
            sql.push(ledger.keep(&entry.key, &migration.up.text, down));
        }
        sql.push(ledger.enter(&Operation {
            origin: &cause.origin,
            what,
            target: &entry.name,
            detail: json!({
                "key": entry.key,
                "was": entry.state.word(),
                "becomes": does,
                "reason": reason,
                "dbstudio": env!("CARGO_PKG_VERSION"),
            }),
            outcome: "done",
        }));
    }
    sql
}

fn refused(what: String, why: &str, fix: &str) -> Problem {
    Problem::new(Kind::Refused, what, why, fix)
}

fn unkept(why: &str) -> Problem {
    refused(
        "The reason cannot be kept, so nothing is changed".to_owned(),
        why,
        "have the right granted, and run the command again",
    )
}

fn moved() -> Problem {
    Problem::failed(
        "The migrations stand otherwise than when this was shown; nothing was changed",
        "somebody has applied or changed migrations meanwhile",
        "run the command again",
    )
}

fn told(refusal: Refusal) -> Problem {
    let what = "The history could not be written; nothing was changed";
    match refusal {
        Refusal::Busy => Problem::failed(
            what,
            "somebody else writes to the file",
            "run the command again when they are done",
        ),
        Refusal::Fault(fault) => fault.problem(what, "make sure that the role may write it"),
        Refusal::Unsound(why) => Problem::failed(what, why, "correct that first"),
        Refusal::Uncertain(fault) => Problem::disconnected(format!(
            "{}; whether the history was written is not known: dbstudio status shows it",
            fault.words()
        )),
    }
}
