//! Applying what is pending: planning it, and running the plan.
//!
//! A plan is made from the folder and the history, and both are read again under the lock before
//! anything runs: what others have applied meanwhile is left out, anything else that has changed is
//! said instead of run. Nothing here asks anybody.

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::apply::{Books, Ended, Engine, Tell};
use super::capsule;
use super::change::Setting;
use super::chronicle::Chronicle;
use super::push;
use super::run::{Direction, Progress, Run, Scheduled};
use super::script::cut;
use super::standing::{self, Standing};
use crate::config::Target;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::ledger::{Found, Ledger, Marked, checksum};
use crate::migrations::{Entry, Format, HalfDone, Lock, Migration, State};
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

pub use super::plan_sql::as_sql;

/// How often a plan is made anew because others migrate too.
const ANEW: usize = 1_000;

/// What is to be applied, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The last migration to apply, as a person names it; all without one.
    pub to: Option<String>,
    /// Whether all of them run in one transaction.
    pub one_transaction: bool,
    /// How many statements of the first migration are done, where a person had to say it.
    pub resume_after: Option<usize>,
    /// Whether migrations that are applied and not in the folder are no reason to refuse.
    pub ignore_missing: bool,
}

/// A plan, and how the migrations stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// What is to run.
    pub run: Run,
    /// How the migrations stand.
    pub standing: Standing,
    /// What each migration that is taken back would lose, measured, in sentences.
    pub losses: Vec<Vec<String>>,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The migrations that ran, and how long each took.
    pub done: Vec<(String, Duration)>,
    /// The migrations of the plan that somebody else had run meanwhile.
    pub by_others: Vec<String>,
    /// What became of undo capsules, in sentences.
    pub capsules: Vec<String>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
}

/// Who runs it and with which reasons, for the ledger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// The account of the operating system and the machine: `ada@laptop`.
    pub origin: String,
    /// What was acknowledged, the reasons, the evidence: an object.
    pub detail: Value,
}

impl Account {
    /// That of this process.
    pub fn of_process(detail: Value) -> Self {
        let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let user = named.filter(|name| !name.is_empty());
        let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { origin: format!("{user}@{machine}").replace('\0', ""), detail }
    }

    /// The same with more to be kept: the members of an object.
    pub(super) fn with(&self, more: Value) -> Self {
        let mut detail = match &self.detail {
            Value::Object(detail) => detail.clone(),
            _ => serde_json::Map::new(),
        };
        if let Value::Object(more) = more {
            detail.extend(more);
        }
        Self { origin: self.origin.clone(), detail: Value::Object(detail) }
    }
}

/// How things stand before a run.
#[derive(Debug)]
pub(super) struct Bearings {
    pub(super) standing: Standing,
    pub(super) marked: Vec<Marked>,
    /// The ledger, where there is one or one can be made; else why not.
    pub(super) ledger: std::result::Result<Ledger, Option<String>>,
    /// Whether there is one already.
    pub(super) has_ledger: bool,
    pub(super) database: String,
}

/// Plans what is pending. Only reads.
///
/// # Errors
/// The folder or the history cannot be read; a migration stands in the way (changed, missing,
/// failed, twice there); a statement that is refused.
pub async fn plan(setting: &Setting, wishes: &Wishes, stop: &Stop) -> Result<Planned> {
    let mut connection = match push::is_to_be_made(&setting.target) {
        true => Connection::in_memory().await?,
        false => Connection::open_reading(&setting.target, stop).await?,
    };
    let planned = from(setting, &mut connection, wishes, stop).await;
    connection.close().await;
    planned
}

async fn from(
    setting: &Setting,
    connection: &mut Connection,
    wishes: &Wishes,
    stop: &Stop,
) -> Result<Planned> {
    let found = look(setting, connection, stop).await?;
    let mut run = planned(&found, connection.dialect(), wishes)?;
    let barred = match &found.ledger {
        Ok(_) => None,
        Err(why) => Some(why.as_deref().unwrap_or("the ledger is turned off")),
    };
    capsule::plan(setting, connection, &mut run, barred, stop).await?;
    Ok(Planned { run, standing: found.standing, losses: Vec::new() })
}

