//! The schema a project wants, run in a scratch database: any order works, dumps work, and what
//! is wrong is told with its place.

use dbstudio::db::connection::Connection;
use dbstudio::db::fault::Script;
use dbstudio::db::stop::Stop;
use dbstudio::ops::desired;
use dbstudio::problem::Result;

use crate::scratch::target;
use crate::server;

fn scripts(files: &[(&str, &str)]) -> Vec<Script> {
    let script =
        |(name, text): &(&str, &str)| Script { name: (*name).into(), text: (*text).into() };
    files.iter().map(script).collect()
}

/// Runs scripts in a database that stands for a scratch one, and returns it.
async fn run(files: &[(&str, &str)]) -> (server::TestDatabase, Result<()>) {
    let database = server::postgres().create_database("desired");
    let mut connection = Connection::open(&target(&database.url()), &Stop::new()).await.unwrap();
    let ran = desired::execute(&mut connection, &scripts(files), &Stop::new()).await;
    connection.close().await;
    (database, ran)
}

async fn run_sqlite(files: &[(&str, &str)]) -> Result<String> {
    let mut connection = Connection::in_memory().await?;
    desired::execute(&mut connection, &scripts(files), &Stop::new()).await?;
    let rows = connection.rows("SELECT group_concat(name) FROM sqlite_schema").await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

#[tokio::test]
async fn statements_and_files_run_in_the_order_they_need() {
    let (database, ran) = run(&[
        (
            "a.sql",
            "CREATE INDEX CONCURRENTLY orders_customer ON shop.orders (customer);
             CREATE VIEW shop.open AS SELECT * FROM shop.orders WHERE status = 'open';
             COMMENT ON VIEW shop.open IS 'not closed';",
        ),
        (
            "b.sql",
            "BEGIN; SET LOCAL search_path = shop;
             CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, status status);
             COMMIT;",
        ),
        ("c.sql", "CREATE TABLE shop.customers (id int PRIMARY KEY);"),
        ("d.sql", "CREATE TYPE shop.status AS ENUM ('open', 'closed'); CREATE SCHEMA shop;"),
    ])
    .await;
    ran.unwrap();
    let made = database
        .psql("SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace ORDER BY 1");
    assert_eq!(made.lines().count(), 6, "{made}");
}

#[tokio::test]
async fn functions_that_call_each_other_run_and_their_mistakes_are_told() {
    let even = "CREATE FUNCTION even(n int) RETURNS boolean LANGUAGE sql AS \
                'SELECT CASE n WHEN 0 THEN true ELSE odd(n - 1) END'";
    let odd = "CREATE FUNCTION odd(n int) RETURNS boolean LANGUAGE sql AS \
               'SELECT CASE n WHEN 0 THEN false ELSE even(n - 1) END'";
    let (database, ran) = run(&[("f.sql", &format!("{even};\n{odd};"))]).await;
    ran.unwrap();
    assert_eq!(database.psql("SELECT even(4)"), "t\n");
    let broken = odd.replace("even(n", "evne(n");
    let (_, ran) = run(&[("f.sql", &format!("{even};\n{broken};"))]).await;
    let problem = ran.unwrap_err();
    assert!(problem.what.starts_with("f.sql, line 2"), "{problem}");
    assert!(problem.why.contains("evne(integer) does not exist"), "{problem}");
}

#[tokio::test]
async fn a_mistake_is_told_with_file_line_column_and_the_servers_words() {
    let (_, ran) = run(&[
        ("a.sql", "CREATE TABLE a (id int);"),
        ("b.sql", "CREATE TABLE b (id int);\n\nCREATE TABLE c (\n  id int,\n  other itn\n);"),
    ])
    .await;
    let problem = ran.unwrap_err();
    assert_eq!(problem.what, "b.sql, line 5, column 9: the SQL does not run");
    assert!(
        problem.why.contains("type \"itn\" does not exist\n    other itn\n          ^"),
        "{problem}"
    );
    let (_, ran) = run(&[("a.sql", "CREATE TABEL a (id int);")]).await;
    assert!(ran.unwrap_err().what.starts_with("a.sql, line 1, column 8"));
    // What only follows from the mistake is not what is told.
    let (_, ran) = run(&[(
        "a.sql",
        "CREATE VIEW v AS SELECT * FROM t;\nCREATE TABLE t (id int, at itmestamp);",
    )])
    .await;
    assert!(ran.unwrap_err().what.starts_with("a.sql, line 2"));
}

