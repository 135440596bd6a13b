//! Long values under an edit: of the page only their beginnings are here, so they are asked for
//! before the edit is staged, and guard it with all of what they are.
//!
//! Nothing here stages anything.

use crate::app::edit::Waiting;
use crate::app::edit_rows::Target;
use crate::app::model::Model;
use crate::app::staged::Editable;
use crate::db::edit::{RowEdit, RowId};
use crate::db::page::ValueRequest;
use crate::db::value::{Truncated, Value};
use crate::ops::edit::Original;

/// Rows that are marked for deletion once it is known what guards their long values.
#[derive(Debug)]
pub struct Deleting {
    /// The table.
    pub of: Editable,
    /// The rows, and what becomes of them.
    pub rows: Vec<(RowId, Option<RowEdit>)>,
    /// The long values that are looked into: a row by its number, and a column.
    pub long: Vec<(usize, String)>,
}

impl Deleting {
    /// The same, guarded by what was found.
    pub fn guarded(mut self, originals: Vec<Value>) -> Self {
        for ((at, column), value) in std::mem::take(&mut self.long).into_iter().zip(originals) {
            if let Some((_, Some(RowEdit::Deleted { read, .. }))) = self.rows.get_mut(at) {
                read.insert(column, value);
            }
        }
        self
    }
}

impl Waiting {
    /// Takes what guards its long values.
    pub fn guard(&mut self, originals: Vec<Value>) {
        for (at, value) in std::mem::take(&mut self.long).into_iter().zip(originals) {
            if let Some((target, column)) = self.cells.get_mut(at) {
                target.read.insert(column.clone(), value);
            }
        }
    }
}

/// The cells whose long values are not known whole, and the questions for them.
pub fn of_cells(model: &mut Model, waiting: &Waiting) -> (Vec<usize>, Vec<Original>) {
    let table = &waiting.of.relation.name;
    let mut found = Vec::new();
    for (at, (target, column)) in waiting.cells.iter().enumerate() {
        let staged = model.staged.row(table, &target.row);
        // What was read first of a cell that is staged already guards it.
        if matches!(staged, Some(RowEdit::Changed { cells, .. }) if cells.contains_key(column)) {
            continue;
        }
        if let Some(seen) = unknown(target.read.get(column)) {
            found.push((at, target.clone(), column.clone(), seen));
        }
    }
    let asked = found.into_iter().filter_map(|(at, target, column, seen)| {
        original(model, &target, &column, seen, true).map(|one| (at, one))
    });
    asked.unzip()
}

/// The same for whole rows that go.
pub fn of_rows(model: &mut Model, targets: &[Target]) -> (Vec<(usize, String)>, Vec<Original>) {
    let mut found = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        for (column, value) in &target.read {
            let one =
                unknown(Some(value)).and_then(|seen| original(model, target, column, seen, false));
            found.extend(one.map(|one| ((at, column.clone()), one)));
        }
    }
    found.into_iter().unzip()
}

/// A long value of which no digest is known.
fn unknown(value: Option<&Value>) -> Option<Truncated> {
    match value {
        Some(Value::Truncated(long)) if long.digest.is_none() => Some((**long).clone()),
        _ => None,
    }
}

fn original(
    model: &mut Model,
    target: &Target,
    column: &str,
    seen: Truncated,
    whole: bool,
) -> Option<Original> {
    let selection = model.data.as_mut()?.selection().cloned()?;
    let anchor = target.anchor.clone()?;
    let request = ValueRequest { selection, anchor, column: column.to_owned() };
    Some(Original { request, seen, whole })
}
