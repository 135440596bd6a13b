//! Asks a live SQLite file what a plan would lose and fail on, in one transaction that only reads.
//! The counts are exact; a question that takes too long stays unanswered. Nothing here judges an
//! answer.

use std::collections::BTreeSet;
use std::time::Instant;

use super::writer::Writer;
use crate::db::fault::Fault;
use crate::db::measure::{Bounds, numbers, once, row_names, shown};
use crate::db::stop::Stop;
use crate::schema::RelationName;
use crate::schema::hazard::{
    Count, How, Measures, Outcome, Reading, Subject, TableSize, Wanted, touched, wanted,
};
use crate::schema::model::{Body, Key, Kind, Model};
use crate::schema::plan::Plan;
use crate::sql::Dialect;

const DIALECT: Dialect = Dialect::Sqlite;

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
    let measures = Measures::default();
    let mut asking = Asking { writer, models: (current, desired), bounds, stop, measures };
    asking.writer.run("BEGIN", stop).await?;
    let done = asking.all(&tables, &asked).await;
    let measures = std::mem::take(&mut asking.measures);
    let ended = asking.writer.run("ROLLBACK", &Stop::new()).await;
    done?;
    ended?;
    Ok(measures)
}

struct Asking<'a> {
    writer: &'a mut Writer,
    models: (&'a Model, &'a Model),
    bounds: &'a Bounds,
    stop: &'a Stop,
    measures: Measures,
}

/// A way to find something out about a table.
enum Question {
    /// All rows are meant.
    All,
    /// What counts them beside others, and the condition that picks them.
    Counted { count: String, condition: Option<String> },
    /// A query of its own, whose one value is the number.
    Alone(String),
    /// Everything fits.
    None,
}

