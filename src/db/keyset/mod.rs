//! Turns a request for a page into SQL: pure, the same for both engines, no I/O.
//!
//! A page is read by its key, never by position. [`pages`] gives a [`Plan`]: queries to run one
//! after the other until enough rows are there. Each is a range of one index, if there is one
//! for the order, so a page costs the same wherever it lies. NULLs stand where the server
//! puts them: after all values in PostgreSQL's ascending order, before them in SQLite's.

mod condition;
mod order;
mod plan;

pub use condition::where_clause;
pub use order::{OrderTerm, by_anchor, order_terms};
pub use plan::{Columns, Plan, any_before, by_position, pages};

use crate::db::page::Selection;
use crate::db::value::Value;
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// A statement and what is bound to its parameters, in the order of their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The text, with `$1` (PostgreSQL) or `?1` (SQLite) for parameters.
    pub sql: String,
    /// The values of the parameters.
    pub binds: Vec<Bind>,
}

/// A value to bind.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// Text; on PostgreSQL every parameter is text and cast in the statement.
    Text(String),
    /// An integer (SQLite).
    Integer(i64),
    /// A floating-point number (SQLite).
    Real(f64),
    /// Bytes (SQLite).
    Blob(Vec<u8>),
    /// NULL.
    Null,
}

/// Collects the values a statement binds and hands out the names of their parameters.
pub(crate) struct Binder<'a> {
    dialect: Dialect,
    binds: &'a mut Vec<Bind>,
}

impl<'a> Binder<'a> {
    fn new(dialect: Dialect, binds: &'a mut Vec<Bind>) -> Self {
        Self { dialect, binds }
    }

    fn bind(&mut self, bind: Bind) -> String {
        self.binds.push(bind);
        match self.dialect {
            Dialect::Postgres => format!("${}", self.binds.len()),
            Dialect::Sqlite => format!("?{}", self.binds.len()),
        }
    }

    /// Text as a value of a PostgreSQL type.
    fn cast(&mut self, text: &str, type_sql: &str) -> String {
        format!("{}::text::{type_sql}", self.bind(Bind::Text(text.to_owned())))
    }

    /// A value as it was read, to be compared with the column it was read from.
    fn value(&mut self, value: &Value, type_sql: &str) -> Result<String> {
        match (self.dialect, value) {
            (_, Value::Truncated(_)) => Err(Problem::failed(
                "This row cannot be found again by a value this long",
                "Only the beginning of the value was fetched",
                "sort or follow by another column",
            )),
            (Dialect::Postgres, Value::Null) => Ok(format!("NULL::{type_sql}")),
            (Dialect::Postgres, Value::Text(text)) => Ok(self.cast(text, type_sql)),
            (Dialect::Postgres, Value::Integer(number)) => {
                Ok(self.cast(&number.to_string(), type_sql))
            }
            (Dialect::Postgres, Value::Real(number)) => {
                Ok(self.cast(&number.to_string(), type_sql))
            }
            (Dialect::Postgres, Value::Blob(bytes) | Value::Malformed(bytes)) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(self.cast(&format!("\\x{hex}"), type_sql))
            }
            (Dialect::Sqlite, Value::Null) => Ok(self.bind(Bind::Null)),
            (Dialect::Sqlite, Value::Text(text)) => Ok(self.bind(Bind::Text(text.to_string()))),
            (Dialect::Sqlite, Value::Integer(number)) => Ok(self.bind(Bind::Integer(*number))),
            (Dialect::Sqlite, Value::Real(number)) => Ok(self.bind(Bind::Real(*number))),
            (Dialect::Sqlite, Value::Blob(bytes)) => Ok(self.bind(Bind::Blob(bytes.to_vec()))),
            // Bytes that are not UTF-8 can only be bound as a blob; the cast makes them text
            // again as they are, the plus takes the cast's affinity off the comparison.
            (Dialect::Sqlite, Value::Malformed(bytes)) => {
                Ok(format!("(+CAST({} AS TEXT))", self.bind(Bind::Blob(bytes.to_vec()))))
            }
        }
    }
}

/// The column, qualified by its relation, so that it is never taken for a column of the result
/// (ORDER BY prefers those) nor, on SQLite, for a string when it does not exist any more.
pub(crate) fn column_sql(dialect: Dialect, selection: &Selection, name: &str) -> String {
    format!("{}.{}", dialect.ident(&selection.relation.name), dialect.ident(name))
}

/// A type name to cast typed text to: without the length or precision, because an explicit cast
/// would cut or round the text, and without a domain's checks.
pub(crate) fn comparison_type(type_name: &str, base_type: &str) -> String {
    let element = base_type.strip_prefix('_').unwrap_or(base_type);
    if BUILT_IN.contains(&element) {
        return format!("pg_catalog.{}", Dialect::Postgres.ident(base_type));
    }
    without_modifier(type_name)
}

/// Whether this is one of PostgreSQL's own types, by its name in pg_type.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// PostgreSQL's types that text is often compared as, by their names in pg_type. `char` as
/// pg_type has it is the one-byte type; `character(n)` is `bpchar` there.
const BUILT_IN: &[&str] = &[
    "bit",
    "bool",
    "box",
    "bpchar",
    "bytea",
    "char",
    "cidr",
    "circle",
    "date",
    "daterange",
    "datemultirange",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int8",
    "int4range",
    "int4multirange",
    "int8range",
    "int8multirange",
    "interval",
    "json",
    "jsonb",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "nummultirange",
    "numrange",
    "oid",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "text",
    "tid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "uuid",
    "varbit",
    "varchar",
    "xid",
    "xid8",
    "xml",
];

/// `geometry(Point,4326)[]` without what stands in parentheses outside quotes.
fn without_modifier(type_name: &str) -> String {
    let (mut out, mut quoted, mut depth) = (String::with_capacity(type_name.len()), false, 0usize);
    for letter in type_name.chars() {
        match letter {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth.saturating_sub(1);
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(letter);
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
pub(crate) mod fixture {
    //! A selection for the tests of this room.

    use crate::db::page::{Identity, PageColumn, Selection, SortKey};
    use crate::schema::RelationName;

    /// `main.t` with the columns given as `name type`, `?` after the name where nullable.
    pub fn selection(
        columns: &[(&str, &str)],
        identity: Identity,
        sort: &[(&str, bool)],
    ) -> Selection {
        let columns: Vec<PageColumn> = columns
            .iter()
            .map(|(name, type_name)| PageColumn {
                name: name.trim_end_matches('?').to_owned(),
                type_name: (*type_name).to_owned(),
                base_type: (*type_name).to_owned(),
                nullable: name.ends_with('?'),
            })
            .collect();
        Selection {
            relation: RelationName::new("main", "t"),
            columns: columns.into(),
            identity,
            filter: Vec::new(),
            sort: sort
                .iter()
                .map(|(column, descending)| SortKey {
                    column: (*column).to_owned(),
                    descending: *descending,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lose_their_modifiers() {
        assert_eq!(comparison_type("character varying(3)", "varchar"), "pg_catalog.\"varchar\"");
        assert_eq!(comparison_type("numeric(5,2)[]", "_numeric"), "pg_catalog.\"_numeric\"");
        assert_eq!(comparison_type("geometry(Point,4326)[]", "_geometry"), "geometry[]");
        assert_eq!(comparison_type("\"a(b)\".mood", "mood"), "\"a(b)\".mood");
    }
}
