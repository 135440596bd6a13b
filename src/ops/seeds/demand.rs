//! What checks ask of each column of a row, and whether a row that was made passes them, as far as
//! they are understood. Pure.

use super::expression::{Expression, Relation};
use super::pattern;
use crate::sql::Dialect;

/// A value of a row, as far as a check can look at it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// NULL.
    Null,
    /// A number.
    Number(f64),
    /// A text; of other types what the engine prints.
    Text(String),
    /// True or false.
    Truth(bool),
    /// Something that is not looked into.
    Opaque,
}

/// What is asked of one column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Demand {
    /// The least value, and whether it itself is refused.
    pub(super) least: Option<(Limit, bool)>,
    /// The greatest value, and whether it itself is refused.
    pub(super) most: Option<(Limit, bool)>,
    /// One of these.
    pub(super) one_of: Option<Vec<Value>>,
    /// The fewest characters.
    pub(super) shortest: Option<usize>,
    /// The most characters.
    pub(super) longest: Option<usize>,
    /// A pattern of LIKE.
    pub(super) like: Option<String>,
    /// A regular expression.
    pub(super) matching: Option<String>,
    /// Whether it must, or must not, be NULL.
    pub(super) null: Option<bool>,
    /// In small letters, or in capitals.
    pub(super) capital: Option<bool>,
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Limit {
    /// A number.
    Number(f64),
    /// A text, such as a date.
    Text(String),
    /// The time it is.
    Now,
}

/// Adds what an expression asks to what is asked of the columns. Of alternatives `choose` picks
/// one: it is told how many there are.
pub(super) fn gather(
    expression: &Expression,
    holds: bool,
    place: &dyn Fn(&str) -> Option<usize>,
    choose: &mut dyn FnMut(usize) -> usize,
    demands: &mut [Demand],
) {
    use Expression as E;
    match expression {
        E::Not(inner) => gather(inner, !holds, place, choose, demands),
        E::And(all) | E::Or(all) => {
            if matches!(expression, E::And(_)) == holds {
                all.iter().for_each(|one| gather(one, holds, place, choose, demands));
            } else if let Some(one) = all.get(choose(all.len())) {
                gather(one, holds, place, choose, demands);
            }
        }
        E::Compare(relation, left, right) => {
            let relation = if holds { *relation } else { relation.refused() };
            compare(relation, left, right, place, demands);
            compare(relation.turned(), right, left, place, demands);
        }
        E::In(left, list) if holds => {
            let Some(demand) = of(left, place, demands) else { return };
            let values: Vec<Value> = list.iter().filter_map(literal).collect();
            demand.one_of = Some(match demand.one_of.take() {
                Some(before) => before.into_iter().filter(|one| values.contains(one)).collect(),
                None => values,
            });
        }
        E::Column(_) => {
            if let Some(demand) = of(expression, place, demands) {
                demand.one_of = Some(vec![Value::Truth(holds)]);
            }
        }
        E::IsNull(left) => {
            if let Some(demand) = of(left, place, demands) {
                demand.null = Some(holds);
            }
        }
        E::Like(left, pattern) if holds => {
            if let Some(demand) = of(left, place, demands) {
                demand.like = Some(pattern.clone());
            }
        }
        E::Match(left, pattern, _) if holds => {
            if let Some(demand) = of(left, place, demands) {
                demand.matching = Some(pattern.clone());
            }
        }
        E::Match(left, refused, case) => {
            if let Some(demand) = of(left, place, demands)
                && demand.matching.is_none()
            {
                demand.matching = pattern::avoiding(refused, *case);
            }
        }
        _ => {}
    }
}

/// The demand of the column an expression is, with nothing but trimming around it.
fn of<'d>(
    expression: &Expression,
    place: &dyn Fn(&str) -> Option<usize>,
    demands: &'d mut [Demand],
) -> Option<&'d mut Demand> {
    match expression {
        Expression::Column(name) => demands.get_mut(place(name)?),
        Expression::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("trim" | "btrim" | "ltrim" | "rtrim" | "lower" | "coalesce", [inner, ..]) => {
                of(inner, place, demands)
            }
            _ => None,
        },
        _ => None,
    }
}

