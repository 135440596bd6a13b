//! PostgreSQL, 13 to 18: over TCP and sockets, with every `sslmode`, and behind a pooler.
//!
//! Reads run on a few connections of our own. When a [`Stop`] is asked the statement is ended on
//! the server by `pg_cancel_backend()` on another connection and drained before anything else
//! happens. Nothing here decides what to read next, or shows anything.

mod apply;
mod bulk;
mod cancel;
mod catalog;
mod connect;
mod edit;
mod export;
mod failure;
mod fields;
mod health;
mod import;
mod measure;
mod model;
mod pool;
mod rows;
pub(in crate::db) mod scratch;
mod session;
mod transfer;
mod vitals;
mod watch;
mod writer;

use std::sync::Arc;

use self::connect::Dialer;
use self::failure::Fault;
pub(in crate::db) use self::health::{health, rights};
pub(in crate::db) use self::measure::measure;
use self::pool::Pool;
pub(in crate::db) use self::rows::cells::whole as printed;
use self::session::Wishes;
pub(in crate::db) use self::transfer::transfer;
pub(in crate::db) use self::watch::watched;
pub use self::writer::Writer;
use crate::config::{PostgresAddress, Target};
use crate::db::page::{Page, PageRequest, Selection, ValueRequest};
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::db::vitals::Vitals;
use crate::db::{RelationSize, ServerFacts};
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Outline, Relation, RelationName};

/// An open PostgreSQL database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Postgres {
    facts: Arc<ServerFacts>,
    pool: Arc<Pool>,
}

/// Lends a connection to a piece of work, supervises it, and settles both. Every read may be done
/// twice: an idle connection that died meanwhile is found out only by using it.
macro_rules! on_a_connection {
    ($self:ident, $stop:ident, $told:expr, |$lease:ident| $work:expr) => {{
        loop {
            let mut lease = $self.pool.lease($stop).await?;
            let (pid, reused) = (lease.pid(), lease.reused);
            let work = async {
                let $lease = &mut lease;
                $lease.begin().await?;
                let answer = $work.await;
                let ended = $lease.end(answer.is_ok()).await;
                match (answer, ended) {
                    (Ok(_), Err(fault)) => Err(fault),
                    (answer, _) => answer,
                }
            };
            let outcome = cancel::supervise(&$self.pool, &pid, $stop, work).await;
            match cancel::settle(lease, outcome, $told).await {
                Err(problem) if problem.kind == Kind::Disconnected && reused => {}
                settled => break settled,
            }
        }
    }};
}

use on_a_connection;

impl Postgres {
    /// Opens a database, asks it who it is and pins what every session is set to.
    ///
    /// # Errors
    /// Every way connecting can fail, told apart; [`Kind::Cancelled`] when stopped.
    pub async fn connect(address: &PostgresAddress, target: &Target, stop: &Stop) -> Result<Self> {
        let mut dialer = Dialer::new(address, target);
        let wishes = Wishes::new(address, target);
        let mut first = dialer.dial(stop).await?;
        let opening = async {
            let direct = dialer.sends_options();
            let wanted = target.session.transaction_pooler;
            let met = session::meet(&mut first, &wishes, address, direct, wanted).await;
            let (facts, pinned) = met.map_err(|fault| match fault {
                Fault::Sql(error) => session::setup_failed(&error, &wishes),
                Fault::Told(problem) => problem,
            })?;
            let (pool, latency) = Pool::start(dialer, wishes, pinned, first).await?;
            Ok(Self { facts: Arc::new(ServerFacts { latency, ..facts }), pool })
        };
        let limit = address.connect_timeout.unwrap_or(target.session.connect_timeout);
        tokio::select! {
            biased;
            () = stop.asked() => Err(Problem::cancelled("Connecting was stopped")),
            opened = tokio::time::timeout(limit, opening) => {
                opened.unwrap_or_else(|_| Err(failure::timeout(address, Some(limit))))
            }
        }
    }

    /// What the server said of itself when it was opened.
    pub fn server(&self) -> &ServerFacts {
        &self.facts
    }

