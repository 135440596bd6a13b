//! Writing edits: one transaction on a connection of its own, all of it or nothing; and proving
//! a value before anybody relies on it.
//!
//! The connection is set up like those that read, so that a value prints as it was read. What
//! became of a transaction whose COMMIT was not answered for is asked of the server, never
//! guessed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _};
use tokio::time::{Instant, timeout};

use super::cancel::{self, Ending};
use super::failure::{self, Answered};
use super::pool::{Connection, Lease, Pool};
use super::rows::cells::{read_whole, whole};
use super::{Postgres, fields, on_a_connection};
use crate::db::edit::statement::{Look, Statement, bare_type};
use crate::db::edit::{Applied, BeforeCommit, Conflict, Given, Trial, Typed, Verdict, Wanted};
use crate::db::keyset::Bind;
use crate::db::stop::Stop;
use crate::db::value::{Value, hex};
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Check, Column, Relation};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// How long a statement waits for a lock before it gives up.
const LOCK_PATIENCE: &str = "10s";

/// How long the server may take to answer a COMMIT or a ROLLBACK.
const SOON: Duration = Duration::from_secs(30);

/// How long a transaction whose COMMIT was not answered for is looked after.
const LOOKING: Duration = Duration::from_secs(60);

/// How long to wait between two questions for it.
const AGAIN: Duration = Duration::from_millis(250);

impl Postgres {
    /// Writes edits in one transaction. `before_commit` is told the transaction's number once
    /// everything but the commit is done; where it fails, everything is rolled back.
    ///
    /// # Errors
    /// The connection was lost before the commit, or the work was stopped: nothing was changed.
    /// [`Kind::Failed`] where the outcome could not be established, and says so.
    pub async fn write(
        &self,
        statements: &[Statement],
        before_commit: BeforeCommit<'_>,
        stop: &Stop,
    ) -> Result<Applied> {
        let mut connection = self.pool.fresh(stop).await?;
        let begun = begin(&mut connection, &self.pool).await;
        let number = begun.map_err(|error| told(&error, "The transaction could not be begun"))?;
        let run = {
            let pid = connection.pid.load(Ordering::SeqCst);
            let work = run(&mut connection.raw, statements);
            match cancel::drive(stop, || self.pool.cancel(pid), work).await {
                Ending::ByItself(run) => run,
                Ending::Stopped(_) | Ending::Never => {
                    rolled_back(connection).await;
                    return Err(stopped());
                }
            }
        };
        match run {
            Err(Trouble::Lost(error)) => {
                let problem = told(&error, "The changes could not be written");
                Err(Problem { why: format!("{}. Nothing was changed", problem.why), ..problem })
            }
            Err(Trouble::Refused { statement, problem }) => {
                rolled_back(connection).await;
                Ok(Applied::Refused { statement: Some(statement), problem })
            }
            Ok((_, conflicts)) if !conflicts.is_empty() => {
                rolled_back(connection).await;
                Ok(Applied::Conflicts(conflicts))
            }
            Ok((written, _)) => {
                if let Err(problem) = before_commit(&number, &written) {
                    rolled_back(connection).await;
                    return Err(problem);
                }
                self.commit(connection, &number, written).await
            }
        }
    }

    /// Commits. Once it is sent only the server knows what became of it.
    async fn commit(
        &self,
        mut connection: Connection,
        number: &str,
        written: Vec<BTreeMap<String, Value>>,
    ) -> Result<Applied> {
        let ended = timeout(SOON, sqlx::raw_sql("COMMIT").execute(&mut connection.raw)).await;
        match ended {
            Ok(Ok(_)) => {
                close(connection).await;
                Ok(Applied::Done(written))
            }
            Ok(Err(error)) if !failure::is_lost(&error) => {
                let problem = told(&error, "The changes could not be committed");
                rolled_back(connection).await;
                Ok(Applied::Refused { statement: None, problem })
            }
            // Lost, or not answered in time.
            Ok(Err(_)) | Err(_) => {
                drop(connection);
                match self.outcome(number).await? {
                    true => Ok(Applied::Done(written)),
                    false => {
                        let problem = Problem::failed(
                            "The changes were not committed",
                            "the connection was lost during the commit, and the server says \
                             that the transaction was rolled back",
                            "apply them again",
                        );
                        Ok(Applied::Refused { statement: None, problem })
                    }
                }
            }
        }
    }

