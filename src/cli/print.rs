//! The only place that prints: the result on standard output, the talk on standard error.
//!
//! Text from a database, a file or an error becomes harmless here before a terminal gets it.
//! Colours need a terminal and no `NO_COLOR`. A reader that goes away is no failure: what it
//! did not want is dropped.

use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::db::export::Sink;
use crate::db::stop::Stop;
use crate::ops::export::Progress;
use crate::problem::{Kind, Problem, Result};
use crate::text;

/// A role text plays; on a terminal each has a look of its own, elsewhere none has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading.
    Heading,
    /// Less important.
    Muted,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Danger,
}

/// The widest text for reading is, in cells.
const WIDEST: usize = 100;

/// How text looks on one of the two streams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    coloured: bool,
    /// Whether signs beyond ASCII may be used.
    unicode: bool,
    /// The cells of a line; none where no terminal cuts lines.
    room: Option<usize>,
}

impl Paint {
    /// For the result.
    pub(super) fn of_result() -> Self {
        Self::of(io::stdout().is_terminal(), io::stdout().as_fd())
    }

    /// For the talk.
    pub(super) fn of_talk() -> Self {
        Self::of(io::stderr().is_terminal(), io::stderr().as_fd())
    }

    fn of(is_terminal: bool, stream: BorrowedFd<'_>) -> Self {
        let size = is_terminal.then(|| rustix::termios::tcgetwinsize(stream));
        // A terminal that does not know its width says 0.
        let cells = size.map(|size| size.map_or(80, |size| usize::from(size.ws_col)));
        Self {
            coloured: wants_colour(is_terminal),
            unicode: text::speaks_unicode(|name| std::env::var(name).ok()),
            room: cells.map(|cells| if cells == 0 { 80 } else { cells.min(WIDEST) }),
        }
    }

    /// Nothing but letters, in lines of this many cells, for tests.
    #[cfg(test)]
    pub(super) fn plain(room: Option<usize>) -> Self {
        Self { coloured: false, unicode: true, room }
    }

    /// Whether a person looks at it on a terminal; else it may be run or kept.
    pub(super) fn is_watched(self) -> bool {
        self.room.is_some()
    }

    /// One of two signs: the better one where it can be shown.
    pub(super) fn sign(self, sign: &'static str, plain: &'static str) -> &'static str {
        if self.unicode { sign } else { plain }
    }

    /// A paragraph in lines that fit, `taken` cells of each being taken.
    pub(super) fn lines(self, paragraph: &str, taken: usize) -> Vec<String> {
        match self.room {
            Some(room) => text::wrapped(paragraph, room.saturating_sub(taken).max(20)),
            None => vec![paragraph.to_owned()],
        }
    }

    /// The text in the look of its role.
    pub(super) fn text(self, role: Role, text: &str) -> String {
        if !self.coloured || text.trim().is_empty() {
            return text.to_owned();
        }
        // SGR parameters of ECMA-48, section 8.3.117, as every terminal understands them.
        let look = match role {
            Role::Heading => "1",
            Role::Muted => "2",
            Role::Good => "32",
            Role::Warning => "33",
            Role::Danger => "1;31",
        };
        format!("\u{1b}[{look}m{text}\u{1b}[0m")
    }
}

fn wants_colour(is_terminal: bool) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !is_dumb && !is_set("NO_COLOR")
}

/// Whether a person looks at standard output: without one there is no studio.
pub(super) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Whether a person can be asked: they see the talk, and can answer.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Prints SQL as the result: on a terminal made harmless, else as it is, so that it runs.
///
/// # Errors
/// As [`result`].
pub(super) fn sql(text: &str) -> Result<()> {
    if !is_watched() {
        return result(text);
    }
    result(&text.lines().map(|line| format!("{}\n", harmless(line))).collect::<String>())
}

/// Prints the result.
///
/// # Errors
/// When it cannot be written, as on a full disk. A reader that went away is no error.
pub(super) fn result(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&why)),
        _ => Ok(()),
    }
}

fn unwritable(why: &io::Error) -> Problem {
    Problem::failed(
        "The result cannot be written",
        why.to_string(),
        "make room where standard output goes, and run the command again",
    )
}

