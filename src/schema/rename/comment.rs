//! Comments of a schema file that say what something was called before:
//!
//! ```sql
//! -- dbstudio: renamed from orders
//! CREATE TABLE purchases (
//!   id integer, -- dbstudio: renamed from order_id
//!   -- dbstudio: renamed from note
//!   remark text
//! );
//! ```
//!
//! The statement is not understood, only its first words and, of a table or an enum, where one
//! element in its brackets ends.

use super::answer::{Answer, Origin, Sort};
use super::path::{Part, Path};
use crate::problem::{Problem, Result};
use crate::schema::model::Kind;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// What such a comment says after its mark.
const SAYS: &str = "renamed from ";

/// The mark every comment to dbstudio begins with.
const MARK: &str = "dbstudio:";

/// The answers the comments of a schema file give.
///
/// # Errors
/// A usage problem for a comment that does not stand at something that has a name.
pub fn comments(dialect: Dialect, text: &str) -> Result<Vec<Answer>> {
    if !text.contains(MARK) {
        return Ok(Vec::new());
    }
    let found = tokens(dialect, text);
    let things = named(text, &found);
    let mut out = Vec::new();
    for (at, token) in found.iter().enumerate() {
        let Some(old) = says(text, token) else { continue };
        let line = line_of(text, token.range.start);
        let wrong = |why: &str| {
            Problem::usage(
                format!("The comment on line {line} of the schema says nothing that can be used"),
                why,
                "write it before CREATE …, or at the end of a column's line",
            )
        };
        let from = Path::read(old).ok_or_else(|| wrong("What follows \"from\" is not a name"))?;
        let own_line = stands_alone(text, &found, at);
        let place = token.range.start;
        // At the end of a line it is about what that line began last, or the statement that
        // ended there; else about what comes next.
        let ended = ends_a_statement(text, &found, at);
        let target = if own_line {
            things.iter().find(|thing| thing.start > place)
        } else {
            things.iter().rev().find(|thing| thing.start < place && (thing.whole || !ended))
        };
        let target = target.ok_or_else(|| wrong("Nothing that has a name follows it"))?;
        let from = if from.parts.len() == 1 {
            let mut parts = target.container.clone();
            parts.extend(from.parts.iter().cloned());
            Path { text: from.text, ..Path::exact(parts) }
        } else {
            from
        };
        let mut to = target.container.clone();
        to.push(target.name.clone());
        let origin = Origin::Comment { line };
        out.push(Answer { sort: target.sort, from, to: Path::exact(to), origin });
    }
    Ok(out)
}

/// What a comment says was the old name.
fn says<'a>(text: &'a str, token: &Token) -> Option<&'a str> {
    if token.kind != TokenKind::Comment {
        return None;
    }
    let inside = token.text(text);
    let inside = inside
        .strip_prefix("--")
        .or_else(|| inside.strip_prefix("/*").and_then(|inside| inside.strip_suffix("*/")))?;
    inside.trim().strip_prefix(MARK)?.trim_start().strip_prefix(SAYS).map(str::trim)
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Whether nothing but blanks stands before a comment on its line.
fn stands_alone(text: &str, found: &[Token], at: usize) -> bool {
    match at.checked_sub(1).and_then(|before| found.get(before)) {
        None => true,
        Some(before) if before.kind == TokenKind::Space => {
            before.range.start == 0 || before.text(text).contains('\n')
        }
        Some(_) => false,
    }
}

/// Whether the last word before a comment is a semicolon.
fn ends_a_statement(text: &str, found: &[Token], at: usize) -> bool {
    let before = found.get(..at).unwrap_or_default();
    let last = before.iter().rev().find(|token| token.significant());
    last.is_some_and(|token| token.text(text) == ";")
}

/// Something in a file that has a name, and where it begins.
struct Named {
    start: usize,
    /// Whether it is what a statement makes, not an element of that.
    whole: bool,
    sort: Sort,
    container: Vec<Part>,
    name: Part,
}

/// What a schema file makes: where each begins, and the parts of its name as they are written.
pub(in crate::schema) fn made(dialect: Dialect, text: &str) -> Vec<(usize, Vec<String>)> {
    let path = |thing: Named| {
        let parts = thing.container.into_iter().chain([thing.name]);
        (thing.start, parts.map(|part| part.name).collect())
    };
    named(text, &tokens(dialect, text)).into_iter().map(path).collect()
}

