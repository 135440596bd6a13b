//! The constraints of a column or table, each in the one form all its spellings share.
//!
//! What SQLite reads the same is written the same: `CHECK` and a plain `UNIQUE`, `PRIMARY KEY` or
//! `REFERENCES` on a column are the table's; what says the default (`ASC`, `NO ACTION`,
//! `ON CONFLICT ABORT`, `COLLATE BINARY`, `VIRTUAL`) is left out.

use std::borrow::Cow;

use super::word::{Form, Word, closing, same_words, unbracketed};

/// The sorts of clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClauseKind {
    /// `PRIMARY KEY`.
    PrimaryKey,
    /// `UNIQUE`.
    Unique,
    /// `CHECK`.
    Check,
    /// `REFERENCES`, with or without `FOREIGN KEY`.
    References,
    /// `NOT NULL`.
    NotNull,
    /// `DEFAULT`: the words are the expression.
    Default,
    /// `COLLATE`.
    Collate,
    /// `AS (…)`: the words are the expression, and `stored` if it is.
    Generated,
    /// A word that is not understood.
    Unknown,
}

/// A clause.
#[derive(Debug, Clone)]
pub(crate) struct Clause<'s> {
    /// The sort.
    pub(crate) kind: ClauseKind,
    /// The name given by CONSTRAINT.
    pub(crate) name: Option<Cow<'s, str>>,
    /// The column it is bound to; `None` for one that belongs to the table.
    pub(crate) column: Option<Cow<'s, str>>,
    /// What it says.
    pub(crate) words: Vec<Word<'s>>,
    /// The table a foreign key names.
    pub(crate) target: Option<Cow<'s, str>>,
}

impl Clause<'_> {
    /// Whether two clauses mean the same and have the same name.
    pub(crate) fn same(&self, other: &Clause) -> bool {
        let same_name = |one: &Option<Cow<str>>, other: &Option<Cow<str>>| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (None, None) => true,
            _ => false,
        };
        self.kind == other.kind
            && same_name(&self.name, &other.name)
            && same_name(&self.column, &other.column)
            && same_words(&self.words, &other.words)
    }
}

/// Whether two lists hold the same clauses, in whatever order.
pub(crate) fn same_clauses<'a, 's: 'a, 't: 'a>(
    one: impl IntoIterator<Item = &'a Clause<'s>>,
    other: impl IntoIterator<Item = &'a Clause<'t>>,
) -> bool {
    let mut left: Vec<&Clause> = other.into_iter().collect();
    for clause in one {
        let Some(at) = left.iter().position(|other| clause.same(other)) else { return false };
        left.swap_remove(at);
    }
    left.is_empty()
}

/// Reads clauses from the words of a column, after its type, or of a table constraint.
pub(super) struct Reader<'a, 's> {
    words: &'a [Word<'s>],
    at: usize,
    column: Option<Cow<'s, str>>,
    name: Option<Cow<'s, str>>,
    found: Vec<Clause<'s>>,
}

