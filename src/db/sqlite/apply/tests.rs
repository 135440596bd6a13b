//! Plans applied to databases in memory: what comes out is what was wanted, the rows are still
//! there, and what fails leaves everything as it was.

mod random;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::db::sqlite::model::read;
use crate::schema::model::{Key, Model};
use crate::schema::plan::Plan;
use crate::schema::plan::sqlite::{create_all, plan, rename};

async fn memory() -> SqliteConnection {
    SqliteConnectOptions::new().in_memory(true).connect().await.unwrap()
}

async fn made(sql: &str) -> SqliteConnection {
    let mut connection = memory().await;
    run(&mut connection, sql).await.unwrap();
    connection
}

async fn model(sql: &str) -> Model {
    read(&mut made(sql).await).await.unwrap()
}

async fn applied(connection: &mut SqliteConnection, steps: &[Step]) -> Outcome<()> {
    apply(connection, steps, Duration::ZERO, &Stop::new(), &mut |_| {}).await
}

/// Leads a database to a schema; the second plan must be empty.
async fn led(connection: &mut SqliteConnection, desired: &str) -> Outcome<Plan> {
    let wanted = model(desired).await;
    let found = plan(&read(connection).await.unwrap(), &wanted);
    applied(connection, &found.steps).await?;
    let again = plan(&read(connection).await.unwrap(), &wanted);
    assert!(again.is_empty(), "{desired}\nfirst {found:#?}\nagain {again:#?}");
    Ok(found)
}

async fn values(connection: &mut SqliteConnection, sql: &str) -> String {
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap();
    row.try_get::<Option<String>, _>(0).unwrap().unwrap_or_default()
}

fn statements(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.sql.as_str()).collect()
}

