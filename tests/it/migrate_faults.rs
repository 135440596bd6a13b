//! What goes wrong while migrations run: a process that is killed at any statement, a session that
//! is ended, a connection cut while it commits, a lock somebody holds, many migrators at once, a
//! full disk. Whatever it is, nothing is applied twice, nothing is skipped, and what is said is so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dbstudio::ops::migrate::open_at;
use dbstudio::problem::Problem;

use crate::server::{self, TestDatabase};
use crate::verbs::{Database, Project, Told};

pub fn database(project: &Project) -> &TestDatabase {
    let Database::Postgres(database) = &project.database else { panic!() };
    database
}

/// The problem that is told as JSON.
pub fn problem(told: &Told) -> Problem {
    let json = told.json();
    let word = |name: &str| json["problem"][name].as_str().unwrap().to_owned();
    Problem::failed(word("what"), word("why"), word("fix"))
}

/// A session of psql that has run something and is still there.
pub struct Session(Child);

impl Session {
    pub fn new(database: &TestDatabase, sql: &str) -> Self {
        let server = server::postgres();
        let mut psql = server.program("psql");
        psql.args(["-XAtq", "-U", "postgres", "-d", &database.name, "-h"]);
        psql.arg(&server.socket_folder).args(["-p", &server.port.to_string()]);
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let mut child = psql.stdin(input).stdout(output).stderr(Stdio::null()).spawn().unwrap();
        let sql = format!("{sql};\nSELECT 'held';\n");
        child.stdin.as_mut().unwrap().write_all(sql.as_bytes()).unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while line != "held\n" {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "psql ended");
        }
        Self(child)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

pub fn start(project: &Project, arguments: &[&str]) -> Child {
    let mut command = project.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub fn ended(child: Child) -> Told {
    Told::of(child.wait_with_output().unwrap())
}

/// Waits, on the server, until so many sessions of dbstudio on the database do this.
pub fn until(project: &Project, does: &str) {
    project.execute(&format!(
        "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = \
         current_database() AND pid <> pg_backend_pid() AND {does}) LOOP PERFORM pg_sleep(0.01); \
         PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
    ));
}

/// Waits until no session but ours is on the database.
pub fn until_alone(project: &Project) {
    project.execute(
        "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND application_name <> 'psql' AND backend_type = 'client backend') \
         LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
    );
}

pub const WAITS: &str = "wait_event_type = 'Lock'";

/// A migration each of whose statements goes through a gate that can be held.
pub fn gates(project: &Project, head: &str) -> usize {
    project.execute(
        "CREATE TABLE gates (id int PRIMARY KEY); INSERT INTO gates SELECT generate_series(1, 4); \
         CREATE TABLE done (id int)",
    );
    let pass =
        |id: usize| format!("INSERT INTO done SELECT id FROM gates WHERE id = {id} FOR UPDATE;\n");
    let text: String = (1..=4).map(pass).collect();
    project.migration("0001_gates.sql", &format!("{head}{text}"));
    4
}

fn kill_at(project: &Project, gate: usize) {
    let hold = format!("BEGIN; SELECT FROM gates WHERE id = {gate} FOR UPDATE");
    let session = Session::new(database(project), &hold);
    let mut child = start(project, &["migrate", "--yes"]);
    until(project, WAITS);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(session);
    until_alone(project);
}

#[test]
fn a_migrator_killed_at_any_statement_of_a_transaction_leaves_nothing() {
    let project = Project::postgres();
    for gate in 1..=gates(&project, "") {
        kill_at(&project, gate);
        assert_eq!(project.query("SELECT count(*) FROM done"), "0", "gate {gate}");
        assert_eq!(project.applied(), "");
    }
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.query("SELECT string_agg(id::text, ' ' ORDER BY id) FROM done"), "1 2 3 4");
    assert_eq!(project.applied(), "1");
}

#[test]
fn a_migrator_killed_at_any_statement_outside_a_transaction_goes_on_where_it_was() {
    let project = Project::postgres();
    for gate in 1..=gates(&project, "-- no-transaction\n") {
        kill_at(&project, gate);
        let done: Vec<String> = (1..gate).map(|id| id.to_string()).collect();
        let sql = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM done";
        assert_eq!(project.query(sql), done.join(" "), "gate {gate}");
        let json = project.succeeds(&["migrate", "--dry-run", "--json"]).json();
        assert_eq!(json["migrations"][0]["from"], gate - 1, "{json}");
    }
    // Its text must not have changed meanwhile.
    let text = std::fs::read_to_string(project.path("migrations/0001_gates.sql")).unwrap();
    project.migration("0001_gates.sql", &text.replace("id = 1", "id = 2"));
    project.fails(&["migrate", "--yes"], 4, &["has changed since it was cut off"]);
    project.migration("0001_gates.sql", &text);
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.query("SELECT string_agg(id::text, ' ' ORDER BY id) FROM done"), "1 2 3 4");
    assert_eq!(project.applied(), "1");
}

