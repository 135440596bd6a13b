//! A terminal for the real binary: a pty, a screen that reads what arrives, keys, signals.
//!
//! Nothing sleeps. Whoever waits, waits for what the screen must show, is woken by every
//! piece of output, and fails with the screen when the deadline passes.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything a test waits for may take, on a machine that is busy with other tests.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What to start, and where.
pub struct Start {
    command: CommandBuilder,
    size: (u16, u16),
    home: TempDir,
}

/// A program on a terminal of its own.
pub struct Terminal {
    shared: Arc<Shared>,
    master: Option<Box<dyn MasterPty + Send>>,
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    process: u32,
    modes_before: String,
    _home: TempDir,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

struct Seen {
    parser: vt100::Parser,
    log: Vec<u8>,
    ended: Option<ExitStatus>,
    stop_reading: bool,
    reading: bool,
}

impl Seen {
    /// Whether the last frame was read to its end: half of one still shows the other half of
    /// the one before.
    fn is_whole(&self) -> bool {
        let marks = self.log.windows(8).rfind(|bytes| {
            *bytes == b"\x1b[?2026h".as_slice() || *bytes == b"\x1b[?2026l".as_slice()
        });
        marks.is_none_or(|mark| mark.ends_with(b"l"))
    }
}

impl Start {
    /// `dbstudio` with these arguments, at 80x24, in an empty home, with nothing in its
    /// environment but what a plain terminal sets.
    pub fn studio(arguments: &[&str]) -> Self {
        let mut start = Self::program(env!("CARGO_BIN_EXE_dbstudio"));
        start.command.args(arguments);
        start
    }

    /// Any program.
    pub fn program(path: &str) -> Self {
        let home = tempfile::Builder::new().prefix("dbstudio-home-").tempdir().unwrap();
        let mut command = CommandBuilder::new(path);
        command.env_clear();
        command.cwd(home.path());
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home.path());
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.env(name, home.path().join(folder));
        }
        Self { command, size: (80, 24), home }
    }

    /// With further arguments.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// With this variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// In this folder instead of the empty home.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.cwd(folder);
        self
    }

    /// On a screen of this many columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Starts it.
    pub fn spawn(self) -> Terminal {
        let pair = native_pty_system().openpty(pty_size(self.size)).unwrap();
        let modes_before = modes(pair.master.as_ref());
        let mut child = pair.slave.spawn_command(self.command).unwrap();
        let process = child.process_id().unwrap();
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                parser: vt100::Parser::new(self.size.1, self.size.0, 0),
                log: Vec::new(),
                ended: None,
                stop_reading: false,
                reading: true,
            }),
            changed: Condvar::new(),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let reading = Arc::clone(&shared);
        thread::spawn(move || read_all(reader, &reading));
        let waiting = Arc::clone(&shared);
        thread::spawn(move || {
            let status = child.wait().unwrap();
            waiting.lock().ended = Some(status);
            waiting.changed.notify_all();
        });
        Terminal {
            shared,
            writer: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            slave: Some(pair.slave),
            process,
            modes_before,
            _home: self.home,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn read_all(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = reader.read(&mut bytes).unwrap_or(0);
        let mut seen = shared.lock();
        if let Some(read) = bytes.get(..count) {
            seen.parser.process(read);
            seen.log.extend_from_slice(read);
        }
        let over = count == 0 || seen.stop_reading;
        drop(seen);
        shared.changed.notify_all();
        if over {
            break;
        }
    }
    drop(reader);
    shared.lock().reading = false;
    shared.changed.notify_all();
}

/// The terminal's modes, as text that differs when they do.
fn modes(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios().expect("a pty has modes"))
}

impl Terminal {
    /// Waits until the screen is as it must be.
    #[track_caller]
    pub fn wait_for(&self, what: &str, ready: impl Fn(&vt100::Screen) -> bool) {
        self.wait(what, |seen| seen.is_whole() && ready(seen.parser.screen()));
    }

