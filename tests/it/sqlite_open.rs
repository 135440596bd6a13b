//! Opening SQLite files: the ways it goes wrong, and the ways it goes right though it looks odd.

use std::path::Path;
use std::process::Command;

use dbstudio::db::Db;
use dbstudio::db::page::Place;
use dbstudio::db::stop::Stop;
use dbstudio::problem::{Kind, Problem};

use crate::sqlite::{File, firsts, open, page, relation, selection, target};
use dbstudio::config::Address;
use dbstudio::db::value::Value;

async fn refused(file: &Path) -> Problem {
    open(file).await.map(|_| ()).unwrap_err()
}

fn says(problem: &Problem, what: &str) {
    let all = problem.to_string();
    assert!(all.contains(what), "{all}");
    assert!(!problem.fix.is_empty(), "{all}");
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let problem = refused(&at("gone.db")).await;
    says(&problem, "There is no file");
    says(&problem, "dbstudio init");
    assert!(!at("gone.db").exists(), "opening made a file");
    says(&refused(&at("no/such/gone.db")).await, "exists only up to");
    let problem = refused(folder.path()).await;
    says(&problem, "is a folder");
    assert_eq!(problem.kind, Kind::Usage);
    std::fs::write(at("notes.txt"), "remember the milk\n".repeat(100)).unwrap();
    says(&refused(&at("notes.txt")).await, "is not a SQLite database");
    says(&refused(&at("notes.txt")).await, "text file");
    std::fs::write(at("short.txt"), "hi").unwrap();
    says(&refused(&at("short.txt")).await, "is not a SQLite database");
    let noise: Vec<u8> = (0..8192u32).map(|at| (at * 37 % 251) as u8).collect();
    std::fs::write(at("noise.db"), noise).unwrap();
    says(&refused(&at("noise.db")).await, "encrypted");
    std::fs::write(at("x.dump"), b"PGDMP\x01\x0e\x00").unwrap();
    says(&refused(&at("x.dump")).await, "pg_restore");
}

#[tokio::test]
async fn a_damaged_file_says_so() {
    let file = File::of(
        "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         LIMIT 5000) INSERT INTO t SELECT hex(randomblob(50)) FROM n",
    )
    .await;
    let mut bytes = std::fs::read(file.path()).unwrap();
    bytes[4096..].fill(0x55);
    std::fs::write(file.path(), bytes).unwrap();
    let db = file.open().await;
    let relation = relation(&db, "t").await;
    let problem = page(&db, &selection(&relation, &[]), Place::Start, 10).await.unwrap_err();
    says(&problem, "damaged");
    says(&problem, ".recover");
    let outline = db.outline(&Stop::new()).await.unwrap();
    assert_eq!(outline.schemas[0].relations[0].name, "t");
    assert!(outline.unseen[0].contains("damaged"), "{:?}", outline.unseen);
}

#[tokio::test]
async fn an_empty_file_and_memory_are_databases() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    let db = open(&folder.path().join("empty.db")).await.unwrap();
    assert_eq!(db.server().database, "empty.db");
    assert_eq!(db.server().bytes, Some(0));
    let memory = Db::connect(&target(None), &Stop::new()).await.unwrap();
    for db in [db, memory] {
        let outline = db.outline(&Stop::new()).await.unwrap();
        assert_eq!(outline.schemas.len(), 1);
        assert!(outline.schemas[0].relations.is_empty());
        db.close().await;
        assert_eq!(db.outline(&Stop::new()).await.unwrap_err().kind, Kind::Disconnected);
    }
}

#[tokio::test]
async fn names_that_look_like_uris_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("file:a?mode=memory#é %41.db");
    std::fs::copy(File::of("CREATE TABLE here (a)").await.path(), &odd).unwrap();
    for immutable in [false, true] {
        let mut asked = target(Some(&odd));
        let Address::Sqlite(address) = &mut asked.address else { panic!() };
        address.immutable = immutable;
        let db = Db::connect(&asked, &Stop::new()).await.unwrap();
        let outline = db.outline(&Stop::new()).await.unwrap();
        assert_eq!(outline.schemas[0].relations[0].name, "here");
        assert_eq!(db.server().read_only, immutable);
    }
}

