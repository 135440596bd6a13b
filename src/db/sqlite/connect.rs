//! Opens a file: what must be right before SQLite is asked, the options every connection has,
//! and what to say when it cannot be opened. Nothing here creates or changes a file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::cancel::Lane;
use super::failure;
use super::{Inner, cell};
use crate::config::{Protection, SqliteAddress, Target};
use crate::db::stop::Stop;
use crate::db::{Engine, ServerFacts};
use crate::problem::{Kind, Problem, Result};

/// How long SQLite itself waits for a lock before we look whether to go on.
const BUSY_STEP: Duration = Duration::from_millis(50);
/// Rows that may wait between SQLite's thread and us.
const ROWS_WAITING: usize = 256;

/// Opens the database and gathers its facts.
pub(super) async fn open(address: &SqliteAddress, target: &Target, stop: &Stop) -> Result<Inner> {
    let Some(file) = &address.file else {
        let options = settings(SqliteConnectOptions::new().in_memory(true));
        return found(options, target, stop, Place { file: None, read_only: false }).await;
    };
    // Absolute, because SQLite would read a name that begins with `file:` as a URI.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
    let writable = check(&file)?;
    let read_only = address.read_only || address.immutable || target.read_only || !writable;
    let plain = settings(SqliteConnectOptions::new().filename(&file).create_if_missing(false))
        .read_only(address.read_only || target.read_only)
        .immutable(address.immutable);
    let place = Place { file: Some(file.clone()), read_only };
    match found(plain.clone(), target, stop, place).await {
        Ok(mut inner) => {
            inner.address = SqliteAddress { file: Some(file), ..address.clone() };
            Ok(inner)
        }
        Err(problem) if stop.is_asked() => Err(problem),
        Err(problem) => {
            if address.immutable || !failure::is_unopened(&problem) {
                return Err(said(&file, &problem));
            }
            match wal_without_room(&file) {
                Some(true) => {
                    let place = Place { file: Some(file.clone()), read_only: true };
                    let still = plain.read_only(true).immutable(true);
                    let mut inner = found(still, target, stop, place)
                        .await
                        .map_err(|again| said(&file, &again))?;
                    inner.notes.push(UNCHANGING.to_owned());
                    inner.address =
                        SqliteAddress { file: Some(file), read_only: true, immutable: true };
                    Ok(inner)
                }
                Some(false) => Err(log_left_behind(&file)),
                None => Err(said(&file, &problem)),
            }
        }
    }
}

const UNCHANGING: &str = "The file keeps a write-ahead log, but its folder cannot be written to. \
    It was opened as a file that never changes: what others write from now on is not seen \
    until you connect again.";

struct Place {
    file: Option<PathBuf>,
    read_only: bool,
}

