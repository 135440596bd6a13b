//! Editing rows: what each command stages, and what follows from the answers to what was asked.
//!
//! A value is proven by the database before it is staged; nothing is written before a review.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::command::CommandId;
use crate::app::edit_apply::{
    applied_or_not, discard, restored, review, reviewed, take_back, taken_back,
};
use crate::app::edit_long::{self, Deleting};
use crate::app::edit_rows::{self, Barrier, Target, editable, held, is_production, targets};
use crate::app::effect::{Effect, Slot};
use crate::app::layout::layout;
use crate::app::model::{Model, Tone};
use crate::app::msg::Msg;
use crate::app::overlays::confirm::Confirm;
use crate::app::overlays::editor::{Editor, Way};
use crate::app::overlays::{Next, Overlay};
use crate::app::staged::{Editable, with_cell};
use crate::app::update::screen;
use crate::db::edit::{RowEdit, RowId, Trial, Typed, Verdict, Wanted, why_fixed};
use crate::db::value::Value;
use crate::ops::edit::{Answer, Request};
use crate::ops::session;
use crate::problem::{Kind, Problem};
use crate::schema::Generation;
use crate::text;

/// The most cells a column is made wider to for words that stand for a value.
const MOST_FOR_WORDS: usize = 24;

/// What editing knows beside what is staged.
#[derive(Debug, Default)]
pub struct Editing {
    /// Whether production was unlocked for this session.
    pub unlocked: bool,
    /// The cells whose values are being proven.
    pub waiting: Option<Waiting>,
    /// Rows that go once it is known what guards their long values.
    pub deleting: Option<Deleting>,
    /// The rows last copied as lines, which may be pasted back exactly.
    pub copied: Option<String>,
}

/// Cells whose values are being proven, and what they are to become.
#[derive(Debug)]
pub struct Waiting {
    /// The table.
    pub of: Editable,
    /// Each cell: its row and its column.
    pub cells: Vec<(Target, String)>,
    /// New rows that are made with it.
    pub new_rows: Vec<RowId>,
    /// The cells, by their numbers, whose long values are being looked into.
    pub long: Vec<usize>,
}

/// Runs a command that edits rows; whether it was one.
pub fn command(model: &mut Model, id: CommandId, effects: &mut Vec<Effect>) -> bool {
    use CommandId as C;
    match id {
        C::UnlockEdits => unlock(model),
        C::UndoEdit => step(model, false),
        C::RedoEdit => step(model, true),
        C::ReviewEdits => review(model, effects),
        C::DiscardEdits => discard(model),
        C::RestoreEdits => {
            let request = session::Request::Edit(Request::Restore);
            model.start(Slot::Edit, request, effects);
        }
        C::UndoApply => take_back(model, effects),
        C::EditCell | C::EditOutside | C::AddRow | C::AddCopy | C::DeleteRow | C::SetNull => {
            if model.editing.waiting.is_some() || model.editing.deleting.is_some() {
                model.notify(Tone::Plain, "The last edit is still being checked");
            } else if let Some(of) = may_edit(model) {
                match id {
                    C::EditCell => Editor::open(model, of, Way::Box, effects),
                    C::EditOutside => Editor::open(model, of, Way::Outside, effects),
                    C::AddRow => add(model, &of, BTreeMap::new()),
                    C::AddCopy => add_copy(model, &of),
                    C::DeleteRow => delete(model, &of, effects),
                    _ => set_null(model, &of, effects),
                }
            }
        }
        C::Range => range(model),
        _ => return false,
    }
    true
}

/// The table on the screen if it may be edited; else the person is told why not.
pub fn may_edit(model: &mut Model) -> Option<Editable> {
    match editable(model) {
        Ok(of) => Some(of),
        Err(Barrier::Fixed(why)) => {
            model.notify(Tone::Plain, why);
            None
        }
        Err(Barrier::Locked) => {
            let database = model.facts().map_or("", |facts| facts.database.as_str());
            let text = format!(
                "Rows of {database} can then be edited until you leave. Nothing is written \
                 before a review, and each apply asks for the database's name."
            );
            model.overlays.push(Overlay::Confirm(Confirm {
                title: "Unlock production for editing?".to_owned(),
                text,
                yes: "unlock".to_owned(),
                then: Msg::Run(CommandId::UnlockEdits),
            }));
            None
        }
    }
}

