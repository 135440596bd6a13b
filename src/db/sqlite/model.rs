//! Reads a file's whole schema into a model, as it is stored: nothing is changed, and no row is
//! looked at. SQLite's own objects, the tables behind a virtual table and the histories of
//! migration tools are left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use super::MAIN;
use super::faults::{Look, faults};
use crate::schema::model::{
    Body, ClauseKind, Definition, Key, Kind, Model, Object, SqliteColumn, SqliteTable,
    SqliteWritten, is_history_table, names,
};
use crate::sql::Dialect;

/// A row of `sqlite_schema`.
struct Stored {
    kind: Kind,
    name: String,
    /// The table or view it belongs to.
    of: String,
    sql: String,
}

/// Reads the schema `main`.
///
/// # Errors
/// SQLite's own: the file cannot be read, is locked or damaged, or the work was stopped.
pub(in crate::db) async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Model> {
    let listed = listed(connection).await?;
    let shadow: BTreeSet<String> = listed
        .iter()
        .filter(|(_, (kind, _))| kind == "shadow")
        .map(|(name, _)| name.clone())
        .collect();
    let stored = stored(connection, &shadow).await?;
    let mut columns = columns(connection).await?;
    for table in stored.iter().filter(|stored| is_virtual(stored)) {
        columns.insert(table.name.clone(), virtual_columns(connection, &table.name).await?);
    }
    let relations = relations(&stored);
    let faults = faults(connection).await?;
    let mut model = Model::empty(Dialect::Sqlite);
    for found in stored {
        let is_virtual = is_virtual(&found);
        let Stored { kind, name, of, sql } = found;
        let definition = if kind == Kind::Table { Definition::read(&sql) } else { None };
        let (key, body) = if kind == Kind::Table {
            let strict = listed.get(&name.to_ascii_lowercase()).is_some_and(|(_, strict)| *strict);
            let facts =
                Facts { is_virtual, strict, columns: columns.remove(&name).unwrap_or_default() };
            (
                Key::new(kind, MAIN, &name),
                Body::SqliteTable(table(&sql, definition.as_ref(), facts)),
            )
        } else {
            let look = match kind {
                Kind::View => Some(Look::View(name.to_ascii_lowercase())),
                Kind::Trigger => Look::of_trigger(&of, &sql),
                _ => None,
            };
            let fault = look.and_then(|look| faults.get(&look).cloned().flatten());
            let written = SqliteWritten { sql: sql.clone(), fault };
            let part = matches!(kind, Kind::Index | Kind::Trigger);
            let key = if part {
                // A trigger keeps the name of its table as it was written.
                let of = relations.get(&of.to_ascii_lowercase()).map_or(of, |key| key.name.clone());
                Key::part(kind, MAIN, of, &name)
            } else {
                Key::new(kind, MAIN, &name)
            };
            (key, Body::SqliteWritten(written))
        };
        let mut object = Object::new(body);
        object.needs = needs(&key, (&sql, definition.as_ref()), &relations);
        model.objects.insert(key, object);
    }
    Ok(model)
}

fn is_virtual(stored: &Stored) -> bool {
    let head: String = stored.sql.chars().take(14).collect();
    stored.kind == Kind::Table && head.eq_ignore_ascii_case("CREATE VIRTUAL")
}

/// The kind of each table and whether it is strict, by name in lower case.
async fn listed(
    connection: &mut SqliteConnection,
) -> sqlx::Result<HashMap<String, (String, bool)>> {
    let rows = sqlx::query(AssertSqlSafe(
        "SELECT name, type, strict FROM pragma_table_list WHERE schema = 'main'",
    ))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get(0)?;
            Ok((name.to_ascii_lowercase(), (row.try_get(1)?, row.try_get::<i64, _>(2)? != 0)))
        })
        .collect()
}

/// What `sqlite_schema` holds of ours.
async fn stored(
    connection: &mut SqliteConnection,
    shadow: &BTreeSet<String>,
) -> sqlx::Result<Vec<Stored>> {
    // Indexes that belong to a constraint have no text.
    let rows = sqlx::query(AssertSqlSafe(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_schema \
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    ))
    .fetch_all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = match row.try_get::<String, _>(0)?.as_str() {
            "table" => Kind::Table,
            "index" => Kind::Index,
            "view" => Kind::View,
            _ => Kind::Trigger,
        };
        let (name, of): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let relation = if kind == Kind::View { &name } else { &of };
        if is_history_table(relation) || shadow.contains(&relation.to_ascii_lowercase()) {
            continue;
        }
        found.push(Stored { kind, name, of, sql: row.try_get(3)? });
    }
    Ok(found)
}

