//! What was measured: of each statement on a scratch, of each table on the live database. Plain
//! results; how they were gathered is `db`'s, what they mean for a rule is the rules'.

use std::collections::BTreeMap;
use std::time::Duration;

use super::LockMode;
use super::amount::{bytes, counted, lasting, number};
use super::wanted::Subject;
use crate::schema::RelationName;
use crate::schema::model::Key;

/// What a statement did on a scratch, to relations that were there before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// The strongest lock it took on each relation.
    pub locks: Vec<(RelationName, LockMode)>,
    /// The tables and materialized views it wrote anew.
    pub rewrites: Vec<RelationName>,
    /// The indexes it built anew.
    pub rebuilds: Vec<RelationName>,
}

/// Everything known of a plan besides its own text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// What each step did on a scratch, by its place; `None` or missing where it was not watched.
    pub effects: Vec<Option<Effects>>,
    /// What was counted on the live database.
    pub measures: Measures,
}

impl Facts {
    /// What a step did on a scratch, if it was watched.
    pub fn effects_of(&self, step: usize) -> Option<&Effects> {
        self.effects.get(step).and_then(Option::as_ref)
    }
}

/// What was counted on a live database.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// The tables that were looked at, by the name they have there.
    pub tables: BTreeMap<RelationName, TableSize>,
    /// The answers.
    pub readings: Vec<Reading>,
}

/// How large a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSize {
    /// Its rows.
    pub rows: Count,
    /// Its bytes without indexes; `None` where the engine cannot say quickly.
    pub bytes: Option<u64>,
    /// How long reading all of it took, where all of it was read.
    pub scan: Option<Duration>,
}

/// A number and how it was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub number: u64,
    /// How it was come by.
    pub how: How,
}

/// How a number was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Everything was counted.
    Exact,
    /// Part of the table was counted, and the number scaled.
    Sampled,
    /// From the server's statistics.
    Statistics,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The step it is about.
    pub step: usize,
    /// What of that step.
    pub object: Key,
    /// What was asked.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A number.
    Counted {
        /// It.
        count: Count,
        /// The first few values it is about; `…` at the end stands for the rest.
        examples: Vec<String>,
    },
    /// Trying it failed: the server's words, which name the first value that does not fit.
    Refused(String),
    /// It could not be found out.
    Unknown(String),
}

impl Count {
    /// A number that was counted in full.
    pub fn exact(number: u64) -> Self {
        Self { number, how: How::Exact }
    }

    /// `12,431 rows`, with "about" in front of what is not exact.
    fn words(self, one: &str, many: &str) -> String {
        let words = counted(self.number, one, many);
        match self.how {
            How::Exact => words,
            How::Sampled | How::Statistics => format!("about {words}"),
        }
    }
}

impl TableSize {
    /// `12,431 rows, 3.1 MB`.
    pub fn words(&self) -> String {
        let rows = self.rows.words("row", "rows");
        match self.bytes {
            Some(size) => format!("{rows}, {}", bytes(size)),
            None => rows,
        }
    }

    /// Roughly how long the table is busy while all of it is read, or written anew.
    pub fn busy(&self, written: bool) -> Option<Duration> {
        // Of reading, where it was not timed, and of writing with the log and the indexes: what
        // a plain disk does.
        const READS: u64 = 300 << 20;
        const WRITES: u64 = 60 << 20;
        let at = |rate: u64| self.bytes.map(|size| Duration::from_millis(size * 1_000 / rate));
        if written { at(WRITES).max(self.scan) } else { self.scan.or(at(READS)) }
    }

    /// The same with the time, in words: `12,431 rows, 3.1 MB: roughly 40 ms`.
    pub fn words_with_time(&self, written: bool) -> String {
        match self.busy(written) {
            Some(time) if time.as_millis() == 0 => format!("{}: {}", self.words(), lasting(time)),
            Some(time) => format!("{}: roughly {}", self.words(), lasting(time)),
            None => self.words(),
        }
    }
}

impl Measures {
    /// The answers about an object of a step.
    pub fn of<'a>(&'a self, step: usize, object: &'a Key) -> impl Iterator<Item = &'a Reading> {
        self.readings.iter().filter(move |found| found.step == step && found.object == *object)
    }
}

impl Reading {
    /// Whether it shows that the step will fail.
    pub fn fails(&self) -> bool {
        self.is_found() && self.subject.fails()
    }

    /// Whether it found anything.
    pub fn is_found(&self) -> bool {
        match &self.outcome {
            Outcome::Refused(_) => true,
            Outcome::Counted { count, .. } => count.number > 0,
            Outcome::Unknown(_) => false,
        }
    }

    /// Whether it shows that the step neither fails nor loses anything of this.
    pub fn clears(&self) -> bool {
        let Outcome::Counted { count, .. } = &self.outcome else { return false };
        count.number == 0 && count.how == How::Exact
    }

    /// The answer in words.
    pub fn words(&self) -> String {
        match &self.outcome {
            Outcome::Counted { count, examples } => {
                let shown = match examples.as_slice() {
                    [] => String::new(),
                    some => format!(": {}", some.join(", ")),
                };
                let amount = match count.how {
                    How::Exact if count.number == 0 => "no".to_owned(),
                    How::Exact => number(count.number),
                    How::Sampled | How::Statistics => format!("about {}", number(count.number)),
                };
                format!("{}{shown}", self.subject.sentence(&amount, count.number == 1))
            }
            Outcome::Refused(words) => format!("it fails: {words}"),
            Outcome::Unknown(why) => format!("not known: {why}"),
        }
    }
}