fn unlock(model: &mut Model) {
    if !is_production(model) {
        model.notify(Tone::Plain, "This database is not locked");
        return;
    }
    model.editing.unlocked = true;
    model.notify(Tone::Good, "Unlocked for this session: rows can be edited");
}

/// Takes the latest step back, or does it again.
fn step(model: &mut Model, forward: bool) {
    let table = if forward { model.staged.redo() } else { model.staged.undo() };
    settle_cursor(model);
    let (done, nothing) = if forward {
        ("Done again", "Nothing to do again")
    } else {
        ("Taken back", "Nothing to take back; U takes back what was applied")
    };
    let here = model.data.as_ref().map(|pane| &pane.name);
    match table {
        None => model.notify(Tone::Plain, nothing),
        Some(table) if Some(&table) == here => model.notify(Tone::Plain, done),
        Some(table) => {
            let title = model.tree.title(&table);
            model.notify(Tone::Plain, format!("{done}, in {title}"));
        }
    }
}

/// Keeps the cursor on a row that is there.
pub fn settle_cursor(model: &mut Model) {
    let Some(pane) = &mut model.data else { return };
    let added = model.staged.added(&pane.name).len();
    pane.new_row = pane.new_row.filter(|_| added > 0).map(|at| at.min(added.saturating_sub(1)));
    let height = layout(model, screen(model)).grid_height();
    if let Some(pane) = &mut model.data {
        pane.keep_visible(height);
    }
}

/// Adds a row with these cells and puts the cursor on it.
fn add(model: &mut Model, of: &Editable, cells: BTreeMap<String, Wanted>) {
    let row = model.staged.new_row();
    model.staged.put(of, vec![(row, Some(RowEdit::Added { cells: cells.clone() }))]);
    let count = model.staged.added(&of.relation.name).len();
    let places = layout(model, screen(model));
    let Some(pane) = &mut model.data else { return };
    pane.new_row = Some(count.saturating_sub(1));
    for column in &of.relation.columns {
        // What the row is not given is said in words.
        let words = match () {
            () if cells.contains_key(&column.name) => continue,
            () if is_needed(column) => "needed",
            () if column.generation.is_some() => "generated",
            () if column.default.is_some() => "default",
            () => continue,
        };
        let wide = u16::try_from(words.len()).unwrap_or(u16::MAX);
        pane.columns.make_cells(&column.name, wide);
    }
    // Where a value has to be typed is where typing begins.
    let needed = pane.columns.shown().iter().position(|index| {
        let name = pane.columns.get(*index).map(|column| &column.name);
        name.is_some_and(|name| {
            !cells.contains_key(name) && of.relation.column(name).is_some_and(is_needed)
        })
    });
    if let Some(place) = needed {
        pane.columns.move_to(place, places.grid_width());
    }
    pane.keep_visible(places.grid_height());
}

/// Whether a new row must be given a value for a column.
pub fn is_needed(column: &crate::schema::Column) -> bool {
    !column.nullable && column.default.is_none() && column.generation.is_none()
}

/// Adds a row like the one under the cursor, without what must be its own.
fn add_copy(model: &mut Model, of: &Editable) {
    let Some(target) = targets(model).into_iter().next_back() else {
        add(model, of, BTreeMap::new());
        return;
    };
    let edit = model.staged.row(&of.relation.name, &target.row).cloned();
    let held = held(&target, edit.as_ref());
    let (mut cells, mut long) = (BTreeMap::new(), 0);
    for (name, value) in held {
        let Some(column) = of.relation.column(&name) else { continue };
        let own = of.relation.in_primary_key(&name) && of.relation.foreign_key_of(&name).is_none();
        if own || column.generation.is_some() {
            continue;
        }
        if matches!(value, Value::Truncated(_)) {
            long += 1;
            continue;
        }
        cells.insert(name, Wanted::Value(value));
    }
    add(model, of, cells);
    if long > 0 {
        let text = format!("Without {long} long values: only their beginnings are here");
        model.notify(Tone::Bad, text);
    }
}

