//! The rows of a file on their way to a database: each record read, told NULL from text, counted
//! and put into batches, with its line. Rows that do not fit go back to a file if one is kept.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::object::{self, Object};
use super::tabular::{Found, Parting, Record};
use super::text::Text;
use crate::db::export::unescape;
use crate::db::import::{BATCH_BYTES, Batch, CellKind, Misfit, Rows};
use crate::problem::{Problem, Result};

/// How the records of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Fields in the order of the header; the text stands for NULL.
    Table(Parting, String),
    /// A JSON object a line.
    Objects,
}

/// Which fields of a record go where. The cells of a row are in the order of the table's columns
/// that are filled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// For each field of the file, by its place or its key, the cell it becomes.
    pub(super) fields: Vec<(String, Option<usize>)>,
    /// For each cell whether its column takes JSON documents as they are written.
    pub(super) documents: Vec<bool>,
}

/// The columns a file of rejected rows has besides its own; an import leaves them out.
pub(super) const REJECTED: [&str; 3] = ["rejected line", "rejected because", "rejected text"];

/// About how many bytes are read between two looks at what else there is to do.
const SLICE: usize = 64 * 1024;

/// A record that is not understood, or not what the header says.
struct Odd {
    why: String,
    fix: &'static str,
}

/// The rows of a file.
pub struct FileRows {
    text: Text,
    shape: Shape,
    name: String,
    line: u64,
    record: Record,
    /// Whether its records have one field.
    pub(super) single: bool,
    pub(super) layout: Layout,
    rejects: Option<Rejects>,
    /// Rows that were turned away before the database saw them.
    pub(super) turned_away: u64,
    tell: Box<dyn Fn(u64) + Send + Sync>,
}

impl FileRows {
    pub(super) fn new(text: Text, shape: Shape, name: &str) -> Self {
        Self {
            text,
            shape,
            name: name.to_owned(),
            line: 1,
            record: Record::default(),
            single: false,
            layout: Layout::default(),
            rejects: None,
            turned_away: 0,
            tell: Box::new(|_| ()),
        }
    }

    /// Keeps rows that do not fit in a file.
    pub(super) fn keep_rejects(&mut self, path: &Path, header: bool) {
        self.rejects = Some(Rejects { path: path.to_owned(), file: None, header });
    }

    /// Tells somebody how many rows were written.
    pub fn telling(&mut self, tell: impl Fn(u64) + Send + Sync + 'static) {
        self.tell = Box::new(tell);
    }

    /// Takes the first record, as text.
    pub(super) async fn header(&mut self) -> Result<Option<Vec<String>>> {
        let Some(bytes) = self.read().await? else { return Ok(None) };
        let fields = self.record.fields().map(|(field, _)| {
            let text = String::from_utf8_lossy(field).into_owned();
            if matches!(self.shape, Shape::Table(Parting::Backslashes, _)) {
                let mut plain = Vec::new();
                unescape(text.as_bytes(), &mut plain);
                return String::from_utf8_lossy(&plain).into_owned();
            }
            text
        });
        let fields: Vec<String> = fields.collect();
        self.pass(bytes);
        Ok(Some(fields))
    }

