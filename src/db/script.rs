//! Making a SQLite file from scripts the program carries, and nothing else: scripts of a person
//! or a project need the care of a migration, which this does not take.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

use crate::problem::{Problem, Result};

/// Makes a new SQLite file and runs the scripts on it, all of them or none.
///
/// The file is written without a journal, so it is whole only once this has returned: make it
/// under a name nobody opens, and rename it then. When this returns, its bytes are on the disk.
///
/// # Errors
/// When something of that name is there already, the folder cannot be written, or a script fails.
pub async fn create_sqlite(path: &Path, scripts: &[&'static str]) -> Result<()> {
    let unwritable = |why: &dyn std::fmt::Display| {
        Problem::failed(
            format!("The database {} cannot be made", path.display()),
            why.to_string(),
            "make sure that its folder can be written to and the disk has room",
        )
    };
    // Making it here, and only if it is new, keeps SQLite from opening what is there.
    std::fs::File::create_new(path).map_err(|why| unwritable(&why))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(true)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(|why| unwritable(&why))?;
    let ran = run(&mut connection, scripts).await;
    let closed = connection.close().await;
    ran.and(closed).map_err(|why| unwritable(&why))?;
    // Reopened to be written: some systems flush only through a handle that may write.
    let file = std::fs::OpenOptions::new().write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(|why| unwritable(&why))
}

async fn run(
    connection: &mut SqliteConnection,
    scripts: &[&'static str],
) -> std::result::Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for script in scripts {
        transaction.execute(sqlx::raw_sql(*script)).await?;
    }
    transaction.commit().await
}
