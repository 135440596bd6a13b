//! The log of this machine: a file a database in the state folder, a line when something begins
//! and one when it ends, so that what was killed in between shows. Lines are only ever added; a
//! file that has grown large is cut to its newest. A line that cannot be read counts for nothing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Entry;
use crate::config::{Target, database_id, make_folder, replace_whole};
use crate::db::connection::Connection;
use crate::ops::apply::now;
use crate::ops::backup::{self, moment};
use crate::ops::migrate::Account;
use crate::sql::Dialect;

/// The folder in the state folder.
const FOLDER: &str = "operations";

/// A log that is larger than this, in bytes, is cut to half of it.
const LARGE: usize = 1 << 20;

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    id: String,
    /// Thousandths of a second since 1970.
    at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    detail: Value,
    /// The process that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<u32>,
    /// What came of it, in the line of its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// Whether the ledger has it too.
    #[serde(default)]
    ledger: bool,
}

impl Line {
    /// Of something that begins.
    pub(super) fn begun(id: &str, what: &str, subject: &str, account: &Account) -> Self {
        Self {
            id: id.to_owned(),
            at: milliseconds(),
            what: Some(what.to_owned()),
            target: Some(subject.to_owned()),
            origin: Some(account.origin.clone()),
            detail: account.detail.clone(),
            process: Some(std::process::id()),
            ..Self::default()
        }
    }

    /// With what is known by its end.
    pub(super) fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    /// Of something that ends.
    pub(super) fn ended(id: &str, outcome: &str, ledger: bool) -> Self {
        Self {
            id: id.to_owned(),
            at: milliseconds(),
            outcome: Some(outcome.to_owned()),
            ledger,
            ..Self::default()
        }
    }
}

/// What the log has of one thing that was done: its beginning, and its end where there is one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) line: Line,
    pub(super) in_ledger: bool,
    outcome: Option<String>,
}

impl Kept {
    /// When it was begun, in UTC.
    pub(super) fn at(&self) -> String {
        moment(self.line.at / 1_000)
    }

    /// Whether the folder it was to go into has a backup of the database that was begun then.
    pub(super) fn is_backed_up(&self) -> bool {
        let folder = self.detail("folder").unwrap_or_default();
        let begun = self.line.at / 1_000;
        let (all, _) = backup::all(Path::new(&folder));
        let before = self.detail("newest");
        all.last().is_some_and(|one| one.taken >= begun && before.as_ref() != Some(&one.file))
    }

    /// A text of what was written down with it.
    pub(super) fn detail(&self, name: &str) -> Option<String> {
        self.line.detail.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// A number that was written down with it.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.line.detail.get(name).and_then(Value::as_u64)
    }

    /// Whether its process is gone and never said what came of it.
    pub(super) fn is_cut_off(&self) -> bool {
        self.outcome.is_none() && !self.runs()
    }

    fn runs(&self) -> bool {
        let pid = self.line.process.and_then(|process| i32::try_from(process).ok());
        pid.is_some_and(backup::is_running)
    }

    /// As it is told.
    pub(super) fn entry(self) -> Entry {
        let outcome = match &self.outcome {
            Some(outcome) => outcome.clone(),
            None if self.runs() => "under way".to_owned(),
            None => "cut off".to_owned(),
        };
        let at = format!("{}.{:03}", self.at(), self.line.at % 1_000);
        let Line { what, target, origin, detail, .. } = self.line;
        let origin = origin.unwrap_or_default();
        let who = origin.split('@').next().unwrap_or_default().to_owned();
        Entry {
            at,
            what: what.unwrap_or_default(),
            target: target.unwrap_or_default(),
            who,
            origin,
            detail,
            outcome,
        }
    }
}

/// The time in thousandths of a second since 1970.
fn milliseconds() -> u64 {
    u64::try_from(now().as_millis()).unwrap_or(u64::MAX)
}