const COLUMNS: &str = "x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden";

fn column(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<SqliteColumn> {
    let hidden: i64 = row.try_get(5)?;
    Ok(SqliteColumn {
        name: row.try_get(0)?,
        type_name: row.try_get::<Option<String>, _>(1)?.unwrap_or_default(),
        not_null: row.try_get::<i64, _>(2)? != 0,
        default: row.try_get(3)?,
        primary_key: u32::try_from(row.try_get::<i64, _>(4)?).unwrap_or_default(),
        generated: matches!(hidden, 2 | 3).then_some(hidden == 3),
        sql: String::new(),
    })
}

/// The columns of all ordinary tables, in one statement.
async fn columns(
    connection: &mut SqliteConnection,
) -> sqlx::Result<HashMap<String, Vec<SqliteColumn>>> {
    let sql = format!(
        "SELECT {COLUMNS}, m.name FROM main.sqlite_schema m \
         JOIN pragma_table_xinfo(m.name, 'main') x \
         WHERE m.type = 'table' AND m.sql NOT LIKE 'create virtual%' ORDER BY m.rowid, x.cid"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    let mut found: HashMap<String, Vec<SqliteColumn>> = HashMap::new();
    for row in &rows {
        found.entry(row.try_get(6)?).or_default().push(column(row)?);
    }
    Ok(found)
}

/// The columns of a virtual table: none where SQLite lacks the module that makes it, or the
/// module refuses.
async fn virtual_columns(
    connection: &mut SqliteConnection,
    name: &str,
) -> sqlx::Result<Vec<SqliteColumn>> {
    let sql = format!("SELECT {COLUMNS} FROM pragma_table_xinfo(?1, 'main') x ORDER BY x.cid");
    match sqlx::query(AssertSqlSafe(sql)).bind(name).fetch_all(connection).await {
        Ok(rows) => rows.iter().filter(|row| visible(row)).map(column).collect(),
        // The result code of an ordinary error; a lock or a damaged file is not hidden.
        Err(error) if super::failure::code(&error) == Some(1) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether a virtual table's column holds rows' values: hidden ones are commands to the module.
fn visible(row: &sqlx::sqlite::SqliteRow) -> bool {
    row.try_get::<i64, _>(5).is_ok_and(|hidden| hidden == 0)
}

/// The tables and views, by name in lower case.
fn relations(stored: &[Stored]) -> BTreeMap<String, Key> {
    stored
        .iter()
        .filter(|stored| matches!(stored.kind, Kind::Table | Kind::View))
        .map(|stored| (stored.name.to_ascii_lowercase(), Key::new(stored.kind, MAIN, &stored.name)))
        .collect()
}

/// What the pragmas say of a table.
struct Facts {
    is_virtual: bool,
    strict: bool,
    columns: Vec<SqliteColumn>,
}

fn table(sql: &str, definition: Option<&Definition>, facts: Facts) -> SqliteTable {
    let mut columns = facts.columns;
    for column in &mut columns {
        let written = definition.and_then(|definition| definition.column(&column.name));
        column.sql = written
            .and_then(|written| sql.get(written.range.clone()))
            .unwrap_or_default()
            .to_owned();
    }
    let mut keys = definition.into_iter().flat_map(Definition::clauses);
    let autoincrement = keys.any(|clause| {
        clause.kind == ClauseKind::PrimaryKey
            && clause.words.iter().any(|word| word.is("autoincrement"))
    });
    let without_rowid = definition.is_some_and(Definition::without_rowid);
    SqliteTable {
        is_virtual: facts.is_virtual,
        strict: facts.strict,
        without_rowid,
        autoincrement,
        columns,
        sql: sql.to_owned(),
    }
}

/// What an object cannot be without: the relation of a part, the tables a foreign key names, and
/// what a view or virtual table names.
fn needs(
    key: &Key,
    (sql, definition): (&str, Option<&Definition>),
    relations: &BTreeMap<String, Key>,
) -> BTreeSet<Key> {
    let named: Vec<String> = match key.kind {
        Kind::Table => match definition {
            Some(definition) => definition.references().map(str::to_owned).collect(),
            None => names(sql).into_iter().collect(),
        },
        Kind::View => names(sql).into_iter().collect(),
        _ => vec![key.of.clone()],
    };
    let found = named.iter().filter_map(|name| relations.get(&name.to_ascii_lowercase()));
    found.filter(|needed| *needed != key).cloned().collect()
}
