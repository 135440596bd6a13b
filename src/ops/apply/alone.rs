//! A migration outside a transaction, statement by statement. One that may run in a transaction
//! runs in a small one together with its mark, so exactly once; one that may not is marked as
//! begun, run, and marked as done, and after a kill the catalogue tells what became of it.

use std::time::Instant;

use super::capsules::{Held, Part};
use super::catalogue::{Decision, decide};
use super::{Ended, Engine, Failed, PAUSES, Why, books, ending, is_passing, step};
use crate::db::transaction::Refusal;
use crate::migrations::ledger::{Ledger, Mark, checksum};
use crate::ops::migrate::{GO_ON, unsure_of};
use crate::ops::run::{Direction, Progress, Scheduled, Statement};
use crate::problem::{Kind, Problem, Result};
use crate::schema::plan::Step;
use crate::sql::Dialect;

impl Engine<'_> {
    /// Runs a script outside a transaction, from where an earlier run stopped.
    pub(super) async fn alone(&mut self, at: usize, script: &Scheduled) -> Result<Ended> {
        let begun = Instant::now();
        if !self.books.hold(&mut self.connection, self.stop).await? {
            return Ok(Ended::Moved);
        }
        let held = match self.kept_apart(script).await {
            Ok(held) => held,
            Err(failed) => {
                let problem = ending::around("What it destroys could not be kept", failed);
                return Err(half(self, script, script.from, problem));
            }
        };
        if script.from > 0 {
            self.settings(script).await?;
        }
        let mut from = script.from;
        if let Some(statement) = script.statements.get(from).filter(|_| script.unsure) {
            from = self.decided(script, from, statement).await?;
        }
        for number in from..script.statements.len() {
            let Some(statement) = script.statements.get(number) else { break };
            if self.stop.is_asked() {
                return Err(half(self, script, number, Problem::cancelled("Stopped")));
            }
            (self.tell)(Progress::Statement { script: at, statement: number });
            let is_first = number == 0;
            let ran = match statement.alone {
                true => self.bare(script, number, statement, is_first).await,
                false => self.small(script, number, statement, is_first).await,
            };
            if let Err(failed) = ran {
                return self.stopped_at(script, number, statement, failed, begun).await;
            }
        }
        let took = begun.elapsed();
        let entry = self.books.entry(self.run.direction, script, took);
        let entered = match self.minds_capsules(script) {
            true => self.apart(script, Part::End(Box::new(held), &entry)).await.map(drop),
            false => self.in_transaction(&[], &entry).await,
        };
        if let Err(failed) = entered {
            let problem = ending::around("It could not be written down", failed);
            return Err(half(self, script, script.statements.len(), problem));
        }
        self.finished(at, script, took);
        Ok(Ended::Done)
    }

    /// Keeps what the script destroys, before its first statement; what a run that was cut off has
    /// kept stays.
    async fn kept_apart(&mut self, script: &Scheduled) -> std::result::Result<Held, Failed> {
        match (self.minds_capsules(script), script.from > 0 || script.unsure) {
            (false, _) => Ok(Held::default()),
            (true, false) => self.apart(script, Part::Begin).await,
            (true, true) => self.held(script).await,
        }
    }

    fn mark(&self, ledger: Ledger, script: &Scheduled, number: usize, mark: Mark) -> String {
        let sum = checksum(&script.script(self.run.direction).text);
        let down = self.run.direction == Direction::Down;
        ledger.mark(&script.migration.key, down, &sum, number, mark)
    }

    /// What is written down before the first statement: that the migration was begun.
    fn beginning(&self, script: &Scheduled, is_first: bool) -> Vec<String> {
        if !is_first || self.run.direction == Direction::Down {
            return Vec::new();
        }
        self.books.history.begin(&script.migration, books::now())
    }

    /// Runs a statement in a transaction of its own, with its mark.
    async fn small(
        &mut self,
        script: &Scheduled,
        number: usize,
        statement: &Statement,
        is_first: bool,
    ) -> std::result::Result<(), Failed> {
        let mut written = self.beginning(script, is_first);
        let ledger = self.books.ledger;
        written.extend(ledger.map(|ledger| self.mark(ledger, script, number, Mark::Done)));
        let written = match written.as_slice() {
            [] => String::new(),
            written => self.books.framed(written),
        };
        let steps = [step(statement)];
        let mut pauses = PAUSES.iter();
        loop {
            let failed = match self.in_transaction(&steps, &written).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            match pauses.next() {
                Some(pause) if is_passing(&failed) && !self.stop.is_asked() => {
                    self.pause(*pause).await;
                }
                _ => return Err(failed),
            }
        }
    }

    /// Runs steps and what is written down of them in one transaction.
    async fn in_transaction(
        &mut self,
        steps: &[Step],
        written: &str,
    ) -> std::result::Result<(), Failed> {
        self.begin(steps).await?;
        let body = async {
            for number in 0..steps.len() {
                self.step(steps, number).await?;
            }
            if written.is_empty() { Ok(()) } else { self.connection.run(written, self.stop).await }
        };
        if let Err(fault) = body.await {
            self.connection.rollback().await;
            return Err(fault.into());
        }
        for told in self.connection.commit(steps, self.stop).await? {
            (self.tell)(Progress::Told(told));
        }
        Ok(())
    }

    /// Runs a statement that no transaction may hold, between its two marks.
    async fn bare(
        &mut self,
        script: &Scheduled,
        number: usize,
        statement: &Statement,
        is_first: bool,
    ) -> std::result::Result<(), Failed> {
        let mut before = self.beginning(script, is_first);
        if let Some(ledger) = self.books.ledger {
            before.push(self.mark(ledger, script, number, Mark::Begun));
        }
        if !before.is_empty() {
            let before = self.books.framed(&before);
            self.in_transaction(&[], &before).await?;
        }
        if self.connection.dialect() == Dialect::Postgres {
            // It lets others work meanwhile, and giving up would leave half an index.
            self.connection.run("SET lock_timeout = 0", self.stop).await?;
        }
        self.raw(&statement.sql).await?;
        if let Some(ledger) = self.books.ledger {
            let done = self.books.framed(&[self.mark(ledger, script, number, Mark::Done)]);
            self.in_transaction(&[], &done).await?;
        }
        Ok(())
    }

    /// Runs a statement in no transaction.
    async fn raw(&mut self, sql: &str) -> std::result::Result<(), Failed> {
        match self.connection.dialect() {
            Dialect::Postgres => {
                let steps = [Step::new(sql, Vec::new())];
                Ok(self.step(&steps, 0).await?)
            }
            Dialect::Sqlite => Ok(self.connection.run(sql, self.stop).await?),
        }
    }

    /// Finds out what became of the statement that was begun; answers where to go on.
    async fn decided(
        &mut self,
        script: &Scheduled,
        number: usize,
        statement: &Statement,
    ) -> Result<usize> {
        let name = script.migration.name();
        let which = format!("statement {} of {name}", number + 1);
        match decide(&mut self.connection, &statement.sql).await? {
            Decision::Done(why) => {
                (self.tell)(Progress::Told(format!("{which} had come to its end: {why}")));
                Ok(number + 1)
            }
            Decision::Again(None) => {
                (self.tell)(Progress::Told(format!("{which} had not come to its end: again")));
                Ok(number)
            }
            Decision::Again(Some(sql)) => {
                let told = format!("{which} had left an index that is not valid: {sql}");
                (self.tell)(Progress::Told(told));
                let cleared = self.raw(&sql).await;
                cleared.map_err(|failed| {
                    half(self, script, number, ending::around(&format!("{sql} failed"), failed))
                })?;
                Ok(number)
            }
            Decision::Ask(look) => Err(ask(script, number, statement, &look)),
        }
    }

    /// Sets the session as the statements that are done had set it.
    async fn settings(&mut self, script: &Scheduled) -> Result<()> {
        for statement in script.statements.iter().take(script.from) {
            if is_setting(&statement.sql) {
                let set = self.connection.run(&statement.sql, self.stop).await;
                set.map_err(|fault| {
                    fault.in_script(
                        script.script(self.run.direction),
                        statement.start,
                        &statement.sql,
                    )
                })?;
            }
        }
        Ok(())
    }

    /// What is said where a statement failed.
    async fn stopped_at(
        &mut self,
        script: &Scheduled,
        number: usize,
        statement: &Statement,
        failed: Failed,
        begun: Instant,
    ) -> Result<Ended> {
        let file = script.script(self.run.direction);
        let uncertain = matches!(failed.why, Why::Refusal(Refusal::Uncertain(_)));
        let problem = match failed.why {
            Why::Moved => return Ok(Ended::Moved),
            Why::Told(problem) => problem,
            Why::Refusal(Refusal::Unsound(why)) => Problem::failed(
                format!("Statement {} of {} was rolled back", number + 1, script.migration.name()),
                why,
                "correct the migration, and run the command again",
            ),
            Why::Refusal(Refusal::Busy) => ending::around(
                "The file is locked",
                Failed { at: None, why: Why::Refusal(Refusal::Busy) },
            ),
            Why::Refusal(Refusal::Fault(fault) | Refusal::Uncertain(fault)) => {
                if !fault.lost && !fault.stopped {
                    self.clear_up(script, number, statement).await;
                    let took = begun.elapsed();
                    if let Some(sql) =
                        self.books.failed(self.run.direction, script, took, &fault.words())
                    {
                        // A ledger that cannot be written changes nothing about what failed.
                        drop(self.connection.run(&sql, self.stop).await);
                    }
                }
                ending::advised(fault.in_script(file, statement.start, &statement.sql), &fault)
            }
        };
        let problem = match uncertain {
            true => ending::with_state(
                problem,
                &format!("Whether statement {} was committed, the next run finds out", number + 1),
            ),
            false => problem,
        };
        Err(half(self, script, number, problem))
    }

    /// Takes away the index that is not valid, which a failed CREATE INDEX CONCURRENTLY leaves.
    async fn clear_up(&mut self, script: &Scheduled, number: usize, statement: &Statement) {
        if !statement.alone {
            return;
        }
        let decided = decide(&mut self.connection, &statement.sql).await;
        let Ok(Decision::Again(after)) = decided else { return };
        if let Some(sql) = after {
            if self.raw(&sql).await.is_err() {
                return;
            }
            (self.tell)(Progress::Told(format!("the failed index was taken away: {sql}")));
        }
        let Some(ledger) = self.books.ledger else { return };
        let down = self.run.direction == Direction::Down;
        let unmark = ledger.unmark(&script.migration.key, down, number);
        // If it stays, the catalogue is asked once more by the next run.
        drop(self.connection.run(&unmark, self.stop).await);
    }
}

