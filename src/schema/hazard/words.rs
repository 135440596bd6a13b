//! The words of a statement, for rules that judge by them. What is quoted is never a word.

use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// The significant tokens of a statement: words in upper case, marks as they are, and what is
/// quoted as its content behind a `"` or `'` that keeps it from being a word.
#[derive(Debug)]
pub(super) struct Words {
    words: Vec<String>,
}

impl Words {
    pub fn of(dialect: Dialect, text: &str) -> Self {
        let mut words = Vec::new();
        for token in tokens(dialect, text).iter().filter(|token| token.significant()) {
            let shown = token.text(text);
            words.push(match token.kind {
                TokenKind::Keyword | TokenKind::Identifier => shown.to_ascii_uppercase(),
                TokenKind::QuotedIdentifier => {
                    format!("\"{}", token.name(text).unwrap_or_default())
                }
                TokenKind::String => format!("'{}", token.name(text).unwrap_or_default()),
                _ => shown.to_owned(),
            });
        }
        Self { words }
    }

    /// The word at a place; empty past the end.
    pub fn at(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether the statement begins with these words.
    pub fn begins(&self, with: &str) -> bool {
        self.matches(0, with)
    }

    /// Whether these words follow each other somewhere.
    pub fn has(&self, phrase: &str) -> bool {
        self.find(0, phrase).is_some()
    }

    /// Where these words follow each other, from a place on.
    pub fn find(&self, from: usize, phrase: &str) -> Option<usize> {
        (from..self.words.len()).find(|&at| self.matches(at, phrase))
    }

    /// Whether these words stand at a place.
    pub fn matches(&self, at: usize, phrase: &str) -> bool {
        phrase.split(' ').enumerate().all(|(ahead, word)| self.at(at + ahead) == word)
    }

    /// Whether one of the words stands outside all brackets, from a place on.
    pub fn has_outside(&self, from: usize, word: &str) -> bool {
        let mut depth = 0usize;
        for found in self.words.iter().skip(from) {
            match found.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                found if depth == 0 && found == word => return true,
                _ => {}
            }
        }
        false
    }

    /// The last part of the name that begins at a place, in lower case unless it was quoted.
    pub fn name(&self, at: usize) -> Option<String> {
        let mut at = at;
        while matches!(self.at(at), "IF" | "NOT" | "EXISTS" | "ONLY" | "CONCURRENTLY") {
            at += 1;
        }
        while self.at(at + 1) == "." {
            at += 2;
        }
        let word = self.at(at);
        match word.chars().next()? {
            '"' | '\'' => word.get(1..).map(str::to_owned),
            letter if letter.is_alphabetic() || letter == '_' => Some(word.to_lowercase()),
            _ => None,
        }
    }

    /// The texts in quotes.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.words.iter().filter_map(|word| word.strip_prefix('\''))
    }
}
