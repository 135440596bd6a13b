//! Runs the statements of a plan or a migration on one connection: all of them or none.
//!
//! Foreign keys are off meanwhile, because dropping a table would delete the rows that name its
//! rows; so afterwards nothing may be worse than before ([`Facts`]): no row that names a missing
//! one, no row of a bystander gone, no view or trigger broken, no page damaged. Whatever fails,
//! the transaction is rolled back and the connection set as it was.

mod facts;
mod keepsakes;
mod literal;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use facts::{Care, Facts, Tables};
use keepsakes::Keepsakes;
pub(in crate::db::sqlite) use literal::literal;

use super::failure::{self, SQLITE_BUSY, SQLITE_INTERRUPT};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem};
use crate::schema::model::{Word, words};
use crate::schema::plan::{Action, Step};

/// Steps of SQLite's machine between two looks at whether to stop: about 0.1 ms.
const STEPS: i32 = 4_000;
/// How long to wait before trying again for a lock.
const PAUSE: Duration = Duration::from_millis(50);

/// Why the statements were not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::db) struct Failure {
    /// The statement that failed, counted from 0; `None` if none of them did.
    pub(in crate::db) step: Option<usize>,
    /// What failed, SQLite's words, and what state things are in.
    pub(in crate::db) problem: Problem,
    /// Whether it was only that somebody else has the file locked.
    pub(in crate::db) busy: bool,
    /// Whether the statements ran, but would have left the database worse than it was.
    pub(in crate::db) unsound: bool,
}

impl Failure {
    pub(in crate::db) fn around(problem: Problem) -> Self {
        Self { step: None, problem, busy: false, unsound: false }
    }
}

type Outcome<T> = Result<T, Failure>;

/// Runs the statements in one transaction. `patience` is how long to wait for somebody else's
/// lock; `on_step` is told each statement's number before it runs.
///
/// The connection must be in no transaction. Its progress handler is replaced, and taken off at
/// the end.
///
/// # Errors
/// A failure says which statement and why; everything is then as it was before.
pub(in crate::db) async fn apply(
    connection: &mut SqliteConnection,
    steps: &[Step],
    patience: Duration,
    stop: &Stop,
    on_step: &mut (dyn FnMut(usize) + Send),
) -> Outcome<()> {
    if steps.is_empty() {
        return Ok(());
    }
    watch(connection, Some(stop)).await?;
    let outcome = match Guarded::open(connection, steps, patience, stop).await {
        Ok(guarded) => {
            let ran = guarded.all(connection, steps, stop, on_step).await;
            let ended = match ran {
                Ok(()) => guarded.close(connection, steps, patience, stop).await,
                Err(failure) => {
                    watch(connection, None).await?;
                    guarded.abandon(connection).await.and(Err(failure))
                }
            };
            ended.map(drop)
        }
        Err(failure) => Err(failure),
    };
    watch(connection, None).await?;
    outcome
}

/// A transaction with foreign keys off, and what must not get worse in it.
pub(in crate::db) struct Guarded {
    set: Settings,
    tables: Tables,
    bystanders: BTreeSet<String>,
    before: Facts,
    keepsakes: Keepsakes,
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("bystanders", &self.bystanders).finish_non_exhaustive()
    }
}

impl Guarded {
    /// Begins the transaction these statements are to run in; `patience` is how long to wait for
    /// somebody else's lock.
    ///
    /// # Errors
    /// The lock was not given, or the database cannot be read; the connection is then as it was.
    pub(in crate::db) async fn open(
        connection: &mut SqliteConnection,
        steps: &[Step],
        patience: Duration,
        stop: &Stop,
    ) -> Outcome<Self> {
        let set = Settings::exchange(connection).await.map_err(|error| around(&error))?;
        if let Err(failure) = insist(connection, "BEGIN IMMEDIATE", patience, stop).await {
            // Why it could not begin is what counts.
            drop(set.restore(connection).await);
            return Err(failure);
        }
        let look = async {
            let (care, renaming) = (Care::of(steps), keepsakes::rename(steps));
            let mut tables = Tables::default();
            // A thousand small migrations must not list a thousand tables each.
            if care >= Care::Rows || renaming {
                tables = Tables::read(connection).await?;
            }
            let bystanders = tables.bystanders(steps);
            let before = Facts::read(connection, &bystanders, care).await?;
            let keepsakes = match care >= Care::Everything || renaming {
                true => Keepsakes::read(connection).await?,
                false => Keepsakes::default(),
            };
            Ok((tables, bystanders, before, keepsakes))
        };
        match look.await {
            Ok((tables, bystanders, before, keepsakes)) => {
                Ok(Self { set, tables, bystanders, before, keepsakes })
            }
            Err(error) => {
                roll_back(connection).await?;
                drop(set.restore(connection).await);
                Err(around(&error))
            }
        }
    }

