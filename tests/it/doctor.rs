//! `dbstudio doctor` on set-ups that are broken in one way each: the step that fails is named, with
//! what to do next, and what stands on it is not tried. The examination changes nothing.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;

use crate::drift::write_migration;
use crate::server::{self, TestFile};
use crate::verbs::{Database, Project, Told};

fn postgres() -> Project {
    Project::new(Database::Postgres(server::postgres().create_database("doctor")))
}

fn sqlite(sql: &str) -> Project {
    let file: TestFile = server::sqlite("doctor");
    file.execute("VACUUM");
    file.execute(sql);
    Project::new(Database::Sqlite(file))
}

/// The step of that name.
fn step<'a>(json: &'a Value, name: &str) -> &'a Value {
    let steps = json["steps"].as_array().unwrap();
    steps.iter().find(|step| step["step"] == name).unwrap()
}

/// Examines, and expects one step to be the bad one and to say these words.
fn expect_bad(told: &Told, name: &str, words: &[&str]) {
    assert_eq!(told.code, 3, "{told:?}");
    let json = told.json();
    let bad: Vec<&str> = json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["verdict"] == "bad")
        .filter_map(|step| step["step"].as_str())
        .collect();
    assert_eq!(bad, [name], "{told:?}");
    let text = step(&json, name).to_string();
    for word in words {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    assert!(!step(&json, name)["next"].as_array().unwrap().is_empty(), "{text}");
}

