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
    // The one row of golang-migrate is about the migration it names.
    let is_own =
        |entry: &Entry, record: &Record| folder.format != Format::Golang || record.key == entry.key;
    let taken: HashSet<String> = entries
        .iter()
        .filter_map(|entry| entry.record.clone().filter(|record| is_own(entry, record)))
        .map(|record| record.key)
        .collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::fault::Script;

    fn migration(key: &str, sum: &str) -> Migration {
        let up = Script { name: format!("{key}.sql"), text: String::new() };
        Migration {
            version: key.parse().unwrap_or_default(),
            key: key.to_owned(),
            stem: format!("{key}_a"),
            checksum: sum.as_bytes().to_vec(),
            up,
            ..Migration::default()
        }
    }

    fn folder(format: Format, migrations: &[(&str, &str)]) -> Folder {
        Folder {
            path: "m".into(),
            format,
            migrations: migrations.iter().map(|(key, sum)| migration(key, sum)).collect(),
            misfits: Vec::new(),
            notes: Vec::new(),
            table: None,
        }
    }

    fn record(key: &str, sum: &str) -> Record {
        Record {
            key: key.to_owned(),
            checksum: (!sum.is_empty()).then(|| sum.as_bytes().to_vec()),
            finished: true,
            ..Record::default()
        }
    }

    /// The states as `key word`.
    fn told(folder: &Folder, records: Option<&[Record]>, half: &[HalfDone]) -> Vec<String> {
        let entries = states(folder, records, half);
        entries.iter().map(|one| format!("{} {}", one.key, one.state.word())).collect()
    }

    #[test]
    fn every_state_of_our_own_form() {
        let folder =
            folder(Format::Native, &[("1", "a"), ("2", "b"), ("4", "d"), ("5", "e"), ("6", "f")]);
        let records = [record("1", "a"), record("3", "c"), record("4", "x"), record("9", "z")];
        let failed = Record { finished: false, ..record("5", "e") };
        let records: Vec<Record> = records.into_iter().chain([failed]).collect();
        assert_eq!(
            told(&folder, Some(&records), &[]),
            [
                "1 applied",
                "2 out of order",
                "3 missing",
                "4 changed",
                "5 failed",
                "6 out of order",
                "9 missing"
            ]
        );
        assert_eq!(told(&folder, None, &[])[..2], ["1 pending", "2 pending"]);
    }

    #[test]
    fn what_stopped_halfway_is_neither_pending_nor_done() {
        let folder = folder(Format::Native, &[("1", "a"), ("2", "b"), ("3", "c")]);
        let half = |key: &str| HalfDone { key: key.to_owned(), done: 2, unsure: true };
        let told = told(&folder, Some(&[record("1", "a")]), &[half("1"), half("2")]);
        assert_eq!(told, ["1 applied", "2 half done", "3 pending"]);
    }

    #[test]
    fn two_of_one_number_are_duplicates() {
        let mut folder = folder(Format::Native, &[("1", "a"), ("1", "b"), ("2", "c")]);
        folder.migrations[1].up.name = "other.sql".to_owned();
        let entries = states(&folder, Some(&[record("1", "a")]), &[]);
        let why = |state: &State| match state {
            State::Duplicate(why) => why.clone(),
            other => other.word().to_owned(),
        };
        let told: Vec<String> = entries.iter().map(|entry| why(&entry.state)).collect();
        assert_eq!(told, ["other.sql has the same number", "1.sql has the same number", "pending"]);
    }

    #[test]
    fn drizzle_passes_over_what_is_older_than_its_newest() {
        let folder =
            folder(Format::Drizzle, &[("100", "a"), ("150", "b"), ("300", "c"), ("120", "d")]);
        let records = [record("100", "a"), record("200", "gone")];
        assert_eq!(
            told(&folder, Some(&records), &[]),
            ["100 applied", "150 skipped", "200 missing", "300 pending", "120 skipped"]
        );
        // A time that was rewritten: the text tells.
        let records = [record("100", "a"), record("149", "b")];
        assert_eq!(told(&folder, Some(&records), &[])[1], "150 applied");
        let records = [record("100", "x")];
        assert_eq!(told(&folder, Some(&records), &[])[0], "100 changed");
    }

    #[test]
    fn one_row_of_golang_migrate_tells_of_all() {
        let folder = folder(Format::Golang, &[("1", ""), ("2", ""), ("3", "")]);
        let row = |dirty: bool| [Record { finished: !dirty, ..record("2", "") }];
        assert_eq!(told(&folder, Some(&row(false)), &[]), ["1 applied", "2 applied", "3 pending"]);
        assert_eq!(told(&folder, Some(&row(true)), &[])[..2], ["1 applied", "2 failed"]);
        let gone = [record("7", "")];
        assert_eq!(told(&folder, Some(&gone), &[])[2..], ["3 applied", "7 missing"]);
    }

    #[test]
    fn prisma_keeps_several_rows_of_one_name() {
        let folder = folder(Format::Prisma, &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
        let back = |key: &str| Record { rolled_back: true, finished: false, ..record(key, "0") };
        let failed = Record { finished: false, ..record("c", "3") };
        let records = [back("a"), record("a", "1"), back("b"), failed, back("c"), back("gone")];
        assert_eq!(
            told(&folder, Some(&records), &[]),
            ["a applied", "b out of order", "c failed", "d pending"]
        );
    }

    #[test]
    fn a_checksum_of_other_line_ends_is_the_same() {
        let mut folder = folder(Format::Prisma, &[("a", "unix")]);
        folder.migrations[0].also = vec![b"windows".to_vec()];
        assert_eq!(told(&folder, Some(&[record("a", "windows")]), &[]), ["a applied"]);
        let dbmate = self::folder(Format::Dbmate, &[("1", "")]);
        assert_eq!(told(&dbmate, Some(&[record("1", "")]), &[]), ["1 applied"]);
    }
}
