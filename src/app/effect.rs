//! What the studio wants done: the one way out. Effects are data; the runner carries them out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::{TableLook, Target};
use crate::ops::journal::Record;
use crate::ops::session::Request;
use crate::schema::RelationName;

/// A piece of work for the world outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Start work in a slot; the answer carries the ticket.
    Start(Slot, Ticket, Box<Request>),
    /// Ask the slot's work to end. It answers for itself when it has.
    Cancel(Slot),
    /// Put text on the clipboard of the person's own terminal.
    Copy(String),
    /// Keep how a table's columns look.
    Remember(Box<(Target, RelationName, TableLook)>),
    /// Note that this database was opened, for the list of recent ones.
    Opened(Box<Target>),
    /// Write into the journal what became of edits.
    Journal(Vec<Record>),
    /// Take the mouse, or hand it back to the terminal.
    CaptureMouse(bool),
    /// Open a file in the person's editor, which has the terminal meanwhile.
    Edit(String),
    /// Let the person change a text in their editor; it comes back as [`Msg::Drafted`].
    ///
    /// [`Msg::Drafted`]: crate::app::msg::Msg::Drafted
    Draft(Box<Draft>),
    /// Stop the process as Ctrl+Z does in a shell.
    Suspend,
    /// Leave.
    Quit,
}

/// A text for the person's editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The file's name, safe as one, with an ending that tells what it is.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A kind of work of which one runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Opening a database.
    Connect,
    /// Reading the outline.
    Outline,
    /// Reading one relation in full.
    Relation,
    /// The same for the relation under the tree's cursor, before anybody asks for it.
    Peek,
    /// A page that replaces what the grid shows.
    Page,
    /// A page that extends what the grid holds, before or after it.
    Extend,
    /// An exact count.
    Count,
    /// One whole value.
    Value,
    /// Rows that refer to a row.
    References,
    /// The demo, a new project, an address typed by a person.
    Project,
    /// Preparing a change of the schema, or carrying it out. It refuses while it is busy.
    Op,
    /// Asking how the database is doing.
    Status,
    /// Removing a scratch database nobody needs any more.
    Scratch,
    /// Reading how the migrations stand.
    Standing,
    /// Writing rows to a file. It refuses while it is busy.
    Export,
    /// Trying the migration under the cursor in a scratch database.
    Examine,
    /// Finding out which migration made each column.
    Origins,
    /// Proving, reviewing or applying edits of rows.
    Edit,
    /// Reading what was done to the database.
    Timeline,
    /// Looking for drift in a scratch database.
    Drift,
}

impl Slot {
    /// Whether somebody waits for the work in this slot, rather than we reading ahead.
    pub fn is_awaited(self) -> bool {
        !matches!(
            self,
            Self::Peek
                | Self::Extend
                | Self::Scratch
                | Self::Examine
                | Self::Origins
                | Self::Status
        )
    }

    /// What the work in this slot does, for a person who waits for it.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Status => "asking how the database is doing",
            Self::Connect => "connecting",
            Self::Outline => "reading the list of tables",
            Self::Relation | Self::Peek => "reading the table's structure",
            Self::Page | Self::Extend => "reading rows",
            Self::Count => "counting rows",
            Self::Value => "reading the whole value",
            Self::References => "looking for rows that refer to this one",
            Self::Project => "preparing files",
            Self::Op => "working",
            Self::Scratch => "removing the scratch database",
            Self::Standing => "reading the migrations",
            Self::Export => "writing rows to a file",
            Self::Origins => "finding out which migration made each column",
            Self::Examine => "trying the migration in a scratch database",
            Self::Edit => "working on the edits",
            Self::Timeline => "reading what was done",
            Self::Drift => "looking for drift",
        }
    }
}

/// What tells the answer to one start from the answer to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The tickets of what runs now: at most one a slot. A reply counts only through
/// [`Tickets::accept`], so a slow answer can never paint over a newer one.
#[derive(Debug, Default)]
pub struct Tickets {
    last: u64,
    running: BTreeMap<Slot, Running>,
}

#[derive(Debug)]
struct Running {
    ticket: Ticket,
    since: Instant,
    cancelling: bool,
}

impl Tickets {
    /// A new ticket for a slot; whatever ran there is stale from now on.
    pub fn issue(&mut self, slot: Slot, now: Instant) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.running.insert(slot, Running { ticket, since: now, cancelling: false });
        ticket
    }

    /// Whether a reply is the one waited for; if so the slot is free again.
    pub fn accept(&mut self, slot: Slot, ticket: Ticket) -> bool {
        let current = self.is_current(slot, ticket);
        if current {
            self.running.remove(&slot);
        }
        current
    }

    /// Whether this is the ticket of what runs in the slot now.
    pub fn is_current(&self, slot: Slot, ticket: Ticket) -> bool {
        self.running.get(&slot).is_some_and(|running| running.ticket == ticket)
    }

    /// Makes whatever runs in the slot stale. `true` if something did.
    pub fn forget(&mut self, slot: Slot) -> bool {
        self.running.remove(&slot).is_some()
    }

    /// Notes that the slot's work was asked to end; `true` the first time.
    pub fn cancel(&mut self, slot: Slot) -> bool {
        match self.running.get_mut(&slot) {
            Some(running) if !running.cancelling => {
                running.cancelling = true;
                true
            }
            _ => false,
        }
    }

    /// Whether work runs in the slot.
    pub fn is_running(&self, slot: Slot) -> bool {
        self.running.contains_key(&slot)
    }

    /// Whether the slot's work was asked to end and has not yet.
    pub fn is_cancelling(&self, slot: Slot) -> bool {
        self.running.get(&slot).is_some_and(|running| running.cancelling)
    }

    /// How long the slot's work has been running.
    pub fn elapsed(&self, slot: Slot, now: Instant) -> Option<Duration> {
        self.running.get(&slot).map(|running| now.saturating_duration_since(running.since))
    }

    /// What runs now.
    pub fn running(&self) -> impl Iterator<Item = Slot> {
        self.running.keys().copied()
    }
}
