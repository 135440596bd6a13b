//! Conditions as a person reads and types them: their words, which of them fit a column, and
//! lists of values.

use crate::app::panes::data::DataPane;
use crate::app::panes::data::columns::{GridColumn, Sort};
use crate::db::Engine;
use crate::db::page::{Condition, Operator};
use crate::db::value::Value;
use crate::text;

/// What stands for a value that may not be shown.
const DOTS: &str = "••••••";

/// A condition in words: `status = 'paid'`, `total > 10`, `email is null`.
pub fn condition_text(condition: &Condition) -> String {
    match condition {
        Condition::Raw(raw) => raw.trim().to_owned(),
        Condition::Equals { column, value } if value.is_null() => format!("{column} is null"),
        Condition::Equals { column, value } => format!("{column} = {}", value_text(value)),
        Condition::Column { column, operator, values } => {
            let word = operator_text(*operator);
            let all: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            match (operator, all.as_slice()) {
                (Operator::IsNull | Operator::IsNotNull, _) => format!("{column} {word}"),
                (Operator::Between, [low, high]) => format!("{column} between {low} and {high}"),
                (Operator::In, _) => format!("{column} in ({})", all.join(", ")),
                (Operator::JsonPath, [_, wanted]) => {
                    let path = values.first().map_or("", String::as_str);
                    format!("{column} {word} {path} = {wanted}")
                }
                (Operator::JsonPath, _) => format!("{column} {word} {}", values.join(" ")),
                _ => format!("{column} {word} {}", all.join(", ")),
            }
        }
    }
}

impl DataPane {
    /// All conditions on one line. A value that a condition holds of a masked column, because
    /// a key was followed to it, is shown as dots as it is in the grid.
    pub fn filter_text(&self) -> String {
        let one = |condition: &Condition| match condition {
            Condition::Equals { column, value } if !value.is_null() && hides(self, column) => {
                format!("{column} = {DOTS}")
            }
            other => condition_text(other),
        };
        self.filter.iter().map(one).collect::<Vec<_>>().join(" and ")
    }
}

fn hides(pane: &DataPane, column: &str) -> bool {
    let index = pane.columns.all().iter().position(|known| known.name == column);
    index.is_some_and(|index| !pane.is_shown(index))
}

/// The sign or word of an operator, in ASCII: it stands among text that may not be.
pub fn operator_text(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "=",
        Operator::Ne => "<>",
        Operator::Lt => "<",
        Operator::Le => "<=",
        Operator::Gt => ">",
        Operator::Ge => ">=",
        Operator::Between => "between",
        Operator::In => "in",
        Operator::Like => "like",
        Operator::NotLike => "not like",
        Operator::ILike => "ilike",
        Operator::Regex => "matches",
        Operator::IsNull => "is null",
        Operator::IsNotNull => "is not null",
        Operator::JsonPath => "json path",
    }
}

/// How many values an operator takes; `In` any number from one on.
pub fn takes(operator: Operator, engine: Engine) -> usize {
    match operator {
        Operator::IsNull | Operator::IsNotNull => 0,
        Operator::Between => 2,
        Operator::JsonPath if engine == Engine::Sqlite => 2,
        _ => 1,
    }
}

/// The operators that make sense for a column; `document` says that a text column's values
/// look like JSON.
pub fn operators(engine: Engine, base: &str, column: &GridColumn, document: bool) -> Vec<Operator> {
    use Operator as O;
    let json = column.sort == Sort::Json || (engine == Engine::Sqlite && document);
    let truth = base == "bool" || column.type_name.to_ascii_lowercase().starts_with("bool");
    // These have no order on PostgreSQL.
    let unordered = json
        || truth
        || matches!(base, "xml" | "point" | "polygon" | "box" | "circle" | "path" | "lseg");
    let mut fit = vec![O::Eq, O::Ne];
    if !unordered {
        fit.extend([O::Lt, O::Le, O::Gt, O::Ge, O::Between]);
    }
    fit.push(O::In);
    if column.sort != Sort::Number && !truth && base != "bytea" {
        fit.extend([O::Like, O::NotLike]);
        if engine == Engine::Postgres {
            fit.extend([O::ILike, O::Regex]);
        }
    }
    if json {
        fit.push(O::JsonPath);
    }
    fit.extend([O::IsNull, O::IsNotNull]);
    fit
}

/// Reads a list of values parted by commas; quotes hold a comma, a doubled one stands for
/// itself.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn list(typed: &str) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    let mut rest = typed.trim();
    while !rest.is_empty() {
        let (value, after) = match rest.chars().next() {
            Some(mark @ ('\'' | '"')) => quoted_value(rest, mark)?,
            _ => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (value, after) = rest.split_at(end);
                (value.trim_end().to_owned(), after)
            }
        };
        values.push(value);
        let after = after.trim_start();
        match after.strip_prefix(',') {
            Some(next) if next.trim().is_empty() => return Ok(values),
            Some(next) => rest = next.trim_start(),
            None if after.is_empty() => return Ok(values),
            None => return Err("put a comma between two values".to_owned()),
        }
    }
    Ok(values)
}

fn quoted_value(text: &str, mark: char) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != mark {
            value.push(letter);
        } else if letters.peek().is_some_and(|(_, next)| *next == mark) {
            letters.next();
            value.push(mark);
        } else {
            return Ok((value, text.get(at + 1..).unwrap_or("")));
        }
    }
    Err(format!("a {mark} is not closed"))
}

/// Text in quotes, a number as it is.
fn quoted(value: &str) -> String {
    let number = !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        && value.parse::<f64>().is_ok();
    if number {
        return value.to_owned();
    }
    let start = text::head(value, 200);
    let dots = if start.len() < value.len() { "…" } else { "" };
    format!("'{}{dots}'", start.replace('\'', "''"))
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Integer(_) | Value::Real(_) => value.plain().into_owned(),
        other => quoted(&other.plain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(operator: Operator, values: &[&str]) -> String {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        condition_text(&Condition::Column { column: "c".to_owned(), operator, values })
    }

    #[test]
    fn conditions_read_as_they_would_be_said() {
        assert_eq!(column(Operator::Eq, &["paid"]), "c = 'paid'");
        assert_eq!(column(Operator::Gt, &["10.5"]), "c > 10.5");
        assert_eq!(column(Operator::Eq, &["it's"]), "c = 'it''s'");
        assert_eq!(column(Operator::Between, &["1", "2"]), "c between 1 and 2");
        assert_eq!(column(Operator::In, &["a", "2"]), "c in ('a', 2)");
        assert_eq!(column(Operator::IsNotNull, &[]), "c is not null");
        assert_eq!(column(Operator::JsonPath, &["$.a", "x"]), "c json path $.a = 'x'");
        let null = Condition::Equals { column: "c".to_owned(), value: Value::Null };
        assert_eq!(condition_text(&null), "c is null");
    }

    #[test]
    fn lists_keep_commas_within_quotes() {
        let read = |typed: &str| list(typed).map(|values| values.join("|"));
        assert_eq!(read("a, b ,c").as_deref(), Ok("a|b|c"));
        assert_eq!(read("'a, b', \"c\"\"d\",").as_deref(), Ok("a, b|c\"d"));
        assert_eq!(read("'it''s'").as_deref(), Ok("it's"));
        assert!(list("'open").is_err());
        assert!(list("'a' b").is_err());
        assert_eq!(list("  "), Ok(Vec::new()));
    }
}
