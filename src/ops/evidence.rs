//! Evidence: what was made sure of before something dangerous, written down with everything it
//! holds for. It is bound to the files, the schema, the server and the database it was gathered
//! for and to its time; for anything else it says why it does not count. Evidence cannot be
//! borrowed from another database, nor outlive a change of what it is about.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::standing;
use crate::config::{Address, Config, Origin, Project, Protection, Target, recall, remember};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::{Migration, State};
use crate::problem::{Problem, Result};
use crate::schema::model::Model;

/// The folder of evidence in the state folder.
const FOLDER: &str = "evidence";

/// The most pieces of evidence that are kept for a database; the oldest go first.
const KEPT: usize = 50;

/// What was made sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// The migrations were rehearsed.
    Rehearsal,
    /// The migrations are applied on a staging environment.
    Staging,
    /// The command that tells the team ran.
    Notification,
}

impl Sort {
    /// The word for it in sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rehearsal => "rehearsal",
            Self::Staging => "staging record",
            Self::Notification => "notification",
        }
    }
}

/// What evidence is about. A part that is empty says nothing: what is told
/// the team of a reset is of no schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bond {
    /// The digest of the migrations' files: their names and every byte.
    pub files: String,
    /// The digest of the live schema.
    pub schema: String,
    /// The server's version.
    pub server: String,
    /// The database: what cannot be another's.
    pub database: String,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was made sure of.
    pub sort: Sort,
    /// What it is about.
    pub bond: Bond,
    /// When, in seconds since 1970.
    pub at: u64,
    /// What was found, in a sentence.
    pub summary: String,
    /// What was found, in full.
    pub detail: Value,
}

impl Evidence {
    /// Evidence gathered now.
    pub fn now(sort: Sort, bond: Bond, summary: impl Into<String>, detail: Value) -> Self {
        Self { sort, bond, at: now(), summary: summary.into(), detail }
    }

    /// Whether it holds for this, at this time in seconds since 1970; else why not, in a sentence.
    ///
    /// # Errors
    /// It is about something else, or too old.
    pub fn is_valid_for(
        &self,
        bond: &Bond,
        at: u64,
        max_age: Duration,
    ) -> std::result::Result<(), String> {
        let word = self.sort.word();
        let parts = [
            (&self.bond.database, &bond.database, "is of another database"),
            (&self.bond.files, &bond.files, "is of other files: they have changed since"),
            (&self.bond.schema, &bond.schema, "is of another schema: it has changed since"),
            (&self.bond.server, &bond.server, "was made on another version of the server"),
        ];
        for (mine, asked, why) in parts {
            if !mine.is_empty() && mine != asked {
                return Err(format!("the {word} {why}"));
            }
        }
        // A clock that was set back must not make evidence last.
        let Some(age) = at.checked_sub(self.at) else {
            return Err(format!("the {word} is from the future, so a clock is wrong"));
        };
        if age > max_age.as_secs() {
            return Err(format!(
                "the {word} is {} old, and counts for {}",
                span(age),
                span(max_age.as_secs())
            ));
        }
        Ok(())
    }
}

/// A length of time in words.
pub(super) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s}")
}

/// The time in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Bond {
    /// What is about these migrations on the database a connection is to, which has this schema.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of(
        connection: &mut Connection,
        target: &Target,
        migrations: &[Migration],
        schema: &Model,
    ) -> Result<Self> {
        Ok(Self {
            files: files(migrations),
            schema: schema_digest(schema),
            server: server(connection).await?,
            database: identity(connection, target).await?,
        })
    }
}

impl Bond {
    /// What is about this text on the database a connection is to.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of_text(connection: &mut Connection, target: &Target, text: &str) -> Result<Self> {
        let database = identity(connection, target).await?;
        Ok(Self { files: hex(&Sha256::digest(text)), database, ..Self::default() })
    }
}

/// The digest of the files of migrations: names, ups and downs.
pub fn files(migrations: &[Migration]) -> String {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update(bytes.len().to_le_bytes());
        digest.update(bytes);
    };
    for migration in migrations {
        part(migration.name().as_bytes());
        part(migration.up.text.as_bytes());
        match &migration.down {
            Some(down) => part(down.text.as_bytes()),
            None => part(b"\0none"),
        }
    }
    hex(&digest.finalize())
}

