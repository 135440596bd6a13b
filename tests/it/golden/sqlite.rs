//! The golden files of SQLite, each run on a file of its own.

use std::collections::BTreeMap;
use std::path::Path;

use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::schema::model::{Body, Key, Model, Scope, SqliteTable};
use dbstudio::schema::plan::{self, Step};
use dbstudio::schema::rename::Rename;

use super::case::{Case, comments};
use super::rows::{Rows, kept};
use super::{Made, files, make, settle, told};
use crate::scratch::target;
use crate::server::{self, TestFile};

macro_rules! groups {
    ($($group:ident)*) => { $(
        #[tokio::test]
        async fn $group() {
            run(stringify!($group)).await;
        }
    )* };
}

groups! { columns rebuilds objects renames }

/// Runs the cases of a folder.
async fn run(group: &str) {
    let mut outcomes = Vec::new();
    for path in files("sqlite", group) {
        let outcome = run_case(&path).await;
        outcomes.push((path, outcome));
    }
    settle(outcomes, true);
}

async fn run_case(path: &Path) -> Result<Case, String> {
    let mut case = Case::read(&std::fs::read_to_string(path).unwrap());
    let file = server::sqlite("golden");
    file.execute(&case.before);
    let first = schema(&file);
    file.execute(&case.rows);
    let made = make(&case, &target(&file.url())).await.map_err(told)?;
    case.fill(&made);
    let mut live = Connection::open(&target(&file.url()), &Stop::new()).await.map_err(told)?;
    let outcome = if case.has("fails") {
        fails(&mut live, &mut case, &made).await
    } else {
        holds(&mut live, &mut case, &made, &file, &first).await
    };
    live.close().await;
    outcome.map(|()| case).map_err(|why| {
        let up: Vec<&str> = made.proof.up.steps.iter().map(|step| step.sql.as_str()).collect();
        format!("{why}\nthe plan was:\n{}", up.join("\n"))
    })
}

async fn read(live: &mut Connection) -> Result<Model, String> {
    live.model(&Scope::default(), &Stop::new()).await.map_err(told)
}

async fn apply(live: &mut Connection, steps: &[Step]) -> Result<(), String> {
    let applied = live.apply(steps, &Stop::new(), &mut |_| ()).await;
    applied.map_err(|failure| failure.problem.why)
}

/// The rows are such that the plan fails: it says so beforehand, and leaves everything.
async fn fails(live: &mut Connection, case: &mut Case, made: &Made) -> Result<(), String> {
    let before = (read(live).await?, rows(live, &made.proof.current).await?);
    let Err(why) = apply(live, &made.proof.up.steps).await else {
        return Err("it does not fail".to_owned());
    };
    case.failure = comments(why.lines());
    let after = (read(live).await?, rows(live, &made.proof.current).await?);
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
    live: &mut Connection,
    case: &mut Case,
    made: &Made,
    file: &TestFile,
    first: &BTreeMap<String, Vec<String>>,
) -> Result<(), String> {
    let there = read(live).await?;
    let before = rows(live, &there).await?;
    apply(live, &made.proof.up.steps).await?;
    sound(live).await?;
    let there = read(live).await?;
    let rest = plan::plan(&there, &made.proof.desired, case.has("online")).steps;
    if !rest.is_empty() {
        return Err(format!("a second look finds {rest:#?}"));
    }
    let wanted = server::sqlite("golden_wanted");
    wanted.execute(&case.after);
    same("after the plan", &schema(file), &schema(&wanted))?;
    let now = rows(live, &there).await?;
    if !case.rows.is_empty() {
        case.rows_afterwards = listed(live, &there).await?;
    }
    kept(&before, &now, &made.renames, case)?;
    let down = made.proof.down.as_ref().map(|down| down.steps.clone()).unwrap_or_default();
    apply(live, &down).await.map_err(|why| format!("on the way back: {why}"))?;
    sound(live).await?;
    same("after the way back", &schema(file), first)?;
    let back: Vec<Rename> = made.renames.iter().rev().map(Rename::reversed).collect();
    let there = read(live).await?;
    let after_down = rows(live, &there).await?;
    kept(&now, &after_down, &back, case).map_err(|why| format!("on the way back: {why}"))
}

