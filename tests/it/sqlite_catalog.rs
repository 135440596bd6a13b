//! What the catalogue of a SQLite file tells, and how long it takes.

use std::time::{Duration, Instant};

use dbstudio::db::page::{Identity, Place};
use dbstudio::db::stop::Stop;
use dbstudio::db::value::Value;
use dbstudio::schema::{Generation, RelationKind, RelationName};

use crate::sqlite::{File, firsts, page, relation, selection};

const SHOP: &str = "
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL COLLATE NOCASE UNIQUE,
  born DATE DEFAULT (date('now')) CONSTRAINT adult CHECK (born > '1900-01-01'),
  name TEXT GENERATED ALWAYS AS (lower(email)) VIRTUAL,
  size INT AS (length(email)) STORED
);
CREATE TABLE orders (
  id TEXT PRIMARY KEY, user_id INTEGER REFERENCES Users ON DELETE CASCADE,
  a INT, b INT, FOREIGN KEY (a, b) REFERENCES pair (x, y), CHECK (a > b)
);
CREATE TABLE pair (x INT, y INT, z ANY, PRIMARY KEY (y, x)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pair_xy ON pair (x, y);
CREATE INDEX by_lower ON users (lower(email) DESC, born) WHERE born IS NOT NULL;
CREATE UNIQUE INDEX partly ON users (born) WHERE id > 100;
CREATE TRIGGER note AFTER INSERT ON orders BEGIN SELECT 1; END;
CREATE VIEW names AS SELECT name FROM users;
CREATE VIEW broken AS SELECT * FROM gone;
CREATE VIRTUAL TABLE words USING fts5 (body);
CREATE TABLE hidden (rowid TEXT, _ROWID_ INT);
INSERT INTO users (email) VALUES ('Ann@x'), ('bob@x');
INSERT INTO hidden VALUES ('b', 2), ('a', 1);
INSERT INTO words VALUES ('hello there'), ('good bye');
";

#[tokio::test]
async fn the_outline_lists_what_people_made() {
    let file = File::of(SHOP).await;
    let db = file.open().await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    let found: Vec<(&str, RelationKind, u32, Option<u64>)> = outline.schemas[0]
        .relations
        .iter()
        .map(|found| (found.name.as_str(), found.kind, found.columns, found.rows_estimate))
        .collect();
    use RelationKind::{Table, View, VirtualTable};
    assert_eq!(
        found,
        [
            ("broken", View, 0, None),
            ("hidden", Table, 2, None),
            ("names", View, 1, None),
            ("orders", Table, 4, Some(0)),
            ("pair", Table, 3, None),
            ("users", Table, 5, Some(2)),
            ("words", VirtualTable, 3, None),
        ]
    );
    file.run("INSERT INTO pair VALUES (1, 2, 3); ANALYZE").await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    let pair = outline.find(&RelationName::new("main", "pair")).unwrap();
    assert_eq!(pair.rows_estimate, Some(1));
}

#[tokio::test]
async fn a_table_tells_its_columns_and_constraints() {
    let file = File::of(SHOP).await;
    let db = file.open().await;
    let users = relation(&db, "users").await;
    let column = |name: &str| users.column(name).unwrap();
    assert_eq!(column("id").generation, Some(Generation::RowidAlias));
    assert!(!column("id").nullable && !column("email").nullable && column("born").nullable);
    assert_eq!(column("email").collation.as_deref(), Some("NOCASE"));
    assert_eq!(column("born").default.as_deref(), Some("date('now')"));
    assert_eq!(column("name").generation, Some(Generation::Virtual("lower(email)".into())));
    assert_eq!(column("size").generation, Some(Generation::Stored("length(email)".into())));
    assert_eq!(users.checks.len(), 1);
    assert_eq!(users.checks[0].name, "adult");
    assert_eq!(users.checks[0].expression, "born > '1900-01-01'");
    assert_eq!(users.traits, ["AUTOINCREMENT"]);
    assert_eq!(users.rowid.as_deref(), Some("rowid"));
    assert_eq!(users.identity_key().unwrap().columns, ["id"]);
    let unique: Vec<&Vec<String>> = users.unique_keys.iter().map(|key| &key.columns).collect();
    assert_eq!(unique, [&vec!["email".to_owned()]]);
    let index = users.indexes.iter().find(|index| index.name == "by_lower").unwrap();
    assert_eq!(index.columns, ["lower(email)", "born"]);
    assert_eq!(index.predicate.as_deref(), Some("born IS NOT NULL"));
    assert!(users.definition.starts_with("CREATE TABLE users ("));
    assert!(users.table_bytes.unwrap() >= 4096 && users.index_bytes.unwrap() >= 3 * 4096);
    let incoming = &users.incoming[0];
    assert_eq!(incoming.source.name, "orders");
    assert_eq!(
        (&incoming.source_columns[0], &incoming.columns[0]),
        (&"user_id".into(), &"id".into())
    );
    assert_eq!(incoming.on_delete, "CASCADE");
}

#[tokio::test]
async fn keys_follow_the_rules_of_sqlite() {
    let file = File::of(SHOP).await;
    let db = file.open().await;
    let orders = relation(&db, "orders").await;
    // A primary key of an ordinary table may hold NULL, so it does not tell rows apart.
    assert!(orders.column("id").unwrap().nullable);
    assert!(orders.identity_key().is_none());
    assert_eq!(orders.checks[0].expression, "a > b");
    assert_eq!(orders.triggers[0].name, "note");
    let to_users = orders.foreign_key_of("user_id").unwrap();
    assert_eq!(to_users.target.name, "users");
    assert_eq!(to_users.target_columns, ["id"]);
    let to_pair = orders.foreign_key_of("b").unwrap();
    assert_eq!(
        (&to_pair.columns, &to_pair.target_columns),
        (&vec!["a".into(), "b".into()], &vec!["x".into(), "y".into()])
    );
    let pair = relation(&db, "pair").await;
    assert_eq!(pair.traits, ["STRICT", "WITHOUT ROWID"]);
    assert_eq!(pair.primary_key.as_ref().unwrap().columns, ["y", "x"]);
    assert_eq!(pair.identity_key().unwrap().columns, ["y", "x"]);
    assert_eq!(pair.rowid, None);
    assert!(!pair.column("x").unwrap().nullable);
    assert_eq!(pair.incoming[0].columns, ["x", "y"]);
    let hidden = relation(&db, "hidden").await;
    assert_eq!(hidden.rowid.as_deref(), Some("oid"));
    let read = page(&db, &selection(&hidden, &[]), Place::Start, 10).await.unwrap();
    assert_eq!(firsts(&read), [Value::text("b"), Value::text("a")]);
}

#[tokio::test]
async fn views_and_virtual_tables_are_relations_too() {
    let file = File::of(SHOP).await;
    let db = file.open().await;
    let names = relation(&db, "names").await;
    assert_eq!(names.definition, "CREATE VIEW names AS SELECT name FROM users");
    let rows = selection(&names, &[("name", true)]);
    assert_eq!(rows.identity, Identity::None);
    let read = page(&db, &rows, Place::Start, 1).await.unwrap();
    assert_eq!(firsts(&read), [Value::text("bob@x")]);
    let next = page(&db, &rows, Place::After(read.rows[0].anchor.clone()), 1).await.unwrap();
    assert_eq!(firsts(&next), [Value::text("ann@x")]);
    assert!(read.more_after && !read.more_before && next.more_before && !next.more_after);
    let last = page(&db, &rows, Place::End, 1).await.unwrap();
    assert_eq!(last.rows, next.rows);
    let back = page(&db, &rows, Place::Before(last.rows[0].anchor.clone()), 5).await.unwrap();
    assert_eq!(back.rows, read.rows);
    let words = relation(&db, "words").await;
    let rows = selection(&words, &[]);
    assert_eq!(rows.identity, Identity::Rowid("rowid".into()));
    let read = page(&db, &rows, Place::End, 1).await.unwrap();
    assert_eq!(firsts(&read), [Value::text("good bye")]);
    let broken = relation(&db, "broken").await;
    assert!(broken.columns.is_empty());
    assert!(broken.comment.as_deref().unwrap().contains("gone"));
    assert_eq!(broken.definition, "CREATE VIEW broken AS SELECT * FROM gone");
    let problem = page(&db, &selection(&broken, &[]), Place::Start, 1).await.unwrap_err();
    assert!(problem.why.contains("gone"), "{problem}");
    let missing = db.relation(&RelationName::new("main", "nope"), &Stop::new()).await;
    assert!(missing.unwrap_err().what.contains("main.nope"));
}

#[tokio::test]
async fn hostile_names_are_only_names() {
    let names = [
        "a\"b",
        "a'b",
        "a`b",
        "[a]",
        "a;b",
        "a--b",
        "/*",
        "sélect",
        "😀",
        " ",
        "\u{1b}[31m",
        "main",
        "select",
        "?1",
        "a.b",
        "rowid",
        "%s",
        "\u{202e}x",
    ];
    let mut sql = String::new();
    for (at, name) in names.iter().enumerate() {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let twin = format!("\"{}2\"", name.replace('"', "\"\""));
        sql += &format!(
            "CREATE TABLE {quoted} ({quoted} TEXT CHECK ({quoted} <> 'no'), {twin} INT UNIQUE \
             REFERENCES {quoted} ({twin}));\nINSERT INTO {quoted} VALUES ('v{at}', {at});\n"
        );
    }
    let file = File::of(&sql).await;
    let db = file.open().await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    assert_eq!(outline.schemas[0].relations.len(), names.len());
    for (at, name) in names.iter().enumerate() {
        let found = relation(&db, name).await;
        assert_eq!(found.columns[0].name, *name);
        assert_eq!(found.foreign_keys.len(), 1, "{name}");
        assert_eq!(found.incoming.len(), 1, "{name}");
        assert_eq!(found.checks.len(), 1, "{name}");
        for sort in [vec![], vec![(*name, true)]] {
            let rows = selection(&found, &sort);
            for place in [Place::Start, Place::End, Place::Fraction(0.5)] {
                let read = page(&db, &rows, place, 10).await.unwrap();
                assert_eq!(firsts(&read), [Value::text(format!("v{at}"))], "{name}");
                let again = Place::From(read.rows[0].anchor.clone());
                assert_eq!(page(&db, &rows, again, 10).await.unwrap().rows, read.rows);
            }
            assert_eq!(db.count(&rows, None, &Stop::new()).await.unwrap(), 1);
        }
    }
    assert_eq!(db.sizes(&Stop::new()).await.unwrap().len(), names.len());
}

#[tokio::test]
async fn a_thousand_tables_are_listed_at_once() {
    let mut sql = "BEGIN;".to_owned();
    for at in 0..1_000 {
        sql += &format!(
            "CREATE TABLE t{at} (id INTEGER PRIMARY KEY, a TEXT, b INT REFERENCES t0 (id));\
             INSERT INTO t{at} VALUES (1, 'x', NULL), ({at} + 2, 'x', NULL);"
        );
    }
    let file = File::of(&(sql + "COMMIT")).await;
    let db = file.open().await;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let asked = Instant::now();
        let outline = db.outline(&Stop::new()).await.unwrap();
        best = best.min(asked.elapsed());
        assert_eq!(outline.schemas[0].relations.len(), 1_000);
        let t7 = outline.find(&RelationName::new("main", "t7")).unwrap();
        assert_eq!((t7.columns, t7.rows_estimate), (3, Some(9)));
    }
    // The figure to hold is 15 ms; this is room for an unoptimized build on a busy machine.
    assert!(best < Duration::from_millis(150), "{best:?}");
    let asked = Instant::now();
    assert_eq!(relation(&db, "t0").await.incoming.len(), 1_000);
    assert!(asked.elapsed() < Duration::from_millis(300), "{:?}", asked.elapsed());
}
