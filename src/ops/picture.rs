//! The difference between two schemas as a picture: which objects came, which changed and how,
//! which are gone. It is looked at, never run; plans are made elsewhere.

use crate::schema::model::{Body, Column, Key, Kind, Model, Object, SqliteColumn, SqliteTable};

/// An object that is other in one schema than in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The object.
    pub key: Key,
    /// What became of it.
    pub fate: Fate,
    /// What it was and what it is, in words; only of what changed, and where it can be said in a
    /// line.
    pub change: Option<(String, String)>,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It came.
    Added,
    /// It is another than it was.
    Changed,
    /// It is gone.
    Removed,
}

/// Longer words than this say more than a picture should.
const LONGEST: usize = 120;

/// What is other in `after` than in `before`, in the order of the keys.
pub fn between(before: &Model, after: &Model) -> Vec<Difference> {
    let mut out = Vec::new();
    for (key, one, other) in before.beside(after) {
        match (one, other) {
            (None, Some(made)) => {
                out.push(Difference { key: key.clone(), fate: Fate::Added, change: None });
                columns(key, None, sqlite_table(made), &mut out);
            }
            (Some(gone), None) => {
                out.push(Difference { key: key.clone(), fate: Fate::Removed, change: None });
                columns(key, sqlite_table(gone), None, &mut out);
            }
            (Some(one), Some(other)) => changed(key, one, other, &mut out),
            (None, None) => {}
        }
    }
    out
}

fn sqlite_table(object: &Object) -> Option<&SqliteTable> {
    match &object.body {
        Body::SqliteTable(table) => Some(table),
        _ => None,
    }
}

fn changed(key: &Key, one: &Object, other: &Object, out: &mut Vec<Difference>) {
    if let (Some(before), Some(after)) = (sqlite_table(one), sqlite_table(other)) {
        if before.same(after) {
            return;
        }
        let known = out.len();
        columns(key, Some(before), Some(after), out);
        if out.len() == known {
            // Something of the table itself: a constraint, an option.
            out.push(Difference { key: key.clone(), fate: Fate::Changed, change: None });
        }
        return;
    }
    if is_same(one, other) {
        return;
    }
    let change = words(&one.body).zip(words(&other.body)).filter(|(one, other)| one != other);
    out.push(Difference { key: key.clone(), fate: Fate::Changed, change });
}

/// Whether two objects are the same, the order of a table's columns aside: the columns tell of it.
fn is_same(one: &Object, other: &Object) -> bool {
    match (&one.body, &other.body) {
        (Body::Table(before), Body::Table(after)) => {
            let order = after.order.clone();
            let before = Body::Table(crate::schema::model::Table { order, ..before.clone() });
            Object { body: before, ..one.clone() } == *other
        }
        (Body::SqliteWritten(before), Body::SqliteWritten(after)) => before.same(after),
        _ => one == other,
    }
}

/// The columns of a SQLite table, which are no objects of their own there.
fn columns(
    key: &Key,
    before: Option<&SqliteTable>,
    after: Option<&SqliteTable>,
    out: &mut Vec<Difference>,
) {
    let of =
        |name: &str, fate, change| Difference { key: key.child(Kind::Column, name), fate, change };
    let all = |table: Option<&'_ SqliteTable>| -> Vec<SqliteColumn> {
        table.map(|table| table.columns.clone()).unwrap_or_default()
    };
    for column in all(after) {
        let Some(twin) = before.and_then(|table| table.column(&column.name)) else {
            out.push(of(&column.name, Fate::Added, None));
            continue;
        };
        let (was, is) = (sqlite_words(twin), sqlite_words(&column));
        if was != is {
            out.push(of(&column.name, Fate::Changed, Some((was, is))));
        }
    }
    for column in all(before) {
        if after.is_none_or(|table| table.column(&column.name).is_none()) {
            out.push(of(&column.name, Fate::Removed, None));
        }
    }
}

/// What an object is, in a line; nothing where it takes more than one.
fn words(body: &Body) -> Option<String> {
    let said = match body {
        Body::Column(column) => column_words(column),
        Body::Default { expression } => expression.clone(),
        Body::Constraint(constraint) => constraint.definition.clone(),
        Body::Index(index) => index.definition.clone(),
        Body::Enum { labels } => labels.join(", "),
        Body::Domain(domain) => domain.base.clone(),
        _ => return None,
    };
    (said.len() <= LONGEST && !said.contains('\n')).then_some(said)
}

fn column_words(column: &Column) -> String {
    let mut said = column.type_name.clone();
    let mut add = |words: &str| {
        said.push(' ');
        said.push_str(words);
    };
    if let Some(collation) = &column.collation {
        add(&format!("collate {collation}"));
    }
    if column.not_null {
        add("not null");
    }
    if let Some(identity) = &column.identity {
        add(if identity.always { "always numbered" } else { "numbered by default" });
    }
    if let Some(expression) = &column.generated {
        add(&format!("= {expression}"));
    }
    said
}

fn sqlite_words(column: &SqliteColumn) -> String {
    let definition = column.sql.trim();
    let rest = definition.split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
    let said = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    if said.is_empty() { "no type".to_owned() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Dialect;

    fn column(type_name: &str, not_null: bool) -> Object {
        Object::new(Body::Column(Column {
            type_name: type_name.to_owned(),
            collation: None,
            not_null,
            identity: None,
            generated: None,
            virtual_generated: false,
            storage: None,
            compression: None,
            statistics: None,
            options: Default::default(),
            local: true,
        }))
    }

    #[test]
    fn what_came_changed_and_went_is_told() {
        let key = |name: &str| Key::part(Kind::Column, "public", "t", name);
        let model = |objects: Vec<(Key, Object)>| Model {
            objects: objects.into_iter().collect(),
            ..Model::empty(Dialect::Postgres)
        };
        let before = model(vec![
            (key("a"), column("integer", false)),
            (key("b"), column("text", false)),
            (key("c"), column("text", false)),
        ]);
        let after = model(vec![
            (key("a"), column("bigint", true)),
            (key("b"), column("text", false)),
            (key("d"), column("text", false)),
        ]);
        let found = between(&before, &after);
        let told: Vec<_> =
            found.iter().map(|it| (it.key.name.as_str(), it.fate, it.change.clone())).collect();
        let change = Some(("integer".to_owned(), "bigint not null".to_owned()));
        assert_eq!(
            told,
            [("a", Fate::Changed, change), ("c", Fate::Removed, None), ("d", Fate::Added, None)]
        );
        assert_eq!(between(&after, &after), []);
    }
}
