//! The use-cases, one a file, shared by the screens and the command line.
//!
//! An operation never prompts, never prints and never spawns: asking and showing belong to
//! the front ends.

mod apply;
pub mod change;
pub mod check;
pub mod demo;
pub mod desired;
pub mod difference;
pub mod drift;
pub mod evidence;
pub mod examine;
pub mod generate;
mod history;
pub mod init;
pub mod migrate;
mod patience;
pub mod preparation;
pub mod proof;
pub mod pull;
pub mod push;
pub mod rehearse;
mod replay;
pub mod review;
pub mod run;
mod script;
pub mod session;
pub mod standing;
pub mod status;
pub mod wording;
