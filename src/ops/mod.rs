//! The use-cases, one a file, shared by the screens and the command line.
//!
//! An operation never prompts, never prints and never spawns: asking and showing belong to
//! the front ends.

pub mod demo;
pub mod desired;
pub mod init;
pub mod proof;
pub mod session;
pub mod status;