/// Prints data as JSON, safe for a terminal too.
///
/// # Errors
/// As [`result`].
pub(super) fn json(value: &serde_json::Value) -> Result<()> {
    let mut out = String::new();
    for character in format!("{value:#}\n").chars() {
        // Outside strings JSON is plain ASCII, so whatever is escaped here stands in a string.
        if text::acts_or_hides(character) && character != '\n' {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    result(&out)
}

/// Rows on their way to standard output: as they are into a pipe or a file, made harmless line by
/// line on a terminal.
pub(super) struct Stream<T> {
    out: tokio::io::Stdout,
    watched: bool,
    done: Progress,
    tell: T,
    gone: bool,
}

impl<T: Fn(Progress) + Send> Stream<T> {
    /// A stream that tells how far it has come, where that does not stand between the rows.
    pub(super) fn new(tell: T) -> Self {
        let done = Progress::default();
        Self { out: tokio::io::stdout(), watched: is_watched(), done, tell, gone: false }
    }

    /// Whether the reader went away.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Waits until everything is out, or somebody does not want to wait.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) async fn end(&mut self, stop: &Stop) -> Result<()> {
        let flushed = tokio::select! {
            biased;
            () = stop.asked() => Ok(()),
            flushed = self.out.flush() => flushed,
        };
        self.settle(flushed)
    }

    fn settle(&mut self, written: io::Result<()>) -> Result<()> {
        match written {
            Ok(()) => Ok(()),
            Err(why) if why.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Err(Problem::cancelled("The reader went away"))
            }
            Err(why) => Err(unwritable(&why)),
        }
    }
}

impl<T: Fn(Progress) + Send> Sink for Stream<T> {
    async fn take(&mut self, bytes: &[u8], rows: u64) -> Result<()> {
        let written = if self.watched {
            let text = String::from_utf8_lossy(bytes);
            let lines: String = text.lines().map(|line| format!("{}\n", harmless(line))).collect();
            self.out.write_all(lines.as_bytes()).await
        } else {
            self.out.write_all(bytes).await
        };
        self.settle(written)?;
        self.done = Progress { rows, bytes: self.done.bytes + bytes.len() as u64 };
        if !self.watched {
            (self.tell)(self.done);
        }
        Ok(())
    }
}

/// Shows how far work has come, in place of what was shown before; nothing takes it away.
pub(super) fn progress(text: &str) {
    if io::stderr().is_terminal() {
        // CR, and ECMA-48's EL, which empties the line behind it.
        talk(&format!("\r\u{1b}[K{}", harmless(text)));
    }
}

/// Says something to the person, on standard error. Where nobody can hear it, nobody is missed.
pub(super) fn talk(text: &str) {
    let mut talk = io::stderr().lock();
    drop(talk.write_all(text.as_bytes()).and_then(|()| talk.flush()));
}

/// Prints a problem and returns the exit code it stands for.
pub fn report(problem: &Problem, as_json: bool) -> u8 {
    if as_json {
        let kind = match problem.kind {
            Kind::Failed | Kind::Absent => "failed",
            Kind::Usage => "usage",
            Kind::Found => "found",
            Kind::Refused => "refused",
            Kind::Cancelled => "cancelled",
            Kind::Disconnected => "disconnected",
        };
        let (what, why, fix) = (&problem.what, &problem.why, &problem.fix);
        let said = json(&json!({
            "problem": { "kind": kind, "what": what, "why": why, "fix": fix }
        }));
        if let Err(unwritable) = said {
            return report(&unwritable, false);
        }
        return problem.exit_code();
    }
    let paint = Paint::of_talk();
    let mut said = format!("{} {}\n", paint.text(Role::Danger, "error:"), lines(&problem.what));
    let fix = text::capital(&problem.fix);
    for (label, part) in [("  why:", &problem.why), ("  fix:", &fix)] {
        if !part.is_empty() {
            said.push_str(&format!("{} {}\n", paint.text(Role::Muted, label), lines(part)));
        }
    }
    talk(&said);
    problem.exit_code()
}

/// Text of several lines made harmless; later lines are indented under the first.
fn lines(text: &str) -> String {
    text.trim_end().lines().map(harmless).collect::<Vec<_>>().join("\n       ")
}

/// Text made harmless: nothing in it acts on a terminal or hides from the eye.
pub(super) fn harmless(words: &str) -> String {
    text::visible(words, false).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_for_those_who_want_them() {
        let plain = Paint::plain(None);
        let coloured = Paint { coloured: true, ..plain };
        assert_eq!(plain.text(Role::Danger, "x"), "x");
        assert_eq!(coloured.text(Role::Danger, "x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
