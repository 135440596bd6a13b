//! The terminal's events as the core understands them.
//!
//! One key has one meaning here, whichever way a terminal reports it; what the studio never
//! binds (releases, lone modifiers, other mouse buttons) is dropped.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::app::key::{Code, Input, Key, Mouse, MouseAction};
use crate::app::msg::Msg;

/// The message an event makes, if it makes one.
pub fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => key(event).map(|key| Msg::Input(Input::Key(key))),
        Event::Mouse(event) => mouse(event).map(|mouse| Msg::Input(Input::Mouse(mouse))),
        Event::Paste(text) => Some(Msg::Input(Input::Paste(lines(text)))),
        Event::Resize(columns, rows) => Some(Msg::Resized(columns.max(1), rows.max(1))),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Terminals send the lines of a paste ended by carriage returns.
fn lines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let held = |modifier| event.modifiers.contains(modifier);
    let mut key = Key {
        code: Code::Esc,
        ctrl: held(KeyModifiers::CONTROL),
        alt: held(KeyModifiers::ALT),
        shift: held(KeyModifiers::SHIFT),
    };
    key.code = match event.code {
        KeyCode::Char(character) => {
            key.shift = false;
            match character {
                // What Backspace sends in terminals of the VT100's family.
                'h' | 'H' if key.ctrl => {
                    key.ctrl = false;
                    Code::Backspace
                }
                _ if key.ctrl => Code::Char(character.to_ascii_lowercase()),
                _ if character.is_control() => return None,
                _ => Code::Char(character),
            }
        }
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => {
            key.shift = true;
            Code::Tab
        }
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    Some(key)
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let action = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseAction::Press,
        MouseEventKind::Drag(MouseButton::Left) => MouseAction::Drag,
        MouseEventKind::Up(MouseButton::Left) => MouseAction::Release,
        MouseEventKind::ScrollUp => MouseAction::WheelUp,
        MouseEventKind::ScrollDown => MouseAction::WheelDown,
        MouseEventKind::ScrollLeft => MouseAction::WheelLeft,
        MouseEventKind::ScrollRight => MouseAction::WheelRight,
        _ => return None,
    };
    Some(Mouse { action, x: event.column, y: event.row })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        key(KeyEvent::new(code, modifiers)).map(|key| key.to_string())
    }

    #[test]
    fn a_key_has_one_meaning_however_it_is_reported() {
        let shift = KeyModifiers::SHIFT;
        let ctrl = KeyModifiers::CONTROL;
        for (code, modifiers, expected) in [
            (KeyCode::Char('G'), shift, "G"),
            (KeyCode::Char('G'), KeyModifiers::NONE, "G"),
            (KeyCode::Char('P'), ctrl, "ctrl+p"),
            (KeyCode::Char('P'), ctrl | shift, "ctrl+p"),
            (KeyCode::Char('h'), ctrl, "backspace"),
            (KeyCode::Backspace, KeyModifiers::NONE, "backspace"),
            (KeyCode::BackTab, shift, "shift+tab"),
            (KeyCode::BackTab, KeyModifiers::NONE, "shift+tab"),
            (KeyCode::Char('x'), KeyModifiers::ALT, "alt+x"),
            (KeyCode::F(1), KeyModifiers::NONE, "f1"),
            (KeyCode::Char(' '), KeyModifiers::NONE, "space"),
        ] {
            assert_eq!(read(code, modifiers).as_deref(), Some(expected));
        }
        assert_eq!(read(KeyCode::CapsLock, KeyModifiers::NONE), None);
        let mut released = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(key(released), None);
    }

    #[test]
    fn pasted_lines_end_as_lines_do() {
        let pasted = message(Event::Paste("a\rb\r\nc".to_owned()));
        assert_eq!(pasted, Some(Msg::Input(Input::Paste("a\nb\nc".to_owned()))));
    }
}
