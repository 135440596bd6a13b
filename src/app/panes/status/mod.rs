//! The status view: two sheets of lines, the database at the left (or above), what goes on in it
//! at the right (or below). They are made anew with each answer; the place in them stays.

mod activity;
mod database;
mod sheet;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use sheet::Sheet;

use crate::config::Target;
use crate::db::ServerFacts;
use crate::db::vitals::{Counters, Vitals};
use crate::ops::dashboard::{Dashboard, Drifting, Inventory};
use crate::problem::Problem;

/// How often the database is asked how it is doing while the view is open.
pub const OFTEN: Duration = Duration::from_secs(2);

/// How often it is asked for what changes slowly.
const SELDOM: Duration = Duration::from_secs(30);

/// How many moments are kept for the pictures.
const MOMENTS: usize = 60;

/// What was done between two answers, a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Transactions that were ended.
    pub transactions: f64,
    /// Blocks read from outside the server's memory.
    pub reads: f64,
}

/// The status of the open database.
#[derive(Debug, Default)]
pub struct StatusPane {
    /// How it was doing last.
    pub vitals: Option<Vitals>,
    /// What changes slowly, as it was last.
    pub inventory: Option<Inventory>,
    /// What was found of drift, and when.
    pub drift: Option<Drifting>,
    /// Whether drift is being looked for.
    pub looking: bool,
    /// What was done lately, the latest last.
    pub rates: VecDeque<Rate>,
    /// Why the last question was not answered.
    pub problem: Option<Problem>,
    /// The database.
    pub database: Sheet,
    /// What goes on in it.
    pub activity: Sheet,
    before: Option<(Instant, Counters)>,
    asked: Option<Instant>,
    asked_whole: Option<Instant>,
}

impl StatusPane {
    /// How long until the next question is due; nothing if it is now.
    pub fn due_in(&self, now: Instant) -> Duration {
        let next = self.asked.map(|asked| asked + OFTEN);
        next.map_or(Duration::ZERO, |next| next.saturating_duration_since(now))
    }

    /// Notes that the question is put; whether what changes slowly is due too.
    pub fn ask(&mut self, now: Instant) -> bool {
        self.asked = Some(now);
        let whole = self.asked_whole.is_none_or(|asked| now >= asked + SELDOM);
        if whole {
            self.asked_whole = Some(now);
        }
        whole
    }

    /// Has everything asked for at the next opportunity.
    pub fn expire(&mut self) {
        self.asked = None;
        self.asked_whole = None;
    }

    /// Takes an answer.
    pub fn take(
        &mut self,
        found: Dashboard,
        (facts, target): (&ServerFacts, Option<&Target>),
        now: Instant,
    ) {
        self.problem = None;
        if let Some(counters) = found.vitals.counters {
            self.count(counters, now);
        }
        if let Some(inventory) = found.inventory {
            self.inventory = Some(*inventory);
        }
        self.vitals = Some(found.vitals);
        self.write((facts, target));
    }

    /// Makes the lines anew.
    pub fn write(&mut self, (facts, target): (&ServerFacts, Option<&Target>)) {
        self.database.set(database::lines(self, facts, target));
        self.activity.set(activity::lines(self));
    }

    fn count(&mut self, counters: Counters, now: Instant) {
        if let Some((then, before)) = self.before.replace((now, counters)) {
            let seconds = now.saturating_duration_since(then).as_secs_f64();
            let ended = |it: &Counters| it.commits.saturating_add(it.rollbacks);
            if seconds > 0.0 {
                let done = ended(&counters).saturating_sub(ended(&before)) as f64 / seconds;
                let reads = counters.reads.saturating_sub(before.reads) as f64 / seconds;
                self.rates.push_back(Rate { transactions: done, reads });
            }
        }
        while self.rates.len() > MOMENTS {
            self.rates.pop_front();
        }
    }
}
