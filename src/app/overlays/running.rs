//! Migrations that run: each statement as it comes to its turn, how long it took, and who is in
//! the way.
//!
//! It asks the work to end when a person wants that; it goes when the work answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::layout::Rect;

use crate::app::effect::{Effect, Slot};
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::place::{centred, inside, narrow};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::ops::migrations_desk::Plan;
use crate::ops::run::Progress;

/// The most rows of what has happened that are shown at once.
const SHOWN: usize = 12;

/// The most rows of what is waited for.
const WAITED: usize = 5;

/// Migrations that run.
#[derive(Debug)]
pub struct Running {
    /// What runs.
    pub plan: Arc<Plan>,
    /// The script and the statement that run, counted from 0; none before the first.
    pub at: Option<(usize, usize)>,
    /// When that statement began.
    pub since: Option<Instant>,
    /// How long the statements took that are done.
    pub took: BTreeMap<(usize, usize), Duration>,
    /// How long the scripts took that are done.
    pub done: BTreeMap<usize, Duration>,
    waiting: Vec<Vec<Span<'static>>>,
}

/// A row of what has happened and what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A script, counted from 0.
    Script(usize),
    /// A statement of it, counted from 0.
    Statement(usize, usize),
}

impl Running {
    /// A run that begins.
    pub fn new(plan: Arc<Plan>) -> Self {
        let (took, done) = (BTreeMap::new(), BTreeMap::new());
        Self { plan, at: None, since: None, took, done, waiting: Vec::new() }
    }

    /// Takes how far it has come; `now` is the time.
    pub fn go_on(&mut self, progress: &Progress, now: Instant) {
        match progress {
            Progress::Statement { script, statement } => {
                self.end_statement(now);
                // A transaction that is tried again begins anew.
                if self.at.is_some_and(|at| at >= (*script, *statement)) {
                    self.took.retain(|at, _| *at < (*script, *statement));
                }
                self.at = Some((*script, *statement));
                self.since = Some(now);
                self.waiting.clear();
            }
            Progress::Finished { script, took } => {
                self.end_statement(now);
                self.done.insert(*script, *took);
                self.waiting.clear();
            }
            Progress::Waiting { what, holders } => {
                self.waiting = vec![vec![Span::new(Ink::Warning, crate::text::capital(what))]];
                self.waiting.extend(holders.iter().map(|holder| {
                    vec![Span::new(Ink::Muted, "held by "), Span::new(Ink::Text, holder.words())]
                }));
            }
            Progress::Told(words) => {
                self.waiting = vec![vec![Span::new(Ink::Warning, crate::text::capital(words))]];
            }
        }
    }

    fn end_statement(&mut self, now: Instant) {
        if let (Some(at), Some(since)) = (self.at, self.since.take()) {
            self.took.insert(at, now.saturating_duration_since(since));
        }
    }

    /// How many statements there are, and how many of them have begun.
    pub fn counts(&self) -> (usize, usize) {
        let scripts = &self.plan.run.scripts;
        let of = |script: &crate::ops::run::Scheduled| {
            script.statements.len().saturating_sub(script.from)
        };
        let all = scripts.iter().map(of).sum();
        let Some((script, statement)) = self.at else { return (0, all) };
        let before: usize = scripts.iter().take(script).map(of).sum();
        let from = scripts.get(script).map_or(0, |script| script.from);
        (before + statement.saturating_sub(from) + 1, all)
    }

    /// The scripts, the one that runs with its statements; those around what runs.
    pub fn shown(&self) -> Vec<Row> {
        let current = self.at.map_or(0, |(script, _)| script);
        let mut rows = Vec::new();
        let mut here = 0;
        for (at, script) in self.plan.run.scripts.iter().enumerate() {
            rows.push(Row::Script(at));
            if at != current || self.done.contains_key(&at) {
                continue;
            }
            for statement in script.from..script.statements.len() {
                if self.at == Some((at, statement)) {
                    here = rows.len();
                }
                rows.push(Row::Statement(at, statement));
            }
        }
        let latest = rows.len().saturating_sub(SHOWN);
        let first = here.saturating_sub(SHOWN / 2).min(latest);
        rows.into_iter().skip(first).take(SHOWN).collect()
    }

    /// What is waited for, in rows.
    pub fn waiting(&self, room: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
        let rows = self.waiting.iter().flat_map(|line| wrap::word_rows(line, room, ascii));
        rows.take(WAITED).collect()
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 66);
        let room = usize::from(width.saturating_sub(4));
        let waiting = self.waiting(room, model.ascii).len();
        let all = self.plan.run.scripts.len()
            + self.plan.run.scripts.iter().map(|it| it.statements.len()).max().unwrap_or(0);
        let lines = all.min(SHOWN) + if waiting > 0 { waiting + 1 } else { 0 };
        centred(screen, width, u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(4))
    }

    /// Where its rows stand in there.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(2), ..inner }
    }

    /// Takes a key: only Ctrl+c does something, it stops.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if key == Key::ctrl('c') && model.tickets.cancel(Slot::Op) {
            effects.push(Effect::Cancel(Slot::Op));
        }
        Next::Stay
    }
}