impl Asking<'_> {
    async fn all(
        &mut self,
        tables: &BTreeSet<RelationName>,
        asked: &[Wanted],
    ) -> Result<(), Fault> {
        for table in tables {
            let of_it: Vec<&Wanted> =
                asked.iter().filter(|wanted| wanted.table == *table).collect();
            let mut passes: Vec<Vec<&Wanted>> = Vec::new();
            for wanted in of_it {
                let same = |pass: &&mut Vec<&Wanted>| {
                    pass.iter().all(|other| other.renamed == wanted.renamed)
                };
                match passes.iter_mut().find(same) {
                    Some(pass) => pass.push(wanted),
                    None => passes.push(vec![wanted]),
                }
            }
            if passes.is_empty() {
                passes.push(Vec::new());
            }
            for pass in passes {
                self.pass(table, &pass).await?;
            }
        }
        self.measures.readings.sort_by_key(|reading| reading.step);
        Ok(())
    }

    /// A question with a time limit: what SQLite refuses, or does not answer in time, is an answer.
    async fn ask(&mut self, sql: &str) -> Result<Result<Vec<Vec<Option<String>>>, Fault>, Fault> {
        let limit = Stop::new();
        let asking = self.writer.query(sql, &limit);
        tokio::pin!(asking);
        let mut timed_out = false;
        let answer = tokio::select! {
            biased;
            answer = &mut asking => answer,
            () = self.stop.asked() => {
                limit.ask();
                asking.await
            }
            () = tokio::time::sleep(self.bounds.patience) => {
                timed_out = true;
                limit.ask();
                asking.await
            }
        };
        match answer {
            Err(fault) if fault.stopped && timed_out => {
                let message = "it takes too long to find out".to_owned();
                Ok(Err(Fault { message, ..Fault::default() }))
            }
            Err(fault) if fault.stopped || fault.lost => Err(fault),
            answer => Ok(answer),
        }
    }

    /// Counts the rows and everything a condition picks in one reading of the table.
    async fn pass(&mut self, table: &RelationName, asked: &[&Wanted]) -> Result<(), Fault> {
        let renamed = asked.first().map(|wanted| wanted.renamed.as_slice()).unwrap_or_default();
        let from = source(table, renamed);
        let questions: Vec<Question> =
            asked.iter().map(|wanted| self.question(wanted, &from)).collect();
        let counts = questions.iter().filter_map(|question| match question {
            Question::Counted { count, .. } => Some(count.clone()),
            _ => None,
        });
        let columns: Vec<String> = std::iter::once("count(*)".to_owned()).chain(counts).collect();
        let began = Instant::now();
        let answer = self.ask(&format!("SELECT {} FROM {from}", columns.join(", "))).await?;
        let took = began.elapsed();
        let mut found = answer.ok().map(numbers);
        let rows = found.as_mut().and_then(|found| found.next());
        if let Some(rows) = rows {
            let size = TableSize { rows: Count::exact(rows), bytes: None, scan: Some(took) };
            self.measures.tables.insert(table.clone(), size);
        }
        for (wanted, question) in asked.iter().zip(&questions) {
            let nothing = matches!(question, Question::None);
            if nothing && matches!(wanted.subject, Subject::Lossy { .. }) {
                continue;
            }
            let known = match question {
                Question::All => rows,
                Question::Counted { .. } => found.as_mut().and_then(|found| found.next()),
                _ => None,
            };
            let outcome = self.outcome(wanted, question, known, &from).await?;
            let (step, object) = (wanted.step, wanted.object.clone());
            let subject = wanted.subject.clone();
            self.measures.readings.push(Reading { step, object, subject, outcome });
        }
        Ok(())
    }

    async fn outcome(
        &mut self,
        wanted: &Wanted,
        question: &Question,
        known: Option<u64>,
        from: &str,
    ) -> Result<Outcome, Fault> {
        let sql = match question {
            Question::None => return Ok(counted(0, Vec::new())),
            Question::All => format!("SELECT count(*) FROM {from}"),
            Question::Counted { count, .. } => format!("SELECT {count} FROM {from}"),
            Question::Alone(sql) => sql.clone(),
        };
        let number = match known {
            Some(number) => number,
            None => match self.ask(&sql).await? {
                Ok(rows) => numbers(rows).next().unwrap_or(0),
                Err(fault) => return Ok(Outcome::Unknown(fault.message)),
            },
        };
        let examples = match number {
            0 => Vec::new(),
            _ => self.examples(wanted, question, from).await?,
        };
        Ok(counted(number, examples))
    }

    fn question(&self, wanted: &Wanted, from: &str) -> Question {
        let condition = |condition: String| Question::Counted {
            count: format!("count(*) FILTER (WHERE {condition})"),
            condition: Some(condition),
        };
        match &wanted.subject {
            Subject::Rows | Subject::Occupied => Question::All,
            Subject::Values(column) => Question::Counted {
                count: format!("count({})", DIALECT.ident(column)),
                condition: None,
            },
            Subject::Nulls(columns) => {
                let null = |column: &String| format!("{} IS NULL", DIALECT.ident(column));
                condition(columns.iter().map(null).collect::<Vec<_>>().join(" OR "))
            }
            Subject::Failing(expression) => condition(format!("NOT ({expression})")),
            Subject::Duplicates { keys, condition, .. } => Question::Alone(format!(
                "SELECT count(*) FROM ({})",
                duplicates(from, keys, condition.as_deref())
            )),
            Subject::Orphans { columns, parent, referenced } => {
                let referenced = match (referenced.as_slice(), parent) {
                    ([], Some(parent)) => row_names(self.models.0, parent),
                    (some, _) => some.to_vec(),
                };
                condition(orphans(columns, parent.as_ref(), &referenced))
            }
            Subject::Unfit { column, to, .. } if self.is_strict(&wanted.object) => {
                unfit(&DIALECT.ident(column), to).map_or(Question::None, condition)
            }
            // Without STRICT any column takes any value.
            Subject::Unfit { .. }
            | Subject::Lossy { .. }
            | Subject::Labelled { .. }
            | Subject::Attribute { .. } => Question::None,
        }
    }

    /// Whether the table will be strict.
    fn is_strict(&self, object: &Key) -> bool {
        let table = if object.kind == Kind::Table { object.clone() } else { object.table() };
        matches!(self.models.1.body(&table), Some(Body::SqliteTable(table)) if table.strict)
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
            (Subject::Duplicates { keys, condition, .. }, _) => {
                let sets = duplicates(from, keys, condition.as_deref());
                let shown = keys.iter().map(|key| format!("coalesce(quote({key}), 'NULL')"));
                let shown = shown.collect::<Vec<_>>().join(" || ', ' || ");
                format!("{} ORDER BY 1 LIMIT {limit}", sets.replacen("1", &shown, 1))
            }
            (_, Question::Counted { condition: Some(condition), .. }) => {
                let names = match &wanted.subject {
                    Subject::Orphans { columns, .. } => columns.clone(),
                    Subject::Unfit { column, .. } => vec![column.clone()],
                    _ => row_names(self.models.0, &wanted.table),
                };
                let named = |column: &String| {
                    let label = DIALECT.literal(&format!("{column} = "));
                    format!("{label} || quote({})", DIALECT.ident(column))
                };
                if names.is_empty() {
                    return Ok(Vec::new());
                }
                let shown = names.iter().map(named).collect::<Vec<_>>().join(" || ', ' || ");
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

/// The table, with its columns under the names they have when the step runs.
fn source(table: &RelationName, renamed: &[(String, String)]) -> String {
    let name = DIALECT.relation(&table.schema, &table.name);
    if renamed.is_empty() {
        return format!("{name} AS t");
    }
    let columns: Vec<String> = renamed
        .iter()
        .map(|(before, then)| format!("{} AS {}", DIALECT.ident(before), DIALECT.ident(then)))
        .collect();
    format!("(SELECT *, {} FROM {name}) AS t", columns.join(", "))
}

/// The sets of alike rows, a 1 for each.
fn duplicates(from: &str, keys: &[String], condition: Option<&str>) -> String {
    let conditions = condition.map(|found| format!("({found})")).into_iter();
    let conditions: Vec<String> =
        conditions.chain(keys.iter().map(|key| format!("({key}) IS NOT NULL"))).collect();
    format!(
        "SELECT 1 FROM {from} WHERE {} GROUP BY {} HAVING count(*) > 1",
        conditions.join(" AND "),
        keys.join(", ")
    )
}

/// The condition of a row that refers to nothing.
fn orphans(columns: &[String], parent: Option<&RelationName>, referenced: &[String]) -> String {
    let refers = columns.iter().map(|column| format!("t.{} IS NOT NULL", DIALECT.ident(column)));
    let refers = refers.collect::<Vec<_>>().join(" AND ");
    let Some(parent) = parent else { return refers };
    let meets = columns.iter().zip(referenced).map(|(column, referenced)| {
        format!("p.{} = t.{}", DIALECT.ident(referenced), DIALECT.ident(column))
    });
    let meets = meets.collect::<Vec<_>>().join(" AND ");
    let parent = DIALECT.relation(&parent.schema, &parent.name);
    format!("{refers} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {meets})")
}

/// The values that a column of a STRICT table refuses: those that its affinity does not make into
/// its type without loss (SQLite, "STRICT Tables").
fn unfit(column: &str, to: &str) -> Option<String> {
    let text = format!("typeof({column}) = 'text'");
    let integer = format!("CAST(CAST({column} AS INTEGER) AS TEXT) <> trim({column})");
    let real = format!("CAST(CAST({column} AS REAL) AS TEXT) <> trim({column})");
    match to.to_ascii_uppercase().as_str() {
        "INT" | "INTEGER" => Some(format!(
            "typeof({column}) = 'blob' OR {text} AND {integer} AND {real} \
             OR typeof({column}) = 'real' AND {column} <> CAST({column} AS INTEGER)"
        )),
        "REAL" => Some(format!("typeof({column}) = 'blob' OR {text} AND {integer} AND {real}")),
        "TEXT" => Some(format!("typeof({column}) = 'blob'")),
        "BLOB" => Some(format!("typeof({column}) NOT IN ('blob', 'null')")),
        _ => None,
    }
}

fn counted(number: u64, examples: Vec<String>) -> Outcome {
    Outcome::Counted { count: Count { number, how: How::Exact }, examples }
}
