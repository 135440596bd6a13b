//! What an object is called: its kind, its schema, what it is a part of, and its name.
//!
//! A key never holds quotes: quoting is the renderer's.

use std::fmt;

/// The kinds of object, in the order in which they are best made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A schema.
    Schema,
    /// An extension; what belongs to it is not an object of its own.
    Extension,
    /// A collation.
    Collation,
    /// An enumerated type.
    Enum,
    /// A composite type.
    Composite,
    /// A range type.
    Range,
    /// A domain.
    Domain,
    /// A sequence that is not an identity column's.
    Sequence,
    /// A function, procedure, aggregate or window function; [`Key::of`] holds its argument types
    /// as `pg_get_function_identity_arguments` without names: what tells overloads apart.
    Routine,
    /// A table, partitioned or not; on SQLite a virtual table too.
    Table,
    /// A column of a table.
    Column,
    /// The default expression of a column (not a generated column's expression).
    Default,
    /// A primary key, unique, check, foreign key or exclusion constraint of a table.
    Constraint,
    /// An index that is not a constraint's.
    Index,
    /// Extended statistics.
    Statistics,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A rewrite rule that is not a view's own.
    Rule,
    /// A trigger that is not internal.
    Trigger,
    /// A row-level security policy.
    Policy,
    /// An event trigger.
    EventTrigger,
    /// Default privileges: the role is the name, the schema may be empty, [`Key::of`] is the
    /// kind of object they are for.
    DefaultPrivileges,
}

impl Kind {
    /// The kinds that are parts of a relation, in their order.
    pub const PARTS: [Self; 7] = [
        Self::Column,
        Self::Default,
        Self::Constraint,
        Self::Index,
        Self::Rule,
        Self::Trigger,
        Self::Policy,
    ];

    /// Whether an object of this kind is a part of a relation, named in [`Key::of`].
    pub fn is_part(self) -> bool {
        Self::PARTS.contains(&self)
    }

    /// The word for it in sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Collation => "collation",
            Self::Enum => "enum",
            Self::Composite => "composite type",
            Self::Range => "range type",
            Self::Domain => "domain",
            Self::Sequence => "sequence",
            Self::Routine => "routine",
            Self::Table => "table",
            Self::Column => "column",
            Self::Default => "default",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Statistics => "statistics",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Rule => "rule",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::EventTrigger => "event trigger",
            Self::DefaultPrivileges => "default privileges",
        }
    }
}

/// The identity of an object within its database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Its schema (`main` on SQLite); empty for what stands in none. A part's is its relation's.
    pub schema: String,
    /// The relation a part belongs to, the argument types of a routine, else empty.
    pub of: String,
    /// Its own name.
    pub name: String,
}

impl Key {
    /// An object that stands in no schema.
    pub fn global(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, schema: String::new(), of: String::new(), name: name.into() }
    }

    /// An object in a schema.
    pub fn new(kind: Kind, schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, schema: schema.into(), of: String::new(), name: name.into() }
    }

    /// A part of a relation.
    pub fn part(
        kind: Kind,
        schema: impl Into<String>,
        relation: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind, schema: schema.into(), of: relation.into(), name: name.into() }
    }

    /// A part of this relation.
    pub fn child(&self, kind: Kind, name: impl Into<String>) -> Self {
        Self::part(kind, self.schema.clone(), self.name.clone(), name)
    }

    /// The table a part belongs to. Rules and triggers may belong to a view instead, indexes to a
    /// materialized view: ask the model which one there is.
    pub fn table(&self) -> Self {
        Self::new(Kind::Table, self.schema.clone(), self.of.clone())
    }
}

impl fmt::Display for Key {
    /// The name as a person reads it: `shop.orders.note`, `shop.total(integer)`. Never for SQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.schema.is_empty() {
            write!(f, "{}.", self.schema)?;
        }
        match self.kind {
            Kind::Routine => write!(f, "{}({})", self.name, self.of),
            kind if kind.is_part() => write!(f, "{}.{}", self.of, self.name),
            _ => f.write_str(&self.name),
        }
    }
}
