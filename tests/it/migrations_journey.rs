//! Journeys through the migrations of a project on a real terminal, on both engines: reviewed and
//! applied, rolled back, a changed file repaired, a rehearsal that fails and says why, a file
//! opened in the editor.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::journey::{gone, leave, step};
use crate::screen::{Start, Terminal};
use crate::server::{self, TestDatabase, TestFile};

/// The database of a project.
enum Place {
    Sqlite(TestFile),
    Postgres(TestDatabase),
}

impl Place {
    fn both(label: &str) -> [Self; 2] {
        let postgres = server::postgres().create_database(label);
        let sqlite = server::sqlite(label);
        // Opening never makes a database.
        sqlite.execute("PRAGMA user_version = 1; CREATE TABLE kept (a); DROP TABLE kept;");
        [Self::Sqlite(sqlite), Self::Postgres(postgres)]
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => file.url(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// One value.
    fn ask(&self, sql: &str) -> String {
        let answer = match self {
            Self::Sqlite(file) => file.query(sql),
            Self::Postgres(database) => database.psql(sql),
        };
        answer.trim().to_owned()
    }
}

/// A project with two migrations that are not applied.
struct Project {
    folder: TempDir,
    place: Place,
}

impl Project {
    fn new(place: Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("migrations")).unwrap();
        let settings = format!(
            "[project]\nschema = \"schema.sql\"\n\n[environments.local]\nurl = \"{}\"\n\
             protection = \"development\"\n",
            place.url()
        );
        fs::write(folder.path().join("dbstudio.toml"), settings).unwrap();
        let it = Self { folder, place };
        it.write(
            "0001_customers",
            "CREATE TABLE customers (\n    id integer PRIMARY KEY,\n    name text NOT NULL\n);\n",
            "DROP TABLE customers;\n",
        );
        it.write(
            "0002_orders",
            "CREATE TABLE orders (id integer PRIMARY KEY, total integer);\n\
             CREATE INDEX orders_total ON orders (total);\n",
            "DROP TABLE orders;\n",
        );
        it
    }

    fn path(&self, name: &str, way: &str) -> PathBuf {
        self.folder.path().join(format!("migrations/{name}.{way}.sql"))
    }

    fn write(&self, name: &str, up: &str, down: &str) {
        fs::write(self.path(name, "up"), up).unwrap();
        fs::write(self.path(name, "down"), down).unwrap();
        let schema = self.folder.path().join("schema.sql");
        let before = fs::read_to_string(&schema).unwrap_or_default();
        fs::write(schema, format!("{before}{up}")).unwrap();
    }

    fn studio(&self) -> Terminal {
        let editor = "printf -- '-- written in the editor\\n' >>";
        let folder: &Path = self.folder.path();
        let start = Start::studio(&["-e", "local"]).folder(folder).size(120, 36);
        start.variable("EDITOR", editor).variable("VISUAL", "").spawn()
    }
}

#[test]
fn reviewed_applied_and_rolled_back() {
    for place in Place::both("migrations") {
        let project = Project::new(place);
        let mut it = project.studio();
        it.wait_for_text("? help");
        step(&mut it, "3", "2 pending");
        it.wait_for_text("no history table yet");
        step(&mut it, "gg", "CREATE TABLE customers");

        step(&mut it, "a", "Apply 2 migrations to");
        step(&mut it, "a", "Apply 2 migrations?");
        step(&mut it, "y", "Applied 2 migrations in");
        step(&mut it, "<enter>", "2 applied");
        assert_eq!(project.place.ask("SELECT count(*) FROM orders"), "0");
        assert_eq!(project.place.ask("SELECT count(*) FROM _sqlx_migrations"), "2");

        step(&mut it, "s", "+ table");
        step(&mut it, "b", "Roll back 0002_orders");
        it.wait_for_text("DROP TABLE orders");
        step(&mut it, "a", "Roll back 0002_orders?");
        step(&mut it, "y", "Taken back 1 migration");
        step(&mut it, "<enter>", "1 pending");
        assert_eq!(project.place.ask("SELECT count(*) FROM _sqlx_migrations"), "1");
        leave(it);
    }
}

#[test]
fn a_changed_file_is_repaired() {
    for place in Place::both("repaired") {
        let project = Project::new(place);
        let mut it = project.studio();
        it.wait_for_text("? help");
        step(&mut it, "3", "2 pending");
        step(&mut it, "a", "Apply 2 migrations to");
        step(&mut it, "a", "Apply 2 migrations?");
        step(&mut it, "y", "Applied 2 migrations in");
        step(&mut it, "<enter>", "2 applied");

        // The editor has the terminal and gives it back; what it wrote is read.
        step(&mut it, "gg", "0001_customers ─");
        step(&mut it, "E", "written in the editor");
        it.wait_for_text("1 changed");
        step(&mut it, "t", "+ -- written in the editor");
        step(&mut it, "a", "has changed since it was applied");
        step(&mut it, "<enter>f", "Why is the new text what was applied?");
        step(&mut it, "only a comment<enter>", "remembers of its migrations");
        step(&mut it, "a", "Write of 0001_customers");
        step(&mut it, "y", "2 applied");
        gone(&mut it, "", "1 changed");
        leave(it);
    }
}

#[test]
fn a_rehearsal_that_fails_says_why() {
    for place in Place::both("rehearsed") {
        let project = Project::new(place);
        project.write("0003_broken", "SELECT 1;\nALTER TABLE nowhere ADD COLUMN a text;\n", "");
        let mut it = project.studio();
        it.wait_for_text("? help");
        step(&mut it, "3", "3 pending");
        step(&mut it, "r", "The rehearsal failed");
        it.wait_for_text("0003_broken fails");
        it.wait_for_text("nowhere");
        step(&mut it, "<enter>", "3 pending");
        leave(it);
    }
}
