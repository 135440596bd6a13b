//! What takes the latest applied edits back, kept between runs: the last few of each database and
//! role, in one file that is replaced whole. Values of masked columns are not in it.

use std::fs::{self, OpenOptions};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::Record;
use super::form::{self, Line};
use super::found::{FoundTable, gathered};
use crate::config::{make_folder, replace_whole};
use crate::db::edit::TableEdits;
use crate::problem::{Problem, Result};

/// Applied edits whose inverse is kept.
const MOST: usize = 20;

/// What takes one apply back, as it was written down.
pub(super) struct Kept {
    /// Which apply.
    pub(super) id: String,
    /// The edits.
    pub(super) tables: Vec<FoundTable>,
}

/// Keeps what takes an apply back.
pub(super) fn push(folder: &Path, name: &str, id: &str, tables: &[TableEdits]) -> Result<()> {
    let records = tables.iter().flat_map(|table| {
        table.rows.iter().map(|(row, edit)| {
            let (name, by) = (&table.relation.name, &table.identity);
            form::line(&Record::new(name, by, row, Some(edit), &table.masked))
        })
    });
    let records: Vec<Json> = records.map(Json::String).collect();
    change(folder, name, |commits| {
        commits.push(json!({ "id": id, "edits": records }));
        let surplus = commits.len().saturating_sub(MOST);
        commits.drain(..surplus);
    })
}

/// Takes what takes the latest apply back; `None` where none is kept.
pub(super) fn pop(folder: &Path, name: &str) -> Result<Option<Kept>> {
    let mut latest = None;
    change(folder, name, |commits| latest = commits.pop())?;
    let Some(latest) = latest else { return Ok(None) };
    let id = latest.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    let lines = latest.get("edits").and_then(Json::as_array).cloned().unwrap_or_default();
    let record = |line: &Json| match form::read(line.as_str()?) {
        Some(Line::Record(record)) => Some(*record),
        _ => None,
    };
    Ok(Some(Kept { id, tables: gathered(lines.iter().filter_map(record)) }))
}

/// Changes the list while no other studio does.
fn change(folder: &Path, name: &str, how: impl FnOnce(&mut Vec<Json>)) -> Result<()> {
    let (path, lock) =
        (folder.join(format!("{name}.undo.json")), folder.join(format!("{name}.undo.lock")));
    let changed = make_folder(folder).and_then(|()| {
        let _lock = locked(&lock)?;
        let before = fs::read(&path).unwrap_or_default();
        // A damaged list is begun anew: what it held was for convenience.
        let mut commits: Vec<Json> = serde_json::from_slice(&before).unwrap_or_default();
        let had = commits.len();
        how(&mut commits);
        if had == 0 && commits.is_empty() {
            return Ok(());
        }
        replace_whole(&path, Json::Array(commits).to_string().as_bytes())
    });
    changed.map_err(|error| {
        Problem::failed(
            "What takes the edits back could not be kept",
            format!("{}: {error}", path.display()),
            "check the free space and who may write to that folder",
        )
    })
}

/// The file that is locked while the list changes; only its owner may read it.
fn locked(path: &Path) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    file.lock()?;
    Ok(file)
}
