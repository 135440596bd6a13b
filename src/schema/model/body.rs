//! What each kind of object consists of. The PostgreSQL bodies are the catalogue's own facts;
//! texts named `definition` are what the server's `pg_get_…def` functions print.

use super::{Key, SqliteTable, SqliteWritten};

/// Parameters, such as `fillfactor=70`, in the order the server keeps them. The order says nothing,
/// so they are the same in any.
#[derive(Debug, Clone, Default)]
pub struct Options(pub Vec<String>);

impl PartialEq for Options {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|one| other.0.contains(one))
    }
}

impl Eq for Options {}

impl std::ops::Deref for Options {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

/// An object in full, by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A schema.
    Schema,
    /// An extension and the schema its objects are in. Its version is the server's business.
    Extension {
        /// The schema; empty for an extension that cannot be moved.
        schema: String,
    },
    /// A collation: everything after `CREATE COLLATION name`, in brackets.
    Collation {
        /// `(provider = icu, locale = 'und', deterministic = false)`.
        definition: String,
    },
    /// An enumerated type's labels in their order.
    Enum {
        /// The labels.
        labels: Vec<String>,
    },
    /// A composite type's attributes in their order.
    Composite {
        /// The attributes.
        attributes: Vec<Attribute>,
    },
    /// A range type: everything in the brackets after `AS RANGE`.
    Range {
        /// `subtype = double precision, subtype_diff = float8mi`.
        definition: String,
    },
    /// A domain.
    Domain(Domain),
    /// A sequence that is not an identity column's.
    Sequence(Sequence),
    /// A function, procedure, aggregate or window function.
    Routine(Routine),
    /// A table.
    Table(Table),
    /// A column.
    Column(Column),
    /// A column's default: its expression.
    Default {
        /// The expression.
        expression: String,
    },
    /// A constraint.
    Constraint(Constraint),
    /// An index.
    Index(Index),
    /// Extended statistics.
    Statistics {
        /// `CREATE STATISTICS …` as the server prints it.
        definition: String,
        /// The statistics target, where one is set.
        target: Option<i32>,
    },
    /// A view.
    View(View),
    /// A materialized view.
    MaterializedView(View),
    /// A rewrite rule.
    Rule {
        /// `CREATE RULE …` as the server prints it, without the semicolon.
        definition: String,
        /// When it works.
        firing: Firing,
    },
    /// A trigger.
    Trigger {
        /// `CREATE TRIGGER …` as the server prints it.
        definition: String,
        /// When it works.
        firing: Firing,
    },
    /// A row-level security policy.
    Policy(Policy),
    /// An event trigger.
    EventTrigger {
        /// What follows `CREATE EVENT TRIGGER name`: `ON ddl_command_end WHEN TAG IN ('…') EXECUTE
        /// FUNCTION public.f()`.
        definition: String,
        /// When it works.
        firing: Firing,
    },
    /// Default privileges: the grants on objects made later are the object's grants.
    DefaultPrivileges,
    /// A SQLite table, virtual or not.
    SqliteTable(SqliteTable),
    /// A SQLite index, view or trigger: its text.
    SqliteWritten(SqliteWritten),
}

/// An attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// The type as `format_type` prints it.
    pub type_name: String,
    /// A collation other than the type's own, quoted and qualified.
    pub collation: Option<String>,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The type below, as `format_type` prints it.
    pub base: String,
    /// A collation other than the base type's own, quoted and qualified.
    pub collation: Option<String>,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// The default expression.
    pub default: Option<String>,
    /// The check constraints by name.
    pub checks: Vec<DomainCheck>,
}

/// A check constraint of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainCheck {
    /// Its name.
    pub name: String,
    /// `CHECK ((VALUE > 0))`, with `NOT VALID` where that holds.
    pub definition: String,
    /// Whether every stored value is known to pass.
    pub validated: bool,
    /// The comment on it.
    pub comment: Option<String>,
}

