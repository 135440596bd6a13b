//! What a file holds: the outline in a few statements, and one relation in full.
//!
//! SQLite's pragmas tell most, as tables ("PRAGMA functions" in its documentation); what they
//! leave out is in the stored CREATE statements, which `definition` reads. Nothing here counts
//! rows or reads a table from end to end, but `sizes`.

use std::collections::HashMap;

use super::cancel::Turn;
use super::cell::{integer, name, text};
use super::relation::bare;
use super::{Inner, MAIN, cell};
use crate::db::RelationSize;
use crate::db::keyset::{Bind, Query};
use crate::db::value::Value;
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Outline, OutlineRelation, OutlineSchema, RelationKind, RelationName};
use crate::sql::Dialect;

/// Tables asked for their rowids in one statement.
const BATCH: usize = 200;
/// No row takes fewer bytes of a file than these: a cell's pointer, header and rowid.
const SMALLEST_ROW: u64 = 4;

/// A table or view as `PRAGMA table_list` has it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) kind: RelationKind,
    pub(super) columns: u32,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
}

/// Reads the tables and views of the file, or the one of that name. SQLite's own tables and
/// those that only hold what a virtual table shows are left out, and so are the undo capsules,
/// which hold what masks may hide.
pub(super) async fn listed(turn: &mut Turn<'_>, only: Option<&str>) -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    let (filter, binds) = match only {
        Some(only) => (" AND name = ?1", vec![Bind::Text(only.to_owned())]),
        None => ("", Vec::new()),
    };
    let query = Query {
        sql: format!(
            "SELECT name, type, ncol, wr, strict FROM pragma_table_list \
             WHERE schema = 'main' AND type <> 'shadow' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND name NOT LIKE '\\_dbstudio\\_capsule%' ESCAPE '\\'{filter} ORDER BY name"
        ),
        binds,
    };
    turn.each(&query, |row| {
        found.push(Listed {
            name: name(row, 0)?,
            kind: match name(row, 1)?.as_str() {
                "view" => RelationKind::View,
                "virtual" => RelationKind::VirtualTable,
                _ => RelationKind::Table,
            },
            columns: u32::try_from(integer(row, 2)?).unwrap_or(0),
            without_rowid: integer(row, 3)? != 0,
            strict: integer(row, 4)? != 0,
        });
        Ok(())
    })
    .await?;
    // A view that cannot be resolved keeps SQLite from counting the columns of others.
    for view in found.iter_mut().filter(|listed| listed.columns == 0) {
        view.columns = width(turn, &view.name).await?;
    }
    Ok(found)
}

/// How many columns a view has; none if it refers to something that is gone.
async fn width(turn: &mut Turn<'_>, view: &str) -> Result<u32> {
    let query = Query {
        sql: "SELECT count(*) FROM pragma_table_info(?1, 'main')".to_owned(),
        binds: vec![Bind::Text(view.to_owned())],
    };
    let mut columns = 0;
    let counted = turn
        .each(&query, |row| {
            columns = u32::try_from(integer(row, 0)?).unwrap_or(0);
            Ok(())
        })
        .await;
    match counted {
        Err(problem) if problem.kind != Kind::Failed => Err(problem),
        _ => Ok(columns),
    }
}

/// Everything there is, roughly.
pub(super) async fn outline(turn: &mut Turn<'_>, inner: &Inner) -> Result<Outline> {
    let listed = listed(turn, None).await?;
    let tables: Vec<&Listed> =
        listed.iter().filter(|listed| listed.kind == RelationKind::Table).collect();
    let Estimates { rows, unread } = estimates(turn, &tables).await?;
    let relations = listed
        .iter()
        .map(|listed| OutlineRelation {
            name: listed.name.clone(),
            kind: listed.kind,
            columns: listed.columns,
            rows_estimate: rows.get(&listed.name).copied(),
            bytes_estimate: None,
            readable: true,
            partition_of: None,
            comment: None,
        })
        .collect();
    let main = OutlineSchema {
        name: MAIN.to_owned(),
        usable: true,
        relations,
        ..OutlineSchema::default()
    };
    let unseen = inner.notes.iter().cloned().chain(unread).collect();
    Ok(Outline { schemas: vec![main], unseen })
}

/// About how many rows tables have, and which could not be looked into.
pub(super) struct Estimates {
    pub(super) rows: HashMap<String, u64>,
    unread: Vec<String>,
}

