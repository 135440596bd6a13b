//! Rows put into a format, as bytes: CSV and tab-separated values the way PostgreSQL's COPY
//! writes them, JSON, INSERT statements, Markdown. Nothing here reads a row or waits.

use super::{Export, Format, OutColumn, Sort, Source, json, tabs};
use crate::db::value::{hex, real_text};
use crate::sql::Dialect;

/// A value on its way into a file.
#[derive(Debug, Clone, Copy)]
pub(in crate::db) enum Cell<'a> {
    /// NULL.
    Null,
    /// Text, or what PostgreSQL prints for a value of any type.
    Text(&'a [u8]),
    /// A SQLite integer.
    Integer(i64),
    /// A SQLite floating-point number.
    Real(f64),
    /// SQLite bytes.
    Blob(&'a [u8]),
}

/// Rows in one INSERT statement at most, and about how many bytes.
const INSERT_ROWS: u64 = 100;
const INSERT_BYTES: usize = 64 * 1024;

/// Writes rows in one format.
#[derive(Debug)]
pub(in crate::db) struct Writing {
    format: Format,
    dialect: Dialect,
    columns: Vec<OutColumn>,
    /// The names as the format wants them, each ready to stand before its value.
    names: Vec<Vec<u8>>,
    null: Vec<u8>,
    header: bool,
    safe: bool,
    /// What begins an INSERT.
    insert: Vec<u8>,
    /// Rows in the INSERT that is open, and where it began.
    open: u64,
    began: usize,
    rows: u64,
    at: usize,
    /// What was written and nobody took yet.
    pub(in crate::db) out: Vec<u8>,
}

impl Writing {
    /// Writes what an export asks for, with the columns the engine has found.
    pub(in crate::db) fn new(export: &Export, dialect: Dialect, columns: Vec<OutColumn>) -> Self {
        let style = &export.style;
        let null = style.null.clone().unwrap_or_else(|| {
            let null = match style.format {
                Format::Csv => "",
                Format::Tsv => "\\N",
                Format::Markdown | Format::Sql => "NULL",
                Format::JsonLines | Format::Json => "null",
            };
            null.to_owned()
        });
        let mut writing = Self {
            format: style.format,
            dialect,
            insert: insert(&export.source, dialect, &columns).into_bytes(),
            names: columns.iter().map(|column| key(&column.name)).collect(),
            columns,
            null: null.into_bytes(),
            header: style.header,
            safe: style.safe_formulas,
            open: 0,
            began: 0,
            rows: 0,
            at: 0,
            out: Vec::new(),
        };
        writing.begin();
        writing
    }

    /// How many rows were written.
    pub(in crate::db) fn rows(&self) -> u64 {
        self.rows
    }

    fn begin(&mut self) {
        match self.format {
            Format::Csv | Format::Tsv if self.header => {
                let names: Vec<String> =
                    self.columns.iter().map(|column| column.name.clone()).collect();
                for (at, name) in names.iter().enumerate() {
                    self.between(at);
                    self.tabular(name.as_bytes(), false);
                }
                self.out.push(b'\n');
            }
            Format::Markdown => {
                let mut line = String::from("|");
                let mut rule = String::from("|");
                for column in &self.columns {
                    line.push_str(&format!(" {} |", markdown(&column.name)));
                    let right = if column.sort == Sort::Number { ":" } else { "" };
                    rule.push_str(&format!(" ---{right} |"));
                }
                self.out.extend_from_slice(format!("{line}\n{rule}\n").as_bytes());
            }
            Format::Json => self.out.push(b'['),
            _ => {}
        }
    }

    /// Begins a row.
    pub(in crate::db) fn begin_row(&mut self) {
        self.at = 0;
        match self.format {
            Format::JsonLines => self.out.push(b'{'),
            Format::Json => {
                let before: &[u8] = if self.rows == 0 { b"\n{" } else { b",\n{" };
                self.out.extend_from_slice(before);
            }
            Format::Sql if self.open == 0 => {
                self.began = self.out.len();
                self.out.extend_from_slice(&self.insert);
                self.out.push(b'(');
            }
            Format::Sql => self.out.extend_from_slice(b",\n("),
            Format::Markdown => self.out.push(b'|'),
            Format::Csv | Format::Tsv => {}
        }
    }

    /// Writes the next value of the row.
    pub(in crate::db) fn cell(&mut self, cell: Cell<'_>) {
        let at = self.at;
        self.at += 1;
        match self.format {
            Format::Csv | Format::Tsv => {
                self.between(at);
                self.tabular_cell(cell, at);
            }
            Format::JsonLines | Format::Json => {
                if at > 0 {
                    self.out.push(b',');
                }
                self.out.extend_from_slice(self.names.get(at).map_or(&[][..], Vec::as_slice));
                self.json_cell(cell, at);
            }
            Format::Sql => {
                if at > 0 {
                    self.out.extend_from_slice(b", ");
                }
                self.sql_cell(cell, at);
            }
            Format::Markdown => {
                self.out.push(b' ');
                self.markdown_cell(cell);
                self.out.extend_from_slice(b" |");
            }
        }
    }

    /// Ends the row.
    pub(in crate::db) fn end_row(&mut self) {
        self.rows += 1;
        match self.format {
            Format::Csv | Format::Tsv | Format::Markdown => self.out.push(b'\n'),
            Format::JsonLines => self.out.extend_from_slice(b"}\n"),
            Format::Json => self.out.push(b'}'),
            Format::Sql => {
                self.out.push(b')');
                self.open += 1;
                if self.open >= INSERT_ROWS || self.out.len() - self.began >= INSERT_BYTES {
                    self.end_insert();
                }
            }
        }
    }

    /// Takes what was written, whole statements of SQL only; `out` is empty afterwards.
    pub(in crate::db) fn settle(&mut self) {
        if self.format == Format::Sql && self.open > 0 {
            self.end_insert();
        }
    }

    /// Ends the whole.
    pub(in crate::db) fn finish(&mut self) {
        self.settle();
        if self.format == Format::Json {
            self.out.extend_from_slice(if self.rows == 0 { b"]\n" } else { b"\n]\n" });
        }
    }

    fn end_insert(&mut self) {
        self.out.extend_from_slice(b";\n");
        self.open = 0;
    }

    fn between(&mut self, at: usize) {
        if at > 0 {
            self.out.push(if self.format == Format::Csv { b',' } else { b'\t' });
        }
    }

    fn sort(&self, at: usize) -> Sort {
        self.columns.get(at).map_or(Sort::Text, |column| column.sort)
    }

    fn tabular_cell(&mut self, cell: Cell<'_>, at: usize) {
        match cell {
            Cell::Null => self.out.extend_from_slice(&self.null),
            Cell::Text(text) => self.tabular(text, self.sort(at) == Sort::Number),
            Cell::Integer(number) => self.integer(number),
            Cell::Real(number) => self.out.extend_from_slice(real_text(number).as_bytes()),
            Cell::Blob(bytes) => self.out.extend_from_slice(blob(bytes).as_bytes()),
        }
    }

    fn integer(&mut self, number: i64) {
        use std::io::Write;
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "{number}");
    }

    fn tabular(&mut self, text: &[u8], number: bool) {
        let guarded = self.safe && !number && acts(text);
        if self.format == Format::Tsv {
            if guarded {
                self.out.push(b'\'');
            } else if text == self.null
                && !text.starts_with(b"\\")
                && let Some((first, rest)) = text.split_first()
            {
                // NULL is looked for before escapes are read, so one of them tells both apart.
                self.out.extend_from_slice(format!("\\{first:03o}").as_bytes());
                return tabs::escape(rest, &mut self.out);
            }
            return tabs::escape(text, &mut self.out);
        }
        if !guarded && !must_quote(text, &self.null, self.columns.len() == 1) {
            return self.out.extend_from_slice(text);
        }
        self.out.push(b'"');
        if guarded {
            self.out.push(b'\'');
        }
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'"', rest) {
            self.out.extend_from_slice(rest.get(..=at).unwrap_or_default());
            self.out.push(b'"');
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }

    fn json_cell(&mut self, cell: Cell<'_>, at: usize) {
        match cell {
            Cell::Null => self.out.extend_from_slice(b"null"),
            Cell::Integer(number) => self.integer(number),
            Cell::Real(number) if number.is_finite() => {
                self.out.extend_from_slice(real_text(number).as_bytes());
            }
            Cell::Real(number) => json::string(real_text(number).as_bytes(), &mut self.out),
            Cell::Blob(bytes) => json::string(blob(bytes).as_bytes(), &mut self.out),
            Cell::Text(text) => match (self.sort(at), text) {
                (Sort::Number, number) if json::is_number(number) => {
                    self.out.extend_from_slice(number);
                }
                (Sort::Boolean, b"t") => self.out.extend_from_slice(b"true"),
                (Sort::Boolean, b"f") => self.out.extend_from_slice(b"false"),
                (Sort::Json, document) if self.dialect == Dialect::Postgres => {
                    json::document(document, &mut self.out);
                }
                (_, text) => json::string(text, &mut self.out),
            },
        }
    }

    fn sql_cell(&mut self, cell: Cell<'_>, at: usize) {
        let literal = match cell {
            Cell::Null => "NULL".to_owned(),
            Cell::Integer(number) => number.to_string(),
            // SQLite has no word for infinity, but a number too large for it is one.
            Cell::Real(number) if number.is_infinite() => {
                if number > 0.0 { "9e999" } else { "-9e999" }.to_owned()
            }
            Cell::Real(number) => real_text(number),
            Cell::Blob(bytes) => blob(bytes),
            Cell::Text(text) => match (self.sort(at), std::str::from_utf8(text)) {
                (Sort::Number, Ok(number)) if json::is_number(text) => number.to_owned(),
                (_, Ok(plain)) if !plain.contains('\0') => self.dialect.literal(plain),
                _ if self.dialect == Dialect::Sqlite => format!("CAST({} AS TEXT)", blob(text)),
                _ => self.dialect.literal(&String::from_utf8_lossy(text)),
            },
        };
        self.out.extend_from_slice(literal.as_bytes());
    }

    fn markdown_cell(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Null => self.out.extend_from_slice(&self.null),
            Cell::Integer(number) => self.integer(number),
            Cell::Real(number) => self.out.extend_from_slice(real_text(number).as_bytes()),
            Cell::Blob(bytes) => self.out.extend_from_slice(blob(bytes).as_bytes()),
            Cell::Text(text) => {
                self.out.extend_from_slice(markdown(&String::from_utf8_lossy(text)).as_bytes());
            }
        }
    }
}

