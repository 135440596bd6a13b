//! Pages, single values and counts of a SQLite relation.
//!
//! The SQL of a page comes from `keyset`; here it is decided how a cell is selected (long values
//! as a prefix with their length), where a fraction of the order lies, and whether rows are
//! left on either side.

use std::time::Instant;

use super::cancel::Turn;
use super::cell;
use crate::db::keyset::{self, Bind, Columns, Query};
use crate::db::page::{Anchor, Identity, Page, PageRequest, Place, Row, Selection, ValueRequest};
use crate::db::value::{PREFIX_BYTES, Value};
use crate::problem::{Problem, Result};
use crate::schema::RelationName;
use crate::sql::Dialect;

const SQLITE: Dialect = Dialect::Sqlite;

/// A result of SQLite has at most 2,000 columns ("Limits In SQLite"), some for the anchor; where
/// two for each cell are too many, long values are read whole and cut here.
const MOST_COLUMNS: usize = 1_900;

/// The expressions that select the cells, and which result columns belong to each.
struct Cells {
    sql: Vec<String>,
    /// For each cell: its column of the result, and the one with its whole length.
    places: Vec<(usize, Option<usize>)>,
}

impl Cells {
    fn of(selection: &Selection, utf8: bool) -> Self {
        let (mut sql, mut places) = (Vec::new(), Vec::new());
        let wide = selection.columns.len() * 2 > MOST_COLUMNS;
        for column in selection.columns.iter() {
            let name = keyset::column_sql(SQLITE, selection, &column.name);
            if wide || is_short(&column.type_name) {
                places.push((sql.len(), None));
                sql.push(name);
                continue;
            }
            places.push((sql.len(), Some(sql.len() + 1)));
            // octet_length reads a value's header only. A cast to blob keeps the bytes, so that
            // the cut is by bytes and passes over a NUL, which ends a text for substr.
            let whole = if utf8 { format!("CAST({name} AS BLOB)") } else { name.clone() };
            sql.push(format!(
                "CASE WHEN octet_length({name})>{PREFIX_BYTES} \
                 THEN substr({whole},1,{PREFIX_BYTES}) ELSE {name} END"
            ));
            sql.push(format!(
                "CASE WHEN octet_length({name})>{PREFIX_BYTES} THEN \
                 CASE typeof({name}) WHEN 'blob' THEN -1 ELSE 1 END*octet_length({name}) END"
            ));
        }
        if sql.is_empty() {
            sql.push("NULL".to_owned());
        }
        Self { sql, places }
    }

    fn read(&self, row: &sqlx::sqlite::SqliteRow) -> Result<Box<[Value]>> {
        let mut cells = Vec::with_capacity(self.places.len());
        for &(at, length) in &self.places {
            let length = match length {
                Some(at) => Some(cell::integer(row, at)?).filter(|length| *length != 0),
                None => None,
            };
            cells.push(cell::cut(cell::value(row, at)?, length));
        }
        Ok(cells.into())
    }
}

