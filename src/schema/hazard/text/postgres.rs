//! Statements that only PostgreSQL has.

use super::{Reader, created, planned};
use crate::schema::hazard::Rule;
use crate::schema::hazard::words::Words;
use crate::sql::Dialect;

pub(super) fn read(reader: &mut Reader<'_>, step: usize, words: &Words) {
    let concurrently = words.has("CONCURRENTLY");
    if concurrently && reader.around.in_transaction {
        reader.report(Rule::ConcurrentlyInTransaction, step, None);
    } else if concurrently {
        reader.report(Rule::NotInTransaction, step, None);
    }
    for rule in planned(Dialect::Postgres, words) {
        let known = reader.out.iter().any(|hazard| hazard.step == step && hazard.rule == rule);
        if !known {
            let name = if words.begins("ALTER TABLE") { words.name(2) } else { None };
            reader.report(rule, step, name);
        }
    }
    index(reader, step, words, concurrently);
    made(reader, step, words);
    for (phrase, rule) in PHRASES {
        if words.begins(phrase) {
            reader.report(*rule, step, words.name(phrase.split(' ').count()));
        }
    }
    let refreshes = words.begins("REFRESH MATERIALIZED VIEW");
    if refreshes && !concurrently && !words.has("WITH NO DATA") {
        reader.report(Rule::RefreshNotConcurrent, step, words.name(3));
    }
    if words.begins("REINDEX") && !concurrently {
        let at =
            if matches!(words.at(1), "INDEX" | "TABLE" | "SCHEMA" | "DATABASE") { 2 } else { 1 };
        reader.report(Rule::ReindexNotConcurrent, step, words.name(at));
    }
    let vacuums = words.begins("VACUUM FULL") || words.begins("VACUUM (") && words.has("FULL");
    if vacuums {
        reader.report(Rule::VacuumFull, step, words.name(2));
    }
    if words.begins("VACUUM") && reader.around.in_transaction {
        reader.report(Rule::ConcurrentlyInTransaction, step, None);
        if let Some(hazard) = reader.out.last_mut() {
            "VACUUM cannot run inside a transaction: the server refuses it (25001)."
                .clone_into(&mut hazard.why);
        }
    }
}

/// Statements that are a hazard by how they begin.
const PHRASES: &[(&str, Rule)] = &[
    ("CLUSTER", Rule::Cluster),
    ("LOCK", Rule::LockTable),
    ("GRANT", Rule::ChangePrivileges),
    ("REVOKE", Rule::ChangePrivileges),
    ("ALTER DEFAULT PRIVILEGES", Rule::ChangePrivileges),
    ("ALTER POLICY", Rule::ChangePolicy),
    ("CREATE POLICY", Rule::ChangePolicy),
    ("CREATE OR REPLACE FUNCTION", Rule::ReplaceRoutine),
    ("CREATE OR REPLACE PROCEDURE", Rule::ReplaceRoutine),
];

fn index(reader: &mut Reader<'_>, step: usize, words: &Words, concurrently: bool) {
    if words.begins("DROP INDEX") && !concurrently {
        reader.report(Rule::DropIndexNotConcurrent, step, words.name(2));
    }
    if created(words, "INDEX").is_none() {
        return;
    }
    let table = words.find(2, "ON").and_then(|at| words.name(at + 1));
    if !reader.is_old(table.as_ref()) {
        return;
    }
    if words.at(1) == "UNIQUE" {
        reader.report(Rule::AddUnique, step, table.clone());
    }
    if !concurrently {
        reader.report(Rule::IndexNotConcurrent, step, table);
    }
}

fn made(reader: &mut Reader<'_>, step: usize, words: &Words) {
    if created(words, "TRIGGER").is_some() {
        let table = words.find(2, "ON").and_then(|at| words.name(at + 1));
        if reader.is_old(table.as_ref()) {
            reader.report(Rule::AddTrigger, step, table);
        }
    }
    if created(words, "TABLE").is_some()
        && let Some(at) = words.find(2, "PARTITION OF")
    {
        let parent = words.name(at + 2);
        if reader.is_old(parent.as_ref()) {
            reader.report(Rule::AddPartition, step, parent);
        }
    }
    if words.begins("ALTER TYPE") && words.has("RENAME VALUE") {
        reader.report(Rule::RenameObject, step, words.name(2));
    }
}
