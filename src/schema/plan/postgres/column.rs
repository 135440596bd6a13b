//! Columns: inside CREATE TABLE, added, changed and dropped, with their defaults.

use super::directory::Side;
use super::fate::{Fate, Fates};
use super::piece::Piece;
use super::sequence::Onward;
use super::{cast, name, sequence, serial};
use crate::schema::model::{Body, Column, Identity, Key, Kind};
use crate::schema::plan::Action;

/// A column's definition.
pub(super) fn line(key: &Key, column: &Column, default: Option<&str>, is_serial: bool) -> String {
    let type_name = if is_serial { serial::word(&column.type_name) } else { &column.type_name };
    let mut sql = format!("{} {type_name}", name::ident(&key.name));
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = default.filter(|_| !is_serial) {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(expression) = &column.generated {
        let kept = if column.virtual_generated { "VIRTUAL" } else { "STORED" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {kept}", bare(expression)));
    }
    if let Some(identity) = &column.identity {
        sql.push_str(&format!(" {}", identity_clause(key, identity)));
    } else if column.not_null && !is_serial {
        sql.push_str(" NOT NULL");
    }
    sql
}

/// What a column of a typed table (`OF`) adds to its type's attribute.
pub(super) fn typed_options(column: &Column, default: Option<&str>) -> String {
    let mut sql = String::new();
    if let Some(default) = default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if column.not_null {
        sql.push_str(" NOT NULL");
    }
    sql
}

/// An expression without brackets around the whole of it; GENERATED has its own.
fn bare(expression: &str) -> &str {
    let Some(inner) = expression.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
        return expression;
    };
    let mut depth = 0_i32;
    let quoted = inner.contains('\'') || inner.contains('"');
    for letter in inner.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return expression;
        }
    }
    if quoted { expression } else { inner }
}

/// `GENERATED … AS IDENTITY`, with options where they are not the usual ones.
fn identity_clause(key: &Key, identity: &Identity) -> String {
    let always = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
    let mut options = sequence::unusual(&identity.options);
    if identity.sequence != format!("{}_{}_seq", key.of, key.name) {
        let sequence = name::qualified(&key.schema, &identity.sequence);
        options.insert(0, format!("SEQUENCE NAME {sequence}"));
    }
    let options =
        if options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
    format!("GENERATED {always} AS IDENTITY{options}")
}

/// What can only be said of a column that is there: storage, compression, statistics, options.
pub(super) fn extras(key: &Key, have: Option<&Column>, want: &Column) -> Vec<Piece> {
    let mut said = Vec::new();
    // Another type brings its own storage along.
    let retyped = have.is_some_and(|have| have.type_name != want.type_name);
    let old = have.and_then(|have| have.storage.as_ref()).filter(|_| !retyped);
    let way = match (old, &want.storage) {
        (Some(old), None) => Some(&old.usual),
        (old, Some(new)) if old != Some(new) => Some(&new.set),
        _ => None,
    };
    said.extend(way.map(|way| format!("SET STORAGE {}", way.to_uppercase())));
    if have.and_then(|have| have.compression.as_ref()) != want.compression.as_ref() {
        let method = want.compression.as_deref().unwrap_or("default");
        said.push(format!("SET COMPRESSION {method}"));
    }
    if have.and_then(|have| have.statistics) != want.statistics {
        said.push(format!("SET STATISTICS {}", want.statistics.unwrap_or(-1)));
    }
    let old: &[String] = have.map_or(&[], |have| &have.options);
    said.extend(super::table::option_clauses(old, &want.options));
    let table = name::relation(key);
    let clause = |said: String| {
        let clause = format!("ALTER COLUMN {} {said}", name::ident(&key.name));
        Piece::clause(&table, clause, Action::Alter(key.clone()))
    };
    said.into_iter().map(clause).collect()
}

/// ADD COLUMN.
pub(super) fn add(
    key: &Key,
    column: &Column,
    default: Option<&str>,
    is_serial: bool,
    remade: bool,
) -> Vec<Piece> {
    let clause = format!("ADD COLUMN {}", line(key, column, default, is_serial));
    let has_value =
        default.is_some() || is_serial || column.identity.is_some() || column.generated.is_some();
    let action = if remade {
        Action::Remake(key.clone())
    } else if column.not_null && !has_value {
        Action::AddRequired(key.clone())
    } else {
        Action::Create(key.clone())
    };
    let mut pieces = vec![Piece::clause(name::relation(key), clause, action)];
    pieces.extend(extras(key, None, column));
    pieces
}

