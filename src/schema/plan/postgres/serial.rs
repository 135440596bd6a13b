//! Columns that are `serial`: a sequence, a default and an ownership that one word stands for
//! (manual, 8.1.4 "Serial Types").

use super::directory::Side;
use super::weave::Weaver;
use super::{fate::Fate, graph::Act, name};
use crate::schema::model::{Body, Key, Kind, SequenceOptions};

/// The greatest value of a sequence's type.
pub(super) fn type_maximum(type_name: &str) -> i64 {
    match type_name {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    }
}

/// Whether the options are what a sequence of this type gets when nothing is said.
pub(super) fn are_usual(options: &SequenceOptions) -> bool {
    options.start == 1
        && options.increment == 1
        && options.minimum == 1
        && options.maximum == type_maximum(&options.type_name)
        && options.cache == 1
        && !options.cycle
}

/// Whether `serial` would make exactly this sequence for the column that owns it.
pub(super) fn is_plain(key: &Key, model: &Side) -> bool {
    let Some(Body::Sequence(sequence)) = model.body(key) else { return false };
    let Some(column_key) = &sequence.owned_by else { return false };
    let Some(column) = model.column(column_key) else { return false };
    let default = column_key.table().child(Kind::Default, &column_key.name);
    let Some(Body::Default { expression }) = model.body(&default) else { return false };
    let called = format!("{}_{}_seq", column_key.of, column_key.name);
    let named = format!("'{}'::regclass", name::of(key).replace('\'', "''"));
    key.schema == column_key.schema
        && key.name == called
        && called.len() <= 63
        && !sequence.unlogged
        && are_usual(&sequence.options)
        && sequence.options.type_name == column.type_name
        && column.not_null
        && column.identity.is_none()
        && *expression == format!("nextval({named})")
}

/// A column's sequence that would be made by `serial`.
pub(super) fn of_column(column: &Key, model: &Side) -> Option<Key> {
    let key =
        Key::new(Kind::Sequence, &column.schema, format!("{}_{}_seq", column.of, column.name));
    is_plain(&key, model).then_some(key)
}

/// The word for a serial column's type.
pub(super) fn word(type_name: &str) -> &'static str {
    match type_name {
        "smallint" => "smallserial",
        "integer" => "serial",
        _ => "bigserial",
    }
}

/// The sequence that numbers a column now and gives its name and place to an identity: it steps
/// aside first, so that the identity can go on where it stopped.
pub(super) fn handed_over(column: &Key, current: &Side, desired: &Side) -> Option<Key> {
    let identity = desired.column(column)?.identity.as_ref()?;
    if current.column(column)?.identity.is_some() {
        return None;
    }
    let key = Key::new(Kind::Sequence, &column.schema, &identity.sequence);
    match current.body(&key) {
        Some(Body::Sequence(sequence)) if sequence.owned_by.as_ref() == Some(column) => Some(key),
        _ => None,
    }
}

/// Lets a sequence whose work an identity takes over step aside and go last.
pub(super) fn mark(weaver: &mut Weaver<'_>) {
    for (column, _) in weaver.desired.of_kind(Kind::Column) {
        let Some(alter) = weaver.graph.find(Act::Alter, column) else { continue };
        let Some(sequence) = handed_over(column, weaver.current, weaver.desired) else { continue };
        if weaver.fates.get(&sequence) != Fate::Drop {
            continue;
        }
        let Some(drop) = weaver.graph.find(Act::Drop, &sequence) else { continue };
        weaver.graph.forget(drop, alter);
        let aside = weaver.graph.add(Act::Aside, &sequence);
        weaver.graph.edge(aside, alter, false);
        weaver.graph.edge(alter, drop, false);
    }
}
