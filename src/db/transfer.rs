//! Rows from one database to another of the same engine, streamed.

use super::connection::Connection;
use super::fault::Fault;
use super::postgres;
use super::stop::Stop;

/// Sends what the first statement gives (a COPY TO STDOUT) to the second (a COPY FROM STDIN), and
/// tells how many rows went. PostgreSQL alone has such statements.
///
/// # Errors
/// The engine's words, of either side; neither connection is of use any more.
pub async fn transfer(
    from: &mut Connection,
    to: &mut Connection,
    statements: (&str, &str),
    stop: &Stop,
) -> Result<u64, Fault> {
    match (from, to) {
        (Connection::Postgres(from), Connection::Postgres(to)) => {
            postgres::transfer(from, to, statements, stop).await
        }
        _ => Err(Fault { message: "SQLite has no COPY".to_owned(), ..Fault::default() }),
    }
}
