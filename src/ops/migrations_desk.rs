//! What the studio asks about a project's migrations, and what it is told: how they stand, what is
//! hazardous about one, what difference it makes.
//!
//! Everything here is data in and data out; nothing is carried out before somebody says yes.

use std::path::Path;
use std::sync::Arc;

use super::change::Setting;
use super::examine;
pub use super::picture::{Difference, Fate};
use super::standing::{self, Standing};
use crate::config::{Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
pub use crate::migrations::{Entry, Format, History, Migration, Misfit, Record, State};
use crate::problem::{Problem, Result};
use crate::schema::hazard::{Hazard, Rule};

/// A question about the migrations of the project, or work on them.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// How they stand in the database.
    Standing,
    /// What is hazardous about one of them, by its key, and what difference it makes, the others
    /// being as they were read.
    Examine(Arc<Standing>, String),
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
        Ask::Examine(standing, key) => {
            let found = examined(&setting, (&standing, &key), stop).await?;
            Ok(Told::Examined(Arc::new(found)))
        }
    }
}

async fn standing(setting: &Setting, stop: &Stop) -> Result<Standing> {
    let mut live = Connection::open_reading(&setting.target, stop).await?;
    let read = standing::read(&setting.project, &mut live, &[], stop).await;
    live.close().await;
    let mut standing = read?;
    let folder = Path::new(&standing.folder);
    if let Ok(inside) = folder.strip_prefix(&setting.project.folder) {
        standing.folder = inside.display().to_string();
    }
    Ok(standing)
}

/// Tries a migration in a scratch database after those before it.
async fn examined(
    setting: &Setting,
    (standing, key): (&Standing, &str),
    stop: &Stop,
) -> Result<Examined> {
    let mut migrations = Vec::new();
    for entry in &standing.entries {
        let is_it = entry.key == key;
        if matches!(entry.state, State::Duplicate(_)) && !is_it {
            continue;
        }
        match &entry.migration {
            Some(migration) => migrations.push(migration.clone()),
            None => {
                return Err(Problem::failed(
                    "It cannot be tried",
                    format!("the file of {}, which runs before it, is missing", entry.name),
                    "bring that file back",
                ));
            }
        }
        if is_it {
            break;
        }
    }
    let examined = examine::examine(setting, &migrations, |it| it.key == key, stop).await?;
    let found = examined.into_iter().next_back().ok_or_else(|| {
        Problem::failed(
            "The migration is not there any more",
            "its file was removed meanwhile",
            "read the migrations again",
        )
    })?;
    let (hazards, refused, picture) = (found.hazards, found.refused, found.picture);
    Ok(Examined { key: key.to_owned(), hazards, refused, picture })
}
