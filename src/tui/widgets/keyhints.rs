//! Keys and what they do, in a row: whole hints only, as many as fit.
//!
//! Which keys do something now is decided elsewhere; here they are only drawn.

use std::borrow::Cow;

use ratatui::buffer::Buffer;

use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line;

/// A key and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint<'a> {
    /// The key as it is written: `ctrl+s`, `?`.
    pub key: Cow<'a, str>,
    /// What it does, in a word or two.
    pub label: Cow<'a, str>,
}

impl<'a> Hint<'a> {
    /// A key and what it does.
    pub fn new(key: impl Into<Cow<'a, str>>, label: impl Into<Cow<'a, str>>) -> Self {
        Self { key: key.into(), label: label.into() }
    }

    fn width(&self, look: &Look) -> u16 {
        let ascii = look.glyphs.ascii;
        let cells = |words: &str| text::width(&text::visible(words, ascii));
        u16::try_from(cells(&self.key) + 1 + cells(&self.label)).unwrap_or(u16::MAX)
    }
}

/// The cells between two hints.
const GAP: u16 = 2;

/// The cells that the hints which fit into `room` take.
pub fn width(hints: &[Hint<'_>], room: u16, look: &Look) -> u16 {
    let mut used: u16 = 0;
    for hint in hints {
        let gap = if used > 0 { GAP } else { 0 };
        let next = used.saturating_add(gap).saturating_add(hint.width(look));
        if next > room {
            break;
        }
        used = next;
    }
    used
}

/// Draws the hints that fit into `room` cells and returns how many cells they took.
pub fn draw(hints: &[Hint<'_>], at: (u16, u16), room: u16, buf: &mut Buffer, look: &Look) -> u16 {
    let (x, y) = at;
    let (key, label) = (look.style(Role::HintKey), look.style(Role::HintLabel));
    let mut used: u16 = 0;
    for hint in hints {
        let gap = if used > 0 { GAP } else { 0 };
        let next = used.saturating_add(gap).saturating_add(hint.width(look));
        if next > room {
            break;
        }
        let start = x.saturating_add(used).saturating_add(gap);
        for space in x.saturating_add(used)..start {
            line::put(buf, (space, y), 1, " ", label);
        }
        let wide = line::write(buf, (start, y), room, &hint.key, key, look);
        line::put(buf, (start + wide, y), 1, " ", label);
        line::write(buf, (start + wide + 1, y), room, &hint.label, label, look);
        used = next;
    }
    used
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;
    use crate::config::Interface;

    #[test]
    fn only_whole_hints_are_drawn() {
        let look = Look::choose(&Interface::default(), |_| None).unwrap();
        let hints = [Hint::new("e", "edit"), Hint::new("?", "help")];
        for (room, expected) in [(14, "e edit  ? help"), (13, "e edit"), (5, "")] {
            let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
            let used = draw(&hints, (0, 0), room, &mut buf, &look);
            let row: String = buf.content().iter().map(|cell| cell.symbol()).collect();
            assert_eq!(row.trim_end(), expected);
            assert_eq!(usize::from(used), expected.len());
            assert_eq!(width(&hints, room, &look), used);
        }
    }
}
