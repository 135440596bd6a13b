//! The journal of edits that wait: every one is on the disk soon after the key that made it, so
//! that neither a crash nor a lost terminal loses any.
//!
//! A journal belongs to one database and role and to one studio, which holds its lock for as long
//! as it runs; those whose studio is gone are found and offered back. Values of masked columns
//! are never written down. Records that could not be written are kept, and written with the next.

mod commits;
mod file;
mod form;
mod found;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::config::{Address, database_id};
use crate::db::edit::{Key, RowEdit, RowId, TableEdits};
use crate::db::page::Identity;
use crate::db::value::hex;
use crate::problem::Result;
use crate::schema::RelationName;

use file::File;
pub use found::{Found, FoundTable, Recovered, landed, recover};

/// What became of the edit of one row: the line a journal has for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The table.
    pub table: RelationName,
    /// How its rows are told apart.
    pub identity: Identity,
    /// The row.
    pub row: RowId,
    /// Its edit from now on; `None` once it has none.
    pub edit: Option<RowEdit>,
    /// Columns that were left out because they are masked.
    pub left_out: Vec<String>,
}

/// A commit that was about to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The transaction's number; empty on SQLite.
    pub transaction: String,
    /// The keys of its new rows, as far as they may be written down.
    pub born: Vec<Born>,
}

/// A new row, and the key the database gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Born {
    /// The table.
    pub table: RelationName,
    /// The row, as the journal numbers it.
    pub row: RowId,
    /// Its key.
    pub key: Key,
}

impl Record {
    /// A record without the values of masked columns.
    pub fn new(
        table: &RelationName,
        identity: &Identity,
        row: &RowId,
        edit: Option<&RowEdit>,
        masked: &BTreeSet<String>,
    ) -> Self {
        let mut left_out = Vec::new();
        let edit = edit.cloned().map(|edit| without(edit, masked, &mut left_out));
        let (table, identity, row) = (table.clone(), identity.clone(), row.clone());
        Self { table, identity, row, edit, left_out }
    }
}

/// Where the journals of a database and role are, and how their names begin.
fn place(state: &Path, address: &Address, role: Option<&str>) -> (PathBuf, String) {
    let role = hex(&Sha256::digest(role.unwrap_or_default().as_bytes()));
    let name = format!("{}-{}", database_id(address), role.get(..8).unwrap_or_default());
    (state.join("edits"), name)
}

fn without(edit: RowEdit, masked: &BTreeSet<String>, left_out: &mut Vec<String>) -> RowEdit {
    match edit {
        RowEdit::Changed { key, cells } => {
            RowEdit::Changed { key, cells: kept(cells, masked, left_out) }
        }
        RowEdit::Added { cells } => RowEdit::Added { cells: kept(cells, masked, left_out) },
        // What is left out of a deleted row only guards it less.
        RowEdit::Deleted { key, read } => {
            RowEdit::Deleted { key, read: kept(read, masked, &mut Vec::new()) }
        }
    }
}

fn kept<T>(
    cells: BTreeMap<String, T>,
    masked: &BTreeSet<String>,
    left_out: &mut Vec<String>,
) -> BTreeMap<String, T> {
    let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
        cells.into_iter().partition(|(name, _)| !masked.contains(name));
    left_out.extend(gone.into_keys());
    kept
}

/// The journal of one database, for this studio.
#[derive(Debug, Default)]
pub struct Journal {
    /// Where journals of this database and role are, and how their names begin.
    place: Option<(PathBuf, String)>,
    /// Ours; none while nothing waits.
    file: Option<File>,
    /// Rows with an edit, as the file tells it.
    live: BTreeSet<(RelationName, RowId)>,
    /// What is not in the file yet.
    owed: Vec<Record>,
    /// Journals of studios that are gone, locked for as long as we have them.
    found: Vec<Found>,
    /// Whether what was found is being taken over.
    is_adopting: bool,
    /// What takes back what was applied in this run, whole, by the id it was written down with.
    commits: Vec<(String, Vec<TableEdits>)>,
    /// How much was applied in this run.
    applied: u64,
}

/// What takes the latest apply back.
#[derive(Debug, Clone, PartialEq)]
pub enum TakeBack {
    /// All of it: it was applied in this run.
    Whole(Vec<TableEdits>),
    /// As it was written down.
    Written(Vec<FoundTable>),
}

