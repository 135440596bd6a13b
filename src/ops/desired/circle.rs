//! Who waits for whom, once no statement can be run any more: read from what the engine says is
//! missing and from the names that the waiting statements would make. Only for telling a person;
//! nothing is run or ordered by it.

use super::execute::Piece;
use super::judge::words;
use crate::problem::Problem;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// The problem of files that need each other in a circle, if that is what is wrong.
pub(super) fn told(pieces: &[Piece<'_>]) -> Option<Problem> {
    // From each waiting statement to the one that would make what it misses.
    let next: Vec<Option<usize>> = pieces.iter().map(|piece| needed_by(piece, pieces)).collect();
    let circle = (0..pieces.len()).find_map(|start| walk(&next, start))?;
    let in_circle: Vec<&Piece<'_>> = circle.iter().filter_map(|at| pieces.get(*at)).collect();
    let mut files: Vec<&str> = in_circle.iter().map(|piece| piece.script.name.as_str()).collect();
    files.dedup();
    let mut lines = Vec::new();
    for (at, piece) in in_circle.iter().enumerate() {
        let other = in_circle.get(at + 1).or_else(|| in_circle.first())?;
        let missing = piece.fault.as_ref().map_or("", |fault| fault.message.as_str());
        lines.push(format!(
            "{}, line {}: {missing}; {}, line {} would make it",
            piece.script.name,
            piece.line(),
            other.script.name,
            other.line()
        ));
    }
    files.sort_unstable();
    files.dedup();
    let what = match files.as_slice() {
        [only] => format!("Statements of {only} need each other in a circle"),
        _ => format!("{} need each other in a circle", files.join(" and ")),
    };
    Some(Problem::failed(
        what,
        lines.join("\n"),
        "take one reference out of its CREATE, and add it afterwards with an ALTER of its own",
    ))
}

/// The circle that a walk from a statement ends in, if it ends in one.
fn walk(next: &[Option<usize>], start: usize) -> Option<Vec<usize>> {
    let mut seen = vec![start];
    let mut at = start;
    loop {
        at = next.get(at).copied().flatten()?;
        if let Some(first) = seen.iter().position(|before| *before == at) {
            return Some(seen.split_off(first));
        }
        seen.push(at);
    }
}

/// The waiting statement that would make what another misses.
pub(super) fn needed_by(piece: &Piece<'_>, pieces: &[Piece<'_>]) -> Option<usize> {
    let missing = missing(&piece.fault.as_ref()?.message)?;
    pieces.iter().position(|other| {
        !std::ptr::eq(other, piece) && makes(&other.sql).is_some_and(|name| name == missing)
    })
}

/// The last part of the name a message says does not exist: PostgreSQL quotes relations, types
/// and schemas, and prints functions with their arguments; SQLite ends with the name.
fn missing(message: &str) -> Option<String> {
    let name = if let Some(rest) = message.strip_prefix("no such ") {
        rest.split_once(": ")?.1
    } else if let Some((_, rest)) = message.split_once('"') {
        rest.split_once('"')?.0
    } else {
        let rest = message.strip_prefix("function ")?;
        rest.split_once('(')?.0
    };
    name.rsplit('.').next().map(str::to_lowercase)
}

/// The last part of the name that a CREATE would make, in lower case.
fn makes(sql: &str) -> Option<String> {
    let found: Vec<Token> =
        tokens(Dialect::Postgres, sql).into_iter().filter(Token::significant).collect();
    let mut rest = found.iter().skip_while(|token| !token.is_word(sql, "CREATE")).skip(1);
    const KINDS: &[&str] =
        &["TABLE", "VIEW", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "SEQUENCE", "SCHEMA"];
    rest.find(|token| KINDS.iter().any(|kind| token.is_word(sql, kind)))?;
    let mut name = None;
    for token in rest {
        match token.name(sql) {
            Some(_) if ["IF", "NOT", "EXISTS"].iter().any(|word| token.is_word(sql, word)) => {}
            Some(part) if name.is_none() => name = Some(part.to_lowercase()),
            None if token.kind == TokenKind::Punctuation && token.text(sql) == "." => name = None,
            _ => break,
        }
    }
    name
}

/// A CREATE FUNCTION or PROCEDURE as one that replaces what is there; `None` for anything else.
pub(super) fn made_again(sql: &str) -> Option<String> {
    let words = words(Dialect::Postgres, sql);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match [word(0), word(1), word(2), word(3)] {
        ["CREATE", "FUNCTION" | "PROCEDURE", ..] => {
            let first = tokens(Dialect::Postgres, sql).into_iter().find(Token::significant)?;
            let (head, tail) = sql.split_at_checked(first.range.end)?;
            Some(format!("{head} OR REPLACE{tail}"))
        }
        ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE"] => Some(sql.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_messages_and_statements() {
        for (message, name) in [
            ("relation \"public.orders\" does not exist", "orders"),
            ("type \"status\" does not exist", "status"),
            ("function app.total(integer, text) does not exist", "total"),
            ("no such table: main.t", "t"),
        ] {
            assert_eq!(missing(message).as_deref(), Some(name), "{message}");
        }
        for (sql, name) in [
            ("CREATE TABLE IF NOT EXISTS app.\"Orders\" (id int)", Some("orders")),
            ("/* x */ create unlogged table t(a int)", Some("t")),
            ("CREATE OR REPLACE FUNCTION f(a int) RETURNS int", Some("f")),
            ("ALTER TABLE t ADD a int", None),
        ] {
            assert_eq!(makes(sql).as_deref(), name, "{sql}");
        }
    }

    #[test]
    fn a_function_is_made_again_over_itself() {
        let made = made_again("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        assert!(made.unwrap().starts_with("CREATE OR REPLACE FUNCTION f()"));
        assert_eq!(made_again("CREATE VIEW v AS SELECT 1"), None);
    }
}
