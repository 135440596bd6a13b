//! The rows a foreign key may refer to, found by what was typed: the key's beginning, or a part
//! of one of the columns that tell a person which row it is.

use super::{Candidate, Wish};
use crate::db::page::{Condition, Identity, PageColumn, PageRequest, Place, Selection};
use crate::db::stop::Stop;
use crate::db::{Db, Engine};
use crate::problem::Result;
use crate::schema::{Column, Relation};
use crate::sql::Dialect;

/// Rows to choose from at once.
const MOST: usize = 50;

/// Columns that tell which row it is.
const LABELS: usize = 3;

/// Finds them.
///
/// # Errors
/// The table cannot be read, or the work was stopped.
pub(super) async fn find(db: &Db, wish: &Wish, stop: &Stop) -> Result<Vec<Candidate>> {
    let relation = db.relation(&wish.table, stop).await?;
    let labels: Vec<&Column> = relation
        .columns
        .iter()
        .filter(|column| column.readable && column.name != wish.column && tells(column))
        .take(LABELS)
        .collect();
    let Some(key) = relation.column(&wish.column) else { return Ok(Vec::new()) };
    let dialect = match db.server().engine {
        Engine::Postgres => Dialect::Postgres,
        Engine::Sqlite => Dialect::Sqlite,
    };
    let columns = std::iter::once(key).chain(labels.iter().copied()).map(page_column);
    let selection = Selection {
        relation: wish.table.clone(),
        columns: columns.collect(),
        identity: identity(&relation, key),
        filter: filter(dialect, key, &labels, wish.typed.trim()),
        sort: Vec::new(),
    };
    let request = PageRequest { selection, place: Place::Start, limit: MOST };
    let page = db.page(&request, stop).await?;
    let candidate = |row: crate::db::page::Row| {
        let mut cells = row.cells.into_vec().into_iter();
        let value = cells.next()?;
        let words: Vec<String> =
            cells.map(|cell| cell.plain().into_owned()).filter(|words| !words.is_empty()).collect();
        Some(Candidate { value, label: words.join(" · ") })
    };
    Ok(page.rows.into_iter().filter_map(candidate).collect())
}

/// Whether a column's values are words a person knows a row by.
fn tells(column: &Column) -> bool {
    let declared = column.type_name.to_ascii_uppercase();
    let on_sqlite = ["CHAR", "TEXT", "CLOB"].iter().any(|word| declared.contains(word));
    match column.base_type.as_str() {
        "" => on_sqlite,
        base => matches!(base, "text" | "varchar" | "bpchar" | "citext" | "name"),
    }
}

/// The key is unique, or nothing could refer to it; it gives the order where it is not nullable.
fn identity(relation: &Relation, key: &Column) -> Identity {
    let alone = relation
        .primary_key
        .iter()
        .chain(&relation.unique_keys)
        .any(|unique| unique.columns == [key.name.clone()]);
    if alone && (!key.nullable || relation.in_primary_key(&key.name)) {
        return Identity::Key(vec![key.name.clone()]);
    }
    Identity::None
}

fn filter(dialect: Dialect, key: &Column, labels: &[&Column], typed: &str) -> Vec<Condition> {
    if typed.is_empty() {
        return Vec::new();
    }
    let plain = typed.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let (like, text) = match dialect {
        Dialect::Postgres => ("ILIKE", "::text"),
        Dialect::Sqlite => ("LIKE", ""),
    };
    let holds = |column: &Column, pattern: &str| {
        let (name, pattern) = (dialect.ident(&column.name), dialect.literal(pattern));
        let escape = dialect.literal("\\");
        format!("{name}{text} {like} {pattern} ESCAPE {escape}")
    };
    let mut parts = vec![holds(key, &format!("{plain}%"))];
    parts.extend(labels.iter().map(|column| holds(column, &format!("%{plain}%"))));
    vec![Condition::Raw(parts.join(" OR "))]
}

fn page_column(column: &Column) -> PageColumn {
    PageColumn {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        base_type: column.base_type.clone(),
        nullable: column.nullable,
    }
}
