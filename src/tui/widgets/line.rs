//! Text in a row of cells: made visible, fitted into a width, ended by an ellipsis.
//!
//! Everything else that writes words onto the screen goes through here, so nothing can pass
//! around [`visible`] or beyond the width it was given.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{fit, head, visible, width};
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// A piece of a line, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// What it is.
    pub role: Role,
    /// Its words, just as they came: they are made visible when drawn.
    pub text: Cow<'a, str>,
}

/// Where text lies in the cells it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left, cut at the right.
    Left,
    /// At the right, cut at the right too: the beginning of a number matters most.
    Right,
}

impl<'a> Segment<'a> {
    /// A piece of a line.
    pub fn new(role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        Self { role, text: text.into() }
    }
}

/// Text longer than this many bytes a cell cannot be seen anyway: a grapheme cluster of
/// letters and marks rarely takes more. Cutting first keeps a megabyte as cheap as a line.
const BYTES_A_CELL: usize = 32;

/// No line of segments is longer than this many bytes a segment.
const LONGEST: usize = 4096;

/// Writes text into `cells` cells and returns how many it took. Where it does not fit it ends
/// with an ellipsis. Cells it does not need stay as they are.
pub fn write(
    buf: &mut Buffer,
    at: (u16, u16),
    cells: u16,
    text: &str,
    style: Style,
    look: &Look,
) -> u16 {
    let ascii = look.glyphs.ascii;
    let room = usize::from(cells);
    let start = head(text, room.saturating_add(1).saturating_mul(BYTES_A_CELL));
    let shown = visible(start, ascii);
    let cut = start.len() < text.len() || width(&shown) > room;
    let (fitting, _) = fit(&shown, if cut { room.saturating_sub(1) } else { room });
    let mut used = put(buf, at, cells, fitting, style);
    if cut && used < cells {
        used += put(buf, (at.0 + used, at.1), 1, look.glyphs.ellipsis, style);
    }
    used
}

/// Writes text at one of the ends of `cells` cells; returns how many it took.
pub fn write_aligned(
    buf: &mut Buffer,
    at: (u16, u16),
    cells: u16,
    text: &str,
    align: Align,
    style: Style,
    look: &Look,
) -> u16 {
    let pad = match align {
        Align::Left => 0,
        Align::Right => {
            let start = head(text, (usize::from(cells) + 1) * BYTES_A_CELL);
            let wide = width(&visible(start, look.glyphs.ascii));
            cells.saturating_sub(u16::try_from(wide).unwrap_or(u16::MAX))
        }
    };
    write(buf, (at.0.saturating_add(pad), at.1), cells - pad, text, style, look)
}

/// Writes segments one after the other into `cells` cells; returns how many they took. The
/// one that does not fit any more ends with an ellipsis, those after it are left out.
pub fn write_segments(
    buf: &mut Buffer,
    at: (u16, u16),
    cells: u16,
    segments: &[Segment<'_>],
    look: &Look,
) -> u16 {
    let total = segments_width(segments, look);
    let cut = total > usize::from(cells);
    // The last cell is kept for the ellipsis.
    let room = if cut { cells.saturating_sub(1) } else { cells };
    let mut used: u16 = 0;
    let mut style = Style::new();
    for segment in segments {
        style = look.style(segment.role);
        let shown = visible(head(&segment.text, LONGEST), look.glyphs.ascii);
        let left = room.saturating_sub(used);
        used += put(buf, (at.0.saturating_add(used), at.1), left, &shown, style);
        if width(&shown) > usize::from(left) {
            break;
        }
    }
    if cut && used < cells {
        used += put(buf, (at.0.saturating_add(used), at.1), 1, look.glyphs.ellipsis, style);
    }
    used
}

/// The cells the segments would take if there were room for all of them.
pub fn segments_width(segments: &[Segment<'_>], look: &Look) -> usize {
    let ascii = look.glyphs.ascii;
    segments.iter().map(|segment| width(&visible(head(&segment.text, LONGEST), ascii))).sum()
}

/// Lays a role over an area without touching its words.
pub fn paint(buf: &mut Buffer, area: Rect, role: Role, look: &Look) {
    buf.set_style(area, look.style(role));
}

/// Empties an area and gives it the role's ground.
pub fn clear(buf: &mut Buffer, area: Rect, role: Role, look: &Look) {
    let area = area.intersection(buf.area);
    let (ground, style) = (look.style(Role::Ground), look.style(role));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(ground).set_style(style);
            }
        }
    }
}

