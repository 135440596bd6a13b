//! The lines of a review: every statement as it runs, and under it what it does, what it locks,
//! what is hazardous about it and what was measured.

use crate::app::overlays::cell::wrap;
use crate::app::overlays::outcome::sentence;
use crate::app::panes::schema::sql_lines;
use crate::app::span::{Ink, Span};
use crate::ops::preparation::Prepared;
use crate::ops::review::Statement;
use crate::schema::hazard::{Hazard, Severity};

/// The cells by which a line that goes on is indented.
const HANGING: usize = 2;

/// A line, before it is fitted into a width.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What sort of line it is.
    pub kind: LineKind,
    /// The statement it belongs to, counted from 0.
    pub statement: Option<usize>,
    /// Its words.
    pub spans: Vec<Span<'static>>,
    indent: usize,
}

/// What sort of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing, between two statements.
    Blank,
    /// The first line of a statement.
    Head,
    /// The first line of a hazard that `n` stops at.
    Hazard,
    /// Anything else.
    Other,
}

/// A row of the screen: a line or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line it is of.
    pub line: usize,
    /// Whether it is the line's first.
    pub is_first: bool,
    /// The cells it is indented by.
    pub indent: u16,
    /// Its words.
    pub spans: Vec<Span<'static>>,
}

impl Line {
    /// A line of a statement, or of none, indented by some cells.
    pub fn new(
        kind: LineKind,
        statement: Option<usize>,
        indent: usize,
        spans: Vec<Span<'static>>,
    ) -> Self {
        Self { kind, statement, spans, indent }
    }
}

/// The lines of a plan.
pub fn lines(prepared: &Prepared) -> Vec<Line> {
    let hazards = prepared.review.statements.iter().flat_map(|statement| &statement.hazards);
    let heaviest = hazards.map(|hazard| hazard.severity).max().unwrap_or(Severity::Notice);
    // Where there are warnings nobody wants to be led through the notices.
    let from = heaviest.min(Severity::Warning);
    let mut out = Lines { lines: Vec::new(), statement: None, from };
    refusal(prepared, &mut out);
    for (at, statement) in prepared.review.statements.iter().enumerate() {
        out.part(Some(at));
        of_statement(prepared, statement, &mut out);
    }
    if !prepared.review.notes.is_empty() {
        out.part(None);
        out.add(LineKind::Other, 0, vec![Span::new(Ink::Group, "Notes")]);
        for note in &prepared.review.notes {
            out.add(LineKind::Other, 0, vec![Span::new(Ink::Text, sentence(note))]);
        }
    }
    out.lines
}

struct Lines {
    lines: Vec<Line>,
    statement: Option<usize>,
    /// Hazards are stopped at from this weight on.
    from: Severity,
}

impl Lines {
    /// What follows belongs to this statement, or to none.
    fn part(&mut self, statement: Option<usize>) {
        self.statement = None;
        if !self.lines.is_empty() {
            self.add(LineKind::Blank, 0, Vec::new());
        }
        self.statement = statement;
    }

    fn add(&mut self, kind: LineKind, indent: usize, spans: Vec<Span<'static>>) {
        self.lines.push(Line { kind, statement: self.statement, spans, indent });
    }
}

/// What the configuration says about it.
fn refusal(prepared: &Prepared, out: &mut Lines) {
    let Err(problem) = prepared.review.permit() else { return };
    let what = vec![
        Span::new(Ink::DangerMark, "✗"),
        Span::new(Ink::Danger, format!(" {}", sentence(&problem.what))),
    ];
    out.add(LineKind::Hazard, 0, what);
    let fix = vec![Span::new(Ink::Text, sentence(&problem.fix))];
    out.add(LineKind::Other, HANGING, fix);
}