/// Pairs of schemas; each is led to the other and back.
const PAIRS: &[(&str, &str)] = &[
    // Names that are keywords, hold quotes or were written as strings.
    (
        "CREATE TABLE \"order\" (\"group\" INT, 'se lect' TEXT); CREATE INDEX \"index\" ON \"order\"(\"group\")",
        "CREATE TABLE [order] (`group` INT NOT NULL DEFAULT 1, 'se lect' TEXT, [wh\"ere] TEXT); CREATE INDEX \"index\" ON \"order\"([wh\"ere])",
    ),
    // Comments that hold commas and brackets.
    (
        "CREATE TABLE t ( -- one, (\n a INT, -- a, b\n b TEXT /* , */, -- x\n c INT -- last, one\n)",
        "CREATE TABLE t ( -- one, (\n a INT, -- a, b\n b TEXT /* , */ -- x\n)",
    ),
    // A trigger on a view, a view on a view whose own text stays.
    (
        "CREATE TABLE t(a, b, c); CREATE VIEW v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t(a) VALUES (NEW.a); END",
        "CREATE TABLE t(a, b); CREATE VIEW v AS SELECT a, b, 1 FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t(a) VALUES (NEW.a); END",
    ),
    // Foreign keys in a circle and to the table itself.
    (
        "CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b, a REFERENCES a ON DELETE CASCADE); CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a)",
        "CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b(id), a REFERENCES a); CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a(id) DEFERRABLE INITIALLY DEFERRED)",
    ),
    // Kinds that change under one name; names that move between kinds and tables.
    (
        "CREATE TABLE t(a); CREATE TABLE x(a); CREATE INDEX n ON t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE TABLE t(a UNIQUE); CREATE VIEW x AS SELECT a FROM t; CREATE TABLE n(a); CREATE TRIGGER g AFTER INSERT ON n BEGIN SELECT 1; END",
    ),
    // Computed columns that lean on each other.
    (
        "CREATE TABLE t(a INT, b INT)",
        "CREATE TABLE t(a INT, d INT AS (c * 2), b INT, c INT GENERATED ALWAYS AS (a + b) VIRTUAL)",
    ),
    ("CREATE TABLE t(a INT, b INT AS (a * 2) STORED)", "CREATE TABLE t(a INT, b INT)"),
    // Indexes of expressions, in part, with collations; conflict clauses.
    (
        "CREATE TABLE t(a INT, b TEXT); CREATE UNIQUE INDEX i ON t(lower(b), a DESC) WHERE a > 3",
        "CREATE TABLE t(a INT UNIQUE ON CONFLICT IGNORE, b TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'x'); CREATE INDEX i ON t(b COLLATE NOCASE)",
    ),
    // STRICT, WITHOUT ROWID, AUTOINCREMENT.
    (
        "CREATE TABLE t(a INT PRIMARY KEY, b TEXT) STRICT, WITHOUT ROWID",
        "CREATE TABLE t(a INT PRIMARY KEY, b TEXT)",
    ),
    (
        "CREATE TABLE \"it's\"(id INTEGER PRIMARY KEY AUTOINCREMENT, b)",
        "CREATE TABLE \"it's\"(id INTEGER PRIMARY KEY, b)",
    ),
    // Virtual tables.
    (
        "CREATE TABLE t(a TEXT); CREATE VIRTUAL TABLE f USING fts5(a, content=t); CREATE VIRTUAL TABLE r USING rtree(id, x, y)",
        "CREATE TABLE t(a TEXT, b TEXT); CREATE VIRTUAL TABLE f USING fts5(a, b, content=t); CREATE TABLE r(id, x, y)",
    ),
    ("CREATE VIRTUAL TABLE f USING fts5(a, b)", "CREATE TABLE f_data(a)"),
    // Every sort of default.
    (
        "CREATE TABLE t(a INT)",
        "CREATE TABLE t(a INT, b DEFAULT CURRENT_TIMESTAMP, c DEFAULT (1 + 2), d DEFAULT 'a,b)', e DEFAULT -1.5e3, f NOT NULL DEFAULT x'00ff', g DEFAULT TRUE, h DEFAULT foo, i DEFAULT \"Bar\", j DEFAULT (5), k DEFAULT NULL CHECK (k > 0))",
    ),
    // Strings in double quotes, which dropping a column would rewrite.
    (
        "CREATE TABLE t(a CHECK (a IN (\"x\", 'Y')), b, c DEFAULT \"Hello\"); CREATE VIEW v AS SELECT a, \"lit\" AS x FROM t",
        "CREATE TABLE t(a CHECK (a IN (\"x\", 'Y')), c DEFAULT \"Hello\"); CREATE VIEW v AS SELECT a, \"lit\" AS x FROM t",
    ),
    // Views and triggers that do not work stay as they are.
    (
        "CREATE TABLE t(a, b); CREATE VIEW v AS SELECT nope FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (1); END",
        "CREATE TABLE t(a); CREATE VIEW v AS SELECT nope FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (1); END",
    ),
    // An expression that names its own table; every name of the rowid taken; the name taken.
    (
        "CREATE TABLE t(a INT CHECK (t.a > 0), id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE __dbs_t(rowid, oid, _rowid_)",
        "CREATE TABLE t(a INT CHECK (t.a > 1), id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE __dbs_t(rowid, oid UNIQUE, _rowid_)",
    ),
    // Nothing at all.
    (
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p); CREATE VIEW v AS SELECT * FROM c; CREATE VIEW w AS SELECT * FROM v; CREATE TRIGGER g AFTER DELETE ON p BEGIN DELETE FROM c; END",
        "",
    ),
];

#[tokio::test]
async fn each_schema_leads_to_the_other() {
    for (one, other) in PAIRS {
        for (from, to) in [(one, other), (other, one)] {
            let mut connection = made(from).await;
            led(&mut connection, to).await.unwrap();
            let all = create_all(&model(to).await);
            let mut anew = memory().await;
            applied(&mut anew, &all.steps).await.unwrap();
            assert!(plan(&read(&mut anew).await.unwrap(), &model(to).await).is_empty(), "{to}");
        }
    }
}

#[tokio::test]
async fn what_is_written_otherwise_is_no_change() {
    let one = "CREATE TABLE Users(Id INTEGER PRIMARY KEY, Name TEXT UNIQUE CHECK (Name <> 'A')); CREATE INDEX Ix ON Users(Name); CREATE VIEW V AS SELECT Name FROM Users";
    let other = "CREATE TABLE IF NOT EXISTS main.\"users\" ( -- people\n [id] integer, name TEXT, PRIMARY KEY (id), unique (`name`), CHECK ((name <> 'A')));\n create index ix on users (\"name\");\n CREATE VIEW IF NOT EXISTS v AS select name\n from users;";
    assert_eq!(
        plan(&model(one).await, &model(other).await),
        Plan::empty(crate::sql::Dialect::Sqlite)
    );
    let patched = format!(
        "{one}; ALTER TABLE Users ADD COLUMN Age INT; ALTER TABLE Users RENAME TO People; ALTER TABLE People RENAME TO Users"
    );
    let whole = one.replace("CHECK (Name <> 'A')", "CHECK (Name <> 'A'), Age INT");
    assert!(plan(&model(&patched).await, &model(&whole).await).is_empty());
    let moved = plan(&model("CREATE TABLE t(a, b)").await, &model("CREATE TABLE t(b, a)").await);
    assert!(moved.is_empty() && moved.notes.len() == 1);
}

