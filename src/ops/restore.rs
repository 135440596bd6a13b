//! Bringing a backup back: into a new database first, looked at there, and put in the place of the
//! one there is only when it is whole. The one there was stays under another name unless somebody
//! wants it gone. A run that is killed leaves the old database or the new one, never half of either;
//! what it leaves besides, the next run removes. Nothing here asks anybody.

mod postgres;
mod sqlite;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::backup::{self, Backup, Place};
use super::checklist::Matter;
use super::chronicle::{self, Chronicle};
use super::evidence;
use super::migrate::Account;
use crate::config::{Address, Protection, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};

/// What is asked of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Way {
    /// Whether sessions in the database are ended.
    pub disconnect: bool,
    /// Whether the database there was is dropped once the new one is in its place.
    pub drop_old: bool,
}

/// A restore that can be looked at and carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// The database.
    pub target: Target,
    /// Its name.
    pub database: String,
    /// The backup's file.
    pub file: PathBuf,
    /// What the index says of it, if it is in there.
    pub backup: Option<Backup>,
    /// Whether there is a database of that name now.
    pub replaces: bool,
    /// Sessions in it: who, from where, what they do; a line each.
    pub sessions: Vec<String>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
    /// Who does it, and what was said on the checklist, for the record.
    pub account: Account,
    /// The state folder, for what was done.
    state: PathBuf,
}

/// What a restore tells while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// This begins.
    Begins(&'a str),
    /// So many bytes of the backup were read so far, of so many.
    Read {
        /// So far.
        bytes: u64,
        /// Of all there are.
        of: u64,
    },
}

/// Is told what a restore does.
pub type Tell<'a> = dyn FnMut(Part<'_>) + Send + 'a;

/// How often it is told how far the reading is.
const PACE: Duration = Duration::from_millis(250);

/// Tells how far the reading of a backup is, no more often than a person can read it.
struct Reading<'a, 'b> {
    tell: &'a mut Tell<'b>,
    bytes: u64,
    of: u64,
    told: Instant,
}

impl<'a, 'b> Reading<'a, 'b> {
    /// That of a file from its beginning.
    fn of(file: &Path, tell: &'a mut Tell<'b>) -> Self {
        let of = fs::metadata(file).map_or(0, |about| about.len());
        tell(Part::Read { bytes: 0, of });
        Self { tell, bytes: 0, of, told: Instant::now() }
    }

    /// Takes that so many bytes more were read.
    fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes.try_into().unwrap_or(u64::MAX));
        if self.told.elapsed() >= PACE || self.bytes == self.of {
            self.told = Instant::now();
            (self.tell)(Part::Read { bytes: self.bytes, of: self.of });
        }
    }
}

/// What came of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Where the database there was is now, if it was kept.
    pub kept: Option<String>,
    /// How many tables the new one has.
    pub tables: usize,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
}

/// Finds out what a restore would do, and looks that the backup is the one that was made. `wanted`
/// is a file's path or name in the folder; the newest of the database where nothing is said.
///
/// # Errors
/// There is no such backup, it is not what the index says, or the server cannot be reached.
pub async fn plan(
    target: &Target,
    place: &Place,
    wanted: Option<&str>,
    stop: &Stop,
) -> Result<Restore> {
    if target.read_only {
        return Err(Problem::new(
            Kind::Refused,
            "Nothing is restored",
            "the database is opened for reading only",
            "take --read-only, or read_only of the environment, away",
        ));
    }
    let (file, backup) = find(target, place, wanted)?;
    let mut notes = Vec::new();
    match &backup {
        Some(backup) => {
            let (sha256, bytes) = backup::digest(&file).map_err(|why| unreadable(&file, &why))?;
            if sha256 != backup.sha256 || bytes != backup.bytes {
                return Err(Problem::failed(
                    format!("{} is not the backup that was made", file.display()),
                    "its bytes are others than when it was verified: the file is damaged, or was \
                     changed",
                    "choose another one: dbstudio backup --list",
                ));
            }
            if backup.database != target.address.database() {
                notes.push(format!("the backup is of another database: {}", backup.database));
            }
        }
        None => notes.push("the backup is in no index: nobody knows what it should be".to_owned()),
    }
    let mut restore = Restore {
        target: target.clone(),
        database: target.address.database(),
        file,
        backup,
        replaces: false,
        sessions: Vec::new(),
        notes,
        account: Account::default(),
        state: place.state.clone(),
    };
    match &target.address {
        Address::Postgres(address) => postgres::look(&mut restore, address, stop).await?,
        Address::Sqlite(address) => {
            let Some(file) = &address.file else {
                return Err(Problem::usage(
                    "A database in memory cannot be restored",
                    "it is gone with the program",
                    "name a file",
                ));
            };
            restore.replaces = file.exists();
        }
    }
    Ok(restore)
}

/// Whether the database to be replaced is there.
///
/// # Errors
/// The server cannot be reached.
pub async fn is_there(target: &Target, stop: &Stop) -> Result<bool> {
    match &target.address {
        Address::Postgres(address) => postgres::is_there(target, address, stop).await,
        Address::Sqlite(address) => Ok(address.file.as_ref().is_some_and(|file| file.exists())),
    }
}

fn unreadable(file: &Path, why: &std::io::Error) -> Problem {
    Problem::failed(
        format!("{} cannot be read", file.display()),
        why.to_string(),
        "make sure that it is there and may be read",
    )
}

