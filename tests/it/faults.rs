//! What goes wrong around a change of a schema: rights that are missing, a server that ends a
//! session in the middle, a process that is killed, two of them at once. Whatever it is, the
//! database is as it was, no file is half written, no scratch database stays, and what is said
//! tells what to do.

use std::fs;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::server::{self, TestDatabase};
use crate::verbs::{Database, Project, Told};

/// A project whose database belongs to a role of its own, so that its sessions and scratch
/// databases can be told from those of other tests.
struct Owned {
    project: Project,
    role: &'static str,
}

impl Owned {
    fn new(role: &'static str, rights: &str) -> Self {
        let database = server::postgres().create_database(role);
        database.psql(&format!(
            "CREATE ROLE {role} LOGIN {rights}; ALTER DATABASE \"{0}\" OWNER TO {role}; \
             ALTER SCHEMA public OWNER TO {role}",
            database.name
        ));
        let project = Project::new(Database::Postgres(database));
        let owned = Self { project, role };
        owned.configure("");
        owned
    }

    fn configure(&self, environment: &str) {
        self.project.configure(&format!("protection = \"development\"\n{environment}"), "");
        let text = fs::read_to_string(self.project.path("dbstudio.toml")).unwrap();
        let own = text.replacen("postgres://postgres@", &format!("postgres://{}@", self.role), 1);
        fs::write(self.project.path("dbstudio.toml"), own).unwrap();
    }

    fn database(&self) -> &TestDatabase {
        let Database::Postgres(database) = &self.project.database else { panic!() };
        database
    }

    fn scratches(&self) -> String {
        self.project.query(&format!(
            "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE \
             'dbstudio_scratch_%' AND pg_get_userbyid(datdba) = '{}'",
            self.role
        ))
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.project.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits, on the server, until a session of the role does this.
    fn until(&self, does: &str) {
        self.project.execute(&format!(
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = '{}' AND \
             {does}) LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
            self.role
        ));
    }

    /// Ends sessions of the role, as an administrator does.
    fn terminate(&self, which: &str) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{}' \
             AND {which}",
            self.role
        );
        server::postgres().psql("postgres", &sql);
    }

    fn tables(&self) -> String {
        self.project.query(
            "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' \
             AND relnamespace = 'public'::regnamespace",
        )
    }
}

/// A session that holds a lock on a table until the value goes.
struct Holder(Child);

