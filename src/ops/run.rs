//! A run of migrations as data: what is to run, in which direction, and how far it has come. The
//! text shown is the text that runs.

use std::time::Duration;

use crate::db::fault::Script;
pub use crate::migrations::Holder;
use crate::migrations::Migration;
use crate::ops::capsule::Save;

/// Which way migrations run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// They are applied.
    Up,
    /// They are taken back.
    Down,
}

/// What is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which way.
    pub direction: Direction,
    /// The scripts in the order they run.
    pub scripts: Vec<Scheduled>,
    /// Whether all of them run in one transaction.
    pub one_transaction: bool,
    /// The database's name as the server reports it.
    pub database: String,
    /// What the folder and the history were when it was made; both are held against it again
    /// before the first statement.
    pub fingerprint: String,
    /// What the person should know of it, in sentences.
    pub notes: Vec<String>,
}

impl Run {
    /// What it does and to which migrations, as it is written down.
    pub(super) fn in_words(&self) -> (&'static str, String) {
        let what = match self.direction {
            Direction::Up => "migrate",
            Direction::Down => "rollback",
        };
        let name = |script: &Scheduled| script.migration.name();
        let subject = match self.scripts.as_slice() {
            [] => self.database.clone(),
            [one] => name(one),
            [first, .., last] => format!("{} to {}", name(first), name(last)),
        };
        (what, subject)
    }
}

/// A script that is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// The migration it is of.
    pub migration: Migration,
    /// Its statements.
    pub statements: Vec<Statement>,
    /// The first that is to run, counted from 0: not 0 where an earlier run stopped halfway.
    pub from: usize,
    /// Whether that one was begun by a run that was cut off, and may be done.
    pub unsure: bool,
    /// Whether it runs in one transaction.
    pub transaction: bool,
    /// Of one that is taken back: the newest that stays applied, where its format points at it.
    pub before: Option<Migration>,
    /// What it destroys, as far as that was found out: what its undo capsule keeps.
    pub capsule: Vec<Save>,
}

impl Scheduled {
    /// The file whose statements run.
    ///
    /// A migration that is taken back has one, or it would not be scheduled.
    pub fn script(&self, direction: Direction) -> &Script {
        match direction {
            Direction::Up => &self.migration.up,
            Direction::Down => self.migration.down.as_ref().unwrap_or(&self.migration.up),
        }
    }
}

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text, as it runs.
    pub sql: String,
    /// Where it begins in its file, in bytes.
    pub start: usize,
    /// Whether it must run outside a transaction, in a script that does.
    pub alone: bool,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It waits for a lock; what for, and for whom.
    Waiting {
        /// What is waited for, in words.
        what: String,
        /// Who has it.
        holders: Vec<Holder>,
    },
    /// Something happened that the person should know of, in a sentence.
    Told(String),
    /// A statement begins.
    Statement {
        /// Which script, counted from 0.
        script: usize,
        /// Which of its statements, counted from 0.
        statement: usize,
    },
    /// A script is done and recorded.
    Finished {
        /// Which script, counted from 0.
        script: usize,
        /// How long it took.
        took: Duration,
    },
}
