//! The order in which edits of several tables are written: parents before their children, and
//! deletes the other way round, as far as the foreign keys form no circle.
//!
//! Nothing here reads a database: the keys are those the catalogue told when rows were edited.

use std::collections::{BTreeMap, BTreeSet};

use super::statement::{Statement, Verb, statements};
use super::{Reference, RowEdit, TableEdits, Wanted};
use crate::db::value::Value;
use crate::problem::{Kind, Problem, Result};
use crate::schema::{RelationName, UniqueKey};
use crate::sql::Dialect;

/// All statements in the order they run.
///
/// # Errors
/// A value that cannot be written, a table whose rows have no key, or new rows that refer to each
/// other in a circle, or to one that is gone.
pub fn ordered(dialect: Dialect, tables: &[TableEdits]) -> Result<Vec<Statement>> {
    let (mut inserts, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
    for at in ranked(tables) {
        let Some(table) = tables.get(at) else { continue };
        let mut made = statements(dialect, table)?;
        sort_own(table, &mut made);
        for statement in made {
            match statement.verb {
                Verb::Insert => inserts.push(statement),
                Verb::Update => updates.push(statement),
                Verb::Delete => deletes.push(statement),
            }
        }
    }
    deletes.reverse();
    let groups = if tables.iter().any(takes_over) {
        [deletes, updates, inserts]
    } else {
        [inserts, updates, deletes]
    };
    numbered(after_their_parents(groups.into_iter().flatten().collect())?)
}

/// Puts each statement after those that write the new rows it takes values of.
fn after_their_parents(statements: Vec<Statement>) -> Result<Vec<Statement>> {
    if statements.iter().all(|statement| statement.needs().next().is_none()) {
        return Ok(statements);
    }
    let mut sorted: Vec<Statement> = Vec::with_capacity(statements.len());
    let mut left = statements;
    while !left.is_empty() {
        let waits = |statement: &Statement| {
            statement.needs().any(|from| left.iter().any(|other| writes(other, from)))
        };
        let Some(next) = left.iter().position(|statement| !waits(statement)) else {
            return Err(Problem::new(
                Kind::Refused,
                "New rows refer to each other in a circle",
                "",
                "leave one reference out, or type a key",
            ));
        };
        sorted.push(left.remove(next));
    }
    Ok(sorted)
}

/// Whether a statement writes the new row.
fn writes(statement: &Statement, from: &Reference) -> bool {
    statement.row == from.row && statement.relation == from.table
}

/// Lets each statement say which other it takes values of.
fn numbered(mut statements: Vec<Statement>) -> Result<Vec<Statement>> {
    let place = |of: &Statement, from: &Reference| {
        statements.iter().position(|other| writes(other, from)).ok_or_else(|| {
            Problem::new(
                Kind::Refused,
                format!(
                    "A row of {} refers to a new row of {} that is not staged any more",
                    of.relation.name, from.table.name
                ),
                "",
                "choose another",
            )
        })
    };
    let places = |of: &Statement| of.needs().map(|from| place(of, from)).collect();
    let all: Vec<Vec<usize>> = statements.iter().map(places).collect::<Result<_>>()?;
    for (statement, places) in statements.iter_mut().zip(all) {
        statement.number(places);
    }
    Ok(statements)
}

/// The tables by their indexes, each after those it refers to.
fn ranked(tables: &[TableEdits]) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    let mut left: Vec<usize> = (0..tables.len()).collect();
    while !left.is_empty() {
        let open: BTreeSet<&RelationName> =
            left.iter().filter_map(|at| tables.get(*at)).map(|it| &it.relation.name).collect();
        let is_free = |at: &usize| {
            let table = tables.get(*at);
            table.is_none_or(|table| {
                let own = &table.relation.name;
                let mut targets = table.relation.foreign_keys.iter().map(|key| &key.target);
                !targets.any(|target| target != own && open.contains(target))
            })
        };
        // In a circle somebody has to be the first; a deferred key lets it.
        let next = left.iter().position(is_free).unwrap_or(0);
        out.push(left.remove(next));
    }
    out
}

/// Puts new rows of a table that refer to others of its new rows after those; and rows that go too,
/// which are then written the other way round.
fn sort_own(table: &TableEdits, made: &mut Vec<Statement>) {
    let own = table.relation.foreign_keys.iter().filter(|key| key.target == table.relation.name);
    for key in own {
        let values = |statement: &Statement, columns: &[String]| {
            let edit = table.rows.iter().find(|(id, _)| *id == statement.row);
            let values = match edit {
                Some((_, RowEdit::Added { cells })) => tuple(columns, |column| cells.get(column)),
                Some((_, RowEdit::Deleted { read, .. })) => held(columns, read),
                _ => None,
            };
            // A new row does not wait for one that goes.
            values.map(|values| (statement.verb == Verb::Delete, values))
        };
        let mut sorted: Vec<Statement> = Vec::with_capacity(made.len());
        let mut left = std::mem::take(made);
        while !left.is_empty() {
            let waits = |statement: &Statement| {
                let wanted = values(statement, &key.columns);
                wanted.is_some_and(|wanted| {
                    let mut others = left.iter().filter(|other| other.row != statement.row);
                    others.any(|other| values(other, &key.target_columns).as_ref() == Some(&wanted))
                })
            };
            let next = left.iter().position(|statement| !waits(statement)).unwrap_or(0);
            sorted.push(left.remove(next));
        }
        *made = sorted;
    }
}

/// The values of some columns, if all of them are given and none is NULL.
fn tuple<'a>(
    columns: &[String],
    cell: impl Fn(&String) -> Option<&'a Wanted>,
) -> Option<Vec<Value>> {
    let value = |column: &String| match cell(column) {
        Some(Wanted::Value(value)) if !value.is_null() => Some(value.clone()),
        _ => None,
    };
    columns.iter().map(value).collect()
}

/// The values of some columns as they were read, if none is NULL.
fn held(columns: &[String], read: &BTreeMap<String, Value>) -> Option<Vec<Value>> {
    let value = |column: &String| read.get(column).filter(|value| !value.is_null()).cloned();
    columns.iter().map(value).collect()
}

/// Whether a row takes the unique key of one that goes: then what goes has to go first.
fn takes_over(table: &TableEdits) -> bool {
    let keys: Vec<&UniqueKey> =
        table.relation.primary_key.iter().chain(&table.relation.unique_keys).collect();
    let freed = |key: &UniqueKey| -> Vec<Vec<Value>> {
        let row = |edit: &RowEdit| match edit {
            RowEdit::Deleted { read, .. } => {
                key.columns.iter().map(|column| read.get(column).cloned()).collect()
            }
            _ => None,
        };
        table.rows.iter().filter_map(|(_, edit)| row(edit)).collect()
    };
    keys.iter().any(|key| {
        let freed = freed(key);
        !freed.is_empty()
            && table.rows.iter().any(|(_, edit)| {
                let wanted = match edit {
                    RowEdit::Added { cells } => tuple(&key.columns, |column| cells.get(column)),
                    RowEdit::Changed { cells, .. } => {
                        tuple(&key.columns, |column| cells.get(column).map(|cell| &cell.wanted))
                    }
                    RowEdit::Deleted { .. } => None,
                };
                wanted.is_some_and(|wanted| freed.contains(&wanted))
            })
    })
}
