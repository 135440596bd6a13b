//! Writing edits: one transaction on a connection of its own, all of it or nothing; and proving
//! a value before anybody relies on it.
//!
//! Foreign keys are enforced while edits are written, whatever other programs do. A value is
//! proven in a database in memory, on columns of the same affinity and, where the row is known,
//! on the table's own definition. The file itself is only ever changed by [`write`].

use std::collections::BTreeMap;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::writer::Writer;
use super::{cell, failure};
use crate::config::SqliteAddress;
use crate::db::connection::Access;
use crate::db::edit::statement::{Look, Statement, sqlite_bind};
use crate::db::edit::{Applied, BeforeCommit, Conflict, Given, Trial, Typed, Verdict, Wanted};
use crate::db::fault::Fault;
use crate::db::keyset::Bind;
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::problem::{Problem, Result};
use crate::schema::{Column, Generation, Relation};
use crate::sql::Dialect;

const SQLITE: Dialect = Dialect::Sqlite;

/// Writes edits in one transaction. `before_commit` is told once everything but the commit is
/// done; where it fails, everything is rolled back.
///
/// # Errors
/// The file cannot be written, or the work was stopped: nothing was changed.
pub(in crate::db) async fn write(
    address: &SqliteAddress,
    statements: &[Statement],
    before_commit: BeforeCommit<'_>,
    stop: &Stop,
) -> Result<Applied> {
    let mut writer = Writer::open(address, Access::Writes).await?;
    let applied = transaction(&mut writer, statements, before_commit, stop).await;
    if !matches!(applied, Ok(Applied::Done(_))) {
        // Where nothing was begun there is nothing to roll back; closing does it all the same.
        drop(writer.run("ROLLBACK", &Stop::new()).await);
    }
    writer.close().await;
    applied
}

async fn transaction(
    writer: &mut Writer,
    statements: &[Statement],
    before_commit: BeforeCommit<'_>,
    stop: &Stop,
) -> Result<Applied> {
    let begun = writer.run("PRAGMA foreign_keys = ON; BEGIN IMMEDIATE", stop).await;
    begun.map_err(|fault| locked(&fault, "The transaction could not be begun"))?;
    let (mut written, mut conflicts) = (Vec::new(), Vec::new());
    let mut given = Given::default();
    for (at, statement) in statements.iter().enumerate() {
        let Some(binds) = statement.binds(&given) else {
            // The row it refers to was not written, which is told already.
            continue;
        };
        if let Some(look) = statement.look().filter(|_| statement.looks_first()) {
            // Nobody else can write between this and the statement.
            let now = look_at(writer, look, stop).await?;
            if !now.as_ref().is_some_and(|now| statement.holds(now)) {
                conflicts.push(Conflict { statement: at, now, hit: 0 });
                continue;
            }
        }
        let found = match fetch(writer, statement, &binds, stop).await {
            Ok(found) => found,
            Err(fault) if fault.stopped => return Err(stopped()),
            Err(fault) => {
                let problem = refusal(&fault, statement);
                return Ok(Applied::Refused { statement: Some(at), problem });
            }
        };
        if found.hit == 1 {
            given.note(&statement.relation, &statement.row, &found.values);
            written.push(found.values);
            continue;
        }
        let now = match statement.look() {
            Some(look) => look_at(writer, look, stop).await?,
            None => None,
        };
        conflicts.push(Conflict { statement: at, now, hit: found.hit });
    }
    if !conflicts.is_empty() {
        return Ok(Applied::Conflicts(conflicts));
    }
    before_commit("", &written)?;
    match writer.run("COMMIT", &Stop::new()).await {
        Ok(()) => Ok(Applied::Done(written)),
        Err(fault) => {
            let problem = locked(&fault, "The changes could not be committed");
            Ok(Applied::Refused { statement: None, problem })
        }
    }
}

/// What a statement hit.
struct Found {
    hit: u64,
    values: BTreeMap<String, Value>,
}

async fn fetch(
    writer: &mut Writer,
    statement: &Statement,
    binds: &[Bind],
    stop: &Stop,
) -> std::result::Result<Found, Fault> {
    let sql = statement.sql();
    if statement.returning.is_empty() {
        writer.watch(stop)?;
        let query = sqlx::query_with(AssertSqlSafe(sql.clone()), bound(binds)?);
        let done = query.persistent(false).execute(writer.raw()).await;
        let done = writer.settle(done, &sql)?;
        return Ok(Found { hit: done.rows_affected(), values: BTreeMap::new() });
    }
    let rows = rows(writer, &sql, binds, stop).await?;
    let values = rows.first().map(|row| named(&statement.returning, row)).transpose();
    let values = values.map_err(undecodable)?.unwrap_or_default();
    Ok(Found { hit: rows.len() as u64, values })
}

