//! The loop: wait, let the core change, carry out, draw.
//!
//! It waits for keys, answers, signals and the one timer the core asks for, takes in all that
//! is waiting, and draws only when something changed: at once after a rest, and on average at
//! most once in [`FRAME`]. With nothing to wait for it does nothing at all.

use std::future::{pending, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::app::effect::{Draft, Effect};
use crate::app::model::{Model, Startup, Tone};
use crate::app::msg::Msg;
use crate::app::update::update;
use crate::ops::session::Session;
use crate::problem::{Problem, Result};
use crate::tui::look::Look;
use crate::tui::runner::{Note, Runner};
use crate::tui::signals::{Caught, Ending, Signals};
use crate::tui::terminal::Screen;
use crate::tui::theme::{Depth, Theme};
use crate::tui::{clipboard, editor, keys, terminal, view};

/// The time a frame stays on average while more keep coming: 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// Frames that may follow each other at once after a rest, before they come one in [`FRAME`]:
/// a key is seen to be taken, and its answer need not wait for the clock.
const BURST: u32 = 3;

/// The core is never woken more often than this by its own timer.
const SHORTEST_WAKE: Duration = Duration::from_millis(5);

/// A signal that says the process goes on arrives within this time.
const LATE_SIGNAL: Duration = Duration::from_millis(300);

/// So many events are taken in before a frame is due again, however many are waiting.
const BATCH: usize = 1024;

/// Answers that may wait for the loop; work that has more waits itself.
const WAITING_ANSWERS: usize = 64;

/// The bytes of stack of each thread that serves requests: as many as a program's first one has.
const STACK: usize = 8 << 20;

/// Runs the studio until somebody or something ends it.
///
/// The terminal is taken and the first frame drawn before anything else is done; it is given
/// back before the database is closed.
///
/// # Errors
/// When there is no terminal the studio could run in, or the system refuses what it needs.
pub fn run(start: Startup, session: Session) -> Result<Ending> {
    terminal::require(variable)?;
    let depth = Depth::detect(variable);
    let look = Look::choose(&start.interface, variable)?;
    terminal::guard_against_panics(depth != Depth::None);
    let screen = Screen::take(start.interface.mouse)?;
    let mut studio = Studio::new(start, look, screen);
    studio.draw_if_due().map_err(|error| gone(&error))?;
    let runtime = runtime()?;
    let (replies, answers) = mpsc::channel(WAITING_ANSWERS);
    let mut runner = Runner::new(runtime.handle().clone(), replies, session);
    let ended =
        catch_unwind(AssertUnwindSafe(|| runtime.block_on(studio.drive(&mut runner, answers))));
    drop(studio);
    runtime.block_on(runner.close());
    runtime.shutdown_background();
    match ended {
        Ok(ended) => ended,
        Err(panic) => resume_unwind(panic),
    }
}

fn runtime() -> Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    // Work that waits for work that waits is deep, and deeper where nothing is optimised.
    builder.thread_stack_size(STACK);
    builder.worker_threads(2).thread_name("dbstudio").enable_all();
    builder.build().map_err(|error| {
        Problem::failed(
            "dbstudio cannot start its threads",
            error.to_string(),
            "the system's limits on processes or open files may be too tight (see `ulimit -a`)",
        )
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A terminal that cannot be written to before the loop runs.
fn gone(error: &io::Error) -> Problem {
    Problem::failed(
        "The terminal is gone",
        error.to_string(),
        "start dbstudio again in another terminal",
    )
}

/// Why a turn of the loop is over.
enum Turn {
    /// Messages may be waiting.
    Go,
    /// The studio ends.
    End(Ending),
    /// The process is to stop until it is continued.
    Suspend,
    /// The person's editor gets the terminal, with this file.
    Edit(String),
    /// The person's editor gets the terminal, with a text.
    Draft(Box<Draft>),
}

struct Studio {
    model: Model,
    look: Look,
    theme: Option<String>,
    screen: Screen,
    effects: Vec<Effect>,
    drawn: Option<u64>,
    /// Up to when frames were sent, had each stayed its time.
    sent_until: Option<Instant>,
    back: Option<Instant>,
}

impl Studio {
    fn new(mut start: Startup, look: Look, screen: Screen) -> Self {
        let size = screen.size();
        start.size = (size.width, size.height);
        start.now = Instant::now();
        start.ascii = look.glyphs.ascii;
        // The one that was guessed is the one to go on from.
        start.interface.theme = Some(look.theme.name().to_owned());
        let mut model = Model::new(start);
        let mut effects = Vec::new();
        update(&mut model, Msg::Resized(size.width, size.height), &mut effects);
        model.begin(&mut effects);
        let theme = model.theme.clone();
        Self { model, look, theme, screen, effects, drawn: None, sent_until: None, back: None }
    }

    /// Runs until the end. What cannot be drawn or read means that the terminal is gone.
    async fn drive(
        &mut self,
        runner: &mut Runner,
        mut answers: mpsc::Receiver<Msg>,
    ) -> Result<Ending> {
        let (report, mut caught) = mpsc::channel(8);
        runner.watch(Signals::listen()?, report);
        let mut input = EventStream::new();
        if let Turn::End(ending) = self.carry_out(runner) {
            return Ok(ending);
        }
        loop {
            let turn = self.turn(runner, &mut input, &mut answers, &mut caught).await?;
            match turn {
                Turn::Go => {}
                Turn::End(ending) => return Ok(ending),
                Turn::Suspend => {
                    // The thread that reads keys must be gone before the shell reads them.
                    drop(input);
                    if self.suspend().is_err() {
                        return Ok(Ending::Hangup);
                    }
                    input = EventStream::new();
                }
                Turn::Edit(file) => {
                    drop(input);
                    if self.edit(&file).is_err() {
                        return Ok(Ending::Hangup);
                    }
                    input = EventStream::new();
                }
                Turn::Draft(draft) => {
                    drop(input);
                    if self.edit_text(&draft, &runner.state_folder()).is_err() {
                        return Ok(Ending::Hangup);
                    }
                    input = EventStream::new();
                }
            }
            if self.draw_if_due().is_err() {
                return Ok(Ending::Hangup);
            }
        }
    }

    async fn turn(
        &mut self,
        runner: &mut Runner,
        input: &mut EventStream,
        answers: &mut mpsc::Receiver<Msg>,
        caught: &mut mpsc::Receiver<Caught>,
    ) -> Result<Turn> {
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            found = caught.recv() => match found {
                Some(Caught::End(ending)) => return Ok(Turn::End(ending)),
                // A terminal that goes away sends this signal too, and cannot be taken again.
                Some(Caught::Continued) => if self.continued().is_err() {
                    return Ok(Turn::End(Ending::Hangup));
                },
                None => return Ok(Turn::End(Ending::Hangup)),
            },
            event = input.next() => {
                if !take_in(event, &mut batch) {
                    return Ok(Turn::End(Ending::Hangup));
                }
            }
            Some(answer) = answers.recv() => batch.push(answer),
            () = until(self.due()) => {}
        }
        while batch.len() < BATCH {
            let Some(event) = waiting(input).await else { break };
            if !take_in(event, &mut batch) {
                return Ok(Turn::End(Ending::Hangup));
            }
        }
        while let Ok(answer) = answers.try_recv() {
            batch.push(answer);
            if batch.len() >= BATCH {
                break;
            }
        }
        self.update(batch);
        Ok(self.carry_out(runner))
    }

    /// Lets the core take in a batch: first the time, then what happened.
    fn update(&mut self, batch: Vec<Msg>) {
        update(&mut self.model, Msg::Tick(Instant::now()), &mut self.effects);
        for msg in batch {
            if let Msg::Resized(columns, rows) = msg {
                self.screen.resize(columns, rows);
            }
            if matches!(msg, Msg::Input(_)) {
                terminal::stumble("loop");
            }
            update(&mut self.model, msg, &mut self.effects);
        }
    }

    /// Carries out the effects in their order. Trouble with one of them is told to the core,
    /// which may ask for more.
    fn carry_out(&mut self, runner: &mut Runner) -> Turn {
        let mut turn = Turn::Go;
        let mut troubles = Vec::new();
        while !self.effects.is_empty() {
            let mut is_owed = false;
            for effect in std::mem::take(&mut self.effects) {
                let done = match effect {
                    Effect::Start(slot, ticket, request) => {
                        runner.start(slot, ticket, *request);
                        Ok(())
                    }
                    Effect::Cancel(slot) => {
                        runner.cancel(slot);
                        Ok(())
                    }
                    Effect::Copy(text) => self.copy(&text),
                    Effect::Remember(kept) => runner.note(Note::Look(kept)),
                    Effect::Opened(target) => runner.note(Note::Opened(target)),
                    Effect::Journal(records) => {
                        runner.journal(records);
                        is_owed = true;
                        Ok(())
                    }
                    Effect::CaptureMouse(capture) => {
                        self.screen.capture_mouse(capture).map_err(|error| gone(&error))
                    }
                    Effect::Edit(file) => {
                        turn = Turn::Edit(file);
                        Ok(())
                    }
                    Effect::Draft(draft) => {
                        turn = Turn::Draft(draft);
                        Ok(())
                    }
                    Effect::Suspend => {
                        turn = Turn::Suspend;
                        Ok(())
                    }
                    Effect::Quit => {
                        // Told to nobody any more: what cannot be written was told before.
                        drop(runner.write_journal());
                        return Turn::End(Ending::Asked);
                    }
                };
                troubles.extend(done.err());
            }
            // What the keys of this batch staged is on the disk before a frame answers for them.
            if is_owed {
                troubles.extend(runner.write_journal().err());
            }
            for problem in troubles.drain(..) {
                update(&mut self.model, Msg::Trouble(problem), &mut self.effects);
            }
        }
        turn
    }

    fn copy(&mut self, text: &str) -> Result<()> {
        let sequence = clipboard::sequence(text, variable)?;
        self.screen.send(&sequence).map_err(|error| gone(&error))
    }

    /// Draws if something changed and the frames before are old enough.
    fn draw_if_due(&mut self) -> io::Result<()> {
        if !self.is_stale() {
            return Ok(());
        }
        let now = Instant::now();
        if self.next_frame().is_some_and(|next| now < next) {
            return Ok(());
        }
        self.dress();
        let Self { model, look, screen, .. } = self;
        let sent = screen.draw(|frame| view::view(model, look, frame))?;
        self.drawn = Some(self.model.revision());
        // A frame that changed nothing must not hold up the one with the answer.
        if sent {
            self.sent_until = Some(self.sent_until.map_or(now, |until| until.max(now)) + FRAME);
        }
        Ok(())
    }

    fn is_stale(&self) -> bool {
        self.drawn != Some(self.model.revision())
    }

    /// When the next frame may be sent.
    fn next_frame(&self) -> Option<Instant> {
        self.sent_until.and_then(|until| until.checked_sub(FRAME * (BURST - 1)))
    }

    /// When to wake up by ourselves: for a frame that had to wait, or for the core.
    fn due(&self) -> Option<Instant> {
        let frame = self.next_frame().filter(|_| self.is_stale());
        let wake = self.model.wake().map(|wake| self.model.now + wake.max(SHORTEST_WAKE));
        [frame, wake].into_iter().flatten().min()
    }

    /// Puts on another theme when the core asks for one.
    fn dress(&mut self) {
        if self.theme == self.model.theme {
            return;
        }
        self.theme.clone_from(&self.model.theme);
        let name = self.theme.as_deref().unwrap_or_else(|| Theme::guess(variable));
        match Theme::load(name, Depth::detect(variable)) {
            Ok(theme) if theme.name() == name => self.look.theme = theme,
            Ok(theme) => {
                self.theme = Some(theme.name().to_owned());
                self.model.theme.clone_from(&self.theme);
                let text = "The theme stays: there are no colours here (NO_COLOR or TERM)";
                self.model.notify(Tone::Plain, text);
            }
            Err(problem) => {
                update(&mut self.model, Msg::Trouble(problem), &mut self.effects);
            }
        }
    }

    /// Stops the process as Ctrl+Z does in a shell, until it is continued. Where nobody could
    /// continue it the system ignores the signal, and the studio comes back at once.
    fn suspend(&mut self) -> Result<()> {
        self.screen.leave();
        let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        self.come_back()?;
        if let Err(error) = stopped {
            let problem = Problem::failed(
                "dbstudio cannot be stopped here",
                error.to_string(),
                "leave with q instead",
            );
            self.update(vec![Msg::Trouble(problem)]);
        }
        Ok(())
    }

    /// Lets the person's editor have the terminal until it is done with a file. Work goes on
    /// meanwhile; its answers wait.
    fn edit(&mut self, file: &str) -> Result<()> {
        self.screen.leave();
        let edited = tokio::task::block_in_place(|| editor::open(file, variable));
        self.come_back()?;
        let message = edited.map_or_else(Msg::Trouble, |()| Msg::Edited);
        self.update(vec![message]);
        Ok(())
    }

    /// Lets the person's editor have the terminal until it is done with a text.
    fn edit_text(&mut self, draft: &Draft, state: &Path) -> Result<()> {
        self.screen.leave();
        let (text, trouble) =
            tokio::task::block_in_place(|| editor::change(draft, state, variable));
        self.come_back()?;
        let trouble = trouble.map(|problem| problem.to_string());
        self.update(vec![Msg::Drafted { text, trouble }]);
        Ok(())
    }

    /// The process was stopped from outside and goes on. After our own stop the terminal was
    /// taken again already, and this signal comes late.
    fn continued(&mut self) -> Result<()> {
        let just_back = self.back.is_some_and(|back| back.elapsed() < LATE_SIGNAL);
        if just_back { Ok(()) } else { self.come_back() }
    }

    /// Takes the terminal again, in the size it has now.
    fn come_back(&mut self) -> Result<()> {
        self.screen.enter()?;
        let size = self.screen.size();
        self.update(vec![Msg::Resized(size.width, size.height)]);
        self.drawn = None;
        self.sent_until = None;
        self.back = Some(Instant::now());
        Ok(())
    }
}

/// Adds an event's message to the batch; `false` when no more can come.
fn take_in(event: Option<io::Result<Event>>, batch: &mut Vec<Msg>) -> bool {
    match event {
        Some(Ok(event)) => {
            batch.extend(keys::message(event));
            true
        }
        // The reader was woken for another reason than a key.
        Some(Err(error)) => error.kind() == io::ErrorKind::Interrupted,
        None => false,
    }
}

/// An event that is there already. It asks in the name of the loop's own task: the stream
/// wakes only the task that asked first.
async fn waiting(input: &mut EventStream) -> Option<Option<io::Result<Event>>> {
    poll_fn(|context| match Pin::new(&mut *input).poll_next(context) {
        Poll::Ready(event) => Poll::Ready(Some(event)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => pending().await,
    }
}