/// Reads how things stand.
pub(super) async fn look(
    setting: &Setting,
    connection: &mut Connection,
    stop: &Stop,
) -> Result<Bearings> {
    let book = Ledger::new(connection.dialect());
    let (mut marked, mut has_ledger) = (Vec::new(), false);
    let ledger = match setting.target.session.ledger {
        false => Err(None),
        true => match book.find(connection).await? {
            Found::There => {
                marked = book.marked(connection).await?;
                has_ledger = true;
                Ok(book)
            }
            Found::Absent => Ok(book),
            Found::Barred(why) => Err(Some(why)),
        },
    };
    let half: Vec<HalfDone> = marked.iter().filter(|one| !one.down).map(HalfDone::from).collect();
    let standing = standing::read(&setting.project, connection, &half, stop).await?;
    let database = connection.database().to_owned();
    Ok(Bearings { standing, marked, ledger, has_ledger, database })
}

fn planned(found: &Bearings, dialect: Dialect, wishes: &Wishes) -> Result<Run> {
    let standing = &found.standing;
    let last = match &wishes.to {
        None => standing.entries.len(),
        Some(text) => position(standing, text)? + 1,
    };
    let mut notes = standing.notes.clone();
    notes.extend(in_the_way(standing, wishes)?);
    if let Some(half) = found.marked.iter().find(|one| one.down) {
        let name = standing.entries.iter().find(|entry| entry.key == half.key);
        let name = name.map_or(half.key.as_str(), |entry| entry.name.as_str());
        return Err(Problem::new(
            Kind::Refused,
            format!("{name} is taken back halfway"),
            format!("{} of the statements of its way back are done", half.done()),
            "finish that first, with dbstudio rollback",
        ));
    }
    let mut scripts = Vec::new();
    for entry in standing.entries.iter().take(last).filter(|entry| entry.state.is_pending()) {
        let Some(migration) = &entry.migration else { continue };
        let cut = cut(dialect, standing.format, &migration.up, migration.alone)?;
        notes.extend(cut.notes);
        let (from, unsure) = halfway(found, entry, cut.transaction)?;
        scripts.push(Scheduled {
            migration: migration.clone(),
            statements: cut.statements,
            from,
            unsure,
            transaction: cut.transaction,
            before: None,
            capsule: Vec::new(),
        });
    }
    resume(&mut scripts, wishes)?;
    if wishes.one_transaction
        && let Some(alone) = scripts.iter().find(|script| !script.transaction)
    {
        return Err(Problem::usage(
            "They cannot all run in one transaction",
            format!("{} runs outside a transaction", alone.migration.name()),
            "leave --one-transaction out, or apply it first with --to",
        ));
    }
    if !scripts.is_empty() {
        notes.extend(found.tables(&scripts));
    }
    Ok(Run {
        direction: Direction::Up,
        scripts,
        one_transaction: wishes.one_transaction,
        database: found.database.clone(),
        fingerprint: fingerprint(standing),
        notes,
    })
}

impl Bearings {
    /// What will be made beside what the migrations make.
    pub(super) fn tables(&self, scripts: &[Scheduled]) -> Vec<String> {
        let mut notes = Vec::new();
        if self.standing.history.is_none() {
            let book = &self.standing.book;
            notes.push(format!(
                "the table {} is made, in which {} remembers what is applied",
                book.table.shown(),
                book.format.tool()
            ));
        }
        let alone = scripts.iter().any(|script| !script.transaction);
        let lost = "if it is cut off, it is not known by itself where to go on, and the texts of \
                migrations are not kept";
        match &self.ledger {
            Err(why) if alone || why.is_some() => {
                let why = why.as_deref().unwrap_or("it is turned off");
                notes.push(format!("there is no ledger here ({why}): {lost}"));
            }
            _ => {}
        }
        notes
    }
}

