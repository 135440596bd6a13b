//! The rows of the list: the migrations in the order they run, then what is named besides.

use crate::ops::migrations_desk::State;
use crate::ops::standing::Standing;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A migration, counted from 0.
    Entry(usize),
    /// Nothing, before a heading.
    Blank,
    /// What stands below it.
    Heading(&'static str),
    /// A file that is no migration, counted from 0.
    Misfit(usize),
    /// Something to know, counted from 0.
    Note(usize),
}

impl Row {
    /// Whether the cursor may stand on it.
    pub fn is_chosen(&self) -> bool {
        !matches!(self, Self::Blank | Self::Heading(_))
    }

    /// The migration it is.
    pub fn entry(&self) -> Option<usize> {
        match self {
            Self::Entry(at) => Some(*at),
            _ => None,
        }
    }
}

/// All rows.
pub fn rows(standing: &Standing) -> Vec<Row> {
    let mut rows: Vec<Row> = (0..standing.entries.len()).map(Row::Entry).collect();
    let more = [
        ("Not migrations", standing.misfits.len(), Row::Misfit as fn(usize) -> Row),
        ("To know", standing.notes.len(), Row::Note as fn(usize) -> Row),
    ];
    for (heading, count, row) in more {
        if count == 0 {
            continue;
        }
        if !rows.is_empty() {
            rows.push(Row::Blank);
        }
        rows.push(Row::Heading(heading));
        rows.extend((0..count).map(row));
    }
    rows
}

/// Where to begin: at the first that wants something done, else at the newest.
pub fn first(rows: &[Row], standing: &Standing) -> usize {
    let state = |row: &Row| Some(&standing.entries.get(row.entry()?)?.state);
    let wants = |row: &Row| state(row).is_some_and(|state| *state != State::Applied);
    let newest = rows.iter().rposition(|row| row.entry().is_some());
    let any = || rows.iter().position(Row::is_chosen);
    rows.iter().position(wants).or(newest).or_else(any).unwrap_or(0)
}

/// The row to stand on for one that was aimed at.
pub fn nearest(rows: &[Row], aimed: usize, upwards: bool) -> Option<usize> {
    let aimed = aimed.min(rows.len().checked_sub(1)?);
    let chosen = |at: &usize| rows.get(*at).is_some_and(Row::is_chosen);
    let (before, after) = ((0..=aimed).rev().find(chosen), (aimed..rows.len()).find(chosen));
    if upwards { before.or(after) } else { after.or(before) }
}
