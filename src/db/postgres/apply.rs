//! Running a plan: what may run in a transaction runs in one, statement by statement, so that a
//! failure leaves everything as it was; what the server refuses there splits it.
//!
//! The text that runs is the step's own. A lock that others hold is waited for only so long:
//! behind a waiting ALTER TABLE everybody else would wait too.

use std::ops::Range;
use std::time::Duration;

use super::writer::Writer;
use crate::db::connection::Failure;
use crate::db::fault::{CROWDED, Fault};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem};
use crate::schema::plan::{Step, groups};

/// How long a statement waits for a lock (milliseconds), so long does everybody behind it.
const LOCK_TIMEOUT: u32 = 4_000;

/// How often steps in a transaction are tried again when a lock was not given, and the pause
/// before each.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

impl Writer {
    /// Runs the steps of a plan. `on_step` is told of each before it runs, of those tried again
    /// once more.
    pub(in crate::db) async fn apply(
        &mut self,
        steps: &[Step],
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), Failure> {
        let limited = format!("SET lock_timeout = {LOCK_TIMEOUT}");
        self.end(&limited).await.map_err(|fault| failure(steps, None, 0, &fault))?;
        let mut done = Ok(());
        for group in groups(steps) {
            done = self.apply_group(steps, &group, stop, on_step).await;
            if done.is_err() {
                break;
            }
        }
        // A session that cannot be told this any more is gone, and says so at its next statement.
        drop(self.end("SET lock_timeout = 0").await);
        done
    }

    /// Runs the steps of a plan in a database that is thrown away: what runs in a transaction is
    /// sent many statements at a time. Where that fails the plan runs step by step, for the
    /// step that failed to be known.
    pub(in crate::db) async fn try_out(
        &mut self,
        steps: &[Step],
        stop: &Stop,
    ) -> Result<(), Failure> {
        for group in groups(steps) {
            let own = steps.get(group.clone()).unwrap_or_default();
            let alone = own.first().is_some_and(|step| step.outside_transaction);
            let texts: Vec<&str> = own.iter().map(|step| step.sql.as_str()).collect();
            if !alone {
                match self.transaction_of(&texts, stop).await {
                    Ok(()) => continue,
                    // One by one they would need the same locks.
                    Err(fault) if fault.is_crowded() => {
                        return Err(failure(steps, None, group.start, &fault));
                    }
                    Err(_) => {}
                }
            }
            self.apply_group(steps, &group, stop, &mut |_| {}).await?;
        }
        Ok(())
    }

    async fn apply_group(
        &mut self,
        steps: &[Step],
        group: &Range<usize>,
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), Failure> {
        let alone = steps.get(group.start).is_some_and(|step| step.outside_transaction);
        let mut pauses = PAUSES.iter().filter(|_| !alone);
        loop {
            let ran = if alone {
                self.steps(steps, group, stop, on_step).await
            } else {
                self.transaction(steps, group, stop, on_step).await
            };
            let Err((at, fault)) = ran else { return Ok(()) };
            // lock_not_available: somebody works there; everything was rolled back.
            let pause = pauses.next().filter(|_| fault.code.as_deref() == Some("55P03"));
            let Some(pause) = pause else {
                return Err(failure(steps, at, group.start, &fault));
            };
            tokio::select! {
                () = tokio::time::sleep(*pause) => {}
                () = stop.asked() => {
                    return Err(failure(steps, at, group.start, &Fault::stopped()));
                }
            }
        }
    }

    /// Runs some steps in a transaction of their own.
    async fn transaction(
        &mut self,
        steps: &[Step],
        group: &Range<usize>,
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), (Option<usize>, Fault)> {
        self.run("BEGIN", stop).await.map_err(|fault| (None, fault))?;
        let mut ran = self.learn_pid().await.map_err(|fault| (None, fault));
        if ran.is_ok() {
            ran = self.steps(steps, group, stop, on_step).await;
        }
        // Once it is sent, only the server knows what became of it: nobody may stop it half way.
        let ended = match ran {
            Ok(()) => match self.end("COMMIT").await {
                Ok(()) => Ok(()),
                Err(fault) if fault.lost => Err((None, uncertain(fault))),
                Err(fault) => Err((None, fault)),
            },
            Err((at, fault)) => {
                // Where the connection is gone the server rolls back by itself.
                drop(self.end("ROLLBACK").await);
                Err((at, fault))
            }
        };
        self.forget_pid();
        ended
    }

