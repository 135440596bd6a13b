//! What to be sure of before something dangerous runs, each item with its evidence. An item holds by
//! its evidence, by a person's tick, or without either by a reason that is kept; what can be done
//! about it (a backup, a rehearsal, telling the team) is done from here. Only once every item holds
//! does Enter lead on.

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::change;
use crate::app::checklist;
use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::migrations;
use crate::app::model::{Model, Tone};
use crate::app::msg::Event;
use crate::app::operations;
use crate::app::overlays::cell::wrap;
use crate::app::overlays::outcome::{counted, sentence};
use crate::app::overlays::place::{centred, inside, line_at, narrow};
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::overlays::{Next, Overlay};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::ops::checklist::{Aid, Gathered, Item, Signed, TICKS, Word};
use crate::ops::migrations_desk::Plan;
use crate::ops::operations_desk;
use crate::ops::preparation::Prepared;
use crate::text;

/// The rows of evidence of an item that are shown.
const EVIDENCE: usize = 4;

/// The cells in front of an item's words.
pub const INDENT: u16 = 4;

/// The rows below the items: a blank one and where the evidence comes from.
const FOOT: u16 = 2;

/// What runs once all holds.
#[derive(Debug, Clone)]
pub enum Work {
    /// A change of the schema.
    Push(Arc<Prepared>),
    /// Migrations; with those that were read to their end, by name.
    Run(Arc<Plan>, Vec<String>),
    /// An operation on the whole database.
    Operation(Arc<operations_desk::Plan>),
}

/// What a person said about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// That they made sure of it.
    Ticked,
    /// Why it does not matter now.
    Waived(String),
}

/// What was said, by item.
pub type Sayings = BTreeMap<&'static str, Said>;

/// What is being done about the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// The evidence is gathered again.
    Gathering,
    /// Something is done about an item.
    Aiding(Aid),
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing speaks for it.
    Open,
    /// Its evidence does.
    Shown,
    /// A person does.
    Ticked,
    /// A person goes on without it.
    Waived,
    /// Something is being done about it.
    Busy,
}

/// A checklist on the screen.
#[derive(Debug)]
pub struct Checklist {
    /// What runs.
    pub work: Work,
    /// The items with their evidence.
    pub gathered: Gathered,
    /// The item under the cursor.
    pub cursor: usize,
    /// What is being done.
    pub doing: Option<Doing>,
    said: Sayings,
    part: Part,
    /// What the trouble is about.
    about: Option<Aid>,
}

