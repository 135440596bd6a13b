//! Migrations as they were applied. The file of one may be another by now, or gone: then dbstudio's
//! ledger may have kept the text that ran. Only reads.

use std::collections::BTreeMap;

use super::standing::Standing;
use crate::db::connection::Connection;
use crate::db::fault::Script;
use crate::migrations::ledger::{Found, Ledger};
use crate::migrations::{Entry, Migration, State};
use crate::problem::Result;

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
