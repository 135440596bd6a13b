//! The connection that may write, and the scratch databases: that a stopped statement ends on
//! the server, that a failed plan leaves everything as it was, and that no way out leaves a
//! scratch database behind.

use std::time::{Duration, Instant};

use dbstudio::config::{Origin, Protection, SessionSettings, Target};
use dbstudio::db::connection::Connection;
use dbstudio::db::scratch::Scratch;
use dbstudio::db::stop::Stop;
use dbstudio::problem::Kind;
use dbstudio::schema::plan::Step;

use crate::server::{self, Server};

/// A target for an address.
pub fn target(url: &str) -> Target {
    let surroundings = dbstudio::config::Variables::default();
    let surroundings = dbstudio::config::url::Surroundings {
        variables: &surroundings,
        folder: std::path::Path::new("/"),
    };
    let address = dbstudio::config::url::parse(url, &surroundings).unwrap().unwrap().address;
    Target {
        name: None,
        address,
        protection: Protection::Development,
        origin: Origin::Flag,
        read_only: false,
        session: SessionSettings::default(),
        masked: Vec::new(),
    }
}

/// The scratch databases of a role on the server.
fn scratches(server: &Server, role: &str) -> String {
    server.psql(
        "postgres",
        &format!(
            "SELECT datname FROM pg_database WHERE datname LIKE 'dbstudio_scratch_%' AND \
             pg_get_userbyid(datdba) = '{role}'"
        ),
    )
}

/// A role of its own for one test, and the address of a database as that role.
fn role(database: &server::TestDatabase, name: &str, rights: &str) -> Target {
    database.psql(&format!("CREATE ROLE {name} LOGIN {rights}"));
    target(&database.url().replace("postgres@", &format!("{name}@")))
}

fn steps(statements: &[&str]) -> Vec<Step> {
    statements
        .iter()
        .map(|sql| {
            let outside_transaction = sql.contains("CONCURRENTLY");
            Step { outside_transaction, ..Step::new(*sql, Vec::new()) }
        })
        .collect()
}

#[tokio::test]
async fn a_scratch_database_is_like_the_target_and_is_gone_afterwards() {
    let database = server::postgres().create_database("like");
    database.psql("CREATE TABLE here (id int)");
    let target = role(&database, "scratch_like", "CREATEDB");
    let stop = Stop::new();
    let mut scratch = Scratch::new(&target, None, &stop).await.unwrap();
    let question = "SELECT encoding, datcollate, datctype, (SELECT count(*) FROM pg_class WHERE \
                    relname = 'here') FROM pg_database WHERE datname = current_database()";
    let asked = scratch.connection().unwrap().rows(question).await.unwrap();
    let told = database.psql(question);
    let told: Vec<_> = told.trim().split('|').map(|field| Some(field.to_owned())).collect();
    assert_eq!(asked[0][..3], told[..3]);
    assert_eq!((asked[0][3].as_deref(), told[3].as_deref()), (Some("0"), Some("1")));
    scratch
        .connection()
        .unwrap()
        .run("CREATE TABLE t (id int); SET search_path = ''", &stop)
        .await
        .unwrap();
    scratch.reset(&stop).await.unwrap();
    let left = scratch
        .connection()
        .unwrap()
        .rows("SELECT count(*) FROM pg_class WHERE relname = 't'")
        .await;
    assert_eq!(left.unwrap(), [[Some("0".to_owned())]]);
    assert_ne!(scratches(database.server(), "scratch_like"), "");
    scratch.close().await.unwrap();
    assert_eq!(scratches(database.server(), "scratch_like"), "");
}

