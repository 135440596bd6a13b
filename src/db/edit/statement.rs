//! The statements that write edits: made once, shown and run from the same pieces.
//!
//! Every value is bound. The text that runs has a parameter where the text that is shown has
//! the value as a literal, or dots for a masked column. An UPDATE or DELETE names the row by its
//! key and repeats what was read of everything it touches, so that it hits the row only as the
//! person saw it.

use std::collections::BTreeMap;

use super::text::{PICTURED, Text};
use super::{CellEdit, Given, Reference, RowEdit, RowId, TableEdits, Wanted, key_columns};
use crate::db::keyset::Bind;
use crate::db::postgres::printed;
use crate::db::value::{Truncated, Value, hex};
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Column, Generation, RelationName};
use crate::sql::Dialect;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

impl Verb {
    /// The word itself.
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One statement, and what it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The table it writes to.
    pub relation: RelationName,
    /// The row it is of.
    pub row: RowId,
    /// What it does.
    pub verb: Verb,
    /// The columns whose values it answers with, in their order.
    pub returning: Vec<String>,
    /// What it asks the database.
    text: Text,
    /// What looks at the row as it is now; nothing for a new row.
    look: Option<Look>,
    /// Long values the row must still hold, where the database has no word for their digest:
    /// looked at within the transaction, before the statement runs.
    digests: Vec<(String, Truncated)>,
}

/// A question for what a row holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The columns it answers with, in their order.
    pub columns: Vec<String>,
    text: Text,
}

impl Look {
    /// The text that runs.
    pub fn sql(&self) -> String {
        self.text.sql()
    }

    /// The values of its parameters.
    pub fn binds(&self) -> Vec<Bind> {
        self.text.binds(&Given::default()).unwrap_or_default()
    }
}

impl Statement {
    /// The text that runs, with parameters.
    pub fn sql(&self) -> String {
        self.text.sql()
    }

    /// The values of its parameters, in the order of their numbers; `None` where one is to be
    /// given by a statement that has not run.
    pub fn binds(&self, given: &Given) -> Option<Vec<Bind>> {
        self.text.binds(given)
    }

    /// The new rows whose values it takes: their statements run before it.
    pub fn needs(&self) -> impl Iterator<Item = &Reference> {
        self.text.needs()
    }

    /// Says which statements, counted from 0, give the values of the new rows it needs, in their
    /// order.
    pub(super) fn number(&mut self, places: Vec<usize>) {
        self.text.number(places);
    }

    /// The same text with the values where the parameters are.
    pub fn shown(&self) -> String {
        self.text.shown()
    }

    /// Whether a row that was looked at within the transaction still holds the long values that
    /// were read of it.
    pub fn holds(&self, now: &BTreeMap<String, Value>) -> bool {
        self.digests.iter().all(|(name, long)| now.get(name).is_some_and(|it| it.continues(long)))
    }

    /// Whether [`Statement::holds`] has to be asked before it runs.
    pub fn looks_first(&self) -> bool {
        !self.digests.is_empty()
    }

    /// The same for a screen: a value too long for one is shown by its beginning, with a remark
    /// on how long it is.
    pub fn pictured(&self) -> String {
        self.text.shown_up_to(PICTURED)
    }

    /// What looks at the row as it is now; nothing for a new row.
    pub fn look(&self) -> Option<&Look> {
        self.look.as_ref()
    }
}

/// The statements for the edits of a table, in the order the edits were made.
///
/// # Errors
/// A value that cannot be written, or a table whose rows have no key.
pub fn statements(dialect: Dialect, edits: &TableEdits) -> Result<Vec<Statement>> {
    edits.rows.iter().map(|(id, edit)| statement(dialect, edits, id, edit)).collect()
}

fn statement(
    dialect: Dialect,
    edits: &TableEdits,
    id: &RowId,
    edit: &RowEdit,
) -> Result<Statement> {
    let writer = Writer { dialect, edits };
    let (verb, text, returning, look) = match edit {
        RowEdit::Changed { key, cells } => writer.update(key, cells)?,
        RowEdit::Added { cells } => writer.insert(cells)?,
        RowEdit::Deleted { key, read } => writer.delete(key, read)?,
    };
    let relation = edits.relation.name.clone();
    let digests = if dialect == Dialect::Sqlite { digests(edit) } else { Vec::new() };
    Ok(Statement { relation, row: id.clone(), verb, returning, text, look, digests })
}

