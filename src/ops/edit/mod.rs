//! Editing rows: proving a value before it is staged, reviewing what will run, and applying it.
//!
//! A review holds the statements themselves; applying it runs those and no others, in one
//! transaction. Nothing here decides what to edit, or asks anybody.

mod candidates;
mod files;
mod inverse;
mod originals;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Target;
use crate::db::edit::order::ordered;
use crate::db::edit::statement::{Statement, Verb};
use crate::db::edit::{
    Applied, Key, RowEdit, RowId, TableEdits, Trial, Typed, Verdict, Wanted, key_columns,
    renumbered,
};
use crate::db::page::{Condition, Identity, PageColumn, Selection, ValueRequest};
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::db::{Db, Engine};
use crate::ops::journal::{
    Born, Commit, FoundTable, Journal, Recovered, TakeBack, landed, recover,
};
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Column, Incoming, Relation, RelationName, Trigger, Updatable};
use crate::sql::Dialect;

pub use files::{Content, Outgoing};
pub use inverse::inverse;
pub use originals::Original;

/// What is asked about edits.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Prove these values for cells of a relation, and find out what guards long ones that they
    /// take the place of.
    Prove(Arc<Relation>, Vec<Trial>, Vec<Original>),
    /// Find out what guards these long values.
    Originals(Vec<Original>),
    /// Find rows of the table a foreign key refers to, by what was typed so far.
    Candidates(Box<Wish>),
    /// Read all of a value of which the beginning is here.
    Whole(Box<ValueRequest>),
    /// Read a file as what was typed into a cell.
    FromFile {
        /// The file.
        path: String,
        /// Whether the column holds bytes rather than text.
        as_bytes: bool,
    },
    /// Write a value to a file that is not there yet.
    ToFile(Box<Outgoing>),
    /// Make the statements for these edits, and find out what they entail.
    Review(Box<Target>, Vec<TableEdits>),
    /// Run what was reviewed.
    Apply(Arc<Plan>),
    /// Bring back what studios that are gone did not apply.
    Restore,
    /// Find what takes the latest apply back.
    TakeBack,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A verdict for each value, and what guards each long one, in the order they were asked for.
    Proven(Vec<Verdict>, Vec<Value>),
    /// What guards each long value, in the order they were asked for.
    Originals(Vec<Value>),
    /// Rows to choose from.
    Candidates(Vec<Candidate>),
    /// The value, or that its row is gone.
    Whole(Option<Value>),
    /// What a file holds.
    FromFile(Typed),
    /// The file a value was written to, and its bytes.
    ToFile(String, u64),
    /// What will run.
    Reviewed(Arc<Plan>),
    /// What came of it, and how long it took.
    Applied(Applied, Duration),
    /// What is back, and what does not fit any more.
    Restored(Recovered),
    /// What takes the latest apply back; nothing where none is kept.
    TakenBack(Recovered),
}

/// A row somebody looks for to refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The table.
    pub table: RelationName,
    /// The column whose value is wanted.
    pub column: String,
    /// What was typed so far.
    pub typed: String,
}

/// A row to refer to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The value a reference to it holds.
    pub value: Value,
    /// What tells a person which row it is.
    pub label: String,
}

/// What will run, and what it entails.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where it will run.
    pub target: Target,
    /// The edits it was made from.
    pub tables: Vec<TableEdits>,
    /// The statements in their order.
    pub statements: Vec<Statement>,
    /// What each statement entails beside its own row, in sentences.
    pub entails: Vec<Vec<String>>,
}

/// Rows that refer to a deleted row are counted up to this many.
const MOST_COUNTED: u64 = 1_000;

/// So many questions for referring rows are asked; beyond that they are only named.
const MOST_QUESTIONS: usize = 60;

impl Plan {
    /// The edit a statement was made from.
    pub fn edit(&self, statement: &Statement) -> Option<(&TableEdits, &RowEdit)> {
        let table = self.tables.iter().find(|table| table.relation.name == statement.relation)?;
        let (_, edit) = table.rows.iter().find(|(id, _)| *id == statement.row)?;
        Some((table, edit))
    }

