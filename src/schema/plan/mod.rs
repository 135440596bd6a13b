//! A plan: the statements that lead from one schema to another, in order, each with what it
//! does.
//!
//! The text of a step is the very text that runs; nothing rewrites it afterwards. Pure: who
//! measures a plan or runs it is elsewhere.

pub mod postgres;
pub mod sqlite;

use std::ops::Range;

use super::model::{Key, Model};
use super::rename::Rename;
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// Ordered statements.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// The statements in the order they run.
    pub steps: Vec<Step>,
    /// What the person should know of the whole, in sentences: what is left as it is, and why.
    pub notes: Vec<String>,
}

/// One statement and what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The statement, without a semicolon at its end.
    pub sql: String,
    /// What it does, for rules and measures to judge; never parsed back from the SQL.
    pub actions: Vec<Action>,
    /// Whether the server refuses it inside a transaction; it then runs by itself.
    pub outside_transaction: bool,
    /// Whether it takes so long that no lock of its neighbours' may be held meanwhile: it runs in
    /// another transaction than those before and after it that are not apart as well.
    pub apart: bool,
}

/// What a statement does to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Makes an object that was not there.
    Create(Key),
    /// Drops an object; with a table or column its rows or values are lost.
    Drop(Key),
    /// Drops an object to make it again in a later step, because it cannot be changed in place.
    DropToRemake(Key),
    /// Makes again what an earlier step dropped.
    Remake(Key),
    /// Renames an object aside, so that its new form can be made under its name.
    Aside(Key),
    /// Makes the new form of an object beside it.
    Prepare(Key),
    /// Drops the old form of an object once the new one has taken its place.
    DropOld(Key),
    /// Writes the comment on an object, or takes it away.
    Comment(Key),
    /// Changes an object in a way that touches no row.
    Alter(Key),
    /// Renames an object.
    Rename {
        /// What it was.
        from: Key,
        /// What it becomes.
        to: Key,
    },
    /// Refuses NULL in a column from now on: fails where there is one.
    SetNotNull(Key),
    /// Adds a column that must not be NULL and has no value for the rows there are.
    AddRequired(Key),
    /// Gives a column another type: values may not fit.
    ChangeType {
        /// The column.
        column: Key,
        /// The type it has.
        from: String,
        /// The type it gets.
        to: String,
        /// How the values become the new type: the expression after USING, if one is given.
        using: Option<String>,
    },
    /// Takes a label out of an enum: fails where a row has it.
    RemoveLabel {
        /// The enum.
        key: Key,
        /// The label.
        label: String,
    },
    /// Takes an attribute out of a composite type: the values of its columns lose it.
    DropAttribute {
        /// The composite type.
        key: Key,
        /// The attribute.
        attribute: String,
    },
    /// Checks that all rows pass a constraint that was not valid.
    Validate(Key),
    /// Copies a table's rows into a new form of it (SQLite's rebuild).
    Rebuild(Key),
    /// Changes who may do what.
    Authorize(Key),
    /// Sets something for the session or the transaction.
    Setting,
}

/// The steps that run together, in order: those that may not run in a transaction each by
/// themselves, those that are apart apart from the others.
pub fn groups(steps: &[Step]) -> Vec<Range<usize>> {
    grouped(steps.iter().map(|step| (step.outside_transaction, step.apart)))
}

/// The same of steps of which each is known by whether it runs outside a transaction, and whether
/// it is apart.
pub fn grouped(steps: impl Iterator<Item = (bool, bool)>) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut before: Option<(bool, bool)> = None;
    for (at, step) in steps.enumerate() {
        let joins = before.is_some_and(|before| !before.0 && !step.0 && before.1 == step.1);
        match groups.last_mut().filter(|_| joins) {
            Some(group) => group.end = at + 1,
            None => groups.push(at..at + 1),
        }
        before = Some(step);
    }
    groups
}

impl Plan {
    /// A plan that does nothing.
    pub fn empty(dialect: Dialect) -> Self {
        Self { dialect, steps: Vec::new(), notes: Vec::new() }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Action {
    /// The object it is about: of a rename, the one there is afterwards.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Create(key)
            | Self::Drop(key)
            | Self::DropToRemake(key)
            | Self::Remake(key)
            | Self::Aside(key)
            | Self::Prepare(key)
            | Self::DropOld(key)
            | Self::Comment(key)
            | Self::Alter(key)
            | Self::Rename { to: key, .. }
            | Self::SetNotNull(key)
            | Self::AddRequired(key)
            | Self::ChangeType { column: key, .. }
            | Self::RemoveLabel { key, .. }
            | Self::DropAttribute { key, .. }
            | Self::Validate(key)
            | Self::Rebuild(key)
            | Self::Authorize(key) => Some(key),
            Self::Setting => None,
        }
    }
}

impl Step {
    /// A statement with what it does.
    pub fn new(sql: impl Into<String>, actions: Vec<Action>) -> Self {
        Self { sql: sql.into(), actions, outside_transaction: false, apart: false }
    }
}

/// The plan that turns the one schema into the other; with `online`, in the ways that do not keep
/// those waiting who use the tables meanwhile (PostgreSQL).
pub fn plan(current: &Model, desired: &Model, online: bool) -> Plan {
    match desired.dialect {
        Dialect::Postgres => postgres::plan(current, desired, online),
        Dialect::Sqlite => sqlite::plan(current, desired),
    }
}

/// The objects in which two schemas differ, of those a plan could do something about. Empty means
/// that the databases are alike but for the order of columns.
pub fn differences(current: &Model, desired: &Model) -> Vec<Key> {
    match desired.dialect {
        Dialect::Postgres => postgres::differences(current, desired),
        Dialect::Sqlite => {
            let steps = sqlite::plan(current, desired).steps;
            let actions = steps.iter().flat_map(|step| &step.actions);
            actions.filter_map(Action::key).cloned().collect()
        }
    }
}

/// The statements that carry out renames, in their order.
///
/// # Errors
/// One of them cannot be done by a statement of its own.
pub fn rename_steps(renames: &[Rename], current: &Model) -> Result<Vec<Step>> {
    if current.dialect == Dialect::Postgres {
        return Ok(renames
            .iter()
            .flat_map(|rename| postgres::rename::steps(rename, current))
            .collect());
    }
    let step = |rename: &Rename| {
        let step = match rename {
            Rename::Object { from, to } => sqlite::rename(from, to),
            Rename::Label { .. } => None,
        };
        step.ok_or_else(|| {
            Problem::usage(
                format!("SQLite cannot rename the {rename}"),
                "it renames tables and columns",
                "leave that rename out: the thing is then dropped and made anew",
            )
        })
    };
    renames.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_cannot_share_a_transaction_part_it() {
        let step = |kind| match kind {
            'o' => Step { outside_transaction: true, ..Step::new("x", Vec::new()) },
            'a' => Step { apart: true, ..Step::new("x", Vec::new()) },
            _ => Step::new("x", Vec::new()),
        };
        let parted = |kinds: &str| groups(&kinds.chars().map(step).collect::<Vec<_>>());
        assert_eq!(parted("..oo."), [0..2, 2..3, 3..4, 4..5]);
        assert_eq!(parted(".aa."), [0..1, 1..3, 3..4]);
        assert!(parted("").is_empty());
    }
}
