//! Keeping what a migration is going to destroy, in its own transaction and before its first
//! statement; and once it ran, leaving of it only what is really gone or other. Nothing here puts
//! anything back.

use super::aside::Aside;
use super::{Save, Terms, all, number, numbers};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::migrations::capsule::store::Store;
use crate::migrations::capsule::table::{self, Form, Table};
use crate::migrations::capsule::{Capsule, Column, Index, Item, Sort, State};
use crate::ops::run::Scheduled;
use crate::schema::hazard::bytes;

/// Keeps what a script is going to destroy. `told` is told what is not kept.
pub(in crate::ops) async fn keep(
    connection: &mut Connection,
    script: &Scheduled,
    origin: &str,
    terms: Terms<'_>,
    told: &mut Vec<String>,
) -> Result<Option<Capsule>, Fault> {
    let saves: Vec<&Save> = script.capsule.iter().filter(|save| save.kept != Some(false)).collect();
    if saves.is_empty() {
        return Ok(None);
    }
    let (index, stop) = (Index::new(connection.dialect()), terms.stop);
    let aside = Aside::set(connection, terms.own, stop).await?;
    connection.run(&index.making(), stop).await?;
    let key = script.migration.key.as_str();
    // A run of it that was cut off before its first statement was done has left one.
    for old in index.list(connection, Some(key), stop).await? {
        if old.state == State::Open {
            all(connection, &index.drop(&old), stop).await?;
        }
    }
    connection.run(&index.supersede(key), stop).await?;
    let mut capsule = Capsule {
        id: index.next(connection, stop).await?,
        at: String::new(),
        origin: origin.to_owned(),
        key: key.to_owned(),
        name: script.migration.name(),
        state: State::Open,
        items: Vec::new(),
    };
    let limit = terms.target.session.capsule_limit;
    let mut left = limit;
    for save in saves {
        let Some(now) = table::read(connection, &save.table, stop).await? else { continue };
        let store = index.store(capsule.id, capsule.items.len() + 1);
        let Some(mut item) = item(save, &now, store) else { continue };
        if save.kept.is_none() {
            let columns = names(&item);
            let asked = (columns.as_slice(), item.values.as_slice());
            let size = table::size(connection, &save.table, asked, stop).await?;
            if size.bytes > left {
                told.push(format!("{}: {}", save.what(), too_large(size.bytes, limit)));
                continue;
            }
            left -= size.bytes;
        }
        if save.sort == Sort::Table {
            item.counters = table::counters(connection, &save.table, &item.columns, stop).await?;
        }
        all(connection, &Store::new(connection.dialect(), &item, &now).copy(), stop).await?;
        measure(connection, &mut item, &now, terms).await?;
        capsule.items.push(item);
    }
    let found = !capsule.items.is_empty();
    if found {
        connection.run(&index.enter(&capsule), stop).await?;
    }
    aside.back(connection, stop).await?;
    Ok(found.then_some(capsule))
}

/// That something is too large to be kept.
pub(super) fn too_large(size: u64, limit: u64) -> String {
    format!(
        "its {} are more than capsule_limit, {}, so it is not kept, and rolling back does not bring \
         it back",
        bytes(size),
        bytes(limit)
    )
}

/// The names of the columns that are kept.
pub(super) fn names(item: &Item) -> Vec<String> {
    item.columns.iter().map(|column| column.name.clone()).collect()
}

/// What is kept of a table that is like this; none where there is nothing to keep.
pub(super) fn item(save: &Save, now: &Table, store: String) -> Option<Item> {
    if now.form == Form::Foreign {
        return None;
    }
    let is_whole = matches!(save.sort, Sort::Table | Sort::Rows);
    let values: Vec<String> = now
        .columns
        .iter()
        .filter(|column| !is_whole && save.columns.contains(&column.name))
        .map(|column| column.name.clone())
        .collect();
    if !is_whole && values.is_empty() {
        return None;
    }
    let key = now.key_beside(&values);
    // Without a key only a person can tell which row a value was of: by the others beside it.
    let all = is_whole || key.is_empty();
    let kept = |name: &String| all || values.contains(name) || key.contains(name);
    Some(Item {
        schema: save.table.schema.clone(),
        table: save.table.name.clone(),
        sort: save.sort,
        later: save.later.clone(),
        columns: now
            .columns
            .iter()
            .filter(|column| kept(&column.name))
            .map(|column| Column { later: save.column_later(&column.name), ..column.clone() })
            .collect(),
        values,
        key,
        rowid: save.sort == Sort::Table && now.rowid.is_some(),
        store,
        rows: 0,
        bytes: None,
        counters: Vec::new(),
    })
}

/// Counts what was kept.
async fn measure(
    connection: &mut Connection,
    item: &mut Item,
    now: &Table,
    terms: Terms<'_>,
) -> Result<(), Fault> {
    let dialect = connection.dialect();
    let counted = numbers(connection, &Store::new(dialect, item, now).count(), terms.stop).await?;
    item.rows = counted.first().copied().unwrap_or(0);
    let sql = Store::new(dialect, item, now).bytes();
    item.bytes = Some(number(connection, &sql, terms.stop).await?);
    Ok(())
}

/// Leaves of a capsule only what its migration, which has run by now, has destroyed.
pub(in crate::ops) async fn finish(
    connection: &mut Connection,
    mut capsule: Capsule,
    terms: Terms<'_>,
) -> Result<(), Fault> {
    let (dialect, stop) = (connection.dialect(), terms.stop);
    let index = Index::new(dialect);
    let aside = Aside::set(connection, terms.own, stop).await?;
    let mut left = Vec::new();
    for mut item in std::mem::take(&mut capsule.items) {
        let changed = matches!(item.sort, Sort::Values | Sort::Rows);
        if changed && let Some(now) = table::read(connection, &item.relation_later(), stop).await? {
            all(connection, &Store::new(dialect, &item, &now).later().compare(), stop).await?;
            measure(connection, &mut item, &now, terms).await?;
        }
        match item.rows {
            0 if item.counters.is_empty() => {
                connection.run(&index.drop_store(&item.store), stop).await?;
            }
            _ => left.push(item),
        }
    }
    capsule.items = left;
    capsule.state = State::Kept;
    match capsule.items.is_empty() {
        true => all(connection, &index.drop(&capsule), stop).await?,
        false => connection.run(&index.update(&capsule), stop).await?,
    }
    aside.back(connection, stop).await
}

/// Makes the earlier capsules of a migration old, where there are any: it is applied anew, and
/// destroys nothing that is kept.
pub(in crate::ops) async fn supersede(
    connection: &mut Connection,
    key: &str,
    terms: Terms<'_>,
) -> Result<(), Fault> {
    let sql = Index::new(connection.dialect()).supersede(key);
    let aside = Aside::set(connection, terms.own, terms.stop).await?;
    connection.run(&sql, terms.stop).await?;
    aside.back(connection, terms.stop).await
}
