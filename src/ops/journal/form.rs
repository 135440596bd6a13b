//! How a journal writes records: one JSON object a line, values by their class, so that every
//! value is read back as it was.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};

use super::{Born, Commit, Record};
use crate::db::edit::{CellEdit, Key, Reference, RowEdit, RowId, Wanted};
use crate::db::page::Identity;
use crate::db::value::{Truncated, Value};
use crate::schema::RelationName;

/// A line as it was read.
#[derive(Debug)]
pub(super) enum Line {
    /// What became of a row's edit.
    Record(Box<Record>),
    /// A commit was about to be sent, or came to nothing.
    Commit(Option<Commit>),
}

/// The line of a record.
pub(super) fn line(record: &Record) -> String {
    let row = match &record.row {
        RowId::Existing(code) => json!(code),
        RowId::Added(number) => json!(number),
    };
    let identity = match &record.identity {
        Identity::Key(columns) => json!({ "key": columns }),
        Identity::Rowid(name) => json!({ "rowid": name }),
        Identity::Ctid | Identity::None => Json::Null,
    };
    let edit = record.edit.as_ref().map_or(Json::Null, edit);
    json!({
        "table": [record.table.schema, record.table.name],
        "by": identity,
        "row": row,
        "edit": edit,
        "left_out": record.left_out,
    })
    .to_string()
}

/// The line that says that a commit is about to be sent.
pub(super) fn commit(commit: Option<&Commit>) -> String {
    let Some(commit) = commit else { return json!({ "commit": null }).to_string() };
    let born = commit.born.iter().filter_map(|born| {
        let RowId::Added(number) = &born.row else { return None };
        let key: Vec<Json> = born.key.iter().map(value).collect();
        Some(json!([born.table.schema, born.table.name, number, key]))
    });
    let born: Vec<Json> = born.collect();
    json!({ "commit": commit.transaction, "born": born }).to_string()
}

fn read_commit(object: &Map<String, Json>) -> Option<Commit> {
    let transaction = object.get("commit")?.as_str()?.to_owned();
    let born = |json: &Json| {
        let [schema, name, number, key] = json.as_array()?.as_slice() else { return None };
        let key: Option<Key> = key.as_array()?.iter().map(read_value).collect();
        let (table, row) = (RelationName::new(schema.as_str()?, name.as_str()?), number.as_u64()?);
        Some(Born { table, row: RowId::Added(row), key: key? })
    };
    let all = object.get("born").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(Commit { transaction, born: all.iter().filter_map(born).collect() })
}

/// Reads a line; `None` where it is damaged.
pub(super) fn read(line: &str) -> Option<Line> {
    let mut object: Map<String, Json> = serde_json::from_str(line).ok()?;
    if object.contains_key("commit") {
        return Some(Line::Commit(read_commit(&object)));
    }
    let table = texts(object.get("table")?)?;
    let [schema, name] = table.as_slice() else { return None };
    let by = object.get("by")?;
    let identity = match (by.get("key"), by.get("rowid").and_then(Json::as_str)) {
        (Some(columns), _) => Identity::Key(texts(columns)?),
        (None, Some(name)) => Identity::Rowid(name.to_owned()),
        (None, None) => return None,
    };
    let row = match object.get("row")? {
        Json::String(code) => RowId::Existing(code.clone()),
        number => RowId::Added(number.as_u64()?),
    };
    let left_out = texts(object.get("left_out")?)?;
    let edit = match object.remove("edit")? {
        Json::Null => None,
        edit => Some(read_edit(&edit)?),
    };
    let table = RelationName::new(schema.as_str(), name.as_str());
    Some(Line::Record(Box::new(Record { table, identity, row, edit, left_out })))
}

fn texts(list: &Json) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|text| text.as_str().map(ToOwned::to_owned)).collect()
}

fn edit(edit: &RowEdit) -> Json {
    let values = |key: &Key| key.iter().map(value).collect::<Vec<Json>>();
    match edit {
        RowEdit::Changed { key, cells } => {
            let cells = cells.iter().map(|(name, cell)| {
                (name.clone(), json!({ "read": value(&cell.read), "to": wanted(&cell.wanted) }))
            });
            json!({ "key": values(key), "cells": cells.collect::<Map<_, _>>() })
        }
        RowEdit::Added { cells } => {
            let cells = cells.iter().map(|(name, cell)| (name.clone(), wanted(cell)));
            json!({ "new": cells.collect::<Map<_, _>>() })
        }
        RowEdit::Deleted { key, read } => {
            let read = read.iter().map(|(name, held)| (name.clone(), value(held)));
            json!({ "key": values(key), "gone": read.collect::<Map<_, _>>() })
        }
    }
}

