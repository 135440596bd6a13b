//! What keys and the mouse do in the cell view.

use crate::app::clipboard;
use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::layout::layout;
use crate::app::model::{Model, Tone};
use crate::app::overlays::Next;
use crate::app::overlays::cell::json::Kind;
use crate::app::overlays::cell::{Cell, Content, Spot, State};
use crate::app::overlays::place::{line_at, signed};
use crate::app::panes::data::DataPane;
use crate::app::update::screen;

/// The cells one step to the side moves text that is not wrapped.
const SIDEWAYS: usize = 8;

impl Cell {
    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let body = self.body(self.area(model));
        let (width, height) = (usize::from(body.width), usize::from(body.height));
        let page = signed(height.saturating_sub(1).max(1));
        match key.code {
            Code::Char('c') if key.ctrl => return self.cancel(model, effects),
            Code::Esc | Code::Char('q') => return self.leave(model, effects),
            Code::Char('d') if key.ctrl => self.scroll(page / 2, width, height),
            Code::Char('u') if key.ctrl => self.scroll(-(page / 2), width, height),
            Code::Char('f') if key.ctrl => self.scroll(page, width, height),
            Code::Char('b') if key.ctrl => self.scroll(-page, width, height),
            _ if key.ctrl || key.alt => {}
            Code::Up | Code::Char('k') => self.scroll(-1, width, height),
            Code::Down | Code::Char('j') => self.scroll(1, width, height),
            Code::PageUp => self.scroll(-page, width, height),
            Code::PageDown | Code::Char(' ') => self.scroll(page, width, height),
            Code::Home | Code::Char('g') => self.go_to_start(),
            Code::End | Code::Char('G') => self.go_to_end(width, height),
            Code::Char('h' | '[') => self.other_column(-1, model, effects),
            Code::Char('l' | ']') => self.other_column(1, model, effects),
            Code::Char('n' | 'J') => self.other_row(1, model, effects),
            Code::Char('p' | 'K') => self.other_row(-1, model, effects),
            Code::Left => self.left(model, effects),
            Code::Right => self.right(model, effects),
            Code::Enter => self.enter(model, effects),
            Code::Char('w') => {
                self.wrap = !self.wrap;
                (self.left, self.top.row) = (0, 0);
            }
            Code::Char('t') if self.is_json() => {
                self.raw = !self.raw;
                self.cut();
                self.go_to_start();
            }
            Code::Char('z') => self.z(model, effects),
            Code::Char('y') => self.copy(model, effects),
            _ => {}
        }
        Next::Stay
    }

    /// Takes the mouse: the wheel scrolls, a click folds, a click outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let area = self.area(model);
        let body = self.body(area);
        let (width, height) = (usize::from(body.width), usize::from(body.height));
        match mouse.action {
            MouseAction::WheelUp => self.turn(-3, width, height),
            MouseAction::WheelDown => self.turn(3, width, height),
            MouseAction::Press if line_at(area, mouse).is_none() => {
                return self.leave(model, effects);
            }
            MouseAction::Press => {
                if let Some(line) = line_at(body, mouse).filter(|_| self.has_cursor()) {
                    let spot = self.below(self.top, line, width);
                    self.cursor = spot.item;
                    self.fold(!self.is_folded(spot.item));
                }
            }
            _ => {}
        }
        Next::Stay
    }

    fn leave(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        self.let_go(model, effects);
        Next::Close
    }

    /// Stops reading what nobody looks at any more, unless it is to be copied.
    fn let_go(&self, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.state == State::Reading && !model.copy_value {
            model.abandon(Slot::Value, effects);
        }
    }

    fn cancel(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if self.state != State::Reading {
            return Next::Close;
        }
        if model.tickets.cancel(Slot::Value) {
            effects.push(Effect::Cancel(Slot::Value));
        }
        Next::Stay
    }

    fn enter(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if matches!(self.state, State::Stopped(_)) {
            self.read(model, effects);
        } else if self.has_cursor() {
            self.fold(!self.is_folded(self.cursor));
        }
    }

    fn z(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.content == Content::Masked {
            if let Some(pane) = &mut model.data {
                pane.revealed.insert(self.index);
            }
            if let Some(fresh) = Self::at(model, self.index, effects) {
                *self = *fresh;
            }
        } else if self.has_cursor() {
            self.folds.all = !self.folds.all;
            self.folds.but.clear();
            self.go_to_start();
        }
    }

    fn copy(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.content == Content::Masked {
            model.notify(Tone::Bad, "This column is masked; z reveals it, then it can be copied");
            return;
        }
        match self.state {
            State::Whole => clipboard::put(model, &self.value, effects),
            State::Gone => model.notify(Tone::Bad, "The row is gone; R reads the table again"),
            State::Reading | State::Stopped(_) => {
                model.copy_value = true;
                if self.state != State::Reading {
                    self.read(model, effects);
                }
                model.notify(Tone::Plain, "It is copied once all of it is here");
            }
        }
    }

    fn left(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.has_cursor() {
            let opens = self.opens(self.cursor);
            if opens && !self.is_folded(self.cursor) {
                self.fold(true);
            } else if let Some(parent) = self.parent(self.cursor) {
                self.cursor = parent;
                self.top = self.top.min(Spot { item: parent, row: 0 });
            }
        } else if !self.wrap {
            self.left = self.left.saturating_sub(SIDEWAYS);
        } else {
            self.other_column(-1, model, effects);
        }
    }

    fn right(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.has_cursor() {
            self.fold(false);
        } else if !self.wrap {
            self.left = (self.left + SIDEWAYS).min(4096);
        } else {
            self.other_column(1, model, effects);
        }
    }

    fn opens(&self, item: usize) -> bool {
        let lines = self.document().map(|document| document.lines());
        lines.and_then(|lines| lines.get(item)).is_some_and(|line| line.kind == Kind::Open)
    }

    /// The line that opens what a line is in.
    fn parent(&self, item: usize) -> Option<usize> {
        let lines = self.document()?.lines();
        let depth = lines.get(item)?.depth;
        // What closes before is stepped over whole, so this walks siblings only.
        let mut at = item;
        while at > 0 {
            at -= 1;
            let line = lines.get(at)?;
            if line.kind == Kind::Open && line.depth < depth {
                return Some(at);
            }
            if line.kind == Kind::Close {
                at = line.partner as usize;
                if lines.get(at)?.depth < depth {
                    return Some(at);
                }
            }
        }
        None
    }

    /// Folds or unfolds at the cursor; on a line that closes, what it closes.
    fn fold(&mut self, folded: bool) {
        let line = self.document().and_then(|document| document.lines().get(self.cursor));
        let Some(line) = line else { return };
        let (kind, partner) = (line.kind, line.partner as usize);
        match kind {
            Kind::Open => self.set_folded(self.cursor, folded),
            Kind::Close if folded => {
                self.cursor = partner;
                self.set_folded(partner, true);
                self.top = self.top.min(Spot { item: partner, row: 0 });
            }
            _ => {}
        }
    }

    fn go_to_start(&mut self) {
        (self.top, self.cursor) = (Spot::default(), 0);
    }

    fn go_to_end(&mut self, width: usize, height: usize) {
        self.cursor = self.last();
        self.top = self.lowest(width, height);
    }

    /// The first row of the screen when the last row of all is at its bottom.
    fn lowest(&self, width: usize, height: usize) -> Spot {
        let end = self.end_of(self.last(), width);
        self.above(end, height.saturating_sub(1), width)
    }

    /// Moves the cursor of a document, or the view of anything else.
    fn scroll(&mut self, step: isize, width: usize, height: usize) {
        if !self.has_cursor() {
            self.turn(step, width, height);
            return;
        }
        for _ in 0..step.unsigned_abs() {
            let to = if step < 0 { self.previous(self.cursor) } else { self.next(self.cursor) };
            match to {
                Some(item) => self.cursor = item,
                None => break,
            }
        }
        self.follow(width, height);
    }

    /// Keeps the cursor's line on the screen.
    fn follow(&mut self, width: usize, height: usize) {
        let first = Spot { item: self.cursor, row: 0 };
        let end = self.end_of(self.cursor, width);
        let lowest = self.above(end, height.saturating_sub(1), width);
        self.top = self.top.max(lowest).min(first);
    }

    /// Moves the view.
    fn turn(&mut self, step: isize, width: usize, height: usize) {
        let rows = step.unsigned_abs();
        self.top = if step < 0 {
            self.above(self.top, rows, width)
        } else {
            self.below(self.top, rows, width).min(self.lowest(width, height).max(self.top))
        };
        if self.has_cursor() {
            let bottom = self.below(self.top, height.saturating_sub(1), width).item;
            let first = if self.top.row > 0 { self.next(self.top.item) } else { None };
            let first = first.unwrap_or(self.top.item);
            self.cursor = self.cursor.clamp(first.min(bottom), bottom.max(first));
        }
    }

    /// Goes over to another shown column of the same row.
    fn other_column(&mut self, step: isize, model: &mut Model, effects: &mut Vec<Effect>) {
        let cells = layout(model, screen(model)).grid_width();
        let Some(pane) = &mut model.data else { return };
        let Some(index) = neighbour(pane, self.index, step) else { return };
        if let Some(place) = pane.columns.shown().iter().position(|shown| *shown == index) {
            pane.columns.move_to(place, cells);
        }
        self.change(index, model, effects);
    }

    /// Goes over to another row in the same column.
    fn other_row(&mut self, step: isize, model: &mut Model, effects: &mut Vec<Effect>) {
        let height = layout(model, screen(model)).grid_height();
        let Some(pane) = &mut model.data else { return };
        let before = pane.row;
        pane.move_by(step, height);
        if pane.row != before {
            self.change(self.index, model, effects);
        }
    }

    fn change(&mut self, index: usize, model: &mut Model, effects: &mut Vec<Effect>) {
        self.let_go(model, effects);
        if let Some(fresh) = Self::at(model, index, effects) {
            let (wrap, raw) = (self.wrap, self.raw);
            *self = *fresh;
            (self.wrap, self.raw) = (wrap, raw);
            self.cut();
        }
    }
}

/// The column before or after another: among the shown ones, or for a hidden one among all.
fn neighbour(pane: &DataPane, index: usize, step: isize) -> Option<usize> {
    let shown = pane.columns.shown();
    match shown.iter().position(|shown| *shown == index) {
        Some(place) => shown.get(place.checked_add_signed(step)?).copied(),
        None => {
            let other = index.checked_add_signed(step)?;
            (other < pane.columns.all().len()).then_some(other)
        }
    }
}