    /// Everything there is, roughly.
    ///
    /// # Errors
    /// What the server refused, or [`Kind::Disconnected`].
    pub async fn outline(&self, stop: &Stop) -> Result<Outline> {
        let told = self.told("The outline of the database could not be read");
        on_a_connection!(self, stop, &told, |lease| catalog::outline(lease))
    }

    /// One relation in full.
    ///
    /// # Errors
    /// There is none of that name; what the server refused.
    pub async fn relation(&self, name: &RelationName, stop: &Stop) -> Result<Relation> {
        let told = self.told(&format!("The definition of {name} could not be read"));
        on_a_connection!(self, stop, &told, |lease| catalog::relation(lease, name))
    }

    /// One page of rows.
    ///
    /// # Errors
    /// A filter or sort that does not fit; what the server refused.
    pub async fn page(&self, request: &PageRequest, stop: &Stop) -> Result<Page> {
        let told = self.told_of(&request.selection, "rows");
        on_a_connection!(self, stop, &told, |lease| rows::page(lease, request))
    }

    /// One whole value; `None` when its row is gone.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn value(&self, request: &ValueRequest, stop: &Stop) -> Result<Option<Value>> {
        let told = self.told_of(&request.selection, "value");
        on_a_connection!(self, stop, &told, |lease| rows::value(lease, request))
    }

    /// The SHA-256 of one whole value, computed by the server; `None` when its row is gone or it
    /// is NULL.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn digest(&self, request: &ValueRequest, stop: &Stop) -> Result<Option<[u8; 32]>> {
        let told = self.told_of(&request.selection, "value");
        on_a_connection!(self, stop, &told, |lease| rows::digest(lease, request))
    }

    /// The exact number of rows, counting no further than `limit`.
    ///
    /// # Errors
    /// A filter that does not fit; what the server refused.
    pub async fn count(&self, of: &Selection, limit: Option<u64>, stop: &Stop) -> Result<u64> {
        let told = self.told_of(of, "count");
        on_a_connection!(self, stop, &told, |lease| rows::count(lease, of, limit))
    }

    /// The exact numbers of rows of several relations, counting no further than `limit` in each.
    ///
    /// # Errors
    /// What the server refused of one of them.
    pub async fn counts(
        &self,
        relations: &[RelationName],
        limit: u64,
        stop: &Stop,
    ) -> Result<Vec<u64>> {
        let told = self.told("The rows of the tables could not be counted");
        on_a_connection!(self, stop, &told, |lease| rows::counts(lease, relations, limit))
    }

    /// The exact sizes of all tables and materialized views; `None` for those under an exclusive
    /// lock, which nobody can measure now.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn sizes(&self, stop: &Stop) -> Result<Vec<RelationSize>> {
        let told = self.told("The sizes of the tables could not be read");
        on_a_connection!(self, stop, &told, |lease| catalog::sizes(lease))
    }

    /// How the database is doing right now.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn vitals(&self, stop: &Stop) -> Result<Vitals> {
        let told = self.told("How the database is doing could not be read");
        on_a_connection!(self, stop, &told, |lease| vitals::vitals(lease))
    }

    /// Ends what still runs on the server, then closes every connection, in bounded time.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Puts a failure into sentences, under a headline.
    fn told(&self, doing: &str) -> impl Fn(&sqlx::Error) -> Problem + use<> {
        let (doing, limit) = (doing.to_owned(), self.pool.statement_timeout());
        move |error| failure::statement(error, &doing, limit)
    }

    /// The same for rows, where the filter may be to blame.
    fn told_of<'s>(
        &self,
        selection: &'s Selection,
        what: &str,
    ) -> impl Fn(&sqlx::Error) -> Problem + use<'s> {
        let doing = match what {
            "count" => format!("The rows of {} could not be counted", selection.relation),
            _ => format!("The {what} of {} could not be read", selection.relation),
        };
        let limit = self.pool.statement_timeout();
        move |error| failure::reading(error, selection, &doing, limit)
    }
}
