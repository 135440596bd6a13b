//! A checklist as somebody goes through it on a screen: what was gathered, what can be done about an
//! item there and then, what the person said, and whether all of it still holds. Nothing here gathers
//! or asks.

use super::Word;
use crate::ops::push::Item;
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
            Self::Notify => matches!(item, "team-notified" | "team"),
        }
    }
}

/// A checklist whose evidence was gathered, and what can be done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// The items, in their order.
    pub items: Vec<Item>,
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

/// Holds items whose evidence was gathered just before a run against those that were shown.
///
/// # Errors
/// What held then does not hold any more.
pub fn holds(now: &[Item], shown: &[Item]) -> Result<()> {
    let was_shown = |item: &&Item| {
        !item.shown && shown.iter().any(|before| before.id == item.id && before.shown)
    };
    let lost: Vec<String> = now
        .iter()
        .filter(was_shown)
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
