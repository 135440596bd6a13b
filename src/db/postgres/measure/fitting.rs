//! Which values of a column fit another type, as a condition the server can count. Where no rule
//! is known the cast is tried, which answers yes, or no with the first value that does not fit.

use crate::schema::type_name::{Family, TypeName};
use crate::sql::Dialect;

/// How to find out whether the values fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fitting {
    /// All do, whatever they are.
    All,
    /// Those fit for which this is not true.
    Unless(String),
    /// Unknown: this expression fails where one does not.
    Trial(String),
}

/// Since when `pg_input_is_valid` tells whether a text is a value of a type.
const ASKS_INPUT: i64 = 160_000;

/// How to find out whether a column's values fit. The column is quoted; the expression after USING
/// counts where it is more than a cast.
pub(super) fn fitting(
    column: &str,
    (from, to): (&str, &str),
    using: Option<&str>,
    labels: Option<&[String]>,
    version: i64,
) -> Fitting {
    let cast = using.is_none_or(|using| is_cast(column, using));
    if let (Some(labels), true) = (labels, cast) {
        let labels: Vec<String> =
            labels.iter().map(|label| Dialect::Postgres.literal(label)).collect();
        let none = format!("{column} IS NOT NULL");
        return Fitting::Unless(match labels.as_slice() {
            [] => none,
            some => format!("{column}::text <> ALL (ARRAY[{}])", some.join(", ")),
        });
    }
    if let (Some(using), false) = (using, cast) {
        return Fitting::Trial(format!("CAST(({using}) AS {to})"));
    }
    let (old, new) = (TypeName::of(from), TypeName::of(to));
    let trial = || Fitting::Trial(format!("CAST({column} AS {to})"));
    match (old.family(), new.family()) {
        (_, Family::Text) => match new.arguments.first() {
            // A cast cuts what is too long; without one the server refuses it.
            Some(most) if using.is_none() => {
                Fitting::Unless(format!("length(rtrim({column}::text)) > {most}"))
            }
            _ => Fitting::All,
        },
        (Family::Text, _) if version >= ASKS_INPUT => {
            let to = Dialect::Postgres.literal(to);
            Fitting::Unless(format!("NOT pg_input_is_valid({column}::text, {to})"))
        }
        (Family::Text, family) => of_text(column, &new, &family).unwrap_or_else(trial),
        (Family::Integer | Family::Number, Family::Integer) => between(column, &old, &new),
        (Family::Integer | Family::Number, Family::Number) if !new.array => {
            digits(column, &new).unwrap_or_else(|| number(column, &old, &new).unwrap_or_else(trial))
        }
        (Family::Moment, Family::Moment) if !old.base.starts_with("time ") => Fitting::All,
        _ => trial(),
    }
}

/// Whether an expression after USING does no more than cast the column.
fn is_cast(column: &str, using: &str) -> bool {
    let bare = column.trim_matches('"');
    let rest = using.trim().strip_prefix(column).or_else(|| using.trim().strip_prefix(bare));
    rest.is_some_and(|rest| rest.trim_start().starts_with("::"))
}

