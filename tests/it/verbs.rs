//! `generate`, `push`, `pull` and `diff` as scripts meet them: the real binary on both engines,
//! what it writes where, its exit codes, and that nothing is written that nobody said yes to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::server::{self, TestDatabase, TestFile};

/// A project in a folder of its own, on a database of either engine.
pub struct Project {
    pub folder: tempfile::TempDir,
    pub database: Database,
}

pub enum Database {
    Postgres(TestDatabase),
    Sqlite(TestFile),
}

pub struct Told {
    pub code: i32,
    pub result: String,
    pub talk: String,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n{}\n{}", self.code, self.result, self.talk)
    }
}

impl Told {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the program ends by itself"),
            result: String::from_utf8(output.stdout).unwrap(),
            talk: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.result).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    pub fn statements(&self) -> Vec<String> {
        let json = self.json();
        let all = json["statements"].as_array().unwrap_or_else(|| panic!("{self:?}"));
        all.iter().map(|one| one["sql"].as_str().unwrap().to_owned()).collect()
    }
}

impl Project {
    /// One project on each engine.
    pub fn both() -> [Self; 2] {
        let sqlite = server::sqlite("verbs");
        sqlite.execute("VACUUM");
        [
            Self::new(Database::Postgres(server::postgres().create_database("verbs"))),
            Self::new(Database::Sqlite(sqlite)),
        ]
    }

    pub fn new(database: Database) -> Self {
        let folder = tempfile::Builder::new().prefix("dbstudio-").tempdir().unwrap();
        let project = Self { folder, database };
        project.configure("protection = \"development\"", "");
        project
    }

    pub fn configure(&self, environment: &str, project: &str) {
        let url = match &self.database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        let text =
            format!("{project}\n[environments.development]\nurl = \"{url}\"\n{environment}\n");
        fs::write(self.path("dbstudio.toml"), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn schema(&self, text: &str) {
        fs::write(self.path("schema.sql"), text).unwrap();
    }

    pub fn execute(&self, sql: &str) {
        match &self.database {
            Database::Postgres(database) => drop(database.psql(sql)),
            Database::Sqlite(file) => file.execute(sql),
        }
    }

    pub fn query(&self, sql: &str) -> String {
        match &self.database {
            Database::Postgres(database) => database.psql(sql).trim().to_owned(),
            Database::Sqlite(file) => file.query(sql).trim().to_owned(),
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dbstudio"));
        let home = self.path("home");
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join("config"));
        command.env("XDG_STATE_HOME", home.join("state"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Told {
        Told::of(self.command(arguments).output().unwrap())
    }

    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.path(folder), &self.path(folder), &mut found);
        found.sort();
        found
    }
}

fn collect(folder: &Path, below: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, below, found);
        } else {
            found.push(path.strip_prefix(below).unwrap().display().to_string());
        }
    }
}

const FIRST: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);\n";
const SECOND: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, born text);
CREATE TABLE orders (id integer PRIMARY KEY, buyer integer REFERENCES users (id));\n";

#[test]
fn generate_writes_what_is_missing_both_ways_and_then_nothing() {
    for project in Project::both() {
        project.schema(FIRST);
        let told = project.run(&["generate"]);
        assert_eq!((told.code, told.result.as_str()), (4, ""), "{told:?}");
        assert!(told.talk.contains("CREATE TABLE") && told.talk.contains("--yes"), "{told:?}");
        assert_eq!(project.files("migrations"), [""; 0]);
        assert_eq!(project.run(&["generate", "--check"]).code, 3);
        let told = project.run(&["generate", "--yes"]);
        assert_eq!(told.code, 0, "{told:?}");
        let first = ["0001_create_users.down.sql", "0001_create_users.up.sql"];
        assert_eq!(project.files("migrations"), first);
        let told = project.run(&["generate", "--yes"]);
        assert!(told.code == 0 && told.result.contains("Nothing to do"), "{told:?}");
        assert_eq!(project.run(&["generate", "--check"]).code, 0);
        project.schema(SECOND);
        let told = project.run(&["generate", "people and orders", "--yes", "--json"]);
        assert_eq!(told.json()["migrations"][0]["name"], "0002_people_and_orders", "{told:?}");
        let down = project.path("migrations/0002_people_and_orders.down.sql");
        let down = fs::read_to_string(down).unwrap();
        assert!(down.contains("-- Takes back 0002_people_and_orders."), "{down}");
        assert_eq!(project.run(&["generate", "--check"]).code, 0);
        let told = project.run(&["generate", "--empty", "by hand", "--yes"]);
        assert!(told.result.contains("0003_by_hand.up.sql"), "{told:?}");
        let told = project.run(&["diff", "migrations", "schema", "--json"]);
        assert_eq!(told.statements(), [""; 0], "{told:?}");
        let told = project.run(&["diff", "schema", "database"]);
        assert!(told.result.contains("DROP TABLE"), "{told:?}");
    }
}

