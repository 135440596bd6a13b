//! `migrate` as scripts meet it: the real binary on both engines, what it writes in the database,
//! what it refuses, and what it says of a file that does not run.

use std::collections::BTreeSet;
use std::fs;

use dbstudio::ops::migrate::open_at;

use crate::cli::{documented_keys, keys};
use crate::migrate_faults::problem;
use crate::server;
use crate::verbs::{Database, Project, Told};

impl Project {
    pub fn migration(&self, name: &str, text: &str) {
        let path = self.path("migrations").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    pub fn ledger(&self, table: &str) -> String {
        if self.is_sqlite() { format!("_dbstudio_{table}") } else { format!("dbstudio.{table}") }
    }

    pub fn applied(&self) -> String {
        let sql = "SELECT CAST(version AS text) FROM _sqlx_migrations ORDER BY version";
        self.query(sql).replace('\n', " ")
    }

    pub fn sqlite() -> Self {
        let [_, sqlite] = Self::both();
        sqlite
    }

    pub fn postgres() -> Self {
        Self::new(Database::Postgres(server::postgres().create_database("migrate")))
    }

    #[track_caller]
    pub fn succeeds(&self, arguments: &[&str]) -> Told {
        let told = self.run(arguments);
        assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
        told
    }

    #[track_caller]
    pub fn fails(&self, arguments: &[&str], code: i32, words: &[&str]) -> Told {
        let told = self.run(arguments);
        assert_eq!(told.code, code, "{arguments:?}: {told:?}");
        for expected in words {
            assert!(told.talk.contains(expected), "{expected} in {told:?}");
        }
        told
    }
}

const TABLE: &str = "CREATE TABLE a (id integer PRIMARY KEY, note text);\n";

#[test]
fn what_is_pending_is_applied_once_and_written_down() {
    for project in Project::both() {
        project.migration("0001_a.up.sql", TABLE);
        project.migration("0001_a.down.sql", "DROP TABLE a;\n");
        project.migration("0002_rows.sql", "INSERT INTO a VALUES (1, 'x;y');\n-- end\n");
        let told = project.succeeds(&["migrate", "--dry-run"]);
        assert!(told.result.contains("INSERT INTO a VALUES (1, 'x;y')\n;"), "{told:?}");
        project.fails(&["migrate"], 4, &["no terminal", "--yes"]);
        let told = project.succeeds(&["migrate", "--yes"]);
        assert_eq!(told.result, "applied 0001_a\napplied 0002_rows\n");
        assert_eq!(project.applied(), "1 2");
        assert_eq!(project.query("SELECT note FROM a"), "x;y");
        let operations = project.ledger("operations");
        let sql =
            format!("SELECT what || ' ' || target || ' ' || outcome FROM {operations} ORDER BY id");
        assert_eq!(project.query(&sql), "migrate 0001_a done\nmigrate 0002_rows done");
        let texts = project.ledger("texts");
        let kept = format!("SELECT up || coalesce(down, '-') FROM {texts} WHERE key = '1'");
        assert_eq!(project.query(&kept), format!("{TABLE}DROP TABLE a;"));
        let told = project.succeeds(&["migrate", "--yes"]);
        assert!(told.result.contains("Nothing to do"), "{told:?}");
        assert_eq!(project.query("SELECT count(*)||'' FROM a"), "1");
        // A push or a diff never sees the ledger.
        project.schema(TABLE);
        let told = project.succeeds(&["push", "--yes"]);
        assert!(told.result.contains("Nothing to do"), "{told:?}");
    }
}

#[test]
fn the_json_has_the_keys_the_readme_lists() {
    for project in Project::both() {
        project.migration("0001_a.up.sql", TABLE);
        project.migration("0001_a.down.sql", "DROP TABLE a;\n");
        let told = project.succeeds(&["migrate", "--yes", "--json"]);
        let mut found = BTreeSet::new();
        keys(&told.json(), "", &mut found);
        let documented = documented_keys("<!-- migrate json -->");
        let unknown: Vec<_> = found.difference(&documented).collect();
        assert!(unknown.is_empty(), "{unknown:?} of {found:?}");
        assert_eq!(told.json()["applied"], true);
        let told = project.succeeds(&["rollback", "--dry-run", "--json"]);
        assert_eq!(told.json()["direction"], "down");
        assert_eq!(told.json()["migrations"][0]["statements"][0]["destroys"], true);
    }
}

#[test]
fn a_file_that_does_not_run_is_told_with_its_place_and_leaves_nothing() {
    for project in Project::both() {
        project.migration("0001_a.sql", TABLE);
        project
            .migration("0002_bad.sql", "INSERT INTO a VALUES (1, 'x');\n\n  SELECT nope FROM a;\n");
        project.migration("0003_b.sql", "CREATE TABLE b (id integer);\n");
        let told = project.fails(
            &["migrate", "--yes"],
            1,
            &[
                "0002_bad.sql, line 3",
                "nope",
                "Nothing of 0002_bad is left",
                "0001_a was applied",
                "2 migrations wait",
            ],
        );
        assert!(told.talk.contains("column"), "{told:?}");
        assert_eq!(
            (project.applied().as_str(), project.query("SELECT count(*)||'' FROM a").as_str()),
            ("1", "0")
        );
        let operations = project.ledger("operations");
        let failed = format!("SELECT outcome FROM {operations} WHERE target = '0002_bad'");
        assert!(project.query(&failed).starts_with("failed: "), "{}", project.query(&failed));
        project.fails(&["migrate", "--yes", "--one-transaction"], 1, &["line 3"]);
        project.migration("0002_bad.sql", "INSERT INTO a VALUES (1, 'x');\n");
        project.succeeds(&["migrate", "--yes"]);
        assert_eq!(project.applied(), "1 2 3");
    }
}

#[test]
fn in_one_transaction_it_is_all_or_nothing_and_to_stops_where_it_says() {
    for project in Project::both() {
        project.migration("0001_a.sql", TABLE);
        project.migration("0002_b.sql", "CREATE TABLE b (id integer);\n");
        project.migration("0003_bad.sql", "INSERT INTO nowhere VALUES (1);\n");
        project.fails(
            &["migrate", "--yes", "--one-transaction"],
            1,
            &["0003_bad.sql, line 1", "Nothing of these 3 migrations is left"],
        );
        assert_eq!(project.applied(), "");
        project.succeeds(&["migrate", "--yes", "--to", "2"]);
        assert_eq!(project.applied(), "1 2");
        project.fails(&["migrate", "--to", "77"], 2, &["no migration 77"]);
        project.migration("0003_bad.sql", "CREATE TABLE c (id integer);\n");
        project.migration("0004_d.sql", "CREATE TABLE d (id integer);\n");
        project.succeeds(&["migrate", "--yes", "--one-transaction"]);
        assert_eq!(project.applied(), "1 2 3 4");
    }
}

#[test]
fn files_of_every_make_run_as_they_are() {
    for project in Project::both() {
        project
            .migration("0001_crlf.sql", "CREATE TABLE a (id integer,\r\n note text);\r\n-- x\r\n");
        project.migration("0002_bom.sql", "\u{feff}INSERT INTO a VALUES (1, 'ä');\n");
        project.migration("0003_empty.sql", "");
        project.migration("0004_own.sql", "BEGIN;\nINSERT INTO a VALUES (2, 'b');\nCOMMIT;\n");
        let told = project.succeeds(&["migrate", "--yes"]);
        assert!(told.talk.contains("0003_empty"), "{told:?}");
        assert_eq!(project.applied(), "1 2 3 4");
        assert_eq!(project.query("SELECT note FROM a ORDER BY id"), "ä\nb");
        project.migration("0005_bytes.sql", "");
        fs::write(project.path("migrations/0005_bytes.sql"), b"SELECT '\xff\xfe';").unwrap();
        let told = project.run(&["migrate", "--yes"]);
        assert!(told.code != 0 && told.talk.contains("UTF-8"), "{told:?}");
    }
}

#[test]
fn what_has_changed_or_is_missing_is_refused() {
    for project in Project::both() {
        project.migration("0001_a.sql", TABLE);
        project.migration("0002_b.sql", "CREATE TABLE b (id integer);\n");
        project.succeeds(&["migrate", "--yes"]);
        project.migration("0003_c.sql", "CREATE TABLE c (id integer);\n");
        project.migration("0001_a.sql", "CREATE TABLE a (id integer);\n");
        project.fails(&["migrate", "--yes"], 4, &["0001_a has changed", "repair"]);
        project.migration("0001_a.sql", TABLE);
        fs::remove_file(project.path("migrations/0002_b.sql")).unwrap();
        project.fails(&["migrate", "--yes"], 4, &["not in the folder", "--ignore-missing"]);
        assert_eq!(project.applied(), "1 2");
        project.succeeds(&["migrate", "--yes", "--ignore-missing"]);
        assert_eq!(project.applied(), "1 2 3");
    }
}

#[test]
fn what_cannot_be_followed_is_refused_before_anything_runs() {
    for project in Project::both() {
        project.migration("0001_a.sql", TABLE);
        for (text, words) in [
            ("INSERT INTO a VALUES (1, 'x');\nCOMMIT;\nSELECT 1;\n", "line 2"),
            ("SELECT 1;\nROLLBACK;\n", "take back"),
        ] {
            project.migration("0002_x.sql", text);
            project.fails(&["migrate", "--yes"], 4, &[words, "0002_x.sql"]);
        }
        let tables = if project.is_sqlite() {
            "SELECT count(*)||'' FROM sqlite_schema WHERE name = 'a'"
        } else {
            "SELECT count(*) FROM pg_class WHERE relname = 'a'"
        };
        assert_eq!(project.query(tables), "0");
    }
    let project = Project::postgres();
    for (text, words) in [
        ("\\connect shop\n", "another program"),
        ("COPY a FROM STDIN;\n1\tx\n\\.\n", "psql"),
        ("CREATE INDEX CONCURRENTLY i ON a (id);\n", "-- no-transaction"),
    ] {
        project.migration("0001_x.sql", text);
        project.fails(&["migrate", "--yes"], 4, &[words, "0001_x.sql, line "]);
    }
}

#[test]
fn on_production_the_name_is_typed() {
    for project in Project::both() {
        let lists = "checklists = { migrate = [], rollback = [] }";
        project.configure(&format!("protection = \"production\"\n{lists}"), "");
        project.migration("0001_a.sql", TABLE);
        project.fails(&["migrate", "--yes"], 4, &["--yes is not enough", "--confirm"]);
        project.fails(&["migrate", "--confirm", "wrong"], 4, &["is not the database's name"]);
        let json = project.succeeds(&["migrate", "--dry-run", "--json"]).json();
        let name = json["database"].as_str().unwrap().to_owned();
        project.succeeds(&["migrate", "--confirm", &name]);
        assert_eq!(project.applied(), "1");
        project.fails(&["rollback", "--yes"], 4, &["--confirm"]);
        let protection = "protection = \"production\"\nread_only = true";
        project.configure(&format!("{protection}\n{lists}"), "");
        project.migration("0002_b.sql", "CREATE TABLE b (id integer);\n");
        project.fails(&["migrate", "--confirm", &name], 4, &["reading only"]);
    }
}

#[test]
fn without_a_ledger_migrations_work_and_it_is_said_what_is_missing() {
    for project in Project::both() {
        project.configure("protection = \"development\"\nledger = false", "");
        project.migration("0001_a.sql", TABLE);
        project.succeeds(&["migrate", "--yes"]);
        let count = if project.is_sqlite() {
            "SELECT count(*)||'' FROM sqlite_schema WHERE name LIKE '\\_dbstudio%' ESCAPE '\\'"
        } else {
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'dbstudio'"
        };
        assert_eq!((project.applied().as_str(), project.query(count).as_str()), ("1", "0"));
    }
    let project = Project::postgres();
    project.configure("protection = \"development\"\nledger = false", "");
    project.migration(
        "0001_a.sql",
        "-- no-transaction\nCREATE TABLE a (id int);\nINSERT INTO a VALUES (1), (1);\n\
         CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);\n",
    );
    let told = project.fails(&["migrate", "--yes", "--json"], 1, &[]);
    for expected in ["no ledger", "first 2 of the 3", "--resume-after 2"] {
        assert!(told.result.contains(expected), "{told:?}");
    }
    assert_eq!(open_at(&problem(&told), "0001_a", 3), Some(2));
    assert_eq!(open_at(&problem(&told), "0002_a", 3), None);
    project.execute("DELETE FROM a");
    let told = project.succeeds(&["migrate", "--yes", "--resume-after", "2"]);
    assert_eq!((told.result.as_str(), project.applied().as_str()), ("applied 0001_a\n", "1"));
    assert_eq!(
        project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass"),
        "t"
    );
}

#[test]
fn settings_of_one_migration_touch_neither_the_history_nor_the_next_one() {
    let project = Project::postgres();
    project.migration(
        "0001_a.sql",
        "SELECT pg_catalog.set_config('search_path', '', false);\nSET standard_conforming_strings = off;\n\
         SET lock_timeout = '1s';\nCREATE SCHEMA app;\nCREATE TABLE app.a (note text DEFAULT 'c:\\\\x');\n",
    );
    project.migration(
        "0002_b.sql",
        "-- no-transaction\nSET search_path = app;\nCREATE TABLE b (id int);\n\
         CREATE INDEX CONCURRENTLY b_id ON b (id);\nVACUUM b;\n",
    );
    project.migration("0003_c.sql", "CREATE TABLE c (id int);\n");
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.applied(), "1 2 3");
    let sql = "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relname IN \
               ('a', 'b', 'c', 'b_id') ORDER BY relname";
    assert_eq!(project.query(sql), "app.a\napp.b\napp.b_id\npublic.c");
    assert_eq!(project.query("SELECT count(*) FROM dbstudio.progress"), "0");
}

