//! The studio without a terminal: a pure core in the Elm architecture.
//!
//! A [`Msg`](msg::Msg) goes in, the [`Model`](model::Model) changes, [`Effect`](effect::Effect)s
//! come out. Nothing here reads a file, a socket or a clock, spawns, waits, or names a terminal
//! library (a `Rect` is geometry).

pub mod browse;
pub mod change;
pub mod checklist;
mod clipboard;
pub mod command;
pub mod commands;
pub mod edit;
pub mod edit_apply;
pub mod edit_long;
pub mod edit_paste;
pub mod edit_rows;
pub mod effect;
mod export;
pub mod field;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod migrations;
pub mod model;
pub mod msg;
pub mod operations;
pub mod overlays;
pub mod panes;
mod pointer;
mod replies;
pub mod span;
pub mod staged;
pub mod status;
pub mod update;
pub mod welcome;
