//! Migrations as they were applied. The file of one may be another by now, or gone: then dbstudio's
//! ledger may have kept the text that ran. Only reads.

use std::collections::BTreeMap;

use super::change::Setting;
use super::push;
use super::standing::{self, Standing};
use crate::db::connection::Connection;
use crate::db::fault::Script;
use crate::db::stop::Stop;
use crate::migrations::ledger::{Found, Ledger};
use crate::migrations::{Entry, Migration, State};
use crate::problem::{Kind, Result};
use crate::sql::Dialect;
use crate::sql::statement::split;

/// Texts as they were applied, by the keys of their migrations.
pub type Texts = BTreeMap<String, String>;

/// The texts that were applied of those migrations whose files are others now or gone, as far as
/// the ledger of the database has them.
///
/// # Errors
/// The ledger cannot be read.
pub(super) async fn texts(standing: &Standing, connection: &mut Connection) -> Result<Texts> {
    let is_other = |entry: &&Entry| matches!(entry.state, State::Changed | State::Missing);
    let others: Vec<&Entry> = standing.entries.iter().filter(is_other).collect();
    let ledger = Ledger::new(connection.dialect());
    let mut texts = Texts::new();
    if others.is_empty() || ledger.find(connection).await? != Found::There {
        return Ok(texts);
    }
    for entry in others {
        let known = ledger.texts(connection, &entry.key).await?;
        let now = entry.migration.as_ref().map(|migration| &migration.up.text);
        if let Some((text, _)) = known.into_iter().rfind(|(up, _)| Some(up) != now) {
            texts.insert(entry.key.clone(), text);
        }
    }
    Ok(texts)
}

/// A migration as it was applied, as far as that is known: with the text of the ledger, else with
/// that of its file.
pub(super) fn migration(entry: &Entry, texts: &Texts) -> Option<Migration> {
    let Some(text) = texts.get(&entry.key) else { return entry.migration.clone() };
    let found = entry.migration.clone().unwrap_or_else(|| Migration {
        key: entry.key.clone(),
        stem: entry.name.clone(),
        ..Migration::default()
    });
    let name = match found.up.name.as_str() {
        "" => entry.name.clone(),
        file => file.to_owned(),
    };
    let up = Script { name: format!("{name} (as it was applied)"), text: text.clone() };
    Some(Migration { up, ..found })
}

/// What is applied, as scripts to replay.
pub(super) struct Applied {
    /// In the order they stand in.
    pub(super) migrations: Vec<Migration>,
    /// What could not be replayed exactly, in sentences.
    pub(super) notes: Vec<String>,
}

/// All that is applied, as far as it is known how.
pub(super) fn all(standing: &Standing, texts: &Texts, dialect: Dialect) -> Applied {
    let mut applied = Applied { migrations: Vec::new(), notes: Vec::new() };
    for entry in &standing.entries {
        let Entry { name, state, migration, .. } = entry;
        match (state, migration) {
            (State::Applied, Some(migration)) => applied.migrations.push(migration.clone()),
            (State::Changed | State::Missing, _) if texts.contains_key(&entry.key) => {
                applied.migrations.extend(self::migration(entry, texts));
                let now = match state {
                    State::Missing => "its file is missing",
                    _ => "its file has changed since",
                };
                applied.notes.push(format!(
                    "{name} is applied, and {now}; the text that was applied, which the ledger \
                     has kept, was compared"
                ));
            }
            (State::Changed, Some(migration)) => {
                applied.migrations.push(migration.clone());
                applied.notes.push(format!(
                    "{name} has changed since it was applied; its file as it is now was compared"
                ));
            }
            (State::HalfDone { done, unsure }, Some(migration)) => {
                applied.migrations.push(beginning(migration, *done, dialect));
                let unsure = if *unsure { ", and the one after them may be done too" } else { "" };
                applied.notes.push(format!(
                    "{name} is half done: {done} of its statements were compared{unsure}"
                ));
            }
            (State::Failed, _) => applied.notes.push(format!(
                "{name} has failed, so what it has done is not known; it counts as not applied"
            )),
            (State::Missing, _) | (State::Applied | State::Changed, None) => {
                applied.notes.push(format!(
                    "{name} is applied, but its file is missing; what it made shows as drift"
                ));
            }
            (State::Duplicate(_), Some(migration)) if entry.record.is_some() => {
                applied.migrations.push(migration.clone());
            }
            _ => {}
        }
    }
    if standing.history.is_none() {
        applied.notes.push(
            "the database has no history of migrations, so none counts as applied".to_owned(),
        );
    }
    applied
}