/// The file that is meant, and what the index says of it.
fn find(target: &Target, place: &Place, wanted: Option<&str>) -> Result<(PathBuf, Option<Backup>)> {
    let (all, _) = backup::all(&place.folder);
    let engine = match target.address {
        Address::Postgres(_) => "PostgreSQL",
        Address::Sqlite(_) => "SQLite",
    };
    let Some(wanted) = wanted else {
        let own = target.address.place();
        let mut of_it = all.iter().filter(|one| one.engine == engine && one.place == own);
        return match of_it.next_back() {
            Some(newest) => Ok((place.folder.join(&newest.file), Some(newest.clone()))),
            None => Err(Problem::usage(
                format!("There is no backup of {}", target.address.database()),
                format!("there is none in {}", place.folder.display()),
                "name a file, or make one with dbstudio backup",
            )),
        };
    };
    if let Some(known) = all.iter().find(|one| one.file == wanted) {
        if known.engine != engine {
            return Err(wrong_engine(&known.engine, engine));
        }
        return Ok((place.folder.join(&known.file), Some(known.clone())));
    }
    let path = std::path::absolute(wanted).unwrap_or_else(|_| PathBuf::from(wanted));
    if let Err(why) = fs::metadata(&path) {
        return Err(Problem::usage(
            format!("There is no backup {wanted}"),
            format!("it is in no index, and as a file: {why}"),
            "dbstudio backup --list shows those there are",
        ));
    }
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let known = backup::all(&folder).0.into_iter().find(|one| one.file == name);
    match known {
        Some(known) if known.engine != engine => Err(wrong_engine(&known.engine, engine)),
        known => Ok((path, known)),
    }
}

fn wrong_engine(is: &str, wanted: &str) -> Problem {
    Problem::usage(
        format!("The backup is of a {is} database, and this one is {wanted}"),
        "neither reads the other's files",
        "name another backup, or another database",
    )
}

impl Restore {
    /// Whether the database's name has to be typed: anywhere but in development.
    pub fn needs_name(&self) -> bool {
        self.target.protection != Protection::Development
    }

    /// What would be done, a line each.
    pub fn lines(&self, way: Way) -> Vec<String> {
        let mut lines = Vec::new();
        let what = match &self.backup {
            Some(backup) => format!(
                "{}: {} of {}, {} tables, made {} UTC with {}",
                self.file.display(),
                backup.engine,
                backup.database,
                backup.tables,
                backup::moment(backup.taken),
                backup.tool
            ),
            None => self.file.display().to_string(),
        };
        lines.push(what);
        lines.push("it is brought into a new database, and looked at there".to_owned());
        lines.push(match (self.replaces, way.drop_old) {
            (false, _) => format!("the new database gets the name {}", self.database),
            (true, true) => {
                format!(
                    "then it takes the place of {}, and what was there is dropped",
                    self.database
                )
            }
            (true, false) => format!(
                "then it takes the place of {}, and what was there stays under another name",
                self.database
            ),
        });
        lines
    }

    /// What its checklist is gathered for: what is there may be anything, and stays under another
    /// name unless it is to go.
    pub fn matter(&self, way: Way) -> Matter {
        let stays = "what is there stays, under another name".to_owned();
        let digest = self.backup.as_ref().map(|backup| backup.sha256.as_str());
        Matter {
            what: format!("{}\n{}", self.file.display(), digest.unwrap_or_default()),
            spared: (self.replaces && !way.drop_old).then_some(stays),
            is_there: self.replaces,
            may_be_broken: true,
            ..Matter::new("restore", &self.database, Vec::new())
        }
    }

    /// Brings the backup back, and writes down that it was; what was done to the database there was
    /// is known to the new one too. `tell` is told what
    /// begins, and how far it is.
    ///
    /// # Errors
    /// The backup is not whole, somebody is in the way, or the work was stopped; the database that
    /// is there is then as it was.
    pub async fn carry_out(&self, way: Way, stop: &Stop, tell: &mut Tell<'_>) -> Result<Done> {
        let (identity, earlier) = self.before(stop).await?;
        let account = self.account.with(json!({
            "file": self.file.display().to_string(), "identity": identity,
            "sha256": self.backup.as_ref().map(|backup| backup.sha256.clone()),
        }));
        let chronicle = Chronicle::of(&self.state, &self.target);
        let begun = chronicle.begin("restore", &self.database, &account);
        let done = match &self.target.address {
            Address::Postgres(address) => postgres::carry_out(self, address, way, stop, tell).await,
            Address::Sqlite(address) => sqlite::carry_out(self, address, way, stop, tell).await,
        };
        let carried = match &done {
            Ok(_) => chronicle::carry_over(&self.target, &earlier).await,
            Err(_) => None,
        };
        let said = begun.end(&done).await;
        done.map(|done| {
            let notes = done.notes.into_iter().chain(carried).chain(said).collect();
            Done { notes, ..done }
        })
    }

    /// What tells the database there is from every other one, and what its ledger holds, as
    /// statements.
    async fn before(&self, stop: &Stop) -> Result<(Option<String>, Vec<String>)> {
        if !self.replaces {
            return Ok((None, Vec::new()));
        }
        // One that is damaged is replaced all the same.
        let Ok(mut live) = Connection::open_reading(&self.target, stop).await else {
            return Ok((None, Vec::new()));
        };
        let identity = evidence::identity(&mut live, &self.target).await.ok();
        let earlier = chronicle::earlier(&mut live, &self.target).await;
        live.close().await;
        Ok((identity, earlier))
    }
}
