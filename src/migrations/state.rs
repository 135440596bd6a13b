//! How each migration stands: the folder held against what the database remembers. Pure: it reads
//! neither of them.

use super::folder::Migration;
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
