//! The structure of one relation on the screen: one list of lines with a cursor.
//!
//! The lines are made once, when a relation is shown; nothing here reads a catalogue.

mod definition;
mod sections;

pub use definition::split as sql_lines;

use std::sync::Arc;

use crate::app::overlays::place::Scroll;
use crate::app::span::{self, Span};
use crate::db::Engine;
use crate::ops::migrations_desk::Origins;
use crate::schema::{Relation, RelationName};
use crate::sql::Dialect;

/// The structure of one relation, and where the cursor stands in it.
#[derive(Debug, Default)]
pub struct SchemaPane {
    /// The relation that was asked for.
    pub wanted: Option<RelationName>,
    /// The relation that is shown.
    pub relation: Option<Arc<Relation>>,
    /// The cursor among the lines.
    pub list: Scroll,
    /// Where `back` leads, the latest last.
    pub trail: Vec<RelationName>,
    /// Which migration made each column, once that is known.
    pub origins: Option<Arc<Origins>>,
    /// Whether that was asked for.
    pub asked: bool,
    lines: Vec<SchemaLine>,
    widths: Vec<Vec<u16>>,
}

/// One line of the structure.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaLine {
    /// Which section it belongs to, counted from the first: cells of one section stand below
    /// each other.
    pub section: usize,
    /// What sort of line it is.
    pub kind: LineKind,
    /// Its cells.
    pub cells: Vec<Vec<Span<'static>>>,
    /// The relation it leads to.
    pub target: Option<RelationName>,
    /// What copying it gives.
    pub copy: String,
}

/// What sort of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing, before a heading.
    Blank,
    /// The name of a section, and how many lines it has.
    Heading,
    /// One thing of the section, its cells in columns.
    Entry,
    /// More about the thing above, on the whole line.
    Detail,
    /// A line of SQL.
    Sql,
}

impl SchemaPane {
    /// Shows a relation: from its first line on, or where the cursor was if it is shown already.
    pub fn show(&mut self, relation: Arc<Relation>, engine: Option<Engine>) {
        let same = self.relation.as_ref().is_some_and(|shown| shown.name == relation.name);
        let dialect = match engine {
            Some(Engine::Postgres) => Dialect::Postgres,
            Some(Engine::Sqlite) | None => Dialect::Sqlite,
        };
        let none = Origins::default();
        self.lines = sections::lines(&relation, self.origins.as_deref().unwrap_or(&none));
        definition::add(&mut self.lines, dialect, &relation.definition);
        self.widths = widths(&self.lines);
        self.wanted = Some(relation.name.clone());
        self.relation = Some(relation);
        if same {
            self.list.cursor = self.list.cursor.min(self.lines.len().saturating_sub(1));
            self.list.top = self.list.top.min(self.list.cursor);
        } else {
            self.list = Scroll::default();
        }
    }

    /// All lines.
    pub fn lines(&self) -> &[SchemaLine] {
        &self.lines
    }

    /// The widths the cells of a section want.
    pub fn widths(&self, section: usize) -> &[u16] {
        self.widths.get(section).map(Vec::as_slice).unwrap_or_default()
    }

    /// The line under the cursor.
    pub fn current(&self) -> Option<&SchemaLine> {
        self.lines.get(self.list.cursor)
    }

    /// What copying at the cursor gives.
    pub fn copied(&self) -> Option<String> {
        let line = self.current()?;
        let definition = self.relation.as_ref().map(|relation| &relation.definition);
        let copied = if line.kind == LineKind::Sql { definition? } else { &line.copy };
        (!copied.is_empty()).then(|| copied.clone())
    }

    /// Moves the cursor by lines on a screen of `height` lines.
    pub fn move_by(&mut self, lines: isize, height: usize) {
        self.list.by(lines, self.lines.len(), height);
    }

    /// Moves the cursor to a line.
    pub fn move_to(&mut self, line: usize, height: usize) {
        self.list.to(line, self.lines.len(), height);
    }

    /// Turns the wheel.
    pub fn wheel(&mut self, lines: isize, height: usize) {
        self.list.wheel(lines, self.lines.len(), height);
    }

    /// Moves the cursor to the next heading, or the previous one.
    pub fn section(&mut self, forward: bool, height: usize) {
        let heading = |line: &SchemaLine| line.kind == LineKind::Heading;
        let here = self.list.cursor;
        let to = if forward {
            let after = self.lines.iter().skip(here + 1).position(heading);
            after.map(|at| here + 1 + at)
        } else {
            self.lines.iter().take(here).rposition(heading)
        };
        let Some(to) = to else { return };
        // A heading is worth seeing with what stands below it.
        self.move_to(to, height);
        self.list.top = to.min(self.lines.len().saturating_sub(height.max(1)));
    }
}

/// The widest cell of each column of each section.
pub fn widths(lines: &[SchemaLine]) -> Vec<Vec<u16>> {
    let sections = lines.iter().map(|line| line.section + 1).max().unwrap_or(0);
    let mut all: Vec<Vec<u16>> = vec![Vec::new(); sections];
    for line in lines.iter().filter(|line| line.kind == LineKind::Entry) {
        let Some(section) = all.get_mut(line.section) else { continue };
        for (at, cell) in line.cells.iter().enumerate() {
            let wide = u16::try_from(span::width(cell)).unwrap_or(u16::MAX);
            match section.get_mut(at) {
                Some(known) => *known = (*known).max(wide),
                None => section.push(wide),
            }
        }
    }
    all
}
