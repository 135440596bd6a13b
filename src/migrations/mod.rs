//! Migrations: the folders they are in and the forms they have, what a database remembers of them,
//! how each stands, and writing a new one whole or not at all. Nothing here knows what a schema
//! should be, prompts, prints, or reads the clock.

pub mod capsule;
mod convert;
mod detect;
mod files;
mod folder;
mod format;
mod history;
pub mod ledger;
mod lock;
mod name;
mod pair;
mod source;
mod state;

pub use convert::{Converted, convert};
pub use detect::Guess;
pub use folder::{Folder, Migration, Misfit, read};
pub use format::Format;
pub use history::{History, Record, Table};
pub use lock::{Holder, Lock};
pub use name::{Next, next, slug};
pub use pair::{Pair, write, write_all};
pub use source::Source;
pub use state::{Entry, HalfDone, State, states};
