//! The use-cases, one a file, shared by the screens and the command line.
//!
//! An operation never prompts, never prints and never spawns: asking and showing belong to
//! the front ends.

pub mod acquaintance;
pub mod adopt;
pub mod amend;
mod apply;
pub mod backup;
pub mod change;
pub mod check;
pub mod checklist;
pub mod dashboard;
pub mod demo;
pub mod desired;
pub mod difference;
pub mod doctor;
pub mod drift;
pub mod edit;
pub mod evidence;
pub mod examine;
pub mod export;
pub mod generate;
mod history;
pub mod import;
pub mod init;
pub mod journal;
pub mod migrate;
pub mod migrations_desk;
mod named;
pub mod operations_desk;
pub mod origins;
mod outside;
mod patience;
pub mod picture;
pub mod preparation;
pub mod proof;
pub mod pull;
pub mod push;
pub mod rehearse;
mod replay;
pub mod reset;
pub mod restore;
pub mod review;
pub mod rollback;
pub mod run;
mod script;
pub mod seed;
mod seeds;
pub mod session;
pub mod standing;
pub mod status;
pub mod wording;
