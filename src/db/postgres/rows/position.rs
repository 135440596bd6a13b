//! Pages by position, for relations whose rows nothing tells apart: views, foreign tables, and
//! keyless tables whose rows live in several places.
//!
//! A page deep inside costs the rows before it, and rows may shift between two pages; the
//! anchor of a row is its position.

use super::super::failure::Answered;
use super::super::pool::Lease;
use super::{PG, cells, column_sql, count, finished, row_cells};
use crate::db::keyset::{self, Query};
use crate::db::page::{Anchor, Page, PageRequest, Place, Row, Selection};
use crate::db::value::Value;
use crate::problem::{Problem, Result};
use sqlx::postgres::PgRow;

fn position(anchor: &Anchor) -> Result<u64> {
    match anchor.0.first() {
        Some(Value::Integer(position)) => Ok(u64::try_from(*position).unwrap_or_default()),
        _ => Err(Problem::failed(
            "This row cannot be found again",
            "its place is not a position in this relation",
            "press R to read the rows again",
        )),
    }
}

/// One page.
pub(super) async fn page(lease: &mut Lease, request: &PageRequest) -> Answered<Page> {
    let (selection, limit) = (&request.selection, request.limit);
    let (offset, wanted) = match &request.place {
        Place::Start => (0, limit),
        Place::From(anchor) => (position(anchor)?, limit),
        Place::After(anchor) => (position(anchor)?.saturating_add(1), limit),
        Place::Before(anchor) => {
            let end = position(anchor)?;
            let offset = end.saturating_sub(limit as u64);
            (offset, usize::try_from(end - offset).unwrap_or(limit))
        }
        Place::End => (count(lease, selection, None).await?.saturating_sub(limit as u64), limit),
        Place::Fraction(fraction) => {
            let rows = count(lease, selection, None).await?;
            let fraction = fraction.clamp(0.0, 1.0);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a fraction of a row count is approximate by nature, and not negative"
            )]
            let offset = (rows as f64 * fraction) as u64;
            (offset.min(rows.saturating_sub(limit as u64)), limit)
        }
    };
    let hex = lease.pool.pinned().hex;
    let (cells, shapes) = cells::cells(&selection.columns, |name| column_sql(selection, name), hex);
    let query = keyset::by_position(PG, selection, &cells, offset, wanted.saturating_add(1))?;
    let read = in_one_process(lease, selection, query).await?;
    let more_after = read.len() > wanted;
    let mut rows = Vec::with_capacity(wanted.min(read.len()));
    for (row, position) in read.iter().take(wanted).zip(offset..) {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let anchor = Anchor([Value::Integer(position)].into());
        rows.push(Row { cells: row_cells(row, &shapes)?, anchor });
    }
    Ok(finished(rows, offset > 0, more_after))
}

/// Runs the query. Rows without an order come as they are found, and parallel workers find them
/// in another order each time: the positions of one page would not fit those of the next.
async fn in_one_process(
    lease: &mut Lease,
    selection: &Selection,
    query: Query,
) -> Answered<Vec<PgRow>> {
    if !selection.sort.is_empty() {
        return Ok(lease.query(query.sql, &query.binds).await?);
    }
    // A failure leaves the connection serial, which is slower for others but never wrong.
    let workers = lease.limit_workers("0").await?;
    let rows = lease.query(query.sql, &query.binds).await?;
    lease.limit_workers(&workers).await?;
    Ok(rows)
}

/// One whole value of the row at a position.
pub(super) async fn value(
    lease: &mut Lease,
    selection: &Selection,
    whole: String,
    anchor: &Anchor,
) -> Answered<Option<Value>> {
    let query = keyset::by_position(PG, selection, &[whole], position(anchor)?, 1)?;
    let rows = in_one_process(lease, selection, query).await?;
    Ok(rows.first().map(|row| cells::read_whole(row, 0)).transpose()?)
}
