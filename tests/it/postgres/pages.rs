//! Pages, forward and backward, by key, by place and by position, against the server's own
//! order of everything.

use std::time::{Duration, Instant};

use dbstudio::db::Db;
use dbstudio::db::page::{
    Anchor, Condition, Identity, Operator, PageRequest, Place, Row, Selection, ValueRequest,
};
use dbstudio::db::stop::Stop;
use dbstudio::db::value::Value;
use dbstudio::problem::Kind;

use super::{name, open, page, relation, sorted, whole};
use crate::server::{TestDatabase, postgres};

const ROWS: &str = "
    CREATE TABLE rows (id int PRIMARY KEY, a int, b text, d timestamptz, f bool NOT NULL);
    INSERT INTO rows SELECT g, nullif(g % 7, 3), nullif('w' || g % 11, 'w4'),
        CASE WHEN g % 5 > 0 THEN timestamptz '2024-01-01 00:00Z' + g % 13 * interval '1 hour' END,
        g % 2 = 0
    FROM generate_series(1, 230) g;
    CREATE TABLE keyless AS SELECT * FROM rows;
    INSERT INTO keyless SELECT * FROM rows; INSERT INTO keyless SELECT * FROM keyless;
    DELETE FROM keyless WHERE id BETWEEN 20 AND 200 AND ctid < '(9,0)';
    ANALYZE keyless;
    CREATE TABLE part (id int, a int) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (1000);
    INSERT INTO part SELECT id, a FROM rows;
    CREATE VIEW seen AS SELECT * FROM rows ORDER BY id;
    CREATE TABLE two (x text COLLATE \"C\", y int, z int, PRIMARY KEY (x, y));
    INSERT INTO two SELECT 'k' || g % 9, g, g % 4 FROM generate_series(1, 100) g;";

/// One column of all rows in the server's order.
fn all(database: &TestDatabase, column: &str, from: &str) -> Vec<String> {
    let printed = database.psql(&format!("SELECT {column} FROM {from}"));
    printed.lines().map(str::to_owned).collect()
}

fn column(rows: &[Row], index: usize) -> Vec<String> {
    let text = |row: &Row| match &row.cells[index] {
        Value::Text(text) => text.to_string(),
        Value::Null => String::new(),
        other => panic!("{other:?}"),
    };
    rows.iter().map(text).collect()
}

/// Reads everything forward, then everything backward, in pages.
async fn both_ways(db: &Db, selection: &Selection, limit: usize) -> (Vec<Row>, Vec<Row>) {
    let mut forward = page(db, selection, Place::Start, limit).await;
    assert!(!forward.more_before);
    let mut rows = forward.rows.clone();
    while forward.more_after {
        let last = forward.rows.last().unwrap().anchor.clone();
        forward = page(db, selection, Place::After(last), limit).await;
        assert!(forward.more_before && !forward.rows.is_empty());
        rows.extend(forward.rows.clone());
    }
    let mut backward = page(db, selection, Place::End, limit).await;
    assert!(!backward.more_after);
    let mut turned = backward.rows.clone();
    while backward.more_before {
        let first = backward.rows.first().unwrap().anchor.clone();
        backward = page(db, selection, Place::Before(first), limit).await;
        assert!(backward.more_after && !backward.rows.is_empty());
        turned.splice(0..0, backward.rows.clone());
    }
    (rows, turned)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_the_servers_order() {
    let database = postgres().create_database("pages");
    database.psql(ROWS);
    let db = open(&database).await;
    let rows = whole(&relation(&db, "rows").await);
    let two = whole(&relation(&db, "two").await);
    assert_eq!(two.identity, Identity::Key(vec!["x".into(), "y".into()]));
    type Case<'a> = (&'a Selection, &'a [(&'a str, bool)], &'a str);
    let cases: &[Case<'_>] = &[
        (&rows, &[], "id"),
        (&rows, &[("id", true)], "id DESC"),
        (&rows, &[("a", false)], "a, id"),
        (&rows, &[("a", true)], "a DESC, id DESC"),
        (&rows, &[("b", false)], "b, id"),
        (&rows, &[("d", true)], "d DESC, id DESC"),
        (&rows, &[("f", false), ("a", true)], "f, a DESC, id DESC"),
        (&rows, &[("a", false), ("b", true), ("d", false)], "a, b DESC, d, id"),
        (&two, &[], "x, y"),
        (&two, &[("y", true)], "y DESC, x DESC"),
        (&two, &[("z", false), ("x", true)], "z, x DESC, y DESC"),
    ];
    for (selection, sort, order) in cases {
        let selection = sorted(selection, sort);
        let table = &selection.relation.name;
        let key = if table == "rows" { "id" } else { "y" };
        let expected = all(&database, key, &format!("{table} ORDER BY {order}"));
        let index = if table == "rows" { 0 } else { 1 };
        for limit in [1, 7, 229, 230, 1000] {
            if limit == 1 && sort.len() > 1 {
                continue;
            }
            let (forward, backward) = both_ways(&db, &selection, limit).await;
            assert_eq!(column(&forward, index), expected, "{order} by {limit}");
            assert_eq!(column(&backward, index), expected, "{order} backward by {limit}");
        }
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keyless_tables_page_by_place_and_others_by_position() {
    let database = postgres().create_database("keyless");
    database.psql(ROWS);
    let db = open(&database).await;
    let keyless = whole(&relation(&db, "keyless").await);
    assert_eq!(keyless.identity, Identity::Ctid);
    let expected = all(&database, "id", "keyless ORDER BY ctid");
    for limit in [3, 50, 5000] {
        let (forward, backward) = both_ways(&db, &keyless, limit).await;
        assert_eq!(column(&forward, 0), expected, "by {limit}");
        assert_eq!(column(&backward, 0), expected, "backward by {limit}");
    }
    let by_a = sorted(&keyless, &[("a", true)]);
    let expected = all(&database, "id", "keyless ORDER BY a DESC, ctid DESC");
    let (forward, backward) = both_ways(&db, &by_a, 60).await;
    assert_eq!(column(&forward, 0), expected);
    assert_eq!(column(&backward, 0), expected);
    assert_eq!(forward[0].cells.len(), 5, "hidden columns stay hidden");
    // A filter that leaves little makes the windows grow.
    let mut few = keyless.clone();
    few.filter.push(Condition::Raw("id = 230".into()));
    assert_eq!(column(&both_ways(&db, &few, 2).await.0, 0), vec!["230"; 4]);
    let part = whole(&relation(&db, "part").await);
    let (forward, _) = both_ways(&db, &part, 40).await;
    assert_eq!(forward.len(), 230);
    let seen = whole(&relation(&db, "seen").await);
    let (forward, backward) = both_ways(&db, &seen, 40).await;
    let expected = all(&database, "id", "rows ORDER BY id");
    assert_eq!(column(&forward, 0), expected);
    assert_eq!(column(&backward, 0), expected);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_stays_where_it_was_and_a_fraction_lands_near() {
    let database = postgres().create_database("places");
    database.psql(ROWS);
    database.psql("CREATE TABLE big AS SELECT g AS id, g % 100 AS r, nullif(g % 4, 0) AS n FROM generate_series(1, 20000) g;
        ALTER TABLE big ADD PRIMARY KEY (id);");
    let db = open(&database).await;
    let rows = whole(&relation(&db, "rows").await);
    let start = page(&db, &rows, Place::Start, 10).await;
    let again = page(&db, &rows, Place::From(start.rows[4].anchor.clone()), 3).await;
    assert_eq!(column(&again.rows, 0), ["5", "6", "7"]);
    assert!(again.more_before && again.more_after);
    let same = page(&db, &rows, Place::From(start.rows[0].anchor.clone()), 3).await;
    assert!(!same.more_before);
    // A row that was the last and is gone: the last rows there are.
    let beyond = Place::From(Anchor([Value::text("9999")].into()));
    assert_eq!(column(&page(&db, &rows, beyond, 2).await.rows, 0), ["229", "230"]);
    let big = whole(&relation(&db, "big").await);
    let near = |rows: &[Row], expected: i64| {
        let id: i64 = column(rows, 0)[0].parse().unwrap();
        assert!((id - expected).abs() < 400, "{id} is not near {expected}");
    };
    for analyzed in [false, true] {
        if analyzed {
            database.psql("ANALYZE big");
        }
        let half = page(&db, &big, Place::Fraction(0.5), 10).await;
        near(&half.rows, 10_000);
        assert!(half.more_before && half.more_after);
        near(
            &page(
                &db,
                &sorted(&big, &[("id", true)]),
                Place::Fraction(if analyzed { 0.9 } else { 1.0 }),
                10,
            )
            .await
            .rows,
            if analyzed { 2_000 } else { 10 },
        );
    }
    let nulls = page(&db, &sorted(&big, &[("n", false)]), Place::Fraction(0.9), 1).await;
    assert_eq!(nulls.rows[0].cells[2], Value::Null);
    assert_eq!(column(&page(&db, &big, Place::Fraction(0.0), 1).await.rows, 0), ["1"]);
    assert_eq!(column(&page(&db, &big, Place::Fraction(1.0), 1).await.rows, 0), ["20000"]);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_select_and_say_what_does_not_fit() {
    let database = postgres().create_database("filters");
    database.psql(ROWS);
    database.psql("CREATE TABLE docs (id int PRIMARY KEY, j jsonb, w text); INSERT INTO docs VALUES (1, '{\"a\": 5}', 'Abc'), (2, '{\"a\": 1}', NULL)");
    let db = open(&database).await;
    let rows = whole(&relation(&db, "rows").await);
    let docs = whole(&relation(&db, "docs").await);
    let condition = |column: &str, operator, values: &[&str]| Condition::Column {
        column: column.into(),
        operator,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let cases = [
        (&rows, condition("a", Operator::Eq, &["5"]), "a = 5"),
        (&rows, condition("a", Operator::Between, &["2", "4"]), "a BETWEEN 2 AND 4"),
        (&rows, condition("b", Operator::In, &["w1", "w2"]), "b IN ('w1', 'w2')"),
        (&rows, condition("b", Operator::IsNull, &[]), "b IS NULL"),
        (&rows, condition("d", Operator::Ge, &["2024-01-01 06:00Z"]), "d >= '2024-01-01 06:00Z'"),
        (&rows, condition("f", Operator::Eq, &["true"]), "f"),
        (&rows, condition("b", Operator::Regex, &["^w1"]), "b ~ '^w1'"),
        (&rows, condition("id", Operator::Like, &["2%"]), "id::text LIKE '2%'"),
        (&rows, Condition::Raw("a = 1 OR b = 'w2'".into()), "(a = 1 OR b = 'w2')"),
        (&rows, Condition::Equals { column: "a".into(), value: Value::Null }, "a IS NULL"),
        (&docs, condition("j", Operator::JsonPath, &["$.a > 3"]), "j @@ '$.a > 3'"),
        (&docs, condition("w", Operator::ILike, &["aB%"]), "w ILIKE 'aB%'"),
    ];
    for (selection, filter, sql) in cases {
        let filtered = Selection { filter: vec![filter], ..selection.clone() };
        let table = &filtered.relation.name;
        let expected = all(&database, "id", &format!("{table} WHERE {sql} ORDER BY id"));
        assert!(!expected.is_empty(), "{sql}");
        let found = page(&db, &filtered, Place::Start, 1000).await;
        assert_eq!(column(&found.rows, 0), expected, "{sql}");
        let counted = db.count(&filtered, None, &Stop::new()).await.unwrap();
        assert_eq!(counted, expected.len() as u64, "{sql}");
    }
    assert_eq!(db.count(&rows, Some(100), &Stop::new()).await.unwrap(), 100);
    let wrong = Selection { filter: vec![condition("a", Operator::Eq, &["five"])], ..rows.clone() };
    let request = PageRequest { selection: wrong.clone(), place: Place::Start, limit: 10 };
    let problem = db.page(&request, &Stop::new()).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Usage);
    assert_eq!(problem.what, "The filter on a cannot use the value five");
    assert!(problem.why.contains("invalid input syntax"), "{problem}");
    assert!(problem.fix.contains("integer"), "{problem}");
    let raw = Selection { filter: vec![Condition::Raw("nothing > 1".into())], ..rows.clone() };
    let problem = db.count(&raw, None, &Stop::new()).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Usage);
    assert!(problem.why.contains("nothing"), "{problem}");
    // The connection is as good as before.
    assert_eq!(page(&db, &rows, Place::Start, 5).await.rows.len(), 5);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_found_again_until_its_row_is_gone() {
    let database = postgres().create_database("value");
    database.psql(ROWS);
    let db = open(&database).await;
    for (table, sort) in [
        ("rows", false),
        ("rows", true),
        ("keyless", false),
        ("keyless", true),
        ("seen", false),
        ("two", true),
    ] {
        let mut selection = whole(&relation(&db, table).await);
        let last = selection.columns.last().unwrap().name.clone();
        if sort {
            selection = sorted(&selection, &[(&last, true)]);
        }
        let found = page(&db, &selection, Place::Start, 20).await;
        for row in &found.rows {
            let request = ValueRequest {
                selection: selection.clone(),
                anchor: row.anchor.clone(),
                column: last.clone(),
            };
            let value = db.value(&request, &Stop::new()).await.unwrap();
            assert_eq!(value.as_ref(), row.cells.last(), "{table}");
        }
    }
    let selection = whole(&relation(&db, "rows").await);
    let anchor = page(&db, &selection, Place::Start, 1).await.rows[0].anchor.clone();
    database.psql("DELETE FROM rows WHERE id = 1");
    let request = ValueRequest { selection, anchor, column: "a".into() };
    assert_eq!(db.value(&request, &Stop::new()).await.unwrap(), None);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_page_like_others() {
    let database = postgres().create_database("names");
    let names = ["select", "a\"b", "a'b", "a.b", "ünï cödé", "$1", "a;--", "\\", "🦀", "Order"];
    for hostile in names {
        let quoted = format!("\"{}\"", hostile.replace('"', "\"\""));
        database.psql(&format!(
            "CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} ({quoted} int PRIMARY KEY, \"v {}\" text);
             INSERT INTO {quoted}.{quoted} SELECT g, 'v' || g FROM generate_series(1, 9) g",
            hostile.replace('"', "\"\"")
        ));
    }
    let db = open(&database).await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    for hostile in names {
        assert!(outline.find(&name(hostile, hostile)).is_some(), "{hostile}");
        let table = db.relation(&name(hostile, hostile), &Stop::new()).await.unwrap();
        assert_eq!(table.primary_key.as_ref().unwrap().columns, [hostile]);
        let selection = sorted(&whole(&table), &[(&format!("v {hostile}"), true)]);
        let (forward, backward) = both_ways(&db, &selection, 4).await;
        assert_eq!(column(&forward, 0), ["9", "8", "7", "6", "5", "4", "3", "2", "1"]);
        assert_eq!(forward, backward);
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_the_same_everywhere_in_a_large_table() {
    let database = postgres().create_database("large");
    database.psql(
        "CREATE UNLOGGED TABLE large (id int PRIMARY KEY, n int, t text);
         INSERT INTO large SELECT g, CASE WHEN g % 20 > 0 THEN (g * 7919::int8 % 1000003)::int END, 'row ' || g FROM generate_series(1, 1000000) g;
         CREATE INDEX ON large (n); ANALYZE large;
         CREATE UNLOGGED TABLE heap AS SELECT * FROM large; ANALYZE heap;",
    );
    let db = open(&database).await;
    let large = whole(&relation(&db, "large").await);
    let heap = whole(&relation(&db, "heap").await);
    let by_n = sorted(&large, &[("n", true)]);
    for selection in [&large, &by_n, &heap] {
        for place in [Place::Start, Place::End, Place::Fraction(0.5)] {
            // The first run pays for reading the disk.
            let first = page(&db, selection, place.clone(), 200).await;
            let begun = Instant::now();
            page(&db, selection, place.clone(), 200).await;
            page(&db, selection, Place::After(first.rows[0].anchor.clone()), 200).await;
            page(&db, selection, Place::Before(first.rows[0].anchor.clone()), 200).await;
            let took = begun.elapsed();
            // A scan of the table would take ten times as long; the machine may be busy.
            assert!(took < Duration::from_millis(60), "{place:?} took {took:?}");
        }
    }
    db.close().await;
}