#[test]
fn an_index_that_was_cut_off_is_dropped_and_made_again() {
    let project = Project::postgres();
    project.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    project.migration(
        "0001_i.sql",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\nSELECT 1;\n",
    );
    let writes = || Session::new(database(&project), "BEGIN; INSERT INTO t VALUES (2)");
    let kill = |statement: &str| {
        let session = writes();
        let mut child = start(&project, &["migrate", "--yes"]);
        until(&project, &format!("{WAITS} AND query LIKE '{statement}%'"));
        child.kill().unwrap();
        child.wait().unwrap();
        // The server notices that nobody listens only when it answers: an administrator ends it.
        project.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = \
             current_database() AND query LIKE '%CONCURRENTLY%' AND pid <> pg_backend_pid()",
        );
        drop(session);
        until_alone(&project);
    };
    kill("CREATE INDEX CONCURRENTLY i");
    assert_eq!(
        project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass"),
        "f"
    );
    kill("DROP INDEX CONCURRENTLY \"public\".\"i\"");
    let told = project.succeeds(&["migrate", "--yes"]);
    assert!(told.talk.contains("not valid"), "{told:?}");
    project.migration(
        "0002_j.sql",
        "-- no-transaction\nDROP INDEX CONCURRENTLY i;\nCREATE INDEX CONCURRENTLY IF NOT EXISTS j ON \
         ONLY public.t (a);\n",
    );
    kill("DROP INDEX CONCURRENTLY i");
    project.succeeds(&["migrate", "--yes"]);
    let sql = "SELECT c.relname || i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indexrelid \
               WHERE indrelid = 't'::regclass";
    assert_eq!((project.query(sql).as_str(), project.applied().as_str()), ("jtrue", "1 2"));
}

#[test]
fn what_nobody_can_tell_is_asked() {
    let project = Project::postgres();
    project.execute(
        "CREATE TABLE t (a int); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t \
         VALUES (1); COMMIT; PERFORM pg_sleep(600); END $$",
    );
    project.migration("0001_p.sql", "-- no-transaction\nCALL p();\nINSERT INTO t VALUES (2);\n");
    let mut child = start(&project, &["migrate", "--yes"]);
    until(&project, "query LIKE 'CALL p%' AND wait_event = 'PgSleep'");
    child.kill().unwrap();
    child.wait().unwrap();
    project.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'CALL p%' \
         AND datname = current_database()",
    );
    until_alone(&project);
    let told = project.fails(&["migrate", "--yes", "--json"], 4, &[]);
    assert!(told.result.contains("CALL p()"), "{told:?}");
    // The studio asks where the command line asks.
    assert_eq!(open_at(&problem(&told), "0001_p", 2), Some(0));
    project.fails(&["migrate", "--yes"], 4, &["CALL p()", "--resume-after 1", "--resume-after 0"]);
    project.succeeds(&["migrate", "--yes", "--resume-after", "1"]);
    assert_eq!(project.query("SELECT string_agg(a::text, ' ' ORDER BY a) FROM t"), "1 2");
    assert_eq!(project.applied(), "1");
}

