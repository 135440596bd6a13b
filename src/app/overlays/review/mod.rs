//! A plan before a yes: what will run, exactly as it will run, with its hazards on their lines.
//!
//! It runs nothing: a yes leads to the checklist of a push, or to the name of a migration.

pub mod lines;

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::effect::Effect;
use crate::app::key::{Code, Key, Mouse};
use crate::app::model::{Model, Tone};
use crate::app::overlays::checklist::Checklist;
use crate::app::overlays::outcome::{Outcome, counted};
use crate::app::overlays::place::{Scroll, inside};
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::overlays::working::Doing;
use crate::app::overlays::{Next, Overlay};
use crate::app::update::screen;
use crate::ops::preparation::{Intent, Prepared};
use crate::schema::hazard::Severity;
use crate::text;

use lines::{Line, LineKind, Row};

/// A plan that is looked at.
#[derive(Debug)]
pub struct Review {
    /// The plan.
    pub prepared: Arc<Prepared>,
    /// The row under the cursor.
    pub list: Scroll,
    lines: Vec<Line>,
    rows: Vec<Row>,
    /// The width the rows were made for, and whether for ASCII.
    made_for: (u16, bool),
}

impl Review {
    /// A plan from its first line on.
    pub fn new(prepared: Arc<Prepared>, model: &Model) -> Self {
        let lines = lines::lines(&prepared);
        let (list, rows, made_for) = (Scroll::default(), Vec::new(), (0, false));
        let mut it = Self { prepared, list, lines, rows, made_for };
        it.fit(model);
        it
    }

