//! What is in a folder of migrations: the migrations of it in the order they run, whatever form
//! they have, and the files that look like one and are none. Those are named, never passed over:
//! each would be a migration that nobody runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::format::{self, Format};
use super::source::Source;
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
    /// Its number and name as one: the file's name without its ending, or the folder's name.
    pub stem: String,
    /// The file that applies it, and its text.
    pub up: Script,
    /// The file that takes it back, and its text, if there is one. Where both are in one file,
    /// the other part of each text is blank, so that lines and columns are the file's.
    pub down: Option<Script>,
    /// What identifies it in the history of its format.
    pub key: String,
    /// The checksum of its file as the format's own tool writes it down, as bytes of the form it
    /// has in the history; empty in a format without one.
    pub checksum: Vec<u8>,
    /// Other checksums the tool takes for the same file: of other line ends, say.
    pub also: Vec<Vec<u8>>,
    /// Whether it must not run in a transaction, as its file says in the format's own way.
    pub alone: bool,
    /// Whether taking it back must not run in a transaction.
    pub down_alone: bool,
}

/// A file of the folder that looks like a migration and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The file.
    pub path: PathBuf,
    /// Why it is none, in a sentence that begins with a small letter.
    pub why: String,
    /// Whether that is because it could not be read: then nobody knows what is in it.
    pub unread: bool,
}

/// What is in a folder of migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// The form its migrations have.
    pub format: Format,
    /// The migrations in the order they run. Two of one number are both here.
    pub migrations: Vec<Migration>,
    /// The files that are named, never passed over.
    pub misfits: Vec<Misfit>,
    /// What else is worth knowing of it, in sentences.
    pub notes: Vec<String>,
    /// The history table where the project says that it is not the tool's usual one, as
    /// `table` or `schema.table`.
    pub table: Option<String>,
}

impl Migration {
    /// Number and description, as in the file's name.
    pub fn name(&self) -> String {
        if self.stem.is_empty() {
            return format!("{}_{}", self.digits, self.description);
        }
        self.stem.clone()
    }

    /// Whether a person means this one by what was typed: its number with or without zeros, its
    /// name, or the name of its file.
    pub fn is_called(&self, text: &str) -> bool {
        let file = text.rsplit(['/', '\\']).next().unwrap_or(text);
        let stem = file.strip_suffix(".sql").unwrap_or(file);
        let stem = ["up", "down"]
            .iter()
            .find_map(|way| stem.strip_suffix(way)?.strip_suffix('.'))
            .unwrap_or(stem);
        self.name() == stem || self.digits == stem || Ok(self.version) == stem.parse()
    }
}

impl Folder {
    /// The migrations, if every file that looks like one is one, and no two have one number.
    ///
    /// # Errors
    /// The first file that is none, or the first two of one number.
    pub fn whole(self) -> Result<Vec<Migration>> {
        if let Some(misfit) = self.misfits.into_iter().next() {
            return Err(misfit.problem());
        }
        let mut seen: BTreeMap<&str, &Migration> = BTreeMap::new();
        for migration in &self.migrations {
            if let Some(other) = seen.insert(&migration.key, migration) {
                return Err(twice(other, migration));
            }
        }
        Ok(self.migrations)
    }
}

impl Misfit {
    /// A file that was read, or needed not be, and is no migration.
    pub fn new(path: PathBuf, why: String) -> Self {
        Self { path, why, unread: false }
    }

    /// What is wrong with it, in a sentence.
    pub fn what(&self) -> String {
        let path = self.path.display();
        if self.unread {
            format!("{path} cannot be read")
        } else {
            format!("{path} is no migration")
        }
    }

    /// What to do about it, as an instruction.
    pub fn fix(&self) -> String {
        match self.unread {
            false => "correct it, or move it out of the folder".to_owned(),
            true => format!(
                "let your account read it, as with chmod u+r {}, or move it out of the folder",
                self.path.display()
            ),
        }
    }

    /// What keeps it from being a migration, as a problem.
    pub fn problem(&self) -> Problem {
        if self.unread {
            return Problem::failed(self.what(), self.why.clone(), self.fix());
        }
        Problem::usage(self.what(), self.why.clone(), self.fix())
    }
}

fn twice(one: &Migration, other: &Migration) -> Problem {
    Problem::usage(
        format!("Two migrations have the number {}", one.version),
        format!("{} and {}", one.up.name, other.up.name),
        "give the one that is not applied anywhere yet the next number",
    )
}

/// Reads the migrations of a folder of our own form, in the order they run. No folder, no
/// migrations.
///
/// # Errors
/// A number that two have, a file whose name is not a migration's, a way back without its
/// migration, a file that cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Migration>> {
    let source = Source::at(folder, Format::Native);
    format::read(&source, Format::Native)?.whole()
}

#[cfg(test)]
mod tests {
    use std::fs;

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
            (&["1_a.up.sql", "1_b.down.sql"], "1_b.down.sql is no migration"),
            (&["2_a.down.sql"], "2_a.down.sql"),
            (&["first.sql"], "first.sql"),
            (&["1-a.sql"], "1-a.sql"),
            (&["1_A.SQL"], "1_A.SQL"),
            (&["99999999999999999999_a.sql"], "is no migration"),
        ] {
            let folder = folder(files);
            let problem = read(folder.path()).unwrap_err();
            assert!(problem.what.contains(expected), "{files:?}: {problem}");
        }
    }
}
