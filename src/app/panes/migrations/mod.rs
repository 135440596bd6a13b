//! The migrations of the project on the screen: the list of them, and beside it the one under the
//! cursor.
//!
//! It keeps what it was told and where the cursors stand; it asks for nothing and draws nothing.

mod head;
mod list;
mod page;
mod picture;
mod texts;
mod timeline;
mod words;

pub use head::{Head, SIGN, title};
pub use list::Row;
pub use page::{Line, LineKind, PageRow, fitted, sql};
pub use words::{day, lasting, place_of_history};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::command::CommandId;
use crate::app::keymap::Keymap;
use crate::app::overlays::place::Scroll;
use crate::app::span::Span;
use crate::ops::chronicle::Entry as Done;
use crate::ops::migrations_desk::{Entry, Examined, Texts};
use crate::ops::standing::Standing;
use crate::problem::Problem;
use crate::sql::Dialect;

use page::Page;

/// How long the cursor rests on a migration before it is examined.
pub const REST: Duration = Duration::from_millis(150);

/// What is shown of the migration under the cursor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    /// The way there.
    #[default]
    Up,
    /// The way back.
    Down,
    /// What it changes in the schema.
    Picture,
    /// How its text differs from the one that was applied.
    Texts,
    /// All that are pending, as one script.
    Pending,
    /// What was done to the database, by whom.
    Timeline,
}

