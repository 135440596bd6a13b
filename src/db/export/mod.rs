//! What an export asks for and where its bytes go: pure data and one trait. The engines read the
//! rows; `writing` puts them into a format. Nothing here reads a row or knows a file.

mod json;
mod tabs;
mod writing;

pub use self::tabs::unescape;
pub(in crate::db) use self::tabs::{Fields, escape};
pub(in crate::db) use self::writing::{Cell, Writing};
use crate::db::keyset::{Bind, column_sql, where_clause};
use crate::db::page::{Selection, SortKey};
use crate::problem::{Problem, Result};
use crate::schema::RelationName;
use crate::sql::Dialect;

/// The forms rows are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values, as PostgreSQL's COPY writes them: NULL is nothing, the empty text
    /// is `""`.
    Csv,
    /// Tab-separated values, as PostgreSQL's COPY writes them: NULL is `\N`, and tabs, line
    /// breaks and backslashes inside a value are escaped with a backslash.
    Tsv,
    /// A JSON object a line.
    JsonLines,
    /// One JSON array of objects.
    Json,
    /// INSERT statements.
    Sql,
    /// A Markdown table.
    Markdown,
}

/// How the rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// What stands for NULL, if not what the format has for it.
    pub null: Option<String>,
    /// Whether a line with the names of the columns comes first, where the format has one.
    pub header: bool,
    /// Whether text a spreadsheet would take for a formula is made harmless.
    pub safe_formulas: bool,
}

/// What sort of values a column holds, as far as a format must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Anything else: text.
    Text,
    /// Numbers.
    Number,
    /// PostgreSQL's `boolean`, which prints as `t` and `f`.
    Boolean,
    /// JSON documents.
    Json,
}

/// A column that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutColumn {
    /// Its name.
    pub name: String,
    /// What it holds; on SQLite each value says so itself.
    pub sort: Sort,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Rows of a relation, of which these columns, in this order.
    Rows {
        /// The rows, with every column their filter and order name.
        selection: Box<Selection>,
        /// The columns that are written.
        columns: Vec<OutColumn>,
        /// Whether an INSERT must say OVERRIDING SYSTEM VALUE to bring the rows back.
        overriding: bool,
    },
    /// A query as a person wrote it: one statement that reads, without a semicolon.
    Query(String),
}

/// Everything about an export but where it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The rows.
    pub source: Source,
    /// How they are written.
    pub style: Style,
}

/// What came of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// The rows that were written.
    pub rows: u64,
}

/// Takes the bytes of an export, whole rows at a time.
pub trait Sink: Send {
    /// Takes some bytes; `rows` is how many rows were finished so far.
    ///
    /// # Errors
    /// They cannot be written; the export then ends on the server too.
    fn take(&mut self, bytes: &[u8], rows: u64) -> impl Future<Output = Result<()>> + Send;
}

/// About how many bytes are handed over at once.
pub(in crate::db) const CHUNK: usize = 256 * 1024;

impl Sort {
    /// What the values of a type are, by its name in PostgreSQL's `pg_type`.
    pub fn of(base_type: &str) -> Self {
        match base_type {
            "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" | "oid" => Self::Number,
            "bool" => Self::Boolean,
            "json" | "jsonb" => Self::Json,
            _ => Self::Text,
        }
    }
}

impl Format {
    /// Every format, in the order people look for them.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Tsv, Self::JsonLines, Self::Json, Self::Sql, Self::Markdown];

    /// The name, as it is typed and as a file ends.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::JsonLines => "jsonl",
            Self::Json => "json",
            Self::Sql => "sql",
            Self::Markdown => "markdown",
        }
    }

    /// The format a file's ending names.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        match extension.as_str() {
            "tab" => Some(Self::Tsv),
            "ndjson" => Some(Self::JsonLines),
            "md" => Some(Self::Markdown),
            other => Self::ALL.into_iter().find(|format| format.word() == other),
        }
    }
}

impl Style {
    /// A format as it is by itself.
    pub fn plain(format: Format) -> Self {
        Self { format, null: None, header: true, safe_formulas: false }
    }

    /// Refuses wishes the format has no place for.
    ///
    /// # Errors
    /// A usage problem that says which.
    pub fn check(&self) -> Result<()> {
        let refuse = |what: &str, formats: &str| {
            Err(Problem::usage(
                format!("{what} has no meaning for {}", self.format.word()),
                format!("it is for {formats}"),
                "leave it out, or choose another --format",
            ))
        };
        let tabular = matches!(self.format, Format::Csv | Format::Tsv);
        if self.null.is_some() && !tabular && self.format != Format::Markdown {
            return refuse("--null", "csv, tsv and markdown");
        }
        if self.null.as_deref().is_some_and(|null| null.contains(['\n', '\r', '\t', '"', ','])) {
            return Err(Problem::usage(
                "This text cannot stand for NULL",
                "it holds a quote, a comma, a tab or a line break",
                "choose a plain word, such as --null NULL",
            ));
        }
        if !self.header && !tabular {
            return refuse("--no-header", "csv and tsv");
        }
        if self.safe_formulas && !tabular {
            return refuse("--safe-formulas", "csv and tsv");
        }
        Ok(())
    }
}

impl Source {
    /// The relation the rows are of, if they are of one.
    pub fn relation(&self) -> Option<&RelationName> {
        match self {
            Self::Rows { selection, .. } => Some(&selection.relation),
            Self::Query(_) => None,
        }
    }

    /// The statement that reads the rows, and what it binds. Its columns are those that are
    /// written, in their order.
    ///
    /// # Errors
    /// The filter does not fit the relation.
    pub(in crate::db) fn sql(&self, dialect: Dialect) -> Result<(String, Vec<Bind>)> {
        let (selection, columns) = match self {
            Self::Query(sql) => return Ok((sql.clone(), Vec::new())),
            Self::Rows { selection, columns, .. } => (selection, columns),
        };
        let named = |name: &str| column_sql(dialect, selection, name);
        let list: Vec<String> = columns.iter().map(|column| named(&column.name)).collect();
        let relation = dialect.relation(&selection.relation.schema, &selection.relation.name);
        let mut sql = format!("SELECT {} FROM {relation}", list.join(", "));
        let mut binds = Vec::new();
        let filter = where_clause(dialect, selection, &mut binds)?;
        if !filter.is_empty() {
            sql.push_str(&format!(" WHERE {filter}"));
        }
        let order = |key: &SortKey| {
            format!("{}{}", named(&key.column), if key.descending { " DESC" } else { "" })
        };
        let order: Vec<String> = selection.sort.iter().map(order).collect();
        if !order.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
        }
        Ok((sql, binds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_endings() {
        for format in Format::ALL {
            assert_eq!(Format::of_extension(format.word()), Some(format));
        }
        assert_eq!(Format::of_extension("MD"), Some(Format::Markdown));
        assert_eq!(Format::of_extension("xlsx"), None);
    }

    #[test]
    fn what_a_format_has_no_place_for_is_refused() {
        let style = |format| Style { safe_formulas: true, ..Style::plain(format) };
        assert!(style(Format::Csv).check().is_ok());
        assert!(style(Format::Json).check().is_err());
        let null = |null: &str| Style { null: Some(null.into()), ..Style::plain(Format::Csv) };
        assert!(null("NULL").check().is_ok());
        assert!(null("a,b").check().is_err());
    }
}
