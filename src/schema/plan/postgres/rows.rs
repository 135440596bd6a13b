//! Tables that cannot be changed in place (a partitioned one that becomes ordinary, or the other
//! way): the old one steps aside, the new one takes its rows, then the old one goes.

use super::directory::Side;
use super::fate::Fates;
use super::piece::Piece;
use super::{cast, name, sequence};
use crate::schema::model::{Key, Kind};
use crate::schema::plan::Action;

/// Renames a table, and the sequences of its identity columns, out of the way.
pub(super) fn step_aside(key: &Key, current: &Side) -> Vec<Piece> {
    let to = name::ident(&sequence::aside(&key.name));
    let sql = format!("ALTER TABLE {} RENAME TO {to}", name::of(key));
    let mut pieces = vec![Piece::whole(sql, Action::Aside(key.clone()))];
    // Its policies would keep rows from its owner, who copies them.
    if current.table(key).is_some_and(|table| table.force_row_security) {
        let old = name::qualified(&key.schema, &sequence::aside(&key.name));
        pieces.push(force_security(key, &old, false));
    }
    for (_, object) in current.parts(key) {
        let crate::schema::model::Body::Column(column) = &object.body else { continue };
        let Some(identity) = &column.identity else { continue };
        let old = name::qualified(&key.schema, &identity.sequence);
        let to = name::ident(&sequence::aside(&identity.sequence));
        let sql = format!("ALTER SEQUENCE {old} RENAME TO {to}");
        pieces.push(Piece::whole(sql, Action::Aside(key.clone())));
    }
    pieces
}

/// Whether a table's owner is held to its policies too.
fn force_security(key: &Key, table: &str, force: bool) -> Piece {
    let word = if force { "FORCE" } else { "NO FORCE" };
    let sql = format!("ALTER TABLE {table} {word} ROW LEVEL SECURITY");
    Piece::whole(sql, Action::Authorize(key.clone()))
}

/// Copies the rows, and lets identities go on where the old ones stopped.
pub(super) fn copy(key: &Key, current: &Side, desired: &Side, fates: &Fates) -> Vec<Piece> {
    let Some(table) = desired.table(key) else { return Vec::new() };
    let (mut columns, mut values, mut going_on) = (Vec::new(), Vec::new(), Vec::new());
    let mut overriding = "";
    for own in &table.order {
        let column = key.child(Kind::Column, own);
        let (Some(have), Some(want)) = (current.column(&column), desired.column(&column)) else {
            continue;
        };
        if want.generated.is_some() {
            continue;
        }
        let named = name::ident(own);
        let swapped = fates.is_swapped(&column, current) && !fates.is_resorted(&column, current);
        let value = if have.type_name == want.type_name && !swapped {
            named.clone()
        } else {
            let using = if swapped {
                Some(cast::to_new_form(&named, &want.type_name, (current, desired), fates))
            } else {
                cast::using(&named, &have.type_name, &want.type_name, desired)
            };
            using.unwrap_or_else(|| format!("{named}::{}", want.type_name))
        };
        columns.push(named);
        values.push(value);
        if let (Some(before), Some(after)) = (&have.identity, &want.identity) {
            let old = name::qualified(&key.schema, &sequence::aside(&before.sequence));
            let new = name::literal(&name::qualified(&key.schema, &after.sequence));
            going_on.push(format!("SELECT setval({new}, last_value, is_called) FROM {old}"));
        }
        if want.identity.as_ref().is_some_and(|identity| identity.always) {
            overriding = " OVERRIDING SYSTEM VALUE";
        }
    }
    if columns.is_empty() {
        return Vec::new();
    }
    let old = name::qualified(&key.schema, &sequence::aside(&key.name));
    let sql = format!(
        "INSERT INTO {} ({}){overriding} SELECT {} FROM {old}",
        name::of(key),
        columns.join(", "),
        values.join(", ")
    );
    let mut pieces = vec![Piece::whole(sql, Action::Rebuild(key.clone()))];
    if table.force_row_security {
        pieces.push(force_security(key, &name::of(key), true));
    }
    let alter = |sql| Piece::whole(sql, Action::Alter(key.clone()));
    pieces.extend(going_on.into_iter().map(alter));
    pieces
}
