//! SQL text as the words that matter when two texts are compared: no space, no comment, no
//! difference in case or quoting where SQLite sees none. Nothing here knows a grammar.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, cuts};

/// How a word was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A keyword or a bare name.
    Bare,
    /// A name in backticks or square brackets.
    Quoted,
    /// In double quotes: a name, or a string where no such name is known.
    Doubtful,
    /// A string or blob literal, its marks kept.
    String,
    /// A number, an operator or a mark.
    Other,
}

/// A word of a text.
#[derive(Debug, Clone)]
pub(crate) struct Word<'s> {
    /// A bare word as written, a quoted name without its marks, anything else in lower case but
    /// for strings.
    pub(crate) text: Cow<'s, str>,
    /// How it was written.
    pub(crate) form: Form,
    /// The bytes it was read from; empty for one that was not read.
    pub(crate) range: Range<usize>,
}

impl<'s> Word<'s> {
    /// A bare word that no text was read for.
    pub(crate) fn bare(text: impl Into<Cow<'s, str>>) -> Self {
        Self { text: text.into(), form: Form::Bare, range: 0..0 }
    }

    /// A name that no text was read for.
    pub(crate) fn name(text: impl Into<Cow<'s, str>>) -> Self {
        Self { text: text.into(), form: Form::Quoted, range: 0..0 }
    }

    /// Whether it is this keyword, which is in lower case.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.form == Form::Bare && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is this mark or operator.
    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        self.form == Form::Other && self.text == mark
    }

    /// The name it stands for where only a name can stand.
    pub(crate) fn as_name(&self) -> Cow<'s, str> {
        let inner = self.text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        match inner.filter(|_| self.form == Form::String) {
            Some(inner) => inner.replace("''", "'").into(),
            None => self.text.clone(),
        }
    }

    /// Whether SQLite reads both the same. Two texts in double quotes must agree in case: they
    /// may be strings.
    pub(crate) fn same(&self, other: &Word) -> bool {
        use Form::{Bare, Doubtful, Other, Quoted, String};
        match (self.form, other.form) {
            (Doubtful, Doubtful) | (Other, Other) => self.text == other.text,
            (String, String) => {
                let blob = !self.text.starts_with('\'');
                self.text == other.text || blob && self.text.eq_ignore_ascii_case(&other.text)
            }
            (Bare | Quoted | Doubtful, Bare | Quoted | Doubtful) => {
                self.text.eq_ignore_ascii_case(&other.text)
            }
            _ => false,
        }
    }
}

/// The words of a text.
pub(crate) fn words(sql: &str) -> Vec<Word<'_>> {
    let mut found = Vec::with_capacity(sql.len() / 5);
    found.extend(each_word(sql));
    found
}

/// The words of a text one by one, for who looks at the first of them.
pub(crate) fn each_word(sql: &str) -> impl Iterator<Item = Word<'_>> {
    cuts(Dialect::Sqlite, sql).filter(Token::significant).map(|token| {
        let text = token.text(sql);
        let (form, text) = match token.kind {
            TokenKind::Keyword | TokenKind::Identifier => (Form::Bare, text.into()),
            TokenKind::QuotedIdentifier => {
                let doubtful = text.starts_with('"');
                let name = token.name(sql).unwrap_or_default();
                (if doubtful { Form::Doubtful } else { Form::Quoted }, name.into())
            }
            TokenKind::String => (Form::String, text.into()),
            _ => (Form::Other, lower(text)),
        };
        Word { text, form, range: token.range }
    })
}

/// A text in lower case.
fn lower(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => text.to_ascii_lowercase().into(),
        false => text.into(),
    }
}

/// Whether two lists of words are read the same.
pub(crate) fn same_words(one: &[Word], other: &[Word]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
}

/// Whether two texts are read the same.
pub(crate) fn same_text(one: &str, other: &str) -> bool {
    one == other || same_words(&words(one), &words(other))
}

/// Every word of a text that can be a name, in lower case.
pub(crate) fn names(sql: &str) -> BTreeSet<String> {
    let can = |word: &Word| word.form != Form::Other;
    each_word(sql).filter(can).map(|word| word.as_name().to_ascii_lowercase()).collect()
}

/// The words without brackets around the whole.
pub(crate) fn unbracketed<'w, 's>(mut words: &'w [Word<'s>]) -> &'w [Word<'s>] {
    while let [first, inner @ .., last] = words {
        if !(first.is_mark("(") && last.is_mark(")") && closing(words, 0) == Some(words.len() - 1))
        {
            break;
        }
        words = inner;
    }
    words
}

/// The place of the bracket that closes the one at `open`.
pub(crate) fn closing(words: &[Word], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, word) in words.iter().enumerate().skip(open) {
        if word.is_mark("(") {
            depth += 1;
        } else if word.is_mark(")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_count() {
        for (one, other) in [
            (
                "CREATE VIEW v AS SELECT a FROM t",
                "create view \"V\" as\n select [A] -- x\n from `t`",
            ),
            ("x = 'a'", "X='a'"),
            ("x'0AfF'", "X'0aFf'"),
            ("\"Name\"", "name"),
        ] {
            assert!(same_text(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_counts() {
        for (one, other) in [
            ("x = 'a'", "x = 'A'"),
            ("x = 'a'", "x = \"a\""),
            ("x = \"a\"", "x = \"A\""),
            ("a b", "ab"),
            ("x = 1", "x == 1"),
        ] {
            assert!(!same_text(one, other), "{one} {other}");
        }
    }

    #[test]
    fn brackets_around_the_whole_are_taken_off() {
        let text = |sql: &str| {
            let words = words(sql);
            unbracketed(&words).iter().map(|word| &*word.text).collect::<String>()
        };
        assert_eq!(text("((a))"), "a");
        assert_eq!(text("(a) + (b)"), "(a)+(b)");
        assert_eq!(text("(a"), "(a");
    }
}
