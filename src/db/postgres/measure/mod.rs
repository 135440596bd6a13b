//! Asks a live PostgreSQL what a plan would lose and fail on.
//!
//! Everything happens in one transaction that only reads and sees one state of the data. The
//! questions to one table are put in one pass; if that pass fails, each is asked alone, so that
//! one that cannot be answered spoils no other. Nothing here judges an answer.

mod fitting;
mod question;

use std::collections::BTreeSet;
use std::time::Instant;

use self::question::{Question, duplicates, example, question, source};
use super::writer::Writer;
use crate::db::fault::Fault;
use crate::db::measure::{Bounds, numbers, once, row_names, shown};
use crate::db::stop::Stop;
use crate::schema::RelationName;
use crate::schema::hazard::{
    Count, How, Measures, Outcome, Reading, Subject, TableSize, Wanted, touched, wanted,
};
use crate::schema::model::Model;
use crate::schema::plan::Plan;
use crate::sql::Dialect;

/// The part of a table that a question is asked of never gets smaller than this, in bytes.
const LEAST_SAMPLE: u64 = 1 << 20;

/// Asks everything a plan gives reason to ask.
pub(in crate::db) async fn measure(
    writer: &mut Writer,
    plan: &Plan,
    (current, desired): (&Model, &Model),
    bounds: &Bounds,
    stop: &Stop,
) -> Result<Measures, Fault> {
    let asked = wanted(plan, current, desired);
    let mut tables = touched(plan, current);
    tables.extend(asked.iter().map(|wanted| wanted.table.clone()));
    if tables.is_empty() {
        return Ok(Measures::default());
    }
    let version = writer.facts().version;
    let mut asking =
        Asking { writer, current, bounds, stop, version, measures: Measures::default() };
    asking.begin().await?;
    let done = asking.all(&tables, &asked).await;
    let measures = std::mem::take(&mut asking.measures);
    let ended = asking.writer.end("ROLLBACK").await;
    done?;
    ended?;
    Ok(measures)
}

struct Asking<'a> {
    writer: &'a mut Writer,
    current: &'a Model,
    bounds: &'a Bounds,
    stop: &'a Stop,
    version: i64,
    measures: Measures,
}

/// What the catalogue says of a table's size.
struct Stored {
    /// Rows as the server estimates them; below zero where it never has.
    rows: i64,
    bytes: u64,
}

