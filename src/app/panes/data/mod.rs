//! The rows of one relation: what is asked for, what is here, and where the cursor stands.
//!
//! The pane holds a bounded window of rows and asks for more as the cursor nears its edge.
//! It never reads a database itself: it makes [`PageRequest`]s and takes [`Page`]s.

pub mod columns;
pub mod copy;
pub mod filter;
pub mod motion;
pub mod window;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::panes::data::columns::Columns;
use crate::app::panes::data::window::Window;
use crate::config::{TableLook, Target};
use crate::db::page::{
    Anchor, Condition, Identity, Page, PageColumn, PageRequest, Place, Row, Selection, SortKey,
};
use crate::db::value::Value;
use crate::problem::Problem;
use crate::schema::{Relation, RelationKind, RelationName};

/// The rows of one relation on the screen.
#[derive(Debug)]
pub struct DataPane {
    /// Which relation.
    pub name: RelationName,
    /// Everything the catalogue says of it; `None` until it was read.
    pub relation: Option<Arc<Relation>>,
    /// The conditions all rows meet.
    pub filter: Vec<Condition>,
    /// The sort columns, most important first.
    pub sort: Vec<SortKey>,
    /// The rows that are here.
    pub window: Window,
    /// The row under the cursor, as an index into the window.
    pub row: usize,
    /// The first row on the screen, as an index into the window.
    pub top: usize,
    /// The columns and how they look.
    pub columns: Columns,
    /// The exact number of rows, once it is known.
    pub exact: Option<u64>,
    /// What `/` looks for in the loaded rows; empty for nothing.
    pub find: String,
    /// Marked rows, by their place in the order.
    pub marked: Vec<Anchor>,
    /// Where a range of rows begins; it ends at the cursor.
    pub range: Option<Anchor>,
    /// The new row the cursor is on, counted from 0; it is then on none of the others.
    pub new_row: Option<usize>,
    /// Masked columns revealed for now, by index.
    pub revealed: BTreeSet<usize>,
    /// Why the rows could not be read.
    pub problem: Option<Problem>,
    /// What the page on its way is for.
    pub awaiting: Option<Awaiting>,
    /// At which end the window is being extended.
    pub extending: Option<Side>,
    /// Rows the cursor was to move beyond the edge of what is here: it does once they come.
    pub owed: isize,
    /// Whether reading on failed: it is not tried again by itself.
    pub stalled: bool,
    selection: Option<Selection>,
    /// The filter and the sort of the rows that are here, while others are asked for.
    shown: Option<(Vec<Condition>, Vec<SortKey>)>,
}

/// Where the cursor goes when the page on its way arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Awaiting {
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// As many rows below the top as before.
    Offset(usize),
}

/// An end of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before its first row.
    Before,
    /// After its last row.
    After,
}

/// Cells a page may hold; with many columns pages have fewer rows, so that a page costs about
/// the same whatever the table's shape.
const PAGE_CELLS: usize = 12_000;

/// Rows a page may hold at most.
const PAGE_ROWS: usize = 300;

impl DataPane {
    /// A pane for a relation nothing is known of yet.
    pub fn new(name: RelationName, filter: Vec<Condition>) -> Self {
        Self {
            name,
            relation: None,
            filter,
            sort: Vec::new(),
            window: Window::default(),
            row: 0,
            top: 0,
            columns: Columns::default(),
            exact: None,
            find: String::new(),
            marked: Vec::new(),
            range: None,
            new_row: None,
            revealed: BTreeSet::new(),
            problem: None,
            awaiting: None,
            extending: None,
            owed: 0,
            stalled: false,
            selection: None,
            shown: None,
        }
    }

    /// Takes what the catalogue says of the relation, and how its columns looked last time.
    pub fn set_relation(
        &mut self,
        relation: Arc<Relation>,
        look: &TableLook,
        target: Option<&Target>,
    ) {
        self.columns = Columns::new(&relation, look, target);
        self.relation = Some(relation);
        self.selection = None;
    }

    /// The rows asked for. `None` until the relation is known.
    pub fn selection(&mut self) -> Option<&Selection> {
        if self.selection.is_none() {
            let relation = self.relation.as_ref()?;
            self.selection = Some(Selection {
                relation: self.name.clone(),
                columns: page_columns(relation),
                identity: identity(relation),
                filter: self.filter.clone(),
                sort: self.sort.clone(),
            });
        }
        self.selection.as_ref()
    }

