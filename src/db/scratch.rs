//! A database to try things out in: empty at first, nobody's, and gone afterwards.
//!
//! On PostgreSQL it is made on the target's server, like the target in encoding and collation,
//! and dropped on every way out; on SQLite it is in memory. What a killed run left behind, the
//! next one removes.

use super::connection::Connection;
use super::postgres::scratch::Server;
use super::stop::Stop;
use crate::config::{Address, Target};
use crate::problem::Result;

/// A scratch database and a connection to it.
#[derive(Debug)]
pub struct Scratch {
    connection: Connection,
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
        match &target.address {
            Address::Sqlite(_) => {
                Ok(Self { connection: Connection::in_memory().await?, server: None })
            }
            Address::Postgres(address) => {
                let mut server = Server::reach(address, target, elsewhere, stop).await?;
                match server.fresh(stop).await {
                    Ok(writer) => {
                        let connection = Connection::Postgres(Box::new(writer));
                        Ok(Self { connection, server: Some(server) })
                    }
                    Err(problem) => {
                        // What failed first is what the person must know.
                        drop(server.close().await);
                        Err(problem)
                    }
                }
            }
        }
    }

    /// The connection to it.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Empties it: what was in it is gone, and so are the session's settings.
    ///
    /// # Errors
    /// As [`Scratch::new`].
    pub async fn reset(&mut self, stop: &Stop) -> Result<()> {
        self.connection = match &mut self.server {
            None => Connection::in_memory().await?,
            Some(server) => {
                server.drop_database().await?;
                Connection::Postgres(Box::new(server.fresh(stop).await?))
            }
        };
        Ok(())
    }

    /// Removes it, whether or not anybody asked to stop.
    ///
    /// # Errors
    /// The server cannot be reached any more; the next run then removes it.
    pub async fn close(self) -> Result<()> {
        self.connection.close().await;
        match self.server {
            Some(server) => server.close().await,
            None => Ok(()),
        }
    }
}
