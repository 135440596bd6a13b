//! Copying: what goes to the clipboard, and what the person is told of it.

use crate::app::command::CommandId;
use crate::app::effect::{Effect, Slot};
use crate::app::model::{Model, Tone};
use crate::app::panes::data::copy::Form;
use crate::db::page::ValueRequest;
use crate::db::value::Value;
use crate::ops::session::Request;
use crate::text;

/// Copies the cell under the cursor; a long one is read whole first.
pub fn cell(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(index) = model.data.as_ref().and_then(|pane| pane.columns.current()) {
        column(model, index, effects);
    }
}

/// Copies the cell of a column, by its index, in the row under the cursor.
pub fn column(model: &mut Model, index: usize, effects: &mut Vec<Effect>) {
    let Some(pane) = &mut model.data else { return };
    let Some(value) = pane.current_row().and_then(|row| row.cells.get(index)) else { return };
    if !pane.is_shown(index) {
        model.notify(Tone::Bad, "This column is masked; z reveals it, then it can be copied");
        return;
    }
    if !matches!(value, Value::Truncated(_)) {
        let value = value.clone();
        put(model, &value, effects);
        return;
    }
    if let Some(request) = whole(model, index) {
        model.copy_value = true;
        model.start(Slot::Value, Request::Value(Box::new(request)), effects);
    }
}

/// The question for all of the value of a column in the row under the cursor.
pub fn whole(model: &mut Model, index: usize) -> Option<ValueRequest> {
    let pane = model.data.as_mut()?;
    let column = pane.columns.get(index)?.name.clone();
    let anchor = pane.current_row()?.anchor.clone();
    let selection = pane.selection()?.clone();
    Some(ValueRequest { selection, anchor, column })
}

/// Puts a value on the clipboard and says so.
pub fn put(model: &mut Model, value: &Value, effects: &mut Vec<Effect>) {
    if value.is_null() {
        model.notify(Tone::Plain, "NULL has no text; nothing was copied");
        return;
    }
    let copied = value.plain().into_owned();
    let size = text::short_bytes(copied.len() as u64);
    effects.push(Effect::Copy(copied));
    model.notify(Tone::Good, format!("Copied the cell, {size}"));
}

/// Copies the marked rows, or the one under the cursor, in the form the command says.
pub fn rows(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) {
    let form = match id {
        CommandId::CopyJson => Form::Json,
        CommandId::CopySql => Form::Sql,
        CommandId::CopyMarkdown => Form::Markdown,
        _ => Form::Tabs,
    };
    let Some(engine) = model.engine() else { return };
    let Some(copied) = model.data.as_ref().and_then(|pane| pane.copy_rows(form, engine)) else {
        return;
    };
    let mut said = match copied.rows {
        1 => "Copied 1 row".to_owned(),
        rows => format!("Copied {rows} rows"),
    };
    if copied.masked > 0 {
        said.push_str(&format!(", without {} masked columns", copied.masked));
    }
    if copied.cut > 0 {
        said.push_str(&format!(", without {} long values (yc copies one whole)", copied.cut));
    }
    let tone = if copied.cut > 0 { Tone::Bad } else { Tone::Good };
    if form == Form::Tabs {
        model.editing.copied = Some(copied.text.clone());
    }
    effects.push(Effect::Copy(copied.text));
    model.notify(tone, said);
}
