//! What is said of a run that did not come to its end: the place in the file, the server's words,
//! and how things are now; found out where nobody knows.

use std::time::{Duration, Instant};

use super::{Engine, Failed, Why, verb};
use crate::db::connection::Connection;
use crate::db::fault::{CROWDED, Fault};
use crate::db::stop::Stop;
use crate::db::transaction::Refusal;
use crate::ops::run::{Direction, Scheduled};
use crate::problem::{Kind, Problem, Result};

/// How long to try to find out what became of a transaction that was being committed.
const FINDING_OUT: Duration = Duration::from_secs(15);

/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// A failure of what goes around the scripts.
pub(super) fn around(what: &str, failed: Failed) -> Problem {
    let fix = "see what the server says, and run the command again";
    match failed.why {
        Why::Told(problem) => problem,
        Why::Moved => Problem::failed(what, "somebody else changed the history", fix),
        Why::Refusal(refusal) => match refusal {
            Refusal::Busy => busy(),
            Refusal::Unsound(why) => Problem::failed(what, why, fix),
            Refusal::Fault(fault) | Refusal::Uncertain(fault) => fault.problem(what, fix),
        },
    }
}

fn busy() -> Problem {
    Problem::failed(
        "Somebody else writes to the file; nothing was changed",
        "another program has held its lock for too long",
        "close the other program, or run it again when it is done",
    )
}

/// A run that was stopped between two scripts.
pub(super) fn stopped(engine: &Engine<'_>) -> Problem {
    Problem { why: earlier(engine), ..Problem::cancelled("Stopped") }
}

/// What is said of scripts that failed in their transaction.
pub(super) async fn of(
    engine: &mut Engine<'_>,
    scripts: &[(usize, &Scheduled)],
    failed: Failed,
    took: Duration,
) -> Problem {
    let names: Vec<String> = scripts.iter().map(|(_, one)| one.migration.name()).collect();
    let (names, undone) = (names.join(", "), undone(engine, scripts));
    match failed.why {
        Why::Told(problem) => with_state(problem, &undone),
        Why::Moved => around(&format!("{names} could not be run"), failed),
        Why::Refusal(Refusal::Busy) => with_state(busy(), &earlier(engine)),
        Why::Refusal(Refusal::Uncertain(fault)) => uncertain(engine, scripts, &fault).await,
        Why::Refusal(Refusal::Unsound(why)) => {
            note(engine, scripts, took, &why).await;
            let what = format!("{names} was rolled back: the database would not be sound");
            let fix = "correct the migration, and run the command again";
            with_state(Problem::failed(what, why, fix), &undone)
        }
        Why::Refusal(Refusal::Fault(fault)) => {
            let place = failed.at.and_then(|(at, number)| {
                let script = scripts.iter().find(|(index, _)| *index == at)?.1;
                Some((script, script.statements.get(number)?))
            });
            if !fault.lost && !fault.stopped {
                note(engine, scripts, took, &fault.words()).await;
            }
            let problem = match place {
                Some((script, statement)) => {
                    let file = script.script(engine.run.direction);
                    fault.in_script(file, statement.start, &statement.sql)
                }
                None => {
                    let what = format!("{names} could not be {}", verb(engine.run.direction));
                    fault.problem(what, "see what the server says, and run the command again")
                }
            };
            with_state(advised(problem, &fault), &undone)
        }
    }
}

/// The way out where the server's code tells one.
pub(super) fn advised(problem: Problem, fault: &Fault) -> Problem {
    let fix = match fault.code.as_deref() {
        _ if fault.lost => "run the command again when the server is back",
        Some("55P03") => {
            "somebody else works with the table: end or wait for their transaction, and run it again"
        }
        Some("42501") => "run it as the owner of what is changed, or have the right granted",
        Some("25006") => "this session only reads; connect to the primary, or without read_only",
        Some("40001" | "40P01") => "run it again",
        _ if fault.is_crowded() => CROWDED,
        _ => return problem,
    };
    Problem { fix: fix.to_owned(), ..problem }
}

/// Adds how things are now.
pub(super) fn with_state(mut problem: Problem, state: &str) -> Problem {
    if !problem.why.is_empty() {
        problem.why.push('\n');
    }
    problem.why.push_str(state);
    problem
}

