//! What the undo capsules of pending migrations will keep, found out and measured before anything
//! runs: on a scratch that holds the live schema, where one can be had, else by the statements'
//! words. Only reads.

use super::Save;
use std::time::Duration;

use super::destroyed::{by_plan, by_words};
use super::keep::{item, names, too_large};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::capsule::Sort;
use crate::migrations::capsule::table::{self, Form, Size};
use crate::ops::change::Setting;
use crate::ops::examine::followed;
use crate::ops::run::{Run, Scheduled};
use crate::ops::{history, proof, replay};
use crate::problem::{Kind, Problem, Result};
use crate::schema::RelationName;
use crate::schema::hazard::{bytes, counted};
use crate::schema::model::Model;
use crate::sql::Dialect;
use crate::sql::touch::touch;

/// How long one table is measured.
const PATIENCE: Duration = Duration::from_secs(20);

/// Finds out what the migrations of a run destroy, settles what is kept, and notes both in the run.
/// `barred` is why the database can have no capsules, if it cannot.
pub(in crate::ops) async fn plan(
    setting: &Setting,
    live: &mut Connection,
    run: &mut Run,
    barred: Option<&str>,
    stop: &Stop,
) -> Result<()> {
    let dialect = live.dialect();
    let last = run.scripts.iter().rposition(|script| is_suspicious(dialect, script));
    let Some(last) = last.filter(|_| setting.target.keeps_capsules()) else { return Ok(()) };
    if let Some(why) = barred {
        run.notes.push(format!(
            "there is no undo capsule here ({why}): what is destroyed does not come back with a \
             rollback"
        ));
        return Ok(());
    }
    let mut before = live.model(&setting.scope, stop).await?;
    let nothing = Model::empty(dialect);
    history::spare(&mut before, &nothing);
    let search = search(live, stop).await?;
    let scripts = run.scripts.get_mut(..=last).unwrap_or_default();
    let seen = in_scratch(setting, &before, scripts, &search, stop).await;
    match seen {
        Ok(()) => {}
        Err(problem) if problem.kind == Kind::Cancelled => return Err(problem),
        Err(problem) => {
            for script in scripts.iter_mut().filter(|script| script.from == 0) {
                let statements: Vec<String> =
                    script.statements.iter().map(|one| one.sql.clone()).collect();
                script.capsule = by_words(&statements, &before, &search);
            }
            run.notes.push(format!(
                "what the undo capsule has to keep could be told only by the words of the \
                 statements: {}",
                problem.what
            ));
        }
    }
    let settled = settle(setting, live, run, stop).await;
    settled.map_err(|fault| unmeasured(&fault))
}

fn unmeasured(fault: &Fault) -> Problem {
    let fix = "try again, or turn it off with capsule = false in the environment";
    fault.problem("What the undo capsule has to keep could not be measured", fix)
}

/// Whether a script may destroy anything that a capsule can keep.
fn is_suspicious(dialect: Dialect, script: &Scheduled) -> bool {
    let statements = script.statements.iter();
    script.from == 0
        && !script.unsure
        && statements.map(|one| touch(dialect, &one.sql)).any(|touch| !touch.is_nothing())
}

