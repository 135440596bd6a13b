//! Signals, and a terminal that goes away: what asks the studio to end from outside.
//!
//! It only reports; the loop decides, the runner gives the loop a limited time for it.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::problem::{Problem, Result};
use crate::tui::editor;

/// What came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caught {
    /// End, for this signal's sake.
    End(Ending),
    /// The process was stopped and goes on: the terminal may be in any state.
    Continued,
}

/// Why the studio ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A person asked for it.
    Asked,
    /// SIGHUP, or the terminal is gone.
    Hangup,
    /// SIGINT from outside; the key is no signal here.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Ending {
    /// The exit code: 128 and the signal's number, as shells report it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Asked => 0,
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// The signals the studio listens to.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
    continued: Signal,
}

impl Signals {
    /// Starts listening. To be called within the runtime.
    ///
    /// # Errors
    /// When the system does not let us listen.
    pub fn listen() -> Result<Self> {
        let on = |kind| {
            signal(kind).map_err(|error| {
                Problem::failed(
                    "dbstudio cannot listen to the system's signals",
                    error.to_string(),
                    "try again; if it stays so, the system's limits are too tight",
                )
            })
        };
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            continued: on(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Caught {
        loop {
            let found = tokio::select! {
                _ = self.terminate.recv() => Caught::End(Ending::Terminate),
                _ = self.hangup.recv() => Caught::End(Ending::Hangup),
                _ = self.interrupt.recv() => Caught::End(Ending::Interrupt),
                _ = self.continued.recv() => Caught::Continued,
            };
            // Ctrl+C in the person's editor is meant for the editor.
            if found != Caught::End(Ending::Interrupt) || !editor::is_open() {
                return found;
            }
        }
    }
}

/// Blocks until the terminal the keys come from is gone. `false` when that cannot be known;
/// SIGHUP alone has to do then.
///
/// Reading a terminal that is gone answers at once with nothing, again and again, so its end
/// is waited for apart from its keys: poll(2) reports a hangup whatever it was asked for.
pub fn terminal_is_gone() -> bool {
    let Ok(terminal) = keyboard() else { return false };
    loop {
        let mut watched = [PollFd::new(&terminal, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) if watched.iter().any(|found| !found.revents().is_empty()) => return true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Where the keys come from: standard input, or what controls the process where that is none.
fn keyboard() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned();
    }
    Ok(File::open("/dev/tty")?.into())
}
