//! The palette: commands and tables by name, the closest match first.
//!
//! It takes a copy of the names when it opens; it runs nothing itself.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::Rect;

use crate::app::command::{COMMANDS, CommandId, Scope};
use crate::app::field::Field;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::{Focus, Model, View};
use crate::app::msg::Msg;
use crate::app::overlays::Next;
use crate::app::overlays::place::{Scroll, centred, inside, line_at, narrow, signed};
use crate::app::update::screen;
use crate::schema::RelationName;
use crate::text;

/// Hits that are kept; nobody scrolls further than this instead of typing a letter more.
const MOST_HITS: usize = 500;

/// The palette.
#[derive(Debug)]
pub struct Palette {
    /// What is typed.
    pub field: Field,
    /// The hits' cursor.
    pub list: Scroll,
    entries: Vec<Entry>,
    hits: Vec<Hit>,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub label: String,
    /// What stands at the right: keys, or what sort of relation it is.
    pub detail: String,
    /// What choosing it does.
    pub choice: Choice,
}

/// What choosing an entry does.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// Runs a command; with the flag it is one of the grid, which gets the keys first.
    Run(CommandId, bool),
    /// Opens a relation.
    Open(RelationName),
}

/// An entry that matches what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    entry: usize,
    /// The matched grapheme clusters of the label, in order.
    pub matched: Vec<u32>,
}

impl Palette {
    /// A palette over what there is now.
    pub fn new(model: &Model) -> Self {
        let mut entries = commands(model);
        entries.extend(relations(model));
        let mut palette =
            Self { field: Field::default(), list: Scroll::default(), entries, hits: Vec::new() };
        palette.search();
        palette
    }

    /// The hits in order, each with its entry.
    pub fn hits(&self) -> impl ExactSizeIterator<Item = (&Hit, Option<&Entry>)> {
        self.hits.iter().map(|hit| (hit, self.entries.get(hit.entry)))
    }

    /// How many things there are to choose from.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to choose from.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        centred(screen, narrow(screen, 60), screen.height.saturating_sub(4).min(20))
    }

    /// Where its hits stand in there: below the field and a blank line.
    pub fn lines(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(2), height: inner.height.saturating_sub(2), ..inner }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model) -> Next {
        let height = usize::from(Self::lines(self.area(model)).height);
        let page = signed(height.saturating_sub(1).max(1));
        let step = match key.code {
            Code::Esc => return Next::Close,
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Enter => return self.choose(model),
            Code::Up => -1,
            Code::Down => 1,
            Code::Char('p') if key.ctrl => -1,
            Code::Char('n') if key.ctrl => 1,
            Code::PageUp => -page,
            Code::PageDown => page,
            _ => {
                let before = self.field.text().to_owned();
                if self.field.key(key) && self.field.text() != before {
                    self.search();
                }
                return Next::Stay;
            }
        };
        self.list.by(step, self.hits.len(), height);
        Next::Stay
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) -> Next {
        self.field.paste(text);
        self.search();
        Next::Stay
    }

    /// Takes the mouse: a click chooses, a click outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model) -> Next {
        let area = self.area(model);
        let lines = Self::lines(area);
        let height = usize::from(lines.height);
        match mouse.action {
            MouseAction::WheelUp => self.list.wheel(-3, self.hits.len(), height),
            MouseAction::WheelDown => self.list.wheel(3, self.hits.len(), height),
            MouseAction::Press => {
                if line_at(area, mouse).is_none() {
                    return Next::Close;
                }
                if let Some(line) = line_at(lines, mouse) {
                    let line = self.list.top + line;
                    if line < self.hits.len() {
                        self.list.cursor = line;
                        return self.choose(model);
                    }
                }
            }
            _ => {}
        }
        Next::Stay
    }

    fn choose(&self, model: &mut Model) -> Next {
        let hit = self.hits.get(self.list.cursor);
        let Some(entry) = hit.and_then(|hit| self.entries.get(hit.entry)) else {
            return Next::Stay;
        };
        match &entry.choice {
            Choice::Run(id, grid) => {
                if *grid {
                    model.focus = Focus::Main;
                }
                Next::Then(Msg::Run(*id))
            }
            Choice::Open(name) => Next::Then(Msg::Open(name.clone())),
        }
    }

    fn search(&mut self) {
        self.list = Scroll::default();
        let typed = self.field.text().trim();
        if typed.is_empty() {
            let all = 0..self.entries.len().min(MOST_HITS);
            self.hits = all.map(|entry| Hit { entry, matched: Vec::new() }).collect();
            return;
        }
        let pattern =
            Pattern::new(typed, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let label = Utf32Str::new(text::head(&entry.label, 200), &mut letters);
            if let Some(score) = pattern.score(label, &mut matcher) {
                scored.push((score, at));
            }
        }
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        scored.truncate(MOST_HITS);
        self.hits = scored
            .into_iter()
            .map(|(_, entry)| {
                let mut matched = Vec::new();
                if let Some(found) = self.entries.get(entry) {
                    let label = Utf32Str::new(text::head(&found.label, 200), &mut letters);
                    pattern.indices(label, &mut matcher, &mut matched);
                }
                matched.sort_unstable();
                matched.dedup();
                Hit { entry, matched }
            })
            .collect();
    }
}

/// The commands that do something from here: those that apply anywhere, and those of the
/// pane that has the keys or shows rows. Moving is what keys are for.
fn commands(model: &Model) -> Vec<Entry> {
    let rows = model.view == View::Data && model.data.is_some();
    let applies = |scope: Scope| match scope {
        Scope::Everywhere => true,
        Scope::Grid => rows,
        Scope::Schema => model.view == View::Schema && model.focus == Focus::Main,
        Scope::Migrations => model.view == View::Migrations,
        Scope::Moving | Scope::Tree | Scope::Status => false,
    };
    let useless = [CommandId::Palette, CommandId::Escape, CommandId::Cancel];
    COMMANDS
        .iter()
        .enumerate()
        .filter(|(_, command)| applies(command.scope) && !useless.contains(&command.id))
        .map(|(row, command)| Entry {
            label: command.title.to_owned(),
            detail: model.keymap.keys_of(row).join("  "),
            choice: Choice::Run(command.id, command.scope == Scope::Grid),
        })
        .collect()
}

/// The relations: those that were open lately first, then in the order of the tree.
fn relations(model: &Model) -> Vec<Entry> {
    let outline = model.tree.outline();
    let lately = model.data.iter().chain(model.trail.iter().rev()).map(|pane| &pane.name);
    let lately: Vec<RelationName> = lately.cloned().collect();
    let mut found: Vec<(usize, Entry)> = outline
        .relations()
        .map(|(name, relation)| {
            let rows = relation.rows_estimate.map(|rows| format!("~ {}", text::short_count(rows)));
            let detail = [Some(relation.kind.word().to_owned()), rows];
            let rank = lately.iter().position(|known| *known == name).unwrap_or(lately.len());
            let label = model.tree.title(&name);
            let detail: Vec<String> = detail.into_iter().flatten().collect();
            (rank, Entry { label, detail: detail.join("  "), choice: Choice::Open(name) })
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, entry)| entry).collect()
}
