//! Judges what a statement does to a database: reads, changes the session, writes or destroys.
//!
//! It looks at words, not at a grammar, and errs on the careful side: what it does not know
//! writes. It cannot see into functions. It is for warnings and for choosing a read-only
//! connection, never a substitute for the server's own read-only transactions.

use super::Dialect;
use super::lexer::{Token, TokenKind, tokens};

/// What a statement does, from harmless to not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Only reads.
    Reads,
    /// Changes the session or a transaction, not the data: SET, BEGIN, COMMIT, ATTACH.
    Controls,
    /// Changes data or the schema in a way that adds or replaces.
    Writes,
    /// Removes rows, columns or things of the schema with what they hold.
    Destroys,
}

/// Judges one statement (or, of several, the worst).
pub fn effect(dialect: Dialect, statement: &str) -> Effect {
    let mut worst = Effect::Reads;
    for piece in super::statement::split(dialect, statement) {
        let words = Words::of(dialect, piece.text(statement));
        worst = worst.max(words.judge(0));
    }
    worst
}

/// The significant tokens of a statement as words in upper case; what is quoted is empty, so that
/// it is never taken for a word.
struct Words {
    dialect: Dialect,
    words: Vec<String>,
}

impl Words {
    fn of(dialect: Dialect, text: &str) -> Self {
        let word = |token: Token| match token.kind {
            TokenKind::Keyword | TokenKind::Identifier | TokenKind::Number => {
                token.text(text).to_ascii_uppercase()
            }
            TokenKind::Punctuation | TokenKind::Operator => token.text(text).to_owned(),
            _ => String::new(),
        };
        let found = tokens(dialect, text).into_iter().filter(Token::significant).map(word);
        Self { dialect, words: found.collect() }
    }

