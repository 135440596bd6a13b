//! The box in which one cell is edited: text of several lines, or a choice.
//!
//! What is typed is proven by the database before it is staged; until then, and after a no, the
//! box stays with everything that was typed. Nothing here stages anything.

mod document;
mod outside;
mod parents;

use ratatui::layout::Rect;

use crate::app::edit::{Waiting, column_under_cursor, may_hold, prove};
use crate::app::edit_rows::{Target, held, targets};
use crate::app::effect::{Effect, Slot};
use crate::app::field::Page;
use crate::app::key::{Code, Key};
use crate::app::model::{Model, Tone};
use crate::app::overlays::place::{Scroll, centred, inside, narrow};
use crate::app::overlays::{Next, Overlay};
use crate::app::staged::Editable;
use crate::app::update::screen;
use crate::db::Engine;
use crate::db::edit::{Reference, RowEdit, Typed, Wanted};
use crate::db::page::ValueRequest;
use crate::db::value::Value;
use crate::ops::edit::{Candidate, Request, Wish};
use crate::ops::session;
use crate::schema::Column;
use document::{formatted, not_json, without_blanks};
pub use outside::Way;

/// The longest value that is edited in the box, in bytes.
const LONGEST: u64 = 1 << 20;

/// The longest value that is given to the person's own editor, in bytes.
const LONGEST_OUTSIDE: u64 = 16 << 20;

/// Lines of choices on the screen at once.
const MOST_CHOICES: u16 = 8;

/// A cell that is edited.
#[derive(Debug)]
pub struct Editor {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// The text.
    pub page: Page,
    /// What may be chosen.
    pub choices: Vec<Choice>,
    /// The choice under the cursor; none while the text counts.
    pub picked: Option<usize>,
    /// The first choice on the screen.
    pub list: Scroll,
    /// Why the text cannot be staged as it stands.
    pub complaint: Option<String>,
    /// Whether the value is NULL, as long as nothing is typed.
    pub is_null: bool,
    /// Whether it is the default, as long as nothing is typed.
    pub is_default: bool,
    /// The new row it refers to, as long as nothing is typed.
    pub of_new_row: Option<String>,
    /// Whether NULL can be chosen.
    pub may_be_null: bool,
    /// Whether a default can be chosen.
    pub has_default: bool,
    /// Whether what is typed is shown as dots.
    pub masked: bool,
    /// Whether the rest of the value is being read.
    pub reading: bool,
    /// How many bytes the value has, if that is too long for the box.
    pub too_long: Option<u64>,
    /// How many rows get the value.
    pub rows: usize,
    of: Editable,
    targets: Vec<Target>,
    refers: Option<Wish>,
    /// The rows a foreign key may refer to that are only staged.
    new_parents: Vec<Choice>,
    is_json: bool,
    /// Whether only the choices count: a truth value, a label.
    is_closed: bool,
    /// Whether it holds bytes rather than text.
    is_bytes: bool,
    /// Whether the person's own editor opens as soon as all of the value is here.
    is_going_out: bool,
    /// Whether the document was on one line, where it goes back to.
    was_flat: bool,
    /// What the text was when the box was opened.
    first: String,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The text it stands for.
    pub text: String,
    /// More about it.
    pub label: String,
    /// The new row it is of, if the database has yet to give the text.
    pub row: Option<Reference>,
}

impl Editor {
    /// Opens the box on the cell under the cursor, or the person's own editor over it; and says
    /// why if it cannot be.
    pub fn open(model: &mut Model, of: Editable, way: Way, effects: &mut Vec<Effect>) {
        let Some(name) = column_under_cursor(model) else { return };
        let targets = targets(model);
        let Some(first) = targets.last() else { return };
        let edit = model.staged.row(&of.relation.name, &first.row).cloned();
        if matches!(edit, Some(RowEdit::Deleted { .. })) {
            model.notify(Tone::Plain, "This row is marked for deletion; dd takes the mark off");
            return;
        }
        let is_new = first.key.is_none();
        if let Err(why) = may_hold(&of, &name, &Typed::Text(String::new()))
            && !(is_new && may_hold(&of, &name, &Typed::Default).is_ok())
        {
            model.notify(Tone::Bad, why);
            return;
        }
        let Some(column) = of.relation.column(&name).cloned() else { return };
        let value = held(first, edit.as_ref()).remove(&name);
        let is_masked = of.masked.contains(&name);
        if way == Way::Outside && is_masked {
            let text = format!("{name} is masked: its values are not written to a file; e edits");
            model.notify(Tone::Bad, text);
            return;
        }
        let engine = model.engine();
        let mut editor = Self::new(of, column, targets, engine);
        editor.masked = is_masked && !is_revealed(model);
        editor.is_bytes = editor.holds_bytes(value.as_ref());
        editor.begin(value, (edit.as_ref(), way), model, effects);
        model.overlays.push(Overlay::Editor(Box::new(editor)));
    }