fn literal(expression: &Expression) -> Option<Value> {
    Some(match expression {
        Expression::Number(number) => Value::Number(*number),
        Expression::Text(text) => Value::Text(text.clone()),
        Expression::Truth(truth) => Value::Truth(*truth),
        _ => return None,
    })
}

fn limit(expression: &Expression) -> Option<Limit> {
    Some(match expression {
        Expression::Number(number) => Limit::Number(*number),
        Expression::Text(text) => Limit::Text(text.clone()),
        Expression::Now => Limit::Now,
        // A while before or after now is now, as far as this goes.
        Expression::Sum('+' | '-', left, _) if **left == Expression::Now => Limit::Now,
        _ => return None,
    })
}

fn compare(
    relation: Relation,
    left: &Expression,
    right: &Expression,
    place: &dyn Fn(&str) -> Option<usize>,
    demands: &mut [Demand],
) {
    if let Expression::Call(name, arguments) = left
        && let [inner, ..] = arguments.as_slice()
    {
        match name.as_str() {
            "length" | "char_length" | "character_length" | "octet_length" => {
                let Expression::Number(number) = right else { return };
                if let Some(demand) = of(inner, place, demands) {
                    length(relation, *number, demand);
                }
                return;
            }
            "lower" | "upper" if relation == Relation::Same && inner == right => {
                if let Some(demand) = of(inner, place, demands) {
                    demand.capital = Some(name == "upper");
                }
                return;
            }
            _ => {}
        }
    }
    let Some(demand) = of(left, place, demands) else { return };
    match (relation, literal(right), limit(right)) {
        (Relation::Same, Some(value), _) => demand.one_of = Some(vec![value]),
        (Relation::Other, Some(Value::Text(text)), _) if text.is_empty() => {
            demand.shortest = Some(demand.shortest.unwrap_or(0).max(1));
        }
        (Relation::More | Relation::MoreOrSame, _, Some(limit)) => {
            let strict = relation == Relation::More;
            if tighter(&demand.least, &limit, true) {
                demand.least = Some((limit, strict));
            }
        }
        (Relation::Less | Relation::LessOrSame, _, Some(limit)) => {
            let strict = relation == Relation::Less;
            if tighter(&demand.most, &limit, false) {
                demand.most = Some((limit, strict));
            }
        }
        _ => {}
    }
}

