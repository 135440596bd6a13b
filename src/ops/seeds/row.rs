//! Rows for one table: every column within what is asked of it, references to rows there are, what
//! must be unique unique, and checks tried before the server sees them. The same random numbers
//! make the same rows. Pure but for the numbers it is given.

use std::collections::HashSet;
use std::sync::Arc;

use fake::rand::rngs::StdRng;
use fake::rand::{RngExt, SeedableRng};

use super::cell::Cell;
use super::demand::{self, Demand, Value};
use super::expression::Expression;
use super::meaning::Meaning;
use super::shape::{Origin, Reference, Sort, Table};
use super::value::{self, Wish};
use crate::schema::RelationName;
use crate::sql::Dialect;

/// How often a row is made anew until it fits.
const TRIES: usize = 80;

/// The keys a reference may take.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    /// Those of rows that are there.
    Keys(Arc<Vec<Vec<Cell>>>),
    /// Those settled for this very table: of rows up to the one that is made.
    Own(Arc<Vec<Vec<Cell>>>),
    /// None for now.
    Later,
}

/// Makes the rows of a table.
pub(super) struct Maker<'t> {
    table: &'t Table,
    dialect: Dialect,
    rng: StdRng,
    meanings: Vec<Meaning>,
    /// What is asked of the columns whatever the row; empty where that differs.
    demands: Option<Vec<Demand>>,
    /// What must be unique and was made, or was there, by the place among the uniques.
    seen: Vec<HashSet<Vec<String>>>,
    /// The next number of columns that count up.
    next: Vec<Option<i64>>,
    /// The keys for each reference.
    pub(super) pools: Vec<Pool>,
    /// Keys settled beforehand: the columns, and one key for each row.
    pub(super) planned: Option<(Vec<usize>, Arc<Vec<Vec<Cell>>>)>,
}

impl<'t> Maker<'t> {
    /// A maker for a table; the same seed and name make the same rows.
    pub(super) fn new(name: &RelationName, table: &'t Table, dialect: Dialect, seed: u64) -> Self {
        let meaning = |column: &super::shape::Column| Meaning::of(&name.name, &column.name);
        let mut maker = Self {
            table,
            dialect,
            rng: StdRng::seed_from_u64(mixed(seed, &name.to_string())),
            meanings: table.columns.iter().map(meaning).collect(),
            demands: None,
            seen: vec![HashSet::new(); table.uniques.len()],
            next: vec![None; table.columns.len()],
            pools: vec![Pool::Later; table.references.len()],
            planned: None,
        };
        let varies = table.checks.iter().any(|check| demand::has_choice(check, true));
        if !varies && table.partitions.is_none() {
            maker.demands = Some(maker.asked());
        }
        maker
    }

    /// Takes note of what is unique and there already.
    pub(super) fn saw(&mut self, unique: usize, key: &[Cell]) {
        if let Some(seen) = self.seen.get_mut(unique) {
            seen.insert(key.iter().map(mark).collect());
        }
    }

    /// Has a column count up from a number.
    pub(super) fn count_from(&mut self, column: usize, number: i64) {
        if let Some(next) = self.next.get_mut(column) {
            *next = Some(number);
        }
    }

    /// The columns that rows of this table give a value for.
    pub(super) fn written(&self) -> Vec<usize> {
        (0..self.table.columns.len()).filter(|at| !self.is_left_out(*at)).collect()
    }

