//! Journals of studios that are gone: found, locked, read, and fitted to the tables as they are.
//!
//! What does not fit any more is told, and its journal kept; nothing is dropped in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::form::{self, Line};
use super::{Born, Commit, Record};
use crate::db::Db;
use crate::db::edit::{CellEdit, RowEdit, RowId, TableEdits, Wanted};
use crate::db::page::{Anchor, Identity, PageColumn, PageRequest, Place, Selection};
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Relation, RelationName};

/// A journal whose studio is gone.
#[derive(Debug)]
pub struct Found {
    path: PathBuf,
    /// Holds its lock, so that no other studio offers it too.
    file: fs::File,
    /// What waits in it.
    pub tables: Vec<FoundTable>,
    /// The commit that was about to be sent when it ended.
    pub commit: Option<Commit>,
    /// Lines that could not be read.
    pub damaged: usize,
}

/// The edits of a table in a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTable {
    /// The table.
    pub name: RelationName,
    /// How its rows were told apart.
    pub identity: Identity,
    /// The edits in the order they were made.
    pub rows: Vec<(RowId, RowEdit)>,
    /// Masked columns whose values were not written down.
    pub left_out: BTreeSet<String>,
}

/// Edits that are back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recovered {
    /// What fits.
    pub tables: Vec<TableEdits>,
    /// What does not, and what a person should know, in sentences.
    pub notes: Vec<String>,
}

impl Found {
    /// How many rows have an edit in it.
    pub fn rows(&self) -> usize {
        self.tables.iter().map(|table| table.rows.len()).sum()
    }

    /// It is needed no more.
    pub(super) fn end(self) {
        // One that stays is offered again, which loses nothing.
        drop(fs::remove_file(&self.path));
    }

    /// Keeps it under a name that is not looked for; where it is then.
    pub(super) fn set_aside(self) -> Option<PathBuf> {
        let to = self.path.with_extension("kept");
        fs::rename(&self.path, &to).ok().map(|()| to)
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        // As with a journal of ours: copies of the handle must not hold the lock.
        drop(self.file.unlock());
    }
}

/// The journals that begin with this name and that no studio holds.
pub(super) fn find(folder: &Path, name: &str) -> Result<Vec<Found>> {
    let unreadable = |error: std::io::Error| {
        Problem::failed(
            "The journals of edits cannot be read",
            format!("{}: {error}", folder.display()),
            "check who may read that folder",
        )
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let shown = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let is_ours = shown.is_some_and(|shown| {
            shown.starts_with(&format!("{name}.")) && shown.ends_with(".jsonl")
        });
        if is_ours {
            paths.push(path);
        }
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else { continue };
        match file.try_lock() {
            Ok(()) => {}
            // Another studio is at work on it.
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(unreadable(error)),
        }
        let text = fs::read(&path).map_err(unreadable)?;
        let one = read(path, file, &String::from_utf8_lossy(&text));
        if one.tables.is_empty() && one.damaged == 0 {
            one.end();
        } else {
            found.push(one);
        }
    }
    Ok(found)
}

fn read(path: PathBuf, file: fs::File, text: &str) -> Found {
    let (mut commit, mut damaged, mut records) = (None, 0, Vec::new());
    for line in text.lines() {
        match form::read(line) {
            Some(Line::Commit(about)) => commit = about,
            Some(Line::Record(record)) => records.push(*record),
            None => damaged += 1,
        }
    }
    Found { path, file, tables: gathered(records.into_iter()), commit, damaged }
}

/// What records come to, table by table: the last one of a row counts.
pub(super) fn gathered(records: impl Iterator<Item = Record>) -> Vec<FoundTable> {
    /// Edits with the order they began in.
    type Rows = BTreeMap<RowId, (usize, RowEdit)>;
    let mut tables: BTreeMap<RelationName, (Identity, Rows, BTreeSet<String>)> = BTreeMap::new();
    for (number, record) in records.enumerate() {
        let fresh = || (record.identity.clone(), Rows::new(), BTreeSet::new());
        let (_, rows, left_out) = tables.entry(record.table).or_insert_with(fresh);
        match record.edit {
            Some(edit) => {
                let begun = rows.get(&record.row).map_or(number, |(begun, _)| *begun);
                rows.insert(record.row, (begun, edit));
                left_out.extend(record.left_out);
            }
            None => drop(rows.remove(&record.row)),
        }
    }
    let tables = tables.into_iter().filter(|(_, (_, rows, _))| !rows.is_empty());
    let tables = tables.map(|(name, (identity, rows, left_out))| {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|(_, (begun, _))| *begun);
        let rows = rows.into_iter().map(|(row, (_, edit))| (row, edit)).collect();
        FoundTable { name, identity, rows, left_out }
    });
    tables.collect()
}

/// Fits what was found to the tables as they are now.
///
/// # Errors
/// The tables cannot be read.
pub async fn recover(db: &Db, found: &[FoundTable], stop: &Stop) -> Result<Recovered> {
    let mut out = Recovered::default();
    for table in found {
        let relation = match db.relation(&table.name, stop).await {
            Ok(relation) => Arc::new(relation),
            Err(problem) if matches!(problem.kind, Kind::Cancelled | Kind::Disconnected) => {
                return Err(problem);
            }
            Err(problem) => {
                let count = table.rows.len();
                out.notes
                    .push(format!("{count} edits of {} do not fit: {}", table.name, problem.what));
                continue;
            }
        };
        fit(table, relation, &mut out);
        if !table.left_out.is_empty() {
            let names: Vec<&str> = table.left_out.iter().map(String::as_str).collect();
            out.notes.push(format!(
                "{}: values of the masked columns {} were not written down: type them again",
                table.name,
                names.join(", ")
            ));
        }
    }
    Ok(out)
}