/// A SQLite migration whose statements each end at once, or never if their gate is closed; killed
/// in every one of them, with a look at what is left each time.
fn killed_in_each_on_sqlite(head: &str, look: impl Fn(&Project, usize)) {
    let project = Project::sqlite();
    project.execute(
        "CREATE TABLE gates (id int, steps int); INSERT INTO gates VALUES (1, 1), (2, 1), (3, 1), \
         (4, 1); CREATE TABLE done (id int)",
    );
    let pass = |id: usize| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT steps \
             FROM gates WHERE id = {id})) INSERT INTO done SELECT {id} FROM (SELECT count(*) FROM n);\n"
        )
    };
    let text: String = (1..=4).map(pass).collect();
    project.migration("0001_gates.sql", &format!("{head}{text}"));
    for gate in 1..=4 {
        project.execute(&format!("UPDATE gates SET steps = 1000000000000 WHERE id = {gate}"));
        let mut child = start(&project, &["migrate", "--yes", "--verbose"]);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let before = head.matches(';').count();
        let which = format!("statement {} of {}", gate + before, 4 + before);
        assert!(lines.any(|line| line.contains(&which)), "statement {gate} does not begin");
        child.kill().unwrap();
        child.wait().unwrap();
        project.execute("UPDATE gates SET steps = 1");
        look(&project, gate);
    }
    project.succeeds(&["migrate", "--yes"]);
    let sql = "SELECT group_concat(id, ' ') FROM (SELECT id FROM done ORDER BY id)";
    assert_eq!((project.query(sql).as_str(), project.applied().as_str()), ("1 2 3 4", "1"));
}

#[test]
fn a_sqlite_migrator_killed_in_any_statement_of_a_transaction_leaves_nothing() {
    killed_in_each_on_sqlite("", |project, gate| {
        let rows = project.query("SELECT CAST(count(*) AS TEXT) FROM done");
        assert_eq!((rows.as_str(), project.applied().as_str()), ("0", ""), "gate {gate}");
    });
}

#[test]
fn a_sqlite_migrator_killed_in_any_statement_outside_one_goes_on_where_it_was() {
    killed_in_each_on_sqlite("-- no-transaction\nVACUUM;\n", |project, gate| {
        let rows = project.query("SELECT CAST(count(*) AS TEXT) FROM done");
        assert_eq!(rows, (gate - 1).to_string(), "gate {gate}");
        let json = project.succeeds(&["migrate", "--dry-run", "--json"]).json();
        assert_eq!(json["migrations"][0]["from"], gate, "{json}");
    });
}

#[test]
fn a_sqlite_migrator_killed_at_any_time_leaves_all_or_nothing() {
    let project = Project::sqlite();
    let slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                INSERT INTO done SELECT count(*) FROM n;\n";
    project.execute("CREATE TABLE done (id int)");
    for number in 1..=3 {
        project.migration(&format!("000{number}_m.sql"), &slow.repeat(4));
    }
    let started = Instant::now();
    let mut pause = Duration::ZERO;
    loop {
        let mut child = start(&project, &["migrate", "--yes"]);
        let until = Instant::now() + pause;
        let finished = loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{:?}", ended(child));
                break true;
            }
            if Instant::now() >= until {
                break false;
            }
            std::thread::yield_now();
        };
        if finished {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let is_there =
            "SELECT CAST(count(*) AS TEXT) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
        let applied = match project.query(is_there).as_str() {
            "1" => project.applied().split_whitespace().count(),
            _ => 0,
        };
        let rows = project.query("SELECT CAST(count(*) AS TEXT) FROM done");
        assert_eq!(rows, (applied * 4).to_string(), "killed after {pause:?}");
        pause += Duration::from_millis(4);
        assert!(started.elapsed() < Duration::from_secs(100), "it never ends");
    }
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.query("SELECT CAST(count(*) AS TEXT) FROM done"), "12");
    assert_eq!(project.applied(), "1 2 3");
}

