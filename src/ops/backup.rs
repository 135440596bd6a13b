//! Backups: made by the engine's own means, verified, and only then under their name and in the
//! index. A run that is killed leaves a draft the next one removes, and nothing that looks like a
//! backup. Nothing here changes a database.

mod index;
mod postgres;
mod sqlite;
mod tool;
mod written;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

pub use index::{Backup, all};
pub(super) use index::{Draft, digest, is_running, remove_drafts};
pub(super) use postgres::{count, tables};
pub(super) use sqlite::check;
pub(super) use tool::{Running, find};
pub use written::Tell;

use super::chronicle::Chronicle;
use super::evidence;
use super::migrate::Account;
use crate::config::{Address, Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// The signal a process gets that writes a file beyond its limit (Linux and macOS). Listening for
/// it turns it into an error of the write.
const SIGXFSZ: i32 = 25;

/// Where the backups of a database go, and how many of them stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// How many backups of the same database are kept; all where nothing is said.
    pub keep: Option<usize>,
    /// The state folder, for evidence and for what was done.
    pub(super) state: PathBuf,
}

impl Place {
    /// That of a target's database.
    pub fn of(config: &Config, target: &Target) -> Self {
        let project = config.project();
        let state = config.places().state.clone();
        let parent = project.backups.clone().unwrap_or_else(|| state.join("backups"));
        Self {
            folder: parent.join(plain(&target.address.database())),
            keep: project.backup_keep,
            state,
        }
    }

    /// The newest backup of this very database, by what tells it from every other one, that is no
    /// older than `max_age`, and whose file is there as it was made: a sentence.
    ///
    /// # Errors
    /// Why there is none, in a sentence.
    pub fn recent(&self, identity: &str, max_age: Duration) -> std::result::Result<String, String> {
        let now = evidence::now();
        let (all, _) = all(&self.folder);
        let mut why = None;
        for one in all.iter().rev().filter(|one| one.identity == identity) {
            let size = fs::metadata(self.folder.join(&one.file)).map(|about| about.len());
            let trouble = match (now.checked_sub(one.taken), size) {
                (None, _) => "the backup is from the future, so a clock is wrong".to_owned(),
                (Some(age), _) if age > max_age.as_secs() => format!(
                    "the backup is {} old, and counts for {}",
                    evidence::span(age),
                    evidence::span(max_age.as_secs())
                ),
                (_, Err(_)) => format!("the file of the backup {} is gone", one.file),
                (_, Ok(size)) if size != one.bytes => {
                    format!("the file of the backup {} is not the one that was made", one.file)
                }
                (Some(age), Ok(_)) => {
                    let age = evidence::span(age);
                    return Ok(format!("{} was made and verified, {age} ago", one.file));
                }
            };
            why.get_or_insert(trouble);
        }
        Err(why.unwrap_or_else(|| "there is no backup yet".to_owned()))
    }
}

/// A name as a folder's or file's: what could lead elsewhere is replaced.
fn plain(name: &str) -> String {
    let safe = |letter: char| match letter {
        letter if letter.is_alphanumeric() => letter,
        '-' | '_' | '.' => letter,
        _ => '_',
    };
    let name: String = name.chars().map(safe).collect();
    if name.starts_with('.') || name.is_empty() { format!("_{name}") } else { name }
}

/// What came of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The backup.
    pub backup: Backup,
    /// Its file.
    pub path: PathBuf,
    /// Older ones that were removed.
    pub removed: Vec<String>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
}

/// Makes a backup of a target's database, and writes down that it was made.
///
/// # Errors
/// It cannot be made, does not fit, or is not whole; then nothing of it is left.
pub async fn make(target: &Target, place: &Place, stop: &Stop) -> Result<Made> {
    make_telling(target, place, stop, &|_| ()).await
}

