//! A field to type in: one line or several, with its cursor always in view.
//!
//! It keeps no state: what is shown follows from the text, the cursor and the room alone.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{visible, width};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line;

/// What a field shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Field<'a> {
    /// The text, one entry a line. A field of one line shows only the first.
    pub lines: &'a [String],
    /// The cursor: the line, and the character (not the byte) within it.
    pub cursor: (usize, usize),
    /// What to say while there is no text.
    pub placeholder: &'a str,
    /// Whether the field gets the keys: only then has it a cursor.
    pub focused: bool,
    /// Whether each character is shown as a dot.
    pub masked: bool,
}

impl Field<'_> {
    /// Draws the field and returns where its cursor is.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) -> Option<Position> {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return None;
        }
        line::clear(buf, area, Role::Field, look);
        let rows = usize::from(area.height);
        let first = (self.cursor.0 + 1).saturating_sub(rows);
        let empty = self.lines.iter().all(String::is_empty);
        if empty && !self.placeholder.is_empty() {
            let style = look.style(Role::Placeholder);
            line::write(buf, (area.x, area.y), area.width, self.placeholder, style, look);
        }
        // Lines scroll sideways together, as far as the cursor's line needs.
        let current = self.lines.get(self.cursor.0).map_or("", String::as_str);
        let skip = self.skip(current, area.width, look);
        for (row, text) in (area.top()..area.bottom()).zip(self.lines.iter().skip(first)) {
            self.row(text, skip, Rect { y: row, height: 1, ..area }, buf, look);
        }
        self.focused.then(|| {
            let before = self.cells(current, look).take(self.cursor.1).map(|(_, wide)| wide);
            let column =
                u16::try_from(before.sum::<usize>().saturating_sub(skip)).unwrap_or(u16::MAX);
            let row = u16::try_from(self.cursor.0.saturating_sub(first)).unwrap_or(u16::MAX);
            let last = Position::new(area.right() - 1, area.bottom() - 1);
            let at = Position::new(
                area.x.saturating_add(column).min(last.x),
                area.y.saturating_add(row).min(last.y),
            );
            if let Some(cell) = buf.cell_mut(at) {
                cell.set_style(look.style(Role::FieldCursor));
            }
            at
        })
    }

    /// How many cells are scrolled off at the left so that the cursor is in view, with a
    /// little of what is before it.
    fn skip(&self, text: &str, room: u16, look: &Look) -> usize {
        let widths: Vec<usize> = self.cells(text, look).map(|(_, wide)| wide).collect();
        let cursor: usize = widths.iter().take(self.cursor.1).sum();
        let under = widths.get(self.cursor.1).copied().unwrap_or(1).max(1);
        let mut skip = 0;
        for wide in widths {
            if cursor + under <= skip + usize::from(room) {
                break;
            }
            skip += wide;
        }
        skip
    }

    fn row(&self, text: &str, skip: usize, area: Rect, buf: &mut Buffer, look: &Look) {
        let style = look.style(Role::Field);
        let mut column = 0;
        for (shown, wide) in self.cells(text, look) {
            let (at, end) = (column, column + wide);
            column = end;
            if at < skip || wide == 0 {
                continue;
            }
            if end - skip > usize::from(area.width) {
                break;
            }
            let x = area.x + u16::try_from(at - skip).unwrap_or(u16::MAX);
            line::put(buf, (x, area.y), area.right() - x, &shown, style);
        }
    }

    /// Each character as it is shown, with its cells. A cluster is shown with its first
    /// character; the others of it take none, so that the cursor can count characters.
    fn cells<'a>(
        &'a self,
        text: &'a str,
        look: &'a Look,
    ) -> impl Iterator<Item = (String, usize)> + 'a {
        text.graphemes(true).flat_map(move |cluster| {
            let shown = if self.masked {
                look.glyphs.mask.to_owned()
            } else {
                visible(cluster, look.glyphs.ascii).into_owned()
            };
            let wide = width(&shown);
            let rest = cluster.chars().skip(1).map(|_| (String::new(), 0));
            std::iter::once((shown, wide)).chain(rest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Interface;

    fn draw(field: &Field<'_>, width: u16, height: u16) -> (Vec<String>, Option<Position>) {
        let interface = Interface { ascii: Some(false), ..Interface::default() };
        let look = Look::choose(&interface, |_| None).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = field.draw(buf.area, &mut buf, &look);
        let row =
            |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect();
        (buf.content().chunks(usize::from(width)).map(row).collect(), cursor)
    }

    #[test]
    fn the_cursor_stays_in_view() {
        let lines = ["hello world".to_owned()];
        for at in 0..=11 {
            let field = Field { lines: &lines, cursor: (0, at), focused: true, ..Field::default() };
            let (rows, cursor) = draw(&field, 5, 1);
            let cursor = cursor.unwrap();
            assert!(cursor.x < 5);
            let under = rows[0].chars().nth(usize::from(cursor.x));
            let expected = lines[0].chars().nth(at).unwrap_or(' ');
            assert_eq!(under, Some(expected), "character {at}");
        }
    }

    #[test]
    fn wide_and_hidden_characters_keep_the_cursor_in_its_place() {
        let lines = ["日本語".to_owned()];
        let field = Field { lines: &lines, cursor: (0, 2), focused: true, ..Field::default() };
        assert_eq!(draw(&field, 10, 1).1, Some(Position::new(4, 0)));
        let masked = Field { masked: true, ..field };
        assert_eq!(draw(&masked, 5, 1), (vec!["•••  ".to_owned()], Some(Position::new(2, 0))));
    }

    #[test]
    fn several_lines_scroll_and_an_empty_field_says_what_it_is_for() {
        let lines: Vec<String> = ["one", "two", "three"].map(String::from).to_vec();
        let field = Field { lines: &lines, cursor: (2, 5), focused: true, ..Field::default() };
        let (rows, cursor) = draw(&field, 6, 2);
        assert_eq!(
            (rows, cursor),
            (vec!["two   ".to_owned(), "three ".to_owned()], Some(Position::new(5, 1)),)
        );
        let (rows, cursor) = draw(&Field { placeholder: "a URL", ..Field::default() }, 6, 1);
        assert_eq!((rows[0].as_str(), cursor), ("a URL ", None));
    }
}
