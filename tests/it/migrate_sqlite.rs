//! The ways SQLite migrations of other tools lose things without a word: each of them is a case
//! here, and none loses anything.

use crate::verbs::Project;

/// A parent whose rows have children, a view, indexes, a trigger and a counter far ahead.
const WORLD: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, age INT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user INT NOT NULL REFERENCES users (id) ON DELETE CASCADE);
CREATE INDEX users_name ON users (name) WHERE name IS NOT NULL;
CREATE INDEX users_age ON users (age);
CREATE TABLE log (what TEXT);
CREATE TRIGGER users_gone AFTER DELETE ON users BEGIN INSERT INTO log VALUES (OLD.name); END;
CREATE VIEW grown AS SELECT name FROM users WHERE age > 17;
INSERT INTO users (id, name, age) VALUES (1, 'ada', 36), (2, 'bob', 7), (99, 'gone', 1);
DELETE FROM users WHERE id = 99;
DELETE FROM log;
INSERT INTO posts VALUES (1, 1), (2, 1), (3, 2);
";

/// A table rebuilt as drizzle-kit and the textbook do it.
const REBUILD: &str = "PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_users` (`id` INTEGER PRIMARY KEY AUTOINCREMENT, `name` TEXT NOT NULL, `age` INT);
--> statement-breakpoint
INSERT INTO `__new_users`(\"id\", \"name\", \"age\") SELECT \"id\", \"name\", \"age\" FROM `users`;--> statement-breakpoint
DROP TABLE `users`;--> statement-breakpoint
ALTER TABLE `__new_users` RENAME TO `users`;--> statement-breakpoint
PRAGMA foreign_keys=ON;
";

fn made(rebuild: &str) -> Project {
    let project = Project::sqlite();
    project.migration("0001_world.sql", WORLD);
    project.succeeds(&["migrate", "--yes"]);
    project.migration("0002_rebuild.sql", rebuild);
    project
}

fn is_whole(project: &Project) {
    let count = |sql: &str| project.query(&format!("SELECT CAST(({sql}) AS TEXT)"));
    assert_eq!(count("SELECT count(*) FROM posts"), "3", "children");
    assert_eq!(count("SELECT count(*) FROM log"), "0", "the trigger fired");
    assert_eq!(count("SELECT seq FROM sqlite_sequence WHERE name = 'users'"), "99", "the counter");
    assert_eq!(project.query("SELECT name FROM grown"), "ada", "the view");
    project.execute("DELETE FROM posts; DELETE FROM users WHERE id = 2");
    assert_eq!(project.query("SELECT what FROM log"), "bob", "the trigger");
    let check = "SELECT CAST(count(*) AS TEXT) FROM pragma_foreign_key_check";
    assert_eq!(project.query(check), "0");
}

fn objects(project: &Project) -> String {
    let sql = "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL \
               AND tbl_name = 'users' ORDER BY name";
    project.query(sql).replace('\n', " ")
}

#[test]
fn a_rebuild_by_another_tool_loses_nothing() {
    let project = made(REBUILD);
    let told = project.succeeds(&["migrate", "--yes"]);
    for expected in ["users_name", "users_age", "users_gone", "counter of users"] {
        assert!(told.talk.contains(expected), "{expected}: {told:?}");
    }
    assert_eq!(objects(&project), "users_age users_gone users_name");
    is_whole(&project);
}

#[test]
fn the_other_order_of_a_rebuild_loses_nothing_either() {
    let project = made(
        "BEGIN;\nALTER TABLE users RENAME TO old;\nCREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, \
         name TEXT, age INT);\nINSERT INTO users SELECT * FROM old;\nDROP TABLE old;\nCOMMIT;\n",
    );
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(objects(&project), "users_age users_gone users_name");
    is_whole(&project);
}

#[test]
fn what_is_dropped_on_purpose_stays_dropped() {
    let project = made(&format!("DROP INDEX users_age;\n{REBUILD}"));
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(objects(&project), "users_gone users_name");
    let without = REBUILD.replace(", `age` INT", "").replace(", \"age\"", "");
    let project = made(&format!("DROP VIEW grown;\n{without}"));
    let told = project.succeeds(&["migrate", "--yes"]);
    assert!(told.talk.contains("users_age of users is gone with its column"), "{told:?}");
    assert_eq!(objects(&project), "users_gone users_name");
}

#[test]
fn a_view_or_trigger_that_a_rebuild_breaks_takes_everything_back() {
    let without = REBUILD.replace(", `name` TEXT NOT NULL", "").replace(", \"name\"", "");
    let project = made(&without);
    let told = project.fails(&["migrate", "--yes"], 1, &["0002_rebuild was rolled back"]);
    assert!(told.talk.contains("would not work"), "{told:?}");
    assert_eq!(objects(&project), "users_age users_gone users_name");
    assert_eq!(project.applied(), "1");
    is_whole(&project);
}

#[test]
fn a_column_that_the_old_table_has_not_got_is_no_text() {
    let rebuild = REBUILD
        .replace("`age` INT)", "`age` INT, `email` TEXT)")
        .replace("(\"id\", \"name\", \"age\")", "(\"id\", \"name\", \"age\", \"email\")")
        .replace("SELECT \"id\", \"name\", \"age\"", "SELECT \"id\", \"name\", \"age\", \"email\"");
    let project = made(&rebuild);
    project.fails(
        &["migrate", "--yes"],
        1,
        &["0002_rebuild.sql, line 4", "\"email\" is no column", "single quotes", "Nothing of 0002"],
    );
    is_whole(&project);
    let project = made("UPDATE users SET name = \"x\" WHERE \"id\" = 1;\n");
    project.fails(&["migrate", "--yes"], 1, &["\"x\" is no column"]);
    let project = made("SELECT \"id\" AS \"label\", \"u\".\"name\" FROM users AS \"u\";\n");
    project.succeeds(&["migrate", "--yes"]);
}

#[test]
fn rows_that_name_missing_ones_take_everything_back() {
    let project = made("DELETE FROM users WHERE id = 1;\n");
    project.fails(&["migrate", "--yes"], 1, &["2 rows of posts name rows of users"]);
    is_whole(&project);
}

#[test]
fn a_file_that_drizzle_would_pass_over_is_applied_and_that_is_said() {
    let project = Project::sqlite();
    let journal = |entries: &[(u32, u64, &str)]| {
        let entries: Vec<String> = entries
            .iter()
            .map(|(idx, when, tag)| {
                format!("{{\"idx\":{idx},\"version\":\"6\",\"when\":{when},\"tag\":\"{tag}\",\"breakpoints\":true}}")
            })
            .collect();
        let text = format!(
            "{{\"version\":\"7\",\"dialect\":\"sqlite\",\"entries\":[{}]}}",
            entries.join(",")
        );
        project.migration("meta/_journal.json", &text);
    };
    project.migration("0000_one.sql", "CREATE TABLE one (id int);\n");
    project.migration("0001_two.sql", "CREATE TABLE two (id int);\n");
    journal(&[(0, 1_000, "0000_one"), (1, 3_000, "0001_two")]);
    project.succeeds(&["migrate", "--yes"]);
    project.migration("0002_late.sql", "CREATE TABLE late (id int);\n");
    journal(&[(0, 1_000, "0000_one"), (1, 3_000, "0001_two"), (2, 2_000, "0002_late")]);
    let told = project.succeeds(&["migrate", "--yes"]);
    assert!(told.talk.contains("drizzle-kit would pass over 0002_late"), "{told:?}");
    let sql = "SELECT CAST(created_at AS TEXT) FROM __drizzle_migrations ORDER BY created_at";
    assert_eq!(project.query(sql), "1000\n2000\n3000");
    assert!(project.succeeds(&["migrate", "--yes"]).result.contains("Nothing to do"));
}

#[test]
fn vacuum_and_the_journal_s_mode_run_outside_a_transaction() {
    let project = Project::sqlite();
    project.migration(
        "0001_a.sql",
        "-- no-transaction\nPRAGMA journal_mode = wal;\nCREATE TABLE a (id int);\nVACUUM;\n",
    );
    project.migration("0002_b.sql", "CREATE TABLE b (id int);\nVACUUM;\n");
    project.fails(&["migrate", "--yes"], 4, &["0002_b.sql, line 2", "-- no-transaction"]);
    project.migration("0002_b.sql", "CREATE TABLE b (id int);\n");
    project.succeeds(&["migrate", "--yes"]);
    assert_eq!(project.query("PRAGMA journal_mode"), "wal");
    assert_eq!(project.applied(), "1 2");
    assert_eq!(project.query("SELECT CAST(count(*) AS TEXT) FROM _dbstudio_progress"), "0");
}
