//! A question of yes or no, and what happens on yes: a message stored as data.

use crate::app::key::{Code, Key};
use crate::app::msg::Msg;
use crate::app::overlays::Next;

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// The question, as one short sentence.
    pub title: String,
    /// What either answer means.
    pub text: String,
    /// What `y` does, in one or two words.
    pub yes: String,
    /// What happens on yes.
    pub then: Msg,
}

impl Confirm {
    /// `y` or Enter says yes; `n`, `q` and Escape say no.
    pub fn key(&mut self, key: Key) -> Next {
        match key.code {
            Code::Char('y' | 'Y') | Code::Enter => Next::Then(self.then.clone()),
            Code::Char('n' | 'N' | 'q') | Code::Esc => Next::Close,
            Code::Char('c') if key.ctrl => Next::Close,
            _ => Next::Stay,
        }
    }
}