    /// The first column no value can be made for, though one is needed.
    pub(super) fn unfillable(&self) -> Option<&'t super::shape::Column> {
        let referred =
            |at: &usize| self.table.references.iter().any(|one| one.columns.contains(at));
        let mut columns = self.table.columns.iter().enumerate();
        columns
            .find(|(at, column)| {
                has_unknown(&column.sort) && !column.nullable && !column.default && !referred(at)
            })
            .map(|(_, column)| column)
    }

    fn is_left_out(&self, at: usize) -> bool {
        let Some(column) = self.table.columns.get(at) else { return true };
        let is_planned = self.planned.as_ref().is_some_and(|(columns, _)| columns.contains(&at));
        let is_reference = self.table.references.iter().any(|one| one.columns.contains(&at));
        match column.origin {
            Origin::Computed => true,
            // Where a check looks at it, the engine's own numbers may not do.
            Origin::Numbered { .. } => !is_planned && !is_reference && !self.is_checked(at),
            Origin::Written => column.default && has_unknown(&column.sort) && !is_reference,
        }
    }

    /// Whether a check reads a column.
    fn is_checked(&self, at: usize) -> bool {
        let place = |name: &str| self.table.place(self.dialect, name);
        let mut read = Vec::new();
        self.table.checks.iter().for_each(|check| demand::columns(check, &place, &mut read));
        read.contains(&at)
    }

    /// What is asked of the columns of the next row: alternatives are chosen anew.
    fn asked(&mut self) -> Vec<Demand> {
        let (table, dialect) = (self.table, self.dialect);
        let place = |name: &str| table.place(dialect, name);
        let mut demands: Vec<Demand> =
            table.columns.iter().map(|column| value::demands_of(&column.sort)).collect();
        let rng = &mut self.rng;
        let mut choose = |count: usize| rng.random_range(0..count.max(1));
        for check in &table.checks {
            demand::gather(check, true, &place, &mut choose, &mut demands);
        }
        if let Some(partitions) = &table.partitions
            && let Some(asked) = partitions.get(choose(partitions.len()))
        {
            for one in asked {
                demand::gather(one, true, &place, &mut choose, &mut demands);
            }
            // A row whose key is NULL has a place only in a default partition.
            let mut keys = Vec::new();
            asked.iter().for_each(|one| demand::columns(one, &place, &mut keys));
            for key in keys {
                if let Some(demand) = demands.get_mut(key) {
                    demand.null = Some(false);
                }
            }
        }
        demands
    }

    /// The row of this number, counted from 0; `None` where none was found that fits.
    pub(super) fn row(&mut self, number: usize) -> Option<Vec<Cell>> {
        for attempt in 0..TRIES {
            let demands = match self.demands.take() {
                Some(demands) => demands,
                None => self.asked(),
            };
            let made = self.attempt(number, attempt, &demands);
            let varies = self.table.partitions.is_some()
                || self.table.checks.iter().any(|check| demand::has_choice(check, true));
            if !varies {
                self.demands = Some(demands);
            }
            if let Some(row) = made {
                return Some(row);
            }
        }
        None
    }

    fn attempt(&mut self, number: usize, attempt: usize, demands: &[Demand]) -> Option<Vec<Cell>> {
        let table = self.table;
        let mut row: Vec<Option<Cell>> = vec![None; table.columns.len()];
        if let Some((columns, keys)) = &self.planned {
            let key = keys.get(number)?;
            for (at, cell) in columns.iter().zip(key) {
                *row.get_mut(*at)? = Some(cell.clone());
            }
        }
        for (at, reference) in table.references.iter().enumerate() {
            self.refer(at, reference, number, demands, &mut row)?;
        }
        for (at, column) in table.columns.iter().enumerate() {
            if row.get(at)?.is_some() {
                continue;
            }
            let cell = if self.is_left_out(at) {
                Cell::Default
            } else {
                self.cell(at, column, demands.get(at)?)?
            };
            *row.get_mut(at)? = Some(cell);
        }
        let mut row: Vec<Cell> = row.into_iter().collect::<Option<_>>()?;
        let keys = self.unique_keys(number, attempt, demands, &mut row)?;
        if self.fails(&row) {
            return None;
        }
        for (seen, key) in self.seen.iter_mut().zip(keys) {
            seen.extend(key);
        }
        for (at, next) in self.next.iter_mut().enumerate() {
            if let (Some(next), Some(Cell::Number(digits))) = (next, row.get(at)) {
                *next = digits.parse().unwrap_or(*next).saturating_add(1);
            }
        }
        Some(row)
    }

    /// Settles the columns of a reference.
    fn refer(
        &mut self,
        at: usize,
        reference: &Reference,
        number: usize,
        demands: &[Demand],
        row: &mut [Option<Cell>],
    ) -> Option<()> {
        let nullable = reference.columns.iter().copied().find(|column| {
            self.table.columns.get(*column).is_some_and(|found| found.nullable)
                && demands.get(*column).is_none_or(|demand| demand.null != Some(false))
                && row.get(*column).is_some_and(|cell| cell.is_none() || *cell == Some(Cell::Null))
        });
        let asked = reference
            .columns
            .iter()
            .any(|column| demands.get(*column).is_some_and(|demand| demand.null == Some(true)));
        let pool = self.pools.get(at).cloned()?;
        let keys = match &pool {
            Pool::Keys(keys) => keys.get(..)?,
            Pool::Own(keys) => keys.get(..=number.min(keys.len().saturating_sub(1)))?,
            Pool::Later => &[],
        };
        if let Some(column) = nullable
            && (asked || keys.is_empty() || self.rng.random_bool(0.1))
        {
            *row.get_mut(column)? = Some(Cell::Null);
            return Some(());
        }
        let chosen = self.chosen(reference, keys, row);
        let chosen = match (chosen, nullable) {
            (Some(chosen), _) => chosen,
            (None, Some(column)) => {
                *row.get_mut(column)? = Some(Cell::Null);
                return Some(());
            }
            (None, None) => return None,
        };
        for (column, cell) in reference.columns.iter().zip(chosen) {
            *row.get_mut(*column)? = Some(cell);
        }
        Some(())
    }

    /// A key for a reference: one that agrees with the columns that are settled, and, where the
    /// reference must be unique, that no other row has.
    fn chosen(
        &mut self,
        reference: &Reference,
        keys: &[Vec<Cell>],
        row: &[Option<Cell>],
    ) -> Option<Vec<Cell>> {
        let fits = |key: &&Vec<Cell>| {
            reference.columns.iter().zip(key.iter()).all(|(column, cell)| match row.get(*column) {
                Some(Some(settled)) => mark(settled) == mark(cell),
                _ => true,
            })
        };
        let is_settled =
            reference.columns.iter().any(|column| matches!(row.get(*column), Some(Some(_))));
        let alone = self.table.uniques.iter().position(|one| one.columns == reference.columns);
        let start = self.rng.random_range(0..keys.len().max(1));
        let mut turned = keys.get(start..)?.iter().chain(keys.get(..start)?);
        let chosen = match (alone, is_settled) {
            (Some(unique), _) => {
                let seen = self.seen.get(unique)?;
                let free =
                    |key: &&Vec<Cell>| !seen.contains(&key.iter().map(mark).collect::<Vec<_>>());
                turned.filter(fits).find(free)
            }
            (None, true) => turned.find(fits),
            (None, false) => keys.get(start),
        };
        chosen.cloned()
    }

    fn cell(&mut self, at: usize, column: &super::shape::Column, demand: &Demand) -> Option<Cell> {
        let meaning = self.meanings.get(at).copied().unwrap_or(Meaning::Other);
        if demand.null == Some(true) || (has_unknown(&column.sort) && column.nullable) {
            return Some(Cell::Null);
        }
        let is_key = self.table.uniques.iter().any(|unique| unique.columns.contains(&at));
        let rare = column.name.to_ascii_lowercase().contains("deleted");
        let share = if rare { 0.9 } else { 0.08 };
        if column.nullable && demand.null.is_none() && !is_key && self.rng.random_bool(share) {
            return Some(Cell::Null);
        }
        if let Some(Some(next)) = self.next.get(at) {
            return Some(Cell::Number(next.max(&least(demand)).to_string()));
        }
        value::value(Wish { sort: &column.sort, demand, meaning }, &mut self.rng)
    }

    /// The keys of a row that must be unique; texts among them are changed until they are.
    #[expect(clippy::type_complexity, reason = "one key, or none, for each of the uniques")]
    fn unique_keys(
        &self,
        number: usize,
        attempt: usize,
        demands: &[Demand],
        row: &mut [Cell],
    ) -> Option<Vec<Option<Vec<String>>>> {
        let mut keys = Vec::with_capacity(self.table.uniques.len());
        for (unique, seen) in self.table.uniques.iter().zip(&self.seen) {
            let mut turn = 0;
            let key = loop {
                let cells: Vec<&Cell> =
                    unique.columns.iter().filter_map(|at| row.get(*at)).collect();
                let unknown = cells.iter().any(|cell| matches!(cell, Cell::Default));
                let null = cells.iter().any(|cell| matches!(cell, Cell::Null));
                if unknown || (null && !unique.nulls_same) {
                    break None;
                }
                let key: Vec<String> = cells.into_iter().map(mark).collect();
                if !seen.contains(&key) {
                    break Some(key);
                }
                turn += 1;
                if turn > 3 {
                    return None;
                }
                let tag = number * 4 + turn + attempt * 97;
                let column =
                    unique.columns.iter().copied().find(|at| self.may_be_tagged(*at, demands))?;
                let most = self.most(column);
                if let Some(Cell::Text(text)) = row.get_mut(column) {
                    *text = tagged(text, tag, most);
                }
            };
            keys.push(key);
        }
        Some(keys)
    }

    /// Whether a column's text may be changed at will.
    fn may_be_tagged(&self, at: usize, demands: &[Demand]) -> bool {
        let referred = self.table.references.iter().any(|one| one.columns.contains(&at));
        let is_free = |demand: &Demand| {
            demand.one_of.is_none() && demand.matching.is_none() && demand.like.is_none()
        };
        let free = demands.get(at).is_none_or(is_free);
        let column = self.table.columns.get(at);
        let is_text = column.is_some_and(|column| matches!(column.sort.bare(), Sort::Text(_)));
        is_text && free && !referred
    }

    fn most(&self, at: usize) -> usize {
        match self.table.columns.get(at).map(|column| column.sort.bare()) {
            Some(Sort::Text(Some(most))) => *most,
            _ => 200,
        }
    }

    /// Whether a check is known to refuse a row.
    fn fails(&self, row: &[Cell]) -> bool {
        let (table, dialect) = (self.table, self.dialect);
        let value = |name: &str| {
            let cell = table.place(dialect, name).and_then(|at| row.get(at));
            cell.map_or(Value::Opaque, Cell::value)
        };
        let own = |check: &Expression| demand::fails(check, dialect, &value);
        table.checks.iter().any(own)
            || table.columns.iter().zip(row).any(|(column, cell)| {
                let mut sort = &column.sort;
                while let Sort::Domain(below, checks) = sort {
                    let value = |_: &str| cell.value();
                    if checks.iter().any(|check| demand::fails(check, dialect, &value)) {
                        return true;
                    }
                    sort = below;
                }
                false
            })
    }
}

