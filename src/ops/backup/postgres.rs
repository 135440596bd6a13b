//! A backup of a PostgreSQL database: what `pg_dump` gives, in its own compressed form, read to its
//! end and counted before it gets its name.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use sha2::{Digest as _, Sha256};

use super::index::{Draft, hex};
use super::tool::{self, Running, Tools, unwritable};
use crate::config::PostgresAddress;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// What a dump turned out to be.
pub(super) struct Dumped {
    /// Its SHA-256.
    pub(super) sha256: String,
    /// Its size.
    pub(super) bytes: u64,
    /// How many tables are in it.
    pub(super) tables: usize,
    /// What made it.
    pub(super) tool: String,
}

/// Dumps a database into a draft, and looks that the dump is whole.
///
/// # Errors
/// The programs are missing or too old, the dump fails, does not fit, or is not whole.
pub(super) async fn dump(
    live: &mut Connection,
    address: &PostgresAddress,
    draft: &Draft,
    stop: &Stop,
) -> Result<Dumped> {
    let server = live.version().unwrap_or_default() / 10_000;
    let tools = tool::find(server).await?;
    let before = tables(live).await?;
    let mut command = tools.command("pg_dump", Some(address));
    command.args(["--format=custom", "--no-password"]).stdout(Stdio::piped());
    let mut file = create(&draft.path).map_err(|why| unwritable("pg_dump", &why))?;
    let mut digest = Sha256::new();
    let mut bytes = 0;
    Running::start(command, "pg_dump")?
        .output(stop, &mut |part| {
            digest.update(part);
            bytes += part.len() as u64;
            file.write_all(part)
        })
        .await?;
    file.sync_all().map_err(|why| unwritable("pg_dump", &why))?;
    let found = count(&tools, &draft.path, stop).await?;
    let after = tables(live).await?;
    if before == after && found != after {
        return Err(Problem::failed(
            "The backup is not whole",
            format!("the database has {after} tables, and {found} are in the dump"),
            "the role may not see all of them: make the backup as the database's owner",
        ));
    }
    Ok(Dumped {
        sha256: hex(&digest.finalize()),
        bytes,
        tables: found,
        tool: format!("pg_dump {}", tools.version),
    })
}

/// A new file only its owner may read.
pub(super) fn create(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// How many tables a dump of a database should hold.
pub(in crate::ops) async fn tables(live: &mut Connection) -> Result<usize> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_class c
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
                 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                     WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid
                       AND e.deptype = 'e')";
    let rows = live.rows(sql).await?;
    let count = rows.into_iter().flatten().flatten().next();
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Reads a dump to its end, and counts the tables in it.
///
/// # Errors
/// It is no dump, or it is damaged.
pub(in crate::ops) async fn count(tools: &Tools, file: &Path, stop: &Stop) -> Result<usize> {
    let damaged = |problem: Problem| match problem.kind {
        crate::problem::Kind::Cancelled => problem,
        _ => Problem::failed(
            "The backup is not whole",
            format!("pg_restore cannot read it: {}", problem.why),
            "make another backup, or choose one; this one is of no use",
        ),
    };
    let mut list = tools.command("pg_restore", None);
    list.arg("--list").arg(file).stdout(Stdio::piped());
    let mut text = Vec::new();
    Running::start(list, "pg_restore")?
        .output(stop, &mut |part| {
            text.extend_from_slice(part);
            Ok(())
        })
        .await
        .map_err(damaged)?;
    // Every row is unpacked on the way to nowhere.
    let mut read = tools.command("pg_restore", None);
    read.arg("--file=/dev/null").arg(file).stdout(Stdio::null());
    Running::start(read, "pg_restore")?.output(stop, &mut |_| Ok(())).await.map_err(damaged)?;
    // 215; 1259 16385 TABLE public users postgres
    let is_table = |line: &&str| {
        let mut words = line.split_whitespace().skip(3);
        words.next() == Some("TABLE") && !matches!(words.next(), Some("DATA" | "ATTACH"))
    };
    Ok(String::from_utf8_lossy(&text).lines().filter(is_table).count())
}
