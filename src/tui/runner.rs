//! The only place that spawns: it carries out what the core asks for, and answers.
//!
//! One piece of work runs in each slot. Starting another asks the one before it to end on the
//! server first. Work that panics answers like work that failed. Whatever is asked for here
//! ends when the studio does, or is left behind after a limited time.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::app::effect::{Slot, Ticket};
use crate::app::msg::{Event, Msg};
use crate::app::operations;
use crate::config::{TableLook, Target};
use crate::ops::journal::Record;
use crate::ops::session::{Progress, Request, Session, Stop};
use crate::problem::{Problem, Result};
use crate::schema::RelationName;
use crate::tui::signals::{Caught, Ending, Signals, terminal_is_gone};
use crate::tui::terminal;

/// How long work that was asked to end may take when the studio ends.
const FAREWELL: Duration = Duration::from_millis(600);

/// How long closing the session may take after that.
const CLOSING: Duration = Duration::from_millis(400);

/// How long the loop may take to end after a signal asked it to. A terminal that takes no
/// bytes could hold it up for ever.
const GRACE: Duration = Duration::from_secs(3);

/// Something to write down.
#[derive(Debug)]
pub enum Note {
    /// How a table's columns look.
    Look(Box<(Target, RelationName, TableLook)>),
    /// A database was opened.
    Opened(Box<Target>),
}

/// Carries out the core's effects.
pub struct Runner {
    session: Session,
    replies: mpsc::Sender<Msg>,
    running: BTreeMap<Slot, Stop>,
    work: JoinSet<()>,
    notes: mpsc::Sender<Note>,
    writer: JoinHandle<()>,
    on: Handle,
}

impl Runner {
    /// A runner that works on `session` and whose answers go to `replies`.
    pub fn new(on: Handle, replies: mpsc::Sender<Msg>, session: Session) -> Self {
        let (notes, waiting) = mpsc::channel(64);
        let writer = on.spawn(write_notes(waiting, session.clone(), replies.clone()));
        Self { session, replies, running: BTreeMap::new(), work: JoinSet::new(), notes, writer, on }
    }

