//! Running migrations in a scratch database, to find out which schema they make.
//!
//! This is not how migrations are applied to a person's database: nothing is recorded, and what
//! would change the server is refused.

use super::desired::{Judged, is_setting, judged};
use crate::db::connection::Connection;
use crate::db::fault::{Fault, Script};
use crate::db::stop::Stop;
use crate::migrations::Migration;
use crate::problem::{Problem, Result};
use crate::schema::plan::Step;
use crate::sql::Dialect;

/// Runs migrations in their order on an empty scratch database.
///
/// # Errors
/// The first statement that fails, with its file, line and column and the engine's words.
pub async fn replay(scratch: &mut Connection, migrations: &[Migration], stop: &Stop) -> Result<()> {
    for migration in migrations {
        run(scratch, &migration.up, migration.alone, stop).await?;
    }
    Ok(())
}

/// Runs one script as a migration runs; `alone` is whether its file says that it must not run in
/// a transaction, which means nothing on SQLite.
///
/// # Errors
/// The first statement that fails, with its file, line and column and the engine's words.
pub(super) async fn run(
    scratch: &mut Connection,
    script: &Script,
    alone: bool,
    stop: &Stop,
) -> Result<()> {
    let mut statements = judged(scratch, script).await?;
    let is_alone = |one: &Judged| super::script::is_alone(scratch.dialect(), &one.sql);
    match scratch.dialect() {
        Dialect::Sqlite => {
            // VACUUM and the like change no schema.
            statements.retain(|one| !is_alone(one));
            in_one(scratch, script, &statements, stop).await
        }
        Dialect::Postgres => {
            let alone = alone || statements.iter().any(is_alone);
            let together = !alone && together(scratch, script, &statements, stop).await?;
            let ran = match together {
                true => Ok(()),
                false => one_by_one(scratch, script, &statements, alone, stop).await,
            };
            // Settings of one migration are none of the next one's.
            match ran {
                Ok(()) => scratch.reset().await,
                failed => failed,
            }
        }
    }
}

/// SQLite's way: foreign keys off meanwhile, all or nothing.
async fn in_one(
    scratch: &mut Connection,
    script: &Script,
    statements: &[Judged],
    stop: &Stop,
) -> Result<()> {
    let steps: Vec<Step> =
        statements.iter().map(|one| Step::new(one.sql.clone(), Vec::new())).collect();
    let ran = scratch.apply(&steps, stop, &mut |_| {}).await;
    ran.map_err(|failure| {
        let at = failure.step.and_then(|step| statements.get(step));
        let Some(at) = at else { return failure.problem };
        let fault = Fault { message: failure.problem.why.clone(), ..Fault::default() };
        let told = fault.in_script(script, at.start, &at.sql);
        Problem { kind: failure.problem.kind, ..told }
    })
}

/// Whether the statements were run, many at a time. A setting may change how the text after it is
/// read, so it must have been done before that is sent.
async fn together(
    scratch: &mut Connection,
    script: &Script,
    statements: &[Judged],
    stop: &Stop,
) -> Result<bool> {
    let sets = |one: &Judged| is_setting(scratch.dialect(), &one.sql);
    if statements.iter().any(sets) {
        return Ok(false);
    }
    let texts: Vec<&str> = statements.iter().map(|one| one.sql.as_str()).collect();
    let ran = scratch.run_together(&texts, stop).await;
    ran.map_err(|fault| fault.in_script(script, 0, ""))
}

async fn one_by_one(
    scratch: &mut Connection,
    script: &Script,
    statements: &[Judged],
    alone: bool,
    stop: &Stop,
) -> Result<()> {
    let around = |sql: &'static str| Judged { start: 0, sql: sql.to_owned() };
    let (begin, commit) = (around("BEGIN"), around("COMMIT"));
    let first = (!alone).then_some(&begin);
    let last = (!alone).then_some(&commit);
    for one in first.into_iter().chain(statements).chain(last) {
        let ran = scratch.run(&one.sql, stop).await;
        if let Err(fault) = ran {
            if !alone && !fault.lost {
                // The scratch is of no use any more; it only has to be left in peace.
                drop(scratch.run("ROLLBACK", &Stop::new()).await);
            }
            return Err(fault.in_script(script, one.start, &one.sql));
        }
    }
    Ok(())
}