impl<'a, 's> Reader<'a, 's> {
    pub(super) fn of(words: &'a [Word<'s>], column: Option<Cow<'s, str>>) -> Self {
        Self { words, at: 0, column, name: None, found: Vec::new() }
    }

    /// All clauses there are.
    pub(super) fn clauses(mut self) -> Vec<Clause<'s>> {
        while let Some(word) = self.words.get(self.at) {
            self.at += 1;
            if word.is("constraint") {
                self.name = self.take().map(|word| word.as_name());
            } else if word.is("primary") {
                self.primary_key();
            } else if word.is("unique") {
                self.unique();
            } else if word.is("check") {
                let inner = self.bracket();
                self.push(ClauseKind::Check, false, inner);
            } else if word.is("not") && self.skip("null") {
                let words = self.conflict();
                self.push(ClauseKind::NotNull, true, words);
            } else if word.is("null") {
                // It says nothing: a column takes NULL unless told otherwise.
                drop(self.conflict());
            } else if word.is("default") {
                self.default();
            } else if word.is("collate") {
                self.collate();
            } else if word.is("foreign") {
                self.skip("key");
                let columns = self.bracketed();
                self.skip("references");
                self.references(columns);
            } else if word.is("references") {
                self.references(Vec::new());
            } else if word.is("generated") {
                self.skip("always");
            } else if word.is("as") {
                self.generated();
            } else {
                self.push(ClauseKind::Unknown, true, vec![word.clone()]);
            }
        }
        self.found
    }

    fn collate(&mut self) {
        let name = self.take().map(|word| word.as_name()).unwrap_or_default();
        if !name.eq_ignore_ascii_case("binary") {
            self.push(ClauseKind::Collate, true, vec![Word::name(name)]);
        }
        self.name = None;
    }

    fn peek(&self) -> Option<&'a Word<'s>> {
        self.words.get(self.at)
    }

    fn take(&mut self) -> Option<&'a Word<'s>> {
        let word = self.words.get(self.at);
        self.at += 1;
        word
    }

    fn skip(&mut self, keyword: &str) -> bool {
        let there = self.peek().is_some_and(|word| word.is(keyword));
        self.at += usize::from(there);
        there
    }

    /// The words of a bracket that opens here, its marks included.
    fn bracketed(&mut self) -> Vec<Word<'s>> {
        let open = self.peek().is_some_and(|word| word.is_mark("("));
        let Some(close) = open.then(|| closing(self.words, self.at)).flatten() else {
            return Vec::new();
        };
        let inner = self.words.get(self.at..=close).unwrap_or_default().to_vec();
        self.at = close + 1;
        inner
    }

    /// The words of a bracket that opens here, without any marks around the whole.
    fn bracket(&mut self) -> Vec<Word<'s>> {
        let words = self.bracketed();
        unbracketed(&words).to_vec()
    }

    /// `ON CONFLICT …`; nothing for what happens anyway.
    fn conflict(&mut self) -> Vec<Word<'s>> {
        let next = self.words.get(self.at + 1);
        if !next.is_some_and(|word| word.is("conflict")) || !self.skip("on") {
            return Vec::new();
        }
        self.at += 1;
        let how = self.take();
        how.filter(|how| !how.is("abort"))
            .map(|how| vec![Word::bare("conflict"), how.clone()])
            .unwrap_or_default()
    }

    fn push(&mut self, kind: ClauseKind, bound: bool, words: Vec<Word<'s>>) {
        let column = self.column.clone().filter(|_| bound);
        self.found.push(Clause { kind, name: self.name.take(), column, words, target: None });
    }

    /// The columns of a key, `ASC` left out; those of a column's own key are the column.
    fn key_columns(&mut self) -> Vec<Word<'s>> {
        match self.column.clone() {
            Some(column) => vec![Word::name(column)],
            None => {
                let mut columns = self.bracket();
                columns.retain(|word| !word.is("asc"));
                columns
            }
        }
    }

    fn primary_key(&mut self) {
        self.skip("key");
        let mut words = self.key_columns();
        let mut bound = false;
        if self.column.is_some() {
            self.skip("asc");
            if self.skip("desc") {
                words.push(Word::bare("desc"));
                bound = true;
            }
        }
        let conflict = self.conflict();
        bound |= !conflict.is_empty();
        words.extend(conflict);
        if self.skip("autoincrement") {
            words.push(Word::bare("autoincrement"));
            bound = true;
        }
        self.push(ClauseKind::PrimaryKey, bound, words);
    }

    fn unique(&mut self) {
        let mut words = self.key_columns();
        let conflict = self.conflict();
        let bound = !conflict.is_empty();
        words.extend(conflict);
        self.push(ClauseKind::Unique, bound, words);
    }

    fn default(&mut self) {
        let words = if self.peek().is_some_and(|word| word.is_mark("(")) {
            self.bracket()
        } else {
            let sign = self.peek().filter(|word| word.is_mark("+") || word.is_mark("-"));
            self.at += usize::from(sign.is_some());
            sign.into_iter().chain(self.take()).cloned().collect()
        };
        self.push(ClauseKind::Default, true, words);
    }

    fn generated(&mut self) {
        let mut words = self.bracket();
        if self.skip("stored") {
            words.push(Word::bare("stored"));
        } else {
            self.skip("virtual");
        }
        self.push(ClauseKind::Generated, true, words);
    }

    /// What follows REFERENCES; `columns` are those of FOREIGN KEY, in brackets.
    fn references(&mut self, columns: Vec<Word<'s>>) {
        let target = self.take().map(|word| word.as_name()).unwrap_or_default();
        let mut words = match self.column.clone() {
            Some(column) => vec![Word::bare("("), Word::name(column), Word::bare(")")],
            None => columns.iter().map(name_or_mark).collect(),
        };
        words.push(Word::name(target.clone()));
        words.extend(self.bracketed().iter().map(name_or_mark));
        let (mut on_delete, mut on_update, mut matching) = (Vec::new(), Vec::new(), Vec::new());
        let mut deferred = false;
        loop {
            let next = self.words.get(self.at + 1);
            if self.skip("match") {
                matching = self.take().cloned().into_iter().collect();
            } else if self.skip("on") {
                let delete = self.take().is_some_and(|word| word.is("delete"));
                let action = self.action();
                *(if delete { &mut on_delete } else { &mut on_update }) = action;
            } else if next.is_some_and(|word| word.is("deferrable")) && self.skip("not") {
                self.at += 1;
                self.initially();
            } else if self.skip("deferrable") {
                deferred = self.initially();
            } else {
                break;
            }
        }
        let parts = [("delete", on_delete), ("update", on_update), ("match", matching)];
        for (word, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            words.push(Word::bare(word));
            words.extend(part);
        }
        if deferred {
            words.push(Word::bare("deferred"));
        }
        self.push(ClauseKind::References, deferred, words);
        if let Some(clause) = self.found.last_mut() {
            clause.target = Some(target);
        }
    }

    /// What a foreign key does; nothing for `NO ACTION`.
    fn action(&mut self) -> Vec<Word<'s>> {
        let Some(first) = self.take() else { return Vec::new() };
        if first.text.eq_ignore_ascii_case("no") {
            self.skip("action");
            return Vec::new();
        }
        let second = if first.text.eq_ignore_ascii_case("set") { self.take() } else { None };
        [first].into_iter().chain(second).cloned().collect()
    }

    /// `INITIALLY …`; whether it says DEFERRED.
    fn initially(&mut self) -> bool {
        self.skip("initially") && self.take().is_some_and(|word| word.is("deferred"))
    }
}

