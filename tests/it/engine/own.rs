//! Whether a table declares for itself what it has from its parents too (`attislocal` and
//! `conislocal`). The server sets these when a table is made and has no statement for them: a table
//! that joins a parent goes on declaring what it had. Only a new table with all rows copied could
//! be otherwise, and nobody wants that done for a mark. So a plan leaves it where a table joins or
//! leaves parents, and only there; for `pg_dump` to compare all the rest, the marks are set by hand
//! while it looks.

use dbstudio::schema::model::{Body, Key, Kind, Model};

use super::values::{literal, quoted};
use crate::server::TestDatabase;

/// A part of a table, and whether the table is to declare it.
pub type Own = (Key, bool);

/// The parts of tables that are declared otherwise than they are to be, of tables that join or
/// leave parents, and of those that declared them otherwise before.
pub fn of(model: &Model, wanted: &Model, before: &Model) -> Vec<Own> {
    let mut found = Vec::new();
    for (key, object) in &wanted.objects {
        let (Some(is), Some(to_be)) = (model.body(key).and_then(local), local(&object.body)) else {
            continue;
        };
        let table = key.table();
        let (Some(now), Some(then)) = (wanted.table(&table), before.table(&table)) else {
            continue;
        };
        let declared = before.body(key).and_then(local);
        let moved = now.inherits != then.inherits;
        if is != to_be && (moved || declared.is_some_and(|declared| declared != to_be)) {
            found.push((key.clone(), to_be));
        }
    }
    found
}

fn local(body: &Body) -> Option<bool> {
    match body {
        Body::Column(column) => Some(column.local),
        Body::Constraint(constraint) => Some(constraint.local),
        _ => None,
    }
}

/// Sets the marks as they are to be.
pub fn set(database: &TestDatabase, all: &[Own]) {
    mark(database, all.iter().map(|(key, own)| (key, *own)));
}

/// Sets the marks as they were.
pub fn set_back(database: &TestDatabase, all: &[Own]) {
    mark(database, all.iter().map(|(key, own)| (key, !*own)));
}

fn mark<'k>(database: &TestDatabase, all: impl Iterator<Item = (&'k Key, bool)>) {
    let script: String = all
        .map(|(key, own)| {
            let table = format!("{}.{}", quoted(&key.schema), quoted(&key.of));
            let (table, name) = (literal(&table), literal(&key.name));
            if key.kind == Kind::Column {
                format!(
                    "UPDATE pg_attribute SET attislocal = {own}
                     WHERE attrelid = {table}::regclass AND attname = {name};\n"
                )
            } else {
                format!(
                    "UPDATE pg_constraint SET conislocal = {own}
                     WHERE conrelid = {table}::regclass AND conname = {name};\n"
                )
            }
        })
        .collect();
    if !script.is_empty() {
        database.psql(&script);
    }
}
