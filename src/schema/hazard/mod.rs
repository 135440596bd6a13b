//! What a change locks, rewrites, breaks or loses: rules over the actions of a plan and over the
//! words of hand-written SQL, weighed by what was measured where it was. Pure: the measuring
//! itself is `db`'s.

mod action;
mod amount;
mod domain;
mod examine;
mod lock;
mod lock_hazard;
mod lookup;
mod measures;
mod merged;
mod names;
mod observed;
mod rule;
mod silence;
mod sqlite_constraint;
mod step_lock;
mod text;
mod type_change;
mod wanted;
mod weight;
mod words;

pub use amount::{bytes, counted};
pub use examine::{Context, examine};
pub use lock::LockMode;
pub use lock_hazard::locks;
pub use measures::{Count, Effects, Facts, How, Measures, Outcome, Reading, TableSize};
pub use merged::merged;
pub use observed::{observed, rebuilt};
pub use rule::Rule;
pub use silence::{Allowance, Reach, allowances, schema_allowances, silence};
pub use text::{Around, examine_text};
pub use type_change::{keeps_values, loses_values};
pub use wanted::{Subject, Wanted, touched, wanted};

use super::model::Key;
use crate::sql::Dialect;

/// How much a hazard weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Notice,
    /// May hurt.
    Warning,
    /// Loses data, or is known to fail.
    Danger,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// What is done about a rule's hazards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// They are not shown.
    Ignore,
    /// They are shown.
    Warn,
    /// Nothing runs while there is one.
    Refuse,
}

impl Policy {
    /// The policy of a word of the configuration: `ignore`, `warn` or `refuse`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "ignore" => Some(Self::Ignore),
            "warn" => Some(Self::Warn),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}

/// Something to know before a statement runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Hazard {
    /// The rule that found it.
    pub rule: Rule,
    /// How much it weighs here.
    pub severity: Severity,
    /// Which statement it is about, counted from 0.
    pub step: usize,
    /// The line that statement begins on, counted from 1, where a text was examined.
    pub line: Option<usize>,
    /// What it is about, where that is known.
    pub object: Option<Key>,
    /// Why it matters.
    pub why: String,
    /// The safer way.
    pub safer: String,
    /// What was measured, in words: `12,431 rows, 3,020 of them with a note`.
    pub measured: Option<String>,
    /// Whether all it could fail on was counted, and there is none.
    pub cleared: bool,
}

impl Hazard {
    /// Whether it is good news: what it could fail on was looked for and not found, and it takes
    /// no time that others notice.
    pub fn is_settled(&self) -> bool {
        self.cleared && self.severity == Severity::Notice
    }

    /// A hazard as its rule tells it.
    fn of(dialect: Dialect, rule: Rule, step: usize, object: Option<Key>) -> Self {
        Self {
            rule,
            severity: rule.severity(),
            step,
            line: None,
            object,
            why: rule.why(dialect).to_owned(),
            safer: rule.safer(dialect).to_owned(),
            measured: None,
            cleared: false,
        }
    }
}

#[cfg(test)]
mod tests;
