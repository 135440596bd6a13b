//! The columns of the grid: which are shown, in which order, how wide, and which one the
//! cursor is on.
//!
//! Widths are measured once, from the first rows that arrive, and stay: columns never jump
//! while a person pages. Pinned columns come first and do not scroll.

use crate::config::{TableLook, Target};
use crate::db::page::Row;
use crate::db::value::{Value, real_text};
use crate::schema::{Generation, Relation};
use crate::text;

/// The widest a column is made by itself.
const WIDEST: u16 = 36;

/// The narrowest a column can be made.
const NARROWEST: u16 = 3;

/// The blank cells between two columns.
pub const GAP: u16 = 2;

/// One column of the grid.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own on the header")]
pub struct GridColumn {
    /// Its name.
    pub name: String,
    /// Its type as the catalogue prints it.
    pub type_name: String,
    /// What its values are, for how they are drawn.
    pub sort: Sort,
    /// Its width in cells of the screen.
    pub width: u16,
    /// Whether the width was set by hand.
    pub fixed: bool,
    /// Whether it is part of the primary key.
    pub primary: bool,
    /// Whether a foreign key leads from it.
    pub foreign: bool,
    /// Whether its values are dots until revealed.
    pub masked: bool,
    /// Whether it is not shown.
    pub hidden: bool,
    /// Whether it stays at the left.
    pub pinned: bool,
    /// Whether the server makes its values.
    pub generated: bool,
}

/// What a column's values are, as far as drawing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Numbers: set to the right.
    Number,
    /// JSON documents.
    Json,
    /// Everything else.
    Text,
}

/// All columns and the cursor among them.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    all: Vec<GridColumn>,
    shown: Vec<usize>,
    cursor: usize,
    left: usize,
    measured: bool,
}

impl Columns {
    /// The readable columns of a relation, looking as they were left.
    pub fn new(relation: &Relation, look: &TableLook, target: Option<&Target>) -> Self {
        let readable = relation.columns.iter().filter(|column| column.readable);
        let all = readable.map(|column| {
            let by_hand = look.widths.get(&column.name).copied();
            let name = &relation.name;
            GridColumn {
                name: column.name.clone(),
                type_name: column.type_name.clone(),
                sort: Sort::of(&column.base_type, &column.type_name),
                width: by_hand.unwrap_or(8).max(NARROWEST),
                fixed: by_hand.is_some(),
                primary: relation.in_primary_key(&column.name),
                foreign: relation.foreign_key_of(&column.name).is_some(),
                masked: target
                    .is_some_and(|target| target.masks(&name.schema, &name.name, &column.name)),
                hidden: look.hidden.contains(&column.name),
                pinned: look.pinned.contains(&column.name),
                generated: matches!(
                    column.generation,
                    Some(Generation::Stored(_) | Generation::Virtual(_))
                ),
            }
        });
        let mut columns = Self { all: all.collect(), ..Self::default() };
        columns.rearrange();
        columns
    }

    /// All columns in the catalogue's order.
    pub fn all(&self) -> &[GridColumn] {
        &self.all
    }

    /// A column by its index in the catalogue's order.
    pub fn get(&self, index: usize) -> Option<&GridColumn> {
        self.all.get(index)
    }

    /// The indexes of the shown columns, in the order of the screen: pinned ones first.
    pub fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// How many of the shown columns are pinned.
    pub fn pinned(&self) -> usize {
        self.shown.iter().filter(|index| self.get(**index).is_some_and(|it| it.pinned)).count()
    }

    /// How many columns are hidden.
    pub fn hidden(&self) -> usize {
        self.all.len() - self.shown.len()
    }

    /// The cursor's place among the shown columns.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first shown column after the pinned ones that is on the screen, counted among the
    /// shown ones.
    pub fn left(&self) -> usize {
        self.left.max(self.pinned())
    }

