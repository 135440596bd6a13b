//! What was done to the database, as lines: the newest first, each with its details below it once
//! they are unfolded.

use crate::app::panes::migrations::page::{Line, LineKind};
use crate::app::panes::migrations::{Done, MigrationsPane};
use crate::app::span::{Ink, Span};
use crate::ops::past;
use crate::text;

/// The cells the details are indented by.
const INDENT: usize = 2;

/// The lines of a detail that are shown; what is longer can be copied whole.
const MOST: usize = 12;

/// The lines.
pub(super) fn lines(pane: &MigrationsPane) -> Vec<Line> {
    let Some(all) = &pane.timeline else { return Vec::new() };
    let mut out = Vec::new();
    for (at, one) in all.iter().enumerate() {
        let line =
            |indent, spans| Line { done: Some(at), ..Line::new(LineKind::Prose, indent, spans) };
        out.push(line(0, spans(one)));
        if !pane.unfolded.contains(&at) {
            continue;
        }
        for (label, words) in past::details(one) {
            let mut label = Some(label);
            let count = words.lines().count();
            for words in words.lines().take(MOST) {
                let label = label.take().map_or_else(String::new, |label| format!("{label}  "));
                let spans =
                    vec![Span::new(Ink::Muted, label), Span::new(Ink::Text, words.to_owned())];
                out.push(line(INDENT, spans));
            }
            if count > MOST {
                let more = format!("{} more lines", text::grouped((count - MOST) as u64));
                out.push(line(INDENT, vec![Span::new(Ink::Muted, more)]));
            }
        }
    }
    out
}

/// One of them: when, what, to what, what came of it, who.
fn spans(one: &Done) -> Vec<Span<'static>> {
    let ink = match one.outcome.as_str() {
        "done" => Ink::Good,
        failed if failed.starts_with("failed") => Ink::Danger,
        _ => Ink::Warning,
    };
    let at = one.minute();
    vec![
        Span::new(Ink::Muted, format!("{at}  ")),
        Span::new(Ink::Strong, one.what.clone()),
        Span::new(Ink::Text, format!(" {}  ", one.target)),
        Span::new(ink, one.outcome.clone()),
        Span::new(Ink::Muted, format!("  {}", past::by(one))),
    ]
}

/// All of it as text.
pub(super) fn copied(pane: &MigrationsPane) -> Option<String> {
    let all = pane.timeline.as_ref().filter(|all| !all.is_empty())?;
    let mut out = String::new();
    for one in all.iter() {
        let by = past::by(one);
        let line = format!("{}\t{}\t{}\t{}\t{by}\n", one.at, one.what, one.target, one.outcome);
        out.push_str(&line);
        for (label, words) in past::details(one) {
            out.push_str(&format!("\t{label}: {}\n", words.replace('\n', " ")));
        }
    }
    Some(out)
}
