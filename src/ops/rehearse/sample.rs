//! Rows of the live database for a rehearsal on PostgreSQL: all of them, or so many of each table.
//!
//! The scratch is made without foreign keys, triggers and what else would look at rows as they
//! come; the rows are streamed in, parents first; rows whose parents were left out go again; then
//! the rest of the schema is made, which proves that what came fits. The live database is read in
//! one transaction that only reads, so that the rows fit each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Data;
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::db::transfer::transfer;
use crate::ops::change::Setting;
use crate::ops::proof;
use crate::problem::{Kind as Sort, Problem, Result};
use crate::schema::model::{Body, Constraint, ConstraintKind, Key, Kind, Model};
use crate::sql::Dialect;

/// The most that is copied when all rows are asked for, in bytes of tables.
const MOST: u64 = 4 << 30;

/// How often rows without their parents are looked for.
const ROUNDS: usize = 64;

/// A table to fill.
struct Source {
    key: Key,
    /// The columns that hold something of their own.
    columns: Vec<String>,
    /// The columns of its primary key, to take the first rows by.
    order: Vec<String>,
    /// Its foreign keys.
    keys: Vec<Reference>,
}

/// A foreign key.
struct Reference {
    columns: Vec<String>,
    target: Key,
    target_columns: Vec<String>,
}

/// Fills a scratch, which is empty, with the live schema and rows. Returns what it is in words.
///
/// # Errors
/// There is too much, masked values would leave their server, the rows cannot be read, or they do
/// not fit the schema.
pub(super) async fn fill(
    scratch: &mut Connection,
    setting: &Setting,
    live: &Model,
    data: Data,
    stop: &Stop,
) -> Result<String> {
    refuse_elsewhere(setting)?;
    let limit = match data {
        Data::Sample(rows) => Some(rows),
        Data::All | Data::Usual => None,
    };
    let bare = bare(live);
    let held = proof::build(scratch, &bare, &setting.scope, stop).await?;
    let sources = sources(live);
    let mut from = Connection::open_reading(&setting.target, stop).await?;
    let filled = pour(&mut from, scratch, &sources, limit, stop).await;
    from.close().await;
    let rows = filled?;
    if limit.is_some() {
        drop_orphans(scratch, &sources, stop).await?;
    }
    proof::lead_to(scratch, &held, live, &setting.scope, stop).await?;
    let of = match limit {
        None => "all rows".to_owned(),
        Some(limit) => format!("up to {limit} rows of each table"),
    };
    Ok(format!("a scratch database with the live schema and {of}, {rows} in all"))
}

/// Masked values may not leave their server.
fn refuse_elsewhere(setting: &Setting) -> Result<()> {
    if setting.scratch.is_none() || setting.target.masked.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Sort::Refused,
        "These rows are not copied",
        "some columns are masked, and scratch_url names another server: their values would leave \
         the one they are on",
        "rehearse without --with-data, or take scratch_url away",
    ))
}

