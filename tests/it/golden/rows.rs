//! The rows of a database's tables, column by column, and whether a change has kept them.

use std::collections::BTreeMap;

use dbstudio::schema::model::{Key, Kind};
use dbstudio::schema::rename::Rename;

use super::case::Case;

/// For each table its columns with their types, and the values of each in order.
pub type Rows = BTreeMap<Key, BTreeMap<(String, String), Vec<Option<String>>>>;

/// That the values of columns which stay, with their types, are what they were; but for those
/// the case says have other values.
pub fn kept(before: &Rows, after: &Rows, renames: &[Rename], case: &Case) -> Result<(), String> {
    let others: Vec<&str> = case.settings("other-values").collect();
    let named = |key: Key| {
        let rename = |key: Key, rename: &Rename| match rename {
            Rename::Object { from, to } if *from == key => to.clone(),
            Rename::Object { from, to }
                if from.kind == Kind::Table
                    && key.kind == Kind::Column
                    && (&key.schema, &key.of) == (&from.schema, &from.name) =>
            {
                to.child(Kind::Column, key.name)
            }
            _ => key,
        };
        renames.iter().fold(key, rename)
    };
    for (table, columns) in before {
        let Some(now) = after.get(&named(table.clone())) else { continue };
        for ((column, type_name), values) in columns {
            let column = named(table.child(Kind::Column, column.clone())).name;
            let relabelled = renames.iter().any(
                |one| matches!(one, Rename::Label { key, .. } if type_name.ends_with(&key.name)),
            );
            let Some(found) = now.get(&(column.clone(), type_name.clone())) else { continue };
            let other = others.contains(&format!("{}.{column}", table.name).as_str());
            if found != values && !relabelled && !other {
                return Err(format!("{table}.{column} held {values:?} and holds {found:?}"));
            }
        }
    }
    Ok(())
}