    async fn steps(
        &mut self,
        steps: &[Step],
        group: &Range<usize>,
        stop: &Stop,
        on_step: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), (Option<usize>, Fault)> {
        for (at, step) in steps.iter().enumerate().take(group.end).skip(group.start) {
            on_step(at);
            self.run(&step.sql, stop).await.map_err(|fault| (Some(at), fault))?;
        }
        Ok(())
    }
}

/// A connection lost while a transaction was being committed.
fn uncertain(fault: Fault) -> Fault {
    Fault {
        detail: Some(
            "It was lost while the transaction was being committed: look whether the changes are \
             there before you run this again"
                .into(),
        ),
        ..fault
    }
}

/// Why the plan did not run to its end, and how things are now. `first` is the first step of
/// those that were rolled back together.
fn failure(steps: &[Step], at: Option<usize>, first: usize, fault: &Fault) -> Failure {
    let alone = at.and_then(|at| steps.get(at)).is_some_and(|step| step.outside_transaction);
    let state = match first {
        0 if alone => "Nothing before it had to be undone".to_owned(),
        0 => "Everything was rolled back: the database is as it was".to_owned(),
        1 => "The first statement is done and stays".to_owned(),
        done => format!("The first {done} statements are done and stay"),
    };
    let left = at.and_then(|at| steps.get(at)).filter(|_| alone).map_or("", |step| {
        if step.sql.to_ascii_uppercase().contains("INDEX CONCURRENTLY") {
            "; it may have left an index that is not valid: drop that one"
        } else {
            ""
        }
    });
    let problem = if fault.lost || fault.stopped {
        let told = fault.problem("", "");
        let why = if fault.stopped { String::new() } else { format!("{}. ", told.why) };
        Problem { why: format!("{why}{state}{left}"), ..told }
    } else {
        let what = match at {
            Some(at) => format!("Statement {} of {} failed", at + 1, steps.len()),
            None => "The changes could not be committed".to_owned(),
        };
        let sql = at.and_then(|at| steps.get(at)).map(|step| format!("\n{}", step.sql));
        let why = format!("{}{}", fault.words(), sql.unwrap_or_default());
        Problem::new(kind(fault), what, format!("{why}\n{state}{left}"), fix(fault))
    };
    Failure { step: at, problem, crowded: fault.is_crowded() }
}

fn kind(fault: &Fault) -> Kind {
    if fault.code.as_deref() == Some("25006") { Kind::Refused } else { Kind::Failed }
}

fn fix(fault: &Fault) -> &'static str {
    match fault.code.as_deref() {
        Some("55P03") => {
            "somebody else works with the table: SELECT pid, query FROM pg_stat_activity shows who; run it again later"
        }
        Some("42501") => "run it as the owner of what is changed, or have the right granted",
        Some("25006") => {
            "this session only reads; connect to another server or without --read-only"
        }
        Some(code) if code.starts_with("23") || code.starts_with("22") => {
            "rows that are there do not fit: change them first, or change the schema to fit them"
        }
        Some("40001" | "40P01") => "run it again",
        _ if fault.is_crowded() => CROWDED,
        _ => "the server's words say why; correct the schema, or the data, and run it again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_how_things_are() {
        let steps = [Step::new("a", Vec::new()), Step::new("b", Vec::new())];
        let fault = Fault { message: "no".to_owned(), ..Fault::default() };
        let told = failure(&steps, Some(1), 0, &fault).problem;
        assert_eq!(told.what, "Statement 2 of 2 failed");
        assert!(told.why.contains("the database is as it was"), "{}", told.why);
        let told = failure(&steps, Some(1), 1, &Fault::stopped()).problem;
        assert_eq!((told.kind, told.why.contains("done and stays")), (Kind::Cancelled, true));
    }
}
