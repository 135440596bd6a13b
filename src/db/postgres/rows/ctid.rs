//! Pages of a keyless table by the physical place of its rows, window by window of blocks.
//!
//! `ctid` ranges are read by a TID range scan since PostgreSQL 14 (a filter on 13), so a page
//! costs the same wherever it lies. Rows are ordered by `ctid` within a window, which keeps
//! synchronized scans (`synchronize_seqscans`) from mattering. A row that is updated moves.

use sqlx::postgres::PgRow;

use super::super::catalog::relation_oid;
use super::super::failure::Answered;
use super::super::fields::Fields;
use super::super::pool::Lease;
use super::{PG, cells, column_sql, finished, from, keyed, position};
use crate::db::keyset::{self, Bind};
use crate::db::page::{Anchor, Page, PageRequest, Place, Row, Selection};
use crate::db::value::Value;
use crate::problem::{Problem, Result};

/// Blocks a window begins with where nothing is known of the rows' density.
const WINDOW: u64 = 4;

/// The place of a row: its block and its number in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tid {
    block: u64,
    item: u64,
}

/// What the catalogue knows of the table's shape.
struct Extent {
    /// Blocks of the table now.
    blocks: u64,
    /// Blocks that about hold a page, for the first window.
    window: u64,
}

fn tid(anchor: &Anchor) -> Result<Tid> {
    let text = match anchor.0.last() {
        Some(Value::Text(text)) => text.as_ref(),
        _ => "",
    };
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let parsed = inner.and_then(|inner| inner.split_once(',')).and_then(|(block, item)| {
        Some(Tid { block: block.parse().ok()?, item: item.parse().ok()? })
    });
    parsed.ok_or_else(|| {
        Problem::failed(
            "This row cannot be found again",
            "its place in the table is not known any more",
            "press R to read the rows again",
        )
    })
}

/// The condition that finds the row of an anchor.
pub(super) fn at(selection: &Selection, anchor: &Anchor) -> Result<String> {
    let tid = tid(anchor)?;
    Ok(format!("{} = '({},{})'::tid", column_sql(selection, "ctid"), tid.block, tid.item))
}

/// One page.
pub(super) async fn page(lease: &mut Lease, request: &PageRequest) -> Answered<Page> {
    let Some(extent) = extent(lease, request).await? else {
        return position::page(lease, request).await;
    };
    let mut scan = Scan::new(lease, request)?;
    let (rows, more_before, more_after) = match &request.place {
        Place::Start => {
            let (rows, more) = scan.forward(&extent, Tid { block: 0, item: 0 }, true).await?;
            (rows, false, more)
        }
        Place::After(anchor) => {
            let (rows, more) = scan.forward(&extent, tid(anchor)?, false).await?;
            (rows, true, more)
        }
        Place::From(_) | Place::Fraction(_) => {
            let from = match &request.place {
                Place::From(anchor) => tid(anchor)?,
                Place::Fraction(fraction) => Tid { block: part(extent.blocks, *fraction), item: 0 },
                _ => Tid { block: 0, item: 0 },
            };
            let (rows, more) = scan.forward(&extent, from, true).await?;
            if rows.is_empty() {
                let (rows, more) = scan.backward(&extent, None).await?;
                (rows, more, false)
            } else {
                scan.limit = 0;
                let (_, more_before) = scan.backward(&extent, Some(from)).await?;
                (rows, more_before, more)
            }
        }
        Place::Before(anchor) => {
            let (rows, more) = scan.backward(&extent, Some(tid(anchor)?)).await?;
            (rows, more, true)
        }
        Place::End => {
            let (rows, more) = scan.backward(&extent, None).await?;
            (rows, more, false)
        }
    };
    Ok(finished(rows, more_before, more_after))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of the blocks is approximate by nature, and not negative"
)]
fn part(blocks: u64, fraction: f64) -> u64 {
    (blocks as f64 * fraction.clamp(0.0, 1.0)) as u64
}