    /// All statements as they are shown, one after the other.
    pub fn script(&self) -> String {
        let mut out = "BEGIN;\n".to_owned();
        for statement in &self.statements {
            out.push_str(&statement.shown());
            out.push_str(";\n");
        }
        out.push_str("COMMIT;\n");
        out
    }
}

/// Serves a request about edits.
///
/// # Errors
/// What could not be asked of the database; a target that only reads.
pub async fn serve(
    db: &Db,
    request: Request,
    journal: &Mutex<Journal>,
    stop: &Stop,
) -> Result<Answer> {
    match request {
        Request::Prove(relation, trials, long) => {
            let mut verdicts = Vec::with_capacity(trials.len());
            for trial in &trials {
                verdicts.push(db.prove(&relation, trial, stop).await?);
            }
            Ok(Answer::Proven(verdicts, originals::find(db, &long, stop).await?))
        }
        Request::Originals(long) => originals::find(db, &long, stop).await.map(Answer::Originals),
        Request::Candidates(wish) => {
            candidates::find(db, &wish, stop).await.map(Answer::Candidates)
        }
        Request::Whole(value) => db.value(&value, stop).await.map(Answer::Whole),
        Request::FromFile { path, as_bytes } => {
            files::read(&path, as_bytes).await.map(Answer::FromFile)
        }
        Request::ToFile(wanted) => {
            let bytes = files::write(db, &wanted, stop).await?;
            Ok(Answer::ToFile(wanted.path, bytes))
        }
        Request::Review(target, tables) => review(db, *target, tables, stop).await,
        Request::Apply(plan) => apply(db, &plan, journal, stop).await,
        Request::Restore => restore(db, journal, stop).await.map(Answer::Restored),
        Request::TakeBack => {
            let latest = locked(journal).take_back()?;
            let back = match latest {
                Some(TakeBack::Whole(tables)) => Recovered { tables, notes: Vec::new() },
                Some(TakeBack::Written(tables)) => recover(db, &tables, stop).await?,
                None => Recovered::default(),
            };
            Ok(Answer::TakenBack(back))
        }
    }
}

/// Brings back what studios that are gone did not apply. What was being committed when one ended
/// is looked for in the database first.
async fn restore(db: &Db, journal: &Mutex<Journal>, stop: &Stop) -> Result<Recovered> {
    let found: Vec<(Vec<FoundTable>, Option<Commit>, usize)> = {
        let journal = locked(journal);
        let found = journal.found().iter();
        found.map(|it| (it.tables.clone(), it.commit.clone(), it.damaged)).collect()
    };
    let (mut all, mut new_rows) = (Recovered::default(), 0);
    for (tables, commit, damaged) in found {
        let mut back = recover(db, &tables, stop).await?;
        if let Some(Commit { transaction, born }) = commit {
            let done = match db.outcome(&transaction).await {
                Some(done) => Some(done),
                None => landed(db, &back.tables, &born, stop).await?,
            };
            let rows: usize = tables.iter().map(|table| table.rows.len()).sum();
            match done {
                Some(true) => {
                    back.tables.clear();
                    back.notes = vec![format!(
                        "edits of {rows} rows were being committed when dbstudio ended: they are \
                         in the database"
                    )];
                }
                Some(false) => {}
                None => back.notes.push(
                    "these were being committed when dbstudio ended, and nothing tells whether \
                     they are in the database: look for the new rows before you apply them again"
                        .to_owned(),
                ),
            }
        }
        // Each journal counts its new rows from the beginning.
        back.tables = renumbered(back.tables, || {
            new_rows += 1;
            RowId::Added(new_rows)
        });
        if damaged > 0 {
            back.notes.push(format!("{damaged} lines of the journal could not be read"));
        }
        all.tables.append(&mut back.tables);
        all.notes.append(&mut back.notes);
    }
    let mut journal = locked(journal);
    let is_lossy = all
        .notes
        .iter()
        .any(|note| note.contains("do not fit") || note.contains("could not be read"));
    if is_lossy {
        let kept = journal.keep_found();
        all.notes
            .extend(kept.into_iter().map(|path| format!("the whole journal is kept as {path}")));
    } else if all.tables.is_empty() {
        journal.settle();
    } else {
        journal.adopt();
    }
    Ok(all)
}

