//! Whether what is in a database is sound, as facts: rows without their parents, constraints that
//! were never checked, sequences behind their columns, indexes that are not used, pages that are
//! damaged. Nothing here is changed, and nothing is judged.

use super::connection::Connection;
use super::fault::Fault;
use super::stop::Stop;
use super::{postgres, sqlite};
use crate::problem::Result;
use crate::schema::model::Scope;

/// How far a look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// A table with more rows than this, by statistics, is left out, and named.
    pub rows: u64,
}

impl Depth {
    /// A look that takes seconds at most.
    pub const QUICK: Self = Self { rows: 1_000_000 };
    /// A look at everything.
    pub const THOROUGH: Self = Self { rows: u64::MAX };
}

/// Rows of a table that name a row of another that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// The table with such rows.
    pub table: String,
    /// The foreign key, or the table it leads to where it has no name.
    pub key: String,
    /// How many.
    pub rows: u64,
}

/// A sequence that would next give a value its column already has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The sequence.
    pub sequence: String,
    /// The column it fills.
    pub column: String,
    /// The value it gives next.
    pub next: i64,
    /// The greatest value of the column.
    pub greatest: i64,
    /// SQL that puts it right.
    pub repair: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Rows without their parents.
    pub orphans: Vec<Orphans>,
    /// Constraints that are there but were never checked against all rows: table and name.
    pub unchecked: Vec<String>,
    /// Sequences behind their columns.
    pub behind: Vec<Behind>,
    /// Indexes that the server keeps but does not use, as a failed CONCURRENTLY leaves them.
    pub broken_indexes: Vec<String>,
    /// Damage the engine itself reports, in its own words.
    pub damage: Vec<String>,
    /// What was not looked at, and why, in sentences.
    pub left_out: Vec<String>,
}

/// What a role may do in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Whether the server takes no writes at all, as a standby or a file that may not be written.
    pub read_only: Option<String>,
    /// Whether tables can be made, in the schema where new ones go.
    pub create: bool,
    /// That schema.
    pub schema: Option<String>,
    /// Whether a scratch database can be made on the server.
    pub scratch: bool,
    /// Tables there are that the role may not read.
    pub unreadable: u64,
}

impl Connection {
    /// Looks whether what is in the database is sound.
    ///
    /// # Errors
    /// The connection is lost or the work was stopped; a question that cannot be answered is left
    /// out and named.
    pub async fn health(&mut self, scope: &Scope, depth: Depth, stop: &Stop) -> Result<Health> {
        let found = match self {
            Self::Postgres(writer) => postgres::health(writer, scope, depth, stop).await,
            Self::Sqlite(writer) => sqlite::health(writer, depth, stop).await,
        };
        found.map_err(|fault: Fault| {
            fault.problem("The data could not be looked at", "try again, or ask the table's owner")
        })
    }

    /// Finds out what the role may do.
    ///
    /// # Errors
    /// The connection is lost or the work was stopped.
    pub async fn rights(&mut self, stop: &Stop) -> Result<Rights> {
        let found = match self {
            Self::Postgres(writer) => postgres::rights(writer, stop).await,
            Self::Sqlite(writer) => sqlite::rights(writer, stop).await,
        };
        found.map_err(|fault: Fault| {
            fault.problem("What the role may do could not be found out", "try again")
        })
    }
}

/// Whether nothing more can be asked after this.
pub(super) fn is_final(fault: &Fault) -> bool {
    fault.lost || fault.stopped
}