    fn new(of: Editable, column: Column, targets: Vec<Target>, engine: Option<Engine>) -> Self {
        let choices = fixed_choices(&column, engine);
        let key = of.relation.foreign_key_of(&column.name);
        let refers = key.and_then(|key| {
            let at = key.columns.iter().position(|name| *name == column.name)?;
            let target_column = key.target_columns.get(at)?.clone();
            Some(Wish { table: key.target.clone(), column: target_column, typed: String::new() })
        });
        let declared = column.type_name.to_ascii_uppercase();
        let is_json = matches!(column.base_type.as_str(), "json" | "jsonb")
            || column.base_type.is_empty() && declared.contains("JSON");
        Self {
            type_name: column.type_name.clone(),
            page: Page::default(),
            picked: None,
            list: Scroll::default(),
            complaint: None,
            is_null: false,
            is_default: false,
            of_new_row: None,
            may_be_null: column.nullable,
            has_default: column.default.is_some() || column.generation.is_some(),
            masked: of.masked.contains(&column.name),
            reading: false,
            too_long: None,
            rows: targets.len(),
            is_closed: !choices.is_empty(),
            choices,
            refers,
            new_parents: Vec::new(),
            is_json,
            is_bytes: false,
            is_going_out: false,
            was_flat: false,
            first: String::new(),
            name: column.name,
            of,
            targets,
        }
    }

    /// Starts from what the cell holds.
    fn begin(
        &mut self,
        value: Option<Value>,
        (edit, way): (Option<&RowEdit>, Way),
        model: &mut Model,
        effects: &mut Vec<Effect>,
    ) {
        let wanted = match edit {
            Some(RowEdit::Changed { cells, .. }) => cells.get(&self.name).map(|it| &it.wanted),
            Some(RowEdit::Added { cells }) => cells.get(&self.name),
            _ => None,
        };
        self.is_default = match wanted {
            Some(wanted) => *wanted == Wanted::Default,
            None => value.is_none() && self.has_default,
        };
        if let Some(Wanted::Row(from)) = wanted {
            self.of_new_row = Some(from.words());
        }
        let longest = if way == Way::Outside { LONGEST_OUTSIDE } else { LONGEST };
        self.too_long = value.as_ref().map(length).filter(|bytes| *bytes > longest);
        match value {
            _ if self.masked || self.too_long.is_some() => {}
            None if self.of_new_row.is_some() => {}
            None => self.is_null = !self.is_default && self.may_be_null,
            Some(Value::Null) => self.is_null = true,
            Some(Value::Truncated(_)) => self.read_whole(model, effects),
            Some(value) => self.set_text(&value.plain()),
        }
        if let Some(wish) = &self.refers {
            self.new_parents = parents::staged(model, wish, &self.targets);
            let wish = Box::new(wish.clone());
            let request = session::Request::Edit(Request::Candidates(wish));
            if !self.reading {
                model.start(Slot::Edit, request, effects);
            }
        }
        if way == Way::Outside && self.too_long.is_none() {
            self.is_going_out = true;
            self.go_out(effects);
        }
    }

    fn read_whole(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        let anchor = self.targets.last().and_then(|target| target.anchor.clone());
        let selection = model.data.as_mut().and_then(|pane| pane.selection().cloned());
        if let (Some(anchor), Some(selection)) = (anchor, selection) {
            let request = ValueRequest { selection, anchor, column: self.name.clone() };
            let request = session::Request::Edit(Request::Whole(Box::new(request)));
            model.start(Slot::Edit, request, effects);
            self.reading = true;
        }
    }

    fn set_text(&mut self, text: &str) {
        let laid_out = if self.is_json { formatted(text) } else { None };
        self.was_flat = laid_out.is_some() && !text.contains('\n');
        let text = laid_out.unwrap_or_else(|| text.to_owned());
        self.page = Page::new(&text);
        self.first = text;
        self.picked = None;
        if self.is_closed {
            self.picked = self.choices.iter().position(|choice| choice.text == self.first);
            self.show_picked();
        }
    }

    /// Takes all of a value of which the beginning was here.
    pub fn take_whole(&mut self, value: Option<Value>, effects: &mut Vec<Effect>) {
        self.reading = false;
        match value {
            Some(value) => {
                self.set_text(&value.plain());
                // Only the row whose value was read whole is guarded by all of it.
                if let Some(target) = self.targets.last_mut() {
                    target.read.insert(self.name.clone(), value);
                }
            }
            None => {
                self.is_going_out = false;
                self.complaint = Some("the row is gone: press R after esc".to_owned());
            }
        }
        self.go_out(effects);
    }

