//! Which rows a command edits, and what they hold now: the marked ones that are here, else the
//! one under the cursor, read values under the staged ones.
//!
//! Nothing here stages anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::model::{Link, Model};
use crate::app::staged::Editable;
use crate::config::Protection;
use crate::db::edit::{Key, RowEdit, RowId, Wanted, key_of, why_read_only};
use crate::db::page::{Anchor, Row, Selection};
use crate::db::value::Value;

/// A row that is edited.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which row.
    pub row: RowId,
    /// Its key as it was read; none for a new row.
    pub key: Option<Key>,
    /// Its place in the order, to read more of it; none for a new row.
    pub anchor: Option<Anchor>,
    /// What was read of it, by the columns' names; nothing of a new row.
    pub read: BTreeMap<String, Value>,
}

/// Why nothing can be edited now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barrier {
    /// It has to be unlocked first.
    Locked,
    /// It cannot, and this is why.
    Fixed(String),
}

/// Whether the database is production, where editing has to be unlocked and each apply confirmed.
pub fn is_production(model: &Model) -> bool {
    model.target.as_ref().is_some_and(|target| target.protection == Protection::Production)
}

/// The table on the screen, if its rows may be edited now.
///
/// # Errors
/// Why they may not.
pub fn editable(model: &mut Model) -> Result<Editable, Barrier> {
    let fixed = |why: &str| Err(Barrier::Fixed(why.to_owned()));
    if !matches!(model.link, Link::Open(_)) {
        return fixed("The database is not connected; R connects again");
    }
    if model.target.as_ref().is_some_and(|target| target.read_only) {
        return fixed("This session only reads: it was opened with --read-only");
    }
    let production = is_production(model);
    if !production && model.facts().is_some_and(|facts| facts.read_only) {
        return fixed("This database only reads: the server, or the file's permissions, say so");
    }
    let Some(selection) = model.data.as_mut().and_then(|pane| pane.selection().cloned()) else {
        return fixed("Open a table first");
    };
    let Some(pane) = &model.data else { return fixed("Open a table first") };
    let Some(relation) = &pane.relation else { return fixed("Open a table first") };
    if let Some(why) = why_read_only(relation, &selection.identity) {
        return fixed(why);
    }
    if production && !model.editing.unlocked {
        return Err(Barrier::Locked);
    }
    let masked = pane.columns.all().iter().filter(|column| column.masked);
    let masked: BTreeSet<String> = masked.map(|column| column.name.clone()).collect();
    Ok(Editable { relation: Arc::clone(relation), identity: selection.identity, masked })
}

/// The id of a row of the selection.
pub fn id_of(selection: &Selection, row: &Row) -> Option<RowId> {
    key_of(selection, &row.anchor).map(|key| RowId::of(&key))
}

/// The rows a command edits.
pub fn targets(model: &mut Model) -> Vec<Target> {
    if let Some(added) = added_under_cursor(model) {
        return vec![Target { row: added, key: None, anchor: None, read: BTreeMap::new() }];
    }
    let Some(pane) = &mut model.data else { return Vec::new() };
    let Some(selection) = pane.selection().cloned() else { return Vec::new() };
    let marked = pane.window.rows().enumerate();
    let mut rows: Vec<&Row> =
        marked.filter(|(at, row)| pane.is_picked(*at, row)).map(|(_, row)| row).collect();
    if rows.is_empty() {
        rows.extend(pane.current_row());
    }
    rows.into_iter().filter_map(|row| target(&selection, row)).collect()
}

/// A row of the selection as something to edit.
pub fn target(selection: &Selection, row: &Row) -> Option<Target> {
    let key = key_of(selection, &row.anchor)?;
    let cells = selection.columns.iter().zip(row.cells.iter());
    let read = cells.map(|(column, value)| (column.name.clone(), value.clone())).collect();
    let (row, anchor) = (RowId::of(&key), row.anchor.clone());
    Some(Target { row, key: Some(key), anchor: Some(anchor), read })
}

/// The new row under the cursor, if it stands on one.
pub fn added_under_cursor(model: &Model) -> Option<RowId> {
    let pane = model.data.as_ref()?;
    let added = model.staged.added(&pane.name);
    added.get(pane.new_row?).map(|(row, _)| (*row).clone())
}

/// What the cells of a row hold, those staged over those read. Cells that are to take their
/// default are left out: what it will be is not known.
pub fn held(target: &Target, edit: Option<&RowEdit>) -> BTreeMap<String, Value> {
    let mut all = target.read.clone();
    let mut put = |name: &String, wanted: &Wanted| match wanted {
        Wanted::Value(value) => {
            all.insert(name.clone(), value.clone());
        }
        Wanted::Default | Wanted::Row(_) => {
            all.remove(name);
        }
    };
    match edit {
        Some(RowEdit::Changed { cells, .. }) => {
            cells.iter().for_each(|(name, cell)| put(name, &cell.wanted));
        }
        Some(RowEdit::Added { cells }) => cells.iter().for_each(|(name, cell)| put(name, cell)),
        Some(RowEdit::Deleted { .. }) | None => {}
    }
    all
}
