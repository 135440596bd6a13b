//! How each migration stands: the folder held against what the database remembers. Pure: it reads
//! neither of them.

use std::collections::{HashMap, HashSet};

use super::folder::{Folder, Migration};
use super::format::Format;
use super::history::Record;

/// How a migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is applied, and its file is what was applied.
    Applied,
    /// It is not applied, and is next or comes after others that are not.
    Pending,
    /// It is not applied although later ones are; the format's tool would apply it too.
    OutOfOrder,
    /// It is not applied although later ones are, and the format's tool would pass it over.
    Skipped,
    /// It is applied, but its file has changed since.
    Changed,
    /// It is applied, but its file is not in the folder.
    Missing,
    /// It was begun and failed, as the history of its format says.
    Failed,
    /// It was begun outside a transaction and stopped after some of its statements.
    HalfDone {
        /// How many statements are done.
        done: usize,
        /// Whether the statement after them was begun and may be done too.
        unsure: bool,
    },
    /// Another file has the same number; why, in a sentence.
    Duplicate(String),
}

impl State {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::OutOfOrder => "out of order",
            Self::Skipped => "skipped",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::HalfDone { .. } => "half done",
            Self::Duplicate(_) => "duplicate",
        }
    }

    /// Whether it waits to be applied, and nothing stands against that.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending | Self::OutOfOrder | Self::Skipped | Self::HalfDone { .. })
    }
}

/// A migration and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What identifies it.
    pub key: String,
    /// Its number and name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Its files, unless they are missing.
    pub migration: Option<Migration>,
    /// What the database remembers, if anything.
    pub record: Option<Record>,
}

/// A migration that stopped halfway outside a transaction, as we wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfDone {
    /// What identifies the migration.
    pub key: String,
    /// How many statements are done.
    pub done: usize,
    /// Whether the statement after them was begun and may be done too.
    pub unsure: bool,
}

/// How every migration stands: those of the folder in the order they run, and those whose file is
/// missing where their number would be. `records` is what the database remembers, none while it
/// has no such table.
pub fn states(folder: &Folder, records: Option<&[Record]>, halfway: &[HalfDone]) -> Vec<Entry> {
    let records = records.unwrap_or_default();
    let judge = Judge::new(folder, records, halfway);
    let mut entries: Vec<Entry> = folder.migrations.iter().map(|it| judge.entry(it)).collect();
    let taken: HashSet<&str> =
        entries.iter().filter_map(|entry| Some(entry.record.as_ref()?.key.as_str())).collect();
    let is_missing = |record: &&Record| !record.rolled_back && !taken.contains(record.key.as_str());
    let missing: Vec<Entry> = records.iter().filter(is_missing).map(missing).collect();
    for entry in missing {
        let at = entries.iter().position(|other| is_after(&other.key, &entry.key));
        entries.insert(at.unwrap_or(entries.len()), entry);
    }
    entries
}

fn missing(record: &Record) -> Entry {
    Entry {
        key: record.key.clone(),
        name: match &record.name {
            Some(name) if *name != record.key => format!("{} {name}", record.key),
            _ => record.key.clone(),
        },
        state: State::Missing,
        migration: None,
        record: Some(record.clone()),
    }
}

/// Whether one key comes after another: by number where both are numbers.
fn is_after(one: &str, other: &str) -> bool {
    match (one.parse::<i128>(), other.parse::<i128>()) {
        (Ok(one), Ok(other)) => one > other,
        _ => one > other,
    }
}

/// What a migration is held against.
struct Judge<'a> {
    format: Format,
    records: HashMap<&'a str, &'a Record>,
    /// The records by checksum, for a format in which a migration's number may be rewritten.
    by_checksum: HashMap<&'a [u8], &'a Record>,
    halfway: HashMap<&'a str, &'a HalfDone>,
    /// The files of each key.
    files: HashMap<&'a str, Vec<&'a str>>,
    keys: HashSet<&'a str>,
    /// The newest migration the database remembers.
    newest: Option<&'a str>,
}

impl<'a> Judge<'a> {
    fn new(folder: &'a Folder, records: &'a [Record], halfway: &'a [HalfDone]) -> Self {
        let mut by_key: HashMap<&str, &Record> = HashMap::new();
        for record in records {
            // Of several rows the one that counts: not taken back, and finished before failed.
            let rank = |record: &Record| (!record.rolled_back, record.finished);
            let kept = by_key.entry(&record.key).or_insert(record);
            if rank(record) >= rank(kept) {
                *kept = record;
            }
        }
        let live = || records.iter().filter(|record| !record.rolled_back);
        let mut files: HashMap<&str, Vec<&str>> = HashMap::new();
        for migration in &folder.migrations {
            files.entry(&migration.key).or_default().push(&migration.up.name);
        }
        let newest = live().map(|record| record.key.as_str());
        Self {
            format: folder.format,
            by_checksum: live()
                .filter_map(|record| Some((record.checksum.as_deref()?, record)))
                .collect(),
            records: by_key,
            halfway: halfway.iter().map(|one| (one.key.as_str(), one)).collect(),
            files,
            keys: folder.migrations.iter().map(|one| one.key.as_str()).collect(),
            newest: newest.reduce(|one, other| if is_after(other, one) { other } else { one }),
        }
    }

    fn entry(&self, migration: &Migration) -> Entry {
        let record = self.record(migration);
        Entry {
            key: migration.key.clone(),
            name: migration.name(),
            state: self.state(migration, record),
            migration: Some(migration.clone()),
            record: record.cloned(),
        }
    }

    fn record(&self, migration: &Migration) -> Option<&'a Record> {
        if let Some(record) = self.records.get(migration.key.as_str()) {
            return Some(record);
        }
        match self.format {
            // The one row tells of every one up to it.
            Format::Golang => {
                let newest = self.newest?;
                let is_within = !is_after(&migration.key, newest);
                is_within.then(|| self.records.get(newest).copied()).flatten()
            }
            // A journal that was put in order again has other times; the text tells.
            Format::Drizzle => {
                let record = self.by_checksum.get(migration.checksum.as_slice())?;
                (!self.keys.contains(record.key.as_str())).then_some(*record)
            }
            _ => None,
        }
    }

    fn state(&self, migration: &Migration, record: Option<&Record>) -> State {
        let key = migration.key.as_str();
        let others = self.files.get(key).map(Vec::as_slice).unwrap_or_default();
        if let Some(other) = others.iter().find(|name| **name != migration.up.name) {
            return State::Duplicate(format!("{other} has the same number"));
        }
        let live = record.filter(|record| !record.rolled_back);
        if let Some(half) = self.halfway.get(key)
            && live.is_none_or(|record| !record.finished)
        {
            return State::HalfDone { done: half.done, unsure: half.unsure };
        }
        let Some(record) = live else { return self.waiting(migration) };
        // golang-migrate's one row is about the newest; those before it are done.
        if !record.finished && record.key == key {
            return State::Failed;
        }
        let is_same = |sum: &Vec<u8>| *sum == migration.checksum || migration.also.contains(sum);
        match &record.checksum {
            Some(sum) if !migration.checksum.is_empty() && !is_same(sum) => State::Changed,
            _ => State::Applied,
        }
    }

    fn waiting(&self, migration: &Migration) -> State {
        let is_late = self.newest.is_some_and(|newest| !is_after(&migration.key, newest));
        match self.format {
            _ if !is_late => State::Pending,
            Format::Drizzle | Format::Golang => State::Skipped,
            _ => State::OutOfOrder,
        }
    }
}
