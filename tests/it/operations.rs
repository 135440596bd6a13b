//! What was done to a database, as it is kept in its ledger and on this machine: every operation
//! with who, when and the reasons that were given; through a reset and a restore; and what became
//! of one that was killed, at whatever moment, as the next command says it.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server;
use crate::verbs::{Database, Project, Told};

const SCHEMA: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);\n";

/// A project with a schema, a seed and a folder of backups.
fn project(project: &Project) {
    project.configure("protection = \"development\"", "[project]\nbackups = \"kept\"");
    project.schema(SCHEMA);
    fs::create_dir_all(project.path("seeds")).unwrap();
    fs::write(project.path("seeds/users.csv"), "id,name\n1,Ada\n2,Bo\n").unwrap();
}

/// The operations that status tells of, the newest first.
fn operations(project: &Project) -> Vec<Value> {
    let told = project.succeeds(&["status", "--json"]);
    told.json()["operations"].as_array().unwrap().clone()
}

fn told(operations: &[Value]) -> Vec<String> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    operations.iter().map(|one| format!("{} {}", text(one, "what"), text(one, "outcome"))).collect()
}

/// The item of the checklist of the newest operation of that sort.
fn item<'a>(operations: &'a [Value], what: &str, item: &str) -> &'a Value {
    let one = operations.iter().find(|one| one["what"] == what).unwrap();
    let all = one["checklist"].as_array().unwrap_or_else(|| panic!("{one}"));
    all.iter().find(|one| one["item"] == item).unwrap_or_else(|| panic!("{one}"))
}

#[test]
fn every_operation_is_written_down_with_its_reasons_and_stays() {
    for project in Project::both() {
        self::project(&project);
        project.succeeds(&["setup", "--yes"]);
        project
            .schema("CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, x text);\n");
        project.execute("INSERT INTO users VALUES (7, 'Eve')");
        project.succeeds(&["push", "--yes", "--ack", "no-important-data=only a try"]);
        project.execute("DELETE FROM users");
        project.succeeds(&["seed", "--yes", "--ack", "rows=wanted"]);
        project.succeeds(&["backup"]);
        fs::write(project.path("more.csv"), "id,name\n9,Cy\n").unwrap();
        project.succeeds(&["import", "more.csv", "--into", "users", "--yes"]);
        project.succeeds(&["reset", "--yes", "--ack", "team-notified=I work alone"]);
        project.succeeds(&["setup", "--yes"]);
        project.succeeds(&["rollback", "--yes"]);
        let all = operations(&project);
        let expected = [
            "rollback", "migrate", "migrate", "reset", "import", "backup", "seed", "push",
            "migrate",
        ];
        assert_eq!(told(&all), expected.map(|what| format!("{what} done")), "{all:?}");
        let origin = all[0]["origin"].as_str().unwrap();
        assert!(all.iter().all(|one| one["origin"] == origin && origin.contains('@')), "{all:?}");
        assert_eq!(item(&all, "reset", "team-notified")["reason"], "I work alone");
        assert_eq!(item(&all, "reset", "backup")["shown"], true);
        let rows = project.ledger("operations");
        let kept = project.query(&format!("SELECT count(*) FROM {rows}"));
        assert_eq!(kept, "9", "the ledger itself went through the reset");
        let shown = project.succeeds(&["status"]).result;
        assert!(shown.contains("Last operations") && shown.contains("Last backup"), "{shown}");
        // The restored database knows what was done to the one there was.
        project.succeeds(&["restore", "--yes", "--drop-old"]);
        let all = operations(&project);
        assert_eq!(told(&all)[..3], ["restore done", "rollback done", "migrate done"], "{all:?}");
        assert_eq!(project.query(&format!("SELECT count(*) FROM {rows}")), "10");
        project.succeeds(&["baseline", "--yes", "--reason", "restored"]);
        assert_eq!(operations(&project)[0]["reason"], "restored");
        project.fails(&["seed", "--yes", "--ack", "rows"], 1, &[]);
        let failed = told(&operations(&project)).remove(0);
        assert!(failed.starts_with("seed failed: "), "{failed}");
    }
}