impl Journal {
    /// Begins to keep a journal for a database, and looks for those that studios that are gone
    /// left behind.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn open(state: &Path, address: &Address, role: Option<&str>) -> Result<Self> {
        let (folder, name) = place(state, address, role);
        let found = found::find(&folder, &name)?;
        Ok(Self { place: Some((folder, name)), found, ..Self::default() })
    }

    /// Whether it is the journal of this database and role.
    pub fn is_of(&self, state: &Path, address: &Address, role: Option<&str>) -> bool {
        self.place.as_ref() == Some(&place(state, address, role))
    }

    /// What studios that are gone left behind.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// Notes what became of edits; it is written by [`Journal::write`].
    pub fn owe(&mut self, records: Vec<Record>) {
        self.owed.extend(records);
    }

    /// Writes what is owed, and makes it durable.
    ///
    /// # Errors
    /// The file cannot be written; what is owed stays owed.
    pub fn write(&mut self) -> Result<()> {
        if self.owed.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            let Some((folder, name)) = &self.place else { return Ok(()) };
            self.file = Some(File::create(folder, name)?);
        }
        let lines: Vec<String> = self.owed.iter().map(form::line).collect();
        if let Some(file) = &mut self.file {
            file.append(&lines)?;
        }
        for record in std::mem::take(&mut self.owed) {
            let row = (record.table, record.row);
            match record.edit {
                Some(_) => self.live.insert(row),
                None => self.live.remove(&row),
            };
        }
        if std::mem::take(&mut self.is_adopting) {
            // They are in ours now.
            for found in self.found.drain(..) {
                found.end();
            }
        }
        if self.live.is_empty()
            && let Some(file) = self.file.take()
        {
            file.remove();
        }
        Ok(())
    }

    /// Notes that a commit of everything that waits is about to be sent, as this transaction;
    /// with nothing, that it came to nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn committing(&mut self, commit: Option<(&str, Vec<Born>)>) -> Result<()> {
        self.write()?;
        let commit = commit.map(|(transaction, born)| {
            let transaction = transaction.to_owned();
            Commit { transaction, born }
        });
        match &mut self.file {
            Some(file) => file.append(&[form::commit(commit.as_ref())]),
            None => Ok(()),
        }
    }

    /// Keeps what takes an apply back.
    ///
    /// # Errors
    /// It could not be written down; for this run it is kept all the same.
    pub fn remember(&mut self, tables: Vec<TableEdits>) -> Result<()> {
        self.applied += 1;
        let id = format!("{}-{}", std::process::id(), self.applied);
        let written = match &self.place {
            Some((folder, name)) => commits::push(folder, name, &id, &tables),
            None => Ok(()),
        };
        self.commits.push((id, tables));
        written
    }

    /// Takes what takes the latest apply back; `None` where none is kept.
    ///
    /// # Errors
    /// What was written down cannot be read.
    pub fn take_back(&mut self) -> Result<Option<TakeBack>> {
        let Some((folder, name)) = &self.place else { return Ok(None) };
        let kept = commits::pop(folder, name)?;
        let id = kept.as_ref().map(|kept| kept.id.clone());
        let at = match &id {
            Some(id) => self.commits.iter().position(|(known, _)| known == id),
            // It could not be written down.
            None => self.commits.len().checked_sub(1),
        };
        Ok(match (at.map(|at| self.commits.remove(at)), kept) {
            (Some((_, tables)), _) => Some(TakeBack::Whole(tables)),
            (None, kept) => kept.map(|kept| TakeBack::Written(kept.tables)),
        })
    }

    /// Takes over what was found: the next write makes it ours.
    pub fn adopt(&mut self) {
        self.is_adopting = true;
    }

    /// What was found is in the database already: it is needed no more.
    pub fn settle(&mut self) {
        for found in self.found.drain(..) {
            found.end();
        }
    }

    /// Keeps what was found although it was taken over, since not all of it fits; says where.
    pub fn keep_found(&mut self) -> Vec<String> {
        let kept = self.found.drain(..).filter_map(Found::set_aside);
        kept.map(|path| path.display().to_string()).collect()
    }
}