    /// The index of the column under the cursor in the catalogue's order.
    pub fn current(&self) -> Option<usize> {
        self.shown.get(self.cursor).copied()
    }

    /// The column under the cursor.
    pub fn current_column(&self) -> Option<&GridColumn> {
        self.get(self.current()?)
    }

    /// Whether widths were not measured yet.
    pub fn unmeasured(&self) -> bool {
        !self.measured
    }

    /// Fits the widths to the header and these rows.
    pub fn measure<'a>(&mut self, rows: impl Iterator<Item = &'a Row>, ascii: bool) {
        let mut widths: Vec<u16> = self.all.iter().map(header_width).collect();
        for row in rows {
            for (index, value) in row.cells.iter().enumerate() {
                if let Some(width) = widths.get_mut(index)
                    && *width < WIDEST
                {
                    *width = (*width).max(value_width(value, ascii));
                }
            }
        }
        for (column, width) in self.all.iter_mut().zip(widths) {
            if !column.fixed {
                column.width = if column.masked { width.clamp(6, 12) } else { width.min(WIDEST) };
            }
        }
        self.measured = true;
    }

    /// Makes room for numbers that are longer than those measured before: of a number cut short
    /// one could think that it is another. Everything else keeps its width.
    pub fn make_room<'a>(&mut self, rows: impl Iterator<Item = &'a Row>, ascii: bool) {
        let numbers: Vec<usize> = (0..self.all.len())
            .filter(|index| {
                self.get(*index)
                    .is_some_and(|it| it.sort == Sort::Number && !it.fixed && !it.masked)
            })
            .collect();
        for row in rows {
            for index in &numbers {
                if let (Some(column), Some(value)) =
                    (self.all.get_mut(*index), row.cells.get(*index))
                {
                    column.width = column.width.max(value_width(value, ascii));
                }
            }
        }
    }

    /// Makes room for a value a person gave a column, up to what a column is given by itself.
    pub fn make_room_for(&mut self, name: &str, value: &Value, ascii: bool) {
        let wide = value_width(value, ascii).min(WIDEST);
        self.make_cells(name, wide);
    }

    /// Makes a column at least so many cells wide, unless its width was set by hand.
    pub fn make_cells(&mut self, name: &str, cells: u16) {
        let column = self.all.iter_mut().find(|column| column.name == name);
        if let Some(column) = column.filter(|column| !column.fixed && !column.masked) {
            column.width = column.width.max(cells);
        }
    }

    /// Moves the cursor to a shown column and keeps it on a screen of `cells` width.
    pub fn move_to(&mut self, place: usize, cells: u16) {
        self.cursor = place.min(self.shown.len().saturating_sub(1));
        let pinned = self.pinned();
        if self.cursor < pinned {
            return;
        }
        self.left = self.left.clamp(pinned, self.cursor);
        let room = cells.saturating_sub(self.span(0, pinned));
        while self.left < self.cursor && self.span(self.left, self.cursor + 1) > room + GAP {
            self.left += 1;
        }
    }

    /// Moves the cursor by columns.
    pub fn move_by(&mut self, columns: isize, cells: u16) {
        self.move_to(self.cursor.saturating_add_signed(columns), cells);
    }

    /// The cells taken by shown columns `from..to` with their gaps.
    fn span(&self, from: usize, to: usize) -> u16 {
        let range = self.shown.get(from..to).unwrap_or_default();
        let width = |index: &usize| self.get(*index).map_or(0, |column| column.width + GAP);
        range.iter().map(width).fold(0, u16::saturating_add)
    }

    /// Hides the column under the cursor; the last one stays.
    pub fn hide(&mut self) {
        if self.shown.len() > 1 {
            if let Some(column) = self.current_mut() {
                column.hidden = true;
            }
            self.rearrange();
        }
    }

    /// Shows all columns again.
    pub fn show_all(&mut self) {
        let current = self.current();
        for column in &mut self.all {
            column.hidden = false;
        }
        self.rearrange();
        self.stay_on(current);
    }

    /// Pins the column under the cursor, or lets it go.
    pub fn pin(&mut self) {
        let current = self.current();
        if let Some(column) = self.current_mut() {
            column.pinned = !column.pinned;
        }
        self.rearrange();
        self.stay_on(current);
    }

    /// Makes the column under the cursor wider, or narrower for a negative number.
    pub fn resize(&mut self, cells: i16, most: u16) {
        if let Some(column) = self.current_mut() {
            let widest = most.max(NARROWEST);
            column.width = column.width.saturating_add_signed(cells).clamp(NARROWEST, widest);
            column.fixed = true;
        }
    }

    /// How the columns look now, to be remembered.
    pub fn look(&self) -> TableLook {
        let named = |keep: fn(&GridColumn) -> bool| {
            self.all.iter().filter(|it| keep(it)).map(|it| it.name.clone()).collect()
        };
        TableLook {
            hidden: named(|column| column.hidden),
            pinned: named(|column| column.pinned),
            widths: self
                .all
                .iter()
                .filter(|column| column.fixed)
                .map(|column| (column.name.clone(), column.width))
                .collect(),
        }
    }

    fn current_mut(&mut self) -> Option<&mut GridColumn> {
        let index = self.current()?;
        self.all.get_mut(index)
    }

    fn stay_on(&mut self, index: Option<usize>) {
        let place = self.shown.iter().position(|shown| Some(*shown) == index);
        self.cursor = place.unwrap_or(self.cursor).min(self.shown.len().saturating_sub(1));
    }

    fn rearrange(&mut self) {
        let mut shown: Vec<usize> = Vec::with_capacity(self.all.len());
        for pinned in [true, false] {
            let these = self
                .all
                .iter()
                .enumerate()
                .filter(|(_, column)| !column.hidden && column.pinned == pinned);
            shown.extend(these.map(|(index, _)| index));
        }
        // A look remembered from another shape of the table must not hide everything.
        if shown.is_empty() && !self.all.is_empty() {
            for column in &mut self.all {
                column.hidden = false;
            }
            shown = (0..self.all.len()).collect();
        }
        self.shown = shown;
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
        self.left = self.left.min(self.cursor);
    }
}

