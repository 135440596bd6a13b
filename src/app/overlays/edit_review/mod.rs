//! The edits before a yes: the very statements that will run, what each changes, what it entails;
//! and after a no of the database, what is wrong with which.
//!
//! A row that is not as it was read is shown three ways: as it was read, as it is wanted, as it
//! is now. Nothing here runs anything by itself.

mod lines;

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::edit;
use crate::app::edit_apply;
use crate::app::edit_rows::is_production;
use crate::app::effect::{Effect, Slot};
use crate::app::field::Field;
use crate::app::key::{Code, Key, Mouse};
use crate::app::model::{Model, Tone};
use crate::app::msg::Msg;
use crate::app::overlays::Next;
use crate::app::overlays::place::{Scroll, inside};
use crate::app::overlays::review::lines::{Line, Row, rows};
use crate::app::staged::Editable;
use crate::app::update::screen;
use crate::db::edit::{CellEdit, Conflict, RowEdit, Wanted};
use crate::ops::edit::Plan;
use crate::problem::{Kind, Problem};
use crate::text;

/// Edits that are looked at before they are applied.
#[derive(Debug)]
pub struct EditReview {
    /// What will run.
    pub plan: Arc<Plan>,
    /// The row under the cursor.
    pub list: Scroll,
    /// The rows that are not as they were read.
    pub conflicts: Vec<Conflict>,
    /// The database's name as it is typed to confirm; none while nobody asks for it.
    pub confirm: Option<Field>,
    /// Why nothing was changed: of a statement, or of all.
    pub refusal: Option<(Option<usize>, Problem)>,
    lines: Vec<Line>,
    rows: Vec<Row>,
    made_for: (u16, bool),
}

impl EditReview {
    /// A plan from its first line on.
    pub fn new(plan: Arc<Plan>, model: &Model) -> Self {
        let mut it = Self {
            plan,
            list: Scroll::default(),
            conflicts: Vec::new(),
            confirm: None,
            refusal: None,
            lines: Vec::new(),
            rows: Vec::new(),
            made_for: (0, false),
        };
        it.lines = lines::lines(&it);
        it.fit(model);
        it
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = screen.width.saturating_sub(4).min(112);
        let rows = u16::try_from(self.rows_for(model, width).len()).unwrap_or(u16::MAX);
        let more = if self.confirm.is_some() { 4 } else { 2 };
        let most = screen.height.saturating_sub(2).max(6);
        let height = rows.saturating_add(more).clamp(6, most);
        let free = screen.height.saturating_sub(height).saturating_sub(2);
        let x = screen.x + screen.width.saturating_sub(width) / 2;
        Rect { x, y: screen.y + 1 + free * 2 / 5, width, height }
    }

    /// Where its rows stand in there, and where the name is typed.
    pub fn parts(&self, area: Rect) -> (Rect, Rect) {
        let inner = inside(area);
        let asked = if self.confirm.is_some() { 2 } else { 0 };
        let height = inner.height.saturating_sub(asked);
        let below = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
        (Rect { height, ..inner }, below)
    }

    /// The cells the numbers of the statements have, with the gap after them.
    pub fn gutter(&self) -> u16 {
        let digits = self.plan.statements.len().to_string().len();
        u16::try_from(digits).unwrap_or(1) + 2
    }

    /// The rows in a dialog of this width.
    pub fn rows_for(&self, model: &Model, width: u16) -> Vec<Row> {
        if self.made_for == (width, model.ascii) {
            return self.rows.clone();
        }
        let room = usize::from(width.saturating_sub(4).saturating_sub(self.gutter()));
        rows(&self.lines, room, model.ascii)
    }

    /// The line a row is of.
    pub fn line(&self, row: &Row) -> Option<&Line> {
        self.lines.get(row.line)
    }

    /// How many statements there are, in words.
    pub fn counted(&self) -> String {
        match self.plan.statements.len() {
            1 => "1 statement, one transaction".to_owned(),
            many => format!("{} statements, one transaction", text::grouped(many as u64)),
        }
    }

    /// Whether the cursor is on a row that is not as it was read.
    pub fn conflict_here(&self) -> Option<&Conflict> {
        let statement = self.statement_here()?;
        self.conflicts.iter().find(|conflict| conflict.statement == statement)
    }

    fn statement_here(&self) -> Option<usize> {
        let row = self.rows.get(self.list.cursor)?;
        self.lines.get(row.line)?.statement
    }

    fn fit(&mut self, model: &Model) {
        let width = self.area(model).width;
        if self.made_for != (width, model.ascii) {
            self.rows = self.rows_for(model, width);
            self.made_for = (width, model.ascii);
        }
        let height = self.height(model);
        self.list.to(self.list.cursor, self.rows.len(), height);
    }

