//! The items any checklist can have, as scripts and people at a terminal meet them: that a backup was
//! made, that few people are at work, that the team knows; and that what a list showed is looked at
//! once more just before a push, a seed, a reset or a restore.

use std::fs;

use serde_json::Value;

use crate::screen::Start;
use crate::verbs::{Database, Project, Told};

/// A project on each engine, with the same table in its schema and in its database, and a row.
fn projects() -> [Project; 2] {
    let projects = Project::both();
    for project in &projects {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY, name text);\n");
        configure(project, "development", "", "");
        assert_eq!(project.run(&["push", "--yes"]).code, 0);
        project.execute("INSERT INTO users VALUES (1, 'Ada')");
        fs::create_dir_all(project.path("seeds")).unwrap();
        fs::write(project.path("seeds/users.csv"), "id,name\n2,Eve\n").unwrap();
    }
    projects
}

fn configure(project: &Project, protection: &str, environment: &str, lists: &str) {
    project.configure(
        &format!("protection = \"{protection}\"\n{environment}"),
        &format!("[project]\nbackups = \"kept\"\n[checklists]\n{lists}"),
    );
}

/// The items a refusal names.
fn missing(told: &Told) -> Vec<String> {
    assert_eq!(told.code, 4, "{told:?}");
    let (_, acks) = told.talk.split_once("--ack ").unwrap_or_else(|| panic!("{told:?}"));
    let acks = acks.lines().next().unwrap().split("--ack ");
    acks.map(|ack| ack.trim().trim_matches('"').split('=').next().unwrap().to_owned()).collect()
}

fn name(project: &Project) -> String {
    match &project.database {
        Database::Postgres(database) => database.name.clone(),
        Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
    }
}

/// The index of the backups, and how it is written.
fn index(project: &Project) -> (std::path::PathBuf, Value) {
    let file = project.files("kept").into_iter().find(|name| name.ends_with("index.json"));
    let path = project.path("kept").join(file.unwrap());
    let index = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    (path, index)
}