fn read_edit(edit: &Json) -> Option<RowEdit> {
    if let Some(cells) = edit.get("new") {
        let cells = cells.as_object()?.iter();
        let cells: Option<BTreeMap<_, _>> =
            cells.map(|(name, cell)| Some((name.clone(), read_wanted(cell)?))).collect();
        return Some(RowEdit::Added { cells: cells? });
    }
    let key: Option<Key> = edit.get("key")?.as_array()?.iter().map(read_value).collect();
    let key = key?;
    if let Some(read) = edit.get("gone") {
        let read = read.as_object()?.iter();
        let read: Option<BTreeMap<_, _>> =
            read.map(|(name, held)| Some((name.clone(), read_value(held)?))).collect();
        return Some(RowEdit::Deleted { key, read: read? });
    }
    let cell = |cell: &Json| {
        let (read, wanted) = (read_value(cell.get("read")?)?, read_wanted(cell.get("to")?)?);
        Some(CellEdit { read, wanted })
    };
    let cells = edit.get("cells")?.as_object()?.iter();
    let cells: Option<BTreeMap<_, _>> =
        cells.map(|(name, held)| Some((name.clone(), cell(held)?))).collect();
    Some(RowEdit::Changed { key, cells: cells? })
}

fn wanted(wanted: &Wanted) -> Json {
    match wanted {
        Wanted::Default => json!("default"),
        Wanted::Row(from) => {
            let RowId::Added(number) = &from.row else { return json!("default") };
            json!({
                "new": number, "of": [from.table.schema, from.table.name],
                "column": from.column, "label": from.label,
            })
        }
        Wanted::Value(held) => value(held),
    }
}

fn read_wanted(json: &Json) -> Option<Wanted> {
    match json {
        Json::String(word) if word == "default" => Some(Wanted::Default),
        Json::Object(object) if object.contains_key("new") => {
            let of = texts(object.get("of")?)?;
            let [schema, name] = of.as_slice() else { return None };
            let text = |name: &str| object.get(name)?.as_str().map(ToOwned::to_owned);
            Some(Wanted::Row(Reference {
                table: RelationName::new(schema.as_str(), name.as_str()),
                row: RowId::Added(object.get("new")?.as_u64()?),
                column: text("column")?,
                label: text("label")?,
            }))
        }
        other => read_value(other).map(Wanted::Value),
    }
}

fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => json!({ "t": text }),
        Value::Integer(number) => json!({ "i": number.to_string() }),
        // By its bits: infinities have no word in JSON.
        Value::Real(number) => json!({ "r": format!("{:016x}", number.to_bits()) }),
        Value::Blob(bytes) => json!({ "b": BASE64.encode(bytes) }),
        Value::Malformed(bytes) => json!({ "m": BASE64.encode(bytes) }),
        Value::Truncated(long) => {
            let digest = long.digest.map(|digest| BASE64.encode(digest));
            json!({ "l": long.bytes.to_string(), "p": self::value(&long.prefix), "s": digest })
        }
    }
}

fn read_value(json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    if let Some(found) = text("t") {
        return Some(Value::text(found));
    }
    if let Some(number) = text("i") {
        return number.parse().ok().map(Value::Integer);
    }
    if let Some(bits) = text("r") {
        return u64::from_str_radix(bits, 16).ok().map(|bits| Value::Real(f64::from_bits(bits)));
    }
    if let Some(bytes) = text("b") {
        return BASE64.decode(bytes).ok().map(|bytes| Value::Blob(bytes.into()));
    }
    if let Some(bytes) = text("m") {
        return BASE64.decode(bytes).ok().map(|bytes| Value::Malformed(bytes.into()));
    }
    let (bytes, prefix) = (text("l")?.parse().ok()?, read_value(json.get("p")?)?);
    let digest = match text("s") {
        Some(digest) => Some(BASE64.decode(digest).ok()?.try_into().ok()?),
        None => None,
    };
    Some(Value::Truncated(Box::new(Truncated { prefix, bytes, digest })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read_back_as_it_was() {
        let long = Truncated { prefix: Value::text("a"), bytes: 5000, digest: Some([7; 32]) };
        let values = [
            Value::Null,
            Value::text("null \" \\ ü\0"),
            Value::Integer(i64::MIN),
            Value::Real(f64::NEG_INFINITY),
            Value::Real(-0.0),
            Value::Blob([0, 255].into()),
            Value::Malformed([0xff].into()),
            Value::Truncated(Box::new(long)),
        ];
        for held in &values {
            assert_eq!(read_value(&value(held)).as_ref(), Some(held));
        }
        let cells = values.iter().enumerate().map(|(at, held)| {
            (at.to_string(), CellEdit { read: held.clone(), wanted: Wanted::Default })
        });
        let key: Key = [Value::Integer(1)].into();
        let record = Record {
            table: RelationName::new("a b", "c\nd"),
            identity: Identity::Key(vec!["id".to_owned()]),
            row: RowId::of(&key),
            edit: Some(RowEdit::Changed { key, cells: cells.collect() }),
            left_out: vec!["secret".to_owned()],
        };
        let written = line(&record);
        assert_eq!(written.lines().count(), 1);
        let Some(Line::Record(read)) = read(&written) else { panic!("{written}") };
        assert_eq!(*read, record);
    }

    #[test]
    fn damage_is_no_record() {
        for damaged in ["", "{", "[]", "{}", "{\"table\":[\"a\"]}"] {
            assert!(read(damaged).is_none(), "{damaged}");
        }
        let born = Born {
            table: RelationName::new("a", "b"),
            row: RowId::Added(3),
            key: [Value::Integer(9)].into(),
        };
        for about in [None, Some(Commit { transaction: "7".to_owned(), born: vec![born] })] {
            let Some(Line::Commit(read)) = read(&commit(about.as_ref())) else { panic!("lost") };
            assert_eq!(read, about);
        }
    }
}