    /// Waits until the text is on the screen.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait(&format!("`{text}`"), |seen| {
            seen.is_whole() && seen.parser.screen().contents().contains(text)
        });
    }

    /// Waits until what was written is as it must be.
    #[track_caller]
    pub fn wait_for_written(&self, what: &str, ready: impl Fn(&[u8]) -> bool) {
        self.wait(what, |seen| ready(&seen.log));
    }

    /// Waits for the end and returns how it came.
    #[track_caller]
    pub fn wait_for_end(&self) -> ExitStatus {
        self.wait("the end of the program", |seen| seen.ended.is_some());
        self.shared.lock().ended.clone().unwrap()
    }

    #[track_caller]
    fn wait(&self, what: &str, ready: impl Fn(&Seen) -> bool) {
        let until = Instant::now() + DEADLINE;
        let mut seen = self.shared.lock();
        while !ready(&seen) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited {DEADLINE:?} for {what}; ended: {:?}; the screen:\n{}",
                seen.ended,
                framed(seen.parser.screen()),
            );
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Whether nothing at all is written for this long.
    pub fn is_silent_for(&self, period: Duration) -> bool {
        let until = Instant::now() + period;
        let mut seen = self.shared.lock();
        let before = seen.log.len();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if seen.log.len() != before {
                return false;
            }
            if left.is_zero() {
                return true;
            }
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until nothing has been written for this long.
    #[track_caller]
    pub fn wait_for_silence(&self, period: Duration) {
        let until = Instant::now() + DEADLINE;
        while !self.is_silent_for(period) {
            assert!(Instant::now() < until, "it never stops writing:\n{}", self.contents());
        }
    }

    /// Types keys: characters as they are, others by name in angle brackets: `jj<enter>`,
    /// `<ctrl+p>`, `<pgdn>`, `<lt>` for `<`.
    pub fn keys(&mut self, keys: &str) {
        let mut rest = keys;
        let mut bytes = Vec::new();
        while let Some((before, after)) = rest.split_once('<') {
            let (name, tail) = after.split_once('>').expect("a key's name ends with >");
            bytes.extend_from_slice(before.as_bytes());
            bytes.extend_from_slice(&named_key(name));
            rest = tail;
        }
        bytes.extend_from_slice(rest.as_bytes());
        self.send(&bytes);
    }

    /// Sends bytes as a keyboard would.
    pub fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    /// Gives the terminal another size, which tells the program by a signal.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.shared.lock().parser.screen_mut().set_size(rows, columns);
        self.master.as_ref().unwrap().resize(pty_size((columns, rows))).unwrap();
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The process's number.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process).unwrap()).unwrap()
    }

    /// Takes the terminal away, as closing its window does. The program has to write
    /// something for it, so it is given another size first.
    pub fn vanish(&mut self) {
        self.shared.lock().stop_reading = true;
        self.master.as_ref().unwrap().resize(pty_size((71, 23))).unwrap();
        self.wait("the end of reading", |seen| !seen.reading);
        self.slave = None;
        self.writer = None;
        self.master = None;
    }

    /// What the screen shows, a line each.
    pub fn contents(&self) -> String {
        self.shared.lock().parser.screen().contents()
    }

    /// Everything that was written so far.
    pub fn log(&self) -> Vec<u8> {
        self.shared.lock().log.clone()
    }

    /// Asserts that the terminal is as it was before the program started.
    #[track_caller]
    pub fn assert_given_back(&self) {
        let modes_now = modes(self.master.as_ref().unwrap().as_ref());
        assert_eq!(modes_now, self.modes_before, "the terminal's modes");
        // What the program wrote last may still be on its way.
        self.wait_for("the terminal to be given back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
    }

    /// Asserts that nothing was written but letters and what a renderer needs: placing the
    /// cursor, colours, clearing, the modes it takes and gives back, and the clipboard.
    #[track_caller]
    pub fn assert_only_drawn(&self) {
        let log = self.log();
        let strange = strange_sequences(&log);
        assert!(strange.is_empty(), "these reached the terminal: {strange:?}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.shared.lock().ended.is_none() {
            let _ = kill_process(self.pid(), Signal::KILL);
        }
    }
}

fn named_key(name: &str) -> Vec<u8> {
    let bytes: &[u8] = match name {
        "enter" => b"\r",
        "esc" => b"\x1b",
        "tab" => b"\t",
        "shift+tab" => b"\x1b[Z",
        "backspace" => b"\x7f",
        "del" => b"\x1b[3~",
        "up" => b"\x1b[A",
        "down" => b"\x1b[B",
        "right" => b"\x1b[C",
        "left" => b"\x1b[D",
        "home" => b"\x1b[H",
        "end" => b"\x1b[F",
        "pgup" => b"\x1b[5~",
        "pgdn" => b"\x1b[6~",
        "f1" => b"\x1bOP",
        "space" => b" ",
        "lt" => b"<",
        _ => {
            let letter = name.strip_prefix("ctrl+").expect("a known key");
            return vec![letter.as_bytes().first().expect("a letter") & 0x1f];
        }
    };
    bytes.to_vec()
}

/// The screen with a line around it, for a test that failed.
fn framed(screen: &vt100::Screen) -> String {
    let (_, columns) = screen.size();
    let mut out = String::new();
    for row in screen.rows(0, columns) {
        let _ = writeln!(out, "| {row}");
    }
    out
}

/// Control sequences and characters that our renderer never writes.
fn strange_sequences(log: &[u8]) -> Vec<String> {
    const MODES: [&str; 7] = ["1049", "2004", "25", "1000", "1002", "1006", "2026"];
    let text = String::from_utf8_lossy(log);
    let mut strange = Vec::new();
    let mut rest = text.as_ref();
    while let Some(at) = rest.find(|character: char| character.is_control()) {
        let found = rest.get(at..).unwrap_or_default();
        let mut length = 1;
        let mut fine = false;
        if let Some(sequence) = found.strip_prefix("\x1b[") {
            let end = sequence.find(|c: char| ('\u{40}'..='\u{7e}').contains(&c));
            let (parameters, last) = sequence.split_at(end.unwrap_or(0));
            let plain = parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
            fine = match last.chars().next() {
                Some('H' | 'm') => plain,
                Some('J') => parameters == "2",
                Some('h' | 'l') => {
                    parameters.strip_prefix('?').is_some_and(|it| MODES.contains(&it))
                }
                _ => false,
            };
            length = 3 + parameters.len();
        } else if let Some(sequence) = found.strip_prefix("\x1b]52;c;") {
            let end = sequence.find('\x07').unwrap_or(0);
            fine = end > 0;
            length = 8 + end;
        }
        if !fine {
            strange.push(found.chars().take(length.max(12)).collect());
        }
        let skip = found.char_indices().map(|(place, _)| place).find(|place| *place >= length);
        rest = skip.and_then(|skip| found.get(skip..)).unwrap_or_default();
    }
    strange
}

#[test]
fn a_sequence_we_never_write_is_found() {
    assert!(
        strange_sequences(b"\x1b[1;2Hx\x1b[0;38;5;1my\x1b[?25l\x1b[2J\x1b]52;c;YQ==\x07")
            .is_empty()
    );
    for bytes in ["\x1b[6n", "\x1b]0;title", "a\nb", "\u{9b}31m", "\x1b[?1003h", "\x1bc", "\x07"] {
        assert_eq!(strange_sequences(bytes.as_bytes()).len(), 1, "{bytes:?}");
    }
}
