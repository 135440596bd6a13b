//! Whole statements for pages. A plan's queries are run in order until enough rows are there.

use super::order::{after_anchor, backwards, known, misfit, order_by};
use super::{Bind, OrderTerm, Query, column_sql, order_terms, where_clause};
use crate::db::page::{Anchor, PageRequest, Place, Selection};
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// How an engine reads columns.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// The expressions to select for the cells, in the order of the result.
    pub cells: &'a [String],
    /// How a column of the order is selected for the anchor: its whole value.
    pub anchor_cast: fn(&str) -> String,
}

/// The queries that read one page.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// To be run one after the other, a later one only while fewer than `limit + 1` rows are
    /// there. Each returns at most that many, the cells first, then the anchor's values.
    pub segments: Vec<Query>,
    /// Whether the rows come in reverse.
    pub reversed: bool,
}

/// The plan for a page of a relation with a key. [`Place::Fraction`] must have been turned into
/// [`Place::From`] by the engine, which alone knows the statistics.
///
/// # Errors
/// A sort column or filter that does not fit the relation, an anchor of another order.
pub fn pages(dialect: Dialect, request: &PageRequest, columns: &Columns) -> Result<Plan> {
    let selection = &request.selection;
    known(selection)?;
    let order = order_terms(selection);
    if order.is_empty() {
        return Err(misfit(selection));
    }
    let reversed = matches!(request.place, Place::End | Place::Before(_));
    let turned = if reversed { backwards(&order) } else { order.clone() };
    let mut filter_binds = Vec::new();
    let filter = where_clause(dialect, selection, &mut filter_binds)?;
    let anchored = match &request.place {
        Place::Start | Place::End => whole(dialect, selection, &turned, filter_binds),
        Place::After(anchor) | Place::Before(anchor) => {
            after_anchor(dialect, selection, &turned, anchor, false, &filter_binds)?
        }
        Place::From(anchor) => {
            after_anchor(dialect, selection, &turned, anchor, true, &filter_binds)?
        }
        Place::Fraction(_) => {
            return Err(Problem::failed(
                "This place cannot be found",
                "No statistics say where in the order it lies",
                "go to the start with gg or to the end with G",
            ));
        }
    };
    let anchor_cells = order
        .iter()
        .map(|term| (columns.anchor_cast)(&column_sql(dialect, selection, &term.column)));
    let cells: Vec<String> = columns.cells.iter().cloned().chain(anchor_cells).collect();
    let nulls = nulls_of_first(dialect, selection, &turned);
    let segment = |(place, binds): (String, Vec<_>)| {
        // Among the NULLs of the first column the others alone make the order. PostgreSQL does
        // not see that by itself and would sort all of them.
        let alone = dialect == Dialect::Postgres
            && nulls.as_ref().is_some_and(|nulls| place.starts_with(nulls));
        let terms = if alone { turned.get(1..).unwrap_or_default() } else { &turned };
        let order = order_by(dialect, selection, terms);
        let limit = format!("LIMIT {}", request.limit.saturating_add(1));
        let rows = Rows { condition: &condition(&[&filter, &place]), order: &order, limit: &limit };
        Query { sql: rows.select(dialect, selection, &cells), binds }
    };
    Ok(Plan { segments: anchored.into_iter().map(segment).collect(), reversed })
}

/// The condition that the first column of several is NULL, if it may be.
fn nulls_of_first(dialect: Dialect, selection: &Selection, terms: &[OrderTerm]) -> Option<String> {
    let first = terms.first().filter(|first| first.nullable && terms.len() > 1)?;
    Some(format!("{} IS NULL", column_sql(dialect, selection, &first.column)))
}