/// Everything that has a name, in the order of the file.
fn named(text: &str, found: &[Token]) -> Vec<Named> {
    let words: Vec<&Token> = found.iter().filter(|token| token.significant()).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let start = words.get(at).map_or(0, |token| token.range.start);
        let end = (at..words.len()).find(|&at| is(text, &words, at, ";")).unwrap_or(words.len());
        statement(text, &words, at, end, start, &mut out);
        at = end + 1;
    }
    out
}

fn is(text: &str, words: &[&Token], at: usize, word: &str) -> bool {
    words.get(at).is_some_and(|token| {
        token.is_word(text, word)
            || token.kind == TokenKind::Punctuation && token.text(text) == word
    })
}

/// The words between CREATE and what is created.
const BETWEEN: &[&str] = &[
    "OR",
    "REPLACE",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
    "UNIQUE",
    "MATERIALIZED",
    "RECURSIVE",
    "VIRTUAL",
    "FOREIGN",
];

/// What can be created under a name that can change.
const CREATED: &[(&str, Sort)] = &[
    ("TABLE", Sort::Object(Kind::Table)),
    ("INDEX", Sort::Object(Kind::Index)),
    ("TYPE", Sort::Type),
    ("DOMAIN", Sort::Type),
    ("SEQUENCE", Sort::Object(Kind::Sequence)),
    ("SCHEMA", Sort::Object(Kind::Schema)),
    ("FUNCTION", Sort::Object(Kind::Routine)),
    ("PROCEDURE", Sort::Object(Kind::Routine)),
    ("VIEW", Sort::Object(Kind::View)),
];

fn statement(
    text: &str,
    words: &[&Token],
    from: usize,
    end: usize,
    start: usize,
    out: &mut Vec<Named>,
) {
    if !is(text, words, from, "CREATE") {
        return;
    }
    let mut at = from + 1;
    let materialized = is(text, words, at, "MATERIALIZED");
    while at < end && BETWEEN.iter().any(|word| is(text, words, at, word)) {
        at += 1;
    }
    let Some((_, sort)) = CREATED.iter().find(|(word, _)| is(text, words, at, word)) else {
        return;
    };
    let sort = if materialized { Sort::Object(Kind::MaterializedView) } else { *sort };
    at += 1;
    for word in ["CONCURRENTLY", "IF", "NOT", "EXISTS"] {
        at += usize::from(is(text, words, at, word));
    }
    let mut path = Vec::new();
    while let Some(part) = words.get(at).and_then(|token| part(text, token)) {
        path.push(part);
        at += 1;
        if !is(text, words, at, ".") {
            break;
        }
        at += 1;
    }
    let Some(name) = path.pop() else { return };
    // An index stands in a table for us, and the statement names its schema nowhere else.
    out.push(Named { start, whole: true, sort, container: path.clone(), name: name.clone() });
    path.push(name);
    if matches!(sort, Sort::Object(Kind::Table) | Sort::Type) {
        elements(text, words, at, end, &path, out);
    }
}

/// The columns and constraints in a table's brackets, the labels in an enum's.
fn elements(
    text: &str,
    words: &[&Token],
    from: usize,
    end: usize,
    container: &[Part],
    out: &mut Vec<Named>,
) {
    let Some(open) = (from..end).find(|&at| is(text, words, at, "(")) else { return };
    let labels = open.checked_sub(1).is_some_and(|at| is(text, words, at, "ENUM"));
    let (mut depth, mut first) = (1usize, true);
    for at in open + 1..end {
        let Some(token) = words.get(at) else { return };
        let mark = if token.kind == TokenKind::Punctuation { token.text(text) } else { "" };
        if depth == 1 && first {
            out.extend(element(text, words, at, labels, container));
        }
        first = depth == 1 && mark == ",";
        match mark {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

fn element(
    text: &str,
    words: &[&Token],
    at: usize,
    labels: bool,
    container: &[Part],
) -> Option<Named> {
    let token = words.get(at)?;
    let (sort, name) = if labels {
        (Sort::Label, Part { name: token.name(text)?, quoted: true })
    } else if is(text, words, at, "CONSTRAINT") {
        (Sort::Object(Kind::Constraint), part(text, words.get(at + 1)?)?)
    } else {
        let unnamed = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE"];
        if unnamed.iter().any(|word| token.is_word(text, word)) {
            return None;
        }
        (Sort::Object(Kind::Column), part(text, token)?)
    };
    let start = token.range.start;
    Some(Named { start, whole: false, sort, container: container.to_vec(), name })
}

/// A token as a part of a name.
fn part(text: &str, token: &Token) -> Option<Part> {
    let quoted = matches!(token.kind, TokenKind::QuotedIdentifier | TokenKind::String);
    Some(Part { name: token.name(text)?, quoted })
}