async fn look_at(
    writer: &mut Writer,
    look: &Look,
    stop: &Stop,
) -> Result<Option<BTreeMap<String, Value>>> {
    let found = rows(writer, &look.sql(), &look.binds(), stop).await;
    let found = found.map_err(|fault| locked(&fault, "The row could not be read again"))?;
    found.first().map(|row| named(&look.columns, row)).transpose()
}

async fn rows(
    writer: &mut Writer,
    sql: &str,
    binds: &[Bind],
    stop: &Stop,
) -> std::result::Result<Vec<SqliteRow>, Fault> {
    writer.watch(stop)?;
    let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), bound(binds)?);
    let rows = query.persistent(false).fetch_all(writer.raw()).await;
    writer.settle(rows, sql)
}

fn named(columns: &[String], row: &SqliteRow) -> Result<BTreeMap<String, Value>> {
    let value = |(at, name): (usize, &String)| Ok((name.clone(), cell::value(row, at)?));
    columns.iter().enumerate().map(value).collect()
}

fn undecodable(problem: Problem) -> Fault {
    Fault { message: problem.why, ..Fault::default() }
}

fn bound(binds: &[Bind]) -> std::result::Result<SqliteArguments, Fault> {
    let mut arguments = SqliteArguments::default();
    for bind in binds {
        match bind {
            Bind::Text(text) => arguments.add(text.clone()),
            Bind::Integer(number) => arguments.add(*number),
            Bind::Real(number) => arguments.add(*number),
            Bind::Blob(bytes) => arguments.add(bytes.clone()),
            Bind::Null => arguments.add(None::<i64>),
        }
        .map_err(|error| Fault { message: error.to_string(), ..Fault::default() })?;
    }
    Ok(arguments)
}

fn stopped() -> Problem {
    Problem {
        why: "Everything was rolled back: the database is as it was".to_owned(),
        ..Problem::cancelled("Applying was stopped")
    }
}

fn locked(fault: &Fault, what: &str) -> Problem {
    if fault.stopped {
        return stopped();
    }
    fault.problem(what, "another program may have the file locked: apply again")
}

/// Why SQLite did not run a statement, with what to do about it.
fn refusal(fault: &Fault, statement: &Statement) -> Problem {
    let (verb, table) = (statement.verb.word(), &statement.relation.name);
    let said = |words: &str| fault.message.contains(words);
    let fix = if said("NOT NULL") {
        "give the column a value"
    } else if said("FOREIGN KEY") {
        "the row it refers to, or those that refer to it, must fit"
    } else if said("UNIQUE") || said("PRIMARY KEY") {
        "another row has this key already: choose another value"
    } else if said("CHECK") || said("cannot store") {
        "choose a value the table allows"
    } else if said("no such column") || said("no such table") {
        "the table was changed: press R, and edit the row again"
    } else {
        "correct the row, and apply again"
    };
    fault.problem(format!("The {verb} on {table} was refused"), fix)
}

/// Proves a value: what SQLite makes of what was typed, and whether the table takes it.
///
/// # Errors
/// There is no memory for a database to try it in.
pub(in crate::db) async fn prove(relation: &Relation, trial: &Trial) -> Result<Verdict> {
    let Some(column) = relation.column(&trial.column) else {
        return Ok(Err(format!("There is no column {} any more", trial.column)));
    };
    let given = match &trial.typed {
        Typed::Default => return Ok(Ok(Wanted::Default)),
        Typed::Row(from) => return Ok(Ok(Wanted::Row(from.clone()))),
        Typed::Null => Value::Null,
        Typed::Bytes(bytes) => Value::Blob(bytes.clone()),
        Typed::Text(text) => meant(text, column, trial.row.get(&trial.column)),
    };
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(false);
    let options = options.disable_statement_logging();
    let mut raw = options.connect().await.map_err(|error| failure::explain(&error))?;
    let verdict = match stored(&mut raw, relation, column, &given).await {
        Ok(value) => match broken(&mut raw, relation, trial, &value).await {
            Some(complaint) => Err(complaint),
            None => Ok(Wanted::Value(value)),
        },
        Err(complaint) => Err(complaint),
    };
    drop(raw.close().await);
    Ok(verdict)
}

/// The value a person means by a text: bytes where the column holds bytes, the storage class of
/// what was there in a column that would keep any.
fn meant(text: &str, column: &Column, before: Option<&Value>) -> Value {
    let is_bytes = matches!(before.map(Value::peek), Some(Value::Blob(_)))
        || affinity(&column.type_name) == "BLOB";
    if is_bytes && let Some(bytes) = bytes_of(text) {
        return Value::Blob(bytes.into());
    }
    match before {
        Some(Value::Integer(_) | Value::Real(_)) if affinity(&column.type_name) == "BLOB" => {
            let number = text.trim();
            if let Ok(whole) = number.parse() {
                return Value::Integer(whole);
            }
            match number.parse() {
                Ok(real) => Value::Real(real),
                Err(_) => Value::text(text),
            }
        }
        _ => Value::text(text),
    }
}