#[test]
fn a_sound_database_is_said_to_be_one() {
    let project = postgres();
    project.execute("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES");
    let told = project.run(&["doctor", "--json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let verdicts: Vec<_> = told.json()["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["verdict"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(verdicts, ["good"; 9], "{told:?}");
    let file = sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    let told = file.run(&["doctor", "--json"]);
    assert!(!told.result.contains("\"doubtful\"") && told.code == 0, "{told:?}");
    let told = project.run(&["doctor"]);
    assert!(told.result.contains("Is the data sound?") && told.talk.contains("in the way"));
}

#[test]
fn each_broken_way_is_found_where_it_breaks() {
    let project = postgres();
    let named = |url: &str| project.run(&["doctor", url, "--json"]);
    let told = named("postgres://ada@no-such-host.invalid/shop");
    expect_bad(&told, "name", &["no-such-host.invalid", "DNS"]);
    assert_eq!(step(&told.json(), "login")["verdict"], "untried");
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = named(&format!("postgres://ada@127.0.0.1:{port}/shop"));
    expect_bad(&told, "port", &["start PostgreSQL"]);
    let Database::Postgres(database) = &project.database else { panic!("the other engine") };
    let url = database.url();
    let (server, _) = url.rsplit_once('/').unwrap();
    expect_bad(&named(&format!("{server}/not_there")), "login", &["not_there", "createdb"]);
    let told = named("postgres:///shop?host=/nowhere");
    expect_bad(&told, "name", &["socket"]);
    let told = project.run(&["doctor", "-e", "nobody", "--json"]);
    expect_bad(&told, "settings", &["nobody"]);
    expect_bad(&project.run(&["doctor", "--json"]), "tables", &["dbstudio setup"]);
}

#[test]
fn migrations_that_wait_are_worth_a_look_and_changed_or_missing_ones_are_wrong() {
    for project in Project::both() {
        let up = |name: &str| format!("CREATE TABLE {name} (id integer PRIMARY KEY);\n");
        for (number, name) in [(1, "a"), (2, "b")] {
            write_migration(&project, &format!("000{number}_{name}"), &up(name), "");
        }
        project.succeeds(&["migrate", "--yes"]);
        project.execute("INSERT INTO a VALUES (1)");
        let told = project.run(&["doctor", "--json"]);
        assert_eq!((told.code, &step(&told.json(), "migrations")["verdict"]), (0, &"good".into()));
        write_migration(&project, "0003_c", &up("c"), "");
        let told = project.run(&["doctor", "--json"]);
        let json = told.json();
        let found = step(&json, "migrations");
        assert_eq!((told.code, &found["verdict"]), (0, &"doubtful".into()), "{told:?}");
        assert!(found.to_string().contains("dbstudio migrate"), "{found}");
        write_migration(&project, "0001_a", &up("other"), "");
        let words = ["0001_a has changed", "0003_c is not applied", "dbstudio repair"];
        expect_bad(&project.run(&["doctor", "--json"]), "migrations", &words);
        fs::remove_file(project.path("migrations/0002_b.up.sql")).unwrap();
        let words = ["b is applied, and its file is not", "version control"];
        expect_bad(&project.run(&["doctor", "--json"]), "migrations", &words);
    }
}

#[test]
fn a_migration_that_stopped_halfway_is_said_to_go_on() {
    let project = postgres();
    let text = "-- no-transaction\nCREATE TABLE a (id int);\nINSERT INTO a VALUES (1), (1);\n\
                CREATE UNIQUE INDEX CONCURRENTLY once ON a (id);\n";
    write_migration(&project, "0001_a", text, "");
    assert_eq!(project.run(&["migrate", "--yes"]).code, 1);
    let words = ["0001_a stopped after 2 of its statements", "goes on where it stopped"];
    expect_bad(&project.run(&["doctor", "--json"]), "migrations", &words);
}

#[test]
fn required_variables_are_looked_at_before_the_server() {
    let project = postgres();
    project.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    project.configure("", "required_env = [\"VAULT_KEY: base64 of 32 bytes\"]");
    let told = project.run(&["doctor", "--json"]);
    expect_bad(&told, "variables", &["VAULT_KEY", ".env.local"]);
    assert_eq!(step(&told.json(), "data")["verdict"], "good", "{told:?}");
}

#[test]
fn unsound_data_is_found_on_postgres() {
    let project = postgres();
    project.execute(
        "CREATE TABLE parent (id serial PRIMARY KEY);
         CREATE TABLE child (id int PRIMARY KEY, parent int);
         ALTER TABLE child ADD CONSTRAINT child_parent
           FOREIGN KEY (parent) REFERENCES parent NOT VALID;
         INSERT INTO parent (id) VALUES (1), (7);
         SET session_replication_role = replica;
         INSERT INTO child VALUES (1, 1), (2, 99), (3, NULL), (4, 98);",
    );
    let told = project.run(&["doctor", "--json"]);
    let words = [
        "2 rows of public.child have no parent (child_parent)",
        "child_parent of public.child was never checked",
        "public.parent_id_seq gives 1 next, but public.parent.id has 7 already",
        "fresh start would destroy",
    ];
    expect_bad(&told, "data", &words);
    // The SQL it gives puts the sequence right.
    let next = step(&told.json(), "data")["next"].clone();
    let repair = next.as_array().unwrap().iter().find_map(|next| {
        next.as_str().filter(|text| text.starts_with("SELECT setval")).map(str::to_owned)
    });
    project.execute(&repair.unwrap());
    let told = project.run(&["doctor", "--json"]);
    assert!(!told.result.contains("parent_id_seq"), "{told:?}");
}

#[test]
fn unsound_data_is_found_on_sqlite() {
    let project = sqlite(
        "PRAGMA foreign_keys = OFF;
         CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT);
         CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent(id));
         INSERT INTO parent VALUES (1), (7); INSERT INTO child VALUES (1, 1), (2, 99);
         UPDATE sqlite_sequence SET seq = 2;",
    );
    let told = project.run(&["doctor", "--json"]);
    let words = ["1 row of child have no parent", "sqlite_sequence gives 3 next"];
    expect_bad(&told, "data", &words);
}

#[test]
fn a_damaged_or_missing_file_is_said_to_be_one() {
    let rows = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX i ON t (v);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO t SELECT i, hex(randomblob(50)) FROM n;";
    let project = sqlite(rows);
    let Database::Sqlite(file) = &project.database else { panic!("the other engine") };
    let path = file.url().trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let told = project.run(&["doctor", "--json"]);
    expect_bad(&told, "data", &["restore a backup"]);
    fs::remove_file(&path).unwrap();
    expect_bad(&project.run(&["doctor", "--json"]), "name", &["cannot be found"]);
}
