//! Statements that insert rows, and running them inside a transaction that is on: many rows at a
//! time, each group within a savepoint, so that one row that does not fit costs only itself.

use super::cell::Cell;
use super::shape::{Origin, Table};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::problem::Result as Outcome;
use crate::schema::RelationName;
use crate::sql::Dialect;

/// The most rows of one statement.
pub(super) const MOST_ROWS: usize = 1_000;

/// The most bytes of one statement, about; SQLite's own limit is 1,000,000.
pub(super) const MOST_BYTES: usize = 400_000;

/// What is inserted into, and how.
#[derive(Debug, Clone)]
pub(super) struct Insertion<'a> {
    /// Whose SQL.
    pub(super) dialect: Dialect,
    /// The table's name.
    pub(super) name: &'a RelationName,
    /// The table.
    pub(super) table: &'a Table,
    /// The columns, by place, in the order of the cells.
    pub(super) columns: Vec<usize>,
    /// Whether rows with a key that is there are changed instead.
    pub(super) upsert: bool,
}

/// Where a cell stands in a statement: the row, the column, and its bytes.
pub(super) type Span = (usize, usize, std::ops::Range<usize>);

impl Insertion<'_> {
    /// A column's name, quoted.
    fn column(&self, at: usize) -> String {
        let column = self.table.columns.get(at);
        self.dialect.ident(column.map_or("", |column| column.name.as_str()))
    }

    /// The statement for some rows, without the place of each cell where nobody asks.
    pub(super) fn statement(&self, rows: &[&[Cell]], spans: &mut Vec<Span>) -> String {
        let table = self.dialect.relation(&self.name.schema, &self.name.name);
        let mut sql = format!("INSERT INTO {table} ");
        if self.columns.is_empty() {
            sql.push_str("DEFAULT VALUES");
            return sql;
        }
        let columns: Vec<String> = self.columns.iter().map(|at| self.column(*at)).collect();
        sql.push_str(&format!("({}) ", columns.join(", ")));
        let insists = self.columns.iter().any(|at| {
            let origin = self.table.columns.get(*at).map(|column| column.origin);
            origin == Some(Origin::Numbered { always: true })
        });
        if insists {
            sql.push_str("OVERRIDING SYSTEM VALUE ");
        }
        sql.push_str("VALUES");
        for (row, cells) in rows.iter().enumerate() {
            sql.push_str(if row == 0 { "\n(" } else { ",\n(" });
            for (at, cell) in cells.iter().enumerate() {
                if at > 0 {
                    sql.push_str(", ");
                }
                let start = sql.len();
                cell.literal(self.dialect, &mut sql);
                spans.push((row, at, start..sql.len()));
            }
            sql.push(')');
        }
        if self.upsert {
            sql.push_str(&self.conflict());
        }
        sql
    }

    /// What happens to a row whose key is there already.
    fn conflict(&self) -> String {
        let key: Vec<String> = self.table.primary.iter().map(|at| self.column(*at)).collect();
        let others = self.columns.iter().filter(|at| !self.table.primary.contains(at));
        let sets: Vec<String> = others
            .map(|at| self.column(*at))
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let done = if sets.is_empty() {
            "DO NOTHING".to_owned()
        } else {
            format!("DO UPDATE SET {}", sets.join(", "))
        };
        // Between a SELECT-less VALUES and ON CONFLICT nothing is ambiguous.
        format!("\nON CONFLICT ({}) {done}", key.join(", "))
    }

    /// Inserts rows within a savepoint; where that fails nothing of them is there.
    ///
    /// # Errors
    /// The engine's words.
    pub(super) async fn put(
        &self,
        live: &mut Connection,
        rows: &[&[Cell]],
        stop: &Stop,
    ) -> Result<(), (Fault, Option<(usize, usize)>)> {
        if self.columns.is_empty() {
            let sql = self.statement(&[], &mut Vec::new());
            let all = vec![sql; rows.len()].join(";\n");
            return guarded(live, &all, stop).await.map_err(|fault| (fault, None));
        }
        let mut spans = Vec::new();
        let sql = self.statement(rows, &mut spans);
        guarded(live, &sql, stop).await.map_err(|fault| {
            let at = fault.offset_in(&sql);
            let span = spans.iter().find(|(.., range)| at.is_some_and(|at| range.contains(&at)));
            let place = span.map(|(row, at, _)| (*row, *at));
            (fault, place)
        })
    }

    /// Of rows, how many go into one statement.
    pub(super) fn fitting(rows: &[Vec<Cell>]) -> usize {
        let mut bytes = 0;
        for (count, row) in rows.iter().enumerate() {
            let size: usize = row.iter().map(size).sum();
            bytes += size;
            if count >= MOST_ROWS || (count > 0 && bytes > MOST_BYTES) {
                return count;
            }
        }
        rows.len()
    }
}

/// About how many bytes a cell takes in a statement.
fn size(cell: &Cell) -> usize {
    4 + match cell {
        Cell::Null | Cell::Default | Cell::Truth(_) => 4,
        Cell::Number(text) | Cell::Text(text) | Cell::Written(text) => text.len(),
        Cell::Bytes(bytes) => bytes.len() * 2,
    }
}

