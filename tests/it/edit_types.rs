//! Values of every stock type written and read back: what is proven is what is stored, and what
//! was there before comes back, each guarded by what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dbstudio::config::{Config, Flags, Target, Variables};
use dbstudio::db::Db;
use dbstudio::db::edit::order::ordered;
use dbstudio::db::edit::{
    Applied, CellEdit, RowEdit, RowId, TableEdits, Trial, Typed, Wanted, key_of,
};
use dbstudio::db::page::{Identity, PageColumn, PageRequest, Place, Selection};
use dbstudio::db::value::Value;
use dbstudio::ops::edit::{Plan, inverse};
use dbstudio::ops::session::Stop;
use dbstudio::schema::{Relation, RelationName};
use dbstudio::sql::Dialect;

use crate::server;

/// A type, a value that is there, and one that is typed.
const TYPES: &[(&str, &str, &str)] = &[
    ("boolean", "true", "no"),
    ("smallint", "-32768", "7"),
    ("integer", "1", "-2147483648"),
    ("bigint", "9223372036854775807", "-1"),
    (
        "numeric",
        "12345678901234567890123456789012345678",
        "-0.00000000000000000000000000000000000001",
    ),
    ("numeric(8,2)", "1.50", "NaN"),
    ("real", "1.5", "-Infinity"),
    ("double precision", "0.1", "1e-300"),
    ("money", "12.34", "-1,234.50"),
    ("text", "it's \\ \"q\"", "two\nlines\tand ü 😀"),
    ("varchar(9)", "abc", ""),
    ("char(5)", "ab", "cd"),
    ("\"char\"", "x", "y"),
    ("name", "a name", "another"),
    ("bytea", "\\x00ff", "\\xdeadbeef00"),
    ("date", "infinity", "0044-03-15 BC"),
    ("timestamp", "2026-01-02 03:04:05.678901", "-infinity"),
    ("timestamptz", "2026-01-02 03:04:05+02", "4713-01-01 00:00:00+00 BC"),
    ("timestamp(0)", "2026-01-02 03:04:05", "2026-01-02 03:04:05.9"),
    ("time", "23:59:59.999999", "24:00:00"),
    ("timetz", "01:02:03+04", "12:00:00-08"),
    ("interval", "1 year 2 mons -3 days 04:05:06.789", "-1 day"),
    ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"),
    ("json", "{\"b\": 1,  \"a\": [null]}", "[1.50, \"\\u00e9\"]"),
    ("jsonb", "{\"a\": 1e400}", "{\"x\": \"a\\tb\"}"),
    ("xml", "<a>b</a>", "<c/>"),
    ("inet", "10.0.0.1/8", "::1"),
    ("cidr", "10.0.0.0/8", "2001:db8::/32"),
    ("macaddr", "08:00:2b:01:02:03", "00:00:00:00:00:00"),
    ("bit(4)", "1010", "0101"),
    ("varbit", "1", "00011"),
    ("point", "(1,2)", "(-0.5,1e10)"),
    ("box", "(2,2),(0,0)", "(3,3),(1,1)"),
    ("polygon", "((0,0),(1,1),(1,0))", "((0,0),(2,2),(2,0))"),
    ("int4range", "[1,10)", "empty"),
    ("tstzrange", "[2026-01-01 00:00:00+00,)", "(,2026-01-01 00:00:00+00]"),
    ("int4multirange", "{[1,2),[4,5)}", "{}"),
    ("integer[]", "{1,NULL,3}", "{{1,2},{NULL,4}}"),
    ("text[]", "{a,\"b,c\",NULL,\"NULL\"}", "{\"\",\"q\\\"q\"}"),
    ("tsvector", "'a':1 'b':2", "'cat':3A"),
    ("tsquery", "'a' & 'b'", "!'c'"),
    ("pg_lsn", "16/B374D848", "0/0"),
    ("oid", "1", "4294967295"),
    ("jsonpath", "$.\"a\"[*]", "$"),
    ("mood", "glad", "it's \"odd\""),
    ("email", "a@b", "c@d"),
    ("pair", "(1,\"a,b\")", "(,)"),
    ("pair[]", "{\"(1,x)\",NULL}", "{}"),
];