/// Integers of a type lie between these.
fn between(column: &str, old: &TypeName, new: &TypeName) -> Fitting {
    let range = |base: &str| match base {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (least, most) = range(&new.base);
    if old.family() == Family::Integer && range(&old.base).1 <= most {
        return Fitting::All;
    }
    let value = match old.family() {
        Family::Integer => column.to_owned(),
        _ => format!("round({column}::numeric)"),
    };
    // What is no number at all (NaN, infinity) becomes no integer either.
    let odd = match old.base.as_str() {
        "money" => String::new(),
        _ if old.family() == Family::Number => {
            format!("{column}::text IN ('NaN', 'Infinity', '-Infinity') OR ")
        }
        _ => String::new(),
    };
    let value = if odd.is_empty() {
        value
    } else {
        let no = "'NaN', 'Infinity', '-Infinity'";
        format!("CASE WHEN {column}::text IN ({no}) THEN 0 ELSE {value} END")
    };
    Fitting::Unless(format!("{odd}{value} NOT BETWEEN {least} AND {most}"))
}

/// Numbers of a limited precision.
fn digits(column: &str, new: &TypeName) -> Option<Fitting> {
    let precision = *new.arguments.first()?;
    let scale = new.arguments.get(1).copied().unwrap_or(0);
    let whole = usize::try_from(precision - scale).ok()?;
    let most = format!("1{}", "0".repeat(whole));
    let value = format!("{column}::numeric");
    Some(Fitting::Unless(format!("{value} <> 'NaN' AND abs(round({value}, {scale})) >= {most}")))
}

/// Numbers that always become others.
fn number(column: &str, old: &TypeName, new: &TypeName) -> Option<Fitting> {
    match (old.base.as_str(), new.base.as_str()) {
        (_, "numeric" | "decimal") => Some(Fitting::All),
        ("smallint" | "integer" | "bigint" | "real", "double precision" | "real") => {
            Some(Fitting::All)
        }
        ("double precision", "real") => Some(Fitting::Unless(format!(
            "abs({column}) > 3.4028234e38 AND {column}::text NOT IN ('Infinity', '-Infinity', 'NaN')"
        ))),
        _ => None,
    }
}

/// Texts that are values of a type, before the server could be asked for it.
fn of_text(column: &str, new: &TypeName, family: &Family) -> Option<Fitting> {
    let text = format!("btrim({column}::text, E' \\t\\n\\r\\f\\v')");
    let unlike = |pattern: &str| format!("{text} !~ {}", Dialect::Postgres.literal(pattern));
    let condition = match (family, new.base.as_str()) {
        (Family::Integer, base) => {
            let (least, most) = match base {
                "smallint" => ("-32768", "32767"),
                "integer" => ("-2147483648", "2147483647"),
                _ => ("-9223372036854775808", "9223372036854775807"),
            };
            let digits = unlike("^[-+]?[0-9]+$");
            format!(
                "CASE WHEN {digits} THEN true ELSE {text}::numeric NOT BETWEEN {least} AND {most} END"
            )
        }
        (Family::Number, "numeric" | "decimal") if new.arguments.is_empty() => unlike(
            "^([-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?|[nN][aA][nN]|[-+]?[iI]nf(inity)?)$",
        ),
        (Family::Boolean, _) => format!(
            "lower({text}) !~ '^(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)$'"
        ),
        (Family::Other(name), _) if name == "uuid" => unlike("^[{]?([0-9a-fA-F]{4}-?){8}[}]?$"),
        _ => return None,
    };
    Some(Fitting::Unless(condition))
}

/// Which values keep less than they had: a condition, or `None` where none can.
pub(super) fn loses(column: &str, from: &str, to: &str, using: bool) -> Option<String> {
    let (old, new) = (TypeName::of(from), TypeName::of(to));
    let number = |name: &TypeName| matches!(name.family(), Family::Integer | Family::Number);
    let is_real = |name: &TypeName| matches!(name.base.as_str(), "real" | "double precision");
    match (old.family(), new.family()) {
        (_, Family::Text) if using => {
            let most = new.arguments.first()?;
            Some(format!("length({column}::text) > {most}"))
        }
        (Family::Number, Family::Integer) => {
            let value = format!("{column}::numeric");
            Some(format!(
                "{column}::text NOT IN ('NaN', 'Infinity', '-Infinity') AND {value} <> round({value})"
            ))
        }
        (_, Family::Number) if number(&old) && !is_real(&new) => {
            let scale = match new.arguments.as_slice() {
                [] => return None,
                [_] => 0,
                [_, scale, ..] => *scale,
            };
            let value = format!("{column}::numeric");
            let odd = format!("{column}::text NOT IN ('NaN', 'Infinity', '-Infinity')");
            Some(format!("{odd} AND {value} <> round({value}, {scale})"))
        }
        (_, Family::Number) if number(&old) && is_real(&new) && !is_real(&old) => {
            Some(format!("{column}::numeric <> {column}::{}::numeric", new.base))
        }
        (Family::Moment, Family::Moment) if new.base == "date" && old.base != "date" => {
            Some(format!("{column} <> date_trunc('day', {column})"))
        }
        (Family::Moment, Family::Moment) if !new.arguments.is_empty() && old.base != "date" => {
            Some(format!("{column} <> CAST({column} AS {to})"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_used_where_they_are_known_and_a_trial_elsewhere() {
        let fits = |from, to, using| fitting("\"a\"", (from, to), using, None, 150_000);
        assert_eq!(fits("integer", "bigint", None), Fitting::All);
        assert_eq!(
            fits("bigint", "integer", None),
            Fitting::Unless("\"a\" NOT BETWEEN -2147483648 AND 2147483647".into())
        );
        assert_eq!(
            fits("text", "character varying(3)", None),
            Fitting::Unless("length(rtrim(\"a\"::text)) > 3".into())
        );
        assert_eq!(fits("text", "character varying(3)", Some("a::varchar(3)")), Fitting::All);
        assert_eq!(
            fits("text", "date", Some("to_date(a, 'YYYY')")),
            Fitting::Trial("CAST((to_date(a, 'YYYY')) AS date)".into())
        );
        assert_eq!(
            fitting("\"a\"", ("text", "date"), None, None, 160_000),
            Fitting::Unless("NOT pg_input_is_valid(\"a\"::text, 'date')".into())
        );
        let labels = ["x".to_owned(), "y".to_owned()];
        assert_eq!(
            fitting("\"a\"", ("text", "s.m"), Some("a::s.m"), Some(&labels), 150_000),
            Fitting::Unless("\"a\"::text <> ALL (ARRAY['x', 'y'])".into())
        );
    }
}
