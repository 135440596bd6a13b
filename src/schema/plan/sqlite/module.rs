//! What is known of the modules behind virtual tables: whether a table holds rows of its own, and
//! how one that only indexes another table is filled.

use std::borrow::Cow;

use crate::schema::model::{Form, SqliteColumn, SqliteTable, Word, words};
use crate::sql::Dialect;

/// A virtual table's module and what its arguments say of where the rows are.
pub(super) struct Module {
    /// The table's name.
    table: String,
    /// The module, in lower case.
    name: String,
    /// What `content` is set to: empty for an index without rows, or the table that has them.
    pub(super) content: Option<String>,
    /// What of that table its rowids are.
    content_rowid: String,
}

impl Module {
    /// Reads a CREATE VIRTUAL TABLE; of any other text nothing is known.
    pub(super) fn of(sql: &str) -> Self {
        let words = words(sql);
        let after = words.iter().position(|word| word.is("using")).map_or(words.len(), |at| at + 1);
        let option = |name: &str| {
            words.windows(3).find_map(|three| match three {
                [word, equals, value] if word.is(name) && equals.is_mark("=") => {
                    Some(value.as_name())
                }
                _ => None,
            })
        };
        let table = words.get(3).map(Word::as_name).unwrap_or_default();
        let bare = words.get(3).filter(|word| word.form == Form::Bare);
        let written = bare.and_then(|word| sql.get(word.range.clone()));
        Self {
            table: written.map_or(table, Into::into).into_owned(),
            name: words.get(after).map(Word::as_name).unwrap_or_default().to_ascii_lowercase(),
            content: option("content").map(Cow::into_owned),
            content_rowid: option("content_rowid").unwrap_or("rowid".into()).into_owned(),
        }
    }

    /// Whether it is one of those that come with SQLite and keep what is inserted, to be read
    /// again.
    pub(super) fn holds_rows(&self) -> bool {
        let known = ["fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"];
        known.contains(&self.name.as_str()) && self.content.is_none()
    }

    /// Whether its rows have rowids that are given freely.
    pub(super) fn has_rowids(&self) -> bool {
        self.name.starts_with("fts")
    }

    /// Whether the table that has the rows can be read through this one, whose columns these are.
    pub(super) fn reads(&self, content: &SqliteTable, columns: &[SqliteColumn]) -> bool {
        let rowid = &self.content_rowid;
        let rowid = content.column(rowid).is_some()
            || !content.without_rowid && rowid.eq_ignore_ascii_case("rowid");
        rowid && columns.iter().all(|column| content.column(&column.name).is_some())
    }

    /// The statement that indexes the rows of the table it names.
    pub(super) fn refill(&self) -> String {
        let table = Dialect::Sqlite.ident(&self.table);
        format!("INSERT INTO {table} ({table}) VALUES ('rebuild')")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_rows_are() {
        let of = |sql: &str| Module::of(sql);
        assert!(of("CREATE VIRTUAL TABLE f USING fts5(a, b)").holds_rows());
        assert!(!of("CREATE VIRTUAL TABLE f USING fts5(a, content='')").holds_rows());
        assert!(!of("CREATE VIRTUAL TABLE f USING mine(a)").holds_rows());
        let external = of("CREATE VIRTUAL TABLE [f x] USING fts5(a, content=\"t\")");
        assert_eq!(external.content.as_deref(), Some("t"));
        assert_eq!(external.refill(), "INSERT INTO \"f x\" (\"f x\") VALUES ('rebuild')");
    }
}