fn locked(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn review(db: &Db, target: Target, tables: Vec<TableEdits>, stop: &Stop) -> Result<Answer> {
    let dialect = match db.server().engine {
        Engine::Postgres => Dialect::Postgres,
        Engine::Sqlite => Dialect::Sqlite,
    };
    let statements = ordered(dialect, &tables)?;
    let mut plan = Plan { target, tables, statements, entails: Vec::new() };
    let mut questions = 0;
    let mut entails = Vec::with_capacity(plan.statements.len());
    for statement in &plan.statements {
        let mut notes = Vec::new();
        if let Some((table, edit)) = plan.edit(statement) {
            if let RowEdit::Deleted { read, .. } = edit {
                for incoming in &table.relation.incoming {
                    questions += 1;
                    let count = if questions <= MOST_QUESTIONS {
                        referring(db, &table.relation, incoming, read, stop).await?
                    } else {
                        None
                    };
                    notes.extend(consequence(incoming, count));
                }
            }
            if let RowEdit::Changed { cells, .. } = edit {
                let long = cells.iter().filter(|(_, it)| matches!(it.read, Value::Truncated(_)));
                notes.extend(long.map(|(name, _)| {
                    format!("the value of {name} is too long to be kept: U cannot bring it back")
                }));
            }
            if let RowEdit::Added { cells } = edit {
                notes.extend(needed(&table.relation, cells));
            }
            notes.extend(fired(&table.relation, statement.verb));
            if let Some(Updatable::Through(through)) = &table.relation.updatable {
                notes.push(format!("writes to {}, the table under the view", through.table));
            }
        }
        entails.push(notes);
    }
    plan.entails = entails;
    Ok(Answer::Reviewed(Arc::new(plan)))
}

/// How many rows refer to a row that is to go; `None` where that is not known.
async fn referring(
    db: &Db,
    relation: &Relation,
    incoming: &Incoming,
    read: &BTreeMap<String, Value>,
    stop: &Stop,
) -> Result<Option<u64>> {
    let (mut columns, mut filter) = (Vec::new(), Vec::new());
    for (mine, theirs) in incoming.columns.iter().zip(&incoming.source_columns) {
        let (Some(column), Some(value)) = (relation.column(mine), read.get(mine)) else {
            return Ok(None);
        };
        match value {
            Value::Null => return Ok(Some(0)),
            Value::Truncated(_) => return Ok(None),
            _ => {}
        }
        columns.push(PageColumn {
            name: theirs.clone(),
            type_name: column.type_name.clone(),
            base_type: column.base_type.clone(),
            nullable: true,
        });
        filter.push(Condition::Equals { column: theirs.clone(), value: value.clone() });
    }
    let selection = Selection {
        relation: incoming.source.clone(),
        columns: columns.into(),
        identity: Identity::None,
        filter,
        sort: Vec::new(),
    };
    match db.count(&selection, Some(MOST_COUNTED + 1), stop).await {
        Ok(count) => Ok(Some(count)),
        Err(problem) if matches!(problem.kind, Kind::Cancelled | Kind::Disconnected) => {
            Err(problem)
        }
        // A table that may not be read is still named.
        Err(_) => Ok(None),
    }
}

/// What a delete does to the rows that refer to it.
fn consequence(incoming: &Incoming, count: Option<u64>) -> Option<String> {
    let rows = match count {
        Some(0) => return None,
        Some(1) => "1 row".to_owned(),
        Some(count) if count > MOST_COUNTED => format!("more than {MOST_COUNTED} rows"),
        Some(count) => format!("{count} rows"),
        None => "rows, if any,".to_owned(),
    };
    let of = format!("{rows} of {}", incoming.source);
    Some(match incoming.on_delete.as_str() {
        "CASCADE" => format!("deletes {of} too, and what refers to those in turn"),
        "SET NULL" => format!("sets {} to NULL in {of}", incoming.source_columns.join(", ")),
        "SET DEFAULT" => {
            format!("sets {} to the default in {of}", incoming.source_columns.join(", "))
        }
        _ => format!("{of} refer to it: the database will refuse this unless they go first"),
    })
}

/// The columns a new row is given nothing for, though the database gives them nothing either.
fn needed(relation: &Relation, cells: &BTreeMap<String, Wanted>) -> Option<String> {
    let lacks = |column: &&Column| {
        let has_own = column.default.is_some() || column.generation.is_some();
        !column.nullable && !has_own && !cells.contains_key(&column.name)
    };
    let names: Vec<&str> =
        relation.columns.iter().filter(lacks).map(|column| column.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!("the database will refuse this row without a value for {}", names.join(", "))
    })
}

