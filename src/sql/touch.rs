//! What a statement may take away, told by its words: the tables whose rows it deletes or
//! changes, and whether it may drop or convert what holds values.
//!
//! It errs on the careful side, and cannot see into functions: what may hide anything says so. It
//! never decides whether a statement runs.

use super::Dialect;
use super::lexer::{Token, TokenKind, tokens};

/// What a statement may take away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touch {
    /// Whether it may drop or convert something that holds values.
    pub schema: bool,
    /// The tables whose rows it deletes or changes.
    pub rows: Vec<Rows>,
    /// Whether it runs code that is not in it, so that nobody can tell.
    pub hidden: bool,
    /// Whether a type is changed with an expression of its own (`USING`).
    pub converts: bool,
}

/// The rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The table's schema, where it is written.
    pub schema: Option<String>,
    /// The table's name, as the engine keeps it.
    pub table: String,
    /// The columns that get other values; `None` where whole rows may go.
    pub columns: Option<Vec<String>>,
    /// Whether the tables that point at it are emptied with it (`TRUNCATE … CASCADE`).
    pub cascades: bool,
}

impl Touch {
    /// Whether nothing is taken away.
    pub fn is_nothing(&self) -> bool {
        !self.schema && self.rows.is_empty() && !self.hidden
    }
}

/// What a statement may take away.
pub fn touch(dialect: Dialect, statement: &str) -> Touch {
    let words = Words::of(dialect, statement);
    let mut found = Touch::default();
    match (words.at(0), words.at(1)) {
        ("DROP", what) => {
            let holds = ["TABLE", "SCHEMA", "TYPE", "DOMAIN", "EXTENSION", "OWNED", "FOREIGN"];
            found.schema = holds.contains(&what) || words.has("CASCADE");
        }
        ("ALTER", "TABLE" | "TYPE" | "FOREIGN") => {
            found.schema = words.has("DROP") || words.has("TYPE") || words.has("RENAME");
            found.converts = words.has("USING");
        }
        ("ALTER", "EXTENSION") => found.schema = words.has("DROP"),
        ("DO" | "CALL" | "EXECUTE", _) => (found.schema, found.hidden) = (true, true),
        ("TRUNCATE", _) => truncated(&words, &mut found),
        (
            "DELETE" | "UPDATE" | "INSERT" | "REPLACE" | "MERGE" | "WITH" | "EXPLAIN" | "PREPARE",
            _,
        ) => changed(&words, &mut found),
        _ => {}
    }
    found
}

/// The tables of `TRUNCATE`.
fn truncated(words: &Words, found: &mut Touch) {
    let mut at = if words.at(1) == "TABLE" { 2 } else { 1 };
    loop {
        if words.at(at) == "ONLY" {
            at += 1;
        }
        let Some((mut rows, next)) = words.table(at) else { return };
        rows.cascades = words.has("CASCADE");
        found.rows.push(rows);
        at = if words.at(next) == "*" { next + 1 } else { next };
        if words.at(at) != "," {
            return;
        }
        at += 1;
    }
}

/// The tables of the statements that change rows, in a statement or its `WITH`.
fn changed(words: &Words, found: &mut Touch) {
    for at in 0..words.words.len() {
        let before = at.checked_sub(1).map_or("", |before| words.at(before));
        let begins = at == 0 || matches!(before, "(" | ")" | "ANALYZE" | "VERBOSE" | "AS");
        if !begins {
            continue;
        }
        let target = match (words.at(at), words.at(at + 1)) {
            ("DELETE", "FROM") => words.table(at + 2),
            ("UPDATE", "OR") if words.at(at + 2) != "REPLACE" => words.set(at, at + 3),
            ("UPDATE", "OR") => words.table(at + 3),
            ("UPDATE", _) => words.set(at, at + 1),
            ("MERGE", "INTO") => words.table(at + 2),
            ("REPLACE", "INTO") => words.table(at + 2),
            ("INSERT", "OR") if words.at(at + 2) == "REPLACE" => words.table(at + 4),
            ("INSERT", "INTO") if words.updates(at) => words.table(at + 2),
            _ => None,
        };
        found.rows.extend(target.map(|(rows, _)| rows));
    }
}

/// The significant tokens of a statement.
struct Words {
    /// Bare words in upper case, marks as they are, and `""` for what is quoted.
    words: Vec<String>,
    /// The name each stands for, if it can be one.
    names: Vec<Option<String>>,
}

impl Words {
    fn of(dialect: Dialect, text: &str) -> Self {
        let (mut words, mut names) = (Vec::new(), Vec::new());
        for token in tokens(dialect, text).iter().filter(|token| token.significant()) {
            let bare = matches!(token.kind, TokenKind::Keyword | TokenKind::Identifier);
            let shown = token.text(text);
            words.push(match token.kind {
                _ if bare => shown.to_ascii_uppercase(),
                TokenKind::QuotedIdentifier | TokenKind::String => String::new(),
                _ => shown.to_owned(),
            });
            names.push(name(dialect, token, text, bare));
        }
        Self { words, names }
    }

