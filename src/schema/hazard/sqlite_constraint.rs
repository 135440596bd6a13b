//! The constraints a SQLite `CREATE TABLE` text declares, as far as rows can fail them. Words are
//! looked at, not a grammar: what is not understood is left out, and the copying of the rows still
//! finds it.

use super::lookup::{between_commas, closing, is_mark};
use crate::schema::model::SqliteTable;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, tokens};

/// A constraint rows can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declared {
    /// `CHECK (…)`: the expression.
    Check(String),
    /// `UNIQUE` or `PRIMARY KEY`: the columns.
    Unique(Vec<String>),
    /// A foreign key.
    Foreign {
        /// The columns that refer.
        columns: Vec<String>,
        /// The table referred to.
        parent: String,
        /// The columns referred to; empty for its primary key.
        referenced: Vec<String>,
    },
}

/// Everything a table's text declares.
pub(super) fn declared(table: &SqliteTable) -> Vec<Declared> {
    if table.is_virtual {
        return Vec::new();
    }
    let Some(body) = super::lookup::in_brackets(Dialect::Sqlite, &table.sql) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for element in between_commas(Dialect::Sqlite, body) {
        of_element(element, &mut out);
    }
    out
}

fn of_element(text: &str, out: &mut Vec<Declared>) {
    let found: Vec<Token> =
        tokens(Dialect::Sqlite, text).into_iter().filter(Token::significant).collect();
    let word = |at: usize, word: &str| found.get(at).is_some_and(|token| token.is_word(text, word));
    let skipped = if word(0, "CONSTRAINT") { 2 } else { 0 };
    let of_table =
        ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|first| word(skipped, first));
    let column = found.first().filter(|_| !of_table).and_then(|token| token.name(text));
    let mut at = 0;
    while at < found.len() {
        let open = (at + 1..found.len().min(at + 4))
            .find(|&at| found.get(at).is_some_and(|token| is_mark(text, token, "(")));
        let listed = |open: usize| names_in(text, &found, open);
        if word(at, "CHECK") {
            out.extend(open.and_then(|open| inside(text, &found, open)).map(Declared::Check));
        } else if word(at, "UNIQUE") || word(at, "PRIMARY") && word(at + 1, "KEY") {
            let columns = match &column {
                Some(column) => vec![column.clone()],
                None => open.map(listed).unwrap_or_default(),
            };
            if !columns.is_empty() {
                out.push(Declared::Unique(columns));
            }
        } else if word(at, "REFERENCES") {
            out.extend(foreign(text, &found, at, column.as_ref()));
        }
        at = match found.get(at) {
            Some(token) if is_mark(text, token, "(") => {
                closing(text, &found, at).map_or(found.len(), |close| close + 1)
            }
            _ => at + 1,
        };
    }
}

fn foreign(text: &str, found: &[Token], at: usize, column: Option<&String>) -> Option<Declared> {
    let parent = found.get(at + 1)?.name(text)?;
    let referenced = match found.get(at + 2) {
        Some(token) if is_mark(text, token, "(") => names_in(text, found, at + 2),
        _ => Vec::new(),
    };
    let columns = match column {
        Some(column) => vec![column.clone()],
        // FOREIGN KEY (a, b) REFERENCES …
        None => {
            let open = found.iter().position(|token| is_mark(text, token, "("))?;
            names_in(text, found, open)
        }
    };
    Some(Declared::Foreign { columns, parent, referenced })
}

/// The text between a bracket and the one that closes it.
fn inside(text: &str, found: &[Token], open: usize) -> Option<String> {
    let close = closing(text, found, open)?;
    let (start, end) = (found.get(open)?.range.end, found.get(close)?.range.start);
    text.get(start..end).map(|inside| inside.trim().to_owned())
}

/// The first name of each piece in brackets.
fn names_in(text: &str, found: &[Token], open: usize) -> Vec<String> {
    let inside = inside(text, found, open).unwrap_or_default();
    let name = |piece: &&str| {
        let first = tokens(Dialect::Sqlite, piece).into_iter().find(Token::significant)?;
        first.name(piece)
    };
    between_commas(Dialect::Sqlite, &inside).iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_of_columns_and_tables_are_read() {
        let table = SqliteTable {
            sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, \"e mail\" TEXT UNIQUE CHECK (length(\"e mail\") > 3),
                  team INTEGER REFERENCES teams(id) ON DELETE CASCADE, a, b,
                  CONSTRAINT ab UNIQUE (a, b DESC), CHECK (a <> 'x,)'), FOREIGN KEY (a, b) REFERENCES u)"
                .to_owned(),
            is_virtual: false,
            strict: false,
            without_rowid: false,
            autoincrement: false,
            columns: Vec::new(),
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            declared(&table),
            [
                Declared::Unique(names(&["id"])),
                Declared::Unique(names(&["e mail"])),
                Declared::Check("length(\"e mail\") > 3".into()),
                Declared::Foreign {
                    columns: names(&["team"]),
                    parent: "teams".into(),
                    referenced: names(&["id"]),
                },
                Declared::Unique(names(&["a", "b"])),
                Declared::Check("a <> 'x,)'".into()),
                Declared::Foreign {
                    columns: names(&["a", "b"]),
                    parent: "u".into(),
                    referenced: names(&[]),
                },
            ]
        );
    }
}