fn target(address: &str) -> Target {
    let home = tempfile::tempdir().unwrap();
    let variables = Variables::from_pairs([("HOME", home.path().to_str().unwrap())]);
    let config = Config::load(&Flags::default(), home.path(), variables).unwrap();
    config.resolve(address).unwrap()
}

/// The first row of a table: its key and its cells.
async fn first(db: &Db, relation: &Relation, by: &str) -> (Box<[Value]>, BTreeMap<String, Value>) {
    let columns = relation.columns.iter().map(|column| PageColumn {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        base_type: column.base_type.clone(),
        nullable: column.nullable,
    });
    let selection = Selection {
        relation: relation.name.clone(),
        columns: columns.collect(),
        identity: Identity::Key(vec![by.to_owned()]),
        filter: Vec::new(),
        sort: Vec::new(),
    };
    let request = PageRequest { selection: selection.clone(), place: Place::Start, limit: 1 };
    let page = db.page(&request, &Stop::new()).await.unwrap();
    let row = &page.rows[0];
    let names = selection.columns.iter().map(|column| column.name.clone());
    (key_of(&selection, &row.anchor).unwrap(), names.zip(row.cells.to_vec()).collect())
}

fn plan(target: &Target, dialect: Dialect, tables: Vec<TableEdits>) -> Plan {
    let statements = ordered(dialect, &tables).unwrap();
    Plan { target: target.clone(), tables, statements, entails: Vec::new() }
}

async fn write(db: &Db, plan: &Plan) -> Vec<BTreeMap<String, Value>> {
    let mut nothing = |_: &str, _: &[_]| Ok(());
    let applied = db.write(&plan.target, &plan.statements, &mut nothing, &Stop::new()).await;
    match applied.unwrap() {
        Applied::Done(written) => written,
        other => panic!("{other:?}\n{}", plan.script()),
    }
}

/// Types a value into every column, writes them, and takes them back.
async fn there_and_back(address: &str, dialect: Dialect, schema: &str, typed: &[(String, &str)]) {
    let target = target(address);
    let stop = Stop::new();
    let db = Db::connect(&target, &stop).await.unwrap();
    let relation = db.relation(&RelationName::new(schema, "t"), &stop).await.unwrap();
    let (key, before) = first(&db, &relation, "id").await;
    let mut cells = BTreeMap::new();
    for (column, text) in typed {
        let trial = Trial {
            column: column.clone(),
            typed: Typed::Text((*text).to_owned()),
            row: before.clone(),
        };
        let verdict = db.prove(&relation, &trial, &stop).await.unwrap();
        let wanted = verdict.unwrap_or_else(|why| panic!("{column} {text}: {why}"));
        cells.insert(column.clone(), CellEdit { read: before[column].clone(), wanted });
    }
    let edits = TableEdits {
        relation: Arc::new(relation.clone()),
        identity: Identity::Key(vec!["id".to_owned()]),
        masked: BTreeSet::new(),
        rows: vec![(RowId::of(&key), RowEdit::Changed { key, cells: cells.clone() })],
    };
    let forth = plan(&target, dialect, vec![edits]);
    let written = write(&db, &forth).await;
    let (_, now) = first(&db, &relation, "id").await;
    for (column, cell) in &cells {
        assert_eq!(cell.wanted, Wanted::Value(now[column].clone()), "{column} as it was proven");
    }
    // All columns NULL, then what was there at first, by the inverse of both.
    let back = plan(&target, dialect, inverse(&forth, &written));
    write(&db, &back).await;
    assert_eq!(first(&db, &relation, "id").await.1, before);
    // A delete guarded by every column, and the row again as it was.
    let (key, read) = first(&db, &relation, "id").await;
    let gone = TableEdits {
        rows: vec![(RowId::of(&key), RowEdit::Deleted { key, read })],
        ..forth.tables[0].clone()
    };
    let gone = plan(&target, dialect, vec![gone]);
    let written = write(&db, &gone).await;
    write(&db, &plan(&target, dialect, inverse(&gone, &written))).await;
    assert_eq!(first(&db, &relation, "id").await.1, before);
    db.close().await;
}

