//! What can happen to the studio: the one way in.

use std::time::Instant;

use crate::app::command::CommandId;
use crate::app::effect::{Slot, Ticket};
use crate::app::key::Input;
use crate::ops::run::Progress;
use crate::ops::session::Answer;
use crate::problem::Problem;
use crate::schema::RelationName;

/// Something that happened. Messages are data: none holds a closure, so any of them can be
/// stored, compared, printed and replayed.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A person pressed, pasted or clicked.
    Input(Input),
    /// The screen has another size, in columns and rows.
    Resized(u16, u16),
    /// Work answered.
    Reply(Slot, Ticket, Event),
    /// Time passed. The loop sends one before every batch, so `update` has a clock.
    Tick(Instant),
    /// A command was chosen by other means than its key.
    Run(CommandId),
    /// The plan for the migrations that is looked at was said yes to.
    Carry,
    /// A file was open in an editor, and the editor is done with it.
    Edited,
    /// The editor is done with a text: what is there now, and what went wrong.
    Drafted {
        /// The text as it is now, if it could be read.
        text: Option<String>,
        /// What went wrong, in words.
        trouble: Option<String>,
    },
    /// A relation was chosen by other means than the tree.
    Open(RelationName),
    /// A file that remembers something could not be written; the studio goes on.
    Trouble(Problem),
}

/// What a piece of work answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It is done, and this came of it.
    Done(Answer),
    /// It failed, was cancelled, or panicked.
    Failed(Problem),
    /// It goes on, and has come so far: which of its parts begins, counted from 0.
    Progress(usize),
    /// Migrations run, and have come so far.
    Ran(Box<Progress>),
    /// It goes on, and this begins, in words.
    Said(String),
}
