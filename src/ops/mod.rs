//! The use-cases, one a file, shared by the screens and the command line.
//!
//! An operation never prompts, never prints and never spawns: asking and showing belong to
//! the front ends.

pub mod change;
pub mod demo;
pub mod desired;
pub mod edit;
pub mod examine;
pub mod generate;
mod history;
pub mod init;
pub mod journal;
mod patience;
pub mod preparation;
pub mod proof;
pub mod pull;
pub mod push;
mod replay;
pub mod review;
pub mod run;
pub mod session;
pub mod standing;
pub mod status;
pub mod wording;
