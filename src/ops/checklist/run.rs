//! The checklist of running migrations: the items that are about the files, the history and the way
//! back, with the evidence that is gathered for each. Nothing here runs a migration.

use serde_json::Value;

use super::safeguard::{self, Ground, Hour};
use super::{Checklist, Item};
use crate::config::{Checks, Config, Protection};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::Migration;
use crate::ops::change::Setting;
use crate::ops::difference::of_person;
use crate::ops::evidence::{self, Bond, Cabinet, Sort, StagingRecord, now, span};
use crate::ops::push;
use crate::ops::run::{Direction, Run};
use crate::problem::Result;

/// The operation as the configuration names it.
pub fn operation(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "migrate",
        Direction::Down => "rollback",
    }
}

/// Gathers the evidence for everything on the list of a run. `read` are the names of the migrations
/// whose text somebody has looked at to its end.
///
/// # Errors
/// The database cannot be asked, or the configuration cannot be used.
pub async fn gather(
    config: &Config,
    setting: &Setting,
    run: &Run,
    read: &[String],
    stop: &Stop,
) -> Result<Checklist> {
    let target = &setting.target;
    let operation = operation(run.direction);
    let checks = config.checks(target, operation)?;
    let strict = target.protection == Protection::Production;
    let migrations: Vec<Migration> =
        run.scripts.iter().map(|script| script.migration.clone()).collect();
    let names = migrations.iter().map(Migration::name).collect();
    let mut list = Checklist {
        operation,
        strict,
        database: run.database.clone(),
        migrations: names,
        items: Vec::new(),
        checks,
        bond: Bond::default(),
    };
    if list.checks.items.is_empty() {
        return Ok(list);
    }
    let mut connection = match push::is_to_be_made(target) {
        true => Connection::in_memory().await?,
        false => Connection::open_reading(target, stop).await?,
    };
    let asked = ask(&mut connection, setting, &migrations, stop).await;
    connection.close().await;
    let (bond, hour) = asked?;
    let cabinet = Cabinet::of(&config.places().state, &bond.database);
    let ground = Ground::Live(bond.clone(), hour);
    for id in &list.checks.items {
        let item = match *id {
            "tested-on-staging" => {
                staged(&evidence::staging(config, &setting.project, &migrations, stop).await?)
            }
            "reviewed" => reviewed(run, read),
            "rollback-plan" => rollback_plan(&cabinet, &bond, &list.checks, run),
            id => {
                let of = (config, target, &list.checks);
                let found = safeguard::item(id, of, &ground, None);
                found.unwrap_or_else(|| Item::unknown(id))
            }
        };
        list.items.push(item);
    }
    list.bond = bond;
    Ok(list)
}

async fn ask(
    connection: &mut Connection,
    setting: &Setting,
    migrations: &[Migration],
    stop: &Stop,
) -> Result<(Bond, Hour)> {
    let live = of_person(connection.model(&setting.scope, stop).await?);
    let bond = Bond::of(connection, &setting.target, migrations, &live).await?;
    Ok((bond, Hour::at(connection).await?))
}

fn staged(records: &[StagingRecord]) -> Item {
    let told = |record: &StagingRecord| {
        let name = &record.environment;
        match (&record.trouble, record.lacking.as_slice()) {
            (Some(problem), _) => format!("{name} could not be asked: {}", problem.what),
            (None, []) => format!("{name} has them applied, the very same texts"),
            (None, lacking) => format!("{name}: {}", lacking.join(", ")),
        }
    };
    let mut evidence: Vec<String> = records.iter().map(told).collect();
    if evidence.is_empty() {
        evidence.push("the project has no environment with protection = \"staging\"".to_owned());
    }
    Item {
        id: "tested-on-staging",
        title: "the same migrations are applied on staging",
        shown: records.iter().any(StagingRecord::holds),
        evidence,
    }
}

fn reviewed(run: &Run, read: &[String]) -> Item {
    let statements: usize = run.scripts.iter().map(|script| script.statements.len()).sum();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let files = run.scripts.len();
    let (statement_s, file_s) = (plural(statements), plural(files));
    let names = run.scripts.iter().map(|script| script.migration.name());
    let unread: Vec<String> = names.filter(|name| !read.contains(name)).collect();
    let end = match (unread.as_slice(), read) {
        ([], _) => ", looked at to the end".to_owned(),
        (_, []) => String::new(),
        (unread, _) => format!("; not yet to its end: {}", unread.join(", ")),
    };
    Item {
        id: "reviewed",
        title: "the SQL was reviewed",
        shown: unread.is_empty(),
        evidence: vec![format!("{statements} statement{statement_s} in {files} file{file_s}{end}")],
    }
}

fn rollback_plan(cabinet: &Cabinet, bond: &Bond, checks: &Checks, run: &Run) -> Item {
    let found = cabinet.valid(Sort::Rehearsal, bond, checks.rehearsal_age);
    let (shown, mut evidence) = match found {
        Err(why) => (false, vec![format!("{why}: dbstudio rehearse makes one")]),
        Ok(one) => {
            let is = |key: &str| one.detail.get(key).and_then(Value::as_bool).unwrap_or(false);
            let age = span(now().saturating_sub(one.at));
            let mut evidence = vec![format!("{}, {age} ago", one.summary)];
            let lost = one.detail.get("lost").and_then(Value::as_array);
            let lost = lost.into_iter().flatten().filter_map(Value::as_str);
            evidence.extend(lost.map(|loss| format!("going back does not bring back {loss}")));
            if !is("reversible") {
                let names = one.detail.get("one_way").and_then(Value::as_array);
                let names: Vec<&str> =
                    names.into_iter().flatten().filter_map(Value::as_str).collect();
                evidence.push(format!("cannot be rolled back: {}", names.join(", ")));
            }
            (is("passed") && is("reversible"), evidence)
        }
    };
    let saves = run.scripts.iter().flat_map(|script| &script.capsule);
    evidence.extend(saves.map(|save| match save.kept {
        Some(false) => format!("the undo capsule does not keep {}", save.what()),
        _ => format!("the undo capsule keeps {}", save.what()),
    }));
    Item { id: "rollback-plan", title: "the way back was rehearsed", shown, evidence }
}
