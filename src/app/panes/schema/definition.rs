//! The SQL that makes a relation, in lines of coloured words.

use crate::app::panes::schema::{LineKind, SchemaLine};
use crate::app::span::{Ink, Span};
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// Lines of SQL that are shown; what is longer can be copied whole.
const MOST_LINES: usize = 5_000;

/// Adds the definition as the last section.
pub fn add(lines: &mut Vec<SchemaLine>, dialect: Dialect, definition: &str) {
    if definition.trim().is_empty() {
        return;
    }
    let section = lines.last().map_or(0, |line| line.section + 1);
    let bare = |kind, cells| SchemaLine {
        section,
        kind,
        cells,
        target: None,
        copy: definition.to_owned(),
    };
    if !lines.is_empty() {
        lines.push(SchemaLine { copy: String::new(), ..bare(LineKind::Blank, Vec::new()) });
    }
    lines.push(bare(LineKind::Heading, vec![vec![Span::new(Ink::Group, "Definition")]]));
    // The words of all lines share one copy: that of the heading.
    let sql = split(dialect, definition);
    lines.extend(sql.into_iter().take(MOST_LINES).map(|spans| SchemaLine {
        section,
        kind: LineKind::Sql,
        cells: vec![spans],
        target: None,
        copy: String::new(),
    }));
}

/// The text in lines, each of coloured words.
pub fn split(dialect: Dialect, text: &str) -> Vec<Vec<Span<'static>>> {
    let mut lines = Vec::new();
    let mut line: Vec<Span<'static>> = Vec::new();
    for token in tokens(dialect, text) {
        let ink = ink(token.kind);
        for (at, part) in token.text(text).split('\n').enumerate() {
            if at > 0 {
                lines.push(std::mem::take(&mut line));
            }
            let part = part.trim_end_matches('\r').replace('\t', "    ");
            if !part.is_empty() {
                line.push(Span::new(ink, part));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn ink(kind: TokenKind) -> Ink {
    match kind {
        TokenKind::Space => Ink::Text,
        TokenKind::Comment => Ink::Comment,
        TokenKind::Keyword => Ink::Keyword,
        TokenKind::Identifier | TokenKind::QuotedIdentifier => Ink::Identifier,
        TokenKind::String => Ink::String,
        TokenKind::Number | TokenKind::Parameter => Ink::Number,
        TokenKind::Operator | TokenKind::Punctuation => Ink::Punctuation,
    }
}
