//! One line to type: what to find, where to go, which database to open.

use std::sync::Arc;

use crate::app::change;
use crate::app::checklist;
use crate::app::edit;
use crate::app::effect::{Effect, Slot};
use crate::app::export;
use crate::app::field::Field;
use crate::app::key::{Code, Key};
use crate::app::layout::layout;
use crate::app::migrations::{self, Mending};
use crate::app::model::{Model, Tone};
use crate::app::operations;
use crate::app::overlays::Next;
use crate::app::panes::data::Awaiting;
use crate::app::update::screen;
use crate::db::page::Place;
use crate::ops::operations_desk::Wish;
use crate::ops::session::Request;

/// The most rows that are made for each table.
const MOST_ROWS: usize = 10_000_000;

/// A line to type, and what for.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What it is for.
    pub purpose: Purpose,
    /// The line.
    pub field: Field,
    /// Why the line cannot be used as it stands.
    pub complaint: Option<String>,
}

/// What a line is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Text to find in the loaded rows.
    FindRows,
    /// Text the names of tables must hold.
    FindTables,
    /// A place in the table, in percent.
    GoTo,
    /// A file to write the rows to.
    Export,
    /// A file to read a value from.
    FromFile,
    /// A file to write a value to.
    ToFile,
    /// A database to open.
    Address,
    /// The name of the migration under review.
    Migration,
    /// The name of the database that something is to run on.
    DatabaseName,
    /// Why something else is written of a migration.
    Reason(Mending),
    /// How many rows are made for each table.
    Rows,
    /// Why an item of a checklist does not matter now.
    Waiver,
}

impl Prompt {
    /// A prompt that starts with some text.
    pub fn new(purpose: Purpose, text: &str) -> Self {
        Self { purpose, field: Field::new(text), complaint: None }
    }

    /// Takes a key: Enter uses the line, Escape leaves things as they were before.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match key.code {
            Code::Enter => self.enter(model, effects),
            Code::Esc => self.leave(model),
            Code::Char('c') if key.ctrl => self.leave(model),
            Code::Up | Code::Down if self.purpose == Purpose::FindTables => {
                let step = if key.code == Code::Up { -1 } else { 1 };
                let height = layout(model, screen(model)).tree_height();
                model.tree.move_by(step, height);
                Next::Stay
            }
            _ => {
                if self.field.key(key) {
                    self.edited(model);
                }
                Next::Stay
            }
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, model: &mut Model) -> Next {
        self.field.paste(text);
        self.edited(model);
        Next::Stay
    }

    fn edited(&mut self, model: &mut Model) {
        self.complaint = None;
        if self.purpose == Purpose::FindTables {
            model.tree.set_find(self.field.text());
        }
    }

    fn leave(&mut self, model: &mut Model) -> Next {
        if self.purpose == Purpose::FindTables {
            model.tree.set_find("");
        }
        Next::Close
    }

    fn enter(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match self.purpose {
            Purpose::FindTables => Next::Close,
            Purpose::FindRows => {
                self.find(model);
                Next::Close
            }
            Purpose::GoTo => self.go_to(model, effects),
            Purpose::Export => match export::begin(model, self.field.text().trim(), effects) {
                Ok(()) => Next::Close,
                Err(why) => {
                    self.complaint = Some(why);
                    Next::Stay
                }
            },
            Purpose::Migration => {
                let Some(review) = change::under_review(model) else { return Next::Close };
                let prepared = Arc::clone(&review.prepared);
                change::write(model, prepared, self.field.text().to_owned(), effects);
                Next::Close
            }
            Purpose::DatabaseName => self.carry(model, effects),
            Purpose::Reason(_) | Purpose::Waiver if self.field.text().trim().is_empty() => {
                self.complaint = Some("it is kept for those who come later".into());
                Next::Stay
            }
            Purpose::Reason(mending) => {
                let reason = self.field.text().trim().to_owned();
                migrations::mend(model, mending, Some(reason), effects);
                Next::Close
            }
            Purpose::Rows => self.rows(model, effects),
            Purpose::Waiver => {
                let reason = self.field.text().trim().to_owned();
                checklist::waive(model, reason);
                Next::Close
            }
            Purpose::FromFile | Purpose::ToFile => self.exchange_file(model, effects),
            Purpose::Address if self.field.text().trim().is_empty() => {
                self.complaint = Some("type a URL, a file, or the name of an environment".into());
                Next::Stay
            }
            Purpose::Address => {
                let text = self.field.text().trim().to_owned();
                model.start(Slot::Project, Request::Resolve(text), effects);
                Next::Close
            }
        }
    }

    /// Reads the value from the file that was named, or writes it there.
    fn exchange_file(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let path = self.field.text().trim().to_owned();
        if path.is_empty() {
            self.complaint = Some("type the path of a file".to_owned());
            return Next::Stay;
        }
        let is_read = self.purpose == Purpose::FromFile;
        edit::with_editor(model, |editor, model| {
            match is_read {
                true => editor.read_file(&path, model, effects),
                false => editor.write_file(&path, model, effects),
            }
            Next::Stay
        });
        Next::Close
    }

    /// Carries out the plan when what was typed is the name of its database.
    fn carry(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(subject) = migrations::under_review(model) else { return Next::Close };
        let name = subject.database();
        if self.field.text().trim() != name {
            self.complaint = Some(format!("the database is called {name}"));
            return Next::Stay;
        }
        migrations::carry(model, effects);
        Next::Close
    }

    /// Begins to make rows, when what was typed is a number of them.
    fn rows(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match self.field.text().trim().replace([',', '_', '\''], "").parse() {
            Ok(rows) if (1..=MOST_ROWS).contains(&rows) => {
                operations::order(model, Wish::Rows(rows), effects);
                Next::Close
            }
            _ => {
                self.complaint = Some("a number from 1 to 10,000,000".into());
                Next::Stay
            }
        }
    }

    fn find(&self, model: &mut Model) {
        let places = layout(model, screen(model));
        let Some(pane) = &mut model.data else { return };
        pane.find = self.field.text().to_owned();
        if !pane.find.is_empty() && !pane.find_next(true, places.grid_height(), places.grid_width())
        {
            let text = format!("No loaded row holds “{}”; f filters on the server", pane.find);
            model.notify(Tone::Plain, text);
        }
    }

    fn go_to(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let typed = self.field.text().trim().trim_end_matches('%').trim();
        match typed.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => {
                let (place, awaiting) = if percent == 0.0 {
                    (Place::Start, Awaiting::First)
                } else if percent >= 100.0 {
                    (Place::End, Awaiting::Last)
                } else {
                    (Place::Fraction(percent / 100.0), Awaiting::First)
                };
                model.read_page(place, awaiting, effects);
                Next::Close
            }
            _ => {
                self.complaint = Some("a number from 0 to 100".into());
                Next::Stay
            }
        }
    }
}
