//! Rows: pages, whole values and counts.
//!
//! A page of a relation with a key is read through [`keyset`]; one without by the physical
//! place of its rows (`ctid`), or, where rows have none, by position. Nothing here connects,
//! cancels or knows a screen.

pub(super) mod cells;
mod ctid;
mod fraction;
mod position;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use self::cells::Shape;
use super::failure::Answered;
use super::fields::Fields;
use super::pool::Lease;
use crate::db::keyset::{self, Bind, Columns, Plan, Query};
use crate::db::page::{
    Anchor, Identity, Page, PageColumn, PageRequest, Place, Row, Selection, ValueRequest,
};
use crate::db::value::Value;
use crate::problem::Problem;
use crate::schema::RelationName;
use crate::sql::Dialect;

const PG: Dialect = Dialect::Postgres;

/// How an order column's whole value is selected for the anchor.
fn anchor_cast(column: &str) -> String {
    format!("({column})::text")
}

/// A column, qualified by its relation.
fn column_sql(selection: &Selection, name: &str) -> String {
    format!("{}.{}", PG.ident(&selection.relation.name), PG.ident(name))
}

fn from(selection: &Selection) -> String {
    PG.relation(&selection.relation.schema, &selection.relation.name)
}

/// Rows as they were read, in the order they were read.
struct Found {
    rows: Vec<Row>,
    /// Whether one more row than was asked for came.
    more: bool,
}

/// One page of rows.
pub(super) async fn page(lease: &mut Lease, request: &PageRequest) -> Answered<Page> {
    let begun = Instant::now();
    let mut page = match &request.selection.identity {
        Identity::Key(_) => by_key(lease, request).await?,
        Identity::Ctid if request.selection.sort.is_empty() => ctid::page(lease, request).await?,
        Identity::Ctid => {
            let request = PageRequest { selection: placed(&request.selection), ..request.clone() };
            by_key(lease, &request).await?
        }
        Identity::None | Identity::Rowid(_) => position::page(lease, request).await?,
    };
    page.elapsed = begun.elapsed();
    Ok(page)
}

/// A keyless selection with a sort: its rows are told apart by their table and place, which
/// every row of a table has as hidden columns.
fn placed(selection: &Selection) -> Selection {
    let hidden = |name: &str, type_name: &str| PageColumn {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        base_type: type_name.to_owned(),
        nullable: false,
    };
    let places = [hidden("tableoid", "oid"), hidden("ctid", "tid")];
    Selection {
        columns: selection.columns.iter().cloned().chain(places).collect(),
        identity: Identity::Key(vec!["tableoid".to_owned(), "ctid".to_owned()]),
        ..selection.clone()
    }
}

/// The columns a person asked for, without the hidden ones.
fn shown(selection: &Selection) -> &[PageColumn] {
    let hidden = match &selection.identity {
        Identity::Key(key) if key.iter().any(|name| name == "ctid") => 2,
        _ => 0,
    };
    let count = selection.columns.len().saturating_sub(hidden);
    selection.columns.get(..count).unwrap_or_default()
}

/// A page of a relation with a key.
async fn by_key(lease: &mut Lease, request: &PageRequest) -> Answered<Page> {
    let (selection, limit) = (&request.selection, request.limit);
    let place = match &request.place {
        Place::Fraction(fraction) => fraction::place(lease, selection, *fraction).await?,
        other => other.clone(),
    };
    let found = run(lease, selection, place.clone(), limit).await?;
    let (more_before, more_after) = match &place {
        Place::Start => (false, found.more),
        Place::End => (found.more, false),
        Place::After(_) => (true, found.more),
        Place::Before(_) => (found.more, true),
        Place::From(_) | Place::Fraction(_) => {
            let Some(first) = found.rows.first() else {
                // Everything from there on is gone: the last rows are the nearest.
                let found = run(lease, selection, Place::End, limit).await?;
                return Ok(finished(found.rows, found.more, false));
            };
            let before = Place::Before(first.anchor.clone());
            (run(lease, selection, before, 0).await?.more, found.more)
        }
    };
    Ok(finished(found.rows, more_before, more_after))
}

fn finished(rows: Vec<Row>, more_before: bool, more_after: bool) -> Page {
    Page { rows, more_before, more_after, elapsed: std::time::Duration::ZERO }
}

