//! The terminal, taken and given back.
//!
//! [`Screen`] takes it (raw mode, the alternate screen, pasted text as one piece, the mouse)
//! and gives it back when dropped, whatever ended the studio: a return, a problem, a panic.
//! Giving back twice does no harm. Nothing here knows what is drawn.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use color_eyre::config::{HookBuilder, Theme as ReportTheme};
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

use crate::problem::{Problem, Result};
use crate::tui::painter::Painter;

/// The alternate screen, pasted text in brackets, no cursor (xterm's control sequences,
/// "DEC private mode set": 1049, 2004, 25).
const TAKE: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J";
/// The opposite of [`TAKE`], and plain colours.
const GIVE_BACK: &[u8] = b"\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// Clicks, dragging, and coordinates beyond column 223 (modes 1000, 1002, 1006). Movement
/// without a button is not asked for: it would wake the studio for nothing.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// The opposite of [`MOUSE_ON`].
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// What is between these is shown at once, by terminals that know mode 2026; others ignore it.
const TOGETHER: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// Whether the terminal is ours. The panic hook has nothing else to go by.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Where the last panic outside the loop happened, for the problem that reports it.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// The screen of the studio.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<Painter>,
    mouse: bool,
}

/// Says what is missing when there is no terminal that the studio could run in.
///
/// # Errors
/// A usage problem.
pub fn require(variable: impl Fn(&str) -> Option<String>) -> Result<()> {
    let fix = "run it in a terminal; for scripts there are commands such as `dbstudio status`";
    if !io::stdout().is_terminal() {
        return Err(Problem::usage(
            "The studio needs a terminal",
            "what it writes would go to a file or another program",
            fix,
        ));
    }
    if variable("TERM").as_deref() == Some("dumb") {
        return Err(Problem::usage(
            "The studio needs a terminal that can place its cursor",
            "TERM is `dumb`",
            fix,
        ));
    }
    Ok(())
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be set up. It is then as it was before.
    pub fn take(mouse: bool) -> Result<Self> {
        let painter = Painter::new(size());
        let terminal = Terminal::new(painter).map_err(|error| trouble(&error))?;
        let mut screen = Self { terminal, mouse };
        screen.enter()?;
        Ok(screen)
    }

    /// Gives the terminal back for a while: before the process stops.
    pub fn leave(&mut self) {
        give_back();
    }

    /// Takes the terminal again, and draws everything anew at the next frame. Also right when
    /// it was never given back but somebody else may have changed it.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn enter(&mut self) -> Result<()> {
        // Whatever mode it is in now is what it goes back to.
        if TAKEN.swap(true, Ordering::SeqCst) {
            let _ = crossterm::terminal::disable_raw_mode();
        }
        let mut bytes = TAKE.to_vec();
        if self.mouse {
            bytes.extend_from_slice(MOUSE_ON);
        }
        let entered = crossterm::terminal::enable_raw_mode().and_then(|()| send(&bytes));
        if let Err(error) = entered {
            give_back();
            return Err(trouble(&error));
        }
        self.terminal.backend_mut().forget();
        self.terminal.backend_mut().resize(size());
        self.terminal.clear().map_err(|error| trouble(&error))
    }

    /// The size of the screen in columns and rows, as it was last heard of.
    pub fn size(&self) -> Size {
        self.terminal.size().unwrap_or_default()
    }

    /// The screen has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.backend_mut().resize(at_least_one(columns, rows));
    }

    /// Draws a frame and sends what changed, in one piece. Nothing is sent when nothing did;
    /// answers whether something was.
    ///
    /// # Errors
    /// When the terminal cannot be written to: it is gone.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<bool> {
        self.terminal.draw(view)?;
        let painter = self.terminal.backend_mut();
        let frame = painter.take();
        if frame.is_empty() {
            painter.recycle(frame);
            return Ok(false);
        }
        let (begin, end) = TOGETHER;
        let mut bytes = Vec::with_capacity(frame.len() + begin.len() + end.len());
        bytes.extend_from_slice(begin);
        bytes.extend_from_slice(&frame);
        bytes.extend_from_slice(end);
        painter.recycle(frame);
        send(&bytes).map(|()| true)
    }

    /// Takes the mouse, or hands it back to the terminal.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn capture_mouse(&mut self, capture: bool) -> io::Result<()> {
        self.mouse = capture;
        send(if capture { MOUSE_ON } else { MOUSE_OFF })
    }

    /// Sends a sequence that draws nothing, such as one for the clipboard.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn send(&mut self, sequence: &[u8]) -> io::Result<()> {
        send(sequence)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The size of the terminal; a terminal that does not know it gets the one of old.
pub fn size() -> Size {
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 => Size::new(columns, rows),
        _ => Size::new(80, 24),
    }
}

fn at_least_one(columns: u16, rows: u16) -> Size {
    Size::new(columns.max(1), rows.max(1))
}

/// Gives the terminal back, if it is ours: the screen, the mouse, the cursor, its modes.
/// What fails here fails because the terminal is gone, and then there is nothing to give.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = send(&[MOUSE_OFF, GIVE_BACK].concat());
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// Gives back only what needs no writing. For a process that must go although the terminal
/// takes no more bytes.
pub fn give_back_modes() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn trouble(error: &io::Error) -> Problem {
    Problem::failed(
        "The terminal cannot be set up",
        error.to_string(),
        "try another terminal, or run dbstudio outside of what wraps it",
    )
}

/// From now on a panic of this thread gives the terminal back and then says what happened,
/// and one of any other thread is only noted: the work that panicked answers for itself.
pub fn guard_against_panics(colours: bool) {
    let theme = if colours { ReportTheme::dark() } else { ReportTheme::new() };
    let hooks = HookBuilder::default()
        .theme(theme)
        .display_env_section(false)
        .panic_section("This is a mistake in dbstudio. What was staged is kept in its journal.");
    let Ok((report, _)) = hooks.try_into_hooks() else { return };
    let report = report.into_panic_hook();
    let home = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == home || !TAKEN.load(Ordering::SeqCst) {
            give_back();
            report(info);
            return;
        }
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
}

/// Where the last panic outside the loop happened; asked once.
pub fn last_panic() -> Option<String> {
    LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Panics where a test asks for it by `DBSTUDIO_TEST_PANIC`, so that it can see what becomes
/// of the terminal. In builds for development only.
#[expect(clippy::panic, reason = "a panic is what is asked for")]
pub fn stumble(place: &str) {
    if cfg!(debug_assertions) && std::env::var("DBSTUDIO_TEST_PANIC").as_deref() == Ok(place) {
        panic!("a test asked for this panic");
    }
}