/// Marks rows for deletion; if all of them are, takes the marks off. New rows go at once.
fn delete(model: &mut Model, of: &Editable, effects: &mut Vec<Effect>) {
    let targets = targets(model);
    let table = of.relation.name.clone();
    let is_deleted = |target: &Target| {
        matches!(model.staged.row(&table, &target.row), Some(RowEdit::Deleted { .. }))
    };
    let undelete = !targets.is_empty() && targets.iter().all(is_deleted);
    let (long, originals) = match undelete {
        true => (Vec::new(), Vec::new()),
        false => edit_long::of_rows(model, &targets),
    };
    let rows = targets.into_iter().map(|target| {
        let edit = target.key.filter(|_| !undelete).map(|key| {
            // Bytes that are no text cannot be sent back to be compared.
            let comparable = |value: &Value| !matches!(value, Value::Malformed(_));
            let read = target.read.into_iter().filter(|(_, value)| comparable(value));
            RowEdit::Deleted { key, read: read.collect() }
        });
        (target.row, edit)
    });
    let deleting = Deleting { of: of.clone(), rows: rows.collect(), long };
    if originals.is_empty() {
        mark_deleted(model, deleting);
        return;
    }
    model.editing.deleting = Some(deleting);
    let request = session::Request::Edit(Request::Originals(originals));
    model.start(Slot::Edit, request, effects);
}

/// Stages the marks, and goes on to the next row after one.
fn mark_deleted(model: &mut Model, deleting: Deleting) {
    let one = deleting.rows.len() == 1;
    model.staged.put(&deleting.of, deleting.rows);
    settle_cursor(model);
    let height = layout(model, screen(model)).grid_height();
    if let Some(pane) = model.data.as_mut().filter(|pane| pane.new_row.is_none()) {
        pane.marked.clear();
        pane.range = None;
        if one {
            pane.move_by(1, height);
        }
    }
}

/// Sets the column under the cursor to NULL in the rows that are edited.
fn set_null(model: &mut Model, of: &Editable, effects: &mut Vec<Effect>) {
    let Some(name) = column_under_cursor(model) else { return };
    if let Err(why) = may_hold(of, &name, &Typed::Null) {
        model.notify(Tone::Bad, why);
        return;
    }
    let cells = targets(model).into_iter().map(|target| (target, name.clone())).collect();
    let waiting = Waiting { of: of.clone(), cells, new_rows: Vec::new(), long: Vec::new() };
    let count = waiting.cells.len();
    if !edit_long::of_cells(model, &waiting).0.is_empty() {
        prove(model, waiting, &vec![Typed::Null; count], effects);
        return;
    }
    stage(model, waiting, vec![Ok(Wanted::Value(Value::Null)); count]);
}

/// The name of the column under the cursor.
pub fn column_under_cursor(model: &Model) -> Option<String> {
    model.data.as_ref()?.columns.current_column().map(|column| column.name.clone())
}

/// Whether a column may be given something at all.
///
/// # Errors
/// Why not, as a sentence.
pub fn may_hold(of: &Editable, name: &str, typed: &Typed) -> Result<(), String> {
    let Some(column) = of.relation.column(name) else {
        return Err(format!("There is no column {name} any more"));
    };
    if let Some(why) = why_fixed(column, *typed == Typed::Default) {
        return Err(why);
    }
    let by_itself = column.generation == Some(Generation::RowidAlias);
    if *typed == Typed::Null && !column.nullable && !by_itself {
        return Err(format!("{name} is NOT NULL: it must hold a value"));
    }
    Ok(())
}

/// Asks the database what it makes of what was typed into these cells.
pub fn prove(model: &mut Model, waiting: Waiting, typed: &[Typed], effects: &mut Vec<Effect>) {
    let mut trials = Vec::with_capacity(waiting.cells.len());
    for ((target, column), typed) in waiting.cells.iter().zip(typed) {
        let edit = model.staged.row(&waiting.of.relation.name, &target.row);
        // What a new row is not given is not known yet: checks of it wait for the write.
        let row = held(target, edit);
        trials.push(Trial { column: column.clone(), typed: typed.clone(), row });
    }
    let relation = Arc::clone(&waiting.of.relation);
    let (long, originals) = edit_long::of_cells(model, &waiting);
    let waiting = Waiting { long, ..waiting };
    model.editing.waiting = Some(waiting);
    let request = session::Request::Edit(Request::Prove(relation, trials, originals));
    model.start(Slot::Edit, request, effects);
}

