//! `check` and the migrations in `status` as CI meets them: what is found, with which exit code,
//! what to run next, and that JSON says what the README documents.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::cli::{documented_keys, keys};
use crate::drift::{apply, record, write_migration};
use crate::verbs::{Database, Project, Told};

const FIRST: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text);\n";
const SECOND: &str = "CREATE TABLE orders (id integer PRIMARY KEY, note text);\n";

/// A project with two migrations, both applied.
fn start(project: &Project) {
    write_migration(project, "0001_users", FIRST, "DROP TABLE users;\n");
    write_migration(project, "0002_orders", SECOND, "DROP TABLE orders;\n");
    apply(project, "0001_users");
    apply(project, "0002_orders");
}

/// The matters that were found, with what each is about.
fn found(told: &Told) -> Vec<(String, String)> {
    let json = told.json();
    let all = json["findings"].as_array().unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(told.code, if all.is_empty() { 0 } else { 3 }, "{told:?}");
    assert_eq!(json["ok"], all.is_empty());
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
    for one in all {
        assert!(!text(one, "why").is_empty() && !text(one, "fix").is_empty(), "{told:?}");
    }
    all.iter().map(|one| (text(one, "matter"), text(one, "about"))).collect()
}

fn matters(told: &Told) -> Vec<String> {
    found(told).into_iter().map(|(matter, _)| matter).collect()
}