    async fn all(
        &self,
        connection: &mut SqliteConnection,
        steps: &[Step],
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Outcome<()> {
        for (number, step) in steps.iter().enumerate() {
            if stop.is_asked() {
                return Err(Failure::around(stopped()));
            }
            on_step(number);
            self.step(connection, steps, number).await.map_err(|error| Failure {
                step: Some(number),
                ..Failure::around(statement(&error, number, steps.len(), &step.sql))
            })?;
        }
        Ok(())
    }

    /// Runs one of the statements.
    ///
    /// # Errors
    /// SQLite's; the transaction is still open.
    pub(in crate::db) async fn step(
        &self,
        connection: &mut SqliteConnection,
        steps: &[Step],
        number: usize,
    ) -> sqlx::Result<()> {
        let Some(step) = steps.get(number) else { return Ok(()) };
        let later = steps.get(number + 1..).unwrap_or_default();
        let rename =
            keepsakes::alters(&step.sql) && renames(&words(&step.sql), later, &self.tables);
        if rename {
            legacy(connection, false).await?;
        }
        run(connection, &step.sql).await?;
        if rename {
            legacy(connection, true).await?;
        }
        Ok(())
    }

    /// Commits, if nothing is worse than it was; else everything is taken back.
    ///
    /// # Errors
    /// What is worse, or why it could not be committed.
    pub(in crate::db) async fn close(
        self,
        connection: &mut SqliteConnection,
        steps: &[Step],
        patience: Duration,
        stop: &Stop,
    ) -> Outcome<Vec<String>> {
        let ended = match self.sound(connection, steps).await {
            Ok(told) => insist(connection, "COMMIT", patience, stop).await.map(|()| told),
            worse => worse,
        };
        let told = match ended {
            Ok(told) => told,
            Err(failure) => return self.abandon(connection).await.and(Err(failure)),
        };
        let restored = self.set.restore(connection).await;
        restored.map(|()| told).map_err(|error| {
            Failure::around(Problem::new(
                Kind::Disconnected,
                "The changes were made, but the connection could not be set as it was before",
                failure::words(&error),
                "connect again",
            ))
        })
    }

    /// Puts back what rebuilds have lost, and makes sure that nothing is worse than it was.
    async fn sound(
        &self,
        connection: &mut SqliteConnection,
        steps: &[Step],
    ) -> Outcome<Vec<String>> {
        let unsound = |why: String| {
            let what = "The changes were taken back: the database would not be sound";
            let problem = Problem::failed(what, why, UNCHANGED);
            Err(Failure { unsound: true, ..Failure::around(problem) })
        };
        let restored = self.keepsakes.restore(connection, steps, &self.tables).await;
        let told = match restored.map_err(|error| around(&error))? {
            Ok(told) => told,
            Err(why) => return unsound(why),
        };
        let after = Facts::read(connection, &self.bystanders, Care::of(steps)).await;
        let after = after.map_err(|error| around(&error))?;
        let actions = steps.iter().flat_map(|step| &step.actions);
        let planned = actions.filter_map(|action| match action {
            Action::Create(key) => Some(key),
            _ => None,
        });
        match after.worse_than(&self.before, &planned.collect()) {
            None => Ok(told),
            Some(why) => unsound(why),
        }
    }

    /// Rolls back, and sets the connection as it was.
    ///
    /// # Errors
    /// The transaction cannot be rolled back.
    pub(in crate::db) async fn abandon(self, connection: &mut SqliteConnection) -> Outcome<()> {
        roll_back(connection).await?;
        self.set.restore(connection).await.map_err(|error| around(&error))
    }
}

/// What of a connection is changed meanwhile.
struct Settings {
    foreign_keys: i64,
    legacy_alter_table: i64,
    busy_timeout: i64,
}

impl Settings {
    /// Reads them, and sets the connection up for a transaction: inside one SQLite would ignore
    /// it silently. Who waits for a lock in SQLite hears nothing, so nobody does.
    async fn exchange(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let sql = "SELECT (SELECT foreign_keys FROM pragma_foreign_keys), \
                   (SELECT legacy_alter_table FROM pragma_legacy_alter_table), \
                   (SELECT timeout FROM pragma_busy_timeout); \
                   PRAGMA foreign_keys = 0; PRAGMA legacy_alter_table = 1; \
                   PRAGMA busy_timeout = 0";
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Self {
            foreign_keys: row.try_get(0)?,
            legacy_alter_table: row.try_get(1)?,
            busy_timeout: row.try_get(2)?,
        })
    }

