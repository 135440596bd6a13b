//! Addresses of SQLite databases: `sqlite:path`, `sqlite::memory:`, `file:path?mode=ro` (SQLite's
//! "Uniform Resource Identifiers" page) and plain paths.

use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::nearest::suggestion;
use super::percent::decode;
use super::{SqliteAddress, Variables, places};

/// The endings by which a path is known for a SQLite database before there is a file.
const ENDINGS: [&str; 4] = [".db", ".sqlite", ".sqlite3", ".db3"];

/// The parameters of a SQLite URI.
const PARAMETERS: [&str; 7] = ["mode", "immutable", "cache", "nolock", "psow", "vfs", "modeof"];

/// Whether a text can only be a SQLite address, by its beginning.
pub(super) fn has_scheme(text: &str) -> bool {
    let starts = |scheme: &str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    text == ":memory:" || starts("sqlite:") || starts("sqlite3:") || starts("file:")
}

/// Reads an address that [`has_scheme`]; relative paths start from `folder`.
pub(super) fn read(text: &str, folder: &Path) -> Result<SqliteAddress, Fault> {
    if text == ":memory:" {
        return Ok(memory());
    }
    let (_, rest) = text.split_once(':').unwrap_or(("", text));
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, query),
        None => (rest, ""),
    };
    // A fragment is no part of the file's name.
    let path = path.split('#').next().unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.strip_prefix("localhost/").map_or(path.to_owned(), |path| format!("/{path}"));
    let path = decode(&path)?;
    let mut address = SqliteAddress { file: None, read_only: false, immutable: false };
    let mut in_memory = path == ":memory:";
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        in_memory |= parameter(&decode(name)?, &decode(value)?, &mut address)?;
    }
    if in_memory {
        return Ok(SqliteAddress { file: None, ..address });
    }
    if path.is_empty() {
        return Err(Fault::new(
            "it names no file",
            "Write sqlite:path/to/file.db, or sqlite::memory:",
        ));
    }
    address.file = Some(folder.join(path));
    Ok(address)
}

/// Applies one parameter; whether it asks for a database in memory.
fn parameter(name: &str, value: &str, address: &mut SqliteAddress) -> Result<bool, Fault> {
    match (name, value) {
        ("mode", "memory") => return Ok(true),
        ("mode", "ro") => address.read_only = true,
        ("mode", "rw" | "rwc") => address.read_only = false,
        ("immutable", "1" | "true" | "yes" | "on") => address.immutable = true,
        ("immutable", "0" | "false" | "no" | "off") => address.immutable = false,
        // How connections share a cache or sync their pages is dbstudio's own choice.
        ("cache" | "psow", _) => {}
        ("mode", _) => {
            let fix = "Write mode=ro, rw, rwc or memory";
            return Err(Fault::new("its mode is not one SQLite knows", fix));
        }
        ("immutable", _) => {
            let fix = "Write immutable=1 or leave it out";
            return Err(Fault::new("its immutable is neither 1 nor 0", fix));
        }
        ("vfs" | "nolock" | "modeof", _) => {
            return Err(Fault::new(
                "dbstudio opens files only through SQLite's usual file system layer",
                "Leave vfs, nolock and modeof out",
            ));
        }
        (name, _) => {
            let fix = suggestion(name, &PARAMETERS);
            return Err(Fault::new("it has a parameter SQLite does not know", fix));
        }
    }
    Ok(false)
}

fn memory() -> SqliteAddress {
    SqliteAddress { file: None, read_only: false, immutable: false }
}

/// Reads a plain path: one that names a file, or ends as SQLite databases do. `None` where the
/// text is neither.
pub(super) fn read_path(
    text: &str,
    folder: &Path,
    variables: &Variables,
) -> Result<Option<SqliteAddress>, Fault> {
    let under_home = text.strip_prefix("~/").zip(places::home(variables));
    let path = match under_home {
        Some((rest, home)) => home.join(rest),
        None => folder.join(text),
    };
    let by_name = ENDINGS.iter().any(|ending| text.to_ascii_lowercase().ends_with(ending));
    if path.is_dir() {
        let why = format!("{} is a folder", path.display());
        return Err(Fault::new(why, "Name the database's file in it"));
    }
    if by_name || path.exists() {
        return Ok(Some(SqliteAddress { file: Some(path), read_only: false, immutable: false }));
    }
    Ok(None)
}

/// The path without `.` and `..`, as far as its text alone tells.
pub(super) fn plain(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