#[tokio::test]
async fn a_semicolon_can_follow_every_statement() {
    let schema = "CREATE TABLE t(a) STRICT -- one\n; CREATE INDEX i ON t(a) -- two\n; \
                  CREATE VIEW v AS SELECT a FROM t -- three\n; CREATE VIEW w AS SELECT a FROM t /* four";
    let schema = schema.replace("t(a) STRICT", "t(a ANY) STRICT");
    let wanted = model(&schema).await;
    let written = statements(&create_all(&wanted)).join(";\n") + ";\n";
    assert!(plan(&model(&written).await, &wanted).is_empty(), "{written}");
}

#[tokio::test]
async fn what_alter_can_do_is_altered() {
    for (from, to, steps) in [
        (
            "a",
            "a, b NOT NULL DEFAULT 1",
            &["ALTER TABLE \"t\" ADD COLUMN b NOT NULL DEFAULT 1"][..],
        ),
        (
            "a, b, c",
            "b",
            &["ALTER TABLE \"t\" DROP COLUMN \"a\"", "ALTER TABLE \"t\" DROP COLUMN \"c\""],
        ),
    ] {
        let (from, to) = (format!("CREATE TABLE t({from})"), format!("CREATE TABLE t({to})"));
        let found = led(&mut made(&from).await, &to).await.unwrap();
        let mut sorted = statements(&found);
        sorted.sort_unstable();
        assert_eq!(sorted, steps);
    }
    for added in [
        "b NOT NULL",
        "b UNIQUE",
        "b DEFAULT (random())",
        "b AS (a) STORED",
        "b DEFAULT 1 REFERENCES t",
    ] {
        let to = format!("CREATE TABLE t(a, {added})");
        let found = led(&mut made("CREATE TABLE t(a)").await, &to).await.unwrap();
        assert!(statements(&found)[0].starts_with("CREATE TABLE \"__dbs_t\""), "{found:?}");
    }
}

#[tokio::test]
async fn a_rebuild_keeps_everything_else() {
    let mut connection = made(
        "CREATE TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT, n TEXT); CREATE TABLE c(p INT REFERENCES p ON DELETE CASCADE); \
         CREATE TABLE log(x); CREATE TRIGGER g AFTER DELETE ON p BEGIN INSERT INTO log VALUES (OLD.id); END; \
         CREATE INDEX i ON p(n); CREATE VIEW v AS SELECT p.n, c.p FROM p JOIN c ON c.p = p.id; \
         INSERT INTO p(n) VALUES ('a'), (NULL), ('c'); DELETE FROM p WHERE id = 3; DELETE FROM log; INSERT INTO c VALUES (1), (2)",
    )
    .await;
    let to = "CREATE TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT, n VARCHAR NOT NULL DEFAULT 'x', m INT UNIQUE); CREATE TABLE c(p INT REFERENCES p ON DELETE CASCADE); \
         CREATE TABLE log(x); CREATE TRIGGER g AFTER DELETE ON p BEGIN INSERT INTO log VALUES (OLD.id); END; \
         CREATE INDEX i ON p(n); CREATE VIEW v AS SELECT p.n, c.p FROM p JOIN c ON c.p = p.id";
    let found = led(&mut connection, to).await.unwrap();
    let column = |name: &str| Key::part(crate::schema::model::Kind::Column, "main", "p", name);
    let copy = &found.steps[2];
    assert_eq!(
        copy.sql,
        "INSERT INTO \"__dbs_p\" (\"id\", \"n\") SELECT \"p\".\"id\", coalesce(\"p\".\"n\", 'x') FROM \"p\""
    );
    let table = Key::new(crate::schema::model::Kind::Table, "main", "p");
    let change = Action::ChangeType {
        column: column("n"),
        from: "TEXT".into(),
        to: "VARCHAR".into(),
        using: None,
    };
    assert_eq!(copy.actions, [Action::Rebuild(table), change]);
    let rows = "SELECT group_concat(id || n, ' ') FROM (SELECT * FROM p ORDER BY id)";
    assert_eq!(values(&mut connection, rows).await, "1a 2x");
    assert_eq!(values(&mut connection, "SELECT CAST(count(*) AS TEXT) FROM c").await, "2");
    assert_eq!(values(&mut connection, "SELECT CAST(count(*) AS TEXT) FROM log").await, "0");
    assert_eq!(
        values(&mut connection, "SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 'p'")
            .await,
        "3"
    );
    let settings = "SELECT foreign_keys || legacy_alter_table FROM pragma_foreign_keys, pragma_legacy_alter_table";
    assert_eq!(values(&mut connection, settings).await, "10");
}

