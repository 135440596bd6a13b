//! Looking things up in the models by the keys of a plan, and small judgements about them.

use super::names::Names;
use crate::schema::model::{Body, Column, Key, Kind, Model, SqliteTable};
use crate::schema::plan::{Action, Plan};
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// The body a key has in a model that may still use its name of before the renames.
pub(super) fn body_before<'m>(model: &'m Model, names: &Names, key: &Key) -> Option<&'m Body> {
    model.body(&names.before(key)).or_else(|| model.body(key))
}

/// Whether a relation is there before the plan.
pub(super) fn is_there(model: &Model, names: &Names, relation: &Key) -> bool {
    body_before(model, names, relation).is_some()
}

/// The relation a part stands in, by the kind there is in the model.
pub(super) fn relation_of(models: [&Model; 2], key: &Key) -> Key {
    let table = key.table();
    let kinds = [Kind::Table, Kind::MaterializedView, Kind::View];
    let named = |kind: Kind| Key { kind, ..table.clone() };
    let there = |found: &Key| models.iter().any(|model| model.get(found).is_some());
    kinds.into_iter().map(named).find(there).unwrap_or(table)
}

/// The column of a key in a PostgreSQL model.
pub(super) fn column_before<'m>(model: &'m Model, names: &Names, key: &Key) -> Option<&'m Column> {
    match body_before(model, names, key) {
        Some(Body::Column(column)) => Some(column),
        _ => None,
    }
}

/// The SQLite table of a key.
pub(super) fn sqlite_table<'m>(
    model: &'m Model,
    names: &Names,
    key: &Key,
) -> Option<&'m SqliteTable> {
    match body_before(model, names, key) {
        Some(Body::SqliteTable(table)) => Some(table),
        _ => None,
    }
}

/// Whether a column is there before the plan, in either engine's model.
pub(super) fn has_column(model: &Model, names: &Names, key: &Key) -> bool {
    if let Some(table) = sqlite_table(model, names, &key.table()) {
        let before = names.before(key).name;
        let is = |name: &str| [&before, &key.name].iter().any(|one| one.eq_ignore_ascii_case(name));
        return table.columns.iter().any(|column| is(&column.name));
    }
    column_before(model, names, key).is_some()
}

/// Whether a column's values are computed from others, so that dropping it loses nothing.
pub(super) fn is_generated(model: &Model, names: &Names, key: &Key) -> bool {
    if let Some(table) = sqlite_table(model, names, &key.table()) {
        let before = names.before(key).name;
        let generated = |name: &str| {
            table.columns.iter().any(|found| found.name == name && found.generated.is_some())
        };
        return generated(&before) || generated(&key.name);
    }
    column_before(model, names, key).is_some_and(|column| column.generated.is_some())
}

/// The steps from a place on that do this to an object.
pub(super) fn later(plan: &Plan, from: usize, wanted: &Action) -> bool {
    plan.steps.iter().skip(from).any(|step| step.actions.contains(wanted))
}

/// Whether the plan copies a table's rows into a new form of it.
pub(super) fn is_rebuilt(plan: &Plan, table: &Key) -> bool {
    later(plan, 0, &Action::Rebuild(table.clone()))
}

/// The text in the first round brackets that open at top level, the brackets taken off.
pub(super) fn in_brackets(dialect: Dialect, text: &str) -> Option<&str> {
    let found = tokens(dialect, text);
    let open = found.iter().position(|token| is_mark(text, token, "("))?;
    let close = closing(text, &found, open)?;
    let (start, end) = (found.get(open)?.range.end, found.get(close)?.range.start);
    text.get(start..end).map(str::trim)
}

/// Whether a token is this mark.
pub(super) fn is_mark(text: &str, token: &Token, mark: &str) -> bool {
    token.kind == TokenKind::Punctuation && token.text(text) == mark
}

/// The place of the bracket that closes the one at `open`.
pub(super) fn closing(text: &str, found: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in found.iter().enumerate().skip(open) {
        if is_mark(text, token, "(") {
            depth += 1;
        } else if is_mark(text, token, ")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The pieces between commas that stand in no bracket.
pub(super) fn between_commas(dialect: Dialect, text: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0usize, 0);
    let mut out = Vec::new();
    for token in tokens(dialect, text) {
        if is_mark(text, &token, "(") || is_mark(text, &token, "[") {
            depth += 1;
        } else if is_mark(text, &token, ")") || is_mark(text, &token, "]") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && is_mark(text, &token, ",") {
            out.extend(text.get(start..token.range.start));
            start = token.range.end;
        }
    }
    out.extend(text.get(start..));
    out.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

/// The parts of a type's name as the server prints it, quotes taken off, without modifiers:
/// `shop."Mood"[]` is `shop` and `Mood`.
pub(super) fn type_path(type_name: &str) -> Vec<String> {
    let mut out = Vec::new();
    for token in tokens(Dialect::Postgres, type_name) {
        match token.name(type_name) {
            Some(name) => out.push(name),
            None if is_mark(type_name, &token, ".") => {}
            None => break,
        }
    }
    out
}

/// Whether a column's type is this type, or an array of it.
pub(super) fn is_of_type(type_name: &str, key: &Key) -> bool {
    type_path(type_name) == [key.schema.as_str(), key.name.as_str()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_commas_and_type_names_are_found() {
        let check = "CHECK (((a > 0) AND (b <> ')'::text))) NOT VALID";
        assert_eq!(in_brackets(Dialect::Postgres, check), Some("((a > 0) AND (b <> ')'::text))"));
        assert_eq!(
            between_commas(Dialect::Postgres, "lower(a, 'x,y'), \"b,c\" DESC"),
            ["lower(a, 'x,y')", "\"b,c\" DESC"]
        );
        assert_eq!(type_path("shop.\"Mood\"[]"), ["shop", "Mood"]);
        assert!(is_of_type("public.mood", &Key::new(Kind::Enum, "public", "mood")));
        assert!(!is_of_type("public.mood", &Key::new(Kind::Enum, "shop", "mood")));
    }
}
