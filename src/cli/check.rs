//! `check`: whether a database and its project are at one, for people and for CI; what is not is
//! told with why it matters and what to run next.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::args::Global;
use super::change::configured;
use super::print::{self, Paint, Role, harmless};
use super::review::sentence;
use super::run::wait_for;
use crate::migrations::State;
use crate::ops::acquaintance;
use crate::ops::change::Setting;
use crate::ops::check::{self, Checked, Finding, Matter};
use crate::problem::{Kind, Problem, Result};

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// `dbstudio check`.
pub(super) fn check(target: Option<String>, except: &[String], global: &Global) -> Result<u8> {
    let except: BTreeSet<Matter> = except.iter().map(|word| matter(word)).collect::<Result<_>>()?;
    let wanted: BTreeSet<Matter> =
        Matter::ALL.into_iter().filter(|matter| !except.contains(matter)).collect();
    let (config, target) = configured(target, global)?;
    let checked = wait_for(|stop| {
        let wanted = &wanted;
        async move {
            let target = acquaintance::met(&config, target, &stop).await?;
            let setting = Setting::new(&config, target, None)?;
            check::check(&setting, wanted, &stop).await
        }
    })?;
    if global.json {
        print::json(&to_json(&checked, &except))?;
    } else {
        print::result(&to_text(&checked, &except, Paint::of_result()))?;
    }
    if checked.findings.is_empty() {
        return Ok(0);
    }
    Ok(Problem::new(Kind::Found, "", "", "").exit_code())
}

fn matter(word: &str) -> Result<Matter> {
    Matter::of_word(word).ok_or_else(|| {
        let known: Vec<&str> = Matter::ALL.into_iter().map(Matter::word).collect();
        Problem::usage(
            format!("There is nothing called {word} to leave out of the check"),
            format!("it looks for {}", known.join(", ")),
            "name one of these",
        )
    })
}

/// How many migrations are applied, of all there are.
fn applied(checked: &Checked) -> usize {
    let is_applied = |state: &State| matches!(state, State::Applied | State::Changed);
    checked.standing.entries.iter().filter(|entry| is_applied(&entry.state)).count()
}

fn to_text(checked: &Checked, except: &BTreeSet<Matter>, paint: Paint) -> String {
    let mut out = String::new();
    for finding in &checked.findings {
        out.push_str(&told(finding, paint));
    }
    for note in &checked.notes {
        let note = sentence(note);
        out.push_str(&format!("{}\n", paint.text(Role::Muted, note.trim_end())));
    }
    let (applied, left): (usize, Vec<&str>) =
        (applied(checked), except.iter().map(|matter| matter.word()).collect());
    let left = match left.as_slice() {
        [] => String::new(),
        left => format!("; not looked for: {}", left.join(", ")),
    };
    let noun = if applied == 1 { "migration" } else { "migrations" };
    let summary = match checked.findings.len() {
        0 => paint.text(Role::Good, "Nothing found"),
        1 => paint.text(Role::Danger, "1 finding"),
        count => paint.text(Role::Danger, &format!("{count} findings")),
    };
    out.push_str(&format!("{summary}: {applied} {noun} applied{left}.\n"));
    out
}

fn told(finding: &Finding, paint: Paint) -> String {
    let sign = paint.sign("✗", "x");
    let head = format!("{sign} {:<9}", finding.matter.word());
    let mut out = format!(
        "{} {}\n",
        paint.text(Role::Danger, &head),
        paint.text(Role::Heading, &harmless(&finding.what))
    );
    for paragraph in [finding.why.clone(), format!("next: {}", finding.fix)] {
        for line in paint.lines(&harmless(&paragraph), 4) {
            out.push_str(&format!("    {}\n", paint.text(Role::Muted, &line)));
        }
    }
    out
}

fn to_json(checked: &Checked, except: &BTreeSet<Matter>) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "matter": finding.matter.word(),
            "about": finding.about,
            "what": finding.what,
            "why": finding.why,
            "fix": finding.fix,
        })
    };
    json!({
        "format": FORMAT,
        "ok": checked.findings.is_empty(),
        "applied": applied(checked),
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
        "not_looked_for": except.iter().map(|matter| matter.word()).collect::<Vec<_>>(),
        "notes": checked.notes,
    })
}
