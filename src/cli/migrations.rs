//! How migrations stand, as the status shows it: how many are applied and when the last one was,
//! every one that is not simply applied, and the drift where it was looked for.

use serde_json::{Value, json};

use super::drift::{DATABASE_MIGRATIONS, DATABASE_SCHEMA, MIGRATIONS_SCHEMA, difference_json};
use super::print::{Paint, Role, harmless};
use crate::migrations::{Entry, State};
use crate::ops::difference::{Difference, Where};
use crate::ops::status::MigrationStatus;
use crate::text::lines;

/// The most migrations of one state that are named in the text.
const MOST: usize = 8;

/// As JSON.
pub(super) fn to_json(status: &MigrationStatus) -> Value {
    let standing = &status.standing;
    let others: Vec<Value> = standing
        .entries
        .iter()
        .filter(|entry| entry.state != State::Applied)
        .map(|entry| {
            json!({
                "name": entry.name,
                "state": entry.state.word(),
                "diff": differing(status, entry),
            })
        })
        .collect();
    let misfits: Vec<Value> = standing
        .misfits
        .iter()
        .map(|one| json!({ "file": one.path.display().to_string(), "why": one.why }))
        .collect();
    let last = status.last().map(|entry| {
        let record = entry.record.as_ref();
        json!({
            "name": entry.name,
            "when": record.and_then(|record| record.when.clone()),
            "by": record.and_then(|record| record.by.clone()),
            "took_ms": record
                .and_then(|record| record.took)
                .map(|took| (took.as_secs_f64() * 1e6).round() / 1e3),
        })
    });
    let list = |found: Option<&Vec<Difference>>, sides| {
        found.map(|found| found.iter().map(|one| difference_json(one, sides)).collect::<Vec<_>>())
    };
    let found = status.drift.as_ref();
    let drift = list(found.map(|found| &found.drift), DATABASE_MIGRATIONS);
    let unwritten = list(found.and_then(|found| found.unwritten.as_ref()), MIGRATIONS_SCHEMA);
    let behind = list(found.and_then(|found| found.behind.as_ref()), DATABASE_SCHEMA);
    json!({
        "format": standing.format.word(),
        "folder": standing.folder,
        "history": standing.history,
        "applied": status.applied(),
        "pending": standing.pending().count(),
        "last": last,
        "others": others,
        "misfits": misfits,
        "drift": drift,
        "unwritten": unwritten,
        "behind": behind,
        "notes": status.notes,
    })
}

/// As text.
pub(super) fn to_text(status: &MigrationStatus, paint: Paint) -> String {
    let standing = &status.standing;
    let mut out = format!("\n{}\n", paint.text(Role::Heading, "Migrations"));
    let mut line = |label: &str, role: Role, told: &str| {
        let label = paint.text(Role::Muted, &format!("{label:<12}"));
        out.push_str(&format!("  {label}  {}\n", paint.text(role, &harmless(told))));
    };
    line("folder", Role::Muted, &format!("{} ({})", standing.folder, standing.format.tool()));
    let history = standing.history.as_deref().unwrap_or("none in this database yet");
    line("history", Role::Muted, history);
    line("applied", Role::Good, &applied(status));
    let states = [
        "pending",
        "out of order",
        "skipped",
        "half done",
        "failed",
        "changed",
        "missing",
        "duplicate",
    ];
    for word in states {
        let found: Vec<&Entry> =
            standing.entries.iter().filter(|entry| entry.state.word() == word).collect();
        if !found.is_empty() {
            let role = if word == "pending" { Role::Warning } else { Role::Danger };
            line(word, role, &named(&found));
        }
    }
    for entry in &standing.entries {
        for differs in differing(status, entry).iter().flatten().take(MOST) {
            let role = if differs.starts_with('-') { Role::Danger } else { Role::Good };
            line("", role, differs);
        }
    }
    for misfit in &standing.misfits {
        let label = if misfit.unread { "not readable" } else { "no migration" };
        line(label, Role::Danger, &format!("{}: {}", misfit.path.display(), misfit.why));
    }
    match &status.drift {
        None => line("drift", Role::Muted, "not looked for; --drift does, in a scratch database"),
        Some(found) => {
            let three = [
                ("drift", Some(&found.drift), Role::Danger),
                ("unwritten", found.unwritten.as_ref(), Role::Warning),
                ("behind", found.behind.as_ref(), Role::Warning),
            ];
            for (label, found, role) in three {
                match found {
                    None => {}
                    Some(found) if found.is_empty() => line(label, Role::Good, "none"),
                    Some(found) => line(label, role, &drifted(found)),
                }
            }
        }
    }
    for note in &status.notes {
        line("note", Role::Muted, note);
    }
    out
}

/// The lines in which the file of a migration is not the text that was applied, each after a sign;
/// none where its file is gone, or that text is not known.
fn differing(status: &MigrationStatus, entry: &Entry) -> Option<Vec<String>> {
    let (before, migration) = (status.texts.get(&entry.key)?, entry.migration.as_ref()?);
    Some(lines::differing(before, &migration.up.text))
}

/// How many are applied, and when the last one was.
fn applied(status: &MigrationStatus) -> String {
    let mut told = status.applied().to_string();
    let Some(last) = status.last() else { return told };
    told.push_str(&format!(", the last {}", last.name));
    if let Some(record) = &last.record {
        if let Some(when) = &record.when {
            told.push_str(&format!(" on {when}"));
        }
        if let Some(took) = record.took {
            told.push_str(&format!(", in {:.1} ms", took.as_secs_f64() * 1e3));
        }
        if let Some(by) = &record.by {
            told.push_str(&format!(", by {by}"));
        }
    }
    told
}

fn named(found: &[&Entry]) -> String {
    let names: Vec<&str> = found.iter().take(MOST).map(|entry| entry.name.as_str()).collect();
    let more = match found.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}: {}{more}", found.len(), names.join(", "))
}

fn drifted(found: &[Difference]) -> String {
    let told = |one: &Difference| {
        let sign = match one.place {
            Where::First => "+",
            Where::Second => "-",
            Where::Both => "~",
        };
        format!("{sign} {} {}", one.key.kind.word(), one.key)
    };
    let names: Vec<String> = found.iter().take(MOST).map(told).collect();
    let more = match found.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}: {}{more}; dbstudio drift says more", found.len(), names.join(", "))
}
