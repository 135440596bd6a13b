//! What takes applied edits back: edits again, guarded by what the first ones left behind.
//!
//! What a delete took along with its row, and what triggers did, is not in here.

use std::collections::BTreeMap;

use super::Plan;
use crate::db::edit::{CellEdit, Key, RowEdit, RowId, TableEdits, Wanted, key_columns};
use crate::db::value::Value;
use crate::schema::{Generation, Relation};

/// The edits that take a plan back; `written` is what its statements left, one for each.
pub fn inverse(plan: &Plan, written: &[BTreeMap<String, Value>]) -> Vec<TableEdits> {
    let mut tables: Vec<TableEdits> = Vec::new();
    let mut number = 0;
    for (statement, left) in plan.statements.iter().zip(written).rev() {
        let Some((table, edit)) = plan.edit(statement) else { continue };
        let Some((id, back)) = undone(table, edit, left, &mut number) else { continue };
        let name = &table.relation.name;
        match tables.iter_mut().find(|it| it.relation.name == *name) {
            Some(it) => it.rows.push((id, back)),
            None => tables.push(TableEdits { rows: vec![(id, back)], ..table.clone() }),
        }
    }
    tables
}

fn undone(
    table: &TableEdits,
    edit: &RowEdit,
    left: &BTreeMap<String, Value>,
    number: &mut u64,
) -> Option<(RowId, RowEdit)> {
    match edit {
        RowEdit::Changed { key, cells } => {
            let key = key_now(table, key, left)?;
            let back = cells.iter().filter_map(|(name, cell)| {
                let read = left.get(name)?.clone();
                // What was read in part cannot be put back.
                let was = Some(&cell.read).filter(|was| !matches!(was, Value::Truncated(_)))?;
                let wanted = Wanted::Value(was.clone());
                Some((name.clone(), CellEdit { read, wanted }))
            });
            let cells: BTreeMap<String, CellEdit> = back.collect();
            let id = RowId::of(&key);
            (!cells.is_empty()).then_some((id, RowEdit::Changed { key, cells }))
        }
        RowEdit::Added { .. } => {
            let key: Key = key_columns(&table.identity)
                .iter()
                .map(|column| left.get(column).cloned())
                .collect::<Option<_>>()?;
            let read = left.iter().filter(|(name, _)| table.relation.column(name).is_some());
            let read = read.map(|(name, value)| (name.clone(), value.clone())).collect();
            Some((RowId::of(&key), RowEdit::Deleted { key, read }))
        }
        RowEdit::Deleted { read, .. } => {
            let mut cells = BTreeMap::new();
            for (name, value) in read {
                let value = match value {
                    // The statement answered with all of it.
                    Value::Truncated(_) => left.get(name)?.clone(),
                    whole => whole.clone(),
                };
                if is_given(&table.relation, name) {
                    cells.insert(name.clone(), Wanted::Value(value));
                }
            }
            *number += 1;
            Some((RowId::Added(*number), RowEdit::Added { cells }))
        }
    }
}

/// The key of the row once it was changed.
fn key_now(table: &TableEdits, key: &Key, left: &BTreeMap<String, Value>) -> Option<Key> {
    let columns = key_columns(&table.identity);
    let now = columns.iter().zip(key.iter());
    let now: Key = now.map(|(column, was)| left.get(column).unwrap_or(was).clone()).collect();
    (now.len() == columns.len()).then_some(now)
}

/// Whether a column is given a value rather than made by the database.
fn is_given(relation: &Relation, name: &str) -> bool {
    relation.column(name).is_some_and(|column| {
        !matches!(&column.generation, Some(Generation::Stored(_) | Generation::Virtual(_)))
    })
}
