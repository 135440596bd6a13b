//! The rules over the words of hand-written SQL. They know no schema beyond what the text itself
//! makes, and what they are told of the one before it; running the text on a scratch and comparing
//! tells the rest.

mod alter;
mod postgres;
mod rows;
mod sqlite;

use std::collections::BTreeSet;

use super::words::Words;
use super::{Hazard, Rule};
use crate::schema::model::{Key, Kind, Model};
use crate::sql::Dialect;
use crate::sql::statement::split;

/// What is known of how a text will run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// Whether all of it runs in one transaction.
    pub in_transaction: bool,
    /// The schema before it, where that is known.
    pub before: Option<&'a Model>,
}

/// The hazards of a text, in the order of its statements; `step` counts those that do something.
pub fn examine_text(dialect: Dialect, sql: &str, around: Around<'_>) -> Vec<Hazard> {
    let pieces: Vec<_> =
        split(dialect, sql).into_iter().filter(|piece| !piece.is_blank()).collect();
    let statements: Vec<Words> =
        pieces.iter().map(|piece| Words::of(dialect, piece.text(sql))).collect();
    let mut reader =
        Reader { dialect, around, statements: &statements, made: BTreeSet::new(), out: Vec::new() };
    for (step, words) in statements.iter().enumerate() {
        reader.read(step, words);
    }
    if dialect == Dialect::Postgres && around.in_transaction {
        let texts: Vec<(&str, bool)> =
            pieces.iter().map(|piece| (piece.text(sql), false)).collect();
        for step in labels_used_too_soon(&texts) {
            reader.report_of(Rule::LabelInSameTransaction, step, None);
        }
    }
    let mut out = reader.out;
    for hazard in &mut out {
        let start = pieces.get(hazard.step).map_or(0, |piece| piece.body.start);
        hazard.line = Some(sql.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1);
    }
    out.sort_by_key(|hazard| hazard.step);
    out
}

struct Reader<'a> {
    dialect: Dialect,
    around: Around<'a>,
    statements: &'a [Words],
    /// The tables the text has made so far: they have no rows and no users yet.
    made: BTreeSet<String>,
    out: Vec<Hazard>,
}

impl Reader<'_> {
    fn read(&mut self, step: usize, words: &Words) {
        rows::read(self, step, words);
        self.of_both(step, words);
        match self.dialect {
            Dialect::Postgres => postgres::read(self, step, words),
            Dialect::Sqlite => sqlite::read(self, step, words),
        }
        if let Some(at) = created(words, "TABLE") {
            self.made.extend(words.name(at));
        }
    }

    fn report(&mut self, rule: Rule, step: usize, name: Option<String>) {
        let object = name.map(|name| Key::new(Kind::Table, "", name));
        self.report_of(rule, step, object);
    }

    fn report_of(&mut self, rule: Rule, step: usize, object: Option<Key>) {
        let hazard = Hazard::of(self.dialect, rule, step, object);
        if !self.out.contains(&hazard) {
            self.out.push(hazard);
        }
    }

    /// Whether a table has been there before the text.
    fn is_old(&self, name: Option<&String>) -> bool {
        !name.is_some_and(|name| self.made.contains(name))
    }

    /// What both engines have.
    fn of_both(&mut self, step: usize, words: &Words) {
        for (phrase, rule) in DROPS {
            if words.begins(phrase) {
                let name = words.name(phrase.split(' ').count());
                let copied =
                    *rule == Rule::DropTable && sqlite::is_rebuilt(self, step, name.as_ref());
                if self.is_old(name.as_ref()) && !copied {
                    self.report(*rule, step, name);
                }
            }
        }
        if words.begins("ALTER TABLE") {
            alter::read(self, step, words);
        }
        let controls = ["BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION", "END", "ABORT"];
        let savepoint = words.begins("ROLLBACK TO") || words.begins("ROLLBACK TRANSACTION TO");
        if self.around.in_transaction
            && !savepoint
            && controls.iter().any(|phrase| words.begins(phrase))
        {
            self.report(Rule::TransactionInMigration, step, None);
        }
    }
}