/// How many of the tables that were written down with something are there, and how many rows they
/// have together; `None` where none were written down or they cannot be asked.
pub(super) async fn tables(live: &mut Connection, one: &Kept) -> Option<(usize, u64)> {
    let names = one.line.detail.get("tables").and_then(Value::as_array)?;
    let (mut there, mut rows) = (0, 0_u64);
    for name in names {
        let (schema, name) = name.as_str()?.rsplit_once('.').unwrap_or(("main", name.as_str()?));
        let dialect = live.dialect();
        let found = match dialect {
            Dialect::Postgres => format!(
                "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid \
                 = c.relnamespace WHERE n.nspname = {} AND c.relname = {}",
                dialect.literal(schema),
                dialect.literal(name)
            ),
            Dialect::Sqlite => format!(
                "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {}",
                dialect.literal(name)
            ),
        };
        if count(live, &found).await? == 0 {
            continue;
        }
        there += 1;
        let all = format!("SELECT count(*) FROM {}", dialect.relation(schema, name));
        rows = rows.saturating_add(count(live, &all).await?);
    }
    Some((there, rows))
}

async fn count(live: &mut Connection, sql: &str) -> Option<u64> {
    live.rows(sql).await.ok()?.into_iter().flatten().flatten().next()?.parse().ok()
}

/// The file of a target.
pub(super) fn path(state: &Path, target: &Target) -> PathBuf {
    state.join(FOLDER).join(format!("{}.jsonl", database_id(&target.address)))
}

/// Adds a line, durably.
///
/// # Errors
/// The file cannot be written.
pub(super) fn append(path: &Path, line: &Line) -> io::Result<()> {
    make_folder(path.parent().unwrap_or(Path::new(".")))?;
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // The end of the line stands before it: one that a full disk cut off does not swallow this.
    let text = format!("\n{}", serde_json::to_string(line).map_err(io::Error::other)?);
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    if file.metadata()?.len() > LARGE as u64 { cut(path) } else { Ok(()) }
}

/// Leaves the newest lines.
fn cut(path: &Path) -> io::Result<()> {
    let text = fs::read(path)?;
    let half = text.get(text.len().saturating_sub(LARGE / 2)..).unwrap_or_default();
    let first = half.iter().position(|byte| *byte == b'\n').unwrap_or_default();
    let newest = half.get(first..).unwrap_or_default();
    replace_whole(path, newest)
}

/// Everything in the log, the oldest first.
pub(super) fn all(path: &Path) -> Vec<Kept> {
    let text = fs::read(path).unwrap_or_default();
    let mut found: Vec<Kept> = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { continue };
        match line.outcome.clone() {
            None => found.push(Kept { id: line.id.clone(), line, in_ledger: false, outcome: None }),
            Some(outcome) => {
                if let Some(one) = found.iter_mut().rfind(|one| one.id == line.id) {
                    one.outcome = Some(outcome);
                    one.in_ledger = line.ledger;
                    if !line.detail.is_null() {
                        one.line.detail = line.detail;
                    }
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_what_came_of_it_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/log.jsonl");
        let account = Account { origin: "ada@laptop".to_owned(), detail: Value::Null };
        append(&path, &Line::begun("1", "reset", "shop", &account)).unwrap();
        append(&path, &Line::begun("2", "seed", "shop", &account)).unwrap();
        append(&path, &Line::ended("1", "done", true)).unwrap();
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"\n{\"id\": tor")
            .unwrap();
        let all = all(&path);
        let told: Vec<String> = all
            .into_iter()
            .map(Kept::entry)
            .map(|one| format!("{} {}", one.what, one.outcome))
            .collect();
        assert_eq!(told, ["reset done", "seed under way"]);
    }

    #[test]
    fn a_large_log_keeps_its_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let account = Account { origin: "x".repeat(2_000), detail: Value::Null };
        for number in 0..600 {
            append(&path, &Line::begun(&number.to_string(), "seed", "shop", &account)).unwrap();
            if number % 2 == 0 {
                append(&path, &Line::ended(&number.to_string(), "done", true)).unwrap();
            }
        }
        let all = all(&path);
        assert!(all.len() > 200 && all.last().is_some_and(|one| one.id == "599"));
        assert!(fs::metadata(&path).unwrap().len() <= LARGE as u64);
    }
}
