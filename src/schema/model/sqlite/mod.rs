//! What SQLite's objects consist of: the stored text, and the facts its pragmas give.

mod clause;
mod definition;
mod word;

pub(crate) use clause::{Clause, ClauseKind, same_clauses};
pub(crate) use definition::{ColumnText, Definition};
pub(crate) use word::{Form, Word, each_word, names, same_text, same_words, words};

/// A SQLite table.
#[derive(Debug, Clone, PartialEq)]
pub struct SqliteTable {
    /// The stored `CREATE TABLE` text.
    pub sql: String,
    /// Whether it is a virtual table.
    pub is_virtual: bool,
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// `AUTOINCREMENT`.
    pub autoincrement: bool,
    /// Its columns in order.
    pub columns: Vec<SqliteColumn>,
}

/// A column of a SQLite table.
#[derive(Debug, Clone, PartialEq)]
pub struct SqliteColumn {
    /// Its name as written.
    pub name: String,
    /// The declared type; may be empty.
    pub type_name: String,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// The default expression.
    pub default: Option<String>,
    /// Its place in the primary key, counted from 1; 0 if it is not in it.
    pub primary_key: u32,
    /// Whether it is generated, and then whether it is stored.
    pub generated: Option<bool>,
    /// Its definition as written in the `CREATE TABLE` text, its name included; empty for a
    /// column of a virtual table.
    pub sql: String,
}

/// A SQLite index, view or trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct SqliteWritten {
    /// The stored text.
    pub sql: String,
    /// Why a view or trigger does not work, in SQLite's words: SQLite stores it all the same.
    pub fault: Option<String>,
}

impl SqliteWritten {
    /// Whether SQLite reads both texts the same.
    pub fn same(&self, other: &Self) -> bool {
        same_text(&self.sql, &other.sql)
    }
}

impl SqliteTable {
    /// Whether two tables are the same, however they are written: space, comments, the case of
    /// names, the place of a column's constraint and the order of the columns do not count.
    pub fn same(&self, other: &Self) -> bool {
        if self.sql == other.sql {
            return true;
        }
        if self.is_virtual || other.is_virtual {
            return self.is_virtual == other.is_virtual && same_text(&self.sql, &other.sql);
        }
        let texts = (Definition::read(&self.sql), Definition::read(&other.sql));
        self.same_read(other, (texts.0.as_ref(), texts.1.as_ref()))
    }

    /// The same of two tables that are not virtual, whose texts are taken apart already.
    pub(crate) fn same_read(
        &self,
        other: &Self,
        texts: (Option<&Definition>, Option<&Definition>),
    ) -> bool {
        if self.strict != other.strict || self.without_rowid != other.without_rowid {
            return false;
        }
        match texts {
            (Some(one), Some(other)) => same_definitions(one, other),
            _ => same_text(&self.sql, &other.sql),
        }
    }

    /// The column of that name, as SQLite compares names.
    pub fn column(&self, name: &str) -> Option<&SqliteColumn> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// A name by which the rowid can be asked for; `None` where there is no rowid or columns have
    /// taken all its names.
    pub fn rowid_name(&self) -> Option<&'static str> {
        let names = ["rowid", "_rowid_", "oid"];
        let free = names.into_iter().find(|name| self.column(name).is_none());
        free.filter(|_| !self.without_rowid)
    }

    /// The column that is another name for the rowid (`INTEGER PRIMARY KEY`), if there is one.
    /// The definition is the table's own.
    pub(crate) fn rowid_alias(&self, definition: Option<&Definition>) -> Option<&SqliteColumn> {
        if self.without_rowid || self.is_virtual {
            return None;
        }
        let mut key = self.columns.iter().filter(|column| column.primary_key > 0);
        let (column, None) = (key.next()?, key.next()) else { return None };
        if !column.type_name.eq_ignore_ascii_case("INTEGER") {
            return None;
        }
        // "PRIMARY KEY DESC" on a column makes it an ordinary one, for historical reasons
        // ("ROWIDs and the INTEGER PRIMARY KEY" in SQLite's documentation).
        let own = definition?.column(&column.name)?;
        let mut clauses = own.clauses.iter();
        let descending = clauses.any(|clause| {
            clause.kind == ClauseKind::PrimaryKey && clause.words.iter().any(|word| word.is("desc"))
        });
        (!descending).then_some(column)
    }
}

fn same_definitions(one: &Definition, other: &Definition) -> bool {
    one.columns.len() == other.columns.len()
        && one.columns.iter().all(|column| {
            let twin = other.column(&column.name);
            twin.is_some_and(|twin| same_words(&column.type_words, &twin.type_words))
        })
        && same_clauses(one.clauses(), other.clauses())
}
