//! Exporting what the grid shows: its filter, its order, the columns that are shown, into a file
//! whose ending says the format. Masked columns are never part of it.

use crate::app::effect::{Effect, Slot};
use crate::app::model::{Model, Tone};
use crate::db::export::{Export, Format, OutColumn, Sort, Source, Style};
use crate::db::page::PageColumn;
use crate::ops::session::Request;
use crate::schema::Generation;
use crate::text;

/// The name of a file for the table that is open; `None` where none is, or one is being written.
pub fn proposed(model: &mut Model) -> Option<String> {
    if model.tickets.is_running(Slot::Export) {
        model.notify(Tone::Plain, "An export runs; ctrl+c stops it");
        return None;
    }
    let pane = model.data.as_ref()?;
    let safe = |letter: char| if letter.is_alphanumeric() || letter == '_' { letter } else { '-' };
    Some(format!("{}.csv", pane.name.name.chars().map(safe).collect::<String>()))
}

/// Begins to write what the grid shows into a file.
///
/// # Errors
/// Why it cannot begin, in words for the dialog.
pub fn begin(model: &mut Model, file: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let Some(format) = Format::of_extension(ending) else {
        return Err("end it with .csv, .tsv, .jsonl, .json, .sql or .md".to_owned());
    };
    let Some(target) = model.target.clone() else { return Err("no database is open".to_owned()) };
    let Some(pane) = &mut model.data else { return Err("no table is open".to_owned()) };
    let Some(selection) = pane.selection().cloned() else {
        return Err("the table is still being read".to_owned());
    };
    let shown = pane.columns.shown();
    let shown = shown.iter().filter_map(|at| pane.columns.get(*at));
    let kept = shown.filter(|column| !column.masked);
    let kept = kept.filter(|column| format != Format::Sql || !computed(pane, &column.name));
    let out = |name: &str, column: &PageColumn| OutColumn {
        name: name.to_owned(),
        sort: Sort::of(&column.base_type),
    };
    let columns: Vec<OutColumn> = kept
        .filter_map(|kept| {
            let found = selection.columns.iter().find(|column| column.name == kept.name)?;
            Some(out(&kept.name, found))
        })
        .collect();
    if columns.is_empty() {
        return Err("every column that is shown is masked".to_owned());
    }
    let overriding = columns
        .iter()
        .any(|column| generation(pane, &column.name) == Some(&Generation::IdentityAlways));
    let source = Source::Rows { selection: Box::new(selection), columns, overriding };
    let export = Export { source, style: Style::plain(format) };
    let request = Request::Export(Box::new((target, export)), file.to_owned());
    model.start(Slot::Export, request, effects);
    Ok(())
}

fn generation<'a>(
    pane: &'a crate::app::panes::data::DataPane,
    column: &str,
) -> Option<&'a Generation> {
    pane.relation.as_ref()?.column(column)?.generation.as_ref()
}

fn computed(pane: &crate::app::panes::data::DataPane, column: &str) -> bool {
    matches!(generation(pane, column), Some(Generation::Stored(_) | Generation::Virtual(_)))
}

/// Tells how many rows were written so far.
pub fn progressed(model: &mut Model, rows: usize) {
    let rows = text::grouped(rows as u64);
    model.notify(Tone::Plain, format!("Exporting: {rows} rows; ctrl+c stops it"));
}

/// Tells that the file is there.
pub fn done(model: &mut Model, file: &str, rows: u64, bytes: u64) {
    let (rows, bytes) = (text::grouped(rows), text::short_bytes(bytes));
    model.notify(Tone::Good, format!("Exported {rows} rows to {file}, {bytes}"));
}