#[test]
fn ten_migrators_at_once_apply_each_migration_once() {
    for project in Project::both() {
        project.execute("CREATE TABLE done (id int)");
        for number in 1..=6 {
            let text = format!("INSERT INTO done VALUES ({number});\n");
            project.migration(&format!("000{number}_m.sql"), &text);
        }
        let children: Vec<Child> =
            (0..10).map(|_| start(&project, &["migrate", "--yes", "--json"])).collect();
        let told: Vec<Told> = children.into_iter().map(ended).collect();
        for told in &told {
            assert_eq!(told.code, 0, "{told:?}");
        }
        assert_eq!(project.applied(), "1 2 3 4 5 6");
        let sql = "SELECT CAST(id AS text) FROM done ORDER BY id";
        assert_eq!(project.query(sql).replace('\n', " "), "1 2 3 4 5 6");
    }
}

#[test]
fn who_holds_the_lock_is_said_and_it_is_waited_for() {
    let project = Project::postgres();
    project.configure("protection = \"development\"\nlock_wait = \"1s\"", "");
    project.migration("0001_a.sql", "CREATE TABLE a (id int);\n");
    let crc = {
        let mut crc = u32::MAX;
        for byte in database(&project).name.bytes() {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        i64::from(!crc)
    };
    // As sqlx takes it.
    let lock = format!("SELECT pg_advisory_lock({})", 0x3d32_ad9e * crc);
    let session = Session::new(database(&project), &lock);
    project.fails(&["migrate", "--yes"], 1, &["Somebody else is migrating", "postgres, psql"]);
    project.configure("protection = \"development\"", "");
    let child = start(&project, &["migrate", "--yes"]);
    until(&project, "query LIKE '%pg_try_advisory_lock%'");
    drop(session);
    let told = ended(child);
    assert_eq!((told.code, project.applied().as_str()), (0, "1"), "{told:?}");
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid \
                FROM pg_database WHERE datname = current_database())";
    assert_eq!(project.query(held), "0");
}

#[test]
fn who_is_in_the_way_of_a_statement_is_said() {
    let project = Project::postgres();
    project.execute("CREATE TABLE t (a int)");
    project.migration("0001_a.sql", "ALTER TABLE t ADD COLUMN b int;\n");
    let session = Session::new(database(&project), "BEGIN; SELECT count(*) FROM t");
    let mut child = start(&project, &["migrate", "--yes"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let waiting = lines.by_ref().map(Result::unwrap).find(|line| line.contains("waiting:"));
    let waiting = waiting.expect("it is said");
    assert!(waiting.contains("postgres, psql") && waiting.contains("SELECT"), "{waiting}");
    drop(session);
    assert!(lines.map(Result::unwrap).any(|line| line.contains("0001_a (")));
    assert!(child.wait().unwrap().success());
    assert_eq!(project.applied(), "1");
}

#[test]
fn a_session_that_is_ended_leaves_nothing_of_its_migration() {
    let project = Project::postgres();
    project.migration("0001_a.sql", "CREATE TABLE a (id int);\n");
    project.migration("0002_b.sql", "CREATE TABLE b (id int);\nSELECT pg_sleep(600);\n");
    let child = start(&project, &["migrate", "--yes"]);
    until(&project, "wait_event = 'PgSleep' AND query LIKE 'SELECT pg_sleep(600)%'");
    project.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = \
         current_database() AND wait_event = 'PgSleep'",
    );
    let told = ended(child);
    assert_eq!(told.code, 1, "{told:?}");
    for expected in ["terminating connection", "Nothing of 0002_b is left", "0001_a was applied"] {
        assert!(told.talk.contains(expected), "{told:?}");
    }
    assert_eq!(project.applied(), "1");
    assert_eq!(project.query("SELECT count(*) FROM pg_class WHERE relname = 'b'"), "0");
}

/// Cuts every connection through it as soon as a client sends this: before it, or after the
/// server has got it.
struct Proxy {
    port: u16,
    armed: Arc<AtomicBool>,
}

impl Proxy {
    fn new(word: &'static [u8], pass: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(AtomicBool::new(true));
        let watched = Arc::clone(&armed);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server::postgres().port)).unwrap();
                let armed = Arc::clone(&watched);
                std::thread::spawn(move || carry(&client, &server, word, pass, &armed));
            }
        });
        Self { port, armed }
    }
}