    fn height(&self, model: &Model) -> usize {
        usize::from(self.parts(self.area(model)).0.height).max(1)
    }

    fn remake(&mut self) {
        self.lines = lines::lines(self);
        self.made_for = (0, false);
        self.rows.clear();
    }

    /// Rows were not as they were read.
    pub fn take_conflicts(&mut self, conflicts: Vec<Conflict>, model: &Model) {
        self.confirm = None;
        self.refusal = None;
        let first = conflicts.first().map(|conflict| conflict.statement);
        self.conflicts = conflicts;
        self.remake();
        self.go_to(first, model);
    }

    /// The database refused a statement, the commit, or all of it.
    pub fn refused(&mut self, statement: Option<usize>, problem: Problem, model: &Model) {
        self.confirm = None;
        self.refusal = Some((statement, problem));
        self.remake();
        self.go_to(statement, model);
    }

    /// Puts the cursor on a statement, or on the first line, its end in sight if it can be.
    fn go_to(&mut self, statement: Option<usize>, model: &Model) {
        self.list = Scroll::default();
        self.fit(model);
        let is_its = |row: &Row| {
            let line = self.lines.get(row.line);
            line.is_some_and(|line| line.statement.is_some() && line.statement == statement)
        };
        let first = self.rows.iter().position(is_its).unwrap_or(0);
        let last = self.rows.iter().rposition(is_its).unwrap_or(0);
        let (count, height) = (self.rows.len(), self.height(model));
        self.list.to(last, count, height);
        self.list.to(first, count, height);
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        self.fit(model);
        if model.tickets.is_running(Slot::Edit) {
            if key == Key::ctrl('c') && model.tickets.cancel(Slot::Edit) {
                effects.push(Effect::Cancel(Slot::Edit));
            }
            return Next::Stay;
        }
        if self.confirm.is_some() {
            return self.confirming(key, model, effects);
        }
        let height = self.height(model);
        match key.code {
            _ if self.list.key(key, self.rows.len(), height) => {}
            Code::Char('c') if key.ctrl => return self.leave(model),
            _ if key.ctrl || key.alt => {}
            Code::Esc | Code::Char('q') => return self.leave(model),
            Code::Char('a') => return self.yes(model, effects),
            Code::Char('x') => return self.take_out(model, effects),
            Code::Char('m') => return self.keep_mine(model, effects),
            Code::Char('t') => return self.take_theirs(model, effects),
            Code::Char('e') => return self.edit(model),
            Code::Char('n') => return self.next_statement(height),
            Code::Char('Y' | 'y') => return self.copy(key.code == Code::Char('Y'), model, effects),
            _ => {}
        }
        Next::Stay
    }

    /// Takes the mouse: the wheel scrolls, a click moves the cursor.
    pub fn mouse(&mut self, mouse: Mouse, model: &Model) -> Next {
        self.fit(model);
        let body = self.parts(self.area(model)).0;
        self.list.mouse(mouse, body, self.rows.len());
        Next::Stay
    }

    /// Takes pasted text, which is never a confirmation: a name is typed.
    pub fn paste(&self) -> Next {
        Next::Stay
    }

    fn next_statement(&mut self, height: usize) -> Next {
        let here = self.statement_here();
        let later = self.rows.iter().enumerate().skip(self.list.cursor).find(|(_, row)| {
            let statement = self.lines.get(row.line).and_then(|line| line.statement);
            statement.is_some() && statement != here
        });
        if let Some((at, _)) = later {
            self.list.to(at, self.rows.len(), height);
        }
        Next::Stay
    }

    fn yes(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if !self.conflicts.is_empty() {
            let text = "Decide on each row that changed first: m keeps mine, t takes theirs";
            model.notify(Tone::Plain, text);
            return Next::Stay;
        }
        if is_production(model) {
            self.confirm = Some(Field::default());
            return Next::Stay;
        }
        self.apply(model, effects);
        Next::Stay
    }

    fn apply(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        self.refusal = None;
        self.remake();
        self.fit(model);
        edit_apply::apply(model, Arc::clone(&self.plan), effects);
    }

    /// On production the database's name is typed before anything runs.
    fn confirming(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(field) = &mut self.confirm else { return Next::Stay };
        match key.code {
            Code::Esc => self.confirm = None,
            Code::Char('c') if key.ctrl => self.confirm = None,
            Code::Enter => {
                let name = model.facts().map(|facts| facts.database.clone()).unwrap_or_default();
                if field.text() == name {
                    self.confirm = None;
                    self.apply(model, effects);
                } else {
                    let text = format!("That is not the database's name, which is {name}");
                    model.notify(Tone::Bad, text);
                }
            }
            _ => {
                field.key(key);
            }
        }
        Next::Stay
    }

