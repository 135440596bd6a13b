//! What is known of a database's past: its last backup, and what was done to it last. Only reads,
//! and asks little: it is part of every status.

use serde_json::Value;

use super::backup::{self, Backup, Place};
use super::chronicle::{Chronicle, Entry};
use super::evidence;
use super::push::is_to_be_made;
use crate::config::{Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Kind, Result};

/// So many operations are told by the status.
pub const TOLD: usize = 10;

/// So many operations are told by the timeline.
const TIMELINE: usize = 500;

/// What is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The last backup of this very database.
    pub backup: Option<LastBackup>,
    /// What was done, the newest first.
    pub operations: Vec<Entry>,
}

/// The last backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastBackup {
    /// It, as the index has it: it was verified when it was made.
    pub backup: Backup,
    /// How old it is, in seconds.
    pub age: u64,
    /// Whether its file is there, as large as it was.
    pub is_there: bool,
}

impl LastBackup {
    /// Its age in words.
    pub fn age_in_words(&self) -> String {
        evidence::span(self.age)
    }

    /// When it was made, in UTC.
    pub fn moment(&self) -> String {
        backup::moment(self.backup.taken)
    }
}

/// Reads it. What cannot be read is not known, which is no failure.
///
/// # Errors
/// The work was stopped.
pub async fn read(config: &Config, target: &Target, stop: &Stop) -> Result<Past> {
    let chronicle = Chronicle::of(&config.places().state, target);
    let mut live = match is_to_be_made(target) {
        true => None,
        false => match Connection::open_reading(target, stop).await {
            Ok(live) => Some(live),
            Err(problem) if problem.kind == Kind::Cancelled => return Err(problem),
            Err(_) => None,
        },
    };
    let backup = match &mut live {
        Some(live) => {
            evidence::identity(live, target).await.ok().and_then(|it| last(config, target, &it))
        }
        None => None,
    };
    let operations = chronicle.newest(live.as_mut(), TOLD).await.unwrap_or_default();
    if let Some(live) = live {
        live.close().await;
    }
    Ok(Past { backup, operations })
}

/// What was done to a target's database, as far as it is told on a screen: the newest first.
///
/// # Errors
/// The database cannot be reached or its ledger not be read.
pub async fn timeline(config: &Config, target: &Target, stop: &Stop) -> Result<Vec<Entry>> {
    let chronicle = Chronicle::of(&config.places().state, target);
    if is_to_be_made(target) {
        return chronicle.newest(None, TIMELINE).await;
    }
    let mut live = Connection::open_reading(target, stop).await?;
    let found = chronicle.newest(Some(&mut live), TIMELINE).await;
    live.close().await;
    found
}

/// The newest backup of a database, by its identity.
fn last(config: &Config, target: &Target, identity: &str) -> Option<LastBackup> {
    let place = Place::of(config, target);
    let (all, _) = backup::all(&place.folder);
    let backup = all.into_iter().rev().find(|one| one.identity == identity)?;
    let about = std::fs::metadata(place.folder.join(&backup.file));
    Some(LastBackup {
        age: evidence::now().saturating_sub(backup.taken),
        is_there: about.is_ok_and(|about| about.len() == backup.bytes),
        backup,
    })
}

/// What is known of an operation besides, each with a label; what says nothing is left out.
pub fn details(entry: &Entry) -> Vec<(String, String)> {
    let mut found = vec![("by".to_owned(), by(entry))];
    let Value::Object(detail) = &entry.detail else { return found };
    for (label, value) in detail {
        match (label.as_str(), value) {
            // These are for finding out what became of it, not for reading.
            ("id" | "dbstudio" | "folder" | "newest" | "rows_before", _) | (_, Value::Null) => {}
            ("checklist", Value::Array(items)) => {
                found.extend(items.iter().filter_map(item));
            }
            (_, Value::String(text)) => found.push((spaced(label), text.clone())),
            (_, Value::Array(all)) if all.is_empty() => {}
            (_, Value::Array(all)) => {
                let words: Vec<String> = all.iter().map(plain).collect();
                let separator = if label == "statements" { ";\n" } else { ", " };
                found.push((spaced(label), words.join(separator)));
            }
            (_, value) => found.push((spaced(label), value.to_string())),
        }
    }
    found
}

/// Who did it, and from where.
pub fn by(entry: &Entry) -> String {
    let account = entry.origin.split('@').next().unwrap_or_default();
    if entry.who.is_empty() || entry.who == account || entry.who == entry.origin {
        return entry.origin.clone();
    }
    format!("{} as {}", entry.origin, entry.who)
}

fn spaced(label: &str) -> String {
    label.replace('_', " ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An item of a checklist: what showed it, or who said so and why.
fn item(item: &Value) -> Option<(String, String)> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let is = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or(false);
    let evidence = item.get("evidence").and_then(Value::as_array);
    let evidence: Vec<String> = evidence.into_iter().flatten().map(plain).collect();
    let said = match (text("reason"), is("shown"), is("acknowledged")) {
        (Some(reason), ..) => format!("waived: {reason}"),
        (None, true, _) => format!("shown: {}", evidence.join("; ")),
        (None, false, true) => "acknowledged".to_owned(),
        (None, false, false) => "open".to_owned(),
    };
    Some((text("item")?.to_owned(), said))
}
