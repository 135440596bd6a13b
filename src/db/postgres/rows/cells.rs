//! Cells: the expression that makes the server print one, and the bytes it sends as a value.
//!
//! What is shown is what the type's output function writes, which is what psql shows; the cast
//! to text differs from it for a few types. A value that may be long is sent with a mark: `=`
//! and the value, or its length, a colon and its first part. The mark is taken off here and
//! never seen outside.

use sqlx::postgres::PgRow;

use super::super::fields::bytes;
use crate::db::page::PageColumn;
use crate::db::value::{PREFIX_BYTES, Truncated, Value};

/// Stored bytes up to which a value is printed without asking how long it will be. Even
/// compressed it cannot become more than some tens of kilobytes, which are cut on arrival.
const SURELY_SMALL: usize = 512;

/// Types whose values are short however large they are.
const SHORT: &[&str] = &[
    "bool",
    "box",
    "char",
    "cid",
    "cidr",
    "circle",
    "date",
    "daterange",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int4range",
    "int8",
    "int8range",
    "interval",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "numrange",
    "oid",
    "pg_lsn",
    "point",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "tid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsrange",
    "tstzrange",
    "uuid",
    "xid",
    "xid8",
];

/// Other types whose cast to text is their output.
const CAST: &[&str] = &[
    "bit",
    "bytea",
    "datemultirange",
    "int2vector",
    "int4multirange",
    "int8multirange",
    "json",
    "jsonb",
    "jsonpath",
    "nummultirange",
    "oidvector",
    "path",
    "pg_snapshot",
    "polygon",
    "text",
    "tsmultirange",
    "tsquery",
    "tstzmultirange",
    "tsvector",
    "txid_snapshot",
    "varbit",
    "varchar",
];

/// Short types whose cast to text is not their output.
const OUTPUT: &[&str] = &["bool", "char", "cidr", "inet"];

/// How a column's cells are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::db::postgres) enum Shape {
    /// As they are.
    Bare,
    /// With a mark before them.
    Marked,
}

/// SQL for the whole value as the type's output function prints it. `num_nulls` looks at the
/// value itself: `IS NULL` is also true of a composite whose fields all are.
pub(in crate::db) fn whole(column: &str, base_type: &str) -> String {
    let cast = CAST.contains(&base_type)
        || SHORT.contains(&base_type) && !OUTPUT.contains(&base_type)
        || base_type.starts_with('_');
    if cast {
        return format!("({column})::text");
    }
    format!("(CASE WHEN num_nulls({column}) = 0 THEN concat({column}) END)")
}

/// SQL for a cell, and how it will be sent. `hex` says how bytes print.
pub(in crate::db::postgres) fn cell(column: &str, base_type: &str, hex: bool) -> (String, Shape) {
    if SHORT.contains(&base_type) {
        return (whole(column, base_type), Shape::Bare);
    }
    let sql = match base_type {
        // Both functions work on a slice: neither fetches or decompresses the rest.
        "text" | "varchar" | "citext" => marked(&format!("({column})::text")),
        "bytea" if hex => {
            let most = (PREFIX_BYTES - 2) / 2;
            format!(
                "CASE WHEN octet_length({column}) > {most} THEN \
                 (octet_length({column})::int8 * 2 + 2)::text || ':' || \
                 substr({column}, 1, {most})::text ELSE '=' || ({column})::text END"
            )
        }
        _ => {
            let whole = whole(column, base_type);
            format!(
                "CASE WHEN pg_column_size({column}) > {SURELY_SMALL} THEN \
                 (SELECT {} FROM (SELECT {whole} AS t OFFSET 0) o) ELSE '=' || {whole} END",
                marked("o.t")
            )
        }
    };
    (sql, Shape::Marked)
}

/// SQL for text with its mark.
fn marked(text: &str) -> String {
    format!(
        "CASE WHEN octet_length({text}) > {PREFIX_BYTES} THEN octet_length({text})::text || ':' \
         || left({text}, {PREFIX_BYTES}) ELSE '=' || {text} END"
    )
}

/// The expressions and shapes of a relation's columns.
pub(super) fn cells(
    columns: &[PageColumn],
    name: impl Fn(&str) -> String,
    hex: bool,
) -> (Vec<String>, Vec<Shape>) {
    columns.iter().map(|column| cell(&name(&column.name), &column.base_type, hex)).unzip()
}

/// The cell at an index of a row.
pub(super) fn read(row: &PgRow, index: usize, shape: Shape) -> sqlx::Result<Value> {
    let Some(sent) = bytes(row, index)? else {
        return Ok(Value::Null);
    };
    let value = match shape {
        Shape::Bare => bounded(sent),
        Shape::Marked => unmarked(sent).ok_or_else(|| {
            sqlx::Error::Decode(format!("cell {index} came without its mark").into())
        })?,
    };
    Ok(value)
}

/// The whole text at an index of a row, however long.
pub(in crate::db::postgres) fn read_whole(row: &PgRow, index: usize) -> sqlx::Result<Value> {
    Ok(bytes(row, index)?.map_or(Value::Null, text))
}

fn unmarked(sent: &[u8]) -> Option<Value> {
    if let Some(whole) = sent.strip_prefix(b"=") {
        return Some(bounded(whole));
    }
    let colon = sent.iter().position(|byte| *byte == b':')?;
    let (length, first) = (sent.get(..colon)?, sent.get(colon + 1..)?);
    let bytes: u64 = std::str::from_utf8(length).ok()?.parse().ok()?;
    Some(Value::Truncated(Box::new(Truncated { prefix: beginning(first), bytes, digest: None })))
}

/// A whole value, cut if it is longer than a cell may be.
fn bounded(whole: &[u8]) -> Value {
    if whole.len() <= PREFIX_BYTES {
        return text(whole);
    }
    let bytes = whole.len() as u64;
    Value::Truncated(Box::new(Truncated { prefix: beginning(whole), bytes, digest: None }))
}

/// The first bytes of a text, up to a whole character.
fn beginning(bytes: &[u8]) -> Value {
    let first = bytes.get(..PREFIX_BYTES).unwrap_or(bytes);
    match std::str::from_utf8(first) {
        // Only the last character is incomplete.
        Err(error) if error.error_len().is_none() => {
            text(first.get(..error.valid_up_to()).unwrap_or(first))
        }
        _ => text(first),
    }
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::text(text),
        Err(_) => Value::Malformed(bytes.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_off() {
        assert_eq!(unmarked(b"=1:x"), Some(Value::text("1:x")));
        assert_eq!(unmarked(b"="), Some(Value::text("")));
        assert_eq!(unmarked(b"=\xff"), Some(Value::Malformed([0xff].into())));
        let long = Truncated { prefix: Value::text("a:b"), bytes: 70_000, digest: None };
        assert_eq!(unmarked(b"70000:a:b"), Some(Value::Truncated(Box::new(long))));
        assert_eq!(unmarked(b"nonsense"), None);
    }

    #[test]
    fn a_prefix_ends_with_a_whole_character() {
        let text = "é".repeat(PREFIX_BYTES);
        let odd = format!("a{text}");
        let Value::Truncated(long) = bounded(odd.as_bytes()) else {
            panic!("a long text is cut");
        };
        assert_eq!(long.bytes, 1 + 2 * PREFIX_BYTES as u64);
        assert_eq!(long.prefix, Value::text(format!("a{}", "é".repeat((PREFIX_BYTES - 1) / 2))));
    }
}