fn carry(client: &TcpStream, server: &TcpStream, word: &[u8], pass: bool, armed: &AtomicBool) {
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let mut bytes = [0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        // A simple query: its tag, its length, its text.
        let hit = bytes[..read].windows(word.len()).any(|found| found == word);
        if hit && armed.swap(false, Ordering::SeqCst) {
            drop(client.shutdown(std::net::Shutdown::Both));
            if pass {
                drop(to.write_all(&bytes[..read]));
            } else {
                break;
            }
        }
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    drop(server.shutdown(std::net::Shutdown::Write));
}

#[test]
fn what_became_of_a_commit_whose_answer_is_lost_is_found_out() {
    for pass in [false, true] {
        let project = Project::postgres();
        project.migration("0001_a.sql", "CREATE TABLE a (id int);\n");
        project.succeeds(&["migrate", "--yes"]);
        project.migration("0002_b.sql", "CREATE TABLE b (id int);\n");
        let proxy = Proxy::new(b"COMMIT; ", pass);
        let text = std::fs::read_to_string(project.path("dbstudio.toml")).unwrap();
        let own = format!(":{}/", server::postgres().port);
        let through = text.replace(&own, &format!(":{}/", proxy.port));
        std::fs::write(project.path("dbstudio.toml"), through).unwrap();
        let told = project.run(&["migrate", "--yes"]);
        assert!(!proxy.armed.load(Ordering::SeqCst), "no COMMIT passed: {told:?}");
        assert_eq!(told.code, 1, "{told:?}");
        let (expected, applied) = if pass {
            ("The server had committed it: 0002_b is applied", "1 2")
        } else {
            ("The server had not committed it. Nothing of 0002_b is left", "1")
        };
        assert!(told.talk.contains(expected), "{told:?}");
        assert_eq!(project.applied(), applied);
        project.succeeds(&["migrate", "--yes"]);
        assert_eq!(project.applied(), "1 2");
    }
}

#[test]
fn a_connection_cut_in_the_middle_of_a_statement_leaves_nothing_of_its_migration() {
    let project = Project::postgres();
    project.migration("0001_a.sql", "CREATE TABLE a (id int);\n");
    project.migration("0002_b.sql", "CREATE TABLE b (id int);\nSELECT pg_sleep(0.2);\n");
    // The server gets the statement, and nobody is there any more to hear its answer.
    let proxy = Proxy::new(b"SELECT pg_sleep(0.2)", true);
    let text = std::fs::read_to_string(project.path("dbstudio.toml")).unwrap();
    let own = format!(":{}/", server::postgres().port);
    let through = text.replace(&own, &format!(":{}/", proxy.port));
    std::fs::write(project.path("dbstudio.toml"), through).unwrap();
    let told = project.run(&["migrate", "--yes"]);
    assert!(!proxy.armed.load(Ordering::SeqCst), "no statement passed: {told:?}");
    assert_eq!(told.code, 1, "{told:?}");
    for expected in ["Nothing of 0002_b is left", "0001_a was applied"] {
        assert!(told.talk.contains(expected), "{told:?}");
    }
    until_alone(&project);
    assert_eq!(project.applied(), "1");
    assert_eq!(project.query("SELECT count(*) FROM pg_class WHERE relname = 'b'"), "0");
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.applied(), "1 2");
}

