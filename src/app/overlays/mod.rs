//! What lies over the panes: a stack of which only the top one takes keys.
//!
//! Each kind is a struct of its own in a module of its own. An overlay is taken off the stack
//! while it handles a key, so it may change the model freely; what it answers decides whether
//! it goes back. None of them reads a database or draws.

pub mod backups;
pub mod cell;
pub mod checklist;
pub mod confirm;
pub mod edit_review;
pub mod editor;
pub mod filter;
pub mod guide;
pub mod help;
pub mod outcome;
pub mod palette;
pub mod place;
pub mod plan;
pub mod prompt;
pub mod record;
pub mod references;
pub mod renames;
pub mod resume;
pub mod review;
pub mod running;
pub mod working;

use crate::app::effect::{Effect, Slot};
use crate::app::key::{Key, Mouse};
use crate::app::model::Model;
use crate::app::msg::{Event, Msg};
use crate::app::overlays::backups::BackupList;
use crate::app::overlays::cell::Cell;
use crate::app::overlays::checklist::Checklist;
use crate::app::overlays::confirm::Confirm;
use crate::app::overlays::edit_review::EditReview;
use crate::app::overlays::editor::Editor;
use crate::app::overlays::filter::FilterForm;
use crate::app::overlays::guide::Guide;
use crate::app::overlays::help::Help;
use crate::app::overlays::outcome::Outcome;
use crate::app::overlays::palette::Palette;
use crate::app::overlays::plan::PlanReview;
use crate::app::overlays::prompt::Prompt;
use crate::app::overlays::record::Record;
use crate::app::overlays::references::References;
use crate::app::overlays::renames::Renames;
use crate::app::overlays::resume::Resume;
use crate::app::overlays::review::Review;
use crate::app::overlays::running::Running;
use crate::app::overlays::working::Working;

/// One overlay.
#[derive(Debug)]
pub enum Overlay {
    /// A question of yes or no.
    Confirm(Confirm),
    /// One line to type.
    Prompt(Box<Prompt>),
    /// One cell in full.
    Cell(Box<Cell>),
    /// One row, a line a column.
    Record(Box<Record>),
    /// The conditions rows must meet.
    Filter(Box<FilterForm>),
    /// Rows that refer to a row.
    References(Box<References>),
    /// Commands and tables by name.
    Palette(Box<Palette>),
    /// Ways of working, what fits first.
    Guide(Box<Guide>),
    /// All keys.
    Help(Box<Help>),
    /// Work on the schema that runs.
    Working(Box<Working>),
    /// What may have been renamed.
    Renames(Box<Renames>),
    /// A plan, before a yes.
    Review(Box<Review>),
    /// What to be sure of before a plan runs.
    Checklist(Box<Checklist>),
    /// What came of work on the schema.
    Outcome(Box<Outcome>),
    /// What is to be done with migrations, before a yes.
    Plan(Box<PlanReview>),
    /// Migrations that run.
    Running(Box<Running>),
    /// The backups of the database.
    Backups(Box<BackupList>),
    /// Where to go on in a migration that was cut off.
    Resume(Box<Resume>),
    /// One cell that is edited.
    Editor(Box<Editor>),
    /// Edits of rows, before a yes.
    EditReview(Box<EditReview>),
}

/// What happens to an overlay after it handled something.
#[derive(Debug)]
pub enum Next {
    /// It stays.
    Stay,
    /// It goes.
    Close,
    /// It stays, and another comes over it.
    Over(Box<Overlay>),
    /// It goes, and this happens.
    Then(Msg),
}

impl Overlay {
    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match self {
            Self::Confirm(it) => it.key(key),
            Self::Prompt(it) => it.key(key, model, effects),
            Self::Cell(it) => it.key(key, model, effects),
            Self::Record(it) => it.key(key, model, effects),
            Self::Filter(it) => it.key(key, model, effects),
            Self::References(it) => it.key(key, model, effects),
            Self::Palette(it) => it.key(key, model),
            Self::Guide(it) => it.key(key, model, effects),
            Self::Help(it) => it.key(key, model),
            Self::Working(it) => it.key(key, model, effects),
            Self::Renames(it) => it.key(key, model, effects),
            Self::Review(it) => it.key(key, model, effects),
            Self::Checklist(it) => it.key(key, model, effects),
            Self::Outcome(it) => it.key(key, model),
            Self::Plan(it) => it.key(key, model, effects),
            Self::Running(it) => it.key(key, model, effects),
            Self::Backups(it) => it.key(key, model, effects),
            Self::Resume(it) => it.key(key, model, effects),
            Self::Editor(it) => it.key(key, model, effects),
            Self::EditReview(it) => it.key(key, model, effects),
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, model: &mut Model) -> Next {
        match self {
            Self::Confirm(_) | Self::Cell(_) | Self::References(_) => Next::Stay,
            Self::Working(_) | Self::Renames(_) | Self::Review(_) => Next::Stay,
            Self::Checklist(_) | Self::Outcome(_) => Next::Stay,
            Self::Plan(_) | Self::Running(_) | Self::Guide(_) | Self::Backups(_) => Next::Stay,
            Self::Resume(_) => Next::Stay,
            Self::Prompt(it) => it.paste(text, model),
            Self::Record(it) => it.paste(text, model),
            Self::Filter(it) => it.paste(text),
            Self::Palette(it) => it.paste(text),
            Self::Help(it) => it.paste(text),
            Self::Editor(it) => it.paste(text),
            Self::EditReview(it) => it.paste(),
        }
    }

    /// Takes the mouse.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match self {
            Self::Confirm(_) | Self::Prompt(_) | Self::Working(_) | Self::Renames(_) => Next::Stay,
            Self::Running(_) | Self::Resume(_) => Next::Stay,
            Self::Plan(it) => it.mouse(mouse, model),
            Self::Editor(_) => Next::Stay,
            Self::EditReview(it) => it.mouse(mouse, model),
            Self::Review(it) => it.mouse(mouse, model),
            Self::Checklist(it) => it.mouse(mouse, model),
            Self::Outcome(it) => it.mouse(mouse, model),
            Self::Cell(it) => it.mouse(mouse, model, effects),
            Self::Record(it) => it.mouse(mouse, model, effects),
            Self::Filter(it) => it.mouse(mouse, model),
            Self::References(it) => it.mouse(mouse, model, effects),
            Self::Palette(it) => it.mouse(mouse, model),
            Self::Guide(it) => it.mouse(mouse, model, effects),
            Self::Backups(it) => it.mouse(mouse, model, effects),
            Self::Help(it) => it.mouse(mouse, model),
        }
    }

    /// Takes the answer to something it asked for; whether it was its own.
    pub fn reply(&mut self, slot: Slot, event: &Event) -> bool {
        match self {
            Self::Cell(it) => it.reply(slot, event),
            Self::References(it) => it.reply(slot, event),
            Self::Working(it) => it.reply(slot, event),
            Self::Checklist(it) => it.reply(slot, event),
            Self::Running(_) => slot == Slot::Op,
            _ => false,
        }
    }
}
