//! One table or view in full: columns, keys, constraints, indexes and triggers, as the pragmas
//! and the stored text tell them.

use super::MAIN;
use super::cancel::Turn;
use super::catalog::{Listed, stored};
use super::cell::{integer, name, text};
use super::definition::{self, IndexText, TableText};
use crate::db::keyset::{Bind, Query};
use crate::problem::{Kind, Result};
use crate::schema::{
    Column, ForeignKey, Generation, Incoming, Index, Relation, RelationKind, RelationName, Trigger,
    UniqueKey, Updatable,
};
use crate::sql::Dialect;

fn asking(sql: &str, about: &str) -> Query {
    Query { sql: sql.to_owned(), binds: vec![Bind::Text(about.to_owned())] }
}

/// Everything of a relation but its estimates and sizes.
pub(super) async fn bare(turn: &mut Turn<'_>, listed: &Listed) -> Result<Relation> {
    let kind = if listed.kind == RelationKind::View { "view" } else { "table" };
    let definition = stored(turn, kind, &listed.name).await?.unwrap_or_default();
    let told = match listed.kind {
        RelationKind::Table => definition::table(&definition),
        _ => TableText::default(),
    };
    let mut comment = None;
    let mut read = match columns(turn, listed, &told).await {
        Ok(read) => read,
        // A view may refer to what is gone, and still has a definition to show.
        Err(problem) if listed.kind == RelationKind::View && problem.kind == Kind::Failed => {
            comment = Some(format!("This view cannot be read. {}", problem.why));
            Columns { columns: Vec::new(), primary: Vec::new() }
        }
        Err(problem) => return Err(problem),
    };
    let indexes = indexes(turn, listed).await?;
    let primary_key = primary_key(listed, &mut read, &indexes);
    let unique_keys = unique_keys(&indexes, &read.columns);
    let rowid = rowid(turn, listed, &read.columns).await?;
    let traits = [
        (listed.strict, "STRICT"),
        (listed.without_rowid, "WITHOUT ROWID"),
        (told.autoincrement, "AUTOINCREMENT"),
    ];
    let traits = traits.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()).collect();
    let triggers = triggers(turn, &listed.name).await?;
    Ok(Relation {
        name: RelationName::new(MAIN, &listed.name),
        kind: listed.kind,
        foreign_keys: foreign_keys(turn, &listed.name).await?,
        incoming: incoming(turn, listed, primary_key.as_ref()).await?,
        columns: read.columns,
        primary_key,
        unique_keys,
        checks: told.checks,
        exclusions: Vec::new(),
        indexes: indexes.into_iter().map(|(index, _)| index).collect(),
        updatable: (listed.kind == RelationKind::View).then(|| why_fixed(&triggers)),
        triggers,
        row_security: None,
        policies: Vec::new(),
        partition_of: None,
        partition_key: None,
        partitions: Vec::new(),
        rows_estimate: None,
        table_bytes: None,
        index_bytes: None,
        owner: None,
        traits,
        comment,
        definition,
        rowid,
        readable: true,
    })
}

/// Why the rows of a view cannot be edited.
fn why_fixed(triggers: &[Trigger]) -> Updatable {
    let why = if triggers.is_empty() {
        "SQLite writes to no view; edit the table under it"
    } else {
        "its triggers (INSTEAD OF) do its writes, and only they know which row that changes; \
         edit the table under it"
    };
    Updatable::Not(format!("This view is read-only here: {why}"))
}

/// The primary key, if there is one. A key of one INTEGER column without an index of its own is
/// the rowid itself, which is never NULL; the column is marked so.
fn primary_key(
    listed: &Listed,
    read: &mut Columns,
    indexes: &[(Index, String)],
) -> Option<UniqueKey> {
    let mut places = std::mem::take(&mut read.primary);
    places.sort();
    let columns: Vec<String> = places.into_iter().map(|(_, name)| name).collect();
    let index = indexes.iter().find(|(_, origin)| origin == "pk").map(|(index, _)| index);
    if let ([only], false, None) = (columns.as_slice(), listed.without_rowid, index) {
        for column in read.columns.iter_mut().filter(|column| column.name == *only) {
            if column.type_name.eq_ignore_ascii_case("INTEGER") {
                column.generation = Some(Generation::RowidAlias);
                column.nullable = false;
            }
        }
    }
    (!columns.is_empty()).then(|| UniqueKey {
        name: index.map(|index| index.name.clone()).unwrap_or_default(),
        columns,
        nulls_not_distinct: false,
        deferrable: String::new(),
    })
}

struct Columns {
    columns: Vec<Column>,
    /// The columns of the primary key with their places in it.
    primary: Vec<(i64, String)>,
}

