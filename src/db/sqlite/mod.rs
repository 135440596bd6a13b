//! SQLite: a file opened for looking, each kind of work on a connection of its own.
//!
//! Connections here only read (`PRAGMA query_only`), never create a file, never change its
//! journal mode, and trust nothing the file's schema says (`trusted_schema` off). What a file
//! holds may have been written by anybody.

mod apply;
mod cancel;
mod catalog;
mod cell;
mod connect;
mod definition;
mod direct;
mod edit;
mod export;
mod failure;
mod faults;
mod health;
mod import;
mod measure;
mod model;
mod relation;
mod rows;
mod vitals;
mod writer;

use std::sync::Arc;

pub(in crate::db) use self::edit::{prove, write};
pub(in crate::db) use self::health::{health, rights};
pub(in crate::db) use self::measure::measure;
pub use self::writer::Writer;
use crate::config::{SqliteAddress, Target};
use crate::db::page::{Page, PageRequest, Selection, ValueRequest};
use crate::db::sqlite::cancel::{Lane, Turn};
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::db::vitals::Vitals;
use crate::db::{RelationSize, ServerFacts};
use crate::problem::Result;
use crate::schema::{Outline, Relation, RelationName};

/// The name of the schema every SQLite file has.
const MAIN: &str = "main";

/// An open SQLite database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

/// What clones share.
#[derive(Debug)]
struct Inner {
    facts: ServerFacts,
    /// Where the file is, for work that opens it once more.
    address: SqliteAddress,
    /// Whether text is stored as UTF-8, so that its bytes can be cut without reading all.
    utf8: bool,
    /// What the person should know of how the file was opened.
    notes: Vec<String>,
    /// For the catalogue and single values: always quick.
    catalog: Arc<Lane>,
    /// For pages: quick, unless the order has no index.
    pages: Arc<Lane>,
    /// For counts and sizes, which read everything.
    slow: Arc<Lane>,
}

impl Sqlite {
    /// Opens the file and asks SQLite what it is.
    ///
    /// # Errors
    /// A problem that tells apart: no such file, a folder, no permission, a file of another
    /// format, a damaged one, one that is locked.
    pub async fn connect(address: &SqliteAddress, target: &Target, stop: &Stop) -> Result<Self> {
        connect::open(address, target, stop).await.map(|inner| Self { inner: Arc::new(inner) })
    }

    /// What was found when the file was opened.
    pub fn server(&self) -> &ServerFacts {
        &self.inner.facts
    }

    /// Everything there is, roughly.
    ///
    /// # Errors
    /// The file cannot be read, or the work was stopped.
    pub async fn outline(&self, stop: &Stop) -> Result<Outline> {
        let mut turn = self.inner.catalog.turn(stop).await?;
        catalog::outline(&mut turn, &self.inner).await
    }

    /// One relation in full.
    ///
    /// # Errors
    /// There is none of that name, the file cannot be read, or the work was stopped.
    pub async fn relation(&self, name: &RelationName, stop: &Stop) -> Result<Relation> {
        let mut turn = self.inner.catalog.turn(stop).await?;
        catalog::relation(&mut turn, &self.inner, name).await
    }

    /// One page of rows.
    ///
    /// # Errors
    /// The request does not fit the relation, SQLite refuses it, or the work was stopped.
    pub async fn page(&self, request: &PageRequest, stop: &Stop) -> Result<Page> {
        let mut turn = self.inner.pages.turn(stop).await?;
        rows::page(&mut turn, request, self.inner.utf8).await
    }

    /// One whole value; `None` when its row is gone.
    ///
    /// # Errors
    /// The request does not fit the relation, SQLite refuses it, or the work was stopped.
    pub async fn value(&self, request: &ValueRequest, stop: &Stop) -> Result<Option<Value>> {
        let mut turn = self.inner.catalog.turn(stop).await?;
        rows::value(&mut turn, request).await
    }

    /// The exact number of rows, counting no further than `limit`.
    ///
    /// # Errors
    /// The filter does not fit the relation, SQLite refuses it, or the work was stopped.
    pub async fn count(&self, rows: &Selection, limit: Option<u64>, stop: &Stop) -> Result<u64> {
        let mut turn: Turn = self.inner.slow.turn(stop).await?;
        rows::count(&mut turn, rows, limit).await
    }

    /// The exact numbers of rows of several tables, counting no further than `limit` in each.
    ///
    /// # Errors
    /// One of them cannot be read, or the work was stopped.
    pub async fn counts(
        &self,
        tables: &[RelationName],
        limit: u64,
        stop: &Stop,
    ) -> Result<Vec<u64>> {
        let mut turn = self.inner.slow.turn(stop).await?;
        rows::counts(&mut turn, tables, limit).await
    }

    /// The exact sizes of all tables, found by looking at every page of the file.
    ///
    /// # Errors
    /// The file cannot be read, or the work was stopped.
    pub async fn sizes(&self, stop: &Stop) -> Result<Vec<RelationSize>> {
        let mut turn = self.inner.slow.turn(stop).await?;
        catalog::sizes(&mut turn).await
    }

    /// How the file is doing right now.
    ///
    /// # Errors
    /// The file cannot be read, or the work was stopped.
    pub async fn vitals(&self, stop: &Stop) -> Result<Vitals> {
        let mut turn = self.inner.slow.turn(stop).await?;
        vitals::vitals(&mut turn).await
    }

    /// Closes the connections; what still runs is ended first.
    pub async fn close(&self) {
        for lane in [&self.inner.slow, &self.inner.pages, &self.inner.catalog] {
            lane.close().await;
        }
    }
}