/// Runs a plan's segments until enough rows are there.
async fn run(
    lease: &mut Lease,
    selection: &Selection,
    place: Place,
    limit: usize,
) -> Answered<Found> {
    let hex = lease.pool.pinned().hex;
    let (cells, shapes) = cells::cells(shown(selection), |name| column_sql(selection, name), hex);
    let request = PageRequest { selection: selection.clone(), place, limit };
    let columns = Columns { cells: &cells, anchor_cast };
    let Plan { segments, reversed } = keyset::pages(PG, &request, &columns)?;
    let mut rows: Vec<Row> = Vec::new();
    for Query { sql, binds } in segments {
        for row in &lease.query(sql, &binds).await? {
            rows.push(keyed(row, &shapes)?);
        }
        if rows.len() > limit {
            break;
        }
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    if reversed {
        rows.reverse();
    }
    Ok(Found { rows, more })
}

/// A row whose cells are followed by its anchor.
fn keyed(row: &PgRow, shapes: &[Shape]) -> sqlx::Result<Row> {
    let anchor: sqlx::Result<Box<[Value]>> =
        (shapes.len()..sqlx::Row::len(row)).map(|index| cells::read_whole(row, index)).collect();
    Ok(Row { cells: row_cells(row, shapes)?, anchor: Anchor(anchor?) })
}

fn row_cells(row: &PgRow, shapes: &[Shape]) -> sqlx::Result<Box<[Value]>> {
    shapes.iter().enumerate().map(|(index, shape)| cells::read(row, index, *shape)).collect()
}

/// One whole value; `None` when its row is gone.
pub(super) async fn value(lease: &mut Lease, request: &ValueRequest) -> Answered<Option<Value>> {
    made_of(lease, request, |whole| whole).await
}

/// The SHA-256 of one whole value's bytes as text.
pub(super) async fn digest(
    lease: &mut Lease,
    request: &ValueRequest,
) -> Answered<Option<[u8; 32]>> {
    let digest = |whole: String| format!("encode(sha256(convert_to({whole}, 'UTF8')), 'base64')");
    let found = made_of(lease, request, digest).await?;
    let decoded = found.and_then(|text| BASE64.decode(&*text.raw_bytes()).ok());
    Ok(decoded.and_then(|bytes| bytes.try_into().ok()))
}

/// What the server makes of one whole value.
async fn made_of(
    lease: &mut Lease,
    request: &ValueRequest,
    make: impl FnOnce(String) -> String,
) -> Answered<Option<Value>> {
    let selection = &request.selection;
    let Some(column) = selection.columns.iter().find(|column| column.name == request.column) else {
        return Err(Problem::usage(
            format!("There is no column {}", request.column),
            format!("{} has no column of that name now", selection.relation),
            "press R to read the relation again",
        )
        .into());
    };
    let whole = make(cells::whole(&column_sql(selection, &column.name), &column.base_type));
    let (place, binds) = match &selection.identity {
        Identity::Key(_) => keyset::by_anchor(PG, selection, &request.anchor)?,
        Identity::Ctid if selection.sort.is_empty() => {
            (ctid::at(selection, &request.anchor)?, Vec::new())
        }
        Identity::Ctid => keyset::by_anchor(PG, &placed(selection), &request.anchor)?,
        Identity::None | Identity::Rowid(_) => {
            return position::value(lease, selection, whole, &request.anchor).await;
        }
    };
    let sql = format!("SELECT {whole} FROM {} WHERE {place} LIMIT 1", from(selection));
    let rows = lease.query(sql, &binds).await?;
    Ok(rows.first().map(|row| cells::read_whole(row, 0)).transpose()?)
}

/// The exact number of rows, counting no further than `limit`.
pub(super) async fn count(
    lease: &mut Lease,
    selection: &Selection,
    limit: Option<u64>,
) -> Answered<u64> {
    let mut binds: Vec<Bind> = Vec::new();
    let mut filter = keyset::where_clause(PG, selection, &mut binds)?;
    if !filter.is_empty() {
        filter = format!(" WHERE {filter}");
    }
    let relation = from(selection);
    let sql = match limit {
        Some(limit) => format!(
            "SELECT count(*)::text FROM (SELECT FROM {relation}{filter} LIMIT {limit}) counted"
        ),
        None => format!("SELECT count(*)::text FROM {relation}{filter}"),
    };
    let rows = lease.query(sql, &binds).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(Fields::new(row).optional_count(0)?.unwrap_or_default())
}

/// The exact numbers of rows of several relations in one question, counting no further than
/// `limit` in each.
pub(super) async fn counts(
    lease: &mut Lease,
    relations: &[RelationName],
    limit: u64,
) -> Answered<Vec<u64>> {
    let counted = |name: &RelationName| {
        let relation = PG.relation(&name.schema, &name.name);
        format!("(SELECT count(*)::text FROM (SELECT FROM {relation} LIMIT {limit}) counted)")
    };
    let all: Vec<String> = relations.iter().map(counted).collect();
    let rows = lease.query(format!("SELECT {}", all.join(", ")), &[]).await?;
    let fields = Fields::new(rows.first().ok_or(sqlx::Error::RowNotFound)?);
    let count = |at| Ok(fields.optional_count(at)?.unwrap_or_default());
    (0..relations.len()).map(count).collect()
}
