//! Taking turns with the tools themselves: sqlx-cli, dbmate and drizzle-kit work on one folder and
//! one database with dbstudio, on both engines, and each takes what the other wrote for its own.
//!
//! They run when `DBSTUDIO_TEST_TOOLS` names a folder that was filled with the tools:
//!
//! ```text
//! cargo install sqlx-cli --version 0.9.0 --no-default-features --features postgres,sqlite,rustls --root FOLDER/sqlx
//! cd FOLDER/v0 && npm install drizzle-kit@0.31.11 drizzle-orm@0.45 pg better-sqlite3 dbmate@2.36.0
//! cd FOLDER/v1 && npm install drizzle-kit@1.0.0-rc.5 drizzle-orm@1.0.0-rc.5 pg better-sqlite3
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::verbs::{Database, Project, Told};

/// The folder with the tools, if they are to be run.
fn tools() -> Option<PathBuf> {
    std::env::var_os("DBSTUDIO_TEST_TOOLS").map(PathBuf::from)
}

/// A tool in a project.
struct Tool<'a> {
    project: &'a Project,
    program: PathBuf,
}

impl Tool<'_> {
    fn run(&self, arguments: &[&str]) -> Told {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.project.folder.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.project.path("home")).env("DATABASE_URL", self.url());
        Told::of(command.output().unwrap_or_else(|why| panic!("{:?}: {why}", self.program)))
    }

    fn done(&self, arguments: &[&str]) -> Told {
        let told = self.run(arguments);
        assert_eq!(told.code, 0, "{:?} {arguments:?}: {told:?}", self.program);
        told
    }

    fn url(&self) -> String {
        match &self.project.database {
            Database::Postgres(database) => format!("{}?sslmode=disable", database.url()),
            Database::Sqlite(file) => file.url().replace("sqlite://", "sqlite:"),
        }
    }
}

fn done(project: &Project, arguments: &[&str]) -> Told {
    let told = project.run(arguments);
    assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
    told
}

/// How many are applied and how many are not simply that, as we see it.
fn standing(project: &Project) -> (u64, usize) {
    let json = done(project, &["status", "--json"]).json();
    let others = json["migrations"]["others"].as_array().unwrap().len();
    (json["migrations"]["applied"].as_u64().unwrap(), others)
}

