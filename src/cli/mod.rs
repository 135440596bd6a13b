//! The command line: arguments in, a result on standard output, talk on standard error, an exit
//! code. It drives the same use-cases as the screens and never names them: what opens the studio
//! is handed back to `main` as an [`Outcome`].

mod acquainted;
mod adopt;
mod amend;
mod args;
mod ask;
mod backup;
mod capsules;
mod change;
mod check;
mod checklist;
mod compare;
mod doctor;
mod drift;
mod examine;
mod export;
mod import;
mod migrate;
mod migrations;
mod print;
mod rehearse;
mod reset;
mod review;
mod run;
mod seed;
mod status;
mod workflow;

pub use args::command;
pub use print::report;
pub use run::{Outcome, StudioArguments, run};
