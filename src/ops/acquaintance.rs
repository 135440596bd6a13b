//! Recognising a database by what it is, not by how it is called: the cluster's own number and the
//! database's on PostgreSQL, the file itself on SQLite. One that was met as production or staging
//! stays that, under whatever address it is reached, and whatever the configuration says by now.
//!
//! What was met is kept on this machine, in the state folder; it holds no address's password.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::{Address, Config, Protection, Target, recall, remember};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// The file in the state folder.
const NAME: &str = "acquaintances.json";

/// A database that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Met {
    /// What tells it from every other one.
    key: String,
    /// The environment it was met as.
    environment: String,
    /// How that was protected.
    protection: String,
}

fn protection(word: &str) -> Option<Protection> {
    [Protection::Development, Protection::Staging, Protection::Production]
        .into_iter()
        .find(|one| one.word() == word)
}

fn file(config: &Config) -> PathBuf {
    config.places().state.join(NAME)
}

/// Connects to a target, and gives it the strictest protection it, or the same database under
/// another address, has or had. What an environment protects is written down.
///
/// # Errors
/// The database cannot be reached.
pub async fn met(config: &Config, target: Target, stop: &Stop) -> Result<Target> {
    let missing = |address: &Address| match address {
        Address::Sqlite(sqlite) => sqlite.file.as_ref().is_none_or(|file| !file.exists()),
        Address::Postgres(_) => false,
    };
    let (mut all, _): (Vec<Met>, _) = recall(&file(config));
    let is_kept = target.name.is_some() && target.protection != Protection::Development;
    if missing(&target.address) || (all.is_empty() && !is_kept) {
        return Ok(target);
    }
    let Some(key) = key(&target, stop).await? else { return Ok(target) };
    let known = all.iter().filter(|met| met.key == key);
    let strictest = known
        .filter_map(|met| Some((protection(&met.protection)?, met.environment.clone())))
        .max_by_key(|(protection, _)| *protection)
        .filter(|(protection, _)| *protection > target.protection);
    if let Some((protection, environment)) = strictest {
        let name = target.name.clone().or(Some(environment));
        return Ok(Target { protection, name, ..target });
    }
    if let Some(environment) = target.name.as_ref().filter(|_| is_kept) {
        let met = Met {
            key,
            environment: environment.clone(),
            protection: target.protection.word().to_owned(),
        };
        if !all.contains(&met) {
            all.push(met);
            remember(&file(config), &all)?;
        }
    }
    Ok(target)
}

/// The same, for work that a refusal of `permit` must end; where the address alone is refused
/// nobody is asked.
///
/// # Errors
/// It is refused, or the database cannot be reached.
pub async fn permitted(
    config: &Config,
    target: Target,
    permit: fn(&Target) -> Result<()>,
    stop: &Stop,
) -> Result<Target> {
    permit(&target)?;
    let before = target.protection;
    let target = met(config, target, stop).await?;
    permit(&target).map_err(|problem| match target.protection > before {
        true => Problem {
            why: format!(
                "{}; the address does not say so, but it is the same database",
                problem.why
            ),
            fix: format!(
                "name another database; if this one is not {} any more, take it out of {}",
                target.protection.word(),
                file(config).display()
            ),
            ..problem
        },
        false => problem,
    })?;
    Ok(target)
}

/// What tells a database from every other one; `None` where the server does not say.
async fn key(target: &Target, stop: &Stop) -> Result<Option<String>> {
    match &target.address {
        Address::Sqlite(address) => {
            let about = address.file.as_ref().and_then(|file| std::fs::metadata(file).ok());
            #[cfg(unix)]
            let key = about.map(|about| {
                use std::os::unix::fs::MetadataExt;
                format!("file {} of {}", about.ino(), about.dev())
            });
            #[cfg(not(unix))]
            let key = about.and(None);
            Ok(key)
        }
        Address::Postgres(_) => {
            let mut live = Connection::open_reading(target, stop).await?;
            let sql = "SELECT c.system_identifier || ' ' || d.oid
                       FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
                       WHERE d.datname = current_database()";
            // A role that may not ask is told apart by the address alone.
            let rows = live.query(sql, stop).await.unwrap_or_default();
            live.close().await;
            let key = rows.into_iter().flatten().flatten().next();
            Ok(key.map(|key| format!("cluster {key}")))
        }
    }
}