/// The long values an edit is guarded by.
fn digests(edit: &RowEdit) -> Vec<(String, Truncated)> {
    let long = |(name, value): (&String, &Value)| match value {
        Value::Truncated(long) if long.digest.is_some() => Some((name.clone(), (**long).clone())),
        _ => None,
    };
    match edit {
        RowEdit::Changed { cells, .. } => {
            cells.iter().map(|(name, cell)| (name, &cell.read)).filter_map(long).collect()
        }
        RowEdit::Deleted { read, .. } => read.iter().filter_map(long).collect(),
        RowEdit::Added { .. } => Vec::new(),
    }
}

type Made = (Verb, Text, Vec<String>, Option<Look>);

struct Writer<'a> {
    dialect: Dialect,
    edits: &'a TableEdits,
}

impl Writer<'_> {
    fn update(&self, key: &[Value], cells: &BTreeMap<String, CellEdit>) -> Result<Made> {
        let mut text = Text::new(self.dialect);
        text.sql_piece(format!("UPDATE {} SET ", self.table()));
        for (at, (name, cell)) in cells.iter().enumerate() {
            let column = self.column(name)?;
            let comma = if at > 0 { ", " } else { "" };
            text.sql_piece(format!("{comma}{} = ", self.dialect.name(name)));
            self.wanted(&mut text, column, &cell.wanted)?;
        }
        text.sql_piece(" WHERE ");
        self.key(&mut text, key)?;
        for (name, cell) in cells {
            // What the key says already need not be said twice.
            if !self.is_key(name) {
                text.sql_piece(" AND ");
                self.guard(&mut text, self.column(name)?, &cell.read)?;
            }
        }
        let names: Vec<String> = cells.keys().cloned().collect();
        let returning = self.returning(&mut text, &names, true)?;
        let look = self.look(key, &names)?;
        Ok((Verb::Update, text, returning, Some(look)))
    }

    fn delete(&self, key: &[Value], read: &BTreeMap<String, Value>) -> Result<Made> {
        let mut text = Text::new(self.dialect);
        text.sql_piece(format!("DELETE FROM {} WHERE ", self.table()));
        self.key(&mut text, key)?;
        for (name, value) in read {
            if !self.is_key(name) {
                text.sql_piece(" AND ");
                self.guard(&mut text, self.column(name)?, value)?;
            }
        }
        // What was read whole need not be told again; the rest must be kept for an undo.
        let is_long = |name: &&String| matches!(read.get(*name), Some(Value::Truncated(_)));
        let long: Vec<String> = read.keys().filter(is_long).cloned().collect();
        let returning = self.returning(&mut text, &long, false)?;
        let names: Vec<String> = read.keys().cloned().collect();
        let look = self.look(key, &names)?;
        Ok((Verb::Delete, text, returning, Some(look)))
    }

    fn insert(&self, cells: &BTreeMap<String, Wanted>) -> Result<Made> {
        let mut text = Text::new(self.dialect);
        let given: Vec<(&Column, &Wanted)> = self
            .edits
            .relation
            .columns
            .iter()
            .filter_map(|column| Some((column, cells.get(&column.name)?)))
            .filter(|(_, wanted)| **wanted != Wanted::Default)
            .collect();
        for name in cells.keys() {
            self.column(name)?;
        }
        text.sql_piece(format!("INSERT INTO {}", self.table()));
        if given.is_empty() {
            text.sql_piece(" DEFAULT VALUES");
        } else {
            let names: Vec<String> =
                given.iter().map(|(column, _)| self.dialect.name(&column.name)).collect();
            let is_identity =
                |column: &Column| column.generation == Some(Generation::IdentityAlways);
            let overriding = if given.iter().any(|(column, _)| is_identity(column)) {
                " OVERRIDING SYSTEM VALUE"
            } else {
                ""
            };
            text.sql_piece(format!(" ({}){overriding} VALUES (", names.join(", ")));
            for (at, (column, wanted)) in given.iter().enumerate() {
                if at > 0 {
                    text.sql_piece(", ");
                }
                self.wanted(&mut text, column, wanted)?;
            }
            text.sql_piece(")");
        }
        let mut names: Vec<String> = given.iter().map(|(column, _)| column.name.clone()).collect();
        // What other new rows may refer to.
        let relation = &self.edits.relation;
        for name in relation.incoming.iter().flat_map(|key| &key.columns) {
            if !names.contains(name) && relation.column(name).is_some() {
                names.push(name.clone());
            }
        }
        let returning = self.returning(&mut text, &names, true)?;
        Ok((Verb::Insert, text, returning, None))
    }

    fn table(&self) -> String {
        let name = &self.edits.relation.name;
        match self.dialect {
            Dialect::Postgres => {
                format!("{}.{}", self.dialect.name(&name.schema), self.dialect.name(&name.name))
            }
            Dialect::Sqlite => self.dialect.name(&name.name),
        }
    }

    fn column(&self, name: &str) -> Result<&Column> {
        self.edits.relation.column(name).ok_or_else(|| {
            Problem::failed(
                format!("There is no column {name} any more"),
                format!("{} was changed since this row was edited", self.edits.relation.name),
                "undo that edit with u, or take the row out of the review with x",
            )
        })
    }

    fn is_key(&self, name: &str) -> bool {
        key_columns(&self.edits.identity).iter().any(|column| column == name)
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.edits.masked.contains(name)
    }

    /// What a cell is to hold.
    fn wanted(&self, text: &mut Text, column: &Column, wanted: &Wanted) -> Result<()> {
        match (wanted, self.dialect) {
            (Wanted::Default, Dialect::Postgres) => {
                text.sql_piece("DEFAULT");
            }
            (Wanted::Default, Dialect::Sqlite) => {
                // SQLite has no DEFAULT in an UPDATE.
                let default = column.default.as_deref().unwrap_or("NULL");
                text.sql_piece(format!("({default})"));
            }
            (Wanted::Row(from), dialect) => {
                text.given(from);
                if dialect == Dialect::Postgres {
                    text.sql_piece(cast(column));
                }
            }
            (Wanted::Value(value), _) => self.value(text, column, value)?,
        }
        Ok(())
    }

    /// A value to write into a column, or to compare its key with.
    fn value(&self, text: &mut Text, column: &Column, value: &Value) -> Result<()> {
        let hidden = self.is_hidden(&column.name);
        match (self.dialect, value) {
            (_, Value::Null) => {
                text.sql_piece("NULL");
            }
            (_, Value::Truncated(_)) => return Err(not_whole(&column.name)),
            (Dialect::Postgres, Value::Malformed(_)) => return Err(not_text(&column.name)),
            (Dialect::Postgres, value) => {
                text.bind(Bind::Text(value.plain().into_owned()), hidden);
                text.sql_piece(cast(column));
            }
            (Dialect::Sqlite, Value::Malformed(bytes)) => {
                text.sql_piece("CAST(").bind(Bind::Blob(bytes.to_vec()), hidden);
                text.sql_piece(" AS TEXT)");
            }
            (Dialect::Sqlite, value) => {
                text.bind(sqlite_bind(value), hidden);
            }
        }
        Ok(())
    }

    /// The condition that finds the row.
    fn key(&self, text: &mut Text, key: &[Value]) -> Result<()> {
        let names = key_columns(&self.edits.identity);
        if names.is_empty() || names.len() != key.len() {
            return Err(Problem::failed(
                format!("The rows of {} cannot be told apart", self.edits.relation.name),
                "its key changed since this row was edited",
                "undo that edit with u, and press R",
            ));
        }
        for (at, (name, value)) in names.iter().zip(key).enumerate() {
            let and = if at > 0 { " AND " } else { "" };
            text.sql_piece(format!("{and}{} = ", self.dialect.name(name)));
            match self.edits.relation.column(name) {
                Some(column) => self.value(text, column, value)?,
                // A rowid is no column of the table.
                None => {
                    text.bind(sqlite_bind(value), false);
                }
            }
        }
        Ok(())
    }

    /// The condition that a column still holds what was read of it.
    fn guard(&self, text: &mut Text, column: &Column, read: &Value) -> Result<()> {
        match self.dialect {
            Dialect::Postgres => self.postgres_guard(text, column, read),
            Dialect::Sqlite => {
                self.sqlite_guard(text, column, read);
                Ok(())
            }
        }
    }

    fn postgres_guard(&self, text: &mut Text, column: &Column, read: &Value) -> Result<()> {
        let name = self.dialect.name(&column.name);
        let hidden = self.is_hidden(&column.name);
        match read {
            Value::Null if is_simple(column) => {
                text.sql_piece(format!("{name} IS NULL"));
            }
            // A composite whose fields are all NULL is not NULL.
            Value::Null => {
                text.sql_piece(format!("num_nulls({name}) = 1"));
            }
            Value::Malformed(_) => return Err(not_text(&column.name)),
            Value::Truncated(long) => {
                let whole = printed(&name, &column.base_type);
                let first = long.prefix.plain().into_owned();
                let letters = first.chars().count();
                text.sql_piece(format!(
                    "octet_length({whole}) = {} AND left({whole}, {letters}) = ",
                    long.bytes
                ));
                text.bind(Bind::Text(first), hidden);
                if let Some(digest) = long.digest {
                    let bytes = format!("convert_to({whole}, 'UTF8')");
                    text.sql_piece(format!(" AND encode(sha256({bytes}), 'hex') = "));
                    text.bind(Bind::Text(hex(&digest)), hidden);
                }
            }
            value => {
                let exact = EXACT.contains(&column.base_type.as_str());
                let textual = matches!(column.base_type.as_str(), "text" | "varchar");
                let left = match () {
                    () if exact => name,
                    () if textual && column.collation.is_none() => name,
                    () if textual => format!("{name} COLLATE \"C\""),
                    () if !column.enum_labels.is_empty() => format!("{name}::text"),
                    () => printed(&name, &column.base_type),
                };
                text.sql_piece(format!("{left} IS NOT DISTINCT FROM "));
                text.bind(Bind::Text(value.plain().into_owned()), hidden);
                if exact {
                    text.sql_piece(cast(column));
                }
            }
        }
        Ok(())
    }

    fn sqlite_guard(&self, text: &mut Text, column: &Column, read: &Value) {
        let name = self.dialect.name(&column.name);
        let hidden = self.is_hidden(&column.name);
        match read {
            Value::Null => {
                text.sql_piece(format!("{name} IS NULL"));
            }
            Value::Malformed(bytes) => {
                text.sql_piece(format!("CAST({name} AS BLOB) IS "));
                text.bind(Bind::Blob(bytes.to_vec()), hidden);
            }
            Value::Truncated(long) => {
                text.sql_piece(format!("octet_length({name}) = {} AND ", long.bytes));
                match &long.prefix {
                    Value::Text(first) if !first.contains('\0') => {
                        let letters = first.chars().count();
                        text.sql_piece(format!("substr({name}, 1, {letters}) COLLATE BINARY IS "));
                        text.bind(Bind::Text(first.to_string()), hidden);
                    }
                    other => {
                        let bytes = other.raw_bytes().into_owned();
                        let count = bytes.len();
                        text.sql_piece(format!("substr(CAST({name} AS BLOB), 1, {count}) IS "));
                        text.bind(Bind::Blob(bytes), hidden);
                    }
                }
            }
            value => {
                let is_text = matches!(value, Value::Text(_));
                let collated = is_text && column.collation.is_some();
                let collate = if collated { " COLLATE BINARY" } else { "" };
                text.sql_piece(format!("{name}{collate} IS "));
                text.bind(sqlite_bind(value), hidden);
            }
        }
    }

    /// Has the statement answer with what these columns, and with `and_key` the key's, hold then.
    fn returning(&self, text: &mut Text, names: &[String], and_key: bool) -> Result<Vec<String>> {
        let mut all: Vec<String> = Vec::new();
        if and_key {
            all.extend(key_columns(&self.edits.identity).iter().cloned());
        }
        all.extend(names.iter().filter(|name| !self.is_key(name) || !and_key).cloned());
        let readable =
            |name: &String| self.edits.relation.column(name).is_none_or(|it| it.readable);
        all.retain(readable);
        if !all.is_empty() {
            text.sql_piece(format!(" RETURNING {}", self.printed(&all)?.join(", ")));
        }
        Ok(all)
    }

    fn look(&self, key: &[Value], names: &[String]) -> Result<Look> {
        let columns: Vec<String> = names.to_vec();
        let mut text = Text::new(self.dialect);
        let printed = self.printed(&columns)?;
        let printed = if printed.is_empty() { "1".to_owned() } else { printed.join(", ") };
        text.sql_piece(format!("SELECT {printed} FROM {} WHERE ", self.table()));
        self.key(&mut text, key)?;
        text.sql_piece(" LIMIT 2");
        Ok(Look { columns, text })
    }

    /// The columns as the database prints them.
    fn printed(&self, names: &[String]) -> Result<Vec<String>> {
        let one = |name: &String| {
            let shown = self.dialect.name(name);
            match (self.dialect, self.edits.relation.column(name)) {
                (Dialect::Sqlite, _) => Ok(shown),
                (Dialect::Postgres, Some(column)) if is_bare_text(column) => Ok(shown),
                (Dialect::Postgres, Some(column)) => Ok(printed(&shown, &column.base_type)),
                (Dialect::Postgres, None) => self.column(name).map(|_| shown),
            }
        };
        names.iter().map(one).collect()
    }
}

