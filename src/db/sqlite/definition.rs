//! What only the stored CREATE statement tells: checks, generated expressions, collations,
//! AUTOINCREMENT, and the expressions and condition of an index.
//!
//! It reads tokens, not a grammar: SQLite has accepted the text before, so what is looked for
//! stands where its syntax allows it ("CREATE TABLE" and "CREATE INDEX" in its documentation).

use crate::schema::Check;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// What the text of a CREATE TABLE says beyond the pragmas.
#[derive(Debug, Default, PartialEq)]
pub(super) struct TableText {
    /// The check constraints, of columns and of the table.
    pub(super) checks: Vec<Check>,
    /// Column name and collation, where one is written.
    pub(super) collations: Vec<(String, String)>,
    /// Column name and expression of generated columns.
    pub(super) generated: Vec<(String, String)>,
    /// Whether AUTOINCREMENT is there.
    pub(super) autoincrement: bool,
}

/// What the text of a CREATE INDEX says beyond the pragmas.
#[derive(Debug, Default, PartialEq)]
pub(super) struct IndexText {
    /// The indexed columns and expressions as written, without direction.
    pub(super) columns: Vec<String>,
    /// The condition of a partial index.
    pub(super) predicate: Option<String>,
}

/// The significant tokens of a statement and its text.
struct Text<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Text<'a> {
    fn of(sql: &'a str) -> Self {
        let mut found = tokens(Dialect::Sqlite, sql);
        found.retain(Token::significant);
        Self { sql, tokens: found }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word(self.sql, word))
    }

    fn is_mark(&self, at: usize, mark: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            token.kind == TokenKind::Punctuation && token.text(self.sql) == mark
        })
    }

    fn name(&self, at: usize) -> Option<String> {
        self.tokens.get(at)?.name(self.sql)
    }

    /// The first mark at or after `from`.
    fn find_mark(&self, from: usize, mark: &str) -> Option<usize> {
        (from..self.tokens.len()).find(|&at| self.is_mark(at, mark))
    }

    /// The place of the bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for at in open..self.tokens.len() {
            if self.is_mark(at, "(") {
                depth += 1;
            } else if self.is_mark(at, ")") {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }

    /// The text between two tokens, both left out.
    fn between(&self, open: usize, close: usize) -> String {
        let range = self.tokens.get(open).zip(self.tokens.get(close));
        let text = range.and_then(|(open, close)| self.sql.get(open.range.end..close.range.start));
        text.unwrap_or_default().trim().to_owned()
    }

    /// The parts of a list in brackets, each as the range of its tokens.
    fn items(&self, open: usize, close: usize) -> Vec<std::ops::Range<usize>> {
        let (mut out, mut depth, mut start) = (Vec::new(), 0usize, open + 1);
        for at in open + 1..close {
            if self.is_mark(at, "(") {
                depth += 1;
            } else if self.is_mark(at, ")") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && self.is_mark(at, ",") {
                out.push(start..at);
                start = at + 1;
            }
        }
        out.push(start..close);
        out
    }
}

/// Reads a CREATE TABLE.
pub(super) fn table(sql: &str) -> TableText {
    let text = Text::of(sql);
    let mut out = TableText::default();
    let Some(open) = text.find_mark(0, "(") else { return out };
    let Some(close) = text.closing(open) else { return out };
    for item in text.items(open, close) {
        // A table constraint begins with one of these bare words; no column is named so
        // without quotes.
        let constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
            .iter()
            .any(|word| text.is(item.start, word));
        let column = if constraint { None } else { text.name(item.start) };
        let mut at = if constraint { item.start } else { item.start + 1 };
        let mut constraint_name = String::new();
        while at < item.end {
            let opens = text.is_mark(at + 1, "(").then(|| text.closing(at + 1)).flatten();
            if text.is(at, "CONSTRAINT") {
                constraint_name = text.name(at + 1).unwrap_or_default();
                at += 2;
                continue;
            }
            if let Some(end) = opens {
                let inside = || text.between(at + 1, end);
                if text.is(at, "CHECK") {
                    out.checks.push(Check {
                        name: std::mem::take(&mut constraint_name),
                        expression: inside(),
                        validated: true,
                    });
                } else if let (true, Some(column)) = (text.is(at, "AS"), &column) {
                    out.generated.push((column.clone(), inside()));
                }
                at = end + 1;
                continue;
            }
            if let (true, Some(column)) = (text.is(at, "COLLATE"), &column) {
                out.collations.push((column.clone(), text.name(at + 1).unwrap_or_default()));
                at += 1;
            }
            out.autoincrement |= text.is(at, "AUTOINCREMENT");
            at += 1;
        }
    }
    out
}

