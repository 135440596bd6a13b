//! Statements that only SQLite has, and the rebuilding of a table by hand.

use super::{Reader, created};
use crate::schema::hazard::Rule;
use crate::schema::hazard::words::Words;
use crate::schema::model::{Body, Kind};
use crate::sql::Dialect;

pub(super) fn read(reader: &mut Reader<'_>, step: usize, words: &Words) {
    if words.begins("PRAGMA FOREIGN_KEYS") && words.len() > 2 && reader.around.in_transaction {
        reader.report(Rule::ForeignKeysInTransaction, step, None);
    }
    if words.begins("PRAGMA WRITABLE_SCHEMA") && words.len() > 2 {
        reader.report(Rule::WritableSchema, step, None);
    }
    if has_quoted_text(words) {
        reader.report(Rule::DoubleQuotedText, step, None);
    }
    if created(words, "INDEX").is_some() && words.at(1) == "UNIQUE" {
        let table = words.find(2, "ON").and_then(|at| words.name(at + 1));
        if reader.is_old(table.as_ref()) {
            reader.report(Rule::AddUnique, step, table);
        }
    }
    if ends_a_rebuild(reader, step, words) {
        let table = words.find(2, "RENAME TO").and_then(|at| words.name(at + 2));
        lost_parts(reader, step, table.as_deref().unwrap_or_default());
        reader.report(Rule::RebuildTable, step, table);
    }
}

/// Whether a name in double quotes stands where a text would: SQLite takes it for one when no
/// column has that name.
fn has_quoted_text(words: &Words) -> bool {
    let quoted = |at: usize| words.at(at).starts_with('"') && words.at(at + 1) != ".";
    (1..words.len()).filter(|&at| quoted(at)).any(|at| {
        let values = words.find(0, "VALUES (").is_some_and(|values| values < at);
        match words.at(at - 1) {
            "DEFAULT" | "LIKE" | "GLOB" => true,
            // A column may well be compared with another; but a text in double quotes looks so.
            "=" | "==" | "<>" | "!=" => true,
            "(" | "," => values && matches!(words.at(at + 1), "," | ")"),
            _ => false,
        }
    })
}

/// Whether the table that is dropped here gets its name back from its copy later on.
pub(super) fn is_rebuilt(reader: &Reader<'_>, step: usize, name: Option<&String>) -> bool {
    let Some(name) = name.filter(|_| reader.dialect == Dialect::Sqlite) else { return false };
    reader.statements.iter().skip(step + 1).any(|words| {
        words.begins("ALTER TABLE")
            && words.find(2, "RENAME TO").and_then(|at| words.name(at + 2)).as_ref() == Some(name)
    })
}

/// Whether this gives a table the name of one that was dropped before.
pub(super) fn ends_a_rebuild(reader: &Reader<'_>, step: usize, words: &Words) -> bool {
    if reader.dialect != Dialect::Sqlite || !words.begins("ALTER TABLE") {
        return false;
    }
    let Some(name) = words.find(2, "RENAME TO").and_then(|at| words.name(at + 2)) else {
        return false;
    };
    let drops = |words: &Words| words.begins("DROP TABLE") && words.name(2).as_ref() == Some(&name);
    reader.statements.iter().take(step).any(drops)
}

/// What was attached to a rebuilt table and is not made again.
fn lost_parts(reader: &mut Reader<'_>, step: usize, table: &str) {
    let Some(before) = reader.around.before else { return };
    let makes = |kind: Kind, name: &str| {
        let word = if kind == Kind::Index { "INDEX" } else { "TRIGGER" };
        reader.statements.iter().any(|words| {
            let made = created(words, word).and_then(|at| words.name(at));
            made.is_some_and(|made| made.eq_ignore_ascii_case(name))
        })
    };
    let of_it = |of: &str| of.eq_ignore_ascii_case(table);
    let lost: Vec<_> = before
        .objects
        .keys()
        .filter(|key| matches!(key.kind, Kind::Index | Kind::Trigger) && of_it(&key.of))
        .filter(|key| !makes(key.kind, &key.name))
        .cloned()
        .collect();
    let counts = before.objects.iter().any(|(key, object)| {
        of_it(&key.name) && matches!(&object.body, Body::SqliteTable(found) if found.autoincrement)
    });
    let kept = reader
        .statements
        .iter()
        .any(|words| words.has("SQLITE_SEQUENCE") || words.has("\"sqlite_sequence"));
    for key in lost {
        reader.report_of(Rule::RebuildLosesParts, step, Some(key));
    }
    if counts && !kept {
        reader.report(Rule::CounterReset, step, Some(table.to_owned()));
    }
}
