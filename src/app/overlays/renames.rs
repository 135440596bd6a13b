//! What may have been renamed, asked one by one. Nothing is renamed on a guess.

use ratatui::layout::Rect;

use crate::app::change;
use crate::app::effect::Effect;
use crate::app::key::{Code, Key};
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::place::{centred, inside, narrow};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::ops::change::Answers;
use crate::ops::preparation::Intent;
use crate::schema::model::{Key as ObjectKey, Kind};
use crate::schema::rename::{Candidate, Rename};
use crate::text;

/// The questions and the answers so far.
#[derive(Debug)]
pub struct Renames {
    /// What may have been renamed.
    pub candidates: Vec<Candidate>,
    /// The question that stands.
    pub at: usize,
    intent: Intent,
    /// What was said to the questions before.
    said: Vec<bool>,
    /// What was said in rounds before.
    before: Answers,
}

impl Renames {
    /// Questions nobody has answered yet; `before` is what was answered earlier.
    pub fn new(intent: Intent, candidates: Vec<Candidate>, before: Answers) -> Self {
        Self { candidates, at: 0, intent, said: Vec::new(), before }
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 60);
        let room = usize::from(width.saturating_sub(4));
        let lines = u16::try_from(self.rows(room, model.ascii).len()).unwrap_or(u16::MAX);
        centred(screen, width, lines.saturating_add(4))
    }

    /// Where its words stand in there.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(2), ..inner }
    }

    /// The question that stands, in rows of words.
    pub fn rows(&self, room: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
        let Some(candidate) = self.candidates.get(self.at) else { return Vec::new() };
        let (question, consequence) = words(&candidate.rename);
        let mut rows = wrap::word_rows(&question, room, ascii);
        if !candidate.why.is_empty() {
            let why = vec![Span::new(Ink::Muted, text::capital(&candidate.why))];
            rows.extend(wrap::word_rows(&why, room, ascii));
        }
        rows.push(Vec::new());
        rows.extend(wrap::word_rows(&consequence, room, ascii));
        rows
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let answer = match key.code {
            Code::Char('c') if key.ctrl => return leave(model, effects),
            Code::Esc | Code::Char('q') => return leave(model, effects),
            Code::Char('y' | 'Y') => true,
            Code::Char('n' | 'N') => false,
            Code::Backspace => {
                self.said.pop();
                self.at = self.said.len();
                return Next::Stay;
            }
            _ => return Next::Stay,
        };
        self.said.push(answer);
        self.at = self.said.len();
        if self.at < self.candidates.len() {
            return Next::Stay;
        }
        change::prepare(model, self.intent, self.answers(), effects);
        Next::Close
    }

    fn answers(&self) -> Answers {
        let mut answers = self.before.clone();
        for (candidate, is_rename) in self.candidates.iter().zip(&self.said) {
            let list = if *is_rename { &mut answers.yes } else { &mut answers.no };
            list.push(candidate.rename.clone());
        }
        answers
    }
}

fn leave(model: &mut Model, effects: &mut Vec<Effect>) -> Next {
    change::let_go(model, effects);
    Next::Close
}

/// The question, and what either answer comes to.
fn words(rename: &Rename) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
    let plain = |words: &str| Span::new(Ink::Text, words.to_owned());
    let strong = |words: String| Span::new(Ink::Strong, words);
    let muted = |words: String| vec![Span::new(Ink::Muted, words)];
    match rename {
        Rename::Object { from, to } => {
            let question = vec![
                plain(&format!("Is the {} ", to.kind.word())),
                strong(place(to)),
                plain(" the renamed "),
                strong(place(from)),
                plain("?"),
            ];
            let kept = match from.kind {
                Kind::Table => "its rows stay",
                Kind::Column => "its values stay",
                _ => "it stays what it is",
            };
            let lost = match from.kind {
                Kind::Table => " with its rows",
                Kind::Column => " with its values",
                _ => "",
            };
            let then = format!(
                "Renamed, {kept}. Otherwise {} is dropped{lost}, and {} is made anew.",
                from.name, to.name
            );
            (question, muted(then))
        }
        Rename::Label { key, from, to } => {
            let question = vec![
                plain("Is the label "),
                strong(to.clone()),
                plain(" of the enum "),
                strong(place(key)),
                plain(" the renamed "),
                strong(from.clone()),
                plain("?"),
            ];
            let then = format!(
                "Renamed, rows that have it keep it. Otherwise {from} is taken out, and {to} is added."
            );
            (question, muted(then))
        }
    }
}

/// What an object is called where there is no doubt about its schema.
fn place(key: &ObjectKey) -> String {
    match key.schema.as_str() {
        "public" | "main" => {
            if key.kind.is_part() {
                format!("{}.{}", key.of, key.name)
            } else {
                key.name.clone()
            }
        }
        _ => key.to_string(),
    }
}