/// How far what is being done has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This one of its parts is on.
    At(usize),
    /// What is on, in words.
    Said(String),
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
    /// The checklist of a push.
    pub fn push(prepared: Arc<Prepared>) -> Self {
        let gathered = prepared.gathered.clone();
        Self::new(Work::Push(prepared), gathered, Sayings::new())
    }

    /// A checklist whose evidence was gathered, and what was said about it before.
    pub fn new(work: Work, gathered: Gathered, said: Sayings) -> Self {
        let (doing, part, about) = (None, Part::At(0), None);
        let mut it = Self { work, gathered, cursor: 0, doing, said, part, about };
        it.cursor = it.first_open().unwrap_or(0);
        it
    }

    fn item(&self, at: usize) -> Option<&Item> {
        self.gathered.items.get(at)
    }

    fn first_open(&self) -> Option<usize> {
        (0..self.gathered.items.len()).find(|at| self.mark(*at) == Mark::Open)
    }

    /// How an item stands.
    pub fn mark(&self, at: usize) -> Mark {
        let Some(item) = self.item(at) else { return Mark::Open };
        let is_busy = match self.doing {
            Some(Doing::Aiding(aid)) => aid.is_about(item.id),
            _ => false,
        };
        match (is_busy, item.shown, self.said.get(item.id)) {
            (true, ..) => Mark::Busy,
            (_, true, _) => Mark::Shown,
            (_, _, Some(Said::Ticked)) => Mark::Ticked,
            (_, _, Some(Said::Waived(_))) => Mark::Waived,
            _ => Mark::Open,
        }
    }

    /// How many items nothing speaks for.
    pub fn open(&self) -> usize {
        let is_open = |at: &usize| matches!(self.mark(*at), Mark::Open | Mark::Busy);
        (0..self.gathered.items.len()).filter(is_open).count()
    }

    /// Whether all holds and nothing is being done.
    pub fn is_complete(&self) -> bool {
        self.open() == 0 && self.doing.is_none()
    }

    /// Whether the item under the cursor can be ticked.
    pub fn can_tick(&self) -> bool {
        let may = |item: &Item| {
            !self.gathered.strict || (TICKS.contains(&item.id) && item.id != "reviewed")
        };
        self.item(self.cursor).is_some_and(|item| !item.shown && may(item))
    }

    /// Whether it can be gone on without the item under the cursor, for a reason that is kept.
    pub fn can_waive(&self) -> bool {
        self.item(self.cursor).is_some_and(|it| !it.shown)
    }

    /// What can be done about items that nothing speaks for; where the cursor is comes first.
    pub fn aids(&self) -> Vec<Aid> {
        let here = self.item(self.cursor).map(|item| item.id);
        let is_open = |aid: &&Aid| {
            let at = self.gathered.items.iter().position(|item| aid.is_about(item.id));
            at.is_some_and(|at| self.mark(at) == Mark::Open)
                || here.is_some_and(|it| aid.is_about(it))
        };
        let mut aids: Vec<Aid> = self.gathered.aids.iter().filter(is_open).copied().collect();
        aids.sort_by_key(|aid| !here.is_some_and(|item| aid.is_about(item)));
        aids
    }

    /// It in a few words, and the database it is for.
    pub fn title(&self, model: &Model) -> String {
        match &self.work {
            Work::Push(prepared) => {
                let database = model.facts().map_or("", |facts| facts.database.as_str());
                format!("Run {} on {database}?", counted(prepared.review.statements.len()))
            }
            Work::Run(plan, _) => format!("{}?", migrations::whole_intent(plan)),
            Work::Operation(plan) => format!("{}?", operations::intent(plan)),
        }
    }

    /// What leads on from here, in a word.
    pub fn verb(&self) -> &'static str {
        match &self.work {
            Work::Push(_) => "run",
            Work::Run(plan, _) => migrations::verb(plan.order.direction()),
            Work::Operation(plan) => operations::verb(plan),
        }
    }

    /// What was seen and said, for the run.
    pub fn signed(&self) -> Signed {
        let word = |(item, said): (&&str, &Said)| {
            let reason = match said {
                Said::Ticked => None,
                Said::Waived(reason) => Some(reason.clone()),
            };
            Word { item: (*item).to_owned(), reason }
        };
        // What the evidence shows by now nobody needs to speak for.
        let stands = |item: &&str| !self.gathered.items.iter().any(|it| it.id == *item && it.shown);
        let words = self.said.iter().filter(|(item, _)| stands(item)).map(word).collect();
        let read = match &self.work {
            Work::Push(_) | Work::Operation(_) => Vec::new(),
            Work::Run(_, read) => read.clone(),
        };
        Signed { items: self.gathered.items.clone(), words, read }
    }

    /// Takes evidence that was gathered again.
    pub fn take(&mut self, gathered: Gathered) {
        self.about = match self.doing.take() {
            Some(Doing::Aiding(aid)) => Some(aid),
            _ => None,
        };
        // A word about a count is about no other one.
        let items = &self.gathered.items;
        let is_other = |item: &Item| {
            item.is_measured() && items.iter().any(|it| it.id == item.id && it != item)
        };
        for item in gathered.items.iter().filter(|item| is_other(item)) {
            self.said.remove(item.id);
        }
        self.gathered = gathered;
        let stays = self.about.is_some() && self.gathered.trouble.is_some();
        if !stays && self.mark(self.cursor) != Mark::Open {
            self.cursor = self.first_open().unwrap_or(self.cursor);
        }
    }

    /// Takes why what was done about it did not work.
    pub fn fail(&mut self, problem: crate::problem::Problem) {
        self.about = match self.doing.take() {
            Some(Doing::Aiding(aid)) => Some(aid),
            _ => None,
        };
        self.gathered.trouble = Some(problem);
    }

    /// Keeps the reason to go on without the item under the cursor.
    pub fn waive(&mut self, reason: String) {
        if let Some(item) = self.gathered.items.get(self.cursor) {
            self.said.insert(item.id, Said::Waived(reason));
            self.cursor = self.first_open().unwrap_or(self.cursor);
        }
    }

    /// Its rows; `airy` ones have a blank row between items.
    pub fn rows(&self, room: usize, ascii: bool, airy: bool) -> Vec<Row> {
        let room = room.saturating_sub(usize::from(INDENT)).max(1);
        let fitted =
            |ink: Ink, words: String| wrap::word_rows(&[Span::new(ink, words)], room, ascii);
        let mut rows = Vec::new();
        for (at, item) in self.gathered.items.iter().enumerate() {
            if at > 0 && airy {
                rows.push(Row { item: None, is_head: false, spans: Vec::new() });
            }
            let mut lines = fitted(Ink::Strong, text::capital(item.title));
            if let Some(Said::Waived(reason)) = self.said.get(item.id).filter(|_| !item.shown) {
                lines.extend(fitted(Ink::Warning, format!("waived: {reason}")));
            }
            if self.mark(at) == Mark::Busy {
                lines.extend(fitted(Ink::Information, self.busy()));
            } else {
                let told = item.evidence.iter().flat_map(|told| fitted(Ink::Muted, told.clone()));
                let mut told: Vec<Vec<Span<'static>>> = told.collect();
                if told.len() > EVIDENCE {
                    told.truncate(EVIDENCE - 1);
                    told.push(vec![Span::new(Ink::Muted, "and more: the plan shows all of it")]);
                }
                lines.extend(told);
            }
            if self.about.is_some_and(|aid| aid.is_about(item.id)) {
                lines.extend(self.trouble(room, ascii));
            }
            let all = lines.into_iter().enumerate();
            rows.extend(all.map(|(row, spans)| Row { item: Some(at), is_head: row == 0, spans }));
        }
        if self.about.is_none() && self.gathered.trouble.is_some() {
            let told = self.trouble(room, ascii);
            rows.push(Row { item: None, is_head: false, spans: Vec::new() });
            rows.extend(told.into_iter().map(|spans| Row { item: None, is_head: false, spans }));
        }
        rows
    }

    /// What is being done, in words.
    fn busy(&self) -> String {
        match (self.doing, &self.work) {
            (Some(Doing::Aiding(Aid::Backup)), _) => match &self.part {
                Part::Said(words) => words.clone(),
                Part::At(_) => "making a backup, and verifying it".to_owned(),
            },
            (Some(Doing::Aiding(Aid::Notify)), _) => "running the command notify".to_owned(),
            (Some(Doing::Aiding(Aid::Rehearse)), Work::Run(plan, _)) => {
                let Part::At(part) = &self.part else { return String::new() };
                let script = part.checked_sub(1).and_then(|at| plan.run.scripts.get(at));
                match script {
                    Some(script) => format!("rehearsing {}", script.migration.name()),
                    None => "reading the database, to rehearse on what it is".to_owned(),
                }
            }
            _ => "gathering the evidence".to_owned(),
        }
    }

    fn trouble(&self, room: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
        let Some(problem) = &self.gathered.trouble else { return Vec::new() };
        let mut lines = vec![(Ink::Danger, sentence(&problem.what))];
        if !problem.fix.is_empty() {
            lines.push((Ink::Text, sentence(&problem.fix)));
        }
        lines.extend(problem.why.lines().take(EVIDENCE).map(|why| (Ink::Muted, why.to_owned())));
        let row =
            |(ink, words): (Ink, String)| wrap::word_rows(&[Span::new(ink, words)], room, ascii);
        lines.into_iter().flat_map(row).collect()
    }

    /// Where the evidence of the item under the cursor comes from.
    pub fn source(&self) -> &'static str {
        match self.item(self.cursor).map_or("", |item| item.id) {
            "tested-on-staging" => "the history of each staging environment, asked just now",
            "reviewed" => "what was in sight here, to the last line of each file",
            "backup" => "the index of the backups, and the file itself",
            "rollback-plan" => "the rehearsal of these files on this schema",
            "off-peak" => "the database's clock and sessions; off_peak of dbstudio.toml",
            "team-notified" => "your word, or notify of dbstudio.toml, run for just this",
            "development" => "protection of dbstudio.toml",
            "environment" => "the server's name for it; protection of dbstudio.toml",
            "rebuild" => "the migrations, run from nothing in a scratch database just now",
            "rows" => "the tables, counted just now",
            "no-important-data" | "can-afford-the-loss" => {
                "the database, asked what this plan would lose"
            }
            _ => "",
        }
    }

    /// The first row to draw so that the item under the cursor is in view.
    pub fn top(&self, rows: &[Row], height: usize) -> usize {
        let is_here = |row: &Row| row.item == Some(self.cursor);
        let head = rows.iter().position(is_here).unwrap_or(0);
        let last = rows.iter().rposition(is_here).unwrap_or(0);
        let end = if self.about.is_none() && self.gathered.trouble.is_some() {
            rows.len().saturating_sub(1)
        } else {
            last
        };
        (end + 1).saturating_sub(height).min(head)
    }

    /// The rows as they fit the screen.
    pub fn fitted(&self, model: &Model) -> Vec<Row> {
        let screen = screen(model);
        let room = usize::from(narrow(screen, 70).saturating_sub(4));
        let airy = self.rows(room, model.ascii, true);
        let most = usize::from(screen.height.saturating_sub(6 + FOOT));
        if airy.len() <= most { airy } else { self.rows(room, model.ascii, false) }
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let lines = u16::try_from(self.fitted(model).len()).unwrap_or(u16::MAX);
        centred(screen, narrow(screen, 70), lines.saturating_add(4 + FOOT))
    }

    /// Where its rows stand in there.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        let height = inner.height.saturating_sub(2 + FOOT);
        Rect { y: inner.y.saturating_add(1), height, ..inner }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let last = self.gathered.items.len().saturating_sub(1);
        let leaves = key == Key::ctrl('c') || matches!(key.code, Code::Esc | Code::Char('q'));
        if leaves && self.doing.is_some() {
            if model.tickets.cancel(Slot::Op) {
                effects.push(Effect::Cancel(Slot::Op));
            }
            return Next::Stay;
        }
        match key.code {
            _ if leaves => return self.leave(model),
            _ if key.ctrl || key.alt => {}
            Code::Up | Code::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            Code::Down | Code::Char('j') => self.cursor = (self.cursor + 1).min(last),
            _ if self.doing.is_some() => {}
            Code::Char(' ') => self.tick(model),
            Code::Char('w') if self.can_waive() => {
                let prompt = Prompt::new(Purpose::Waiver, "");
                return Next::Over(Box::new(Overlay::Prompt(Box::new(prompt))));
            }
            Code::Char('b') => self.aid(Aid::Backup, model, effects),
            Code::Char('r') => self.aid(Aid::Rehearse, model, effects),
            Code::Char('n') => self.aid(Aid::Notify, model, effects),
            Code::Char('R') => self.begin(Doing::Gathering, model, effects),
            Code::Enter if self.is_complete() => return self.go_on(model, effects),
            // What is missing is where the cursor goes.
            Code::Enter => self.cursor = self.first_open().unwrap_or(0),
            _ => {}
        }
        Next::Stay
    }

    /// Back to the plan, which keeps what was said.
    fn leave(&self, model: &mut Model) -> Next {
        if let Some(Overlay::Plan(review)) = model.overlays.last_mut() {
            review.said.clone_from(&self.said);
        }
        Next::Close
    }

    fn aid(&mut self, aid: Aid, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.gathered.aids.contains(&aid) {
            let at = self.gathered.items.iter().position(|item| aid.is_about(item.id));
            self.cursor = at.unwrap_or(self.cursor);
            self.begin(Doing::Aiding(aid), model, effects);
        } else if aid == Aid::Notify && self.gathered.items.iter().any(|it| aid.is_about(it.id)) {
            model.notify(Tone::Plain, "No command notify is configured; tell them, and tick it");
        }
    }

    fn begin(&mut self, doing: Doing, model: &mut Model, effects: &mut Vec<Effect>) {
        if checklist::begin(model, &self.work, doing, effects) {
            self.doing = Some(doing);
            self.part = Part::At(0);
            self.about = None;
            self.gathered.trouble = None;
        }
    }

    /// All holds: the database's name, or the run.
    fn go_on(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match &self.work {
            Work::Push(prepared) => {
                change::push(model, Arc::clone(prepared), self.signed(), effects);
                Next::Close
            }
            Work::Run(..) if self.gathered.strict => {
                let prompt = Prompt::new(Purpose::DatabaseName, "");
                Next::Over(Box::new(Overlay::Prompt(Box::new(prompt))))
            }
            Work::Operation(plan) if plan.needs_name() => {
                let prompt = Prompt::new(Purpose::DatabaseName, "");
                Next::Over(Box::new(Overlay::Prompt(Box::new(prompt))))
            }
            Work::Run(plan, _) => {
                over(migrations::carry_out(model, Arc::clone(plan), self.signed(), effects))
            }
            Work::Operation(plan) => {
                over(operations::carry_out(model, Arc::clone(plan), self.signed(), effects))
            }
        }
    }

    /// Takes the mouse: a click ticks.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model) -> Next {
        let body = Self::body(self.area(model));
        if mouse.action == MouseAction::Press
            && let Some(line) = line_at(body, mouse)
        {
            let rows = self.fitted(model);
            let line = line + self.top(&rows, usize::from(body.height));
            if let Some(item) = rows.get(line).and_then(|row| row.item) {
                self.cursor = item;
                self.tick(model);
            }
        }
        Next::Stay
    }

    /// Takes how far what is being done has come; whether the answer was for it.
    pub fn reply(&mut self, slot: Slot, event: &Event) -> bool {
        match (slot, event, self.doing) {
            (Slot::Op, Event::Progress(at), Some(_)) => self.part = Part::At(*at),
            (Slot::Op, Event::Said(words), Some(_)) => self.part = Part::Said(words.clone()),
            _ => {}
        }
        slot == Slot::Op && self.doing.is_some()
    }

    /// Ticks the item under the cursor or takes back what was said; what evidence shows stays.
    fn tick(&mut self, model: &mut Model) {
        let Some(item) = self.gathered.items.get(self.cursor).filter(|item| !item.shown) else {
            return;
        };
        if self.doing.is_some() || self.said.remove(item.id).is_some() {
            return;
        }
        match self.can_tick() {
            true => drop(self.said.insert(item.id, Said::Ticked)),
            false if item.id == "reviewed" => {
                model.notify(Tone::Plain, "Esc goes back to the SQL: read each file to its end");
            }
            false => {
                let why = "In production this wants evidence, or a reason to go on without it: w";
                model.notify(Tone::Plain, why);
            }
        }
    }
}

fn over(overlay: Option<Overlay>) -> Next {
    overlay.map_or(Next::Stay, |overlay| Next::Over(Box::new(overlay)))
}