fn tighter(before: &Option<(Limit, bool)>, now: &Limit, upward: bool) -> bool {
    match (before, now) {
        (Some((Limit::Number(before), _)), Limit::Number(now)) => (now >= before) == upward,
        (Some((Limit::Text(before), _)), Limit::Text(now)) => (now >= before) == upward,
        _ => true,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to fit")]
fn length(relation: Relation, number: f64, demand: &mut Demand) {
    if !(0.0..1_000_000.0).contains(&number) {
        return;
    }
    let exact = number as usize;
    let (least, most) = match relation {
        Relation::Same => (Some(exact), Some(exact)),
        Relation::More => (Some(exact + 1), None),
        Relation::MoreOrSame => (Some(number.ceil() as usize), None),
        Relation::Less => (None, Some((number.ceil() as usize).saturating_sub(1))),
        Relation::LessOrSame => (None, Some(exact)),
        Relation::Other => (if exact == 0 { Some(1) } else { None }, None),
    };
    demand.shortest = least.into_iter().chain(demand.shortest).max();
    demand.longest = most.into_iter().chain(demand.longest).min();
}

/// Whether there are alternatives in it, which differ from row to row.
pub(super) fn has_choice(expression: &Expression, holds: bool) -> bool {
    match expression {
        Expression::Not(inner) => has_choice(inner, !holds),
        Expression::And(all) => !holds || all.iter().any(|one| has_choice(one, holds)),
        Expression::Or(all) => holds || all.iter().any(|one| has_choice(one, holds)),
        _ => false,
    }
}

/// The columns an expression reads.
pub(super) fn columns(
    expression: &Expression,
    place: &dyn Fn(&str) -> Option<usize>,
    found: &mut Vec<usize>,
) {
    use Expression as E;
    match expression {
        E::Column(name) => found.extend(place(name).filter(|at| !found.contains(at))),
        E::And(all) | E::Or(all) | E::Call(_, all) => {
            all.iter().for_each(|one| columns(one, place, found));
        }
        E::In(left, all) => {
            columns(left, place, found);
            all.iter().for_each(|one| columns(one, place, found));
        }
        E::Not(one) | E::Like(one, _) | E::Match(one, ..) | E::IsNull(one) => {
            columns(one, place, found);
        }
        E::Compare(_, left, right) | E::Sum(_, left, right) => {
            columns(left, place, found);
            columns(right, place, found);
        }
        _ => {}
    }
}

/// Whether a row is known to fail a check; one that cannot be judged is left to the server.
pub(super) fn fails(check: &Expression, dialect: Dialect, row: &dyn Fn(&str) -> Value) -> bool {
    match value(check, dialect, row) {
        Value::Truth(truth) => !truth,
        Value::Number(number) => number == 0.0,
        _ => false,
    }
}

fn value(expression: &Expression, dialect: Dialect, row: &dyn Fn(&str) -> Value) -> Value {
    use Expression as E;
    let of = |inner: &Expression| value(inner, dialect, row);
    match expression {
        E::Column(name) => row(name),
        E::Number(number) => Value::Number(*number),
        E::Text(text) => Value::Text(text.clone()),
        E::Truth(truth) => Value::Truth(*truth),
        E::Null => Value::Null,
        E::Now | E::Unknown => Value::Opaque,
        E::And(all) => junction(all.iter().map(of), false),
        E::Or(all) => junction(all.iter().map(of), true),
        E::Not(inner) => match truth(&of(inner)) {
            Value::Truth(truth) => Value::Truth(!truth),
            other => other,
        },
        E::Compare(relation, left, right) => compared(*relation, &of(left), &of(right)),
        E::In(left, list) => {
            let left = of(left);
            junction(list.iter().map(|item| compared(Relation::Same, &left, &of(item))), true)
        }
        E::Like(left, pattern) => match of(left) {
            Value::Text(text) => {
                let fold = |text: &str| match dialect {
                    Dialect::Sqlite => text.to_lowercase(),
                    Dialect::Postgres => text.to_owned(),
                };
                let (text, pattern) = (fold(&text), fold(pattern));
                let text: Vec<char> = text.chars().collect();
                Value::Truth(like(&text, &pattern.chars().collect::<Vec<char>>()))
            }
            Value::Null => Value::Null,
            _ => Value::Opaque,
        },
        E::Match(left, ..) => match of(left) {
            Value::Null => Value::Null,
            _ => Value::Opaque,
        },
        E::IsNull(inner) => match of(inner) {
            Value::Null => Value::Truth(true),
            Value::Opaque => Value::Opaque,
            _ => Value::Truth(false),
        },
        E::Call(name, arguments) => called(name, arguments.iter().map(of).collect()),
        E::Sum(mark, left, right) => sum(*mark, of(left), of(right)),
    }
}

fn truth(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Truth(*number != 0.0),
        Value::Text(_) => Value::Opaque,
        other => other.clone(),
    }
}

/// SQL's AND, or OR where `decisive` is true: one value decides whatever the others are.
fn junction(values: impl Iterator<Item = Value>, decisive: bool) -> Value {
    let (mut opaque, mut null) = (false, false);
    for found in values {
        match truth(&found) {
            Value::Truth(truth) if truth == decisive => return Value::Truth(decisive),
            Value::Truth(_) => {}
            Value::Null => null = true,
            _ => opaque = true,
        }
    }
    match (opaque, null) {
        (true, _) => Value::Opaque,
        (_, true) => Value::Null,
        _ => Value::Truth(!decisive),
    }
}

fn compared(relation: Relation, left: &Value, right: &Value) -> Value {
    use std::cmp::Ordering as O;
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let order = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return Value::Null,
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Number(left), Value::Text(text)) => {
            number(text).and_then(|right| left.partial_cmp(&right))
        }
        (Value::Text(text), Value::Number(right)) => {
            number(text).and_then(|left| left.partial_cmp(right))
        }
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Truth(left), Value::Truth(right)) => Some(left.cmp(right)),
        (Value::Truth(left), Value::Number(right)) => f64::from(*left).partial_cmp(right),
        (Value::Number(left), Value::Truth(right)) => left.partial_cmp(&f64::from(*right)),
        _ => None,
    };
    let Some(order) = order else { return Value::Opaque };
    Value::Truth(match relation {
        Relation::Same => order == O::Equal,
        Relation::Other => order != O::Equal,
        Relation::Less => order == O::Less,
        Relation::LessOrSame => order != O::Greater,
        Relation::More => order == O::Greater,
        Relation::MoreOrSame => order != O::Less,
    })
}

