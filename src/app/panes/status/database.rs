//! What the database is: the connection, the required variables, the tables with their sizes.

use super::StatusPane;
use super::sheet::{Cells, Writing, gauge, one};
use crate::app::panes::schema::SchemaLine;
use crate::app::span::{Ink, Span};
use crate::config::{Protection, State, Target};
use crate::db::{Engine, ServerFacts};
use crate::ops::dashboard::Inventory;
use crate::ops::past::Past;
use crate::ops::status::{RelationStatus, Rows};
use crate::text;

/// So many operations are shown; the timeline of the migrations view has them all.
const OPERATIONS: usize = 3;

/// The lines.
pub fn lines(pane: &StatusPane, facts: &ServerFacts, target: Option<&Target>) -> Vec<SchemaLine> {
    let mut out = Writing::default();
    connection(facts, target, &mut out);
    if let Some(inventory) = &pane.inventory {
        required(inventory, &mut out);
        migrations(inventory, &mut out);
        drift(pane, inventory, &mut out);
        past(&inventory.past, &mut out);
        tables(inventory, &mut out);
    }
    out.lines
}

fn connection(facts: &ServerFacts, target: Option<&Target>, out: &mut Writing) {
    out.heading("Connection", 0);
    let version = format!("{} {}", facts.engine.name(), facts.version);
    out.fact("server", Ink::Strong, version);
    out.fact("place", Ink::Text, facts.place.clone());
    out.fact("database", Ink::Text, facts.database.clone());
    if let Some(user) = &facts.user {
        out.fact("role", Ink::Text, user.clone());
    }
    if let Some(target) = target {
        let (ink, word) = match target.protection {
            Protection::Production => (Ink::Danger, "production"),
            Protection::Staging => (Ink::Warning, "staging"),
            Protection::Development => (Ink::Text, "development"),
        };
        let name = target.name.as_deref().filter(|name| *name != word);
        let name = name.map_or_else(|| word.to_owned(), |name| format!("{name} ({word})"));
        out.fact("environment", ink, name);
    }
    let access = if facts.read_only { "read-only" } else { "read and write" };
    let pooled = if facts.pooled { ", behind a transaction pooler" } else { "" };
    out.fact("access", Ink::Text, format!("{access}{pooled}"));
    if let Some(tls) = &facts.tls {
        out.fact("TLS", Ink::Text, tls.clone());
    }
    // That of a file stands with what else is known of it now.
    if let Some(bytes) = facts.bytes.filter(|_| facts.engine == Engine::Postgres) {
        out.fact("size", Ink::Text, text::short_bytes(bytes));
    }
    let milliseconds = facts.latency.as_secs_f64() * 1_000.0;
    out.fact("latency", Ink::Text, format!("{milliseconds:.1} ms"));
}

fn required(inventory: &Inventory, out: &mut Writing) {
    if inventory.required.is_empty() {
        return;
    }
    out.heading("Required variables", inventory.required.len());
    for one_of in &inventory.required {
        let (ink, words) = match &one_of.state {
            State::Met => (Ink::Text, "set, as it should be".to_owned()),
            State::Missing => (Ink::Danger, format!("missing; {}", one_of.rule)),
            State::Invalid(why) => (Ink::Danger, why.clone()),
        };
        out.entry(vec![one(Ink::Strong, one_of.name.clone()), one(ink, words)]);
    }
}

/// How the migrations stand, in two or three lines.
fn migrations(inventory: &Inventory, out: &mut Writing) {
    let Some(status) = &inventory.migrations else { return };
    out.heading("Migrations", 0);
    let last = status.last().map(|entry| format!(", the last {}", entry.name));
    out.fact("applied", Ink::Text, format!("{}{}", status.applied(), last.unwrap_or_default()));
    let pending = status.standing.pending().count();
    let (ink, words) = match pending {
        0 => (Ink::Muted, "none".to_owned()),
        _ => (Ink::Warning, format!("{pending}; 3 shows them")),
    };
    out.fact("pending", ink, words);
    let settled = |word: &str| word == "applied" || word == "pending";
    let words = status.standing.entries.iter().map(|entry| entry.state.word());
    let odd: Vec<&str> = words.filter(|word| !settled(word)).collect();
    if !odd.is_empty() {
        let words = format!("{} ({}); 3 shows them", odd.len(), odd.join(", "));
        out.fact("to look at", Ink::Danger, words);
    }
}