/// The bytes of a literal like `x'0aff'`.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let inner = text.trim().strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'')?;
    if inner.len() % 2 != 0 || !inner.is_ascii() {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(inner.get(at..at + 2)?, 16).ok();
    (0..inner.len()).step_by(2).map(pair).collect()
}

/// The affinity of a declared type ("Datatypes In SQLite", section 3.1).
fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let holds = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if holds(&["INT"]) {
        "INTEGER"
    } else if holds(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if holds(&["BLOB"]) || declared.is_empty() {
        "BLOB"
    } else if holds(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

/// What a column of the same affinity makes of a value.
async fn stored(
    raw: &mut SqliteConnection,
    relation: &Relation,
    column: &Column,
    given: &Value,
) -> std::result::Result<Value, String> {
    let strict = relation.traits.iter().any(|word| word.eq_ignore_ascii_case("strict"));
    let any = strict && column.type_name.eq_ignore_ascii_case("any");
    let (type_name, after) = match (strict, any) {
        (_, true) => ("ANY", " STRICT"),
        (true, false) => (affinity(&column.type_name), " STRICT"),
        (false, false) => (affinity(&column.type_name), ""),
    };
    let words = |error: &sqlx::Error| failure::words(error).replace("probe.value", &column.name);
    let make = format!("CREATE TABLE probe (value {type_name}){after}");
    execute(raw, &make, &[]).await.map_err(|error| words(&error))?;
    let (mark, bind) = parameter(given);
    let insert = format!("INSERT INTO probe VALUES ({mark})");
    execute(raw, &insert, &[bind]).await.map_err(|error| words(&error))?;
    let row = sqlx::query("SELECT value FROM probe").fetch_one(&mut *raw).await;
    let row = row.map_err(|error| words(&error))?;
    let value = cell::value(&row, 0).map_err(|problem| problem.to_string())?;
    if column.generation == Some(Generation::RowidAlias) && !matches!(value, Value::Integer(_)) {
        return Err(format!("{} must be an integer: it is the row's id", column.name));
    }
    Ok(value)
}

/// The check of the table's own definition that the row would break, if it is known whole.
async fn broken(
    raw: &mut SqliteConnection,
    relation: &Relation,
    trial: &Trial,
    value: &Value,
) -> Option<String> {
    if relation.checks.is_empty() {
        return None;
    }
    let (mut names, mut marks, mut binds) = (Vec::new(), Vec::new(), Vec::new());
    for column in &relation.columns {
        if matches!(&column.generation, Some(Generation::Stored(_) | Generation::Virtual(_))) {
            continue;
        }
        let held = if column.name == trial.column { value } else { trial.row.get(&column.name)? };
        if matches!(held, Value::Truncated(_)) {
            return None;
        }
        let (mark, bind) = parameter(held);
        names.push(SQLITE.ident(&column.name));
        marks.push(mark);
        binds.push(bind);
    }
    // A definition that does not run here is no reason to refuse a value.
    let definition = AssertSqlSafe(relation.definition.clone());
    sqlx::raw_sql(definition).execute(&mut *raw).await.ok()?;
    let table = SQLITE.ident(&relation.name.name);
    let (names, marks) = (names.join(", "), marks.join(", "));
    let insert = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
    let error = execute(raw, &insert, &binds).await.err()?;
    let words = failure::words(&error);
    let (_, name) = words.split_once("CHECK constraint failed: ")?;
    let rule = relation.checks.iter().find(|check| check.name == name);
    Some(match rule {
        Some(check) => format!("breaks the check {name}: {}", check.expression),
        None => format!("breaks the check {name}"),
    })
}

fn parameter(value: &Value) -> (&'static str, Bind) {
    let mark = if matches!(value, Value::Malformed(_)) { "CAST(? AS TEXT)" } else { "?" };
    (mark, sqlite_bind(value))
}

async fn execute(
    raw: &mut SqliteConnection,
    sql: &str,
    binds: &[Bind],
) -> std::result::Result<(), sqlx::Error> {
    let arguments = bound(binds).map_err(|fault| sqlx::Error::Encode(fault.message.into()))?;
    sqlx::query_with(AssertSqlSafe(sql.to_owned()), arguments).execute(raw).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_sqlite_writes_them() {
        assert_eq!(bytes_of("x'0aFF'"), Some(vec![10, 255]));
        assert_eq!(bytes_of(" X'' "), Some(Vec::new()));
        for wrong in ["x'0'", "x'0g'", "0aff", "x'0a", "x'é'"] {
            assert_eq!(bytes_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn affinities_follow_the_declared_type() {
        let declared = ["BIGINT", "VARCHAR(9)", "", "DOUBLE", "DECIMAL(9,2)", "FLOATING POINT"];
        let found: Vec<&str> = declared.iter().map(|declared| affinity(declared)).collect();
        assert_eq!(found, ["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC", "INTEGER"]);
    }
}
