//! Statements over rows: deleted or changed without a condition, emptied, replaced.

use super::{Reader, created};
use crate::schema::hazard::Rule;
use crate::schema::hazard::words::Words;

pub(super) fn read(reader: &mut Reader<'_>, step: usize, words: &Words) {
    // What a routine or a trigger does is done when it is called.
    let bodies = ["FUNCTION", "PROCEDURE", "TRIGGER", "RULE"];
    if bodies.iter().any(|what| created(words, what).is_some()) {
        return;
    }
    for at in 0..words.len() {
        // A statement begins at the start, after a bracket, or after what explains it.
        let before = at.checked_sub(1).map_or("", |before| words.at(before));
        if !matches!(before, "" | "(" | ")" | "ANALYZE" | "VERBOSE") {
            continue;
        }
        let (rule, name) = match words.at(at) {
            "DELETE" if words.at(at + 1) == "FROM" => {
                (Rule::DeleteWithoutWhere, words.name(at + 2))
            }
            "UPDATE" if words.at(at + 1) == "OR" => (Rule::UpdateWithoutWhere, words.name(at + 3)),
            "UPDATE" => (Rule::UpdateWithoutWhere, words.name(at + 1)),
            _ => continue,
        };
        if !has_condition(words, at) && reader.is_old(name.as_ref()) {
            reader.report(rule, step, name);
        }
    }
    if words.begins("TRUNCATE") {
        let at = if words.at(1) == "TABLE" { 2 } else { 1 };
        let cascades = words.has_outside(at, "CASCADE");
        let rule = if cascades { Rule::TruncateCascade } else { Rule::Truncate };
        reader.report(rule, step, words.name(at));
    }
    if words.begins("REPLACE INTO") {
        reader.report(Rule::ReplaceRows, step, words.name(2));
    }
    if words.begins("INSERT OR REPLACE INTO") {
        reader.report(Rule::ReplaceRows, step, words.name(4));
    }
}

/// Whether WHERE follows before the bracket the statement stands in closes.
fn has_condition(words: &Words, from: usize) -> bool {
    let mut depth = 0usize;
    for at in from..words.len() {
        match words.at(at) {
            "(" => depth += 1,
            ")" if depth == 0 => return false,
            ")" => depth -= 1,
            "WHERE" if depth == 0 => return true,
            _ => {}
        }
    }
    false
}