#[test]
fn push_keeps_rows_asks_for_renames_and_says_what_is_lost() {
    for project in Project::both() {
        project.schema(FIRST);
        let told = project.run(&["push"]);
        assert_eq!((told.code, told.result.as_str()), (4, ""), "{told:?}");
        let told = project.run(&["push", "--yes", "--json"]);
        assert_eq!((told.code, &told.json()["applied"]), (0, &Value::Bool(true)), "{told:?}");
        project.execute("INSERT INTO users VALUES (1, 'Ada')");
        project.schema("CREATE TABLE users (id integer PRIMARY KEY, full_name text NOT NULL);\n");
        let told = project.run(&["push", "--yes"]);
        assert_eq!(told.code, 4, "{told:?}");
        assert!(told.talk.contains("--no-renames") && told.talk.contains("--rename"), "{told:?}");
        let told = project.run(&["push", "--yes", "--rename", "users.name=full_name"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query("SELECT full_name FROM users"), "Ada");
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        let told = project.run(&["push", "--yes"]);
        assert_eq!((told.code, told.result.as_str()), (4, ""), "{told:?}");
        assert!(told.talk.contains("1 value"), "{told:?}");
        assert_eq!(project.query("SELECT full_name FROM users"), "Ada");
        let told = project.run(&["push", "--dry-run", "--json"]);
        assert_eq!(told.json()["applied"], false, "{told:?}");
        let told = project.run(&["push", "--yes", "--ack", "nonsense"]);
        assert_eq!(told.code, 2, "{told:?}");
        let told =
            project.run(&["push", "--yes", "--ack", "no-important-data=test,can-afford-the-loss"]);
        assert_eq!(told.code, 0, "{told:?}");
        let told = project.run(&["push", "--yes", "--json"]);
        assert_eq!(told.statements(), [""; 0]);
    }
}

#[test]
fn push_makes_a_sqlite_file_that_is_not_there_once_somebody_said_yes() {
    let project = Project::new(Database::Sqlite(server::sqlite("new")));
    let Database::Sqlite(file) = &project.database else { panic!() };
    project.schema(FIRST);
    assert_eq!(project.run(&["push"]).code, 4);
    assert_eq!(project.run(&["push", "--dry-run"]).code, 0);
    assert!(!file.path.exists());
    let told = project.run(&["push", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(file.query("SELECT count(*) FROM users"), "0\n");
}

#[test]
fn push_is_for_development_alone() {
    for project in Project::both() {
        project.schema(FIRST);
        for (environment, arguments) in [
            ("protection = \"staging\"", &["push", "--yes", "--ack", "all"][..]),
            ("protection = \"production\"", &["push", "--yes", "--ack", "all"]),
            ("protection = \"development\"", &["push", "--yes", "--read-only"]),
        ] {
            project.configure(environment, "");
            let told = project.run(arguments);
            assert_eq!(told.code, 4, "{environment}: {told:?}");
        }
    }
}

#[test]
fn the_history_of_migrations_is_left_alone() {
    for project in Project::both() {
        project.execute("CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY)");
        project.schema(FIRST);
        let told = project.run(&["push", "--yes", "--no-renames", "--ack", "all"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM _sqlx_migrations"), "0");
    }
}

#[test]
fn pull_writes_what_makes_the_same_schema() {
    for project in Project::both() {
        project.execute(SECOND);
        let told = project.run(&["pull"]);
        assert_eq!(told.code, 4, "{told:?}");
        assert!(!project.path("schema.sql").exists());
        assert_eq!(project.run(&["pull", "--yes"]).code, 0);
        assert_eq!(project.run(&["diff", "--json"]).statements(), [""; 0]);
        assert!(project.run(&["pull"]).result.contains("Nothing to do"));
        project.schema("-- mine");
        let told = project.run(&["pull"]);
        assert!(told.code == 4 && told.talk.contains("replace"), "{told:?}");
        assert_eq!(fs::read_to_string(project.path("schema.sql")).unwrap(), "-- mine");
        let told = project.run(&["pull", "--split", "--out", "all", "--yes"]);
        assert_eq!(told.code, 0, "{told:?}");
        let files = project.files("all");
        assert!(files.iter().any(|name| name.ends_with("orders.sql")), "{files:?}");
        assert_eq!(project.run(&["diff", "database", "all", "--json"]).statements(), [""; 0]);
        let told = project.run(&["pull", "--out", "-"]);
        assert!(told.result.contains("CREATE TABLE"), "{told:?}");
    }
}

#[test]
fn mistakes_are_told_and_nothing_is_left() {
    for project in Project::both() {
        for (schema, configured, expected) in [
            ("CREATE TABLE t (id integer;\n", "", "schema.sql, line 1"),
            ("", "[project]\nschema = \"missing\"", "missing"),
            ("", "[project]\nschema = { command = \"echo oops >&2; exit 7\" }", "oops"),
            ("", "[project]\nschema = { command = \"true\" }", "printed nothing"),
            (FIRST, "[hazards]\nno-such-rule = \"warn\"", "no-such-rule"),
        ] {
            project.schema(schema);
            project.configure("protection = \"development\"", configured);
            let told = project.run(&["generate", "--yes"]);
            assert!(told.code > 0 && told.talk.contains(expected), "{configured}: {told:?}");
            assert_eq!(project.files("migrations"), [""; 0]);
        }
        project.configure("protection = \"development\"", "");
        project.schema(FIRST);
        fs::create_dir_all(project.path("migrations")).unwrap();
        fs::write(project.path("migrations/0001_a.sql"), "CREATE TABLE a (id int);\nCREATE x;")
            .unwrap();
        let told = project.run(&["generate", "--yes"]);
        assert!(told.code == 1 && told.talk.contains("0001_a.sql, line 2"), "{told:?}");
        assert_eq!(project.files("migrations"), ["0001_a.sql"]);
    }
}

#[test]
fn a_hazard_can_be_refused() {
    for project in Project::both() {
        project.execute(SECOND);
        project.schema(FIRST);
        project.configure("protection = \"development\"", "[hazards]\ndrop-table = \"refuse\"");
        let told = project.run(&["push", "--yes", "--no-renames", "--ack", "all"]);
        assert!(told.code == 4 && told.talk.contains("drop-table"), "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM orders"), "0");
    }
}

#[test]
fn a_killed_or_interrupted_run_leaves_no_scratch_database_for_long() {
    let database = server::postgres().create_database("killed");
    database.psql("CREATE ROLE verbs_killed LOGIN CREATEDB");
    let project = Project::new(Database::Postgres(database));
    let text = fs::read_to_string(project.path("dbstudio.toml")).unwrap();
    fs::write(
        project.path("dbstudio.toml"),
        text.replace("postgres://postgres@", "postgres://verbs_killed@"),
    )
    .unwrap();
    project.schema("CREATE TABLE t (id int); SELECT pg_sleep(600);");
    let scratches = "SELECT count(*) FROM pg_database WHERE datname LIKE 'dbstudio_scratch_%' AND \
                     pg_get_userbyid(datdba) = 'verbs_killed'";
    let sleeping = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE \
                    '%SELECT pg_sleep(600)%' AND state = 'active' AND usename = 'verbs_killed') LOOP \
                    PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$";
    // The schema and the migrations are each made in one.
    for (signal, left) in [("-INT", "0"), ("-KILL", "2")] {
        let mut child = project
            .command(&["generate", "--yes"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        project.execute(sleeping);
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = child.wait().unwrap();
        assert_eq!(status.code(), (signal == "-INT").then_some(130));
        assert_eq!(project.query(scratches), left, "{signal}");
    }
}
