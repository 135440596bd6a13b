//! A migration's file as the statements that run: cut, judged by their first words, and refused
//! where running them could not be taken back or followed, before anything runs.
//!
//! Nothing here touches a database. What is left out is what the program does itself: the file's
//! own BEGIN and COMMIT around everything, and SQLite's switch of foreign keys.

use super::desired::{each_word, refusal, without_meta_commands, words};
use super::run::Statement;
use crate::db::fault::{Place, Script};
use crate::migrations::Format;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;
use crate::sql::statement::split;

/// A script cut into what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The statements in their order.
    pub(super) statements: Vec<Statement>,
    /// Whether they run in one transaction.
    pub(super) transaction: bool,
    /// What the person should know, in sentences.
    pub(super) notes: Vec<String>,
}

/// What a statement is to whoever runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sort {
    /// It runs.
    Runs,
    /// It runs outside a transaction.
    Alone,
    /// It may end transactions itself, in a script that runs outside one.
    MayCommit,
    /// It only makes sense in a transaction of the script's.
    Within,
    /// It begins a transaction.
    Begins,
    /// It ends one.
    Ends,
    /// What it does is done anyway.
    Skipped,
    /// It is refused: why, and what to do.
    Refused(&'static str, &'static str),
}

/// Cuts a script. `alone` is whether its file says that it must not run in a transaction.
///
/// # Errors
/// A statement that is refused, with its place.
pub(super) fn cut(dialect: Dialect, format: Format, script: &Script, alone: bool) -> Result<Cut> {
    let text = readable(dialect, script)?;
    let mut found: Vec<(Statement, Sort)> = Vec::new();
    for piece in split(dialect, &text).into_iter().filter(|piece| !piece.is_blank()) {
        let (start, sql) = (piece.body.start, piece.text(&text).to_owned());
        match sort(dialect, &sql) {
            Sort::Skipped => {}
            Sort::Refused(why, fix) => return Err(refused(script, start, why, fix)),
            sort => found.push((Statement { sql, start, alone: false }, sort)),
        }
    }
    unwrap(&mut found);
    let own = found.iter().find(|(_, sort)| matches!(sort, Sort::Begins | Sort::Ends));
    if let Some((statement, _)) = own {
        return Err(refused(
            script,
            statement.start,
            "a migration runs in a transaction that dbstudio begins and ends, and this would end \
             it in the middle",
            "take BEGIN and COMMIT out; what must be committed apart is a migration of its own",
        ));
    }
    let must = found.iter().find(|(_, sort)| *sort == Sort::Alone);
    let mut notes = Vec::new();
    let transaction = match must {
        _ if alone && (dialect == Dialect::Postgres || must.is_some()) => false,
        None => true,
        Some((statement, _)) => {
            if let Some(fix) = marker(format) {
                let why = "the server refuses it inside a transaction";
                return Err(refused(script, statement.start, why, fix));
            }
            notes.push(format!(
                "{} runs outside a transaction: one of its statements must",
                script.name
            ));
            false
        }
    };
    if !transaction && let Some((within, _)) = found.iter().find(|(_, sort)| *sort == Sort::Within)
    {
        let why = "this script runs outside a transaction, where there is nothing to come back to";
        return Err(refused(script, within.start, why, "take the statement out"));
    }
    let statements = found.into_iter().map(|(mut statement, sort)| {
        statement.alone = !transaction && matches!(sort, Sort::Alone | Sort::MayCommit);
        statement
    });
    Ok(Cut { statements: statements.collect(), transaction, notes })
}

/// Whether no transaction can hold a statement, wherever it stands.
pub(super) fn is_alone(dialect: Dialect, sql: &str) -> bool {
    sort(dialect, sql) == Sort::Alone
}

/// How a file of a format says that it must not run in a transaction; none where it cannot.
fn marker(format: Format) -> Option<&'static str> {
    match format {
        Format::Native | Format::Plain => Some(
            "begin the file with the line -- no-transaction, or leave CONCURRENTLY out; a \
             statement like this is best a migration of its own",
        ),
        Format::Dbmate => Some("write transaction:false behind -- migrate:up"),
        _ => None,
    }
}

