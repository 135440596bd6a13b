//! A stored CREATE TABLE taken apart: its columns and constraints, in a form in which two ways
//! of writing the same are equal.
//!
//! SQLite has accepted the text before, so a word stands only where its syntax allows it
//! ("CREATE TABLE" in its documentation). What is not understood is kept as a clause of its own:
//! a difference in it is never passed over.

use std::borrow::Cow;
use std::ops::Range;

use super::clause::{Clause, Reader};
use super::word::{Form, Word, closing, words};

/// A CREATE TABLE taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Definition<'s> {
    /// The bytes of the table's name.
    pub(crate) name: Range<usize>,
    /// The columns in order.
    pub(crate) columns: Vec<ColumnText<'s>>,
    /// The constraints written after the columns.
    pub(crate) constraints: Vec<Clause<'s>>,
    /// The options after the columns.
    pub(crate) options: Vec<Word<'s>>,
    /// All its words, the name left out.
    pub(crate) words: Vec<Word<'s>>,
}

/// A column as written.
#[derive(Debug, Clone)]
pub(crate) struct ColumnText<'s> {
    /// Its name, case kept.
    pub(crate) name: Cow<'s, str>,
    /// The bytes of its definition, from its name to its last word.
    pub(crate) range: Range<usize>,
    /// Its declared type.
    pub(crate) type_words: Vec<Word<'s>>,
    /// What is written on it.
    pub(crate) clauses: Vec<Clause<'s>>,
}

impl ColumnText<'_> {
    /// Whether it has this name, as SQLite compares names.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl<'s> Definition<'s> {
    /// Takes a text apart; `None` if it is no CREATE TABLE with columns.
    pub(crate) fn read(sql: &'s str) -> Option<Self> {
        let mut all = words(sql);
        let at = name_at(&all)?;
        let open = at + 1;
        all.get(open).filter(|word| word.is_mark("("))?;
        let close = closing(&all, open)?;
        let inner = all.get(open + 1..close)?;
        let mut columns = Vec::new();
        let mut constraints = Vec::new();
        for item in items(inner) {
            let first = item.first()?;
            let constraint = ["constraint", "primary", "unique", "check", "foreign"];
            if constraint.iter().any(|word| first.is(word)) {
                constraints.extend(Reader::of(item, None).clauses());
            } else {
                columns.push(column(item, sql)?);
            }
        }
        let options = all.get(close + 1..)?.to_vec();
        let name = all.remove(at).range;
        Some(Self { name, columns, constraints, options, words: all })
    }

    /// Takes a CREATE VIRTUAL TABLE apart, as far as its name: what it says is its module's.
    pub(crate) fn of_virtual(sql: &'s str) -> Option<Self> {
        let mut words = words(sql);
        if !words.get(1)?.is("virtual") || words.len() < 4 {
            return None;
        }
        let name = words.remove(3).range;
        Some(Self {
            name,
            columns: Vec::new(),
            constraints: Vec::new(),
            options: Vec::new(),
            words,
        })
    }

    /// The column of that name.
    pub(crate) fn column(&self, name: &str) -> Option<&ColumnText<'s>> {
        self.columns.iter().find(|column| column.is_named(name))
    }

    /// Every clause, of columns and of the table.
    pub(crate) fn clauses(&self) -> impl Iterator<Item = &Clause<'s>> {
        self.columns.iter().flat_map(|column| &column.clauses).chain(&self.constraints)
    }

    /// Whether it is `WITHOUT ROWID`.
    pub(crate) fn without_rowid(&self) -> bool {
        self.options.iter().any(|word| word.is("without"))
    }

    /// The tables its foreign keys name.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        self.clauses().filter_map(|clause| clause.target.as_deref())
    }

    /// Whether an expression of it names a column by this table's own name.
    pub(crate) fn names_itself(&self, table: &str) -> bool {
        self.words.windows(2).any(|pair| {
            matches!(pair, [name, dot] if dot.is_mark(".")
                && name.form != Form::Other
                && name.as_name().eq_ignore_ascii_case(table))
        })
    }
}

