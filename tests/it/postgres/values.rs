//! Every value looks exactly as psql prints it, whatever its type.

use std::collections::BTreeSet;

use dbstudio::db::page::{Place, Row, ValueRequest};
use dbstudio::db::stop::Stop;
use dbstudio::db::value::{PREFIX_BYTES, Value};

use super::{open, page, relation, whole};
use crate::server::{TestDatabase, postgres};

/// Every stock type that has an input, with values as SQL literals without their quotes.
const TYPES: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("bytea", &["\\x", "\\x00ff10", "\\x5c27"]),
    ("\"char\"", &["a", "", "é"]),
    ("name", &["a name", ""]),
    ("int8", &["-9223372036854775808", "9223372036854775807"]),
    ("int2", &["-32768", "0"]),
    ("int2vector", &["1 2 3", ""]),
    ("int4", &["2147483647"]),
    ("regproc", &["now", "-"]),
    ("text", &["", "NULL", "a\tb\nc", "=x", "12:x", "ünïcödé 漢字 🦀", "\u{1b}[31m", "\\N"]),
    ("oid", &["4294967295"]),
    ("tid", &["(4294967295,65535)", "(0,1)"]),
    ("xid", &["42"]),
    ("cid", &["42"]),
    ("oidvector", &["1 2 3"]),
    ("json", &["{\"a\" :  [1, null]}", "null", "\"é\""]),
    (
        "xml",
        &[
            "<a>é</a>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
            "<?xml version=\"1.0\" standalone=\"yes\"?><a/>",
        ],
    ),
    ("point", &["(1,2.5)", "(1e300,-0)"]),
    ("lseg", &["[(0,0),(1,1)]"]),
    ("path", &["[(0,0),(1,1)]", "((0,0),(1,1),(2,0))"]),
    ("box", &["(1,1),(0,0)"]),
    ("polygon", &["((0,0),(1,1),(2,0))"]),
    ("line", &["{1,-1,0}"]),
    ("cidr", &["10.0.0.0/8", "192.168.1.1/32", "::1/128"]),
    ("float4", &["1.1", "-0", "NaN", "Infinity", "1e-30", "3.4028235e38"]),
    (
        "float8",
        &["0.1", "1e22", "-Infinity", "NaN", "1.7976931348623157e308", "123456789.123456789"],
    ),
    ("circle", &["<(0,0),1.5>"]),
    ("money", &["-1234.56", "92233720368547758.07"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("inet", &["192.168.1.1", "192.168.1.5/24", "::1", "fe80::1/64"]),
    ("aclitem", &["postgres=arwdDxt/postgres", "=r/postgres"]),
    ("bpchar", &["trailing  ", ""]),
    ("char(6)", &["ab", "", "é"]),
    ("varchar", &["trailing  "]),
    ("varchar(7)", &["seven  "]),
    ("date", &["0044-03-15 BC", "infinity", "-infinity", "5874897-12-31", "2024-02-29"]),
    ("time", &["24:00:00", "00:00:00.000001"]),
    ("timestamp", &["4713-01-01 00:00:00 BC", "infinity", "294276-12-31 23:59:59.999999"]),
    ("timestamptz", &["0044-03-15 12:00:00+00 BC", "-infinity", "2024-07-01 12:00:00+02"]),
    ("interval", &["1 year -2 mons +3 days -04:05:06.789", "0", "-1 day", "100000000 years"]),
    ("timetz", &["23:59:59.5-12:34:56"]),
    ("bit(5)", &["10101"]),
    ("bit", &["1"]),
    ("varbit", &["", "0101010101010101"]),
    (
        "numeric",
        &[
            "12345678901234567890123456789012345678",
            "NaN",
            "Infinity",
            "-Infinity",
            "0.00000000000000000001",
            "1.10",
        ],
    ),
    ("numeric(38,10)", &["1234567890123456789012345678.0123456789"]),
    ("refcursor", &["a cursor"]),
    ("regprocedure", &["lower(text)"]),
    ("regoper", &["||/", "0"]),
    ("regoperator", &["+(integer,integer)"]),
    ("regclass", &["pg_class"]),
    ("regcollation", &["\"C\""]),
    ("regtype", &["timestamp with time zone"]),
    ("regrole", &["postgres"]),
    ("regnamespace", &["pg_catalog"]),
    ("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("pg_lsn", &["16/B374D848"]),
    ("tsvector", &["'a' 'fat':2A,4 'it''s'"]),
    ("tsquery", &["'fat' & ( 'rat' | !'cat' )"]),
    ("regconfig", &["english"]),
    ("regdictionary", &["simple"]),
    ("jsonb", &["{\"b\": 1, \"a\": [1.50, null, \"é\"]}", "null", "1e400"]),
    ("jsonpath", &["$.a[*] ? (@ > 1)"]),
    ("txid_snapshot", &["10:20:10,14,15"]),
    ("pg_snapshot", &["10:20:10,14,15"]),
    ("xid8", &["18446744073709551615"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("int4range", &["[1,5)", "empty", "(,)"]),
    ("numrange", &["[1.10,2.2]", "(,5)"]),
    ("tsrange", &["[2020-01-01,infinity)", "(,)"]),
    ("tstzrange", &["[2020-01-01 00:00:00+00,2021-01-01 00:00:00+00)"]),
    ("daterange", &["[2020-01-01,2020-01-02]"]),
    ("int8range", &["[1,9223372036854775806]"]),
    ("int4multirange", &["{[1,5), [7,9)}", "{}"]),
    ("nummultirange", &["{[1.5,2.5]}"]),
    ("tsmultirange", &["{[2020-01-01,2021-01-01)}"]),
    ("tstzmultirange", &["{[2020-01-01 00:00:00+00,2021-01-01 00:00:00+00)}"]),
    ("datemultirange", &["{[2020-01-01,2020-02-01)}"]),
    ("int8multirange", &["{[1,5)}"]),
    ("hstore", &["a=>1, b=>NULL, \"c d\"=>\"x\\\"y\""]),
    ("citext", &["MiXeD", ""]),
    ("mood", &["sad", "so, so"]),
    ("pair", &["(1,\"x y\")", "(,)", "(1,)", "(,\"\")"]),
    ("nested", &["(\"(,)\",{NULL})", "(,)"]),
    ("yes", &["true"]),
    ("padded", &["ab"]),
    ("still_padded", &["ab"]),
    ("pair_domain", &["(,)", "(2,b)"]),
    ("host", &["10.0.0.1"]),
    ("textrange", &["[a,b)", "[\"x y\",]"]),
    ("\"We\"\"ird. type\"", &["1"]),
];

/// Types nobody can write a value of: only the server itself makes them.
const MADE_BY_THE_SERVER: &[&str] = &[
    "pg_node_tree",
    "pg_ndistinct",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "gtsvector",
];

const PREPARE: &str = r#"
    CREATE EXTENSION hstore;
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sad', 'so, so');
    CREATE TYPE pair AS (a int, b text);
    CREATE TYPE nested AS (p pair, list text[]);
    CREATE DOMAIN yes AS bool;
    CREATE DOMAIN padded AS char(5);
    CREATE DOMAIN still_padded AS padded;
    CREATE DOMAIN pair_domain AS pair;
    CREATE DOMAIN host AS inet;
    CREATE TYPE textrange AS RANGE (subtype = text);
    CREATE DOMAIN "We""ird. type" AS int;
"#;

/// What psql prints for a whole table, as rows of fields.
fn printed(database: &TestDatabase, query: &str) -> Vec<Vec<String>> {
    let options = ["-At", "-F", "\u{1}", "-R", "\u{2}", "-P", "null=\u{3}"];
    let output = database.server().psql_with(&database.name, &options, query);
    // The last row ends with a line feed of its own in place of the separator.
    let rows = output.strip_suffix('\n').unwrap_or(&output).split('\u{2}');
    rows.map(|row| row.split('\u{1}').map(str::to_owned).collect()).collect()
}

/// The cells in psql's words.
fn shown(rows: &[Row]) -> Vec<Vec<String>> {
    let cell = |value: &Value| match value {
        Value::Null => "\u{3}".to_owned(),
        Value::Text(text) => text.to_string(),
        other => panic!("{other:?} among values of a page"),
    };
    rows.iter().map(|row| row.cells.iter().map(cell).collect()).collect()
}

fn table_of_every_type(number: usize, type_name: &str, values: &[&str]) -> String {
    let mut sql =
        format!("CREATE TABLE v{number} (id int PRIMARY KEY, v {type_name}, a {type_name}[]);");
    let literal = |text: &str| format!("'{}'::{type_name}", text.replace('\'', "''"));
    for (id, value) in values.iter().enumerate() {
        let value = literal(value);
        sql += &format!(
            "INSERT INTO v{number} VALUES ({id}, {value}, ARRAY[{value}, NULL, {value}]::{type_name}[]);"
        );
    }
    sql + &format!("INSERT INTO v{number} VALUES (1000, NULL, NULL), (1001, NULL, '{{}}');")
}

async fn every_type_prints_as_in_psql(settings: &str) {
    let database = postgres().create_database("values");
    database.psql(&settings.replace("DB", &format!("\"{}\"", database.name)));
    database.psql(PREPARE);
    let tables = TYPES.iter().enumerate();
    let sql: String =
        tables.map(|(number, (name, values))| table_of_every_type(number, name, values)).collect();
    database.psql(&sql);
    let db = open(&database).await;
    for (number, (type_name, _)) in TYPES.iter().enumerate() {
        let table = relation(&db, &format!("v{number}")).await;
        let page = page(&db, &whole(&table), Place::Start, 100).await;
        let expected = printed(&database, &format!("SELECT * FROM v{number} ORDER BY id"));
        assert_eq!(shown(&page.rows), expected, "{type_name}");
        // The whole value, asked for alone, is the same.
        for (row, expected) in page.rows.iter().zip(&expected) {
            let request = ValueRequest {
                selection: whole(&table),
                anchor: row.anchor.clone(),
                column: "v".to_owned(),
            };
            let value = db.value(&request, &Stop::new()).await.unwrap().expect("the row is there");
            let text = if value.is_null() {
                "\u{3}".to_owned()
            } else {
                shown(&[Row { cells: [value].into(), anchor: row.anchor.clone() }])[0][0].clone()
            };
            assert_eq!(text, expected[1], "{type_name}");
        }
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_prints_as_in_psql_on_a_stock_server() {
    every_type_prints_as_in_psql("SELECT 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_prints_as_in_psql_with_other_settings() {
    every_type_prints_as_in_psql(
        "ALTER DATABASE DB SET TimeZone = 'Asia/Kathmandu';
         ALTER DATABASE DB SET DateStyle = 'SQL, DMY';
         ALTER DATABASE DB SET IntervalStyle = 'iso_8601';
         ALTER DATABASE DB SET bytea_output = 'escape';
         ALTER DATABASE DB SET extra_float_digits = 0;
         ALTER DATABASE DB SET xmlbinary = 'hex';",
    )
    .await;
}

#[test]
fn the_list_of_types_is_complete() {
    let database = postgres().create_database("types");
    database.psql(PREPARE);
    let casts: Vec<String> = TYPES
        .iter()
        .map(|(name, _)| format!("('{}'::regtype::oid)", name.replace('\'', "''")))
        .collect();
    let left = format!(
        "SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE t.typtype IN ('b', 'r', 'm') AND n.nspname IN ('pg_catalog')
           AND t.typname NOT LIKE '\\_%'
           AND t.oid NOT IN (SELECT * FROM (VALUES {}) given) ORDER BY 1",
        casts.join(", ")
    );
    let left = database.psql(&left);
    let left: BTreeSet<&str> = left.lines().collect();
    let expected: BTreeSet<&str> = MADE_BY_THE_SERVER.iter().copied().collect();
    // An older server lacks some of the types only a server makes.
    assert!(left.is_subset(&expected), "not covered: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_server_makes_prints_too() {
    let database = postgres().create_database("server_made");
    database.psql(
        "CREATE TABLE t (a int DEFAULT 1 + 2, b int, c int);
         INSERT INTO t SELECT g % 10, g % 10, g % 3 FROM generate_series(1, 1000) g;
         CREATE STATISTICS s (ndistinct, dependencies, mcv) ON a, b, c FROM t;
         ANALYZE t;
         CREATE VIEW made AS SELECT d.adbin, x.stxdndistinct, x.stxddependencies, x.stxdmcv
         FROM pg_attrdef d, pg_statistic_ext_data x;",
    );
    let db = open(&database).await;
    let view = relation(&db, "made").await;
    let page = page(&db, &whole(&view), Place::Start, 10).await;
    let expected = printed(&database, "SELECT * FROM made");
    for (value, expected) in page.rows[0].cells.iter().zip(&expected[0]) {
        match value {
            Value::Text(text) => assert_eq!(text.as_ref(), expected),
            Value::Truncated(long) => assert_eq!(long.bytes as usize, expected.len()),
            other => panic!("{other:?}"),
        }
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_values_come_as_prefixes_with_their_exact_length() {
    let database = postgres().create_database("long");
    database.psql(
        r#"CREATE TABLE long (id int PRIMARY KEY, t text, c char(6000), b bytea, j json, k jsonb,
                x xml, a text[], n numeric, h text);
           INSERT INTO long VALUES (1, repeat('é', 500000), 'x', decode(repeat('ab', 300000), 'hex'),
                ('{"a" : "' || repeat('é', 100000) || '"}')::json,
                ('{"a" : "' || repeat('z', 100000) || '"}')::jsonb,
                ('<a>' || repeat('b', 9000) || '</a>')::xml,
                array_fill('word'::text, ARRAY[20000]), ('1' || repeat('0', 9000))::numeric,
                (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 32768) g));
           INSERT INTO long VALUES (2, repeat('a', 4096), 'y', decode(repeat('ab', 2047), 'hex'),
                '1', '2', '<b/>', '{}', 0, repeat('a', 4097));"#,
    );
    let db = open(&database).await;
    let table = relation(&db, "long").await;
    let page = page(&db, &whole(&table), Place::Start, 10).await;
    for (row, id) in page.rows.iter().zip([1, 2]) {
        for (column, value) in table.columns.iter().zip(&row.cells) {
            let name = &column.name;
            let whole_text =
                printed(&database, &format!("SELECT {name} FROM long WHERE id = {id}"))[0][0]
                    .clone();
            match value {
                Value::Text(text) => {
                    assert_eq!(text.as_ref(), whole_text, "{name}");
                    assert!(whole_text.len() <= PREFIX_BYTES, "{name}");
                }
                Value::Truncated(long) => {
                    assert_eq!(long.bytes as usize, whole_text.len(), "{name}");
                    assert!(whole_text.len() > PREFIX_BYTES, "{name}");
                    let Value::Text(prefix) = &long.prefix else { panic!("{name}") };
                    assert!(whole_text.starts_with(prefix.as_ref()), "{name}");
                    assert!(
                        prefix.len() > PREFIX_BYTES - 4 && prefix.len() <= PREFIX_BYTES,
                        "{name}"
                    );
                }
                other => panic!("{name}: {other:?}"),
            }
            let request = ValueRequest {
                selection: whole(&table),
                anchor: row.anchor.clone(),
                column: name.clone(),
            };
            let value = db.value(&request, &Stop::new()).await.unwrap();
            assert_eq!(value, Some(Value::text(whole_text)), "{name}");
        }
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_utf8_are_kept() {
    let server = postgres();
    server.psql("postgres", "DROP DATABASE IF EXISTS ascii_values; CREATE DATABASE ascii_values TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
    server.psql("ascii_values", "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, E'a\\xff'), (2, 'é')");
    let db =
        super::open_target(&super::target(super::address(server.port, "postgres", "ascii_values")))
            .await;
    assert_eq!(db.server().encoding, "SQL_ASCII");
    let table = relation(&db, "t").await;
    let page = page(&db, &whole(&table), Place::Start, 10).await;
    assert_eq!(page.rows[0].cells[1], Value::Malformed([b'a', 0xff].into()));
    assert_eq!(page.rows[1].cells[1], Value::text("é"));
    db.close().await;
    server.psql("postgres", "DROP DATABASE ascii_values WITH (FORCE)");
}
