//! The lines of a review of edits: each statement as it runs, and under it before and after side
//! by side, what it entails, and what the database said of it.

use super::EditReview;
use crate::app::overlays::outcome::sentence;
use crate::app::overlays::review::lines::{Line, LineKind};
use crate::app::panes::schema::sql_lines;
use crate::app::span::{Ink, Span};
use crate::db::edit::{Conflict, RowEdit, TableEdits, Wanted};
use crate::db::value::Value;
use crate::problem::Problem;
use crate::sql::Dialect;
use crate::text;

/// The most cells a name or a value takes in the columns of before and after.
const WIDEST: usize = 28;

/// The lines of the review.
pub(super) fn lines(it: &EditReview) -> Vec<Line> {
    let mut out = Vec::new();
    if let Some((None, problem)) = &it.refusal {
        refusal(problem, None, &mut out);
    }
    if !it.conflicts.is_empty() {
        let count = it.conflicts.len();
        let rows = if count == 1 { "1 row is" } else { "some rows are" };
        let words = format!(
            " Nothing was changed: {rows} not as read. m keeps mine, t takes theirs, e edits."
        );
        let spans = vec![Span::new(Ink::WarningMark, "!"), Span::new(Ink::Warning, words)];
        out.push(Line::new(LineKind::Other, None, 0, spans));
    }
    for (at, statement) in it.plan.statements.iter().enumerate() {
        if !out.is_empty() {
            out.push(Line::new(LineKind::Blank, None, 0, Vec::new()));
        }
        let dialect = match it.plan.target.address {
            crate::config::Address::Postgres(_) => Dialect::Postgres,
            crate::config::Address::Sqlite(_) => Dialect::Sqlite,
        };
        for (line, spans) in sql_lines(dialect, &statement.pictured()).into_iter().enumerate() {
            let kind = if line == 0 { LineKind::Head } else { LineKind::Other };
            out.push(Line::new(kind, Some(at), 0, spans));
        }
        let conflict = it.conflicts.iter().find(|conflict| conflict.statement == at);
        if let Some((table, edit)) = it.plan.edit(statement) {
            match conflict {
                Some(conflict) => three_ways(table, edit, conflict, at, &mut out),
                None => before_and_after(table, edit, at, &mut out),
            }
        }
        for note in it.plan.entails.get(at).into_iter().flatten() {
            let spans = vec![
                Span::new(Ink::WarningMark, "!"),
                Span::new(Ink::Warning, format!(" {}", sentence(note))),
            ];
            out.push(Line::new(LineKind::Hazard, Some(at), 0, spans));
        }
        if let Some((Some(refused), problem)) = &it.refusal
            && *refused == at
        {
            refusal(problem, Some(at), &mut out);
        }
    }
    out
}

/// What the database said, and what to do.
fn refusal(problem: &Problem, at: Option<usize>, out: &mut Vec<Line>) {
    let words = if problem.why.is_empty() {
        sentence(&problem.what)
    } else {
        sentence(&format!("{}: {}", problem.what, problem.why))
    };
    let spans = vec![Span::new(Ink::DangerMark, "✗"), Span::new(Ink::Danger, format!(" {words}"))];
    out.push(Line::new(LineKind::Hazard, at, 0, spans));
    if !problem.fix.is_empty() {
        let fix = format!("Nothing was changed. {}", sentence(&problem.fix));
        out.push(Line::new(LineKind::Other, at, 2, vec![Span::new(Ink::Text, fix)]));
    }
}

/// One value of a table of values, and whether it may be shown.
fn shown(value: Option<&Wanted>, hidden: bool) -> (Ink, String) {
    match value {
        Some(_) if hidden => (Ink::Masked, "••••••".to_owned()),
        Some(Wanted::Default) => (Ink::Muted, "default".to_owned()),
        Some(Wanted::Row(from)) => (Ink::Muted, text::visible(&from.words(), false).into_owned()),
        Some(Wanted::Value(Value::Null)) => (Ink::Null, "∅".to_owned()),
        Some(Wanted::Value(value)) => {
            let plain = value.plain();
            let start = text::visible(text::head(&plain, 400), false).into_owned();
            let number = matches!(value, Value::Integer(_) | Value::Real(_));
            (if number { Ink::Number } else { Ink::Text }, start)
        }
        None => (Ink::Muted, "gone".to_owned()),
    }
}

/// Rows of cells, each column as wide as it needs, within reason.
fn aligned(cells: Vec<Vec<(Ink, String)>>, at: usize, out: &mut Vec<Line>) {
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let wide = cells.iter().filter_map(|row| row.get(column));
        wide.map(|(_, text)| text::width(text)).max().unwrap_or(0).min(WIDEST)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in cells {
        let last = row.len().saturating_sub(1);
        let mut spans = Vec::new();
        for (column, (ink, words)) in row.into_iter().enumerate() {
            let room = widths.get(column).copied().unwrap_or(WIDEST);
            let fitted = if column == last {
                words
            } else {
                text::ellipsis(&words, room, false).into_owned()
            };
            let pad = room.saturating_sub(text::width(&fitted)) + 2;
            spans.push(Span::new(ink, fitted));
            if column != last {
                spans.push(Span::new(Ink::Text, " ".repeat(pad)));
            }
        }
        out.push(Line::new(LineKind::Other, Some(at), 2, spans));
    }
}

