//! Pages by key against brute force: whatever the table, the order and the filter, walking
//! forward and backward visits every row exactly once, in the order the server itself gives.

use dbstudio::db::Db;
use dbstudio::db::page::{Condition, Operator, Place, Row, Selection};
use dbstudio::db::stop::Stop;
use dbstudio::db::value::Value;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use sqlx::{AssertSqlSafe, Row as _};

use crate::sqlite::{File, page, relation, selection};

/// A table, its rows and the question asked of it.
#[derive(Debug, Clone)]
struct Case {
    shape: &'static str,
    rows: Vec<[&'static str; 3]>,
    sort: Vec<(&'static str, bool)>,
    filter: Option<(&'static str, Operator, &'static str)>,
    limit: usize,
}

const SHAPES: [&str; 6] = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT, c INT NOT NULL)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT, c INT NOT NULL); \
     CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (b DESC, c); CREATE INDEX i3 ON t (c, a, b)",
    "CREATE TABLE t (id INT, a, b TEXT COLLATE NOCASE, c INT NOT NULL)",
    "CREATE TABLE t (id INT NOT NULL UNIQUE, a, b TEXT, c INT NOT NULL); CREATE INDEX i1 ON t (a DESC)",
    "CREATE TABLE t (id INT, a, b TEXT, c INT NOT NULL, PRIMARY KEY (c, id)) WITHOUT ROWID",
    "CREATE TABLE t (id INT, a, b TEXT, c INT NOT NULL, PRIMARY KEY (id DESC, c)) WITHOUT ROWID; \
     CREATE INDEX i1 ON t (a, b DESC)",
];

fn case() -> impl Strategy<Value = Case> {
    let a =
        select(vec!["NULL", "NULL", "0", "1", "1.5", "'x'", "'1'", "x'01'", "CAST(x'ff' AS TEXT)"]);
    let b = select(vec!["NULL", "''", "'a'", "'A'", "'b'", "'é'"]);
    let c = select(vec!["0", "1", "2", "-3"]);
    let rows = prop::collection::vec((a, b, c).prop_map(|(a, b, c)| [a, b, c]), 0..24);
    let column = select(vec!["id", "a", "b", "c"]);
    let sort = prop::collection::vec((column, any::<bool>()), 0..4);
    let filter = select(vec![
        None,
        None,
        Some(("c", Operator::Ge, "1")),
        Some(("b", Operator::IsNull, "")),
        Some(("a", Operator::Ne, "1")),
    ]);
    (select(SHAPES.to_vec()), rows, sort, filter, 1..6usize)
        .prop_map(|(shape, rows, sort, filter, limit)| Case { shape, rows, sort, filter, limit })
}

/// The ids in the order of a plain ORDER BY, its ties in whatever order, with each row's own
/// sort values to tell ties by.
async fn brute_force(file: &File, case: &Case) -> Vec<i64> {
    let mut order: Vec<String> = case
        .sort
        .iter()
        .map(|(column, descending)| format!("{column}{}", if *descending { " DESC" } else { "" }))
        .collect();
    // The key in the direction of the last sort column makes the order complete.
    let down = case.sort.last().is_some_and(|last| last.1);
    let keys: &[&str] = match case.shape {
        shape if shape.contains("(c, id)") => &["c", "id"],
        shape if shape.contains("(id DESC, c)") => &["id", "c"],
        _ => &["id"],
    };
    order.extend(keys.iter().map(|key| format!("{key}{}", if down { " DESC" } else { "" })));
    let filter = match case.filter {
        None => "1".to_owned(),
        Some((column, Operator::Ge, value)) => format!("{column} >= {value}"),
        Some((column, Operator::Ne, value)) => format!("{column} <> {value}"),
        Some((column, _, _)) => format!("{column} IS NULL"),
    };
    let sql = format!("SELECT id FROM t WHERE {filter} ORDER BY {}", order.join(", "));
    let mut reader = file.writer().await;
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut reader).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn ids(rows: &[Row]) -> Vec<i64> {
    let id = |row: &Row| match row.cells[0] {
        Value::Integer(id) => id,
        ref other => panic!("{other:?}"),
    };
    rows.iter().map(id).collect()
}

async fn walk(db: &Db, rows: &Selection, limit: usize, backward: bool) -> Vec<i64> {
    let mut place = if backward { Place::End } else { Place::Start };
    let mut walked: Vec<i64> = Vec::new();
    loop {
        let read = page(db, rows, place, limit).await.unwrap();
        let found = ids(&read.rows);
        let more = if backward { read.more_before } else { read.more_after };
        let edge = if backward { read.rows.first() } else { read.rows.last() };
        let Some(edge) = edge else {
            assert!(!more, "more was promised and nothing came");
            return walked;
        };
        assert!(found.len() <= limit);
        place = if backward {
            walked.splice(0..0, found);
            Place::Before(edge.anchor.clone())
        } else {
            walked.extend(found);
            Place::After(edge.anchor.clone())
        };
        if !more {
            let beyond = page(db, rows, place, limit).await.unwrap();
            assert!(beyond.rows.is_empty(), "rows beyond the last page");
            return walked;
        }
    }
}

async fn check(case: &Case) {
    let mut sql = case.shape.to_owned();
    for (at, [a, b, c]) in case.rows.iter().enumerate() {
        // Ids in another order than the rows were written in.
        let id = (at * 7) % 29;
        sql += &format!("; INSERT INTO t VALUES ({id}, {a}, {b}, {c})");
    }
    let file = File::of(&sql).await;
    let db = file.open().await;
    let found = relation(&db, "t").await;
    let mut rows = selection(&found, &case.sort);
    if case.shape.contains("id INT, a, b TEXT COLLATE") {
        // This shape's key is the rowid; make it agree with the id that brute force sorts by.
        file.run("UPDATE t SET rowid = id + 1000").await;
    }
    rows.filter = case
        .filter
        .iter()
        .map(|(column, operator, value)| Condition::Column {
            column: (*column).to_owned(),
            operator: *operator,
            values: if value.is_empty() { Vec::new() } else { vec![(*value).to_owned()] },
        })
        .collect();
    let expected = brute_force(&file, case).await;
    assert_eq!(walk(&db, &rows, case.limit, false).await, expected, "forward");
    assert_eq!(walk(&db, &rows, case.limit, true).await, expected, "backward");
    let counted = db.count(&rows, None, &Stop::new()).await.unwrap();
    assert_eq!(counted, expected.len() as u64);
    // A refresh from any row stays at that row and knows what lies on either side.
    let all = page(&db, &rows, Place::Start, 100).await.unwrap();
    for (at, row) in all.rows.iter().enumerate() {
        let read = page(&db, &rows, Place::From(row.anchor.clone()), 2).await.unwrap();
        assert_eq!(read.rows.first(), Some(row));
        assert_eq!(read.more_before, at > 0);
        assert_eq!(read.more_after, at + 2 < all.rows.len());
    }
    db.close().await;
}

#[test]
fn walking_visits_every_row_once_in_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
    runner
        .run(&case(), |case| {
            runtime.block_on(check(&case));
            Ok(())
        })
        .unwrap();
}
