//! Which tool a folder of migrations belongs to, as far as the folder shows it. Reads names, and
//! the beginnings of files where names do not tell; opens no database.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::files::{self, Listing};
use super::format::{self, Format};
use crate::problem::{Problem, Result};

/// How much of a file is looked at for what its tool marks it with, in bytes.
const LOOK: u64 = 16 * 1024;

/// What a folder shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// It is of this form.
    Sure(Format),
    /// It has pairs of files, as sqlx and golang-migrate both have: the history table tells.
    Pairs,
}

impl Guess {
    /// The form to take it for when no database can be asked.
    pub fn without_database(self) -> Format {
        match self {
            Self::Sure(format) => format,
            Self::Pairs => Format::Native,
        }
    }
}

/// Looks at a folder.
pub(super) fn guess(folder: &Path) -> Result<Guess> {
    if folder.join("meta/_journal.json").exists() {
        return Ok(Guess::Sure(Format::Drizzle));
    }
    if folder.join("atlas.sum").exists() {
        return Err(foreign(folder, "atlas.sum in it is Atlas's", "plain"));
    }
    let listing = Listing::read(folder)?;
    if let Some(format) = of_folders(folder, &listing)? {
        return Ok(Guess::Sure(format));
    }
    let names: Vec<String> = listing.sql.iter().map(|path| files::name(path)).collect();
    // Where all are pairs nobody's marks are in them, and the files need not be opened twice.
    let are_pairs = !names.is_empty() && names.iter().all(|name| is_pair(name));
    if !are_pairs && listing.sql.iter().any(|path| has_marks(path)) {
        return Ok(Guess::Sure(Format::Dbmate));
    }
    // refinery looks into folders too.
    if names.iter().any(|name| format::is_named(name)) || has_versions(&listing) {
        return Ok(Guess::Sure(Format::Refinery));
    }
    if names.iter().any(|name| is_pair(name)) {
        return Ok(Guess::Pairs);
    }
    let is_ours =
        |name: &String| files::digits(name).is_some_and(|(_, rest)| rest.starts_with('_'));
    let is_numbered = |name: &String| files::digits(name).is_some();
    if !names.iter().any(is_ours) && names.iter().any(is_numbered) {
        return Ok(Guess::Sure(Format::Plain));
    }
    Ok(Guess::Sure(Format::Native))
}

/// The form of a folder whose migrations are folders.
fn of_folders(folder: &Path, listing: &Listing) -> Result<Option<Format>> {
    if listing.folders.iter().any(|path| path.join("migration.ts").exists())
        || listing.folders.iter().any(|path| has_graph(path))
    {
        return Err(foreign(folder, "its migrations are programs, as Prisma 8 writes them", ""));
    }
    let holds = |name: &str| listing.folders.iter().any(|path| path.join(name).exists());
    if !holds("migration.sql") {
        let locked = folder.join("migration_lock.toml").exists();
        return Ok(locked.then_some(Format::Prisma));
    }
    if folder.join("migration_lock.toml").exists() {
        return Ok(Some(Format::Prisma));
    }
    Ok(Some(if holds("snapshot.json") { Format::DrizzleFolders } else { Format::Prisma }))
}

/// Whether a folder holds the folders of Prisma 8's migrations.
fn has_graph(path: &Path) -> bool {
    Listing::read(path)
        .is_ok_and(|listing| listing.folders.iter().any(|one| one.join("migration.ts").exists()))
}

/// Whether a folder in this one holds refinery's files.
fn has_versions(listing: &Listing) -> bool {
    listing.sql.is_empty()
        && listing.folders.iter().any(|path| {
            Listing::read(path).is_ok_and(|inside| {
                inside.sql.iter().any(|file| format::is_named(&files::name(file)))
            })
        })
}

/// Whether a file has the marks of dbmate near its beginning.
fn has_marks(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOK).read_to_end(&mut bytes));
    read.is_ok() && format::is_marked(&String::from_utf8_lossy(&bytes))
}

fn is_pair(name: &str) -> bool {
    files::digits(name).is_some_and(|(_, rest)| {
        rest.starts_with('_') && (rest.ends_with(".up.sql") || rest.ends_with(".down.sql"))
    })
}

/// The problem of a folder dbstudio does not read as it is.
fn foreign(folder: &Path, why: &str, nearest: &str) -> Problem {
    let fix = if nearest.is_empty() {
        "keep using its tool for it, and name another folder with migrations in [project] of \
         dbstudio.toml"
            .to_owned()
    } else {
        format!(
            "write format = \"{nearest}\" in [project] of dbstudio.toml to read its files by \
             their numbers; its tool's history stays its own, so mark what is applied with \
             dbstudio baseline"
        )
    };
    Problem::usage(format!("{} is not read as it is", folder.display()), why, fix)
}
