//! The forms migrations come in: our own, which is sqlx's, and those of other tools, which stay as
//! they are so that the tool itself still works on the same folder and database.
//!
//! Each form is read by a file of its own; nothing here opens a database.

mod breakpoints;
mod dbmate;
mod drizzle;
mod folders;
mod paired;
mod refinery;

#[cfg(test)]
mod tests;

pub(super) use dbmate::is_marked;
pub(super) use paired::{NO_TRANSACTION, native_checksum};
pub(super) use refinery::is_named;

use super::folder::Folder;
use super::source::Source;
use crate::problem::Result;

/// A form of migrations: how the files are named and where the database remembers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Our own, which is sqlx's: `0001_name.up.sql`, `0001_name.down.sql`, `0001_name.sql`.
    Native,
    /// drizzle-kit up to 0.31: `0000_name.sql` and `meta/_journal.json`.
    Drizzle,
    /// drizzle-kit from 1.0: `20260131120000_name/migration.sql`.
    DrizzleFolders,
    /// dbmate: one file with a `-- migrate:up` and a `-- migrate:down` section.
    Dbmate,
    /// golang-migrate: `1_name.up.sql`, `1_name.down.sql`.
    Golang,
    /// refinery: `V1__name.sql` and `U1__name.sql`.
    Refinery,
    /// Prisma up to 7: `20260131120000_name/migration.sql` and `migration_lock.toml`.
    Prisma,
    /// Numbered SQL files of no tool, remembered as our own are.
    Plain,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Native,
        Self::Drizzle,
        Self::DrizzleFolders,
        Self::Dbmate,
        Self::Golang,
        Self::Refinery,
        Self::Prisma,
        Self::Plain,
    ];

    /// The word for it in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Drizzle => "drizzle",
            Self::DrizzleFolders => "drizzle-folders",
            Self::Dbmate => "dbmate",
            Self::Golang => "golang-migrate",
            Self::Refinery => "refinery",
            Self::Prisma => "prisma",
            Self::Plain => "plain",
        }
    }

    /// The form a word of the configuration means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The tool it belongs to.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Native => "sqlx",
            Self::Drizzle | Self::DrizzleFolders => "drizzle-kit",
            Self::Plain => "dbstudio",
            other => other.word(),
        }
    }

    /// Whether dbstudio writes new migrations in it: the files are all there is to one.
    pub fn is_written_here(self) -> bool {
        matches!(self, Self::Native | Self::Golang | Self::Plain)
    }

    /// Whether its migrations can have a way back in the folder.
    pub fn has_downs(self) -> bool {
        matches!(self, Self::Native | Self::Dbmate | Self::Golang | Self::Plain)
    }
}

impl Folder {
    /// A folder of a form in which nothing was found yet.
    fn empty(source: &Source, format: Format) -> Self {
        Self {
            path: source.folder.clone(),
            format,
            migrations: Vec::new(),
            misfits: Vec::new(),
            notes: Vec::new(),
            table: None,
        }
    }
}

/// Reads a folder as one of a form.
///
/// # Errors
/// The folder, or what orders it, cannot be read.
pub(super) fn read(source: &Source, format: Format) -> Result<Folder> {
    match format {
        Format::Native | Format::Golang | Format::Plain => paired::read(source, format),
        Format::Drizzle => drizzle::read(source),
        Format::DrizzleFolders | Format::Prisma => folders::read(source, format),
        Format::Dbmate => dbmate::read(source),
        Format::Refinery => refinery::read(source),
    }
}