/// The least whole number that is asked for.
#[expect(clippy::cast_possible_truncation, reason = "a limit written in a check")]
fn least(demand: &Demand) -> i64 {
    match &demand.least {
        Some((demand::Limit::Number(number), true)) => number.floor() as i64 + 1,
        Some((demand::Limit::Number(number), false)) => number.ceil() as i64,
        _ => i64::MIN,
    }
}

/// Whether values of a sort cannot be made.
fn has_unknown(sort: &Sort) -> bool {
    match sort {
        Sort::Unknown => true,
        Sort::Array(inner) | Sort::Range(inner) | Sort::Ranges(inner) | Sort::Domain(inner, _) => {
            has_unknown(inner)
        }
        Sort::Fields(fields) => fields.iter().any(has_unknown),
        Sort::Label(labels) => labels.is_empty(),
        _ => false,
    }
}

/// What tells two values apart, whatever they are written as; the case of letters does not, since
/// it may not in the index.
fn mark(cell: &Cell) -> String {
    match cell.value() {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => match text.parse::<f64>() {
            Ok(number) => number.to_string(),
            Err(_) => text.to_lowercase(),
        },
        Value::Truth(truth) => truth.to_string(),
        Value::Null => String::from("\u{0}"),
        Value::Opaque => cell.text(),
    }
}

/// A text with a number in it, no longer than allowed.
fn tagged(text: &str, tag: usize, most: usize) -> String {
    let tag = if most < 6 { shorter(tag) } else { tag.to_string() };
    let (head, tail) = match text.split_once('@') {
        Some((head, tail)) => (head, format!("@{tail}")),
        None => (text, String::new()),
    };
    let room = most.saturating_sub(tag.chars().count() + tail.chars().count());
    let head: String = head.chars().take(room).collect();
    format!("{head}{tag}{tail}").chars().take(most).collect()
}

/// A number in few letters.
fn shorter(mut number: usize) -> String {
    let mut out = String::new();
    loop {
        let digit = u32::try_from(number % 36).ok().and_then(|digit| char::from_digit(digit, 36));
        out.extend(digit);
        number /= 36;
        if number == 0 {
            return out;
        }
    }
}

/// A seed for a table: different ones for different tables, the same every time (FNV-1a).
fn mixed(seed: u64, name: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    name.bytes()
        .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
