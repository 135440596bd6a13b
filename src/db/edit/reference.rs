//! References to rows that are only staged: a new child of a new parent, whose key the database gives
//! when both are written.
//!
//! Nothing here orders statements, or knows what a key will be.

use std::collections::BTreeMap;

use super::statement::sqlite_bind;
use super::{RowEdit, RowId, TableEdits, Wanted};
use crate::db::keyset::Bind;
use crate::db::value::Value;
use crate::schema::RelationName;
use crate::sql::Dialect;

/// A column of a new row, whose value the database gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table of the new row.
    pub table: RelationName,
    /// The row.
    pub row: RowId,
    /// The column.
    pub column: String,
    /// What tells a person which row it is; may be empty.
    pub label: String,
}

/// What statements that ran have given their new rows.
#[derive(Debug, Default)]
pub struct Given(BTreeMap<(RelationName, RowId), BTreeMap<String, Value>>);

impl Reference {
    /// What stands in the cell until the value is known.
    pub fn words(&self) -> String {
        match self.label.as_str() {
            "" => format!("new row of {}", self.table.name),
            label => format!("new: {label}"),
        }
    }
}

impl Given {
    /// Notes what a statement answered with.
    pub fn note(&mut self, table: &RelationName, row: &RowId, values: &BTreeMap<String, Value>) {
        if matches!(row, RowId::Added(_)) {
            self.0.insert((table.clone(), row.clone()), values.clone());
        }
    }

    /// The value as a parameter; `None` while it is not known.
    pub(super) fn bind(&self, dialect: Dialect, from: &Reference) -> Option<Bind> {
        let value = self.0.get(&(from.table.clone(), from.row.clone()))?.get(&from.column)?;
        Some(match dialect {
            Dialect::Postgres if value.is_null() => Bind::Null,
            Dialect::Postgres => Bind::Text(value.plain().into_owned()),
            Dialect::Sqlite => sqlite_bind(value),
        })
    }
}

/// The same edits, their new rows under fresh ids, and what refers to those with them.
pub fn renumbered(
    mut tables: Vec<TableEdits>,
    mut fresh: impl FnMut() -> RowId,
) -> Vec<TableEdits> {
    let mut ids: BTreeMap<(RelationName, RowId), RowId> = BTreeMap::new();
    for table in &mut tables {
        let name = table.relation.name.clone();
        for (row, _) in &mut table.rows {
            if matches!(row, RowId::Added(_)) {
                let new = fresh();
                ids.insert((name.clone(), std::mem::replace(row, new.clone())), new);
            }
        }
    }
    let follow = |wanted: &mut Wanted| {
        if let Wanted::Row(from) = wanted {
            // One that is not among them is left as it is: a review refuses it.
            let now = ids.get(&(from.table.clone(), from.row.clone()));
            from.row = now.cloned().unwrap_or(RowId::Added(u64::MAX));
        }
    };
    for (_, edit) in tables.iter_mut().flat_map(|table| &mut table.rows) {
        match edit {
            RowEdit::Added { cells } => cells.values_mut().for_each(follow),
            RowEdit::Changed { cells, .. } => {
                cells.values_mut().for_each(|cell| follow(&mut cell.wanted));
            }
            RowEdit::Deleted { .. } => {}
        }
    }
    tables
}