    /// Whether a transaction was committed, by asking the server for as long as it takes.
    ///
    /// # Errors
    /// The server cannot be reached, or does not know it any more.
    pub async fn outcome(&self, number: &str) -> Result<bool> {
        let until = Instant::now() + LOOKING;
        let mut last = "the server could not be reached".to_owned();
        while Instant::now() < until {
            match self.ask_outcome(number).await {
                Ok(Some(status)) if status == "committed" => return Ok(true),
                Ok(Some(status)) if status == "aborted" => return Ok(false),
                Ok(Some(status)) => last = format!("the transaction is still {status}"),
                Ok(None) => {
                    last = "the server does not know the transaction any more".to_owned();
                    break;
                }
                Err(problem) => last = problem.why,
            }
            tokio::time::sleep(AGAIN).await;
        }
        Err(Problem::failed(
            "It is not known whether the changes are in the database",
            format!(
                "the connection was lost during the commit of transaction {number}, and {last}"
            ),
            "the edits are kept: press R once the server answers, and compare before you apply \
             them again; what was written already is found as a conflict",
        ))
    }

    async fn ask_outcome(&self, number: &str) -> Result<Option<String>> {
        let mut connection = self.pool.fresh(&Stop::new()).await?;
        let number = Dialect::Postgres.literal(number);
        let sql = format!("SELECT pg_catalog.pg_xact_status({number}::xid8)");
        let asked = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&mut connection.raw);
        let row = asked.await.map_err(|error| told(&error, "The outcome could not be read"))?;
        close(connection).await;
        let status = fields::bytes(&row, 0).ok().flatten();
        Ok(status.map(|status| String::from_utf8_lossy(status).into_owned()))
    }

    /// Proves a value: what the server makes of what was typed, and whether the column takes it.
    ///
    /// # Errors
    /// The connection was lost or the work was stopped; a value that does not fit is a verdict.
    pub async fn prove(&self, relation: &Relation, trial: &Trial, stop: &Stop) -> Result<Verdict> {
        let told = self.told("The value could not be checked");
        let Some(column) = relation.column(&trial.column) else {
            return Ok(Err(format!("There is no column {} any more", trial.column)));
        };
        let text = match &trial.typed {
            Typed::Default => return Ok(Ok(Wanted::Default)),
            Typed::Row(from) => return Ok(Ok(Wanted::Row(from.clone()))),
            Typed::Null => None,
            Typed::Text(text) => Some(Cow::Borrowed(text.as_str())),
            Typed::Bytes(bytes) => Some(Cow::Owned(format!("\\x{}", hex(bytes)))),
        };
        let value = match &text {
            None => Value::Null,
            Some(text) => {
                let read =
                    on_a_connection!(self, stop, &told, |lease| understood(lease, column, text))?;
                match read {
                    Ok(value) => value,
                    Err(complaint) => return Ok(Err(complaint)),
                }
            }
        };
        for check in concerned(relation, &trial.column) {
            let Some((sql, binds)) = question(relation, check, trial, &value) else { continue };
            let holds = on_a_connection!(self, stop, &told, |lease| holds(lease, &sql, &binds))?;
            if !holds {
                let (name, rule) = (&check.name, &check.expression);
                return Ok(Err(format!("breaks the check {name}: {rule}")));
            }
        }
        Ok(Ok(Wanted::Value(value)))
    }
}

/// Begins the transaction; answers with its number.
async fn begin(connection: &mut Connection, pool: &Pool) -> sqlx::Result<String> {
    let setup = if pool.pinned().pooled { pool.pinned().setup(true) } else { String::new() };
    let sql = format!(
        "BEGIN READ WRITE; {setup}{}SET LOCAL lock_timeout = '{LOCK_PATIENCE}'; \
         SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_current_xact_id()",
        if setup.is_empty() { "" } else { "; " }
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection.raw).await?;
    let row = rows.last().ok_or(sqlx::Error::RowNotFound)?;
    let pid = i32::try_from(fields::Fields::new(row).integer(0)?).unwrap_or(0);
    connection.pid = std::sync::Arc::new(AtomicI32::new(pid));
    fields::Fields::new(row).text(1)
}

/// Why the statements did not all run.
enum Trouble {
    Lost(sqlx::Error),
    Refused { statement: usize, problem: Problem },
}

type Written = (Vec<BTreeMap<String, Value>>, Vec<Conflict>);

