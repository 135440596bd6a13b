//! Rehearsals as scripts meet them: what is pending runs on a copy or a scratch, up, down and up
//! again; the database itself stays as it is, and nothing is left behind.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::cli::{documented_keys, keys};
use crate::drift::{apply, write_migration};
use crate::verbs::{Database, Project, Told};

const FIRST: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text);
CREATE TABLE orders (id integer PRIMARY KEY, buyer integer REFERENCES users (id), note text);\n";

/// A project whose first migration is applied, with rows.
fn start(project: &Project) {
    write_migration(project, "0001_start", FIRST, "DROP TABLE orders;\nDROP TABLE users;\n");
    apply(project, "0001_start");
    project.execute(
        "INSERT INTO users VALUES (1, 'Ada'), (2, 'Ada');
         INSERT INTO orders VALUES (1, 1, 'first'), (2, 2, NULL)",
    );
}

fn is_sqlite(project: &Project) -> bool {
    matches!(project.database, Database::Sqlite(_))
}

/// Rehearses, and checks that the database is as it was and nothing is left.
fn rehearse(project: &Project, more: &[&str]) -> Told {
    let everything = "SELECT count(*), max(name) FROM users";
    let before = project.query(everything);
    let told = project.run(&[&["rehearse", "--json"], more].concat());
    assert_eq!(project.query(everything), before);
    if let Database::Sqlite(file) = &project.database {
        let left: Vec<_> =
            fs::read_dir(file.folder.path()).unwrap().map(|one| one.unwrap()).collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
    if told.code < 4 && told.code != 1 {
        let passed = told.json()["passed"].as_bool().unwrap();
        assert_eq!(told.code, if passed { 0 } else { 3 }, "{told:?}");
    }
    told
}

fn back(told: &Told) -> Value {
    told.json()["migrations"][0]["back"].clone()
}

#[test]
fn what_is_pending_runs_up_down_and_up_again() {
    for project in Project::both() {
        start(&project);
        assert!(project.run(&["rehearse"]).result.contains("Nothing to rehearse"));
        let up = "ALTER TABLE users ADD COLUMN born text;\n";
        write_migration(&project, "0002_born", up, "ALTER TABLE users DROP COLUMN born;\n");
        write_migration(
            &project,
            "0003_more",
            "CREATE TABLE more (id integer);\n",
            "DROP TABLE more;\n",
        );
        project.schema(&format!(
            "{}\nCREATE TABLE more (id integer);",
            FIRST.replace("name text", "name text, born text")
        ));
        let told = rehearse(&project, &[]);
        let json = told.json();
        assert_eq!((told.code, &json["reversible"]), (0, &Value::Bool(true)), "{told:?}");
        assert_eq!(json["migrations"].as_array().unwrap().len(), 2);
        assert_eq!(json["outcome"], serde_json::json!([]), "{told:?}");
        let text = project.run(&["rehearse"]);
        assert!(text.result.contains("every migration can be rolled back"), "{text:?}");
        assert!(text.result.contains("The outcome is the schema"), "{text:?}");
        let told = rehearse(&project, &["--to", "2"]);
        assert_eq!(told.json()["migrations"].as_array().unwrap().len(), 1, "{told:?}");
        assert_eq!(
            told.json()["outcome"][0]["object"].as_str().map(|name| name.ends_with("more")),
            Some(true)
        );
        assert_eq!(rehearse(&project, &["--to", "7"]).code, 2);
    }
}

#[test]
fn a_rehearsal_that_fails_says_where_and_why() {
    for project in Project::both() {
        start(&project);
        write_migration(
            &project,
            "0002_bad",
            "CREATE TABLE a (id integer);\n\nCREATE nonsense;\n",
            "",
        );
        let told = rehearse(&project, &[]);
        assert_eq!(told.code, 3, "{told:?}");
        let failure = told.json()["failure"]["what"].as_str().unwrap().to_owned();
        assert!(failure.contains("0002_bad.up.sql, line 3"), "{told:?}");
        let text = project.run(&["rehearse"]);
        assert!(
            text.result.contains("0002_bad fails") && text.result.contains("line 3"),
            "{text:?}"
        );
    }
}

#[test]
fn a_way_back_that_does_not_lead_back_is_found() {
    for project in Project::both() {
        start(&project);
        let up = "CREATE TABLE more (id integer);\nCREATE TABLE other (id integer);\n";
        write_migration(&project, "0002_more", up, "DROP TABLE more;\n");
        let told = rehearse(&project, &[]);
        assert_eq!((told.code, &back(&told)["state"]), (3, &"failed".into()), "{told:?}");
        let down = "DROP TABLE more;\nDROP TABLE other;\nCREATE TABLE left_over (id integer);\n";
        write_migration(
            &project,
            "0002_more",
            &format!("DROP TABLE IF EXISTS left_over;\n{up}"),
            down,
        );
        let told = rehearse(&project, &[]);
        assert_eq!((told.code, &back(&told)["state"]), (3, &"differs".into()), "{told:?}");
        assert!(back(&told)["schema"][0]["object"].as_str().unwrap().ends_with("left_over"));
        write_migration(&project, "0002_more", up, "DROP TABLE nowhere;\n");
        let told = rehearse(&project, &[]);
        assert!(
            back(&told)["why"].as_str().unwrap().contains("0002_more.down.sql, line 1"),
            "{told:?}"
        );
    }
}

#[test]
fn a_migration_without_a_way_back_is_said_to_have_none() {
    for project in Project::both() {
        start(&project);
        write_migration(&project, "0002_more", "CREATE TABLE more (id integer);\n", "");
        let told = rehearse(&project, &[]);
        let json = told.json();
        assert_eq!((told.code, &json["reversible"]), (0, &Value::Bool(false)), "{told:?}");
        assert_eq!(back(&told)["state"], "none");
        let text = project.run(&["rehearse"]);
        assert!(text.result.contains("cannot be rolled back: 0002_more"), "{text:?}");
    }
}

#[test]
fn what_the_configuration_refuses_does_not_pass() {
    for project in Project::both() {
        start(&project);
        project.configure("protection = \"development\"", "[hazards]\ndrop-table = \"refuse\"");
        write_migration(&project, "0002_drop", "DROP TABLE orders;\n", "");
        let told = rehearse(&project, &[]);
        assert_eq!(
            (told.code, &told.json()["migrations"][0]["refused"][0]),
            (3, &"drop-table".into())
        );
    }
}

#[test]
fn the_rows_of_a_file_are_rehearsed_with() {
    let [_, project] = Project::both();
    start(&project);
    write_migration(&project, "0002_unique", "CREATE UNIQUE INDEX one ON users (name);\n", "");
    let told = rehearse(&project, &[]);
    assert!(told.code == 3 && told.result.contains("UNIQUE constraint failed"), "{told:?}");
    // A trigger empties a table that the script does not name, and the way back is no way back
    // for rows.
    project.execute(
        "CREATE TRIGGER gone AFTER DELETE ON users BEGIN DELETE FROM orders WHERE buyer = old.id; END",
    );
    let (up, down) = ("DELETE FROM users WHERE id = 2;\n", "SELECT 1;\n");
    write_migration(&project, "0002_unique", up, down);
    let told = rehearse(&project, &[]);
    let json = told.json();
    let rows = serde_json::json!([
        { "table": "main.orders", "before": 2, "after": 1, "named": false },
        { "table": "main.users", "before": 2, "after": 1, "named": true },
    ]);
    assert_eq!(json["migrations"][0]["rows"], rows, "{told:?}");
    assert_eq!(json["migrations"][0]["back"]["rows"].as_array().unwrap().len(), 2, "{told:?}");
    let text = project.run(&["rehearse"]);
    assert!(text.result.contains("although the script does not name it"), "{text:?}");
    assert!(text.result.contains("going back does not bring back"), "{text:?}");
}

#[test]
fn a_killed_rehearsal_leaves_a_copy_that_the_next_one_removes() {
    let [_, project] = Project::both();
    start(&project);
    let slow = "CREATE TABLE slow AS WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s \
                WHERE i < 100000000000) SELECT max(i) AS most FROM s;\n";
    write_migration(&project, "0002_slow", slow, "");
    let Database::Sqlite(file) = &project.database else { panic!() };
    let copies = || {
        let entries = fs::read_dir(file.folder.path()).unwrap();
        entries.filter(|one| one.as_ref().unwrap().path().join("copy.db").exists()).count()
    };
    for signal in ["-KILL", "-INT"] {
        write_migration(&project, "0002_slow", slow, "");
        let command = &mut project.command(&["rehearse"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = child.id().to_string();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        // Examined in memory first, so the slow statement is stopped there or on the copy.
        let begun = || copies() > 0 || signal == "-INT";
        while !begun() && std::time::Instant::now() < until {
            std::thread::yield_now();
            if signal == "-KILL" && child.try_wait().unwrap().is_some() {
                break;
            }
        }
        std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
        child.wait().unwrap();
        write_migration(&project, "0002_slow", "CREATE TABLE quick (id integer);\n", "");
        assert_eq!(rehearse(&project, &[]).code, 0);
    }
}

#[test]
fn the_rehearsal_as_json_is_what_the_readme_documents() {
    let mut found = BTreeSet::new();
    for project in Project::both() {
        start(&project);
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);");
        let up = "CREATE TABLE more (id integer);\nDELETE FROM orders;\nALTER TABLE users DROP COLUMN name;\n";
        let down = "DROP TABLE more;\nCREATE TABLE x (id integer);\n";
        write_migration(&project, "0002_more", &format!("DROP TABLE IF EXISTS x;\n{up}"), down);
        keys(&project.run(&["rehearse", "--json"]).json(), "", &mut found);
        write_migration(&project, "0002_more", "CREATE nonsense", "");
        keys(&project.run(&["rehearse", "--json"]).json(), "", &mut found);
        if is_sqlite(&project) {
            write_migration(
                &project,
                "0002_more",
                "CREATE TABLE y (id integer);\nDROP TABLE IF EXISTS x;",
                down,
            );
            keys(&project.run(&["rehearse", "--json"]).json(), "", &mut found);
        }
    }
    let lists = ["failure", "migrations", "outcome"];
    let parents = [".back.rows", ".back.schema", ".back.again", ".rows", ".hazards"];
    found.retain(|key| {
        !lists.contains(&key.as_str())
            && !parents.iter().any(|end| key.ends_with(end))
            && !key.contains(".hazards[]")
    });
    let mut documented = documented_keys("<!-- rehearsal json -->");
    documented.retain(|key| !key.ends_with(".hazards") && !key.ends_with(".again"));
    assert_eq!(found, documented);
}
