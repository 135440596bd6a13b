//! Stopping ends the statement on the server, and leaves the connection as good as before.

use std::time::{Duration, Instant};

use dbstudio::config::Protection;
use dbstudio::db::Db;
use dbstudio::db::page::{PageRequest, Place, Selection};
use dbstudio::db::stop::Stop;
use dbstudio::problem::{Kind, Problem};

use super::{address_of, open, open_target, page, relation, target, until, whole};
use crate::server::{TestDatabase, postgres};

const SLOW: &str = "
    CREATE TABLE quick (id int PRIMARY KEY); INSERT INTO quick VALUES (1), (2);
    CREATE VIEW slow AS SELECT g AS id FROM generate_series(1, 1000000) g WHERE pg_sleep(60) IS NOT NULL;
    CREATE VIEW busy AS SELECT a.g AS id FROM generate_series(1, 1000000000) a(g), generate_series(1, 1000) b;";

/// How many sessions of the database execute something that reads one of the slow views.
const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND state = 'active' AND pid <> pg_backend_pid() AND query ~ 'slow|busy'";

async fn count_until_stopped(
    database: &TestDatabase,
    db: &Db,
    selection: &Selection,
) -> (Problem, Duration) {
    let stop = Stop::new();
    let counting = {
        let (db, selection, stop) = (db.clone(), selection.clone(), stop.clone());
        tokio::spawn(async move { db.count(&selection, None, &stop).await })
    };
    until(database, RUNNING, "1", Duration::from_secs(10)).await;
    let asked = Instant::now();
    stop.ask();
    let problem = counting.await.unwrap().unwrap_err();
    (problem, asked.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_count_ends_on_the_server() {
    let database = postgres().create_database("cancel");
    database.psql(SLOW);
    let db = open(&database).await;
    let quick = whole(&relation(&db, "quick").await);
    for view in ["slow", "busy"] {
        let selection = whole(&relation(&db, view).await);
        // Again and again: a cancellation must not hit the work that comes next.
        for _ in 0..5 {
            let (problem, took) = count_until_stopped(&database, &db, &selection).await;
            assert_eq!(problem.kind, Kind::Cancelled);
            assert!(took < Duration::from_secs(1), "{took:?}");
            assert_eq!(database.psql(RUNNING).trim(), "0");
            assert_eq!(page(&db, &quick, Place::Start, 10).await.rows.len(), 2);
        }
    }
    let sessions = "SELECT count(*) < 5 FROM pg_stat_activity WHERE application_name = 'dbstudio' AND datname = current_database()";
    assert_eq!(database.psql(sessions).trim(), "t", "connections are kept, not piled up");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_stopped_before_it_starts_does_not_start() {
    let database = postgres().create_database("stopped");
    database.psql(SLOW);
    let db = open(&database).await;
    let selection = whole(&relation(&db, "slow").await);
    let stop = Stop::new();
    stop.ask();
    let request = PageRequest { selection, place: Place::Start, limit: 10 };
    assert_eq!(db.page(&request, &stop).await.unwrap_err().kind, Kind::Cancelled);
    assert_eq!(
        Db::connect(&target(address_of(&database)), &stop).await.unwrap_err().kind,
        Kind::Cancelled
    );
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_dropped_does_not_go_on() {
    let database = postgres().create_database("dropped");
    database.psql(SLOW);
    let db = open(&database).await;
    let busy = whole(&relation(&db, "busy").await);
    let quick = whole(&relation(&db, "quick").await);
    let counting = {
        let (db, busy) = (db.clone(), busy.clone());
        tokio::spawn(async move { db.count(&busy, None, &Stop::new()).await })
    };
    until(&database, RUNNING, "1", Duration::from_secs(10)).await;
    counting.abort();
    assert!(counting.await.unwrap_err().is_cancelled());
    assert_eq!(page(&db, &quick, Place::Start, 10).await.rows.len(), 2);
    until(&database, RUNNING, "0", Duration::from_secs(1)).await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_what_still_runs() {
    let database = postgres().create_database("closing");
    database.psql(SLOW);
    let db = open(&database).await;
    let busy = whole(&relation(&db, "busy").await);
    let counting = {
        let db = db.clone();
        tokio::spawn(async move { db.count(&busy, None, &Stop::new()).await })
    };
    until(&database, RUNNING, "1", Duration::from_secs(10)).await;
    db.close().await;
    until(&database, RUNNING, "0", Duration::from_secs(1)).await;
    assert!(counting.await.unwrap().is_err());
    assert_eq!(db.outline(&Stop::new()).await.unwrap_err().kind, Kind::Disconnected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_timeout_says_its_limit() {
    let database = postgres().create_database("limit");
    database.psql(SLOW);
    let mut target = target(address_of(&database));
    target.session.statement_timeout = Some(Duration::from_millis(200));
    let db = open_target(&target).await;
    let slow = whole(&relation(&db, "slow").await);
    let problem = db.count(&slow, None, &Stop::new()).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Failed);
    assert!(problem.why.contains("200 ms"), "{problem}");
    assert!(problem.fix.contains("statement_timeout"), "{problem}");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_session_cannot_write() {
    let database = postgres().create_database("read_only");
    database.psql(
        "CREATE TABLE log (id int PRIMARY KEY);
         CREATE FUNCTION noted(int) RETURNS bool LANGUAGE sql AS 'INSERT INTO log VALUES ($1) RETURNING true';
         CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);",
    );
    let free = target(address_of(&database));
    let mut asked = free.clone();
    asked.read_only = true;
    let mut production = free.clone();
    production.protection = Protection::Production;
    for (target, read_only) in [(free, false), (asked, true), (production, true)] {
        let db = open_target(&target).await;
        assert_eq!(db.server().read_only, read_only);
        let mut rows = whole(&relation(&db, "t").await);
        rows.filter.push(dbstudio::db::page::Condition::Raw("noted(id)".into()));
        let counted = db.count(&rows, None, &Stop::new()).await;
        if read_only {
            assert!(counted.unwrap_err().why.contains("read-only"));
        } else {
            assert_eq!(counted.unwrap(), 1);
            database.psql("DELETE FROM log");
        }
        assert_eq!(database.psql("SELECT count(*) FROM log").trim(), "0");
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_is_replaced() {
    let database = postgres().create_database("died");
    database.psql(SLOW);
    let db = open(&database).await;
    let quick = whole(&relation(&db, "quick").await);
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'dbstudio'";
    // An idle one is replaced without a word.
    assert_eq!(database.psql(kill).trim(), "1");
    assert_eq!(page(&db, &quick, Place::Start, 10).await.rows.len(), 2);
    // One that dies over its work reports it, unless trying again can help.
    let busy = whole(&relation(&db, "busy").await);
    let fresh = open(&database).await;
    let counting = {
        let busy = busy.clone();
        let fresh = fresh.clone();
        tokio::spawn(async move { fresh.count(&busy, None, &Stop::new()).await })
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while !counting.is_finished() {
        assert!(Instant::now() < deadline, "the count goes on without a server");
        database.psql(kill);
        tokio::task::yield_now().await;
    }
    assert_eq!(counting.await.unwrap().unwrap_err().kind, Kind::Disconnected);
    fresh.close().await;
    db.close().await;
}