/// How database, migrations and schema differ, once somebody asked.
fn drift(pane: &StatusPane, inventory: &Inventory, out: &mut Writing) {
    if inventory.migrations.is_none() && pane.drift.is_none() {
        return;
    }
    let Some(drifting) = &pane.drift else {
        let words = if pane.looking { "looking for it…" } else { "D looks for it" };
        return out.fact("drift", Ink::Muted, words);
    };
    let three = [
        ("database and migrations", Some(&drifting.found.drift), Ink::Danger),
        ("migrations and schema", drifting.found.unwritten.as_ref(), Ink::Warning),
        ("database and schema", drifting.found.behind.as_ref(), Ink::Warning),
    ];
    let at = drifting.at.get(11..16).unwrap_or(&drifting.at);
    let when = if pane.looking { "looking again…".to_owned() } else { format!("at {at} UTC") };
    out.fact("drift", Ink::Muted, when);
    for (label, found, ink) in three {
        let Some(found) = found else { continue };
        let (ink, words) = match found.as_slice() {
            [] => (Ink::Good, "alike".to_owned()),
            [one, rest @ ..] => {
                let more = if rest.is_empty() { "" } else { ", …" };
                let words = format!("{}: {} {}{more}", found.len(), one.key.kind.word(), one.key);
                (ink, words)
            }
        };
        out.fact(label, ink, words);
    }
}

/// The last backup, and the last of what was done.
fn past(past: &Past, out: &mut Writing) {
    out.heading("Backup and operations", 0);
    match &past.backup {
        None => out.fact("last backup", Ink::Warning, "none of this database; dbstudio backup"),
        Some(last) => {
            let (ink, state) = match last.is_there {
                true => (Ink::Good, "verified"),
                false => (Ink::Danger, "its file is gone, or another"),
            };
            let size = text::short_bytes(last.backup.bytes);
            let words = format!("{} ago, {size}, {state}", last.age_in_words());
            out.fact("last backup", ink, words);
            out.fact("", Ink::Muted, last.backup.file.clone());
        }
    }
    for one in past.operations.iter().take(OPERATIONS) {
        let ink = if one.is_done() { Ink::Text } else { Ink::Warning };
        let day = one.minute().to_owned();
        let words = format!("{} {}: {}", one.what, one.target, one.outcome);
        out.entry(vec![self::one(Ink::Muted, day), self::one(ink, words)]);
    }
}

fn bytes(relation: &RelationStatus) -> u64 {
    relation.table_bytes.unwrap_or(0).saturating_add(relation.index_bytes.unwrap_or(0))
}

/// The relations, the largest first.
fn tables(inventory: &Inventory, out: &mut Writing) {
    let mut relations: Vec<&RelationStatus> = inventory.database.relations.iter().collect();
    relations.sort_by_key(|relation| std::cmp::Reverse(bytes(relation)));
    out.heading("Tables", relations.len());
    if relations.is_empty() {
        out.detail(Ink::Muted, "None yet. dbstudio setup makes those of the schema.");
        return;
    }
    let most = relations.first().map_or(0, |relation| bytes(relation));
    let only = relations.iter().all(|one| one.name.schema == "public" || one.name.schema == "main");
    for relation in relations {
        out.entry(table(relation, most, only));
    }
}

fn table(relation: &RelationStatus, most: u64, only: bool) -> Cells {
    let name = if only { relation.name.name.clone() } else { relation.name.to_string() };
    let rows = match relation.rows {
        None => String::new(),
        Some(Rows::Exactly(rows)) => text::grouped(rows),
        Some(Rows::About(rows)) => format!("~ {}", text::short_count(rows)),
    };
    let all = bytes(relation);
    let size = if all == 0 { String::new() } else { text::short_bytes(all) };
    let part = if most == 0 { 0.0 } else { all as f64 / most as f64 };
    let picture = if all == 0 { Vec::new() } else { vec![gauge(part)] };
    let columns = if relation.columns == 1 { "column" } else { "columns" };
    vec![
        one(Ink::Text, name),
        right(rows, 9),
        right(size, 8),
        picture,
        one(Ink::Muted, format!("{} {columns}", relation.columns)),
    ]
}

/// Words at the right of a cell.
fn right(words: String, cells: usize) -> Vec<Span<'static>> {
    let blank = cells.saturating_sub(text::width(&words));
    vec![Span::new(Ink::Number, format!("{}{words}", " ".repeat(blank)))]
}