/// Types of which two values are equal only if they print alike.
const EXACT: &[&str] =
    &["bool", "int2", "int4", "int8", "uuid", "date", "timestamp", "timestamptz", "oid", "bytea"];

fn is_simple(column: &Column) -> bool {
    let element = column.base_type.strip_prefix('_').unwrap_or(&column.base_type);
    crate::db::keyset::is_built_in(element) || !column.enum_labels.is_empty()
}

fn is_bare_text(column: &Column) -> bool {
    matches!(column.base_type.as_str(), "text" | "varchar") && column.type_name != "citext"
}

/// The cast that makes a text parameter a value of the column's type, without the length or
/// precision: an explicit cast would cut what is too long, where the assignment refuses it. Text
/// needs none.
pub(in crate::db) fn cast(column: &Column) -> String {
    match column.base_type.as_str() {
        "text" | "varchar" | "bpchar" => String::new(),
        _ => format!("::{}", bare_type(column)),
    }
}

/// The name of the column's type without its length or precision, for a cast.
pub(in crate::db) fn bare_type(column: &Column) -> String {
    let (element, array) = match column.base_type.strip_prefix('_') {
        Some(element) => (element, "[]"),
        None => (column.base_type.as_str(), ""),
    };
    if crate::db::keyset::is_built_in(element) {
        // Bare, these two would be of length one.
        let quoted = matches!(element, "bit" | "char");
        let name = if quoted { format!("\"{element}\"") } else { element.to_owned() };
        return format!("{name}{array}");
    }
    crate::db::keyset::comparison_type(&column.type_name, &column.base_type)
}

/// A value of SQLite as a parameter.
pub(in crate::db) fn sqlite_bind(value: &Value) -> Bind {
    match value {
        Value::Null | Value::Truncated(_) => Bind::Null,
        Value::Text(text) => Bind::Text(text.to_string()),
        Value::Integer(number) => Bind::Integer(*number),
        Value::Real(number) => Bind::Real(*number),
        Value::Blob(bytes) | Value::Malformed(bytes) => Bind::Blob(bytes.to_vec()),
    }
}

fn not_whole(column: &str) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("Only the beginning of {column} is here"),
        "a value this long is read in part",
        "open the cell with Enter first, so that all of it is read",
    )
}

fn not_text(column: &str) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("{column} holds bytes that are no text"),
        "they cannot be sent to the server as they are",
        "set the column to NULL or to another value with SQL",
    )
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
