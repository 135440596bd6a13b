//! The golden files of PostgreSQL, each run in a database of its own.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::schema::model::{Body, Key, Model};
use dbstudio::schema::plan::{self, Step};
use dbstudio::schema::rename::Rename;
use dbstudio::sql::Dialect;

use super::case::{Case, comments};
use super::rows::{Rows, kept};
use super::{Made, files, make, scope, settle, told, updates};
use crate::scratch::target;
use crate::server::{self, Server};

macro_rules! groups {
    ($($group:ident)*) => { $(
        #[tokio::test]
        async fn $group() {
            run(stringify!($group)).await;
        }
    )* };
}

groups! {
    columns constraints indexes types views routines tables partitions access renames online
}

/// The version of the server whose words the golden files have.
const VERSION: i64 = 15;

/// Runs the cases of a folder.
async fn run(group: &str) {
    let mut maker = Maker::new().await;
    let mut outcomes = Vec::new();
    for path in files("postgres", group) {
        let outcome = run_case(&path, &mut maker).await;
        outcomes.push((path, outcome));
    }
    let same_version = maker.admin.version().is_some_and(|version| version / 10_000 == VERSION);
    maker.admin.close().await;
    settle(outcomes, same_version);
}

/// Makes and drops databases over one connection, for there are many.
struct Maker {
    server: &'static Server,
    admin: Connection,
}

impl Maker {
    async fn new() -> Self {
        let server = server::postgres();
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
        let admin = Connection::open(&target(&url), &Stop::new()).await.unwrap();
        Self { server, admin }
    }

    async fn ask(&mut self, sql: &str) {
        self.admin.run(sql, &Stop::new()).await.unwrap();
    }

    /// A new database with a schema in it, and a connection to it.
    async fn make(&mut self, schema: &str) -> Result<Database, String> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("golden_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.ask(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let url = format!("postgres://postgres@127.0.0.1:{}/{name}", self.server.port);
        let mut live = Connection::open(&target(&url), &Stop::new()).await.map_err(told)?;
        execute(&mut live, schema).await?;
        Ok(Database { server: self.server, name, url, live })
    }