    /// The rows that were asked for last, if any were.
    pub fn asked_for(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    /// Puts another filter and sort in force: the rows have to be read anew. Those that are
    /// here keep their own until then.
    pub fn ask_for(&mut self, filter: Vec<Condition>, sort: Vec<SortKey>) {
        let before = std::mem::replace(&mut self.filter, filter);
        let before = (before, std::mem::replace(&mut self.sort, sort));
        self.shown.get_or_insert(before);
        self.selection = None;
        self.exact = None;
        self.marked.clear();
        self.range = None;
    }

    /// Whether the rows that are here are those that the filter and the sort in force ask for.
    pub fn is_settled(&self) -> bool {
        self.shown.is_none() && !self.window.is_empty()
    }

    /// Takes back a filter or a sort whose rows never came.
    pub fn take_back(&mut self) {
        if let Some((filter, sort)) = self.shown.take() {
            (self.filter, self.sort) = (filter, sort);
            self.selection = None;
        }
    }

    /// Keeps no more than a few screens of rows, for a pane that is left for another.
    pub fn rest(&mut self) {
        let cut = self.window.keep_around(self.top);
        self.top -= cut;
        self.row = self.row.saturating_sub(cut).min(self.window.len().saturating_sub(1));
    }

    /// A question for the page at a place, for a screen of `height` rows.
    pub fn request(&mut self, place: Place, height: usize) -> Option<PageRequest> {
        let columns = self.columns.all().len().max(1);
        let limit = (PAGE_CELLS / columns).clamp(height + 2, PAGE_ROWS.max(height + 2));
        // The first look should be quick: what fits the screen, and as much again.
        let limit = match place {
            Place::After(_) | Place::Before(_) => limit,
            _ => limit.min(height * 2 + 8),
        };
        let selection = self.selection()?.clone();
        Some(PageRequest { selection, place, limit })
    }

    /// Takes a page that replaces what was here.
    pub fn replace(&mut self, page: Page, place: Awaiting, ascii: bool) {
        let first = self.window.is_empty() && self.columns.unmeasured();
        self.problem = None;
        self.stalled = false;
        self.owed = 0;
        self.shown = None;
        self.window.replace(page, &place);
        if first {
            self.columns.measure(self.window.rows().take(100), ascii);
        }
        self.columns.make_room(self.window.rows(), ascii);
        let last = self.window.len().saturating_sub(1);
        match place {
            Awaiting::First => (self.row, self.top) = (0, 0),
            Awaiting::Last => (self.row, self.top) = (last, last),
            Awaiting::Offset(offset) => (self.row, self.top) = (offset.min(last), 0),
        }
        if self.window.is_whole() {
            self.exact = Some(self.window.len() as u64);
        }
    }

    /// The row under the cursor; none while it is on a new row, which is not read from anywhere.
    pub fn current_row(&self) -> Option<&Row> {
        self.window.get(self.row).filter(|_| self.new_row.is_none())
    }

    /// The value under the cursor, and the index of its column in the catalogue's order.
    pub fn current_cell(&self) -> Option<(usize, &Value)> {
        let column = self.columns.current()?;
        self.current_row()?.cells.get(column).map(|value| (column, value))
    }

    /// Whether the values of a column may be shown.
    pub fn is_shown(&self, column: usize) -> bool {
        let masked = self.columns.get(column).is_some_and(|column| column.masked);
        !masked || self.revealed.contains(&column)
    }

    /// Whether the row at an index is marked.
    pub fn is_marked(&self, row: &Row) -> bool {
        self.marked.contains(&row.anchor)
    }

    /// Whether the row at an index is marked, or within the range.
    pub fn is_picked(&self, at: usize, row: &Row) -> bool {
        self.range_rows().is_some_and(|range| range.contains(&at)) || self.is_marked(row)
    }

    /// The rows of the range, by their indexes; from the edge of what is here where its
    /// beginning was left behind.
    pub fn range_rows(&self) -> Option<std::ops::RangeInclusive<usize>> {
        let from = self.range.as_ref()?;
        let begun = self.window.rows().position(|row| row.anchor == *from)?;
        Some(begun.min(self.row)..=begun.max(self.row))
    }

    /// Marks the rows of the range, which is then over.
    pub fn mark_range(&mut self) {
        let rows = self.range_rows();
        self.range = None;
        for at in rows.into_iter().flatten() {
            if let Some(row) = self.window.get(at)
                && !self.marked.contains(&row.anchor)
            {
                self.marked.push(row.anchor.clone());
            }
        }
    }

    /// About how many rows there are in all: exactly if known, else by statistics where no
    /// filter narrows them. The flag tells whether it is exact.
    pub fn total(&self) -> Option<(u64, bool)> {
        if let Some(exact) = self.exact {
            return Some((exact, true));
        }
        let estimate = self.relation.as_ref()?.rows_estimate?;
        self.filter.is_empty().then_some((estimate, false))
    }

    /// What sort of relation it is.
    pub fn kind(&self) -> Option<RelationKind> {
        self.relation.as_ref().map(|relation| relation.kind)
    }
}

/// The columns as a page asks for them: those the role may read.
fn page_columns(relation: &Relation) -> Arc<[PageColumn]> {
    let readable = relation.columns.iter().filter(|column| column.readable);
    readable
        .map(|column| PageColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            base_type: column.base_type.clone(),
            nullable: column.nullable,
        })
        .collect()
}

/// How rows are told apart: by key, by rowid, by place, or not at all. A key whose columns
/// may not all be read is none.
fn identity(relation: &Relation) -> Identity {
    let readable = |name: &String| relation.column(name).is_some_and(|column| column.readable);
    if let Some(key) = relation.identity_key().filter(|key| key.columns.iter().all(readable)) {
        return Identity::Key(key.columns.clone());
    }
    if let Some(rowid) = &relation.rowid {
        return Identity::Rowid(rowid.clone());
    }
    match relation.kind {
        RelationKind::Table | RelationKind::Partition | RelationKind::MaterializedView => {
            if relation.owner.is_some() {
                Identity::Ctid
            } else {
                Identity::None
            }
        }
        _ => Identity::None,
    }
}