#[tokio::test]
async fn a_dropped_or_stopped_scratch_leaves_nothing_behind() {
    let database = server::postgres().create_database("dropped");
    let target = role(&database, "scratch_dropped", "CREATEDB");
    let scratch = Scratch::new(&target, None, &Stop::new()).await.unwrap();
    drop(scratch);
    assert_eq!(scratches(database.server(), "scratch_dropped"), "");
    let stop = Stop::new();
    let asker = stop.clone();
    let (made, ()) = tokio::join!(Scratch::new(&target, None, &stop), async move {
        tokio::task::yield_now().await;
        asker.ask();
    });
    assert_eq!(made.map(|_| ()).unwrap_err().kind, Kind::Cancelled);
    assert_eq!(scratches(database.server(), "scratch_dropped"), "");
}

#[tokio::test]
async fn leftovers_of_killed_runs_are_removed_and_nothing_else() {
    let database = server::postgres().create_database("leftover");
    let server = database.server();
    let target = role(&database, "scratch_left", "CREATEDB");
    let now = server.psql("postgres", "SELECT extract(epoch FROM now())::bigint");
    let young = format!("dbstudio_scratch_{}_00000000000000bb", now.trim());
    for (name, owner) in [
        ("dbstudio_scratch_1700000000_00000000000000aa", "scratch_left"),
        ("dbstudio_scratch_1700000000_00000000000000ac", "postgres"),
        ("dbstudio_scratch_mine", "scratch_left"),
        (&young, "scratch_left"),
    ] {
        server.psql("postgres", &format!("CREATE DATABASE {name} OWNER {owner}"));
    }
    Scratch::new(&target, None, &Stop::new()).await.unwrap().close().await.unwrap();
    let mut left: Vec<_> = scratches(server, "scratch_left").lines().map(str::to_owned).collect();
    left.sort();
    let mut expected = vec!["dbstudio_scratch_mine".to_owned(), young.clone()];
    expected.sort();
    assert_eq!(left, expected);
    assert!(scratches(server, "postgres").contains("1700000000_00000000000000ac"));
    for name in ["dbstudio_scratch_1700000000_00000000000000ac", "dbstudio_scratch_mine", &young] {
        server.psql("postgres", &format!("DROP DATABASE {name}"));
    }
}

#[tokio::test]
async fn a_role_that_may_not_make_one_is_told_how() {
    let database = server::postgres().create_database("forbidden");
    let target = role(&database, "scratch_forbidden", "");
    let problem = Scratch::new(&target, None, &Stop::new()).await.map(|_| ()).unwrap_err();
    assert!(problem.fix.contains("ALTER ROLE \"scratch_forbidden\" CREATEDB"), "{problem}");
    assert!(problem.fix.contains("scratch_url"), "{problem}");
    let elsewhere = self::target(&database.server().create_database("elsewhere").url());
    let scratch = Scratch::new(&target, Some(&elsewhere), &Stop::new()).await.unwrap();
    scratch.close().await.unwrap();
}

#[tokio::test]
async fn a_stopped_statement_ends_on_the_server_and_the_connection_lives() {
    let database = server::postgres().create_database("stopped");
    let mut connection = Connection::open(&target(&database.url()), &Stop::new()).await.unwrap();
    let (stop, began) = (Stop::new(), Instant::now());
    let asker = stop.clone();
    let server = database.server();
    let waiting = std::thread::spawn(move || {
        server.psql(
            "postgres",
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query = \
             'SELECT pg_sleep(600)' AND state = 'active') LOOP PERFORM pg_sleep(0.01); \
             PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
        );
        asker.ask();
    });
    let fault = connection.run("SELECT pg_sleep(600)", &stop).await.unwrap_err();
    waiting.join().unwrap();
    assert!(fault.stopped && !fault.lost, "{fault:?}");
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(connection.rows("SELECT 1").await.unwrap(), [[Some("1".to_owned())]]);
    connection.close().await;

    let mut connection = Connection::in_memory().await.unwrap();
    let stop = Stop::new();
    let asker = stop.clone();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT count(*) FROM n";
    let (ran, ()) = tokio::join!(connection.run(endless, &stop), async move {
        tokio::task::yield_now().await;
        asker.ask();
    });
    assert!(ran.unwrap_err().stopped);
    assert_eq!(connection.rows("SELECT 1.0").await.unwrap(), [[Some("1.0".to_owned())]]);
}

