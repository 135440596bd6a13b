//! Where about a fraction of the order lies: by the server's histogram of the first order
//! column, else by interpolation between the ends of the key.
//!
//! The answer is approximate by nature. Where nothing is known the answer is the start, at once,
//! rather than a slow exact one.

use super::super::failure::Answered;
use super::super::fields::Fields;
use super::super::pool::Lease;
use super::{PG, column_sql, from};
use crate::db::keyset::{self, OrderTerm};
use crate::db::page::{Anchor, Place, Selection};
use crate::db::value::Value;

/// The place from which on rows lie at about this fraction of the order.
pub(super) async fn place(
    lease: &mut Lease,
    selection: &Selection,
    fraction: f64,
) -> Answered<Place> {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    if fraction <= 0.0 {
        return Ok(Place::Start);
    }
    if fraction >= 1.0 {
        return Ok(Place::End);
    }
    let Some(term) = keyset::order_terms(selection).into_iter().next() else {
        return Ok(Place::Start);
    };
    // An anchor of the first column alone is enough to begin at.
    let value = value(lease, selection, &term, fraction).await?;
    Ok(value.map_or(Place::Start, |value| Place::From(Anchor([value].into()))))
}

/// The first column's value at about the fraction; `None` where nothing is known.
async fn value(
    lease: &mut Lease,
    selection: &Selection,
    term: &OrderTerm,
    fraction: f64,
) -> Answered<Option<Value>> {
    let (nulls, bounds) = statistics(lease, selection, &term.column).await?.unwrap_or_default();
    // The order may be turned: what follows thinks of values from the smallest on, with the
    // NULLs after all of them.
    let from_smallest = if term.descending { 1.0 - fraction } else { fraction };
    if from_smallest > 1.0 - nulls {
        return Ok(Some(Value::Null));
    }
    let among_values = if nulls < 1.0 { from_smallest / (1.0 - nulls) } else { 0.0 };
    let value = match within(&bounds, among_values) {
        Some(value) => Some(value),
        None if selection.sort.is_empty() => {
            interpolated(lease, selection, term, among_values).await?
        }
        None => None,
    };
    Ok(value.map(Value::text))
}

/// The fraction of NULLs and the histogram's bounds, if the table was analyzed.
async fn statistics(
    lease: &mut Lease,
    selection: &Selection,
    column: &str,
) -> Answered<Option<(f64, Vec<String>)>> {
    let literal = |text: &str| PG.literal(text);
    let sql = format!(
        "SELECT null_frac::text, to_json(histogram_bounds::text::text[]) FROM pg_catalog.pg_stats
         WHERE schemaname = {} AND tablename = {} AND attname = {} ORDER BY inherited DESC LIMIT 1",
        literal(&selection.relation.schema),
        literal(&selection.relation.name),
        literal(column)
    );
    let rows = lease.simple(sql).await?;
    let Some(fields) = rows.first().map(Fields::new) else {
        return Ok(None);
    };
    let nulls: f64 = fields.text(0)?.parse().unwrap_or_default();
    Ok(Some((nulls.clamp(0.0, 1.0), fields.list(1)?)))
}

/// The value at a fraction of a histogram whose buckets hold equally many rows.
fn within(bounds: &[String], fraction: f64) -> Option<String> {
    let buckets = bounds.len().checked_sub(1).filter(|buckets| *buckets > 0)?;
    #[expect(clippy::cast_precision_loss, reason = "a histogram has at most 10,001 bounds")]
    let place = fraction.clamp(0.0, 1.0) * buckets as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the place is between zero and the number of buckets"
    )]
    let index = (place as usize).min(buckets - 1);
    let (low, high) = (bounds.get(index)?, bounds.get(index + 1)?);
    // Within a bucket only whole numbers are interpolated: their text is sure to fit the type.
    if let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>()) {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a place between two bounds is approximate by nature"
        )]
        let inside = (high.saturating_sub(low) as f64 * place.fract()) as i64;
        return Some(low.saturating_add(inside).to_string());
    }
    Some(low.clone())
}

/// The value at a fraction between the ends of the key's first column, whose index finds both
/// ends at once.
async fn interpolated(
    lease: &mut Lease,
    selection: &Selection,
    term: &OrderTerm,
    fraction: f64,
) -> Answered<Option<String>> {
    let value = match term.base_type.as_str() {
        "int2" | "int4" | "int8" | "oid" => {
            format!(
                "floor(lo::int8::numeric + (hi::int8::numeric - lo::int8::numeric) * {fraction})"
            )
        }
        "numeric" => format!("lo + (hi - lo) * {fraction}"),
        "date" => format!("lo + floor((hi - lo) * {fraction})::int"),
        "timestamp" | "timestamptz" => format!("lo + (hi - lo) * {fraction}"),
        "uuid" => {
            // Random ones are spread evenly over their first digits.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the product is between zero and u32::MAX"
            )]
            let first = (f64::from(u32::MAX) * fraction) as u32;
            return Ok(Some(format!("{first:08x}-0000-0000-0000-000000000000")));
        }
        _ => return Ok(None),
    };
    let (column, relation) = (column_sql(selection, &term.column), from(selection));
    let infinite = match term.base_type.as_str() {
        "date" | "timestamp" | "timestamptz" => " WHERE isfinite(lo) AND isfinite(hi)",
        _ => "",
    };
    let sql = format!(
        "SELECT ({value})::text FROM (SELECT min({column}) AS lo, max({column}) AS hi \
         FROM {relation}) ends{infinite}"
    );
    let rows = lease.query(sql, &[]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Fields::new(row).optional(0)?.filter(|value| value != "NaN"))
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_histogram_is_read_by_fraction() {
        let bounds: Vec<String> = ["0", "100", "1000"].map(str::to_owned).into();
        assert_eq!(within(&bounds, 0.25).as_deref(), Some("50"));
        assert_eq!(within(&bounds, 0.75).as_deref(), Some("550"));
        assert_eq!(within(&bounds, 1.0).as_deref(), Some("100"));
        assert_eq!(within(&["a".to_owned(), "b".to_owned()], 0.9).as_deref(), Some("a"));
        assert_eq!(within(&[], 0.5), None);
    }
}
