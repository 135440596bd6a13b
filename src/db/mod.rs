//! The databases: the one room that names sqlx, and the one match on the engine.
//!
//! A [`Db`] serves read requests and cancels them for real: when a [`Stop`] is set, the
//! statement ends on the server, the connection is drained, and only then is it used again.
//! Nothing here knows a screen, a message or a file of the project.

pub mod connection;
pub mod copy;
pub mod digest;
pub mod edit;
pub mod export;
pub mod fault;
pub mod health;
pub mod import;
pub mod keyset;
pub mod measure;
pub mod page;
pub mod postgres;
pub mod scratch;
pub mod script;
pub mod sqlite;
pub mod stop;
pub mod transaction;
pub mod transfer;
pub mod value;
pub mod vitals;

use std::time::Duration;

use crate::config::{Address, Target};
use crate::db::edit::statement::Statement;
use crate::db::edit::{Applied, BeforeCommit, Trial, Verdict};
use crate::db::export::{Export, Exported, Sink};
use crate::db::page::{Page, PageRequest, Selection, ValueRequest};
use crate::db::postgres::Postgres;
use crate::db::sqlite::Sqlite;
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::db::vitals::Vitals;
use crate::problem::{Problem, Result};
use crate::schema::{Outline, Relation, RelationName};

/// The two engines, where something must differ between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// PostgreSQL 13 or later.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// The product's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// What a server says of itself and of our session on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerFacts {
    /// The engine.
    pub engine: Engine,
    /// Its version in numbers and dots: `15.18`, `3.51.3`.
    pub version: String,
    /// The database's name as the server reports it; a file's name without its folder.
    pub database: String,
    /// Where it is, without role or password: `db.example.com:5432`, a socket, a file's path.
    pub place: String,
    /// The role we are.
    pub user: Option<String>,
    /// The session's time zone, pinned (PostgreSQL).
    pub time_zone: Option<String>,
    /// The database's encoding.
    pub encoding: String,
    /// TLS version and cipher, where the connection is encrypted and the server tells.
    pub tls: Option<String>,
    /// Whether sessions are read-only, enforced by the server.
    pub read_only: bool,
    /// Whether a transaction pooler stands between.
    pub pooled: bool,
    /// The size of the whole database in bytes.
    pub bytes: Option<u64>,
    /// How long the answer to a trivial query took.
    pub latency: Duration,
}

/// The exact size of one relation, for `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationSize {
    /// The relation.
    pub relation: RelationName,
    /// Bytes of the table with what is stored out of line.
    pub table_bytes: Option<u64>,
    /// Bytes of its indexes.
    pub index_bytes: Option<u64>,
}

/// An open database of either engine. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub enum Db {
    /// A PostgreSQL database.
    Postgres(Postgres),
    /// A SQLite database.
    Sqlite(Sqlite),
}

/// Runs the same call on whichever engine is open.
macro_rules! on_engine {
    ($db:expr, $open:ident => $call:expr) => {
        match $db {
            Db::Postgres($open) => $call,
            Db::Sqlite($open) => $call,
        }
    };
}

impl Db {
    /// Opens the database and asks it who it is.
    ///
    /// # Errors
    /// A problem that tells apart: no such host, nobody listening, a timeout, TLS refused or
    /// not trusted, a wrong password, no such database or file, a file that is no database.
    pub async fn connect(target: &Target, stop: &Stop) -> Result<Self> {
        match &target.address {
            Address::Postgres(address) => {
                Postgres::connect(address, target, stop).await.map(Self::Postgres)
            }
            Address::Sqlite(address) => {
                Sqlite::connect(address, target, stop).await.map(Self::Sqlite)
            }
        }
    }

    /// What the server said of itself when it was opened.
    pub fn server(&self) -> &ServerFacts {
        on_engine!(self, open => open.server())
    }

    /// Everything there is, roughly.
    pub async fn outline(&self, stop: &Stop) -> Result<Outline> {
        on_engine!(self, open => open.outline(stop).await)
    }

    /// One relation in full.
    pub async fn relation(&self, name: &RelationName, stop: &Stop) -> Result<Relation> {
        on_engine!(self, open => open.relation(name, stop).await)
    }