/// The place of the migration a person names.
pub(super) fn position(standing: &Standing, text: &str) -> Result<usize> {
    let found = standing.find(text).map(|entry| entry.key.as_str());
    let at = standing.entries.iter().position(|entry| Some(entry.key.as_str()) == found);
    at.ok_or_else(|| {
        Problem::usage(
            format!("There is no migration {text}"),
            format!("{} has none of this number or name", standing.folder),
            "dbstudio status lists the migrations",
        )
    })
}

/// Refuses where migrations stand in the way of applying others; what does not is noted.
fn in_the_way(standing: &Standing, wishes: &Wishes) -> Result<Vec<String>> {
    if let Some(misfit) = standing.misfits.first() {
        return Err(misfit.problem());
    }
    let checks = matches!(standing.format, Format::Native | Format::Plain | Format::Refinery);
    let tool = standing.format.tool();
    let mut notes = Vec::new();
    for entry in &standing.entries {
        let name = &entry.name;
        let refused =
            |what: String, why: &str, fix: &str| Err(Problem::new(Kind::Refused, what, why, fix));
        match &entry.state {
            State::Changed if checks => {
                return refused(
                    format!("{name} has changed since it was applied"),
                    "its file is not what the history has the checksum of, so what the migrations \
                     make is not what the database has",
                    "bring the old text back and write the change as a new migration; or, if the \
                     change makes no difference, dbstudio repair",
                );
            }
            State::Changed => {
                notes
                    .push(format!("{name} has changed since it was applied; {tool} does not look"));
            }
            State::Missing if checks && !wishes.ignore_missing => {
                return refused(
                    format!("{name} is applied, and its file is not in the folder"),
                    "another branch or a newer version of the project may have applied it",
                    "bring the file back; or say --ignore-missing to apply the others anyway",
                );
            }
            State::Missing => {
                notes.push(format!("{name} is applied, and its file is not in the folder"));
            }
            State::Failed => {
                return refused(
                    format!("{name} was begun and failed, as the history says"),
                    "what it did before it failed may be there",
                    "look at what is there, correct it by hand, and say with dbstudio repair \
                     whether it is applied",
                );
            }
            State::Duplicate(why) => {
                let fix = "give the one that is not applied anywhere yet the next number";
                return refused(format!("{name} cannot be told from another"), why, fix);
            }
            _ => {}
        }
    }
    Ok(notes)
}

/// Where to begin with a migration: not at its first statement if a run was cut off in it.
fn halfway(found: &Bearings, entry: &Entry, transaction: bool) -> Result<(usize, bool)> {
    let State::HalfDone { done, unsure } = entry.state else { return Ok((0, false)) };
    let marked = found.marked.iter().find(|one| one.key == entry.key && !one.down);
    let text = entry.migration.as_ref().map_or("", |migration| &migration.up.text);
    if transaction || marked.is_some_and(|marked| marked.checksum != checksum(text)) {
        return Err(Problem::new(
            Kind::Refused,
            format!("{} has changed since it was cut off halfway", entry.name),
            format!("{done} of its statements are done, and they may be others now"),
            "bring the old text back and run the command again; or correct the database by hand \
             and say with dbstudio repair whether it is applied",
        ));
    }
    Ok((done, unsure))
}

/// What is said of a migration of which only a person remembers how far it had come; the number
/// follows.
pub(super) const GO_ON: &str = "run the command again with --resume-after ";

/// What is said of a statement, by its number from 1, nobody can tell the fate of.
pub(super) fn unsure_of(name: &str, number: usize) -> String {
    format!("Whether statement {number} of {name} was done")
}

/// How many statements of a migration are done for certain, where a problem of its run says that a
/// person must tell where to go on (`--resume-after`).
pub fn open_at(problem: &Problem, name: &str, statements: usize) -> Option<usize> {
    let is_unsure = |done: &usize| problem.what.starts_with(&unsure_of(name, done + 1));
    let (before, after) = problem.why.split_once(GO_ON).unwrap_or_default();
    let number = after.split(|letter: char| !letter.is_ascii_digit()).next();
    let is_its = before.contains(&format!(" of {name} "));
    let forgotten = number.filter(|_| is_its).and_then(|number| number.parse().ok());
    (0..statements).find(is_unsure).or(forgotten)
}