async fn columns(turn: &mut Turn<'_>, listed: &Listed, told: &TableText) -> Result<Columns> {
    let mut out = Columns { columns: Vec::new(), primary: Vec::new() };
    let query = asking(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden \
         FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
        &listed.name,
    );
    turn.each(&query, |row| {
        let (column, key, hidden) = (name(row, 0)?, integer(row, 4)?, integer(row, 5)?);
        // 1 is a virtual table's parameter rather than something it holds.
        if hidden == 1 {
            return Ok(());
        }
        let told_of = |list: &[(String, String)]| {
            let found = list.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column));
            found.map(|(_, said)| said.clone())
        };
        let generation = match hidden {
            2 => Some(Generation::Virtual(told_of(&told.generated).unwrap_or_default())),
            3 => Some(Generation::Stored(told_of(&told.generated).unwrap_or_default())),
            _ => None,
        };
        if key > 0 {
            out.primary.push((key, column.clone()));
        }
        // Only these tables forbid NULL in a primary key; ordinary ones allow it, for
        // compatibility with an old mistake ("CREATE TABLE", 3.5).
        let strict_key = key > 0 && (listed.without_rowid || listed.strict);
        out.columns.push(Column {
            type_name: name(row, 1)?,
            base_type: String::new(),
            nullable: integer(row, 2)? == 0 && !strict_key,
            default: text(row, 3)?,
            generation,
            collation: told_of(&told.collations)
                .filter(|collation| !collation.eq_ignore_ascii_case("BINARY")),
            comment: None,
            enum_labels: Vec::new(),
            readable: true,
            name: column,
        });
        Ok(())
    })
    .await?;
    Ok(out)
}

/// The indexes of a table with their origin: `c` by CREATE INDEX, `u` by UNIQUE, `pk`.
async fn indexes(turn: &mut Turn<'_>, listed: &Listed) -> Result<Vec<(Index, String)>> {
    if listed.kind != RelationKind::Table {
        return Ok(Vec::new());
    }
    let mut found: Vec<(Index, String, bool)> = Vec::new();
    let query = asking(
        "SELECT l.name, l.\"unique\", l.origin, l.partial, \
         (SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = l.name) \
         FROM pragma_index_list(?1, 'main') l ORDER BY l.seq DESC",
        &listed.name,
    );
    turn.each(&query, |row| {
        let origin = name(row, 2)?;
        let index = Index {
            name: name(row, 0)?,
            columns: Vec::new(),
            unique: integer(row, 1)? != 0,
            primary: origin == "pk",
            method: "btree".to_owned(),
            predicate: None,
            bytes: None,
            valid: true,
            definition: name(row, 4)?,
        };
        found.push((index, origin, integer(row, 3)? != 0));
        Ok(())
    })
    .await?;
    let mut out = Vec::with_capacity(found.len());
    for (mut index, origin, partial) in found {
        let told = if index.definition.is_empty() {
            IndexText::default()
        } else {
            definition::index(&index.definition)
        };
        let query = asking(
            "SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno",
            &index.name,
        );
        let mut columns: Vec<Option<String>> = Vec::new();
        turn.each(&query, |row| {
            columns.push(text(row, 0)?);
            Ok(())
        })
        .await?;
        // An expression has no name; its text is in the definition.
        index.columns = columns
            .into_iter()
            .enumerate()
            .map(|(at, name)| name.or_else(|| told.columns.get(at).cloned()).unwrap_or_default())
            .collect();
        index.predicate = told.predicate.filter(|_| partial);
        out.push((index, origin));
    }
    Ok(out)
}

/// The unique constraints, and the unique indexes that are as good as one: whole, of columns only.
fn unique_keys(indexes: &[(Index, String)], columns: &[Column]) -> Vec<UniqueKey> {
    let plain = |index: &Index| {
        index.columns.iter().all(|name| columns.iter().any(|column| column.name == *name))
    };
    indexes
        .iter()
        .filter(|(index, origin)| {
            index.unique && origin != "pk" && index.predicate.is_none() && plain(index)
        })
        .map(|(index, _)| UniqueKey {
            name: index.name.clone(),
            columns: index.columns.clone(),
            nulls_not_distinct: false,
            deferrable: String::new(),
        })
        .collect()
}

/// The name that reaches the rowid: one of three that no column has.
async fn rowid(turn: &mut Turn<'_>, listed: &Listed, columns: &[Column]) -> Result<Option<String>> {
    if listed.without_rowid || listed.kind == RelationKind::View {
        return Ok(None);
    }
    let free = ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|name| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)));
    if listed.kind == RelationKind::Table {
        return Ok(free.map(str::to_owned));
    }
    // Some virtual tables have none, which shows when one is asked for.
    let Some(free) = free else { return Ok(None) };
    let table = Dialect::Sqlite.relation(MAIN, &listed.name);
    let own = Dialect::Sqlite.ident(&listed.name);
    let tried = turn.each_of(format!("SELECT {own}.{free} FROM {table} LIMIT 0"), |_| Ok(())).await;
    Ok(tried.is_ok().then(|| free.to_owned()))
}

