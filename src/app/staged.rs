//! Edits of rows that wait to be applied: keyed by the row, never by its place on the screen,
//! undone and redone without limit.
//!
//! Paging, sorting, filtering and reading again leave them alone. Nothing here writes to a
//! database, or draws; what changed is owed to the journal as records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::db::edit::{CellEdit, Key, RowEdit, RowId, TableEdits, Wanted, renumbered};
use crate::db::page::Identity;
use crate::db::value::Value;
use crate::ops::journal::Record;
use crate::schema::{Relation, RelationName};

/// A table whose rows may be edited: what its edits need to know of it.
#[derive(Debug, Clone)]
pub struct Editable {
    /// The table.
    pub relation: Arc<Relation>,
    /// How its rows are told apart.
    pub identity: Identity,
    /// Columns whose values are never shown in SQL, nor written down.
    pub masked: BTreeSet<String>,
}

/// How many rows of a table, or of all, are edited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of which cells change.
    pub changed: usize,
    /// New rows.
    pub added: usize,
    /// Rows that go.
    pub deleted: usize,
}

/// All edits that wait.
#[derive(Debug, Default)]
pub struct Staged {
    tables: BTreeMap<RelationName, Table>,
    undo: Vec<Step>,
    redo: Vec<Step>,
    next: u64,
    owed: Vec<Record>,
}

#[derive(Debug)]
struct Table {
    of: Editable,
    /// The edits, and the order they began in.
    rows: BTreeMap<RowId, (u64, RowEdit)>,
}

/// What one command did, so that it can be undone as one.
#[derive(Debug)]
struct Step(Vec<Part>);

#[derive(Debug)]
struct Part {
    table: RelationName,
    row: RowId,
    before: Option<RowEdit>,
    after: Option<RowEdit>,
}

impl Counts {
    /// All of them.
    pub fn all(self) -> usize {
        self.changed + self.added + self.deleted
    }

    /// `2 changed · 1 added`, with this between the parts; empty where there are none.
    pub fn text(self, between: &str) -> String {
        let parts = [(self.changed, "changed"), (self.added, "added"), (self.deleted, "deleted")];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        parts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(between)
    }
}

impl Staged {
    /// The edit of a row, if there is one.
    pub fn row(&self, table: &RelationName, row: &RowId) -> Option<&RowEdit> {
        self.tables.get(table)?.rows.get(row).map(|(_, edit)| edit)
    }

    /// Whether any row of the table is edited.
    pub fn touches(&self, table: &RelationName) -> bool {
        self.tables.get(table).is_some_and(|table| !table.rows.is_empty())
    }

    /// The new rows of a table, in the order they were added.
    pub fn added(&self, table: &RelationName) -> Vec<(&RowId, &BTreeMap<String, Wanted>)> {
        let Some(table) = self.tables.get(table) else { return Vec::new() };
        let mut added: Vec<_> = table
            .rows
            .iter()
            .filter_map(|(row, (number, edit))| match edit {
                RowEdit::Added { cells } => Some((*number, row, cells)),
                _ => None,
            })
            .collect();
        added.sort_by_key(|(number, ..)| *number);
        added.into_iter().map(|(_, row, cells)| (row, cells)).collect()
    }

    /// How many rows of a table are edited.
    pub fn counts(&self, table: &RelationName) -> Counts {
        self.tables.get(table).map(Table::counts).unwrap_or_default()
    }

