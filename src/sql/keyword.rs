//! The words that are coloured as keywords, and that a bare identifier may not be taken for.
//! One sorted list per dialect's common ground and one for what only it knows; the lists serve
//! colours and the classifier, never the decision whether to quote: every name is quoted.

use std::sync::LazyLock;

use super::Dialect;

/// Words of the SQL both engines speak, sorted.
const SHARED: &[&str] = &[
    "ADD",
    "ALL",
    "ALTER",
    "ALWAYS",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASCADE",
    "CASE",
    "CAST",
    "CHECK",
    "COLLATE",
    "COLUMN",
    "COMMIT",
    "CONFLICT",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "CURRENT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DEFAULT",
    "DEFERRABLE",
    "DEFERRED",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DO",
    "DROP",
    "EACH",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FOR",
    "FOREIGN",
    "FROM",
    "FULL",
    "GENERATED",
    "GROUP",
    "GROUPS",
    "HAVING",
    "IF",
    "IMMEDIATE",
    "IN",
    "INDEX",
    "INITIALLY",
    "INNER",
    "INSERT",
    "INSTEAD",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "KEY",
    "LAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MATCH",
    "MATERIALIZED",
    "NATURAL",
    "NO",
    "NOT",
    "NOTHING",
    "NOTNULL",
    "NULL",
    "NULLS",
    "OF",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OTHERS",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "PRIMARY",
    "RANGE",
    "RECURSIVE",
    "REFERENCES",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "RESTRICT",
    "RETURNING",
    "RIGHT",
    "ROLLBACK",
    "ROW",
    "ROWS",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "TABLE",
    "TEMP",
    "TEMPORARY",
    "THEN",
    "TIES",
    "TO",
    "TRANSACTION",
    "TRIGGER",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VACUUM",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHOUT",
];

/// Words only PostgreSQL gives a meaning, sorted.
const POSTGRES: &[&str] = &[
    "AFTER",
    "AGGREGATE",
    "ANY",
    "ARRAY",
    "ATOMIC",
    "ATTACH",
    "AUTHORIZATION",
    "BEFORE",
    "CALL",
    "CLUSTER",
    "COMMENT",
    "CONCURRENTLY",
    "COPY",
    "CUBE",
    "CURRENT_ROLE",
    "CURRENT_USER",
    "CYCLE",
    "DATABASE",
    "DEALLOCATE",
    "DECLARE",
    "DETACH",
    "DISCARD",
    "DOMAIN",
    "ENABLE",
    "ENUM",
    "EXECUTE",
    "EXTENSION",
    "FETCH",
    "FUNCTION",
    "GRANT",
    "GROUPING",
    "IDENTITY",
    "ILIKE",
    "INHERITS",
    "INTERVAL",
    "LANGUAGE",
    "LATERAL",
    "LISTEN",
    "LOCK",
    "LOGGED",
    "MERGE",
    "NOTIFY",
    "ONLY",
    "OWNED",
    "OWNER",
    "POLICY",
    "PREPARE",
    "PROCEDURE",
    "PUBLICATION",
    "REFRESH",
    "REPLACE",
    "RESET",
    "RETURNS",
    "REVOKE",
    "ROLE",
    "ROLLUP",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SECURITY",
    "SEQUENCE",
    "SERVER",
    "SESSION",
    "SESSION_USER",
    "SETS",
    "SHOW",
    "SIMILAR",
    "SOME",
    "STATISTICS",
    "STORED",
    "SUBSCRIPTION",
    "SYMMETRIC",
    "TABLESAMPLE",
    "TABLESPACE",
    "TRUNCATE",
    "TYPE",
    "UNLISTEN",
    "UNLOGGED",
    "USER",
    "VALIDATE",
    "VARIADIC",
    "VIRTUAL",
    "WITHIN",
    "ZONE",
];

/// Words only SQLite gives a meaning, sorted.
const SQLITE: &[&str] = &[
    "ABORT",
    "ACTION",
    "AFTER",
    "ATTACH",
    "AUTOINCREMENT",
    "BEFORE",
    "DATABASE",
    "DETACH",
    "EXCLUSIVE",
    "FAIL",
    "GLOB",
    "IGNORE",
    "INDEXED",
    "PLAN",
    "PRAGMA",
    "QUERY",
    "RAISE",
    "REGEXP",
    "REPLACE",
    "ROWID",
    "STORED",
    "STRICT",
    "VIRTUAL",
];

/// A list and, for each letter, where the words that begin with it stand in it.
struct Index {
    words: &'static [&'static str],
    letters: [(usize, usize); 26],
}

impl Index {
    fn of(words: &'static [&'static str]) -> Self {
        let letters = std::array::from_fn(|letter| {
            let first = |word: &&str| word.bytes().next().map(|byte| usize::from(byte - b'A'));
            let begin = words.partition_point(|word| first(word) < Some(letter));
            (begin, words.partition_point(|word| first(word) <= Some(letter)))
        });
        Self { words, letters }
    }

    /// Whether it holds a word that begins with this letter, counted from 0.
    fn holds(&self, letter: usize, word: &str) -> bool {
        let Some((begin, end)) = self.letters.get(letter) else { return false };
        let alike = self.words.get(*begin..*end).unwrap_or_default();
        alike.iter().any(|known| known.eq_ignore_ascii_case(word))
    }
}

static INDEXED: LazyLock<[Index; 3]> =
    LazyLock::new(|| [Index::of(SHARED), Index::of(POSTGRES), Index::of(SQLITE)]);

/// Whether the word, in any case, is a keyword of the dialect.
pub(super) fn is_keyword(dialect: Dialect, word: &str) -> bool {
    let Some(first) = word.bytes().next().filter(u8::is_ascii_alphabetic) else { return false };
    let letter = usize::from(first.to_ascii_uppercase() - b'A');
    let [shared, postgres, sqlite] = &*INDEXED;
    let own = match dialect {
        Dialect::Postgres => postgres,
        Dialect::Sqlite => sqlite,
    };
    shared.holds(letter, word) || own.holds(letter, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [SHARED, POSTGRES, SQLITE] {
            assert!(list.is_sorted());
        }
    }

    #[test]
    fn case_does_not_matter() {
        assert!(is_keyword(Dialect::Postgres, "select"));
        assert!(is_keyword(Dialect::Sqlite, "Pragma"));
        assert!(!is_keyword(Dialect::Postgres, "pragma"));
    }
}
