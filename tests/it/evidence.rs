//! Evidence on real databases: it counts for the files, the schema, the server and the database it
//! was gathered for, and for nothing else; a staging record tells whether the very same text is
//! applied there.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use dbstudio::config::{Config, Flags, Target, Variables};
use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::migrations;
use dbstudio::ops::change::Setting;
use dbstudio::ops::evidence::{Bond, Cabinet, Sort, staging};
use dbstudio::ops::{difference, standing};

use crate::drift::{apply, write_migration};
use crate::server;
use crate::verbs::{Database, Project};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn config(project: &Project) -> Config {
    let home = project.path("home").display().to_string();
    let state = project.path("home/state").display().to_string();
    let pairs = [("HOME", home.clone()), ("XDG_STATE_HOME", state), ("XDG_CONFIG_HOME", home)];
    Config::load(&Flags::default(), project.folder.path(), Variables::from_pairs(pairs)).unwrap()
}

/// The bond as it is now, of what is pending on a target.
async fn bond(config: &Config, target: &Target) -> Bond {
    let stop = Stop::new();
    let setting = Setting::new(config, target.clone(), None).unwrap();
    let standing = standing::at(&setting.project, target, &stop).await.unwrap();
    let pending: Vec<migrations::Migration> =
        standing.pending().filter_map(|entry| entry.migration.clone()).collect();
    let mut connection = Connection::open_reading(target, &stop).await.unwrap();
    let live = connection.model(&setting.scope, &stop).await.unwrap();
    let live = difference::of_person(live);
    let bond = Bond::of(&mut connection, target, &pending, &live).await.unwrap();
    connection.close().await;
    bond
}

/// Why the rehearsal that is kept for a database does not count for something.
fn refusal(project: &Project, of: &Bond, bond: &Bond, age: Duration) -> String {
    let state = project.path("home/state/dbstudio");
    Cabinet::of(&state, &of.database).valid(Sort::Rehearsal, bond, age).err().unwrap_or_default()
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn a_rehearsal_counts_for_what_was_rehearsed_alone() {
    for project in Project::both() {
        write_migration(&project, "0001_a", "CREATE TABLE a (id integer);\n", "DROP TABLE a;\n");
        apply(&project, "0001_a");
        write_migration(&project, "0002_b", "CREATE TABLE b (id integer);\n", "DROP TABLE b;\n");
        let config = config(&project);
        let target = config.target(&Flags::default()).unwrap().unwrap();
        let now = || runtime().block_on(bond(&config, &target));
        let first = now();
        assert!(refusal(&project, &first, &first, HOUR).contains("no rehearsal yet"));
        assert_eq!(project.run(&["rehearse"]).code, 0);
        assert_eq!(refusal(&project, &first, &now(), HOUR), "");
        // The files.
        write_migration(&project, "0002_b", "CREATE TABLE b (id bigint);\n", "DROP TABLE b;\n");
        assert!(refusal(&project, &first, &now(), HOUR).contains("other files"));
        write_migration(&project, "0002_b", "CREATE TABLE b (id integer);\n", "DROP TABLE b; \n");
        assert!(refusal(&project, &first, &now(), HOUR).contains("other files"));
        write_migration(&project, "0002_b", "CREATE TABLE b (id integer);\n", "DROP TABLE b;\n");
        assert_eq!(refusal(&project, &first, &now(), HOUR), "");
        // The schema.
        project.execute("CREATE TABLE by_hand (id integer)");
        assert!(refusal(&project, &first, &now(), HOUR).contains("another schema"));
        project.execute("DROP TABLE by_hand");
        // The rows are none of it.
        project.execute("INSERT INTO a VALUES (1)");
        assert_eq!(refusal(&project, &first, &now(), HOUR), "");
    }
}

#[test]
fn evidence_cannot_be_borrowed_from_another_database() {
    let [postgres, sqlite] = Project::both();
    for project in [&postgres, &sqlite] {
        write_migration(project, "0001_a", "CREATE TABLE a (id integer);\n", "DROP TABLE a;\n");
        assert_eq!(project.run(&["rehearse"]).code, 0);
    }
    // Another database of the server with the same schema.
    let config_of = config(&postgres);
    let target = config_of.target(&Flags::default()).unwrap().unwrap();
    let first = runtime().block_on(bond(&config_of, &target));
    let other = server::postgres().create_database("borrowed");
    let elsewhere = config_of.resolve(&other.url()).unwrap();
    let second = runtime().block_on(bond(&config_of, &elsewhere));
    assert!(refusal(&postgres, &first, &second, HOUR).contains("another database"));
    assert!(refusal(&postgres, &second, &second, HOUR).contains("no rehearsal yet"));
    // The same server by another address is the same database.
    let Database::Postgres(database) = &postgres.database else { panic!() };
    let socket = config_of.resolve(&database.socket_url()).unwrap();
    let third = runtime().block_on(bond(&config_of, &socket));
    assert_eq!(refusal(&postgres, &third, &third, HOUR), "");
    // A file that was put in the place of the one that was rehearsed.
    let config_of = config(&sqlite);
    let target = config_of.target(&Flags::default()).unwrap().unwrap();
    let first = runtime().block_on(bond(&config_of, &target));
    assert_eq!(refusal(&sqlite, &first, &first, HOUR), "");
    let Database::Sqlite(file) = &sqlite.database else { panic!() };
    let copy: PathBuf = file.folder.path().join("copy.db");
    fs::copy(&file.path, &copy).unwrap();
    fs::rename(&copy, &file.path).unwrap();
    let second = runtime().block_on(bond(&config_of, &target));
    assert!(refusal(&sqlite, &first, &second, HOUR).contains("another database"));
}

#[test]
fn a_staging_record_is_of_the_very_same_text() {
    for project in Project::both() {
        let staged = Project::both();
        let url = |database: &Database| match database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        let other = match &project.database {
            Database::Postgres(_) => &staged[0],
            Database::Sqlite(_) => &staged[1],
        };
        fs::write(
            project.path("dbstudio.toml"),
            format!(
                "[environments.production]\nurl = \"{}\"\nprotection = \"production\"\n\
                 [environments.staging]\nurl = \"{}\"\nprotection = \"staging\"\n",
                url(&project.database),
                url(&other.database)
            ),
        )
        .unwrap();
        write_migration(&project, "0001_a", "CREATE TABLE a (id integer);\n", "");
        write_migration(other, "0001_a", "CREATE TABLE a (id integer);\n", "");
        let config = config(&project);
        let asked = || {
            let pending = migrations::read(&project.path("migrations")).unwrap();
            let stop = Stop::new();
            let declared = config.project();
            let records = staging(&config, &declared, &pending, &stop);
            let records = runtime().block_on(records).unwrap();
            assert_eq!(records.len(), 1, "{records:?}");
            records[0].clone()
        };
        assert_eq!(asked().lacking, ["0001_a is pending there"]);
        apply(other, "0001_a");
        assert!(asked().holds(), "{:?}", asked());
        write_migration(&project, "0001_a", "CREATE TABLE a (id bigint);\n", "");
        assert_eq!(asked().lacking, ["0001_a is another text there"]);
    }
}
