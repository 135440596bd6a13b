//! What became of a statement outside a transaction that was begun and of whose end nobody knows:
//! the catalogue tells, where it can. It only asks.

use crate::db::connection::Connection;
use crate::problem::Result;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// What to do about such a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It came to its end; what shows it.
    Done(String),
    /// It did not, or doing it again does no harm: run it again, after this if anything.
    Again(Option<String>),
    /// Only a person can tell; what to look at.
    Ask(String),
}

/// Finds out what became of a statement.
///
/// # Errors
/// The catalogue cannot be read.
pub(super) async fn decide(connection: &mut Connection, sql: &str) -> Result<Decision> {
    let dialect = connection.dialect();
    let names = Words::of(dialect, sql);
    let word = |at: usize| names.word(at);
    if dialect == Dialect::Sqlite {
        // VACUUM, and settings of the file: each is the same the second time.
        return Ok(Decision::Again(None));
    }
    match [word(0).as_str(), word(1).as_str(), word(2).as_str()] {
        ["CREATE", "INDEX", _] | ["CREATE", "UNIQUE", "INDEX"] => made(connection, &names).await,
        ["DROP", "INDEX", _] => dropped(connection, &names).await,
        ["CREATE", what @ ("DATABASE" | "TABLESPACE" | "SUBSCRIPTION"), _] => {
            let there = exists(connection, what, &names.name(2)).await?;
            let told = format!("it is there: {}", names.name(2));
            Ok(if there { Decision::Done(told) } else { Decision::Again(None) })
        }
        ["DROP", what @ ("DATABASE" | "TABLESPACE" | "SUBSCRIPTION"), _] => {
            let at = if word(2) == "IF" { 4 } else { 2 };
            let there = exists(connection, what, &names.name(at)).await?;
            let told = format!("it is gone: {}", names.name(at));
            Ok(if there { Decision::Again(None) } else { Decision::Done(told) })
        }
        ["VACUUM" | "REINDEX" | "CLUSTER" | "DISCARD", ..] | ["ALTER", "SYSTEM", _] => {
            Ok(Decision::Again(None))
        }
        ["ALTER", "TABLE", _] => detached(connection, &names).await,
        _ => Ok(Decision::Ask("what it does to the database".to_owned())),
    }
}

/// What came of CREATE INDEX CONCURRENTLY.
async fn made(connection: &mut Connection, names: &Words<'_>) -> Result<Decision> {
    let mut at = names.find("CONCURRENTLY").map_or(0, |at| at + 1);
    if names.word(at) == "IF" {
        at += 3;
    }
    if names.word(at) == "ON" {
        let look = "the indexes of the table: the server has chosen a name, so which is the one \
                    cannot be told";
        return Ok(Decision::Ask(look.to_owned()));
    }
    let index = names.name(at);
    let mut of = at + 2;
    if names.word(of) == "ONLY" {
        of += 1;
    }
    let table = names.relation(of).0;
    let quoted = |text: &str| Dialect::Postgres.literal(text);
    let sql = format!(
        "SELECT i.indisvalid, n.nspname FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = {} AND i.indrelid = pg_catalog.to_regclass({})",
        quoted(&index),
        quoted(&table),
    );
    let found = connection.rows(&sql).await?.into_iter().next();
    let Some(mut row) = found.map(IntoIterator::into_iter) else {
        return Ok(Decision::Again(None));
    };
    let is_valid = row.next().flatten().as_deref() == Some("t");
    let schema = row.next().flatten().unwrap_or_default();
    if is_valid {
        return Ok(Decision::Done(format!("the index {index} is there and valid")));
    }
    let name = Dialect::Postgres.relation(&schema, &index);
    Ok(Decision::Again(Some(format!("DROP INDEX CONCURRENTLY {name}"))))
}

