//! What was done to a database: who, when, from where, with which reasons and what came of it. It
//! is kept in two places: the ledger in the database, and a log of this machine in the state
//! folder, which also knows what was begun and never came to its end.
//!
//! Keeping is never a reason for work to fail: what could not be kept is said. No value of a row
//! and no password is ever written down here.

mod log;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::apply::now;
use super::evidence;
use super::migrate::Account;
use super::push;
use crate::config::Target;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
pub use crate::migrations::ledger::Entry;
use crate::migrations::ledger::{Found, Ledger, Operation};
use crate::problem::{Kind, Problem, Result};
use crate::schema::plan::{Action, Step};

/// So many of the ledger's newest are read beyond those that are wanted: clocks differ.
const SLACK: usize = 20;

/// Where what is done to a database is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Chronicle {
    path: PathBuf,
    target: Target,
}

/// Something that was begun.
#[derive(Debug)]
pub struct Begun {
    id: String,
    what: &'static str,
    subject: String,
    account: Account,
    chronicle: Chronicle,
    /// Why this machine's log could not be written.
    trouble: Option<String>,
}

impl Chronicle {
    /// That of a target, whose log is in the state folder.
    pub fn of(state: &Path, target: &Target) -> Self {
        Self { path: log::path(state, target), target: target.clone() }
    }

    /// Writes down that something begins.
    pub fn begin(&self, what: &'static str, subject: &str, account: &Account) -> Begun {
        let mut account = account.clone();
        if account.origin.is_empty() {
            account.origin = Account::of_process(Value::Null).origin;
        }
        let id = fresh();
        let mut detail = json!({
            "id": id,
            "dbstudio": env!("CARGO_PKG_VERSION"),
            "environment": self.target.name,
            "protection": self.target.protection.word(),
        });
        if let (Some(detail), Value::Object(given)) = (detail.as_object_mut(), &account.detail) {
            detail.extend(given.clone());
        }
        account.detail = detail;
        let line = log::Line::begun(&id, what, subject, &account);
        let trouble = log::append(&self.path, &line).err().map(|why| why.to_string());
        Begun { id, what, subject: subject.to_owned(), account, chronicle: self.clone(), trouble }
    }