    /// Reports signals to `caught`, and ends the process when the loop does not end in time
    /// after one that asked for it.
    pub fn watch(&mut self, mut signals: Signals, caught: mpsc::Sender<Caught>) {
        let gone = caught.clone();
        // A thread of its own, which lasts as long as the terminal does; where the system gives
        // none, SIGHUP has to do.
        let watching = std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            if terminal_is_gone() && gone.blocking_send(Caught::End(Ending::Hangup)).is_ok() {
                std::thread::sleep(GRACE);
                insist(Ending::Hangup);
            }
        });
        drop(watching);
        let watching = async move {
            loop {
                let found = signals.next().await;
                if caught.send(found).await.is_err() {
                    return;
                }
                if let Caught::End(ending) = found {
                    tokio::time::sleep(GRACE).await;
                    insist(ending);
                }
            }
        };
        // Not among the work: it lasts as long as the process.
        drop(self.on.spawn(watching));
    }

    /// Starts work in a slot, asking what runs there to end.
    pub fn start(&mut self, slot: Slot, ticket: Ticket, request: Request) {
        while self.work.try_join_next().is_some() {}
        let stop = Stop::new();
        if let Some(before) = self.running.insert(slot, stop.clone()) {
            before.ask();
        }
        let (session, replies) = (self.session.clone(), self.replies.clone());
        let work = async move {
            let serving = async {
                if slot == Slot::Outline {
                    terminal::stumble("task");
                }
                // Of what is told while answers pile up, the latest matters.
                let tell = |told: Progress| {
                    let event = match told {
                        Progress::Part(part) => Event::Progress(part),
                        Progress::Run(progress) => Event::Ran(progress),
                        Progress::Said(words) => Event::Said(words),
                        Progress::Read { words, bytes, of } => {
                            Event::Said(operations::reading(&words, bytes, of))
                        }
                        Progress::Written(bytes) => Event::Said(operations::copying(Some(bytes))),
                    };
                    let _ = replies.try_send(Msg::Reply(slot, ticket, event));
                };
                session.serve_telling(request, &stop, &tell).await
            };
            let event = match AssertUnwindSafe(serving).catch_unwind().await {
                Ok(Ok(answer)) => Event::Done(answer),
                Ok(Err(problem)) => Event::Failed(problem),
                Err(panic) => Event::Failed(broken(slot, &panic)),
            };
            // Nobody waits for it any more when the loop has ended.
            let _ = replies.send(Msg::Reply(slot, ticket, event)).await;
        };
        self.work.spawn_on(work, &self.on);
    }

    /// Asks the slot's work to end. It answers when it has.
    pub fn cancel(&self, slot: Slot) {
        if let Some(stop) = self.running.get(&slot) {
            stop.ask();
        }
    }

    /// The folder for what has to last between runs.
    pub fn state_folder(&self) -> PathBuf {
        self.session.state_folder()
    }

    /// Notes what became of edits, for [`Runner::write_journal`].
    pub fn journal(&self, records: Vec<Record>) {
        self.session.journal(records);
    }

    /// Writes what became of edits into the journal, and waits until it is durable.
    ///
    /// # Errors
    /// When it cannot be written: what was noted is kept, and written with the next.
    pub fn write_journal(&self) -> Result<()> {
        self.session.write_journal()
    }

    /// Writes something down, one note after the other.
    ///
    /// # Errors
    /// When notes pile up: whatever they are written to does not answer.
    pub fn note(&self, note: Note) -> Result<()> {
        self.notes.try_send(note).map_err(|_| {
            Problem::failed(
                "This will not be remembered",
                "the disk does not keep up with what is to be written",
                "look whether the folder for dbstudio's state can be written to",
            )
        })
    }

    /// Ends everything: running statements are cancelled on the server, the session is
    /// closed, notes are written. Takes a second at most.
    pub async fn close(mut self) {
        for stop in self.running.values() {
            stop.ask();
        }
        drop(self.notes);
        drop(self.replies);
        let ended = async {
            while self.work.join_next().await.is_some() {}
            // Answers with an error only if writing a note panicked.
            let _ = self.writer.await;
        };
        // What did not end in time is left behind; the server's own limits end it.
        let _ = timeout(FAREWELL, ended).await;
        let _ = timeout(CLOSING, self.session.close()).await;
    }
}

async fn write_notes(
    mut waiting: mpsc::Receiver<Note>,
    session: Session,
    replies: mpsc::Sender<Msg>,
) {
    while let Some(note) = waiting.recv().await {
        let session = session.clone();
        let writing = tokio::task::spawn_blocking(move || match note {
            Note::Look(kept) => session.remember(&kept.0, &kept.1, &kept.2),
            Note::Opened(target) => session.note_opened(&target),
        });
        let problem = match writing.await {
            Ok(Ok(())) => continue,
            Ok(Err(problem)) => problem,
            Err(_) => mistake("writing down what to remember"),
        };
        let _ = replies.send(Msg::Trouble(problem)).await;
    }
}

/// What is said of work that panicked. The panic's own words may hold anything, so only its
/// place is shown.
fn broken(slot: Slot, _panic: &Box<dyn Any + Send>) -> Problem {
    mistake(slot.doing())
}

fn mistake(doing: &str) -> Problem {
    let place = terminal::last_panic().unwrap_or_else(|| "an unknown place".to_owned());
    Problem::failed(
        format!("dbstudio made a mistake while {doing}"),
        format!("a panic at {place}"),
        "try again; if it happens again, report it together with that place",
    )
}

/// Ends the process although the loop has not.
#[expect(clippy::exit, reason = "a loop that hangs cannot be asked to return")]
fn insist(ending: Ending) {
    terminal::give_back_modes();
    std::process::exit(i32::from(ending.exit_code()));
}
