//! Migrations as files: what is in the folder, what the next one is called, and writing it whole
//! or not at all. Nothing here runs a migration or knows what is in one.

mod folder;
mod name;
mod pair;

pub use folder::{Migration, read};
pub use name::{Next, next, slug};
pub use pair::{Pair, write, write_all};