    /// One page of rows.
    pub async fn page(&self, request: &PageRequest, stop: &Stop) -> Result<Page> {
        on_engine!(self, open => open.page(request, stop).await)
    }

    /// One whole value; `None` when its row is gone.
    pub async fn value(&self, request: &ValueRequest, stop: &Stop) -> Result<Option<Value>> {
        on_engine!(self, open => open.value(request, stop).await)
    }

    /// The SHA-256 of one whole value, computed where it is; `None` when its row is gone or it is
    /// NULL.
    pub async fn digest(&self, request: &ValueRequest, stop: &Stop) -> Result<Option<[u8; 32]>> {
        match self {
            Self::Postgres(open) => open.digest(request, stop).await,
            Self::Sqlite(open) => {
                let value = open.value(request, stop).await?;
                let value = value.filter(|value| !value.is_null());
                Ok(value.map(|value| value::sha256(&value.raw_bytes())))
            }
        }
    }

    /// The exact number of rows of a selection, counting no further than `limit` if given.
    pub async fn count(&self, rows: &Selection, limit: Option<u64>, stop: &Stop) -> Result<u64> {
        on_engine!(self, open => open.count(rows, limit, stop).await)
    }

    /// The exact numbers of rows of several relations in one question, counting no further than
    /// `limit` in each. One that cannot be counted fails all of them.
    pub async fn counts(
        &self,
        relations: &[RelationName],
        limit: u64,
        stop: &Stop,
    ) -> Result<Vec<u64>> {
        on_engine!(self, open => open.counts(relations, limit, stop).await)
    }

    /// Reads rows and hands them over in a format, at constant memory. Nothing can be written
    /// meanwhile: the transaction only reads.
    ///
    /// # Errors
    /// The engine refuses the query, the sink does not take the bytes, or the work was stopped.
    pub async fn export(
        &self,
        export: &Export,
        sink: &mut impl Sink,
        stop: &Stop,
    ) -> Result<Exported> {
        on_engine!(self, open => open.export(export, sink, stop).await)
    }

    /// Writes edits in one transaction, on a connection of its own. `before_commit` is told the
    /// transaction's number (empty on SQLite), and what each statement left, once everything but
    /// the commit is done.
    ///
    /// # Errors
    /// Nothing was changed, or it says that this could not be established.
    pub async fn write(
        &self,
        target: &Target,
        statements: &[Statement],
        before_commit: BeforeCommit<'_>,
        stop: &Stop,
    ) -> Result<Applied> {
        match (self, &target.address) {
            (Self::Postgres(open), _) => open.write(statements, before_commit, stop).await,
            (Self::Sqlite(_), Address::Sqlite(address)) => {
                sqlite::write(address, statements, before_commit, stop).await
            }
            (Self::Sqlite(_), Address::Postgres(_)) => {
                Err(Problem::disconnected("another database is open"))
            }
        }
    }

    /// Whether a transaction was committed, by asking the server; `None` where it cannot tell.
    pub async fn outcome(&self, transaction: &str) -> Option<bool> {
        match self {
            Self::Postgres(open) => open.outcome(transaction).await.ok(),
            Self::Sqlite(_) => None,
        }
    }

    /// Proves a value: what the database makes of what was typed, and whether the column takes it.
    ///
    /// # Errors
    /// It could not be asked; a value that does not fit is a verdict.
    pub async fn prove(&self, relation: &Relation, trial: &Trial, stop: &Stop) -> Result<Verdict> {
        match self {
            Self::Postgres(open) => open.prove(relation, trial, stop).await,
            Self::Sqlite(_) => sqlite::prove(relation, trial).await,
        }
    }

    /// The exact sizes of all tables.
    pub async fn sizes(&self, stop: &Stop) -> Result<Vec<RelationSize>> {
        on_engine!(self, open => open.sizes(stop).await)
    }

    /// How the database is doing right now.
    pub async fn vitals(&self, stop: &Stop) -> Result<Vitals> {
        on_engine!(self, open => open.vitals(stop).await)
    }

    /// Closes every connection; what still runs is cancelled on the server first.
    pub async fn close(&self) {
        on_engine!(self, open => open.close().await);
    }
}
