//! Range types bring more along than their own name: a multirange type and functions that make
//! values of both (manual, 8.17.8 "Defining New Range Types"; multiranges since PostgreSQL 14).
//! Nothing here decides whether a range type is made anew.

use super::piece::Piece;
use super::{name, sequence, types};
use crate::schema::model::Key;
use crate::schema::plan::Action;
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// How a multirange type's name is given where it is not the usual one.
const GIVEN: &str = "multirange_type_name = ";

/// What the server calls the multirange type of a range type when it is not told.
pub(super) fn usual_multirange(range: &str) -> String {
    match range.split_once("range") {
        Some((before, after)) => format!("{before}multirange{after}"),
        None => format!("{range}_multirange"),
    }
}

/// The schema and the name of a range type's multirange type.
pub(super) fn multirange(key: &Key, definition: &str) -> (String, String) {
    let Some((_, given)) = definition.split_once(GIVEN) else {
        return (key.schema.clone(), usual_multirange(&key.name));
    };
    let mut names: Vec<String> =
        tokens(Dialect::Postgres, given).iter().filter_map(|token| token.name(given)).collect();
    let own = names.pop().unwrap_or_default();
    (names.pop().unwrap_or_else(|| key.schema.clone()), own)
}

/// Renames a range type, and all of its that would be in the way of a new one of its name. The
/// functions that make its values keep their name when it is renamed; those of a new one differ
/// from them if they take another subtype, which may be the old one's in a new form.
pub(super) fn step_aside(key: &Key, have: &str, want: &str, new_subtype: bool) -> Vec<Piece> {
    let whole = |sql: String| Piece::whole(sql, Action::Aside(key.clone()));
    let (schema, multirange) = multirange(key, have);
    let old = name::qualified(&schema, &multirange);
    let to = name::ident(&sequence::aside(&multirange));
    let mut pieces = vec![
        types::step_aside(key),
        whole(format!("ALTER TYPE {old} RENAME TO {to}")),
        whole(format!("ALTER FUNCTION {old}() RENAME TO {to}")),
    ];
    let subtype = |definition: &str| {
        let first = definition.split(", ").next().unwrap_or_default();
        first.trim_start_matches("subtype = ").to_owned()
    };
    let own = subtype(have);
    if own == subtype(want) && !new_subtype {
        let to = name::ident(&sequence::aside(&key.name));
        for arguments in [format!("{own}, {own}"), format!("{own}, {own}, text")] {
            let function = format!("{}({arguments})", name::of(key));
            pieces.push(whole(format!("ALTER FUNCTION {function} RENAME TO {to}")));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::Kind;

    #[test]
    fn a_multirange_is_called_as_it_is_told_or_as_usual() {
        let key = Key::new(Kind::Range, "shop", "span");
        let named = |definition| multirange(&key, definition);
        assert_eq!(named("subtype = date"), ("shop".to_owned(), "span_multirange".to_owned()));
        assert_eq!(
            named("subtype = date, multirange_type_name = other.\"Many Spans\""),
            ("other".to_owned(), "Many Spans".to_owned())
        );
    }
}
