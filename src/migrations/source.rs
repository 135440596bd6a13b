//! Where a project's migrations are and how they are to be read: what its files say, and what the
//! folder itself shows. Opens no database.

use std::fs;
use std::path::{Path, PathBuf};

use super::detect::{self, Guess};
use super::folder::{Folder, Migration};
use super::format::{self, Format};
use crate::config::Project;
use crate::problem::{Problem, Result};

/// A folder of migrations and what is settled about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The folder.
    pub folder: PathBuf,
    /// Its form, where the project says.
    pub format: Option<Format>,
    /// The history table, where the project says that it is not the tool's usual one.
    pub table: Option<String>,
    /// Letters that sqlx leaves out of its checksums.
    pub(super) ignored: Vec<char>,
}

impl Source {
    /// A folder of a form.
    pub fn at(folder: &Path, format: Format) -> Self {
        let folder = folder.to_path_buf();
        Self { folder, format: Some(format), table: None, ignored: Vec::new() }
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
            table: project.history.clone().or(sqlx.table),
            ignored: sqlx.ignored,
        })
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
        folder.table.clone_from(&self.table);
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

/// What `sqlx.toml` says about migrations.
#[derive(Debug, Default)]
struct SqlxSettings {
    folder: Option<PathBuf>,
    table: Option<String>,
    ignored: Vec<char>,
}

impl SqlxSettings {
    fn read(project: &Path) -> Result<Self> {
        let path = project.join("sqlx.toml");
        let told = |why: String| {
            let fix = "correct it, or remove it if sqlx is not used here";
            Problem::usage(format!("{} cannot be used", path.display()), why, fix)
        };
        let text = match fs::read_to_string(&path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|why| told(why.to_string()))?,
        };
        let table: toml::Table =
            text.parse().map_err(|why: toml::de::Error| told(why.message().to_owned()))?;
        let Some(migrate) = table.get("migrate").and_then(toml::Value::as_table) else {
            return Ok(Self::default());
        };
        let word = |name: &str| migrate.get(name).and_then(toml::Value::as_str);
        let mut ignored = Vec::new();
        if let Some(value) = migrate.get("ignored-chars") {
            let letters = value.as_array().into_iter().flatten();
            for letter in letters {
                let mut text = letter.as_str().unwrap_or_default().chars();
                match (text.next(), text.next()) {
                    (Some(letter), None) => ignored.push(letter),
                    _ => return Err(told("ignored-chars is no list of single letters".to_owned())),
                }
            }
        }
        Ok(Self {
            folder: word("migrations-dir").map(PathBuf::from),
            table: word("table-name").map(str::to_owned),
            ignored,
        })
    }
}