/// What is said where everything of these scripts was rolled back.
fn undone(engine: &Engine<'_>, scripts: &[(usize, &Scheduled)]) -> String {
    let what = match scripts {
        [(_, one)] => format!("Nothing of {} is left", one.migration.name()),
        many => format!("Nothing of these {} migrations is left", many.len()),
    };
    format!("{what}. {}", earlier(engine))
}

/// What was done before, and what still waits.
pub(super) fn earlier(engine: &Engine<'_>) -> String {
    let way = verb(engine.run.direction);
    let done: Vec<&str> = engine.done.iter().map(|(name, _)| name.as_str()).collect();
    let left = engine.run.scripts.len().saturating_sub(done.len());
    let waits = match (engine.run.direction, left) {
        (Direction::Down, _) | (_, 0) => String::new(),
        (Direction::Up, 1) => "; 1 migration waits".to_owned(),
        (Direction::Up, many) => format!("; {many} migrations wait"),
    };
    match done.as_slice() {
        [] => format!("No migration was {way}: the database is as it was{waits}"),
        [one] => format!("{one} was {way} before and stays so{waits}"),
        [first, .., last] => {
            format!(
                "The {} migrations from {first} to {last} were {way} before and stay so{waits}",
                done.len()
            )
        }
    }
}

/// Writes a failure down in the ledger, if there is one. It is gone with the transaction else.
async fn note(engine: &mut Engine<'_>, scripts: &[(usize, &Scheduled)], took: Duration, why: &str) {
    for (_, script) in scripts {
        if let Some(sql) = engine.books.failed(engine.run.direction, script, took, why) {
            // A ledger that cannot be written changes nothing about what failed.
            drop(engine.connection.run(&sql, &Stop::new()).await);
        }
    }
}

/// Finds out what became of a transaction whose connection was lost while it was committed.
async fn uncertain(
    engine: &mut Engine<'_>,
    scripts: &[(usize, &Scheduled)],
    fault: &Fault,
) -> Problem {
    let names: Vec<String> = scripts.iter().map(|(_, one)| one.migration.name()).collect();
    let names = names.join(", ");
    let lost = format!("{} (while {names} was being committed)", fault.words());
    let found = found_out(engine, scripts).await;
    let way = verb(engine.run.direction);
    let (state, fix) = match found {
        Some(true) => (
            format!("The server had committed it: {names} is {way}. {}", earlier(engine)),
            "run the command again for what is left",
        ),
        Some(false) => (
            format!("The server had not committed it. {}", undone(engine, scripts)),
            "run the command again",
        ),
        None => (
            format!("Whether {names} is {way} is not known, as the server could not be asked"),
            "look with dbstudio status when the server is back; running the command again is \
             safe, since the history is read first",
        ),
    };
    Problem::new(
        Kind::Failed,
        "The connection to the database was lost",
        format!("{lost}\n{state}"),
        fix,
    )
}

/// Whether the history holds what was being committed; none where nobody can be asked.
async fn found_out(engine: &mut Engine<'_>, scripts: &[(usize, &Scheduled)]) -> Option<bool> {
    let until = Instant::now() + FINDING_OUT;
    let mut fresh = loop {
        match Connection::open_reading(engine.target, &Stop::new()).await {
            Ok(fresh) => break fresh,
            Err(_) if Instant::now() < until => tokio::time::sleep(PAUSE).await,
            Err(_) => return None,
        }
    };
    let answer = ask(engine, &mut fresh, scripts, until).await;
    fresh.close().await;
    answer.ok().flatten()
}

async fn ask(
    engine: &mut Engine<'_>,
    fresh: &mut Connection,
    scripts: &[(usize, &Scheduled)],
    until: Instant,
) -> Result<Option<bool>> {
    // The server may still be at it, for the session that was lost.
    if let Some(pid) = engine.connection.pid() {
        let sql = format!("SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = {pid}");
        while !fresh.rows(&sql).await?.is_empty() {
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    let records = engine.books.history.read(fresh, &Stop::new()).await?.unwrap_or_default();
    let holds = |script: &Scheduled| {
        let key = &script.migration.key;
        records.iter().any(|one| one.key == *key && one.finished && !one.rolled_back)
    };
    let up = engine.run.direction == Direction::Up;
    Ok(Some(scripts.iter().all(|(_, script)| holds(script) == up)))
}
