//! What to do with a statement of a schema's SQL, told by its first words: most are run; some
//! reach beyond the scratch database, and would change the server it is on; some only make sense
//! where a program runs the whole file.

use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, cuts, tokens};

/// What to do with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Run it, now or once what it needs is there.
    Run,
    /// Run this before whatever follows it in its script.
    Setting(String),
    /// Leave it out: it changes nothing about the schema.
    Skip,
    /// It makes a role: that is the server's, and must be there already.
    Role(String),
    /// Refuse the script: why, and what to do.
    Refuse(String, &'static str),
}

/// Settings that pg_dump writes and that other servers may not know, or that are ours to choose.
/// None of them changes what the schema becomes.
const OF_DUMPS: &[&str] = &[
    "TRANSACTION_TIMEOUT",
    "IDLE_IN_TRANSACTION_SESSION_TIMEOUT",
    "STATEMENT_TIMEOUT",
    "LOCK_TIMEOUT",
    "ROW_SECURITY",
    "CLIENT_ENCODING",
];

/// What the shell of SQLite takes for itself at the beginning of a line.
const DOT_COMMANDS: &[&str] = &[
    ".bail",
    ".dump",
    ".echo",
    ".headers",
    ".import",
    ".load",
    ".mode",
    ".once",
    ".open",
    ".output",
    ".print",
    ".quit",
    ".read",
    ".restore",
    ".save",
    ".schema",
    ".separator",
    ".system",
    ".timeout",
];

/// The text of a script for splitting: lines that only psql understands are blanked, so that
/// every place stays where it is. The error is the first line there is no use for.
pub(in crate::ops) fn without_meta_commands(
    dialect: Dialect,
    text: &str,
) -> Result<String, (usize, String)> {
    let mark = match dialect {
        Dialect::Postgres => '\\',
        Dialect::Sqlite => '.',
    };
    let mut out = text.to_owned();
    let mut until = 0;
    for token in cuts(dialect, text) {
        let at = token.range.start;
        if at < until || !token.text(text).starts_with(mark) || !begins_a_line(text, at) {
            continue;
        }
        let line = text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let word = line.split_whitespace().next().unwrap_or_default();
        // pg_dump guards what it writes with these (since 17.6), against a server that lies.
        if !matches!(word, "\\restrict" | "\\unrestrict") {
            if dialect == Dialect::Sqlite && !DOT_COMMANDS.contains(&word) {
                continue;
            }
            return Err((at, word.to_owned()));
        }
        until = at + line.len();
        out.replace_range(at..until, &" ".repeat(line.len()));
    }
    Ok(out)
}

fn begins_a_line(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
}

/// Why a line for another program is refused, and what to do.
pub(in crate::ops) fn refusal(word: &str) -> (String, &'static str) {
    if word == "\\." {
        return (COPY.0.to_owned(), COPY.1);
    }
    (format!("{word} is a command of another program, not SQL"), "take the line out")
}

/// Why rows have no place in a schema, and what to do.
const COPY: (&str, &str) = (
    "COPY moves rows, which are no part of a schema",
    "dump the schema alone (pg_dump --schema-only), and keep rows in seeds",
);

/// Judges a statement.
pub(super) fn judge(dialect: Dialect, sql: &str) -> Verdict {
    let words: Vec<String> = each_word(dialect, sql).take(4).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let head = [word(0), word(1), word(2)];
    match (dialect, head) {
        (_, ["ROLLBACK" | "ABORT", ..]) => Verdict::Refuse(
            "it would take back what the file has made".to_owned(),
            "take the statement out: the file says what is to be there",
        ),
        (_, ["COMMIT" | "PREPARE", "PREPARED" | "TRANSACTION", _])
            if word(0) == "PREPARE" || word(1) == "PREPARED" =>
        {
            Verdict::Refuse(
                "two-phase transactions have no place in a schema".to_owned(),
                "take the statement out",
            )
        }
        (_, ["BEGIN" | "COMMIT" | "END" | "SAVEPOINT" | "RELEASE", ..])
        | (Dialect::Postgres, ["START", "TRANSACTION", _])
        | (Dialect::Postgres, ["DISCARD", ..])
        | (Dialect::Postgres, ["SET", "TRANSACTION" | "CONSTRAINTS", _])
        | (Dialect::Postgres, ["SET", "SESSION", "CHARACTERISTICS"]) => Verdict::Skip,
        (Dialect::Sqlite, _) => sqlite(head),
        (Dialect::Postgres, _) => postgres(sql, &words),
    }
}

