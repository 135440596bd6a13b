//! The terminal: it draws the model, reads the keys and carries out effects.
//!
//! It decides nothing. What is shown and what a key does is settled in `app`; here are the
//! loop, the guard that gives the terminal back, the runner, and the looks.

mod clipboard;
mod editor;
mod event_loop;
pub mod glyphs;
mod keys;
pub mod look;
mod opening;
mod painter;
mod runner;
mod signals;
mod terminal;
pub mod theme;
pub mod view;
pub mod widgets;

pub use opening::open;
pub use signals::Ending;
