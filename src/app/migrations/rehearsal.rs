//! A rehearsal from the studio: asking for it, and what came of it in sentences.

use crate::app::change;
use crate::app::effect::Effect;
use crate::app::migrations::run::is_free;
use crate::app::model::{Model, Tone};
use crate::app::overlays::Overlay;
use crate::app::overlays::outcome::{Outcome, sentence};
use crate::app::overlays::working::{Doing, Words, Working};
use crate::app::panes::migrations::lasting;
use crate::app::span::Ink;
use crate::ops::difference::{Difference, Where};
use crate::ops::migrations_desk::{Ask, Rehearsal};
use crate::ops::rehearse::{Back, Rehearsed, RowChange};
use crate::ops::review;
use crate::problem::Problem;
use crate::schema::hazard::Severity;

const REHEARSING: Words = Words { running: "Rehearsing", failed: "Not rehearsed" };

/// Words of one ink.
type Paragraph = (Ink, String);

/// Rehearses what is pending.
pub fn begin(model: &mut Model, effects: &mut Vec<Effect>) {
    if !is_free(model) {
        return;
    }
    let Some(standing) = model.migrations.standing.clone() else { return };
    let mut steps = vec!["Reading the database".to_owned()];
    steps.extend(standing.pending().map(|entry| entry.name.clone()));
    if steps.len() == 1 {
        model.notify(Tone::Plain, "Nothing is pending that could be rehearsed");
        return;
    }
    let Some(request) = super::request(model, Ask::Rehearse(None)) else { return };
    let working = Working::new(Doing::Migrations(&REHEARSING), steps, false);
    change::work(model, working, request, effects);
}

/// What came of it is here.
pub fn ended(model: &mut Model, found: &Rehearsal, effects: &mut Vec<Effect>) {
    change::worked(model);
    let outcome = match found.is_passed() {
        true => Outcome::of("The rehearsal passed", told(found)),
        false => Outcome::of("The rehearsal failed", told(found)).bad(),
    };
    model.overlays.push(Overlay::Outcome(Box::new(outcome)));
    super::read(model, effects);
}

fn told(found: &Rehearsal) -> Vec<Paragraph> {
    let mut out = Vec::new();
    if let Some(failure) = &found.failure {
        out.push((Ink::Danger, format!("{} fails.", failure.name)));
        out.extend(problem(&failure.problem));
        out.push((Ink::Text, String::new()));
    }
    for one in &found.scripts {
        script(one, &mut out);
    }
    match found.outcome.as_deref() {
        Some([]) => out.push((Ink::Good, "The outcome is the schema that is wanted.".to_owned())),
        Some(differences) => {
            let words = "The outcome is not the schema that is wanted:".to_owned();
            out.push((Ink::Warning, words));
            list(differences, ["in the outcome", "in the schema"], &mut out);
        }
        None => {}
    }
    let one_way = found.one_way();
    if found.is_passed() && one_way.is_empty() {
        out.push((Ink::Good, "Every migration can be rolled back.".to_owned()));
    } else if found.is_passed() {
        out.push((Ink::Warning, format!("Cannot be rolled back: {}.", one_way.join(", "))));
    }
    out.push((Ink::Text, String::new()));
    out.push((Ink::Muted, format!("Rehearsed on {}. The database was only read.", found.on)));
    out.extend(found.notes.iter().map(|note| (Ink::Muted, sentence(note))));
    out
}

fn problem(problem: &Problem) -> Vec<Paragraph> {
    let parts =
        [(Ink::Text, &problem.what), (Ink::Text, &problem.why), (Ink::Strong, &problem.fix)];
    let lines = parts.into_iter().flat_map(|(ink, words)| {
        words.lines().map(move |line| (ink, line.to_owned())).collect::<Vec<_>>()
    });
    lines.collect()
}

fn script(one: &Rehearsed, out: &mut Vec<Paragraph>) {
    out.push((Ink::Strong, format!("{}  {}", one.name, lasting(one.took))));
    for change in &one.rows {
        let ink = if change.named { Ink::Muted } else { Ink::Danger };
        out.push((ink, rows(change)));
    }
    match &one.back {
        Back::None => out.push((Ink::Warning, "It has no way back.".to_owned())),
        Back::Untried(why) => {
            out.push((Ink::Warning, format!("Its way back was not tried: {why}.")));
        }
        Back::Failed(why) => {
            out.push((Ink::Danger, "Its way back fails.".to_owned()));
            out.extend(problem(why));
        }
        Back::Tried { took, schema, rows: lost, again } => {
            if schema.is_empty() && again.is_empty() {
                let took = lasting(*took);
                let words =
                    format!("Its way back leads back ({took}), and it can be applied again.");
                out.push((Ink::Muted, words));
            }
            if !schema.is_empty() {
                let words = "Its way back does not lead back to the schema there was:";
                out.push((Ink::Danger, words.to_owned()));
                list(schema, ["after going back", "before"], out);
            }
            if !again.is_empty() {
                let words = "Applied again, it makes another schema than the first time:";
                out.push((Ink::Danger, words.to_owned()));
                list(again, ["after applying again", "after the first time"], out);
            }
            for change in lost {
                let words = format!("Going back does not bring back: {}", rows(change));
                out.push((Ink::Warning, words));
            }
        }
    }
    for hazard in one.hazards.iter().filter(|hazard| hazard.severity > Severity::Notice) {
        let ink = if hazard.severity == Severity::Danger { Ink::Danger } else { Ink::Warning };
        let line = hazard.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        out.push((ink, sentence(&format!("{line}{}", review::sentence(hazard)))));
    }
}

fn rows(change: &RowChange) -> String {
    let RowChange { table, before, after, named } = change;
    let unnamed = if *named { "" } else { ", although the script does not name it" };
    match before == after {
        true => format!("Rows of {table} change{unnamed}."),
        false => format!("Rows of {table}: {before} before, {after} after{unnamed}."),
    }
}

fn list(found: &[Difference], [first, second]: [&str; 2], out: &mut Vec<Paragraph>) {
    for one in found {
        let place = match one.place {
            Where::First => format!("only {first}"),
            Where::Second => format!("only {second}"),
            Where::Both => "different".to_owned(),
        };
        out.push((Ink::Text, format!("· {} {}: {place}", one.key.kind.word(), one.key)));
    }
}
