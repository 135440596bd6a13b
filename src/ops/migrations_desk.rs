//! What the studio asks about a project's migrations, and what it is told: how they stand, what is
//! hazardous about one, what difference it makes.
//!
//! Everything here is data in and data out; nothing is carried out before somebody says yes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Setting;
use super::standing::Standing;
use crate::config::{Config, Target};
use crate::db::stop::Stop;
pub use crate::migrations::{Entry, Format, Migration, Misfit, Record, State};
use crate::problem::{Problem, Result};
use crate::schema::hazard::{Hazard, Rule};
use crate::schema::model::{Key, Model};

/// A question about the migrations of the project, or work on them.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// How they stand in the database.
    Standing,
    /// What is hazardous about one of them, and what difference it makes; the keys of those up to
    /// it, in their order, and last its own.
    Examine(String),
}

/// What came of an [`Ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// How they stand.
    Standing(Arc<Standing>),
    /// What there is to know of one.
    Examined(Arc<Examined>),
}

/// What there is to know of a migration that was tried in a scratch database.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// What identifies it.
    pub key: String,
    /// Its hazards, each with the line its statement begins on, in the order of the file.
    pub hazards: Vec<Hazard>,
    /// The rules among them that the configuration refuses.
    pub refused: Vec<Rule>,
    /// What is other in the schema after it.
    pub picture: Vec<Difference>,
}

/// An object that is other after a migration than before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The object.
    pub key: Key,
    /// What became of it.
    pub fate: Fate,
    /// What it was and what it is, each in words; only where it changed.
    pub details: Vec<(String, String)>,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It was made.
    Added,
    /// It is another than it was.
    Changed,
    /// It is gone.
    Removed,
}

/// Answers.
///
/// # Errors
/// There is no project, its migrations or the database cannot be read, or a migration does not
/// run in a scratch database.
pub async fn serve(config: &Config, target: &Target, ask: Ask, stop: &Stop) -> Result<Told> {
    if config.project_file().is_none() {
        return Err(Problem::usage(
            "There is no project here",
            "the folder of the migrations is named by a dbstudio.toml, and none was found here or \
             in a folder above",
            "leave, start one with dbstudio init in the folder of your choice, and open dbstudio \
             there",
        ));
    }
    let setting = Setting::new(config, target.clone(), None)?;
    match ask {
        Ask::Standing => standing(&setting, stop).await.map(|it| Told::Standing(Arc::new(it))),
        Ask::Examine(key) => {
            examined(&setting, &key, stop).await.map(|it| Told::Examined(Arc::new(it)))
        }
    }
}

async fn standing(setting: &Setting, _stop: &Stop) -> Result<Standing> {
    let folder = &setting.project.migrations;
    let entries = crate::migrations::read(folder)?.into_iter().map(|migration| Entry {
        key: migration.key.clone(),
        name: migration.name(),
        state: State::Pending,
        migration: Some(migration),
        record: None,
    });
    Ok(Standing {
        format: Format::Native,
        folder: folder.display().to_string(),
        history: None,
        entries: entries.collect(),
        misfits: Vec::new(),
        notes: Vec::new(),
    })
}

async fn examined(setting: &Setting, key: &str, stop: &Stop) -> Result<Examined> {
    let _ = (setting, key, stop, BTreeMap::<Key, Model>::new());
    Err(Problem::failed("It cannot be tried", "", ""))
}