/// That SQLite finds nothing wrong with the file.
async fn sound(live: &mut Connection) -> Result<(), String> {
    for pragma in ["integrity_check", "foreign_key_check"] {
        let told = live.rows(&format!("PRAGMA {pragma}")).await.map_err(told)?;
        let told: Vec<String> = told.into_iter().flatten().flatten().collect();
        if !told.iter().all(|word| word == "ok") {
            return Err(format!("{pragma}: {}", told.join(" ")));
        }
    }
    Ok(())
}

/// What stands in `sqlite_schema`: of every text its words in no order, as a column that was
/// added may stand elsewhere, without quotes and case.
fn schema(file: &TestFile) -> BTreeMap<String, Vec<String>> {
    let printed = file.query(
        "SELECT type || ' ' || name || ' of ' || tbl_name || char(1) || ifnull(sql, '') || char(2) \
         FROM sqlite_schema WHERE name NOT LIKE 'sqlite_sequence'",
    );
    let objects = printed.split('\u{2}').filter_map(|object| object.split_once('\u{1}'));
    let words = |sql: &str| {
        let sql: Vec<&str> =
            sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let spaced = sql.join(" ").replace(['"', '`', '[', ']', '\''], " ").to_lowercase();
        let spaced = spaced.replace('(', " ( ").replace(')', " ) ").replace(',', " ");
        let mut words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    objects.map(|(name, sql)| (name.trim().to_lowercase(), words(sql))).collect()
}

fn same(
    when: &str,
    found: &BTreeMap<String, Vec<String>>,
    wanted: &BTreeMap<String, Vec<String>>,
) -> Result<(), String> {
    let differs = |one: &BTreeMap<_, _>, other: &BTreeMap<_, _>| {
        let differing = one.iter().filter(|(name, words)| other.get(*name) != Some(*words));
        format!("{:#?}", differing.collect::<Vec<(&String, &Vec<String>)>>())
    };
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "{when} sqlite_schema differs: it should be\n{}\nand is\n{}",
        differs(wanted, found),
        differs(found, wanted)
    ))
}

/// The tables that hold rows.
fn tables(model: &Model) -> impl Iterator<Item = (&Key, &SqliteTable)> {
    model.objects.iter().filter_map(|(key, object)| match &object.body {
        Body::SqliteTable(table) => Some((key, table)),
        _ => None,
    })
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The values of every table, by column, with their storage class; its rowids and its counter
/// are columns too.
async fn rows(live: &mut Connection, model: &Model) -> Result<Rows, String> {
    let mut found = Rows::new();
    for (key, table) in tables(model) {
        let own = table.columns.iter().filter(|column| column.generated.is_none());
        let mut columns: Vec<(String, String)> =
            own.map(|column| (column.name.clone(), column.type_name.clone())).collect();
        columns.extend(table.rowid_name().map(|name| (name.to_owned(), "(rowid)".to_owned())));
        let of_table = found.entry(key.clone()).or_default();
        for column in columns {
            let name = quoted(&column.0);
            let sql = format!(
                "SELECT typeof({name}) || ' ' || quote({name}) FROM {} ORDER BY 1",
                quoted(&key.name)
            );
            let values = live.rows(&sql).await.map_err(told)?;
            of_table.insert(column, values.into_iter().flatten().collect());
        }
        if table.autoincrement {
            let sql = format!("SELECT seq FROM sqlite_sequence WHERE name = '{}'", key.name);
            let values = live.rows(&sql).await.map_err(told)?;
            let column = ("(counter)".to_owned(), String::new());
            of_table.insert(column, values.into_iter().flatten().collect());
        }
    }
    Ok(found)
}

/// Every table's rows, for a reader.
async fn listed(live: &mut Connection, model: &Model) -> Result<String, String> {
    let mut lines = Vec::new();
    for (key, table) in tables(model) {
        let columns = table.columns.iter().map(|column| format!("quote({})", quoted(&column.name)));
        let columns: Vec<String> = columns.collect();
        let sql = format!(
            "SELECT '(' || {} || ')' FROM {} ORDER BY 1",
            columns.join(" || ', ' || "),
            quoted(&key.name)
        );
        let rows = live.rows(&sql).await.map_err(told)?;
        let rows: Vec<String> = rows.into_iter().flatten().flatten().collect();
        lines.push(format!("{}: {}", key.name, rows.join(" ")));
    }
    Ok(comments(lines.iter().map(String::as_str)))
}
