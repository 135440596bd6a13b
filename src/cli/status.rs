//! The status of a database as a person reads it, and as JSON for scripts. The JSON is a promise:
//! the README documents every key of it, keys are only ever added, and a test compares the two.

use serde_json::{Value, json};

use super::migrations;
use super::print::{Paint, Role, harmless};
use crate::config::{Origin, RequirementState, State, Target};
use crate::ops::chronicle::Entry;
use crate::ops::past::{self, LastBackup, Past};
use crate::ops::status::{DatabaseStatus, MigrationStatus, RelationStatus, Rows};
use crate::schema::{Column, Relation};
use crate::text;

/// The version of the JSON's form; it grows only when a key changes its meaning.
const FORMAT: u32 = 1;

/// So many operations are shown; the JSON has more of them.
const SHOWN: usize = 5;

/// Everything the status shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// The database that was asked.
    pub(super) target: &'a Target,
    /// What it said.
    pub(super) database: &'a DatabaseStatus,
    /// How the variables stand that the project requires.
    pub(super) required: &'a [RequirementState],
    /// How the migrations stand, if there are any.
    pub(super) migrations: Option<&'a MigrationStatus>,
    /// The last backup, and what was done last.
    pub(super) past: &'a Past,
}

impl Page<'_> {
    /// As JSON.
    pub(super) fn to_json(self) -> Value {
        let server = &self.database.server;
        let target = self.target;
        let relations: Vec<Value> = self.database.relations.iter().map(relation_json).collect();
        let required: Vec<Value> = self.required.iter().map(required_json).collect();
        json!({
            "format": FORMAT,
            "connection": {
                "name": target.name,
                "engine": server.engine.name(),
                "place": server.place,
                "origin": origin(&target.origin),
                "protection": target.protection.word(),
                "read_only": server.read_only,
                "pooled": server.pooled,
            },
            "server": {
                "version": server.version,
                "database": server.database,
                "user": server.user,
                "time_zone": server.time_zone,
                "encoding": server.encoding,
                "tls": server.tls,
                "bytes": server.bytes,
                "latency_ms": milliseconds(server.latency),
            },
            "required": required,
            "migrations": self.migrations.map(migrations::to_json),
            "backup": self.past.backup.as_ref().map(backup_json),
            "operations": self.past.operations.iter().map(operation_json).collect::<Vec<_>>(),
            "relations": relations,
            "unseen": self.database.unseen,
        })
    }

    /// As text.
    pub(super) fn to_text(self, paint: Paint) -> String {
        let mut text = String::new();
        self.write_connection(paint, &mut text);
        self.write_required(paint, &mut text);
        if let Some(migrations) = self.migrations {
            text.push_str(&migrations::to_text(migrations, paint));
        }
        self.write_past(paint, &mut text);
        self.write_relations(paint, &mut text);
        if !self.database.unseen.is_empty() {
            text.push_str(&format!("\n{}\n", paint.text(Role::Heading, "Not seen")));
            for sentence in &self.database.unseen {
                text.push_str(&format!("  {}\n", harmless(sentence)));
            }
        }
        text
    }

    fn write_connection(self, paint: Paint, text: &mut String) {
        let (server, target) = (&self.database.server, self.target);
        let name = target.name.as_deref().unwrap_or(&server.database);
        let product = format!("{} {}", server.engine.name(), server.version);
        let protection = target.protection.word();
        let role = match protection {
            "development" => Role::Good,
            "staging" => Role::Warning,
            _ => Role::Danger,
        };
        text.push_str(&format!(
            "{} · {} · {}\n",
            paint.text(Role::Heading, &harmless(name)),
            harmless(&product),
            paint.text(role, protection)
        ));
        let access = if server.read_only { "read-only" } else { "read and write" };
        let pooled = if server.pooled { ", behind a transaction pooler" } else { "" };
        let facts = [
            ("place", Some(server.place.clone())),
            ("from", Some(origin(&target.origin))),
            ("database", Some(server.database.clone())),
            ("user", server.user.clone()),
            ("access", Some(format!("{access}{pooled}"))),
            ("TLS", server.tls.clone()),
            ("encoding", Some(server.encoding.clone())),
            ("time zone", server.time_zone.clone()),
            ("size", server.bytes.map(text::short_bytes)),
            ("latency", Some(format!("{:.1} ms", milliseconds(server.latency)))),
        ];
        for (label, fact) in facts {
            if let Some(fact) = fact {
                let label = paint.text(Role::Muted, &format!("{label:<9}"));
                text.push_str(&format!("  {label}  {}\n", harmless(&fact)));
            }
        }
    }

    fn write_required(self, paint: Paint, text: &mut String) {
        if self.required.is_empty() {
            return;
        }
        text.push_str(&format!("\n{}\n", paint.text(Role::Heading, "Required variables")));
        let widest = self.required.iter().map(|one| one.name.len()).max().unwrap_or_default();
        for one in self.required {
            let (role, state) = match &one.state {
                State::Met => (Role::Good, "set".to_owned()),
                State::Missing => (Role::Danger, format!("missing; must be {}", one.rule)),
                State::Invalid(reason) => (Role::Danger, format!("wrong: {reason}")),
            };
            let state = paint.text(role, &harmless(&state));
            text.push_str(&format!("  {:<widest$}  {state}\n", harmless(&one.name)));
        }
    }

    /// The last backup, and what was done last.
    fn write_past(self, paint: Paint, text: &mut String) {
        if let Some(last) = &self.past.backup {
            text.push_str(&format!("\n{}\n", paint.text(Role::Heading, "Last backup")));
            let (role, state) = match last.is_there {
                true => (Role::Good, "verified when it was made"),
                false => (Role::Danger, "its file is gone, or another"),
            };
            text.push_str(&format!(
                "  {}  {} ago · {} · {}\n",
                harmless(&last.backup.file),
                last.age_in_words(),
                text::short_bytes(last.backup.bytes),
                paint.text(role, state)
            ));
        }
        let all = &self.past.operations;
        if all.is_empty() {
            return;
        }
        text.push_str(&format!("\n{}\n", paint.text(Role::Heading, "Last operations")));
        let widest = all.iter().take(SHOWN).map(|one| text::width(&one.what)).max().unwrap_or(0);
        for one in all.iter().take(SHOWN) {
            let role = if one.is_done() { Role::Good } else { Role::Warning };
            let gap = " ".repeat(widest.saturating_sub(text::width(&one.what)));
            text.push_str(&format!(
                "  {}  {}{gap}  {}  {}  {}\n",
                paint.text(Role::Muted, &harmless(one.second())),
                harmless(&one.what),
                harmless(&one.target),
                paint.text(role, &harmless(&one.outcome)),
                paint.text(Role::Muted, &harmless(&past::by(one)))
            ));
        }
    }

    fn write_relations(self, paint: Paint, text: &mut String) {
        let relations = &self.database.relations;
        text.push_str(&format!("\n{}\n", paint.text(Role::Heading, "Tables")));
        if relations.is_empty() {
            text.push_str("  none yet\n");
            return;
        }
        let heads = ["", "", "columns", "rows", "table", "indexes"];
        let mut grid: Vec<[String; 6]> = vec![heads.map(str::to_owned)];
        grid.extend(relations.iter().map(|relation| {
            let size =
                |bytes_known: Option<u64>| bytes_known.map_or_else(String::new, text::short_bytes);
            [
                harmless(&relation.name.to_string()),
                relation.kind.word().to_owned(),
                relation.columns.to_string(),
                relation.rows.map_or_else(String::new, rows),
                size(relation.table_bytes),
                size(relation.index_bytes),
            ]
        }));
        let widths: [usize; 6] = std::array::from_fn(|column| {
            grid.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| text::width(cell))
                .max()
                .unwrap_or(0)
        });
        let details = std::iter::once(None).chain(relations.iter().map(|one| one.details.as_ref()));
        for ((number, row), details) in grid.iter().enumerate().zip(details) {
            let line = aligned(row, &widths);
            let line = if number == 0 { paint.text(Role::Muted, &line) } else { line };
            text.push_str(&format!("  {line}\n"));
            for column in details.iter().flat_map(|relation| column_lines(relation)) {
                text.push_str(&format!("      {}\n", paint.text(Role::Muted, &column)));
            }
        }
    }
}

