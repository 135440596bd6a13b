//! The rows that are here: a bounded stretch of the relation's order, without gaps.
//!
//! It grows at either end as pages arrive and is cut at the other end, so that memory stays
//! the same however far somebody pages. It never asks for anything.

use std::collections::VecDeque;

use crate::app::panes::data::Awaiting;
use crate::db::page::{Anchor, Page, Row};

/// Rows the window holds at most.
const MOST_ROWS: usize = 1_200;

/// Bytes the window holds at most, as far as rows beyond the screen go.
const MOST_BYTES: usize = 6 * 1024 * 1024;

/// Rows kept around the cursor whatever they weigh.
const KEPT_ROWS: usize = 150;

/// A stretch of rows.
#[derive(Debug, Default)]
pub struct Window {
    rows: VecDeque<Row>,
    bytes: usize,
    more_before: bool,
    more_after: bool,
    offset: Option<u64>,
    loaded: bool,
}

impl Window {
    /// Takes a page instead of what is here.
    pub fn replace(&mut self, page: Page, place: &Awaiting) {
        self.bytes = page.rows.iter().map(Row::footprint).sum();
        self.rows = page.rows.into();
        self.more_before = page.more_before;
        self.more_after = page.more_after;
        self.loaded = true;
        let kept = if matches!(place, Awaiting::Offset(_)) { self.offset } else { None };
        self.offset = if page.more_before { kept } else { Some(0) };
    }

    /// Takes the page that follows; returns how many rows were cut at the beginning.
    pub fn append(&mut self, page: Page, cursor: usize) -> usize {
        self.more_after = page.more_after;
        self.bytes += page.rows.iter().map(Row::footprint).sum::<usize>();
        self.rows.extend(page.rows);
        let mut cut = 0;
        while self.is_too_large() && cursor.saturating_sub(cut) > KEPT_ROWS {
            if let Some(row) = self.rows.pop_front() {
                self.bytes = self.bytes.saturating_sub(row.footprint());
            }
            self.more_before = true;
            cut += 1;
        }
        self.offset = self.offset.map(|offset| offset + cut as u64);
        cut
    }

    /// Takes the page that comes before; returns how many rows were put in front.
    pub fn prepend(&mut self, page: Page, cursor: usize) -> usize {
        self.more_before = page.more_before;
        let added = page.rows.len();
        for row in page.rows.into_iter().rev() {
            self.bytes += row.footprint();
            self.rows.push_front(row);
        }
        let cursor = cursor + added;
        while self.is_too_large() && self.rows.len().saturating_sub(cursor) > KEPT_ROWS {
            if let Some(row) = self.rows.pop_back() {
                self.bytes = self.bytes.saturating_sub(row.footprint());
            }
            self.more_after = true;
        }
        self.offset = match (self.more_before, self.offset) {
            (false, _) => Some(0),
            (true, Some(offset)) => offset.checked_sub(added as u64),
            (true, None) => None,
        };
        added
    }

    /// Keeps only the rows around an index; returns how many were cut at the beginning.
    pub fn keep_around(&mut self, index: usize) -> usize {
        let cut = index.saturating_sub(KEPT_ROWS);
        let end = (index + KEPT_ROWS * 2).min(self.rows.len());
        self.more_after |= end < self.rows.len();
        self.rows.truncate(end);
        self.rows.drain(..cut.min(end));
        self.rows.shrink_to_fit();
        self.more_before |= cut > 0;
        self.offset = self.offset.map(|offset| offset + cut as u64);
        self.bytes = self.rows.iter().map(Row::footprint).sum();
        cut
    }

    fn is_too_large(&self) -> bool {
        self.rows.len() > MOST_ROWS || self.bytes > MOST_BYTES
    }

    /// How many rows are here.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a page ever arrived.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether every row there is is here.
    pub fn is_whole(&self) -> bool {
        self.loaded && !self.more_before && !self.more_after
    }

    /// Whether rows come before these.
    pub fn more_before(&self) -> bool {
        self.more_before
    }

    /// Whether rows follow these.
    pub fn more_after(&self) -> bool {
        self.more_after
    }

    /// How many rows come before these, where it is known without counting.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// Makes the offset known from an exact total, when these are the last rows.
    pub fn settle_offset(&mut self, total: u64) {
        if !self.more_after && self.offset.is_none() {
            self.offset = total.checked_sub(self.rows.len() as u64);
        }
    }

    /// The row at an index.
    pub fn get(&self, index: usize) -> Option<&Row> {
        self.rows.get(index)
    }

    /// The rows in order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> + ExactSizeIterator {
        self.rows.iter()
    }

    /// The place of the first row.
    pub fn first(&self) -> Option<&Anchor> {
        self.rows.front().map(|row| &row.anchor)
    }

    /// The place of the last row.
    pub fn last(&self) -> Option<&Anchor> {
        self.rows.back().map(|row| &row.anchor)
    }
}
