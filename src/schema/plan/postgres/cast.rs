//! How the values of a column become values of another type (manual, chapter 10, and the
//! `pg_cast` catalogue): by themselves, by an explicit cast, or by way of their text.

use super::directory::Side;
use super::fate::{Fate, Fates};
use super::name;
use crate::schema::model::{Attribute, Body, Kind};

/// Families of built-in types within which values are assigned without a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Time,
    Span,
    Json,
    Network,
    Bits,
    Boolean,
    Other,
}

/// The type without its modifier and the schema `pg_catalog`, and whether it is an array.
fn bare(type_name: &str) -> (String, bool) {
    let (name, array) = match type_name.strip_suffix("[]") {
        Some(element) => (element, true),
        None => (type_name, false),
    };
    let mut out = String::new();
    let mut depth = 0;
    for letter in name.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            other if depth == 0 => out.push(other),
            _ => {}
        }
    }
    (out.trim().to_owned(), array)
}

fn family(name: &str) -> Family {
    match name {
        "text" | "character varying" | "character" | "bpchar" | "name" | "\"char\"" => Family::Text,
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => {
            Family::Number
        }
        "date" | "timestamp without time zone" | "timestamp with time zone" => Family::Time,
        "interval" | "time without time zone" | "time with time zone" => Family::Span,
        "json" | "jsonb" => Family::Json,
        "inet" | "cidr" => Family::Network,
        "bit" | "bit varying" => Family::Bits,
        "boolean" => Family::Boolean,
        _ => Family::Other,
    }
}

/// Whether values, defaults and keys of the one type pass for the other without being rewritten
/// by hand: the same type with another modifier, or types that compare with each other.
pub(super) fn is_near(from: &str, to: &str) -> bool {
    let ((from, from_array), (to, to_array)) = (bare(from), bare(to));
    if from_array != to_array {
        return false;
    }
    if from == to {
        return true;
    }
    let (one, other) = (family(&from), family(&to));
    one == other && matches!(one, Family::Text | Family::Number | Family::Time)
}

/// The expression after USING where the column's type was made anew under its name.
pub(super) fn to_new_form(
    column: &str,
    to: &str,
    (current, desired): (&Side, &Side),
    fates: &Fates,
) -> String {
    let attributes = |model: &Side| {
        model.of_kind(Kind::Composite).find_map(|(key, object)| match &object.body {
            Body::Composite { attributes } if name::of(key) == to => Some(attributes.clone()),
            _ => None,
        })
    };
    let names = |attributes: &[Attribute]| -> Vec<String> {
        attributes.iter().map(|attribute| attribute.name.clone()).collect()
    };
    let is_anew = |type_name: &str| {
        let bare = type_name.trim_end_matches("[]");
        fates.changes().any(|(key, fate)| fate == Fate::Swap && name::of(key) == bare)
    };
    match (attributes(current), attributes(desired)) {
        // A text of a composite value knows its fields by their places only.
        (Some(have), Some(want)) if names(&have) != names(&want) => {
            let field = |new: &Attribute| {
                let value = format!("({column}).{}", name::ident(&new.name));
                match have.iter().find(|old| old.name == new.name) {
                    Some(old) if old.type_name == new.type_name && !is_anew(&new.type_name) => {
                        value
                    }
                    Some(_) => format!("{value}::text::{}", new.type_name),
                    None => "NULL".to_owned(),
                }
            };
            let fields: Vec<String> = want.iter().map(field).collect();
            format!(
                "CASE WHEN {column} IS DISTINCT FROM NULL THEN ROW({})::{to} END",
                fields.join(", ")
            )
        }
        _ => format!("{column}::text::{to}"),
    }
}

/// The expression after USING, for a column whose quoted name is given; `None` where the server
/// assigns the values by itself.
pub(super) fn using(column: &str, from: &str, to: &str, model: &Side) -> Option<String> {
    let ((bare_from, from_array), (bare_to, to_array)) = (bare(from), bare(to));
    let from_array = from_array || is_domain_over_array(model, &bare_from);
    let to_array = to_array || is_domain_over_array(model, &bare_to);
    if from_array != to_array {
        let is_text = |name: &str| family(name) == Family::Text;
        return if to_array && bare_from == bare_to {
            Some(format!("ARRAY[{column}]::{to}"))
        } else if is_text(&bare_to) && !to_array {
            None
        } else {
            Some(format!("{column}::text::{to}"))
        };
    }
    let (one, other) = (family(&bare_from), family(&bare_to));
    let assigned = bare_from == bare_to
        || other == Family::Text
        || (one == other && !matches!(one, Family::Other | Family::Span))
        || is_domain_over(model, &bare_to, &bare_from)
        || is_domain_over(model, &bare_from, &bare_to);
    if assigned {
        return None;
    }
    Some(match (one, other) {
        (Family::Text, _) => format!("{column}::{to}"),
        (Family::Boolean, Family::Number) if bare_to == "integer" => format!("{column}::{to}"),
        (Family::Boolean, Family::Number) => format!("{column}::integer::{to}"),
        (Family::Number, Family::Boolean) if bare_from == "integer" => format!("{column}::{to}"),
        (Family::Number, Family::Boolean) => format!("({column} <> 0)"),
        (Family::Time, Family::Span) if has_time_of_day(&bare_from, &bare_to) => {
            format!("{column}::{to}")
        }
        _ => format!("{column}::text::{to}"),
    })
}

/// Whether a moment is cast to its time of day: a date has none, and an interval is none.
fn has_time_of_day(from: &str, to: &str) -> bool {
    match to {
        "time without time zone" => from.starts_with("timestamp"),
        "time with time zone" => from == "timestamp with time zone",
        _ => false,
    }
}

/// Whether a type is a domain over the other.
fn is_domain_over(model: &Side, domain: &str, base: &str) -> bool {
    model.of_kind(Kind::Domain).any(|(key, object)| match &object.body {
        Body::Domain(found) => name::of(key) == domain && bare(&found.base).0 == base,
        _ => false,
    })
}

/// Whether a type is a domain over an array.
fn is_domain_over_array(model: &Side, domain: &str) -> bool {
    model.of_kind(Kind::Domain).any(|(key, object)| match &object.body {
        Body::Domain(found) => name::of(key) == domain && bare(&found.base).1,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::directory::Directory;
    use super::*;
    use crate::schema::model::Model;
    use crate::sql::Dialect;

    #[test]
    fn values_go_the_shortest_way() {
        let model = Model::empty(Dialect::Postgres);
        let directory = Directory::of(&model, &model);
        let (side, _) = Side::both(&model, &model, &directory);
        let way = |from, to| using("c", from, to, &side);
        assert_eq!(way("integer", "bigint"), None);
        assert_eq!(way("character varying(20)", "text"), None);
        assert_eq!(way("uuid", "text"), None);
        assert_eq!(way("text", "integer"), Some("c::integer".to_owned()));
        assert_eq!(way("bigint", "boolean"), Some("(c <> 0)".to_owned()));
        assert_eq!(
            way("date", "time without time zone"),
            Some("c::text::time without time zone".to_owned())
        );
        assert_eq!(way("integer", "uuid"), Some("c::text::uuid".to_owned()));
        assert_eq!(way("text", "text[]"), Some("ARRAY[c]::text[]".to_owned()));
        assert_eq!(way("integer[]", "bigint[]"), None);
    }
}