    /// Looks at the first records without taking them: for each the keys, where it has some, and
    /// the values, `None` for NULL.
    pub(super) async fn sample(
        &mut self,
        most: usize,
    ) -> Result<Vec<Vec<(String, Option<String>)>>> {
        // So that at least one whole record is here, if there is one.
        if self.read().await?.is_none() {
            return Ok(Vec::new());
        }
        let (mut found, mut at) = (Vec::new(), 0);
        let mut record = Record::default();
        while found.len() < most {
            let rest = self.text.rest().get(at..).unwrap_or_default();
            let parting = self.parting();
            let Found::Record(bytes, _) = record.read(rest, parting, self.text.is_ended()) else {
                break;
            };
            let raw = rest.get(..bytes).unwrap_or_default();
            at += bytes;
            if record.is_blank() && self.skips_blanks() {
                continue;
            }
            match &self.shape {
                Shape::Objects => {
                    let raw = String::from_utf8_lossy(raw);
                    let Ok(Object(pairs)) = serde_json::from_str::<Object<'_>>(raw.trim()) else {
                        continue;
                    };
                    let pair = |(key, value): &(Cow<'_, str>, &serde_json::value::RawValue)| {
                        let (kind, text) = object::cell(value, false);
                        let text = (kind != CellKind::Null).then(|| text.into_owned());
                        (key.clone().into_owned(), text)
                    };
                    found.push(pairs.iter().map(pair).collect());
                }
                Shape::Table(parting, null) => {
                    let cell = |(field, quoted): (&[u8], bool)| {
                        let (kind, value) = table_cell(field, quoted, *parting, null);
                        let text = || String::from_utf8_lossy(&value).into_owned();
                        (String::new(), (kind != CellKind::Null).then(text))
                    };
                    found.push(record.fields().map(cell).collect());
                }
            }
        }
        Ok(found)
    }

    fn parting(&self) -> Parting {
        match self.shape {
            Shape::Table(parting, _) => parting,
            // A line, whatever stands in it.
            Shape::Objects => Parting::Backslashes,
        }
    }

    /// Reads the next record, which is not taken yet: its bytes stay until the next reading.
    async fn read(&mut self) -> Result<Option<usize>> {
        let parting = self.parting();
        loop {
            let ended = self.text.is_ended();
            match self.record.read(self.text.rest(), parting, ended) {
                Found::Record(bytes, lines) => {
                    let raw = self.text.rest().get(..bytes).unwrap_or_default();
                    self.text.check(raw, self.line)?;
                    self.record.line = self.line;
                    let blank = self.record.is_blank() && self.skips_blanks();
                    if blank {
                        self.text.take(bytes);
                        self.line += lines;
                        continue;
                    }
                    return Ok(Some(bytes));
                }
                Found::Part => self.text.fill(self.line).await?,
                Found::Nothing => return Ok(None),
                Found::AfterQuote(lines) => {
                    return Err(Problem::failed(
                        format!(
                            "{}, line {}: a quote closes inside a value",
                            self.name,
                            self.line + lines
                        ),
                        "something stands between the closing quote and the end of the value",
                        "write a quote inside a quoted value twice, or look at --delimiter",
                    ));
                }
                Found::Open => {
                    return Err(Problem::failed(
                        format!("{}, line {}: a quote is never closed", self.name, self.line),
                        "the file ends inside a quoted value that begins in that row",
                        "close the quote; if the file was cut off, fetch it again",
                    ));
                }
            }
        }
    }

    /// In a file of one field a line with nothing on it is a row.
    fn skips_blanks(&self) -> bool {
        self.shape == Shape::Objects || !self.single
    }

    /// Counts the lines of the record and takes it.
    fn pass(&mut self, bytes: usize) {
        let raw = self.text.rest().get(..bytes).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', raw).count() as u64;
        // A line may also end in a carriage return alone, as on old systems.
        self.line += if lines == 0 { 1 } else { lines };
        self.text.take(bytes);
    }

    /// Adds the record to a batch.
    fn add(&self, batch: &mut Batch, raw: &[u8]) -> std::result::Result<(), Odd> {
        match &self.shape {
            Shape::Table(parting, null) => self.add_fields(batch, *parting, null),
            Shape::Objects => self.add_object(batch, raw),
        }
    }

    fn add_fields(
        &self,
        batch: &mut Batch,
        parting: Parting,
        null: &str,
    ) -> std::result::Result<(), Odd> {
        let (found, wanted) = (self.record.len(), self.layout.fields.len());
        if found != wanted {
            let values = |count| if count == 1 { "value" } else { "values" };
            return Err(Odd {
                why: format!("the row has {found} {}, not {wanted}", values(found)),
                fix: "correct the row, or look at --delimiter",
            });
        }
        batch.begin(self.record.line);
        for ((field, quoted), (_, cell)) in self.record.fields().zip(&self.layout.fields) {
            if cell.is_some() {
                let (kind, value) = table_cell(field, quoted, parting, null);
                batch.cell(kind, &value);
            }
        }
        Ok(())
    }

    fn add_object(&self, batch: &mut Batch, raw: &[u8]) -> std::result::Result<(), Odd> {
        let odd = |why: String| Odd { why, fix: "write a JSON object on each line" };
        let text = std::str::from_utf8(raw).unwrap_or_default().trim();
        let Object(pairs) =
            serde_json::from_str(text).map_err(|why| odd(format!("no JSON object: {why}")))?;
        let known = |key: &str| self.layout.fields.iter().any(|(name, _)| name == key);
        if let Some((key, _)) = pairs.iter().find(|(key, _)| !known(key)) {
            return Err(Odd {
                why: format!("the rows before have no key {key}"),
                fix: "name every key once with --map KEY=COLUMN, or KEY= to leave one out",
            });
        }
        batch.begin(self.record.line);
        for (name, cell) in &self.layout.fields {
            let Some(cell) = cell else { continue };
            let document = self.layout.documents.get(*cell).copied().unwrap_or(false);
            match pairs.iter().find(|(key, _)| key == name) {
                None => batch.cell(CellKind::Null, b""),
                Some((_, value)) => {
                    let (kind, value) = object::cell(value, document);
                    batch.cell(kind, value.as_bytes());
                }
            }
        }
        Ok(())
    }
}

/// A field as a cell. What stands for NULL does so only without quotes.
fn table_cell<'a>(
    field: &'a [u8],
    quoted: bool,
    parting: Parting,
    null: &str,
) -> (CellKind, Cow<'a, [u8]>) {
    if !quoted && field == null.as_bytes() {
        return (CellKind::Null, Cow::Borrowed(b""));
    }
    if parting == Parting::Backslashes && memchr::memchr(b'\\', field).is_some() {
        let mut plain = Vec::with_capacity(field.len());
        unescape(field, &mut plain);
        return (CellKind::Text, Cow::Owned(plain));
    }
    (CellKind::Text, Cow::Borrowed(field))
}

