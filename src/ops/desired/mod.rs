//! The schema a project wants: its SQL from files, folders or a command, run in a scratch
//! database in an order that works, whatever the names of the files.
//!
//! The SQL is never parsed to find out what it means. It is only cut into statements, and judged
//! by its first words where running it would reach beyond the scratch database.

mod circle;
mod execute;
mod judge;
mod sources;

pub use execute::execute;
pub(super) use execute::{Judged, judged};
pub(super) use judge::{each_word, is_setting, refusal, without_meta_commands, words};
pub use sources::{read, sources};
