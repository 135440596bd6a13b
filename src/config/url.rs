//! An address as a person writes it: which engine it is for, and all of it read.
//!
//! No error here repeats a password, nor anything that might be a piece of one.

use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::{Address, Variables, conninfo, libpq, sqlite};

/// What an address is read with: the variables it is completed from, and the folder its
/// relative paths start from.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The variables `PG*` and `HOME` are read from.
    pub variables: &'a Variables,
    /// Where relative paths start.
    pub folder: &'a Path,
}

impl Surroundings<'_> {
    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }
}

/// An address, read and completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The address.
    pub address: Address,
    /// Whether the address says that a transaction pooler is in front (Prisma's `pgbouncer`).
    pub transaction_pooler: Option<bool>,
    /// What the person should know: parameters that were not applied, an ignored password file.
    pub notes: Vec<String>,
}

impl Parsed {
    fn sqlite(address: super::SqliteAddress) -> Self {
        Self { address: Address::Sqlite(address), transaction_pooler: None, notes: Vec::new() }
    }
}

/// Reads an address: a `postgres://` URL, libpq's `key=value`, a SQLite URL, or the path of a
/// file. `None` where the text is none of these, and so at most a name.
///
/// # Errors
/// When it is plainly one of these, and wrong.
pub fn parse(text: &str, surroundings: &Surroundings<'_>) -> Result<Option<Parsed>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::new("it is empty", FORMS));
    }
    if let Some(quote) = text.chars().next().filter(|first| "'\"".contains(*first))
        && text.len() > 1
        && text.ends_with(quote)
    {
        return Err(Fault::new("quotes are part of it", "Take the quotes around it away"));
    }
    if sqlite::has_scheme(text) {
        return sqlite::read(text, surroundings.folder).map(Parsed::sqlite).map(Some);
    }
    if let Some(rest) = postgres_rest(text) {
        return libpq::complete(conninfo::read_uri(rest)?, surroundings).map(Some);
    }
    if text.starts_with("postgres:") || text.starts_with("postgresql:") {
        return Err(Fault::new("two slashes are missing after its scheme", FORMS));
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(other_scheme(scheme));
    }
    if let Some(found) = sqlite::read_path(text, surroundings.folder, surroundings.variables)? {
        return Ok(Some(Parsed::sqlite(found)));
    }
    if conninfo::is_pairs(text) {
        return libpq::complete(conninfo::read_pairs(text)?, surroundings).map(Some);
    }
    Ok(None)
}

/// The address `PG*` variables alone describe.
///
/// # Errors
/// When one of them is wrong.
pub(super) fn from_variables(surroundings: &Surroundings<'_>) -> Result<Parsed, Fault> {
    libpq::complete(conninfo::Parameters::default(), surroundings)
}

/// Whether a text has a password in it, as written.
pub(super) fn holds_password(text: &str) -> bool {
    let parameters = match postgres_rest(text.trim()) {
        Some(rest) => conninfo::read_uri(rest),
        None if conninfo::is_pairs(text) => conninfo::read_pairs(text),
        None => return false,
    };
    // A variable in its place is how a password should be written.
    parameters.is_ok_and(|parameters| {
        parameters.get("password").is_some_and(|password| !password.contains("${"))
    })
}

/// The forms of an address, for a person who got it wrong.
pub(super) const FORMS: &str =
    "Write postgres://user@host:5432/database, sqlite:file.db, or the path of a SQLite file";

/// What follows `postgres://`, or nothing for the scheme alone.
fn postgres_rest(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let known = ["postgres", "postgresql"];
    if !known.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    rest.strip_prefix("//").or(rest.is_empty().then_some(""))
}

fn other_scheme(scheme: &str) -> Fault {
    let plain =
        scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.:".contains(letter));
    if !plain || scheme.len() > 24 {
        return Fault::new("it begins with no scheme dbstudio knows", FORMS);
    }
    let lower = scheme.to_ascii_lowercase();
    if lower.starts_with("postgres") || lower.starts_with("jdbc:postgres") {
        let why = format!("{scheme}:// belongs to another program's drivers");
        return Fault::new(why, "Write postgres:// in its place");
    }
    let near = super::nearest::nearest(&lower, ["postgres", "postgresql", "sqlite", "file"]);
    match near {
        Some(near) => Fault::new(
            format!("{scheme}:// is no scheme dbstudio knows"),
            format!("Did you mean {near}://?"),
        ),
        None => Fault::new(format!("dbstudio does not open {scheme} databases"), FORMS),
    }
}