#[tokio::test]
async fn a_plan_that_fails_leaves_everything_as_it_was() {
    let database = server::postgres().create_database("plan");
    let mut connection = Connection::open(&target(&database.url()), &Stop::new()).await.unwrap();
    let plan = steps(&["CREATE TABLE a (id int)", "CREATE TABLE b (id itn)"]);
    let mut seen = Vec::new();
    let failed = connection.apply(&plan, &Stop::new(), &mut |at| seen.push(at)).await.unwrap_err();
    assert_eq!((failed.step, seen), (Some(1), vec![0, 1]));
    assert!(failed.problem.why.contains("\"itn\" does not exist"), "{:?}", failed.problem);
    assert!(failed.problem.why.contains("as it was"), "{:?}", failed.problem);
    assert_eq!(database.psql("SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')"), "0\n");
    let plan = steps(&[
        "CREATE TABLE a (id int)",
        "CREATE INDEX CONCURRENTLY a_id ON a (id)",
        "CREATE TABLE b (id int)",
        "SELECT 1/0",
    ]);
    let failed = connection.apply(&plan, &Stop::new(), &mut |_| ()).await.unwrap_err();
    assert_eq!(failed.step, Some(3));
    assert!(failed.problem.why.contains("first 2 statements are done"), "{:?}", failed.problem);
    assert_eq!(database.psql("SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')"), "1\n");
    connection
        .apply(&steps(&["CREATE TABLE b (id int)"]), &Stop::new(), &mut |_| ())
        .await
        .unwrap();
    assert_eq!(database.psql("SHOW lock_timeout"), "0\n");
    connection.close().await;
}

#[tokio::test]
async fn a_plan_waits_for_a_lock_only_so_long_and_tries_again() {
    let database = server::postgres().create_database("locked");
    database.psql("CREATE TABLE t (id int)");
    let mut holder = Connection::open(&target(&database.url()), &Stop::new()).await.unwrap();
    let stop = Stop::new();
    holder.run("BEGIN", &stop).await.unwrap();
    holder.run("LOCK t IN ACCESS SHARE MODE", &stop).await.unwrap();
    let mut connection = Connection::open(&target(&database.url()), &stop).await.unwrap();
    let plan = steps(&["ALTER TABLE t ADD note text"]);
    let mut tries = 0;
    let mut commit = Some(holder);
    let told = tokio::sync::Notify::new();
    let mut on_step = |_| {
        tries += 1;
        if tries == 2 {
            told.notify_one();
        }
    };
    let (applied, ()) = tokio::join!(connection.apply(&plan, &stop, &mut on_step), async {
        told.notified().await;
        commit.as_mut().unwrap().run("COMMIT", &stop).await.unwrap();
    });
    applied.unwrap();
    assert_eq!(tries, 2);
}

#[tokio::test]
async fn a_reading_connection_cannot_write() {
    let database = server::postgres().create_database("reads");
    let target = target(&database.url());
    let mut connection = Connection::open_reading(&target, &Stop::new()).await.unwrap();
    let fault = connection.run("CREATE TABLE t (id int)", &Stop::new()).await.unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("25006"));
    let file = server::sqlite("reads");
    file.execute("CREATE TABLE t (id)");
    let target = self::target(&file.url());
    let mut connection = Connection::open_reading(&target, &Stop::new()).await.unwrap();
    assert!(connection.run("CREATE TABLE u (id)", &Stop::new()).await.is_err());
    let mut connection = Connection::open(&target, &Stop::new()).await.unwrap();
    connection.run("CREATE TABLE u (id)", &Stop::new()).await.unwrap();
    let missing = self::target(&file.url().replace("reads.db", "missing.db"));
    let problem = Connection::open(&missing, &Stop::new()).await.map(|_| ()).unwrap_err();
    assert!(problem.what.contains("missing.db"), "{problem}");
    assert!(!file.folder.path().join("missing.db").exists());
}