/// The text for splitting: without a byte order mark and lines that only psql understands, every
/// place staying where it is.
fn readable(dialect: Dialect, script: &Script) -> Result<String> {
    if let Some(at) = script.text.find('\0') {
        let why = "there is a NUL character in it, which SQL cannot hold";
        return Err(refused(script, at, why, "save the file as UTF-8 text"));
    }
    let mut text = script.text.clone();
    if text.starts_with('\u{feff}') {
        text.replace_range(..'\u{feff}'.len_utf8(), "   ");
    }
    without_meta_commands(dialect, &text).map_err(|(at, word)| {
        let (why, fix) = match word.as_str() {
            "\\." => (COPY.0.to_owned(), COPY.1),
            word => refusal(word),
        };
        refused(script, at, &why, fix)
    })
}

/// Takes the file's own BEGIN and COMMIT around everything away: it runs in ours.
fn unwrap(found: &mut Vec<(Statement, Sort)>) {
    let first = found.first().is_some_and(|(_, sort)| *sort == Sort::Begins);
    let last = found.last().is_some_and(|(_, sort)| *sort == Sort::Ends);
    let inner = found.iter().filter(|(_, sort)| matches!(sort, Sort::Begins | Sort::Ends)).count();
    if first && last && inner == 2 {
        found.remove(0);
        found.pop();
    }
}

/// Why rows from the client are refused, and what to do.
const COPY: (&str, &str) = (
    "COPY FROM STDIN reads rows that only psql sends",
    "write the rows as INSERT, or load them with a seed",
);