#[test]
fn without_a_ledger_this_machine_alone_remembers() {
    for project in Project::both() {
        self::project(&project);
        let off = "protection = \"development\"\nledger = false";
        project.configure(off, "[project]\nbackups = \"kept\"");
        for verb in [&["push", "--yes"][..], &["seed", "--yes"], &["backup"]] {
            project.succeeds(verb);
        }
        project.succeeds(&["reset", "--yes", "--ack", "team-notified=alone"]);
        let all = operations(&project);
        assert_eq!(told(&all), ["reset done", "backup done", "seed done", "push done"]);
        assert_eq!(item(&all, "reset", "team-notified")["reason"], "alone");
        let sql = match project.is_sqlite() {
            true => "SELECT count(*) FROM sqlite_schema",
            false => "SELECT count(*) FROM pg_namespace WHERE nspname = 'dbstudio'",
        };
        assert_eq!(project.query(sql), "0");
    }
}

/// Starts a command and kills it after a while. Whether it was still running.
fn killed(project: &Project, arguments: &[&str], after: Duration) -> bool {
    let mut command = project.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < after {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let was_running = !child.wait().unwrap().success();
    if let Database::Postgres(database) = &project.database {
        // Only then is it over on the server too.
        server::postgres().psql(
            "postgres",
            &format!(
                "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}') LOOP
                 PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
                database.name
            ),
        );
    }
    was_running
}

/// Kills a command at ever later moments, from its very beginning to its end; `whole` is asked
/// each time whether what is there is the old state or the new, and makes the old one again.
fn at_many_moments(project: &Project, arguments: &[&str], whole: impl Fn(&str) -> bool) {
    let begun = Instant::now();
    let told = project.run(arguments);
    assert_eq!(told.code, 0, "{told:?}");
    let all = begun.elapsed();
    whole("");
    let (mut cut_off, mut told_of) = (0, 0);
    for part in 0..12_u32 {
        if !killed(project, arguments, all * part / 10) {
            whole("");
            continue;
        }
        cut_off += 1;
        let told = project.run(&["status"]);
        assert_eq!(told.code, 0, "{told:?}");
        let is_new = whole(&told.talk);
        // It was killed before it began, or the next command says what became of it.
        let said = told.talk.contains("cut off");
        told_of += u32::from(said);
        if said {
            let done = ["after it was done", "after the exchange"];
            let says_new = done.iter().any(|words| told.talk.contains(words));
            assert_eq!(says_new, is_new, "{told:?}");
        }
        let again = project.run(&["status"]);
        assert!(!again.talk.contains("cut off"), "it is told once: {again:?}");
    }
    assert!(cut_off > 0 && told_of <= cut_off, "{arguments:?}: {cut_off} {told_of}");
}

const COUNT: &str = "SELECT count(*) FROM users";

#[test]
fn a_killed_seed_has_left_all_or_nothing_and_the_next_command_says_which() {
    // With a ledger, which has it in the same transaction, and without.
    for (project, verb) in Project::both().into_iter().zip(["setup", "push"]) {
        self::project(&project);
        project.succeeds(&[verb, "--yes"]);
        at_many_moments(&project, &["seed", "--generate", "3000", "--yes", "--ack", "all"], |_| {
            let rows = project.query(COUNT);
            assert!(rows == "0" || rows == "3000", "{rows}");
            project.execute("DELETE FROM users");
            rows == "3000"
        });
    }
}

#[test]
fn a_killed_reset_has_left_all_or_nothing_and_the_next_command_says_which() {
    for (project, verb) in Project::both().into_iter().zip(["push", "setup"]) {
        self::project(&project);
        project.succeeds(&[verb, "--yes"]);
        let sql = match project.is_sqlite() {
            true => "SELECT count(*) FROM sqlite_schema WHERE name IN ('users', 'more')",
            false => {
                "SELECT count(*) FROM pg_class WHERE relname IN ('users', 'more') AND relkind = 'r'"
            }
        };
        let fill = "CREATE TABLE more (id integer PRIMARY KEY); INSERT INTO more VALUES (1)";
        project.execute(fill);
        at_many_moments(&project, &["reset", "--yes", "--ack", "all"], |_| {
            let tables = project.query(sql);
            assert!(tables == "0" || tables == "2", "{tables}");
            if tables == "0" {
                project.execute(&format!("{SCHEMA}{fill}"));
            }
            tables == "0"
        });
    }
}

#[test]
fn a_killed_backup_is_none_and_a_killed_restore_leaves_a_whole_database() {
    for project in Project::both() {
        self::project(&project);
        project.succeeds(&["push", "--yes"]);
        project.succeeds(&["seed", "--generate", "2000", "--yes"]);
        let listed = || {
            let told = project.succeeds(&["backup", "--list", "--json"]);
            told.json()["backups"].as_array().unwrap().len()
        };
        let count = std::cell::Cell::new(0);
        at_many_moments(&project, &["backup"], |_| {
            let now = listed();
            let is_new = now > count.replace(now);
            let whole = project
                .files("kept")
                .into_iter()
                .filter(|name| !name.contains(".part") && !name.ends_with("index.json"));
            // One that has its name and is not in the index was killed between the two.
            assert!(whole.count() >= now);
            is_new
        });
        project.execute("UPDATE users SET name = 'Eve'");
        at_many_moments(&project, &["restore", "--yes", "--drop-old"], |_| {
            let eves = project.query(&format!("{COUNT} WHERE name = 'Eve'"));
            let rows = project.query(COUNT);
            assert!(rows == "2000" && (eves == "0" || eves == "2000"), "{rows} {eves}");
            project.execute("UPDATE users SET name = 'Eve'");
            eves == "0"
        });
    }
}

#[test]
fn a_killed_fresh_stops_between_its_parts() {
    for project in Project::both() {
        self::project(&project);
        project.succeeds(&["fresh", "--yes", "--ack", "all"]);
        let begun = Instant::now();
        project.succeeds(&["fresh", "--yes", "--ack", "all"]);
        let all = begun.elapsed();
        for part in 1..10_u32 {
            killed(&project, &["fresh", "--yes", "--ack", "all"], all * part / 10);
            let tables = match project.is_sqlite() {
                true => "SELECT count(*) FROM sqlite_schema WHERE name = 'users'",
                false => "SELECT count(*) FROM pg_class WHERE relname = 'users'",
            };
            if project.query(tables) == "1" {
                let rows = project.query(COUNT);
                assert!(rows == "0" || rows == "2", "{rows}");
                assert_eq!(project.applied(), "1");
            }
            // Whatever is there, it is a place to go on from.
            project.succeeds(&["fresh", "--yes", "--ack", "all"]);
            assert_eq!(project.query(COUNT), "2");
        }
    }
}

#[test]
fn two_who_reset_a_file_at_once_empty_it_once() {
    let project = Project::sqlite();
    self::project(&project);
    for _ in 0..4 {
        project.succeeds(&["push", "--yes"]);
        let start = || {
            let mut command = project.command(&["reset", "--yes", "--ack", "all"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let told = [start(), start()].map(|it| Told::of(it.wait_with_output().unwrap()));
        assert!(told.iter().any(|told| told.code == 0), "{told:?}");
        // The later one finds the database changed, or its evidence other than what it showed.
        let is_refused =
            |told: &Told| told.code == 4 && told.talk.contains("does not hold any more");
        assert!(told.iter().all(|it| matches!(it.code, 0 | 1) || is_refused(it)), "{told:?}");
        let left = project.query("SELECT count(*) FROM sqlite_schema WHERE name = 'users'");
        assert_eq!(left, "0");
    }
}

#[test]
fn a_full_disk_for_the_log_is_said_and_stops_nothing() {
    let project = Project::sqlite();
    self::project(&project);
    project.succeeds(&["setup", "--yes"]);
    let log = project.path("home/state/dbstudio/operations");
    fs::remove_dir_all(&log).unwrap();
    fs::write(&log, "in the way").unwrap();
    let told = project.succeeds(&["seed", "--yes"]);
    assert!(told.talk.contains("could not be written into the log"), "{told:?}");
    assert_eq!(told_of_ledger(&project), "migrate seed");
}

fn told_of_ledger(project: &Project) -> String {
    project.query("SELECT what FROM _dbstudio_operations ORDER BY id").replace('\n', " ")
}