fn fit(table: &FoundTable, relation: Arc<Relation>, out: &mut Recovered) {
    let name = &table.name;
    let now = identity_of(&relation);
    if now.as_ref() != Some(&table.identity) {
        let count = table.rows.len();
        out.notes.push(format!("{count} edits of {name} do not fit: its key is another one now"));
        return;
    }
    let mut gone: BTreeSet<String> = BTreeSet::new();
    let mut rows = Vec::new();
    for (row, edit) in &table.rows {
        let fitted = match edit {
            RowEdit::Changed { key, cells } => {
                let cells = known(&relation, cells, &mut gone);
                (!cells.is_empty()).then(|| RowEdit::Changed { key: key.clone(), cells })
            }
            RowEdit::Added { cells } => {
                Some(RowEdit::Added { cells: known(&relation, cells, &mut gone) })
            }
            RowEdit::Deleted { key, read } => {
                let read = known(&relation, read, &mut gone);
                Some(RowEdit::Deleted { key: key.clone(), read })
            }
        };
        rows.extend(fitted.map(|edit| (row.clone(), edit)));
    }
    for column in gone {
        out.notes.push(format!("{name} has no column {column} any more: edits of it do not fit"));
    }
    if !rows.is_empty() {
        let identity = table.identity.clone();
        out.tables.push(TableEdits { relation, identity, masked: BTreeSet::new(), rows });
    }
}

fn known<T: Clone>(
    relation: &Relation,
    cells: &BTreeMap<String, T>,
    gone: &mut BTreeSet<String>,
) -> BTreeMap<String, T> {
    let (known, other): (Vec<_>, Vec<_>) =
        cells.iter().partition(|(name, _)| relation.column(name).is_some());
    gone.extend(other.into_iter().map(|(name, _)| name.clone()));
    known.into_iter().map(|(name, cell)| (name.clone(), cell.clone())).collect()
}

/// How the rows of a relation are told apart for edits.
fn identity_of(relation: &Relation) -> Option<Identity> {
    let readable = |name: &String| relation.column(name).is_some_and(|column| column.readable);
    if let Some(key) = relation.identity_key().filter(|key| key.columns.iter().all(readable)) {
        return Some(Identity::Key(key.columns.clone()));
    }
    relation.rowid.clone().map(Identity::Rowid)
}

/// Whether edits are in the database already, by reading their rows; `None` where no row tells.
///
/// # Errors
/// The rows cannot be read.
pub async fn landed(
    db: &Db,
    tables: &[TableEdits],
    born: &[Born],
    stop: &Stop,
) -> Result<Option<bool>> {
    let mut told = None;
    for table in tables {
        for (row, edit) in &table.rows {
            let is_it = |born: &&Born| born.row == *row && born.table == table.relation.name;
            let given = || born.iter().find(is_it).map(|born| &born.key);
            let Some(key) = edit.key().or_else(given) else { continue };
            let now = row_now(db, table, key, stop).await?;
            let is_there = match (edit, now) {
                (RowEdit::Deleted { .. }, now) => now.is_none(),
                (RowEdit::Changed { cells, .. }, Some(now)) => match holds(cells, &now) {
                    Some(is_there) => is_there,
                    // Nothing of it can be compared.
                    None => continue,
                },
                // Its key was free when the transaction took it.
                (RowEdit::Added { .. }, now) => now.is_some(),
                (RowEdit::Changed { .. }, None) => continue,
            };
            // All of it is there or nothing: one row that is not is enough.
            if !is_there {
                return Ok(Some(false));
            }
            told = Some(true);
        }
    }
    Ok(told)
}

/// Whether a row holds what it was to hold; `None` where none of that is known beforehand.
fn holds(cells: &BTreeMap<String, CellEdit>, now: &BTreeMap<String, Value>) -> Option<bool> {
    let mut told = None;
    for (name, cell) in cells {
        let Wanted::Value(wanted) = &cell.wanted else { continue };
        let same = match now.get(name) {
            // Of a long one the page has the beginning.
            Some(Value::Truncated(long)) => wanted.continues(long),
            now => now == Some(wanted),
        };
        told = Some(same);
        if !same {
            break;
        }
    }
    told
}

async fn row_now(
    db: &Db,
    table: &TableEdits,
    key: &[Value],
    stop: &Stop,
) -> Result<Option<BTreeMap<String, Value>>> {
    let columns = table.relation.columns.iter().filter(|column| column.readable);
    let columns: Vec<PageColumn> = columns
        .map(|column| PageColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            base_type: column.base_type.clone(),
            nullable: column.nullable,
        })
        .collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let selection = Selection {
        relation: table.relation.name.clone(),
        columns: columns.into(),
        identity: table.identity.clone(),
        filter: Vec::new(),
        sort: Vec::new(),
    };
    let anchor = Anchor(key.into());
    let request = PageRequest { selection, place: Place::From(anchor.clone()), limit: 1 };
    let page = db.page(&request, stop).await?;
    // Where it is gone the page begins with the next one.
    let row = page.rows.into_iter().next().filter(|row| row.anchor == anchor);
    Ok(row.map(|row| names.into_iter().zip(row.cells.into_vec()).collect()))
}
