//! The backups of the database, the newest first. Choosing one leads to what bringing it back would
//! do; nothing is restored from here.

use ratatui::layout::Rect;

use crate::app::effect::Effect;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::{Model, Tone};
use crate::app::operations;
use crate::app::overlays::Next;
use crate::app::overlays::place::{Scroll, centred, inside, line_at, narrow, signed};
use crate::app::update::screen;
use crate::ops::operations_desk::{Backups, Wish};

/// The list.
#[derive(Debug)]
pub struct BackupList {
    /// The backups.
    pub found: Backups,
    /// The cursor.
    pub list: Scroll,
}

impl BackupList {
    /// A list from the newest on.
    pub fn new(found: Backups) -> Self {
        Self { found, list: Scroll::default() }
    }

    /// Where it stands. Each backup has two lines.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let lines = u16::try_from((self.found.all.len() * 2).max(3)).unwrap_or(u16::MAX);
        let height = lines.saturating_add(4).min(screen.height.saturating_sub(4));
        centred(screen, narrow(screen, 70), height)
    }

    /// Where the backups stand in there.
    pub fn lines(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(2), ..inner }
    }

    /// The backups that fit the screen.
    pub fn height(&self, model: &Model) -> usize {
        (usize::from(Self::lines(self.area(model)).height) / 2).max(1)
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let height = self.height(model);
        let step = match key.code {
            Code::Esc | Code::Char('q') => return Next::Close,
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Enter => return self.choose(model, effects),
            Code::Char('b') => {
                operations::order(model, Wish::Backup, effects);
                return Next::Close;
            }
            Code::Up | Code::Char('k') => -1,
            Code::Down | Code::Char('j') => 1,
            Code::PageUp => -signed(height),
            Code::PageDown => signed(height),
            Code::Home | Code::Char('g') => isize::MIN,
            Code::End | Code::Char('G') => isize::MAX,
            _ => 0,
        };
        self.list.by(step, self.found.all.len(), height);
        Next::Stay
    }

    /// Takes the mouse: a click chooses, a click outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let (height, area) = (self.height(model), self.area(model));
        match mouse.action {
            MouseAction::WheelUp => self.list.wheel(-1, self.found.all.len(), height),
            MouseAction::WheelDown => self.list.wheel(1, self.found.all.len(), height),
            MouseAction::Press => {
                let Some(line) = line_at(Self::lines(area), mouse) else {
                    let within = line_at(area, mouse).is_some();
                    return if within { Next::Stay } else { Next::Close };
                };
                let at = self.list.top + line / 2;
                if at < self.found.all.len() {
                    self.list.cursor = at;
                    return self.choose(model, effects);
                }
            }
            _ => {}
        }
        Next::Stay
    }

    fn choose(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some((backup, _, is_there)) = self.found.all.get(self.list.cursor) else {
            return Next::Stay;
        };
        if !is_there {
            model.notify(Tone::Bad, format!("The file {} is not there any more", backup.file));
            return Next::Stay;
        }
        operations::order(model, Wish::Restore(backup.file.clone()), effects);
        Next::Close
    }
}