/// The schema without what would look at rows while they come.
fn bare(live: &Model) -> Model {
    let looks = |key: &Key, body: &Body| match body {
        Body::Constraint(constraint) => {
            constraint.kind == ConstraintKind::Foreign || !constraint.validated
        }
        _ => matches!(key.kind, Kind::Trigger | Kind::EventTrigger | Kind::Rule | Kind::Policy),
    };
    let mut bare = live.clone();
    let mut gone: BTreeSet<Key> = BTreeSet::new();
    for (key, object) in &live.objects {
        if looks(key, &object.body) || object.needs.iter().any(|need| gone.contains(need)) {
            gone.insert(key.clone());
        }
    }
    // A view of rows that are not there yet would be empty; it is made afterwards.
    for (key, _) in live.of_kind(Kind::MaterializedView) {
        gone.insert(key.clone());
    }
    loop {
        let more: Vec<Key> = live
            .objects
            .iter()
            .filter(|(key, object)| {
                !gone.contains(*key) && object.needs.iter().any(|need| gone.contains(need))
            })
            .map(|(key, _)| key.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        gone.extend(more);
    }
    bare.objects.retain(|key, _| !gone.contains(key));
    bare
}

/// The tables with rows of their own, those that others refer to first.
fn sources(live: &Model) -> Vec<Source> {
    let mut open: Vec<Source> = live
        .tables()
        .filter(|(_, table)| table.partition_by.is_none())
        .map(|(key, _)| source(live, key))
        .collect();
    let mut sorted: Vec<Source> = Vec::new();
    while !open.is_empty() {
        let waits = |one: &Source| {
            one.keys.iter().any(|reference| {
                reference.target != one.key
                    && open.iter().any(|other| other.key == reference.target)
            })
        };
        // In a circle any is as good as another.
        let at = open.iter().position(|one| !waits(one)).unwrap_or(0);
        sorted.push(open.remove(at));
    }
    sorted
}

fn source(live: &Model, key: &Key) -> Source {
    let mut source =
        Source { key: key.clone(), columns: Vec::new(), order: Vec::new(), keys: Vec::new() };
    for (part, object) in live.parts(key) {
        match &object.body {
            Body::Column(column) if column.generated.is_none() => {
                source.columns.push(part.name.clone());
            }
            Body::Constraint(constraint) if constraint.kind == ConstraintKind::Primary => {
                source.order.clone_from(&constraint.columns);
            }
            Body::Constraint(constraint) => source.keys.extend(reference(constraint)),
            _ => {}
        }
    }
    source
}

fn reference(constraint: &Constraint) -> Option<Reference> {
    let target = constraint
        .references
        .clone()
        .filter(|_| constraint.kind == ConstraintKind::Foreign && constraint.validated)?;
    Some(Reference {
        columns: constraint.columns.clone(),
        target,
        target_columns: constraint.referenced_columns.clone(),
    })
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| Dialect::Postgres.ident(name)).collect();
    names.join(", ")
}

fn relation(key: &Key) -> String {
    Dialect::Postgres.relation(&key.schema, &key.name)
}

/// The first rows of a table by its key; where the rows of its parents are limited too, of those
/// that belong to them.
fn selection(source: &Source, all: &[Source], limit: Option<u64>) -> String {
    let columns = quoted(&source.columns);
    let from = relation(&source.key);
    let Some(limit) = limit else { return format!("SELECT {columns} FROM ONLY {from}") };
    let order = |source: &Source| match source.order.as_slice() {
        [] => String::new(),
        order => format!(" ORDER BY {}", quoted(order)),
    };
    let belongs = source.keys.iter().filter(|one| one.target != source.key).filter_map(|one| {
        let parent = all.iter().find(|other| other.key == one.target)?;
        let (own, theirs) = (quoted(&one.columns), quoted(&one.target_columns));
        let nulls: Vec<String> = one
            .columns
            .iter()
            .map(|name| format!("{} IS NULL", Dialect::Postgres.ident(name)))
            .collect();
        Some(format!(
            "({} OR ({own}) IN (SELECT {theirs} FROM (SELECT {theirs} FROM ONLY {}{} LIMIT {limit}) p))",
            nulls.join(" OR "),
            relation(&parent.key),
            order(parent)
        ))
    });
    let belongs: Vec<String> = belongs.collect();
    let filter = if belongs.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", belongs.join(" AND "))
    };
    format!("SELECT {columns} FROM ONLY {from}{filter}{} LIMIT {limit}", order(source))
}

/// Streams the rows over; returns how many.
async fn pour(
    from: &mut Connection,
    to: &mut Connection,
    sources: &[Source],
    limit: Option<u64>,
    stop: &Stop,
) -> Result<u64> {
    let told = |fault: Fault| told("The live rows could not be read", fault);
    let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
    from.run(begin, stop).await.map_err(told)?;
    if limit.is_none() {
        refuse_too_much(from, sources, stop).await?;
    }
    let mut rows = 0;
    for source in sources.iter().filter(|source| !source.columns.is_empty()) {
        let out = format!("COPY ({}) TO STDOUT", selection(source, sources, limit));
        let into =
            format!("COPY {} ({}) FROM STDIN", relation(&source.key), quoted(&source.columns));
        let went = transfer(from, to, (&out, &into), stop).await;
        rows += went.map_err(|fault| {
            let what = format!("The rows of {} could not be copied", source.key);
            self::told(&what, fault)
        })?;
    }
    counters(from, to, stop).await?;
    Ok(rows)
}