#[tokio::test]
async fn every_stock_type_of_postgresql_goes_there_and_back() {
    let database = server::postgres().create_database("edit_types");
    database.psql(
        "CREATE TYPE mood AS ENUM ('glad', 'it''s \"odd\"');
         CREATE DOMAIN email AS varchar(9) CHECK (VALUE ~ '@');
         CREATE TYPE pair AS (a int, b text);",
    );
    let name = |at: usize| format!("c{at}");
    let columns: Vec<String> =
        TYPES.iter().enumerate().map(|(at, it)| format!("{} {}", name(at), it.0)).collect();
    let quoted = |text: &str| Dialect::Postgres.literal(text);
    let values: Vec<String> = TYPES
        .iter()
        .map(|(type_name, value, _)| format!("{}::{type_name}", quoted(value)))
        .collect();
    database.psql(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, {}); INSERT INTO t VALUES (1, {})",
        columns.join(", "),
        values.join(", ")
    ));
    let typed: Vec<(String, &str)> =
        TYPES.iter().enumerate().map(|(at, it)| (name(at), it.2)).collect();
    there_and_back(&database.url(), Dialect::Postgres, "public", &typed).await;
}

#[tokio::test]
async fn every_storage_class_of_sqlite_goes_there_and_back() {
    let file = server::sqlite("edit_types");
    file.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, n NUMERIC, x TEXT, b BLOB, u,
                         c TEXT COLLATE NOCASE, odd TEXT, inf REAL);
         INSERT INTO t VALUES (1, 7, 1.5, 10, 'it''s', x'00ff', 5, 'Case', CAST(x'ff41' AS TEXT), 9e999);",
    );
    let typed = [
        ("i", "9223372036854775807"),
        ("r", "1e300"),
        ("n", "0.5"),
        ("x", "5"),
        ("b", "x'deadbeef'"),
        ("u", "2.5"),
        ("c", "case"),
        ("odd", "plain"),
        ("inf", "-1"),
    ];
    let typed: Vec<(String, &str)> =
        typed.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect();
    there_and_back(&file.url(), Dialect::Sqlite, "main", &typed).await;
    let strict = server::sqlite("edit_strict");
    strict.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, r REAL, x TEXT, b BLOB, a ANY) STRICT;
         INSERT INTO t VALUES (1, 7, 1, 'x', x'00', '007');",
    );
    let typed = [("i", "8"), ("r", "2"), ("x", "9"), ("b", "x'01'"), ("a", "008")];
    let typed: Vec<(String, &str)> =
        typed.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect();
    there_and_back(&strict.url(), Dialect::Sqlite, "main", &typed).await;
}

#[tokio::test]
async fn what_no_column_of_the_type_takes_is_said() {
    let database = server::postgres().create_database("edit_misfits");
    database.psql(
        "CREATE DOMAIN email AS varchar(9) CHECK (VALUE ~ '@');
         CREATE TABLE t (id int PRIMARY KEY, v varchar(3), c char(2), b bit(3), n numeric(4,2),
                         e email, d date, a varchar(2)[], j json);
         INSERT INTO t VALUES (1);",
    );
    let target = target(&database.url());
    let stop = Stop::new();
    let db = Db::connect(&target, &stop).await.unwrap();
    let relation = db.relation(&RelationName::new("public", "t"), &stop).await.unwrap();
    for (column, text, said) in [
        ("v", "four", "too long"),
        ("c", "abc", "too long"),
        ("b", "10", "too long"),
        ("n", "100", "overflow"),
        ("e", "no at", "violates check constraint"),
        ("e", "much@too.long", "too long"),
        ("d", "yesterdayish", "invalid input syntax"),
        ("a", "{ab,abc}", "too long"),
        ("j", "{", "invalid input syntax"),
        ("v", "a\0", "NUL"),
    ] {
        let typed = Typed::Text(text.to_owned());
        let trial = Trial { column: column.to_owned(), typed, row: BTreeMap::new() };
        let verdict = db.prove(&relation, &trial, &stop).await.unwrap();
        assert!(
            verdict.as_ref().is_err_and(|why| why.contains(said)),
            "{column} {text}: {verdict:?}"
        );
    }
    db.close().await;
}
