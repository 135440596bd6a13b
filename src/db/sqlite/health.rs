//! Asks SQLite whether what is in a file is sound, with the checks it has itself. Only reads.

use super::MAIN;
use super::failure::SQLITE_CORRUPT;
use super::writer::Writer;
use crate::db::fault::Fault;
use crate::db::health::{Behind, Depth, Health, Orphans, Rights, is_final};
use crate::db::stop::Stop;
use crate::sql::Dialect;

/// Pages beyond which the whole check, which looks into every index, is only made when asked for.
const PAGES: u64 = 250_000;

/// The most lines of damage that are shown.
const LINES: usize = 20;

/// What may be done with the file.
pub(in crate::db) async fn rights(writer: &mut Writer, stop: &Stop) -> Result<Rights, Fault> {
    // Whether the file itself can be written was found out when it was opened.
    let rows = writer.query("SELECT count(*) FROM sqlite_schema", stop).await?;
    drop(rows);
    let schema = Some(MAIN.to_owned());
    Ok(Rights { create: true, scratch: true, schema, ..Rights::default() })
}

/// Whether what is there is sound.
pub(in crate::db) async fn health(
    writer: &mut Writer,
    depth: Depth,
    stop: &Stop,
) -> Result<Health, Fault> {
    let mut health = Health::default();
    damage(writer, depth, stop, &mut health).await?;
    orphans(writer, stop, &mut health).await?;
    counters(writer, stop, &mut health).await?;
    Ok(health)
}

async fn ask(
    writer: &mut Writer,
    sql: &str,
    about: &str,
    (stop, health): (&Stop, &mut Health),
) -> Result<Vec<Vec<Option<String>>>, Fault> {
    match writer.query(sql, stop).await {
        Err(fault) if is_damage(&fault) => {
            let line = format!("{about}: {}", fault.words());
            health.damage.push(line);
            Ok(Vec::new())
        }
        Err(fault) if !is_final(&fault) => {
            health.left_out.push(format!("{about}: {}", fault.words()));
            Ok(Vec::new())
        }
        answer => answer,
    }
}

/// Whether SQLite gave up on the file's pages; extended codes have the plain one in their low byte.
fn is_damage(fault: &Fault) -> bool {
    let code = fault.code.as_deref().and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == SQLITE_CORRUPT)
}

/// SQLite's own check ("PRAGMA integrity_check"); of a large file the quick one, which leaves out
/// whether indexes agree with their tables.
async fn damage(
    writer: &mut Writer,
    depth: Depth,
    stop: &Stop,
    health: &mut Health,
) -> Result<(), Fault> {
    let pages = writer.query("SELECT page_count FROM pragma_page_count", stop).await?;
    let pages = pages.into_iter().flatten().flatten().next();
    let pages: u64 = pages.and_then(|pages| pages.parse().ok()).unwrap_or(0);
    let is_large = pages > PAGES && depth != Depth::THOROUGH;
    if is_large {
        health.left_out.push("whether indexes agree with their tables: the file is large".into());
    }
    let check = if is_large { "quick_check" } else { "integrity_check" };
    let sql = format!("PRAGMA {check}({LINES})");
    let lines = ask(writer, &sql, "the file's pages", (stop, health)).await?;
    let lines = lines.into_iter().flatten().flatten();
    health.damage.extend(lines.filter(|line| line != "ok"));
    Ok(())
}

async fn orphans(writer: &mut Writer, stop: &Stop, health: &mut Health) -> Result<(), Fault> {
    let sql = "SELECT \"table\", \"parent\", count(*) FROM pragma_foreign_key_check GROUP BY 1, 2";
    for row in ask(writer, sql, "foreign keys", (stop, health)).await? {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || row.next().unwrap_or_default();
        let (table, parent, rows) = (next(), next(), next());
        let key = format!("the foreign key to {parent}");
        health.orphans.push(Orphans { table, key, rows: rows.parse().unwrap_or(0) });
    }
    Ok(())
}

/// Counters of AUTOINCREMENT below the greatest rowid: only an edit of `sqlite_sequence` by hand,
/// or a rebuild that forgot it, leaves one so.
async fn counters(writer: &mut Writer, stop: &Stop, health: &mut Health) -> Result<(), Fault> {
    let has = "SELECT name FROM sqlite_schema WHERE name = 'sqlite_sequence'";
    if ask(writer, has, "the schema", (stop, health)).await?.is_empty() {
        return Ok(());
    }
    let sql = "SELECT s.name, s.seq FROM sqlite_sequence s
               JOIN sqlite_schema m ON m.type = 'table' AND m.name = s.name";
    for row in ask(writer, sql, "counters", (stop, health)).await? {
        let mut row = row.into_iter().flatten();
        let (Some(name), Some(seq)) = (row.next(), row.next()) else { continue };
        let table = Dialect::Sqlite.ident(&name);
        let sql = format!("SELECT max(rowid) FROM {table}");
        let found = ask(writer, &sql, &name, (stop, health)).await?;
        let greatest: Option<i64> =
            found.into_iter().flatten().flatten().next().and_then(|text| text.parse().ok());
        let (Some(greatest), Ok(seq)) = (greatest, seq.parse::<i64>()) else { continue };
        if seq < greatest {
            let literal = Dialect::Sqlite.literal(&name);
            health.behind.push(Behind {
                sequence: "sqlite_sequence".to_owned(),
                column: name,
                next: seq.saturating_add(1),
                greatest,
                repair: format!(
                    "UPDATE sqlite_sequence SET seq = (SELECT max(rowid) FROM {table}) \
                     WHERE name = {literal};"
                ),
            });
        }
    }
    Ok(())
}
