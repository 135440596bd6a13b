//! Folders of drizzle-kit up to 0.31: files in the order of a journal.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::super::files::{self, Listing, Text};
use super::super::folder::{Folder, Migration, Misfit};
use super::super::source::Source;
use super::Format;
use super::breakpoints;
use crate::problem::{Problem, Result};

/// `meta/_journal.json`, as far as its order matters.
#[derive(Debug, Deserialize)]
struct Journal {
    entries: Vec<JournalEntry>,
}

#[derive(Debug, Deserialize)]
struct JournalEntry {
    idx: i64,
    /// When it was generated, in milliseconds since 1970; some tools write a fraction.
    when: serde_json::Number,
    tag: String,
}

/// Reads such a folder.
pub(super) fn read(source: &Source) -> Result<Folder> {
    let mut folder = Folder::empty(source, Format::Drizzle);
    let journal = journal(&source.folder)?;
    let mut named = BTreeSet::new();
    let mut newest: Option<f64> = None;
    for entry in journal.entries {
        let path = source.folder.join(format!("{}.sql", entry.tag));
        named.insert(path.clone());
        let when = entry.when.as_f64().unwrap_or_default();
        if newest.is_some_and(|newest| when <= newest) {
            folder.notes.push(format!(
                "{} is journaled after a younger migration: drizzle-kit passes it over where that \
                 one is applied",
                entry.tag
            ));
        }
        newest = Some(newest.map_or(when, |newest| newest.max(when)));
        match migration(&path, entry) {
            Ok(migration) => folder.migrations.push(migration),
            Err(misfit) => folder.misfits.push(misfit),
        }
    }
    for path in Listing::read(&source.folder)?.sql {
        if !named.contains(&path) {
            let why = "drizzle-kit's journal does not name it, so nobody runs it".to_owned();
            folder.misfits.push(Misfit::new(path, why));
        }
    }
    Ok(folder)
}

fn journal(folder: &Path) -> Result<Journal> {
    let path = folder.join("meta/_journal.json");
    let told = |why: String| {
        Problem::failed(
            format!("{} cannot be read", path.display()),
            why,
            "restore the journal, which drizzle-kit writes and orders its migrations by",
        )
    };
    let bytes = fs::read(&path).map_err(|why| told(why.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|why| told(why.to_string()))
}

fn migration(path: &Path, entry: JournalEntry) -> std::result::Result<Migration, Misfit> {
    if !path.exists() {
        let why = "the journal names it, but there is no such file".to_owned();
        return Err(Misfit::new(path.to_path_buf(), why));
    }
    let text = Text::read(path)?;
    let mut up = text.script();
    up.text = breakpoints::ended(&up.text).map_err(|why| Misfit::new(path.to_path_buf(), why))?;
    let (digits, rest) = match files::digits(&entry.tag) {
        Some((digits, rest)) => (digits.to_owned(), rest),
        None => (entry.idx.to_string(), entry.tag.as_str()),
    };
    Ok(Migration {
        version: digits.parse().unwrap_or(entry.idx),
        digits,
        description: rest.trim_start_matches('_').to_owned(),
        up,
        key: entry.when.to_string(),
        checksum: hex(&Sha256::digest(text.raw.as_bytes())).into_bytes(),
        stem: entry.tag,
        ..Migration::default()
    })
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