#[tokio::test]
async fn facts_are_the_servers_own() {
    let file = File::of(
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a TEXT); \
         INSERT INTO t VALUES ('é'), (printf('%.*c', 5000, 'x'))",
    )
    .await;
    let db = file.open().await;
    let facts = db.server();
    assert_eq!(facts.encoding, "UTF-16le");
    assert_eq!(facts.bytes, Some(std::fs::metadata(file.path()).unwrap().len()));
    assert!(facts.version.starts_with("3."), "{}", facts.version);
    assert!(!facts.read_only);
    let relation = relation(&db, "t").await;
    let read = page(&db, &selection(&relation, &[]), Place::Start, 10).await.unwrap();
    assert_eq!(read.rows[0].cells[0], Value::text("é"));
    let Value::Truncated(long) = &read.rows[1].cells[0] else { panic!() };
    assert_eq!(long.prefix, Value::text("x".repeat(4096)));
    assert_eq!(long.bytes, 10_000);
}

#[tokio::test]
async fn nothing_can_be_written() {
    let file = File::of("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await;
    let before = std::fs::read(file.path()).unwrap();
    let db = file.open().await;
    let relation = relation(&db, "t").await;
    page(&db, &selection(&relation, &[("a", true)]), Place::End, 10).await.unwrap();
    db.sizes(&Stop::new()).await.unwrap();
    db.close().await;
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
    assert_eq!(std::fs::read_dir(file.path().parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_lock_of_another_program_is_waited_for_and_then_explained() {
    let file = File::of("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await;
    let db = file.open().await;
    let relation = relation(&db, "t").await;
    let rows = selection(&relation, &[]);
    let mut writer = file.writer().await;
    sqlx::raw_sql("BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)").execute(&mut writer).await.unwrap();
    // Stopped while it waits, it ends at once.
    let stop = Stop::new();
    let request =
        dbstudio::db::page::PageRequest { selection: rows.clone(), place: Place::Start, limit: 10 };
    let asked = std::time::Instant::now();
    let (stopped, ()) = tokio::join!(db.page(&request, &stop), async { stop.ask() });
    assert_eq!(stopped.unwrap_err().kind, Kind::Cancelled);
    assert!(asked.elapsed().as_millis() < 1_000);
    // Released while it waits, it goes on.
    let (read, _) = tokio::join!(
        page(&db, &rows, Place::Start, 10),
        sqlx::raw_sql("COMMIT").execute(&mut writer)
    );
    assert_eq!(firsts(&read.unwrap()), [Value::Integer(1), Value::Integer(2)]);
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();
    says(&page(&db, &rows, Place::Start, 10).await.unwrap_err(), "locked");
}

/// Runs the sqlite3 shell, which is another process, on a file.
fn shell(file: &Path, sql: &str) {
    let ran = Command::new("sqlite3").arg(file).arg(sql).output();
    let ran = ran.expect("the sqlite3 shell is needed: apt-get install sqlite3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test]
async fn a_wal_file_is_read_while_another_process_writes_it() {
    let file = File::of("PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER PRIMARY KEY)").await;
    let db = file.open().await;
    let relation = relation(&db, "t").await;
    let rows = selection(&relation, &[]);
    for round in 0..20i64 {
        shell(&file.path(), &format!("INSERT INTO t VALUES ({round})"));
        let read = page(&db, &rows, Place::End, 1).await.unwrap();
        assert_eq!(firsts(&read), [Value::Integer(round)]);
        assert_eq!(read.more_before, round > 0);
    }
    assert_eq!(db.count(&rows, None, &Stop::new()).await.unwrap(), 20);
}

#[cfg(unix)]
mod permissions {
    //! Permissions mean nothing to root, so these tests run again as another user when root
    //! runs them.

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn is_root() -> bool {
        let who = Command::new("id").arg("-u").output().unwrap();
        String::from_utf8_lossy(&who.stdout).trim() == "0"
    }

    /// Runs the named test as `nobody` from a copy of this binary that `nobody` may run.
    fn again_as_nobody(test: &str) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let copy = folder.path().join("it");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let ran = Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&copy)
            .args(["--exact", test])
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .output()
            .expect("setpriv is needed when root runs the tests: apt-get install util-linux");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    }

    fn allow(path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_may_not_be_read_says_so() {
        if is_root() {
            return again_as_nobody(
                "sqlite_open::permissions::a_file_that_may_not_be_read_says_so",
            );
        }
        let file = File::of("CREATE TABLE t (a)").await;
        allow(&file.path(), 0o000);
        says(&refused(&file.path()).await, "may not be read");
        allow(file.path().parent().unwrap(), 0o000);
        says(&refused(&file.path()).await, "may not be read");
        allow(file.path().parent().unwrap(), 0o755);
    }

    #[tokio::test]
    async fn read_only_files_and_folders_are_read() {
        if is_root() {
            return again_as_nobody(
                "sqlite_open::permissions::read_only_files_and_folders_are_read",
            );
        }
        for journal in ["DELETE", "WAL"] {
            let file = File::of(&format!(
                "PRAGMA journal_mode = {journal}; CREATE TABLE t (a); INSERT INTO t VALUES (7)"
            ))
            .await;
            let folder = file.path().parent().unwrap().to_owned();
            allow(&file.path(), 0o444);
            allow(&folder, 0o555);
            let db = file.open().await;
            assert!(db.server().read_only);
            let outline = db.outline(&Stop::new()).await.unwrap();
            assert_eq!(outline.unseen.is_empty(), journal == "DELETE", "{:?}", outline.unseen);
            let relation = relation(&db, "t").await;
            let read = page(&db, &selection(&relation, &[]), Place::Start, 1).await.unwrap();
            assert_eq!(firsts(&read), [Value::Integer(7)]);
            allow(&folder, 0o755);
        }
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_read_is_not_passed_over() {
        if is_root() {
            return again_as_nobody(
                "sqlite_open::permissions::a_log_that_cannot_be_read_is_not_passed_over",
            );
        }
        let file = File::of("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await;
        let mut writer = file.writer().await;
        sqlx::raw_sql("INSERT INTO t VALUES (7)").execute(&mut writer).await.unwrap();
        // As a copy of the file and its log would lie on a read-only medium.
        let folder = tempfile::tempdir().unwrap();
        for ending in ["", "-wal"] {
            let name = format!("test.db{ending}");
            let from = file.path().with_file_name(&name);
            std::fs::copy(from, folder.path().join(&name)).unwrap();
        }
        allow(folder.path(), 0o555);
        let problem = refused(&folder.path().join("test.db")).await;
        says(&problem, "write-ahead log");
        allow(folder.path(), 0o755);
    }

    #[tokio::test]
    async fn a_journal_that_cannot_be_undone_is_not_passed_over() {
        if is_root() {
            return again_as_nobody(
                "sqlite_open::permissions::a_journal_that_cannot_be_undone_is_not_passed_over",
            );
        }
        let file = File::of(
            "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
             LIMIT 9000) INSERT INTO t SELECT hex(randomblob(50)) FROM n",
        )
        .await;
        let mut writer = file.writer().await;
        // With room for a single page, the change reaches the file before it is committed.
        let change = "PRAGMA cache_size = 1; BEGIN; UPDATE t SET a = hex(randomblob(50))";
        sqlx::raw_sql(change).execute(&mut writer).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for ending in ["", "-journal"] {
            let name = format!("test.db{ending}");
            let from = file.path().with_file_name(&name);
            std::fs::copy(from, folder.path().join(&name)).unwrap();
        }
        allow(&folder.path().join("test.db"), 0o444);
        allow(folder.path(), 0o555);
        let problem = refused(&folder.path().join("test.db")).await;
        says(&problem, "-journal");
        allow(folder.path(), 0o755);
    }
}
