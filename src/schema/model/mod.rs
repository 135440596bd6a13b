//! A whole schema as pure data: every object by its key, what it is, and what it needs.
//!
//! Two models are equal exactly when the databases they were read from are: whatever a database
//! has that has no place here is named in [`Model::unmodelled`], never passed over. Nothing here
//! reads a database or writes SQL; expressions and definitions are texts as the server prints
//! them with an empty `search_path`, every name in them qualified.

mod body;
mod key;
mod sqlite;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

pub use body::{
    Attribute, Body, Column, Constraint, ConstraintKind, Domain, DomainCheck, Firing, Grant,
    Grantee, Identity, Index, Options, PartitionOf, Policy, ReplicaIdentity, Routine, RoutineKind,
    Sequence, SequenceOptions, Storage, Table, View, ViewColumn,
};
pub use key::{Key, Kind};
pub(crate) use sqlite::{
    Clause, ClauseKind, ColumnText, Definition, Form, Word, each_word, names, same_clauses,
    same_text, same_words, words,
};
pub use sqlite::{SqliteColumn, SqliteTable, SqliteWritten};

use crate::sql::Dialect;

/// Everything a database's schema consists of.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Whose SQL the texts are in.
    pub dialect: Dialect,
    /// The objects by key.
    pub objects: BTreeMap<Key, Object>,
    /// What the database has that is not compared.
    pub unmodelled: BTreeSet<Unmodelled>,
}

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What it is, in full.
    pub body: Body,
    /// The comment on it.
    pub comment: Option<String>,
    /// Who may do what with it, defaults written out; empty where privileges are not compared.
    pub grants: BTreeSet<Grant>,
    /// The role that owns it; `None` where owners are not compared.
    pub owner: Option<String>,
    /// The objects it cannot exist without. A part of a relation (a column, a constraint, an
    /// index, a trigger, a policy, a rule) always needs that relation; an object in a schema
    /// needs the schema.
    pub needs: BTreeSet<Key>,
}

/// Something that is there and not compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unmodelled {
    /// What it is, in the manual's words: `foreign server`, `text search configuration`.
    pub kind: String,
    /// Its name as a person reads it.
    pub name: String,
}

impl Object {
    /// An object that needs nothing and has no comment.
    pub fn new(body: Body) -> Self {
        Self { body, comment: None, grants: BTreeSet::new(), owner: None, needs: BTreeSet::new() }
    }
}

impl Model {
    /// A schema with nothing in it.
    pub fn empty(dialect: Dialect) -> Self {
        Self { dialect, objects: BTreeMap::new(), unmodelled: BTreeSet::new() }
    }

    /// The object of a key.
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// The body of a key's object.
    pub fn body(&self, key: &Key) -> Option<&Body> {
        self.objects.get(key).map(|object| &object.body)
    }

    /// The table of a key, if it is one.
    pub fn table(&self, key: &Key) -> Option<&Table> {
        match self.body(key) {
            Some(Body::Table(table)) => Some(table),
            _ => None,
        }
    }

    /// The column of a key, if it is one.
    pub fn column(&self, key: &Key) -> Option<&Column> {
        match self.body(key) {
            Some(Body::Column(column)) => Some(column),
            _ => None,
        }
    }

    /// The parts of a relation (columns, constraints, indexes, triggers and so on) by key.
    pub fn parts<'a>(&'a self, relation: &'a Key) -> impl Iterator<Item = (&'a Key, &'a Object)> {
        // Keys are ordered by kind first, so that the parts of one kind stand together.
        Kind::PARTS.iter().flat_map(move |kind| {
            let first = Key::part(*kind, relation.schema.as_str(), relation.name.as_str(), "");
            self.objects.range(first..).take_while(move |(key, _)| {
                key.kind == *kind && key.of == relation.name && key.schema == relation.schema
            })
        })
    }

    /// The objects of this model and another by key, each as it is in either.
    pub fn beside<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Pair<'a>> {
        merged(self.objects.iter(), other.objects.iter())
    }

    /// The same for the objects of one kind.
    pub fn beside_of<'a>(&'a self, other: &'a Self, kind: Kind) -> impl Iterator<Item = Pair<'a>> {
        merged(self.of_kind(kind), other.of_kind(kind))
    }

    /// The objects of one kind by key.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Object)> {
        let all = self.objects.range(Key::global(kind, "")..);
        all.take_while(move |(key, _)| key.kind == kind)
    }

    /// The tables of PostgreSQL by key.
    pub fn tables(&self) -> impl Iterator<Item = (&Key, &Table)> {
        self.of_kind(Kind::Table).filter_map(|(key, object)| match &object.body {
            Body::Table(table) => Some((key, table)),
            _ => None,
        })
    }
}

/// A key, and its object in each of two models.
pub type Pair<'a> = (&'a Key, Option<&'a Object>, Option<&'a Object>);

/// Goes through two rows of objects, each in the order of the keys, side by side.
fn merged<'a>(
    ones: impl Iterator<Item = (&'a Key, &'a Object)>,
    others: impl Iterator<Item = (&'a Key, &'a Object)>,
) -> impl Iterator<Item = Pair<'a>> {
    let (mut ones, mut others) = (ones.peekable(), others.peekable());
    std::iter::from_fn(move || {
        let order = match (ones.peek(), others.peek()) {
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let one = ones.next_if(|_| order.is_le());
        let other = others.next_if(|_| order.is_ge());
        let key = one.or(other)?.0;
        Some((key, one.map(|(_, object)| object), other.map(|(_, object)| object)))
    })
}

/// What of a database is read into a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// The schemas; `None` for every schema but the server's own and those of extensions.
    pub schemas: Option<Vec<String>>,
    /// Whether privileges are compared.
    pub privileges: bool,
    /// Whether owners are compared.
    pub owners: bool,
}

/// Whether a table of this name keeps the history of migrations or dbstudio's own records: such
/// tables are no part of a schema, on either engine, and are never read, compared or dropped.
pub fn is_history_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("_dbstudio") || HISTORY_TABLES.contains(&name.as_str())
}

/// The schema in which PostgreSQL keeps the ledger of what was done.
pub const LEDGER_SCHEMA: &str = "dbstudio";

/// The tables in which migration tools write down what they have run.
const HISTORY_TABLES: &[&str] = &[
    "_sqlx_migrations",
    "__drizzle_migrations",
    "schema_migrations",
    "refinery_schema_history",
    "_prisma_migrations",
    "atlas_schema_revisions",
];