/// How a sequence counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceOptions {
    /// `smallint`, `integer` or `bigint`.
    pub type_name: String,
    /// The first value.
    pub start: i64,
    /// The step.
    pub increment: i64,
    /// The least value.
    pub minimum: i64,
    /// The greatest value.
    pub maximum: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Whether it starts over at its end.
    pub cycle: bool,
}

/// A sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// How it counts.
    pub options: SequenceOptions,
    /// Whether it is lost with a crash (PostgreSQL 15).
    pub unlogged: bool,
    /// The column it goes with (`OWNED BY`).
    pub owned_by: Option<Key>,
}

/// What sort of routine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutineKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A window function.
    Window,
}

/// A routine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// What sort.
    pub kind: RoutineKind,
    /// `CREATE OR REPLACE FUNCTION …` as the server prints it; of an aggregate, the whole
    /// `CREATE AGGREGATE` statement.
    pub definition: String,
    /// What it returns, as the server prints it; empty for a procedure.
    pub result: String,
    /// Its arguments with modes, names, and defaults, as the server prints them. While names,
    /// modes and the result stay and defaults only come in, `CREATE OR REPLACE` can change it.
    pub arguments: String,
    /// The types of its IN arguments, as `format_type` prints them, comma-separated: what
    /// `DROP`, `COMMENT ON` and `GRANT` need in their brackets. Already quoted.
    pub signature: String,
    /// Whether its body is parsed when it is made (`BEGIN ATOMIC`).
    pub parsed_body: bool,
}

/// What identifies a row to logical replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaIdentity {
    /// The primary key.
    Default,
    /// Nothing.
    Nothing,
    /// The whole row.
    Full,
    /// An index, by name.
    Index(String),
}

/// What a partition is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionOf {
    /// The partitioned table.
    pub parent: Key,
    /// `FOR VALUES …` or `DEFAULT`.
    pub bounds: String,
}

/// A table, without its columns and other parts, which are objects of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Whether its rows are lost with a crash.
    pub unlogged: bool,
    /// `RANGE (created_at)` of a partitioned table.
    pub partition_by: Option<String>,
    /// What it is a partition of.
    pub partition_of: Option<PartitionOf>,
    /// The tables it inherits from, in order.
    pub inherits: Vec<Key>,
    /// Storage parameters as the catalogue has them (`fillfactor=70`), those of the TOAST table
    /// with `toast.` before them; sorted.
    pub options: Options,
    /// The access method, where it is not the default one.
    pub access_method: Option<String>,
    /// The composite type it is of (`CREATE TABLE … OF`).
    pub of_type: Option<Key>,
    /// Whether row-level security is on.
    pub row_security: bool,
    /// Whether it holds for the owner too.
    pub force_row_security: bool,
    /// What identifies a row to logical replication.
    pub replica_identity: ReplicaIdentity,
    /// The index it was last clustered on, by name.
    pub clustered_on: Option<String>,
    /// A tablespace other than the database's.
    pub tablespace: Option<String>,
    /// The names of its columns in their order.
    pub order: Vec<String>,
}

/// An identity column's way of numbering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `GENERATED ALWAYS`, not `BY DEFAULT`.
    pub always: bool,
    /// How its sequence counts.
    pub options: SequenceOptions,
    /// The name of its sequence, unqualified (it stands in the table's schema).
    pub sequence: String,
    /// Whether its sequence is unlogged though the table is not, or the other way (PostgreSQL 15).
    pub unlogged: bool,
}

/// How a column stores long values: each `plain`, `external`, `extended` or `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The way it was set to.
    pub set: String,
    /// The type's own way.
    pub usual: String,
}

/// A column; its default is an object of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The type as `format_type` prints it.
    pub type_name: String,
    /// A collation other than the type's own, quoted and qualified.
    pub collation: Option<String>,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// How it numbers itself.
    pub identity: Option<Identity>,
    /// The expression it is computed by (`GENERATED ALWAYS AS … STORED`).
    pub generated: Option<String>,
    /// Whether what it computes is stored; only PostgreSQL 18 knows others.
    pub virtual_generated: bool,
    /// How long values are stored, where it is not the type's own way.
    pub storage: Option<Storage>,
    /// The compression method, where one is set.
    pub compression: Option<String>,
    /// The statistics target, where one is set.
    pub statistics: Option<i32>,
    /// Attribute options (`n_distinct=5`), sorted.
    pub options: Options,
    /// Whether the table itself declares it; false where it only inherits it. Columns of a
    /// partition count as inherited whatever the catalogue says.
    pub local: bool,
}

