//! Text fields of one line and of several: what is in them, where the cursor stands, and what
//! keys do to them.
//!
//! The editing itself (words, undo, the kill buffer) is `tui-textarea`'s; this is the only
//! place in the core that names it. A field of one line never holds a line break: pasted ones
//! become spaces.

use tui_textarea::{CursorMove, Input, Key as AreaKey, TextArea};

use crate::app::key::{Code, Key};

/// A one-line text field.
#[derive(Debug, Clone, Default)]
pub struct Field {
    area: TextArea<'static>,
}

impl Field {
    /// A field with this text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![one_line(text)]);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// How many characters stand before the cursor.
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Puts in text as if it were typed.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(one_line(text));
    }

    /// Takes a key; whether the key meant something to a field. Enter, Escape, Tab and the
    /// arrows up and down are never a field's.
    pub fn key(&mut self, key: Key) -> bool {
        let code = match key.code {
            Code::Char(character) => AreaKey::Char(character),
            Code::Backspace => AreaKey::Backspace,
            Code::Delete => AreaKey::Delete,
            Code::Left => AreaKey::Left,
            Code::Right => AreaKey::Right,
            Code::Home => AreaKey::Home,
            Code::End => AreaKey::End,
            _ => return false,
        };
        // Ctrl+m and Ctrl+j would break the line; Ctrl+n and Ctrl+p would leave it.
        let leaves = key.ctrl && matches!(key.code, Code::Char('m' | 'j' | 'n' | 'p' | 'v'));
        if leaves {
            return false;
        }
        self.area.input(Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: key.shift });
        true
    }
}

fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r'], " ")
}

/// A text of several lines.
#[derive(Debug, Clone, Default)]
pub struct Page {
    area: TextArea<'static>,
}

impl Page {
    /// A page with this text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        let lines = text.split('\n').map(ToOwned::to_owned).collect();
        let mut area = TextArea::new(lines);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// Its lines; always at least one.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// All of it, its lines parted by line feeds.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The line the cursor is on, and how many characters stand before it there.
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        (at.0, at.1)
    }

    /// Puts in text as if it were typed.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }

    /// Breaks the line at the cursor.
    pub fn break_line(&mut self) {
        self.area.insert_newline();
    }

    /// Takes a key; whether the key meant something to a page. Enter, Escape and Tab are never
    /// a page's.
    pub fn key(&mut self, key: Key) -> bool {
        let code = match key.code {
            Code::Char(character) => AreaKey::Char(character),
            Code::Backspace => AreaKey::Backspace,
            Code::Delete => AreaKey::Delete,
            Code::Left => AreaKey::Left,
            Code::Right => AreaKey::Right,
            Code::Up => AreaKey::Up,
            Code::Down => AreaKey::Down,
            Code::PageUp => AreaKey::PageUp,
            Code::PageDown => AreaKey::PageDown,
            Code::Home => AreaKey::Home,
            Code::End => AreaKey::End,
            _ => return false,
        };
        self.area.input(Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: key.shift });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_letters_and_stays_one_line() {
        let mut field = Field::new("ab");
        field.key(Key::plain(Code::Char('c')));
        field.key(Key::plain(Code::Left));
        field.paste("x\r\ny\nz");
        assert_eq!(field.text(), "abx y zc");
        assert!(!field.key(Key::plain(Code::Enter)));
        assert!(!field.key(Key::ctrl('m')));
        field.key(Key::ctrl('u'));
        assert_eq!(field.text().lines().count(), 1);
    }
}
