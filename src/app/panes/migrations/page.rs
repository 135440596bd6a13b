//! The text beside the list: a migration's SQL with its lines numbered and its hazards below the
//! statements they belong to, or what was asked for instead of it.

use std::collections::BTreeMap;

use crate::app::command::CommandId;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::outcome::sentence;
use crate::app::overlays::review::lines::hazard_lines;
use crate::app::panes::migrations::{
    Head, Known, MigrationsPane, Place, Row, Side, picture, texts, timeline,
};
use crate::app::panes::schema::sql_lines;
use crate::app::span::{Ink, Span};
use crate::ops::migrations_desk::{Entry, Examined};
use crate::problem::Problem;
use crate::schema::hazard::{Hazard, Severity};
use crate::sql::Dialect;
use crate::sql::statement::split;
use crate::text;

/// Lines of a file that are shown; what is longer can be copied whole, or opened in an editor.
const MOST_LINES: usize = 5_000;

/// The cells by which a line that goes on is indented.
const HANGING: usize = 2;

/// A line, before it is fitted into a width.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What sort of line it is.
    pub kind: LineKind,
    /// Its number in its file, counted from 1.
    pub number: Option<usize>,
    /// How heavy what is hazardous about the statement that begins on it weighs.
    pub mark: Option<Severity>,
    /// Its words.
    pub spans: Vec<Span<'static>>,
    /// The cells it is indented by.
    pub indent: usize,
    /// Which of what was done it is of, counted from 0.
    pub done: Option<usize>,
}

/// What sort of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A line of a file.
    Sql,
    /// The first line of a hazard.
    Hazard,
    /// The name of what stands below it.
    Heading,
    /// A sentence.
    Prose,
    /// Anything else.
    Other,
}

/// A row of the screen: a line or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRow {
    /// The line it is of.
    pub line: usize,
    /// Whether it is the line's first.
    pub is_first: bool,
    /// The cells it is indented by.
    pub indent: u16,
    /// Its words.
    pub spans: Vec<Span<'static>>,
}

/// What is shown beside the list, fitted into a width.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) head: Head,
    pub(super) lines: Vec<Line>,
    pub(super) rows: Vec<PageRow>,
    pub(super) gutter: u16,
    /// The width it was made for, and whether for ASCII; none once something changed.
    made_for: Option<(u16, bool)>,
}

impl Line {
    /// A line with these words.
    pub(in crate::app) fn new(kind: LineKind, indent: usize, spans: Vec<Span<'static>>) -> Self {
        Self { kind, number: None, mark: None, spans, indent, done: None }
    }

    /// A line with one word.
    pub(in crate::app) fn of(kind: LineKind, ink: Ink, words: impl Into<String>) -> Self {
        Self::new(kind, 0, vec![Span::new(ink, words.into())])
    }

    /// A line with nothing on it.
    pub(in crate::app) fn blank() -> Self {
        Self::new(LineKind::Other, 0, Vec::new())
    }
}

impl Page {
    pub(super) fn new(head: Head, lines: Vec<Line>, place: &Place<'_>) -> Self {
        let last = lines.iter().filter_map(|line| line.number).max();
        // A number, a blank, a sign, a blank.
        let gutter = last.map_or(0, |last| last.to_string().len() + 3);
        let room = usize::from(place.width).saturating_sub(gutter);
        let rows = fitted(&lines, room, place.ascii);
        let gutter = u16::try_from(gutter).unwrap_or(0);
        Self { head, lines, rows, gutter, made_for: Some((place.width, place.ascii)) }
    }

    /// Lets it be made anew.
    pub(super) fn spoil(&mut self) {
        self.made_for = None;
    }

    pub(super) fn is_made_for(&self, place: &Place<'_>) -> bool {
        self.made_for == Some((place.width, place.ascii))
    }
}

/// The lines fitted into a width.
pub fn fitted(lines: &[Line], room: usize, ascii: bool) -> Vec<PageRow> {
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // SQL keeps the blanks it begins with, and what goes on stands a little further in.
        let lead: usize = match line.spans.first() {
            Some(first) if first.text.trim().is_empty() => first.text.len(),
            _ => 0,
        };
        let first = room.saturating_sub(line.indent);
        let hanging = if line.kind == LineKind::Prose { 0 } else { HANGING };
        let after = line.indent + lead.min(room / 2) + hanging;
        let parts = wrap::hanging_rows(&line.spans, first, room.saturating_sub(after), ascii);
        out.extend(parts.into_iter().enumerate().map(|(part, spans)| {
            let indent = if part == 0 { line.indent } else { after };
            let indent = u16::try_from(indent).unwrap_or(u16::MAX);
            PageRow { line: at, is_first: part == 0, indent, spans }
        }));
    }
    out
}

