//! What a hand-written statement did, told from the schema before and after it, in the same
//! actions a plan of ours has: so that both are examined by the same rules.

use super::words::Words;
use crate::schema::model::{Body, Column, Key, Kind, Model, SqliteTable};
use crate::schema::plan::Action;

/// The actions of a statement that led from one schema to the other, as far as rules ask for them.
pub fn observed(sql: &str, before: &Model, after: &Model) -> Vec<Action> {
    let words = Words::of(before.dialect, sql);
    if words.begins("SET") || words.begins("PRAGMA") {
        return vec![Action::Setting];
    }
    if words.begins("ALTER")
        && words.has("RENAME")
        && let Some((from, to)) = renamed(before, after)
    {
        return vec![Action::Rename { from, to }];
    }
    let mut actions = differing(before, after);
    if words.has("RENAME VALUE") {
        actions.retain(|action| !matches!(action, Action::RemoveLabel { .. }));
    }
    actions
}

/// The actions of copying a SQLite table's rows into another form of it.
pub fn rebuilt(table: &Key, before: &Model, after: &Model) -> Vec<Action> {
    let mut out = vec![Action::Rebuild(table.clone())];
    if let (Some(Body::SqliteTable(old)), Some(Body::SqliteTable(new))) =
        (before.body(table), after.body(table))
    {
        columns(table, old, new, &mut out);
    }
    out
}

/// How the columns of two forms of a SQLite table differ.
fn columns(table: &Key, old: &SqliteTable, new: &SqliteTable, out: &mut Vec<Action>) {
    let key = |name: &str| table.child(Kind::Column, name);
    let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
    out.extend(gone.map(|column| Action::Drop(key(&column.name))));
    for column in &new.columns {
        let name = column.name.as_str();
        let Some(before) = old.column(name) else {
            let required =
                column.not_null && column.default.is_none() && column.generated.is_none();
            let made = if required { Action::AddRequired } else { Action::Create };
            out.push(made(key(name)));
            continue;
        };
        if !before.type_name.eq_ignore_ascii_case(&column.type_name) {
            let (from, to) = (before.type_name.clone(), column.type_name.clone());
            out.push(Action::ChangeType { column: key(name), from, to, using: None });
        }
        if column.not_null && !before.not_null {
            out.push(Action::SetNotNull(key(name)));
        }
    }
}

/// What a statement that renames has renamed: of one kind and place, one thing is gone and one is
/// new. What a renamed relation holds goes with it.
fn renamed(before: &Model, after: &Model) -> Option<(Key, Key)> {
    let missing = |from: &Model, to: &Model| -> Vec<Key> {
        let mut keys: Vec<Key> = from.objects.keys().cloned().collect();
        for (table, object) in &from.objects {
            if let Body::SqliteTable(found) = &object.body {
                let column = |name: &String| table.child(Kind::Column, name.as_str());
                keys.extend(found.columns.iter().map(|one| column(&one.name)));
            }
        }
        let has = |key: &Key| match to.body(&key.table()) {
            Some(Body::SqliteTable(found)) if key.kind == Kind::Column => {
                found.column(&key.name).is_some()
            }
            _ => to.get(key).is_some(),
        };
        keys.retain(|key| !has(key));
        keys
    };
    let (gone, new) = (missing(before, after), missing(after, before));
    let whole = |keys: &[Key]| keys.iter().find(|key| !key.kind.is_part()).cloned();
    match (whole(&gone), whole(&new)) {
        (Some(from), Some(to)) if from.kind == to.kind => return Some((from, to)),
        _ => {}
    }
    let place = |key: &Key| (key.kind, key.schema.clone(), key.of.clone());
    let mut pairs = gone.iter().filter_map(|from| {
        let to = new.iter().find(|to| place(to) == place(from))?;
        Some((from.clone(), to.clone()))
    });
    pairs.next()
}

/// The actions that lead from one schema to the other; renames show as a drop and an addition.
fn differing(before: &Model, after: &Model) -> Vec<Action> {
    let mut out = Vec::new();
    for (key, object) in &before.objects {
        let relation_goes = key.kind.is_part()
            && before.get(&key.table()).is_some()
            && after.get(&key.table()).is_none();
        match after.get(key) {
            // Its parts go with it, and say nothing more.
            None if relation_goes => {}
            None => out.push(Action::Drop(key.clone())),
            Some(now) if now.body != object.body => {
                changed(key, &object.body, &now.body, &mut out);
            }
            Some(now) if now.grants != object.grants || now.owner != object.owner => {
                out.push(Action::Authorize(key.clone()));
            }
            Some(_) => {}
        }
    }
    for (key, object) in &after.objects {
        if before.get(key).is_some() {
            continue;
        }
        let required = match &object.body {
            Body::Column(column) => {
                column.not_null
                    && column.identity.is_none()
                    && column.generated.is_none()
                    && after.get(&key.table().child(Kind::Default, key.name.as_str())).is_none()
                    && before.get(&key.table()).is_some()
            }
            _ => false,
        };
        out.push(if required {
            Action::AddRequired(key.clone())
        } else {
            Action::Create(key.clone())
        });
    }
    out
}

fn changed(key: &Key, old: &Body, new: &Body, out: &mut Vec<Action>) {
    match (old, new) {
        (Body::Column(old), Body::Column(new)) => {
            if old.type_name != new.type_name {
                out.push(Action::ChangeType {
                    column: key.clone(),
                    from: old.type_name.clone(),
                    to: new.type_name.clone(),
                    using: None,
                });
            }
            if new.not_null && !old.not_null {
                out.push(Action::SetNotNull(key.clone()));
            }
            let told = Column {
                type_name: new.type_name.clone(),
                not_null: old.not_null || new.not_null,
                ..old.clone()
            };
            if told != *new {
                out.push(Action::Alter(key.clone()));
            }
        }
        (Body::Constraint(old), Body::Constraint(new)) if !old.validated && new.validated => {
            out.push(Action::Validate(key.clone()));
        }
        (Body::Enum { labels: old }, Body::Enum { labels: new }) => {
            let gone = old.iter().filter(|label| !new.contains(label));
            out.extend(
                gone.map(|label| Action::RemoveLabel { key: key.clone(), label: label.clone() }),
            );
            out.push(Action::Alter(key.clone()));
        }
        (Body::Composite { attributes: old }, Body::Composite { attributes: new }) => {
            let gone = old.iter().filter(|one| !new.iter().any(|other| other.name == one.name));
            out.extend(gone.map(|one| Action::DropAttribute {
                key: key.clone(),
                attribute: one.name.clone(),
            }));
            out.push(Action::Alter(key.clone()));
        }
        (Body::SqliteTable(old), Body::SqliteTable(new)) => {
            columns(key, old, new, out);
            out.push(Action::Alter(key.clone()));
        }
        _ => out.push(Action::Alter(key.clone())),
    }
}
