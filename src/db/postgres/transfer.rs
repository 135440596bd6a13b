//! Rows from one PostgreSQL connection to another, streamed with COPY: none is kept here, and no
//! value is read or changed on its way.

use futures_util::TryStreamExt as _;

use super::failure;
use super::writer::Writer;
use crate::db::fault::Fault;
use crate::db::stop::Stop;

/// Sends what `out` (a COPY TO STDOUT) gives to `into` (a COPY FROM STDIN), and tells how many rows
/// went. After a stop or a failure neither connection is of use any more.
///
/// # Errors
/// The server's words, of either side.
pub(in crate::db) async fn transfer(
    from: &mut Writer,
    to: &mut Writer,
    (out, into): (&str, &str),
    stop: &Stop,
) -> Result<u64, Fault> {
    let work = async {
        let mut rows = from.raw().copy_out_raw(out).await?;
        let mut sink = to.raw().copy_in_raw(into).await?;
        loop {
            match rows.try_next().await {
                Ok(Some(chunk)) => {
                    sink.send(chunk).await?;
                }
                Ok(None) => return sink.finish().await,
                Err(error) => {
                    // What failed first is what the person must know.
                    drop(sink.abort("the other side failed").await);
                    return Err(error);
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.asked() => Err(Fault { lost: true, ..Fault::stopped() }),
        done = work => done.map_err(|error| failure::fault(&error)),
    }
}
