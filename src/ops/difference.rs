//! What two schemas do not have alike, as a list a person reads: one line for each thing, and for
//! what is only in one of them as a whole none for its parts. Pure.

use std::collections::BTreeSet;

use super::history;
use crate::schema::model::{
    Body, Clause, ColumnText, Definition, Key, Kind, Model, SqliteColumn, SqliteTable, same_clauses,
};
use crate::schema::plan;

/// Where a thing is that two schemas do not have alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Only in the first.
    First,
    /// Only in the second.
    Second,
    /// In both, but not the same.
    Both,
}

/// A thing that two schemas do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub key: Key,
    /// Where it is.
    pub place: Where,
}

/// The things in which two schemas differ, of those a plan could do something about, in the order
/// of their kinds. The order of columns does not count.
pub fn differences(first: &Model, second: &Model) -> Vec<Difference> {
    // On SQLite columns are no objects of their own; their table is what differs.
    let owner = |key: Key| {
        let is_known = first.get(&key).or_else(|| second.get(&key)).is_some();
        if is_known { key } else { key.table() }
    };
    let keys: BTreeSet<Key> = plan::differences(first, second).into_iter().map(owner).collect();
    let mut found = Vec::new();
    for key in keys {
        let place = match (first.body(&key), second.body(&key)) {
            (Some(Body::SqliteTable(one)), Some(Body::SqliteTable(other))) => {
                found.extend(in_table(&key, one, other));
                continue;
            }
            (Some(Body::SqliteWritten(one)), Some(Body::SqliteWritten(other)))
                if one.same(other) =>
            {
                continue;
            }
            (Some(_), Some(_)) if first.get(&key) == second.get(&key) => continue,
            (Some(_), Some(_)) => Where::Both,
            (Some(_), None) => Where::First,
            (None, Some(_)) => Where::Second,
            (None, None) => continue,
        };
        found.push(Difference { key, place });
    }
    without_parts(found)
}

/// A schema without what migration tools and dbstudio keep for themselves: what is a person's.
pub fn of_person(mut model: Model) -> Model {
    let nothing = Model::empty(model.dialect);
    history::spare(&mut model, &nothing);
    model
}

/// Leaves out the parts of what is only in one as a whole.
fn without_parts(mut found: Vec<Difference>) -> Vec<Difference> {
    let wholes: BTreeSet<Key> =
        found.iter().filter(|one| one.place != Where::Both).map(|one| one.key.clone()).collect();
    let relations = [Kind::Table, Kind::View, Kind::MaterializedView];
    let is_told = |key: &Key| {
        let whole =
            |kind: &Kind| wholes.contains(&Key::new(*kind, key.schema.as_str(), key.of.as_str()));
        // A default is called after its column.
        let column = Key { kind: Kind::Column, ..key.clone() };
        key.kind.is_part() && relations.iter().any(whole)
            || key.kind == Kind::Default && wholes.contains(&column)
    };
    found.retain(|one| !is_told(&one.key));
    found
}

/// What differs in a SQLite table that both have: columns, and the table itself for the rest.
fn in_table(table: &Key, one: &SqliteTable, other: &SqliteTable) -> Vec<Difference> {
    if one.same(other) {
        return Vec::new();
    }
    let at = |name: &str, place| Difference { key: table.child(Kind::Column, name), place };
    let mut found = Vec::new();
    let texts = (Definition::read(&one.sql), Definition::read(&other.sql));
    for column in &one.columns {
        match other.column(&column.name) {
            None => found.push(at(&column.name, Where::First)),
            Some(twin) if !same_column(column, twin, &texts) => {
                found.push(at(&column.name, Where::Both));
            }
            Some(_) => {}
        }
    }
    let added = other.columns.iter().filter(|column| one.column(&column.name).is_none());
    found.extend(added.map(|column| at(&column.name, Where::Second)));
    let told = |text: &&ColumnText| found.iter().any(|one| text.is_named(&one.key.name));
    let same_rest = match &texts {
        (Some(left), Some(right)) => same_clauses(rest(left, told), rest(right, told)),
        _ => false,
    };
    let same_form = one.strict == other.strict
        && one.without_rowid == other.without_rowid
        && one.is_virtual == other.is_virtual;
    if found.is_empty() || !same_form || !same_rest {
        found.insert(0, Difference { key: table.clone(), place: Where::Both });
    }
    found
}

/// The clauses of a table but for those of columns that are told of already.
fn rest<'d, 's>(
    definition: &'d Definition<'s>,
    told: impl Fn(&&ColumnText) -> bool,
) -> impl Iterator<Item = &'d Clause<'s>> {
    let untold: Vec<&ColumnText<'s>> =
        definition.columns.iter().filter(|column| !told(column)).collect();
    untold.into_iter().flat_map(|column| &column.clauses).chain(&definition.constraints)
}

fn same_column(
    one: &SqliteColumn,
    other: &SqliteColumn,
    texts: &(Option<Definition>, Option<Definition>),
) -> bool {
    let clauses = match texts {
        (Some(left), Some(right)) => match (left.column(&one.name), right.column(&other.name)) {
            (Some(left), Some(right)) => same_clauses(left.clauses.iter(), right.clauses.iter()),
            _ => true,
        },
        _ => true,
    };
    clauses
        && one.type_name.eq_ignore_ascii_case(&other.type_name)
        && one.not_null == other.not_null
        && one.default == other.default
        && one.primary_key == other.primary_key
        && one.generated == other.generated
}
