//! The tables in which migration tools remember what they have applied. A schema file does not
//! name them, and a change must never drop them.

use std::collections::BTreeSet;

use crate::migrations::ledger::SCHEMA;
use crate::schema::model::{Body, Key, Kind, Model, is_history_table};
use crate::sql::Dialect;

/// Takes such tables out of the schema there is, with all that belongs to them, unless the one
/// that is wanted has them too. Returns their names.
pub(super) fn spare(current: &mut Model, desired: &Model) -> Vec<String> {
    let schema = Key::global(Kind::Schema, SCHEMA);
    let has_ledger = current.dialect == Dialect::Postgres && !desired.objects.contains_key(&schema);
    let is_history = |key: &Key| {
        let of_tool = key.kind == Kind::Table && is_history_table(&key.name);
        let of_ledger = has_ledger && (*key == schema || key.schema == SCHEMA);
        of_ledger || (of_tool && !desired.objects.contains_key(key))
    };
    let mut gone: BTreeSet<Key> =
        current.objects.keys().filter(|key| is_history(key)).cloned().collect();
    // What a ledger or a table holds goes without saying.
    let whole = |key: &&Key| !key.kind.is_part() && (!has_ledger || key.schema != SCHEMA);
    let names = gone.iter().filter(whole).map(ToString::to_string).collect();
    // Whatever needs one of them is the tool's too; so is a schema that holds nothing else.
    loop {
        let more: Vec<Key> = current
            .objects
            .iter()
            .filter(|(key, object)| {
                let owned_by = match &object.body {
                    Body::Sequence(sequence) => sequence.owned_by.as_ref(),
                    _ => None,
                };
                !gone.contains(*key)
                    && (object.needs.iter().any(|need| gone.contains(need))
                        || owned_by.is_some_and(|column| gone.contains(&column.table())))
            })
            .map(|(key, _)| key.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        gone.extend(more);
    }
    let emptied: Vec<Key> = gone
        .iter()
        .map(|key| Key::global(Kind::Schema, key.schema.clone()))
        .filter(|schema| !desired.objects.contains_key(schema))
        .filter(|schema| {
            let inside = |key: &&Key| key.schema == schema.name && !gone.contains(*key);
            !current.objects.keys().any(|key| inside(&key))
        })
        .collect();
    gone.extend(emptied);
    current.objects.retain(|key, _| !gone.contains(key));
    names
}