fn of_statement(prepared: &Prepared, statement: &Statement, out: &mut Lines) {
    let sql = sql_lines(prepared.proof.up.dialect, &statement.sql);
    for (at, spans) in sql.into_iter().enumerate() {
        out.add(if at == 0 { LineKind::Head } else { LineKind::Other }, 0, spans);
    }
    facts(statement, out);
    for hazard in &statement.hazards {
        of_hazard(hazard, out);
    }
    // What a hazard tells already need not be told twice.
    let is_told = |measure: &String| {
        let told = statement.hazards.iter().filter_map(|hazard| hazard.measured.as_ref());
        told.into_iter().any(|told| told.contains(measure.as_str()))
    };
    for measure in statement.measures.iter().filter(|measure| !is_told(measure)) {
        let spans =
            vec![Span::new(Ink::Muted, "measured: "), Span::new(Ink::Text, measure.clone())];
        out.add(LineKind::Other, 0, spans);
    }
}

/// What it does and what it locks, beside the point but always there.
fn facts(statement: &Statement, out: &mut Lines) {
    let mut facts = Vec::new();
    if !statement.what.is_empty() {
        facts.push(Span::new(Ink::Muted, statement.what.clone()));
    }
    facts.extend(statement.locks.iter().map(|lock| Span::new(Ink::Muted, lock.clone())));
    let rewrites = statement.rewrites.iter();
    facts.extend(rewrites.map(|table| Span::new(Ink::Warning, format!("writes {table} anew"))));
    if statement.outside_transaction {
        facts.push(Span::new(Ink::Warning, "outside a transaction"));
    }
    let mut spans = Vec::new();
    for fact in facts {
        if !spans.is_empty() {
            spans.push(Span::dot());
        }
        spans.push(fact);
    }
    if !spans.is_empty() {
        out.add(LineKind::Other, 0, spans);
    }
}

fn of_hazard(hazard: &Hazard, out: &mut Lines) {
    let stops = hazard.severity >= out.from;
    for (at, (indent, spans)) in hazard_lines(hazard).into_iter().enumerate() {
        let kind = if at == 0 && stops { LineKind::Hazard } else { LineKind::Other };
        out.add(kind, indent, spans);
    }
}

/// A hazard in lines, each with the cells it is indented by: its weight and rule, why it matters,
/// what was measured, the safer way.
pub fn hazard_lines(hazard: &Hazard) -> Vec<(usize, Vec<Span<'static>>)> {
    let (mark, ink) = match hazard.severity {
        Severity::Danger => (Span::new(Ink::DangerMark, "✗"), Ink::Danger),
        Severity::Warning => (Span::new(Ink::WarningMark, "!"), Ink::Warning),
        Severity::Notice => (Span::new(Ink::NoticeMark, "·"), Ink::Information),
    };
    let mut head = vec![mark, Span::new(ink, format!(" {}", hazard.severity.word()))];
    head.push(Span::new(Ink::Strong, format!("  {}", hazard.rule.id())));
    if let Some(object) = &hazard.object {
        head.push(Span::new(Ink::Muted, format!("  {object}")));
    }
    let mut lines = vec![(0, head), (HANGING, vec![Span::new(Ink::Text, hazard.why.clone())])];
    if let Some(measured) = &hazard.measured {
        let spans = vec![Span::new(Ink::Muted, "measured: "), Span::new(ink, measured.clone())];
        lines.push((HANGING, spans));
    }
    if hazard.severity > Severity::Notice && !hazard.safer.is_empty() {
        let spans =
            vec![Span::new(Ink::Muted, "safer: "), Span::new(Ink::Muted, hazard.safer.clone())];
        lines.push((HANGING, spans));
    }
    lines
}

/// The lines fitted into a width.
pub fn rows(lines: &[Line], room: usize, ascii: bool) -> Vec<Row> {
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // SQL keeps the blanks it begins with, and what goes on stands a little further in.
        let lead: usize = match line.spans.first() {
            Some(first) if first.text.trim().is_empty() => first.text.len(),
            _ => 0,
        };
        let first = room.saturating_sub(line.indent);
        let after = line.indent + lead + HANGING;
        let parts = wrap::hanging_rows(&line.spans, first, room.saturating_sub(after), ascii);
        out.extend(parts.into_iter().enumerate().map(|(part, spans)| {
            let indent = if part == 0 { line.indent } else { after };
            let indent = u16::try_from(indent).unwrap_or(u16::MAX);
            Row { line: at, is_first: part == 0, indent, spans }
        }));
    }
    out
}
