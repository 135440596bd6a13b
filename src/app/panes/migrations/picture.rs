//! The difference a migration makes, as a picture of the schema: what is added, what is changed,
//! what is gone, each below the relation it belongs to.

use std::collections::BTreeMap;

use crate::app::panes::migrations::Known;
use crate::app::panes::migrations::page::{Line, LineKind, not_tried};
use crate::app::span::{Ink, Span};
use crate::ops::migrations_desk::{Difference, Fate};
use crate::schema::model::Key;

/// The cells a part stands further in than its relation.
const STEP: usize = 2;

/// The lines of the picture.
pub(super) fn lines(known: Known<'_>) -> Vec<Line> {
    let other = |ink, words: &str| vec![Line::of(LineKind::Prose, ink, words)];
    match known {
        Known::Nothing => other(Ink::Muted, "It was not tried yet."),
        Known::Soon => other(Ink::Muted, "Trying it in a scratch database…"),
        Known::Not(problem) => not_tried(problem),
        Known::All(examined) if examined.picture.is_empty() => {
            other(Ink::Muted, "The schema is the same before and after it.")
        }
        Known::All(examined) => tree(&examined.picture),
    }
}

/// Relations and other objects by name, parts below their relation.
fn tree(picture: &[Difference]) -> Vec<Line> {
    let mut tops: BTreeMap<(&str, &str, &str), Vec<&Difference>> = BTreeMap::new();
    for difference in picture {
        let key = &difference.key;
        let top = match key.kind.is_part() {
            true => (key.schema.as_str(), key.of.as_str(), ""),
            // The argument types tell routines of one name apart.
            false => (key.schema.as_str(), key.name.as_str(), key.of.as_str()),
        };
        tops.entry(top).or_default().push(difference);
    }
    let mut out = Vec::new();
    for ((schema, name, _), members) in tops {
        if !out.is_empty() {
            out.push(Line::blank());
        }
        let (parts, own): (Vec<_>, Vec<_>) =
            members.into_iter().partition(|member| member.key.kind.is_part());
        if own.is_empty() {
            let shown =
                if schema.is_empty() { name.to_owned() } else { format!("{schema}.{name}") };
            let spans = vec![Span::new(Ink::Muted, "  "), Span::new(Ink::Strong, shown)];
            out.push(Line::new(LineKind::Heading, 0, spans));
        }
        out.extend(own.into_iter().flat_map(|member| of_object(member, 0)));
        out.extend(parts.into_iter().flat_map(|member| of_object(member, STEP)));
    }
    out
}

fn name(key: &Key) -> String {
    match key.kind.is_part() {
        true => format!("{} {}", key.kind.word(), key.name),
        false => format!("{} {key}", key.kind.word()),
    }
}

fn of_object(difference: &Difference, indent: usize) -> Vec<Line> {
    let (sign, ink) = match difference.fate {
        Fate::Added => ("+", Ink::Good),
        Fate::Changed => ("~", Ink::Warning),
        Fate::Removed => ("-", Ink::Danger),
    };
    let spans =
        vec![Span::new(ink, format!("{sign} ")), Span::new(Ink::Text, name(&difference.key))];
    let mut lines = vec![Line::new(LineKind::Other, indent, spans)];
    if let Some((before, after)) = &difference.change {
        let spans = vec![
            Span::new(Ink::Muted, before.clone()),
            Span::new(Ink::Muted, " "),
            Span::link(),
            Span::new(Ink::Muted, " "),
            Span::new(Ink::Text, after.clone()),
        ];
        lines.push(Line::new(LineKind::Other, indent + STEP * 2, spans));
    }
    lines
}