impl Holder {
    fn lock(owned: &Owned, table: &str) -> Self {
        use std::io::{BufRead, BufReader, Write};
        let server = server::postgres();
        let mut psql = server.program("psql");
        psql.args(["-XAtq", "-U", "postgres", "-d", &owned.database().name, "-h"]);
        psql.arg(&server.socket_folder).args(["-p", &server.port.to_string()]);
        let mut child = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sql = format!("BEGIN; LOCK TABLE {table} IN ACCESS SHARE MODE; SELECT 'held';\n");
        child.stdin.as_mut().unwrap().write_all(sql.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // The end of its input is the end of psql, and of its lock.
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

const TABLE: &str = "CREATE TABLE a (id integer PRIMARY KEY, note text);\n";
const CHANGED: &str = "CREATE TABLE a (id integer PRIMARY KEY, note text, more integer);\n\
                       CREATE TABLE b (id integer PRIMARY KEY);\n";

#[test]
fn without_the_right_to_make_a_database_it_is_said_how_to_get_it() {
    let owned = Owned::new("faults_no_right", "NOCREATEDB");
    owned.project.schema(TABLE);
    for arguments in [&["generate", "--yes"][..], &["push", "--yes"], &["diff"]] {
        let told = owned.project.run(arguments);
        assert_eq!((told.code, told.result.as_str()), (1, ""), "{told:?}");
        for expected in ["ALTER ROLE faults_no_right CREATEDB", "scratch_url"] {
            assert!(told.talk.replace('"', "").contains(expected), "{told:?}");
        }
    }
    assert_eq!((owned.tables(), owned.project.files("migrations").len()), (String::new(), 0));
    // A server where it may be made will do.
    let url = server::postgres().create_database("faults_elsewhere");
    owned.configure(&format!("scratch_url = \"{}\"", url.url()));
    let told = owned.project.run(&["push", "--yes"]);
    assert_eq!((told.code, owned.tables().as_str()), (0, "a"), "{told:?}");
}

#[test]
fn a_session_that_ends_in_the_scratch_leaves_nothing() {
    let owned = Owned::new("faults_ended", "CREATEDB");
    for which in ["datname LIKE 'dbstudio_scratch_%'", "true"] {
        owned.project.schema("CREATE TABLE t (id int); SELECT pg_sleep(600);");
        for arguments in [&["generate", "--yes"][..], &["push", "--yes"]] {
            let child = owned.start(arguments);
            owned.until("query LIKE '%pg_sleep(600)%' AND state = 'active'");
            owned.terminate(which);
            let told = Told::of(child.wait_with_output().unwrap());
            assert_eq!((told.code, told.result.as_str()), (1, ""), "{told:?}");
            assert!(told.talk.contains("terminating connection"), "{told:?}");
            assert_eq!(owned.scratches(), "", "{which}: {told:?}");
            assert_eq!(owned.project.files("migrations"), [""; 0]);
            assert_eq!(owned.tables(), "");
        }
    }
}

#[test]
fn a_push_that_is_ended_or_killed_on_the_way_changes_nothing() {
    let owned = Owned::new("faults_killed", "CREATEDB");
    owned.project.schema(TABLE);
    assert_eq!(owned.project.run(&["push", "--yes"]).code, 0);
    owned.project.execute("INSERT INTO a VALUES (1, 'kept')");
    owned.project.schema(CHANGED);
    let waits = format!("datname = '{}' AND wait_event_type = 'Lock'", owned.database().name);
    for kill in [false, true] {
        let holder = Holder::lock(&owned, "a");
        let mut child = owned.start(&["push", "--yes"]);
        owned.until(&waits);
        if kill {
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None);
        } else {
            owned.terminate(&waits);
            let told = Told::of(child.wait_with_output().unwrap());
            assert_eq!((told.code, told.result.as_str()), (1, ""), "{told:?}");
            assert!(told.talk.contains("terminating connection"), "{told:?}");
            assert_eq!(owned.scratches(), "");
        }
        drop(holder);
        owned.project.execute(&format!(
            "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE usename = '{}') LOOP \
             PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
            owned.role
        ));
        assert_eq!(owned.project.query("SELECT * FROM a"), "1|kept", "kill: {kill}");
        assert_eq!(owned.tables(), "a", "kill: {kill}");
    }
    // What the killed one left is removed by the next run, once it is old enough to be nobody's.
    let left = owned.scratches();
    let (_, number) = left.rsplit_once('_').unwrap();
    let old = format!("dbstudio_scratch_1700000000_{number}");
    owned.project.execute(&format!("ALTER DATABASE {left} RENAME TO {old}"));
    let told = owned.project.run(&["push", "--yes"]);
    assert_eq!((told.code, owned.scratches().as_str()), (0, ""), "{told:?}");
    assert_eq!(owned.project.query("SELECT note, more FROM a"), "kept|");
    assert_eq!(owned.tables(), "a b");
}

#[test]
fn two_pushes_at_once_do_it_once() {
    let owned = Owned::new("faults_twice", "CREATEDB");
    owned.project.schema(TABLE);
    assert_eq!(owned.project.run(&["push", "--yes"]).code, 0);
    owned.project.schema(CHANGED);
    // Both have made their plan, and read the schema, before either can change it.
    let holder = Holder::lock(&owned, "a");
    let children = [(); 2].map(|()| owned.start(&["push", "--yes", "--json"]));
    owned.project.execute(&format!(
        "DO $$ BEGIN WHILE (SELECT count(*) FROM pg_locks l JOIN pg_stat_activity s USING (pid) \
         WHERE NOT l.granted AND s.usename = '{}') < 2 LOOP PERFORM pg_sleep(0.01); \
         PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
        owned.role
    ));
    drop(holder);
    let told = children.map(|child| Told::of(child.wait_with_output().unwrap()));
    let mut codes: Vec<i32> = told.iter().map(|told| told.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{told:?}");
    for told in &told {
        let applied = told.code == 0;
        let json = told.json();
        assert_eq!(json["applied"] == Value::Bool(true), applied, "{told:?}");
        assert_eq!(json["problem"].is_object(), !applied, "{told:?}");
    }
    assert_eq!((owned.tables().as_str(), owned.scratches().as_str()), ("a b", ""));
    assert_eq!(owned.project.run(&["push", "--yes", "--json"]).statements(), [""; 0]);
}

#[test]
fn a_rename_that_nobody_answered_for_is_told_with_the_option_to_type() {
    for project in Project::both() {
        project.schema(TABLE);
        assert_eq!(project.run(&["push", "--yes"]).code, 0);
        project.execute("INSERT INTO a VALUES (1, 'kept')");
        project.schema("CREATE TABLE a (id integer PRIMARY KEY, remark text);\n");
        let told = project.run(&["push", "--yes", "--ack", "all"]);
        assert_eq!((told.code, told.result.as_str()), (4, ""), "{told:?}");
        assert_eq!(project.query("SELECT note FROM a"), "kept");
        let option = told.talk.split_whitespace().find(|word| word.contains("note=")).unwrap();
        let option = option.trim_matches(|letter: char| !letter.is_alphanumeric());
        let told = project.run(&["push", "--yes", "--rename", option]);
        assert_eq!(told.code, 0, "--rename {option}: {told:?}");
        assert_eq!(project.query("SELECT remark FROM a"), "kept");
    }
}

#[test]
fn files_in_a_circle_and_migrations_that_are_none_are_named() {
    let owned = Owned::new("faults_files", "CREATEDB");
    let project = &owned.project;
    fs::create_dir(project.path("schema")).unwrap();
    fs::write(
        project.path("schema/one.sql"),
        "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b);",
    )
    .unwrap();
    fs::write(
        project.path("schema/two.sql"),
        "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);",
    )
    .unwrap();
    let text = fs::read_to_string(project.path("dbstudio.toml")).unwrap();
    fs::write(project.path("dbstudio.toml"), format!("[project]\nschema = \"schema\"\n{text}"))
        .unwrap();
    let told = project.run(&["generate", "--yes"]);
    assert_eq!((told.code, told.result.as_str()), (1, ""), "{told:?}");
    assert!(told.talk.contains("schema/one.sql and schema/two.sql"), "{told:?}");
    fs::write(project.path("schema/two.sql"), "CREATE TABLE b (id int PRIMARY KEY);").unwrap();
    fs::create_dir(project.path("migrations")).unwrap();
    for (files, expected) in [
        (&["0001_a.up.sql", "0001_b.up.sql"][..], "the number 1"),
        (&["first.sql"], "first.sql is no migration"),
        (&["0002_a.down.sql"], "0002_a.down.sql is no migration"),
    ] {
        for file in files {
            fs::write(project.path("migrations").join(file), "SELECT 1;").unwrap();
        }
        let told = project.run(&["generate", "--yes"]);
        assert!(told.code == 2 && told.talk.contains(expected), "{told:?}");
        assert_eq!(project.files("migrations").len(), files.len());
        for file in files {
            fs::remove_file(project.path("migrations").join(file)).unwrap();
        }
    }
    assert_eq!(owned.scratches(), "");
    assert_eq!(project.run(&["generate", "--yes"]).code, 0);
}