    async fn restore(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let Self { foreign_keys, legacy_alter_table, busy_timeout } = self;
        let sql = format!(
            "PRAGMA legacy_alter_table = {legacy_alter_table}; \
             PRAGMA foreign_keys = {foreign_keys}; PRAGMA busy_timeout = {busy_timeout}"
        );
        run(connection, &sql).await
    }
}

/// What happens if somebody asks to stop: the statement that runs is ended.
async fn watch(connection: &mut SqliteConnection, stop: Option<&Stop>) -> Outcome<()> {
    let mut handle = connection.lock_handle().await.map_err(|error| around(&error))?;
    match stop.cloned() {
        Some(stop) => handle.set_progress_handler(STEPS, move || !stop.is_asked()),
        None => handle.remove_progress_handler(),
    }
    Ok(())
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// Whether a rename leaves alone what names the table.
async fn legacy(connection: &mut SqliteConnection, on: bool) -> sqlx::Result<()> {
    run(
        connection,
        if on { "PRAGMA legacy_alter_table = 1" } else { "PRAGMA legacy_alter_table = 0" },
    )
    .await
}

/// Runs a statement that waits for others, as long as there is patience.
async fn insist(
    connection: &mut SqliteConnection,
    sql: &str,
    patience: Duration,
    stop: &Stop,
) -> Outcome<()> {
    let until = Instant::now() + patience;
    loop {
        if stop.is_asked() {
            return Err(Failure::around(stopped()));
        }
        match run(connection, sql).await {
            Ok(()) => return Ok(()),
            Err(error) if failure::code(&error) == Some(SQLITE_BUSY) && Instant::now() < until => {
                tokio::select! {
                    () = stop.asked() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            Err(error) => return Err(around(&error)),
        }
    }
}

async fn roll_back(connection: &mut SqliteConnection) -> Outcome<()> {
    match run(connection, "ROLLBACK").await {
        // Some errors (a full disk, for one) make SQLite roll back by itself.
        Err(error) if failure::code(&error) != Some(1) => Err(around(&error)),
        _ => Ok(()),
    }
}

/// Whether a statement renames a table for good, or a column: then what names it must follow. A
/// rename within a rebuild, which gives or takes the name of a table there is, must not be
/// followed.
fn renames(words: &[Word], later: &[Step], tables: &Tables) -> bool {
    let [alter, table, rest @ ..] = words else { return false };
    if !alter.is("alter") || !table.is("table") {
        return false;
    }
    let rest = match rest {
        [_, dot, rest @ ..] if dot.is_mark(".") => rest,
        _ => rest,
    };
    match rest {
        [from, rename, to, target] if rename.is("rename") && to.is("to") => {
            let made_again = |step: &Step| {
                crate::schema::model::Definition::read(&step.sql).is_some_and(|made| {
                    let name = step.sql.get(made.name).unwrap_or_default();
                    let name = crate::schema::model::words(name);
                    name.first()
                        .is_some_and(|name| name.as_name().eq_ignore_ascii_case(&from.as_name()))
                })
            };
            !tables.has(&target.as_name()) && !later.iter().any(made_again)
        }
        [_, rename, ..] => rename.is("rename"),
        _ => false,
    }
}

const UNCHANGED: &str = "nothing was changed; correct what it says and run it again";

fn stopped() -> Problem {
    Problem::cancelled("The changes were stopped and taken back: nothing was changed")
}

/// A failure of what goes around the statements.
fn around(error: &sqlx::Error) -> Failure {
    if failure::code(error) == Some(SQLITE_INTERRUPT) {
        return Failure::around(stopped());
    }
    let problem = failure::explain(error);
    let why = if problem.why.is_empty() {
        problem.what
    } else {
        format!("{}: {}", problem.what, problem.why)
    };
    let failure = Failure::around(Problem::new(
        problem.kind,
        "The changes could not be made; nothing was changed",
        why,
        if problem.fix.is_empty() { UNCHANGED.to_owned() } else { problem.fix },
    ));
    Failure { busy: failure::code(error) == Some(SQLITE_BUSY), ..failure }
}

/// The failure of one statement.
fn statement(error: &sqlx::Error, number: usize, of: usize, sql: &str) -> Problem {
    if failure::code(error) == Some(SQLITE_INTERRUPT) {
        return stopped();
    }
    let general = failure::explain(error);
    let mut head: String = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if head.chars().count() > 120 {
        head = head.chars().take(119).chain(['…']).collect();
    }
    Problem::new(
        general.kind,
        format!("Statement {} of {of} failed; nothing was changed", number + 1),
        format!("SQLite says: {} (in: {head})", failure::words(error)),
        UNCHANGED,
    )
}

#[cfg(test)]
mod tests;