/// The columns of a table's primary key, for a foreign key that names none.
async fn primary_of(turn: &mut Turn<'_>, table: &str) -> Result<Vec<String>> {
    let query =
        asking("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0 ORDER BY pk", table);
    let mut found = Vec::new();
    turn.each(&query, |row| {
        found.push(name(row, 0)?);
        Ok(())
    })
    .await?;
    Ok(found)
}

async fn foreign_keys(turn: &mut Turn<'_>, table: &str) -> Result<Vec<ForeignKey>> {
    let query = asking(
        "SELECT id, \"table\", \"from\", \"to\", on_delete, on_update \
         FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq",
        table,
    );
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    turn.each(&query, |row| {
        let id = integer(row, 0)?;
        if keys.last().is_none_or(|(last, _)| *last != id) {
            keys.push((
                id,
                ForeignKey {
                    name: format!("fk{id}"),
                    columns: Vec::new(),
                    target: RelationName::new(MAIN, name(row, 1)?),
                    target_columns: Vec::new(),
                    on_delete: name(row, 4)?,
                    on_update: name(row, 5)?,
                    validated: true,
                },
            ));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(name(row, 2)?);
            key.target_columns.extend(text(row, 3)?);
        }
        Ok(())
    })
    .await?;
    let mut out = Vec::with_capacity(keys.len());
    for (_, mut key) in keys {
        if key.target_columns.is_empty() {
            key.target_columns = primary_of(turn, &key.target.name).await?;
        }
        // SQLite finds the table in any case of its name; we look it up by the exact one.
        if let Some(exact) = exact_name(turn, &key.target.name).await? {
            key.target.name = exact;
        }
        out.push(key);
    }
    Ok(out)
}

async fn exact_name(turn: &mut Turn<'_>, table: &str) -> Result<Option<String>> {
    let query = asking(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
        table,
    );
    let mut found = None;
    turn.each(&query, |row| {
        found = text(row, 0)?;
        Ok(())
    })
    .await?;
    Ok(found)
}

async fn incoming(
    turn: &mut Turn<'_>,
    listed: &Listed,
    primary: Option<&UniqueKey>,
) -> Result<Vec<Incoming>> {
    if listed.kind != RelationKind::Table {
        return Ok(Vec::new());
    }
    // The text is searched first: a pragma for each of a thousand tables would take longer.
    let query = Query {
        sql: "SELECT m.name, f.id, f.\"from\", f.\"to\", f.on_delete FROM sqlite_schema m \
              JOIN pragma_foreign_key_list(m.name, 'main') f \
              WHERE m.type = 'table' AND m.sql LIKE '%REFERENCES%' \
              AND f.\"table\" = ?1 COLLATE NOCASE ORDER BY m.name, f.id, f.seq"
            .to_owned(),
        binds: vec![Bind::Text(listed.name.clone())],
    };
    let mut found: Vec<(i64, Incoming)> = Vec::new();
    turn.each(&query, |row| {
        let (source, id) = (RelationName::new(MAIN, name(row, 0)?), integer(row, 1)?);
        if found.last().is_none_or(|(last, before)| *last != id || before.source != source) {
            found.push((
                id,
                Incoming {
                    source,
                    name: format!("fk{id}"),
                    source_columns: Vec::new(),
                    columns: Vec::new(),
                    on_delete: name(row, 4)?,
                },
            ));
        }
        if let Some((_, key)) = found.last_mut() {
            key.source_columns.push(name(row, 2)?);
            key.columns.extend(text(row, 3)?);
        }
        Ok(())
    })
    .await?;
    let named = |(_, mut key): (i64, Incoming)| {
        if key.columns.is_empty() {
            key.columns = primary.map(|primary| primary.columns.clone()).unwrap_or_default();
        }
        key
    };
    Ok(found.into_iter().map(named).collect())
}

async fn triggers(turn: &mut Turn<'_>, table: &str) -> Result<Vec<Trigger>> {
    let query = asking(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' \
         AND tbl_name = ?1 COLLATE NOCASE ORDER BY name",
        table,
    );
    let mut found = Vec::new();
    turn.each(&query, |row| {
        found.push(Trigger { name: name(row, 0)?, enabled: true, definition: name(row, 1)? });
        Ok(())
    })
    .await?;
    Ok(found)
}