/// Runs the statements. One that does not hit exactly its row is looked into, and the others are
/// still tried: all conflicts are told at once.
async fn run(
    raw: &mut PgConnection,
    statements: &[Statement],
) -> std::result::Result<Written, Trouble> {
    let (mut written, mut conflicts) = (Vec::new(), Vec::new());
    let mut given = Given::default();
    for (at, statement) in statements.iter().enumerate() {
        let Some(binds) = statement.binds(&given) else {
            // The row it refers to was not written, which is told already.
            continue;
        };
        let failed = |error: sqlx::Error| {
            if failure::is_lost(&error) {
                return Trouble::Lost(error);
            }
            Trouble::Refused { statement: at, problem: refusal(&error, statement) }
        };
        let (hit, values) = execute(raw, statement, &binds).await.map_err(failed)?;
        if hit == 1 {
            given.note(&statement.relation, &statement.row, &values);
            written.push(values);
            continue;
        }
        let now = match statement.look() {
            Some(look) => look_at(raw, look).await.map_err(failed)?,
            None => None,
        };
        conflicts.push(Conflict { statement: at, now, hit });
        written.push(BTreeMap::new());
    }
    Ok((written, conflicts))
}

async fn execute(
    raw: &mut PgConnection,
    statement: &Statement,
    binds: &[Bind],
) -> sqlx::Result<(u64, BTreeMap<String, Value>)> {
    let arguments = arguments(binds)?;
    let query = sqlx::query_with(AssertSqlSafe(statement.sql()), arguments).persistent(false);
    if statement.returning.is_empty() {
        let done = query.execute(raw).await?;
        return Ok((done.rows_affected(), BTreeMap::new()));
    }
    let rows = query.fetch_all(raw).await?;
    let values = match rows.first() {
        Some(row) => named(&statement.returning, row)?,
        None => BTreeMap::new(),
    };
    Ok((rows.len() as u64, values))
}

async fn look_at(
    raw: &mut PgConnection,
    look: &Look,
) -> sqlx::Result<Option<BTreeMap<String, Value>>> {
    let arguments = arguments(&look.binds())?;
    let query = sqlx::query_with(AssertSqlSafe(look.sql()), arguments).persistent(false);
    let rows = query.fetch_all(raw).await?;
    rows.first().map(|row| named(&look.columns, row)).transpose()
}

fn named(columns: &[String], row: &PgRow) -> sqlx::Result<BTreeMap<String, Value>> {
    let value = |(at, name): (usize, &String)| Ok((name.clone(), read_whole(row, at)?));
    columns.iter().enumerate().map(value).collect()
}

