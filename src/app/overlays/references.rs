//! Rows that refer to the row under the cursor: which tables, through which key, how many.

use ratatui::layout::Rect;

use crate::app::browse::{self, Referrer};
use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::Model;
use crate::app::msg::Event;
use crate::app::overlays::Next;
use crate::app::overlays::place::{Scroll, centred, inside, line_at, signed};
use crate::app::update::screen;
use crate::ops::session::{Answer, REFERENCE_LIMIT};
use crate::problem::Problem;
use crate::text;

/// The list of those that may refer.
#[derive(Debug)]
pub struct References {
    /// Who may refer.
    pub referrers: Vec<Referrer>,
    /// How many rows of each do.
    pub counts: Counts,
    /// The cursor.
    pub list: Scroll,
}

/// What is known of the counts.
#[derive(Debug)]
pub enum Counts {
    /// They are being read.
    Reading,
    /// They are here, in the order of the referrers.
    Known(Vec<u64>),
    /// They could not be read, or somebody stopped it.
    Failed(Problem),
}

impl References {
    /// A list whose counts are on their way.
    pub fn new(referrers: Vec<Referrer>) -> Self {
        Self { referrers, counts: Counts::Reading, list: Scroll::default() }
    }

    /// The count of one referrer in words; `None` while it is not known.
    pub fn count(&self, line: usize) -> Option<String> {
        let Counts::Known(counts) = &self.counts else { return None };
        counts.get(line).map(|count| match *count {
            0 => "no rows".to_owned(),
            1 => "1 row".to_owned(),
            many if many > REFERENCE_LIMIT => format!("{}+ rows", text::grouped(REFERENCE_LIMIT)),
            many => format!("{} rows", text::grouped(many)),
        })
    }

    /// Where it stands. Each referrer has two lines.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let lines = u16::try_from(self.referrers.len() * 2).unwrap_or(u16::MAX);
        let width = (u32::from(screen.width) * 3 / 5).clamp(64, 90) as u16;
        centred(screen, width, lines.saturating_add(4).min(screen.height.saturating_sub(4)))
    }

    /// Where the referrers stand in there.
    pub fn lines(area: Rect) -> Rect {
        let inner = inside(area);
        Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(1), ..inner }
    }

    fn height(&self, model: &Model) -> usize {
        (usize::from(Self::lines(self.area(model)).height) / 2).max(1)
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let height = self.height(model);
        let page = signed(height);
        let step = match key.code {
            Code::Esc | Code::Char('q' | 'O') => return Self::leave(model, effects),
            Code::Char('c') if key.ctrl => {
                if model.tickets.cancel(Slot::References) {
                    effects.push(Effect::Cancel(Slot::References));
                    return Next::Stay;
                }
                return Self::leave(model, effects);
            }
            Code::Enter | Code::Char('l') | Code::Right => return self.open(model, effects),
            Code::Up | Code::Char('k') => -1,
            Code::Down | Code::Char('j') => 1,
            Code::PageUp => -page,
            Code::PageDown => page,
            Code::Home | Code::Char('g') => isize::MIN,
            Code::End | Code::Char('G') => isize::MAX,
            _ => 0,
        };
        self.list.by(step, self.referrers.len(), height);
        Next::Stay
    }

    /// Takes the mouse: a click opens, a click outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let height = self.height(model);
        let area = self.area(model);
        match mouse.action {
            MouseAction::WheelUp => self.list.wheel(-1, self.referrers.len(), height),
            MouseAction::WheelDown => self.list.wheel(1, self.referrers.len(), height),
            MouseAction::Press => {
                if line_at(area, mouse).is_none() {
                    return Self::leave(model, effects);
                }
                if let Some(line) = line_at(Self::lines(area), mouse) {
                    let line = self.list.top + line / 2;
                    if line < self.referrers.len() {
                        self.list.cursor = line;
                        return self.open(model, effects);
                    }
                }
            }
            _ => {}
        }
        Next::Stay
    }

    /// Takes the counts; whether the answer was for it.
    pub fn reply(&mut self, slot: Slot, event: &Event) -> bool {
        if slot != Slot::References {
            return false;
        }
        match event {
            Event::Done(Answer::References(counts)) => self.counts = Counts::Known(counts.clone()),
            Event::Done(_) | Event::Progress(_) | Event::Ran(_) | Event::Said(_) => {
                return false;
            }
            Event::Failed(problem) => self.counts = Counts::Failed(problem.clone()),
        }
        true
    }

    fn leave(model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        model.abandon(Slot::References, effects);
        Next::Close
    }

    fn open(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(referrer) = self.referrers.get(self.list.cursor) else { return Next::Stay };
        let (name, filter) = (referrer.incoming.source.clone(), referrer.filter.clone());
        model.abandon(Slot::References, effects);
        browse::open(model, name, filter, true, effects);
        Next::Close
    }
}