/// Names to the left, numbers to the right.
fn aligned(row: &[String; 6], widths: &[usize; 6]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        let space = " ".repeat(width.saturating_sub(text::width(cell)));
        if column < 2 { format!("{cell}{space}") } else { format!("{space}{cell}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn column_lines(relation: &Relation) -> Vec<String> {
    let line = |column: &Column| {
        let mut line = harmless(&format!("{} {}", column.name, column.type_name));
        if relation.in_primary_key(&column.name) {
            line.push_str(" · primary key");
        }
        if !column.nullable {
            line.push_str(" · not null");
        }
        if let Some(key) = relation.foreign_key_of(&column.name) {
            line.push_str(&harmless(&format!(" · refers to {}", key.target)));
        }
        line
    };
    relation.columns.iter().map(line).collect()
}

fn relation_json(relation: &RelationStatus) -> Value {
    let (rows, rows_exact) = match relation.rows {
        Some(Rows::Exactly(rows)) => (Some(rows), true),
        Some(Rows::About(rows)) => (Some(rows), false),
        None => (None, false),
    };
    json!({
        "schema": relation.name.schema,
        "name": relation.name.name,
        "kind": relation.kind.word(),
        "column_count": relation.columns,
        "columns": relation.details.as_ref().map(columns_json),
        "rows": rows,
        "rows_exact": rows_exact,
        "table_bytes": relation.table_bytes,
        "index_bytes": relation.index_bytes,
    })
}

fn columns_json(relation: &Relation) -> Vec<Value> {
    let column_json = |column: &Column| {
        json!({
            "name": column.name,
            "type": column.type_name,
            "nullable": column.nullable,
            "default": column.default,
            "primary_key": relation.in_primary_key(&column.name),
            "references": relation.foreign_key_of(&column.name).map(|key| key.target.to_string()),
        })
    };
    relation.columns.iter().map(column_json).collect()
}

fn backup_json(last: &LastBackup) -> Value {
    json!({
        "file": last.backup.file,
        "at": last.moment(),
        "age_seconds": last.age,
        "bytes": last.backup.bytes,
        "tables": last.backup.tables,
        "there": last.is_there,
    })
}

fn operation_json(one: &Entry) -> Value {
    let text = |item: &Value, name: &str| item.get(name).cloned().unwrap_or_default();
    let checklist = one.detail.get("checklist").and_then(Value::as_array);
    let item = |item: &Value| {
        json!({
            "item": text(item, "item"),
            "shown": text(item, "shown"),
            "acknowledged": text(item, "acknowledged"),
            "reason": text(item, "reason"),
        })
    };
    json!({
        "at": one.at,
        "what": one.what,
        "target": one.target,
        "who": one.who,
        "origin": one.origin,
        "outcome": one.outcome,
        "reason": one.detail.get("reason"),
        "checklist": checklist.map(|items| items.iter().map(item).collect::<Vec<_>>()),
    })
}

fn required_json(one: &RequirementState) -> Value {
    let (state, reason) = match &one.state {
        State::Met => ("met", None),
        State::Missing => ("missing", None),
        State::Invalid(reason) => ("invalid", Some(reason)),
    };
    json!({ "name": one.name, "rule": one.rule, "state": state, "reason": reason })
}

/// Where the address came from, in words.
fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Flag => "the command line".to_owned(),
        Origin::Variable(name) => format!("the variable {name}"),
        Origin::Environment(name) => format!("the environment {name}"),
        Origin::Saved(name) => format!("the saved connection {name}"),
        Origin::Demo => "the demo project".to_owned(),
        Origin::Recent => "a database opened before".to_owned(),
    }
}

fn milliseconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// A number of rows: exact as it is, an estimate with its sign.
fn rows(rows: Rows) -> String {
    match rows {
        Rows::Exactly(count) => text::grouped(count),
        Rows::About(count) => format!("~ {}", text::short_count(count)),
    }
}
