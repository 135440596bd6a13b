//! The seeds of a project: its files in the order of their names, each SQL or rows for one table.
//!
//! A table's file is called after it, `users.csv`, `auth.sessions.jsonl`, with a number before it if
//! you like: `10_users.csv`. Nothing here runs anything.

use std::fs;
use std::path::{Path, PathBuf};

use super::cell::Cell;
use super::csv;
use super::shape::{Origin, Shape, Sort, Table};
use crate::db::fault::Script;
use crate::problem::{Problem, Result};
use crate::schema::RelationName;
use crate::sql::Dialect;

/// The largest file that is read, in bytes.
const MOST: u64 = 512 << 20;

/// A file of the seeds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeedFile {
    /// Its name, seen from the project.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) content: Content,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// SQL, which runs as it is.
    Sql(Script),
    /// Rows for a table.
    Rows(Rows),
}

/// Rows for a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    /// The table.
    pub(crate) table: RelationName,
    /// The rows in groups that name the same columns.
    pub(super) groups: Vec<Group>,
    /// Columns that are computed and were passed over.
    pub(super) passed: Vec<String>,
}

/// Rows that name the same columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// The columns, by place.
    pub(super) columns: Vec<usize>,
    /// The values of each row.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Where each of them stands: line and column.
    pub(super) places: Vec<Vec<(usize, usize)>>,
}

impl Rows {
    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }
}

/// Reads the seeds in a folder; the names of files that are none come with them.
///
/// # Errors
/// A file that cannot be read, names no table there is, or is not what its ending says.
pub(super) fn read(
    folder: &Path,
    project: &Path,
    shape: &Shape,
) -> Result<(Vec<SeedFile>, Vec<String>)> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for path in paths(folder)? {
        let name = path.strip_prefix(project).unwrap_or(&path).display().to_string();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if !matches!(ending.as_str(), "sql" | "csv" | "jsonl" | "ndjson") {
            others.push(name);
            continue;
        }
        let text = text(&path, &name)?;
        let content = if ending == "sql" {
            Content::Sql(Script { name: name.clone(), text })
        } else {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let (table, about) = table(shape, &stem, &name)?;
            let file = File { name: &name, shape, about };
            let (groups, passed) =
                if ending == "csv" { file.csv(&text)? } else { file.lines(&text)? };
            Content::Rows(Rows { table, groups, passed })
        };
        found.push(SeedFile { name, content });
    }
    Ok((found, others))
}

