//! A database to try things out in: empty at first, nobody's, and gone afterwards.
//!
//! On PostgreSQL it is made on the target's server, like the target in encoding and collation,
//! and dropped on every way out; on SQLite it is in memory. What a killed run left behind, the
//! next one removes.

use super::connection::Connection;
use super::postgres::scratch::Server;
use super::stop::Stop;
use crate::config::{Address, Target};
use crate::problem::{Problem, Result};

/// A scratch database and a connection to it.
#[derive(Debug)]
pub struct Scratch {
    /// `None` only while one database is exchanged for another.
    connection: Option<Connection>,
    /// Whether somebody may have put something into it.
    used: bool,
    /// What makes and drops it, on PostgreSQL.
    server: Option<Server>,
}

impl Scratch {
    /// Makes one like the target's database: on its server, or where `elsewhere` says.
    ///
    /// # Errors
    /// The server cannot be reached, or the role may not make a database: the problem says how
    /// to allow it, and how to name another server.
    pub async fn new(target: &Target, elsewhere: Option<&Target>, stop: &Stop) -> Result<Self> {
        let server = match &target.address {
            Address::Sqlite(_) => None,
            Address::Postgres(address) => {
                Some(Server::reach(address, target, elsewhere, stop).await?)
            }
        };
        let mut scratch = Self { connection: None, used: true, server };
        match scratch.reset(stop).await {
            Ok(()) => Ok(scratch),
            Err(problem) => {
                // What failed first is what the person must know.
                drop(scratch.close().await);
                Err(problem)
            }
        }
    }

    /// The connection to it.
    ///
    /// # Errors
    /// The last [`Scratch::reset`] failed.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        self.used = true;
        let lost = || Problem::disconnected("there is no scratch database any more");
        self.connection.as_mut().ok_or_else(lost)
    }

    /// Empties it: what was in it is gone, and so are the session's settings.
    ///
    /// # Errors
    /// As [`Scratch::new`].
    pub async fn reset(&mut self, stop: &Stop) -> Result<()> {
        if !self.used {
            return Ok(());
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        let connection = match &mut self.server {
            None => Connection::in_memory().await?,
            Some(server) => {
                server.drop_database().await?;
                Connection::Postgres(Box::new(server.fresh(stop).await?))
            }
        };
        self.connection = Some(connection);
        self.used = false;
        Ok(())
    }

    /// Removes it, whether or not anybody asked to stop.
    ///
    /// # Errors
    /// The server cannot be reached any more; the next run then removes it.
    pub async fn close(self) -> Result<()> {
        if let Some(connection) = self.connection {
            connection.close().await;
        }
        match self.server {
            Some(server) => server.close().await,
            None => Ok(()),
        }
    }
}