async fn refuse_too_much(from: &mut Connection, sources: &[Source], stop: &Stop) -> Result<()> {
    let mut bytes: u64 = 0;
    for source in sources {
        let table = Dialect::Postgres.literal(&relation(&source.key));
        let sql = format!("SELECT pg_catalog.pg_table_size({table}::regclass)");
        let rows = from.query(&sql, stop).await;
        let rows = rows.map_err(|fault| told("The size of the tables is not known", fault))?;
        let size = rows.into_iter().flatten().flatten().next();
        bytes = bytes.saturating_add(size.and_then(|text| text.parse().ok()).unwrap_or(0));
    }
    if bytes <= MOST {
        return Ok(());
    }
    Err(Problem::new(
        Sort::Refused,
        "There are too many rows to rehearse with all of them",
        format!("the tables have {} MB, and up to {} MB are copied", bytes >> 20, MOST >> 20),
        "take some of each table, as with --with-data 10000",
    ))
}

/// Sets the sequences to where they are.
async fn counters(from: &mut Connection, to: &mut Connection, stop: &Stop) -> Result<()> {
    let sql = "SELECT pg_catalog.format('%I.%I', schemaname, sequencename), last_value \
               FROM pg_catalog.pg_sequences WHERE last_value IS NOT NULL";
    let failed = |fault| told("The sequences could not be read", fault);
    let found = from.query(sql, stop).await.map_err(failed)?;
    for row in found {
        let mut cells = row.into_iter().flatten();
        let (Some(name), Some(value)) = (cells.next(), cells.next()) else { continue };
        let (name, value) =
            (Dialect::Postgres.literal(&name), value.parse::<i64>().unwrap_or_default());
        let set = format!(
            "SELECT pg_catalog.setval(s, {value}) FROM pg_catalog.to_regclass({name}) s \
             WHERE s IS NOT NULL"
        );
        to.run(&set, stop).await.map_err(failed)?;
    }
    Ok(())
}

/// Takes the rows out whose parents were left out, until none is left.
async fn drop_orphans(scratch: &mut Connection, sources: &[Source], stop: &Stop) -> Result<()> {
    let failed = |fault| told("Rows without their parents could not be taken out", fault);
    let mut statements: BTreeMap<String, ()> = BTreeMap::new();
    for source in sources {
        for one in &source.keys {
            let pairs = one.columns.iter().zip(&one.target_columns);
            let equal: Vec<String> = pairs
                .map(|(own, theirs)| {
                    let (own, theirs) =
                        (Dialect::Postgres.ident(own), Dialect::Postgres.ident(theirs));
                    format!("p.{theirs} = c.{own}")
                })
                .collect();
            let set: Vec<String> = one
                .columns
                .iter()
                .map(|name| format!("c.{} IS NOT NULL", Dialect::Postgres.ident(name)))
                .collect();
            let sql = format!(
                "WITH gone AS (DELETE FROM ONLY {} c WHERE {} AND NOT EXISTS \
                 (SELECT FROM {} p WHERE {}) RETURNING 1) SELECT count(*) FROM gone",
                relation(&source.key),
                set.join(" AND "),
                relation(&one.target),
                equal.join(" AND ")
            );
            statements.insert(sql, ());
        }
    }
    for _ in 0..ROUNDS {
        let mut gone = 0_u64;
        for sql in statements.keys() {
            let rows = scratch.query(sql, stop).await.map_err(failed)?;
            let count = rows.into_iter().flatten().flatten().next();
            gone += count.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        }
        if gone == 0 {
            break;
        }
    }
    Ok(())
}

fn told(what: &str, fault: Fault) -> Problem {
    fault.problem(what, "rehearse without --with-data, or see what the server says")
}
