//! How a project's migrations stand in a database: the folder, what the database remembers, and
//! what follows from the two. Only reads.

use crate::migrations::{Entry, Format, Misfit};

/// How the migrations of a project stand in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The form of the migrations.
    pub format: Format,
    /// The folder, as a path to show.
    pub folder: String,
    /// The history table as the database names it; none while there is none.
    pub history: Option<String>,
    /// The migrations in the order they run; those whose file is missing at their number's place.
    pub entries: Vec<Entry>,
    /// The files that look like migrations and are none.
    pub misfits: Vec<Misfit>,
    /// What else the person should know, in sentences.
    pub notes: Vec<String>,
}

impl Standing {
    /// The migrations that wait to be applied, in their order.
    pub fn pending(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.state.is_pending())
    }
}
