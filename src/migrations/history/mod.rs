//! What a database remembers of its migrations, as the tool of the format writes it down.
//!
//! Reading asks; writing is SQL handed to whoever applies, so that it runs in the migration's own
//! transaction. A history table of another tool is never made without somebody's consent.

mod read;
mod write;

use std::time::Duration;

use super::folder::Folder;
use super::format::Format;
use crate::sql::Dialect;

/// A migration the database remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// What identifies it in the history of its format, and in [`super::Migration::key`].
    pub key: String,
    /// What it is called, where the history says.
    pub name: Option<String>,
    /// The checksum written down when it was applied, as bytes of the format's own form.
    pub checksum: Option<Vec<u8>>,
    /// Whether it came to its end; a history that only holds what did says so of each.
    pub finished: bool,
    /// Whether it was taken back, in a history that keeps such rows (Prisma).
    pub rolled_back: bool,
    /// When it was applied, as the database prints it, where the history says.
    pub when: Option<String>,
    /// How long it took, where the history says.
    pub took: Option<Duration>,
    /// Who applied it, where we did and wrote it down.
    pub by: Option<String>,
}

/// The table a history is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its schema, where it is not left to the session's search path.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

impl Table {
    /// The table of a format, or the one a project names as `table` or `schema.table`.
    pub fn of(format: Format, dialect: Dialect, written: Option<&str>) -> Self {
        if let Some(written) = written {
            return match written.split_once('.').filter(|_| dialect == Dialect::Postgres) {
                Some((schema, name)) => Self::new(Some(schema), name),
                None => Self::new(None, written),
            };
        }
        match format {
            Format::Native | Format::Plain => Self::new(None, "_sqlx_migrations"),
            Format::Drizzle | Format::DrizzleFolders => match dialect {
                Dialect::Postgres => Self::new(Some("drizzle"), "__drizzle_migrations"),
                Dialect::Sqlite => Self::new(None, "__drizzle_migrations"),
            },
            Format::Dbmate | Format::Golang => Self::new(None, "schema_migrations"),
            Format::Refinery => Self::new(None, "refinery_schema_history"),
            Format::Prisma => Self::new(None, "_prisma_migrations"),
        }
    }

    fn new(schema: Option<&str>, name: &str) -> Self {
        Self { schema: schema.map(unquoted), name: unquoted(name) }
    }

    /// The table as it stands in SQL.
    pub fn sql(&self, dialect: Dialect) -> String {
        match &self.schema {
            Some(schema) => dialect.relation(schema, &self.name),
            None => dialect.ident(&self.name),
        }
    }

    /// The table as a person reads it.
    pub fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A name without the quotation marks around it.
fn unquoted(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
}

/// The history of a folder's migrations in a database: where it is, and the SQL that writes it
/// exactly as the format's tool does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The form of the migrations.
    pub format: Format,
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// The table; once it was found, with the schema it is in.
    pub table: Table,
    /// Whether the table is there, as far as it was looked for.
    pub is_there: bool,
    /// Whether numbers are beyond 32 bits, so that a table of refinery must be made wide.
    wide: bool,
    /// The folder's migrations as a history of drizzle-kit up to 0.31 tells them apart; empty in
    /// other formats.
    marks: Vec<Mark>,
    /// What makes such a history one of drizzle-kit 1.0, where that is still to be done.
    upgrade: Vec<String>,
}

/// What older histories of drizzle-kit know of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    key: String,
    second: i64,
    checksum: Vec<u8>,
}

impl History {
    /// The history of a folder, not looked for yet.
    pub fn new(folder: &Folder, dialect: Dialect) -> Self {
        let marks = folder.migrations.iter().filter(|_| folder.format == Format::DrizzleFolders);
        let marks = marks.map(|one| Mark {
            key: one.key.clone(),
            second: write::second_of(&one.digits),
            checksum: one.checksum.clone(),
        });
        Self {
            wide: folder.migrations.iter().any(|one| i32::try_from(one.version).is_err()),
            marks: marks.collect(),
            ..Self::of(folder.format, dialect, folder.table.as_deref())
        }
    }

    /// The history of a format, of no folder; `table` is what a project names.
    pub fn of(format: Format, dialect: Dialect, table: Option<&str>) -> Self {
        Self {
            format,
            dialect,
            table: Table::of(format, dialect, table),
            is_there: false,
            wide: false,
            marks: Vec::new(),
            upgrade: Vec::new(),
        }
    }
}
