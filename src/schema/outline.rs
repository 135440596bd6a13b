//! The outline of a database: what exists and roughly how large it is, enough to draw the
//! tree. It is read in one go and stays cheap for thousands of tables; everything about one
//! relation is in [`Relation`](super::Relation), read when somebody looks.

use super::RelationName;

/// Everything there is, by schema.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    /// The schemas, in the order of their names, system schemas left out.
    pub schemas: Vec<OutlineSchema>,
    /// What the role may not see or could not be read, in sentences for the screen.
    pub unseen: Vec<String>,
}

/// One schema and what it holds, each list in the order of names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutlineSchema {
    /// The schema's name.
    pub name: String,
    /// Whether the role may look into it (`USAGE`).
    pub usable: bool,
    /// The comment on it.
    pub comment: Option<String>,
    /// Tables, views and other relations.
    pub relations: Vec<OutlineRelation>,
    /// Enums, domains, composite and range types.
    pub types: Vec<NamedType>,
    /// Sequences that belong to no identity column.
    pub sequences: Vec<Sequence>,
    /// Functions, procedures and aggregates.
    pub functions: Vec<Function>,
}

/// What sort of relation something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// An ordinary table (on SQLite also `STRICT` and `WITHOUT ROWID` ones).
    Table,
    /// A partitioned table; its rows live in its partitions.
    PartitionedTable,
    /// A table that is a partition of another.
    Partition,
    /// A foreign table.
    ForeignTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A SQLite virtual table.
    VirtualTable,
}

/// A relation as the tree shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlineRelation {
    /// Its name within the schema.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// How many columns it has.
    pub columns: u32,
    /// About how many rows it has, by statistics; `None` where nothing is known.
    pub rows_estimate: Option<u64>,
    /// About how many bytes it takes on disk, without its indexes.
    pub bytes_estimate: Option<u64>,
    /// Whether the role may read it.
    pub readable: bool,
    /// The table it is a partition of.
    pub partition_of: Option<RelationName>,
    /// The comment on it.
    pub comment: Option<String>,
}

/// The sort of a named type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// An enumeration.
    Enum,
    /// A domain.
    Domain,
    /// A composite type made with CREATE TYPE.
    Composite,
    /// A range type.
    Range,
}

/// A type somebody made.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedType {
    /// Its name.
    pub name: String,
    /// Its sort.
    pub kind: TypeKind,
    /// What defines it: an enum's labels, a domain's base type and checks, the fields of a
    /// composite, the subtype of a range; one line each.
    pub definition: Vec<String>,
}

/// A sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub type_name: String,
    /// The last value handed out, where it may be read and one was.
    pub last_value: Option<i64>,
    /// The column that owns it, as `table.column`.
    pub owned_by: Option<String>,
}

/// A function, procedure or aggregate.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its arguments as the server prints them.
    pub arguments: String,
    /// What it returns; empty for a procedure.
    pub returns: String,
    /// `function`, `procedure`, `aggregate` or `window`.
    pub kind: &'static str,
    /// Its language.
    pub language: String,
}

impl RelationKind {
    /// The word for it, in lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::Partition => "partition",
            Self::ForeignTable => "foreign table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::VirtualTable => "virtual table",
        }
    }
}

impl Outline {
    /// The relation of that name.
    pub fn find(&self, name: &RelationName) -> Option<&OutlineRelation> {
        let schema = self.schemas.iter().find(|schema| schema.name == name.schema)?;
        schema.relations.iter().find(|relation| relation.name == name.name)
    }

    /// Every relation with its full name, in the order of the tree.
    pub fn relations(&self) -> impl Iterator<Item = (RelationName, &OutlineRelation)> {
        self.schemas.iter().flat_map(|schema| {
            schema
                .relations
                .iter()
                .map(|relation| (RelationName::new(&schema.name, &relation.name), relation))
        })
    }
}