/// The digest of a schema.
pub fn schema_digest(schema: &Model) -> String {
    // What the model prints changes with the program, and then evidence of the older one counts
    // no more: that is as it should be.
    let text = format!("{} {:?}", env!("CARGO_PKG_VERSION"), schema.objects);
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn server(connection: &mut Connection) -> Result<String> {
    let sql = match connection {
        Connection::Postgres(_) => "SELECT current_setting('server_version_num')",
        Connection::Sqlite(_) => "SELECT sqlite_version()",
    };
    let rows = connection.rows(sql).await?;
    Ok(rows.into_iter().flatten().flatten().next().unwrap_or_default())
}

/// What tells the database a connection is to from every other one: on PostgreSQL the cluster's
/// own number, where the role may ask for it, with the database's number and name; on SQLite the
/// file itself, so that another one put in its place is another database.
///
/// # Errors
/// The database does not answer.
pub async fn identity(connection: &mut Connection, target: &Target) -> Result<String> {
    match &target.address {
        Address::Sqlite(address) => Ok(match &address.file {
            None => "a database in memory".to_owned(),
            Some(file) => of_file(file),
        }),
        Address::Postgres(address) => {
            let sql = "SELECT d.oid, d.datname FROM pg_catalog.pg_database d \
                       WHERE d.datname = current_database()";
            let row = connection.rows(sql).await?.into_iter().flatten().flatten();
            let own = row.collect::<Vec<_>>().join(" ");
            let asked = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
            // A role that may not ask is told apart by where the server is.
            let cluster = connection.query(asked, &Stop::new()).await.ok();
            let cluster = cluster.and_then(|rows| rows.into_iter().flatten().flatten().next());
            let cluster = cluster.map_or_else(
                || Address::Postgres(address.clone()).to_string(),
                |number| format!("cluster {number}"),
            );
            Ok(format!("{cluster} {own}"))
        }
    }
}

fn of_file(file: &Path) -> String {
    let path = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let mut told = path.display().to_string();
    if let Ok(about) = fs::metadata(&path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            told.push_str(&format!(" file {} of {}", about.ino(), about.dev()));
        }
        let born = about.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        if let Some(born) = born {
            told.push_str(&format!(" made {}", born.as_nanos()));
        }
    }
    told
}

/// The evidence of a database that is kept on this machine.
#[derive(Debug, Clone)]
pub struct Cabinet {
    path: PathBuf,
}

impl Cabinet {
    /// That of a database, by its identity, in the state folder.
    pub fn of(state: &Path, database: &str) -> Self {
        let name = hex(&Sha256::digest(database.as_bytes()));
        let name = name.get(..24).unwrap_or(&name);
        Self { path: state.join(FOLDER).join(format!("{name}.json")) }
    }

    /// Everything that is kept, the oldest first. A file that cannot be read holds nothing.
    pub fn all(&self) -> Vec<Evidence> {
        recall(&self.path).0
    }

    /// The newest piece of a sort.
    pub fn newest(&self, sort: Sort) -> Option<Evidence> {
        self.all().into_iter().rfind(|one| one.sort == sort)
    }

    /// The newest piece of a sort that holds for this now; else why none does.
    ///
    /// # Errors
    /// There is none, or it is about something else or too old.
    pub fn valid(
        &self,
        sort: Sort,
        bond: &Bond,
        max_age: Duration,
    ) -> std::result::Result<Evidence, String> {
        let Some(newest) = self.newest(sort) else {
            return Err(format!("there is no {} yet", sort.word()));
        };
        newest.is_valid_for(bond, now(), max_age).map(|()| newest)
    }

    /// Writes a piece down.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, evidence: &Evidence) -> Result<()> {
        let mut all = self.all();
        all.push(evidence.clone());
        let surplus = all.len().saturating_sub(KEPT);
        remember(&self.path, &all.split_off(surplus))
    }
}

/// How migrations stand on one staging environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagingRecord {
    /// The environment.
    pub environment: String,
    /// The migrations that are not applied there as they are here, each with why, in a sentence;
    /// empty where all are.
    pub lacking: Vec<String>,
    /// Why it could not be asked, if so.
    pub trouble: Option<Problem>,
}

impl StagingRecord {
    /// Whether every migration is applied there as it is here.
    pub fn holds(&self) -> bool {
        self.trouble.is_none() && self.lacking.is_empty()
    }
}