#[test]
fn a_full_disk_takes_everything_back() {
    let project = Project::sqlite();
    project.migration("0001_a.sql", "CREATE TABLE a (text TEXT);\n");
    project.succeeds(&["migrate", "--yes"]);
    project.migration("0002_big.sql", "INSERT INTO a VALUES (zeroblob(4000000));\n");
    // No file may grow beyond a megabyte; the signal that says so is ignored.
    let ours = project.command(&["migrate", "--yes"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" migrate --yes"]);
    shell.arg(ours.get_program()).current_dir(project.folder.path()).stdin(Stdio::null());
    let told = Told::of(shell.output().unwrap());
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.talk.contains("Nothing of 0002_big is left"), "{told:?}");
    assert_eq!(project.applied(), "1");
    assert_eq!(project.query("PRAGMA integrity_check"), "ok");
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.applied(), "1 2");
}

#[test]
fn a_stop_takes_back_what_runs() {
    let project = Project::postgres();
    project.migration("0001_a.sql", "CREATE TABLE a (id int);\nSELECT pg_sleep(600);\n");
    let child = start(&project, &["migrate", "--yes"]);
    until(&project, "wait_event = 'PgSleep' AND query LIKE 'SELECT pg_sleep(600)%'");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let told = ended(child);
    assert_eq!(told.code, 130, "{told:?}");
    assert!(told.talk.contains("Nothing of 0001_a is left"), "{told:?}");
    assert_eq!(project.query("SELECT count(*) FROM pg_class WHERE relname = 'a'"), "0");
    until_alone(&project);
}

#[test]
fn a_sqlite_file_that_somebody_writes_to_is_waited_for_and_given_up() {
    use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
    let project = Project::sqlite();
    let Database::Sqlite(file) = &project.database else { panic!() };
    project.migration("0001_a.sql", "CREATE TABLE a (id int);\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = SqliteConnectOptions::new().filename(&file.path);
    let mut other = runtime.block_on(options.connect()).unwrap();
    runtime.block_on(sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other)).unwrap();
    project.configure("protection = \"development\"\nlock_wait = \"200ms\"", "");
    project.fails(&["migrate", "--yes"], 1, &["waiting:", "Somebody else writes to the file"]);
    project.configure("protection = \"development\"", "");
    let mut child = start(&project, &["migrate", "--yes"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("waiting:")));
    runtime.block_on(sqlx::raw_sql("COMMIT").execute(&mut other)).unwrap();
    drop(lines);
    assert!(child.wait().unwrap().success());
    runtime.block_on(other.close()).unwrap();
    assert_eq!(project.applied(), "1");
}

#[test]
fn a_sqlite_migrator_killed_outside_a_transaction_does_each_statement_once() {
    let project = Project::sqlite();
    let slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                INSERT INTO done SELECT count(*) FROM n;\n";
    project.execute("CREATE TABLE done (id int)");
    project.migration("0001_m.sql", &format!("-- no-transaction\nVACUUM;\n{}", slow.repeat(6)));
    let mut pause = Duration::ZERO;
    for _ in 0..200 {
        let mut child = start(&project, &["migrate", "--yes"]);
        let until = Instant::now() + pause;
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let finished = child.try_wait().unwrap().is_some_and(|status| status.success());
        child.kill().unwrap();
        child.wait().unwrap();
        if finished {
            break;
        }
        pause += Duration::from_millis(5);
    }
    assert_eq!(project.applied(), "1");
    assert_eq!(project.query("SELECT CAST(count(*) AS TEXT) FROM done"), "6");
}
