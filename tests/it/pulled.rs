//! What `pull` writes makes the very schema it was pulled from: its model is the same, and so is
//! what `pg_dump` or `sqlite_schema` tells of it. On schemas of some size, and pgbench's own.

use std::fs;
use std::path::Path;

use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::schema::model::{Model, Scope};

use crate::scratch::target;
use crate::server::{self, TestDatabase, TestFile};
use crate::verbs::{Database, Project};

const EVERYTHING: &str = include_str!("pulled/everything.sql");
const SHOP: &str = include_str!("pulled/shop.sql");
const SQLITE: &str = include_str!("pulled/sqlite.sql");

async fn model(url: &str, scope: &Scope) -> Model {
    let stop = Stop::new();
    let mut connection = Connection::open(&target(url), &stop).await.unwrap();
    let model = connection.model(scope, &stop).await.unwrap();
    connection.close().await;
    model
}

/// What `pg_dump` prints, but for what differs from one run to the next.
fn dump(database: &TestDatabase, privileges: bool) -> String {
    let server = database.server();
    let mut command = server.program("pg_dump");
    command.args(["--schema-only", "-U", "postgres", "-d", &database.name, "-h"]);
    command.arg(&server.socket_folder).args(["-p", &server.port.to_string()]);
    if !privileges {
        command.arg("--no-privileges");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
}

/// Pulls a database into a file, and into a folder, and makes each anew.
async fn round_trip(source: TestDatabase, privileges: bool) {
    let scope = Scope { privileges, ..Scope::default() };
    let (wanted, dumped) = (model(&source.url(), &scope).await, dump(&source, privileges));
    assert!(wanted.unmodelled.is_empty(), "{:?}", wanted.unmodelled);
    let project = Project::new(Database::Postgres(source));
    project.configure(
        "protection = \"development\"",
        &format!("[project]\nprivileges = {privileges}"),
    );
    let told = project.run(&["pull", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    let copy = server::postgres().create_database("pulled_copy");
    copy.psql(&fs::read_to_string(project.path("schema.sql")).unwrap());
    assert_eq!(model(&copy.url(), &scope).await, wanted);
    similar(&dump(&copy, privileges), &dumped);
    // What was pulled is the schema, so there is nothing to push; the folder says the same.
    let told = project.run(&["push", "--yes", "--json"]);
    assert_eq!(told.statements(), [""; 0], "{told:?}");
    let told = project.run(&["pull", "--split", "--out", "schema", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = project.run(&["diff", "database", "schema", "--json"]);
    assert_eq!(told.statements(), [""; 0], "{told:?}");
}

/// Texts of some length that must be the same, told by their first difference.
fn similar(found: &str, wanted: &str) {
    let differs = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    if let Some(at) = differs {
        let around = |text: &str| {
            text.lines().skip(at.saturating_sub(8)).take(16).collect::<Vec<_>>().join("\n")
        };
        panic!("line {at} is\n{}\nand should be\n{}", around(found), around(wanted));
    }
    assert_eq!(found.lines().count(), wanted.lines().count());
}

#[tokio::test]
async fn some_of_everything_comes_back_from_postgres() {
    let source = server::postgres().create_database("everything");
    source.psql(EVERYTHING);
    round_trip(source, true).await;
}

#[tokio::test]
async fn a_shop_comes_back_from_postgres() {
    let source = server::postgres().create_database("shop_pulled");
    source.psql(SHOP);
    round_trip(source, false).await;
}

#[tokio::test]
async fn what_pgbench_makes_comes_back() {
    let source = server::postgres().create_database("pgbench");
    let server = source.server();
    for arguments in [&["-I", "dtp"][..], &["-I", "dtpf", "--partitions", "3"]] {
        let mut pgbench = server.program("pgbench");
        pgbench.args(["-i", "-q", "-U", "postgres", "-h"]).arg(&server.socket_folder);
        pgbench.args(["-p", &server.port.to_string()]).args(arguments).arg(&source.name);
        let output = pgbench.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let copy = server::postgres().create_database("pgbench_source");
        copy.psql(&dump(&source, false));
        round_trip(copy, false).await;
    }
}

/// Everything `sqlite_schema` holds, in its order.
fn stored(file: &TestFile) -> String {
    file.query("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
}

#[tokio::test]
async fn some_of_everything_comes_back_from_sqlite() {
    let source = server::sqlite("everything");
    source.execute(SQLITE);
    let scope = Scope::default();
    let (wanted, told_by_sqlite) = (model(&source.url(), &scope).await, stored(&source));
    assert!(wanted.unmodelled.is_empty(), "{:?}", wanted.unmodelled);
    let project = Project::new(Database::Sqlite(source));
    let told = project.run(&["pull", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    let copy = server::sqlite("copy");
    copy.execute(&text(&project.path("schema.sql")));
    assert_eq!(model(&copy.url(), &scope).await, wanted);
    similar(&stored(&copy), &told_by_sqlite);
    let told = project.run(&["push", "--yes", "--json"]);
    assert_eq!(told.statements(), [""; 0], "{told:?}");
    let told = project.run(&["pull", "--split", "--out", "schema", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = project.run(&["diff", "database", "schema", "--json"]);
    assert_eq!(told.statements(), [""; 0], "{told:?}");
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