/// Whether a statement sets something for the session.
pub(in crate::ops) fn is_setting(dialect: Dialect, sql: &str) -> bool {
    matches!(judge(dialect, sql), Verdict::Setting(_))
}

fn sqlite(head: [&str; 3]) -> Verdict {
    match head {
        ["ATTACH" | "DETACH", ..] => Verdict::Refuse(
            "a schema is one file's".to_owned(),
            "take the statement out; the schema of another file is another project's",
        ),
        ["VACUUM", "INTO", _] | ["VACUUM", _, "INTO"] => Verdict::Refuse(
            "it would write a file".to_owned(),
            "take the statement out: it changes no schema",
        ),
        _ => Verdict::Run,
    }
}

fn postgres(sql: &str, words: &[String]) -> Verdict {
    const SERVER: &str = "it changes the whole server, and the schema is tried out on it";
    const ONCE: &str = "take it out of the schema, and run it once yourself";
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match [word(0), word(1), word(2)] {
        ["SET", "LOCAL" | "SESSION", name] | ["SET", name, _] if OF_DUMPS.contains(&name) => {
            Verdict::Skip
        }
        ["SET", "LOCAL", _] => Verdict::Setting(lasting(sql)),
        ["SET" | "RESET", ..] => Verdict::Setting(sql.to_owned()),
        ["SELECT", "SET_CONFIG", _] => Verdict::Setting(sql.to_owned()),
        ["SELECT", "PG_CATALOG", "."] if word(3) == "SET_CONFIG" => {
            Verdict::Setting(sql.to_owned())
        }
        ["COPY", ..] => Verdict::Refuse(COPY.0.to_owned(), COPY.1),
        ["CREATE" | "ALTER" | "DROP", "USER", "MAPPING"] => Verdict::Run,
        ["CREATE", "ROLE" | "USER" | "GROUP", _] => Verdict::Role(name(sql, 2)),
        ["CREATE" | "ALTER" | "DROP", "DATABASE", _] => Verdict::Refuse(
            "the schema is tried out in a scratch database of the same server, which this would \
             leave"
                .to_owned(),
            "take the statement out (pg_dump without --create writes none)",
        ),
        ["CREATE" | "ALTER" | "DROP", "TABLESPACE" | "ROLE" | "USER" | "GROUP", _]
        | ["ALTER", "SYSTEM", _]
        | ["DROP" | "REASSIGN", "OWNED", _]
        | ["COMMENT", "ON", "DATABASE" | "ROLE" | "TABLESPACE"] => {
            Verdict::Refuse(SERVER.to_owned(), ONCE)
        }
        ["CREATE" | "ALTER" | "DROP", "SUBSCRIPTION", _] => {
            Verdict::Refuse("a subscription connects to another server".to_owned(), ONCE)
        }
        ["GRANT" | "REVOKE", ..] if is_grant_beyond(sql) => {
            Verdict::Refuse(SERVER.to_owned(), ONCE)
        }
        _ => Verdict::Run,
    }
}

/// A setting without LOCAL, since every statement is a transaction of its own.
fn lasting(sql: &str) -> String {
    let local = tokens(Dialect::Postgres, sql).into_iter().filter(Token::significant).nth(1);
    let mut kept = sql.to_owned();
    if let Some(token) = local {
        kept.replace_range(token.range, "");
    }
    kept
}

/// Whether a grant is on what belongs to the whole server, or is a role's to another.
fn is_grant_beyond(sql: &str) -> bool {
    let mut words = each_word(Dialect::Postgres, sql);
    let is_on_something = words.any(|word| word == "ON");
    let what = words.next();
    !is_on_something || matches!(what.as_deref(), Some("DATABASE" | "TABLESPACE" | "PARAMETER"))
}

