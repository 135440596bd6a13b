//! What turns while something is under way, by the time it has taken so far.
//!
//! It keeps no state: the same time gives the same sign.

use std::time::Duration;

use crate::app::model::PATIENCE;
use crate::tui::glyphs::Glyphs;

/// How long one sign of the spinner stays. A studio that waits draws once in this time.
pub const TURN: Duration = Duration::from_millis(100);

/// The sign for work that has been going on for so long; `None` while it is too early.
pub fn sign(elapsed: Duration, glyphs: &Glyphs) -> Option<&'static str> {
    if elapsed < PATIENCE {
        return None;
    }
    let turns = elapsed.as_millis() / TURN.as_millis().max(1);
    let count = glyphs.spinner.len().max(1);
    let at = usize::try_from(turns % count as u128).unwrap_or(0);
    glyphs.spinner.get(at).copied()
}

/// Elapsed time as it is shown beside the spinner: `0.4 s`, `12 s`, `3 min 05 s`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_work_shows_nothing_and_long_work_turns() {
        let at = |millis| sign(Duration::from_millis(millis), &Glyphs::ASCII);
        assert_eq!(at(199), None);
        assert_eq!((at(200), at(300), at(400)), (Some("-"), Some("\\"), Some("|")));
    }

    #[test]
    fn time_reads_at_a_glance() {
        let read = |millis| elapsed(Duration::from_millis(millis));
        assert_eq!(
            (read(432), read(12_900), read(185_000)),
            ("0.4 s".to_owned(), "12 s".to_owned(), "3 min 05 s".to_owned(),)
        );
    }
}