/// The lines of what is shown.
pub(super) fn lines(pane: &MigrationsPane, place: &Place<'_>) -> Vec<Line> {
    if pane.side() == Side::Timeline {
        return timeline::lines(pane);
    }
    let Some(standing) = &pane.standing else { return Vec::new() };
    match (pane.side(), pane.row(), pane.current()) {
        (Side::Pending, ..) => pending(pane, place),
        (side, _, Some(entry)) => of_entry(pane, entry, side, place),
        (_, Some(Row::Misfit(at)), _) => {
            let Some(misfit) = standing.misfits.get(*at) else { return Vec::new() };
            let path = misfit.path.display().to_string();
            let fix = match misfit.unread {
                true => format!("Nothing is run before it can be: {}.", misfit.fix()),
                false => "It is run by nobody. Give it the name of a migration, or move it away."
                    .to_owned(),
            };
            vec![
                Line::of(LineKind::Prose, Ink::Muted, path),
                Line::blank(),
                Line::of(LineKind::Prose, Ink::Warning, sentence(&misfit.why)),
                Line::blank(),
                Line::of(LineKind::Prose, Ink::Text, fix),
            ]
        }
        (_, Some(Row::Note(at)), _) => {
            let note = standing.notes.get(*at).map(|note| sentence(note)).unwrap_or_default();
            vec![Line::of(LineKind::Prose, Ink::Text, note)]
        }
        _ => Vec::new(),
    }
}

fn of_entry(pane: &MigrationsPane, entry: &Entry, side: Side, place: &Place<'_>) -> Vec<Line> {
    let Some(migration) = &entry.migration else {
        if let Some(text) = pane.applied_text(entry) {
            return sql(place.dialect, text, &[]);
        }
        let words = "Its text is not known here: the history of this format keeps none.";
        return vec![Line::of(LineKind::Prose, Ink::Muted, words)];
    };
    match side {
        Side::Picture => picture::lines(pane.known(&entry.key)),
        Side::Texts => match pane.applied_text(entry) {
            Some(before) => texts::lines(before, &migration.up.text),
            None => Vec::new(),
        },
        Side::Down => match &migration.down {
            Some(down) => sql(place.dialect, &down.text, &[]),
            None => Vec::new(),
        },
        Side::Up | Side::Pending | Side::Timeline => match pane.known(&entry.key) {
            Known::All(examined) => sql(place.dialect, &migration.up.text, &examined.hazards),
            Known::Not(problem) => {
                let mut lines = sql(place.dialect, &migration.up.text, &[]);
                lines.push(Line::blank());
                lines.extend(not_tried(problem));
                lines
            }
            Known::Nothing | Known::Soon => sql(place.dialect, &migration.up.text, &[]),
        },
    }
}

/// Why a migration could not be tried, after its text.
pub(super) fn not_tried(problem: &Problem) -> Vec<Line> {
    let mark = vec![
        Span::new(Ink::DangerMark, "✗"),
        Span::new(Ink::Danger, format!(" {}", sentence(&problem.what))),
    ];
    let mut lines = vec![Line::new(LineKind::Hazard, 0, mark)];
    for why in problem.why.lines() {
        lines.push(Line::new(LineKind::Other, HANGING, vec![Span::new(Ink::Text, why.to_owned())]));
    }
    if !problem.fix.is_empty() {
        let fix = vec![Span::new(Ink::Muted, sentence(&problem.fix))];
        lines.push(Line::new(LineKind::Other, HANGING, fix));
    }
    lines
}

fn pending(pane: &MigrationsPane, place: &Place<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in pane.standing.iter().flat_map(|standing| standing.pending()) {
        if !lines.is_empty() {
            lines.push(Line::blank());
        }
        lines.push(Line::of(LineKind::Heading, Ink::Group, entry.name.clone()));
        let Some(migration) = &entry.migration else { continue };
        let hazards: &[Hazard] = match pane.known(&entry.key) {
            Known::All(Examined { hazards, .. }) => hazards,
            _ => &[],
        };
        lines.extend(sql(place.dialect, &migration.up.text, hazards));
    }
    if lines.is_empty() {
        let generate = place.key(CommandId::WriteNext);
        let words = format!(
            "The database has every migration of the folder. {generate} writes the \
                             next one from the schema."
        );
        lines.push(Line::of(LineKind::Prose, Ink::Muted, words));
    }
    lines
}

