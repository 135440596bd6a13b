//! The help: every command with the keys in force, narrowed by typing.

use ratatui::layout::Rect;

use crate::app::command::{COMMANDS, Scope};
use crate::app::field::Field;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::place::{centred, inside, line_at, signed};
use crate::app::update::screen;

/// The cells a column of the help wants.
const COLUMN: u16 = 62;

/// The cells between two columns.
pub const GAP: u16 = 4;

/// The help.
#[derive(Debug, Default)]
pub struct Help {
    /// What the lines are narrowed by.
    pub field: Field,
    /// The first line on the screen.
    pub top: usize,
}

/// One line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Nothing, before a heading.
    Blank,
    /// Where the commands below apply.
    Group(&'static str),
    /// A command: its keys and what it does.
    Command(Vec<String>, &'static str),
}

const GROUPS: [(Scope, &str); 7] = [
    (Scope::Everywhere, "Everywhere"),
    (Scope::Moving, "Moving, in lists and grids"),
    (Scope::Tree, "In the tree of tables"),
    (Scope::Grid, "In the rows"),
    (Scope::Schema, "In the structure of a table"),
    (Scope::Status, "In the status"),
    (Scope::Migrations, "In the migrations"),
];

impl Help {
    /// The lines that match, headings included.
    pub fn lines(&self, model: &Model) -> Vec<Line> {
        let wanted = self.field.text().trim().to_lowercase();
        let mut lines = Vec::new();
        for (scope, name) in GROUPS {
            let rows = COMMANDS.iter().enumerate().filter(|(_, command)| command.scope == scope);
            let commands: Vec<Line> = rows
                .filter_map(|(row, command)| {
                    let keys = model.keymap.keys_of(row);
                    let hit = wanted.is_empty()
                        || command.title.to_lowercase().contains(&wanted)
                        || keys.iter().any(|key| key.to_lowercase() == wanted);
                    (hit && !keys.is_empty()).then_some(Line::Command(keys, command.title))
                })
                .collect();
            if commands.is_empty() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(Line::Blank);
            }
            lines.push(Line::Group(name));
            lines.extend(commands);
        }
        lines
    }

    /// The lines in the columns they stand in; the columns scroll together.
    pub fn columns(&self, model: &Model) -> Vec<Vec<Line>> {
        let count = Self::column_count(model);
        let lines = self.lines(model);
        let each = lines.len().div_ceil(count).max(1);
        let mut columns: Vec<Vec<Line>> = vec![Vec::new()];
        for line in lines {
            let full = columns.last().is_some_and(|column| column.len() >= each);
            // A heading never ends a column, and a blank line never begins one.
            let heading = matches!(line, Line::Group(_) | Line::Blank);
            let near = columns.last().is_some_and(|column| column.len() + 2 >= each);
            if columns.len() < count && (full || (near && heading)) {
                columns.push(Vec::new());
            }
            let empty = columns.last().is_some_and(Vec::is_empty);
            if let Some(column) = columns.last_mut().filter(|_| !(empty && line == Line::Blank)) {
                column.push(line);
            }
        }
        columns
    }

    fn column_count(model: &Model) -> usize {
        let room = model.size.0.saturating_sub(8) + GAP;
        usize::from((room / (COLUMN.min(54) + GAP)).clamp(1, 3))
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let columns = u16::try_from(Self::column_count(model)).unwrap_or(1);
        let width = (columns * (COLUMN + GAP)).saturating_sub(GAP) + 4;
        let full = Self::default().columns(model).iter().map(Vec::len).max().unwrap_or(0);
        let height = u16::try_from(full).unwrap_or(u16::MAX).saturating_add(4);
        centred(screen, width, height.min(screen.height.saturating_sub(2)))
    }

    /// Where its lines stand in there: below the field and a blank line.
    pub fn body(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(2), height: inner.height.saturating_sub(2), ..inner }
    }

    /// Takes a key: letters narrow, arrows scroll.
    pub fn key(&mut self, key: Key, model: &Model) -> Next {
        let empty = self.field.is_empty();
        let height = usize::from(Self::body(self.area(model)).height);
        let page = signed(height.saturating_sub(1).max(1));
        let step = match key.code {
            Code::Esc if empty => return Next::Close,
            Code::Esc => {
                self.field = Field::default();
                self.top = 0;
                return Next::Stay;
            }
            Code::F(1) => return Next::Close,
            Code::Char('?' | 'q') if empty => return Next::Close,
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Up => -1,
            Code::Down => 1,
            Code::Char('p') if key.ctrl => -1,
            Code::Char('n') if key.ctrl => 1,
            Code::PageUp => -page,
            Code::PageDown | Code::Enter => page,
            Code::Char(' ') if empty => page,
            _ => {
                if self.field.key(key) {
                    self.top = 0;
                }
                return Next::Stay;
            }
        };
        self.scroll(step, model);
        Next::Stay
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) -> Next {
        self.field.paste(text);
        self.top = 0;
        Next::Stay
    }

    /// Takes the mouse: the wheel scrolls, a click outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &Model) -> Next {
        match mouse.action {
            MouseAction::WheelUp => self.scroll(-3, model),
            MouseAction::WheelDown => self.scroll(3, model),
            MouseAction::Press if line_at(self.area(model), mouse).is_none() => return Next::Close,
            _ => {}
        }
        Next::Stay
    }

    fn scroll(&mut self, step: isize, model: &Model) {
        let height = usize::from(Self::body(self.area(model)).height);
        let rows = self.columns(model).iter().map(Vec::len).max().unwrap_or(0);
        self.top = self.top.saturating_add_signed(step).min(rows.saturating_sub(height));
    }
}
