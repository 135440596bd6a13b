//! What goes on in the database: load, sessions and who waits for whom, dead rows, indexes that
//! cost more than they give; on SQLite how the file is doing.

use std::time::Duration;

use super::StatusPane;
use super::sheet::{Writing, gauge, one, spark};
use crate::app::panes::schema::SchemaLine;
use crate::app::span::{Ink, Span};
use crate::db::vitals::{FileFacts, IndexFacts, ServerSession, Vitals};
use crate::text;

/// The cells of a spark line.
const SPARK: usize = 30;

/// The lines.
pub fn lines(pane: &StatusPane) -> Vec<SchemaLine> {
    let mut out = Writing::default();
    let Some(vitals) = &pane.vitals else { return out.lines };
    load(pane, vitals, &mut out);
    if let Some(file) = &vitals.file {
        self::file(file, &mut out);
    } else {
        sessions(vitals, &mut out);
        dead(vitals, &mut out);
        unused(vitals, &mut out);
    }
    duplicates(vitals, &mut out);
    out.lines
}

fn percent(part: f64) -> String {
    format!("{:>5.1} %", part * 100.0)
}

/// A gauge and its words.
fn measured(out: &mut Writing, label: &'static str, part: f64, ink: Ink, words: String) {
    let picture = vec![gauge(part), Span::new(ink, format!("  {words}"))];
    out.entry(vec![one(Ink::Muted, label), picture]);
}

fn load(pane: &StatusPane, vitals: &Vitals, out: &mut Writing) {
    let Some(counters) = &vitals.counters else { return };
    out.heading("Load", 0);
    let rates = pane.rates.iter();
    match pane.rates.back() {
        None => out.fact("transactions", Ink::Muted, "measuring…"),
        Some(last) => {
            let picture = spark(rates.clone().map(|rate| rate.transactions), SPARK);
            let words = Span::new(Ink::Text, format!("  {:.0} a second", last.transactions));
            out.entry(vec![one(Ink::Muted, "transactions"), vec![picture, words]]);
            let picture = spark(rates.map(|rate| rate.reads), SPARK);
            let words = Span::new(Ink::Text, format!("  {:.0} blocks a second", last.reads));
            out.entry(vec![one(Ink::Muted, "read"), vec![picture, words]]);
        }
    }
    if let Some(rate) = counters.hit_rate() {
        let ink = if rate < 0.9 { Ink::Warning } else { Ink::Text };
        measured(out, "from memory", rate, ink, percent(rate));
    }
    if let Some((used, most)) = vitals.connections.filter(|(_, most)| *most > 0) {
        let part = used as f64 / most as f64;
        let ink = if part > 0.8 { Ink::Danger } else { Ink::Text };
        measured(out, "connections", part, ink, format!("{used} of {most}"));
    }
    if counters.deadlocks > 0 {
        out.fact("deadlocks", Ink::Warning, text::grouped(counters.deadlocks));
    }
    if counters.temporary_bytes > 0 {
        let words = format!("{} written", text::short_bytes(counters.temporary_bytes));
        out.fact("temporary", Ink::Text, words);
    }
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn sessions(vitals: &Vitals, out: &mut Writing) {
    out.heading("Sessions", vitals.sessions.len());
    if vitals.sessions.is_empty() {
        out.detail(Ink::Muted, "Nobody else is connected to this database.");
    }
    let blockers: Vec<i64> =
        vitals.sessions.iter().flat_map(|one| one.blocked_by.iter().copied()).collect();
    for session in &vitals.sessions {
        self::session(session, blockers.contains(&session.pid), out);
    }
}

fn session(session: &ServerSession, blocks: bool, out: &mut Writing) {
    let since = session.since.map(time).unwrap_or_default();
    let ink = match (&*session.state, blocks, session.blocked_by.is_empty()) {
        (_, true, _) => Ink::Danger,
        (_, _, false) => Ink::Warning,
        ("idle in transaction" | "idle in transaction (aborted)", ..) => Ink::Warning,
        ("active", ..) => Ink::Strong,
        _ => Ink::Muted,
    };
    out.entry(vec![
        one(Ink::Number, session.pid.to_string()),
        one(Ink::Text, session.user.clone()),
        one(ink, session.state.clone()),
        one(Ink::Muted, since),
        one(Ink::Muted, session.program.clone()),
    ]);
    if !session.blocked_by.is_empty() {
        let pids: Vec<String> = session.blocked_by.iter().map(i64::to_string).collect();
        out.detail(Ink::Warning, format!("  waits for {}", pids.join(", ")));
    } else if blocks {
        out.detail(Ink::Danger, "  others wait for it");
    }
    if session.state != "idle" && !session.query.is_empty() {
        out.detail(Ink::Muted, format!("  {}", session.query));
    }
}

fn dead(vitals: &Vitals, out: &mut Writing) {
    if vitals.dead.is_empty() {
        return;
    }
    out.heading("Dead rows", vitals.dead.len());
    for table in &vitals.dead {
        let part = table.dead as f64 / (table.dead + table.live).max(1) as f64;
        let ink = if part > 0.2 { Ink::Warning } else { Ink::Text };
        let vacuumed = table.vacuumed.as_ref().map(|when| format!("vacuumed {when}"));
        out.entry(vec![
            one(Ink::Text, table.table.clone()),
            vec![gauge(part), Span::new(ink, format!("  {}", text::short_count(table.dead)))],
            one(Ink::Muted, vacuumed.unwrap_or_else(|| "never vacuumed".to_owned())),
        ]);
    }
}

fn size(index: &IndexFacts) -> String {
    index.bytes.map(text::short_bytes).unwrap_or_default()
}

fn unused(vitals: &Vitals, out: &mut Writing) {
    if vitals.unused.is_empty() {
        return;
    }
    out.heading("Indexes no query has used", vitals.unused.len());
    for index in &vitals.unused {
        out.entry(vec![
            one(Ink::Text, index.name.clone()),
            one(Ink::Number, size(index)),
            one(Ink::Muted, format!("on {}", index.table)),
        ]);
    }
}

fn duplicates(vitals: &Vitals, out: &mut Writing) {
    if vitals.duplicates.is_empty() {
        return;
    }
    out.heading("Indexes another one covers", vitals.duplicates.len());
    for (index, other) in &vitals.duplicates {
        out.entry(vec![
            one(Ink::Text, index.name.clone()),
            one(Ink::Number, size(index)),
            one(Ink::Muted, format!("covered by {other}")),
        ]);
    }
}

fn file(file: &FileFacts, out: &mut Writing) {
    out.heading("File", 0);
    let bytes = file.pages.saturating_mul(file.page_bytes);
    let pages = format!(
        "{} in {} pages of {}",
        text::short_bytes(bytes),
        text::grouped(file.pages),
        text::short_bytes(file.page_bytes)
    );
    out.fact("size", Ink::Text, pages);
    let part = file.free_pages as f64 / file.pages.max(1) as f64;
    let ink = if part > 0.25 { Ink::Warning } else { Ink::Text };
    let hint = if part > 0.25 { "; VACUUM gives it back" } else { "" };
    measured(out, "free inside", part, ink, format!("{}{hint}", percent(part)));
    out.fact("journal", Ink::Text, file.journal_mode.clone());
    out.fact("user_version", Ink::Text, file.user_version.to_string());
}