fn arguments(binds: &[Bind]) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for bind in binds {
        match bind {
            Bind::Text(text) => arguments.add(text.as_str()),
            Bind::Integer(number) => arguments.add(number.to_string()),
            Bind::Real(number) => arguments.add(number.to_string()),
            Bind::Blob(bytes) => arguments.add(bytes.as_slice()),
            Bind::Null => arguments.add(None::<&str>),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

async fn rolled_back(mut connection: Connection) {
    // Where the connection is gone the server rolls back by itself.
    drop(timeout(SOON, sqlx::raw_sql("ROLLBACK").execute(&mut connection.raw)).await);
    close(connection).await;
}

async fn close(connection: Connection) {
    // Its transaction is over: a failure to say goodbye loses nothing.
    drop(timeout(Duration::from_secs(2), connection.raw.close()).await);
}

fn stopped() -> Problem {
    Problem {
        why: "Everything was rolled back: the database is as it was".to_owned(),
        ..Problem::cancelled("Applying was stopped")
    }
}

fn told(error: &sqlx::Error, what: &str) -> Problem {
    failure::statement(error, what, None)
}

/// Why the server did not run a statement, with what to do about it.
fn refusal(error: &sqlx::Error, statement: &Statement) -> Problem {
    let fault = failure::fault(error);
    let (verb, table) = (statement.verb.word(), &statement.relation);
    let fix = match fault.code.as_deref() {
        Some("23502") => "give the column a value",
        Some("23503") => {
            "the row it refers to, or those that refer to it, must fit: see the detail"
        }
        Some("23505") => "another row has this key already: choose another value",
        Some("23514" | "23P01") => "choose a value the constraint allows",
        Some("22001") => "shorten the value",
        Some("42501") => "have the right granted, or connect as a role that has it",
        Some("25006") => "this server or this session only reads",
        Some("55P03") => "somebody else holds the row: apply again once they are done",
        Some("40001" | "40P01") => "apply again",
        Some("42703" | "42P01") => "the table was changed: press R, and edit the row again",
        _ => "correct the row, and apply again",
    };
    let kind = if fault.code.as_deref() == Some("25006") { Kind::Refused } else { Kind::Failed };
    Problem::new(kind, format!("The {verb} on {table} was refused"), fault.words(), fix)
}

/// What the server makes of a text as a value of the column; or why it does not.
async fn understood(
    lease: &mut Lease,
    column: &Column,
    text: &str,
) -> Answered<std::result::Result<Value, String>> {
    if text.contains('\0') {
        return Ok(Err("PostgreSQL stores no NUL characters".to_owned()));
    }
    let (bare, exact) = (bare_type(column), &column.type_name);
    // The second is what an assignment starts from, before the column's length or precision.
    let sql = format!(
        "SELECT {}, {} FROM (SELECT $1::{bare}::{exact} AS v, $1::{bare} AS w OFFSET 0) x",
        whole("x.v", &column.base_type),
        whole("x.w", &column.base_type),
    );
    let rows = match lease.query(sql, &[Bind::Text(text.to_owned())]).await {
        Ok(rows) => rows,
        Err(error) if failure::is_lost(&error) => return Err(error.into()),
        Err(error) => match failure::state(&error) {
            // Stopped, or took too long.
            Some("57014") | None => return Err(error.into()),
            Some(_) => return Ok(Err(failure::words(&error))),
        },
    };
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let (fitted, given) = (read_whole(row, 0)?, read_whole(row, 1)?);
    if is_text_like(&column.base_type) && is_cut(&given, &fitted) {
        let long = text.chars().count();
        return Ok(Err(format!("too long for {exact}: it has {long} characters")));
    }
    Ok(Ok(fitted))
}

/// Types whose explicit cast cuts what is too long, where an assignment refuses it.
fn is_text_like(base_type: &str) -> bool {
    let element = base_type.strip_prefix('_').unwrap_or(base_type);
    matches!(element, "varchar" | "bpchar" | "bit" | "varbit")
}

fn is_cut(given: &Value, fitted: &Value) -> bool {
    let (given, fitted) = (given.plain(), fitted.plain());
    // Blanks at the end are what both char(n) and an assignment let go.
    given.trim_end_matches(' ') != fitted.trim_end_matches(' ')
}

/// The checks that speak of a column.
fn concerned<'a>(relation: &'a Relation, column: &'a str) -> impl Iterator<Item = &'a Check> {
    relation.checks.iter().filter(move |check| mentions(&check.expression, column))
}

fn mentions(expression: &str, column: &str) -> bool {
    tokens(Dialect::Postgres, expression)
        .iter()
        .any(|token| token.name(expression).is_some_and(|name| name == column))
}

/// The statement that asks whether a check holds; `None` where a value it needs is not known.
fn question(
    relation: &Relation,
    check: &Check,
    trial: &Trial,
    value: &Value,
) -> Option<(String, Vec<Bind>)> {
    let (mut parts, mut binds) = (Vec::new(), Vec::new());
    for column in &relation.columns {
        if !mentions(&check.expression, &column.name) {
            continue;
        }
        let held = if column.name == trial.column { value } else { trial.row.get(&column.name)? };
        let name = Dialect::Postgres.ident(&column.name);
        let type_name = &column.type_name;
        match held {
            Value::Null => parts.push(format!("NULL::{type_name} AS {name}")),
            Value::Truncated(_) | Value::Malformed(_) => return None,
            held => {
                binds.push(Bind::Text(held.plain().into_owned()));
                parts.push(format!("${}::{type_name} AS {name}", binds.len()));
            }
        }
    }
    let (columns, rule) = (parts.join(", "), &check.expression);
    let table = Dialect::Postgres.ident(&relation.name.name);
    Some((
        format!("SELECT (({rule}) IS NOT FALSE)::text FROM (SELECT {columns}) AS {table}"),
        binds,
    ))
}

/// Whether a check holds; one that cannot be asked here is left to the write itself.
async fn holds(lease: &mut Lease, sql: &str, binds: &[Bind]) -> Answered<bool> {
    match lease.query(sql.to_owned(), binds).await {
        Ok(rows) => {
            let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
            Ok(fields::bytes(row, 0)? != Some(b"false"))
        }
        Err(error) if failure::is_lost(&error) || failure::state(&error) == Some("57014") => {
            Err(error.into())
        }
        Err(_) => Ok(true),
    }
}