/// Runs SQL within a savepoint of its own; a failure takes back what it did.
pub(super) async fn guarded(live: &mut Connection, sql: &str, stop: &Stop) -> Result<(), Fault> {
    live.run("SAVEPOINT dbstudio_seed", stop).await?;
    match live.run(sql, stop).await {
        Ok(()) => live.run("RELEASE SAVEPOINT dbstudio_seed", stop).await,
        Err(fault) => {
            if !fault.lost {
                // Should it fail too, the next statement says so.
                let back = "ROLLBACK TO SAVEPOINT dbstudio_seed; RELEASE SAVEPOINT dbstudio_seed";
                drop(live.run(back, &Stop::new()).await);
            }
            Err(fault)
        }
    }
}

/// Has the sequences of numbered columns go on after the numbers that were written into them
/// (PostgreSQL).
///
/// # Errors
/// The connection is lost or the work was stopped.
pub(super) async fn count_on(
    live: &mut Connection,
    dialect: Dialect,
    name: &RelationName,
    table: &Table,
    written: &[usize],
    stop: &Stop,
) -> Outcome<()> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    for at in written {
        let Some(column) = table.columns.get(*at) else { continue };
        if !matches!(column.origin, Origin::Numbered { .. }) {
            continue;
        }
        let quoted = dialect.relation(&name.schema, &name.name);
        let sql = format!(
            "SELECT pg_catalog.setval(s.name, greatest(
                 (SELECT max({})::bigint FROM {quoted}),
                 (SELECT coalesce(pg_catalog.pg_sequence_last_value(s.name), 1)), 1))
             FROM (SELECT pg_catalog.pg_get_serial_sequence({}, {})::regclass AS name) s
             WHERE s.name IS NOT NULL",
            dialect.ident(&column.name),
            dialect.literal(&quoted),
            dialect.literal(&column.name)
        );
        match guarded(live, &sql, stop).await {
            Err(fault) if fault.lost || fault.stopped => return Err(fault.problem("", "")),
            // A sequence that may not be set is only behind; the next insert would say so.
            _ => {}
        }
    }
    Ok(())
}

/// The sequence of a numbered column whose numbers end first, of those the engine gives (all but
/// the `written` columns), and how many it has left; `None` where none of them ends. SQLite's own
/// numbers end beyond any table.
///
/// # Errors
/// The connection is lost or the work was stopped.
pub(super) async fn numbers_left(
    live: &mut Connection,
    (name, table): (&RelationName, &Table),
    written: &[usize],
    stop: &Stop,
) -> Outcome<Option<(String, usize)>> {
    let dialect = live.dialect();
    if dialect == Dialect::Sqlite {
        return Ok(None);
    }
    let quoted = dialect.relation(&name.schema, &name.name);
    let mut least: Option<(String, usize)> = None;
    for (at, column) in table.columns.iter().enumerate() {
        if written.contains(&at) || !matches!(column.origin, Origin::Numbered { .. }) {
            continue;
        }
        let sql = format!(
            "SELECT s.seqrelid::pg_catalog.regclass, greatest(0, least(1e15, 1 + trunc(
                 (CASE WHEN s.seqincrement > 0 THEN s.seqmax ELSE s.seqmin END::numeric
                  - coalesce(l.last + s.seqincrement::numeric, s.seqstart)) / s.seqincrement)))::bigint
             FROM pg_catalog.pg_sequence s,
                 LATERAL (SELECT pg_catalog.pg_sequence_last_value(s.seqrelid)::numeric AS last) l
             WHERE NOT s.seqcycle AND s.seqrelid =
                 pg_catalog.pg_get_serial_sequence({}, {})::pg_catalog.regclass",
            dialect.literal(&quoted),
            dialect.literal(&column.name)
        );
        let rows = match guarded_query(live, &sql, stop).await {
            Err(fault) if fault.lost || fault.stopped => return Err(fault.problem("", "")),
            // One that may not be looked at gives numbers until it does not.
            Err(_) => continue,
            Ok(rows) => rows,
        };
        if let Some([Some(sequence), Some(left)]) = rows.first().map(Vec::as_slice)
            && let Ok(left) = left.parse::<usize>()
            && least.as_ref().is_none_or(|(_, before)| left < *before)
        {
            least = Some((sequence.clone(), left));
        }
    }
    Ok(least)
}

/// A question that may fail without ending the transaction.
///
/// # Errors
/// The engine's words.
pub(super) async fn guarded_query(
    live: &mut Connection,
    sql: &str,
    stop: &Stop,
) -> Result<Vec<Vec<Option<String>>>, Fault> {
    live.run("SAVEPOINT dbstudio_question", stop).await?;
    let answer = live.query(sql, stop).await;
    let end = match &answer {
        Ok(_) => "RELEASE SAVEPOINT dbstudio_question",
        Err(_) => "ROLLBACK TO SAVEPOINT dbstudio_question; RELEASE SAVEPOINT dbstudio_question",
    };
    live.run(end, &Stop::new()).await?;
    answer
}
