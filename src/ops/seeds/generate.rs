//! Filling tables with rows made from the schema alone, in one transaction.
//!
//! A row the server refuses all the same is taken back alone, made anew a few times, and then left
//! out and counted: what was left out, and why, is part of the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cell::Cell;
use super::insert::{self, Insertion, count_on, guarded, guarded_query};
use super::order::{self, Order};
use super::row::{Keys, Maker, Pool};
use super::shape::{Origin, Reference, Shape, Sort, Table};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::schema::RelationName;
use crate::sql::Dialect;

/// How often a row that was refused is made anew.
const AGAIN: usize = 4;

/// After so many rows refused in a row a table is given up.
const GIVEN_UP: usize = 25;

/// The most keys that are kept for references to a table.
const MOST_KEYS: usize = 200_000;

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How many rows for each table.
    pub rows: usize,
    /// The tables; all where there are none.
    pub tables: Vec<String>,
    /// The same seed makes the same rows.
    pub seed: u64,
}

/// What came of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The table.
    pub table: RelationName,
    /// How many rows it got.
    pub rows: usize,
    /// How many were left out.
    pub missing: usize,
    /// Why, in a sentence.
    pub why: Option<String>,
}

/// Fills tables, inside a transaction that is on. `tell` is told of a table, and of how many rows
/// it has got so far.
///
/// # Errors
/// The connection is lost, the work was stopped, or the server cannot be asked.
pub(super) async fn fill(
    live: &mut Connection,
    shape: &Shape,
    chosen: &BTreeSet<RelationName>,
    wanted: &Wanted,
    stop: &Stop,
    tell: &mut (dyn FnMut(&RelationName, usize) + Send),
) -> Result<Vec<Filled>> {
    let order = order::order(shape, chosen);
    let mut filling =
        Filling { live, shape, wanted, stop, order: &order, planned: BTreeMap::new() };
    if !order.ahead.is_empty() {
        let sql = match shape.dialect {
            Dialect::Postgres => "SET CONSTRAINTS ALL DEFERRED",
            Dialect::Sqlite => "PRAGMA defer_foreign_keys = ON",
        };
        filling.run(sql).await?;
    }
    let mut done: Vec<Filled> = Vec::new();
    let skipped = order.skipped.iter();
    done.extend(skipped.map(|(name, why)| refused(name, wanted.rows, why.clone())));
    let mut later = Vec::new();
    for name in &order.tables {
        let Some(table) = shape.tables.get(name) else { continue };
        let before = filling.keys_before(name, table).await?;
        done.push(filling.table(name, table, tell).await?);
        later.extend(before.map(|before| (name, table, before)));
    }
    for (name, table, before) in later {
        filling.later(name, table, &before).await?;
    }
    if !order.ahead.is_empty() && shape.dialect == Dialect::Postgres {
        filling.run("SET CONSTRAINTS ALL IMMEDIATE").await?;
    }
    Ok(done)
}

fn refused(name: &RelationName, rows: usize, why: String) -> Filled {
    Filled { table: name.clone(), rows: 0, missing: rows, why: Some(why) }
}

struct Filling<'a> {
    live: &'a mut Connection,
    shape: &'a Shape,
    wanted: &'a Wanted,
    stop: &'a Stop,
    order: &'a Order,
    /// Keys that were settled before their rows were made: by table, the columns and the keys.
    planned: BTreeMap<RelationName, (Vec<usize>, Keys)>,
}

/// Rows on their way into a table.
#[derive(Default)]
struct Tally {
    rows: usize,
    missing: usize,
    in_a_row: usize,
    why: Option<String>,
}

