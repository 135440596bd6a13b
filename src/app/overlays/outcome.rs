//! What came of work on the schema, in sentences: done, nothing to do, refused, failed.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::place::{centred, inside, narrow, signed};
use crate::app::overlays::working::Doing;
use crate::app::panes::migrations::lasting;
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::ops::preparation::Intent;
use crate::problem::{Kind, Problem};
use crate::text;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// It, in a few words.
    pub title: &'static str,
    /// Whether something went wrong.
    pub is_bad: bool,
    /// The first row on the screen.
    pub top: usize,
    paragraphs: Vec<(Ink, String)>,
}

impl Outcome {
    /// There is nothing to do.
    pub fn nothing(intent: Intent, notes: Vec<String>) -> Self {
        let said = match intent {
            Intent::Generate => "The migrations make the schema: there is nothing to write.",
            Intent::Push => "The database has the schema already: there is nothing to change.",
            Intent::Compare => "The database and the schema are the same.",
        };
        let mut paragraphs = vec![(Ink::Text, said.to_owned())];
        let notes = notes.iter().map(|note| (Ink::Muted, sentence(note)));
        paragraphs.extend(notes);
        Self { title: "Nothing to do", is_bad: false, top: 0, paragraphs }
    }

    /// A change was carried out.
    pub fn pushed(statements: usize, elapsed: Duration) -> Self {
        let done = format!("Applied {} in {}.", counted(statements), lasting(elapsed));
        let then = "The database has the schema now.".to_owned();
        let paragraphs = vec![(Ink::Strong, done), (Ink::Text, then)];
        Self { title: "Pushed", is_bad: false, top: 0, paragraphs }
    }

    /// A migration was written.
    pub fn written(files: &[String]) -> Self {
        let mut paragraphs: Vec<(Ink, String)> =
            files.iter().map(|file| (Ink::Strong, file.clone())).collect();
        paragraphs.push((Ink::Text, String::new()));
        paragraphs.push((Ink::Muted, "No database was changed.".to_owned()));
        Self { title: "The migration is written", is_bad: false, top: 0, paragraphs }
    }

    /// Something else came of it, paragraph by paragraph.
    pub fn of(title: &'static str, paragraphs: Vec<(Ink, String)>) -> Self {
        Self { title, is_bad: false, top: 0, paragraphs }
    }

    /// The same with more below it.
    pub fn and(mut self, paragraphs: Vec<(Ink, String)>) -> Self {
        if !paragraphs.is_empty() {
            self.paragraphs.push((Ink::Text, String::new()));
            self.paragraphs.extend(paragraphs);
        }
        self
    }

    /// The same as bad news.
    pub fn bad(self) -> Self {
        Self { is_bad: true, ..self }
    }

    /// What there is to know of edits that are back.
    pub fn restored(notes: &[String]) -> Self {
        let paragraphs = notes.iter().map(|note| (Ink::Text, sentence(note))).collect();
        Self { title: "About the edits that were not applied", is_bad: false, top: 0, paragraphs }
    }

    /// It failed, was refused, or was stopped half way.
    pub fn failed(doing: Option<Doing>, problem: Problem) -> Self {
        let title = match (problem.kind, doing) {
            (Kind::Cancelled, _) => "Stopped",
            (_, Some(Doing::Pushing | Doing::Preparing(Intent::Push))) => "Not pushed",
            (_, Some(Doing::Writing | Doing::Preparing(Intent::Generate))) => "Not written",
            (_, Some(Doing::Migrations(words) | Doing::Operation(words))) => words.failed,
            _ => "Not compared",
        };
        Self::of_problem(title, problem)
    }

    /// It failed, was refused, or was stopped half way, as a problem tells.
    pub fn of_problem(title: &'static str, problem: Problem) -> Self {
        if problem.kind == Kind::Cancelled {
            // A person did it: nothing went wrong.
            let said = if problem.why.is_empty() { &problem.what } else { &problem.why };
            let paragraphs = vec![(Ink::Text, sentence(said))];
            return Self { title, is_bad: false, top: 0, paragraphs };
        }
        let mut paragraphs = vec![(Ink::Danger, format!("{}.", problem.what))];
        if !problem.fix.is_empty() {
            paragraphs.push((Ink::Text, String::new()));
            paragraphs.push((Ink::Strong, sentence(&problem.fix)));
        }
        if !problem.why.is_empty() {
            paragraphs.push((Ink::Text, String::new()));
            let why = text::capital(&problem.why);
            paragraphs.extend(why.lines().map(|line| (Ink::Muted, line.to_owned())));
        }
        Self { title, is_bad: true, top: 0, paragraphs }
    }

    /// Its words in rows.
    pub fn rows(&self, room: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
        let row = |(ink, words): &(Ink, String)| {
            wrap::word_rows(&[Span::new(*ink, words.clone())], room, ascii)
        };
        self.paragraphs.iter().flat_map(row).collect()
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 60);
        let room = usize::from(width.saturating_sub(4));
        let lines = u16::try_from(self.rows(room, model.ascii).len()).unwrap_or(u16::MAX);
        centred(screen, width, lines.saturating_add(4).min(screen.height.saturating_sub(4)))
    }

    /// Where its words stand in there.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(2), ..inner }
    }

    fn scroll(&mut self, step: isize, model: &Model) {
        let body = Self::body(self.area(model));
        let all = self.rows(usize::from(body.width), model.ascii).len();
        let last = all.saturating_sub(usize::from(body.height));
        self.top = self.top.saturating_add_signed(step).min(last);
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &Model) -> Next {
        let page = signed(usize::from(Self::body(self.area(model)).height));
        match key.code {
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Esc | Code::Enter | Code::Char('q' | ' ') => return Next::Close,
            Code::Up | Code::Char('k') => self.scroll(-1, model),
            Code::Down | Code::Char('j') => self.scroll(1, model),
            Code::PageUp => self.scroll(-page, model),
            Code::PageDown => self.scroll(page, model),
            _ => {}
        }
        Next::Stay
    }

    /// Takes the mouse: a click closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &Model) -> Next {
        match mouse.action {
            MouseAction::WheelUp => self.scroll(-3, model),
            MouseAction::WheelDown => self.scroll(3, model),
            MouseAction::Press => return Next::Close,
            _ => {}
        }
        Next::Stay
    }
}

/// Words as a sentence, with its full stop.
pub fn sentence(words: &str) -> String {
    format!("{}.", text::capital(words.trim_end_matches('.')))
}

/// How many statements, in words.
pub fn counted(statements: usize) -> String {
    match statements {
        1 => "1 statement".to_owned(),
        many => format!("{} statements", text::grouped(many as u64)),
    }
}
