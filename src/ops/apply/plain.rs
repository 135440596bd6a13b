//! Statements that leave a PostgreSQL session as it was, whatever the schema they run on: they
//! evaluate nothing a person wrote. After those the session need not be put back, which is a third
//! of what a small migration costs. It only reads text, and says no where it is not certain.

use crate::sql::Dialect;
use crate::sql::lexer::{Token, tokens};

/// Words with which a new table is filled, is one of the session, or has something computed while it
/// is made: bounds of partitions, expressions of indexes.
const COMPUTED: [&str; 10] = [
    "PG_TEMP",
    "SELECT",
    "VALUES",
    "EXECUTE",
    "WITH",
    "PARTITION",
    "EXCLUDE",
    "LIKE",
    "TEMP",
    "TEMPORARY",
];

/// Whether a statement leaves the session as it was, where no event trigger fires: a plain CREATE
/// TABLE, whose defaults and checks are stored and not evaluated, DROP, COMMENT.
pub(super) fn is_plain(sql: &str) -> bool {
    let words: Vec<String> = tokens(Dialect::Postgres, sql)
        .into_iter()
        .filter(Token::significant)
        .map(|token| token.text(sql).to_ascii_uppercase())
        .collect();
    let mut words = words.iter().map(String::as_str);
    match (words.next(), words.next()) {
        (Some("CREATE"), Some("TABLE")) => {
            // CREATE TABLE … AS TABLE … fills it too.
            words.all(|word| word != "TABLE" && !COMPUTED.contains(&word))
        }
        (Some("DROP"), Some("TABLE" | "INDEX" | "VIEW" | "TYPE" | "SEQUENCE")) => {
            words.next() != Some("CONCURRENTLY")
        }
        (Some("COMMENT"), Some("ON")) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_what_evaluates_nothing_is_plain() {
        for sql in [
            "CREATE TABLE t (id integer PRIMARY KEY, at timestamptz DEFAULT now() CHECK (f(at)))",
            "create table if not exists t (id bigint GENERATED ALWAYS AS IDENTITY)",
            "DROP TABLE t",
            "COMMENT ON TABLE t IS 'select'",
        ] {
            assert!(is_plain(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE t AS SELECT set_config('search_path', 'x', false)",
            "CREATE TABLE t AS TABLE other",
            "CREATE TABLE t AS (VALUES (f()))",
            "CREATE TEMP TABLE t (id integer)",
            "CREATE TABLE pg_temp.t (id integer)",
            "CREATE TABLE t PARTITION OF p FOR VALUES FROM (f()) TO (g())",
            "CREATE INDEX i ON t (f(a))",
            "ALTER TABLE t ADD COLUMN a integer DEFAULT f()",
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
            "SET search_path = x",
            "SELECT f()",
            "DO $$ BEGIN END $$",
        ] {
            assert!(!is_plain(sql), "{sql}");
        }
    }
}
