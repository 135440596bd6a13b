//! Names of objects as PostgreSQL's SQL wants them: qualified, and quoted where they must be.

use crate::schema::model::{Key, Kind};
use crate::sql::Dialect;

/// One identifier.
pub(super) fn ident(name: &str) -> String {
    Dialect::Postgres.name(name)
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    Dialect::Postgres.literal(text)
}

/// `schema.name`, or the bare name of what stands in no schema.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    if schema.is_empty() { ident(name) } else { format!("{}.{}", ident(schema), ident(name)) }
}

/// The object's own name, qualified; of a part that has no name of its own in the schema (a
/// column, a constraint …), its bare name.
pub(super) fn of(key: &Key) -> String {
    match key.kind {
        Kind::Index => qualified(&key.schema, &key.name),
        Kind::Routine => format!("{}({})", qualified(&key.schema, &key.name), key.of),
        kind if kind.is_part() => ident(&key.name),
        _ => qualified(&key.schema, &key.name),
    }
}

/// The relation a part belongs to, qualified.
pub(super) fn relation(key: &Key) -> String {
    qualified(&key.schema, &key.of)
}

/// Several identifiers, parted by commas.
pub(super) fn list(names: &[String]) -> String {
    names.iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}