/// Follows what a person said about a migration that was cut off.
pub(super) fn resume(scripts: &mut [Scheduled], wishes: &Wishes) -> Result<()> {
    let Some(after) = wishes.resume_after else { return Ok(()) };
    let usage = |why: String| {
        let what = "There is nothing to go on with after that statement";
        Err(Problem::usage(what, why, "leave --resume-after out to see what is pending"))
    };
    let Some(first) = scripts.first_mut() else {
        return usage("no migration is pending".to_owned());
    };
    if first.transaction {
        let name = first.migration.name();
        return usage(format!("{name} runs in one transaction, so nothing of it is done"));
    }
    if after > first.statements.len() {
        let (name, count) = (first.migration.name(), first.statements.len());
        return usage(format!("{name} has {count} statements"));
    }
    (first.from, first.unsure) = (after, false);
    Ok(())
}

/// What identifies the folder and the history as they are.
pub(super) fn fingerprint(standing: &Standing) -> String {
    let mut sum = Sha256::new();
    sum.update(standing.format.word());
    for entry in &standing.entries {
        sum.update([0]);
        sum.update(entry.key.as_bytes());
        sum.update([0]);
        sum.update(entry.state.word());
        if let Some(migration) = &entry.migration {
            let down = migration.down.as_ref().map_or("", |down| &down.text);
            sum.update(checksum(&migration.up.text));
            sum.update(checksum(down));
        }
        if let Some(record) = &entry.record {
            sum.update(record.checksum.as_deref().unwrap_or_default());
        }
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs a plan. `tell` is told how far it has come.
///
/// # Errors
/// Another migrator holds the lock for too long; the folder or the history has changed in a way
/// the plan does not fit any more; a statement fails: then its place is said, the server's words,
/// and how things are.
pub async fn run<'a>(
    setting: &'a Setting,
    run: &'a Run,
    account: &Account,
    stop: &'a Stop,
    tell: &'a mut Tell<'a>,
) -> Result<Report> {
    let target = &setting.target;
    writable(target)?;
    let is_new = push::is_to_be_made(target);
    let connection = match is_new {
        true => push::make(target, stop).await?,
        false => Connection::open(target, stop).await?,
    };
    let mut done = Vec::new();
    let (what, subject) = run.in_words();
    let begun = Chronicle::of(&setting.state, target).begin(what, &subject, account);
    let account = begun.account().clone();
    let ran = locked(setting, run, &account, (connection, &mut done), stop, tell).await;
    if is_new && ran.is_err() && done.is_empty() {
        push::unmake(target);
    }
    // The ledger has each migration, in the migration's own transaction.
    let said = begun.ended(&ran, ran.is_ok() && target.session.ledger);
    ran.map(|report| Report { notes: said.into_iter().collect(), ..report })
}

fn writable(target: &Target) -> Result<()> {
    if !target.read_only {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Refused,
        "Nothing is run on this database",
        "it is opened for reading only",
        "take --read-only, or read_only of the environment, away",
    ))
}

async fn locked<'a>(
    setting: &'a Setting,
    run: &'a Run,
    account: &Account,
    (mut connection, done): (Connection, &mut Vec<(String, Duration)>),
    stop: &'a Stop,
    tell: &'a mut Tell<'a>,
) -> Result<Report> {
    let limit = setting.target.session.lock_wait;
    let first = look(setting, &mut connection, stop).await;
    let first = match first {
        Ok(first) => first,
        Err(problem) => {
            connection.close().await;
            return Err(problem);
        }
    };
    let mut waiting = |holders| {
        let what = "another migrator works on this database".to_owned();
        tell(Progress::Waiting { what, holders });
    };
    let lock = Lock::take(&setting.target, first.standing.format, limit, stop, &mut waiting).await;
    let lock = match lock {
        Ok(lock) => lock,
        Err(problem) => {
            connection.close().await;
            return Err(problem);
        }
    };
    let ledger = first.ledger.ok();
    let books = Books::open(
        &mut connection,
        first.standing.book,
        ledger,
        account.origin.clone(),
        account.detail.clone(),
    )
    .await;
    let books = match books {
        Ok(books) => books,
        Err(problem) => {
            lock.release().await;
            connection.close().await;
            return Err(problem);
        }
    };
    let held = (connection, lock, books);
    let mut engine = Engine::new(&setting.target, held, run, stop, tell);
    let ran = rounds(&mut engine, setting).await;
    done.clone_from(&engine.done);
    let Engine { connection, lock, done, capsules, .. } = engine;
    connection.close().await;
    lock.release().await;
    ran.map(|by_others| Report { done, by_others, capsules, notes: Vec::new() })
}

