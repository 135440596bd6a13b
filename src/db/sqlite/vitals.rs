//! Asks SQLite how a file is doing. Only pragmas and the schema are read.

use std::collections::BTreeMap;

use super::cancel::Turn;
use super::cell;
use crate::db::vitals::{FileFacts, IndexFacts, Vitals};
use crate::problem::Result;

/// Everything.
pub(super) async fn vitals(turn: &mut Turn<'_>) -> Result<Vitals> {
    let file = file(turn).await?;
    let duplicates = duplicates(turn).await?;
    Ok(Vitals { file: Some(file), duplicates, ..Vitals::default() })
}

async fn file(turn: &mut Turn<'_>) -> Result<FileFacts> {
    let mut facts = FileFacts::default();
    let sql = "SELECT (SELECT page_size FROM pragma_page_size), \
               (SELECT page_count FROM pragma_page_count), \
               (SELECT freelist_count FROM pragma_freelist_count), \
               (SELECT journal_mode FROM pragma_journal_mode), \
               (SELECT user_version FROM pragma_user_version)";
    turn.each_of(sql, |row| {
        let count = |at| cell::integer(row, at).map(|number| u64::try_from(number).unwrap_or(0));
        facts = FileFacts {
            page_bytes: count(0)?,
            pages: count(1)?,
            free_pages: count(2)?,
            journal_mode: cell::text(row, 3)?.unwrap_or_default(),
            user_version: cell::integer(row, 4)?,
        };
        Ok(())
    })
    .await?;
    Ok(facts)
}

/// An index of plain columns, neither unique nor partial, whose columns another index of the table
/// begins with.
async fn duplicates(turn: &mut Turn<'_>) -> Result<Vec<(IndexFacts, String)>> {
    let sql = "SELECT m.name, l.name, l.\"unique\", l.partial,
                      group_concat(coalesce(x.name, '?') || char(31) || x.\"desc\" || char(31)
                                   || x.coll, char(30))
               FROM sqlite_schema m, pragma_index_list(m.name) l,
                    pragma_index_xinfo(l.name) x
               WHERE m.type = 'table' AND x.key = 1
               GROUP BY m.name, l.seq ORDER BY m.name, l.name";
    let mut tables: BTreeMap<String, Vec<(String, bool, bool, String)>> = BTreeMap::new();
    turn.each_of(sql, |row| {
        let table = cell::text(row, 0)?.unwrap_or_default();
        let name = cell::text(row, 1)?.unwrap_or_default();
        let (unique, partial) = (cell::integer(row, 2)? != 0, cell::integer(row, 3)? != 0);
        let columns = cell::text(row, 4)?.unwrap_or_default();
        tables.entry(table).or_default().push((name, unique, partial, columns));
        Ok(())
    })
    .await?;
    let mut found = Vec::new();
    for (table, indexes) in tables {
        for (name, unique, partial, columns) in &indexes {
            if *unique || *partial || columns.contains('?') {
                continue;
            }
            let covers = |other: &&(String, bool, bool, String)| {
                let longer = other.3.strip_prefix(columns.as_str());
                let begins =
                    longer.is_some_and(|rest| rest.is_empty() || rest.starts_with('\u{1e}'));
                let is_first = other.3 != *columns || other.1 || other.0 < *name;
                other.0 != *name && !other.2 && begins && is_first
            };
            if let Some(other) = indexes.iter().find(covers) {
                let facts = IndexFacts { name: name.clone(), table: table.clone(), bytes: None };
                found.push((facts, other.0.clone()));
            }
        }
    }
    Ok(found)
}
