//! Edits of rows as data: what a cell is to hold, which row it belongs to, what was read of it
//! before, and what came of writing all of it.
//!
//! A row is known by its key, never by its place on a screen. What a statement touches carries
//! the values that were read, so that nothing somebody else wrote meanwhile is overwritten.
//! Nothing here does I/O; the statements are made in [`statement`], their order in [`order`].

pub mod order;
pub mod reference;
pub mod statement;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use reference::{Given, Reference, renumbered};

use crate::db::page::{Anchor, Identity, Selection};
use crate::db::value::{Value, hex};
use crate::problem::Problem;
use crate::schema::{Column, Generation, Relation, RelationKind, Updatable};

/// What a cell is to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// What the column's default gives.
    Default,
    /// What the database gives a column of a new row that is written in the same transaction.
    Row(Reference),
    /// This value: on PostgreSQL text as the server prints it, on SQLite a value of the storage
    /// class it will have.
    Value(Value),
}

/// A cell that is to hold something else.
#[derive(Debug, Clone, PartialEq)]
pub struct CellEdit {
    /// What was read of it before.
    pub read: Value,
    /// What it is to hold.
    pub wanted: Wanted,
}

/// The values of a row's key columns, in the key's order.
pub type Key = Box<[Value]>;

/// What is to happen to one row.
#[derive(Debug, Clone, PartialEq)]
pub enum RowEdit {
    /// Some of its cells change.
    Changed {
        /// The row's key as it was read.
        key: Key,
        /// The cells by their columns' names.
        cells: BTreeMap<String, CellEdit>,
    },
    /// It is a new row. Columns that are not named take their defaults.
    Added {
        /// The cells by their columns' names.
        cells: BTreeMap<String, Wanted>,
    },
    /// It goes.
    Deleted {
        /// The row's key as it was read.
        key: Key,
        /// What was read of it.
        read: BTreeMap<String, Value>,
    },
}

/// Which row of a table an edit is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A row that is there, by its key as text that no other key has.
    Existing(String),
    /// A new one, by a number.
    Added(u64),
}

/// All edits of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableEdits {
    /// The table as it was when it was edited.
    pub relation: Arc<Relation>,
    /// How its rows are told apart.
    pub identity: Identity,
    /// Columns whose values are never shown in SQL.
    pub masked: BTreeSet<String>,
    /// The edits, in the order they were made.
    pub rows: Vec<(RowId, RowEdit)>,
}

/// A row that is not as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The statement that did not hit its row, counted from 0.
    pub statement: usize,
    /// What the columns it touches hold now; `None` when the row is gone.
    pub now: Option<BTreeMap<String, Value>>,
    /// How many rows the statement hit.
    pub hit: u64,
}

/// What came of writing edits.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// All of it is in the database: what each statement left in the columns it touched.
    Done(Vec<BTreeMap<String, Value>>),
    /// Nothing was changed, because these rows are not as they were read.
    Conflicts(Vec<Conflict>),
    /// Nothing was changed, because the database refused a statement.
    Refused {
        /// The statement, counted from 0; `None` when it was the commit.
        statement: Option<usize>,
        /// Why.
        problem: Problem,
    },
}

/// Is told the transaction's number, and what each statement left, before the commit is sent.
pub type BeforeCommit<'a> =
    &'a mut (dyn FnMut(&str, &[BTreeMap<String, Value>]) -> Result<(), Problem> + Send);

/// What somebody typed into a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// Text, to be read as the column's type.
    Text(String),
    /// Bytes, for a column that holds bytes.
    Bytes(Box<[u8]>),
    /// NULL.
    Null,
    /// What the database gives a column of a new row.
    Row(Reference),
    /// The default.
    Default,
}

/// A cell whose value is to be proven before it is staged.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The column.
    pub column: String,
    /// What was typed.
    pub typed: Typed,
    /// What the row's cells hold, as far as that is known, those staged already included.
    pub row: BTreeMap<String, Value>,
}

/// What came of a trial: what to stage, or why it cannot be.
pub type Verdict = Result<Wanted, String>;

impl RowId {
    /// The id of a row with this key.
    pub fn of(key: &[Value]) -> Self {
        let mut text = String::new();
        for value in key {
            let (class, shown) = match value {
                Value::Null => ('n', String::new()),
                Value::Text(text) => ('t', text.to_string()),
                Value::Integer(number) => ('i', number.to_string()),
                Value::Real(number) => ('r', format!("{:016x}", number.to_bits())),
                Value::Blob(bytes) => ('b', hex(bytes)),
                Value::Malformed(bytes) => ('m', hex(bytes)),
                Value::Truncated(long) => ('l', format!("{}:{}", long.bytes, long.prefix.plain())),
            };
            text.push_str(&format!("{class}{}:{shown}", shown.len()));
        }
        Self::Existing(text)
    }
}