fn before_and_after(table: &TableEdits, edit: &RowEdit, at: usize, out: &mut Vec<Line>) {
    let arrow = || (Ink::LinkMark, "→".to_owned());
    let name = |name: &String| (Ink::Muted, name.clone());
    let hidden = |name: &String| table.masked.contains(name);
    let rows: Vec<Vec<(Ink, String)>> = match edit {
        RowEdit::Changed { cells, .. } => cells
            .iter()
            .map(|(column, cell)| {
                let read = Wanted::Value(cell.read.clone());
                let before = shown(Some(&read), hidden(column));
                vec![name(column), before, arrow(), shown(Some(&cell.wanted), hidden(column))]
            })
            .collect(),
        RowEdit::Added { cells } => cells
            .iter()
            .map(|(column, wanted)| {
                vec![name(column), arrow(), shown(Some(wanted), hidden(column))]
            })
            .collect(),
        RowEdit::Deleted { read, .. } => {
            let order = table
                .relation
                .columns
                .iter()
                .filter_map(|column| Some((&column.name, read.get(&column.name)?)));
            order
                .map(|(column, value)| {
                    let value = Wanted::Value(value.clone());
                    vec![
                        name(column),
                        shown(Some(&value), hidden(column)),
                        arrow(),
                        shown(None, false),
                    ]
                })
                .collect()
        }
    };
    aligned(rows, at, out);
}

/// Whether a cell holds what was read of it; of a long value only the beginning was read.
fn is_same(now: Option<&Wanted>, read: &Value) -> bool {
    match (now, read) {
        (Some(Wanted::Value(now)), Value::Truncated(long)) => now.continues(long),
        (Some(Wanted::Value(now)), read) => now == read,
        _ => false,
    }
}

/// A row that is not as it was read: what was read, what is wanted, what is there now.
fn three_ways(
    table: &TableEdits,
    edit: &RowEdit,
    conflict: &Conflict,
    at: usize,
    out: &mut Vec<Line>,
) {
    if conflict.now.is_none() {
        let words = match edit {
            RowEdit::Added { .. } => " A trigger or a rule of the database kept the row out.",
            _ => " The row is gone: somebody deleted it, or changed its key.",
        };
        let spans = vec![Span::new(Ink::DangerMark, "✗"), Span::new(Ink::Danger, words)];
        out.push(Line::new(LineKind::Hazard, Some(at), 0, spans));
    } else if conflict.hit > 1 {
        let words = format!(" {} rows have this key: it tells no row apart.", conflict.hit);
        let spans = vec![Span::new(Ink::DangerMark, "✗"), Span::new(Ink::Danger, words)];
        out.push(Line::new(LineKind::Hazard, Some(at), 0, spans));
    }
    let hidden = |name: &String| table.masked.contains(name);
    let head = |words: &str| (Ink::Group, words.to_owned());
    let mut rows = vec![vec![head("column"), head("read"), head("mine"), head("now")]];
    let mut differs = false;
    let now = |name: &String| {
        conflict.now.as_ref().and_then(|now| now.get(name)).cloned().map(Wanted::Value)
    };
    let mut row = |name: &String, read: &Value, mine: Option<&Wanted>| {
        let now = now(name);
        let changed = !is_same(now.as_ref(), read);
        let read = Wanted::Value(read.clone());
        differs |= changed;
        let (ink, words) = shown(now.as_ref(), hidden(name));
        let ink = if changed && ink != Ink::Masked { Ink::Warning } else { ink };
        vec![
            (Ink::Muted, name.clone()),
            shown(Some(&read), hidden(name)),
            shown(mine, hidden(name)),
            (ink, words),
        ]
    };
    match edit {
        RowEdit::Changed { cells, .. } => {
            rows.extend(cells.iter().map(|(name, cell)| row(name, &cell.read, Some(&cell.wanted))));
        }
        RowEdit::Deleted { read, .. } => {
            let changed = read.iter().filter(|(name, value)| !is_same(now(name).as_ref(), value));
            rows.extend(changed.map(|(name, value)| row(name, value, None)));
        }
        RowEdit::Added { .. } => {}
    }
    let told = !differs && conflict.now.is_some() && conflict.hit == 0;
    if rows.len() > 1 {
        aligned(rows, at, out);
    }
    if told {
        let words = " The row is as it was read, yet the statement did not hit it: a trigger, or a \
                     policy for your role, held it back.";
        let spans = vec![Span::new(Ink::WarningMark, "!"), Span::new(Ink::Warning, words)];
        out.push(Line::new(LineKind::Hazard, Some(at), 0, spans));
    }
}
