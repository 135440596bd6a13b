//! Where a project's migrations are and how they are to be read: what its files say, and what the
//! folder itself shows. Opens no database.

use std::path::{Path, PathBuf};

use super::detect::{self, Guess};
use super::folder::{Folder, Migration};
use super::format::{self, Format};
use crate::config::{Project, SqlxSettings};
use crate::problem::Result;

/// A folder of migrations and what is settled about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The folder.
    pub folder: PathBuf,
    /// Its form, where the project says.
    pub format: Option<Format>,
    /// The history table, where the project says that it is not the tool's usual one.
    pub(super) table: Option<String>,
    /// The one `sqlx.toml` names, which is only sqlx's.
    pub(super) sqlx_table: Option<String>,
    /// Letters that sqlx leaves out of its checksums.
    pub(super) ignored: Vec<char>,
}

impl Source {
    /// A folder of a form.
    pub fn at(folder: &Path, format: Format) -> Self {
        let folder = folder.to_path_buf();
        Self { folder, format: Some(format), table: None, sqlx_table: None, ignored: Vec::new() }
    }

    /// What a project says.
    ///
    /// # Errors
    /// `sqlx.toml` beside it cannot be read, or asks for what dbstudio does not do.
    pub fn of(project: &Project) -> Result<Self> {
        let format = project.format.as_deref().and_then(Format::of_word);
        let sqlx = SqlxSettings::read(&project.folder)?;
        let mut folder = project.migrations.clone();
        if let (false, Some(elsewhere)) = (folder.exists(), &sqlx.folder) {
            folder = project.folder.join(elsewhere);
        }
        Ok(Self {
            folder,
            format,
            table: project.history.clone(),
            sqlx_table: sqlx.table,
            ignored: sqlx.ignored,
        })
    }

    /// The history table of a form, where it is not the tool's usual one, as `table` or
    /// `schema.table`.
    pub fn table(&self, format: Format) -> Option<&str> {
        let is_sqlx = matches!(format, Format::Native | Format::Plain);
        let own = self.sqlx_table.as_deref().filter(|_| is_sqlx);
        self.table.as_deref().or(own)
    }

    /// The form of the folder, as far as it shows without a database.
    ///
    /// # Errors
    /// It is of a tool dbstudio does not read, or cannot be read.
    pub fn guess(&self) -> Result<Guess> {
        match self.format {
            Some(format) => Ok(Guess::Sure(format)),
            None => detect::guess(&self.folder),
        }
    }

    /// Reads the folder as one of this form.
    ///
    /// # Errors
    /// The folder, or what orders it, cannot be read.
    pub fn read_as(&self, format: Format) -> Result<Folder> {
        let mut folder = format::read(self, format)?;
        folder.table = self.table(format).map(str::to_owned);
        Ok(folder)
    }

    /// Reads the folder without asking a database of which of two tools it is: pairs of files are
    /// then taken for our own.
    ///
    /// # Errors
    /// As [`Source::guess`] and [`Source::read_as`].
    pub fn read(&self) -> Result<Folder> {
        self.read_as(self.guess()?.without_database())
    }

    /// The migrations of the folder, if there is nothing wrong with it.
    ///
    /// # Errors
    /// As [`Source::read`], and the first file that is no migration.
    pub fn whole(&self) -> Result<Vec<Migration>> {
        self.read()?.whole()
    }
}
