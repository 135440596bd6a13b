//! Running migrations on a database: under the lock, statement by statement, each with what is
//! written down of it in one transaction; what may not run in one is marked as it goes, so that a
//! run that was killed is taken up where it stopped.
//!
//! Nothing here decides what is to run or asks anybody; it tells how far it has come.

mod alone;
mod books;
mod capsules;
mod catalogue;
mod ending;
mod plain;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::run::{Direction, Progress, Run, Scheduled, Statement};
use crate::config::Target;
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::db::transaction::{Closing, Refusal};
use crate::migrations::Lock;
use crate::problem::{Problem, Result};
use crate::schema::plan::Step;
use crate::sql::Dialect;
pub(super) use books::{Books, now};

/// Is told how far a run has come.
pub type Tell<'a> = dyn FnMut(Progress) + Send + 'a;

/// How long a statement waits for a lock on a table; so long does everybody behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(4);

/// How often a transaction is tried again when a lock was not given, and the pause before each.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// How long a statement may run before it is looked whether somebody is in its way.
const LOOK: Duration = Duration::from_millis(400);

/// How long between two tries to get the lock on a SQLite file.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a transaction did not come to its end.
pub(super) struct Failed {
    /// The script and the statement that failed, each counted from 0; none where it was none.
    pub(super) at: Option<(usize, usize)>,
    pub(super) why: Why,
}

/// What kept it from its end.
pub(super) enum Why {
    /// The engine, or the connection.
    Refusal(Refusal),
    /// Somebody else has changed the history meanwhile.
    Moved,
    /// Something told in sentences already.
    Told(Problem),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self { at: None, why: Why::Refusal(refusal) }
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault).into()
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self { at: None, why: Why::Told(problem) }
    }
}

/// What came of running scripts.
pub(super) enum Ended {
    /// All of them are done.
    Done,
    /// Somebody else has changed the history: what is left must be found out anew.
    Moved,
}

/// Scripts on their way.
pub(super) struct Engine<'a> {
    pub(super) target: &'a Target,
    pub(super) connection: Connection,
    pub(super) lock: Lock,
    pub(super) books: Books,
    pub(super) run: &'a Run,
    /// How long to wait for somebody else's lock on the whole.
    pub(super) limit: Duration,
    /// The scripts that are done, and how long each took.
    pub(super) done: Vec<(String, Duration)>,
    /// Whether the database has undo capsules already.
    pub(super) has_capsules: bool,
    /// The migrations of which something is kept, by key.
    pub(super) capsuled: BTreeSet<String>,
    /// What is to be said of capsules once it is committed.
    pub(super) told: Vec<String>,
    /// What was said of them, in sentences.
    pub(super) capsules: Vec<String>,
    /// Whether another transaction follows the one that runs.
    followed: bool,
    /// Whether functions of the database's own may run with any statement (PostgreSQL), as far as
    /// that is known.
    has_event_triggers: Option<bool>,
    pub(super) stop: &'a Stop,
    pub(super) tell: &'a mut Tell<'a>,
}

impl<'a> Engine<'a> {
    /// What runs these scripts, with what it holds: the connection, the lock, the books.
    pub(super) fn new(
        target: &'a Target,
        (connection, lock, books): (Connection, Lock, Books),
        run: &'a Run,
        stop: &'a Stop,
        tell: &'a mut Tell<'a>,
    ) -> Self {
        Self {
            target,
            connection,
            lock,
            books,
            run,
            limit: target.session.lock_wait,
            done: Vec::new(),
            has_capsules: false,
            capsuled: BTreeSet::new(),
            told: Vec::new(),
            capsules: Vec::new(),
            followed: false,
            has_event_triggers: None,
            stop,
            tell,
        }
    }
}