impl RowEdit {
    /// The key of the row, unless it is a new one.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Changed { key, .. } | Self::Deleted { key, .. } => Some(key),
            Self::Added { .. } => None,
        }
    }
}

/// The columns that tell the rows of a relation apart.
pub fn key_columns(identity: &Identity) -> &[String] {
    match identity {
        Identity::Key(columns) => columns,
        Identity::Rowid(name) => std::slice::from_ref(name),
        Identity::Ctid | Identity::None => &[],
    }
}

/// The key of a row of a selection, out of its place in the order: an anchor holds the values of
/// the sort columns, then of the key columns that are not among them, whole. `None` where the
/// rows have no key.
pub fn key_of(selection: &Selection, anchor: &Anchor) -> Option<Key> {
    let key = key_columns(&selection.identity);
    let mut terms: Vec<&String> = Vec::new();
    for name in selection.sort.iter().map(|sort| &sort.column).chain(key) {
        if !key.is_empty() && key.iter().all(|column| terms.contains(&column)) {
            break;
        }
        if !terms.contains(&name) {
            terms.push(name);
        }
    }
    let value = |column: &String| {
        let at = terms.iter().position(|term| *term == column)?;
        anchor.0.get(at).cloned()
    };
    let values: Option<Key> = key.iter().map(value).collect();
    values.filter(|values| !values.is_empty())
}

/// Why the rows of a relation cannot be edited, as a sentence; `None` where they can.
pub fn why_read_only<'a>(relation: &'a Relation, identity: &Identity) -> Option<&'a str> {
    match (relation.kind, &relation.updatable) {
        (_, Some(Updatable::Not(why))) => return Some(why),
        (RelationKind::View, None) => {
            return Some("A view is read-only here: edit the table under it");
        }
        (RelationKind::MaterializedView, _) => {
            return Some("A materialized view holds what its query gave: edit the tables under it");
        }
        (RelationKind::ForeignTable, _) => return Some("A foreign table is read-only here"),
        _ => {}
    }
    if key_columns(identity).is_empty() {
        return Some(
            "This table is read-only: without a primary key, or a unique key that is NOT NULL, \
             no row can be told from its like",
        );
    }
    None
}

/// Why a column cannot be given a value, as a sentence; `None` where it can. A new row may be
/// given more than a row that is there.
pub fn why_fixed(column: &Column, is_new: bool) -> Option<String> {
    match &column.generation {
        Some(Generation::Stored(expression) | Generation::Virtual(expression)) => {
            Some(format!("{} is made by the database: {expression}", column.name))
        }
        Some(Generation::IdentityAlways) if !is_new => Some(format!(
            "{} is GENERATED ALWAYS AS IDENTITY: only the database gives it",
            column.name
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::page::SortKey;
    use crate::schema::RelationName;

    fn selection(sort: &[&str], key: &[&str]) -> Selection {
        Selection {
            relation: RelationName::new("main", "t"),
            columns: Arc::new([]),
            identity: Identity::Key(key.iter().map(ToString::to_string).collect()),
            filter: Vec::new(),
            sort: sort
                .iter()
                .map(|name| SortKey { column: (*name).to_owned(), descending: false })
                .collect(),
        }
    }

    fn anchor(values: &[i64]) -> Anchor {
        Anchor(values.iter().map(|number| Value::Integer(*number)).collect())
    }

    #[test]
    fn a_key_is_found_in_any_order() {
        let key = |sort: &[&str], values: &[i64]| {
            key_of(&selection(sort, &["x", "y"]), &anchor(values)).map(|key| key.to_vec())
        };
        let expected = Some(vec![Value::Integer(1), Value::Integer(2)]);
        assert_eq!(key(&[], &[1, 2]), expected);
        assert_eq!(key(&["y"], &[2, 1]), expected);
        assert_eq!(key(&["z", "y"], &[9, 2, 1]), expected);
        // Once the sort holds the whole key, nothing after it is part of the place.
        assert_eq!(key(&["y", "x", "z"], &[2, 1]), expected);
        assert_eq!(key(&[], &[1]), None);
    }

    #[test]
    fn ids_of_different_keys_differ() {
        let text = |text: &str| Value::text(text);
        let keys: [&[Value]; 6] = [
            &[Value::Integer(1)],
            &[text("1")],
            &[Value::Real(1.0)],
            &[text("a"), text("b")],
            &[text("at1:b")],
            &[text("a"), Value::Null],
        ];
        let ids: BTreeSet<RowId> = keys.iter().map(|key| RowId::of(key)).collect();
        assert_eq!(ids.len(), keys.len());
    }
}