/// Whether long values are so unlikely in a column of this type that its length is not asked
/// for: a number, a truth value or a time. A long text there is still cut, after it was read.
fn is_short(type_name: &str) -> bool {
    let upper = type_name.to_ascii_uppercase();
    let has = |part: &&str| upper.contains(*part);
    ["INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "BOOL", "DATE", "TIME"].iter().any(has)
        && !["CHAR", "CLOB", "TEXT", "BLOB"].iter().any(has)
}

/// Reads one page.
pub(super) async fn page(turn: &mut Turn<'_>, request: &PageRequest, utf8: bool) -> Result<Page> {
    let begun = Instant::now();
    let cells = Cells::of(&request.selection, utf8);
    let mut page = match request.selection.identity {
        Identity::Key(_) | Identity::Rowid(_) => keyed(turn, request, &cells).await?,
        Identity::Ctid | Identity::None => positioned(turn, request, &cells).await?,
    };
    page.elapsed = begun.elapsed();
    Ok(page)
}

fn whole(column: &str) -> String {
    column.to_owned()
}

async fn keyed(turn: &mut Turn<'_>, request: &PageRequest, cells: &Cells) -> Result<Page> {
    let selection = &request.selection;
    let found;
    let request = match request.place {
        Place::Fraction(fraction) => {
            let place = fraction_place(turn, selection, fraction).await?;
            found = PageRequest { place, ..request.clone() };
            &found
        }
        _ => request,
    };
    let columns = Columns { cells: &cells.sql, anchor_cast: whole };
    let plan = keyset::pages(SQLITE, request, &columns)?;
    let terms = keyset::order_terms(selection).len();
    let wanted = request.limit.saturating_add(1);
    let mut rows: Vec<Row> = Vec::with_capacity(request.limit.min(1_000));
    for segment in &plan.segments {
        turn.each(segment, |row| {
            if rows.len() < wanted {
                let anchor: Result<Box<[Value]>> = (cells.sql.len()..cells.sql.len() + terms)
                    .map(|at| cell::value(row, at))
                    .collect();
                rows.push(Row { cells: cells.read(row)?, anchor: Anchor(anchor?) });
            }
            Ok(())
        })
        .await?;
        if rows.len() >= wanted {
            break;
        }
    }
    let more = rows.len() > request.limit;
    rows.truncate(request.limit);
    if plan.reversed {
        rows.reverse();
    }
    let (more_before, more_after) = match &request.place {
        Place::Start => (false, more),
        Place::End => (more, false),
        // The anchor's own row lies on the other side.
        Place::After(_) => (true, more),
        Place::Before(_) => (more, true),
        Place::From(anchor) => (any_before(turn, selection, anchor).await?, more),
        Place::Fraction(_) => (true, more),
    };
    Ok(Page { rows, more_before, more_after, elapsed: std::time::Duration::ZERO })
}

/// Whether there are rows before an anchor.
async fn any_before(turn: &mut Turn<'_>, selection: &Selection, anchor: &Anchor) -> Result<bool> {
    let mut any = false;
    for query in keyset::any_before(SQLITE, selection, anchor)? {
        turn.each(&query, |_| {
            any = true;
            Ok(())
        })
        .await?;
        if any {
            break;
        }
    }
    Ok(any)
}

/// A page of a relation that has no key.
async fn positioned(turn: &mut Turn<'_>, request: &PageRequest, cells: &Cells) -> Result<Page> {
    let selection = &request.selection;
    let limit = u64::try_from(request.limit).unwrap_or(u64::MAX);
    let (offset, limit) = match &request.place {
        Place::Start => (0, limit),
        Place::After(anchor) => (position(anchor)?.saturating_add(1), limit),
        Place::From(anchor) => (position(anchor)?, limit),
        Place::Before(anchor) => {
            let before = position(anchor)?;
            (before.saturating_sub(limit), limit.min(before))
        }
        Place::End => (count(turn, selection, None).await?.saturating_sub(limit), limit),
        Place::Fraction(fraction) => {
            let all = count(turn, selection, None).await?;
            ((all as f64 * fraction.clamp(0.0, 1.0)) as u64, limit)
        }
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let query =
        keyset::by_position(SQLITE, selection, &cells.sql, offset, limit.saturating_add(1))?;
    let mut rows: Vec<Row> = Vec::new();
    turn.each(&query, |row| {
        let at = offset.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        let at = Value::Integer(i64::try_from(at).unwrap_or(i64::MAX));
        rows.push(Row { cells: cells.read(row)?, anchor: Anchor([at].into()) });
        Ok(())
    })
    .await?;
    let more_after = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { rows, more_before: offset > 0, more_after, elapsed: std::time::Duration::ZERO })
}

fn position(anchor: &Anchor) -> Result<u64> {
    match *anchor.0 {
        [Value::Integer(at)] => Ok(u64::try_from(at).unwrap_or(0)),
        _ => Err(Problem::failed(
            "The row cannot be found again",
            "This relation has no key, and the place is not a position in it",
            "refresh with R",
        )),
    }
}

/// How many rows of the table are looked at to guess where a fraction of an order lies.
const SAMPLES: i64 = 300;

/// The place a fraction of the order lies at: by interpolation between the smallest and largest
/// rowid; for another order by the values of rows at even distances of rowid. A filter is
/// left out of the guess.
async fn fraction_place(
    turn: &mut Turn<'_>,
    selection: &Selection,
    fraction: f64,
) -> Result<Place> {
    if fraction.is_nan() || fraction <= 0.0 {
        return Ok(Place::Start);
    }
    if fraction >= 1.0 {
        return Ok(Place::End);
    }
    let terms = keyset::order_terms(selection);
    let Some(first) = terms.first() else { return Ok(Place::Start) };
    let table = SQLITE.relation(&selection.relation.schema, &selection.relation.name);
    let by = keyset::column_sql(SQLITE, selection, &first.column);
    let bounded = match &selection.identity {
        // The key of a table WITHOUT ROWID, or a rowid under the name of its column.
        Identity::Key(key) => key.first().map(|first| keyset::column_sql(SQLITE, selection, first)),
        Identity::Rowid(name) => Some(keyset::column_sql(SQLITE, selection, name)),
        Identity::Ctid | Identity::None => None,
    };
    let Some(bounded) = bounded else { return Ok(Place::Start) };
    let Some((low, high)) = bounds(turn, &table, &bounded).await? else {
        return Ok(Place::Start);
    };
    if bounded == by {
        let share = if first.descending { 1.0 - fraction } else { fraction };
        let span = (i128::from(high) - i128::from(low)) as f64;
        let at = i128::from(low) + (span * share) as i128;
        let at = i64::try_from(at).unwrap_or(high);
        return Ok(Place::From(Anchor([Value::Integer(at)].into())));
    }
    let step = (i128::from(high) - i128::from(low)) / i128::from(SAMPLES);
    let step = i64::try_from(step).unwrap_or(i64::MAX).max(1);
    let direction = if first.descending { " DESC" } else { "" };
    let query = Query {
        sql: format!(
            "WITH RECURSIVE dbstudio_sample(at) AS (SELECT ?1 UNION ALL SELECT at + ?2 FROM dbstudio_sample \
             WHERE at <= ?3 - ?2 LIMIT {SAMPLES}) SELECT {by} FROM dbstudio_sample JOIN {table} ON \
             {bounded} = (SELECT {bounded} FROM {table} WHERE {bounded} >= dbstudio_sample.at \
             ORDER BY {bounded} LIMIT 1) ORDER BY {by}{direction}"
        ),
        binds: vec![Bind::Integer(low), Bind::Integer(step), Bind::Integer(high)],
    };
    let mut values = Vec::new();
    turn.each(&query, |row| {
        values.push(cell::value(row, 0)?);
        Ok(())
    })
    .await?;
    let at = (values.len() as f64 * fraction) as usize;
    Ok(match values.into_iter().nth(at) {
        Some(value) => Place::From(Anchor([value].into())),
        None => Place::Start,
    })
}

/// The smallest and largest value of a key, if they are integers.
async fn bounds(turn: &mut Turn<'_>, table: &str, key: &str) -> Result<Option<(i64, i64)>> {
    let mut found = None;
    let sql = format!("SELECT (SELECT min({key}) FROM {table}), (SELECT max({key}) FROM {table})");
    turn.each_of(sql, |row| {
        if let (Value::Integer(low), Value::Integer(high)) =
            (cell::value(row, 0)?, cell::value(row, 1)?)
        {
            found = Some((low, high));
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Reads one whole value.
pub(super) async fn value(turn: &mut Turn<'_>, request: &ValueRequest) -> Result<Option<Value>> {
    let selection = &request.selection;
    if !selection.columns.iter().any(|column| column.name == request.column) {
        return Err(Problem::usage(
            format!("There is no column {}", request.column),
            format!("{} has no column of that name now", selection.relation),
            "refresh with R",
        ));
    }
    let cell_sql = keyset::column_sql(SQLITE, selection, &request.column);
    let query = match selection.identity {
        Identity::Key(_) | Identity::Rowid(_) => {
            let (condition, binds) = keyset::by_anchor(SQLITE, selection, &request.anchor)?;
            let table = SQLITE.relation(&selection.relation.schema, &selection.relation.name);
            Query { sql: format!("SELECT {cell_sql} FROM {table} WHERE {condition}"), binds }
        }
        // By position the filter is part of what the position means.
        Identity::Ctid | Identity::None => {
            keyset::by_position(SQLITE, selection, &[cell_sql], position(&request.anchor)?, 1)?
        }
    };
    let mut found = None;
    turn.each(&query, |row| {
        found = Some(cell::value(row, 0)?);
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Counts rows exactly, no further than `limit`.
///
/// It is `count(1)`: SQLite answers `count(*)` of a whole table in one step of its machine,
/// which no progress handler can end.
pub(super) async fn count(
    turn: &mut Turn<'_>,
    selection: &Selection,
    limit: Option<u64>,
) -> Result<u64> {
    let mut binds = Vec::new();
    let filter = keyset::where_clause(SQLITE, selection, &mut binds)?;
    let filter = if filter.is_empty() { filter } else { format!(" WHERE {filter}") };
    let table = SQLITE.relation(&selection.relation.schema, &selection.relation.name);
    let sql = match limit {
        None => format!("SELECT count(1) FROM {table}{filter}"),
        Some(limit) => {
            format!("SELECT count(1) FROM (SELECT 1 FROM {table}{filter} LIMIT {limit})")
        }
    };
    let mut counted = 0;
    turn.each(&Query { sql, binds }, |row| {
        counted = u64::try_from(cell::integer(row, 0)?).unwrap_or(0);
        Ok(())
    })
    .await?;
    Ok(counted)
}

/// The exact numbers of rows of several tables in one statement, counting no further than `limit`
/// in each.
pub(super) async fn counts(
    turn: &mut Turn<'_>,
    tables: &[RelationName],
    limit: u64,
) -> Result<Vec<u64>> {
    let counted = |table: &RelationName| {
        let table = SQLITE.relation(&table.schema, &table.name);
        format!("(SELECT count(1) FROM (SELECT 1 FROM {table} LIMIT {limit}))")
    };
    let all: Vec<String> = tables.iter().map(counted).collect();
    let mut found = Vec::new();
    turn.each_of(format!("SELECT {}", all.join(", ")), |row| {
        for at in 0..tables.len() {
            found.push(u64::try_from(cell::integer(row, at)?).unwrap_or(0));
        }
        Ok(())
    })
    .await?;
    Ok(found)
}
