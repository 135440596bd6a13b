//! Loading the project's seeds, inside a transaction that is on: scripts as they are, rows many at
//! a time. What fails is told with its file, line and column.

use super::files::{Content, Group, Rows, SeedFile};
use super::insert::{Insertion, count_on};
use super::shape::{Shape, Table};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::ops::desired;
use crate::problem::{Problem, Result};
use crate::schema::RelationName;
use crate::sql::Dialect;

/// Loads a file. Returns how many statements or rows there were.
///
/// # Errors
/// The statement or row that fails, with its place.
pub(super) async fn load(
    live: &mut Connection,
    shape: &Shape,
    file: &SeedFile,
    upsert: bool,
    stop: &Stop,
) -> Result<usize> {
    match &file.content {
        Content::Sql(script) => {
            let statements = desired::judged(live, script).await.map_err(|problem| Problem {
                what: problem.what.replace("has no place in a schema", "has no place in a seed"),
                ..problem
            })?;
            for one in &statements {
                let ran = live.run(&one.sql, stop).await;
                ran.map_err(|fault| undone(fault.in_script(script, one.start, &one.sql)))?;
            }
            if shape.dialect == Dialect::Postgres {
                // What one file sets is none of the next one's business.
                live.reset().await?;
            }
            Ok(statements.len())
        }
        Content::Rows(rows) => {
            let Some(table) = shape.tables.get(&rows.table) else { return Ok(0) };
            let loading = Loading { shape, file, name: &rows.table, table, upsert };
            loading.rows(live, rows, stop).await
        }
    }
}

fn undone(problem: Problem) -> Problem {
    if problem.fix.is_empty() {
        return problem;
    }
    Problem { fix: format!("{}; nothing was kept of the seeds", problem.fix), ..problem }
}

struct Loading<'a> {
    shape: &'a Shape,
    file: &'a SeedFile,
    name: &'a RelationName,
    table: &'a Table,
    upsert: bool,
}

impl Loading<'_> {
    async fn rows(&self, live: &mut Connection, rows: &Rows, stop: &Stop) -> Result<usize> {
        let mut written: Vec<usize> = Vec::new();
        for group in &rows.groups {
            if group.columns.is_empty() {
                continue;
            }
            if self.upsert {
                self.has_key(group)?;
            }
            let into = Insertion {
                dialect: self.shape.dialect,
                name: self.name,
                table: self.table,
                columns: group.columns.clone(),
                upsert: self.upsert,
            };
            let mut from = 0;
            while let Some(rest) = group.rows.get(from..).filter(|rest| !rest.is_empty()) {
                let count = Insertion::fitting(rest).max(1);
                self.some(live, &into, group, from..from + count, stop).await?;
                from += count;
            }
            written.extend(
                group
                    .columns
                    .iter()
                    .filter(|at| !written.contains(at))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        }
        count_on(live, self.shape.dialect, self.name, self.table, &written, stop).await?;
        Ok(rows.count())
    }

    /// Whether rows can be told apart by their key.
    fn has_key(&self, group: &Group) -> Result<()> {
        let key = &self.table.primary;
        if !key.is_empty() && key.iter().all(|at| group.columns.contains(at)) {
            return Ok(());
        }
        let why = if key.is_empty() {
            format!("{} has no primary key", self.name)
        } else {
            "not every row names the columns of the primary key".to_owned()
        };
        Err(Problem::usage(
            format!("{} cannot be loaded with --upsert", self.file.name),
            format!("rows that are there are found by their primary key, and {why}"),
            "add the key to the file, or load it without --upsert; nothing was changed",
        ))
    }

    async fn some(
        &self,
        live: &mut Connection,
        into: &Insertion<'_>,
        group: &Group,
        range: std::ops::Range<usize>,
        stop: &Stop,
    ) -> Result<()> {
        let all = group.rows.get(range.clone()).unwrap_or_default();
        let rows: Vec<&[_]> = all.iter().map(Vec::as_slice).collect();
        let Err((fault, place)) = into.put(live, &rows, stop).await else { return Ok(()) };
        if fault.lost || fault.stopped {
            return Err(fault.problem("", ""));
        }
        if let Some((row, column)) = place {
            return Err(self.fault(&fault, group, range.start + row, Some(column)));
        }
        // Which of them it was shows when they go one by one; some only fail together, such as
        // two with the same key.
        for (at, row) in range.zip(all) {
            if let Err((fault, place)) = into.put(live, &[row], stop).await {
                if fault.lost || fault.stopped {
                    return Err(fault.problem("", ""));
                }
                return Err(self.fault(&fault, group, at, place.map(|(_, column)| column)));
            }
        }
        Ok(())
    }

    fn fault(&self, fault: &Fault, group: &Group, row: usize, column: Option<usize>) -> Problem {
        let named = || {
            group.columns.iter().position(|at| {
                let Some(column) = self.table.columns.get(*at) else { return false };
                fault.message.contains(&format!("\"{}\"", column.name))
                    || fault.message.ends_with(&format!(".{}", column.name))
            })
        };
        let column = column.or_else(named);
        let places = group.places.get(row);
        let place = places.and_then(|places| places.get(column.unwrap_or(0)));
        let (line, at) = place.copied().unwrap_or((1, 1));
        let column = column.and_then(|column| group.columns.get(column));
        let column = column.and_then(|at| self.table.columns.get(*at));
        let (at, of) = match column {
            Some(column) => (format!(", column {at}"), format!(" ({})", column.name)),
            None => (String::new(), String::new()),
        };
        let hint = if fault.code.as_deref() == Some("23503") {
            "correct the row, or give the file a number so that it comes after the rows it needs"
        } else {
            "correct the row, and run the command again"
        };
        undone(Problem::failed(
            format!("{}, line {line}{at}: the row does not fit {}{of}", self.file.name, self.name),
            fault.words(),
            hint,
        ))
    }
}
