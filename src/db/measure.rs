//! What a plan would do, found out before it runs: its locks and rewrites by running it on a
//! scratch, its losses and failures by asking the live database in a transaction that only reads.

use std::time::Duration;

use super::connection::{Connection, Failure};
use super::fault::Fault;
use super::stop::Stop;
use super::{postgres, sqlite};
use crate::config::MaskedColumn;
use crate::problem::Result;
use crate::schema::RelationName;
use crate::schema::hazard::{Effects, Measures, Subject};
use crate::schema::model::{Body, ConstraintKind, Key, Kind, Model};
use crate::schema::plan::{Plan, Step};

/// How much a measurement may cost, and what it may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// A table with more bytes than this is sampled, not read in full (PostgreSQL).
    pub exact_up_to: u64,
    /// How long one question may take; one that takes longer stays unanswered.
    pub patience: Duration,
    /// How many of the values that do not fit are shown; 0 to show none.
    pub examples: usize,
    /// Columns whose values are never shown.
    pub masked: Vec<MaskedColumn>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            exact_up_to: 1 << 30,
            patience: Duration::from_secs(20),
            examples: 3,
            masked: Vec::new(),
        }
    }
}

impl Bounds {
    /// Whether an expression over a table may be shown: it names no masked column.
    pub(super) fn may_show(&self, table: &RelationName, expression: &str) -> bool {
        let lower = expression.to_lowercase();
        !self.masked.iter().any(|masked| {
            masked.schema.eq_ignore_ascii_case(&table.schema)
                && masked.table.eq_ignore_ascii_case(&table.name)
                && lower.contains(&masked.column.to_lowercase())
        })
    }
}

impl Connection {
    /// Asks the live database what a plan would lose and fail on. Nothing is written. `current` is
    /// the schema of the database as it is, `desired` what the plan leads to.
    ///
    /// # Errors
    /// The connection is lost or the work was stopped; a question that cannot be answered is
    /// reported as unknown instead.
    pub async fn measure(
        &mut self,
        plan: &Plan,
        (current, desired): (&Model, &Model),
        bounds: &Bounds,
        stop: &Stop,
    ) -> Result<Measures> {
        let measured = match self {
            Self::Postgres(writer) => {
                postgres::measure(writer, plan, (current, desired), bounds, stop).await
            }
            Self::Sqlite(writer) => {
                sqlite::measure(writer, plan, (current, desired), bounds, stop).await
            }
        };
        measured.map_err(|fault: Fault| {
            let fix = "try again; the plan can be run without it, but its losses stay unknown";
            fault.problem("The losses of the plan could not be measured", fix)
        })
    }

    /// Runs the steps on a scratch that holds the current schema, each in a transaction of its own
    /// so that its locks are its own, and watches what they do. `None` for a step outside a
    /// transaction, whose locks are gone when it is done. On SQLite every statement locks the whole
    /// file, so nothing is run and there is `None` for each.
    ///
    /// # Errors
    /// Which step failed, and the engine's words.
    pub async fn apply_watched(
        &mut self,
        steps: &[Step],
        stop: &Stop,
    ) -> std::result::Result<Vec<Option<Effects>>, Failure> {
        match self {
            Self::Postgres(writer) => postgres::watched(writer, steps, stop).await,
            Self::Sqlite(_) => Ok(vec![None; steps.len()]),
        }
    }
}

/// The columns of a table's primary key, by which a row can be named; empty without one.
pub(super) fn row_names(model: &Model, table: &RelationName) -> Vec<String> {
    let key = Key::new(Kind::Table, table.schema.clone(), table.name.clone());
    if let Some(Body::SqliteTable(found)) = model.body(&key) {
        let mut columns: Vec<_> =
            found.columns.iter().filter(|column| column.primary_key > 0).collect();
        columns.sort_by_key(|column| column.primary_key);
        return columns.into_iter().map(|column| column.name.clone()).collect();
    }
    model
        .parts(&key)
        .find_map(|(_, object)| match &object.body {
            Body::Constraint(found) if found.kind == ConstraintKind::Primary => {
                Some(found.columns.clone())
            }
            _ => None,
        })
        .unwrap_or_default()
}

/// The numbers of the first row.
pub(super) fn numbers(rows: Vec<Vec<Option<String>>>) -> impl Iterator<Item = u64> {
    let row = rows.into_iter().next().unwrap_or_default();
    row.into_iter().map(|text| text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// The most of an example that is shown, in characters.
const SHOWN: usize = 60;

/// An example, cut where it gets too long to be one.
fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let mut out: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_some() {
        out.push('…');
    }
    out
}

/// Whether the examples are values, of which each is shown once, or rows: what stands before
/// them in the query, and after it.
pub(super) fn once(subject: &Subject) -> (&'static str, &'static str) {
    match subject {
        Subject::Nulls(_) | Subject::Failing(_) => ("", ""),
        _ => ("DISTINCT", " ORDER BY 1"),
    }
}

/// The examples of a query that was asked for one more than is shown.
pub(super) fn shown(rows: Vec<Vec<Option<String>>>, most: usize) -> Vec<String> {
    let found: Vec<String> = rows.into_iter().flatten().flatten().collect();
    let more = (found.len() > most).then(|| "…".to_owned());
    found.iter().take(most).map(|text| shortened(text)).chain(more).collect()
}