    async fn drop(&mut self, database: Database) {
        database.live.close().await;
        self.ask(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await;
    }
}

/// What `pg_dump` tells of the schemas a case begins with and leads to, where it is asked.
struct Dumps {
    first: Option<Vec<String>>,
    wanted: Option<Vec<String>>,
}

/// A database of a case.
struct Database {
    server: &'static Server,
    name: String,
    url: String,
    live: Connection,
}

/// Runs what a case is given.
async fn execute(live: &mut Connection, sql: &str) -> Result<(), String> {
    if sql.is_empty() {
        return Ok(());
    }
    live.run(sql, &Stop::new()).await.map_err(|fault| format!("{}\n{sql}", fault.message))
}

async fn run_case(path: &Path, maker: &mut Maker) -> Result<Case, String> {
    let mut case = Case::read(&std::fs::read_to_string(path).unwrap());
    let mut database = maker.make(&case.before).await?;
    let mut dumps = Dumps { first: None, wanted: None };
    if updates() {
        dumps.first = Some(dump(&database, &case));
    }
    execute(&mut database.live, &case.rows).await?;
    let made = make(&case, &target(&database.url)).await.map_err(told)?;
    let written = (case.up.clone(), case.down.clone());
    case.fill(&made);
    let outcome = if case.has("fails") {
        fails(&mut database.live, &mut case, &made).await
    } else {
        if updates() || written != (case.up.clone(), case.down.clone()) {
            let wanted = maker.make(&case.after).await?;
            dumps.wanted = Some(dump(&wanted, &case));
            maker.drop(wanted).await;
        }
        holds(&mut database, &mut case, &made, &dumps).await
    };
    maker.drop(database).await;
    outcome.map(|()| case).map_err(|why| {
        let up: Vec<&str> = made.proof.up.steps.iter().map(|step| step.sql.as_str()).collect();
        format!("{why}\nthe plan was:\n{}", up.join("\n"))
    })
}

async fn read(live: &mut Connection, case: &Case) -> Result<Model, String> {
    live.model(&scope(case), &Stop::new()).await.map_err(told)
}

async fn apply(live: &mut Connection, steps: &[Step]) -> Result<(), String> {
    let applied = live.apply(steps, &Stop::new(), &mut |_| ()).await;
    applied.map_err(|failure| failure.problem.why)
}

/// The rows are such that the plan fails: it says so beforehand, and leaves everything.
async fn fails(live: &mut Connection, case: &mut Case, made: &Made) -> Result<(), String> {
    let before = (read(live, case).await?, rows(live, &made.proof.current).await?);
    let Err(why) = apply(live, &made.proof.up.steps).await else {
        return Err("it does not fail".to_owned());
    };
    case.failure = comments(why.lines());
    let after = (read(live, case).await?, rows(live, &made.proof.current).await?);
    if before != after {
        return Err("a plan that failed changed something".to_owned());
    }
    if !case.up.contains("-- danger ") {
        return Err("nothing says beforehand that it fails".to_owned());
    }
    Ok(())
}

/// The plan leads to the schema that is wanted and back, and keeps the rows.
async fn holds(
    database: &mut Database,
    case: &mut Case,
    made: &Made,
    dumps: &Dumps,
) -> Result<(), String> {
    let before = rows(&mut database.live, &made.proof.current).await?;
    apply(&mut database.live, &made.proof.up.steps).await?;
    if let Some(wanted) = &dumps.wanted {
        same("after the plan", &dump(database, case), wanted)?;
    }
    let live = &mut database.live;
    let there = read(live, case).await?;
    let rest = plan::plan(&there, &made.proof.desired, case.has("online")).steps;
    if !rest.is_empty() {
        return Err(format!("a second look finds {rest:#?}"));
    }
    let now = rows(live, &there).await?;
    if !case.rows.is_empty() {
        case.rows_afterwards = listed(live, &there).await?;
    }
    kept(&before, &now, &made.renames, case)?;
    let down = made.proof.down.as_ref().map(|down| down.steps.clone()).unwrap_or_default();
    apply(live, &down).await.map_err(|why| format!("on the way back: {why}"))?;
    if let Some(first) = &dumps.first {
        same("after the way back", &dump(database, case), first)?;
    }
    let back: Vec<Rename> = made.renames.iter().rev().map(Rename::reversed).collect();
    let there = read(&mut database.live, case).await?;
    if let Some(key) = plan::differences(&there, &made.proof.current).first() {
        return Err(format!("after the way back {key} is not what it was"));
    }
    let after_down = rows(&mut database.live, &there).await?;
    kept(&now, &after_down, &back, case).map_err(|why| format!("on the way back: {why}"))
}

/// What `pg_dump` says of the schema: its lines in no order, as columns may have other places.
fn dump(database: &Database, case: &Case) -> Vec<String> {
    let server = database.server;
    let mut command = server.program("pg_dump");
    command.args(["--schema-only", "--no-owner", "-U", "postgres", "-d", &database.name, "-h"]);
    command.arg(&server.socket_folder).args(["-p", &server.port.to_string()]);
    if !case.has("privileges") {
        command.arg("--no-privileges");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let counts =
        |line: &&str| !line.is_empty() && !line.starts_with("--") && !line.starts_with('\\');
    let mut lines: Vec<String> = text.lines().filter(counts).map(in_order).collect();
    lines.sort();
    lines
}

/// A line without its comma, storage parameters by name.
fn in_order(line: &str) -> String {
    let line = line.trim_end_matches([',', ';']);
    let inside = line.strip_prefix("WITH (").and_then(|rest| rest.strip_suffix(')'));
    let Some(inside) = inside else { return line.to_owned() };
    let mut options: Vec<&str> = inside.split(", ").collect();
    options.sort_unstable();
    format!("WITH ({})", options.join(", "))
}

fn same(when: &str, found: &[String], wanted: &[String]) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    let lacks = |one: &[String], other: &[String]| {
        let mut rest = other.to_vec();
        let missing = one.iter().filter(|line| {
            let at = rest.iter().position(|other| other == *line);
            at.map(|at| rest.remove(at)).is_none()
        });
        missing.cloned().collect::<Vec<_>>().join("\n  ")
    };
    Err(format!(
        "{when} pg_dump tells another schema; it lacks\n  {}\nand has\n  {}",
        lacks(wanted, found),
        lacks(found, wanted)
    ))
}

/// The tables that hold rows themselves.
fn row_tables(model: &Model) -> impl Iterator<Item = &Key> {
    let holds = |body: &Body| matches!(body, Body::Table(table) if table.partition_by.is_none());
    model.objects.iter().filter(move |(_, object)| holds(&object.body)).map(|(key, _)| key)
}

fn quoted(name: &str) -> String {
    Dialect::Postgres.ident(name)
}

fn relation(key: &Key) -> String {
    format!("{}.{}", quoted(&key.schema), quoted(&key.name))
}

/// The values of every table, by column.
async fn rows(live: &mut Connection, model: &Model) -> Result<Rows, String> {
    let mut found = Rows::new();
    for table in row_tables(model) {
        let columns: Vec<(String, String)> = model
            .parts(table)
            .filter_map(|(key, object)| match &object.body {
                Body::Column(column) if column.generated.is_none() => {
                    Some((key.name.clone(), column.type_name.clone()))
                }
                _ => None,
            })
            .collect();
        let texts: Vec<String> =
            columns.iter().map(|(name, _)| format!("{}::text", quoted(name))).collect();
        let sql = format!("SELECT ctid, {} FROM ONLY {}", texts.join(", "), relation(table));
        let sql = if texts.is_empty() { "SELECT WHERE false".to_owned() } else { sql };
        let values = live.rows(&sql).await.map_err(told)?;
        let of_table = found.entry(table.clone()).or_default();
        for (at, column) in columns.into_iter().enumerate() {
            let mut values: Vec<_> = values.iter().map(|row| row[at + 1].clone()).collect();
            values.sort();
            of_table.insert(column, values);
        }
    }
    Ok(found)
}

/// Every table's rows, for a reader.
async fn listed(live: &mut Connection, model: &Model) -> Result<String, String> {
    let mut lines = Vec::new();
    for table in row_tables(model) {
        let sql = format!("SELECT t::text FROM ONLY {} AS t ORDER BY 1", relation(table));
        let rows = live.rows(&sql).await.map_err(told)?;
        let rows: Vec<String> = rows.into_iter().flatten().flatten().collect();
        lines.push(format!("{table}: {}", rows.join(" ")));
    }
    Ok(comments(lines.iter().map(String::as_str)))
}
