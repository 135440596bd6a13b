//! The SQL of each question to a live PostgreSQL. Pure text; who asks it, and what becomes of an
//! answer, is elsewhere.

use super::fitting::{Fitting, fitting, loses};
use crate::schema::RelationName;
use crate::schema::hazard::{Subject, Wanted};
use crate::sql::Dialect;

const DIALECT: Dialect = Dialect::Postgres;

/// A way to find something out about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// All rows of the table are meant.
    All,
    /// The values of a column that are not NULL.
    Values(String),
    /// The rows that a condition picks; it can be counted along with others.
    Condition(String),
    /// A query of its own, whose one value is the number.
    Alone(String),
    /// A query that succeeds if everything fits, and else fails with the first value that does
    /// not.
    Trial(String),
    /// Nothing to ask: everything fits, or nothing is lost.
    None,
}

/// Where a question's rows come from: the table, with its columns under the names they have when
/// the step runs, and only part of it where all would be too much.
pub(super) fn source(
    table: &RelationName,
    renamed: &[(String, String)],
    percent: Option<f64>,
) -> String {
    let name = DIALECT.relation(&table.schema, &table.name);
    let sample = percent.map_or(String::new(), |percent| {
        format!(" TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (1)")
    });
    if renamed.is_empty() {
        return format!("{name} AS t{sample}");
    }
    let columns: Vec<String> = renamed
        .iter()
        .map(|(before, then)| format!("{} AS {}", DIALECT.ident(before), DIALECT.ident(then)))
        .collect();
    format!("(SELECT *, {} FROM {name}{sample}) AS t", columns.join(", "))
}

/// How a question is asked of a server of this version.
pub(super) fn question(wanted: &Wanted, source: &str, version: i64) -> Question {
    match &wanted.subject {
        Subject::Rows | Subject::Occupied => Question::All,
        Subject::Values(column) => Question::Values(DIALECT.ident(column)),
        Subject::Attribute { column, attribute } => {
            Question::Values(format!("({}).{}", DIALECT.ident(column), DIALECT.ident(attribute)))
        }
        Subject::Nulls(columns) => {
            let null = |column: &String| format!("{} IS NULL", DIALECT.ident(column));
            Question::Condition(columns.iter().map(null).collect::<Vec<_>>().join(" OR "))
        }
        Subject::Failing(expression) => Question::Condition(format!("NOT ({expression})")),
        Subject::Labelled { column, array, label } => {
            let (column, label) = (DIALECT.ident(column), DIALECT.literal(label));
            Question::Condition(if *array {
                format!("{label} = ANY ({column}::text[])")
            } else {
                format!("{column}::text = {label}")
            })
        }
        Subject::Duplicates { keys, condition, nulls_equal } => Question::Alone(format!(
            "SELECT count(*) FROM ({}) AS d",
            duplicates(source, keys, condition.as_deref(), *nulls_equal)
        )),
        Subject::Orphans { columns, parent, referenced } => {
            Question::Condition(orphans(columns, parent.as_ref(), referenced))
        }
        Subject::Unfit { column, from, to, using, labels } => {
            let column = DIALECT.ident(column);
            match fitting(&column, (from, to), using.as_deref(), labels.as_deref(), version) {
                Fitting::All => Question::None,
                Fitting::Unless(condition) => Question::Condition(condition),
                Fitting::Trial(expression) => {
                    Question::Trial(format!("SELECT count({expression}) FROM {source}"))
                }
            }
        }
        Subject::Lossy { column, from, to, using } => {
            let lost = loses(&DIALECT.ident(column), from, to, *using);
            lost.map_or(Question::None, Question::Condition)
        }
    }
}

/// The sets of alike rows, each as its keys and how often it is there.
pub(super) fn duplicates(
    source: &str,
    keys: &[String],
    condition: Option<&str>,
    nulls_equal: bool,
) -> String {
    let mut conditions: Vec<String> =
        condition.map(|found| format!("({found})")).into_iter().collect();
    if !nulls_equal {
        conditions.extend(keys.iter().map(|key| format!("({key}) IS NOT NULL")));
    }
    let filter = match conditions.as_slice() {
        [] => String::new(),
        some => format!(" WHERE {}", some.join(" AND ")),
    };
    let keys = keys.join(", ");
    format!("SELECT {keys} FROM {source}{filter} GROUP BY {keys} HAVING count(*) > 1")
}

/// The condition of a row that refers to nothing. A row with a NULL in what refers is left alone.
fn orphans(columns: &[String], parent: Option<&RelationName>, referenced: &[String]) -> String {
    let refers = columns.iter().map(|column| format!("t.{} IS NOT NULL", DIALECT.ident(column)));
    let refers = refers.collect::<Vec<_>>().join(" AND ");
    let Some(parent) = parent else { return refers };
    let parent = DIALECT.relation(&parent.schema, &parent.name);
    let meets = columns.iter().zip(referenced).map(|(column, referenced)| {
        format!("p.{} = t.{}", DIALECT.ident(referenced), DIALECT.ident(column))
    });
    let meets = meets.collect::<Vec<_>>().join(" AND ");
    format!("{refers} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {meets})")
}

/// The expression that shows a row a question is about, and its condition; `None` where the
/// answer says it all.
pub(super) fn example(wanted: &Wanted, condition: &str, row_names: &[String]) -> Option<String> {
    let named = |columns: &[String]| {
        let one = |column: &String| {
            let label = DIALECT.literal(&format!("{column} = "));
            format!("{label} || coalesce({}::text, 'NULL')", DIALECT.ident(column))
        };
        let parts: Vec<String> = columns.iter().map(one).collect();
        (!parts.is_empty()).then(|| parts.join(" || ', ' || "))
    };
    match &wanted.subject {
        Subject::Nulls(_) | Subject::Failing(_) => named(row_names),
        Subject::Orphans { columns, .. } => named(columns),
        Subject::Unfit { column, .. } | Subject::Lossy { column, .. } if !condition.is_empty() => {
            Some(format!("quote_literal({}::text)", DIALECT.ident(column)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renamed_columns_are_asked_for_under_their_new_names() {
        let table = RelationName::new("shop", "orders");
        assert_eq!(source(&table, &[], None), r#""shop"."orders" AS t"#);
        assert_eq!(
            source(&table, &[("note".into(), "remark".into())], Some(0.5)),
            "(SELECT *, \"note\" AS \"remark\" FROM \"shop\".\"orders\" \
             TABLESAMPLE SYSTEM (0.500000) REPEATABLE (1)) AS t"
        );
    }

    #[test]
    fn duplicates_leave_null_alone_unless_nulls_are_equal() {
        let keys = ["lower(a)".to_owned(), "\"b\"".to_owned()];
        assert_eq!(
            duplicates("t", &keys, Some("c > 0"), false),
            "SELECT lower(a), \"b\" FROM t WHERE (c > 0) AND (lower(a)) IS NOT NULL AND \
             (\"b\") IS NOT NULL GROUP BY lower(a), \"b\" HAVING count(*) > 1"
        );
        assert_eq!(
            duplicates("t", &keys[..1], None, true),
            "SELECT lower(a) FROM t GROUP BY lower(a) HAVING count(*) > 1"
        );
    }
}