/// What dropping each kind is.
const DROPS: &[(&str, Rule)] = &[
    ("DROP TABLE", Rule::DropTable),
    ("DROP SCHEMA", Rule::DropSchema),
    ("DROP MATERIALIZED VIEW", Rule::DropMaterializedView),
    ("DROP VIEW", Rule::DropView),
    ("DROP SEQUENCE", Rule::DropSequence),
    ("DROP FUNCTION", Rule::DropRoutine),
    ("DROP PROCEDURE", Rule::DropRoutine),
    ("DROP AGGREGATE", Rule::DropRoutine),
    ("DROP ROUTINE", Rule::DropRoutine),
    ("DROP TYPE", Rule::DropType),
    ("DROP DOMAIN", Rule::DropType),
    ("DROP EXTENSION", Rule::DropExtension),
    ("DROP DATABASE", Rule::DropDatabase),
    ("DROP OWNED", Rule::DropOwned),
    ("DROP TRIGGER", Rule::DropTrigger),
    ("DROP RULE", Rule::DropTrigger),
    ("DROP POLICY", Rule::DropPolicy),
    ("DROP INDEX", Rule::DropIndex),
];

/// The place after `CREATE … TABLE`, where a statement creates such a thing.
fn created(words: &Words, what: &str) -> Option<usize> {
    const BETWEEN: &[&str] = &[
        "OR",
        "REPLACE",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "GLOBAL",
        "LOCAL",
        "UNIQUE",
        "CONSTRAINT",
        "VIRTUAL",
        "FOREIGN",
    ];
    if words.at(0) != "CREATE" {
        return None;
    }
    let mut at = 1;
    while BETWEEN.contains(&words.at(at)) {
        at += 1;
    }
    (words.at(at) == what).then_some(at + 1)
}

/// The rules over words that a generated statement is held to as well: what its actions cannot
/// tell.
pub(super) fn planned(dialect: Dialect, words: &Words) -> Vec<Rule> {
    let mut out = Vec::new();
    if dialect == Dialect::Sqlite {
        return out;
    }
    let table = words.begins("ALTER TABLE");
    let mut add = |found: bool, rule: Rule| {
        if found {
            out.push(rule);
        }
    };
    add(words.begins("DROP") && words.has_outside(1, "CASCADE"), Rule::DropCascade);
    add(table && words.has("DISABLE ROW LEVEL SECURITY"), Rule::DisableRowSecurity);
    add(table && (words.has("SET LOGGED") || words.has("SET UNLOGGED")), Rule::SetLogged);
    add(table && words.has("DISABLE TRIGGER"), Rule::DisableTrigger);
    let detach = table && words.has("DETACH PARTITION");
    add(detach && !words.has("CONCURRENTLY"), Rule::DetachPartition);
    out
}

/// The statements that use an enum's label in the transaction that adds it: the places of those
/// that do. Each statement comes with whether it runs outside a transaction.
pub(super) fn labels_used_too_soon(statements: &[(&str, bool)]) -> Vec<usize> {
    let mut added: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for (step, (sql, outside)) in statements.iter().enumerate() {
        let words = Words::of(Dialect::Postgres, sql);
        if *outside || words.begins("COMMIT") {
            added.clear();
            continue;
        }
        if words.begins("ALTER TYPE")
            && let Some(at) = words.find(2, "ADD VALUE")
        {
            let at = if words.matches(at + 2, "IF NOT EXISTS") { at + 5 } else { at + 2 };
            added.extend(words.at(at).strip_prefix('\'').map(str::to_owned));
        } else if words.texts().any(|text| added.iter().any(|label| label == text)) {
            out.push(step);
        }
    }
    out
}

#[cfg(test)]
mod tests;