/// The files in a folder and those in it, in the order of their paths; hidden ones are others'.
fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let told = |path: &Path, why: &std::io::Error| {
        Problem::usage(
            format!("The seeds in {} cannot be read", path.display()),
            why.to_string(),
            "put them there, or name another folder with seeds in [project] of dbstudio.toml",
        )
    };
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|why| told(&folder, &why))? {
            let entry = entry.map_err(|why| told(&folder, &why))?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // A link to a folder is not followed: it may lead back here.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                _ => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn text(path: &Path, name: &str) -> Result<String> {
    let unreadable = |why: String| {
        let fix = "make sure that it is a file of UTF-8 text and may be read";
        Problem::usage(format!("{name} cannot be read"), why, fix)
    };
    let size = fs::metadata(path).map_err(|why| unreadable(why.to_string()))?.len();
    if size > MOST {
        return Err(unreadable("it is larger than 512 MiB; a seed is a sample".to_owned()));
    }
    let bytes = fs::read(path).map_err(|why| unreadable(why.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = good.filter(|byte| **byte == b'\n').count() + 1;
        unreadable(format!("line {line} is not UTF-8"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// The table a file is called after.
fn table<'s>(shape: &'s Shape, stem: &str, file: &str) -> Result<(RelationName, &'s Table)> {
    let without = stem.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let without = without.strip_prefix(['_', '-', '.', ' ']).filter(|_| without.len() < stem.len());
    for wanted in std::iter::once(stem).chain(without) {
        let same = |name: &RelationName, wanted: &str| match shape.dialect {
            Dialect::Postgres => name.name == wanted,
            Dialect::Sqlite => name.name.eq_ignore_ascii_case(wanted),
        };
        let mut all: Vec<_> = shape.tables.iter().filter(|(name, _)| same(name, wanted)).collect();
        if let Some((schema, wanted)) = wanted.split_once('.') {
            let exact = shape.tables.iter();
            all.extend(exact.filter(|(name, _)| name.schema == schema && same(name, wanted)));
        }
        match all.as_slice() {
            [] => {}
            [(name, table)] => return Ok(((*name).clone(), table)),
            several => {
                let public = several.iter().find(|(name, _)| name.schema == "public");
                if let Some((name, table)) = public {
                    return Ok(((*name).clone(), table));
                }
                let names: Vec<String> = several.iter().map(|(name, _)| name.to_string()).collect();
                return Err(Problem::usage(
                    format!("{file} may be for several tables"),
                    format!("there are {}", names.join(" and ")),
                    "put the schema before the table in the file's name: auth.sessions.csv",
                ));
            }
        }
    }
    Err(Problem::usage(
        format!("{file} is for no table there is"),
        format!("the database has no table {}", without.unwrap_or(stem)),
        "call the file after its table; if the table is still to be made, migrate first",
    ))
}

/// A file that is being read.
struct File<'a> {
    name: &'a str,
    shape: &'a Shape,
    about: &'a Table,
}

impl File<'_> {
    fn problem(&self, line: usize, column: usize, what: &str, fix: &str) -> Problem {
        Problem::usage(
            format!("{}, line {line}, column {column}: {what}", self.name),
            String::new(),
            format!("{fix}; nothing was changed"),
        )
    }

    /// The place of a column, or that it is computed.
    fn column(&self, name: &str, line: usize, column: usize) -> Result<Option<usize>> {
        let Some(place) = self.about.place(self.shape.dialect, name) else {
            let names: Vec<&str> =
                self.about.columns.iter().map(|column| column.name.as_str()).collect();
            let what = format!("there is no column {name}");
            let fix = format!("the table has {}", names.join(", "));
            return Err(self.problem(line, column, &what, &fix));
        };
        let origin = self.about.columns.get(place).map(|column| column.origin);
        Ok((origin != Some(Origin::Computed)).then_some(place))
    }

    fn csv(&self, text: &str) -> Result<(Vec<Group>, Vec<String>)> {
        let mut records = csv::read(text)
            .map_err(|fault| self.problem(fault.line, fault.column, fault.why, "correct the line"))?
            .into_iter();
        let Some(header) = records.next() else { return Ok((Vec::new(), Vec::new())) };
        let (mut columns, mut passed) = (Vec::new(), Vec::new());
        let mut places: Vec<Option<usize>> = Vec::new();
        for field in &header {
            let name = field.text.as_deref().unwrap_or_default().trim();
            let place = self.column(name, field.line, field.column)?;
            match place {
                Some(place) if columns.contains(&place) => {
                    let what = format!("column {name} is named twice");
                    return Err(self.problem(field.line, field.column, &what, "take one away"));
                }
                Some(place) => columns.push(place),
                None => passed.push(name.to_owned()),
            }
            places.push(place);
        }
        let mut group = Group { columns, rows: Vec::new(), places: Vec::new() };
        for record in records {
            if record.len() != header.len() {
                let (line, column) = record.last().map_or((1, 1), |one| (one.line, one.column));
                let what = format!(
                    "the line has {} fields, the first line {}",
                    record.len(),
                    header.len()
                );
                return Err(self.problem(line, column, &what, "give every line as many fields"));
            }
            let (mut row, mut at) = (Vec::new(), Vec::new());
            for (field, place) in record.into_iter().zip(&places) {
                let Some(place) = place else { continue };
                row.push(self.cell(*place, field.text));
                at.push((field.line, field.column));
            }
            group.rows.push(row);
            group.places.push(at);
        }
        Ok((vec![group], passed))
    }

    /// A text as a value of a column. SQLite turns texts into numbers by the column's affinity, but
    /// knows no true and false.
    fn cell(&self, place: usize, text: Option<String>) -> Cell {
        let Some(text) = text else { return Cell::Null };
        let sort = self.about.columns.get(place).map(|column| column.sort.bare());
        match (self.shape.dialect, sort, text.as_str()) {
            (Dialect::Sqlite, Some(Sort::Truth), "true" | "t" | "TRUE") => Cell::Truth(true),
            (Dialect::Sqlite, Some(Sort::Truth), "false" | "f" | "FALSE") => Cell::Truth(false),
            _ => Cell::Text(text),
        }
    }

    fn lines(&self, text: &str) -> Result<(Vec<Group>, Vec<String>)> {
        let (mut groups, mut passed): (Vec<Group>, Vec<String>) = (Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            if line.trim().is_empty() {
                continue;
            }
            let read: serde_json::Value = serde_json::from_str(line).map_err(|error| {
                let what = format!("this is not JSON: {error}");
                self.problem(number, error.column().max(1), &what, "correct the line")
            })?;
            let serde_json::Value::Object(members) = read else {
                let what = "the line is no JSON object";
                return Err(self.problem(number, 1, what, "write {\"column\": value, …}"));
            };
            let (mut columns, mut row, mut places) = (Vec::new(), Vec::new(), Vec::new());
            for (name, value) in members {
                let column = self.place_in(line, &name);
                match self.column(&name, number, column)? {
                    Some(place) => {
                        row.push(self.json(place, value));
                        columns.push(place);
                        places.push((number, column));
                    }
                    None if passed.contains(&name) => {}
                    None => passed.push(name),
                }
            }
            match groups.last_mut().filter(|group| group.columns == columns) {
                Some(group) => {
                    group.rows.push(row);
                    group.places.push(places);
                }
                None => groups.push(Group { columns, rows: vec![row], places: vec![places] }),
            }
        }
        Ok((groups, passed))
    }

    /// The column of a line at which a member begins, as far as that is plain to see.
    fn place_in(&self, line: &str, name: &str) -> usize {
        let at = line.find(&format!("\"{name}\"")).unwrap_or(0);
        line.get(..at).map_or(0, |before| before.chars().count()) + 1
    }

    fn json(&self, place: usize, value: serde_json::Value) -> Cell {
        use serde_json::Value as J;
        let sort = self.about.columns.get(place).map(|column| column.sort.bare());
        let is_json = matches!(sort, Some(Sort::Json));
        match value {
            J::Null => Cell::Null,
            value if is_json => Cell::Text(value.to_string()),
            J::Bool(truth) => Cell::Truth(truth),
            J::Number(number) => Cell::Number(number.to_string()),
            J::String(text) => self.cell(place, Some(text)),
            J::Array(items)
                if self.shape.dialect == Dialect::Postgres
                    && matches!(sort, Some(Sort::Array(_))) =>
            {
                Cell::Text(array(&items))
            }
            other => Cell::Text(other.to_string()),
        }
    }
}

/// A JSON array as PostgreSQL writes an array (manual, section 8.15.6).
fn array(items: &[serde_json::Value]) -> String {
    use serde_json::Value as J;
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let item = |item: &J| match item {
        J::Null => "NULL".to_owned(),
        J::Array(items) => array(items),
        J::String(text) => quoted(text),
        J::Bool(_) | J::Number(_) => item.to_string(),
        J::Object(_) => quoted(&item.to_string()),
    };
    format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
}
