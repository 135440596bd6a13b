//! Pasting into the grid: one value, or a block of lines and tabs, laid over the cells from the
//! cursor on. All of it is staged, as one step, or none of it.

use std::collections::BTreeMap;

use crate::app::edit::{Waiting, may_edit, may_hold, prove};
use crate::app::edit_rows::{Target, added_under_cursor, target, targets};
use crate::app::effect::{Effect, Slot};
use crate::app::model::{Focus, Link, Model, Tone, View};
use crate::db::edit::Typed;

/// The most cells that are pasted at once: each is proven by the database.
const MOST_CELLS: usize = 5_000;

/// Takes text that was pasted into the grid.
pub fn pasted(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let open = matches!(model.link, Link::Open(_));
    if !open || model.focus != Focus::Main || model.view != View::Data || model.data.is_none() {
        return;
    }
    if model.tickets.is_running(Slot::Edit) {
        model.notify(Tone::Plain, "The last edit is still being checked");
        return;
    }
    let Some(of) = may_edit(model) else { return };
    let exact = model.editing.copied.as_deref() == Some(text);
    let block = block(text, exact);
    let first = block.first().map_or(0, Vec::len);
    let (cells, new_rows) = match (block.len(), first) {
        (0, _) => return,
        // One value goes into every row that is picked.
        (1, 1) => {
            let Some(name) = crate::app::edit::column_under_cursor(model) else { return };
            let typed = block.into_iter().flatten().next().unwrap_or(Typed::Null);
            let all = targets(model).into_iter().map(|it| (it, name.clone(), typed.clone()));
            (all.collect::<Vec<_>>(), Vec::new())
        }
        _ => match laid_over(model, block) {
            Ok(found) => found,
            Err(why) => {
                model.notify(Tone::Bad, why);
                return;
            }
        },
    };
    if let Some(why) = cells.iter().find_map(|(_, name, typed)| may_hold(&of, name, typed).err()) {
        model.notify(Tone::Bad, format!("Nothing was pasted: {why}"));
        return;
    }
    if cells.len() > MOST_CELLS {
        let text = format!("Nothing was pasted: more than {MOST_CELLS} cells; import a file");
        model.notify(Tone::Bad, text);
        return;
    }
    let typed: Vec<Typed> = cells.iter().map(|(.., typed)| typed.clone()).collect();
    let cells = cells.into_iter().map(|(target, name, _)| (target, name)).collect();
    prove(model, Waiting { of, cells, new_rows, long: Vec::new() }, &typed, effects);
}

type Laid = (Vec<(Target, String, Typed)>, Vec<crate::db::edit::RowId>);

/// The cells a block covers from the cursor on; lines beyond the last row become new rows.
fn laid_over(model: &mut Model, block: Vec<Vec<Typed>>) -> Result<Laid, String> {
    let on_new = added_under_cursor(model);
    let Some(pane) = &mut model.data else { return Err("Open a table first".to_owned()) };
    let from = pane.columns.cursor();
    let shown = pane.columns.shown().iter().skip(from);
    let names: Vec<String> = shown
        .filter_map(|index| pane.columns.get(*index).map(|column| column.name.clone()))
        .collect();
    let widest = block.iter().map(Vec::len).max().unwrap_or(0);
    if widest > names.len() {
        let room = names.len();
        return Err(format!("Nothing was pasted: {widest} columns, and room for {room} from here"));
    }
    let Some(selection) = pane.selection().cloned() else {
        return Err("Open a table first".to_owned());
    };
    let here = pane.window.rows().skip(pane.row).take(block.len());
    let mut rows: Vec<Target> = match on_new {
        Some(_) => Vec::new(),
        None => here.filter_map(|row| target(&selection, row)).collect(),
    };
    if on_new.is_none() && rows.len() < block.len() && pane.window.more_after() {
        return Err("Nothing was pasted: not all of those rows are read yet; go down first".into());
    }
    let name = pane.name.clone();
    let mut new_rows = Vec::new();
    let added: Vec<_> = model.staged.added(&name).iter().map(|(row, _)| (*row).clone()).collect();
    let start = on_new.and_then(|row| added.iter().position(|it| *it == row));
    let mut existing = added.into_iter().skip(start.unwrap_or(usize::MAX));
    while rows.len() < block.len() {
        let row = existing.next().unwrap_or_else(|| {
            let fresh = model.staged.new_row();
            new_rows.push(fresh.clone());
            fresh
        });
        rows.push(Target { row, key: None, anchor: None, read: BTreeMap::new() });
    }
    let mut cells = Vec::new();
    for (row, line) in rows.into_iter().zip(block) {
        let named = names.iter().cloned().zip(line);
        cells.extend(named.map(|(name, typed)| (row.clone(), name, typed)));
    }
    Ok((cells, new_rows))
}

/// Text as lines of cells: parted by tabs, in quotes where a spreadsheet quotes them. `\N` is
/// NULL. With `exact` what our own copy wrote as escapes becomes what it was.
fn block(text: &str, exact: bool) -> Vec<Vec<Typed>> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let is_block = text.contains('\t');
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let (mut cell, mut quoted) = (String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' if quoted => quoted = false,
            '"' if is_block && !exact && cell.is_empty() => quoted = true,
            '\t' if !quoted => line.push(typed(&std::mem::take(&mut cell), exact)),
            '\n' if !quoted => {
                line.push(typed(&std::mem::take(&mut cell), exact));
                lines.push(std::mem::take(&mut line));
            }
            letter => cell.push(letter),
        }
    }
    line.push(typed(&cell, exact));
    lines.push(line);
    lines
}

fn typed(cell: &str, exact: bool) -> Typed {
    if cell == "\\N" {
        return Typed::Null;
    }
    if !exact {
        return Typed::Text(cell.to_owned());
    }
    let (mut out, mut letters) = (String::new(), cell.chars());
    while let Some(letter) = letters.next() {
        let plain = match letter {
            '\\' => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            letter => letter,
        };
        out.push(plain);
    }
    Typed::Text(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Typed {
        Typed::Text(text.to_owned())
    }

    #[test]
    fn a_block_is_cut_as_spreadsheets_write_it() {
        let found = block("a\t\\N\r\n\"b \"\"c\"\"\nd\"\t\n", false);
        assert_eq!(found, [vec![text("a"), Typed::Null], vec![text("b \"c\"\nd"), text("")]]);
        assert_eq!(block("C:\\temp", false), [vec![text("C:\\temp")]]);
        assert_eq!(block("a\\tb\\\\", true), [vec![text("a\tb\\")]]);
        assert_eq!(block("\"said\"", false), [vec![text("\"said\"")]]);
    }
}
