//! Cells and rows as text for the clipboard.
//!
//! Masked columns never get into a copied row, revealed or not, and a value of which only the
//! beginning is here is never copied as if it were whole: both are left out and counted, so
//! that the person is told.

use crate::app::panes::data::DataPane;
use crate::app::panes::data::columns::Sort;
use crate::db::Engine;
use crate::db::page::Row;
use crate::db::value::Value;
use crate::sql::Dialect;

/// A form rows are copied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Tab-separated, one line a row, without a header.
    Tabs,
    /// JSON: one object, or a list of them.
    Json,
    /// INSERT statements.
    Sql,
    /// A Markdown table.
    Markdown,
}

/// Text for the clipboard, and what it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The text.
    pub text: String,
    /// How many rows.
    pub rows: usize,
    /// Masked columns left out.
    pub masked: usize,
    /// Values left out because only their beginning is here.
    pub cut: usize,
}

impl DataPane {
    /// The marked rows that are here, or the row under the cursor, in a form.
    pub fn copy_rows(&self, form: Form, engine: Engine) -> Option<Copied> {
        let marked = self.window.rows().filter(|row| self.is_marked(row));
        let mut rows: Vec<&Row> = marked.collect();
        if rows.is_empty() {
            rows.push(self.current_row()?);
        }
        let shown = self.columns.shown();
        let open: Vec<usize> = shown
            .iter()
            .copied()
            .filter(|index| self.columns.get(*index).is_some_and(|column| !column.masked))
            .collect();
        let cut = rows
            .iter()
            .flat_map(|row| open.iter().filter_map(|index| row.cells.get(*index)))
            .filter(|value| matches!(value, Value::Truncated(_)))
            .count();
        let text = match form {
            Form::Tabs => self.lines(&rows, &open, "\t", tab_cell),
            Form::Json => self.json(&rows, &open),
            Form::Sql => self.inserts(&rows, &open, engine),
            Form::Markdown => self.markdown(&rows, &open),
        };
        Some(Copied { text, rows: rows.len(), masked: shown.len() - open.len(), cut })
    }

    fn lines(
        &self,
        rows: &[&Row],
        columns: &[usize],
        between: &str,
        cell: fn(&Value) -> String,
    ) -> String {
        let line = |row: &&Row| {
            let cells = columns.iter().filter_map(|index| row.cells.get(*index));
            cells.map(cell).collect::<Vec<_>>().join(between)
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn json(&self, rows: &[&Row], columns: &[usize]) -> String {
        let object = |row: &&Row| {
            let mut object = serde_json::Map::new();
            for index in columns {
                if let (Some(column), Some(value)) =
                    (self.columns.get(*index), row.cells.get(*index))
                    && !matches!(value, Value::Truncated(_))
                {
                    object.insert(column.name.clone(), json_value(value, column.sort));
                }
            }
            serde_json::Value::Object(object)
        };
        let mut objects: Vec<serde_json::Value> = rows.iter().map(object).collect();
        let whole = if objects.len() == 1 {
            objects.swap_remove(0)
        } else {
            serde_json::Value::Array(objects)
        };
        format!("{whole:#}")
    }

    fn inserts(&self, rows: &[&Row], columns: &[usize], engine: Engine) -> String {
        let dialect = match engine {
            Engine::Postgres => Dialect::Postgres,
            Engine::Sqlite => Dialect::Sqlite,
        };
        let relation = dialect.relation(&self.name.schema, &self.name.name);
        let insert = |row: &&Row| {
            let mut names = Vec::new();
            let mut values = Vec::new();
            for index in columns {
                let (Some(column), Some(value)) = (self.columns.get(*index), row.cells.get(*index))
                else {
                    continue;
                };
                if !column.generated && !matches!(value, Value::Truncated(_)) {
                    names.push(dialect.ident(&column.name));
                    values.push(literal(dialect, value));
                }
            }
            format!("INSERT INTO {relation} ({}) VALUES ({});", names.join(", "), values.join(", "))
        };
        rows.iter().map(insert).collect::<Vec<_>>().join("\n")
    }

    fn markdown(&self, rows: &[&Row], columns: &[usize]) -> String {
        let names = columns.iter().filter_map(|index| self.columns.get(*index));
        let header: Vec<String> = names.map(|column| markdown_text(&column.name)).collect();
        let rule = vec!["---"; header.len()].join(" | ");
        let body = self.lines(rows, columns, " | ", |value| markdown_text(&tab_cell(value)));
        let lines = body.lines().map(|line| format!("| {line} |"));
        let mut all = vec![format!("| {} |", header.join(" | ")), format!("| {rule} |")];
        all.extend(lines);
        all.join("\n")
    }
}

/// A value on a line of its own: what would break the line is written as PostgreSQL's COPY
/// writes it (manual, COPY, "Text Format"), NULL as `\N`.
fn tab_cell(value: &Value) -> String {
    match value {
        Value::Null => "\\N".to_owned(),
        Value::Truncated(_) => String::new(),
        other => other
            .plain()
            .replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
    }
}

fn markdown_text(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Numbers stay numbers digit by digit, documents stay documents, the rest is text.
fn json_value(value: &Value, sort: Sort) -> serde_json::Value {
    let as_is = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Text(text) => {
            let parsed = match sort {
                Sort::Json => as_is(text),
                Sort::Number => as_is(text).filter(serde_json::Value::is_number),
                Sort::Text => None,
            };
            parsed.unwrap_or_else(|| serde_json::Value::String(text.to_string()))
        }
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => {
            serde_json::Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into)
        }
        other => serde_json::Value::String(other.plain().into_owned()),
    }
}

fn literal(dialect: Dialect, value: &Value) -> String {
    match value {
        Value::Null | Value::Truncated(_) => "NULL".to_owned(),
        Value::Integer(_) | Value::Blob(_) => value.plain().into_owned(),
        // SQLite has no word for infinity, but a number too large for it is one.
        Value::Real(number) if number.is_infinite() => {
            if *number > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        Value::Real(_) => value.plain().into_owned(),
        Value::Text(text) => dialect.literal(text),
        Value::Malformed(bytes) => {
            format!("CAST(x'{}' AS TEXT)", crate::db::value::hex(bytes))
        }
    }
}
