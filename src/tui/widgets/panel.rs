//! A pane: a thin frame with a title at its left, a count at its right, hints below.
//!
//! It draws only the frame and says what is left inside.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::keyhints::{self, Hint};
use crate::tui::widgets::line::{self, Segment};

/// What a pane's frame says.
#[derive(Debug, Clone, Default)]
pub struct Panel<'a> {
    /// At the left of the upper border. Segments in [`Role::Title`] become
    /// [`Role::TitleFocused`] while the pane has the keys.
    pub title: &'a [Segment<'a>],
    /// At the right of the upper border; left out where the title needs the room.
    pub count: &'a [Segment<'a>],
    /// In the lower border: what keys do here. Meant for dialogs.
    pub hints: &'a [Hint<'a>],
    /// At the right of the lower border, such as a position.
    pub foot: &'a [Segment<'a>],
    /// Whether the pane gets the keys.
    pub focused: bool,
    /// Whether the frame warns: production, or something that destroys.
    pub danger: bool,
}

/// What lies within a frame around `area`.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

impl Panel<'_> {
    /// Draws the frame and returns what lies within.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) -> Rect {
        let area = area.intersection(buf.area);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let role = match (self.danger, self.focused) {
            (true, _) => Role::BorderDanger,
            (false, true) => Role::BorderFocused,
            (false, false) => Role::Border,
        };
        self.frame(area, buf, look, role);
        self.head(area, buf, look);
        self.tail(area, buf, look);
        inside(area)
    }

    fn frame(&self, area: Rect, buf: &mut Buffer, look: &Look, role: Role) {
        let (style, glyphs) = (look.style(role), &look.glyphs);
        let (left, right) = (area.left(), area.right() - 1);
        let (top, bottom) = (area.top(), area.bottom() - 1);
        for x in left + 1..right {
            line::put(buf, (x, top), 1, glyphs.horizontal, style);
            line::put(buf, (x, bottom), 1, glyphs.horizontal, style);
        }
        for y in top + 1..bottom {
            line::put(buf, (left, y), 1, glyphs.vertical, style);
            line::put(buf, (right, y), 1, glyphs.vertical, style);
        }
        let places = [(left, top), (right, top), (left, bottom), (right, bottom)];
        for (place, corner) in places.into_iter().zip(glyphs.corners) {
            line::put(buf, place, 1, corner, style);
        }
    }

    fn head(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let room = area.width.saturating_sub(4);
        let title: Vec<Segment<'_>> = self.title.iter().map(|part| self.lit(part)).collect();
        let wide = cells(line::segments_width(&title, look)).min(room);
        framed(buf, (area.x + 1, area.y), wide, &title, look);
        let left = room.saturating_sub(if wide > 0 { wide + 3 } else { 0 });
        let count = cells(line::segments_width(self.count, look));
        if count > 0 && count <= left {
            let x = area.right().saturating_sub(count + 3);
            framed(buf, (x, area.y), count, self.count, look);
        }
    }

    fn tail(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let y = area.bottom() - 1;
        let mut room = area.width.saturating_sub(4);
        let foot = cells(line::segments_width(self.foot, look));
        if foot > 0 && foot <= room {
            framed(buf, (area.right().saturating_sub(foot + 3), y), foot, self.foot, look);
            room = room.saturating_sub(foot + 3);
        }
        let hints = keyhints::width(self.hints, room, look);
        if hints > 0 {
            let x = area.x + 1;
            blank(buf, (x, y), look);
            keyhints::draw(self.hints, (x + 1, y), hints, buf, look);
            blank(buf, (x + 1 + hints, y), look);
        }
    }

    fn lit<'b>(&self, segment: &'b Segment<'_>) -> Segment<'b> {
        let role = match segment.role {
            Role::Title if self.focused => Role::TitleFocused,
            role => role,
        };
        Segment::new(role, segment.text.as_ref())
    }
}

fn cells(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// Text that interrupts a border, with a space at each side.
fn framed(buf: &mut Buffer, at: (u16, u16), cells: u16, text: &[Segment<'_>], look: &Look) {
    if cells == 0 {
        return;
    }
    blank(buf, at, look);
    let used = line::write_segments(buf, (at.0 + 1, at.1), cells, text, look);
    blank(buf, (at.0 + 1 + used, at.1), look);
}

fn blank(buf: &mut Buffer, at: (u16, u16), look: &Look) {
    line::put(buf, at, 1, " ", look.style(Role::Border));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Interface;

    fn rows(buf: &Buffer) -> Vec<String> {
        let wide = usize::from(buf.area.width);
        let row =
            |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect();
        buf.content().chunks(wide).map(row).collect()
    }

    #[test]
    fn a_frame_says_its_title_count_and_keys() {
        let title = [Segment::new(Role::Title, "Tables")];
        let count = [Segment::new(Role::Count, "14")];
        let hints = [Hint::new("esc", "close"), Hint::new("enter", "open")];
        let panel = Panel { title: &title, count: &count, hints: &hints, ..Panel::default() };
        for (ascii, expected) in [
            (false, ["╭ Tables ──────── 14 ╮", "│                    │", "╰ esc close ─────────╯"]),
            (true, ["+ Tables -------- 14 +", "|                    |", "+ esc close ---------+"]),
        ] {
            let interface = Interface { ascii: Some(ascii), ..Interface::default() };
            let look = Look::choose(&interface, |_| None).unwrap();
            let mut buf = Buffer::empty(Rect::new(0, 0, 22, 3));
            assert_eq!(panel.draw(buf.area, &mut buf, &look), Rect::new(1, 1, 20, 1));
            assert_eq!(rows(&buf), expected);
        }
    }

    #[test]
    fn a_frame_too_small_for_its_words_leaves_them_out() {
        let title = [Segment::new(Role::Title, "A long title")];
        let count = [Segment::new(Role::Count, "10.0 M")];
        let panel = Panel { title: &title, count: &count, focused: true, ..Panel::default() };
        let look = Look::choose(&Interface::default(), |_| None).unwrap();
        for width in 0..24 {
            for height in 0..4 {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                let inner = panel.draw(buf.area, &mut buf, &look);
                assert!(inner.width <= width.saturating_sub(2), "{width}x{height}");
            }
        }
    }
}