    /// The newest of what was done, the newest first: what the ledger has, where it can be read
    /// through `live`, and what only this machine knows.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn newest(&self, live: Option<&mut Connection>, count: usize) -> Result<Vec<Entry>> {
        let (mut all, mut has_ledger): (Vec<Entry>, bool) = (Vec::new(), false);
        if let Some(live) = live.filter(|_| self.target.session.ledger) {
            let book = Ledger::new(live.dialect());
            if book.find(live).await? == Found::There {
                all.extend(book.newest(live, count + SLACK).await?);
                has_ledger = true;
            }
        }
        let is_kept = |one: &log::Kept| {
            has_ledger && (one.in_ledger || all.iter().any(|entry| entry.has(&one.id)))
        };
        let own: Vec<Entry> = log::all(&self.path)
            .into_iter()
            .rev()
            .filter(|one| !is_kept(one))
            .map(log::Kept::entry)
            .collect();
        all.extend(own);
        all.sort_by(|one, other| other.at.cmp(&one.at));
        all.truncate(count);
        Ok(all)
    }

    /// Finds out what became of what this machine began on the database and never ended, because
    /// it was killed; says it, a sentence each, and writes it down. Connects only where there is
    /// something to find out.
    pub async fn settle(&self, stop: &Stop) -> Vec<String> {
        let open: Vec<log::Kept> =
            log::all(&self.path).into_iter().filter(log::Kept::is_cut_off).collect();
        if open.is_empty() {
            return Vec::new();
        }
        let Ok(mut live) = Connection::open_reading(&self.target, stop).await else {
            return Vec::new();
        };
        let mut said = Vec::new();
        for one in open {
            let outcome = self.became(&one, &mut live).await;
            let ended = log::Line::ended(&one.id, &outcome, false);
            drop(log::append(&self.path, &ended));
            said.push(format!(
                "the {} that was begun at {} UTC was {outcome}",
                one.line.what.as_deref().unwrap_or("work"),
                one.at()
            ));
        }
        live.close().await;
        said
    }

    /// What became of something that was cut off.
    async fn became(&self, one: &log::Kept, live: &mut Connection) -> String {
        let book = Ledger::new(live.dialect());
        let has_ledger =
            self.target.session.ledger && matches!(book.find(live).await, Ok(Found::There));
        if has_ledger && book.has(live, &one.id).await.unwrap_or(false) {
            return "cut off after it was done: all of it is in the database".to_owned();
        }
        let before = one.detail("identity");
        match one.line.what.as_deref() {
            Some("reset" | "seed") if has_ledger => nothing_done(),
            Some("reset") => match log::tables(live, one).await {
                Some((0, _)) => "cut off after it was done: everything is gone".to_owned(),
                Some(_) => nothing_done(),
                None => "cut off: all of it is done, or nothing".to_owned(),
            },
            Some("seed") => match (log::tables(live, one).await, one.number("rows_before")) {
                (Some((_, now)), Some(before)) if now == before => nothing_done(),
                (Some(_), Some(_)) => {
                    "cut off after it was done: all of it is in the database".to_owned()
                }
                _ => "cut off: all of it is done, or nothing".to_owned(),
            },
            Some("backup") if one.is_backed_up() => {
                "cut off after it was done: the backup is whole".to_owned()
            }
            Some("backup") => "cut off, and there is no backup of it".to_owned(),
            Some("restore") => match evidence::identity(live, &self.target).await {
                Ok(now) if before.as_deref() == Some(now.as_str()) => {
                    "cut off before the exchange: the database is the one there was".to_owned()
                }
                Ok(_) => "cut off after the exchange: the database is the one that was brought \
                          back"
                    .to_owned(),
                Err(_) => "cut off".to_owned(),
            },
            _ => "cut off: look how far it came".to_owned(),
        }
    }
}

impl Begun {
    /// Who does it, with what is written down of it: its number too.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Adds what is known only now, the members of an object, to what is written down of its end.
    pub fn add(&mut self, more: Value) {
        self.account = self.account.with(more);
    }

    /// What writes this down as done in the ledger that is there, as a step of the very
    /// transaction; none where there is none.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn step(&self, live: &mut Connection) -> Result<Option<Step>> {
        let ledger = Ledger::new(live.dialect());
        let keeps = self.chronicle.target.session.ledger;
        if !keeps || ledger.find(live).await? != Found::There {
            return Ok(None);
        }
        Ok(Some(Step::new(self.enter(ledger, "done"), vec![Action::Setting])))
    }

    fn enter(&self, ledger: Ledger, outcome: &str) -> String {
        ledger.enter(&Operation {
            origin: &self.account.origin,
            what: self.what,
            target: &self.subject,
            detail: self.account.detail.clone(),
            outcome,
        })
    }

    /// Writes down what came of it on this machine alone: the database has it already, or never
    /// will. Returns what there is to say.
    pub fn ended<T>(self, outcome: &Result<T>, in_ledger: bool) -> Option<String> {
        let detail = self.account.detail.clone();
        let line = log::Line::ended(&self.id, &told(outcome), in_ledger).with(detail);
        let written = log::append(&self.chronicle.path, &line).err().map(|why| why.to_string());
        self.trouble.or(written).map(|why| {
            format!("what was done could not be written into the log of this machine: {why}")
        })
    }

    /// Writes down what came of it, in the ledger too where there is one: only what changes the
    /// history of migrations makes one. Returns what there is to say.
    pub async fn end<T>(self, outcome: &Result<T>) -> Option<String> {
        let kept = match outcome {
            // Where the connection is lost or somebody waits for the end, nothing more is asked.
            Err(problem) if matches!(problem.kind, Kind::Cancelled | Kind::Disconnected) => {
                Ok(false)
            }
            _ => self.keep(&told(outcome)).await,
        };
        let said = self.ended(outcome, matches!(kept, Ok(true)));
        kept.err().map(|problem| unkept(&problem.why)).or(said)
    }

    async fn keep(&self, outcome: &str) -> Result<bool> {
        let target = &self.chronicle.target;
        if !target.session.ledger || target.read_only || push::is_to_be_made(target) {
            return Ok(false);
        }
        let stop = &Stop::new();
        let mut live = Connection::open(target, stop).await?;
        let ledger = Ledger::new(live.dialect());
        let written = async {
            if ledger.find(&mut live).await? != Found::There {
                return Ok(false);
            }
            let ran = live.run(&self.enter(ledger, outcome), stop).await;
            ran.map(|()| true).map_err(|fault| fault.problem("", ""))
        };
        let written = written.await;
        live.close().await;
        written
    }
}

