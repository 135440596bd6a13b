//! Where overlays stand on the screen: shared by the views, which draw there, and by the
//! mouse, which clicks there. It decides geometry and nothing else.

use ratatui::layout::Rect;

use crate::app::key::{Code, Key, Mouse, MouseAction};

/// A place in the middle of the screen, a little above it, where the eye rests. `width` and
/// `height` count the frame; where there is no room it is smaller.
pub fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width.saturating_sub(2));
    let height = height.min(screen.height.saturating_sub(2));
    let (across, down) = (screen.width - width, screen.height - height);
    Rect { x: screen.x + across / 2, y: screen.y + (down * 2) / 5, width, height }
}

/// A width that reads well: three fifths of the screen, between `least` and 76 cells.
pub fn narrow(screen: Rect, least: u16) -> u16 {
    let part = u32::from(screen.width) * 3 / 5;
    u16::try_from(part).unwrap_or(u16::MAX).clamp(least.min(76), 76)
}

/// What lies within a dialog's frame and the blank column at each side of it.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// The line of `area` the mouse is on.
pub fn line_at(area: Rect, mouse: Mouse) -> Option<usize> {
    let across = (area.left()..area.right()).contains(&mouse.x);
    let down = (area.top()..area.bottom()).contains(&mouse.y);
    (across && down).then(|| usize::from(mouse.y - area.y))
}

/// A cursor in a list of which only some lines are on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The line under the cursor.
    pub cursor: usize,
    /// The first line on the screen.
    pub top: usize,
    /// Whether a `g` was pressed that may be the first of two.
    pub is_going: bool,
}

impl Scroll {
    /// Takes a key that moves through something to read; whether it was one.
    pub fn key(&mut self, key: Key, lines: usize, height: usize) -> bool {
        let going = std::mem::take(&mut self.is_going);
        let page = signed(height.saturating_sub(1).max(1));
        let step = match key.code {
            Code::Char('d') if key.ctrl => page / 2,
            Code::Char('u') if key.ctrl => -(page / 2),
            Code::Char('f') if key.ctrl => page,
            Code::Char('b') if key.ctrl => -page,
            _ if key.ctrl || key.alt => return false,
            Code::Up | Code::Char('k') => -1,
            Code::Down | Code::Char('j') => 1,
            Code::PageUp => -page,
            Code::PageDown | Code::Char(' ') => page,
            Code::Home => isize::MIN,
            Code::Char('g') if going => isize::MIN,
            Code::Char('g') => {
                self.is_going = true;
                0
            }
            Code::End | Code::Char('G') => isize::MAX,
            _ => return false,
        };
        self.by(step, lines, height);
        true
    }

    /// Takes the mouse over lines that stand in `body`: the wheel scrolls, a click moves the cursor.
    pub fn mouse(&mut self, mouse: Mouse, body: Rect, lines: usize) {
        let height = usize::from(body.height).max(1);
        match mouse.action {
            MouseAction::WheelUp => self.wheel(-3, lines, height),
            MouseAction::WheelDown => self.wheel(3, lines, height),
            MouseAction::Press => {
                if let Some(line) = line_at(body, mouse) {
                    self.to(self.top + line, lines, height);
                }
            }
            _ => {}
        }
    }

    /// Moves the cursor to a line of `lines` and keeps it on a screen of `height`.
    pub fn to(&mut self, line: usize, lines: usize, height: usize) {
        let height = height.max(1);
        self.cursor = line.min(lines.saturating_sub(1));
        let lowest = (self.cursor + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.cursor);
        self.top = self.top.min(lines.saturating_sub(height.min(lines)));
    }

    /// Moves the cursor by lines.
    pub fn by(&mut self, step: isize, lines: usize, height: usize) {
        self.to(self.cursor.saturating_add_signed(step), lines, height);
    }

    /// Turns the wheel: the view moves, the cursor only as far as it must to stay on it.
    pub fn wheel(&mut self, step: isize, lines: usize, height: usize) {
        let height = height.max(1);
        self.top = self.top.saturating_add_signed(step).min(lines.saturating_sub(height));
        let last = lines.saturating_sub(1);
        self.cursor = self.cursor.clamp(self.top, self.top + height - 1).min(last);
    }
}

/// A step down for a positive number, up for a negative one.
pub fn signed(lines: usize) -> isize {
    isize::try_from(lines).unwrap_or(isize::MAX)
}