impl Sort {
    /// By the base type's name on PostgreSQL, by the affinity of the declared type on SQLite
    /// (SQLite manual, "Datatypes In SQLite", section 3.1).
    fn of(base_type: &str, type_name: &str) -> Self {
        match base_type {
            "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" | "money" | "oid" => {
                return Self::Number;
            }
            "json" | "jsonb" => return Self::Json,
            "" => {}
            _ => return Self::Text,
        }
        let declared = type_name.to_ascii_uppercase();
        let holds = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if holds(&["JSON"]) {
            Self::Json
        } else if holds(&["INT", "REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"]) {
            Self::Number
        } else {
            Self::Text
        }
    }
}

/// The width of the header: the name with its marks.
fn header_width(column: &GridColumn) -> u16 {
    let marks = 2 * u16::from(column.primary) + 2 * u16::from(column.foreign);
    let name = text::width(&text::visible(&column.name, false));
    // One cell more for the arrow of a sort.
    u16::try_from(name).unwrap_or(WIDEST).saturating_add(marks).saturating_add(1).min(WIDEST)
}

fn value_width(value: &Value, ascii: bool) -> u16 {
    let long = usize::from(WIDEST) * 4;
    let wide = match value.peek() {
        Value::Null => 1,
        Value::Text(all) => text::width(&text::visible(text::head(all, long), ascii)),
        Value::Integer(number) => number.to_string().len(),
        Value::Real(number) => real_text(*number).len(),
        Value::Blob(bytes) | Value::Malformed(bytes) => bytes.len().saturating_mul(2) + 2,
        Value::Truncated(_) => long,
    };
    u16::try_from(wide).unwrap_or(u16::MAX).min(WIDEST)
}