/// What the ledger of a database holds, as statements that write it into another one; nothing
/// where there is none or it cannot be read.
pub(super) async fn earlier(live: &mut Connection, target: &Target) -> Vec<String> {
    let ledger = Ledger::new(live.dialect());
    if !target.session.ledger || !matches!(ledger.find(live).await, Ok(Found::There)) {
        return Vec::new();
    }
    ledger.copied(live).await.unwrap_or_default()
}

/// Writes what another database's ledger held into that of a target. Returns what there is to say.
pub(super) async fn carry_over(target: &Target, earlier: &[String]) -> Option<String> {
    if earlier.is_empty() {
        return None;
    }
    let stop = &Stop::new();
    let written = async {
        let mut live = Connection::open(target, stop).await?;
        let ledger = Ledger::new(live.dialect());
        let making = match ledger.find(&mut live).await {
            Ok(Found::Absent) => ledger.making(),
            _ => Vec::new(),
        };
        let sql: Vec<&str> = making.iter().chain(earlier).map(String::as_str).collect();
        let ran = live.run(&format!("BEGIN;\n{};\nCOMMIT", sql.join(";\n")), stop).await;
        live.close().await;
        ran.map_err(|fault| fault.problem("", ""))
    };
    written.await.err().map(|problem: Problem| {
        format!("what was done to the database there was is not in the new one: {}", problem.why)
    })
}

fn nothing_done() -> String {
    "cut off, and nothing of it was done: the database is as it was before".to_owned()
}

/// That the ledger could not be written.
fn unkept(why: &str) -> String {
    format!("what was done is not in the database's ledger: {why}")
}

/// What came of something, in words that fit a line.
fn told<T>(outcome: &Result<T>) -> String {
    match outcome {
        Ok(_) => "done".to_owned(),
        Err(problem) if problem.kind == Kind::Cancelled => "stopped".to_owned(),
        Err(problem) => {
            let why = problem.why.lines().next().unwrap_or_default();
            let told = format!("failed: {}: {why}", problem.what).replace('\0', " ");
            told.trim_end_matches(": ").to_owned()
        }
    }
}

/// A number that nothing else has.
fn fresh() -> String {
    format!("{:x}-{:x}", now().as_nanos(), std::process::id())
}

impl Entry {
    fn has(&self, id: &str) -> bool {
        self.detail.get("id").and_then(Value::as_str) == Some(id)
    }

    /// When it was, in UTC, to the second.
    pub fn second(&self) -> &str {
        self.at.get(..19).unwrap_or(&self.at)
    }

    /// When it was, in UTC, to the minute.
    pub fn minute(&self) -> &str {
        self.at.get(..16).unwrap_or(&self.at)
    }

    /// Whether it came to its end as it was meant to.
    pub fn is_done(&self) -> bool {
        self.outcome == "done"
    }
}