/// ALTER COLUMN, for all that differs.
pub(super) fn alter(
    key: &Key,
    (current, desired): (&Side, &Side),
    fates: &Fates,
    used: bool,
) -> Vec<Piece> {
    let (Some(have), Some(want)) = (current.column(key), desired.column(key)) else {
        return Vec::new();
    };
    let table = name::relation(key);
    let column = name::ident(&key.name);
    let mut pieces = Vec::new();
    let mut say = |said: &str, action: Action| {
        pieces.push(Piece::clause(&table, format!("ALTER COLUMN {column} {said}"), action));
    };
    if have.identity.is_some() && want.identity.is_none() {
        say("DROP IDENTITY", Action::Alter(key.clone()));
    }
    if have.generated.is_some() && want.generated.is_none() {
        say("DROP EXPRESSION", Action::Alter(key.clone()));
    }
    let swapped = fates.is_swapped(key, current) && fates.get(key) == Fate::Alter;
    let changes = have.type_name != want.type_name || have.collation != want.collation || swapped;
    if changes {
        let using = if swapped && !fates.is_resorted(key, current) {
            Some(cast::to_new_form(&column, &want.type_name, (current, desired), fates))
        } else {
            cast::using(&column, &have.type_name, &want.type_name, desired)
        };
        let collate = want.collation.as_ref().map(|collation| format!(" COLLATE {collation}"));
        let by = using.as_ref().map(|using| format!(" USING {using}"));
        say(
            &format!(
                "TYPE {}{}{}",
                want.type_name,
                collate.unwrap_or_default(),
                by.unwrap_or_default()
            ),
            Action::ChangeType {
                column: key.clone(),
                from: have.type_name.clone(),
                to: want.type_name.clone(),
                using,
            },
        );
    }
    if !have.not_null && want.not_null && used {
        pieces.extend(super::online::set_not_null(key));
    } else if !have.not_null && want.not_null {
        say("SET NOT NULL", Action::SetNotNull(key.clone()));
    } else if have.not_null && !want.not_null {
        let clause = format!("ALTER COLUMN {column} DROP NOT NULL");
        let only = if is_strict_below(key, desired) { "ONLY " } else { "" };
        pieces.push(Piece::clause(format!("{only}{table}"), clause, Action::Alter(key.clone())));
    }
    pieces.extend(alter_identity(key, have, want, current, desired));
    // With its type a column loses how it was stored.
    let mut left = have.clone();
    if changes {
        (left.storage, left.compression) = (None, None);
    }
    pieces.extend(extras(key, Some(&left), want));
    pieces
}

/// Whether a table that inherits a column refuses NULL there for itself: allowing it must not reach
/// that table.
fn is_strict_below(column: &Key, desired: &Side) -> bool {
    let whole = column.table();
    desired.tables().any(|(child, table)| {
        table.inherits.contains(&whole)
            && desired
                .column(&child.child(Kind::Column, &column.name))
                .is_some_and(|column| column.not_null)
    })
}

/// Gives a column an identity, or changes the one it has.
fn alter_identity(
    key: &Key,
    have: &Column,
    want: &Column,
    current: &Side,
    desired: &Side,
) -> Vec<Piece> {
    let Some(new) = &want.identity else { return Vec::new() };
    let (table, column) = (name::relation(key), name::ident(&key.name));
    let clause = |said: String| {
        let clause = format!("ALTER COLUMN {column} {said}");
        Piece::clause(&table, clause, Action::Alter(key.clone()))
    };
    let Some(old) = &have.identity else {
        let mut pieces = vec![clause(format!("ADD {}", identity_clause(key, new)))];
        let sequence = name::literal(&name::qualified(&key.schema, &new.sequence));
        let going_on = match serial::handed_over(key, current, desired) {
            Some(before) => {
                let before = name::qualified(&before.schema, &sequence::aside(&before.name));
                format!("SELECT setval({sequence}, last_value, is_called) FROM {before}")
            }
            None => {
                let sequence = Key::new(Kind::Sequence, &key.schema, &new.sequence);
                pieces.push(sequence::go_on(&sequence, key, &new.options));
                return pieces;
            }
        };
        pieces.push(Piece::whole(going_on, Action::Alter(key.clone())));
        return pieces;
    };
    let mut pieces = Vec::new();
    let mut said = Vec::new();
    if old.always != new.always {
        said.push(format!("SET GENERATED {}", if new.always { "ALWAYS" } else { "BY DEFAULT" }));
    }
    said.extend(
        sequence::changes(&old.options, &new.options).iter().map(|one| format!("SET {one}")),
    );
    match sequence::onward(&old.options, &new.options) {
        Some(Onward::Restart) => said.push(format!("RESTART WITH {}", new.options.start)),
        Some(Onward::Skip(value)) => {
            let sequence = Key::new(Kind::Sequence, &key.schema, &old.sequence);
            pieces.push(sequence::skip(&sequence, &old.options, value));
        }
        None => {}
    }
    if !said.is_empty() {
        pieces.push(clause(said.join(" ")));
    }
    if old.sequence != new.sequence {
        let sequence = name::qualified(&key.schema, &old.sequence);
        let sql = format!("ALTER SEQUENCE {sequence} RENAME TO {}", name::ident(&new.sequence));
        pieces.push(Piece::whole(sql, Action::Alter(key.clone())));
    }
    pieces
}

/// SET or DROP DEFAULT; the key is the default's.
pub(super) fn default(key: &Key, expression: Option<&str>) -> Piece {
    let said = match expression {
        Some(expression) => format!("SET DEFAULT {expression}"),
        None => "DROP DEFAULT".to_owned(),
    };
    let clause = format!("ALTER COLUMN {} {said}", name::ident(&key.name));
    Piece::clause(name::relation(key), clause, Action::Alter(key.clone()))
}

/// The expression of a column's default.
pub(super) fn default_of<'m>(column: &Key, model: &'m Side<'m>) -> Option<&'m str> {
    match model.body(&column.table().child(Kind::Default, &column.name)) {
        Some(Body::Default { expression }) => Some(expression),
        _ => None,
    }
}