/// About how many rows tables have: what ANALYZE counted, else the span of their rowids.
async fn estimates(turn: &mut Turn<'_>, tables: &[&Listed]) -> Result<Estimates> {
    let mut found = Estimates { rows: counted(turn).await?, unread: Vec::new() };
    let suspects = suspects(turn).await?;
    let open: Vec<&str> = tables
        .iter()
        .filter(|listed| !listed.without_rowid && !found.rows.contains_key(&listed.name))
        .map(|listed| listed.name.as_str())
        // A column of that name would be read from end to end instead.
        .filter(|name| !suspects.iter().any(|suspect| suspect == name))
        .collect();
    if open.is_empty() {
        return Ok(found);
    }
    let mut bytes = 0;
    turn.each_of(
        "SELECT (SELECT page_count FROM pragma_page_count) * \
         (SELECT page_size FROM pragma_page_size)",
        |row| {
            bytes = u64::try_from(integer(row, 0)?).unwrap_or(0);
            Ok(())
        },
    )
    .await?;
    for batch in open.chunks(BATCH) {
        match spans(turn, batch, bytes).await {
            Ok(spans) => found.rows.extend(spans),
            Err(problem) if problem.kind != Kind::Failed => return Err(problem),
            // One damaged table must not hide the others.
            Err(_) => {
                for name in batch {
                    match spans(turn, &[*name], bytes).await {
                        Ok(spans) => found.rows.extend(spans),
                        Err(problem) if problem.kind != Kind::Failed => return Err(problem),
                        Err(problem) => found.unread.push(format!("{name}: {}", problem.what)),
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The spans of the rowids of some tables, by two index reads each.
async fn spans(turn: &mut Turn<'_>, tables: &[&str], bytes: u64) -> Result<Vec<(String, u64)>> {
    let ends: Vec<String> = tables
        .iter()
        .map(|name| {
            let table = Dialect::Sqlite.relation(MAIN, name);
            format!("(SELECT min(rowid) FROM {table}),(SELECT max(rowid) FROM {table})")
        })
        .collect();
    let mut found = Vec::with_capacity(tables.len());
    turn.each_of(format!("SELECT {}", ends.join(",")), |row| {
        for (at, name) in tables.iter().enumerate() {
            let span = match (cell::value(row, at * 2)?, cell::value(row, at * 2 + 1)?) {
                (Value::Integer(low), Value::Integer(high)) => high.abs_diff(low).saturating_add(1),
                _ => 0,
            };
            // Rowids that were not handed out in order say nothing of the number of rows.
            if span <= bytes / SMALLEST_ROW {
                found.push(((*name).to_owned(), span));
            }
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// The row counts of the last ANALYZE, by table.
async fn counted(turn: &mut Turn<'_>) -> Result<HashMap<String, u64>> {
    let mut analyzed = false;
    turn.each_of("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'", |_| {
        analyzed = true;
        Ok(())
    })
    .await?;
    let mut rows = HashMap::new();
    if analyzed {
        // A partial index knows of fewer rows than its table has.
        turn.each_of(
            "SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl",
            |row| {
                rows.insert(name(row, 0)?, u64::try_from(integer(row, 1)?).unwrap_or(0));
                Ok(())
            },
        )
        .await?;
    }
    Ok(rows)
}

/// Tables with a column called rowid, which hides the real one.
async fn suspects(turn: &mut Turn<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    turn.each_of(
        "SELECT m.name FROM sqlite_schema m JOIN pragma_table_xinfo(m.name, 'main') x \
         WHERE m.type = 'table' AND m.sql LIKE '%rowid%' AND x.name LIKE 'rowid'",
        |row| {
            found.push(name(row, 0)?);
            Ok(())
        },
    )
    .await?;
    Ok(found)
}

/// The exact bytes of every table and of its indexes, by looking at each page of the file
/// (dbstat; nothing where SQLite was built without it).
pub(super) async fn sizes(turn: &mut Turn<'_>) -> Result<Vec<RelationSize>> {
    let listed = listed(turn, None).await?;
    let bytes = bytes(turn, None).await?;
    let sizes = listed.iter().filter(|listed| listed.kind == RelationKind::Table).map(|listed| {
        let (table, index) = bytes.as_ref().map_or((None, None), |bytes| {
            let found = bytes.get(&listed.name).copied().unwrap_or_default();
            (Some(found.0), Some(found.1))
        });
        RelationSize {
            relation: RelationName::new(MAIN, &listed.name),
            table_bytes: table,
            index_bytes: index,
        }
    });
    Ok(sizes.collect())
}

/// Bytes of tables and of their indexes, by table: of all, or of one.
pub(super) async fn bytes(
    turn: &mut Turn<'_>,
    only: Option<&str>,
) -> Result<Option<HashMap<String, (u64, u64)>>> {
    let mut there = false;
    turn.each_of("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'", |_| {
        there = true;
        Ok(())
    })
    .await?;
    if !there {
        return Ok(None);
    }
    // Page by page: dbstat's own sums take one step for a whole table, which cannot be ended. Its
    // names are looked up here, since SQLite would read the whole schema for each of them.
    let owners = owners(turn, only).await?;
    let (filter, binds) = match only {
        Some(only) => (
            " WHERE s.name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?1)",
            vec![Bind::Text(only.to_owned())],
        ),
        None => ("", Vec::new()),
    };
    let sql = format!("SELECT s.name, sum(s.pgsize) FROM dbstat s{filter} GROUP BY 1");
    let mut found: HashMap<String, (u64, u64)> = HashMap::new();
    turn.each(&Query { sql, binds }, |row| {
        let Some((table, is_index)) = owners.get(&name(row, 0)?) else { return Ok(()) };
        let entry = found.entry(table.clone()).or_default();
        let bytes = u64::try_from(integer(row, 1)?).unwrap_or(0);
        *(if *is_index { &mut entry.1 } else { &mut entry.0 }) += bytes;
        Ok(())
    })
    .await?;
    Ok(Some(found))
}

/// The table of each table and index that has pages, and whether it is an index: of all, or of
/// one table.
async fn owners(
    turn: &mut Turn<'_>,
    only: Option<&str>,
) -> Result<HashMap<String, (String, bool)>> {
    let (filter, binds) = match only {
        Some(only) => (" AND tbl_name = ?1", vec![Bind::Text(only.to_owned())]),
        None => ("", Vec::new()),
    };
    let sql = format!(
        "SELECT name, tbl_name, type = 'index' FROM sqlite_schema \
         WHERE type IN ('table', 'index') AND rootpage > 0{filter}"
    );
    let mut found = HashMap::new();
    turn.each(&Query { sql, binds }, |row| {
        found.insert(name(row, 0)?, (name(row, 1)?, integer(row, 2)? != 0));
        Ok(())
    })
    .await?;
    Ok(found)
}

/// The SQL that made something, by its kind and name.
pub(super) async fn stored(turn: &mut Turn<'_>, kind: &str, what: &str) -> Result<Option<String>> {
    let query = Query {
        sql: "SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2".to_owned(),
        binds: vec![Bind::Text(kind.to_owned()), Bind::Text(what.to_owned())],
    };
    let mut found = None;
    turn.each(&query, |row| {
        found = text(row, 0)?;
        Ok(())
    })
    .await?;
    Ok(found)
}

/// One relation in full.
pub(super) async fn relation(
    turn: &mut Turn<'_>,
    inner: &Inner,
    wanted: &RelationName,
) -> Result<crate::schema::Relation> {
    let found =
        if wanted.schema == MAIN { listed(turn, Some(&wanted.name)).await? } else { Vec::new() };
    let Some(listed) = found.into_iter().next() else {
        return Err(Problem::failed(
            format!("There is no table or view {wanted}"),
            "It may have been dropped or renamed by another program",
            "press R to read the list again",
        ));
    };
    let mut relation = bare(turn, &listed).await?;
    if listed.kind == RelationKind::Table {
        let estimates = estimates(turn, &[&listed]).await?;
        relation.rows_estimate = estimates.rows.get(&listed.name).copied();
        // Sizes mean reading every page of the table: only where that is soon done.
        if inner.facts.bytes.is_some_and(|bytes| bytes <= SMALL_FILE)
            && estimates.unread.is_empty()
            && let Some(bytes) = bytes(turn, Some(&listed.name)).await?
        {
            let (table, index) = bytes.get(&listed.name).copied().unwrap_or_default();
            relation.table_bytes = Some(table);
            relation.index_bytes = Some(index);
        }
    }
    Ok(relation)
}

/// Up to this size of the file, a relation's bytes are measured when it is looked at.
const SMALL_FILE: u64 = 16 * 1024 * 1024;