#[tokio::test]
async fn rowids_and_the_rows_of_virtual_tables_are_kept() {
    let mut connection = made(
        "CREATE TABLE t(a); INSERT INTO t(rowid, a) VALUES (7, 'x'), (9, 'y'); \
         CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f(rowid, a) VALUES (5, 'hello')",
    )
    .await;
    led(&mut connection, "CREATE TABLE t(a UNIQUE); CREATE VIRTUAL TABLE f USING fts5(a, b)")
        .await
        .unwrap();
    assert_eq!(values(&mut connection, "SELECT group_concat(rowid || a) FROM t").await, "7x,9y");
    let found = "SELECT group_concat(rowid || a) FROM f WHERE f MATCH 'hello'";
    assert_eq!(values(&mut connection, found).await, "5hello");
    led(&mut connection, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)").await.unwrap();
    assert_eq!(values(&mut connection, "SELECT group_concat(id || a) FROM t").await, "7x,9y");
}

/// What fails must leave the schema, the rows and the settings as they were.
async fn refused(from: &str, steps: &[Step], words: &str) {
    let mut connection = made(from).await;
    let before = read(&mut connection).await.unwrap();
    let failure = applied(&mut connection, steps).await.unwrap_err();
    let said = failure.problem.to_string();
    assert!(said.contains(words), "{said}");
    assert!(said.contains("nothing was changed") || said.contains("taken back"), "{said}");
    assert_eq!(read(&mut connection).await.unwrap(), before);
    run(&mut connection, "BEGIN; ROLLBACK").await.unwrap();
    let keys = "SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys";
    assert_eq!(values(&mut connection, keys).await, "1");
}

fn script(statements: &[&str]) -> Vec<Step> {
    statements.iter().map(|sql| Step::new(*sql, Vec::new())).collect()
}

#[tokio::test]
async fn what_would_be_worse_is_taken_back() {
    let from = "CREATE TABLE p(id INTEGER PRIMARY KEY, n); CREATE TABLE c(p REFERENCES p); CREATE VIEW v AS SELECT n FROM p; \
                CREATE TRIGGER g AFTER INSERT ON c BEGIN SELECT n FROM p; END; \
                INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO c VALUES (1), (1), (2)";
    for (statements, words) in [
        (&["CREATE TABLE x(a)", "INSERT INTO x VALUES ("][..], "Statement 2 of 2"),
        (&["DELETE FROM p WHERE id = 1"], "2 rows of c name rows of p"),
        (&["ALTER TABLE p DROP COLUMN n"], "The view v would not work"),
        (&["DROP VIEW v", "CREATE VIEW v AS SELECT nope FROM p"], "The view v would not work"),
        (
            &["CREATE TRIGGER h AFTER DELETE ON c BEGIN INSERT INTO gone VALUES (1); END"],
            "DELETE of c",
        ),
    ] {
        refused(from, &script(statements), words).await;
    }
    let wanted = model("CREATE TABLE p(id INTEGER PRIMARY KEY, n, m NOT NULL)").await;
    let found = plan(&model(from).await, &wanted);
    refused(from, &found.steps, "NOT NULL constraint failed").await;
}