fn called(name: &str, arguments: Vec<Value>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "texts are shorter than 2^52")]
    let count = |length: usize| Value::Number(length as f64);
    match (name, arguments.as_slice()) {
        ("coalesce", all) => {
            all.iter().find(|one| **one != Value::Null).cloned().unwrap_or(Value::Null)
        }
        (_, [Value::Null, ..]) => Value::Null,
        ("length" | "char_length" | "character_length", [Value::Text(text)]) => {
            count(text.chars().count())
        }
        ("octet_length", [Value::Text(text)]) => count(text.len()),
        ("lower", [Value::Text(text)]) => Value::Text(text.to_lowercase()),
        ("upper", [Value::Text(text)]) => Value::Text(text.to_uppercase()),
        ("trim" | "btrim", [Value::Text(text)]) => Value::Text(text.trim_matches(' ').to_owned()),
        ("abs", [Value::Number(number)]) => Value::Number(number.abs()),
        _ => Value::Opaque,
    }
}

fn sum(mark: char, left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Number(left), Value::Number(right)) => match mark {
            '+' => Value::Number(left + right),
            '-' => Value::Number(left - right),
            '*' => Value::Number(left * right),
            '%' if right != 0.0 => Value::Number(left % right),
            // Whether whole numbers are divided is not known here.
            _ => Value::Opaque,
        },
        _ => Value::Opaque,
    }
}

/// Whether a text fits a pattern of LIKE; a backslash takes the next letter as it is.
fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => {
            (0..=text.len()).any(|from| like(text.get(from..).unwrap_or_default(), rest))
        }
        ['_', rest @ ..] => matches!(text, [_, after @ ..] if like(after, rest)),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => {
            matches!(text, [first, after @ ..] if first == letter && like(after, rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::read;
    use super::*;

    fn place(name: &str) -> Option<usize> {
        ["a", "b"].iter().position(|column| *column == name)
    }

    fn asked(check: &str) -> Vec<Demand> {
        let mut demands = vec![Demand::default(); 2];
        let check = read(Dialect::Postgres, check);
        gather(&check, true, &place, &mut |_| 0, &mut demands);
        demands
    }

    #[test]
    fn ranges_lists_and_lengths_are_found() {
        let found = asked("a > 0 AND NOT (a > 10) AND length(trim(b)) >= 3 AND b <> ''");
        assert_eq!(found[0].least, Some((Limit::Number(0.0), true)));
        assert_eq!(found[0].most, Some((Limit::Number(10.0), false)));
        assert_eq!(found[1].shortest, Some(3));
        let found = asked("(a = 'x' AND b IS NULL) OR b IS NOT NULL");
        assert_eq!(found[0].one_of, Some(vec![Value::Text("x".into())]));
        assert_eq!(found[1].null, Some(true));
        assert_eq!(asked("lower(b) = b")[1].capital, Some(false));
    }

    #[test]
    fn rows_are_tried_as_the_server_would() {
        let tried = |check: &str, a: Value, b: Value| {
            let check = read(Dialect::Postgres, check);
            let row = |name: &str| if name == "a" { a.clone() } else { b.clone() };
            fails(&check, Dialect::Postgres, &row)
        };
        let number = Value::Number;
        let text = |text: &str| Value::Text(text.to_owned());
        assert!(tried("a < b", number(2.0), number(1.0)));
        assert!(!tried("a < b", Value::Null, number(1.0)));
        assert!(!tried("a < f(b)", number(2.0), number(1.0)));
        assert!(tried("a LIKE '_x%' AND f(b)", text("yy"), Value::Null));
        assert!(!tried("a LIKE '_x%'", text("yxz"), Value::Null));
        assert!(tried("a IS NULL OR b IN (1, 2)", number(0.0), number(3.0)));
    }
}
