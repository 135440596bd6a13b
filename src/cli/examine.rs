//! `review`: what is hazardous about migrations that are written, each hazard with the file and
//! line it stands on, as compilers print it and editors understand it.

use std::path::Path;

use serde_json::{Value, json};

use super::args::Global;
use super::change::configured;
use super::print::{self, Paint, Role, harmless};
use super::review::{hazard_json, phrase, sentences};
use super::run::wait_for;
use crate::db::stop::Stop;
use crate::migrations::{Migration, Source};
use crate::ops::change::Setting;
use crate::ops::examine::{self, Examined, Ground};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::{Hazard, Severity};
use crate::text::lines;

/// `dbstudio review`.
pub(super) fn review(
    written: &[String],
    all: bool,
    online: Option<bool>,
    global: &Global,
) -> Result<u8> {
    let (config, target) = configured(None, global)?;
    let setting = Setting::new(&config, target, online)?;
    let found = Source::of(&setting.project)?.whole()?;
    let chosen = examine::chosen(&found, written)?;
    let chosen = if all { found.iter().map(|one| one.key.clone()).collect() } else { chosen };
    wait_for(|stop| async move { show(&setting, &found, &chosen, global, &stop).await })
}

/// Examines some of the migrations, by their keys, and shows what is hazardous about them.
///
/// # Errors
/// As [`examine::examine`].
pub(super) async fn show(
    setting: &Setting,
    found: &[Migration],
    chosen: &[String],
    global: &Global,
    stop: &Stop,
) -> Result<u8> {
    let ground = Ground::of(setting, found, stop).await?;
    if !global.json {
        print::talk(&sentences(&ground.notes));
    }
    let wanted = |one: &Migration| chosen.contains(&one.key);
    let examined = examine::examine(setting, &ground.migrations, wanted, stop).await?;
    if global.json {
        print::json(&to_json(&examined, &ground))?;
    } else {
        print::result(&to_text(&examined, &ground, Paint::of_result()))?;
    }
    if examined.iter().all(|one| one.refused.is_empty()) {
        return Ok(0);
    }
    Ok(Problem::new(Kind::Found, "", "", "").exit_code())
}

fn to_text(examined: &[Examined], ground: &Ground, paint: Paint) -> String {
    let mut out = String::new();
    for one in examined {
        if one.hazards.is_empty() {
            let nothing = format!("{}: nothing hazardous", harmless(&seen(&one.file)));
            out.push_str(&format!("{}\n", paint.text(Role::Muted, &nothing)));
        }
        for hazard in &one.hazards {
            out.push_str(&line(one, hazard, paint));
        }
        for differs in differing(one, ground).iter().flatten() {
            let role = if differs.starts_with('-') { Role::Danger } else { Role::Good };
            out.push_str(&format!("    {}\n", paint.text(role, &harmless(differs))));
        }
    }
    out
}

/// The lines in which the file of a migration is not the text that was applied and was examined;
/// none where it is that text, or what was applied is not known.
fn differing(examined: &Examined, ground: &Ground) -> Option<Vec<String>> {
    let changed = ground.changed(&examined.name)?;
    Some(lines::differing(changed.applied.as_ref()?, &changed.now))
}

/// A file as seen from the working folder.
fn seen(file: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = Path::new(file);
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

fn line(of: &Examined, hazard: &Hazard, paint: Paint) -> String {
    let role = match hazard.severity {
        Severity::Danger => Role::Danger,
        Severity::Warning => Role::Warning,
        Severity::Notice => Role::Muted,
    };
    let place = format!("{}:{}:", seen(&of.file), hazard.line.unwrap_or(1));
    let about = hazard.object.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
    let refused = if of.refused.contains(&hazard.rule) { " (refused)" } else { "" };
    let mut out = format!(
        "{} {} {}\n",
        harmless(&place),
        paint.text(role, hazard.severity.word()),
        paint.text(Role::Heading, &harmless(&format!("{}{about}{refused}", hazard.rule.id())))
    );
    let mut told = vec![phrase(&hazard.why)];
    if hazard.severity > Severity::Notice && !hazard.safer.is_empty() {
        told.push(format!("safer: {}", phrase(&hazard.safer)));
    }
    for paragraph in told {
        for line in paint.lines(&harmless(&paragraph), 4) {
            out.push_str(&format!("    {}\n", paint.text(Role::Muted, &line)));
        }
    }
    out
}

fn to_json(examined: &[Examined], ground: &Ground) -> Value {
    let hazard = |hazard: &Hazard| {
        let Value::Object(mut members) = hazard_json(hazard) else { return Value::Null };
        members.insert("line".to_owned(), json!(hazard.line));
        Value::Object(members)
    };
    let one = |one: &Examined| {
        json!({
            "name": one.name,
            "file": one.file,
            "hazards": one.hazards.iter().map(hazard).collect::<Vec<_>>(),
            "refused": one.refused.iter().map(|rule| rule.id()).collect::<Vec<_>>(),
            "diff": differing(one, ground),
        })
    };
    let migrations: Vec<Value> = examined.iter().map(one).collect();
    json!({ "format": 1, "migrations": migrations, "notes": ground.notes })
}