/// The conditions of the segments of the whole order: on PostgreSQL the NULLs of the first
/// column are one of their own, so that an index on the others can serve them.
fn whole(
    dialect: Dialect,
    selection: &Selection,
    terms: &[OrderTerm],
    binds: Vec<Bind>,
) -> Vec<(String, Vec<Bind>)> {
    let (Dialect::Postgres, Some(first), Some(nulls)) =
        (dialect, terms.first(), nulls_of_first(dialect, selection, terms))
    else {
        return vec![(String::new(), binds)];
    };
    let values = format!("{} IS NOT NULL", column_sql(dialect, selection, &first.column));
    let (earlier, later) =
        if first.nulls_after(dialect) { (values, nulls) } else { (nulls, values) };
    vec![(earlier, binds.clone()), (later, binds)]
}

/// The query for a relation that has no key: `limit` rows from a position on, in the order of
/// the sort columns if there are any, else as the server gives them. Each row is its cells only.
///
/// # Errors
/// A sort column or filter that does not fit the relation.
pub fn by_position(
    dialect: Dialect,
    selection: &Selection,
    cells: &[String],
    offset: u64,
    limit: usize,
) -> Result<Query> {
    known(selection)?;
    let mut binds = Vec::new();
    let filter = where_clause(dialect, selection, &mut binds)?;
    let terms = order_terms(selection);
    let limit = format!("LIMIT {limit} OFFSET {offset}");
    let order = order_by(dialect, selection, &terms);
    let rows = Rows { condition: &condition(&[&filter]), order: &order, limit: &limit };
    Ok(Query { sql: rows.select(dialect, selection, cells), binds })
}

/// The queries that tell whether any row comes before an anchor, to be run until one returns a
/// row. Without an order, so that the first row found is enough.
///
/// # Errors
/// A filter that does not fit the relation, an anchor of another order.
pub fn any_before(dialect: Dialect, selection: &Selection, anchor: &Anchor) -> Result<Vec<Query>> {
    let mut filter_binds = Vec::new();
    let filter = where_clause(dialect, selection, &mut filter_binds)?;
    let turned = backwards(&order_terms(selection));
    let before = after_anchor(dialect, selection, &turned, anchor, false, &filter_binds)?;
    let from = from(dialect, selection);
    let query = |(place, binds): (String, Vec<_>)| Query {
        sql: format!("SELECT 1 FROM {from}{} LIMIT 1", condition(&[&filter, &place])),
        binds,
    };
    Ok(before.into_iter().map(query).collect())
}

fn from(dialect: Dialect, selection: &Selection) -> String {
    dialect.relation(&selection.relation.schema, &selection.relation.name)
}

/// Which rows, in which order; an empty order is none.
struct Rows<'a> {
    condition: &'a str,
    order: &'a str,
    limit: &'a str,
}

impl Rows<'_> {
    /// The statement that selects expressions of these rows.
    ///
    /// PostgreSQL would work out the expressions of every row before it sorts them and keeps
    /// the first few; so there the rows are found first and printed after. The inner rows take
    /// the relation's name, so that the expressions mean the same.
    fn select(&self, dialect: Dialect, selection: &Selection, cells: &[String]) -> String {
        let (from, cells) = (from(dialect, selection), cells.join(", "));
        let order = match self.order {
            "" => String::new(),
            terms => format!(" ORDER BY {terms}"),
        };
        let Self { condition, limit, .. } = self;
        if dialect == Dialect::Sqlite || order.is_empty() {
            return format!("SELECT {cells} FROM {from}{condition}{order} {limit}");
        }
        let columns = selection.columns.iter();
        let columns: Vec<String> =
            columns.map(|column| column_sql(dialect, selection, &column.name)).collect();
        let (columns, alias) = (columns.join(", "), dialect.ident(&selection.relation.name));
        format!(
            "SELECT {cells} FROM (SELECT {columns} FROM {from}{condition}{order} {limit}) \
             AS {alias}{order}"
        )
    }
}