/// The significant words of a statement in upper case; what is quoted is empty.
pub(in crate::ops) fn words(dialect: Dialect, sql: &str) -> Vec<String> {
    each_word(dialect, sql).collect()
}

/// The same one by one, for who looks at the first of them.
pub(in crate::ops) fn each_word(dialect: Dialect, sql: &str) -> impl Iterator<Item = String> + '_ {
    let word = |token: Token| match token.kind {
        TokenKind::Keyword | TokenKind::Identifier => token.text(sql).to_ascii_uppercase(),
        TokenKind::Punctuation | TokenKind::Operator => token.text(sql).to_owned(),
        _ => String::new(),
    };
    cuts(dialect, sql).filter(Token::significant).map(word)
}

/// The name at a place among the significant words, as the server folds it.
fn name(sql: &str, at: usize) -> String {
    let token = tokens(Dialect::Postgres, sql).into_iter().filter(Token::significant).nth(at);
    token.map_or_else(String::new, |token| match token.name(sql) {
        Some(name) if token.kind == TokenKind::QuotedIdentifier => name,
        _ => token.text(sql).to_ascii_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pg(sql: &str) -> Verdict {
        judge(Dialect::Postgres, sql)
    }

    #[test]
    fn statements_are_judged_by_their_first_words() {
        for sql in ["BEGIN", "start transaction", "COMMIT", "END", "SET CONSTRAINTS ALL DEFERRED"] {
            assert_eq!(pg(sql), Verdict::Skip, "{sql}");
        }
        for sql in [
            "CREATE TABLE begin_log (id int)",
            "GRANT SELECT ON t TO app",
            "CREATE USER MAPPING FOR app SERVER s",
            "CREATE DOMAIN database AS int",
            "SELECT setval('a', 1)",
            "PREPARE q AS SELECT 1",
        ] {
            assert_eq!(pg(sql), Verdict::Run, "{sql}");
        }
        assert_eq!(pg("CREATE ROLE \"App\" LOGIN"), Verdict::Role("App".to_owned()));
        assert_eq!(pg("create user App"), Verdict::Role("app".to_owned()));
        for sql in [
            "ROLLBACK",
            "CREATE DATABASE x",
            "ALTER ROLE app SET x = 1",
            "ALTER SYSTEM SET work_mem = 1",
            "GRANT app TO other",
            "REVOKE ALL ON DATABASE shop FROM PUBLIC",
            "COPY t FROM stdin",
            "DROP OWNED BY app",
            "COMMIT PREPARED 'x'",
        ] {
            assert!(matches!(pg(sql), Verdict::Refuse(..)), "{sql}");
        }
        assert!(matches!(judge(Dialect::Sqlite, "ATTACH 'x' AS y"), Verdict::Refuse(..)));
        assert_eq!(judge(Dialect::Sqlite, "PRAGMA foreign_keys = ON"), Verdict::Run);
    }

    #[test]
    fn settings_hold_for_what_follows() {
        let set = |sql: &str| match pg(sql) {
            Verdict::Setting(sql) => sql,
            other => format!("{other:?}"),
        };
        assert_eq!(set("SET search_path = app"), "SET search_path = app");
        assert_eq!(set("SET LOCAL search_path = app"), "SET  search_path = app");
        for sql in ["SET transaction_timeout = 0", "SET SESSION client_encoding = 'LATIN1'"] {
            assert_eq!(pg(sql), Verdict::Skip, "{sql}");
        }
        let dumped = "SELECT pg_catalog.set_config('search_path', '', false)";
        assert_eq!(set(dumped), dumped);
    }

    #[test]
    fn lines_for_psql_are_blanked_or_refused() {
        let text = "\\restrict abc;d\nSELECT '\n\\x';\n\\unrestrict abc;d\n";
        let blanked = without_meta_commands(Dialect::Postgres, text).unwrap();
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blanked.trim(), "SELECT '\n\\x';");
        let text = "SELECT 1;\n\\connect shop\n";
        let refused = without_meta_commands(Dialect::Postgres, text);
        assert_eq!(refused, Err((10, "\\connect".to_owned())));
        let text = "CREATE TABLE t (a);\n.read x.sql\n";
        assert!(without_meta_commands(Dialect::Sqlite, text).is_err());
    }
}