/// Writes text that is fit for the screen already: our own signs, or what passed `visible`.
/// Returns the cells it took, never more than `cells` and never beyond the buffer.
pub fn put(buf: &mut Buffer, at: (u16, u16), cells: u16, text: &str, style: Style) -> u16 {
    let (x, y) = at;
    let end = buf.area.right().min(x.saturating_add(cells));
    let mut column = x;
    if text.is_ascii() {
        for byte in text.bytes() {
            if column >= end {
                break;
            }
            if let Some(cell) = buf.cell_mut((column, y)) {
                cell.set_char(char::from(byte)).set_style(style);
            }
            column += 1;
        }
        return column - x;
    }
    for cluster in text.graphemes(true) {
        let wide = u16::try_from(width(cluster)).unwrap_or(u16::MAX);
        let next = column.saturating_add(wide);
        if next > end {
            break;
        }
        if let Some(cell) = buf.cell_mut((column, y)) {
            cell.set_symbol(cluster).set_style(style);
        }
        for covered in column + 1..next {
            if let Some(cell) = buf.cell_mut((covered, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
        column = next;
    }
    column.saturating_sub(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Interface;

    fn look() -> Look {
        Look::choose(&Interface { ascii: Some(false), ..Interface::default() }, |_| None).unwrap()
    }

    fn row(buf: &Buffer) -> String {
        buf.content().iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn text_is_made_visible_and_fitted() {
        let look = look();
        let style = look.style(Role::Text);
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        assert_eq!(write(&mut buf, (0, 0), 6, "a\u{1b}[31mbcdef", style, &look), 6);
        assert_eq!(row(&buf), "a␛[31…  ");
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        assert_eq!(write(&mut buf, (1, 0), 6, "日本語日", style, &look), 5);
        assert_eq!(row(&buf), " 日 本 …  ");
        assert_eq!(write(&mut buf, (6, 0), 60, "xyz", style, &look), 2);
    }

    #[test]
    fn numbers_lie_at_the_right() {
        let look = look();
        let style = look.style(Role::Number);
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        write_aligned(&mut buf, (0, 0), 5, "42", Align::Right, style, &look);
        assert_eq!(row(&buf), "   42 ");
        write_aligned(&mut buf, (0, 0), 5, "1234567", Align::Right, style, &look);
        assert_eq!(row(&buf), "1234… ");
    }

    #[test]
    fn segments_that_do_not_fit_say_so() {
        let look = look();
        let segments = [Segment::new(Role::Text, "abc"), Segment::new(Role::Muted, "def")];
        for (cells, expected) in [(6, "abcdef"), (5, "abcd…"), (4, "abc…"), (3, "ab…"), (1, "…")]
        {
            let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
            write_segments(&mut buf, (0, 0), cells, &segments, &look);
            assert_eq!(row(&buf).trim_end(), expected, "{cells} cells");
        }
    }

    #[test]
    fn nothing_is_written_outside_the_buffer() {
        let look = look();
        let mut buf = Buffer::empty(Rect::new(2, 2, 4, 2));
        for x in 0..9 {
            for y in 0..6 {
                write(&mut buf, (x, y), 9, "日本x", look.style(Role::Text), &look);
            }
        }
        clear(&mut buf, Rect::new(0, 0, 99, 99), Role::Ground, &look);
        assert_eq!(row(&buf).trim(), "");
    }

    #[test]
    fn a_megabyte_is_cut_before_it_is_measured() {
        let look = look();
        let long = "é".repeat(1_000_000);
        let mut buf = Buffer::empty(Rect::new(0, 0, 10, 1));
        assert_eq!(write(&mut buf, (0, 0), 10, &long, look.style(Role::Text), &look), 10);
        assert_eq!(row(&buf), "ééééééééé…");
    }
}
