//! Rows that are planted before a change and looked for after it.

use std::collections::BTreeMap;

use dbstudio::schema::model::{Body, Key, Kind, Model};

use super::repair::is_generated;
use super::values::quoted;
use super::world::{Id, Strategy, Value, World};
use crate::server::TestDatabase;

/// The rows of tables, in the columns that two schemas have alike.
pub type Rows = BTreeMap<Key, Vec<String>>;

/// Puts rows into every table that takes them; the others stay empty.
pub fn plant(database: &TestDatabase, world: &World) {
    let mut script = String::new();
    for table in world.tables() {
        if world.table(table).is_none_or(|body| body.partition_by.is_some()) {
            continue;
        }
        for number in 1..4_u32 {
            let (mut columns, mut values) = (Vec::new(), Vec::new());
            for id in world.columns(table) {
                let (Some(column), Some(item)) = (world.column(id), world.get(id)) else {
                    continue;
                };
                if is_generated(column)
                    || matches!(column.value, Value::Identity { .. } | Value::Serial)
                {
                    continue;
                }
                columns.push(quoted(&item.name));
                values.push(match key_value(world, table, id, number) {
                    Some(value) => value.to_string(),
                    None => world.value(column.kind, number),
                });
            }
            if columns.is_empty() {
                continue;
            }
            let named = world.named(table);
            script.push_str(&format!(
                "INSERT INTO {named} ({}) VALUES ({});\n",
                columns.join(", "),
                values.join(", ")
            ));
        }
    }
    // What checks, keys or triggers refuse is not planted.
    drop(database.server().try_psql(&database.name, &["-v", "ON_ERROR_STOP=0"], &script));
}

/// What a partition wants in the column that parts its parents.
fn key_value(world: &World, table: Id, column: Id, number: u32) -> Option<u32> {
    let slot = world.table(table)?.partition_of.as_ref()?;
    let (strategy, key) = world.table(slot.parent)?.partition_by?;
    if key != column {
        return key_value(world, slot.parent, column, number);
    }
    Some(match strategy {
        _ if slot.number == 0 => 1000 + number,
        Strategy::List => slot.number,
        Strategy::Range => slot.number * 10 + number,
        Strategy::Hash => number,
    })
}

/// Takes all rows away.
pub fn clear(database: &TestDatabase, model: &Model) {
    let tables: Vec<String> = tables(model).map(named).collect();
    if !tables.is_empty() {
        database.psql(&format!("TRUNCATE {} CASCADE", tables.join(", ")));
    }
}

fn tables(model: &Model) -> impl Iterator<Item = &Key> {
    model.objects.keys().filter(|key| key.kind == Kind::Table)
}

fn named(key: &Key) -> String {
    format!("{}.{}", quoted(&key.schema), quoted(&key.name))
}

/// The rows a database has now in what two schemas have alike. `here` is its own; what is only
/// inherited or in partitions counts where the table itself keeps no rows.
pub fn read(database: &TestDatabase, here: &Model, one: &Model, other: &Model) -> Rows {
    let mut found = Rows::new();
    let mut script = String::new();
    let mut asked = Vec::new();
    for key in tables(one).filter(|key| other.objects.contains_key(key)) {
        let columns = alike(key, one, other);
        let keeps =
            |model: &Model| model.table(key).is_some_and(|table| table.partition_by.is_none());
        if columns.is_empty() || !keeps(one) {
            continue;
        }
        let only = if keeps(here) { "ONLY " } else { "" };
        let texts: Vec<String> =
            columns.iter().map(|name| format!("t.{}::text", quoted(name))).collect();
        script.push_str(&format!(
            "SELECT replace(ROW({})::text, E'\\n', ' ') FROM {only}{} AS t ORDER BY 1;\n\\echo =====\n",
            texts.join(", "),
            named(key)
        ));
        asked.push(key.clone());
    }
    let printed = database.psql(&script);
    for (key, part) in asked.into_iter().zip(printed.split("=====\n")) {
        found.insert(key, part.lines().map(str::to_owned).collect());
    }
    found
}

/// All rows of all tables by the tables' numbers, whole rows as text.
pub fn all(database: &TestDatabase, world: &World) -> BTreeMap<Id, Vec<String>> {
    let read = |table: Id| {
        let named = world.named(table);
        let sql =
            format!("SELECT replace(t::text, E'\\n', ' ') FROM ONLY {named} AS t ORDER BY 1;");
        (table, database.psql(&sql).lines().map(str::to_owned).collect())
    };
    world.tables().into_iter().map(read).collect()
}

/// The columns that are in both schemas with the same type, and computed in neither.
fn alike(table: &Key, one: &Model, other: &Model) -> Vec<String> {
    let own = one.parts(table).filter(|(key, _)| key.kind == Kind::Column);
    let same = own.filter(|(key, object)| match (&object.body, other.body(key)) {
        (Body::Column(one), Some(Body::Column(other))) => {
            one.type_name == other.type_name && one.generated.is_none() && other.generated.is_none()
        }
        _ => false,
    });
    let same =
        same.filter(|(key, _)| needs(key, one).iter().all(|need| is_alike(need, one, other)));
    same.map(|(key, _)| key.name.clone()).collect()
}

/// The types a column's type is made of.
fn needs(key: &Key, model: &Model) -> Vec<Key> {
    let shapes = [Kind::Composite, Kind::Domain, Kind::Range];
    let direct = model.get(key).into_iter().flat_map(|object| &object.needs);
    let direct: Vec<Key> = direct.filter(|need| shapes.contains(&need.kind)).cloned().collect();
    let below: Vec<Key> = direct.iter().flat_map(|need| needs(need, model)).collect();
    direct.into_iter().chain(below).collect()
}

/// Whether values of a type are written alike in both schemas.
fn is_alike(key: &Key, one: &Model, other: &Model) -> bool {
    match (one.body(key), other.body(key)) {
        (Some(Body::Domain(one)), Some(Body::Domain(other))) => one.base == other.base,
        (one, other) => one == other,
    }
}

/// A row that was there and is no longer.
pub fn missing(before: &Rows, after: &Rows) -> Option<String> {
    for (table, rows) in before {
        let mut left = after.get(table).cloned().unwrap_or_default();
        for row in rows {
            match left.iter().position(|other| other == row) {
                Some(at) => drop(left.remove(at)),
                None => return Some(format!("{table}: {row} is gone; there is {left:?}")),
            }
        }
    }
    None
}