/// A file of SQL in lines: each with its number, hazards below the statement they are of.
pub fn sql(dialect: Dialect, written: &str, hazards: &[Hazard]) -> Vec<Line> {
    let ends = ends(dialect, written);
    let mut below: BTreeMap<usize, Vec<&Hazard>> = BTreeMap::new();
    let mut marks: BTreeMap<usize, Severity> = BTreeMap::new();
    for hazard in hazards {
        let begins = hazard.line.unwrap_or(1);
        let at = ends.get(&begins).copied().unwrap_or(begins);
        below.entry(at).or_default().push(hazard);
        let mark = marks.entry(begins).or_insert(hazard.severity);
        *mark = (*mark).max(hazard.severity);
    }
    let mut lines = Vec::new();
    // Of a file with both ways in it the other way is blank.
    let all = sql_lines(dialect, written);
    let is_blank = |line: &Vec<Span<'_>>| line.iter().all(|span| span.text.trim().is_empty());
    let last = all.iter().rposition(|line| !is_blank(line)).map_or(0, |last| last + 1);
    let first = all.iter().position(|line| !is_blank(line)).unwrap_or(0);
    for (number, spans) in (1..).zip(all).take(last).skip(first) {
        if number > MOST_LINES {
            let words = "The file goes on; open it in an editor to see the rest.";
            lines.push(Line::of(LineKind::Prose, Ink::Muted, words));
            break;
        }
        let mark = marks.get(&number).copied();
        lines.push(Line { number: Some(number), mark, ..Line::new(LineKind::Sql, 0, spans) });
        for hazard in below.remove(&number).into_iter().flatten() {
            of_hazard(hazard, &mut lines);
        }
    }
    // What belongs to a line there is not is told all the same.
    for hazard in below.into_values().flatten() {
        of_hazard(hazard, &mut lines);
    }
    if lines.is_empty() {
        lines.push(Line::of(LineKind::Prose, Ink::Muted, "The file is empty."));
    }
    lines
}

fn of_hazard(hazard: &Hazard, lines: &mut Vec<Line>) {
    for (at, (indent, spans)) in hazard_lines(hazard).into_iter().enumerate() {
        let kind = if at == 0 { LineKind::Hazard } else { LineKind::Other };
        lines.push(Line::new(kind, indent, spans));
    }
}

/// The line each statement ends on, by the line it begins on.
fn ends(dialect: Dialect, written: &str) -> BTreeMap<usize, usize> {
    let mut ends = BTreeMap::new();
    let (mut line, mut from) = (1, 0);
    let mut line_of = |byte: usize| {
        line += written.get(from..byte).map_or(0, |between| between.matches('\n').count());
        from = byte;
        line
    };
    for piece in split(dialect, written) {
        if piece.is_blank() {
            continue;
        }
        let begins = line_of(piece.body.start);
        let end = line_of(piece.body.end);
        // Of two statements that begin on one line the later one ends later.
        ends.insert(begins, end);
    }
    ends
}

/// What copying gives.
pub(super) fn copied(pane: &MigrationsPane) -> Option<String> {
    if pane.side() == Side::Timeline {
        return timeline::copied(pane);
    }
    let standing = pane.standing.as_ref()?;
    if pane.side() == Side::Pending {
        let texts = standing.pending().filter_map(|entry| {
            Some(format!("-- {}\n{}", entry.name, entry.migration.as_ref()?.up.text.trim_end()))
        });
        let all: Vec<String> = texts.collect();
        return (!all.is_empty()).then(|| format!("{}\n", all.join("\n\n")));
    }
    if let Some(entry) = pane.current() {
        let migration = entry.migration.as_ref()?;
        return match pane.side() {
            Side::Down => migration.down.as_ref().map(|down| down.text.clone()),
            _ => Some(migration.up.text.clone()),
        };
    }
    match pane.row()? {
        Row::Misfit(at) => standing.misfits.get(*at).map(|it| it.path.display().to_string()),
        Row::Note(at) => standing.notes.get(*at).map(|note| text::capital(note)),
        _ => None,
    }
}
