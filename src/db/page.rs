//! A page of rows, and the question it answers: pure data.
//!
//! Paging is by key (`WHERE (sort…, key…) > anchor ORDER BY … LIMIT n`), never by position,
//! so a page costs the same at the start and at the end of ten million rows. A request says
//! which rows, in which order, from which anchor; `keyset` turns it into SQL. Nothing here
//! does I/O or names an engine.

use std::sync::Arc;
use std::time::Duration;

use crate::db::value::Value;
use crate::schema::RelationName;

/// How the rows of a relation are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// By a primary key, or else by a unique key whose columns are all NOT NULL.
    Key(Vec<String>),
    /// By SQLite's rowid, under the name that reaches it (`rowid`, `_rowid_` or `oid`).
    Rowid(String),
    /// By the physical place of the row: good for paging in one sitting, not for edits.
    Ctid,
    /// Not at all: a view, or a foreign table. Pages are by position and may shift.
    None,
}

/// A column as a page asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageColumn {
    /// The column's name.
    pub name: String,
    /// The type as the catalogue prints it (`format_type()` on PostgreSQL, the declared type
    /// on SQLite, which may be empty).
    pub type_name: String,
    /// PostgreSQL: the base type's bare name under domains (`bool`, `bpchar`, `_text`).
    pub base_type: String,
    /// Whether the column may hold NULL.
    pub nullable: bool,
}

/// One sort column and its direction. NULLs stand where the server puts them by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The column's name.
    pub column: String,
    /// Whether the largest come first.
    pub descending: bool,
}

/// How a condition compares a column with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal; a NULL is not equal to anything, as in SQL.
    Ne,
    /// Less than.
    Lt,
    /// At most.
    Le,
    /// Greater than.
    Gt,
    /// At least.
    Ge,
    /// Between two values, both included.
    Between,
    /// Equal to one of several values.
    In,
    /// Matches a LIKE pattern.
    Like,
    /// Does not match a LIKE pattern.
    NotLike,
    /// Matches a LIKE pattern in any case (PostgreSQL; on SQLite LIKE already ignores ASCII case).
    ILike,
    /// Matches a regular expression (PostgreSQL `~`).
    Regex,
    /// Is NULL; takes no value.
    IsNull,
    /// Is not NULL; takes no value.
    IsNotNull,
    /// A JSON document satisfies a path: PostgreSQL `@@`/`@?` with a jsonpath on jsonb, SQLite
    /// `json_extract(column, path) = value`.
    JsonPath,
}

/// One condition of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A column compared with values as they were typed.
    Column {
        /// The column's name.
        column: String,
        /// The comparison.
        operator: Operator,
        /// What it is compared with: none, one, two (`Between`) or many (`In`).
        values: Vec<String>,
    },
    /// A column equal to a value that was read, or NULL: a followed foreign key.
    Equals {
        /// The column's name.
        column: String,
        /// The value exactly as a page returned it.
        value: Value,
    },
    /// An expression for WHERE, as typed; checked to be one expression before it is used.
    Raw(String),
}

/// The rows asked for: a relation, a filter and an order. Everything of a page but its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The table, view or other relation.
    pub relation: RelationName,
    /// The columns to fetch, in the order of the catalogue.
    pub columns: Arc<[PageColumn]>,
    /// How rows are told apart.
    pub identity: Identity,
    /// Conditions that all must hold.
    pub filter: Vec<Condition>,
    /// The sort columns, most important first; the key follows them by itself.
    pub sort: Vec<SortKey>,
}

/// Where in the selection's order a page lies.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// The first rows.
    Start,
    /// The last rows.
    End,
    /// The rows that follow an anchor.
    After(Anchor),
    /// The rows that come before an anchor.
    Before(Anchor),
    /// The rows from an anchor on, itself included: a refresh that stays where it was.
    From(Anchor),
    /// The rows from about this fraction (0.0 to 1.0) of the order on, by statistics or by
    /// interpolation of the first order column.
    Fraction(f64),
}

/// A row's place in the order: the values of its sort columns, then of its key. For a relation
/// without identity it is the row's position, as one `Integer`.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor(pub Box<[Value]>);

/// A question for one page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRequest {
    /// Which rows in which order.
    pub selection: Selection,
    /// Where the page lies.
    pub place: Place,
    /// The most rows to return.
    pub limit: usize,
}

/// One row of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The cells, in the order of the selection's columns.
    pub cells: Box<[Value]>,
    /// Its place in the order, which with a key also tells it from every other row.
    pub anchor: Anchor,
}

/// The answer: rows in the selection's order, whichever way they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether there are rows before the first of these.
    pub more_before: bool,
    /// Whether there are rows after the last of these.
    pub more_after: bool,
    /// How long the server and the way to it took.
    pub elapsed: Duration,
}

/// A question for one whole value.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueRequest {
    /// The selection the row was read with (its filter is not applied again).
    pub selection: Selection,
    /// The row.
    pub anchor: Anchor,
    /// The column's name.
    pub column: String,
}

impl Row {
    /// The bytes this row holds, for bounding memory.
    pub fn footprint(&self) -> usize {
        let cells = self.cells.iter().chain(self.anchor.0.iter());
        size_of::<Self>() + cells.map(Value::footprint).sum::<usize>()
    }
}