    /// Takes the rows that may be referred to.
    pub fn take_candidates(&mut self, found: Vec<Candidate>) {
        let choice = |candidate: Candidate| Choice {
            text: candidate.value.plain().into_owned(),
            label: candidate.label,
            row: None,
        };
        // Rows that are only staged come first: nobody finds them by searching the table.
        let typed = self.page.text().trim().to_lowercase();
        let fits = |choice: &&Choice| {
            let holds = |text: &str| text.to_lowercase().contains(&typed);
            holds(&choice.text) || holds(&choice.label)
        };
        let new = self.new_parents.iter().filter(fits).cloned();
        self.choices = new.chain(found.into_iter().map(choice)).collect();
        self.picked = self.picked.filter(|at| *at < self.choices.len());
        self.list = Scroll::default();
        self.show_picked();
    }

    /// The database, or what is asked before it, says no.
    pub fn refused(&mut self, complaint: String) {
        self.reading = false;
        self.complaint = Some(complaint);
    }

    /// How many lines of choices are shown.
    pub fn choice_lines(&self) -> u16 {
        u16::try_from(self.choices.len()).unwrap_or(u16::MAX).min(MOST_CHOICES)
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = narrow(screen, 58);
        let most = screen.height.saturating_sub(6);
        let lines = u16::try_from(self.page.lines().len()).unwrap_or(u16::MAX);
        let text = if self.is_closed { 0 } else { lines.clamp(1, 12) };
        let gap = u16::from(text > 0 && self.choice_lines() > 0);
        let height = text.saturating_add(self.choice_lines()).saturating_add(gap + 5);
        centred(screen, width, height.min(most.max(8)))
    }

