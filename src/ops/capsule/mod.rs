//! The undo capsule: what a migration is going to destroy is found out before it runs, kept in the
//! database as it runs, and put back when it is taken back. What cannot be kept or put back is said.
//!
//! Nothing here asks anybody, and no value leaves the database.

mod aside;
mod destroyed;
mod keep;
mod plan;
mod restore;
mod way_back;

pub(super) use keep::{finish, keep, supersede};
pub(super) use plan::plan;
pub(super) use restore::{Restoring, guarded};
pub(super) use way_back::notes;

use crate::config::Target;
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::migrations::capsule::table::Size;
use crate::migrations::capsule::{Sort, named};
use crate::schema::RelationName;

/// Something a migration is going to destroy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// The table, as it is called before the migration.
    pub table: RelationName,
    /// What is destroyed.
    pub sort: Sort,
    /// The columns whose values are destroyed; empty where whole rows are.
    pub columns: Vec<String>,
    /// How large it is, where it was measured: what an earlier migration of the same run makes is
    /// not there yet.
    pub size: Option<Size>,
    /// What the table is called after the migration, where that is another name.
    pub later: Option<(String, String)>,
    /// The columns that are called otherwise after the migration: the name before, the name then.
    pub renamed: Vec<(String, String)>,
    /// Whether the tables that point at it are emptied with it.
    pub truncates: bool,
    /// Whether it is kept; `None` where that is decided as it runs.
    pub kept: Option<bool>,
}

impl Save {
    /// Something that was not measured yet.
    pub(super) fn new(table: RelationName, sort: Sort, columns: Vec<String>) -> Self {
        let (later, renamed) = (None, Vec::new());
        Self { table, sort, columns, size: None, later, renamed, truncates: false, kept: None }
    }

    /// What a column is called after the migration, where that is another name.
    fn column_later(&self, name: &str) -> Option<String> {
        let found = self.renamed.iter().find(|(before, _)| before == name);
        found.map(|(_, then)| then.clone())
    }

    /// What is destroyed: `customers.note`.
    pub fn what(&self) -> String {
        named(&self.table, &self.columns)
    }
}

/// How keeping and putting back work: with whose settings, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The statements that set the session as it was when it was opened (PostgreSQL).
    pub(super) own: &'a str,
    /// The database: how much is kept there, and what is masked.
    pub(super) target: &'a Target,
    /// Ends it.
    pub(super) stop: &'a Stop,
}

/// Runs statements one after the other.
async fn all(connection: &mut Connection, statements: &[String], stop: &Stop) -> Result<(), Fault> {
    for sql in statements {
        connection.run(sql, stop).await?;
    }
    Ok(())
}

/// The numbers in the first row of an answer.
async fn numbers(connection: &mut Connection, sql: &str, stop: &Stop) -> Result<Vec<u64>, Fault> {
    let row = connection.query(sql, stop).await?.into_iter().next().unwrap_or_default();
    Ok(row.into_iter().map(|cell| cell.and_then(|text| text.parse().ok()).unwrap_or(0)).collect())
}

/// The one number of an answer.
async fn number(connection: &mut Connection, sql: &str, stop: &Stop) -> Result<u64, Fault> {
    Ok(numbers(connection, sql, stop).await?.first().copied().unwrap_or(0))
}
