//! The undo capsules of a database: listing them, and taking away those that are too old or that
//! nobody wants any more. No value of one is read.

use crate::config::Target;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::Format;
use crate::migrations::Lock;
pub use crate::migrations::capsule::{Capsule, Index, Item, State};
use crate::problem::{Kind, Problem, Result};

/// Which capsules go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Those that are older than the environment keeps them.
    Old,
    /// Those with these numbers.
    Numbered(Vec<i64>),
}

/// The capsules of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The database's name as the server reports it.
    pub database: String,
    /// All of them, the newest first.
    pub capsules: Vec<Capsule>,
}

/// Lists the capsules of a database. Only reads.
///
/// # Errors
/// The database cannot be reached, or the capsules cannot be read.
pub async fn list(target: &Target, stop: &Stop) -> Result<Listed> {
    let mut connection = Connection::open_reading(target, stop).await?;
    let index = Index::new(connection.dialect());
    let capsules = index.list(&mut connection, None, stop).await;
    let database = connection.database().to_owned();
    connection.close().await;
    let capsules = capsules.map_err(|fault| fault.problem(UNREAD, GRANT))?;
    Ok(Listed { database, capsules })
}

/// The capsules that would go. Only reads.
///
/// # Errors
/// As [`list`], or there is none with a number that was named.
pub async fn meant(target: &Target, wish: &Wish, stop: &Stop) -> Result<Listed> {
    let mut connection = Connection::open_reading(target, stop).await?;
    let found = found(&mut connection, target, wish, stop).await;
    let database = connection.database().to_owned();
    connection.close().await;
    Ok(Listed { database, capsules: found? })
}

async fn found(
    connection: &mut Connection,
    target: &Target,
    wish: &Wish,
    stop: &Stop,
) -> Result<Vec<Capsule>> {
    let index = Index::new(connection.dialect());
    let unread = |fault: crate::db::fault::Fault| fault.problem(UNREAD, GRANT);
    let ids = match wish {
        Wish::Old => {
            let days = target.session.capsule_keep;
            return index.older(connection, days, stop).await.map_err(unread);
        }
        Wish::Numbered(ids) => ids,
    };
    let all = index.list(connection, None, stop).await.map_err(unread)?;
    if let Some(id) = ids.iter().find(|id| !all.iter().any(|one| one.id == **id)) {
        return Err(Problem::usage(
            format!("There is no capsule {id}"),
            "the database has none with this number",
            "dbstudio capsules lists those there are",
        ));
    }
    Ok(all.into_iter().filter(|one| ids.contains(&one.id)).collect())
}

/// Takes capsules away, all of them or none; no migration runs meanwhile.
///
/// # Errors
/// The database is opened for reading only; a migrator holds the lock for too long; one of the
/// capsules is gone or the role may not drop it.
pub async fn remove(target: &Target, capsules: &[Capsule], stop: &Stop) -> Result<()> {
    if target.read_only {
        return Err(Problem::new(
            Kind::Refused,
            "Nothing was taken away",
            "the database is opened for reading only",
            "take --read-only, or read_only of the environment, away",
        ));
    }
    let limit = target.session.lock_wait;
    let lock = Lock::take(target, Format::Native, limit, stop, &mut |_| {}).await?;
    let outcome = removed(target, capsules, stop).await;
    lock.release().await;
    outcome
}

async fn removed(target: &Target, capsules: &[Capsule], stop: &Stop) -> Result<()> {
    let mut connection = Connection::open(target, stop).await?;
    let index = Index::new(connection.dialect());
    let sql: Vec<String> = capsules.iter().flat_map(|one| index.drop(one)).collect();
    let sql = format!("BEGIN;\n{};\nCOMMIT", sql.join(";\n"));
    let ran = connection.run(&sql, stop).await;
    if ran.is_err() {
        // Closing the connection undoes it too.
        drop(connection.run("ROLLBACK", &Stop::new()).await);
    }
    connection.close().await;
    ran.map_err(|fault| fault.problem("The capsules could not be taken away", GRANT))
}

const UNREAD: &str = "The undo capsules could not be read";
const GRANT: &str = "run it as the role that migrates, or try again";