#[tokio::test]
async fn violations_from_before_are_no_reason() {
    let mut connection = made(
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p); PRAGMA foreign_keys = 0; \
         INSERT INTO c VALUES (5); PRAGMA foreign_keys = 1",
    )
    .await;
    led(
        &mut connection,
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p, b UNIQUE)",
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_rename_takes_along_what_names_the_table_and_a_rebuild_by_hand_does_not() {
    let from = "CREATE TABLE p(id INTEGER PRIMARY KEY, n); CREATE TABLE c(p REFERENCES p(id)); CREATE VIEW v AS SELECT n FROM p; INSERT INTO p VALUES (1, 'a')";
    let key = |name: &str| Key::new(crate::schema::model::Kind::Table, "main", name);
    let column = |name: &str| key("q").child(crate::schema::model::Kind::Column, name);
    let mut connection = made(from).await;
    let steps =
        [rename(&key("p"), &key("q")).unwrap(), rename(&column("n"), &column("m")).unwrap()];
    applied(&mut connection, &steps).await.unwrap();
    let wanted = "CREATE TABLE q(id INTEGER PRIMARY KEY, m); CREATE TABLE c(p REFERENCES q(id)); CREATE VIEW v AS SELECT m FROM q";
    assert!(plan(&read(&mut connection).await.unwrap(), &model(wanted).await).is_empty());

    let wanted = "CREATE TABLE p(id INTEGER PRIMARY KEY, n, m); CREATE TABLE c(p REFERENCES p(id)); CREATE VIEW v AS SELECT n FROM p";
    for by_hand in [
        [
            "CREATE TABLE x(id INTEGER PRIMARY KEY, n, m)",
            "INSERT INTO x SELECT *, NULL FROM p",
            "DROP TABLE p",
            "ALTER TABLE x RENAME TO p",
        ],
        [
            "ALTER TABLE p RENAME TO x",
            "CREATE TABLE p(id INTEGER PRIMARY KEY, n, m)",
            "INSERT INTO p SELECT *, NULL FROM x",
            "DROP TABLE x",
        ],
    ] {
        let mut connection = made(from).await;
        applied(&mut connection, &script(&by_hand)).await.unwrap();
        assert!(plan(&read(&mut connection).await.unwrap(), &model(wanted).await).is_empty());
    }
}

#[tokio::test]
async fn somebody_else_s_lock_is_waited_for_and_a_stop_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new()
        .filename(folder.path().join("a.db"))
        .create_if_missing(true)
        .busy_timeout(Duration::ZERO);
    let (mut other, mut ours) = (file.connect().await.unwrap(), file.connect().await.unwrap());
    run(&mut other, "CREATE TABLE t(a); BEGIN IMMEDIATE").await.unwrap();
    let steps = script(&["CREATE TABLE u(a)"]);
    let failure = applied(&mut ours, &steps).await.unwrap_err();
    assert!(failure.problem.to_string().contains("locked"), "{}", failure.problem);
    let patience = Duration::from_secs(60);
    let stop = Stop::new();
    let mut silent = |_: usize| {};
    let (first, ()) = tokio::join!(apply(&mut ours, &steps, patience, &stop, &mut silent), async {
        stop.ask();
    });
    assert_eq!(first.unwrap_err().problem.kind, Kind::Cancelled);
    // Whoever waits looks at the file now and then, and a commit may meet that.
    run(&mut other, "PRAGMA busy_timeout = 20000").await.unwrap();
    let stop = Stop::new();
    let (second, ended) = tokio::join!(
        apply(&mut ours, &steps, patience, &stop, &mut silent),
        run(&mut other, "COMMIT")
    );
    ended.unwrap();
    second.unwrap();

    let endless = script(&[
        "CREATE TABLE w(a)",
        "INSERT INTO w WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    ]);
    let heard = stop.clone();
    let mut on_step = move |number: usize| {
        if number == 1 {
            heard.ask();
        }
    };
    let stopped = apply(&mut ours, &endless, patience, &stop, &mut on_step).await.unwrap_err();
    assert_eq!(stopped.problem.kind, Kind::Cancelled);
    applied(&mut ours, &script(&["CREATE TABLE w(a)"])).await.unwrap();
}

#[tokio::test]
async fn histories_shadows_and_sqlite_s_own_tables_are_no_part_of_the_schema() {
    let found = model(
        "CREATE TABLE _sqlx_migrations(a); CREATE INDEX i ON _sqlx_migrations(a); CREATE TABLE _dbstudio_x(a); \
         CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE); ANALYZE",
    )
    .await;
    let names: Vec<String> = found.objects.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["main.f", "main.t"]);
}