#[test]
fn a_database_that_is_at_one_with_its_project_passes() {
    for project in Project::both() {
        start(&project);
        project.schema(&format!("{FIRST}{SECOND}"));
        let told = project.run(&["check"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.result.contains("Nothing found: 2 migrations applied"), "{told:?}");
        assert_eq!(found(&project.run(&["check", "--json"])), []);
    }
}

#[test]
fn everything_that_is_wrong_is_found_with_what_to_run_next() {
    for project in Project::both() {
        start(&project);
        project.schema(&format!("{FIRST}{SECOND}CREATE TABLE later (id integer PRIMARY KEY);"));
        write_migration(&project, "0003_drop", "DROP TABLE users;\n", "");
        project.configure("protection = \"development\"", "[hazards]\ndrop-table = \"refuse\"");
        project.execute("CREATE TABLE by_hand (id integer PRIMARY KEY)");
        fs::write(project.path("migrations/notes.sql"), "-- nothing").unwrap();
        let told = project.run(&["check", "--json"]);
        let about: BTreeSet<(String, String)> = found(&told)
            .into_iter()
            .map(|(matter, about)| (matter, about.rsplit(['/', '.']).next().unwrap().to_owned()))
            .collect();
        let expected = [
            ("pending", "0003_drop"),
            ("files", "sql"),
            ("drift", "by_hand"),
            ("schema", "users"),
            ("schema", "later"),
            ("hazards", "sql:1"),
        ];
        let expected = expected.map(|(matter, about)| (matter.to_owned(), about.to_owned()));
        assert_eq!(about, BTreeSet::from(expected), "{told:?}");
        let told = project.run(&["check"]);
        for words in ["notes.sql", "dbstudio migrate", "dbstudio drift", "drop-table", "6 findings"]
        {
            assert!(told.result.contains(words), "{words}: {told:?}");
        }
        let told = project.run(&["check", "--json", "--except", "drift,schema,hazards,pending"]);
        assert_eq!(matters(&told), ["files"]);
        assert_eq!(project.run(&["check", "--except", "nonsense"]).code, 2);
    }
}

#[test]
fn files_that_are_not_what_was_applied_are_found() {
    for project in Project::both() {
        start(&project);
        let file = project.path("migrations/0002_orders.up.sql");
        fs::write(&file, format!("{SECOND}-- more\n")).unwrap();
        let told = project.run(&["check", "--json"]);
        assert_eq!(found(&told), [("files".to_owned(), "0002_orders".to_owned())]);
        fs::write(&file, SECOND).unwrap();
        fs::write(project.path("migrations/0002_other.up.sql"), SECOND).unwrap();
        let told = project.run(&["check", "--json", "--except", "drift,schema,hazards,pending"]);
        assert_eq!(matters(&told), ["files", "files"], "{told:?}");
        fs::remove_file(project.path("migrations/0002_other.up.sql")).unwrap();
        fs::remove_file(project.path("migrations/0002_orders.down.sql")).unwrap();
        fs::remove_file(&file).unwrap();
        let told = project.run(&["check", "--json"]);
        let files = found(&told);
        assert_eq!(files[0].0, "files", "{told:?}");
        assert!(told.result.contains("is applied, and its file is not in the folder"), "{told:?}");
        assert!(files.iter().any(|(matter, about)| matter == "drift" && about.ends_with("orders")));
    }
}

#[test]
fn a_pending_migration_that_does_not_run_is_a_finding() {
    for project in Project::both() {
        start(&project);
        write_migration(&project, "0003_bad", "CREATE TABLE a (id int);\nCREATE nonsense;\n", "");
        let told = project.run(&["check", "--json"]);
        assert_eq!(matters(&told), ["pending", "hazards"], "{told:?}");
        assert!(told.result.contains("0003_bad.up.sql, line 2"), "{told:?}");
    }
}

#[test]
fn the_check_as_json_is_what_the_readme_documents() {
    let [project, _] = Project::both();
    start(&project);
    write_migration(&project, "0003_more", "SELECT 1;\n", "");
    let mut found = BTreeSet::new();
    keys(&project.run(&["check", "--json"]).json(), "", &mut found);
    assert_eq!(found, documented_keys("<!-- check json -->"));
}

#[test]
fn the_status_says_how_the_migrations_stand() {
    for project in Project::both() {
        let told = project.run(&["status", "--json"]);
        assert!(told.json()["migrations"].is_null(), "{told:?}");
        start(&project);
        write_migration(&project, "0003_more", "CREATE TABLE more (id integer);\n", "");
        let told = project.run(&["status", "--json"]);
        let migrations = &told.json()["migrations"];
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(migrations["format"], "native");
        assert_eq!((&migrations["applied"], &migrations["pending"]), (&2.into(), &1.into()));
        assert_eq!(migrations["last"]["name"], "0002_orders");
        assert_eq!(migrations["last"]["took_ms"], 1.5);
        assert!(migrations["last"]["when"].as_str().unwrap().starts_with("20"), "{told:?}");
        assert_eq!(
            migrations["others"],
            serde_json::json!([{ "name": "0003_more", "state": "pending", "diff": null }])
        );
        assert!(migrations["drift"].is_null());
        project.execute("CREATE TABLE by_hand (id integer PRIMARY KEY)");
        let told = project.run(&["status", "--json", "--drift"]);
        let drift = told.json()["migrations"]["drift"].clone();
        assert_eq!((drift.as_array().unwrap().len(), &drift[0]["where"]), (1, &"database".into()));
        let text = project.run(&["status", "--drift"]).result;
        for words in ["2, the last 0002_orders on 20", "in 1.5 ms", "1: 0003_more", "+ table"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(project.run(&["status"]).result.contains("--drift"));
    }
}

#[test]
fn the_status_of_a_thousand_migrations_comes_at_once() {
    for project in Project::both() {
        for number in 1..=1000 {
            let up = format!("CREATE TABLE t{number} (id integer PRIMARY KEY);\n");
            write_migration(&project, &format!("{number:04}_t{number}"), &up, "");
        }
        record(&project, "0001_t1");
        let filling = match &project.database {
            Database::Postgres(_) => "generate_series(2, 900) AS n(i)",
            Database::Sqlite(_) => {
                "(WITH RECURSIVE s(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM s WHERE i < 900) \
                 SELECT i FROM s)"
            }
        };
        project.execute(&format!(
            "INSERT INTO _sqlx_migrations SELECT i, 't', installed_on, success, checksum, 1 \
             FROM _sqlx_migrations, {filling}"
        ));
        let begun = Instant::now();
        let told = project.run(&["status", "--json"]);
        let took = begun.elapsed();
        assert_eq!(told.json()["migrations"]["pending"], 100, "{told:?}");
        // Ten times what an optimised build on an idle machine may take.
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}
