//! Which migration made each column of a database: the migrations that are applied to it are run
//! one after the other in a scratch database, as they were applied, and the schema is read after
//! each. Of the person's database only the history is read.

use std::collections::BTreeMap;

use super::as_applied::{self, Known};
use super::change::Setting;
use super::picture::{self, Fate};
use super::replay;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::Migration;
use crate::problem::Result;
use crate::schema::RelationName;
use crate::schema::model::{Kind, Model};

/// With more migrations than this it would take too long for what is only a note.
const MOST: usize = 300;

/// The migration that made each column, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<(String, String, String), String>);

impl Origins {
    /// The name of the migration that made a column.
    pub fn of(&self, relation: &RelationName, column: &str) -> Option<&str> {
        let key = (relation.schema.clone(), relation.name.clone(), column.to_owned());
        self.0.get(&key).map(String::as_str)
    }

    /// With this column made by this migration.
    pub fn with(mut self, relation: &RelationName, column: &str, migration: &str) -> Self {
        let key = (relation.schema.clone(), relation.name.clone(), column.to_owned());
        self.0.insert(key, migration.to_owned());
        self
    }
}

/// Finds out which migration made each column of the setting's database, of those that are applied
/// there; nothing where there are too many of them.
///
/// # Errors
/// The folder or the history cannot be read, or a migration does not run.
pub async fn find(setting: &Setting, stop: &Stop) -> Result<Origins> {
    let Some(Known { standing, texts }) = Known::read(setting, stop).await? else {
        return Ok(Origins::default());
    };
    let migrations = as_applied::all(&standing, &texts, standing.book.dialect).migrations;
    if migrations.is_empty() || migrations.len() > MOST {
        return Ok(Origins::default());
    }
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let found = replayed(&mut scratch, setting, &migrations, stop).await;
    let closed = scratch.close().await;
    // What failed first is what the person must know.
    let found = found?;
    closed.map(|()| found)
}

async fn replayed(
    scratch: &mut Scratch,
    setting: &Setting,
    migrations: &[Migration],
    stop: &Stop,
) -> Result<Origins> {
    scratch.reset(stop).await?;
    let connection = scratch.connection()?;
    let mut origins = Origins::default();
    let mut before = Model::empty(connection.dialect());
    for migration in migrations {
        replay::run(connection, &migration.up, migration.alone, stop).await?;
        let after = connection.model(&setting.scope, stop).await?;
        let name = migration.name();
        for difference in picture::between(&before, &after) {
            if difference.fate == Fate::Added && difference.key.kind == Kind::Column {
                let relation = RelationName::new(&difference.key.schema, &difference.key.of);
                origins = origins.with(&relation, &difference.key.name, &name);
            }
        }
        before = after;
    }
    Ok(origins)
}