impl Filling<'_> {
    async fn run(&mut self, sql: &str) -> Result<()> {
        self.live.run(sql, self.stop).await.map_err(|fault| told(&fault))
    }

    /// The values of some columns of a table's rows, as the engine writes them.
    async fn keys(&mut self, name: &RelationName, columns: &[String], most: usize) -> Result<Keys> {
        let dialect = self.shape.dialect;
        let ident = |column: &String| dialect.ident(column);
        let written = |column: &String| match dialect {
            Dialect::Postgres => format!("{}::text", ident(column)),
            Dialect::Sqlite => format!("quote({})", ident(column)),
        };
        let list = |each: &dyn Fn(&String) -> String, joint: &str| {
            columns.iter().map(each).collect::<Vec<_>>().join(joint)
        };
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {most}",
            list(&written, ", "),
            dialect.relation(&name.schema, &name.name),
            list(&|column| format!("{} IS NOT NULL", ident(column)), " AND "),
            (1..=columns.len()).map(|at| at.to_string()).collect::<Vec<_>>().join(", ")
        );
        let rows = guarded_query(self.live, &sql, self.stop).await.map_err(|fault| told(&fault))?;
        let cell = |text: Option<String>| match (text, dialect) {
            (None, _) => Cell::Null,
            (Some(text), Dialect::Postgres) => Cell::Text(text),
            (Some(text), Dialect::Sqlite) => Cell::Written(text),
        };
        Ok(Arc::new(rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()))
    }

    /// The keys of the rows that are there, of a table some reference of which is filled in later.
    async fn keys_before(
        &mut self,
        name: &RelationName,
        table: &Table,
    ) -> Result<Option<BTreeSet<Vec<String>>>> {
        if table.primary.is_empty() || !self.order.later.iter().any(|(of, _)| of == name) {
            return Ok(None);
        }
        let columns = names(table, &table.primary);
        let keys = self.keys(name, &columns, MOST_KEYS).await?;
        Ok(Some(keys.iter().map(|key| key.iter().map(Cell::text).collect()).collect()))
    }

    async fn table(
        &mut self,
        name: &RelationName,
        table: &Table,
        tell: &mut (dyn FnMut(&RelationName, usize) + Send),
    ) -> Result<Filled> {
        let mut rows = self.wanted.rows;
        if table.partitions.as_ref().is_some_and(Vec::is_empty) {
            return Ok(refused(name, rows, "it has no partition that could hold a row".into()));
        }
        let mut maker = Maker::new(name, table, self.shape.dialect, self.wanted.seed);
        if let Some(column) = maker.unfillable() {
            let why = format!(
                "no value can be made for {}, which is {} and must not be NULL",
                column.name, column.type_name
            );
            return Ok(refused(name, rows, why));
        }
        if let Some(why) = self.prepare(name, table, &mut maker).await? {
            return Ok(refused(name, rows, why));
        }
        let own: Vec<usize> = (0..table.references.len())
            .filter(|at| table.references.get(*at).is_some_and(|one| one.target == *name))
            .filter(|at| !self.order.ahead.contains(&(name.clone(), *at)))
            .collect();
        let mut tally = Tally::default();
        let mut number = 0;
        let mut group = if own.is_empty() { insert::MOST_ROWS } else { 1 };
        let written = maker.written();
        let limit = insert::numbers_left(self.live, (name, table), &written, self.stop).await?;
        let limit = limit.filter(|(_, left)| *left < rows);
        if let Some((_, left)) = limit {
            rows = left;
            // A statement that fails uses its numbers up: where there are few, one row at a time.
            group = if left <= insert::MOST_ROWS { 1 } else { group };
        }
        while number < rows && tally.in_a_row < GIVEN_UP {
            let end = (number + group).min(rows);
            self.rows(name, table, &mut maker, number..end, &mut tally).await?;
            number = end;
            tell(name, tally.rows);
            // A table that refers to itself grows from one row: later ones refer to earlier ones.
            if !own.is_empty() && group < insert::MOST_ROWS {
                group *= 4;
                for at in &own {
                    let Some(reference) = table.references.get(*at) else { continue };
                    let keys = self.keys(name, &reference.target_columns, MOST_KEYS).await?;
                    if let Some(pool) = maker.pools.get_mut(*at) {
                        *pool = Pool::Keys(keys);
                    }
                }
            }
        }
        tally.missing += self.wanted.rows - number.min(rows);
        if let Some((sequence, left)) = limit {
            tally.why.get_or_insert_with(|| format!("{sequence} has no more than {left} numbers"));
        }
        self.count_on(name, table, &maker).await?;
        Ok(Filled { table: name.clone(), rows: tally.rows, missing: tally.missing, why: tally.why })
    }

    /// Tells the maker of what is there; a sentence where the table cannot be filled.
    async fn prepare(
        &mut self,
        name: &RelationName,
        table: &Table,
        maker: &mut Maker<'_>,
    ) -> Result<Option<String>> {
        self.plan(name, table).await?;
        maker.planned = self.planned.get(name).cloned();
        for (at, reference) in table.references.iter().enumerate() {
            let edge = (name.clone(), at);
            let pool = if self.order.later.contains(&edge) {
                Pool::Later
            } else if self.order.ahead.contains(&edge) {
                match self.keys_ahead(reference).await? {
                    Some(keys) if reference.target == *name => Pool::Own(keys),
                    Some(keys) => Pool::Keys(keys),
                    None => {
                        return Ok(Some(format!(
                            "it refers to {}, whose keys cannot be settled beforehand",
                            reference.target
                        )));
                    }
                }
            } else {
                let (target, columns) = (&reference.target, &reference.target_columns);
                Pool::Keys(self.keys(target, columns, MOST_KEYS).await?)
            };
            let is_empty = matches!(&pool, Pool::Keys(keys) if keys.is_empty());
            let nullable = |at: &usize| table.columns.get(*at).is_some_and(|one| one.nullable);
            if is_empty && !reference.columns.iter().any(nullable) && reference.target != *name {
                return Ok(Some(format!(
                    "it needs a row of {}, and there is none",
                    reference.target
                )));
            }
            if let Some(place) = maker.pools.get_mut(at) {
                *place = pool;
            }
        }
        for (at, unique) in table.uniques.iter().enumerate() {
            let columns = names(table, &unique.columns);
            let keys = self.keys(name, &columns, MOST_KEYS).await?;
            keys.iter().for_each(|key| maker.saw(at, key));
            let [column] = unique.columns.as_slice() else { continue };
            let referred = table.references.iter().any(|one| one.columns.contains(column));
            let sort = table.columns.get(*column).map(|column| column.sort.bare());
            if let (false, Some(Sort::Integer(..))) = (referred, sort) {
                let greatest = self.greatest(name, table, *column).await?;
                maker.count_from(*column, greatest.saturating_add(1));
            }
        }
        Ok(None)
    }

    /// The greatest number of a column, at least 0.
    async fn greatest(&mut self, name: &RelationName, table: &Table, column: usize) -> Result<i64> {
        let columns = names(table, &[column]);
        let dialect = self.shape.dialect;
        let column = columns.first().map(|column| dialect.ident(column)).unwrap_or_default();
        let table = dialect.relation(&name.schema, &name.name);
        let sql = format!("SELECT max({column}) FROM {table}");
        let rows = guarded_query(self.live, &sql, self.stop).await.map_err(|fault| told(&fault))?;
        let greatest = rows.into_iter().flatten().flatten().next();
        Ok(greatest.and_then(|text| text.parse().ok()).unwrap_or(0).max(0))
    }

    /// Settles the keys of a table beforehand, where rows refer to them that come earlier.
    async fn plan(&mut self, name: &RelationName, table: &Table) -> Result<()> {
        if self.planned.contains_key(name) {
            return Ok(());
        }
        let order = self.order;
        let mut edges = order.ahead.iter().filter_map(|(of, at)| {
            let reference = self.shape.tables.get(of)?.references.get(*at)?;
            (reference.target == *name).then_some(reference)
        });
        let Some(reference) = edges.next() else { return Ok(()) };
        let place = |column: &String| table.place(self.shape.dialect, column);
        let columns: Option<Vec<usize>> = reference.target_columns.iter().map(place).collect();
        let Some(columns) = columns else { return Ok(()) };
        let is_free = |at: &usize| !table.references.iter().any(|one| one.columns.contains(at));
        if !columns.iter().all(is_free) {
            return Ok(());
        }
        // A small table of just these columns makes them.
        let keys = Table {
            columns: columns
                .iter()
                .filter_map(|at| table.columns.get(*at).cloned())
                .map(|column| super::shape::Column { origin: Origin::Written, ..column })
                .collect(),
            primary: Vec::new(),
            uniques: vec![super::shape::Unique {
                columns: (0..columns.len()).collect(),
                nulls_same: true,
            }],
            references: Vec::new(),
            checks: Vec::new(),
            partitions: None,
        };
        let mut maker = Maker::new(name, &keys, self.shape.dialect, self.wanted.seed);
        if let [column] = columns.as_slice()
            && let Some(Sort::Integer(..)) = table.columns.get(*column).map(|one| one.sort.bare())
        {
            let greatest = self.greatest(name, table, *column).await?;
            maker.count_from(0, greatest.saturating_add(1));
        }
        let there = self.keys(name, &names(table, &columns), MOST_KEYS).await?;
        there.iter().for_each(|key| maker.saw(0, key));
        let made: Vec<Vec<Cell>> = (0..self.wanted.rows).map_while(|at| maker.row(at)).collect();
        self.planned.insert(name.clone(), (columns, Arc::new(made)));
        Ok(())
    }

    async fn keys_ahead(&mut self, reference: &Reference) -> Result<Option<Keys>> {
        let Some(table) = self.shape.tables.get(&reference.target) else { return Ok(None) };
        self.plan(&reference.target, table).await?;
        Ok(self.planned.get(&reference.target).map(|(_, keys)| Arc::clone(keys)))
    }

    /// Makes and inserts the rows of these numbers.
    async fn rows(
        &mut self,
        name: &RelationName,
        table: &Table,
        maker: &mut Maker<'_>,
        numbers: std::ops::Range<usize>,
        tally: &mut Tally,
    ) -> Result<()> {
        let columns = maker.written();
        let into = Insertion { dialect: self.shape.dialect, name, table, columns, upsert: false };
        let made = made(maker, &into, numbers, tally);
        // Groups that wait, the next one last.
        let mut groups = vec![made];
        while let Some(group) = groups.pop() {
            let cells: Vec<Vec<Cell>> = group.iter().map(|(_, row)| row.clone()).collect();
            let fitting = Insertion::fitting(&cells);
            let mut group = group;
            if fitting < group.len() {
                groups.push(group.split_off(fitting));
            }
            let rows: Vec<&[Cell]> = group.iter().map(|(_, row)| row.as_slice()).collect();
            if rows.is_empty() {
                continue;
            }
            let fault = match into.put(self.live, &rows, self.stop).await {
                Ok(()) => {
                    tally.rows += rows.len();
                    tally.in_a_row = 0;
                    continue;
                }
                Err((fault, _)) if fault.lost || fault.stopped => return Err(told(&fault)),
                Err((fault, _)) => fault,
            };
            if group.len() > 1 {
                let rest = group.split_off(group.len() / 2);
                groups.push(rest);
                groups.push(group);
                continue;
            }
            if tally.in_a_row >= GIVEN_UP {
                tally.missing += 1;
                continue;
            }
            let Some((number, _)) = group.pop() else { continue };
            self.again(&into, maker, number, fault, tally).await?;
        }
        Ok(())
    }

    /// Tries a row that was refused a few times more, made anew.
    async fn again(
        &mut self,
        into: &Insertion<'_>,
        maker: &mut Maker<'_>,
        number: usize,
        mut fault: Fault,
        tally: &mut Tally,
    ) -> Result<()> {
        for _ in 0..AGAIN {
            let Some(row) = maker.row(number) else { break };
            let cells = picked(into, &row);
            match into.put(self.live, &[&cells], self.stop).await {
                Ok(()) => {
                    tally.rows += 1;
                    tally.in_a_row = 0;
                    return Ok(());
                }
                Err((fault, _)) if fault.lost || fault.stopped => return Err(told(&fault)),
                Err((again, _)) => fault = again,
            }
        }
        tally.missing += 1;
        tally.in_a_row += 1;
        tally.why.get_or_insert_with(|| fault.words());
        Ok(())
    }

    /// Has sequences go on after numbers that were written.
    async fn count_on(
        &mut self,
        name: &RelationName,
        table: &Table,
        maker: &Maker<'_>,
    ) -> Result<()> {
        let written = maker.written();
        count_on(self.live, self.shape.dialect, name, table, &written, self.stop).await
    }

    /// Fills in the references that stayed NULL, in the rows that are new.
    async fn later(
        &mut self,
        name: &RelationName,
        table: &Table,
        before: &BTreeSet<Vec<String>>,
    ) -> Result<()> {
        let dialect = self.shape.dialect;
        let primary = names(table, &table.primary);
        let rows = self.keys(name, &primary, MOST_KEYS).await?;
        let is_new = |key: &&Vec<Cell>| {
            !before.contains(&key.iter().map(Cell::text).collect::<Vec<String>>())
        };
        let rows: Vec<&Vec<Cell>> = rows.iter().filter(is_new).collect();
        let edges = self.order.later.iter().filter(|(of, _)| of == name);
        for (_, at) in edges.cloned().collect::<Vec<_>>() {
            let Some(reference) = table.references.get(at) else { continue };
            let keys = self.keys(&reference.target, &reference.target_columns, MOST_KEYS).await?;
            if keys.is_empty() {
                continue;
            }
            let columns = names(table, &reference.columns);
            let pairs = |columns: &[String], cells: &[Cell], joint: &str| {
                let one = |(column, cell): (&String, &Cell)| {
                    let mut sql = format!("{} = ", dialect.ident(column));
                    cell.literal(dialect, &mut sql);
                    sql
                };
                columns.iter().zip(cells).map(one).collect::<Vec<_>>().join(joint)
            };
            let table = dialect.relation(&name.schema, &name.name);
            let statements: Vec<String> = rows
                .iter()
                .enumerate()
                .filter_map(|(number, row)| {
                    // Spread over all of them, the same each time.
                    let key = keys.get((number * 7 + 3) % keys.len())?;
                    let (sets, is) = (pairs(&columns, key, ", "), pairs(&primary, row, " AND "));
                    Some(format!("UPDATE {table} SET {sets} WHERE {is}"))
                })
                .collect();
            for group in statements.chunks(500) {
                if guarded(self.live, &group.join(";\n"), self.stop).await.is_ok() {
                    continue;
                }
                for one in group {
                    // One that is refused keeps its NULL.
                    match guarded(self.live, one, self.stop).await {
                        Err(fault) if fault.lost || fault.stopped => return Err(told(&fault)),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// The cells of a row that are written.
fn picked(into: &Insertion<'_>, row: &[Cell]) -> Vec<Cell> {
    into.columns.iter().filter_map(|at| row.get(*at).cloned()).collect()
}

/// Makes the rows of these numbers, as far as there are any that differ.
fn made(
    maker: &mut Maker<'_>,
    into: &Insertion<'_>,
    numbers: std::ops::Range<usize>,
    tally: &mut Tally,
) -> Vec<(usize, Vec<Cell>)> {
    let mut made = Vec::new();
    for number in numbers {
        if let Some(row) = maker.row(number) {
            made.push((number, picked(into, &row)));
            continue;
        }
        tally.missing += 1;
        tally.in_a_row += 1;
        tally.why.get_or_insert_with(|| "no more rows that differ could be found".into());
        if tally.in_a_row >= GIVEN_UP {
            break;
        }
    }
    made
}

/// The names of columns, by place.
fn names(table: &Table, places: &[usize]) -> Vec<String> {
    places.iter().filter_map(|at| table.columns.get(*at)).map(|one| one.name.clone()).collect()
}

fn told(fault: &Fault) -> Problem {
    fault.problem(
        "The tables cannot be filled",
        "the server's words say why; nothing was kept of what was made",
    )
}