const GUARDED: &str = "push = [\"backup\", \"off-peak\", \"team-notified\"]
seed = [\"backup\", \"off-peak\", \"team-notified\"]
reset = [\"backup\", \"off-peak\", \"team-notified\"]
restore = [\"backup\", \"off-peak\", \"team-notified\"]";

#[test]
fn a_backup_quiet_hours_and_the_team_can_stand_on_any_list() {
    for project in projects() {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY, name text, mail text);\n");
        let never = "off_peak = \"00:00-00:00\"";
        configure(&project, "development", never, GUARDED);
        for operation in ["push", "seed", "reset"] {
            let told = project.run(&[operation, "--yes"]);
            assert_eq!(missing(&told), ["backup", "off-peak", "team-notified"], "{told:?}");
            assert!(told.talk.contains("outside 00:00-00:00"), "{told:?}");
        }
        assert_eq!(project.run(&["backup"]).code, 0);
        let always = "off_peak = \"00:00-24:00\"\nnotify = \"env > told-$DBSTUDIO_OPERATION\"";
        configure(&project, "development", always, GUARDED);
        for operation in ["push", "seed", "reset"] {
            let told = project.run(&[operation, "--yes"]);
            assert_eq!(told.code, 0, "{told:?}");
            assert!(told.talk.contains("was made and verified"), "{told:?}");
            let told = fs::read_to_string(project.path(&format!("told-{operation}"))).unwrap();
            let database = format!("DBSTUDIO_DATABASE={}", name(&project));
            assert!(told.lines().any(|line| line == database), "{told}");
        }
        // Once the file of the backup is gone, so is the evidence.
        let dump = project.files("kept").into_iter().find(|name| !name.ends_with("index.json"));
        fs::remove_file(project.path("kept").join(dump.unwrap())).unwrap();
        assert_eq!(project.run(&["push", "--yes", "--ack", "backup"]).code, 0);
        let told = project.run(&["seed", "--yes"]);
        assert!(missing(&told) == ["backup", "team-notified"], "{told:?}");
        assert!(told.talk.contains("is gone"), "{told:?}");
    }
}

#[test]
fn a_backup_counts_for_as_long_as_is_configured() {
    for project in projects() {
        assert_eq!(project.run(&["backup"]).code, 0);
        let (path, mut index) = index(&project);
        let entry = index.pointer_mut("/0").unwrap_or_else(|| panic!("{}", path.display()));
        entry["taken"] = (entry["taken"].as_u64().unwrap() - 3 * 3_600).into();
        fs::write(&path, index.to_string()).unwrap();
        for (age, is_shown) in [("2h", false), ("4h", true)] {
            let age = format!("backup_age = \"{age}\"");
            configure(&project, "development", &age, "seed = [\"backup\"]");
            for operation in ["reset", "seed"] {
                let told = project.run(&[operation, "--dry-run", "--json"]).json();
                let list = told["checklist"].as_array().unwrap();
                let item = list.iter().find(|item| item["id"] == "backup").unwrap();
                assert_eq!(item["shown"], is_shown, "{operation}: {item}");
            }
        }
    }
}

#[test]
fn a_restore_in_production_asks_whether_the_team_knows_and_what_becomes_of_what_is_there() {
    for project in projects() {
        assert_eq!(project.run(&["backup"]).code, 0);
        project.execute("UPDATE users SET name = 'Bob'");
        configure(&project, "production", "", "");
        let name = name(&project);
        let restore = ["restore", "--yes", "--confirm", &name];
        let with = |more: &[&str]| project.run(&[&restore[..], more].concat());
        assert_eq!(missing(&with(&[])), ["team-notified"]);
        assert_eq!(missing(&with(&["--ack", "all"])), ["team-notified"]);
        // What is there is to go: the backup that was made is the evidence, and there is one.
        let gone = with(&["--drop-old"]);
        assert_eq!(missing(&gone), ["team-notified"], "{gone:?}");
        assert_eq!(project.query("SELECT name FROM users"), "Bob");
        let told = with(&["--ack", "team-notified=it is down anyway", "--json"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(told.json()["checklist"][0]["shown"], true, "{told:?}");
        assert_eq!(project.query("SELECT name FROM users"), "Ada");
        let status = project.run(&["status", "--json"]).result;
        assert!(status.contains("it is down anyway"), "{status}");
        if let (Database::Postgres(_), Some(kept)) =
            (&project.database, told.json()["kept"].as_str())
        {
            let drop = format!("DROP DATABASE \"{kept}\"");
            crate::server::postgres().psql("postgres", &drop);
        }
    }
}

#[test]
fn what_the_command_that_tells_the_team_changes_is_seen() {
    for project in projects() {
        assert_eq!(project.run(&["backup"]).code, 0);
        // Whoever hears of it takes the backup away.
        let told = "notify = \"rm -r kept\"";
        configure(&project, "development", told, "reset = [\"backup\", \"team-notified\"]");
        let told = project.run(&["reset", "--yes"]);
        assert!(told.code == 4 && told.talk.contains("does not hold any more"), "{told:?}");
        assert_eq!(project.query("SELECT name FROM users"), "Ada");
    }
}

#[test]
fn what_was_said_about_a_count_holds_for_no_other_when_it_is_time_to_run() {
    for project in projects() {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        for (arguments, question) in [
            (&["push", "--no-renames", "--ack", "all"][..], "Run 1 statement"),
            (&["seed", "--ack", "all"], "Put this into"),
        ] {
            let home = project.path("home");
            let mut terminal = Start::program(env!("CARGO_BIN_EXE_dbstudio"))
                .arguments(arguments)
                .folder(project.folder.path())
                .variable("HOME", home.to_str().unwrap())
                .variable("XDG_CONFIG_HOME", home.join("config").to_str().unwrap())
                .variable("XDG_STATE_HOME", home.join("state").to_str().unwrap())
                .size(120, 36)
                .spawn();
            terminal.wait_for_text(question);
            let next = project.query("SELECT max(id) + 1 FROM users");
            project.execute(&format!("INSERT INTO users VALUES ({next}, 'Bob')"));
            terminal.send(b"y\r");
            assert_eq!(terminal.wait_for_end().exit_code(), 4, "{}", terminal.contents());
            terminal.wait_for_text("does not hold any more");
        }
        assert_eq!(project.query("SELECT count(name) FROM users"), "3");
    }
}