fn write(project: &Project, name: &str, text: &str) {
    let path = project.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn sqlx_and_dbstudio_take_turns() {
    let Some(tools) = tools() else { return };
    for ours_first in [true, false] {
        for project in Project::both() {
            for number in 1..=4 {
                let up = format!("CREATE TABLE t{number} (id integer);\r\n");
                write(&project, &format!("migrations/000{number}_t_{number}.up.sql"), &up);
                let down = format!("DROP TABLE t{number};\n");
                write(&project, &format!("migrations/000{number}_t_{number}.down.sql"), &down);
            }
            let sqlx = Tool { project: &project, program: tools.join("sqlx/bin/sqlx") };
            if ours_first {
                done(&project, &["migrate", "--to", "1", "--yes"]);
                sqlx.done(&["migrate", "run", "--target-version", "2"]);
            } else {
                sqlx.done(&["migrate", "run", "--target-version", "1"]);
                done(&project, &["migrate", "--to", "2", "--yes"]);
            }
            assert_eq!(standing(&project), (2, 2));
            done(&project, &["migrate", "--to", "3", "--yes"]);
            sqlx.done(&["migrate", "run"]);
            assert_eq!(standing(&project), (4, 0));
            let info = sqlx.done(&["migrate", "info"]);
            assert_eq!(info.result.matches("/installed").count(), 4, "{info:?}");
            assert!(!info.result.contains("different"), "{info:?}");
            sqlx.done(&["migrate", "revert"]);
            assert_eq!(standing(&project), (3, 1));
            done(&project, &["rollback", "--yes"]);
            assert_eq!(standing(&project), (2, 2));
            sqlx.done(&["migrate", "run"]);
            assert_eq!(standing(&project), (4, 0));
            assert_eq!(project.query("SELECT count(*) FROM t4"), "0");
        }
    }
}

#[test]
fn sqlx_takes_a_baseline_and_a_repair_for_its_own() {
    let Some(tools) = tools() else { return };
    for project in Project::both() {
        write(&project, "migrations/1_a.sql", "CREATE TABLE a (id integer);\n");
        project.execute("CREATE TABLE a (id integer)");
        done(&project, &["baseline", "--yes"]);
        let sqlx = Tool { project: &project, program: tools.join("sqlx/bin/sqlx") };
        sqlx.done(&["migrate", "run"]);
        write(&project, "migrations/1_a.sql", "CREATE TABLE a (id  integer);\n");
        assert_ne!(sqlx.run(&["migrate", "run"]).code, 0);
        done(&project, &["repair", "--accept", "1", "--reason", "a space more", "--yes"]);
        sqlx.done(&["migrate", "run"]);
    }
}

#[test]
fn dbmate_and_dbstudio_take_turns() {
    let Some(tools) = tools() else { return };
    for ours_first in [true, false] {
        for project in Project::both() {
            let dbmate =
                Tool { project: &project, program: tools.join("v0/node_modules/.bin/dbmate") };
            let run = |what: &str| {
                dbmate.done(&["--migrations-dir", "migrations", "--no-dump-schema", what])
            };
            let add = |number: u32| {
                let text = format!(
                    "-- migrate:up\nCREATE TABLE t{number} (id integer);\n\n-- migrate:down\n\
                     DROP TABLE t{number};\n"
                );
                write(&project, &format!("migrations/2026010{number}_t.sql"), &text);
            };
            let ours = || drop(done(&project, &["migrate", "--yes"]));
            let theirs = || drop(run("migrate"));
            add(1);
            if ours_first {
                ours()
            } else {
                theirs()
            }
            add(2);
            if ours_first {
                theirs()
            } else {
                ours()
            }
            assert_eq!(standing(&project), (2, 0));
            assert!(run("status").result.contains("Pending: 0"));
            run("rollback");
            assert_eq!(standing(&project), (1, 1));
            ours();
            assert!(run("status").result.contains("Pending: 0"));
            done(&project, &["rollback", "--yes"]);
            theirs();
            assert_eq!(standing(&project), (2, 0));
        }
    }
}

/// A Drizzle project with the tool's own packages.
fn drizzle(project: &Project, tools: &Path, version: &str) {
    let modules = tools.join(version).join("node_modules");
    std::os::unix::fs::symlink(modules, project.path("node_modules")).unwrap();
    let (dialect, url) = match &project.database {
        Database::Postgres(database) => ("postgresql", database.url()),
        Database::Sqlite(file) => ("sqlite", file.url().replace("sqlite://", "")),
    };
    let config = format!(
        "export default {{ dialect: '{dialect}', schema: './schema.ts', out: './drizzle', \
         dbCredentials: {{ url: '{url}' }} }};\n"
    );
    write(project, "drizzle.config.ts", &config);
    let settings = "[project]\nmigrations = \"drizzle\"\n\
                    generate = \"node_modules/.bin/drizzle-kit generate\"";
    project.configure("protection = \"development\"", settings);
}

/// The schema with this many tables.
fn tables(project: &Project, count: u32) {
    let (module, table) = match &project.database {
        Database::Postgres(_) => ("pg-core", "pgTable"),
        Database::Sqlite(_) => ("sqlite-core", "sqliteTable"),
    };
    let mut text = format!("import {{ {table}, integer, text }} from 'drizzle-orm/{module}';\n");
    for number in 1..=count {
        text.push_str(&format!(
            "export const t{number} = {table}('t{number}', {{ id: integer().primaryKey(), \
             name: text() }});\n"
        ));
    }
    write(project, "schema.ts", &text);
}

/// A schema with a reference and an index; `more` are further columns of the customers.
fn shop(project: &Project, more: &str) {
    let (module, table) = match &project.database {
        Database::Postgres(_) => ("pg-core", "pgTable"),
        Database::Sqlite(_) => ("sqlite-core", "sqliteTable"),
    };
    let text = format!(
        "import {{ {table}, integer, text, index }} from 'drizzle-orm/{module}';\n\
         export const customers = {table}('customers', {{ id: integer().primaryKey(), \
         name: text().notNull(){more} }});\n\
         export const orders = {table}('orders', {{ id: integer().primaryKey(), \
         customer: integer().notNull().references(() => customers.id, {{ onDelete: 'cascade' }}) }}, \
         (own) => [index('orders_customer').on(own.customer)]);\n"
    );
    write(project, "schema.ts", &text);
}

/// Adds a table to the schema there is.
fn tables_of_more(project: &Project) {
    let text = fs::read_to_string(project.path("schema.ts")).unwrap();
    let table = if text.contains("pgTable") { "pgTable" } else { "sqliteTable" };
    let more =
        format!("export const notes = {table}('notes', {{ id: integer().primaryKey() }});\n");
    write(project, "schema.ts", &format!("{text}{more}"));
}

/// How many rows the tool's history has.
fn rows(project: &Project) -> String {
    let table = match &project.database {
        Database::Postgres(_) => "drizzle.__drizzle_migrations",
        Database::Sqlite(_) => "__drizzle_migrations",
    };
    project.query(&format!("SELECT count(*) FROM {table}"))
}

#[test]
fn drizzle_kit_and_dbstudio_take_turns() {
    let Some(tools) = tools() else { return };
    for version in ["v0", "v1"] {
        for ours_first in [true, false] {
            for project in Project::both() {
                drizzle(&project, &tools, version);
                let program = project.path("node_modules/.bin/drizzle-kit");
                let kit = Tool { project: &project, program };
                let theirs = || drop(kit.done(&["migrate"]));
                let ours = || drop(done(&project, &["migrate", "--yes"]));
                for count in 1..=4 {
                    tables(&project, count);
                    let told = done(&project, &["generate", "--yes"]);
                    assert!(told.result.contains("nothing hazardous"), "{told:?}");
                    let is_ours = (count % 2 == 1) == ours_first;
                    if is_ours {
                        ours()
                    } else {
                        theirs()
                    }
                    assert_eq!(standing(&project), (u64::from(count), 0), "{version}");
                    assert_eq!(rows(&project), count.to_string(), "{version}");
                }
                theirs();
                ours();
                kit.done(&["check"]);
                assert_eq!(rows(&project), "4");
            }
        }
    }
}

#[test]
fn a_history_of_older_drizzle_kit_is_brought_up_as_the_newer_one_does() {
    let Some(tools) = tools() else { return };
    for ours_first in [true, false] {
        for project in Project::both() {
            drizzle(&project, &tools, "v0");
            let program = project.path("node_modules/.bin/drizzle-kit");
            let kit = Tool { project: &project, program };
            tables(&project, 1);
            done(&project, &["generate", "--yes"]);
            kit.done(&["migrate"]);
            fs::remove_file(project.path("node_modules")).unwrap();
            let newer = tools.join("v1/node_modules");
            std::os::unix::fs::symlink(newer, project.path("node_modules")).unwrap();
            kit.done(&["up"]);
            assert_eq!(standing(&project), (1, 0));
            tables(&project, 2);
            done(&project, &["generate", "--yes"]);
            if ours_first {
                done(&project, &["migrate", "--yes"]);
                kit.done(&["migrate"]);
            } else {
                kit.done(&["migrate"]);
                done(&project, &["migrate", "--yes"]);
            }
            assert_eq!((standing(&project), rows(&project).as_str()), ((2, 0), "2"));
        }
    }
}

#[test]
fn a_drizzle_project_is_reviewed_rehearsed_applied_and_verified() {
    let Some(tools) = tools() else { return };
    for version in ["v0", "v1"] {
        for project in Project::both() {
            drizzle(&project, &tools, version);
            let program = project.path("node_modules/.bin/drizzle-kit");
            let kit = Tool { project: &project, program };
            shop(&project, "");
            kit.done(&["generate"]);
            kit.done(&["migrate"]);
            project.execute("INSERT INTO customers (id, name) VALUES (1, 'ada')");
            project.execute("INSERT INTO orders (id, customer) VALUES (1, 1)");
            // What waits is the tool's own: a column, an index and a table more.
            shop(&project, ", email: text().unique()");
            tables_of_more(&project);
            kit.done(&["generate"]);
            assert_eq!(standing(&project), (1, 1), "{version}");
            let json = project.run(&["review", "--json"]).json();
            assert_eq!(json["migrations"].as_array().map(Vec::len), Some(1), "{version}: {json}");
            let json = done(&project, &["rehearse", "--json"]).json();
            assert_eq!(json["passed"], true, "{version}: {json}");
            done(&project, &["migrate", "--yes"]);
            assert_eq!(standing(&project), (2, 0), "{version}");
            done(&project, &["drift"]);
            assert_eq!(rows(&project), "2", "{version}");
            assert_eq!(project.query("SELECT count(*) FROM orders WHERE customer = 1"), "1");
            assert_eq!(project.query("SELECT count(email) FROM customers"), "0");
            // The tool finds nothing to do, and nothing wrong.
            kit.done(&["migrate"]);
            kit.done(&["check"]);
            assert_eq!(rows(&project), "2", "{version}");
            let said = kit.done(&["generate"]);
            let said = format!("{}{}", said.result, said.talk);
            assert!(said.contains("No schema changes"), "{version}: {said}");
        }
    }
}
