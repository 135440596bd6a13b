//! Moving through the rows, and what to read next because of it.

use crate::app::panes::data::{Awaiting, DataPane, Side};
use crate::db::page::Place;
use crate::db::value::Value;
use crate::text;

/// What a movement needs read.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A page that replaces the window.
    Page(Place, Awaiting),
}

impl DataPane {
    /// Moves the cursor by rows on a screen of `height` rows.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        let last = self.window.len().saturating_sub(1);
        self.owed = self.beyond(rows);
        self.row = self.row.saturating_add_signed(rows).min(last);
        self.keep_visible(height);
    }

    /// How much of a movement leads beyond an edge behind which there are more rows.
    fn beyond(&self, rows: isize) -> isize {
        let last = self.window.len().saturating_sub(1);
        let (row, last) = (self.row.cast_signed(), last.cast_signed());
        let target = row.saturating_add(rows);
        if target > last && self.window.more_after() {
            target - last
        } else if target < 0 && self.window.more_before() {
            target
        } else {
            0
        }
    }

    /// Moves by whole screens or halves of one: the view moves with the cursor.
    pub fn scroll_by(&mut self, rows: isize, height: usize) {
        let last = self.window.len().saturating_sub(1);
        let most = self.window.len().saturating_sub(height);
        self.owed = self.beyond(rows);
        self.top = self.top.saturating_add_signed(rows).min(most);
        self.row = self.row.saturating_add_signed(rows).min(last);
        self.keep_visible(height);
    }

    /// Turns the wheel: the view moves, the cursor only as far as it must to stay on it.
    pub fn wheel(&mut self, rows: isize, height: usize) {
        let most = self.window.len().saturating_sub(height);
        self.top = self.top.saturating_add_signed(rows).min(most);
        let bottom = (self.top + height).saturating_sub(1);
        let last = self.window.len().saturating_sub(1);
        self.row = self.row.clamp(self.top, bottom.max(self.top)).min(last);
    }

    /// To the very first row: there already, or a page from the start.
    pub fn to_first(&mut self, height: usize) -> Need {
        if self.window.more_before() {
            return Need::Page(Place::Start, Awaiting::First);
        }
        self.row = 0;
        self.keep_visible(height);
        Need::Nothing
    }

    /// To the very last row: there already, or a page from the end.
    pub fn to_last(&mut self, height: usize) -> Need {
        if self.window.more_after() {
            return Need::Page(Place::End, Awaiting::Last);
        }
        self.row = self.window.len().saturating_sub(1);
        self.keep_visible(height);
        Need::Nothing
    }

    /// A page from where the screen begins now: the same rows, read again.
    pub fn again(&self) -> (Place, Awaiting) {
        match self.window.get(self.top) {
            Some(row) if self.is_settled() && (self.top > 0 || self.window.more_before()) => (
                Place::From(row.anchor.clone()),
                Awaiting::Offset(self.row.saturating_sub(self.top)),
            ),
            _ => (Place::Start, Awaiting::Offset(self.row)),
        }
    }

    /// Whether rows should be read ahead: the cursor is within two screens of an edge beyond
    /// which there are more. The place is that of the page to read.
    pub fn ahead(&self, height: usize) -> Option<(Side, Place)> {
        let margin = height * 2;
        let after = self.window.len().saturating_sub(self.row);
        if self.window.more_after() && after <= margin {
            return Some((Side::After, Place::After(self.window.last()?.clone())));
        }
        if self.window.more_before() && self.row <= margin {
            return Some((Side::Before, Place::Before(self.window.first()?.clone())));
        }
        None
    }

    /// Keeps the cursor's row on the screen, and the screen full where rows allow it.
    pub fn keep_visible(&mut self, height: usize) {
        let height = height.max(1);
        self.row = self.row.min(self.window.len().saturating_sub(1));
        let lowest = (self.row + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.row.max(lowest));
        self.top = self.top.min(self.window.len().saturating_sub(height.min(self.window.len())));
    }

    /// Moves to the next loaded row and column where the text that is looked for stands, or
    /// the previous one; wraps around. Whether there is one.
    pub fn find_next(&mut self, forward: bool, height: usize, cells: u16) -> bool {
        let (rows, columns) = (self.window.len(), self.columns.shown().len());
        let total = rows * columns;
        if total == 0 || self.find.is_empty() {
            return false;
        }
        let wanted = self.find.to_lowercase();
        let here = self.row * columns + self.columns.cursor();
        for step in 1..=total {
            let at = if forward { (here + step) % total } else { (here + total - step) % total };
            if self.matches(at / columns, at % columns, &wanted) {
                self.row = at / columns;
                self.columns.move_to(at % columns, cells);
                self.keep_visible(height);
                return true;
            }
        }
        false
    }

    fn matches(&self, row: usize, place: usize, wanted: &str) -> bool {
        let Some(column) = self.columns.shown().get(place).copied() else { return false };
        let value = self.window.get(row).and_then(|row| row.cells.get(column));
        self.is_shown(column) && value.is_some_and(|value| holds(value, wanted))
    }
}

/// Whether a value's text holds what is looked for, in any case. `wanted` is in lower case.
pub fn holds(value: &Value, wanted: &str) -> bool {
    match value.peek() {
        Value::Text(all) => {
            let all = text::head(all, crate::db::value::PREFIX_BYTES);
            all.to_lowercase().contains(wanted)
        }
        Value::Null | Value::Truncated(_) => false,
        other => other.plain().to_lowercase().contains(wanted),
    }
}