/// Stages what was proven, as one step.
fn stage(model: &mut Model, waiting: Waiting, verdicts: Vec<Verdict>) {
    let table = waiting.of.relation.name.clone();
    let mut rows: BTreeMap<RowId, Option<RowEdit>> = BTreeMap::new();
    for row in waiting.new_rows {
        rows.insert(row, Some(RowEdit::Added { cells: BTreeMap::new() }));
    }
    let mut skipped = 0;
    for ((target, column), verdict) in waiting.cells.into_iter().zip(verdicts) {
        let Ok(wanted) = verdict else { continue };
        let before = match rows.get(&target.row) {
            Some(before) => before.clone(),
            None => model.staged.row(&table, &target.row).cloned(),
        };
        if matches!(before, Some(RowEdit::Deleted { .. })) {
            skipped += 1;
            continue;
        }
        match (&wanted, &mut model.data) {
            (Wanted::Value(value), Some(pane)) => {
                pane.columns.make_room_for(&column, value, model.ascii);
            }
            (Wanted::Row(from), Some(pane)) => {
                let wide = text::width(&from.words()).min(MOST_FOR_WORDS);
                pane.columns.make_cells(&column, u16::try_from(wide).unwrap_or(u16::MAX));
            }
            _ => {}
        }
        let read = target.read.get(&column).cloned().unwrap_or(Value::Null);
        let key = target.key.unwrap_or_default();
        let after = with_cell(before.as_ref(), &key, &column, &read, wanted);
        rows.insert(target.row, after);
    }
    model.staged.put(&waiting.of, rows.into_iter().collect());
    if skipped > 0 {
        model.notify(Tone::Plain, "A row marked for deletion is not edited; dd takes the mark off");
    }
    if let Some(pane) = &mut model.data {
        pane.range = None;
    }
    settle_cursor(model);
}

/// Takes an answer about edits.
pub fn answered(model: &mut Model, answer: Answer, effects: &mut Vec<Effect>) {
    match answer {
        Answer::Proven(verdicts, originals) => proven(model, verdicts, originals),
        Answer::Originals(originals) => {
            if let Some(deleting) = model.editing.deleting.take() {
                mark_deleted(model, deleting.guarded(originals));
            }
        }
        Answer::Candidates(found) => {
            if let Some(editor) = editor(model) {
                editor.take_candidates(found);
            }
        }
        Answer::Whole(value) => {
            if let Some(editor) = editor(model) {
                editor.take_whole(value, effects);
            }
        }
        Answer::FromFile(typed) => with_editor(model, |editor, model| {
            editor.take_file(typed, model, effects);
            Next::Stay
        }),
        Answer::ToFile(path, bytes) => {
            let bytes = text::short_bytes(bytes);
            model.notify(Tone::Good, format!("Wrote the value to {path}, {bytes}"));
        }
        Answer::Reviewed(plan) => reviewed(model, plan),
        Answer::Restored(back) => restored(model, back, effects),
        Answer::Applied(applied, elapsed) => applied_or_not(model, applied, elapsed, effects),
        Answer::TakenBack(back) => taken_back(model, back, effects),
    }
}

/// Hands something to the box that is open, and does what it answers.
pub fn with_editor(model: &mut Model, act: impl FnOnce(&mut Editor, &mut Model) -> Next) {
    let is_it = |overlay: &Overlay| matches!(overlay, Overlay::Editor(_));
    let Some(at) = model.overlays.iter().rposition(is_it) else { return };
    let Overlay::Editor(mut editor) = model.overlays.remove(at) else { return };
    if !matches!(act(&mut editor, model), Next::Close) {
        model.overlays.insert(at, Overlay::Editor(editor));
    }
}

/// Takes what the person's own editor left.
pub fn drafted(
    model: &mut Model,
    text: Option<String>,
    trouble: Option<String>,
    effects: &mut Vec<Effect>,
) {
    with_editor(model, |editor, model| editor.come_back(text, trouble, model, effects));
}

fn editor(model: &mut Model) -> Option<&mut Editor> {
    model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Editor(editor) => Some(&mut **editor),
        _ => None,
    })
}