/// The schemas a bare name is looked for in.
async fn search(live: &mut Connection, stop: &Stop) -> Result<Vec<String>> {
    if live.dialect() == Dialect::Sqlite {
        return Ok(vec!["main".to_owned()]);
    }
    let sql = "SELECT pg_catalog.unnest(pg_catalog.current_schemas(false))";
    let rows = live.query(sql, stop).await.map_err(|fault| unmeasured(&fault))?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// Runs the scripts on a scratch that holds the live schema, and sees what each destroys.
async fn in_scratch(
    setting: &Setting,
    before: &Model,
    scripts: &mut [Scheduled],
    search: &[String],
    stop: &Stop,
) -> Result<()> {
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let outcome = match scratch.connection() {
        Ok(connection) => each(setting, connection, (before, search), scripts, stop).await,
        Err(problem) => Err(problem),
    };
    // What failed first is what the person must know.
    let closed = scratch.close().await;
    outcome.and(closed)
}

async fn each(
    setting: &Setting,
    scratch: &mut Connection,
    (before, search): (&Model, &[String]),
    scripts: &mut [Scheduled],
    stop: &Stop,
) -> Result<()> {
    let scope = &setting.scope;
    let dialect = scratch.dialect();
    proof::build(scratch, before, scope, stop).await?;
    for script in scripts.iter_mut() {
        let file = script.migration.up.clone();
        let alone = dialect == Dialect::Postgres && !script.transaction;
        if !is_suspicious(dialect, script) {
            replay::run(scratch, &file, alone, stop).await?;
            continue;
        }
        let (watched, after) = followed(scratch, &file, alone, scope, stop).await?;
        let plan = watched.plan(&after, &file, alone);
        script.capsule = by_plan(&plan, &watched.before, &after, search);
    }
    Ok(())
}

/// Measures what is destroyed, and settles what of it is kept.
async fn settle(
    setting: &Setting,
    live: &mut Connection,
    run: &mut Run,
    stop: &Stop,
) -> std::result::Result<(), Fault> {
    let (dialect, limit) = (live.dialect(), setting.target.session.capsule_limit);
    let many = run.scripts.len() > 1;
    let mut notes = Vec::new();
    for script in &mut run.scripts {
        let of = match many {
            true => format!("the capsule of {}", script.migration.name()),
            false => "the capsule".to_owned(),
        };
        let mut saves = std::mem::take(&mut script.capsule);
        for at in 0..saves.len() {
            let Some(save) = saves.get(at).filter(|save| save.sort == Sort::Rows) else { continue };
            let (table, truncates) = (save.table.clone(), save.truncates);
            for table in below(live, &table, truncates, stop).await? {
                if !saves.iter().any(|one| one.table == table && one.sort != Sort::Values) {
                    saves.push(Save::new(table, Sort::Rows, Vec::new()));
                }
            }
        }
        let mut left = limit;
        for save in &mut saves {
            notes.extend(measure(live, save, (&of, limit), &mut left, stop).await?);
        }
        script.capsule = saves;
        let hides = |sql: &str| touch(dialect, sql).hidden;
        if script.from == 0 && script.statements.iter().any(|one| hides(&one.sql)) {
            notes.push(format!(
                "{} runs code: what that does to rows is not kept in a capsule",
                script.migration.name()
            ));
        }
    }
    run.notes.extend(notes);
    Ok(())
}

/// The tables whose rows go or change with those of a table (PostgreSQL).
async fn below(
    live: &mut Connection,
    table: &RelationName,
    truncates: bool,
    stop: &Stop,
) -> std::result::Result<Vec<RelationName>, Fault> {
    if live.dialect() == Dialect::Sqlite {
        // Migrations run with foreign keys off there.
        return Ok(Vec::new());
    }
    let literal = |text: &str| Dialect::Postgres.literal(text);
    let sql = format!(
        "WITH RECURSIVE gone AS (
           SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
             ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = {}
           UNION SELECT k.conrelid FROM pg_catalog.pg_constraint k JOIN gone
             ON k.confrelid = gone.oid WHERE k.contype = 'f' AND ({truncates} OR k.confdeltype IN ('c', 'n', 'd')))
         SELECT n.nspname, c.relname FROM gone JOIN pg_catalog.pg_class c ON c.oid = gone.oid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT c.relispartition",
        literal(&table.schema),
        literal(&table.name)
    );
    let rows = live.query(&sql, stop).await?;
    let name = |row: Vec<Option<String>>| match row.as_slice() {
        [Some(schema), Some(name)] => Some(RelationName::new(schema, name)),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(name).filter(|name| name != table).collect())
}

/// Measures a table for so long; none where that is not enough.
async fn sized(
    live: &mut Connection,
    table: &RelationName,
    columns: (&[String], &[String]),
    stop: &Stop,
) -> std::result::Result<Option<Size>, Fault> {
    let limit = Stop::new();
    let asking = table::size(live, table, columns, &limit);
    tokio::pin!(asking);
    tokio::select! {
        biased;
        size = &mut asking => size.map(Some),
        () = stop.asked() => {
            limit.ask();
            asking.await.map(Some)
        }
        () = tokio::time::sleep(PATIENCE) => {
            limit.ask();
            match asking.await {
                Err(fault) if fault.stopped && !fault.lost => Ok(None),
                size => size.map(Some),
            }
        }
    }
}

/// Measures one thing, settles whether it is kept, and says so; `left` is how many bytes the
/// capsule may still take.
async fn measure(
    live: &mut Connection,
    save: &mut Save,
    (of, limit): (&str, u64),
    left: &mut u64,
    stop: &Stop,
) -> std::result::Result<Option<String>, Fault> {
    let what = save.what();
    let Some(now) = table::read(live, &save.table, stop).await? else {
        return Ok(Some(format!("{of} keeps {what}, if it is not too large by then")));
    };
    if now.form == Form::Foreign {
        save.kept = Some(false);
        return Ok(Some(format!("{what} is not kept: its rows are elsewhere")));
    }
    let Some(kept) = item(save, &now, String::new()) else {
        return Ok(Some(format!("{of} keeps {what}, if it is not too large by then")));
    };
    let columns = names(&kept);
    let Some(size) = sized(live, &save.table, (&columns, &kept.values), stop).await? else {
        save.kept = Some(false);
        return Ok(Some(format!(
            "{what} is too large to be measured in {} s, so it is not kept, and rolling back does \
             not bring it back",
            PATIENCE.as_secs()
        )));
    };
    save.size = Some(size);
    if size.bytes > *left {
        save.kept = Some(false);
        return Ok(Some(format!("{what}: {}", too_large(size.bytes, limit))));
    }
    *left -= size.bytes;
    save.kept = Some(true);
    if size.rows == 0 && size.exact {
        return Ok(None);
    }
    let many = match save.sort {
        Sort::Table | Sort::Rows => counted(size.rows, "row", "rows"),
        Sort::Columns | Sort::Values => counted(size.values, "value", "values"),
    };
    let about = if size.exact { "" } else { "about " };
    let size = bytes(size.bytes);
    let rest = match save.sort {
        Sort::Rows | Sort::Values => ", then only what was changed",
        Sort::Table | Sort::Columns => "",
    };
    let by_hand = match kept.key.is_empty() && !matches!(save.sort, Sort::Table) {
        true => "; it has no key, so only a person can put it back",
        false => "",
    };
    Ok(Some(format!("{of} keeps {what}, {about}{many}, ~{size}{rest}{by_hand}")))
}
