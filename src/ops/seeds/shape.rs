//! What tables look like to somebody who fills them: columns with the sort of their values, keys,
//! references, checks. The same for both engines; read from the model or the catalogue elsewhere.
//! Pure.

use std::collections::BTreeMap;

use super::expression::Expression;
use crate::schema::RelationName;
use crate::sql::Dialect;

/// The tables of a database, by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// Whose SQL is spoken.
    pub(crate) dialect: Dialect,
    /// The tables rows can be put into; partitions are reached through their table.
    pub(crate) tables: BTreeMap<RelationName, Table>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Its columns in order.
    pub(crate) columns: Vec<Column>,
    /// The primary key's columns, by place.
    pub(crate) primary: Vec<usize>,
    /// What must be unique, the primary key included.
    pub(crate) uniques: Vec<Unique>,
    /// Its foreign keys.
    pub(crate) references: Vec<Reference>,
    /// Its checks as far as they are understood.
    pub(crate) checks: Vec<Expression>,
    /// Of a partitioned table: what each of its partitions that hold rows asks of the columns.
    pub(crate) partitions: Option<Vec<Vec<Expression>>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// The type as the catalogue prints it.
    pub(crate) type_name: String,
    /// The sort of its values.
    pub(crate) sort: Sort,
    /// Whether it may be NULL.
    pub(crate) nullable: bool,
    /// Whether the engine has a value for it where none is given.
    pub(crate) default: bool,
    /// How it gets its values.
    pub(crate) origin: Origin,
}

/// How a column gets its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// They are written.
    Written,
    /// It numbers itself; whether it insists on that (`GENERATED ALWAYS`).
    Numbered {
        /// Whether a number of one's own needs `OVERRIDING SYSTEM VALUE`.
        always: bool,
    },
    /// It is computed.
    Computed,
}

/// What must be unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unique {
    /// The columns, by place.
    pub(crate) columns: Vec<usize>,
    /// Whether two NULLs count as the same.
    pub(crate) nulls_same: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The columns that refer, by place.
    pub(crate) columns: Vec<usize>,
    /// The table referred to.
    pub(crate) target: RelationName,
    /// The columns referred to, in the same order.
    pub(crate) target_columns: Vec<String>,
    /// Whether it can wait for the end of the transaction.
    pub(crate) deferrable: bool,
}

/// The sort of a column's values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sort {
    /// Whole numbers from and to.
    Integer(i64, i64),
    /// Exact numbers: digits before and after the point.
    Decimal(u32, u32),
    /// Numbers.
    Float,
    /// True or false.
    Truth,
    /// Text; the most characters, and whether it is padded to them.
    Text(Option<usize>),
    /// Bytes.
    Bytes,
    /// A date.
    Date,
    /// A time of day; whether with a zone.
    Time(bool),
    /// A moment; whether with a zone.
    Moment(bool),
    /// A span of time.
    Span,
    /// A UUID.
    Uuid,
    /// JSON.
    Json,
    /// One of these labels.
    Label(Vec<String>),
    /// Bits: how many, and whether fewer will do.
    Bits(usize, bool),
    /// A value in one of PostgreSQL's own forms.
    Form(Form),
    /// Values of this sort, in an array.
    Array(Box<Sort>),
    /// From and to of this sort.
    Range(Box<Sort>),
    /// Several ranges.
    Ranges(Box<Sort>),
    /// Named fields together.
    Fields(Vec<Sort>),
    /// A sort below, with what a domain asks of it.
    Domain(Box<Sort>, Vec<Expression>),
    /// A sort nothing is known of.
    Unknown,
}

/// A form of PostgreSQL's own types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// `macaddr`
    Mac,
    /// `macaddr8`
    Mac8,
    /// `point`
    Point,
    /// `line`
    Line,
    /// `lseg`
    Segment,
    /// `box`
    Rectangle,
    /// `path` or `polygon`
    Outline,
    /// `circle`
    Circle,
    /// `tsvector`
    Words,
    /// `tsquery`
    Search,
    /// `xml`
    Xml,
    /// `money`
    Money,
    /// `hstore`
    Pairs,
    /// `ltree`
    Labels,
    /// `pg_lsn`
    Place,
    /// `jsonpath`
    JsonPath,
}

impl Table {
    /// The place of a column, by name; names compare as the engine compares them.
    pub(crate) fn place(&self, dialect: Dialect, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        exact.or_else(|| match dialect {
            Dialect::Postgres => None,
            Dialect::Sqlite => {
                self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
            }
        })
    }
}

impl Sort {
    /// The sort below domains.
    pub(crate) fn bare(&self) -> &Self {
        match self {
            Self::Domain(inner, _) => inner.bare(),
            other => other,
        }
    }
}
