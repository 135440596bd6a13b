//! The studio as it is measured: started, keys pressed one by one, the time to what the screen
//! must show. A key comes when the frame before it is old, as a person's keys do.

use std::time::{Duration, Instant};

use crate::figures::Figures;
use crate::process;
use crate::screen::{Start, Terminal};

/// The screen every measurement is made on.
pub const SCREEN: (u16, u16) = (120, 36);

/// The rows of a table that the screen has room for. A frame may arrive in pieces, and counts
/// only when all of it is here.
pub const FULL: usize = 31;

/// How long the screen rests before the next key: longer than the studio lets a frame stay.
const REST: Duration = Duration::from_millis(40);

/// A studio that runs.
pub struct Visit {
    pub terminal: Terminal,
    pub begun: Instant,
}

impl Visit {
    /// Starts the studio; the clock runs from just before.
    pub fn start(address: &str) -> Self {
        let start = Start::studio(&[address]).size(SCREEN.0, SCREEN.1);
        let begun = Instant::now();
        Self { terminal: start.spawn(), begun }
    }

    /// Waits until the text is on the screen; the time since the start.
    pub fn shows(&self, text: &str) -> Duration {
        self.terminal.wait_for_text(text);
        self.begun.elapsed()
    }

    /// Waits until nothing moves, then presses keys and waits for the screen that must follow.
    pub fn press(
        &mut self,
        keys: &str,
        what: &str,
        ready: impl Fn(&vt100::Screen) -> bool,
    ) -> Duration {
        self.terminal.wait_for_silence(REST);
        self.press_now(keys, what, ready)
    }

    /// As [`Visit::press`], without a rest before.
    pub fn press_now(
        &mut self,
        keys: &str,
        what: &str,
        ready: impl Fn(&vt100::Screen) -> bool,
    ) -> Duration {
        let begun = Instant::now();
        self.terminal.keys(keys);
        self.terminal.wait_for(what, ready);
        begun.elapsed()
    }

    /// Presses keys and waits for a text.
    pub fn press_for(&mut self, keys: &str, text: &str) -> Duration {
        self.press(keys, text, |screen| screen.contents().contains(text))
    }

    /// Presses keys and waits until the grid's foot names this column and its type, in any
    /// case: SQLite writes types in capitals.
    pub fn press_for_column(&mut self, keys: &str, column: &str) -> Duration {
        let wanted = format!(" {column} · row ");
        self.press(keys, column, |screen| {
            let foot = screen.rows(0, SCREEN.0).nth(usize::from(SCREEN.1) - 2);
            foot.is_some_and(|foot| foot.to_lowercase().contains(&wanted))
        })
    }

    /// Presses keys and waits until this is the first row of a full screen.
    pub fn press_for_rows(&mut self, keys: &str, first: u64) -> Duration {
        let what = format!("row {first} at the top");
        self.press(keys, &what, |screen| {
            let labels = labels(screen);
            labels.len() == FULL && labels.first() == Some(&first)
        })
    }

    /// Measures the memory it took so far.
    pub fn note_memory(&self, figures: &mut Figures, name: &str) {
        figures.memory(name, process::most_memory(self.terminal.pid()));
    }
}

/// The numbers of the rows on the screen, by their labels, which look like `r00000042`.
pub fn labels(screen: &vt100::Screen) -> Vec<u64> {
    labels_in(&screen.contents())
}

/// The same from the screen's text.
pub fn labels_in(contents: &str) -> Vec<u64> {
    let label = |line: &str| {
        line.split("  r").skip(1).find_map(|after| {
            let digits = after.get(..8)?;
            digits.parse::<u64>().ok()
        })
    };
    contents.lines().filter_map(label).collect()
}
