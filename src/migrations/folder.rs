//! The migrations of a folder in the form of sqlx: `<number>_<description>.up.sql` with its
//! `.down.sql`, or `<number>_<description>.sql` alone.
//!
//! A file that looks like a migration and is none is named, never passed over: it would be one
//! that nobody runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha384};

use crate::db::fault::Script;
use crate::problem::{Problem, Result};

/// A migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// The number as it is written, with the zeros before it.
    pub digits: String,
    /// What it is called, as in the file's name.
    pub description: String,
    /// The file that applies it, and its text.
    pub up: Script,
    /// The file that takes it back, and its text, if there is one.
    pub down: Option<Script>,
    /// What identifies it in the history of its format.
    pub key: String,
    /// The checksum of its file as the format's own tool has it; empty in a format without one.
    pub checksum: Vec<u8>,
    /// Whether it must not run in a transaction, as its file says in the format's own way.
    pub alone: bool,
}

/// The first line of a migration of ours that must not run in a transaction; it must be the very
/// first bytes of the file (as sqlx looks for it).
pub(super) const NO_TRANSACTION: &str = "-- no-transaction";

/// A file of the folder that looks like a migration and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The file.
    pub path: PathBuf,
    /// Why it is none, in a sentence.
    pub why: String,
}

/// What is in a folder of migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// The form its migrations have.
    pub format: super::Format,
    /// The migrations in the order they run.
    pub migrations: Vec<Migration>,
    /// The files that are named, never passed over.
    pub misfits: Vec<Misfit>,
}

impl Migration {
    /// Number and description, as in the file's name.
    pub fn name(&self) -> String {
        format!("{}_{}", self.digits, self.description)
    }
}

/// The direction of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A file's name, taken apart.
struct Named {
    version: i64,
    digits: String,
    description: String,
    way: Way,
}

/// Reads the migrations of a folder, in the order they run. No folder, no migrations.
///
/// # Errors
/// A number that two have, a file whose name is not a migration's, a way back without its
/// migration, a file that cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Migration>> {
    let mut ups: BTreeMap<i64, (Named, PathBuf)> = BTreeMap::new();
    let mut downs: BTreeMap<i64, (Named, PathBuf)> = BTreeMap::new();
    for path in files(folder)? {
        let named = take_apart(&path)?;
        let kept = if named.way == Way::Up { &mut ups } else { &mut downs };
        if let Some((_, other)) = kept.get(&named.version) {
            return Err(twice(named.version, other, &path));
        }
        kept.insert(named.version, (named, path));
    }
    let mut migrations = Vec::new();
    for (version, (named, path)) in ups {
        let down = match downs.remove(&version) {
            None => None,
            Some((back, _)) if back.description == named.description => {
                Some(script(&path.with_file_name(file_name(&back, ".down.sql")))?)
            }
            Some((_, back)) => return Err(twice(version, &path, &back)),
        };
        let up = script(&path)?;
        let Named { version, digits, description, .. } = named;
        let checksum = Sha384::digest(up.text.as_bytes()).to_vec();
        let (key, alone) = (version.to_string(), up.text.starts_with(NO_TRANSACTION));
        migrations.push(Migration { version, digits, description, up, down, key, checksum, alone });
    }
    match downs.into_values().next() {
        None => Ok(migrations),
        Some((named, path)) => Err(Problem::usage(
            format!("{} takes back a migration that is not there", path.display()),
            format!("there is no {} beside it", file_name(&named, ".up.sql")),
            "bring the migration back, or remove the file",
        )),
    }
}

fn file_name(named: &Named, ending: &str) -> String {
    format!("{}_{}{ending}", named.digits, named.description)
}

/// The SQL files of the folder in the order of their names; hidden ones are other programs'.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let told = |why: std::io::Error| {
        Problem::failed(
            format!("The folder {} cannot be read", folder.display()),
            why.to_string(),
            "make sure that it is a folder and may be read, or name another one with migrations \
             in [project] of dbstudio.toml",
        )
    };
    let entries = match fs::read_dir(folder) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(told)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(told)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !name.starts_with('.') && name.to_ascii_lowercase().ends_with(".sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn take_apart(path: &Path) -> Result<Named> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let parts = [(".up.sql", Way::Up), (".down.sql", Way::Down), (".sql", Way::Up)];
    let stem = parts.iter().find_map(|(ending, way)| Some((name.strip_suffix(ending)?, *way)));
    let named = stem.and_then(|(stem, way)| {
        let (digits, description) = stem.split_once('_')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let version = digits.parse().ok().filter(|_| is_number)?;
        let (digits, description) = (digits.to_owned(), description.to_owned());
        Some(Named { version, digits, description, way })
    });
    named.ok_or_else(|| {
        Problem::usage(
            format!("{} is not named as a migration is", path.display()),
            "a migration is called NUMBER_NAME.up.sql and NUMBER_NAME.down.sql, or NUMBER_NAME.sql",
            "give it such a name, or move it out of the folder",
        )
    })
}

fn script(path: &Path) -> Result<Script> {
    let text = fs::read(path)
        .map_err(|why| why.to_string())
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()));
    let text = text.map_err(|why| {
        Problem::failed(
            format!("{} cannot be read", path.display()),
            why,
            "make sure that it is a text file and may be read",
        )
    })?;
    Ok(Script { name: path.display().to_string(), text })
}

fn twice(version: i64, one: &Path, other: &Path) -> Problem {
    Problem::usage(
        format!("Two migrations have the number {version}"),
        format!("{} and {}", one.display(), other.display()),
        "give the one that is not applied anywhere yet the next number",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            fs::write(folder.path().join(name), format!("-- {name}")).unwrap();
        }
        folder
    }

    #[test]
    fn migrations_are_read_in_the_order_of_their_numbers() {
        let folder = folder(&[
            "0010_c.sql",
            "0009_b_c.up.sql",
            "0009_b_c.down.sql",
            "notes.md",
            ".swap.sql",
            "1_a.sql",
        ]);
        let read = read(folder.path()).unwrap();
        let names: Vec<_> =
            read.iter().map(|one| (one.version, one.name(), one.down.is_some())).collect();
        assert_eq!(
            names,
            [
                (1, "1_a".to_owned(), false),
                (9, "0009_b_c".to_owned(), true),
                (10, "0010_c".to_owned(), false)
            ]
        );
        assert_eq!(read[1].up.text, "-- 0009_b_c.up.sql");
        assert_eq!(super::read(&folder.path().join("missing")).unwrap(), []);
    }

    #[test]
    fn what_is_no_migration_is_named() {
        for (files, expected) in [
            (&["1_a.sql", "01_b.up.sql"][..], "the number 1"),
            (&["1_a.up.sql", "1_b.down.sql"], "the number 1"),
            (&["2_a.down.sql"], "2_a.down.sql"),
            (&["first.sql"], "first.sql"),
            (&["1-a.sql"], "1-a.sql"),
            (&["99999999999999999999_a.sql"], "is not named"),
        ] {
            let folder = folder(files);
            let problem = read(folder.path()).unwrap_err();
            assert!(problem.what.contains(expected), "{files:?}: {problem}");
        }
    }
}