/// What is known of the hazards of a migration.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Nothing yet.
    Nothing,
    /// It is being examined.
    Soon,
    /// This.
    All(&'a Examined),
    /// It could not be examined.
    Not(&'a Problem),
}

/// The migrations on the screen.
#[derive(Debug, Default)]
pub struct MigrationsPane {
    /// How they stand.
    pub standing: Option<Arc<Standing>>,
    /// Why that could not be read.
    pub problem: Option<Problem>,
    /// The cursor in the list.
    pub list: Scroll,
    /// The cursor in the text beside it.
    pub text: Scroll,
    /// When the migration under the cursor is examined, if nobody moves on.
    pub due: Option<Instant>,
    side: Side,
    rows: Vec<Row>,
    page: Page,
    summary: Vec<Vec<Span<'static>>>,
    texts: Arc<Texts>,
    examined: BTreeMap<String, Arc<Examined>>,
    troubles: BTreeMap<String, Problem>,
    /// What was done, once it was asked for, the newest first; those that are unfolded.
    timeline: Option<Arc<Vec<Done>>>,
    unfolded: BTreeSet<usize>,
    /// The migration that is being examined.
    examining: Option<String>,
    /// Texts whose last line was in sight: what identifies the migration, and whether it is the
    /// way back.
    read: BTreeSet<(String, bool)>,
}

impl MigrationsPane {
    /// Shows how the migrations stand: the cursor stays on its migration, or goes to the first
    /// that wants something done. Whether the files are others than before.
    pub fn show(&mut self, standing: Arc<Standing>, texts: Arc<Texts>) -> bool {
        self.texts = texts;
        let kept = self.current().map(|entry| entry.key.clone());
        let same = self.standing.as_ref().is_some_and(|before| same_texts(before, &standing));
        if !same {
            self.examined.clear();
            self.troubles.clear();
            // Another text was not read by anybody.
            self.read.clear();
        }
        self.rows = list::rows(&standing);
        let at = |key: &String| {
            let is_it = |row: &Row| {
                row.entry().and_then(|at| standing.entries.get(at)).is_some_and(|it| it.key == *key)
            };
            self.rows.iter().position(is_it)
        };
        let place =
            kept.as_ref().and_then(at).unwrap_or_else(|| list::first(&self.rows, &standing));
        self.list = Scroll { cursor: place, ..self.list };
        self.standing = Some(standing);
        self.problem = None;
        self.page.spoil();
        !same
    }

    /// The rows of the list.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row under the cursor.
    pub fn row(&self) -> Option<&Row> {
        self.rows.get(self.list.cursor)
    }

    /// The migration under the cursor.
    pub fn current(&self) -> Option<&Entry> {
        let at = self.row()?.entry()?;
        self.standing.as_ref()?.entries.get(at)
    }

    /// What is shown of it.
    pub fn side(&self) -> Side {
        let has_down = |entry: &Entry| {
            entry.migration.as_ref().is_some_and(|migration| migration.down.is_some())
        };
        match (self.side, self.current()) {
            (Side::Pending | Side::Timeline, _) => self.side,
            (_, None) => Side::Up,
            (Side::Down, Some(entry)) if !has_down(entry) => Side::Up,
            (Side::Texts, Some(entry)) if self.applied_text(entry).is_none() => Side::Up,
            (side, Some(_)) => side,
        }
    }

    /// Shows this side, or the way there again when it is shown already.
    pub fn turn(&mut self, side: Side) {
        self.side = if self.side() == side { Side::Up } else { side };
        self.text = Scroll::default();
        self.page.spoil();
    }

    /// Takes what was done to the database.
    pub fn recall(&mut self, entries: Arc<Vec<Done>>) {
        self.timeline = Some(entries);
        self.unfolded.clear();
        self.page.spoil();
    }

    /// Unfolds what was done under the cursor, or folds it; whether there is such a thing.
    pub fn unfold(&mut self) -> bool {
        let rows = &self.page.rows;
        let line = rows.get(self.text.cursor).and_then(|row| self.page.lines.get(row.line));
        let Some(at) = line.and_then(|line| line.done) else { return false };
        if !self.unfolded.remove(&at) {
            self.unfolded.insert(at);
        }
        let first = |lines: &[Line], rows: &[PageRow]| {
            rows.iter()
                .position(|row| lines.get(row.line).is_some_and(|line| line.done == Some(at)))
        };
        // From one of its details the cursor goes back to itself.
        self.text.cursor = first(&self.page.lines, rows).unwrap_or(self.text.cursor);
        self.page.spoil();
        true
    }

    /// The text that was applied, where it is known and the file's is another.
    pub fn applied_text<'a>(&'a self, entry: &'a Entry) -> Option<&'a str> {
        self.texts.get(&entry.key).map(String::as_str)
    }

    /// The texts that were applied of those whose files are others now.
    pub fn texts(&self) -> Arc<Texts> {
        Arc::clone(&self.texts)
    }

    /// Moves the cursor in the list, over what cannot be chosen.
    pub fn move_by(&mut self, lines: isize, height: usize) {
        let to = self.list.cursor.saturating_add_signed(lines);
        self.move_to(to, lines < 0, height);
    }

    /// Moves the cursor to a row, or the next that can be chosen: upwards if asked.
    pub fn move_to(&mut self, row: usize, upwards: bool, height: usize) {
        let Some(to) = list::nearest(&self.rows, row, upwards) else { return };
        let before = self.list.cursor;
        self.list.to(to, self.rows.len(), height);
        if self.rows.iter().take(to).all(|row| !row.is_chosen()) {
            // The heading of the first one is worth seeing.
            self.list.top = 0;
        }
        if before != self.list.cursor {
            self.text = Scroll::default();
            self.page.spoil();
        }
    }

    /// What is known of the hazards of a migration.
    pub fn known(&self, key: &str) -> Known<'_> {
        match (self.examined.get(key), self.troubles.get(key)) {
            (Some(examined), _) => Known::All(examined),
            (None, Some(problem)) => Known::Not(problem),
            _ if self.examining.as_deref() == Some(key) => Known::Soon,
            _ => Known::Nothing,
        }
    }

    /// Notes that a migration is being examined.
    pub fn begin(&mut self, key: String) {
        self.due = None;
        self.troubles.remove(&key);
        self.examining = Some(key);
        self.page.spoil();
    }

    /// Takes what was found out about a migration.
    pub fn learn(&mut self, examined: Arc<Examined>) {
        self.examining = None;
        self.examined.insert(examined.key.clone(), examined);
        self.page.spoil();
    }

    /// The migration that was being examined could not be: why, unless somebody stopped it.
    pub fn give_up(&mut self, problem: Option<Problem>) {
        if let (Some(key), Some(problem)) = (self.examining.take(), problem) {
            self.troubles.insert(key, problem);
        }
        self.page.spoil();
    }

    /// Lets what is shown be made anew.
    pub fn spoil(&mut self) {
        self.page.spoil();
    }

    /// Makes what is shown beside the list for this place, unless it is made already.
    pub fn fit(&mut self, place: &Place<'_>) {
        if self.page.is_made_for(place) {
            return;
        }
        let head = Head::of(self, place);
        let lines = page::lines(self, place);
        self.page = Page::new(head, lines, place);
        let counts = self.standing.as_ref().map(|it| words::summary(it)).unwrap_or_default();
        self.summary = words::fact_rows(counts, usize::from(place.list));
    }

    /// How many migrations stand how, in rows.
    pub fn summary(&self) -> &[Vec<Span<'static>>] {
        &self.summary
    }

    /// What stands above the text.
    pub fn head(&self) -> &Head {
        &self.page.head
    }

    /// The rows of the text.
    pub fn text_rows(&self) -> &[PageRow] {
        &self.page.rows
    }

    /// The line a row of the text is of.
    pub fn line(&self, row: &PageRow) -> Option<&Line> {
        self.page.lines.get(row.line)
    }

    /// The cells the numbers of the lines have, with what stands after them.
    pub fn gutter(&self) -> u16 {
        self.page.gutter
    }

    /// Moves the cursor in the text.
    pub fn scroll(&mut self, lines: isize, height: usize) {
        self.text.by(lines, self.page.rows.len(), height);
    }

    /// Moves the cursor in the text to a row.
    pub fn scroll_to(&mut self, row: usize, height: usize) {
        self.text.to(row, self.page.rows.len(), height);
    }

    /// Turns the wheel over the text.
    pub fn wheel(&mut self, lines: isize, height: usize) {
        self.text.wheel(lines, self.page.rows.len(), height);
    }

    /// Notes that the text is read, if its last row is in sight in a pane of this height.
    pub fn note_read(&mut self, height: usize) {
        let rows = self.page.rows.len();
        let down = match self.side() {
            Side::Up => false,
            Side::Down => true,
            Side::Picture | Side::Texts | Side::Pending | Side::Timeline => return,
        };
        if rows == 0 || height == 0 || self.text.top + height < rows {
            return;
        }
        if let Some(key) = self.current().map(|entry| entry.key.clone()) {
            self.read.insert((key, down));
        }
    }

    /// Whether this very text of a migration was read to its end here.
    pub fn was_read(&self, key: &str, down: bool, text: &str) -> bool {
        let entries = self.standing.iter().flat_map(|standing| &standing.entries);
        let found = entries.filter(|entry| entry.key == key).find_map(|it| it.migration.as_ref());
        let shown = found.and_then(|migration| match down {
            true => migration.down.as_ref(),
            false => Some(&migration.up),
        });
        let is_same = shown.is_some_and(|script| script.text == text);
        is_same && self.read.contains(&(key.to_owned(), down))
    }

    /// Moves the cursor in the text to the next hazard, or the one before; whether there is one.
    pub fn next_hazard(&mut self, forward: bool, height: usize) -> bool {
        let here = self.text.cursor;
        let is_hazard = |row: &PageRow| {
            let line = self.page.lines.get(row.line);
            row.is_first && line.is_some_and(|line| line.kind == LineKind::Hazard)
        };
        let mut all = self.page.rows.iter().enumerate().filter(|(_, row)| is_hazard(row));
        let found = match forward {
            true => all.find(|(at, _)| *at > here),
            false => all.rfind(|(at, _)| *at < here),
        };
        let Some((to, _)) = found else { return false };
        // Why, and what was measured, should be seen too.
        self.scroll_to(to + 2, height);
        self.scroll_to(to, height);
        true
    }

    /// What copying gives: the text that is shown.
    pub fn copied(&self) -> Option<String> {
        page::copied(self)
    }
}

/// What the text is made for: where it stands, and what is known besides.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The cells it has.
    pub width: u16,
    /// The cells the list beside it has.
    pub list: u16,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// The SQL it is in.
    pub dialect: Dialect,
    /// Whether migrations are tried in a scratch database without being asked for.
    pub tries: bool,
    /// The keys in force.
    pub keymap: &'a Keymap,
}

impl Place<'_> {
    /// The key of a command, as it is written; the palette's where it has none.
    pub fn key(&self, id: CommandId) -> String {
        self.keymap.key_of(id).unwrap_or_else(|| ":".to_owned())
    }
}

/// Whether the same files are there, with the same texts.
fn same_texts(one: &Standing, other: &Standing) -> bool {
    let texts = |standing: &Standing| -> Vec<(String, String)> {
        let migrations = standing.entries.iter().filter_map(|entry| entry.migration.as_ref());
        migrations.map(|it| (it.key.clone(), it.up.text.clone())).collect()
    };
    texts(one) == texts(other)
}