/// Reads a CREATE INDEX.
pub(super) fn index(sql: &str) -> IndexText {
    let text = Text::of(sql);
    let Some(on) = (0..text.tokens.len()).find(|&at| text.is(at, "ON")) else {
        return IndexText::default();
    };
    let Some((open, close)) =
        text.find_mark(on, "(").and_then(|open| Some((open, text.closing(open)?)))
    else {
        return IndexText::default();
    };
    let columns = text
        .items(open, close)
        .into_iter()
        .map(|mut item| {
            while item.end > item.start + 1
                && (text.is(item.end - 1, "ASC") || text.is(item.end - 1, "DESC"))
            {
                item.end -= 1;
            }
            let first = text.tokens.get(item.start).map_or(0, |token| token.range.start);
            let last = text.tokens.get(item.end.saturating_sub(1)).map_or(0, |last| last.range.end);
            sql.get(first..last).unwrap_or_default().to_owned()
        })
        .collect();
    let predicate = text.is(close + 1, "WHERE").then(|| {
        let from = text.tokens.get(close + 1).map_or(sql.len(), |token| token.range.end);
        sql.get(from..).unwrap_or_default().trim().trim_end_matches(';').trim_end().to_owned()
    });
    IndexText { columns, predicate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_its_checks_and_expressions() {
        let found = table(
            "CREATE TABLE \"a (b\" ( -- first, (\n id INTEGER PRIMARY KEY AUTOINCREMENT, \
             [na me] TEXT COLLATE NOCASE CONSTRAINT short CHECK (length([na me]) < 9), \
             n NUMERIC(10, 2) DEFAULT (1 + 2) CHECK(n > 0), total REAL GENERATED ALWAYS AS (n * 2) STORED, \
             twice AS (n+n), CONSTRAINT both CHECK (n <> ')' AND total > 0) UNIQUE (n) CHECK (1))",
        );
        assert!(found.autoincrement);
        let checks: Vec<(&str, &str)> = found
            .checks
            .iter()
            .map(|check| (check.name.as_str(), check.expression.as_str()))
            .collect();
        assert_eq!(
            checks,
            [
                ("short", "length([na me]) < 9"),
                ("", "n > 0"),
                ("both", "n <> ')' AND total > 0"),
                ("", "1"),
            ]
        );
        assert_eq!(found.collations, [("na me".to_owned(), "NOCASE".to_owned())]);
        assert_eq!(
            found.generated,
            [("total".to_owned(), "n * 2".to_owned()), ("twice".to_owned(), "n+n".to_owned()),]
        );
    }

    #[test]
    fn an_index_tells_its_expressions_and_condition() {
        let found = index(
            "CREATE UNIQUE INDEX \"on\" ON t (lower(a || ',') DESC, b COLLATE NOCASE ASC) \
             WHERE b IS NOT NULL",
        );
        assert_eq!(found.columns, ["lower(a || ',')", "b COLLATE NOCASE"]);
        assert_eq!(found.predicate.as_deref(), Some("b IS NOT NULL"));
        assert_eq!(index("CREATE INDEX i ON t(a)").predicate, None);
    }

    #[test]
    fn broken_text_is_no_reason_to_fail() {
        for sql in ["", "CREATE TABLE t", "CREATE TABLE t (a CHECK (", "CREATE TABLE t AS SELECT 1"]
        {
            assert_eq!(table(sql), TableText::default(), "{sql}");
            assert_eq!(index(sql), IndexText::default(), "{sql}");
        }
    }
}