/// Whether a statement only sets the session.
fn is_setting(sql: &str) -> bool {
    let words: Vec<String> = sql.split_whitespace().take(2).map(str::to_ascii_uppercase).collect();
    match words.first().map(String::as_str) {
        Some("SET") => words.get(1).is_none_or(|word| word != "LOCAL" && word != "TRANSACTION"),
        Some("RESET") => true,
        _ => {
            let text = sql.to_ascii_lowercase();
            text.starts_with("select") && text.contains("set_config(")
        }
    }
}

/// Adds how far the script is, and how to go on.
fn half(engine: &Engine<'_>, script: &Scheduled, done: usize, problem: Problem) -> Problem {
    let (name, of) = (script.migration.name(), script.statements.len());
    let state = match done {
        0 => format!("Nothing of {name} is done"),
        1 => format!("The first of the {of} statements of {name} is done and stays"),
        done if done >= of => format!("All {of} statements of {name} are done and stay"),
        done => format!("The first {done} of the {of} statements of {name} are done and stay"),
    };
    let on = match engine.books.ledger {
        _ if done == 0 => String::new(),
        Some(_) => "; running the command again goes on from there".to_owned(),
        None => format!("; there is no ledger here that remembers this: {GO_ON}{done}"),
    };
    ending::with_state(problem, &format!("{state}{on}. {}", ending::earlier(engine)))
}

/// The refusal where only a person can tell what became of a statement.
fn ask(script: &Scheduled, number: usize, statement: &Statement, look: &str) -> Problem {
    let name = script.migration.name();
    Problem::new(
        Kind::Refused,
        format!("{} before the last run was cut off is not known", unsure_of(&name, number + 1)),
        format!("{}\nLook at {look}", statement.sql),
        format!(
            "if it was done, run the command again with --resume-after {}; if not, with \
             --resume-after {number}",
            number + 1
        ),
    )
}
