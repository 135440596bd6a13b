//! Running a plan on SQLite. A stand-in until the real one is merged.

use sqlx::sqlite::SqliteConnection;

use crate::db::stop::Stop;
use crate::problem::Problem;
use crate::schema::plan::Step;

/// Why a plan could not be run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step that failed, counted from 0.
    pub step: Option<usize>,
    /// Why.
    pub problem: Problem,
}

/// Runs the steps one after the other.
pub(in crate::db) async fn apply(
    connection: &mut SqliteConnection,
    steps: &[Step],
    _stop: &Stop,
    on_step: &mut (dyn FnMut(usize) + Send),
) -> Result<(), Failure> {
    for (at, step) in steps.iter().enumerate() {
        on_step(at);
        let ran = sqlx::raw_sql(sqlx::AssertSqlSafe(step.sql.clone())).execute(&mut *connection);
        if let Err(error) = ran.await {
            let problem = Problem::failed("A statement failed", error.to_string(), "");
            return Err(Failure { step: Some(at), problem });
        }
    }
    Ok(())
}
