//! A SQLite connection for moving many rows: worked by one thread that steps the statement
//! itself, because handing every row from thread to thread costs more than reading it.
//!
//! It opens files that are there and never makes one. A progress handler looks every few
//! thousand steps whether the work was stopped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{connect, failure, writer};
use crate::config::SqliteAddress;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};

/// Steps of SQLite's machine between two looks: about 0.1 ms.
const STEPS: i32 = 4_000;
/// How long SQLite waits for somebody else's lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the file of an address; `writes` says whether it may be changed.
///
/// # Errors
/// There is none, it is of another format, or it may not be written.
pub(super) fn open(address: &SqliteAddress, writes: bool, stop: &Stop) -> Result<Connection> {
    let Some(file) = &address.file else {
        return Err(Problem::usage(
            "A database in memory has no rows to move",
            "it is another one each time it is opened",
            "name a file",
        ));
    };
    // Absolute, because SQLite would read a name that begins with `file:` as a URI.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
    let writable = connect::check(&file)?;
    if writes && (address.read_only || address.immutable || !writable) {
        return Err(writer::only_reads(&file));
    }
    let opened = connected(&file, address, writes, stop).map_err(|error| told(&error));
    opened.map_err(|problem| connect::said(&file, &problem))
}

fn connected(
    file: &Path,
    address: &SqliteAddress,
    writes: bool,
    stop: &Stop,
) -> rusqlite::Result<Connection> {
    // A log beside the file can only be read by who may write beside it, so a file is opened for
    // reading alone only where the address says so.
    let only_read = address.read_only || address.immutable;
    let mode = if only_read {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if address.immutable {
        Connection::open_with_flags(immutable(file), flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(file, flags)?
    };
    connection.busy_timeout(PATIENCE)?;
    let query_only = if writes { "OFF" } else { "ON" };
    connection.execute_batch(&format!(
        "PRAGMA query_only = {query_only}; PRAGMA trusted_schema = OFF; \
         PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON"
    ))?;
    let watched = stop.clone();
    connection.progress_handler(STEPS, Some(move || watched.is_asked()))?;
    // The first statement reads the file, which may be no database at all.
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
    Ok(connection)
}

/// The URI of a file that is said never to change.
fn immutable(file: &Path) -> PathBuf {
    let path = file.to_string_lossy();
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    PathBuf::from(format!("file:{escaped}?immutable=1"))
}

/// SQLite's own words.
pub(super) fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

/// The primary result code of an error that came from SQLite.
pub(super) fn code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code & 0xff)
}

/// An error of a statement, in sentences.
pub(super) fn told(error: &rusqlite::Error) -> Problem {
    match code(error) {
        Some(code) => failure::of_code(code, &words(error)),
        None => Problem::new(
            Kind::Failed,
            "SQLite refused the query",
            words(error),
            "check the query, and run it again",
        ),
    }
}