/// ` WHERE (a) AND (b)` of the conditions that say something.
fn condition(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => String::new(),
        [one] => format!(" WHERE {one}"),
        many => format!(" WHERE {}", many.join(" AND ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bind;
    use super::super::fixture::selection;
    use super::*;
    use crate::db::page::{Condition, Identity};
    use crate::db::value::Value;

    fn plan(place: Place) -> Plan {
        let key = Identity::Rowid("rowid".into());
        let mut rows = selection(&[("a?", "TEXT"), ("b", "INT")], key, &[("a", true)]);
        rows.filter = vec![
            Condition::Raw("b > 1 OR b < 0".into()),
            Condition::Equals { column: "b".into(), value: Value::Integer(5) },
        ];
        let request = PageRequest { selection: rows, place, limit: 10 };
        let cells = ["\"a\"".to_owned()];
        let columns = Columns { cells: &cells, anchor_cast: str::to_owned };
        pages(Dialect::Sqlite, &request, &columns).unwrap()
    }

    #[test]
    fn a_page_is_one_statement_with_the_filter_before_the_place() {
        let start = plan(Place::Start);
        assert!(!start.reversed);
        assert_eq!(start.segments.len(), 1);
        assert_eq!(
            start.segments[0].sql,
            "SELECT \"a\", \"t\".\"a\", \"t\".\"rowid\" FROM \"main\".\"t\" WHERE (\nb > 1 OR b < 0\n) \
             AND \"t\".\"b\" = ?1 ORDER BY \"t\".\"a\" DESC, \"t\".\"rowid\" DESC LIMIT 11"
        );
        let after = plan(Place::After(Anchor([Value::text("m"), Value::Integer(3)].into())));
        assert_eq!(after.segments.len(), 3);
        assert!(after.segments[0].sql.contains("\"t\".\"a\" = ?2 AND \"t\".\"rowid\" < ?3"));
        assert!(after.segments[1].sql.contains("\"t\".\"a\" < ?2"));
        assert_eq!(
            after.segments[0].binds,
            [Bind::Integer(5), Bind::Text("m".into()), Bind::Integer(3)]
        );
        assert!(after.segments[2].sql.contains("\"t\".\"a\" IS NULL"));
        assert_eq!(after.segments[2].binds, [Bind::Integer(5)]);
    }

    #[test]
    fn on_postgres_the_nulls_of_the_first_column_are_ordered_by_the_others() {
        let rows = selection(
            &[("a?", "int4"), ("id", "int4")],
            Identity::Key(vec!["id".into()]),
            &[("a", true)],
        );
        let request = PageRequest { selection: rows, place: Place::Start, limit: 10 };
        let columns = Columns { cells: &[], anchor_cast: str::to_owned };
        let plan = pages(Dialect::Postgres, &request, &columns).unwrap();
        let tails: Vec<&str> = plan
            .segments
            .iter()
            .map(|segment| segment.sql.split_once(" WHERE ").expect("a condition").1)
            .collect();
        assert_eq!(
            tails,
            [
                "\"t\".\"a\" IS NULL ORDER BY \"t\".\"id\" DESC LIMIT 11) AS \"t\" ORDER BY \"t\".\"id\" DESC",
                "\"t\".\"a\" IS NOT NULL ORDER BY \"t\".\"a\" DESC, \"t\".\"id\" DESC LIMIT 11) AS \"t\" ORDER BY \"t\".\"a\" DESC, \"t\".\"id\" DESC",
            ]
        );
    }

    #[test]
    fn the_end_is_read_backwards() {
        let end = plan(Place::End);
        assert!(end.reversed);
        assert!(end.segments[0].sql.ends_with("ORDER BY \"t\".\"a\", \"t\".\"rowid\" LIMIT 11"));
        let before = plan(Place::Before(Anchor([Value::Null, Value::Integer(3)].into())));
        assert_eq!(before.segments.len(), 2);
        assert!(before.segments[0].sql.contains("\"t\".\"a\" IS NULL AND \"t\".\"rowid\" > ?2"));
    }
}
