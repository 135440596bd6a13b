//! Cuts a script into its statements without losing a byte.
//!
//! The pieces' texts joined are the script again. A semicolon ends a statement only where the
//! server would take it for an end: not inside brackets, a `BEGIN ATOMIC` body (PostgreSQL manual,
//! CREATE FUNCTION) or the body of a SQLite trigger. Nothing here judges or runs a statement.

use std::ops::Range;

use super::Dialect;
use super::lexer::{Token, TokenKind, cuts};

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// All its bytes, with the space and comments before it and the semicolon that ends it.
    pub range: Range<usize>,
    /// From its first to its last word, without the semicolon; empty for a piece that only
    /// holds space and comments.
    pub body: Range<usize>,
}

impl Statement {
    /// The statement without what surrounds it.
    pub fn text<'a>(&self, script: &'a str) -> &'a str {
        script.get(self.body.clone()).unwrap_or_default()
    }

    /// Whether there is nothing in it to run.
    pub fn is_blank(&self) -> bool {
        self.body.is_empty()
    }
}

/// Cuts a script into statements; what follows the last semicolon is a piece too, if there is
/// anything.
pub fn split(dialect: Dialect, script: &str) -> Vec<Statement> {
    let mut out = Vec::new();
    let (mut start, mut body): (usize, Option<Range<usize>>) = (0, None);
    let mut nesting = Nesting::new(dialect);
    for token in cuts(dialect, script) {
        if !token.significant() {
            continue;
        }
        let semicolon = token.kind == TokenKind::Punctuation && token.text(script) == ";";
        if semicolon && nesting.ends_here() {
            let end = token.range.end;
            let at = token.range.start;
            out.push(Statement { range: start..end, body: body.take().unwrap_or(at..at) });
            start = end;
            nesting = Nesting::new(dialect);
            continue;
        }
        let first = body.as_ref().map_or(token.range.start, |body| body.start);
        body = Some(first..token.range.end);
        nesting.take(script, &token);
    }
    if start < script.len() {
        let end = script.len();
        out.push(Statement { range: start..end, body: body.unwrap_or(end..end) });
    }
    out
}

/// How deep in brackets and bodies the reading is.
struct Nesting {
    dialect: Dialect,
    brackets: usize,
    /// Open BEGIN ATOMIC and CASE of a PostgreSQL routine.
    blocks: usize,
    /// The first words in upper case, as far as they tell what is created.
    head: Vec<String>,
    /// The last two words or marks.
    last: [Last; 2],
}

/// A word or mark that tells where a body begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Semicolon,
    Begin,
    End,
    Other,
}

/// How many words at the beginning tell what is created.
const HEAD: usize = 8;

impl Nesting {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, brackets: 0, blocks: 0, head: Vec::new(), last: [Last::Other; 2] }
    }

    /// Whether a semicolon here ends the statement.
    fn ends_here(&mut self) -> bool {
        let ends = match self.dialect {
            Dialect::Postgres => self.brackets == 0 && self.blocks == 0,
            // SQLite itself ends a trigger at `; END ;`.
            Dialect::Sqlite => {
                !self.creates(&["TRIGGER"]) || self.last == [Last::Semicolon, Last::End]
            }
        };
        if !ends {
            self.remember(Last::Semicolon);
        }
        ends
    }

    fn creates(&self, what: &[&str]) -> bool {
        let mut words = self.head.iter().map(String::as_str).peekable();
        if words.peek() == Some(&"EXPLAIN") {
            words.next();
            while words.next_if(|word| matches!(*word, "QUERY" | "PLAN")).is_some() {}
        }
        if words.next() != Some("CREATE") {
            return false;
        }
        let between = ["OR", "REPLACE", "TEMP", "TEMPORARY"];
        words.find(|word| !between.contains(word)).is_some_and(|word| what.contains(&word))
    }

    fn remember(&mut self, last: Last) {
        self.last = [self.last[1], last];
    }

    fn take(&mut self, script: &str, token: &Token) {
        let text = token.text(script);
        let is_word = matches!(token.kind, TokenKind::Keyword | TokenKind::Identifier);
        let is = |word: &str| is_word && text.eq_ignore_ascii_case(word);
        match (token.kind, text) {
            (TokenKind::Punctuation, "(") => self.brackets += 1,
            (TokenKind::Punctuation, ")") => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        let may_open = is("ATOMIC") || is("CASE") || is("END");
        if may_open && self.dialect == Dialect::Postgres && self.creates(&["FUNCTION", "PROCEDURE"])
        {
            let opens = match is("ATOMIC") {
                true => self.last[1] == Last::Begin,
                false => is("CASE") && self.blocks > 0,
            };
            if opens {
                self.blocks += 1;
            } else if is("END") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        self.remember(match token.kind {
            TokenKind::Punctuation if text == ";" => Last::Semicolon,
            _ if is("BEGIN") => Last::Begin,
            _ if is("END") => Last::End,
            _ => Last::Other,
        });
        if self.head.len() < HEAD {
            let counts = is_word || token.kind == TokenKind::Punctuation;
            self.head.push(if counts { text.to_ascii_uppercase() } else { String::new() });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bodies(dialect: Dialect, script: &str) -> Vec<&str> {
        let pieces = split(dialect, script);
        pieces.iter().filter(|piece| !piece.is_blank()).map(|piece| piece.text(script)).collect()
    }

    #[test]
    fn semicolons_inside_other_things_end_nothing() {
        let script = "-- a; b\nSELECT ';' ; /* ; */ SELECT \";\"\n;;\nSELECT 3 -- end";
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            assert_eq!(bodies(dialect, script), ["SELECT ';'", "SELECT \";\"", "SELECT 3"]);
        }
        let rule = "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3";
        assert_eq!(bodies(Dialect::Postgres, rule).len(), 2);
        let body = "DO $x$ BEGIN a; b; END $x$; SELECT 1";
        assert_eq!(bodies(Dialect::Postgres, body).len(), 2);
    }

    #[test]
    fn bodies_are_part_of_their_statement() {
        let routine = "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC \
                       SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3; BEGIN; END;";
        assert_eq!(bodies(Dialect::Postgres, routine).len(), 4);
        let trigger = "CREATE TEMP TRIGGER a AFTER INSERT ON t BEGIN \
                       UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM t; END; SELECT 1; \
                       BEGIN; END;";
        assert_eq!(bodies(Dialect::Sqlite, trigger).len(), 4);
        let table = "CREATE TABLE trigger_log (a); SELECT 1";
        assert_eq!(bodies(Dialect::Sqlite, table).len(), 2);
    }

    proptest! {
        #[test]
        fn joined_pieces_are_the_script(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    ";", " ", "\n", "SELECT", "CREATE", "FUNCTION", "TRIGGER", "BEGIN", "ATOMIC",
                    "CASE", "END", "(", ")", "'a;b'", "$x$", "--", "/*", "*/", "é", "\"", "E'\\'",
                ]),
                0..40,
            )
        ) {
            let script = words.join(" ");
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let mut end = 0;
                for piece in split(dialect, &script) {
                    prop_assert_eq!(piece.range.start, end);
                    prop_assert!(piece.range.start <= piece.body.start);
                    prop_assert!(piece.body.end <= piece.range.end);
                    prop_assert!(!piece.range.is_empty());
                    end = piece.range.end;
                }
                prop_assert_eq!(end, script.len());
            }
        }
    }
}