/// Runs what is left, again and again as long as others run some of it too.
async fn rounds(engine: &mut Engine<'_>, setting: &Setting) -> Result<Vec<String>> {
    let mut by_others: Vec<String> = Vec::new();
    for _ in 0..ANEW {
        engine.books.learn(&mut engine.connection, engine.stop).await?;
        let found = look(setting, &mut engine.connection, engine.stop).await?;
        engine.books.history = found.standing.book.clone();
        engine.books.has_ledger = found.has_ledger;
        let (left, others) = left(engine, &found)?;
        for name in others {
            if !by_others.contains(&name) {
                by_others.push(name);
            }
        }
        if left.is_empty() {
            return Ok(by_others);
        }
        engine.prepare().await?;
        engine.find_capsules().await?;
        match engine.all(&left).await? {
            Ended::Done => {
                engine.age().await;
                return Ok(by_others);
            }
            Ended::Moved => {}
        }
    }
    Err(changed("others migrate this database all the time"))
}

/// The scripts that are left to run, by their places, and those that others have run.
fn left(engine: &Engine<'_>, found: &Bearings) -> Result<(Vec<usize>, Vec<String>)> {
    let (run, up) = (engine.run, engine.run.direction == Direction::Up);
    let same = fingerprint(&found.standing) == run.fingerprint;
    let (mut left, mut others) = (Vec::new(), Vec::new());
    for (at, script) in run.scripts.iter().enumerate() {
        let name = script.migration.name();
        if same {
            left.push(at);
            continue;
        }
        let entry = found.standing.entries.iter().find(|one| one.key == script.migration.key);
        let is_done = engine.done.iter().any(|(done, _)| *done == name);
        let Some(entry) = entry else {
            if up {
                return Err(changed(&format!("{name} is not in the folder any more")));
            }
            // Its file was missing before, and now the history does not hold it either.
            if !is_done {
                others.push(name);
            }
            continue;
        };
        if entry.migration.as_ref().is_some_and(|now| !is_as_planned(now, script, run.direction)) {
            return Err(changed(&format!("the file of {name} has changed")));
        }
        let is_applied = is_applied(entry);
        match is_applied == up {
            true if is_done => {}
            true => others.push(name),
            false if entry.state.is_pending() || !up => left.push(at),
            false => return Err(changed(&format!("{name} is {} now", entry.state.word()))),
        }
    }
    let failed = found.standing.entries.iter().find(|entry| entry.state == State::Failed);
    if let Some(entry) = failed {
        return Err(changed(&format!("{} was begun and failed", entry.name)));
    }
    Ok((left, others))
}

/// Whether a migration is applied, by all that is known.
pub(super) fn is_applied(entry: &Entry) -> bool {
    matches!(entry.state, State::Applied | State::Changed | State::Missing)
}

/// Whether the file that is to run is what it was. A way back that was written here has none.
fn is_as_planned(now: &Migration, script: &Scheduled, direction: Direction) -> bool {
    let text = match direction {
        Direction::Up => Some(&now.up.text),
        Direction::Down => now.down.as_ref().map(|down| &down.text),
    };
    text.is_none_or(|text| text.trim().is_empty() || *text == script.script(direction).text)
}

fn changed(why: &str) -> Problem {
    Problem::failed(
        "The plan does not fit any more; what was not run yet is not run",
        format!("{why}, since the plan was made"),
        "run the command again to see the plan that fits now",
    )
}