    fn at(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    fn has(&self, from: usize, word: &str) -> bool {
        self.words.iter().skip(from).any(|found| found == word)
    }

    /// The place after the bracket that closes the one at `open`.
    fn after_bracket(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for at in open..self.words.len() {
            match self.at(at) {
                "(" => depth += 1,
                ")" if depth <= 1 => return at + 1,
                ")" => depth -= 1,
                _ => {}
            }
        }
        self.words.len()
    }

    /// Judges the statement that begins at a word.
    fn judge(&self, from: usize) -> Effect {
        match self.at(from) {
            "" => Effect::Reads,
            "(" => self.judge(from + 1),
            "SELECT" | "VALUES" | "TABLE" => self.query(from),
            "WITH" => self.with(from),
            "EXPLAIN" => self.explain(from + 1),
            "PRAGMA" if self.dialect == Dialect::Sqlite => self.pragma(from + 1),
            "SHOW" | "FETCH" | "MOVE" | "DECLARE" => self.query(from),
            "COPY" => self.copy(from + 1),
            "SET" | "RESET" | "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT"
            | "SAVEPOINT" | "RELEASE" | "DISCARD" | "LISTEN" | "UNLISTEN" | "CLOSE"
            | "DEALLOCATE" | "LOAD" | "LOCK" | "ATTACH" | "DETACH" => Effect::Controls,
            "DROP" | "TRUNCATE" | "DELETE" => Effect::Destroys,
            // It deletes the rows it replaces.
            "REPLACE" if self.dialect == Dialect::Sqlite => Effect::Destroys,
            "INSERT" if self.at(from + 1) == "OR" && self.at(from + 2) == "REPLACE" => {
                Effect::Destroys
            }
            "UPDATE" if self.at(from + 1) == "OR" && self.at(from + 2) == "REPLACE" => {
                Effect::Destroys
            }
            "MERGE" if self.has(from, "DELETE") => Effect::Destroys,
            "ALTER" => self.alter(from),
            "PREPARE" => self.prepared(from),
            _ => Effect::Writes,
        }
    }

    /// A query; INTO makes a table of it, FOR UPDATE locks its rows, and it may hold a CTE that
    /// writes in any of its brackets.
    fn query(&self, from: usize) -> Effect {
        let mut worst = Effect::Reads;
        let mut depth = 0usize;
        for at in from..self.words.len() {
            match self.at(at) {
                "(" => {
                    depth += 1;
                    if self.at(at + 1) == "WITH" {
                        worst = worst.max(self.with(at + 1));
                    }
                }
                ")" if depth == 0 => break,
                ")" => depth -= 1,
                "INTO" if self.dialect == Dialect::Postgres => worst = worst.max(Effect::Writes),
                "FOR" if matches!(self.at(at + 1), "UPDATE" | "SHARE" | "NO" | "KEY") => {
                    worst = worst.max(Effect::Writes);
                }
                _ => {}
            }
        }
        worst
    }

    /// `WITH a AS (…), b AS MATERIALIZED (…) SELECT …`: each part, then the statement itself.
    fn with(&self, from: usize) -> Effect {
        let mut worst = Effect::Reads;
        let mut at = from + 1;
        while at < self.words.len() {
            match self.at(at) {
                "(" => {
                    let before = self.at(at - 1);
                    if matches!(before, "AS" | "MATERIALIZED") {
                        worst = worst.max(self.judge(at + 1));
                    }
                    at = self.after_bracket(at);
                }
                "SELECT" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"
                | "REPLACE"
                    if at > from + 1 && self.at(at - 1) == ")" =>
                {
                    return worst.max(self.judge(at));
                }
                ")" => return worst,
                _ => at += 1,
            }
        }
        worst
    }

    /// EXPLAIN runs its statement only with ANALYZE, which SQLite does not have.
    fn explain(&self, from: usize) -> Effect {
        if self.dialect == Dialect::Sqlite {
            return Effect::Reads;
        }
        if self.at(from) == "(" {
            let end = self.after_bracket(from);
            let analyze = (from..end).find(|&at| matches!(self.at(at), "ANALYZE" | "ANALYSE"));
            return match analyze {
                Some(at) if !matches!(self.at(at + 1), "FALSE" | "OFF" | "0") => self.judge(end),
                _ => Effect::Reads,
            };
        }
        let mut at = from;
        let mut runs = false;
        while matches!(self.at(at), "ANALYZE" | "ANALYSE" | "VERBOSE") {
            runs |= self.at(at) != "VERBOSE";
            at += 1;
        }
        if runs { self.judge(at) } else { Effect::Reads }
    }

    /// A pragma without a value only reads, but for those that do work; those that take the name
    /// of what they describe read too.
    fn pragma(&self, from: usize) -> Effect {
        let name = if self.at(from + 1) == "." { from + 2 } else { from };
        let asks = [
            "TABLE_INFO",
            "TABLE_XINFO",
            "TABLE_LIST",
            "INDEX_INFO",
            "INDEX_XINFO",
            "INDEX_LIST",
            "FOREIGN_KEY_LIST",
            "FOREIGN_KEY_CHECK",
            "INTEGRITY_CHECK",
            "QUICK_CHECK",
        ];
        let works = ["INCREMENTAL_VACUUM", "OPTIMIZE", "WAL_CHECKPOINT"];
        match (self.at(name), self.at(name + 1)) {
            (name, _) if asks.contains(&name) => Effect::Reads,
            (name, _) if works.contains(&name) => Effect::Writes,
            (_, "=" | "(") => Effect::Writes,
            _ => Effect::Reads,
        }
    }

    fn copy(&self, from: usize) -> Effect {
        let (inner, after) = if self.at(from) == "(" {
            (self.judge(from + 1), self.after_bracket(from))
        } else {
            (Effect::Reads, from)
        };
        // A bracket may hold the columns; the direction follows it.
        let direction = (after..self.words.len()).find(|&at| matches!(self.at(at), "FROM" | "TO"));
        match direction {
            Some(at) if self.at(at) == "TO" && self.at(at + 1) != "PROGRAM" => inner,
            _ => Effect::Writes,
        }
    }

    /// ALTER destroys where it drops what holds data; a constraint or default holds none.
    fn alter(&self, from: usize) -> Effect {
        for at in from..self.words.len() {
            if self.at(at) == "DROP"
                && !matches!(
                    self.at(at + 1),
                    "CONSTRAINT" | "DEFAULT" | "NOT" | "IDENTITY" | "EXPRESSION"
                )
            {
                return Effect::Destroys;
            }
        }
        Effect::Writes
    }

    /// PREPARE runs nothing yet, but what it prepares is what will run.
    fn prepared(&self, from: usize) -> Effect {
        let body = (from..self.words.len()).find(|&at| self.at(at) == "AS");
        body.map_or(Effect::Writes, |at| self.judge(at + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(dialect: Dialect, expected: Effect, statements: &[&str]) {
        for statement in statements {
            assert_eq!(effect(dialect, statement), expected, "{statement}");
        }
    }

    #[test]
    fn postgres_statements_are_judged() {
        use Effect::*;
        is(
            Dialect::Postgres,
            Reads,
            &[
                "",
                "-- DROP TABLE t",
                "SELECT 'DELETE FROM t', \"DROP\"",
                "(SELECT 1) UNION (VALUES (2))",
                "WITH a AS (SELECT 1), b(x, y) AS NOT MATERIALIZED (TABLE t) SELECT * FROM a, b",
                "EXPLAIN DELETE FROM t",
                "EXPLAIN (VERBOSE, ANALYZE off) DELETE FROM t",
                "EXPLAIN ANALYZE SELECT 1",
                "COPY t (a, b) TO STDOUT",
                "COPY (SELECT a FROM t) TO '/x'",
                "SHOW search_path",
            ],
        );
        is(Dialect::Postgres, Controls, &["BEGIN", "set x = 1", "COMMIT; SELECT 1"]);
        is(
            Dialect::Postgres,
            Writes,
            &[
                "INSERT INTO t VALUES (1)",
                "UPDATE t SET a = 1",
                "SELECT * INTO u FROM t",
                "SELECT * FROM t FOR NO KEY UPDATE",
                "WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM a",
                "EXPLAIN ANALYZE VERBOSE UPDATE t SET a = 1",
                "COPY t FROM STDIN",
                "COPY t TO PROGRAM 'x'",
                "ALTER TABLE t ALTER a DROP NOT NULL, DROP CONSTRAINT c",
                "CALL p()",
                "DO $$ BEGIN END $$",
                "GRANT ALL ON t TO u",
                "no such statement",
            ],
        );
        is(
            Dialect::Postgres,
            Destroys,
            &[
                "DROP TABLE t",
                "truncate t",
                "delete from t where id = 1",
                "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
                "WITH a AS (SELECT 1) DELETE FROM t USING a",
                "SELECT * FROM (WITH x AS (DELETE FROM t RETURNING 1) SELECT 1) y",
                "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM t",
                "ALTER TABLE t ADD b int, DROP COLUMN a",
                "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
                "SELECT 1; DROP TABLE t",
                "PREPARE p AS DELETE FROM t",
            ],
        );
    }

    #[test]
    fn sqlite_statements_are_judged() {
        use Effect::*;
        is(
            Dialect::Sqlite,
            Reads,
            &[
                "PRAGMA table_info(t)",
                "PRAGMA main.journal_mode",
                "EXPLAIN QUERY PLAN DELETE FROM t",
                "WITH RECURSIVE n(i) AS (SELECT 1) SELECT i FROM n",
                "SELECT replace(a, 'b', 'c') FROM t",
            ],
        );
        is(Dialect::Sqlite, Controls, &["ATTACH 'x' AS y", "SAVEPOINT a"]);
        is(
            Dialect::Sqlite,
            Writes,
            &[
                "PRAGMA journal_mode = WAL",
                "PRAGMA optimize",
                "VACUUM",
                "CREATE TRIGGER a AFTER INSERT ON t BEGIN DELETE FROM u; END",
            ],
        );
        is(
            Dialect::Sqlite,
            Destroys,
            &[
                "REPLACE INTO t VALUES (1)",
                "INSERT OR REPLACE INTO t VALUES (1)",
                "WITH a AS (SELECT 1) DELETE FROM t",
                "ALTER TABLE t DROP COLUMN a",
            ],
        );
    }
}