/// The place of the table's name among the words of a CREATE TABLE.
fn name_at(words: &[Word]) -> Option<usize> {
    let mut at = 0;
    let mut skip = |expected: &[&str]| {
        let there = words.get(at).is_some_and(|word| expected.iter().any(|one| word.is(one)));
        at += usize::from(there);
        there
    };
    if !skip(&["create"]) {
        return None;
    }
    skip(&["temp", "temporary"]);
    if !skip(&["table"]) {
        return None;
    }
    let _ = skip(&["if"]) && skip(&["not"]) && skip(&["exists"]);
    let qualified = words.get(at + 1).is_some_and(|word| word.is_mark("."));
    Some(if qualified { at + 2 } else { at })
}

/// The parts between commas outside brackets.
fn items<'w, 's>(words: &'w [Word<'s>]) -> Vec<&'w [Word<'s>]> {
    let mut depth = 0usize;
    words
        .split(|word| {
            if word.is_mark("(") {
                depth += 1;
            } else if word.is_mark(")") {
                depth = depth.saturating_sub(1);
            }
            depth == 0 && word.is_mark(",")
        })
        .filter(|item| !item.is_empty())
        .collect()
}

fn column<'s>(item: &[Word<'s>], sql: &'s str) -> Option<ColumnText<'s>> {
    let (first, rest) = item.split_first()?;
    let last = item.last()?;
    let name = if first.form == Form::Bare {
        sql.get(first.range.clone())?.into()
    } else {
        first.as_name()
    };
    let ends = |at: usize, word: &Word| {
        let next = rest.get(at + 1);
        ENDS_TYPE.iter().any(|end| word.is(end))
            || word.is("generated") && next.is_some_and(|next| next.is("always"))
    };
    let mut length = rest.len();
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        if ends(at, word) {
            length = at;
            break;
        }
        at = if word.is_mark("(") { closing(rest, at)? + 1 } else { at + 1 };
    }
    let (type_words, clauses) = rest.split_at(length);
    Some(ColumnText {
        clauses: Reader::of(clauses, Some(name.clone())).clauses(),
        name,
        range: first.range.start..last.range.end,
        type_words: type_words.to_vec(),
    })
}

/// The keywords that end a column's type; none of them can be part of one without quotes.
const ENDS_TYPE: &[&str] = &[
    "constraint",
    "primary",
    "not",
    "null",
    "unique",
    "check",
    "default",
    "collate",
    "references",
    "as",
    "deferrable",
];

#[cfg(test)]
mod tests {
    use super::super::clause::ClauseKind;
    use super::*;

    #[test]
    fn a_table_is_taken_apart() {
        let sql = "CREATE TABLE \"a (b\" ( -- first, (\n id INTEGER PRIMARY KEY AUTOINCREMENT, \
             [na me] VARCHAR (10, 2) COLLATE NOCASE CONSTRAINT short CHECK (length([na me]) < 9), \
             'n' DEFAULT -1 REFERENCES p ON DELETE SET NULL NOT NULL /* end */, \
             g INT GENERATED ALWAYS AS (n * 2) STORED, \
             CONSTRAINT both CHECK (n <> ')' AND g > 0) UNIQUE (n) FOREIGN KEY (n, g) REFERENCES \
             q (a, b) DEFERRABLE INITIALLY DEFERRED) STRICT";
        let found = Definition::read(sql).unwrap();
        assert_eq!(&sql[found.name.clone()], "\"a (b\"");
        let names: Vec<&str> = found.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["id", "na me", "n", "g"]);
        assert_eq!(
            &sql[found.columns[2].range.clone()],
            "'n' DEFAULT -1 REFERENCES p ON DELETE SET NULL NOT NULL"
        );
        let kinds: Vec<ClauseKind> = found.columns[2].clauses.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [ClauseKind::Default, ClauseKind::References, ClauseKind::NotNull]);
        assert_eq!(found.columns[1].type_words.len(), 6);
        assert_eq!(found.columns[3].type_words.len(), 1);
        assert_eq!(found.constraints.len(), 3);
        assert_eq!(found.references().collect::<Vec<_>>(), ["p", "q"]);
    }

    #[test]
    fn what_is_no_table_is_not_taken_apart() {
        for sql in
            ["", "CREATE TABLE t", "CREATE TABLE t (a CHECK (", "CREATE VIRTUAL TABLE t USING f(a)"]
        {
            assert!(Definition::read(sql).is_none(), "{sql}");
        }
    }
}