    fn at(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|found| found == word)
    }

    fn name(&self, at: usize) -> Option<&String> {
        self.names.get(at)?.as_ref()
    }

    /// The table whose name begins at a place, and the place behind it.
    fn table(&self, at: usize) -> Option<(Rows, usize)> {
        let at = if self.at(at) == "ONLY" { at + 1 } else { at };
        let first = self.name(at)?.clone();
        let (schema, table, next) = match self.at(at + 1) {
            "." => (Some(first), self.name(at + 2)?.clone(), at + 3),
            _ => (None, first, at + 1),
        };
        Some((Rows { schema, table, columns: None, cascades: false }, next))
    }

    /// The table of an `UPDATE` that begins at `from`, whose name begins at `at`, with the columns
    /// it sets.
    fn set(&self, from: usize, at: usize) -> Option<(Rows, usize)> {
        let (mut rows, next) = self.table(at)?;
        // FOR UPDATE, ON UPDATE and DO UPDATE are none.
        let set = (next..next + 4).find(|&at| self.at(at) == "SET");
        if set.is_none() && from > 0 {
            return None;
        }
        rows.columns = set.and_then(|set| self.assigned(set + 1));
        Some((rows, next))
    }

    /// The columns that are assigned to from a place on; none where that cannot be told.
    fn assigned(&self, from: usize) -> Option<Vec<String>> {
        let (mut out, mut depth, mut expected) = (Vec::new(), 0usize, true);
        for at in from..self.words.len() {
            match self.at(at) {
                "(" if expected && depth == 0 => {
                    let close = (at..self.words.len()).find(|&at| self.at(at) == ")")?;
                    let inside = (at + 1..close).filter(|&at| self.at(at) != ",");
                    for place in inside {
                        out.push(self.name(place)?.clone());
                    }
                    (expected, depth) = (false, depth + 1);
                }
                "(" | "[" => depth += 1,
                ")" if depth == 0 => break,
                ")" | "]" => depth -= 1,
                "WHERE" | "FROM" | "RETURNING" if depth == 0 => break,
                "," if depth == 0 => expected = true,
                _ if expected => {
                    out.push(self.name(at)?.clone());
                    expected = false;
                }
                _ => {}
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// Whether an `INSERT` changes the rows it meets.
    fn updates(&self, from: usize) -> bool {
        (from..self.words.len()).any(|at| self.at(at) == "DO" && self.at(at + 1) == "UPDATE")
    }
}

/// The name a token stands for, as the engine keeps it.
fn name(dialect: Dialect, token: &Token, text: &str, bare: bool) -> Option<String> {
    let name = match token.kind {
        TokenKind::String if dialect == Dialect::Postgres => return None,
        _ => token.name(text)?,
    };
    Some(if bare && dialect == Dialect::Postgres { name.to_lowercase() } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(dialect: Dialect, sql: &str) -> Vec<String> {
        let shown = |rows: &Rows| {
            let schema = rows.schema.as_ref().map_or(String::new(), |schema| format!("{schema}."));
            let columns = rows.columns.as_ref().map_or(String::new(), |all| all.join("+"));
            format!("{schema}{}:{columns}", rows.table)
        };
        touch(dialect, sql).rows.iter().map(shown).collect()
    }

    #[test]
    fn the_tables_whose_rows_go_are_found() {
        for (sql, expected) in [
            ("DELETE FROM ONLY Public.\"Orders\" o WHERE id = 1", vec!["public.Orders:"]),
            ("UPDATE t SET a = (SELECT 1 FROM x), \"B\" = 2 WHERE c = 3", vec!["t:a+B"]),
            ("UPDATE t AS u SET (a, b) = (1, f(2, 3)), c = d[1]", vec!["t:a+b+c"]),
            ("TRUNCATE TABLE a, ONLY b.c *, d CASCADE", vec!["a:", "b.c:", "d:"]),
            (
                "WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone",
                vec!["a:"],
            ),
            ("INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET b = 2", vec!["a:"]),
            ("INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", vec![]),
            ("SELECT * FROM a FOR UPDATE", vec![]),
            ("MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE", vec!["a:"]),
        ] {
            assert_eq!(rows(Dialect::Postgres, sql), expected, "{sql}");
        }
        for (sql, expected) in [
            ("REPLACE INTO [a b] VALUES (1)", vec!["a b:"]),
            ("INSERT OR REPLACE INTO main.t VALUES (1)", vec!["main.t:"]),
            ("UPDATE OR IGNORE t SET A = 1", vec!["t:A"]),
            ("UPDATE OR REPLACE t SET a = 1", vec!["t:"]),
        ] {
            assert_eq!(rows(Dialect::Sqlite, sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_only_adds_takes_nothing_away() {
        for sql in [
            "CREATE TABLE a (b int)",
            "ALTER TABLE a ADD COLUMN c int",
            "CREATE OR REPLACE FUNCTION f() RETURNS void AS 'DELETE FROM a' LANGUAGE sql",
            "INSERT INTO a SELECT 1",
            "COMMENT ON TABLE a IS 'x'",
            "DROP INDEX i",
        ] {
            assert!(touch(Dialect::Postgres, sql).is_nothing(), "{sql}");
        }
        for sql in [
            "DROP TABLE a",
            "ALTER TABLE a DROP COLUMN b",
            "ALTER TABLE a ALTER b TYPE int USING 1",
            "DROP VIEW a CASCADE",
            "DO $$ BEGIN END $$",
        ] {
            assert!(!touch(Dialect::Postgres, sql).is_nothing(), "{sql}");
        }
    }
}