/// What every connection is set to, whichever file it opens.
fn settings(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .busy_timeout(BUSY_STEP)
        .row_buffer_size(ROWS_WAITING)
        .foreign_keys(true)
        .pragma("query_only", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .thread_name(|number| format!("sqlite-{number}"))
        .disable_statement_logging()
}

/// Opens the first connection, and asks everything in one statement.
async fn found(
    options: SqliteConnectOptions,
    target: &Target,
    stop: &Stop,
    place: Place,
) -> Result<Inner> {
    let timeout = target.session.statement_timeout;
    let production = target.protection == Protection::Production;
    let catalog = Arc::new(Lane::new(options.clone(), timeout));
    let mut facts = ServerFacts {
        engine: Engine::Sqlite,
        version: String::new(),
        database: ":memory:".to_owned(),
        place: ":memory:".to_owned(),
        user: None,
        time_zone: None,
        encoding: String::new(),
        tls: None,
        // Production is read-only until unlocked; `query_only` is on for every session.
        read_only: place.read_only || target.read_only || production,
        pooled: false,
        bytes: None,
        latency: Duration::ZERO,
    };
    if let Some(file) = &place.file {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        facts.database = name.unwrap_or_default();
        facts.place = file.to_string_lossy().into_owned();
    }
    {
        let mut turn = catalog.turn(stop).await?;
        // The first statement reads the schema; the second is the trivial one to time.
        turn.each_of(
            "SELECT sqlite_version(), \
             (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size), \
             (SELECT encoding FROM pragma_encoding), (SELECT count(*) FROM sqlite_schema LIMIT 1)",
            |row| {
                facts.version = cell::name(row, 0)?;
                facts.bytes = u64::try_from(cell::integer(row, 1)?).ok();
                facts.encoding = cell::name(row, 2)?;
                Ok(())
            },
        )
        .await?;
        let asked = Instant::now();
        turn.each_of("SELECT 1", |_| Ok(())).await?;
        facts.latency = asked.elapsed();
    }
    let utf8 = facts.encoding == "UTF-8";
    let (pages, slow) = if place.file.is_some() {
        (Arc::new(Lane::new(options.clone(), timeout)), Arc::new(Lane::new(options, timeout)))
    } else {
        // Another connection to :memory: would be another database.
        (Arc::clone(&catalog), Arc::clone(&catalog))
    };
    let address = SqliteAddress { file: place.file, read_only: false, immutable: false };
    Ok(Inner { facts, address, utf8, notes: Vec::new(), catalog, pages, slow })
}

/// Refuses what SQLite would explain badly. Answers whether the file may be written to.
///
/// It only looks at the folder's entry: opening and closing the file ourselves would drop the
/// locks another of our connections holds on it ("How To Corrupt An SQLite Database File", 2.2).
pub(super) fn check(file: &Path) -> Result<bool> {
    let shown = file.display();
    match std::fs::metadata(file) {
        Ok(found) if found.is_dir() => Err(Problem::usage(
            format!("{shown} is a folder"),
            "A SQLite database is one file",
            "name the file inside it, such as sqlite:folder/app.db",
        )),
        Ok(found) if !found.is_file() => Err(Problem::usage(
            format!("{shown} is not a regular file"),
            "A SQLite database is a file on a disk",
            "check the path",
        )),
        Ok(found) => Ok(!found.permissions().readonly()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(missing(file)),
        Err(error) => Err(denied(file, &error.to_string())),
    }
}

fn missing(file: &Path) -> Problem {
    let folder = file.ancestors().skip(1).find(|folder| folder.exists());
    let why = match (folder, file.parent()) {
        (Some(there), Some(parent)) if there != parent => {
            format!("The path exists only up to {}", there.display())
        }
        (Some(there), _) => {
            format!("{} has no file of that name", there.display())
        }
        (None, _) => "Nothing of the path exists".to_owned(),
    };
    Problem::new(
        Kind::Absent,
        format!("There is no file {}", file.display()),
        why,
        "check the path; opening never creates a database: `dbstudio init` starts a project with \
         one, `dbstudio demo` makes a sample",
    )
}

fn denied(file: &Path, why: &str) -> Problem {
    Problem::failed(
        format!("{} may not be read", file.display()),
        why,
        "ask its owner for permission to read it, or run dbstudio as a user who may",
    )
}

/// The problem of a file that is there but did not open, with its name and a closer reason.
pub(super) fn said(file: &Path, problem: &Problem) -> Problem {
    let shown = file.display();
    match beginning(file) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            denied(file, &error.to_string())
        }
        Ok(_) if failure::is_unopened(problem) && holds(&beside(file, "-journal")) => {
            Problem::failed(
                format!("{shown} could not be opened"),
                "A program ended while it wrote to it; SQLite must first undo that with the \
                 -journal file beside it, and may not write here",
                "open it once as a user who may write to the file and its folder, or copy both \
                 files to such a place; never delete the -journal file",
            )
        }
        Ok(bytes) if !bytes.is_empty() && !bytes.starts_with(MAGIC) => Problem::failed(
            format!("{shown} is not a SQLite database"),
            describe(&bytes),
            "check the path; an encrypted database must be decrypted first",
        ),
        _ => Problem::new(
            problem.kind,
            format!("{shown} could not be opened"),
            if problem.why.is_empty() {
                problem.what.clone()
            } else {
                format!("{}: {}", problem.what, problem.why)
            },
            problem.fix.clone(),
        ),
    }
}

/// How every database file begins ("Database File Format", 1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";

/// The first bytes of a file that SQLite could not open, so that no lock of ours is on it.
fn beginning(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(100);
    std::fs::File::open(file)?.take(100).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file that is no database looks like.
fn describe(bytes: &[u8]) -> String {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let what = if starts(b"** This file contains an SQLite 2") {
        "It was made by SQLite 2, which version 3 cannot read"
    } else if starts(b"PGDMP") {
        "It is a PostgreSQL dump; pg_restore reads it"
    } else if starts(b"PK\x03\x04") {
        "It is a ZIP archive"
    } else if starts(&[0x1f, 0x8b]) || starts(&[0x28, 0xb5, 0x2f, 0xfd]) {
        "It is compressed"
    } else if bytes.get(8..12) == Some(b"DUCK") {
        "It is a DuckDB database"
    } else if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
        "It is a text file"
    } else {
        "It does not begin as a database does: it is of another format, encrypted or damaged"
    };
    what.to_owned()
}

/// For a file in WAL mode that did not open: `Some(true)` if it can be read as it is,
/// `Some(false)` if a log beside it holds changes that would be missed, `None` if it is not that.
fn wal_without_room(file: &Path) -> Option<bool> {
    let bytes = beginning(file).ok()?;
    // Bytes 18 and 19 are the write and read version; 2 is write-ahead logging.
    if !bytes.starts_with(MAGIC) || bytes.get(19) != Some(&2) {
        return None;
    }
    Some(!holds(&beside(file, "-wal")))
}

/// Whether there is such a file with something in it.
fn holds(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.len() > 0)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn log_left_behind(file: &Path) -> Problem {
    Problem::failed(
        format!("{} could not be opened", file.display()),
        "Changes wait in the write-ahead log beside it, and SQLite needs to write to the folder \
         to read them",
        "copy the file together with its -wal file to a folder you may write to and open that, \
         or add ?immutable=1 to read the file without those changes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_named() {
        assert!(describe(b"PGDMP\x01").contains("pg_restore"));
        assert!(describe(b"hello there").contains("text file"));
        assert!(describe(&[0x9c, 0, 0x81]).contains("encrypted"));
    }
}