fn proven(model: &mut Model, verdicts: Vec<Verdict>, originals: Vec<Value>) {
    let Some(mut waiting) = model.editing.waiting.take() else { return };
    waiting.guard(originals);
    let wrong = verdicts.iter().filter(|verdict| verdict.is_err()).count();
    let first = waiting.cells.iter().zip(&verdicts).find_map(|((_, column), verdict)| {
        verdict.as_ref().err().map(|complaint| (column.clone(), complaint.clone()))
    });
    let is_editor = editor(model).is_some();
    match first {
        None => {
            model.overlays.retain(|overlay| !matches!(overlay, Overlay::Editor(_)));
            stage(model, waiting, verdicts);
        }
        Some((_, complaint)) if is_editor => {
            if let Some(editor) = editor(model) {
                editor.refused(complaint);
            }
        }
        Some((column, complaint)) => {
            // A block is pasted whole or not at all.
            let rest = if wrong > 1 { format!(", and {} more", wrong - 1) } else { String::new() };
            let text = format!("Nothing was staged: {column}: {complaint}{rest}");
            model.notify(Tone::Bad, text);
        }
    }
}

/// Work on edits failed, was refused or was stopped.
pub fn failed(model: &mut Model, problem: &Problem) {
    model.editing.waiting = None;
    model.editing.deleting = None;
    let told = if problem.kind == Kind::Cancelled && problem.why.is_empty() {
        "Stopped; nothing was changed".to_owned()
    } else {
        problem.to_string()
    };
    if let Some(editor) = editor(model) {
        editor.refused(told);
        return;
    }
    let is_it = |overlay: &Overlay| matches!(overlay, Overlay::EditReview(_));
    let at = model.overlays.iter().position(is_it);
    if let Some(Overlay::EditReview(mut review)) = at.map(|at| model.overlays.remove(at)) {
        review.refused(None, problem.clone(), model);
        model.overlays.push(Overlay::EditReview(review));
        return;
    }
    model.notify(Tone::Bad, told);
}

/// Begins a range of rows, or marks those in it.
fn range(model: &mut Model) {
    let Some(pane) = &mut model.data else { return };
    if pane.range.is_some() {
        pane.mark_range();
        return;
    }
    pane.range = pane.current_row().map(|row| row.anchor.clone());
    if pane.range.is_some() {
        model.notify(Tone::Plain, "A range: move, then e, x or dd edit all of it; v marks it");
    }
}

/// Moves the cursor among the new rows below the others; whether it did.
pub fn moved(model: &mut Model, id: CommandId) -> bool {
    use CommandId as C;
    let Some(pane) = &mut model.data else { return false };
    let added = model.staged.added(&pane.name).len();
    let last = pane.window.len().saturating_sub(1);
    match (id, pane.new_row) {
        (C::Down, None) if added > 0 && pane.row >= last && !pane.window.more_after() => {
            pane.new_row = Some(0);
        }
        (C::Down, Some(at)) => pane.new_row = Some((at + 1).min(added.saturating_sub(1))),
        (C::Up, Some(0)) => pane.new_row = None,
        (C::Up, Some(at)) => pane.new_row = Some(at - 1),
        (C::PageUp | C::PageDown | C::HalfUp | C::HalfDown | C::First | C::Last, Some(_)) => {
            pane.new_row = None;
            return false;
        }
        _ => return false,
    }
    true
}

/// The staged state of a row of the selection that is drawn.
pub fn edit_of<'a>(
    model: &'a Model,
    selection: &crate::db::page::Selection,
    row: &crate::db::page::Row,
) -> Option<&'a RowEdit> {
    let id = edit_rows::id_of(selection, row)?;
    model.staged.row(&selection.relation, &id)
}

/// Puts the cursor on the new row that was clicked.
pub fn click_new_row(model: &mut Model, line: usize, places: &crate::app::layout::Layout) {
    let Some(pane) = &mut model.data else { return };
    let added = model.staged.added(&pane.name).len();
    let first = first_new_row(pane.new_row, added, usize::from(places.new_rows.height));
    pane.new_row = Some((first + line).min(added.saturating_sub(1)));
}

/// The first new row on a screen that has room for `height` of them.
pub fn first_new_row(cursor: Option<usize>, added: usize, height: usize) -> usize {
    let last = added.saturating_sub(height);
    cursor.map_or(last, |cursor| (cursor + 1).saturating_sub(height).min(last))
}
