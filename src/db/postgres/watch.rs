//! Watches what each statement of a plan locks and writes anew, on a scratch.
//!
//! `pg_locks` shows what our own session holds and `pg_class.relfilenode` changes when a relation
//! is written anew, so no special right is needed. Each statement runs in a transaction of its own:
//! a lock that an earlier one holds would hide its own.

use std::collections::HashMap;

use super::writer::Writer;
use crate::db::connection::Failure;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::schema::RelationName;
use crate::schema::hazard::{Effects, LockMode};
use crate::schema::plan::{Action, Step};

/// The first number that is no object of the server's own (`FirstNormalObjectId`).
const FIRST: u32 = 16_384;

/// A relation as it was before a statement.
#[derive(Debug, Clone)]
struct Known {
    name: RelationName,
    /// `pg_class.relkind`.
    kind: String,
    /// `pg_class.relfilenode`: where its contents are.
    file: String,
}

/// The relations there are, by their numbers.
type Relations = HashMap<String, Known>;

/// Runs the steps and tells what each did to the relations that were there before it.
pub(in crate::db) async fn watched(
    writer: &mut Writer,
    steps: &[Step],
    stop: &Stop,
) -> Result<Vec<Option<Effects>>, Failure> {
    let failed = |step: Option<usize>, fault: &Fault| Failure {
        step,
        problem: fault.problem(
            "The plan could not be watched on a scratch",
            "report this as a bug, with the schema",
        ),
        crowded: false,
    };
    let mut known = snapshot(writer, stop).await.map_err(|fault| failed(None, &fault))?;
    let mut settings: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let seen = if step.outside_transaction {
            settings.clear();
            let ran = writer.run(&step.sql, stop).await;
            ran.map_err(|fault| failed(Some(at), &fault))?;
            known = snapshot(writer, stop).await.map_err(|fault| failed(None, &fault))?;
            None
        } else {
            let seen = one(writer, step, &settings, &mut known, stop).await;
            if seen.is_err() {
                // The scratch is done for anyhow; what counts is the first failure.
                drop(writer.end("ROLLBACK").await);
            }
            if step.actions.contains(&Action::Setting) {
                settings.push(&step.sql);
            }
            Some(seen.map_err(|fault| failed(Some(at), &fault))?)
        };
        out.push(seen);
    }
    Ok(out)
}

/// One statement in a transaction, after what an earlier one has set for it.
async fn one(
    writer: &mut Writer,
    step: &Step,
    settings: &[&str],
    known: &mut Relations,
    stop: &Stop,
) -> Result<Effects, Fault> {
    writer.run("BEGIN", stop).await?;
    for setting in settings {
        writer.run(setting, stop).await?;
    }
    writer.run(&step.sql, stop).await?;
    let effects = look(writer, known, stop).await?;
    writer.run("COMMIT", stop).await?;
    Ok(effects)
}

/// All relations of the database.
async fn snapshot(writer: &mut Writer, stop: &Stop) -> Result<Relations, Fault> {
    let sql = format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid >= {FIRST} AND n.nspname <> 'pg_toast'"
    );
    let mut out = Relations::new();
    for row in writer.query(&sql, stop).await? {
        let mut row = row.into_iter();
        if let Some((number, Some(known))) = relation(&mut row) {
            out.insert(number, known);
        }
    }
    Ok(out)
}

/// The first five columns of a row: a relation's number, and what it is if it is there.
fn relation(row: &mut impl Iterator<Item = Option<String>>) -> Option<(String, Option<Known>)> {
    let number = row.next()??;
    let mut next = || row.next().flatten();
    let (schema, name, kind, file) = (next(), next(), next(), next());
    let known = match (schema, name, kind, file) {
        (Some(schema), Some(name), Some(kind), Some(file)) => {
            Some(Known { name: RelationName::new(schema, name), kind, file })
        }
        _ => None,
    };
    Some((number, known))
}

/// What our transaction holds and has written anew so far.
async fn look(writer: &mut Writer, known: &mut Relations, stop: &Stop) -> Result<Effects, Fault> {
    let sql = format!(
        "SELECT l.relation, n.nspname, c.relname, c.relkind, c.relfilenode, l.mode
         FROM pg_catalog.pg_locks l
         JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
         LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
           AND l.relation >= {FIRST} AND n.nspname IS DISTINCT FROM 'pg_toast'
         ORDER BY 2, 3"
    );
    let mut out = Effects::default();
    let mut now: HashMap<String, Option<Known>> = HashMap::new();
    for row in writer.query(&sql, stop).await? {
        let mut row = row.into_iter();
        let Some((number, found)) = relation(&mut row) else { continue };
        let mode = row.next().flatten().and_then(|mode| LockMode::from_catalog(&mode));
        if let (Some(before), Some(mode)) = (known.get(&number), mode)
            && matches!(before.kind.as_str(), "r" | "p" | "m" | "f")
        {
            match out.locks.iter_mut().find(|(name, _)| *name == before.name) {
                Some((_, held)) => *held = mode.max(*held),
                None => out.locks.push((before.name.clone(), mode)),
            }
        }
        now.insert(number, found);
    }
    for (number, found) in now {
        let before = known.get(&number);
        if let (Some(before), Some(found)) = (before, &found)
            && before.file != found.file
        {
            match before.kind.as_str() {
                "r" | "m" => out.rewrites.push(before.name.clone()),
                "i" => out.rebuilds.push(before.name.clone()),
                _ => {}
            }
        }
        match found {
            Some(found) => known.insert(number, found),
            None => known.remove(&number),
        };
    }
    out.locks.sort();
    out.rewrites.sort();
    out.rebuilds.sort();
    Ok(out)
}