impl Rows for FileRows {
    async fn next(&mut self, most: usize) -> Result<Option<Batch>> {
        let width = self.layout.fields.iter().filter(|(_, cell)| cell.is_some()).count();
        let mut batch = Batch::new(width);
        let mut rested = 0;
        while batch.len() < most && batch.bytes() < BATCH_BYTES {
            if batch.bytes() - rested > SLICE {
                rested = batch.bytes();
                // The batch before is on its way meanwhile.
                tokio::task::yield_now().await;
            }
            let Some(bytes) = self.read().await? else { break };
            let raw = self.text.rest().get(..bytes).unwrap_or_default();
            let line = self.record.line;
            match self.add(&mut batch, raw) {
                Ok(()) if self.rejects.is_some() => batch.keep(ended(raw)),
                Ok(()) => {}
                Err(odd) if self.rejects.is_some() => {
                    let raw = ended(raw).to_vec();
                    self.put_away(&raw, line, &odd.why)?;
                    self.turned_away += 1;
                }
                Err(odd) => {
                    let what = format!("{}, line {line}: {}", self.name, odd.why);
                    return Err(Problem::failed(what, "", odd.fix));
                }
            }
            self.pass(bytes);
        }
        Ok(if batch.is_empty() { None } else { Some(batch) })
    }

    fn reject(&mut self, batch: &Batch, misfit: &Misfit) -> Result<()> {
        let column = misfit.column.as_ref();
        let column = column.map_or_else(String::new, |column| format!("{column}: "));
        let why = format!("{column}{}", misfit.why);
        self.put_away(batch.raw(misfit.row), batch.line(misfit.row), &why)
    }

    fn written(&mut self, rows: u64) {
        (self.tell)(rows);
    }
}

/// A record without the end of its line.
fn ended(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    raw.strip_suffix(b"\r").unwrap_or(raw)
}

/// The file of rows that do not fit, made when the first one comes.
struct Rejects {
    path: PathBuf,
    file: Option<File>,
    header: bool,
}

impl FileRows {
    /// Writes a row that does not fit as the file has it, with where and why.
    fn put_away(&mut self, raw: &[u8], line: u64, why: &str) -> Result<()> {
        let names: Vec<&str> = self.layout.fields.iter().map(|(name, _)| name.as_str()).collect();
        let Some(rejects) = &mut self.rejects else { return Ok(()) };
        let [line_name, because, _] = REJECTED;
        let mut text = Vec::new();
        let first = rejects.file.is_none();
        let extra = |text: &mut Vec<u8>, parting: Parting, values: [&str; 2]| {
            for value in values {
                text.extend_from_slice(&field(value, parting, true));
            }
            text.push(b'\n');
        };
        match &self.shape {
            Shape::Table(parting, _) => {
                if first && rejects.header {
                    for (at, name) in names.iter().enumerate() {
                        text.extend_from_slice(&field(name, *parting, at > 0));
                    }
                    extra(&mut text, *parting, [line_name, because]);
                }
                text.extend_from_slice(raw);
                extra(&mut text, *parting, [&line.to_string(), why]);
            }
            Shape::Objects => text.extend_from_slice(rejected_object(raw, line, why).as_bytes()),
        }
        let told = |path: &Path, why: std::io::Error| {
            let what = format!("{} cannot be written", path.display());
            Problem::failed(what, why.to_string(), "name another file with --rejects")
        };
        if rejects.file.is_none() {
            let made = File::create_new(&rejects.path).map_err(|why| told(&rejects.path, why))?;
            rejects.file = Some(made);
        }
        let Some(file) = &mut rejects.file else { return Ok(()) };
        file.write_all(&text).map_err(|why| told(&rejects.path, why))
    }
}

/// A value as a further field of a record.
fn field(value: &str, parting: Parting, further: bool) -> Vec<u8> {
    let mut out = Vec::new();
    match parting {
        Parting::Quotes(delimiter) => {
            if further {
                out.push(delimiter);
            }
            out.extend_from_slice(format!("\"{}\"", value.replace('"', "\"\"")).as_bytes());
        }
        Parting::Backslashes => {
            if further {
                out.push(b'\t');
            }
            let value = value.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n");
            out.extend_from_slice(value.as_bytes());
        }
    }
    out
}

/// An object with where and why added; a line that is none becomes text in one.
fn rejected_object(raw: &[u8], line: u64, why: &str) -> String {
    let [line_name, because, text] = REJECTED;
    let raw = String::from_utf8_lossy(raw);
    let why = serde_json::Value::from(why);
    let added = format!("\"{line_name}\":{line},\"{because}\":{why}}}\n");
    let is_object = serde_json::from_str::<Object<'_>>(raw.trim()).is_ok();
    match raw.trim().strip_suffix('}').filter(|_| is_object) {
        Some(open) if open.trim_end().ends_with('{') => format!("{open}{added}"),
        Some(open) => format!("{open},{added}"),
        None => format!("{{\"{text}\":{},{added}", serde_json::Value::from(raw.as_ref())),
    }
}