/// The same, and `tell` is told how many bytes are written so far.
///
/// # Errors
/// As [`make`].
pub async fn make_telling(
    target: &Target,
    place: &Place,
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Made> {
    let database = target.address.database();
    let chronicle = Chronicle::of(&place.state, target);
    let newest = all(&place.folder).0.pop().map(|one| one.file);
    let account = Account::default().with(json!({
        "folder": place.folder.to_string_lossy(), "newest": newest,
    }));
    let mut begun = chronicle.begin("backup", &database, &account);
    let made = made(target, place, stop, tell).await;
    if let Ok(Made { backup, path, .. }) = &made {
        begun.add(json!({
            "file": path.display().to_string(), "bytes": backup.bytes, "sha256": backup.sha256,
            "tables": backup.tables,
        }));
    }
    let said = begun.end(&made).await;
    made.map(|made| Made { notes: made.notes.into_iter().chain(said).collect(), ..made })
}

async fn made(target: &Target, place: &Place, stop: &Stop, tell: &Tell<'_>) -> Result<Made> {
    // Where there is no such signal, there is none to turn into an error.
    let limit = tokio::signal::unix::SignalKind::from_raw(SIGXFSZ);
    let _listens = tokio::signal::unix::signal(limit);
    make_folder(&place.folder)?;
    let notes: Vec<String> = remove_drafts(&place.folder)
        .into_iter()
        .map(|name| format!("a backup that was killed had left {name}; it was removed"))
        .collect();
    let mut live = Connection::open_reading(target, stop).await?;
    let made = written(&mut live, target, place, (stop, tell)).await;
    live.close().await;
    let (backup, path) = made?;
    let removed = match place.keep {
        Some(keep) => index::prune(&place.folder, &backup, keep)?,
        None => Vec::new(),
    };
    Ok(Made { backup, path, removed, notes })
}

fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|why| {
        Problem::failed(
            format!("The folder {} cannot be made", folder.display()),
            why.to_string(),
            "name another one with backups in [project] of dbstudio.toml",
        )
    })
}

async fn written(
    live: &mut Connection,
    target: &Target,
    place: &Place,
    (stop, tell): (&Stop, &Tell<'_>),
) -> Result<(Backup, PathBuf)> {
    let taken = evidence::now();
    let identity = evidence::identity(live, target).await?;
    let database = live.database().to_owned();
    let ending = if matches!(target.address, Address::Postgres(_)) { "dump" } else { "db" };
    let stem = format!("{}_{}", plain(&database), stamp(taken));
    let draft = Draft::beside(&place.folder.join(format!("{stem}.{ending}")));
    let version = "SELECT current_setting('server_version')";
    let (dumped, server, tables, rows) = match &target.address {
        Address::Postgres(address) => {
            let rows = live.rows(version).await?;
            let server = rows.into_iter().flatten().flatten().next().unwrap_or_default();
            let found = postgres::dump(live, address, &draft, stop);
            let found = written::followed(&draft.path, tell, found).await?;
            let tables = found.tables;
            ((found.sha256, found.bytes, found.tool), server, tables, Vec::new())
        }
        Address::Sqlite(_) => {
            let rows = live.rows("SELECT sqlite_version()").await?;
            let server = rows.into_iter().flatten().flatten().next().unwrap_or_default();
            let found = sqlite::copy(live, target, &draft, stop);
            let found = written::followed(&draft.path, tell, found).await?;
            let tool = format!("SQLite {server}");
            ((found.sha256, found.bytes, tool), server, found.rows.len(), found.rows)
        }
    };
    let (sha256, bytes, tool) = dumped;
    let (file, path) = placed(draft, &place.folder, &stem, ending)?;
    let backup = Backup {
        file,
        database,
        engine: live.engine().name().to_owned(),
        place: target.address.place(),
        identity,
        taken,
        bytes,
        sha256,
        tool,
        server,
        tables,
        rows,
    };
    index::add(&place.folder, &backup)?;
    Ok((backup, path))
}

/// Gives a draft the first name that is free.
fn placed(draft: Draft, folder: &Path, stem: &str, ending: &str) -> Result<(String, PathBuf)> {
    let names = (1..100).map(|number| match number {
        1 => format!("{stem}.{ending}"),
        _ => format!("{stem}_{number}.{ending}"),
    });
    let free = names.map(|name| (folder.join(&name), name)).find(|(path, _)| !path.exists());
    let Some((path, name)) = free else {
        return Err(Problem::failed("The backup has no name", "all are taken", "try again"));
    };
    draft.place(&path).map_err(|why| tool::unwritable("the backup", &why))?;
    Ok((name, path))
}

/// A time in seconds since 1970 as it stands in a name: `20260131T120000Z`.
pub fn stamp(seconds: u64) -> String {
    let text = super::seeds::moment(i64::try_from(seconds).unwrap_or(0));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("{day}T{time}Z")
}

/// A time in seconds since 1970 as a person reads it, in UTC.
pub fn moment(seconds: u64) -> String {
    super::seeds::moment(i64::try_from(seconds).unwrap_or(0))
}
