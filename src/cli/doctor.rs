//! `dbstudio doctor`: the examination, printed step by step as it goes on, or as JSON.

use serde_json::{Value, json};

use super::args::Global;
use super::print::{self, Paint, Role, harmless};
use super::run::{resolve, unconfigured, wait_for};
use crate::db::health::Depth;
use crate::ops::doctor::{self, Finding, Patient, Verdict};
use crate::problem::{Kind, Problem, Result};

/// `dbstudio doctor`.
pub(super) fn doctor(target: Option<String>, thorough: bool, global: &Global) -> Result<u8> {
    let resolved = resolve(target, global);
    let (config, target) = match resolved {
        Ok((config, Some(target))) => (Some(config), Ok(target)),
        Ok((config, None)) => (Some(config), Err(unconfigured())),
        Err(problem) => (None, Err(problem)),
    };
    let depth = if thorough { Depth::THOROUGH } else { Depth::QUICK };
    let paint = Paint::of_result();
    let findings = wait_for(|stop| {
        let target = target.as_ref().map_err(Problem::clone);
        let patient = Patient { config: config.as_ref(), target, depth };
        let mut told = Ok(());
        async move {
            let mut tell = |finding: &Finding| {
                if !global.json && told.is_ok() {
                    told = print::result(&text(finding, paint));
                }
            };
            let findings = doctor::examine(&patient, &mut tell, &stop).await?;
            told.map(|()| findings)
        }
    })?;
    let bad = findings.iter().filter(|one| one.verdict == Verdict::Bad).count();
    if global.json {
        print::json(&json!({ "steps": findings.iter().map(step).collect::<Vec<_>>() }))?;
    } else {
        print::talk(match bad {
            0 => "\nNothing is in the way.\n",
            1 => "\nOne thing is wrong; what to do is said above.\n",
            _ => "\nSeveral things are wrong; begin with the first.\n",
        });
    }
    Ok(if bad > 0 { Problem::new(Kind::Found, "", "", "").exit_code() } else { 0 })
}

fn step(finding: &Finding) -> Value {
    json!({
        "step": finding.step.id(),
        "verdict": finding.verdict.word(),
        "found": finding.found,
        "matters": finding.matters,
        "next": finding.next,
    })
}

fn text(finding: &Finding, paint: Paint) -> String {
    let (role, sign) = match finding.verdict {
        Verdict::Good => (Role::Good, paint.sign("✓", "+")),
        Verdict::Doubtful => (Role::Warning, "!"),
        Verdict::Bad => (Role::Danger, paint.sign("✗", "x")),
        Verdict::Untried => (Role::Muted, "-"),
    };
    if finding.verdict == Verdict::Untried {
        let line = format!("{sign} {} (not tried)", finding.step.question());
        return format!("{}\n", paint.text(role, &line));
    }
    let heading = paint.text(Role::Heading, finding.step.question());
    let mut out = format!("{} {heading}\n", paint.text(role, sign));
    for found in &finding.found {
        for line in found.lines().flat_map(|line| paint.lines(line, 2)) {
            out.push_str(&format!("  {}\n", harmless(&line)));
        }
    }
    let parts = std::iter::once(("why", &finding.matters))
        .chain(finding.next.iter().map(|next| ("next", next)))
        .filter(|(_, part)| !part.is_empty());
    for (label, part) in parts {
        for (at, line) in paint.lines(part, 8).into_iter().enumerate() {
            let label = if at == 0 { format!("{label}:") } else { String::new() };
            let label = paint.text(Role::Muted, &format!("{label:<5}"));
            out.push_str(&format!("  {label} {}\n", harmless(&line)));
        }
    }
    out
}