    /// How many rows are edited in all.
    pub fn total(&self) -> usize {
        self.tables.values().map(|table| table.rows.len()).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The edits table by table, for a review.
    pub fn tables(&self) -> Vec<TableEdits> {
        self.tables.values().filter(|table| !table.rows.is_empty()).map(Table::edits).collect()
    }

    /// An id no new row has had yet.
    pub fn new_row(&mut self) -> RowId {
        self.next += 1;
        RowId::Added(self.next)
    }

    /// Puts rows into another state, as one step that can be undone. A row without an edit is as
    /// it is in the database.
    pub fn put(&mut self, of: &Editable, rows: Vec<(RowId, Option<RowEdit>)>) {
        let name = of.relation.name.clone();
        let table = self.tables.entry(name.clone());
        table.or_insert_with(|| Table { of: of.clone(), rows: BTreeMap::new() });
        let mut step = Vec::new();
        for (row, after) in rows {
            let before = self.row(&name, &row).cloned();
            if before != after {
                step.push(Part { table: name.clone(), row, before, after });
            }
        }
        if !step.is_empty() {
            self.redo.clear();
            let step = Step(step);
            self.apply(&step, true);
            self.undo.push(step);
        }
    }

    /// Takes the latest step back; the table it was in, or `None` when there is none.
    pub fn undo(&mut self) -> Option<RelationName> {
        let step = self.undo.pop()?;
        self.apply(&step, false);
        let table = step.0.first().map(|part| part.table.clone());
        self.redo.push(step);
        table
    }

    /// Does the step that was taken back last again.
    pub fn redo(&mut self) -> Option<RelationName> {
        let step = self.redo.pop()?;
        self.apply(&step, true);
        let table = step.0.first().map(|part| part.table.clone());
        self.undo.push(step);
        table
    }

    fn apply(&mut self, step: &Step, forward: bool) {
        let parts: Box<dyn Iterator<Item = &Part>> =
            if forward { Box::new(step.0.iter()) } else { Box::new(step.0.iter().rev()) };
        for part in parts {
            let to = if forward { &part.after } else { &part.before };
            self.set(&part.table, &part.row, to.clone());
        }
    }

    fn set(&mut self, name: &RelationName, row: &RowId, to: Option<RowEdit>) {
        self.next += 1;
        let number = self.next;
        let Some(table) = self.tables.get_mut(name) else { return };
        let of = &table.of;
        self.owed.push(Record::new(name, &of.identity, row, to.as_ref(), &of.masked));
        match to {
            Some(edit) => {
                let begun = table.rows.get(row).map_or(number, |(begun, _)| *begun);
                table.rows.insert(row.clone(), (begun, edit));
            }
            None => {
                table.rows.remove(row);
            }
        }
    }

    /// Takes edits as they were found again: they can be undone as one step.
    pub fn restore(&mut self, tables: Vec<TableEdits>) {
        // Numbers of another run may be taken here.
        let tables = renumbered(tables, || self.new_row());
        for table in tables {
            let of = Editable {
                relation: table.relation,
                identity: table.identity,
                masked: table.masked,
            };
            let rows = table.rows.into_iter().map(|(row, edit)| (row, Some(edit))).collect();
            self.put(&of, rows);
        }
    }

    /// Forgets everything: it is in the database, or nobody wants it.
    pub fn clear(&mut self) {
        let all: Vec<(RelationName, RowId)> = self
            .tables
            .iter()
            .flat_map(|(name, table)| table.rows.keys().map(|row| (name.clone(), row.clone())))
            .collect();
        for (name, row) in all {
            self.set(&name, &row, None);
        }
        self.tables.clear();
        self.undo.clear();
        self.redo.clear();
    }

    /// A table was read again: what its edits know of it is what it is now.
    pub fn relation_read(&mut self, relation: &Arc<Relation>) {
        if let Some(table) = self.tables.get_mut(&relation.name) {
            table.of.relation = Arc::clone(relation);
        }
    }

    /// What the journal has not been told yet.
    pub fn take_owed(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.owed)
    }
}

impl Table {
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, edit) in self.rows.values() {
            match edit {
                RowEdit::Changed { .. } => counts.changed += 1,
                RowEdit::Added { .. } => counts.added += 1,
                RowEdit::Deleted { .. } => counts.deleted += 1,
            }
        }
        counts
    }

    fn edits(&self) -> TableEdits {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(_, (number, _))| *number);
        TableEdits {
            relation: Arc::clone(&self.of.relation),
            identity: self.of.identity.clone(),
            masked: self.of.masked.clone(),
            rows: rows.into_iter().map(|(row, (_, edit))| (row.clone(), edit.clone())).collect(),
        }
    }
}

/// The edit of a row that is there, once one of its cells is to hold something else. What was
/// read of the cell first stays what was read.
pub fn with_cell(
    before: Option<&RowEdit>,
    key: &Key,
    column: &str,
    read: &Value,
    wanted: Wanted,
) -> Option<RowEdit> {
    let (key, mut cells) = match before {
        Some(RowEdit::Changed { key, cells }) => (key.clone(), cells.clone()),
        Some(RowEdit::Added { cells }) => {
            let mut cells = cells.clone();
            cells.insert(column.to_owned(), wanted);
            return Some(RowEdit::Added { cells });
        }
        Some(deleted @ RowEdit::Deleted { .. }) => return Some(deleted.clone()),
        None => (key.clone(), BTreeMap::new()),
    };
    let read = cells.get(column).map_or_else(|| read.clone(), |cell| cell.read.clone());
    if wanted == Wanted::Value(read.clone()) {
        cells.remove(column);
    } else {
        cells.insert(column.to_owned(), CellEdit { read, wanted });
    }
    (!cells.is_empty()).then_some(RowEdit::Changed { key, cells })
}

#[cfg(test)]
#[path = "staged_tests.rs"]
mod tests;