/// What sort of constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`.
    Primary,
    /// `UNIQUE`.
    Unique,
    /// `CHECK`.
    Check,
    /// `FOREIGN KEY`.
    Foreign,
    /// `EXCLUDE`.
    Exclusion,
}

/// A constraint of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// What sort.
    pub kind: ConstraintKind,
    /// As `pg_get_constraintdef` prints it, `NOT VALID` and `DEFERRABLE` included.
    pub definition: String,
    /// The columns it is about, in its order; of a check, those it reads.
    pub columns: Vec<String>,
    /// Of a foreign key: the table referred to.
    pub references: Option<Key>,
    /// Of a foreign key: the columns referred to, in its order.
    pub referenced_columns: Vec<String>,
    /// Whether every row is known to pass.
    pub validated: bool,
    /// Whether the table itself declares it; false where it comes from a parent alone.
    pub local: bool,
    /// The parent table's constraint this one belongs to (partitions).
    pub parent: Option<Key>,
    /// Of a primary key, unique or exclusion constraint: statistics or comments of its index, and
    /// whether the index is valid.
    pub index_valid: bool,
}

/// An index that is not a constraint's.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// The table or materialized view it is on.
    pub relation: Key,
    /// As `pg_get_indexdef` prints it.
    pub definition: String,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// Whether it can be used.
    pub valid: bool,
    /// The plain columns among its keys, in order.
    pub columns: Vec<String>,
    /// The index of the partitioned table it is attached to.
    pub parent: Option<Key>,
    /// Statistics targets of its expressions: number of the column, target.
    pub statistics: Vec<(i16, i32)>,
}

/// A column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewColumn {
    /// Its name.
    pub name: String,
    /// Its type as `format_type` prints it.
    pub type_name: String,
    /// Its collation, quoted and qualified, where the type has any.
    pub collation: Option<String>,
    /// A default set on the view's column.
    pub default: Option<String>,
    /// The comment on it.
    pub comment: Option<String>,
}

/// A view or a materialized view.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The query as the server prints it, with its semicolon taken off.
    pub definition: String,
    /// Its columns in order.
    pub columns: Vec<ViewColumn>,
    /// Options as the catalogue has them (`security_barrier=true`, `check_option=local`), sorted.
    pub options: Options,
    /// Of a materialized view: whether it holds what its query gave.
    pub populated: bool,
    /// Of a materialized view: access method and tablespace where they are not the default.
    pub access_method: Option<String>,
    /// The same for the tablespace.
    pub tablespace: Option<String>,
    /// Of a materialized view: the index it was last clustered on.
    pub clustered_on: Option<String>,
}

/// When a trigger or rule works (`ALTER TABLE … ENABLE/DISABLE TRIGGER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firing {
    /// In ordinary sessions.
    Origin,
    /// Never.
    Disabled,
    /// In sessions that replicate.
    Replica,
    /// In all sessions.
    Always,
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub command: String,
    /// `PERMISSIVE`, not `RESTRICTIVE`.
    pub permissive: bool,
    /// The roles it is for, sorted; empty for PUBLIC.
    pub roles: Vec<String>,
    /// The `USING` expression.
    pub using: Option<String>,
    /// The `WITH CHECK` expression.
    pub check: Option<String>,
}

/// Whom a privilege was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// The object's owner, whoever that is: so that the same schema under another owner is equal.
    Owner,
    /// Everybody.
    Public,
    /// A role.
    Role(String),
}

/// One privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// Whom it was given.
    pub grantee: Grantee,
    /// `SELECT`, `USAGE`, …
    pub privilege: String,
    /// Whether it may be passed on.
    pub grantable: bool,
}