/// What came of DROP INDEX CONCURRENTLY.
async fn dropped(connection: &mut Connection, names: &Words<'_>) -> Result<Decision> {
    let mut at = names.find("CONCURRENTLY").map_or(2, |at| at + 1);
    if names.word(at) == "IF" {
        at += 2;
    }
    let index = names.relation(at).0;
    let sql = format!(
        "SELECT 1 WHERE pg_catalog.to_regclass({}) IS NOT NULL",
        Dialect::Postgres.literal(&index)
    );
    let there = !connection.rows(&sql).await?.is_empty();
    let told = format!("the index {index} is gone");
    Ok(if there { Decision::Again(None) } else { Decision::Done(told) })
}

/// What came of DETACH PARTITION … CONCURRENTLY.
async fn detached(connection: &mut Connection, names: &Words<'_>) -> Result<Decision> {
    let Some(at) = names.find("PARTITION").map(|at| at + 1) else {
        return Ok(Decision::Ask("what it does to the table".to_owned()));
    };
    let (partition, quoted) = (names.relation(at).0, |text: &str| Dialect::Postgres.literal(text));
    let mut of = 2;
    while ["IF", "EXISTS", "ONLY"].contains(&names.word(of).as_str()) {
        of += 1;
    }
    let table = names.relation(of).0;
    // A detach that stopped halfway is to be ended, not begun again (manual, ALTER TABLE).
    let sql = format!(
        "SELECT coalesce(pg_catalog.to_jsonb(i) ->> 'inhdetachpending', 'false')
         FROM pg_catalog.pg_inherits i WHERE i.inhrelid = pg_catalog.to_regclass({})",
        quoted(&partition)
    );
    let pending = connection.rows(&sql).await?.into_iter().flatten().flatten().next();
    Ok(match pending.as_deref() {
        None => Decision::Done(format!("{partition} is no partition of {table} any more")),
        Some("true") => Decision::Ask(format!(
            "{partition}, whose detaching stopped halfway: run ALTER TABLE {table} DETACH \
             PARTITION {partition} FINALIZE"
        )),
        Some(_) => Decision::Again(None),
    })
}

async fn exists(connection: &mut Connection, what: &str, name: &str) -> Result<bool> {
    let (table, column) = match what {
        "DATABASE" => ("pg_database", "datname"),
        "TABLESPACE" => ("pg_tablespace", "spcname"),
        _ => ("pg_subscription", "subname"),
    };
    let sql = format!(
        "SELECT {column} FROM pg_catalog.{table} WHERE {column} = {}",
        Dialect::Postgres.literal(name)
    );
    Ok(!connection.rows(&sql).await?.is_empty())
}

/// The significant words of a statement.
struct Words<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    fn of(dialect: Dialect, sql: &'a str) -> Self {
        let tokens = tokens(dialect, sql).into_iter().filter(Token::significant).collect();
        Self { sql, tokens }
    }

    /// The word at a place in upper case; nothing where a quoted name stands.
    fn word(&self, at: usize) -> String {
        match self.tokens.get(at) {
            Some(token) if token.kind != TokenKind::QuotedIdentifier => {
                token.text(self.sql).to_ascii_uppercase()
            }
            _ => String::new(),
        }
    }

    fn find(&self, word: &str) -> Option<usize> {
        (0..self.tokens.len()).find(|at| self.word(*at) == word)
    }

    /// The name at a place, as the server folds it.
    fn name(&self, at: usize) -> String {
        let Some(token) = self.tokens.get(at) else { return String::new() };
        match token.name(self.sql) {
            Some(name) if token.kind == TokenKind::QuotedIdentifier => name,
            _ => token.text(self.sql).to_lowercase(),
        }
    }

    /// The name of a relation that begins at a place, quoted, with its schema if that is written;
    /// and the place behind it.
    fn relation(&self, at: usize) -> (String, usize) {
        let quoted = |at: usize| Dialect::Postgres.ident(&self.name(at));
        if self.word(at + 1) == "." {
            return (format!("{}.{}", quoted(at), quoted(at + 2)), at + 3);
        }
        (quoted(at), at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_server_folds_them() {
        let words = Words::of(
            Dialect::Postgres,
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS Big ON ONLY app.\"My Table\" (a)",
        );
        assert_eq!(words.name(6), "big");
        assert_eq!(words.relation(9).0, "\"app\".\"My Table\"");
        assert_eq!(words.find("CONCURRENTLY"), Some(2));
    }
}