/// The triggers a statement fires.
fn fired(relation: &Relation, verb: Verb) -> Vec<String> {
    let under = match &relation.updatable {
        Some(Updatable::Through(through)) => through.triggers.as_slice(),
        _ => &[],
    };
    let names: Vec<&str> = relation
        .triggers
        .iter()
        .chain(under)
        .filter(|trigger| trigger.enabled && fires_on(trigger, verb))
        .map(|trigger| trigger.name.as_str())
        .collect();
    match names.as_slice() {
        [] => Vec::new(),
        [one] => vec![format!("fires the trigger {one}")],
        many => vec![format!("fires the triggers {}", many.join(", "))],
    }
}

/// Whether a trigger's definition names the event before it names its table.
fn fires_on(trigger: &Trigger, verb: Verb) -> bool {
    let words = trigger.definition.split_whitespace();
    let events = words.take_while(|word| !word.eq_ignore_ascii_case("on"));
    let mut events = events.flat_map(|word| word.split(','));
    events.any(|word| word.eq_ignore_ascii_case(verb.word()))
}

async fn apply(db: &Db, plan: &Plan, journal: &Mutex<Journal>, stop: &Stop) -> Result<Answer> {
    if plan.target.read_only {
        return Err(Problem::new(
            Kind::Refused,
            "This session only reads",
            "it was opened with --read-only",
            "open the database without --read-only to apply edits",
        ));
    }
    let begun = Instant::now();
    let mut is_marked = false;
    let mut before_commit = |transaction: &str, written: &[BTreeMap<String, Value>]| {
        locked(journal).committing(Some((transaction, born(plan, written))))?;
        is_marked = true;
        Ok(())
    };
    let applied = db.write(&plan.target, &plan.statements, &mut before_commit, stop).await;
    if is_marked && matches!(applied, Ok(Applied::Refused { .. })) {
        // A mark that stays is looked into when the journal is found again.
        drop(locked(journal).committing(None));
    }
    let applied = applied?;
    if let Applied::Done(written) = &applied {
        // It is done whether or not this can be written down; for this run it is kept.
        drop(locked(journal).remember(inverse(plan, written)));
    }
    Ok(Answer::Applied(applied, begun.elapsed()))
}

/// The keys the database gave new rows, unless they are masked: what tells later whether a commit
/// that nobody answered for came about.
fn born(plan: &Plan, written: &[BTreeMap<String, Value>]) -> Vec<Born> {
    let one = |(statement, left): (&Statement, &BTreeMap<String, Value>)| {
        let (table, _) = plan.edit(statement).filter(|_| statement.verb == Verb::Insert)?;
        let names = key_columns(&table.identity).iter();
        let key =
            names.map(|name| left.get(name).filter(|_| !table.masked.contains(name)).cloned());
        let (table, row) = (statement.relation.clone(), statement.row.clone());
        Some(Born { table, row, key: key.collect::<Option<Key>>()? })
    };
    plan.statements.iter().zip(written).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_fires_on_what_its_definition_names() {
        let trigger = |definition: &str| Trigger {
            name: "t".to_owned(),
            enabled: true,
            definition: definition.to_owned(),
        };
        let both = trigger("CREATE TRIGGER t BEFORE INSERT OR UPDATE OF a ON x EXECUTE f()");
        assert!(fires_on(&both, Verb::Insert) && fires_on(&both, Verb::Update));
        assert!(!fires_on(&both, Verb::Delete));
        let lower = trigger("create trigger t after delete on x begin update y set a = 1; end");
        assert!(fires_on(&lower, Verb::Delete) && !fires_on(&lower, Verb::Update));
    }
}
