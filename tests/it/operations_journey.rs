//! Operations on a real terminal, on both engines: a first set-up from nothing, a guided reset that
//! production refuses and development does, a backup brought back, and work that Escape truly stops.

use std::fs;

use crate::journey::{gone, leave, step};
use crate::screen::{Start, Terminal};
use crate::server;
use crate::verbs::{Database, Project};

const SCHEMA: &str = "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL);\n";

fn studio(project: &Project) -> Terminal {
    let it = Start::studio(&[]).folder(project.folder.path()).size(120, 36).spawn();
    it.wait_for_text("? help");
    it
}

/// From an empty folder to a database that is set up; `open` opens an empty one.
fn set_up(open: impl FnOnce(&mut Terminal)) {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Start::studio(&[]).folder(folder.path()).size(120, 36).spawn();
    it.wait_for_text("start a project in this folder");
    step(&mut it, "i", "Made dbstudio.toml");
    fs::write(folder.path().join("schema.sql"), SCHEMA).unwrap();
    open(&mut it);
    it.wait_for_text("There is no table yet");
    step(&mut it, "W", "→ Set the database up for the first time");
    step(&mut it, "<enter>", "w write");
    it.wait_for_text("CREATE TABLE");
    step(&mut it, "w", "Name of the migration");
    step(&mut it, "<enter>", "a apply");
    step(&mut it, "a", "It runs on");
    step(&mut it, "y", "Applied 1 migration in");
    gone(&mut it, "<enter>", "Applied 1 migration in");
    step(&mut it, "1", "customers");
    leave(it);
    let written = fs::read_dir(folder.path().join("migrations")).unwrap().count();
    assert_eq!(written, 2);
}

#[test]
fn a_first_setup_from_nothing_on_sqlite() {
    set_up(|it| {
        // The project's own database is not there yet: it is made when somebody says so.
        step(it, "<enter>", "There is no file");
        it.wait_for_text("n make it, empty");
        it.keys("n");
    });
}

#[test]
fn a_first_setup_from_nothing_on_postgresql() {
    let database = server::postgres().create_database("first");
    set_up(|it| {
        step(it, "u", "Open a database");
        it.keys(&format!("{}<enter>", database.url()));
    });
    assert_eq!(database.psql("SELECT count(*) FROM customers").trim(), "0");
}

/// A project whose database has its table, with rows and a seed.
fn filled() -> [Project; 2] {
    let both = Project::both();
    for project in &both {
        project.schema(SCHEMA);
        fs::create_dir(project.path("seeds")).unwrap();
        fs::write(project.path("seeds/1.sql"), "INSERT INTO customers VALUES (1, 'Ada');\n")
            .unwrap();
        assert_eq!(project.run(&["generate", "--yes"]).code, 0);
        assert_eq!(project.run(&["migrate", "--yes"]).code, 0);
        project.execute("INSERT INTO customers VALUES (7, 'old'), (8, 'older')");
    }
    both
}

#[test]
fn a_guided_reset_is_refused_on_production_and_done_in_development() {
    for project in filled() {
        project.configure("protection = \"production\"", "");
        let mut it = studio(&project);
        step(&mut it, "WG", "Refused on production");
        step(&mut it, "<enter>", "This database is not reset");
        it.wait_for_text("It is production");
        it.wait_for_text("Name a development or staging database");
        it.keys("<enter>");
        leave(it);
        assert_eq!(project.query("SELECT count(*) FROM customers"), "2");
        // What was met as production stays that: another database is a development one.
    }
    for project in filled() {
        let mut it = studio(&project);
        step(&mut it, "WG", "Start afresh");
        step(&mut it, "<enter>", "Drop everything in");
        it.wait_for_text("2 rows");
        step(&mut it, "a", "2 open");
        step(&mut it, "b", "was made and verified");
        step(&mut it, "<enter><space>", "all hold");
        assert_eq!(project.query("SELECT count(*) FROM customers"), "2");
        step(&mut it, "<enter>", "3 of 5: apply the migrations");
        it.wait_for_text("a apply");
        step(&mut it, "a", "It runs on");
        step(&mut it, "y", "4 of 5: put the seeds in");
        it.wait_for_text("a seed");
        step(&mut it, "a", "all hold");
        step(&mut it, "<enter>", "Dropped everything in");
        it.wait_for_text("1 statement");
        gone(&mut it, "<enter>", "Dropped everything in");
        leave(it);
        assert_eq!(project.query("SELECT name FROM customers"), "Ada");
    }
}

#[test]
fn a_backup_is_brought_back() {
    for project in filled() {
        let mut it = studio(&project);
        step(&mut it, ":make a backup<enter>", "newest so far");
        step(&mut it, "a", "Verified: ");
        project.execute("DELETE FROM customers");
        it.keys("<enter>");
        step(&mut it, ":restore one<enter>", "look at a restore");
        step(&mut it, "<enter>", "takes the place of");
        step(&mut it, "a", "It runs on");
        step(&mut it, "y", "What was there is now");
        step(&mut it, "<enter>", "? help");
        step(&mut it, "/customers<enter><enter>", "older");
        leave(it);
        assert_eq!(project.query("SELECT count(*) FROM customers"), "2");
        if let Database::Postgres(database) = &project.database {
            let left = "SELECT datname FROM pg_database WHERE datname LIKE '%_before_%'";
            for name in
                database.psql(left).split_whitespace().filter(|it| it.starts_with(&database.name))
            {
                database.psql(&format!("DROP DATABASE \"{name}\""));
            }
        }
    }
}

#[test]
fn escape_stops_what_runs_and_nothing_of_it_stays() {
    for project in filled() {
        project.execute("DELETE FROM customers");
        let mut it = studio(&project);
        step(&mut it, ":make sample rows<enter>", "How many rows");
        it.keys("<backspace><backspace><backspace>");
        step(&mut it, "5000000<enter>", "5,000,000 rows");
        step(&mut it, "a", "all hold");
        step(&mut it, "<enter>", "customers: ");
        it.wait_for_text("esc stop");
        step(&mut it, "<esc>", "nothing was changed");
        it.keys("<enter>");
        leave(it);
        assert_eq!(project.query("SELECT count(*) FROM customers"), "0");
    }
}