impl Asking<'_> {
    async fn begin(&mut self) -> Result<(), Fault> {
        // Rows that a policy hides are lost or in the way all the same: better no answer.
        let sql = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {}; \
             SET LOCAL lock_timeout = '2s'; SET LOCAL row_security = off",
            self.bounds.patience.as_millis().max(1)
        );
        self.writer.run(&sql, self.stop).await
    }

    async fn all(
        &mut self,
        tables: &BTreeSet<RelationName>,
        asked: &[Wanted],
    ) -> Result<(), Fault> {
        for table in tables {
            let Some(stored) = self.stored(table).await? else { continue };
            let of_it: Vec<&Wanted> =
                asked.iter().filter(|wanted| wanted.table == *table).collect();
            self.table(table, &stored, &of_it).await?;
        }
        // The questions come back in the order of the plan, not of the tables.
        self.measures.readings.sort_by_key(|reading| reading.step);
        Ok(())
    }

    /// A question in a savepoint: what the server refuses is an answer, and the transaction goes
    /// on.
    async fn ask(&mut self, sql: &str) -> Result<Result<Vec<Vec<Option<String>>>, Fault>, Fault> {
        self.writer.run("SAVEPOINT question", self.stop).await?;
        let answer = self.writer.query(sql, self.stop).await;
        match answer {
            Ok(rows) => {
                self.writer.run("RELEASE question", self.stop).await?;
                Ok(Ok(rows))
            }
            Err(fault) if fault.lost || fault.stopped => Err(fault),
            Err(fault) => {
                self.writer.run("ROLLBACK TO question", self.stop).await?;
                Ok(Err(fault))
            }
        }
    }

    /// What the catalogue knows of a table; partitions are taken together.
    async fn stored(&mut self, table: &RelationName) -> Result<Option<Stored>, Fault> {
        let literal = |text: &str| Dialect::Postgres.literal(text);
        let sql = format!(
            "SELECT sum(p.reltuples)::bigint, sum(pg_catalog.pg_table_size(p.oid))::bigint,
                    bool_or(p.reltuples < 0)
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             CROSS JOIN LATERAL (
               SELECT c.oid WHERE c.relkind <> 'p'
               UNION SELECT relid FROM pg_catalog.pg_partition_tree(c.oid) WHERE isleaf
             ) AS leaf(oid) JOIN pg_catalog.pg_class p ON p.oid = leaf.oid
             WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p', 'm', 'f')",
            literal(&table.schema),
            literal(&table.name)
        );
        let Ok(rows) = self.ask(&sql).await? else { return Ok(None) };
        let mut row = rows.into_iter().next().unwrap_or_default().into_iter().flatten();
        let (Some(rows), Some(bytes)) = (row.next(), row.next()) else { return Ok(None) };
        let unknown = row.next().as_deref() == Some("t");
        let (Ok(rows), Ok(bytes)) = (rows.parse::<i64>(), bytes.parse()) else { return Ok(None) };
        Ok(Some(Stored { rows: if unknown { -1 } else { rows }, bytes }))
    }

    /// How much of a table is read, in percent; `None` for all of it.
    fn percent(&self, stored: &Stored) -> Option<f64> {
        if stored.bytes <= self.bounds.exact_up_to {
            return None;
        }
        let part = self.bounds.exact_up_to.max(LEAST_SAMPLE).min(stored.bytes);
        let share = |bytes: u64| f64::from(u32::try_from(bytes >> 13).unwrap_or(u32::MAX));
        let percent = 100.0 * share(part) / share(stored.bytes).max(1.0);
        (percent < 100.0).then_some(percent)
    }

    async fn table(
        &mut self,
        table: &RelationName,
        stored: &Stored,
        asked: &[&Wanted],
    ) -> Result<(), Fault> {
        let percent = self.percent(stored);
        let rows = Count { number: u64::try_from(stored.rows).unwrap_or(0), how: How::Statistics };
        let size = TableSize { rows, bytes: Some(stored.bytes), scan: None };
        self.measures.tables.insert(table.clone(), size);
        // Renamed columns differ from step to step, so one pass is for those with the same names.
        let mut passes: Vec<Vec<&Wanted>> = Vec::new();
        for wanted in asked {
            match passes.iter_mut().find(|pass| pass.iter().all(|of| of.renamed == wanted.renamed))
            {
                Some(pass) => pass.push(wanted),
                None => passes.push(vec![wanted]),
            }
        }
        if passes.is_empty() && percent.is_none() {
            passes.push(Vec::new());
        }
        for pass in passes {
            self.pass(table, percent, &pass).await?;
        }
        Ok(())
    }

    /// Counts the rows and everything a condition picks in one reading of the table.
    async fn pass(
        &mut self,
        table: &RelationName,
        percent: Option<f64>,
        asked: &[&Wanted],
    ) -> Result<(), Fault> {
        let renamed = asked.first().map(|wanted| wanted.renamed.clone()).unwrap_or_default();
        let from = source(table, &renamed, percent);
        let questions: Vec<Question> =
            asked.iter().map(|wanted| question(wanted, &from, self.version)).collect();
        let counted: Vec<String> = questions.iter().filter_map(aggregate).collect();
        let columns: Vec<String> = std::iter::once("count(*)".to_owned()).chain(counted).collect();
        let began = Instant::now();
        let answer = self.ask(&format!("SELECT {} FROM {from}", columns.join(", "))).await?;
        let took = began.elapsed();
        let mut numbers = answer.ok().map(numbers);
        let mut rows = numbers.as_mut().and_then(|numbers| numbers.next());
        if rows.is_none() {
            // One of the questions cannot be answered; how many rows there are still can.
            let alone = self.ask(&format!("SELECT count(*) FROM {from}")).await?;
            rows = alone.ok().and_then(|rows| self::numbers(rows).next());
        }
        if let (Some(rows), Some(size)) = (rows, self.measures.tables.get_mut(table)) {
            size.rows = scaled(rows, percent);
            size.scan = percent.is_none().then_some(took);
        }
        for (wanted, question) in asked.iter().zip(&questions) {
            let nothing = matches!(question, Question::None);
            if nothing && matches!(wanted.subject, Subject::Lossy { .. }) {
                continue;
            }
            let known = match question {
                Question::All => rows,
                Question::Values(_) | Question::Condition(_) => {
                    numbers.as_mut().and_then(|numbers| numbers.next())
                }
                _ => None,
            };
            let outcome = self.outcome(wanted, question, known, &from, percent).await?;
            let (step, object) = (wanted.step, wanted.object.clone());
            let subject = wanted.subject.clone();
            self.measures.readings.push(Reading { step, object, subject, outcome });
        }
        Ok(())
    }

    /// The answer to one question: known from the pass, or asked alone.
    async fn outcome(
        &mut self,
        wanted: &Wanted,
        question: &Question,
        known: Option<u64>,
        from: &str,
        percent: Option<f64>,
    ) -> Result<Outcome, Fault> {
        let sql = match question {
            Question::None => return Ok(counted(Count::exact(0), Vec::new())),
            Question::All => format!("SELECT count(*) FROM {from}"),
            Question::Alone(_) if percent.is_some() => {
                let why = "the table is too large to be looked through for duplicates".to_owned();
                return Ok(Outcome::Unknown(why));
            }
            Question::Alone(sql) | Question::Trial(sql) => sql.clone(),
            question => {
                let column = aggregate(question).unwrap_or_default();
                format!("SELECT {column} FROM {from}")
            }
        };
        let number = match known {
            Some(number) => number,
            None => match self.ask(&sql).await? {
                Ok(_) if matches!(question, Question::Trial(_)) => 0,
                Ok(rows) => numbers(rows).next().unwrap_or(0),
                Err(fault) => return Ok(self.refused(question, &fault)),
            },
        };
        let examples = match number {
            0 => Vec::new(),
            _ => self.examples(wanted, question, from).await?,
        };
        Ok(counted(scaled(number, percent), examples))
    }

    /// What the server's refusal of a question means: of a trial, that a value does not fit.
    fn refused(&self, question: &Question, fault: &Fault) -> Outcome {
        let data = fault
            .code
            .as_deref()
            .is_some_and(|code| code.starts_with("22") || code.starts_with("23"));
        if matches!(question, Question::Trial(_)) && data {
            let hidden = !self.bounds.masked.is_empty() || self.bounds.examples == 0;
            let words = if hidden { "a value does not fit".to_owned() } else { fault.words() };
            return Outcome::Refused(words);
        }
        match fault.code.as_deref() {
            Some("57014") => Outcome::Unknown("it takes too long to find out".to_owned()),
            Some("42501") => Outcome::Unknown("this role may not read the table".to_owned()),
            _ => Outcome::Unknown(fault.message.clone()),
        }
    }

    /// The first few rows a question is about.
    async fn examples(
        &mut self,
        wanted: &Wanted,
        question: &Question,
        from: &str,
    ) -> Result<Vec<String>, Fault> {
        if self.bounds.examples == 0 {
            return Ok(Vec::new());
        }
        let limit = self.bounds.examples + 1;
        let sql = match (&wanted.subject, question) {
            (Subject::Duplicates { keys, condition, nulls_equal }, _) => {
                let sets = duplicates(from, keys, condition.as_deref(), *nulls_equal);
                let shown: Vec<String> =
                    (1..=keys.len()).map(|at| format!("coalesce(k{at}::text, 'NULL')")).collect();
                let names: Vec<String> = (1..=keys.len()).map(|at| format!("k{at}")).collect();
                format!(
                    "SELECT concat_ws(', ', {}) FROM ({sets} ORDER BY 1 LIMIT {limit}) AS d({})",
                    shown.join(", "),
                    names.join(", ")
                )
            }
            (_, Question::Condition(condition)) => {
                let names = row_names(self.current, &wanted.table);
                let Some(shown) = example(wanted, condition, &names) else {
                    return Ok(Vec::new());
                };
                let (each, order) = once(&wanted.subject);
                format!("SELECT {each} {shown} FROM {from} WHERE {condition}{order} LIMIT {limit}")
            }
            _ => return Ok(Vec::new()),
        };
        if !self.bounds.may_show(&wanted.table, &sql) {
            return Ok(Vec::new());
        }
        let rows = self.ask(&sql).await?.unwrap_or_default();
        Ok(shown(rows, self.bounds.examples))
    }
}

/// What counts a question's rows beside others.
fn aggregate(question: &Question) -> Option<String> {
    match question {
        Question::Values(column) => Some(format!("count({column})")),
        Question::Condition(condition) => Some(format!("count(*) FILTER (WHERE {condition})")),
        _ => None,
    }
}

/// A number of a part of the table as one of the whole.
fn scaled(number: u64, percent: Option<f64>) -> Count {
    let Some(percent) = percent else { return Count::exact(number) };
    // Percent to one in a million, so that whole numbers do.
    let parts = format!("{:.0}", percent * 10_000.0).parse::<u128>().unwrap_or(1_000_000).max(1);
    let whole = u128::from(number) * 1_000_000 / parts;
    Count { number: u64::try_from(whole).unwrap_or(u64::MAX), how: How::Sampled }
}

fn counted(count: Count, examples: Vec<String>) -> Outcome {
    Outcome::Counted { count, examples }
}