    /// Takes the statement under the cursor out: its row is as it was. It can be undone.
    fn take_out(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        self.put(None, model, effects)
    }

    /// Puts another edit in the place of the one under the cursor, and reviews again.
    fn put(&mut self, to: Option<RowEdit>, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(statement) = self.statement_here().and_then(|at| self.plan.statements.get(at))
        else {
            return Next::Stay;
        };
        let Some((table, _)) = self.plan.edit(statement) else { return Next::Stay };
        let of = Editable {
            relation: Arc::clone(&table.relation),
            identity: table.identity.clone(),
            masked: table.masked.clone(),
        };
        model.staged.put(&of, vec![(statement.row.clone(), to)]);
        edit::settle_cursor(model);
        if model.staged.is_empty() {
            model.notify(Tone::Plain, "Nothing is left to apply; u brings it back");
            return Next::Close;
        }
        edit_apply::review(model, effects);
        Next::Stay
    }

    /// Keeps what is wanted, now that the person has seen what the row holds.
    fn keep_mine(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(conflict) = self.conflict_here().cloned() else { return Next::Stay };
        let Some(now) = conflict.now else {
            let text = "The row is gone: t lets the edit go; A adds a copy of a row that is there";
            model.notify(Tone::Bad, text);
            return Next::Stay;
        };
        let statement = self.plan.statements.get(conflict.statement);
        let Some((_, edit)) = statement.and_then(|it| self.plan.edit(it)) else {
            return Next::Stay;
        };
        let kept = match edit {
            RowEdit::Changed { key, cells } => {
                let cells = cells.iter().filter_map(|(name, cell)| {
                    let read = now.get(name).unwrap_or(&cell.read).clone();
                    // Somebody else wrote the same already.
                    let done = cell.wanted == Wanted::Value(read.clone());
                    let kept = CellEdit { read, wanted: cell.wanted.clone() };
                    (!done).then(|| (name.clone(), kept))
                });
                let cells: std::collections::BTreeMap<_, _> = cells.collect();
                (!cells.is_empty()).then(|| RowEdit::Changed { key: key.clone(), cells })
            }
            RowEdit::Deleted { key, .. } => Some(RowEdit::Deleted { key: key.clone(), read: now }),
            RowEdit::Added { .. } => return Next::Stay,
        };
        self.put(kept, model, effects)
    }

    fn take_theirs(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if self.conflict_here().is_none() {
            return Next::Stay;
        }
        self.put(None, model, effects)
    }

    /// Goes to the table of the statement under the cursor; the edits stay.
    fn edit(&self, model: &mut Model) -> Next {
        let statement = self.statement_here().and_then(|at| self.plan.statements.get(at));
        let Some(statement) = statement else { return Next::Stay };
        let here = model.data.as_ref().is_some_and(|pane| pane.name == statement.relation);
        if !here {
            return Next::Then(Msg::Open(statement.relation.clone()));
        }
        let row = statement.row.clone();
        let added = model.staged.added(&statement.relation).iter().position(|(id, _)| **id == row);
        if let Some(pane) = &mut model.data {
            let selection = pane.selection().cloned();
            let at = selection.and_then(|selection| {
                let is_it = |it: &crate::db::page::Row| {
                    crate::app::edit_rows::id_of(&selection, it).as_ref() == Some(&row)
                };
                pane.window.rows().position(is_it)
            });
            pane.new_row = added;
            pane.row = at.unwrap_or(pane.row);
        }
        edit::settle_cursor(model);
        Next::Close
    }

    fn copy(&self, whole: bool, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let one = self.statement_here().and_then(|at| self.plan.statements.get(at));
        let (copied, what) = match one.filter(|_| !whole) {
            Some(one) => (format!("{};\n", one.shown()), "the statement".to_owned()),
            None => (self.plan.script(), self.counted()),
        };
        let size = text::short_bytes(copied.len() as u64);
        effects.push(Effect::Copy(copied));
        model.notify(Tone::Good, format!("Copied {what}, {size}"));
        Next::Stay
    }

    fn leave(&self, model: &mut Model) -> Next {
        let cancelled =
            self.refusal.as_ref().is_some_and(|(_, problem)| problem.kind == Kind::Cancelled);
        let text = if cancelled || self.refusal.is_none() {
            "Nothing was written; the edits are still staged"
        } else {
            "Nothing was changed; the edits are still staged"
        };
        model.notify(Tone::Plain, text);
        Next::Close
    }
}
