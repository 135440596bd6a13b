//! SQL as text: how each dialect quotes, and how a text is cut into tokens and statements and
//! judged. Everything here is pure; nothing here runs a statement or knows a catalogue.

pub mod classify;
pub mod expression;
mod keyword;
pub mod lexer;
pub mod nesting;
mod reserved;
pub mod statement;
pub mod touch;

/// The two ways of writing SQL this project knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, with `standard_conforming_strings` on (its default since 9.1).
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// The name as an identifier: always quoted, so that no name is ever taken for a keyword or
    /// folded to another case (PostgreSQL manual 4.1.1, SQLite "Keywords").
    pub fn ident(self, name: &str) -> String {
        quoted(name, '"')
    }

    /// The name as an identifier in SQL that a person reads: quoted only where it must be.
    pub fn name(self, name: &str) -> String {
        if reserved::may_be_bare(self, name) { name.to_owned() } else { self.ident(name) }
    }

    /// A relation qualified by its schema.
    pub fn relation(self, schema: &str, name: &str) -> String {
        format!("{}.{}", self.ident(schema), self.ident(name))
    }

    /// The text as a string literal. A NUL, which neither engine can hold inside a literal,
    /// is left to the caller to refuse or to bind.
    pub fn literal(self, text: &str) -> String {
        if self == Self::Postgres && text.contains('\\') {
            // The escape form means the same whatever standard_conforming_strings says.
            return format!("E{}", quoted(&text.replace('\\', "\\\\"), '\''));
        }
        quoted(text, '\'')
    }
}

/// The text between two marks, each mark inside it doubled.
fn quoted(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for letter in text.chars() {
        if letter == mark {
            out.push(mark);
        }
        out.push(letter);
    }
    out.push(mark);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::lexer::{TokenKind, tokens};
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(Dialect::Sqlite.ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(Dialect::Postgres.relation("public", "Order"), "\"public\".\"Order\"");
        assert_eq!(Dialect::Sqlite.literal("it's \\"), "'it''s \\'");
        assert_eq!(Dialect::Postgres.literal("it's \\"), "E'it''s \\\\'");
    }

    proptest! {
        #[test]
        fn a_quoted_name_is_one_token_that_reads_back(name in "\\PC{1,20}", extra in "[\"'`\\[\\]\\\\-]{0,6}") {
            let name = format!("{name}{extra}");
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let text = dialect.ident(&name);
                let found = tokens(dialect, &text);
                prop_assert_eq!(found.len(), 1);
                prop_assert_eq!(found[0].kind, TokenKind::QuotedIdentifier);
                prop_assert_eq!(found[0].name(&text), Some(name.clone()));
            }
        }

        #[test]
        fn a_literal_is_one_closed_token_that_reads_back(text in "[\\PC'\\\\\n]{0,30}") {
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let literal = dialect.literal(&text);
                let found = tokens(dialect, &literal);
                prop_assert_eq!(found.len(), 1);
                prop_assert_eq!(found[0].kind, TokenKind::String);
                prop_assert!(found[0].closed);
                let inner = literal.trim_start_matches('E');
                let inner = inner[1..inner.len() - 1].replace("''", "'");
                let inner = if literal.starts_with('E') { inner.replace("\\\\", "\\") } else { inner };
                prop_assert_eq!(inner, text.clone());
            }
        }
    }
}
