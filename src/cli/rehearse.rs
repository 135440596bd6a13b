//! `rehearse`: what is pending is run on a copy or a scratch first; what came of it is told, and
//! kept as evidence for the run that follows.

use serde_json::{Value, json};

use super::args::Global;
use super::change::configured;
use super::drift::{MIGRATIONS_SCHEMA, Sides, difference_json};
use super::print::{self, Paint, Role, harmless};
use super::review::{hazard_json, phrase, sentence};
use super::run::wait_for;
use crate::ops::acquaintance;
use crate::ops::change::Setting;
use crate::ops::difference::{Difference, Where};
use crate::ops::rehearse::{self, Back, Data, Rehearsal, Rehearsed, RowChange};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::Severity;

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// The schema after a way back, and the one before the migration.
const BACK_BEFORE: Sides = ["schema after going back", "schema before"];

/// The schema after applying again, and after the first time.
const AGAIN_FIRST: Sides = ["schema after applying again", "schema after the first time"];

/// `dbstudio rehearse`.
pub(super) fn rehearse(to: Option<&str>, with_data: Option<&str>, global: &Global) -> Result<u8> {
    let data = data(with_data)?;
    let (config, target) = configured(None, global)?;
    let state = config.places().state.clone();
    let rehearsal = wait_for(|stop| async move {
        let target = acquaintance::met(&config, target, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let quiet = global.json;
        let mut tell = |name: &str| {
            if !quiet {
                print::talk(&format!("rehearsing {}\n", harmless(name)));
            }
        };
        rehearse::pending_of(&setting, &state, (to, data), &stop, &mut tell).await
    })?;
    if global.json {
        print::json(&to_json(&rehearsal))?;
    } else {
        print::result(&to_text(&rehearsal, Paint::of_result()))?;
    }
    if rehearsal.is_passed() {
        return Ok(0);
    }
    Ok(Problem::new(Kind::Found, "", "", "").exit_code())
}

/// What `--with-data` means.
pub(super) fn data(written: Option<&str>) -> Result<Data> {
    match written {
        None => Ok(Data::Usual),
        Some("all") => Ok(Data::All),
        Some(rows) => match rows.replace('_', "").parse() {
            Ok(rows) if rows > 0 => Ok(Data::Sample(rows)),
            _ => Err(Problem::usage(
                format!("{rows} says nothing about rows"),
                "--with-data takes all, or a number of rows",
                "write --with-data all, or --with-data 10000",
            )),
        },
    }
}

/// As a person reads it.
pub(super) fn to_text(rehearsal: &Rehearsal, paint: Paint) -> String {
    let mut out = String::new();
    if rehearsal.scripts.is_empty() && rehearsal.failure.is_none() {
        return "Nothing to rehearse: no migration is pending.\n".to_owned();
    }
    out.push_str(&format!("Rehearsed on {}.\n", rehearsal.on));
    for one in &rehearsal.scripts {
        out.push_str(&script(one, paint));
    }
    if let Some(failure) = &rehearsal.failure {
        let head = format!("{} {} fails", paint.sign("✗", "x"), harmless(&failure.name));
        out.push_str(&format!("{}\n", paint.text(Role::Danger, &head)));
        let problem = &failure.problem;
        for told in [&problem.what, &problem.why, &problem.fix] {
            out.push_str(&indented(told, Role::Heading, paint));
        }
    }
    if let Some(outcome) = rehearsal.outcome.as_ref() {
        let told = match outcome.len() {
            0 => paint.text(Role::Good, "The outcome is the schema that is wanted."),
            _ => paint.text(Role::Warning, "The outcome is not the schema that is wanted:"),
        };
        out.push_str(&format!("{told}\n"));
        out.push_str(&list(outcome, ["outcome", "schema"], paint));
    }
    for note in &rehearsal.notes {
        out.push_str(&paint.text(Role::Muted, sentence(note).trim_end()));
        out.push('\n');
    }
    let one_way = rehearsal.one_way();
    let (role, told) = match (rehearsal.is_passed(), one_way.is_empty()) {
        (false, _) => (Role::Danger, "The rehearsal failed.".to_owned()),
        (true, true) => (Role::Good, "Passed; every migration can be rolled back.".to_owned()),
        (true, false) => {
            let names: Vec<String> = one_way.iter().map(|name| harmless(name)).collect();
            (Role::Warning, format!("Passed; cannot be rolled back: {}.", names.join(", ")))
        }
    };
    out.push_str(&format!("{}\n", paint.text(role, &told)));
    out
}

fn script(one: &Rehearsed, paint: Paint) -> String {
    let mut out = format!(
        "{} {} {}\n",
        paint.text(Role::Good, paint.sign("✓", "+")),
        paint.text(Role::Heading, &harmless(&one.name)),
        paint.text(Role::Muted, &format!("{:.1} ms", one.took.as_secs_f64() * 1e3))
    );
    for change in &one.rows {
        let role = if change.named { Role::Muted } else { Role::Danger };
        out.push_str(&indented(&row_change(change), role, paint));
    }
    match &one.back {
        Back::None => {
            out.push_str(&indented(
                "it cannot be rolled back: it has no way back",
                Role::Warning,
                paint,
            ));
        }
        Back::Untried(why) => {
            let told = format!("its way back was not tried: {why}");
            out.push_str(&indented(&told, Role::Warning, paint));
        }
        Back::Failed(problem) => {
            let told = format!("its way back fails: {}: {}", problem.what, problem.why);
            out.push_str(&indented(&told, Role::Danger, paint));
        }
        Back::Tried { took, schema, rows, again } => {
            out.push_str(&tried(took.as_secs_f64() * 1e3, (schema, rows, again), paint));
        }
    }
    for hazard in one.hazards.iter().filter(|hazard| hazard.severity > Severity::Notice) {
        let role = if hazard.severity == Severity::Danger { Role::Danger } else { Role::Warning };
        let refused = if one.refused.contains(&hazard.rule) { " (refused)" } else { "" };
        let line = hazard.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let about = hazard.object.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
        let why = phrase(&hazard.why);
        let told = format!("{line}{}{about}{refused}: {why}", hazard.rule.id());
        out.push_str(&indented(&told, role, paint));
    }
    out
}

fn tried(
    took: f64,
    (schema, rows, again): (&[Difference], &[RowChange], &[Difference]),
    paint: Paint,
) -> String {
    let mut out = String::new();
    if schema.is_empty() && again.is_empty() {
        let told = format!("its way back leads back ({took:.1} ms), and it can be applied again");
        out.push_str(&indented(&told, Role::Good, paint));
    }
    if !schema.is_empty() {
        let told = "its way back does not lead back to the schema there was:";
        out.push_str(&indented(told, Role::Danger, paint));
        out.push_str(&list(schema, BACK_BEFORE, paint));
    }
    if !again.is_empty() {
        let told = "applied again, it makes another schema than the first time:";
        out.push_str(&indented(told, Role::Danger, paint));
        out.push_str(&list(again, AGAIN_FIRST, paint));
    }
    for change in rows {
        let told = format!("going back does not bring back: {}", row_change(change));
        out.push_str(&indented(&told, Role::Warning, paint));
    }
    out
}

fn row_change(change: &RowChange) -> String {
    let RowChange { table, before, after, named } = change;
    let unnamed = if *named { "" } else { ", although the script does not name it" };
    match before == after {
        true => format!("rows of {table} change{unnamed}"),
        false => format!("rows of {table}: {before} before, {after} after{unnamed}"),
    }
}

fn indented(told: &str, role: Role, paint: Paint) -> String {
    if told.is_empty() {
        return String::new();
    }
    let lines = paint.lines(&harmless(told), 4).into_iter();
    lines.map(|line| format!("    {}\n", paint.text(role, &line))).collect()
}

fn list(found: &[Difference], sides: Sides, paint: Paint) -> String {
    let [first, second] = sides;
    let line = |one: &Difference| {
        let place = match one.place {
            Where::First => format!("only in the {first}"),
            Where::Second => format!("only in the {second}"),
            Where::Both => "different".to_owned(),
        };
        let thing = harmless(&format!("{} {}", one.key.kind.word(), one.key));
        format!("      {thing}  {}\n", paint.text(Role::Muted, &place))
    };
    found.iter().map(line).collect()
}

/// As JSON.
pub(super) fn to_json(rehearsal: &Rehearsal) -> Value {
    let outcome = rehearsal.outcome.as_ref().map(|found| {
        found.iter().map(|one| difference_json(one, MIGRATIONS_SCHEMA)).collect::<Vec<_>>()
    });
    json!({
        "format": FORMAT,
        "passed": rehearsal.is_passed(),
        "reversible": rehearsal.is_reversible(),
        "on": rehearsal.on,
        "migrations": rehearsal.scripts.iter().map(script_json).collect::<Vec<_>>(),
        "failure": rehearsal.failure.as_ref().map(|failure| json!({
            "name": failure.name,
            "what": failure.problem.what,
            "why": failure.problem.why,
            "fix": failure.problem.fix,
        })),
        "outcome": outcome,
        "notes": rehearsal.notes,
    })
}

fn script_json(one: &Rehearsed) -> Value {
    let milliseconds = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    let row = |change: &RowChange| {
        json!({
            "table": change.table,
            "before": change.before,
            "after": change.after,
            "named": change.named,
        })
    };
    let rows = |rows: &[RowChange]| rows.iter().map(row).collect::<Vec<_>>();
    let list = |found: &[Difference], sides| {
        found.iter().map(|one| difference_json(one, sides)).collect::<Vec<_>>()
    };
    let (word, why, took, schema, lost, again) = match &one.back {
        Back::None => ("none", None, None, Vec::new(), Vec::new(), Vec::new()),
        Back::Untried(why) => {
            ("untried", Some(why.clone()), None, Vec::new(), Vec::new(), Vec::new())
        }
        Back::Failed(problem) => {
            ("failed", Some(problem.to_string()), None, Vec::new(), Vec::new(), Vec::new())
        }
        Back::Tried { took, schema, rows: lost, again } => {
            let word = if one.back.is_proven() { "proven" } else { "differs" };
            let sides = ["after", "before"];
            (
                word,
                None,
                Some(milliseconds(*took)),
                list(schema, sides),
                rows(lost),
                list(again, ["again", "first"]),
            )
        }
    };
    json!({
        "name": one.name,
        "file": one.file,
        "took_ms": milliseconds(one.took),
        "rows": rows(&one.rows),
        "back": {
            "state": word,
            "why": why,
            "took_ms": took,
            "schema": schema,
            "rows": lost,
            "again": again,
        },
        "hazards": one.hazards.iter().map(hazard_json).collect::<Vec<_>>(),
        "refused": one.refused.iter().map(|rule| rule.id()).collect::<Vec<_>>(),
    })
}