/// Asks every staging environment of the project whether migrations are applied there, as the
/// files are here.
///
/// # Errors
/// The work was stopped; an environment that cannot be asked says so in its record.
pub async fn staging(
    config: &Config,
    project: &Project,
    migrations: &[Migration],
    stop: &Stop,
) -> Result<Vec<StagingRecord>> {
    let mut records = Vec::new();
    for choice in config.choices() {
        let Origin::Environment(name) = &choice.origin else { continue };
        if choice.protection != Protection::Staging {
            continue;
        }
        let environment = name.clone();
        let asked = match config.open(&choice) {
            Ok(target) => standing::at(project, &target, stop).await,
            Err(problem) => Err(problem),
        };
        if stop.is_asked() {
            return Err(Problem::cancelled("Stopped"));
        }
        records.push(match asked {
            Err(problem) => {
                StagingRecord { environment, lacking: Vec::new(), trouble: Some(problem) }
            }
            Ok(standing) => {
                let lacks = |migration: &Migration| {
                    let entry = standing.entries.iter().find(|one| one.key == migration.key);
                    let state = entry.map(|entry| &entry.state);
                    let name = migration.name();
                    match state {
                        Some(State::Applied) => None,
                        Some(State::Changed) => Some(format!("{name} is another text there")),
                        Some(state) => Some(format!("{name} is {} there", state.word())),
                        None => Some(format!("{name} is not known there")),
                    }
                };
                let lacking = migrations.iter().filter_map(lacks).collect();
                StagingRecord { environment, lacking, trouble: None }
            }
        });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bond() -> Bond {
        Bond {
            files: "f".to_owned(),
            schema: "s".to_owned(),
            server: "15".to_owned(),
            database: "d".to_owned(),
        }
    }

    fn told(evidence: &Evidence, bond: &Bond, at: u64) -> String {
        let valid = evidence.is_valid_for(bond, at, Duration::from_secs(3_600));
        valid.err().unwrap_or_default()
    }

    #[test]
    fn evidence_counts_for_what_it_was_gathered_for_alone() {
        let evidence =
            Evidence { at: 1_000, ..Evidence::now(Sort::Rehearsal, bond(), "", Value::Null) };
        assert_eq!(told(&evidence, &bond(), 1_000), "");
        assert_eq!(told(&evidence, &bond(), 4_600), "");
        assert!(told(&evidence, &bond(), 4_601).contains("60 minutes old"));
        assert!(told(&evidence, &bond(), 999).contains("future"));
        let other = |change: fn(&mut Bond)| {
            let mut other = bond();
            change(&mut other);
            told(&evidence, &other, 1_000)
        };
        assert!(other(|bond| bond.files = "x".to_owned()).contains("other files"));
        assert!(other(|bond| bond.schema = "x".to_owned()).contains("another schema"));
        assert!(other(|bond| bond.server = "16".to_owned()).contains("version"));
        assert!(other(|bond| bond.database = "x".to_owned()).contains("another database"));
        let told_of = Evidence { bond: Bond { files: String::new(), ..bond() }, ..evidence };
        assert_eq!(told(&told_of, &Bond { files: "x".to_owned(), ..bond() }, 1_000), "");
    }

    #[test]
    fn a_cabinet_keeps_the_newest_of_each_database() {
        let state = tempfile::tempdir().unwrap();
        let cabinet = Cabinet::of(state.path(), "d");
        assert!(cabinet.valid(Sort::Notification, &bond(), Duration::MAX).is_err());
        for number in 0..60 {
            let evidence =
                Evidence::now(Sort::Notification, bond(), number.to_string(), Value::Null);
            cabinet.keep(&evidence).unwrap();
        }
        assert_eq!(cabinet.all().len(), KEPT);
        let newest = cabinet.valid(Sort::Notification, &bond(), Duration::from_secs(60)).unwrap();
        assert_eq!(newest.summary, "59");
        assert!(Cabinet::of(state.path(), "e").all().is_empty());
        assert!(cabinet.newest(Sort::Rehearsal).is_none());
    }

    #[test]
    fn the_digest_of_files_sees_names_texts_and_where_they_end() {
        let migration = |name: &str, up: &str, down: Option<&str>| Migration {
            stem: name.to_owned(),
            up: crate::db::fault::Script { name: String::new(), text: up.to_owned() },
            down: down.map(|text| crate::db::fault::Script {
                name: String::new(),
                text: text.to_owned(),
            }),
            ..Migration::default()
        };
        let of = |name, up, down| files(&[migration(name, up, down)]);
        let all = [
            of("a", "b", None),
            of("ab", "", None),
            of("a", "b", Some("")),
            of("a", "b", Some("c")),
            files(&[]),
        ];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
