//! What to be sure of before a plan runs, each with its evidence. Only once every item is ticked,
//! by its evidence or by the person, does Enter run the plan.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::change;
use crate::app::effect::Effect;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::place::{centred, inside, line_at, narrow};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::ops::preparation::Prepared;
use crate::text;

/// The rows of evidence of an item that are shown; the plan shows all of it.
const EVIDENCE: usize = 4;

/// The cells in front of an item's words.
pub const INDENT: u16 = 4;

/// The checklist of a plan.
#[derive(Debug)]
pub struct Checklist {
    /// The plan.
    pub prepared: Arc<Prepared>,
    /// The item under the cursor.
    pub cursor: usize,
    ticked: Vec<bool>,
}

/// A row on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The item it belongs to.
    pub item: Option<usize>,
    /// Whether it is the first of its item.
    pub is_head: bool,
    /// Its words.
    pub spans: Vec<Span<'static>>,
}

impl Checklist {
    /// A checklist in which only what its evidence shows is ticked.
    pub fn new(prepared: Arc<Prepared>) -> Self {
        let ticked: Vec<bool> = prepared.items.iter().map(|item| item.shown).collect();
        let cursor = ticked.iter().position(|ticked| !ticked).unwrap_or(0);
        Self { prepared, cursor, ticked }
    }

    /// Whether an item is ticked.
    pub fn is_ticked(&self, item: usize) -> bool {
        self.ticked.get(item).copied().unwrap_or(false)
    }

    /// Whether nothing is left to tick.
    pub fn is_complete(&self) -> bool {
        self.ticked.iter().all(|ticked| *ticked)
    }

    /// Its rows.
    pub fn rows(&self, room: usize, ascii: bool) -> Vec<Row> {
        let room = room.saturating_sub(usize::from(INDENT)).max(1);
        let mut rows = Vec::new();
        for (at, item) in self.prepared.items.iter().enumerate() {
            if at > 0 {
                rows.push(Row { item: None, is_head: false, spans: Vec::new() });
            }
            let head = vec![Span::new(Ink::Strong, text::capital(item.title))];
            let head = wrap::word_rows(&head, room, ascii);
            let mut evidence: Vec<Vec<Span<'static>>> = item
                .evidence
                .iter()
                .flat_map(|told| {
                    wrap::word_rows(&[Span::new(Ink::Muted, told.clone())], room, ascii)
                })
                .collect();
            if evidence.len() > EVIDENCE {
                evidence.truncate(EVIDENCE - 1);
                let more = "and more: the plan shows all of it";
                evidence.push(vec![Span::new(Ink::Muted, more)]);
            }
            let all = head.into_iter().chain(evidence).enumerate();
            rows.extend(all.map(|(row, spans)| Row { item: Some(at), is_head: row == 0, spans }));
        }
        rows
    }

    /// The first row to draw so that the item under the cursor is in view.
    pub fn top(&self, rows: &[Row], height: usize) -> usize {
        let is_here = |row: &Row| row.item == Some(self.cursor);
        let head = rows.iter().position(is_here).unwrap_or(0);
        let last = rows.iter().rposition(is_here).unwrap_or(0);
        (last + 1).saturating_sub(height).min(head)
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 64);
        let room = usize::from(width.saturating_sub(4));
        let lines = u16::try_from(self.rows(room, model.ascii).len()).unwrap_or(u16::MAX);
        centred(screen, width, lines.saturating_add(4))
    }

    /// Where its rows stand in there.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(2), ..inner }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let last = self.ticked.len().saturating_sub(1);
        match key.code {
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Esc | Code::Char('q') => return Next::Close,
            Code::Up | Code::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            Code::Down | Code::Char('j') => self.cursor = (self.cursor + 1).min(last),
            Code::Char(' ') => self.tick(self.cursor),
            Code::Enter if self.is_complete() => {
                change::push(model, Arc::clone(&self.prepared), effects);
                return Next::Close;
            }
            // What is missing is where the cursor goes.
            Code::Enter => {
                self.cursor = self.ticked.iter().position(|ticked| !ticked).unwrap_or(0);
            }
            _ => {}
        }
        Next::Stay
    }

    /// Takes the mouse: a click ticks.
    pub fn mouse(&mut self, mouse: Mouse, model: &Model) -> Next {
        let body = Self::body(self.area(model));
        if mouse.action == MouseAction::Press
            && let Some(line) = line_at(body, mouse)
        {
            let rows = self.rows(usize::from(body.width), model.ascii);
            let line = line + self.top(&rows, usize::from(body.height));
            if let Some(item) = rows.get(line).and_then(|row| row.item) {
                self.cursor = item;
                self.tick(item);
            }
        }
        Next::Stay
    }

    /// Ticks an item or takes the tick back; what evidence shows stays ticked.
    fn tick(&mut self, item: usize) {
        let is_shown = self.prepared.items.get(item).is_none_or(|item| item.shown);
        if let Some(ticked) = self.ticked.get_mut(item).filter(|_| !is_shown) {
            *ticked = !*ticked;
        }
    }
}