impl Engine<'_> {
    /// Makes the tables that are written in, where they are not there.
    ///
    /// # Errors
    /// The role may not, or the database does not answer.
    pub(super) async fn prepare(&mut self) -> Result<()> {
        let making = self.books.making();
        if making.is_empty() {
            return Ok(());
        }
        let table = self.books.history.table.shown();
        let refused = |failed: Failed| {
            ending::around(&format!("The table {table} could not be made"), failed)
        };
        self.begin(&[]).await.map_err(refused)?;
        let made = self.connection.run(&making.join(";\n"), self.stop).await;
        let ended = match made {
            Ok(()) => self.connection.commit(&[], self.stop).await.map(drop).map_err(Failed::from),
            Err(fault) => {
                self.connection.rollback().await;
                Err(fault.into())
            }
        };
        ended.map_err(refused)?;
        // What an event trigger set meanwhile is none of the first migration's.
        self.connection.reset().await
    }

    /// Runs the scripts that are left, given by their places in the run.
    ///
    /// # Errors
    /// What failed, with its place in its file, and how things are now.
    pub(super) async fn all(&mut self, left: &[usize]) -> Result<Ended> {
        let scripts: Vec<(usize, &Scheduled)> =
            left.iter().filter_map(|at| Some((*at, self.run.scripts.get(*at)?))).collect();
        if self.run.one_transaction && !scripts.is_empty() {
            return self.together(&scripts).await;
        }
        for (place, script) in scripts.iter().enumerate() {
            self.followed = scripts.get(place + 1).is_some_and(|(_, next)| next.transaction);
            if self.stop.is_asked() {
                return Err(ending::stopped(self));
            }
            // What runs in a transaction asks before that is committed.
            if !script.1.transaction
                && let Err(problem) = self.lock.check().await
            {
                return Err(ending::with_state(problem, &ending::earlier(self)));
            }
            let ended = match script.1.transaction {
                true => self.together(std::slice::from_ref(script)).await?,
                false => self.alone(script.0, script.1).await?,
            };
            if matches!(ended, Ended::Moved) {
                return Ok(Ended::Moved);
            }
            // Settings of one migration are none of the next one's.
            self.connection.reset().await?;
        }
        Ok(Ended::Done)
    }

    /// Runs scripts in one transaction; tries again where a lock was not given.
    async fn together(&mut self, scripts: &[(usize, &Scheduled)]) -> Result<Ended> {
        let statements = scripts.iter().flat_map(|(_, script)| &script.statements);
        let mut steps: Vec<Step> = statements.map(step).collect();
        steps.extend(self.guarded(scripts).await?);
        let mut pauses = PAUSES.iter();
        let begun = Instant::now();
        loop {
            let failed = match self.attempt(scripts, &steps).await {
                Ok(()) => return Ok(Ended::Done),
                Err(Failed { why: Why::Moved, .. }) => return Ok(Ended::Moved),
                Err(failed) => failed,
            };
            if is_passing(&failed)
                && let Some(pause) = pauses.next()
            {
                self.pause(*pause).await;
                if !self.stop.is_asked() {
                    continue;
                }
            }
            return Err(ending::of(self, scripts, failed, begun.elapsed()).await);
        }
    }

    /// Says that a lock was not given, and waits before the next try.
    async fn pause(&mut self, pause: Duration) {
        (self.tell)(Progress::Told(format!(
            "a lock was not given in {} s, so everything was rolled back; trying again in {:.1} s",
            LOCK_TIMEOUT.as_secs(),
            pause.as_secs_f32()
        )));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.asked() => {}
        }
    }

    async fn attempt(
        &mut self,
        scripts: &[(usize, &Scheduled)],
        steps: &[Step],
    ) -> std::result::Result<(), Failed> {
        match self.connection.dialect() {
            // That the lock is held is asked before the end.
            Dialect::Postgres => self.connection.begin(steps, LOCK_TIMEOUT, self.stop).await?,
            Dialect::Sqlite => self.begin(steps).await?,
        }
        match self.body(scripts, steps).await {
            Ok((took, last, untouched)) => {
                let own = if untouched { self.books.own() } else { "" };
                let last = last.strip_prefix(own).unwrap_or(&last);
                let ahead = self.followed.then_some(LOCK_TIMEOUT);
                let closing = Closing { last, ahead, untouched };
                let ended = self.connection.commit_and_reset(steps, closing, self.stop).await;
                if ended.is_err() {
                    self.told.clear();
                }
                for told in ended? {
                    (self.tell)(Progress::Told(told));
                }
                self.tell_capsules();
                for ((at, script), took) in scripts.iter().zip(took) {
                    self.finished(*at, script, took);
                }
                Ok(())
            }
            Err(failed) => {
                self.told.clear();
                self.connection.rollback().await;
                Err(failed)
            }
        }
    }

    /// Everything between the beginning of a transaction and its end; answers how long each script
    /// took, with what is to be written down of the last, for that to go with the COMMIT, and with
    /// whether the session is as it was when it was opened.
    async fn body(
        &mut self,
        scripts: &[(usize, &Scheduled)],
        steps: &[Step],
    ) -> std::result::Result<(Vec<Duration>, String, bool), Failed> {
        if !self.books.hold(&mut self.connection, self.stop).await? {
            return Err(Failed { at: None, why: Why::Moved });
        }
        let (mut number, mut took, mut entry) = (0, Vec::new(), String::new());
        let count: usize = scripts.iter().map(|(_, script)| script.statements.len()).sum();
        if count == 0 {
            self.lock.check().await?;
        }
        for (at, script) in scripts {
            if !entry.is_empty() {
                self.connection.run(&entry, self.stop).await?;
            }
            let begun = Instant::now();
            let mut held = self.hold(script).await?;
            for statement in 0..script.statements.len() {
                (self.tell)(Progress::Statement { script: *at, statement });
                let (ran, locked) = match number + 1 == count {
                    true => self.last_step(steps, number).await,
                    false => (self.step(steps, number).await, Ok(())),
                };
                ran.map_err(|fault| Failed { at: Some((*at, statement)), ..fault.into() })?;
                locked?;
                number += 1;
                self.after(&mut held).await?;
            }
            self.release(held).await?;
            took.push(begun.elapsed());
            entry = self.books.entry(self.run.direction, script, begun.elapsed());
        }
        let untouched = self.leaves_untouched(scripts).await?;
        Ok((took, entry, untouched))
    }

    /// Whether scripts, which have just run, left the session as it was when it was opened; so it
    /// is before each. Where functions of the database's own run with any statement nobody knows.
    async fn leaves_untouched(
        &mut self,
        scripts: &[(usize, &Scheduled)],
    ) -> std::result::Result<bool, Fault> {
        let is_plain = |(_, script): &(usize, &Scheduled)| {
            let mut statements = script.statements.iter();
            !self.minds_capsules(script) && statements.all(|one| plain::is_plain(&one.sql))
        };
        if self.connection.dialect() == Dialect::Sqlite {
            return Ok(true);
        }
        if !scripts.iter().all(is_plain) {
            self.has_event_triggers = None;
            return Ok(false);
        }
        let has = match self.has_event_triggers {
            Some(has) => has,
            None => {
                let sql = "SELECT 1 FROM pg_catalog.pg_event_trigger LIMIT 1";
                !self.connection.query(sql, self.stop).await?.is_empty()
            }
        };
        self.has_event_triggers = Some(has);
        Ok(!has)
    }

    fn finished(&mut self, at: usize, script: &Scheduled, took: Duration) {
        self.books.changed(self.run.direction, &script.migration.key);
        self.done.push((script.migration.name(), took));
        (self.tell)(Progress::Finished { script: at, took });
    }

    /// Begins a transaction under the lock against other migrators; on SQLite it waits for
    /// whoever has the file locked.
    async fn begin(&mut self, steps: &[Step]) -> std::result::Result<(), Failed> {
        let (until, mut told) = (Instant::now() + self.limit, false);
        loop {
            let (held, begun) = tokio::join!(
                self.lock.check(),
                self.connection.begin(steps, LOCK_TIMEOUT, self.stop)
            );
            match (begun, held) {
                (Err(Refusal::Busy), Ok(())) if Instant::now() < until => {}
                (Ok(()), Err(problem)) => {
                    self.connection.rollback().await;
                    return Err(problem.into());
                }
                (_, Err(problem)) => return Err(problem.into()),
                (begun, Ok(())) => return Ok(begun?),
            }
            if !told {
                let what = "somebody else writes to the file".to_owned();
                (self.tell)(Progress::Waiting { what, holders: Vec::new() });
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.stop.asked() => {}
            }
        }
    }

    /// Runs a statement, and tells who is in its way if it waits.
    async fn step(&mut self, steps: &[Step], number: usize) -> std::result::Result<(), Fault> {
        let pid = self.connection.pid();
        let work = std::pin::pin!(self.connection.step(steps, number, self.stop));
        watched(work, &mut self.lock, pid, self.tell).await
    }

    /// Runs the last statement of a transaction, and makes sure meanwhile that the lock against
    /// other migrators is still held, and after one that took long once more: nothing is committed
    /// without it.
    async fn last_step(
        &mut self,
        steps: &[Step],
        number: usize,
    ) -> (std::result::Result<(), Fault>, Result<()>) {
        let pid = self.connection.pid();
        let begun = Instant::now();
        let mut work = std::pin::pin!(self.connection.step(steps, number, self.stop));
        let mut done = None;
        let held = {
            let mut check = std::pin::pin!(self.lock.check());
            loop {
                tokio::select! {
                    ran = &mut work, if done.is_none() => done = Some(ran),
                    held = &mut check => break held,
                }
            }
        };
        let ran = match done {
            Some(done) => done,
            None => watched(work, &mut self.lock, pid, self.tell).await,
        };
        match held {
            Ok(()) if ran.is_ok() && begun.elapsed() > LOOK => (ran, self.lock.check().await),
            held => (ran, held),
        }
    }
}

/// Waits for a statement of this process of the server; whoever is in its way is told.
async fn watched(
    mut work: Pin<&mut impl Future<Output = std::result::Result<(), Fault>>>,
    lock: &mut Lock,
    pid: Option<i32>,
    tell: &mut Tell<'_>,
) -> std::result::Result<(), Fault> {
    let Some(pid) = pid else { return work.await };
    loop {
        let look = async {
            tokio::time::sleep(LOOK).await;
            lock.blockers(pid).await
        };
        tokio::select! {
            biased;
            done = &mut work => return done,
            holders = look => {
                if !holders.is_empty() {
                    let what = "a statement waits for a lock".to_owned();
                    tell(Progress::Waiting { what, holders });
                }
            }
        }
    }
}

fn step(statement: &Statement) -> Step {
    Step::new(statement.sql.clone(), Vec::new())
}

/// Whether the same may succeed a little later: a lock was not given, or two were in each other's
/// way.
fn is_passing(failed: &Failed) -> bool {
    let Why::Refusal(Refusal::Fault(fault)) = &failed.why else { return false };
    matches!(fault.code.as_deref(), Some("55P03" | "40P01" | "40001"))
}

/// The direction in words.
pub(super) fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applied",
        Direction::Down => "taken back",
    }
}
