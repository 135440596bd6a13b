//! Ways round the refusals, tried: the server of production under another address and another
//! environment's name, after the configuration was changed, with `--yes`, with `--ack all`, as
//! JSON, and in the studio. Nothing of it is in the database afterwards.

use std::fs;

use crate::drift::write_migration;
use crate::server;
use crate::studio::Studio;
use crate::verbs::{Database, Project};

const UP: &str = "CREATE TABLE orders (id integer PRIMARY KEY);\n";

/// The same database by another address.
fn alias(project: &Project) -> String {
    match &project.database {
        Database::Postgres(database) => database.socket_url(),
        Database::Sqlite(file) => {
            let other = file.path.with_extension("alias.db");
            fs::hard_link(&file.path, &other).unwrap();
            format!("sqlite:{}", other.display())
        }
    }
}

/// A project whose database was met as production once, and is a development one by its
/// configuration now.
fn met(project: &Project) -> String {
    write_migration(project, "0001_orders", UP, "DROP TABLE orders;\n");
    project.execute("CREATE TABLE users (id integer PRIMARY KEY, name text)");
    project.execute("INSERT INTO users VALUES (1, 'Ada')");
    project.configure("protection = \"production\"", "");
    project.succeeds(&["status"]);
    let url = alias(project);
    project.configure("protection = \"development\"", "[project]\nbackups = \"kept\"");
    project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
    fs::create_dir_all(project.path("seeds")).unwrap();
    fs::write(project.path("seeds/users.csv"), "id,name\n2,Eve\n").unwrap();
    url
}

#[test]
fn production_stays_production_under_any_name() {
    for project in Project::both() {
        let url = met(&project);
        let backup = project.succeeds(&["backup"]).result.trim().to_owned();
        fs::write(project.path("more.csv"), "id,name\n3,Bo\n").unwrap();
        let verbs: [&[&str]; 9] = [
            &["push", "--no-renames", "--ack", "all"],
            &["migrate", "--ack", "all"],
            &["seed", "--ack", "all"],
            &["reset", "--ack", "all"],
            &["fresh", "--ack", "all"],
            &["restore", &backup],
            &["setup", "--no-renames", "--ack", "all"],
            &["import", "more.csv", "--into", "users"],
            &["baseline"],
        ];
        for verb in verbs {
            for more in [&["--yes"][..], &["--yes", "--url", &url], &["--yes", "--json"]] {
                let told = project.run(&[verb, more].concat());
                assert_eq!(told.code, 4, "{verb:?} {more:?}: {told:?}");
                // What setup wrote before it was refused would be pending too.
                project
                    .files("migrations")
                    .iter()
                    .filter(|name| name.starts_with("0002"))
                    .for_each(|name| {
                        fs::remove_file(project.path("migrations").join(name)).unwrap()
                    });
            }
        }
        assert_eq!(project.query("SELECT name FROM users"), "Ada");
        let told = project.succeeds(&["status", "--json"]).json();
        assert_eq!(told["connection"]["protection"], "production", "{told}");
        assert_eq!(told["migrations"]["applied"], 0, "{told}");
        // What only reads, and what makes a copy, is allowed.
        project.succeeds(&["backup", "--yes"]);
        project.succeeds(&["push", "--dry-run", "--no-renames"]);
    }
}

#[test]
fn what_production_keeps_is_not_thrown_away_under_another_name() {
    for project in Project::both() {
        project.execute("CREATE TABLE users (id integer PRIMARY KEY, name text)");
        project.execute("INSERT INTO users VALUES (1, 'Ada')");
        let down = "ALTER TABLE users ADD COLUMN name text;\n";
        write_migration(&project, "0001_slim", "ALTER TABLE users DROP COLUMN name;\n", down);
        project.configure("protection = \"development\"\ncapsule = true", "");
        project.succeeds(&["migrate", "--yes"]);
        project.configure("protection = \"production\"", "");
        project.succeeds(&["status"]);
        project.configure("protection = \"development\"", "");
        let url = alias(&project);
        for more in [&["--yes"][..], &["--yes", "--url", &url], &["--yes", "--json"]] {
            let told = project.run(&[&["capsules", "--drop", "1"], more].concat());
            assert_eq!(told.code, 4, "{more:?}: {told:?}");
        }
        project.succeeds(&["rollback", "--dry-run"]);
        let told = project.succeeds(&["capsules", "--json"]).json();
        assert_eq!(told["capsules"][0]["id"], 1, "{told}");
    }
}

#[test]
fn the_studio_recognises_production_too() {
    for project in Project::both() {
        let url = met(&project);
        let home = project.path("home");
        fs::copy(project.path("dbstudio.toml"), home.join("dbstudio.toml")).unwrap();
        fs::copy(project.path("schema.sql"), home.join("schema.sql")).unwrap();
        let mut studio = Studio::open_in(&home, &url, (120, 36), |_| {});
        let screen = studio.screen();
        assert!(screen.contains("met as production before"), "{screen}");
        assert!(screen.lines().next().unwrap().contains("production"), "{screen}");
        studio.keys(":push<space>the<enter>");
        assert!(studio.screen().contains("production"), "{}", studio.screen());
        assert_eq!(project.query("SELECT name FROM users"), "Ada");
    }
}

#[test]
fn a_backup_of_another_database_ticks_nothing() {
    let [first, second] = ["first", "second"].map(|name| server::postgres().create_database(name));
    let projects = [
        (Project::new(Database::Postgres(first)), Project::new(Database::Postgres(second))),
        (Project::sqlite(), Project::sqlite()),
    ];
    for (project, other) in projects {
        write_migration(&project, "0001_orders", UP, "DROP TABLE orders;\n");
        let url = match &other.database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        other.execute("CREATE TABLE users (id integer PRIMARY KEY)");
        // In the same folder of backups, under the same home.
        project.configure(
            "protection = \"production\"\nchecklists = { migrate = [\"backup\"] }",
            "[project]\nbackups = \"kept\"",
        );
        project.succeeds(&["backup", "--url", &url]);
        let name = match &project.database {
            Database::Postgres(database) => database.name.clone(),
            Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
        };
        let migrate = ["migrate", "--yes", "--confirm", &name];
        project.fails(&migrate, 4, &["backup"]);
        project.succeeds(&["backup"]);
        project.succeeds(&migrate);
        assert_eq!(project.query("SELECT count(*) FROM orders"), "0");
    }
}