#[test]
fn behind_a_transaction_pooler_nothing_is_run() {
    let project = Project::postgres();
    project.configure("protection = \"development\"\ntransaction_pooler = true", "");
    project.migration("0001_a.sql", TABLE);
    project.fails(&["migrate", "--yes"], 4, &["pooler", "own address"]);
    assert_eq!(project.query("SELECT count(*) FROM pg_class WHERE relname = 'a'"), "0");
}

#[test]
fn other_tools_folders_are_applied_and_taken_back_in_their_own_books() {
    for project in Project::both() {
        project.configure("protection = \"development\"", "[project]\nformat = \"golang-migrate\"");
        project.migration("1_a.up.sql", TABLE);
        project.migration("1_a.down.sql", "DROP TABLE a;\n");
        let index = if project.is_sqlite() { "" } else { "CONCURRENTLY" };
        project.migration("2_i.up.sql", &format!("CREATE INDEX {index} i ON a (note);\n"));
        project.migration("2_i.down.sql", "DROP INDEX i;\n");
        project.succeeds(&["migrate", "--yes"]);
        let book = "SELECT CAST(version AS text) || CAST(dirty AS text) FROM schema_migrations";
        let told = |version: &str| match project.is_sqlite() {
            true => format!("{version}0"),
            false => format!("{version}false"),
        };
        assert_eq!(project.query(book), told("2"));
        project.succeeds(&["rollback", "--yes"]);
        assert_eq!(project.query(book), told("1"));
        project.succeeds(&["rollback", "--yes"]);
        assert_eq!(project.query(book), "");
    }
    for project in Project::both() {
        let text = format!("-- migrate:up\n{TABLE}\n-- migrate:down\nDROP TABLE a;\n");
        project.migration("20260101000000_a.sql", &text);
        project.succeeds(&["migrate", "--yes"]);
        let book = "SELECT version FROM schema_migrations";
        assert_eq!(project.query(book), "20260101000000");
        let told = project.succeeds(&["rollback", "--yes"]);
        assert!(told.talk.contains("20260101000000_a.sql"), "{told:?}");
        assert_eq!(project.query(book), "");
    }
}
