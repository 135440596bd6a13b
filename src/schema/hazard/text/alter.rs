//! `ALTER TABLE`, each of its parts on its own.

use super::Reader;
use crate::schema::hazard::Rule;
use crate::schema::hazard::words::Words;
use crate::schema::model::{Key, Kind};
use crate::sql::Dialect;

pub(super) fn read(reader: &mut Reader<'_>, step: usize, words: &Words) {
    let name = words.name(2);
    if !reader.is_old(name.as_ref()) {
        return;
    }
    let table = name.unwrap_or_default();
    for start in parts(words) {
        part(reader, step, words, start, &table);
    }
}

/// Where each part begins: after the table's name, and after each comma outside brackets.
fn parts(words: &Words) -> Vec<usize> {
    let mut at = 2;
    while matches!(words.at(at), "IF" | "EXISTS" | "ONLY") {
        at += 1;
    }
    while words.at(at + 1) == "." {
        at += 2;
    }
    at += 1;
    if words.at(at) == "*" {
        at += 1;
    }
    let mut out = vec![at];
    let mut depth = 0usize;
    for next in at..words.len() {
        match words.at(next) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => out.push(next + 1),
            _ => {}
        }
    }
    out
}

fn part(reader: &mut Reader<'_>, step: usize, words: &Words, at: usize, table: &str) {
    let column = |at: usize| {
        let at = if words.at(at) == "COLUMN" { at + 1 } else { at };
        words.name(at).map(|name| Key::part(Kind::Column, "", table, name))
    };
    let of_table = Some(Key::new(Kind::Table, "", table));
    match (words.at(at), words.at(at + 1)) {
        ("DROP", "CONSTRAINT") => reader.report_of(Rule::DropConstraint, step, of_table),
        ("DROP", _) => reader.report_of(Rule::DropColumn, step, column(at + 1)),
        ("RENAME", "TO") => {
            // The last step of a rebuild gives a table the name that is free for it.
            let copied = super::sqlite::ends_a_rebuild(reader, step, words);
            if !copied {
                reader.report_of(Rule::RenameTable, step, of_table);
            }
        }
        ("RENAME", "CONSTRAINT") => reader.report_of(Rule::RenameObject, step, of_table),
        ("RENAME", _) => reader.report_of(Rule::RenameColumn, step, column(at + 1)),
        ("ADD", _) => added(reader, step, words, at + 1, table),
        ("ALTER", _) => changed(reader, step, words, at + 1, table),
        ("VALIDATE", _) => reader.report_of(Rule::ValidateConstraint, step, of_table),
        ("ENABLE", "ROW") => reader.report_of(Rule::EnableRowSecurity, step, of_table),
        _ => {}
    }
    let cascades = words.at(at) == "DROP" && words.has_outside(at, "CASCADE");
    if cascades {
        reader.report(Rule::DropCascade, step, Some(table.to_owned()));
    }
}

fn added(reader: &mut Reader<'_>, step: usize, words: &Words, at: usize, table: &str) {
    let at = if words.at(at) == "CONSTRAINT" { at + 2 } else { at };
    let late = words.has("NOT VALID") || words.has("USING INDEX");
    let rule = match (words.at(at), words.at(at + 1)) {
        ("PRIMARY", "KEY") => Rule::AddPrimaryKey,
        ("UNIQUE", _) => Rule::AddUnique,
        ("CHECK", "(") => Rule::AddCheck,
        ("FOREIGN", "KEY") => Rule::AddForeignKey,
        ("EXCLUDE", _) => Rule::AddExclusion,
        _ => return column(reader, step, words, at, table),
    };
    if !late {
        reader.report(rule, step, Some(table.to_owned()));
    }
}

fn column(reader: &mut Reader<'_>, step: usize, words: &Words, at: usize, table: &str) {
    let mut at = if words.at(at) == "COLUMN" { at + 1 } else { at };
    while matches!(words.at(at), "IF" | "NOT" | "EXISTS") {
        at += 1;
    }
    let Some(name) = words.name(at) else { return };
    let key = Some(Key::part(Kind::Column, "", table, name));
    let end = end_of_part(words, at);
    let has = |phrase: &str| words.find(at + 1, phrase).is_some_and(|found| found < end);
    let filled =
        has("DEFAULT") || has("GENERATED") || has("AS IDENTITY") || is_serial(words.at(at + 1));
    if has("NOT NULL") && !filled {
        reader.report_of(Rule::AddRequired, step, key.clone());
    }
    match reader.dialect {
        Dialect::Sqlite => {
            let computed = has("DEFAULT (")
                || has("DEFAULT CURRENT_TIMESTAMP")
                || has("DEFAULT CURRENT_DATE")
                || has("DEFAULT CURRENT_TIME");
            if computed {
                reader.report_of(Rule::NonConstantDefault, step, key);
            }
        }
        Dialect::Postgres => {
            let volatile =
                words.find(at, "DEFAULT").filter(|found| *found < end).is_some_and(|found| {
                    const STABLE: &[&str] = &["NOW", "CURRENT_TIMESTAMP", "TIMEZONE"];
                    words.at(found + 2) == "(" && !STABLE.contains(&words.at(found + 1))
                });
            let numbered = is_serial(words.at(at + 1)) || has("AS IDENTITY") || has("STORED");
            if volatile || numbered {
                reader.report_of(Rule::RewriteTable, step, key);
            }
        }
    }
}

/// Where the part of ALTER TABLE that holds this place ends.
fn end_of_part(words: &Words, at: usize) -> usize {
    let mut depth = 0usize;
    for next in at..words.len() {
        match words.at(next) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => return next,
            _ => {}
        }
    }
    words.len()
}

fn is_serial(word: &str) -> bool {
    matches!(word, "SERIAL" | "BIGSERIAL" | "SMALLSERIAL" | "SERIAL4" | "SERIAL8" | "SERIAL2")
}

fn changed(reader: &mut Reader<'_>, step: usize, words: &Words, at: usize, table: &str) {
    let at = if words.at(at) == "COLUMN" { at + 1 } else { at };
    let key = words.name(at).map(|name| Key::part(Kind::Column, "", table, name));
    let rule = match (words.at(at + 1), words.at(at + 2), words.at(at + 3)) {
        ("SET", "NOT", "NULL") => Rule::SetNotNull,
        ("DROP", "NOT", "NULL") => Rule::DropNotNull,
        ("DROP", "DEFAULT", _) => Rule::DropDefault,
        ("TYPE", ..) | ("SET", "DATA", "TYPE") => Rule::NarrowType,
        _ => return,
    };
    reader.report_of(rule, step, key);
}
