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

/// The number the server has put at the end of a name it has made, because others had it (manual:
/// `events_at_idx`, `events_at_idx1`); 0 where there is none. It says more of the order in which such
/// names were made than the names, which the server cuts at 63 bytes.
pub(super) fn number(name: &str) -> u64 {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let made = ["_idx", "_key", "_pkey", "_excl", "_fkey"].iter().any(|end| stem.ends_with(end));
    let digits = name.get(stem.len()..).filter(|_| made).unwrap_or_default();
    digits.parse().unwrap_or_default()
}

/// Several identifiers, parted by commas.
pub(super) fn list(names: &[String]) -> String {
    names.iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_at_the_end_tells_which_was_named_first() {
        assert_eq!(number("events_at_idx"), 0);
        assert_eq!(number("events_at_idx12"), 12);
        assert_eq!(number("events_at_key1"), 1);
        assert_eq!(number("events_2025"), 0);
    }
}
