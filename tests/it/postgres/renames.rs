//! Renames of every kind that can get another name, found by likeness and carried out on a real
//! server: what is left over must be nothing, and the rows must be there.

use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::schema::model::{Model, Scope};
use dbstudio::schema::plan::postgres;
use dbstudio::schema::rename::{Rename, candidates, comments, resolve};
use dbstudio::sql::Dialect;

use crate::scratch::target;
use crate::server::{self, TestDatabase};

const BEFORE: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TYPE pair AS (a integer, b text);
    CREATE TYPE span AS RANGE (subtype = double precision);
    CREATE DOMAIN positive AS integer CONSTRAINT above CHECK (VALUE > 0);
    CREATE SEQUENCE counter INCREMENT 5;
    CREATE TABLE orders (
        id bigserial CONSTRAINT orders_key PRIMARY KEY, note text, mood mood,
        total numeric CONSTRAINT total_positive CHECK (total > 0)
    );
    CREATE INDEX orders_note ON orders (note);
    CREATE FUNCTION add(a integer, b integer) RETURNS integer LANGUAGE sql AS 'SELECT a + b';
    CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total_of(integer) (SFUNC = int4pl, STYPE = integer);
    CREATE VIEW rich AS SELECT id FROM orders WHERE total > 100;
    CREATE MATERIALIZED VIEW sums AS SELECT sum(total) AS sum FROM orders;
    INSERT INTO orders (note, mood, total) VALUES ('a', 'sad', 1), ('b', 'ok', 2);";

/// The same under other names.
const AFTER: &[(&str, &str)] = &[
    ("TYPE mood", "TYPE feeling"),
    ("mood mood", "mood feeling"),
    ("'sad', 'ok', 'happy'", "'unhappy', 'ok', 'happy'"),
    ("TYPE pair", "TYPE couple"),
    ("TYPE span", "TYPE spans"),
    ("DOMAIN positive", "DOMAIN above_zero"),
    ("SEQUENCE counter", "SEQUENCE counters"),
    ("orders_key", "purchases_key"),
    ("orders_note", "purchases_remark"),
    ("orders", "purchases"),
    ("note text", "remark text"),
    ("(note)", "(remark)"),
    ("total_positive", "total_above_zero"),
    ("FUNCTION add", "FUNCTION plus"),
    ("PROCEDURE work", "PROCEDURE labour"),
    ("total_of", "sum_of"),
    ("VIEW rich", "VIEW wealthy"),
    ("MATERIALIZED VIEW sums", "MATERIALIZED VIEW totals"),
];

async fn model(connection: &mut Connection) -> Model {
    connection.model(&Scope::default(), &Stop::new()).await.unwrap()
}

async fn open(database: &TestDatabase) -> Connection {
    Connection::open(&target(&database.url()), &Stop::new()).await.unwrap()
}

async fn carry_out(connection: &mut Connection, renames: &[Rename]) {
    for rename in renames {
        let steps = postgres::rename::steps(rename, &model(connection).await);
        let ran = connection.apply(&steps, &Stop::new(), &mut |_| ()).await;
        ran.unwrap_or_else(|failure| panic!("{rename}: {}", failure.problem));
    }
}

#[tokio::test]
async fn every_kind_is_found_and_renamed_and_nothing_is_left() {
    let live = server::postgres().create_database("renames");
    live.psql(BEFORE);
    let mut after = BEFORE.split("INSERT").next().unwrap().to_owned();
    for (old, new) in AFTER {
        assert!(after.contains(old), "{old}");
        after = after.replace(old, new);
    }
    let wanted = server::postgres().create_database("renames_wanted");
    wanted.psql(&after);
    let mut connection = open(&live).await;
    let desired = model(&mut open(&wanted).await).await;

    // What stands in a renamed table, or follows from it, is found in the next round.
    let mut done = Vec::new();
    for _ in 0..6 {
        let current = model(&mut connection).await;
        let found = candidates(&current, &desired);
        if found.is_empty() {
            break;
        }
        let renames: Vec<Rename> = found.into_iter().map(|candidate| candidate.rename).collect();
        done.extend(renames.iter().map(ToString::to_string));
        carry_out(&mut connection, &renames).await;
    }
    let current = model(&mut connection).await;
    let plan = postgres::plan(&current, &desired, false);
    assert!(plan.is_empty(), "after {done:#?}\nthere is left {:#?}", plan.steps);
    assert_eq!(done.len(), 17, "{done:#?}");
    assert_eq!(live.psql("SELECT remark, mood FROM purchases ORDER BY id"), "a|unhappy\nb|ok\n");
    assert_eq!(live.psql("SELECT nextval('purchases_id_seq')"), "3\n");
}

#[tokio::test]
async fn comments_carry_data_through_a_renamed_table_and_its_columns() {
    let live = server::postgres().create_database("renames_comments");
    live.psql("CREATE TABLE a (x integer, y text); INSERT INTO a VALUES (1, 'one')");
    let file = "-- dbstudio: renamed from a\nCREATE TABLE b (\n  z integer, -- dbstudio: renamed \
                from x\n  y text\n);";
    let wanted = server::postgres().create_database("renames_comments_wanted");
    wanted.psql(file);
    let mut connection = open(&live).await;
    let desired = model(&mut open(&wanted).await).await;
    let answers = comments(Dialect::Postgres, file).unwrap();
    let renames = resolve(&model(&mut connection).await, &desired, &answers).unwrap();
    carry_out(&mut connection, &renames).await;
    let current = model(&mut connection).await;
    assert!(postgres::plan(&current, &desired, false).is_empty());
    assert_eq!(resolve(&current, &desired, &answers).unwrap(), []);
    assert_eq!(live.psql("SELECT z, y FROM b"), "1|one\n");
}