/// A migration with only the first of its statements.
fn beginning(migration: &Migration, statements: usize, dialect: Dialect) -> Migration {
    let text = &migration.up.text;
    let pieces = split(dialect, text);
    let mut real = pieces.iter().filter(|piece| !piece.is_blank());
    let end = real.nth(statements).map_or(text.len(), |next| next.body.start);
    let mut begun = migration.clone();
    begun.up.text.truncate(end);
    begun
}

/// What a database knows of the project's migrations.
#[derive(Debug)]
pub(super) struct Known {
    /// How they stand there.
    pub(super) standing: Standing,
    /// The texts that were applied of those whose files are others now or gone.
    pub(super) texts: Texts,
}

/// A migration whose file was changed since it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What identifies it.
    pub key: String,
    /// Its number and name.
    pub name: String,
    /// The text that was applied, if it is known.
    pub applied: Option<String>,
    /// The text of its file.
    pub now: String,
}

impl Known {
    /// Asks the database of a setting; `None` where it is only to be made.
    ///
    /// # Errors
    /// The database cannot be reached, or the folder, the history or the ledger not be read.
    pub(super) async fn read(setting: &Setting, stop: &Stop) -> Result<Option<Self>> {
        if push::is_to_be_made(&setting.target) {
            return Ok(None);
        }
        let mut live = Connection::open_reading(&setting.target, stop).await?;
        let read = async {
            let standing = standing::read(&setting.project, &mut live, &[], stop).await?;
            let texts = texts(&standing, &mut live).await?;
            Ok(Some(Self { standing, texts }))
        }
        .await;
        live.close().await;
        read
    }

    /// The same for work that files alone are enough for: a database that cannot be asked is
    /// noted, in a sentence.
    ///
    /// # Errors
    /// The work was stopped.
    pub(super) async fn look(
        setting: &Setting,
        stop: &Stop,
    ) -> Result<(Option<Self>, Option<String>)> {
        match Self::read(setting, stop).await {
            Ok(known) => Ok((known, None)),
            Err(problem) if problem.kind == Kind::Cancelled => Err(problem),
            Err(problem) => {
                let note = format!(
                    "whether a file was changed since it was applied is not known, since the \
                     database does not tell: {}",
                    problem.what
                );
                Ok((None, Some(note)))
            }
        }
    }

    /// The migrations whose files were changed since they were applied.
    pub(super) fn changed(&self) -> Vec<Changed> {
        let of = |entry: &Entry| {
            let migration = entry.migration.as_ref().filter(|_| entry.state == State::Changed)?;
            Some(Changed {
                key: entry.key.clone(),
                name: entry.name.clone(),
                applied: self.texts.get(&entry.key).cloned(),
                now: migration.up.text.clone(),
            })
        };
        self.standing.entries.iter().filter_map(of).collect()
    }

    /// The migrations of a folder, those that were changed since they were applied as they were
    /// then, as far as that is known.
    pub(super) fn in_place(&self, migrations: &[Migration]) -> Vec<Migration> {
        let entries = &self.standing.entries;
        let other = |migration: &Migration| {
            let is_it =
                |entry: &&Entry| entry.key == migration.key && entry.state == State::Changed;
            self::migration(entries.iter().find(is_it)?, &self.texts)
        };
        migrations.iter().map(|one| other(one).unwrap_or_else(|| one.clone())).collect()
    }
}
