//! Work on the schema that runs: its parts, and how far it has come.
//!
//! It asks the work to end when a person wants that; it goes when the work answers.

use ratatui::layout::Rect;

use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Key};
use crate::app::model::{Model, PATIENCE};
use crate::app::msg::Event;
use crate::app::overlays::Next;
use crate::app::overlays::place::{centred, inside, narrow};
use crate::app::update::screen;
use crate::ops::change::Answers;
use crate::ops::preparation::Intent;
use crate::text;

/// The most parts that are shown at once.
const SHOWN: usize = 9;

/// Work that runs.
#[derive(Debug)]
pub struct Working {
    /// What it does.
    pub doing: Doing,
    /// Its parts in order, a line each.
    pub steps: Vec<String>,
    /// The part that runs.
    pub at: usize,
    /// What was answered about renames before.
    pub answers: Answers,
    at_once: bool,
    /// What it is about, as it may be shown; empty where its title says all.
    about: String,
    /// The parts before the first that is told by its number.
    first: usize,
}

/// What work does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It prepares a change.
    Preparing(Intent),
    /// It carries a change out on the database.
    Pushing,
    /// It writes a migration.
    Writing,
    /// It carries out an operation on the whole database.
    Operation(&'static Words),
    /// It finds something out about the migrations, or writes down what their history says.
    Migrations(&'static Words),
}

/// What work with migrations is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// While it runs.
    pub running: &'static str,
    /// When it failed.
    pub failed: &'static str,
}

impl Working {
    /// Work that begins; `at_once` says that it is drawn before it has taken any time.
    pub fn new(doing: Doing, steps: Vec<String>, at_once: bool) -> Self {
        Self {
            doing,
            steps,
            at: 0,
            answers: Answers::default(),
            at_once,
            about: String::new(),
            first: 0,
        }
    }

    /// The same after these answers.
    pub fn after(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// The same where so many parts come before the first that is told by its number.
    pub fn from(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// The same under a sentence that says what it is about.
    pub fn about(self, words: String) -> Self {
        Self { about: text::visible(&words, false).into_owned(), ..self }
    }

    /// What it is about, in lines no wider than this.
    pub fn heading(&self, cells: u16) -> Vec<String> {
        match self.about.is_empty() {
            true => Vec::new(),
            false => text::wrapped(&self.about, usize::from(cells)),
        }
    }

    /// Takes what begins; where only the number in it is another, it goes on.
    fn said(&mut self, words: &str) {
        let head = |words: &str| words.split_once(": ").map_or(words, |(head, _)| head).to_owned();
        match self.steps.last_mut().filter(|last| head(last) == head(words)) {
            Some(last) => words.clone_into(last),
            None => self.steps.push(words.to_owned()),
        }
        self.at = self.steps.len().saturating_sub(1);
    }

    /// Whether it has run long enough to be drawn.
    pub fn is_drawn(&self, model: &Model) -> bool {
        let elapsed = model.tickets.elapsed(Slot::Op, model.now);
        self.at_once || elapsed.is_some_and(|elapsed| elapsed >= PATIENCE)
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 60);
        let heading = self.heading(inside(Rect { width, ..screen }).width).len();
        let lines = self.steps.len().min(SHOWN) + heading + usize::from(heading > 0);
        centred(screen, width, u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(4))
    }

    /// The parts around the one that runs, each with its number.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &str)> {
        let latest = self.steps.len().saturating_sub(SHOWN);
        let first = self.at.saturating_sub(SHOWN / 2).min(latest);
        self.steps.iter().map(String::as_str).enumerate().skip(first).take(SHOWN)
    }

    /// Takes a key: Ctrl+c stops; so does Escape while nothing is changed yet.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let leaves = key.code == Code::Esc && self.doing != Doing::Pushing;
        if (leaves || key == Key::ctrl('c')) && model.tickets.cancel(Slot::Op) {
            effects.push(Effect::Cancel(Slot::Op));
        }
        Next::Stay
    }

    /// Takes how far the work has come; whether the answer was for it.
    pub fn reply(&mut self, slot: Slot, event: &Event) -> bool {
        if let (Slot::Op, Event::Progress(at)) = (slot, event) {
            self.at = self.first + *at;
        }
        if let (Slot::Op, Event::Said(words)) = (slot, event) {
            self.said(words);
        }
        slot == Slot::Op
    }
}
