//! Where to go on in a migration that was cut off outside a transaction and of which nobody but a
//! person can tell how far it had come: which of its statements was the last that is done.

use ratatui::layout::Rect;

use crate::app::effect::Effect;
use crate::app::key::{Code, Key};
use crate::app::migrations;
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::place::{centred, inside, narrow};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::ops::migrations_desk::Order;

/// The most statements that are in view at once.
const MOST: usize = 10;

/// The question, and the answer so far.
#[derive(Debug)]
pub struct Resume {
    /// The migration's name.
    pub name: String,
    /// How many statements are done, as far as the cursor says.
    pub done: usize,
    order: Order,
    /// The beginning of each statement, on one line.
    statements: Vec<String>,
    why: String,
}

impl Resume {
    /// The question about a migration whose first `done` statements are done for certain; `why` is
    /// what it is that nobody knows.
    pub fn new(
        order: Order,
        (name, statements): (String, Vec<String>),
        done: usize,
        why: String,
    ) -> Self {
        let done = done.min(statements.len());
        Self { name, done, order, statements, why }
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 72);
        let room = usize::from(width.saturating_sub(4));
        let lines = u16::try_from(self.rows(room, model.ascii).len()).unwrap_or(u16::MAX);
        centred(screen, width, lines.saturating_add(4).min(screen.height.saturating_sub(2)))
    }

    /// Where its words stand in there.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(2), ..inner }
    }

    /// The question and the statements around the cursor, in rows of words.
    pub fn rows(&self, room: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
        let why = vec![Span::new(Ink::Text, self.why.clone())];
        let mut rows = wrap::word_rows(&why, room, ascii);
        rows.push(Vec::new());
        let top = self.done.saturating_sub(MOST - 1);
        let none = std::iter::once("none of them".to_owned());
        let each = self.statements.iter().enumerate();
        let each = each.map(|(at, sql)| format!("{}  {sql}", at + 1));
        for (at, words) in none.chain(each).enumerate().skip(top).take(MOST) {
            let (sign, ink) = match at.cmp(&self.done) {
                std::cmp::Ordering::Less => ("  ", Ink::Muted),
                std::cmp::Ordering::Equal => ("> ", Ink::Strong),
                std::cmp::Ordering::Greater => ("  ", Ink::Text),
            };
            let line = [Span::new(ink, format!("{sign}{words}"))];
            // The rest of a long one is in the file.
            rows.extend(wrap::word_rows(&line, room, ascii).into_iter().take(1));
        }
        rows
    }

    /// Takes a key: Enter looks at what is left after the statement under the cursor.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match key.code {
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Esc | Code::Char('q') => return Next::Close,
            Code::Up | Code::Char('k') => self.done = self.done.saturating_sub(1),
            Code::Down | Code::Char('j') => {
                self.done = self.done.saturating_add(1).min(self.statements.len());
            }
            Code::Enter => {
                migrations::go_on(model, self.order.clone(), self.done, effects);
                return Next::Close;
            }
            _ => {}
        }
        Next::Stay
    }
}
