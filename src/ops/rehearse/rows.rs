//! The rows of every table at one moment, as counts and digests, and what a script has done to
//! those of the tables whose columns it left alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::connection::Connection;
use crate::db::digest::Digest;
use crate::db::stop::Stop;
use crate::problem::Result;
use crate::schema::RelationName;
use crate::schema::model::{Body, Kind, Model, is_history_table};
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// What happened to the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// The table.
    pub table: String,
    /// How many rows it had.
    pub before: u64,
    /// How many it has.
    pub after: u64,
    /// Whether the script names the table; one it does not name lost or changed rows by a cascade,
    /// a trigger, or a mistake.
    pub named: bool,
}

/// A column's name and type.
type Column = (String, String);

/// What every table holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Holdings {
    tables: BTreeMap<RelationName, (Vec<Column>, Digest)>,
    dialect: Option<Dialect>,
}

impl Holdings {
    /// Looks at every table of a schema.
    pub(super) async fn of(
        connection: &mut Connection,
        model: &Model,
        stop: &Stop,
    ) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for (table, columns) in tables_of(model) {
            let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
            let digest = connection.digest(&table, &names, stop).await.map_err(|fault| {
                let fix = "try again; if it stays, report it as a bug";
                fault.problem(format!("The rows of {table} could not be looked at"), fix)
            })?;
            tables.insert(table, (columns, digest));
        }
        Ok(Self { tables, dialect: Some(model.dialect) })
    }
}

/// The tables that hold rows, with their columns.
fn tables_of(model: &Model) -> BTreeMap<RelationName, Vec<Column>> {
    let mut tables = BTreeMap::new();
    for (key, object) in model.of_kind(Kind::Table) {
        if is_history_table(&key.name) {
            continue;
        }
        let columns: Vec<Column> = match &object.body {
            Body::SqliteTable(table) if !table.is_virtual => {
                let column = |column: &crate::schema::model::SqliteColumn| {
                    (column.name.clone(), column.type_name.clone())
                };
                table.columns.iter().map(column).collect()
            }
            // A partitioned table's rows are its partitions'.
            Body::Table(table) if table.partition_by.is_none() => {
                let parts = model.parts(key).filter_map(|(part, object)| match &object.body {
                    Body::Column(column) => Some((part.name.clone(), column.type_name.clone())),
                    _ => None,
                });
                parts.collect()
            }
            _ => continue,
        };
        tables.insert(RelationName::new(key.schema.clone(), key.name.clone()), columns);
    }
    tables
}

/// What a script has done to the rows of the tables that were there before and have the same
/// columns afterwards; where columns were added, dropped or changed, to how many there are.
pub(super) fn changes(before: &Holdings, after: &Holdings, script: &str) -> Vec<RowChange> {
    let Some(dialect) = before.dialect else { return Vec::new() };
    let named = names(dialect, script);
    let change = |(table, (columns, old)): (&RelationName, &(Vec<Column>, Digest))| {
        let (others, new) = after.tables.get(table)?;
        let is_same = old.rows == new.rows && (columns != others || old.sum == new.sum);
        (!is_same).then(|| RowChange {
            table: table.to_string(),
            before: old.rows,
            after: new.rows,
            named: named.contains(&table.name.to_lowercase()),
        })
    };
    before.tables.iter().filter_map(change).collect()
}

/// The words of a script that may be names, in small letters and without quotation marks.
fn names(dialect: Dialect, script: &str) -> BTreeSet<String> {
    let is_name = |kind: TokenKind| {
        matches!(
            kind,
            TokenKind::Identifier
                | TokenKind::Keyword
                | TokenKind::QuotedIdentifier
                | TokenKind::String
        )
    };
    let bare = |text: &str| {
        let marks: &[char] = &['"', '`', '[', ']', '\''];
        text.trim_matches(marks).replace("\"\"", "\"").to_lowercase()
    };
    let found = tokens(dialect, script).into_iter().filter(|token| is_name(token.kind));
    found.map(|token| bare(token.text(script))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holdings(rows: &[(&str, u64, &str)]) -> Holdings {
        let table = |(name, rows, sum): &(&str, u64, &str)| {
            let columns = vec![("id".to_owned(), "integer".to_owned())];
            let digest = Digest { rows: *rows, sum: Some((*sum).to_owned()) };
            (RelationName::new("main", *name), (columns, digest))
        };
        Holdings { tables: rows.iter().map(table).collect(), dialect: Some(Dialect::Sqlite) }
    }

    #[test]
    fn only_tables_that_are_there_before_and_after_count() {
        let before =
            holdings(&[("a", 3, "1"), ("B c", 3, "1"), ("same", 1, "1"), ("gone", 1, "1")]);
        let after = holdings(&[("a", 2, "2"), ("B c", 3, "2"), ("same", 1, "1"), ("new", 1, "1")]);
        let found = changes(&before, &after, "UPDATE \"b C\" SET x = 1");
        let found: Vec<_> =
            found.iter().map(|one| (one.table.as_str(), one.after, one.named)).collect();
        assert_eq!(found, [("main.B c", 3, true), ("main.a", 2, false)]);
    }
}