/// A column's name in a foreign key, however it was quoted.
fn name_or_mark<'s>(word: &Word<'s>) -> Word<'s> {
    match word.form {
        Form::Other => Word::bare(word.text.clone()),
        _ => Word::name(word.as_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::definition::Definition;
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let made = |body: &str| format!("CREATE TABLE t ({body})");
        let (one, other) = (made(one), made(other));
        let read = (Definition::read(&one), Definition::read(&other));
        let (one, other) = (read.0.unwrap(), read.1.unwrap());
        same_clauses(one.clauses(), other.clauses())
    }

    #[test]
    fn spellings_of_the_same_are_the_same() {
        for (one, other) in [
            ("a INT PRIMARY KEY", "a INT, PRIMARY KEY (\"A\" ASC)"),
            ("a INT UNIQUE ON CONFLICT ABORT", "a INT, unique(a)"),
            ("a INT CHECK ((a > 0)) NULL", "a INT, CHECK (A > 0)"),
            (
                "a REFERENCES p(x) ON UPDATE CASCADE ON DELETE NO ACTION",
                "a, FOREIGN KEY (`a`) REFERENCES \"P\" (X) NOT DEFERRABLE ON UPDATE CASCADE",
            ),
            ("a DEFAULT (1) NOT NULL", "a NOT NULL DEFAULT 1"),
            ("a TEXT COLLATE BINARY", "a TEXT"),
            ("a, b AS (a)", "a, b GENERATED ALWAYS AS ((a)) VIRTUAL"),
            ("a CONSTRAINT c CHECK (a)", "a, CONSTRAINT \"C\" CHECK (a)"),
        ] {
            assert!(same(one, other), "{one} | {other}");
        }
    }

    #[test]
    fn what_differs_differs() {
        for (one, other) in [
            ("a INT PRIMARY KEY", "a INT PRIMARY KEY DESC"),
            ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY AUTOINCREMENT"),
            ("a UNIQUE", "a UNIQUE ON CONFLICT IGNORE"),
            ("a CHECK (a > 'x')", "a CHECK (a > 'X')"),
            ("a CONSTRAINT c CHECK (a)", "a CHECK (a)"),
            ("a DEFAULT 'x'", "a DEFAULT \"x\""),
            ("a, b, UNIQUE (a, b)", "a, b, UNIQUE (b, a)"),
            ("a REFERENCES p", "a REFERENCES p DEFERRABLE INITIALLY DEFERRED"),
            ("a REFERENCES p ON DELETE SET NULL", "a REFERENCES p ON DELETE SET DEFAULT"),
            ("a, b AS (a)", "a, b AS (a) STORED"),
        ] {
            assert!(!same(one, other), "{one} | {other}");
        }
    }
}
