//! What SQLite's objects consist of: the stored text, and the facts its pragmas give.

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
    /// Its definition as written in the `CREATE TABLE` text, its name included.
    pub sql: String,
}

/// A SQLite index, view or trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct SqliteWritten {
    /// The stored text.
    pub sql: String,
}
