//! What belongs to the project and not to a database: where its schema, its migrations and its
//! seeds are, and what of a schema is compared.
//!
//! Paths start from the folder of `dbstudio.toml`. Nothing here opens a file or runs a command.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::named::Named;
use super::settings::{self, Form};
use super::url;
use super::{Config, Origin, Protection, Target};
use crate::problem::Result;

/// Where the schema a project wants comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaSource {
    /// Files, and folders of files, of SQL.
    Paths(Vec<PathBuf>),
    /// A shell command that prints SQL.
    Command(String),
}

/// How migrations are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// `0001`, `0002`: the next number.
    Sequence,
    /// `20260131120000`: the second it was written, in UTC.
    Timestamp,
}

/// What is to happen when a plan does something hazardous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// It is not said.
    Ignore,
    /// It is said.
    Warn,
    /// The plan is not carried out.
    Refuse,
}

/// A project's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder of its file, or the working folder where there is none.
    pub folder: PathBuf,
    /// Where the schema it wants comes from.
    pub schema: SchemaSource,
    /// The folder of its migrations.
    pub migrations: PathBuf,
    /// The folder of its seeds.
    pub seeds: PathBuf,
    /// The folder of its backups, where that is not the person's own.
    pub backups: Option<PathBuf>,
    /// How many backups of a database are kept; all where nothing is said.
    pub backup_keep: Option<usize>,
    /// The form of its migrations, as one of [`super::settings::FORMATS`], where that is settled.
    pub format: Option<String>,
    /// The table its databases remember migrations in, as `table` or `schema.table`, where that is
    /// not the tool's usual one.
    pub history: Option<String>,
    /// A command that writes the next migration in our place.
    pub generate: Option<String>,
    /// How its migrations are numbered, where that is settled; else as those that are there.
    pub numbering: Option<Numbering>,
    /// The schemas that are the project's; `None` for all but the server's and extensions' own.
    pub schemas: Option<Vec<String>>,
    /// Whether privileges are compared.
    pub privileges: bool,
    /// Whether owners are compared.
    pub owners: bool,
}

/// The `[project]` table as written.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    pub(super) schema: Option<SchemaSource>,
    pub(super) migrations: Option<String>,
    pub(super) seeds: Option<String>,
    pub(super) backups: Option<String>,
    pub(super) backup_keep: Option<usize>,
    pub(super) format: Option<String>,
    pub(super) history: Option<String>,
    pub(super) generate: Option<String>,
    pub(super) numbering: Option<String>,
    pub(super) schemas: Option<Vec<String>>,
    pub(super) privileges: bool,
    pub(super) owners: bool,
}

/// The policy of a word.
pub(super) fn policy(word: &str) -> Option<Policy> {
    match word {
        "ignore" => Some(Policy::Ignore),
        "warn" => Some(Policy::Warn),
        "refuse" => Some(Policy::Refuse),
        _ => None,
    }
}

impl Config {
    /// The project's settings, with the defaults of what is not written.
    pub fn project(&self) -> Project {
        let folder = self.project_folder().to_path_buf();
        let written = self.project_written().map(|file| file.project.clone()).unwrap_or_default();
        let at =
            |path: Option<String>, default: &str| folder.join(path.as_deref().unwrap_or(default));
        let schema = match written.schema {
            None => SchemaSource::Paths(vec![folder.join("schema.sql")]),
            Some(SchemaSource::Paths(paths)) => {
                SchemaSource::Paths(paths.iter().map(|path| folder.join(path)).collect())
            }
            Some(command) => command,
        };
        Project {
            schema,
            migrations: at(written.migrations, "migrations"),
            seeds: at(written.seeds, "seeds"),
            backups: written.backups.map(|path| folder.join(path)),
            backup_keep: written.backup_keep,
            format: written.format,
            history: written.history,
            generate: written.generate,
            numbering: written.numbering.as_deref().map(|word| match word {
                "timestamp" => Numbering::Timestamp,
                _ => Numbering::Sequence,
            }),
            schemas: written.schemas,
            privileges: written.privileges,
            owners: written.owners,
            folder,
        }
    }

    /// Where scratch databases for a target are made, if not on its own server.
    ///
    /// # Errors
    /// When `scratch_url` cannot be understood, or a variable in it is not set.
    pub fn scratch(&self, target: &Target) -> Result<Option<Target>> {
        let Some(named) = self.named_target(target) else { return Ok(None) };
        let Some(text) = named.text("scratch_url", Form::Text, self.variables())? else {
            return Ok(None);
        };
        let parsed = url::parse(&text, &self.surroundings(named.file.folder()))
            .and_then(|parsed| parsed.ok_or_else(super::resolve::no_address))
            .map_err(|fault| fault.of(&format!("scratch_url of {}", named.table())))?;
        Ok(Some(Target {
            name: None,
            address: parsed.address,
            protection: Protection::Development,
            origin: target.origin.clone(),
            read_only: false,
            session: target.session.clone(),
            masked: Vec::new(),
        }))
    }

    /// Whether changes to a target are planned so that others can go on working meanwhile: as
    /// written, else on everything but development.
    pub fn online(&self, target: &Target) -> bool {
        let written = self.named_target(target).and_then(|named| named.database.switch("online"));
        written.unwrap_or(target.protection != Protection::Development)
    }

    /// What is to happen for hazards, by rule, where that is settled: an environment's own word
    /// before the project's.
    pub fn policies(&self, target: Option<&Target>) -> BTreeMap<String, Policy> {
        let project = self.project_written().map(|file| file.hazards.clone()).unwrap_or_default();
        let own = target.and_then(|target| self.named_target(target));
        let own = own.map(|named| named.database.hazards.clone()).unwrap_or_default();
        project.into_iter().chain(own).collect()
    }

    /// The environment or saved connection a target is.
    fn named_target(&self, target: &Target) -> Option<Named<'_>> {
        let name = target.name.as_deref()?;
        let is_saved = matches!(target.origin, Origin::Saved(_));
        let mut named = self.named().into_iter().filter(|named| named.database.name == name);
        if is_saved {
            named.find(|named| named.home == settings::Home::Person)
        } else {
            named.next()
        }
    }
}
