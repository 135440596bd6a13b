//! Rows a foreign key may refer to that are only staged: a new parent of a new child.
//!
//! One whose key is typed is chosen by it; one whose key the database gives is chosen as the row.

use std::collections::BTreeMap;

use super::Choice;
use crate::app::edit_rows::Target;
use crate::app::model::Model;
use crate::db::edit::{Reference, RowId, Wanted};
use crate::db::value::Value;
use crate::ops::edit::Wish;
use crate::text;

/// The cells of a row that tell a person which it is, at most.
const LABELS: usize = 3;

/// The most bytes of a cell that do.
const LONGEST: usize = 40;

/// Those of the table that is wished for, without the rows that are edited.
pub(super) fn staged(model: &Model, wish: &Wish, but: &[Target]) -> Vec<Choice> {
    let added = model.staged.added(&wish.table);
    let others = added.into_iter().filter(|(row, _)| !but.iter().any(|it| it.row == **row));
    let (target, table) = (model.target.as_ref(), &wish.table);
    let masked = |name: &str| target.is_some_and(|it| it.masks(&table.schema, &table.name, name));
    others.filter_map(|(row, cells)| choice(wish, row, cells, masked)).collect()
}

fn choice(
    wish: &Wish,
    row: &RowId,
    cells: &BTreeMap<String, Wanted>,
    masked: impl Fn(&str) -> bool,
) -> Option<Choice> {
    let words = cells.iter().filter_map(|(name, wanted)| match wanted {
        Wanted::Value(Value::Text(held)) if *name != wish.column && !masked(name) => {
            Some(text::head(held, LONGEST).to_owned())
        }
        _ => None,
    });
    let label = words.take(LABELS).collect::<Vec<_>>().join(" · ");
    match cells.get(&wish.column) {
        Some(Wanted::Value(Value::Null)) | Some(Wanted::Row(_)) => None,
        Some(Wanted::Value(value)) => Some(Choice {
            text: value.plain().into_owned(),
            label: format!("new · {label}"),
            row: None,
        }),
        Some(Wanted::Default) | None => {
            let row = Reference {
                table: wish.table.clone(),
                row: row.clone(),
                column: wish.column.clone(),
                label: label.clone(),
            };
            Some(Choice { text: "new row".to_owned(), label, row: Some(row) })
        }
    }
}