    /// Where its text stands in there, and where its choices.
    pub fn parts(&self, area: Rect) -> (Rect, Rect) {
        let inner = inside(area);
        let inner =
            Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(3), ..inner };
        let choices = self.choice_lines().min(inner.height);
        let gap = u16::from(!self.is_closed && choices > 0);
        let text = inner.height.saturating_sub(choices + gap);
        let below = Rect { y: inner.bottom().saturating_sub(choices), height: choices, ..inner };
        (Rect { height: text, ..inner }, below)
    }

    /// Whether only the choices count.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether the box is for a JSON document.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if model.editing.waiting.is_some() {
            // What is being proven must not change under it; esc gives up on the answer.
            if key.code == Code::Esc || key == Key::ctrl('c') {
                model.abandon(Slot::Edit, effects);
                model.editing.waiting = None;
            }
            return Next::Stay;
        }
        match key.code {
            Code::Esc => return self.leave(model, effects),
            Code::Char('c') if key.ctrl => return self.leave(model, effects),
            Code::Char('n') if key.ctrl => self.stage(Typed::Null, model, effects),
            Code::Char('t') if key.ctrl => self.stage(Typed::Default, model, effects),
            Code::Char('j') if key.ctrl && !self.is_closed => self.page.break_line(),
            Code::Char('o') if key.ctrl && self.is_json => self.format(),
            Code::Char('g') if key.ctrl => self.ask_out(model, effects),
            Code::Char('l' | 's') if key.ctrl => return self.ask_file(key.code),
            Code::Enter => return self.enter(model, effects),
            Code::Up if self.on_choices(false) => self.pick(-1),
            Code::Down if self.on_choices(true) => self.pick(1),
            Code::Char('k') if self.is_closed && !key.ctrl => self.pick(-1),
            Code::Char('j') if self.is_closed => self.pick(1),
            Code::Char(letter) if self.is_closed && !key.ctrl => self.pick_by(letter),
            _ if self.is_closed => {}
            _ => {
                if self.page.key(key) {
                    self.edited(model, effects);
                }
            }
        }
        Next::Stay
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) -> Next {
        if !self.is_closed {
            self.page.paste(text);
            self.changed();
        }
        Next::Stay
    }

    fn changed(&mut self) {
        self.complaint = None;
        self.picked = None;
        (self.is_null, self.is_default) = (false, false);
        self.of_new_row = None;
    }

    fn edited(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        self.changed();
        if let Some(wish) = &self.refers {
            let wish = Wish { typed: self.page.text(), ..wish.clone() };
            let request = session::Request::Edit(Request::Candidates(Box::new(wish)));
            model.start(Slot::Edit, request, effects);
        }
    }

    /// Whether an arrow moves among the choices rather than in the text.
    fn on_choices(&self, down: bool) -> bool {
        let last = self.page.cursor().0 + 1 >= self.page.lines().len();
        !self.choices.is_empty() && (self.is_closed || self.picked.is_some() || (down && last))
    }

    fn pick(&mut self, step: isize) {
        self.complaint = None;
        self.picked = match self.picked {
            None => Some(0),
            Some(0) if step < 0 && !self.is_closed => None,
            Some(at) => {
                Some(at.saturating_add_signed(step).min(self.choices.len().saturating_sub(1)))
            }
        };
        self.show_picked();
    }

    /// The next choice that begins with a letter.
    fn pick_by(&mut self, letter: char) {
        let from = self.picked.map_or(0, |at| at + 1);
        let count = self.choices.len();
        let begins = |at: &usize| {
            let first = self.choices.get(*at).and_then(|choice| choice.text.chars().next());
            first.is_some_and(|first| first.to_lowercase().eq(letter.to_lowercase()))
        };
        let found = (from..count).chain(0..from.min(count)).find(begins);
        self.picked = found.or(self.picked);
        self.show_picked();
    }

    fn show_picked(&mut self) {
        if let Some(at) = self.picked {
            self.list.to(at, self.choices.len(), usize::from(self.choice_lines()));
        }
    }

    /// Lays a document out on several lines.
    fn format(&mut self) {
        match formatted(&self.page.text()) {
            Some(text) => self.page = Page::new(&text),
            None => {
                let why = "it cannot be laid out without changing it".to_owned();
                self.complaint = not_json(&self.page.text()).or(Some(why));
            }
        }
    }

    fn enter(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if self.reading {
            return Next::Stay;
        }
        if let Some(choice) = self.picked.and_then(|at| self.choices.get(at)) {
            let typed = match &choice.row {
                Some(row) => Typed::Row(row.clone()),
                None => Typed::Text(choice.text.clone()),
            };
            self.stage(typed, model, effects);
            return Next::Stay;
        }
        let text = self.page.text();
        let untouched = text == self.first;
        let is_unseen = self.masked || self.too_long.is_some();
        let is_unseen = is_unseen || self.of_new_row.is_some();
        let is_kept = self.is_null || self.is_default || is_unseen || !text.is_empty();
        if self.is_closed || untouched && is_kept {
            // Nothing was typed: there is nothing to stage.
            return Next::Close;
        }
        self.stage_text(text, model, effects);
        Next::Stay
    }

    /// Stages what was typed, unless it is no document where it has to be one.
    fn stage_text(&mut self, text: String, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.is_json
            && let Some(complaint) = not_json(&text)
        {
            self.complaint = Some(complaint);
            return;
        }
        let text = if self.was_flat { without_blanks(&text) } else { text };
        self.stage(Typed::Text(text), model, effects);
    }

    fn stage(&mut self, typed: Typed, model: &mut Model, effects: &mut Vec<Effect>) {
        let is_new = self.targets.iter().all(|target| target.key.is_none());
        let allowed = may_hold(&self.of, &self.name, &typed);
        if let Err(why) = allowed
            && !(is_new && may_hold(&self.of, &self.name, &Typed::Default).is_ok())
        {
            self.complaint = Some(why);
            return;
        }
        if typed == Typed::Default && !self.has_default && !self.may_be_null {
            self.complaint = Some(format!("{} has no default", self.name));
            return;
        }
        let cells: Vec<(Target, String)> =
            self.targets.iter().map(|target| (target.clone(), self.name.clone())).collect();
        let typed = vec![typed; cells.len()];
        let waiting =
            Waiting { of: self.of.clone(), cells, new_rows: Vec::new(), long: Vec::new() };
        self.complaint = None;
        prove(model, waiting, &typed, effects);
    }

    fn leave(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if model.tickets.is_running(Slot::Edit) {
            model.abandon(Slot::Edit, effects);
        }
        Next::Close
    }
}

/// How many bytes a value has.
fn length(value: &Value) -> u64 {
    match value {
        Value::Truncated(long) => long.bytes,
        Value::Blob(bytes) | Value::Malformed(bytes) => bytes.len() as u64,
        other => other.plain().len() as u64,
    }
}

/// Whether the masked column under the cursor is revealed.
fn is_revealed(model: &Model) -> bool {
    let pane = model.data.as_ref();
    pane.is_some_and(|pane| pane.columns.current().is_some_and(|index| pane.is_shown(index)))
}

/// The values a column has by its type.
fn fixed_choices(column: &Column, engine: Option<Engine>) -> Vec<Choice> {
    let choice = |text: &str, label: &str| Choice {
        text: text.to_owned(),
        label: label.to_owned(),
        row: None,
    };
    if !column.enum_labels.is_empty() {
        return column.enum_labels.iter().map(|label| choice(label, "")).collect();
    }
    match engine {
        Some(Engine::Postgres) if column.base_type == "bool" => {
            vec![choice("t", "true"), choice("f", "false")]
        }
        Some(Engine::Sqlite) if column.type_name.to_ascii_uppercase().starts_with("BOOL") => {
            vec![choice("1", "true"), choice("0", "false")]
        }
        _ => Vec::new(),
    }
}