/// The table's extent; `None` when its rows live in several tables, where places repeat.
async fn extent(lease: &mut Lease, request: &PageRequest) -> Answered<Option<Extent>> {
    let oid = relation_oid(&request.selection.relation);
    let sql = format!(
        "SELECT pg_relation_size(c.oid) / current_setting('block_size')::int8,
                c.relpages, greatest(c.reltuples, 0)::int8
         FROM pg_catalog.pg_class c
         WHERE c.oid = {oid} AND c.relkind IN ('r', 'm')
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid)"
    );
    let rows = lease.simple(sql).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let fields = Fields::new(row);
    let blocks = fields.optional_count(0)?.unwrap_or_default();
    let pages = fields.optional_count(1)?.unwrap_or_default();
    let rows = fields.optional_count(2)?.unwrap_or_default();
    let window = match rows.checked_div(pages) {
        Some(per_block) if per_block > 0 => (request.limit as u64 + 1) / per_block + 2,
        _ => WINDOW,
    };
    Ok(Some(Extent { blocks, window }))
}

/// A scan for one page, in either direction.
struct Scan<'a> {
    lease: &'a mut Lease,
    limit: usize,
    select: String,
    filter: String,
    binds: Vec<Bind>,
    shapes: Vec<cells::Shape>,
    ctid: String,
}

impl<'a> Scan<'a> {
    fn new(lease: &'a mut Lease, request: &'a PageRequest) -> Result<Self> {
        let selection = &request.selection;
        let hex = lease.pool.pinned().hex;
        let name = |name: &str| column_sql(selection, name);
        let (mut cells, shapes) = cells::cells(&selection.columns, name, hex);
        let ctid = name("ctid");
        cells.push(format!("{ctid}::text"));
        let mut binds = Vec::new();
        let filter = keyset::where_clause(PG, selection, &mut binds)?;
        let filter = if filter.is_empty() { filter } else { format!("{filter} AND ") };
        let select = format!("SELECT {} FROM {} WHERE", cells.join(", "), from(selection));
        Ok(Self { lease, limit: request.limit, select, filter, binds, shapes, ctid })
    }

    /// Rows from a place on, and whether there are more.
    async fn forward(
        &mut self,
        extent: &Extent,
        from: Tid,
        inclusive: bool,
    ) -> Answered<(Vec<Row>, bool)> {
        let (mut rows, mut window) = (Vec::new(), extent.window);
        let mut first = if inclusive { ">=" } else { ">" };
        let mut from = from;
        while rows.len() <= self.limit {
            let end = from.block.saturating_add(window);
            // The last window has no end: rows may have come since the table was measured.
            let upper = if end >= extent.blocks {
                String::new()
            } else {
                format!(" AND {} < '({end},0)'::tid", self.ctid)
            };
            let place =
                format!("{} {first} '({},{})'::tid{upper}", self.ctid, from.block, from.item);
            rows.extend(self.window(&place, "", rows.len()).await?);
            if end >= extent.blocks {
                break;
            }
            (from, first, window) = (Tid { block: end, item: 0 }, ">=", window.saturating_mul(2));
        }
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        Ok((rows, more))
    }

    /// The rows before a place (or the last ones), in their order, and whether there are more.
    async fn backward(
        &mut self,
        extent: &Extent,
        before: Option<Tid>,
    ) -> Answered<(Vec<Row>, bool)> {
        let (mut rows, mut window) = (Vec::new(), extent.window);
        let mut end = before.map_or(extent.blocks, |tid| tid.block.saturating_add(1));
        let mut upper = before
            .map(|tid| format!(" AND {} < '({},{})'::tid", self.ctid, tid.block, tid.item))
            .unwrap_or_default();
        while rows.len() <= self.limit {
            let start = end.saturating_sub(window);
            let place = format!("{} >= '({start},0)'::tid{upper}", self.ctid);
            rows.extend(self.window(&place, " DESC", rows.len()).await?);
            if start == 0 {
                break;
            }
            upper = format!(" AND {} < '({start},0)'::tid", self.ctid);
            (end, window) = (start, window.saturating_mul(2));
        }
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        rows.reverse();
        Ok((rows, more))
    }

    /// The rows of one window that are still wanted.
    async fn window(&mut self, place: &str, order: &str, have: usize) -> Answered<Vec<Row>> {
        let Self { select, filter, ctid, .. } = &self;
        let wanted = self.limit.saturating_add(1).saturating_sub(have);
        let sql = format!("{select} {filter}{place} ORDER BY {ctid}{order} LIMIT {wanted}");
        let rows: Vec<PgRow> = self.lease.query(sql, &self.binds).await?;
        let read: sqlx::Result<Vec<Row>> =
            rows.iter().map(|row| keyed(row, &self.shapes)).collect();
        Ok(read?)
    }
}
