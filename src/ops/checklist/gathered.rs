//! A checklist as somebody goes through it on a screen: what was gathered, what can be done about an
//! item there and then, what the person said, and whether all of it still holds. Nothing here gathers
//! or asks.

use super::{Item, Word};
use crate::problem::{Kind, Problem, Result};

/// What can be done about an item from where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aid {
    /// A backup is made.
    Backup,
    /// The migrations are rehearsed.
    Rehearse,
    /// The command that tells the team runs.
    Notify,
}

impl Aid {
    /// Whether it is about this item.
    pub fn is_about(self, item: &str) -> bool {
        match self {
            Self::Backup => item == "backup",
            Self::Rehearse => item == "rollback-plan",
            Self::Notify => item == "team-notified",
        }
    }
}

/// A checklist whose evidence was gathered, and what can be done about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// The items, in their order.
    pub items: Vec<Item>,
    /// Whether only a reason stands in for evidence.
    pub strict: bool,
    /// What can be done from where they are shown.
    pub aids: Vec<Aid>,
    /// What went wrong with what was done, or what does not hold any more.
    pub trouble: Option<Problem>,
}

/// What somebody saw of a checklist and said about it before the yes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signed {
    /// The items as they were shown.
    pub items: Vec<Item>,
    /// What was said about them.
    pub words: Vec<Word>,
    /// The migrations whose text was looked at to its end, by name.
    pub read: Vec<String>,
}

/// What does not hold just before a run, as it is said where the list is open again.
pub(in crate::ops) fn here(problem: Problem) -> Problem {
    let fix = "look at the checklist again: what does not hold is open".to_owned();
    Problem { fix, ..problem }
}

/// Holds items whose evidence was gathered just before a run against those that were shown.
///
/// # Errors
/// What held then does not hold any more, or counts something else.
pub fn holds(now: &[Item], shown: &[Item]) -> Result<()> {
    let is_other = |item: &&Item| {
        let before = shown.iter().find(|before| before.id == item.id);
        before.is_none_or(|before| {
            before.shown || (item.is_measured() && item.evidence != before.evidence)
        })
    };
    let lost: Vec<String> = now
        .iter()
        .filter(|item| !item.shown)
        .filter(is_other)
        .map(|item| format!("{}: {}", item.id, item.evidence.join("; ")))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Refused,
        "Something on the checklist does not hold any more; nothing was run",
        lost.join("\n"),
        "run the command again to see how things are now",
    ))
}
