//! The journal of edits that wait: every one is on the disk soon after the key that made it, so
//! that neither a crash nor a lost terminal loses any.
//!
//! A journal belongs to one database and role and to one studio, which holds its lock; those of
//! studios that ended without applying are offered back. Values of masked columns are never
//! written down.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::edit::{RowEdit, RowId};
use crate::schema::RelationName;

/// What became of the edit of one row: the line a journal has for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The table.
    pub table: RelationName,
    /// The row.
    pub row: RowId,
    /// Its edit from now on; `None` once it has none.
    pub edit: Option<RowEdit>,
    /// Columns that were left out because they are masked.
    pub left_out: Vec<String>,
}

impl Record {
    /// A record without the values of masked columns.
    pub fn new(
        table: &RelationName,
        row: &RowId,
        edit: Option<&RowEdit>,
        masked: &BTreeSet<String>,
    ) -> Self {
        let mut left_out = Vec::new();
        let edit = edit.cloned().map(|edit| without(edit, masked, &mut left_out));
        Self { table: table.clone(), row: row.clone(), edit, left_out }
    }
}

fn without(edit: RowEdit, masked: &BTreeSet<String>, left_out: &mut Vec<String>) -> RowEdit {
    fn keep<T>(
        cells: BTreeMap<String, T>,
        masked: &BTreeSet<String>,
        left_out: &mut Vec<String>,
    ) -> BTreeMap<String, T> {
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            cells.into_iter().partition(|(name, _)| !masked.contains(name));
        left_out.extend(gone.into_keys());
        kept
    }
    match edit {
        RowEdit::Changed { key, cells } => {
            RowEdit::Changed { key, cells: keep(cells, masked, left_out) }
        }
        RowEdit::Added { cells } => RowEdit::Added { cells: keep(cells, masked, left_out) },
        // What is left out of a deleted row only guards it less.
        RowEdit::Deleted { key, read } => {
            RowEdit::Deleted { key, read: keep(read, masked, &mut Vec::new()) }
        }
    }
}