#[tokio::test]
async fn files_that_need_each_other_in_a_circle_are_named() {
    let (_, ran) = run(&[
        ("a.sql", "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b);"),
        ("b.sql", "-- b\nCREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"),
        ("c.sql", "CREATE VIEW c AS SELECT * FROM a;"),
    ])
    .await;
    let problem = ran.unwrap_err();
    assert_eq!(problem.what, "a.sql and b.sql need each other in a circle");
    assert!(problem.why.contains("b.sql, line 2 would make it"), "{problem}");
}

#[tokio::test]
async fn a_dump_runs_as_it_is() {
    let source = server::postgres().create_database("dumped");
    source.psql(
        "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a'); CREATE TABLE app.t (id serial \
         PRIMARY KEY, m app.mood); CREATE FUNCTION app.f() RETURNS bigint LANGUAGE sql AS \
         'SELECT count(*) FROM app.t'; CREATE VIEW app.v AS SELECT app.f() AS n",
    );
    let dump = |database: &str| {
        let server = server::postgres();
        let output = server
            .program("pg_dump")
            .args(["--schema-only", "-U", "postgres", "-d", database, "-h"])
            .arg(&server.socket_folder)
            .args(["-p", &server.port.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    };
    let text = format!("\\restrict abc\n{}\n\\unrestrict abc\n", dump(&source.name));
    let (copy, ran) = run(&[("dump.sql", &text)]).await;
    ran.unwrap();
    assert_eq!(dump(&copy.name), dump(&source.name));
}

#[tokio::test]
async fn what_reaches_beyond_the_scratch_database_is_refused() {
    for (sql, expected) in [
        ("CREATE TABLE t ();\nCREATE DATABASE x;", "line 2"),
        ("CREATE ROLE desired_nobody;", "CREATE ROLE desired_nobody;"),
        ("\\connect shop", "\\connect is a command of another program"),
        ("CREATE TABLE t (id int);\nCOPY t (id) FROM stdin;\n1\n\\.\n", "--schema-only"),
        (
            "CREATE TABLE t (); ALTER TABLE t OWNER TO desired_nobody;",
            "CREATE ROLE \"desired_nobody\"",
        ),
        ("CREATE EXTENSION no_such_extension;", "scratch_url"),
        ("ROLLBACK", "take the statement out"),
    ] {
        let (database, ran) = run(&[("schema.sql", sql)]).await;
        let problem = ran.unwrap_err().to_string();
        assert!(problem.contains(expected), "{sql}: {problem}");
        let made = database.psql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'desired_%'");
        assert_eq!(made, "0\n");
    }
    let (_, ran) = run(&[("schema.sql", "CREATE ROLE postgres; CREATE TABLE t ();")]).await;
    ran.unwrap();
}

#[tokio::test]
async fn settings_hold_within_their_script_also_for_what_was_put_off() {
    let (database, ran) = run(&[
        ("a.sql", "SET search_path = one; CREATE TABLE t (id int REFERENCES u); SET search_path = two; CREATE TABLE t (id int);"),
        ("b.sql", "CREATE TABLE here (id int);"),
        ("c.sql", "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.u (id int PRIMARY KEY);"),
    ])
    .await;
    ran.unwrap();
    let made = database.psql(
        "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relname IN \
         ('t', 'here') ORDER BY 1",
    );
    assert_eq!(made, "one.t\npublic.here\ntwo.t\n");
}

#[tokio::test]
async fn sqlite_runs_in_any_order_too() {
    let made = run_sqlite(&[
        (
            "a.sql",
            "CREATE INDEX i ON t (a);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;",
        ),
        ("b.sql", "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE t (a); COMMIT;"),
    ])
    .await;
    assert_eq!(made.unwrap(), "t,i,g");
    let problem =
        run_sqlite(&[("a.sql", "CREATE TABLE t (a,\n  b c d e,, f);")]).await.unwrap_err();
    assert_eq!(problem.what, "a.sql, line 1: the SQL does not run", "{problem}");
    let problem = run_sqlite(&[("a.sql", "CREATE TABLE t (a);\nCREATE INDXE i ON t (a);")]).await;
    assert_eq!(problem.unwrap_err().what, "a.sql, line 2, column 8: the SQL does not run");
    let problem = run_sqlite(&[("a.sql", "CREATE INDEX i ON nowhere (a);")]).await.unwrap_err();
    assert!(problem.why.contains("no such table: main.nowhere"), "{problem}");
}