/// Bytes as a literal of SQLite.
fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", hex(bytes))
}

/// Text inside a Markdown table: nothing of it ends the cell or the line.
fn markdown(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace("\r\n", "<br>")
        .replace(['\n', '\r'], "<br>")
}

/// A name as the key of a JSON object.
fn key(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    json::string(name.as_bytes(), &mut out);
    out.push(b':');
    out
}

fn insert(source: &Source, dialect: Dialect, columns: &[OutColumn]) -> String {
    let Source::Rows { selection, overriding, .. } = source else { return String::new() };
    let relation = dialect.relation(&selection.relation.schema, &selection.relation.name);
    let names: Vec<String> = columns.iter().map(|column| dialect.ident(&column.name)).collect();
    let overriding = if *overriding { " OVERRIDING SYSTEM VALUE" } else { "" };
    format!("INSERT INTO {relation} ({}){overriding} VALUES\n", names.join(", "))
}

/// Whether PostgreSQL's COPY puts this value in quotes (its CopyAttributeOutCSV).
fn must_quote(text: &[u8], null: &[u8], single: bool) -> bool {
    text == null
        || memchr::memchr3(b',', b'"', b'\n', text).is_some()
        || memchr::memchr(b'\r', text).is_some()
        || (single && text == b"\\.")
}

/// Whether a spreadsheet would take the text for a formula: by its first letter (also its wide
/// twin), unless all of it is a number.
fn acts(text: &[u8]) -> bool {
    let begins = match text.first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n') => true,
        Some(0xef) => ["＝", "＋", "－", "＠"].iter().any(|sign| text.starts_with(sign.as_bytes())),
        _ => false,
    };
    let number = || {
        let digits = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text);
        json::is_number(digits) && !digits.starts_with(b"-")
    };
    begins && !number()
}
