//! What SQLite's result codes mean for a person ("Result and Error Codes" in its
//! documentation). Nothing here runs anything.

use std::time::Duration;

use crate::db::fault::Fault;
use crate::problem::{Kind, Problem};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

const SQLITE_PERM: i32 = 3;
pub(super) const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_NOMEM: i32 = 7;
const SQLITE_READONLY: i32 = 8;
pub(super) const SQLITE_INTERRUPT: i32 = 9;
const SQLITE_IOERR: i32 = 10;
pub(super) const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_TOOBIG: i32 = 18;
const SQLITE_NOTADB: i32 = 26;

/// What failed when SQLite could not open the file or one that belongs to it.
const CANNOT_OPEN: &str = "The database file cannot be opened";

/// Whether the file, or one beside it, could not be opened or written for reading.
pub(super) fn is_unopened(problem: &Problem) -> bool {
    problem.kind == Kind::Refused || problem.what == CANNOT_OPEN
}

/// The primary result code of an error that came from SQLite.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// SQLite's own words.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => database.message().to_owned(),
        None => error.to_string(),
    }
}

/// A failed statement as data, for those who look into it. SQLite tells no place; its message
/// repeats the word it stumbled over, and where that stands only once, that is the place.
pub(super) fn fault(error: &sqlx::Error, sql: &str) -> Fault {
    let message = words(error);
    let full = error.as_database_error().and_then(|error| error.code().map(Into::into));
    let word = message.split_once("near \"").and_then(|(_, rest)| rest.split_once('"'));
    let word = word.map(|(word, _)| word).or_else(|| {
        let (what, name) = message.rsplit_once(": ")?;
        what.starts_with("no such").then(|| name.rsplit('.').next().unwrap_or(name))
    });
    let position = word.and_then(|word| {
        let found = tokens(Dialect::Sqlite, sql).into_iter().filter(|token| {
            let text = token.text(sql);
            text == word || token.name(sql).is_some_and(|name| name.eq_ignore_ascii_case(word))
        });
        let mut places = found.map(|token| token.range.start);
        let place = places.next().filter(|_| places.next().is_none())?;
        Some(sql.get(..place)?.chars().count() + 1)
    });
    Fault {
        position,
        code: full,
        lost: matches!(error, sqlx::Error::WorkerCrashed),
        stopped: code(error) == Some(SQLITE_INTERRUPT),
        message,
        ..Fault::default()
    }
}

/// Work that was stopped.
pub(super) fn cancelled() -> Problem {
    Problem::cancelled("The query was cancelled")
}

/// The database was closed while work was waiting or running.
pub(super) fn closed() -> Problem {
    Problem::disconnected("The database was closed")
}

/// A statement that took longer than it may.
pub(super) fn too_slow(timeout: Duration) -> Problem {
    Problem::failed(
        "The query took too long and was ended",
        format!("The statement timeout is {} s", timeout.as_secs_f64()),
        "narrow it with a filter, sort by an indexed column, or raise statement_timeout",
    )
}

/// Any other error of a statement.
pub(super) fn explain(error: &sqlx::Error) -> Problem {
    let why = words(error);
    let Some(code) = code(error) else {
        if matches!(error, sqlx::Error::WorkerCrashed) {
            return Problem::disconnected("The thread that reads the file ended");
        }
        return Problem::failed("The database could not be read", why, "press R to try again");
    };
    of_code(code, &why)
}

/// The problem of a result code, with SQLite's words.
pub(super) fn of_code(code: i32, why: &str) -> Problem {
    let kind = match code {
        SQLITE_INTERRUPT => return cancelled(),
        SQLITE_READONLY => Kind::Refused,
        _ => Kind::Failed,
    };
    let (what, fix) = said(code);
    let why = match code {
        SQLITE_BUSY | SQLITE_LOCKED => {
            format!("Another program has been writing to it for longer than we waited ({why})")
        }
        SQLITE_FULL => format!("SQLite says: {why}; a large sort needs room for temporary files"),
        _ => format!("SQLite says: {why}"),
    };
    Problem::new(kind, what, why, fix)
}

/// What failed and what to do next, by result code.
fn said(code: i32) -> (&'static str, &'static str) {
    match code {
        SQLITE_BUSY | SQLITE_LOCKED => (
            "The database is locked",
            "let the other program finish or close it (lsof or fuser on the file shows who it \
             is), then press R",
        ),
        SQLITE_CORRUPT => (
            "The database file is damaged",
            "copy the file before anything else; then `sqlite3 FILE .recover` saves what can be \
             read, and `PRAGMA integrity_check` says what is broken",
        ),
        SQLITE_NOTADB => (
            "The file is not a SQLite database",
            "check the path; an encrypted database must be decrypted first",
        ),
        SQLITE_IOERR => (
            "The disk could not be read",
            "check that the disk or network folder is still there, then press R",
        ),
        SQLITE_FULL => {
            ("The disk is full", "free some space, or point SQLITE_TMPDIR at a larger disk")
        }
        SQLITE_READONLY => ("The connection only reads", "use an expression that changes nothing"),
        SQLITE_PERM | SQLITE_CANTOPEN => (
            CANNOT_OPEN,
            "check that you may read the file, and write to its folder if it uses a \
             write-ahead log",
        ),
        SQLITE_NOMEM => {
            ("SQLite ran out of memory", "close other programs, or narrow the query with a filter")
        }
        SQLITE_TOOBIG => (
            "A value is too large for SQLite",
            "hide the column with -, or read it with another program",
        ),
        _ => (
            "SQLite refused the query",
            "check the filter and the sort; if another program changed the table, press R",
        ),
    }
}