    /// Where it stands: as high as the plan needs, as wide as SQL wants; between the first and the
    /// last line of the screen, where the environment and what was just said stay in sight.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = screen.width.saturating_sub(4).min(112);
        let rows = self.rows(model, width).len();
        let lines = u16::try_from(rows).unwrap_or(u16::MAX);
        let height = lines.saturating_add(2).clamp(6, screen.height.saturating_sub(2).max(6));
        let free = screen.height.saturating_sub(height).saturating_sub(2);
        let x = screen.x + screen.width.saturating_sub(width) / 2;
        Rect { x, y: screen.y + 1 + free * 2 / 5, width, height }
    }

    /// Where its rows stand in there.
    pub fn body(area: Rect) -> Rect {
        inside(area)
    }

    /// The cells the numbers of the statements have, with the gap after them.
    pub fn gutter(&self) -> u16 {
        let digits = self.prepared.review.statements.len().to_string().len();
        u16::try_from(digits).unwrap_or(1) + 2
    }

    /// The rows in a dialog of this width.
    pub fn rows(&self, model: &Model, width: u16) -> Cow<'_, [Row]> {
        if self.made_for == (width, model.ascii) {
            return Cow::Borrowed(&self.rows);
        }
        let room = usize::from(width.saturating_sub(4).saturating_sub(self.gutter()));
        Cow::Owned(lines::rows(&self.lines, room, model.ascii))
    }

    /// The line a row is of.
    pub fn line(&self, row: &Row) -> Option<&Line> {
        self.lines.get(row.line)
    }

    /// Makes the rows for the screen there is now, the cursor where it was.
    fn fit(&mut self, model: &Model) {
        let width = self.area(model).width;
        if self.made_for == (width, model.ascii) {
            return;
        }
        let line = self.rows.get(self.list.cursor).map_or(0, |row| row.line);
        self.rows = self.rows(model, width).into_owned();
        self.made_for = (width, model.ascii);
        let row = self.rows.iter().position(|row| row.line == line).unwrap_or(0);
        self.list.to(row, self.rows.len(), self.height(model));
    }

    fn height(&self, model: &Model) -> usize {
        usize::from(Self::body(self.area(model)).height).max(1)
    }

    /// How many hazards of a weight it has.
    pub fn hazards(&self, severity: Severity) -> usize {
        let statements = self.prepared.review.statements.iter();
        let hazards = statements.flat_map(|statement| &statement.hazards);
        hazards.filter(|hazard| hazard.severity == severity).count()
    }

    /// How many statements it has, in words.
    pub fn counted(&self) -> String {
        counted(self.prepared.review.statements.len())
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        self.fit(model);
        let height = self.height(model);
        match key.code {
            _ if self.list.key(key, self.rows.len(), height) => {}
            Code::Char('c') if key.ctrl => return self.leave(model),
            _ if key.ctrl || key.alt => {}
            Code::Esc | Code::Char('q') => return self.leave(model),
            Code::Enter => return self.yes(),
            Code::Char('a') if self.prepared.intent == Intent::Push => return self.yes(),
            Code::Char('w') if self.prepared.intent == Intent::Generate => return self.yes(),
            Code::Char('y') => return self.copy(false, model, effects),
            Code::Char('Y') => return self.copy(true, model, effects),
            Code::Char('n') => return self.hazard(true, height),
            Code::Char('N') => return self.hazard(false, height),
            _ => {}
        }
        Next::Stay
    }

    /// Takes the mouse: the wheel scrolls, a click moves the cursor.
    pub fn mouse(&mut self, mouse: Mouse, model: &Model) -> Next {
        self.fit(model);
        let body = Self::body(self.area(model));
        self.list.mouse(mouse, body, self.rows.len());
        Next::Stay
    }

    /// Moves the cursor to the next hazard, or the one before; its statement comes into view.
    fn hazard(&mut self, forward: bool, height: usize) -> Next {
        let here = self.list.cursor;
        let is_hazard = |row: &Row| {
            let line = self.lines.get(row.line);
            row.is_first && line.is_some_and(|line| line.kind == LineKind::Hazard)
        };
        let mut all = self.rows.iter().enumerate().filter(|(_, row)| is_hazard(row));
        let found = match forward {
            true => all.find(|(at, _)| *at > here),
            false => all.rfind(|(at, _)| *at < here),
        };
        let Some((to, row)) = found else { return Next::Stay };
        let statement = self.lines.get(row.line).and_then(|line| line.statement);
        let is_head = |row: &Row| {
            let line = self.lines.get(row.line).filter(|line| line.kind == LineKind::Head);
            row.is_first && line.is_some_and(|line| line.statement == statement)
        };
        let head = self.rows.iter().position(is_head);
        // Two rows below it should be seen too: why, and what was measured.
        let rows = self.rows.len();
        self.list.to(to + 2, rows, height);
        if let Some(head) = head.filter(|head| *head <= to && to - head < height) {
            self.list.top = self.list.top.min(head);
        }
        self.list.to(to, rows, height);
        Next::Stay
    }

    fn copy(&self, whole: bool, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let row = self.rows.get(self.list.cursor);
        let statement = row.and_then(|row| self.lines.get(row.line)?.statement);
        let one = statement.and_then(|at| self.prepared.review.statements.get(at));
        let (copied, what) = match one.filter(|_| !whole) {
            Some(one) => (format!("{};\n", one.sql), "the statement".to_owned()),
            None => (self.prepared.script(), self.counted()),
        };
        let size = text::short_bytes(copied.len() as u64);
        effects.push(Effect::Copy(copied));
        model.notify(Tone::Good, format!("Copied {what}, {size}"));
        Next::Stay
    }

    /// What comes after a yes: another question, or why there is none.
    fn yes(&self) -> Next {
        let doing = Doing::Preparing(self.prepared.intent);
        if self.prepared.intent == Intent::Compare {
            return Next::Stay;
        }
        if let Err(problem) = self.prepared.review.permit() {
            return over(Overlay::Outcome(Box::new(Outcome::failed(Some(doing), problem))));
        }
        over(match self.prepared.intent {
            Intent::Push => {
                Overlay::Checklist(Box::new(Checklist::push(Arc::clone(&self.prepared))))
            }
            _ => {
                let prompt = Prompt::new(Purpose::Migration, &self.prepared.name);
                Overlay::Prompt(Box::new(prompt))
            }
        })
    }

    fn leave(&self, model: &mut Model) -> Next {
        if self.prepared.intent != Intent::Compare {
            model.notify(Tone::Plain, "Nothing was changed");
        }
        Next::Close
    }
}

fn over(overlay: Overlay) -> Next {
    Next::Over(Box::new(overlay))
}
