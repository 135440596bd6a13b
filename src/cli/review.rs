//! A plan as text and as JSON: every statement as it runs, its hazards on the line it stands on.

use serde_json::{Value, json};

use super::print::{Paint, Role, harmless};
use crate::ops::push::Item;
use crate::ops::review::{Review, Statement};
use crate::schema::hazard::{Hazard, Severity};
use crate::text::capital;

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// The plan as a person reads it.
pub(super) fn text(review: &Review, paint: Paint) -> String {
    let mut out = String::new();
    for rename in &review.renames {
        let line = format!("renames {rename}");
        out.push_str(&format!("{}\n", paint.text(Role::Muted, &harmless(&line))));
    }
    for statement in &review.statements {
        out.push('\n');
        out.push_str(&of_statement(statement, paint));
    }
    if !review.statements.is_empty() {
        out.push('\n');
    }
    for note in &review.notes {
        let note = format!("note: {}", harmless(note));
        out.push_str(&format!("{}\n", paint.text(Role::Muted, &note)));
    }
    out
}

fn of_statement(statement: &Statement, paint: Paint) -> String {
    let mut head = statement.what.clone();
    for lock in &statement.locks {
        head.push_str(&format!(" · {lock}"));
    }
    for table in &statement.rewrites {
        head.push_str(&format!(" · writes {table} anew"));
    }
    if statement.outside_transaction {
        head.push_str(" · outside a transaction");
    }
    let mut out = String::new();
    if !head.is_empty() {
        out.push_str(&paint.text(Role::Muted, &format!("-- {}", harmless(&head))));
        out.push('\n');
    }
    for hazard in &statement.hazards {
        let role = match hazard.severity {
            Severity::Danger => Role::Danger,
            Severity::Warning => Role::Warning,
            Severity::Notice => Role::Muted,
        };
        let mut line = format!("-- {}", crate::ops::review::sentence(hazard));
        if hazard.severity > Severity::Notice && !hazard.safer.is_empty() {
            line.push_str(&format!("; safer: {}", hazard.safer));
        }
        out.push_str(&paint.text(role, &harmless(&line)));
        out.push('\n');
    }
    let told = |measure: &&String| {
        let in_hazard = |hazard: &Hazard| {
            hazard.measured.as_ref().is_some_and(|words| words.contains(measure.as_str()))
        };
        !statement.hazards.iter().any(in_hazard)
    };
    for measure in statement.measures.iter().filter(told) {
        let line = format!("-- measured: {measure}");
        out.push_str(&paint.text(Role::Warning, &harmless(&line)));
        out.push('\n');
    }
    let sql: Vec<String> = statement.sql.lines().map(harmless).collect();
    out.push_str(&sql.join("\n"));
    out.push_str(";\n");
    out
}

/// The checklist as a person reads it.
pub(super) fn checklist(items: &[Item], acknowledged: &[bool], paint: Paint) -> String {
    let mut out = String::new();
    for (item, acknowledged) in items.iter().zip(acknowledged) {
        let (mark, role) =
            if item.shown || *acknowledged { ("[x]", Role::Good) } else { ("[ ]", Role::Warning) };
        let evidence = item.evidence.join("; ");
        out.push_str(&format!(
            "{} {}: {} {}\n",
            paint.text(role, mark),
            item.id,
            item.title,
            paint.text(Role::Muted, &format!("({})", harmless(&evidence)))
        ));
    }
    out
}

/// The plan as JSON. `applied` is whether it was carried out.
pub(super) fn to_json(review: &Review, applied: bool) -> Value {
    json!({
        "format": FORMAT,
        "statements": review.statements.iter().map(statement_json).collect::<Vec<_>>(),
        "renames": review.renames.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "notes": review.notes,
        "applied": applied,
    })
}

/// The plan as JSON with the migrations it makes.
pub(super) fn with_migrations(json: Value, migrations: Value) -> Value {
    let Value::Object(mut members) = json else { return json };
    members.insert("migrations".to_owned(), migrations);
    Value::Object(members)
}

/// The JSON of a plan that does nothing.
pub(super) fn nothing(notes: &[String]) -> Value {
    json!({ "format": FORMAT, "statements": [], "renames": [], "notes": notes, "applied": false })
}

fn statement_json(statement: &Statement) -> Value {
    json!({
        "sql": statement.sql,
        "what": statement.what,
        "lock": statement.locks,
        "rewrites": statement.rewrites,
        "outside_transaction": statement.outside_transaction,
        "hazards": statement.hazards.iter().map(hazard_json).collect::<Vec<_>>(),
        "measures": statement.measures,
    })
}

fn hazard_json(hazard: &Hazard) -> Value {
    json!({
        "rule": hazard.rule.id(),
        "severity": hazard.severity.word(),
        "object": hazard.object.as_ref().map(ToString::to_string),
        "why": hazard.why,
        "safer": hazard.safer,
        "measured": hazard.measured,
    })
}

/// How many statements, in words: `3 statements`.
pub(super) fn counted(review: &Review) -> String {
    match review.statements.len() {
        1 => "1 statement".to_owned(),
        count => format!("{count} statements"),
    }
}

/// A sentence to the person, with its full stop.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.\n", harmless(&capital(text)))
}
