//! What a hand-written statement did, told from the schema before and after it, in the same
//! actions a plan of ours has: so that both are examined by the same rules.

use crate::schema::model::{Body, Column, Key, Kind, Model, SqliteTable};
use crate::schema::plan::Action;

/// The actions that lead from one schema to the other, as far as rules ask for them. Renames show
/// as a drop and an addition.
pub fn observed(before: &Model, after: &Model) -> Vec<Action> {
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
            let columns = |table: &SqliteTable| -> Vec<String> {
                table.columns.iter().map(|column| column.name.clone()).collect()
            };
            let (had, has) = (columns(old), columns(new));
            let gone = had.iter().filter(|name| !has.contains(name));
            out.extend(gone.map(|name| Action::Drop(key.child(Kind::Column, name.as_str()))));
            out.push(Action::Alter(key.clone()));
        }
        _ => out.push(Action::Alter(key.clone())),
    }
}
