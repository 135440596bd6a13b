//! What a database consists of, as pure data: names, the outline the tree shows, and one
//! relation in full. Nothing here reads a database, renders SQL or knows how a screen looks.

pub mod hazard;
pub mod model;
mod outline;
pub mod plan;
pub(crate) mod relation;
pub mod rename;
pub mod type_name;

pub use outline::{
    Function, NamedType, Outline, OutlineRelation, OutlineSchema, RelationKind, Sequence, TypeKind,
};
pub use relation::{
    Check, Column, Exclusion, ForeignKey, Generation, Incoming, Index, PartitionOf, Policy,
    Relation, Through, Trigger, UniqueKey, Updatable,
};

/// The name of a relation, qualified by its schema (`main` for the file itself on SQLite).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationName {
    /// The schema.
    pub schema: String,
    /// The relation's own name.
    pub name: String,
}

impl RelationName {
    /// A qualified name.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl std::fmt::Display for RelationName {
    /// `schema.name` as a person reads it: not quoted, never for SQL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}