fn sort(dialect: Dialect, sql: &str) -> Sort {
    // What most statements are, and no judgement needs more of than this.
    let first = each_word(dialect, sql).next();
    let ordinary = ["CREATE", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER"];
    if dialect == Dialect::Sqlite && first.is_some_and(|first| ordinary.contains(&&*first)) {
        return Sort::Runs;
    }
    let words = words(dialect, sql);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let plain = words.len() <= 2;
    match [word(0), word(1), word(2)] {
        ["PREPARE", "TRANSACTION", _] | ["COMMIT" | "ROLLBACK", "PREPARED", _] => Sort::Refused(
            "two-phase transactions have no place in a migration",
            "take the statement out",
        ),
        ["BEGIN", ..] if plain || (words.len() == 3 && dialect == Dialect::Sqlite) => Sort::Begins,
        ["START", "TRANSACTION", _] if plain => Sort::Begins,
        ["BEGIN", ..] | ["START", "TRANSACTION", _] => Sort::Refused(
            "the migration runs in a transaction that dbstudio begins",
            "write SET TRANSACTION and what this says of the transaction as the first statement",
        ),
        ["COMMIT" | "END", ..] if plain => Sort::Ends,
        ["COMMIT" | "END", ..] => Sort::Refused(
            "it would end the transaction the migration runs in",
            "take the statement out",
        ),
        ["ROLLBACK", "TO", _] | ["ROLLBACK", _, "TO"] | ["SAVEPOINT" | "RELEASE", ..] => {
            Sort::Within
        }
        ["ROLLBACK" | "ABORT", ..] => Sort::Refused(
            "it would take back what the migration has done",
            "take the statement out",
        ),
        _ if dialect == Dialect::Sqlite => sqlite(&words),
        _ => postgres(sql, &words),
    }
}

fn sqlite(words: &[String]) -> Sort {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match [word(0), word(1)] {
        ["ATTACH" | "DETACH", _] => Sort::Refused(
            "a migration is one database's, and what it does to another cannot be taken back",
            "take the statement out",
        ),
        ["VACUUM", _] if words.iter().any(|word| word == "INTO") => Sort::Refused(
            "it would write a file",
            "take the statement out; dbstudio backup does that",
        ),
        ["VACUUM", _] => Sort::Alone,
        ["PRAGMA", _] => {
            let name = if word(2) == "." { word(3) } else { word(1) };
            match name {
                "FOREIGN_KEYS" | "DEFER_FOREIGN_KEYS" | "LEGACY_ALTER_TABLE" => Sort::Skipped,
                "JOURNAL_MODE" => Sort::Alone,
                _ => Sort::Runs,
            }
        }
        _ => Sort::Runs,
    }
}

fn postgres(sql: &str, words: &[String]) -> Sort {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    match [word(0), word(1), word(2)] {
        ["COPY", ..] if has("STDIN") || has("STDOUT") => Sort::Refused(COPY.0, COPY.1),
        ["CREATE", "INDEX", "CONCURRENTLY"] | ["CREATE", "UNIQUE", "INDEX"]
            if word(2) == "CONCURRENTLY" || word(3) == "CONCURRENTLY" =>
        {
            Sort::Alone
        }
        ["DROP", "INDEX", "CONCURRENTLY"]
        | ["VACUUM", ..]
        | ["ALTER", "SYSTEM", _]
        | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE", _]
        | ["CREATE" | "DROP" | "ALTER", "SUBSCRIPTION", _]
        | ["DISCARD", "ALL", _] => Sort::Alone,
        ["REINDEX", ..]
            if has("CONCURRENTLY") || has("SCHEMA") || has("DATABASE") || has("SYSTEM") =>
        {
            Sort::Alone
        }
        ["ALTER", "TABLE", _] if has("DETACH") && has("CONCURRENTLY") => Sort::Alone,
        ["CLUSTER", ..] if words.len() == 1 || (word(1) == "VERBOSE" && words.len() == 2) => {
            Sort::Alone
        }
        ["CALL", ..] => Sort::MayCommit,
        ["DO", ..] if sql.to_ascii_uppercase().contains("COMMIT") => Sort::MayCommit,
        _ => Sort::Runs,
    }
}

fn refused(script: &Script, at: usize, why: &str, fix: &str) -> Problem {
    let place = Place::of(&script.text, at);
    let line = script.text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
    Problem::new(
        Kind::Refused,
        format!("{}, line {}: nothing is run, because this cannot be", script.name, place.line),
        format!("{why}\n  {}", line.trim_end()),
        fix,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_of(dialect: Dialect, text: &str, alone: bool) -> Result<Cut> {
        let script = Script { name: "1_a.sql".to_owned(), text: text.to_owned() };
        cut(dialect, Format::Native, &script, alone)
    }

    fn texts(cut: &Cut) -> Vec<&str> {
        cut.statements.iter().map(|one| one.sql.as_str()).collect()
    }

    #[test]
    fn what_the_program_does_itself_is_left_out() {
        let text = "\u{feff}PRAGMA foreign_keys=OFF;\r\nBEGIN TRANSACTION;\r\nCREATE TABLE a (b);\r\n\
                    COMMIT;\r\nPRAGMA foreign_keys=ON;\r\n";
        let cut = cut_of(Dialect::Sqlite, text, false).unwrap();
        assert_eq!((texts(&cut), cut.transaction), (vec!["CREATE TABLE a (b)"], true));
        let start = cut.statements[0].start;
        assert!(text[start..].starts_with("CREATE"));
        assert_eq!(
            texts(&cut_of(Dialect::Postgres, "BEGIN; SELECT 1; END", false).unwrap()),
            ["SELECT 1"]
        );
    }

    #[test]
    fn what_cannot_be_followed_is_refused_with_its_place() {
        for (text, words) in [
            ("SELECT 1;\nCOMMIT;\nSELECT 2;", "line 2"),
            ("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT;", "in the middle"),
            ("SELECT 1;\nROLLBACK;", "take back"),
            ("SELECT 1;\n\\connect shop\n", "\\connect"),
            ("COPY t FROM STDIN;\n1\n\\.\n", "only psql"),
            ("COMMIT PREPARED 'a'", "two-phase"),
            ("CREATE INDEX CONCURRENTLY i ON t (a)", "inside a transaction"),
            ("SELECT '\0'", "NUL"),
        ] {
            let problem = cut_of(Dialect::Postgres, text, false).unwrap_err();
            assert_eq!(problem.kind, Kind::Refused);
            assert!(problem.to_string().contains(words), "{text}: {problem}");
        }
        assert!(cut_of(Dialect::Sqlite, "ATTACH 'a' AS b", false).is_err());
    }

    #[test]
    fn outside_a_transaction_only_what_must_be_is_alone() {
        let text = "-- no-transaction\nCREATE TABLE a (b int);\nCREATE UNIQUE INDEX CONCURRENTLY i ON a (b);\n\
                    REINDEX (VERBOSE) INDEX CONCURRENTLY i; VACUUM a; CALL p(); SELECT 1";
        let found = cut_of(Dialect::Postgres, text, true).unwrap();
        let alone: Vec<bool> = found.statements.iter().map(|one| one.alone).collect();
        assert_eq!((alone, found.transaction), (vec![false, true, true, true, true, false], false));
        let script =
            Script { name: "x".to_owned(), text: "DROP INDEX CONCURRENTLY i; SELECT 1".to_owned() };
        let found = cut(Dialect::Postgres, Format::Drizzle, &script, false).unwrap();
        assert_eq!((found.transaction, found.notes.len()), (false, 1));
        assert!(cut_of(Dialect::Sqlite, "CREATE TABLE a (b)", true).unwrap().transaction);
    }
}
