//! How a file differs from the text that was applied: its lines, with those that are new and those
//! that are gone.

use crate::app::panes::migrations::page::{Line, LineKind};
use crate::app::span::{Ink, Span};
use crate::text::lines::{Fate, compared};

/// The lines of both texts, those that are gone before those that are new.
pub(super) fn lines(before: &str, after: &str) -> Vec<Line> {
    let found = compared(before, after);
    let mut out: Vec<Line> = found.iter().map(|(fate, line)| row(*fate, line)).collect();
    if found.iter().all(|(fate, _)| *fate == Fate::Kept) {
        let words =
            "The lines are the same: only how they end, or an invisible character, differs.";
        out.insert(0, Line::of(LineKind::Prose, Ink::Muted, words));
    }
    out
}

fn row(fate: Fate, line: &str) -> Line {
    let ink = match fate {
        Fate::Kept => Ink::Muted,
        Fate::Gone => Ink::Danger,
        Fate::New => Ink::Good,
    };
    let words = line.replace('\t', "    ");
    Line::new(LineKind::Sql, 0, vec![Span::new(ink, format!("{} {words}", fate.sign()))])
}
