//! A backup of a SQLite database: a copy SQLite itself makes in one reading transaction, so that
//! others go on working; checked, and its rows counted, before it gets its name.

use std::path::Path;

use super::index::{self, Draft};
use super::tool::unwritable;
use crate::config::{Address, SqliteAddress, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// What a copy turned out to be.
pub(super) struct Copied {
    /// Its SHA-256.
    pub(super) sha256: String,
    /// Its size.
    pub(super) bytes: u64,
    /// The rows of each table.
    pub(super) rows: Vec<(String, u64)>,
}

/// Copies a database into a draft, and looks that the copy is whole.
///
/// # Errors
/// The copy cannot be made, does not fit, or is not whole.
pub(super) async fn copy(
    live: &mut Connection,
    target: &Target,
    draft: &Draft,
    stop: &Stop,
) -> Result<Copied> {
    let before = rows(live, stop).await?;
    // The connection is for reading; the copy is another file.
    let told = |fault: crate::db::fault::Fault| {
        let fix =
            "make room, or name another folder with backups in [project]; nothing is left of it";
        fault.problem("The backup could not be written", fix)
    };
    live.run("PRAGMA query_only = OFF", stop).await.map_err(told)?;
    super::postgres::create(&draft.path).map_err(|why| unwritable("SQLite", &why))?;
    let place = Dialect::Sqlite.literal(&draft.path.display().to_string());
    live.run(&format!("VACUUM INTO {place}"), stop).await.map_err(told)?;
    live.run("PRAGMA query_only = ON", stop).await.map_err(told)?;
    let found = check(target, &draft.path, stop).await?;
    let after = rows(live, stop).await?;
    // Where others write meanwhile, what they wrote is in neither or either count.
    if before == after && found != after {
        return Err(not_whole("its rows are not those of the database"));
    }
    let (sha256, bytes) = index::digest(&draft.path).map_err(|why| unwritable("SQLite", &why))?;
    Ok(Copied { sha256, bytes, rows: found })
}

/// Opens a file by itself, checks every page of it, and counts its rows.
///
/// # Errors
/// It is no database, or it is damaged.
pub(in crate::ops) async fn check(
    target: &Target,
    file: &Path,
    stop: &Stop,
) -> Result<Vec<(String, u64)>> {
    let address =
        SqliteAddress { file: Some(file.to_path_buf()), read_only: false, immutable: false };
    let target = Target { address: Address::Sqlite(address), ..target.clone() };
    let mut copy = Connection::open_reading(&target, stop).await?;
    let checked = async {
        let said = copy.query("PRAGMA integrity_check(3)", stop).await;
        let said = said.map_err(|fault| match fault.stopped {
            true => fault.problem("", ""),
            false => not_whole(&fault.words()),
        })?;
        let said: Vec<String> = said.into_iter().flatten().flatten().collect();
        if said != ["ok"] {
            return Err(not_whole(&said.join("; ")));
        }
        rows(&mut copy, stop).await
    };
    let checked = checked.await;
    copy.close().await;
    checked
}

fn not_whole(why: &str) -> Problem {
    Problem::failed(
        "The backup is not whole",
        why,
        "make another backup, or choose one; this one is of no use",
    )
}

/// The rows of every table, counted.
///
/// # Errors
/// A table cannot be read, or the work was stopped.
async fn rows(live: &mut Connection, stop: &Stop) -> Result<Vec<(String, u64)>> {
    let told = |fault: crate::db::fault::Fault| {
        fault.problem("The rows could not be counted", "see that the database is sound")
    };
    let sql = "SELECT name FROM pragma_table_list
               WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               ORDER BY name";
    let names = live.query(sql, stop).await.map_err(told)?;
    let mut found = Vec::new();
    for name in names.into_iter().flatten().flatten() {
        let sql = format!("SELECT count(*) FROM {}", Dialect::Sqlite.relation("main", &name));
        let rows = match live.query(&sql, stop).await {
            Err(fault) if fault.is_missing() => continue,
            rows => rows.map_err(told)?,
        };
        let count = rows.into_iter().flatten().flatten().next();
        found.push((name, count.and_then(|count| count.parse().ok()).unwrap_or(0)));
    }
    if stop.is_asked() {
        return Err(Problem::new(Kind::Cancelled, "Stopped", "", ""));
    }
    Ok(found)
}
