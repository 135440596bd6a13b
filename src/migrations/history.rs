//! What a database remembers of its migrations, as the tool of the format writes it down.
//!
//! Reading asks; writing is SQL handed to whoever applies, so that it runs in the migration's own
//! transaction. A history table of another tool is never made without somebody's consent.

use std::time::Duration;

/// A migration the database remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// What identifies it in the history of its format, and in [`super::Migration::key`].
    pub key: String,
    /// What it is called, where the history says.
    pub name: Option<String>,
    /// The checksum written down when it was applied, as bytes of the format's own form.
    pub checksum: Option<Vec<u8>>,
    /// Whether it came to its end; a history that only holds what did says so of each.
    pub finished: bool,
    /// Whether it was taken back, in a history that keeps such rows (Prisma).
    pub rolled_back: bool,
    /// When it was applied, as the database prints it, where the history says.
    pub when: Option<String>,
    /// How long it took, where the history says.
    pub took: Option<Duration>,
    /// Who applied it, where we did and wrote it down.
    pub by: Option<String>,
}
